"""Reading DER (ITU-T X.690), where each element is a tag, a length and a content.

The content may be more elements. A BIT STRING or an OCTET STRING may hold DER too.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_SIZE = 1 << 17  # bytes; far above any key, request or certificate
MAX_DEPTH = 40  # a request with extensions nests 11 deep

_UNIVERSAL = {  # X.680 section 8.4
    1: "BOOLEAN",
    2: "INTEGER",
    3: "BIT STRING",
    4: "OCTET STRING",
    5: "NULL",
    6: "OID",
    10: "ENUMERATED",
    12: "UTF8String",
    16: "SEQUENCE",
    17: "SET",
    18: "NumericString",
    19: "PrintableString",
    20: "TeletexString",
    22: "IA5String",
    23: "UTCTime",
    24: "GeneralizedTime",
    26: "VisibleString",
    28: "UniversalString",
    30: "BMPString",
}
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
    type: str  # how to read the content: the tag's own type, or the one that it stands for
    children: list["Element"] = field(default_factory=list)
    name: str = ""
    note: str = ""
    is_public: bool = False  # whether the value may be shown

    @property
    def header(self) -> bytes:
        """The octets of its tag and of its length."""
        return self.der[self.offset : self.start]

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
    """Return the element that is all of der. Raises ValueError if der is anything else."""
    root, fault = read(der)
    if fault:
        raise ValueError(fault)
    return root


def read(der: bytes) -> tuple[Element, str]:
    """Return the first element of der, as far as it can be read, and why no further.

    Raises ValueError if der does not begin with an element, or is too large.
    """
    if len(der) > MAX_SIZE:
        raise ValueError(f"it has more than {MAX_SIZE} bytes, too many for a key or a certificate")
    found: list[Element] = []
    try:
        end = _read(der, 0, len(der), 0, found)
        if end < len(der):
            raise _fault(end, "the document ends here, but the file continues")
    except ValueError as error:
        if not found:
            raise
        return found[0], str(error)
    return found[0], ""


def _read(der: bytes, at: int, end: int, depth: int, found: list[Element]) -> int:
    """Read the element from at, which should end by end; return where it ends.

    found: gets the element before its content is read, so that it is there after a fault too.
    Raises ValueError for the first fault: where it is, and what is wrong.
    """
    if depth == MAX_DEPTH:
        raise _fault(at, f"nested more than {MAX_DEPTH} levels deep")
    element = _header(der, at, end, depth)
    found.append(element)
    is_cut_off = element.end > end
    if is_cut_off:
        element.end, element.tag = end, f"{element.tag} (cut off)"
    if element.constructed:
        inside = element.start
        while inside < element.end:
            inside = _read(der, inside, element.end, depth + 1, element.children)
    elif element.tag in ("BIT STRING", "OCTET STRING"):
        element.children = _inside(element)
    if is_cut_off:
        holder = "the file" if end == len(der) else "the element around it"
        raise _fault(at, f"{holder} ends before this {element.type} does")
    return element.end


def _inside(string: Element) -> list[Element]:
    """Return the one whole element that a string holds, or nothing."""
    found: list[Element] = []
    start = string.start + (string.tag == "BIT STRING")  # after the number of unused bits
    with contextlib.suppress(ValueError):
        end = _read(string.der, start, string.end, string.depth + 1, found)
        if end == string.end and not any(string.der[string.start : start]):
            return found
    return []


def _header(der: bytes, at: int, end: int, depth: int) -> Element:
    """Return the element at an offset, read from its header (X.690 sections 8.1 and 10.1).

    Raises ValueError if that is not the header of an element in DER.
    """
    head = der[at : min(at + 132, end)]
    before = 1  # the octets of the tag
    number = head[0] & 31 if head else 0
    if number == 31:  # a number over 30 follows, 7 bits an octet: section 8.1.2.4
        number = 0
        while before < 5 and before < len(head) and (before == 1 or head[before - 1] & 128):
            number = number << 7 | head[before] & 127
            before += 1
        if before < len(head) and (number < 31 or head[before - 1] & 128):
            raise _fault(at, "the number of its tag is too high, or not written as DER has it")
    size = before + (max(1, head[before] - 127) if len(head) > before else 1)
    if len(head) < size:
        raise _fault(at, "the data ends in the middle of a tag or length")
    long_form = head[before + 1 : size]
    length = int.from_bytes(long_form, "big") if long_form else head[before]
    if len(long_form) != ((length.bit_length() + 7) // 8 if length > 127 else 0):
        raise _fault(at, "an indefinite or needlessly long length, which DER does not allow")
    constructed = bool(head[0] & 32)
    tag = f"[{_CLASSES[head[0] >> 6]}{number}]"
    if head[0] < 64:
        tag = _UNIVERSAL.get(number, tag)
        if constructed != (tag in ("SEQUENCE", "SET")):
            tag += " (constructed)" if constructed else " (primitive)"
    return Element(der, at, at + size, at + size + length, depth, tag, constructed, tag)


def _fault(at: int, what: str) -> ValueError:
    return ValueError(f"offset {at}: {what}")
