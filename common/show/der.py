"""Reading DER (ITU-T X.690), where each element is a tag, a length and a content.

The content of some is more elements. That of a BIT STRING or OCTET STRING may hold DER too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_SIZE = 1 << 17  # bytes; far above any key, request or certificate
MAX_DEPTH = 40  # a request with extensions nests 11 deep

_UNIVERSAL = (
    {1: "BOOLEAN", 2: "INTEGER", 3: "BIT STRING", 4: "OCTET STRING", 5: "NULL", 6: "OID"}
    | {10: "ENUMERATED", 16: "SEQUENCE", 17: "SET", 23: "UTCTime", 24: "GeneralizedTime"}
    | {12: "UTF8String", 18: "NumericString", 19: "PrintableString", 20: "TeletexString"}
    | {22: "IA5String", 26: "VisibleString", 28: "UniversalString", 30: "BMPString"}
)
_CLASSES = ("UNIVERSAL ", "APPLICATION ", "", "PRIVATE ")


@dataclass
class Element:
    """One element: where it is, what it holds, and (set by grammar) what its standard calls it."""

    der: bytes
    offset: int
    start: int  # of the content
    end: int
    depth: int
    tag: str
    constructed: bool  # made of more elements
    children: list["Element"] = field(default_factory=list)
    type: str = ""  # how to read the content: the tag's own type, or the one that it stands for
    name: str = ""
    note: str = ""
    public: bool = False  # shown even in a private key

    @property
    def content(self) -> bytes:
        """The bytes after the header."""
        return self.der[self.start : self.end]

    @property
    def encoded(self) -> bytes:
        """All its bytes."""
        return self.der[self.offset : self.end]

    @property
    def oid(self) -> str:
        """An OBJECT IDENTIFIER in numbers and dots, or "" for a damaged, huge or other element.

        X.690 section 8.19: 7 bits a byte, the top bit set in all but the last byte of a number.
        """
        content = self.content
        if self.type != "OID" or not content or len(content) > 32 or content[-1] >= 128:
            return ""
        numbers = [0]
        for byte in content:
            numbers[-1] = numbers[-1] << 7 | byte & 127
            if byte < 128:
                numbers.append(0)
        first = min(numbers[0] // 40, 2)
        return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:-1]]))

    def all(self) -> Iterator["Element"]:
        """Yield this element and all in it, in the order of the file."""
        yield self
        for child in self.children:
            yield from child.all()


def parse(der: bytes) -> Element:
    """Return the one element that der is, with all that it holds. Raises ValueError."""
    root, fault = read(der)
    if fault:
        raise ValueError(fault)
    return root


def read(der: bytes) -> tuple[Element, str]:
    """Return the element that der begins with, as far as it can be read, and why no further.

    Raises ValueError if der does not begin with an element.
    """
    faults: list[str] = []
    found = _elements(der, 0, len(der), 0, faults, most=1)
    if not found:
        raise ValueError(faults[0] if faults else "it is empty")
    if found[0].end < len(der):
        faults.append(f"offset {found[0].end}: the document ends here, but the file continues")
    return found[0], faults[0] if faults else ""


def unwrap(element: Element) -> bool:
    """Read what a BIT STRING or OCTET STRING holds, and tell if that is one whole element."""
    element.children = []
    unused_bits = element.tag == "BIT STRING"  # their number is in one byte before the bits
    if element.tag not in ("BIT STRING", "OCTET STRING") or element.depth == MAX_DEPTH:
        return False
    if unused_bits and element.content[:1] != b"\0":
        return False
    faults: list[str] = []
    start = element.start + unused_bits
    found = _elements(element.der, start, element.end, element.depth + 1, faults)
    element.children = found if len(found) == 1 and not faults else []
    return bool(element.children)


def _elements(
    der: bytes, at: int, end: int, depth: int, faults: list[str], most: int = MAX_SIZE
) -> list[Element]:
    """Return the elements between two offsets, at most so many, with all that they hold.

    What cannot be read ends the reading; faults then tells where and why, the cause first.
    """
    found: list[Element] = []
    known = len(faults)
    while at < end and len(found) < most and len(faults) == known:
        try:
            element = _element(der, at, end, depth)
        except ValueError as error:
            faults.append(f"offset {at}: {error}")
            break
        if element.end > end:
            holder = "the file" if end == len(der) else "the element around it"
            faults.append(f"offset {at}: {holder} ends before this {element.tag} does")
            element.end, element.tag = end, f"{element.tag} (cut off)"
        element.type = element.tag
        found.append(element)
        if element.constructed and depth == MAX_DEPTH:
            faults.append(f"offset {at}: nested more than {MAX_DEPTH} levels deep")
        elif element.constructed:
            element.children = _elements(der, element.start, element.end, depth + 1, faults)
        at = element.end
    return found


def _element(der: bytes, at: int, end: int, depth: int) -> Element:
    """Return the element at an offset by its header alone (X.690 sections 8.1 and 10.1).

    Raises ValueError if that is not the header of an element in DER.
    """
    head = der[at : min(at + 5, end)]
    size = 2 + (head[1] & 127 if head[1:] > b"\x80" else 0)
    if head[0] & 31 == 31:
        raise ValueError("no known document has a tag number this high")
    if head[1:2] == b"\x80":
        raise ValueError("an indefinite length, which DER does not allow")
    if size > 5:
        raise ValueError("a length that is too large for any file")
    if size > len(head):
        raise ValueError("the data ends in the middle of a tag or length")
    length = head[1] if size == 2 else int.from_bytes(head[2:size], "big")
    if size > 2 and (length < 128 or head[2] == 0):
        raise ValueError("a length in more bytes than it needs, which DER does not allow")
    constructed = bool(head[0] & 32)
    tag = f"[{_CLASSES[head[0] >> 6]}{head[0] & 31}]"
    if head[0] < 64:
        tag = _UNIVERSAL.get(head[0] & 31, tag)
        if constructed != (tag in ("SEQUENCE", "SET")):
            tag += " (constructed)" if constructed else " (primitive)"
    return Element(der, at, at + size, at + size + length, depth, tag, constructed)
