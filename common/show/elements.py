"""Taking DER apart, where cryptography does not show the parts (ITU-T X.690).

An element is a tag, a length and a content; that of a SEQUENCE or SET is elements again. Here each
is passed on whole. All functions raise ValueError for what is not DER.
"""

from Crypto.Util.asn1 import DerObjectId

INTEGER, OCTET_STRING, SEQUENCE = 0x02, 0x04, 0x30  # tags


def split(data: bytes) -> list[bytes]:
    """Return the elements that stand in data, one after the other."""
    found = []
    while data:
        _, end = _content(data)
        found.append(data[:end])
        data = data[end:]
    return found


def content(element: bytes) -> bytes:
    """Return the content of an element."""
    start, end = _content(element)
    return element[start:end]


def children(element: bytes) -> list[bytes]:
    """Return the elements in an element."""
    return split(content(element))


def tags(element: bytes) -> bytes:
    """Return the tags of the elements in an element, a byte each."""
    return bytes(child[0] for child in children(element))


def oid(element: bytes) -> str:
    """Return an OBJECT IDENTIFIER in numbers and dots."""
    try:
        return str(DerObjectId().decode(element).value)
    except IndexError:
        raise ValueError("an empty OBJECT IDENTIFIER") from None


def _content(data: bytes) -> tuple[int, int]:
    """Return where the content of the first element in data starts and ends."""
    start, length = 2, data[1] if len(data) > 1 else 0x80
    if length == 0x80:
        raise ValueError("an element without a length")
    if length > 0x80:  # the length stands in so many bytes
        start += length - 0x80
        length = int.from_bytes(data[2:start], "big")
    if start + length > len(data):
        raise ValueError("an element that is cut short")
    return start, start + length
