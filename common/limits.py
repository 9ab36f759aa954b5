"""How much work it is to open a private key.

The libraries set no limit, so opening a small file could take days. The limits here are far
above what any program writes.
"""

import contextlib
import math
from collections.abc import Iterator

from common import der
from common.der import Element
from common.labels import ENCRYPTED
from common.wrapping import Block

MAX_SIZE = 1 << 14  # bytes; an RSA key of 16,384 bits has 9,300
MAX_BITS = 1 << 14  # of a modulus; its primes are shorter than it
MAX_ROUNDS = 5_000_000  # of a hash, to make a key from a passphrase: some seconds
MAX_SCRYPT = 1 << 21  # N·r·p; OpenSSL allows an N·r of 1 << 18 (RFC 7914 section 2)

_SCRYPT = "1.3.6.1.4.1.11591.4.11"  # RFC 7914 section 7


def exceeded(block: Block) -> str | None:
    """Return why it would take too long to open a private key, or None."""
    if len(block.der) > MAX_SIZE:
        return f"it has {len(block.der)} bytes, too many for a private key"
    if block.headers:  # of RFC 1421, where a passphrase takes one round of MD5
        return None
    try:
        root, _ = der.read(block.der)
    except ValueError:  # nothing can be read, so nothing takes long
        return None
    if block.label == ENCRYPTED:
        numbers = list(_integers(root, in_strings=False))
        is_scrypt = any(element.oid == _SCRYPT for element in root.all())
        is_over = max(numbers, default=0) > MAX_ROUNDS
        is_over |= is_scrypt and math.prod(numbers[:3]) > MAX_SCRYPT
        return "it would take too long to decrypt" if is_over else None
    # After the versions: n, e, d, p, q … of an RSA key, or p, q, g, y, x of a DSA key. In a sound
    # key none from the fourth on is longer than the first.
    numbers = [number for number in _integers(root, in_strings=True) if number > 1]
    modulus, *others = [number.bit_length() for number in numbers] or [0]
    most = max(MAX_BITS // 8, min(modulus, MAX_BITS))  # numbers of 2048 bits never take long
    if max(modulus, *others[2:], 0) > most:
        return "it has a number that is too long to work with"
    return None


def _integers(element: Element, in_strings: bool) -> Iterator[int]:
    """Yield the INTEGERs in an element.

    in_strings: whether to look into the OCTET STRING of PKCS#8 too, which may hold BER.
    """
    if element.type == "INTEGER":
        yield int.from_bytes(element.content, "big")
    elif in_strings and element.type.startswith("OCTET STRING"):
        with contextlib.suppress(ValueError):
            yield from _integers(der.read(_joined(element))[0], in_strings=False)
    elif element.constructed:
        for child in element.children:
            yield from _integers(child, in_strings)


def _joined(string: Element) -> bytes:
    """Return the content of a string, which BER may have in pieces (X.690 section 8.7.3)."""
    return b"".join(map(_joined, string.children)) if string.constructed else string.content
