"""How much work it is to open a private key.

The libraries set no limit, so opening a small file could take days. The limits here are far
above what any program writes.
"""

import contextlib

from common import der, key_numbers, labels
from common.der import Element
from common.wrapping import Block

MAX_SIZE = 1 << 14  # bytes; an RSA key of 16,384 bits has 9,300
MAX_BITS = 1 << 14  # of a modulus
QUICK_BITS = 1 << 11  # no number of this length takes long, even where it does not belong
MAX_ROUNDS = 5_000_000  # of a hash, to make a key from a passphrase: some seconds
MAX_SCRYPT = 1 << 21  # N·r·p; OpenSSL allows an N·r of 1 << 18 (RFC 7914 section 2)

_SCRYPT = "1.3.6.1.4.1.11591.4.11"  # RFC 7914 section 7


def exceeded(block: Block) -> str | None:
    """Return why it would take too long to open a private key, or None."""
    if len(block.content) > MAX_SIZE:
        return f"it has {len(block.content)} bytes, too many for a private key"
    if block.headers:  # of RFC 1421, where a passphrase takes one round of MD5
        return None
    with contextlib.suppress(ValueError):  # nothing can be read, so nothing takes long
        root, _ = der.read(block.content)
        if block.label == labels.ENCRYPTED:
            return "it would take too long to decrypt" if _is_slow_to_decrypt(root) else None
        if _has_long_number(block, root):
            return "it has a number that is too long to work with"
    return None


def _is_slow_to_decrypt(root: Element) -> bool:
    """Return whether it takes long to make a key from the passphrase. Raises ValueError."""
    if any(leaf.oid == _SCRYPT for leaf in key_numbers.leaves(root)):
        n, r, p, *_ = key_numbers.integers(root)  # RFC 7914 section 7.1
        return n * r * p > MAX_SCRYPT
    rounds, *_ = key_numbers.integers(root)  # RFC 8018 appendix A, RFC 7292 appendix C
    return rounds > MAX_ROUNDS


def _has_long_number(block: Block, root: Element) -> bool:
    """Return whether a number is longer than it can be in a sound key. Raises ValueError."""
    if rsa := key_numbers.rsa_numbers(block):
        _version, n, _e, _d, *primes = map(int.bit_length, rsa)
        return n > MAX_BITS or max(primes) > max(n, QUICK_BITS)  # or what follows from the primes
    # PKCS#8 has the p, q and g of a DSA key beside the key (RFC 3279 section 2.3.2).
    numbers = [*key_numbers.integers(root), *key_numbers.integers(key_numbers.key_in(root))]
    return any(number.bit_length() > MAX_BITS for number in numbers)
