"""The numbers in a private key, read from its DER or BER: PKCS#1, and PKCS#8 around any kind."""

import contextlib
from collections.abc import Iterator

from common import der
from common.der import Element
from common.wrapping import Block


def rsa_numbers(block: Block) -> list[int]:
    """Return the numbers of an RSA private key: version, n, e, d, p, q, dP, dQ, qInv, and more.

    The list is empty for another kind of key and for an encrypted one.
    """
    with contextlib.suppress(ValueError):
        key = key_in(der.read(block.content)[0])
        # PKCS#1 (RFC 8017 appendix A.1.2). If there are more primes, a SEQUENCE with them follows.
        if [child.tag for child in key.children[:9]] == ["INTEGER"] * 9:
            return integers(key)
    return []


def key_in(root: Element) -> Element:
    """Return the private key that PKCS#8 holds in an OCTET STRING, or root if it is not PKCS#8.

    Raises ValueError if that string does not hold DER or BER.
    """
    strings = (child for child in root.children[2:3] if child.type == "OCTET STRING")
    return next((der.read(_joined(string))[0] for string in strings), root)


def integers(element: Element) -> list[int]:
    """Return the INTEGERs in an element, in order."""
    found = (leaf for leaf in leaves(element) if leaf.type == "INTEGER")
    return [int.from_bytes(leaf.content, "big") for leaf in found]


def leaves(element: Element) -> Iterator[Element]:
    """Yield the elements in SEQUENCEs, in order. What is in a string may only look like DER."""
    if element.type == "SEQUENCE":
        for child in element.children:
            yield from leaves(child)
    else:
        yield element


def _joined(string: Element) -> bytes:
    """Return the content of a string, which BER may have in pieces (X.690 section 8.7.3)."""
    return b"".join(map(_joined, string.children)) if string.constructed else string.content
