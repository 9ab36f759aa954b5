"""How much work it is to open a private key.

The libraries set no limit, so opening a small file could take days. The limits here are far
above what any program writes.
"""

import contextlib
from collections.abc import Iterator

from common import der, labels
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
    if len(block.der) > MAX_SIZE:
        return f"it has {len(block.der)} bytes, too many for a private key"
    if block.headers:  # of RFC 1421, where a passphrase takes one round of MD5
        return None
    with contextlib.suppress(ValueError):  # nothing can be read, so nothing takes long
        root, _ = der.read(block.der)
        if block.label == labels.ENCRYPTED:
            return "it would take too long to decrypt" if _is_slow_to_decrypt(root) else None
        if _has_long_number(root):
            return "it has a number that is too long to work with"
    return None


def rsa_numbers(block: Block) -> list[int]:
    """Return the numbers of an RSA private key: version, n, e, d, p, q, dP, dQ, qInv, and more.

    The list is empty for another kind of key and for an encrypted one.
    """
    with contextlib.suppress(ValueError):
        key = _key_in(der.read(block.der)[0])
        return _integers(key) if _is_rsa(key) else []
    return []


def _key_in(root: Element) -> Element:
    """Return the private key that PKCS#8 holds in an OCTET STRING, or root if it is not PKCS#8.

    Raises ValueError if that string does not hold DER or BER.
    """
    strings = (child for child in root.children[2:3] if child.type == "OCTET STRING")
    return next((der.read(_joined(string))[0] for string in strings), root)


def _is_rsa(key: Element) -> bool:
    """Return whether this is an RSA private key, in PKCS#1 (RFC 8017 appendix A.1.2).

    It holds version, n, e, d, p, q, dP, dQ, qInv and, with more than two primes, otherPrimeInfos.
    """
    return labels.of(key.encoded) == "RSA PRIVATE KEY"


def _is_slow_to_decrypt(root: Element) -> bool:
    """Return whether it takes long to make a key from the passphrase. Raises ValueError."""
    if any(leaf.oid == _SCRYPT for leaf in _leaves(root)):
        n, r, p, *_ = _integers(root)  # RFC 7914 section 7.1
        return n * r * p > MAX_SCRYPT
    rounds, *_ = _integers(root)  # RFC 8018 appendix A, RFC 7292 appendix C
    return rounds > MAX_ROUNDS


def _has_long_number(root: Element) -> bool:
    """Return whether a number is longer than it can be in a sound key. Raises ValueError."""
    key = _key_in(root)
    if _is_rsa(key):
        _version, n, _e, _d, *primes = map(int.bit_length, _integers(key))
        return n > MAX_BITS or max(primes) > max(n, QUICK_BITS)  # or what follows from the primes
    # PKCS#8 has the p, q and g of a DSA key beside the key (RFC 3279 section 2.3.2).
    numbers = [*_integers(root), *_integers(key)]
    return any(number.bit_length() > MAX_BITS for number in numbers)


def _integers(element: Element) -> list[int]:
    """Return the INTEGERs in an element, in order."""
    leaves = (leaf for leaf in _leaves(element) if leaf.type == "INTEGER")
    return [int.from_bytes(leaf.content, "big") for leaf in leaves]


def _leaves(element: Element) -> Iterator[Element]:
    """Yield the elements in SEQUENCEs, in order. What is in a string may only look like DER."""
    if element.type == "SEQUENCE":
        for child in element.children:
            yield from _leaves(child)
    else:
        yield element


def _joined(string: Element) -> bytes:
    """Return the content of a string, which BER may have in pieces (X.690 section 8.7.3)."""
    return b"".join(map(_joined, string.children)) if string.constructed else string.content
