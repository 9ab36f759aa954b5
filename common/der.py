"""Reading DER (ITU-T X.690), where each element is a tag, a length and a content.

The content may be more elements. A BIT STRING or an OCTET STRING may hold DER too. BER, which
OpenSSL reads, and what is neither DER nor BER are read as far as possible, so that show can show
them.
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_SIZE = 1 << 17  # bytes; far above any key, request or certificate
MAX_DEPTH = 40  # a request with extensions nests 11 deep

# The number of a tag, 7 bits an octet (X.690 section 8.1.2.4). OpenSSL's limit is about as high.
_NUMBER = re.compile(rb"[\x80-\xff]{0,3}(?:[\0-\x7f]|\Z)")

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
PRIMITIVE = frozenset(_UNIVERSAL.values()) - {"SEQUENCE", "SET"}  # in DER: section 10.2 of X.690
_CLASSES = ("UNIVERSAL ", "APPLICATION ", "", "PRIVATE ")  # X.690 section 8.1.2.2

# The contents that OpenSSL and Go require. An INTEGER is as short as possible (X.690 section
# 8.3.2), and a number in an OID does not begin with zeros (section 8.19.2).
_CONTENTS = {
    "INTEGER": re.compile(rb"(?!\0[\0-\x7f]|\xff[\x80-\xff]).+", re.DOTALL),
    "OID": re.compile(rb"(?:(?:[\x81-\xff][\x80-\xff]*)?[\0-\x7f])+"),
}
_MAX_OID = 32  # bytes; far above any that is in use


@dataclass
class Element:
    """One element: where it is, what it holds, and (set by grammar) what its standard calls it."""

    der: bytes
    offset: int
    start: int  # of the content
    end: int
    depth: int
    tag: str  # the name of its type, or its number in brackets
    type: str  # how to read the content: as its tag says, unless grammar knows better
    constructed: bool  # made of more elements
    is_cut_off: bool  # whether its length reaches past the end of what holds it
    children: list["Element"] = field(default_factory=list)
    name: str = ""
    note: str = ""
    is_public: bool = False  # whether the value may be shown, as secrecy decides

    @property
    def has_wrong_form(self) -> bool:
        """Whether DER has its type the other way, made of more elements or not. [0] may be both."""
        is_universal = self.der[self.offset] >> 6 == 0
        return is_universal and self.constructed != (self.tag in ("SEQUENCE", "SET"))

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
        is_short = self.type == "OID" and len(self.content) <= _MAX_OID
        if not is_short or not _CONTENTS["OID"].fullmatch(self.content):
            return ""
        numbers = [0]
        for byte in self.content:
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


def read(der: bytes) -> tuple[Element, str]:
    """Return the first element of der, with those in it, and the first fault in der, or "".

    After a fault, reading goes on where the element around it ends. Raises ValueError if der does
    not begin with an element, or is too large.
    """
    if len(der) > MAX_SIZE:
        raise ValueError(f"it has more than {MAX_SIZE} bytes, too many for a key or a certificate")
    reader = _Reader(der)
    root = reader.element(0, len(der), 0)
    if root.end < len(der):
        reader.note(root.end, "the document ends here, but the file continues")
    return root, reader.fault or next(_in_contents(root), "")


def first(der: bytes, at: int = 0) -> Element:
    """Return the element at an offset, of any size, without those in it. Raises ValueError."""
    return _Reader(der).header(at, len(der), 0)


def first_sequence(der: bytes, at: int = 0) -> bytes | None:
    """Return the SEQUENCE at an offset, of any size, or None if it is missing or cut off."""
    with contextlib.suppress(ValueError):
        element = first(der, at)
        if der.startswith(b"\x30", at) and not element.is_cut_off:
            return element.encoded
    return None


class _Reader:
    """Reads elements. Raises ValueError where there is not one.

    It keeps the first fault: what DER does not allow, though OpenSSL may.
    """

    def __init__(self, der: bytes) -> None:
        self.der = der
        self.fault = ""

    def note(self, at: int, what: str) -> None:
        """Keep a fault, unless there was one before."""
        self.fault = self.fault or _fault(at, what)

    def element(self, at: int, end: int, depth: int) -> Element:
        """Return the element at an offset, which should end by end, with those in it."""
        if depth == MAX_DEPTH:
            raise ValueError(_fault(at, f"nested more than {MAX_DEPTH} levels deep"))
        element = self.header(at, end, depth)
        if element.constructed:
            self._read_inside(element)
        elif element.tag in ("BIT STRING", "OCTET STRING") and not element.is_cut_off:
            element.children = _in_string(element)
        if element.is_cut_off:
            holder = "the file" if end == len(self.der) else "the element around it"
            self.note(at, f"{holder} ends before this {element.tag} does")
        return element

    def header(self, at: int, end: int, depth: int) -> Element:
        """Return the element at an offset, without those in it (X.690 sections 8.1 and 10.1)."""
        number, length_at = self._number(at, end)
        start, stop = self._length(at, length_at, end)
        tag_class, constructed = self.der[at] >> 6, bool(self.der[at] & 32)
        tag = f"[{_CLASSES[tag_class]}{number}]"
        if tag_class == 0:
            tag = _UNIVERSAL.get(number, tag)
        last = min(stop, end)
        return Element(self.der, at, start, last, depth, tag, tag, constructed, stop > end)

    def _read_inside(self, element: Element) -> None:
        """Read the elements that a constructed element is made of."""
        at = element.start
        is_indefinite = element.header[1:] == b"\x80"  # ends in two zero octets: section 8.1.3.6
        try:
            while at < element.end:
                if is_indefinite and self.der.startswith(b"\0\0", at):
                    element.end = at + 2
                    return
                child = self.element(at, element.end, element.depth + 1)
                element.children.append(child)
                at = child.end
        except ValueError as error:
            self.fault = self.fault or str(error)

    def _number(self, at: int, end: int) -> tuple[int, int]:
        """Return the number of the tag at an offset, and the offset of the length after it."""
        number, length_at = self.der[at] & 31 if at < end else 0, at + 1
        if number < 31:
            return number, length_at
        found = _NUMBER.match(self.der, length_at, end)
        if not found:
            raise ValueError(_fault(at, "the number of its tag is too high"))
        number = 0
        for octet in found[0]:
            number = number << 7 | octet & 127
        if number < 31:
            self.note(at, "the number of its tag is not written as DER requires")
        return number, found.end()

    def _length(self, at: int, length_at: int, end: int) -> tuple[int, int]:
        """Return where the content of the element at an offset starts, and where it should end."""
        length = self.der[length_at] if length_at < end else 0
        is_indefinite = length == 128  # up to the end of what holds it: section 8.1.3.6
        size = max(length - 128, 0)  # of a long form
        start = length_at + 1 + size
        if start > end:
            raise ValueError(_fault(at, "the data ends in the middle of a tag or length"))
        if size:
            length = int.from_bytes(self.der[length_at + 1 : start], "big")
        if size != ((length.bit_length() + 7) // 8 if length > 127 else 0):
            self.note(at, "an indefinite or needlessly long length, which DER does not allow")
        return start, end if is_indefinite else start + length


def _in_string(string: Element) -> list[Element]:
    """Return the one whole element in DER that a string holds, or nothing."""
    reader = _Reader(string.der)
    start = string.start + (string.tag == "BIT STRING")  # after the number of unused bits
    with contextlib.suppress(ValueError):
        element = reader.element(start, string.end, string.depth + 1)
        is_all = element.end == string.end and not any(string.der[string.start : start])
        return [element] if is_all and not reader.fault else []
    return []


def _in_contents(element: Element) -> Iterator[str]:
    """Yield the faults of INTEGERs and OIDs; not in strings, which may only look like DER."""
    if element.constructed:
        for child in element.children:
            yield from _in_contents(child)
    elif element.tag in _CONTENTS and not _CONTENTS[element.tag].fullmatch(element.content):
        yield _fault(element.offset, f"this {element.tag} is not written as DER requires")


def _fault(at: int, what: str) -> str:
    return f"offset {at}: {what}"
