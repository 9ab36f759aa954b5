"""Reading DER (ITU-T X.690): each element is a tag, a length and a content.

The content of some is more elements. That of a BIT STRING or OCTET STRING may hold DER too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_SIZE = 1 << 17  # bytes; far above any key, request or certificate
MAX_DEPTH = 40  # a request with extensions nests 11 deep

_UNIVERSAL = {
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
    """One element: where it is in the file, what it holds, and what the grammar calls it."""

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
    hidden: bool = False  # not shown, nor what it holds, even in a public document

    @property
    def content(self) -> bytes:
        """The bytes after the header."""
        return self.der[self.start : self.end]

    def all(self) -> Iterator["Element"]:
        """Yield this element and all in it, in the order of the file."""
        yield self
        for child in self.children:
            yield from child.all()


def read(
    der: bytes, at: int, end: int, depth: int, faults: list[str], most: int = MAX_SIZE
) -> list[Element]:
    """Return the elements between two offsets, with all that they hold.

    What cannot be read ends the reading; faults then tells where and why, the cause first.
    most: how many elements to read at this level.
    """
    found: list[Element] = []
    known = len(faults)
    while at < end and len(found) < most and len(faults) == known:
        try:
            tag, constructed, header, length = _header(der[at : min(at + 8, end)])
        except ValueError as error:
            faults.append(f"offset {at}: {error}")
            break
        start, stop = at + header, at + header + length
        if stop > end:
            holder = "the file" if end == len(der) else "what holds it"
            faults.append(f"offset {at}: {holder} ends before this {tag} does")
            stop, tag = end, f"{tag} (cut off)"
        found.append(Element(der, at, start, stop, depth, tag, constructed, type=tag))
        if constructed and depth == MAX_DEPTH:
            faults.append(f"offset {at}: nested more than {MAX_DEPTH} levels deep")
        elif constructed:
            found[-1].children = read(der, start, stop, depth + 1, faults)
        at = stop
    return found


def unwrap(element: Element) -> bool:
    """Read what a BIT STRING or OCTET STRING holds, and tell if that is one whole element."""
    element.children = []
    unused_bits = element.tag == "BIT STRING"  # in one byte before the bits
    if unused_bits and element.content[:1] != b"\0":
        return False
    if element.tag not in ("BIT STRING", "OCTET STRING") or element.depth == MAX_DEPTH:
        return False
    faults: list[str] = []
    start = element.start + unused_bits
    found = read(element.der, start, element.end, element.depth + 1, faults)
    if len(found) == 1 and not faults:
        element.children = found
    return bool(element.children)


def oid(content: bytes) -> str:
    """Return an OBJECT IDENTIFIER in numbers and dots, or "" for one that is damaged or huge.

    X.690 section 8.19: 7 bits a byte, the top bit set in all but the last byte of a number.
    """
    if not content or len(content) > 32 or content[-1] >= 128:
        return ""
    numbers = [0]
    for byte in content:
        numbers[-1] = numbers[-1] << 7 | byte & 127
        if byte < 128:
            numbers.append(0)
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:-1]]))


def _header(head: bytes) -> tuple[str, bool, int, int]:
    """Return the tag, whether it is constructed, and the lengths of header and content.

    head: the first bytes of an element (X.690 sections 8.1 and 10.1).
    """
    rest = iter(head)
    try:
        first = next(rest)
        number = first & 31
        if number == 31:  # a high tag number follows, in 7 bits a byte
            number = next(rest)
            if number >= 128:
                low = next(rest)
                number = (number & 127) << 7 | low
                if low >= 128:
                    raise ValueError("no known document has a tag number this high")
        length = next(rest)
        if length == 128:
            raise ValueError("an indefinite length, which DER does not allow")
        if length > 128 + 3:
            raise ValueError("an absurd length")
        if length > 128:
            size = length - 128
            length = int.from_bytes([next(rest) for _ in range(size)], "big")
            if length < 128 or length < 1 << 8 * (size - 1):
                raise ValueError("a length in more bytes than it needs, which DER does not allow")
    except StopIteration:
        raise ValueError("the end comes in the middle of a tag or length") from None
    constructed = bool(first & 32)
    tag = f"[{_CLASSES[first >> 6]}{number}]"
    if first < 64:
        tag = _UNIVERSAL.get(number, tag)
        if constructed != (tag in ("SEQUENCE", "SET")):
            tag += " (constructed)" if constructed else " (primitive)"
    return tag, constructed, len(head) - len(bytes(rest)), length
