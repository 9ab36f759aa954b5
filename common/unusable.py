"""Why a private key does not open, or opens but cannot be used.

ERRORS are the exceptions that the libraries raise about any content that they cannot read.
"""

import contextlib

from common import der, encryption, key_numbers, labels
from common.der import Element
from common.wrapping import Block

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import crypto

DISAGREE = "its numbers do not agree; restore a copy of the key"
_DAMAGED = "the key is damaged; restore a copy"
_UNUSUAL = (
    "the key is written in an unusual way; write it again with openssl pkey or with the program "
    "that made it, or restore a copy"
)
_MORE_PRIMES = "this key has more than two primes, so it cannot be used here; make another"
_NO_PRIMES = "this key lacks its primes, so it cannot be used here; use the file that it comes from"

ERRORS = (
    ValueError,
    TypeError,
    LookupError,
    OverflowError,
    UnsupportedAlgorithm,
    InternalError,
    crypto.Error,
)


def why_closed(block: Block, secret: bytes) -> str:
    """Return why OpenSSL does not open a private key, and what to do about it."""
    if reason := _unknown_kind(block, secret):
        return f"this kind of key cannot be read here ({reason}); use another"
    if block.is_encrypted:
        # The passphrase may be right: OpenSSL does not say if it does not know the encryption.
        return "OpenSSL cannot open it with this passphrase; try another"
    root, _ = der.read(block.content)
    if any(labels.of(child.content) == "PRIVATE KEY" for child in root.children):
        return "this is PKCS#8 inside PKCS#8; export the key again, as one PKCS#8"
    if block.label == "EC PRIVATE KEY" and "[0]" not in [child.type for child in root.children]:
        # RFC 5915 section 3. The key may have been taken out of PKCS#8, which names the curve.
        return "this EC key does not say which curve it is on; use the file that it comes from"
    return _UNUSUAL if _is_unusual(root) else _DAMAGED


def _unknown_kind(block: Block, secret: bytes) -> str:
    """Return why a library cannot read this kind of key, or ""."""
    try:
        if not block.headers:  # only old kinds have these, and a short IV in them causes a panic
            load_pem_private_key(block.text, secret or None, unsafe_skip_rsa_key_validation=True)
            return "cryptography can open it, but OpenSSL cannot"  # scrypt with a lot of memory
    except UnsupportedAlgorithm as error:
        return str(error)
    except ERRORS:
        pass
    return ""


def _is_unusual(root: Element) -> bool:
    """Return whether the version is not 0 or 1, a number is negative or PKCS#8 has odd fields.

    Some programs leave out the zero octet before a number that is negative without it. Some write
    the public key into PKCS#8 of version 0, or name the curve only in the EC key within PKCS#8. Go
    reads the last two.
    """
    if labels.of(root.encoded) == "PRIVATE KEY":
        algorithm = root.children[1]
        if len(root.children) > 3 or [child.oid for child in algorithm.children] == [labels.EC]:
            return True
    integers = (element.content for element in root.all() if element.type == "INTEGER")
    numbers = [int.from_bytes(content, "big", signed=True) for content in integers]
    return numbers[:1] not in ([], [0], [1]) or any(number < 0 for number in numbers)


def why_disagreeing(block: Block, secret: bytes) -> str | None:
    """Return why the numbers of an undamaged RSA key do not agree, and what to do; or None."""
    numbers = rsa_numbers(block, secret)
    # The version is 1 if there are more than two primes: RFC 8017 appendix A.1.2.
    return _MORE_PRIMES if numbers[:1] == [1] else no_primes(numbers)


def no_primes(numbers: list[int]) -> str | None:
    """Return why an RSA key with zeros for its primes cannot be used, and what to do; or None.

    numbers: from rsa_numbers; the fifth is the first prime.
    """
    return _NO_PRIMES if numbers[4:5] == [0] else None


def rsa_numbers(block: Block, secret: bytes) -> list[int]:
    """Return what key_numbers.rsa_numbers does, also for an encrypted key."""
    if block.is_encrypted:
        with contextlib.suppress(*ERRORS):  # PyCryptodome does not know every encryption
            block = encryption.decrypted(block, secret)
    return key_numbers.rsa_numbers(block)
