"""Why a private key does not open, or cannot be used although it does."""

from common import der, limits
from common.der import Element
from common.wrapping import Block

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import crypto

_DAMAGED = "the key is damaged; restore a copy"
_UNUSUAL = (
    "the key is written in an unusual way; write it again with openssl pkey, or restore a copy"
)
_MORE_PRIMES = "this key has more than two primes, so it cannot be used here; make another"
NO_PRIMES = "this key lacks its primes, so it cannot be used here; use the file that it comes from"

# All that the libraries raise about what they cannot read.
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
    try:
        if not block.headers:  # only old kinds have these, and a short IV in them causes a panic
            load_pem_private_key(block.text, secret or None, unsafe_skip_rsa_key_validation=True)
    except UnsupportedAlgorithm as error:
        return f"this kind of key cannot be read here ({error}); use another"
    except ERRORS:
        pass
    if block.is_encrypted:
        return "this passphrase does not open the key; try another"
    root, _ = der.read(block.der)
    if block.label == "EC PRIVATE KEY" and "[0]" not in [child.type for child in root.children]:
        # RFC 5915 section 3. The key may have been taken out of PKCS#8, which names the curve.
        return "this EC key does not say which curve it is on; use the file that it comes from"
    # Some programs leave out the zero octet before a number that would be negative without it.
    numbers = _integers(root)
    has_odd_version = any(version not in (b"\0", b"\1") for version in numbers[:1])
    return _UNUSUAL if has_odd_version or any(one >= b"\x80" for one in numbers) else _DAMAGED


def odd_primes(block: Block) -> str | None:
    """Return what is odd about the primes of an RSA key and what to do, or None."""
    if limits.has_more_primes(block):
        return _MORE_PRIMES
    return NO_PRIMES if lacks_primes(block) else None


def lacks_primes(block: Block) -> bool:
    """Return whether an RSA key has zeros in place of its primes and what follows from them."""
    return not block.is_encrypted and _integers(der.read(block.der)[0]).count(b"\0") > 4


def _integers(root: Element) -> list[bytes]:
    return [element.content for element in root.all() if element.type == "INTEGER"]
