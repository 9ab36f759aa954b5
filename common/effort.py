"""How much work it is to open a private key.

The libraries set no limit, so opening a small file could take days. The limits here are far
above what any program writes.
"""

import contextlib
import math
from collections.abc import Iterator

from common.wrapping import ENCRYPTED, Block

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

MAX_SIZE = 1 << 14  # bytes; an RSA key of 16,384 bits has 9,300
MAX_BITS = 1 << 14  # of a modulus; its primes are shorter than it
MAX_ROUNDS = 5_000_000  # of a hash, to make a key from a passphrase: some seconds
MAX_SCRYPT = 1 << 21  # N·r·p; OpenSSL allows an N·r of 1 << 18 (RFC 7914 section 2)

_SCRYPT = bytes.fromhex("06092b06010401da47040b")  # its OID, RFC 7914 section 7


def excess(block: Block) -> str | None:
    """Return why it would take too long to open a private key, or None."""
    if len(block.der) > MAX_SIZE:
        return f"it has {len(block.der)} bytes, too many for a private key"
    if block.headers:  # of RFC 1421, where a passphrase takes one round of MD5
        return None
    is_encrypted = block.label == ENCRYPTED
    numbers = list(_integers(block.der, with_strings=not is_encrypted))
    if is_encrypted:
        is_scrypt = _SCRYPT in block.der
        rounds = math.prod(numbers) if is_scrypt else max(numbers, default=0)
        is_over = rounds > (MAX_SCRYPT if is_scrypt else MAX_ROUNDS)
        return "it would take too long to decrypt" if is_over else None
    # After the versions: n, e, d, p, q … of an RSA key; p, q, g, y, x of a DSA key.
    modulus, *others = [number.bit_length() for number in numbers if number > 1] or [0]
    most = max(MAX_BITS // 8, min(modulus, MAX_BITS))
    if max(modulus, *others[2:], 0) > most:
        return "it has a number that is too long to work with"
    return None


def has_long_primes(key: bytes, secret: bytes) -> bool:
    """Return whether an encrypted RSA key, in PEM, has primes longer than its modulus.

    Checking such a key could take days. excess finds them in a key that is not encrypted.
    """
    with contextlib.suppress(ValueError, UnsupportedAlgorithm):
        found = load_pem_private_key(key, secret, unsafe_skip_rsa_key_validation=True)
        if isinstance(found, rsa.RSAPrivateKey):
            numbers = found.private_numbers()
            return max(numbers.p, numbers.q) > numbers.public_numbers.n
    return False


def _integers(der: bytes, with_strings: bool) -> Iterator[int]:
    """Yield the INTEGERs in DER or BER, also where it is damaged.

    with_strings: whether to look for them in each OCTET STRING too, as PKCS#8 has them.
    """
    left = [(0, len(der))]
    while left:
        at, end = left.pop()
        if end - at < 2:
            continue
        tag, length = der[at], der[at + 1]
        start = at + 2 + (length & 0x7F if length > 0x80 else 0)
        if length == 0x80:  # left open: X.690 section 8.1.3.6
            length = end - start
        elif length > 0x80:
            length = int.from_bytes(der[at + 2 : start], "big")
        stop = min(start + length, end)
        left.append((stop, end))
        if tag & 0x20 or (tag == 4 and with_strings and der[start : start + 1] in (b"0", b"\2")):
            left.append((start, stop))
        elif tag == 2:
            yield int.from_bytes(der[start:stop], "big")
