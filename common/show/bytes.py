"""The DER of a key, a request or a certificate, line by line, in the words of the standards.

Of a private key, only the values that are public are shown, and the sizes of the others. An unknown
file may be a damaged private key, so only its sizes and known OIDs are shown.
"""

from collections.abc import Iterator

from common.show import der, grammar, values
from common.show.der import Element

WIDTH = 100
_NOTES_AT = 60  # the column of the notes, where there is room
_MOST_HEADER = 5  # octets: of an element of up to 16 MiB

_COLUMNS = (
    "Columns: offset, length with header, header (hexadecimal), type, name: value -- explanation"
)
_UNKNOWN = (
    "Not a complete key, request or certificate of a known kind",
    "It may be a damaged private key, so only sizes are shown.",
)


def walk(data: bytes, is_whole_key: bool) -> Iterator[str]:
    """Yield the lines for one document in DER: three of heading, then one for each element.

    Those begin with two numbers: the offset of the element, and its length with its header.
    is_whole_key: whether it is a private key whose public values are sure to be no secret.
    If the file breaks, raises ValueError after what can be read: one line says where and why.
    """
    if len(data) > der.MAX_SIZE:
        raise ValueError(
            f"it has more than {der.MAX_SIZE} bytes, too many for a key or a certificate"
        )
    if not data.startswith(b"\x30"):  # SEQUENCE
        raise ValueError(
            "this is not DER: a key, a request or a certificate starts with the byte 0x30"
        )
    root, fault = der.read(data)
    document = grammar.recognize(root, is_whole_key)
    yield from (*grammar.DOCUMENTS.get(document, _UNKNOWN), _COLUMNS)
    places = len(str(len(data)))
    header = max(len(element.header) for element in root.all())
    for element in root.all():
        yield _line(element, places, min(header, _MOST_HEADER))
    if fault:
        raise ValueError(fault)


def _line(element: Element, places: int, header: int) -> str:
    left = f"{element.offset:>{places}} {element.end - element.offset:>{places}}  "
    left += f"{element.header[:header].hex(' '):<{3 * header}} {'  ' * element.depth}{element.tag}"
    left += f" {element.name}" if element.name else ""
    known = grammar.OIDS.get(element.oid)
    note = (known and known.note) or element.note
    note = note and f"  -- {note}"
    room = max(WIDTH - len(left) - len(": ") - len(note), 20)
    if value := known.name if known else _value(element, room):
        left += f"{':' if element.name else ''} {value}"
    return f"{left:<{min(_NOTES_AT, WIDTH - len(note))}}{note}" if note else left


def _value(element: Element, room: int) -> str:
    """Return the value of an element, cut to room columns, or "" if it has none."""
    if element.children or element.constructed or element.encoded == b"\5\0":  # NULL
        return ""
    text = values.in_words(element) if element.is_public else None
    if text is not None:
        return text if len(text) <= room else f"{text[: room - 1]}…"
    octets = values.octets(element)
    size = f"{len(octets)} byte{'s' * (len(octets) != 1)}"
    if not element.is_public:
        return size
    digits = f"0x{octets.hex()}"
    if len(octets) <= 20 and len(digits) <= room:  # as a serial number: RFC 5280 section 4.1.2.2
        return digits
    if element.type == "INTEGER":
        size = f"{int.from_bytes(octets, 'big').bit_length()} bits"
    return f"{size}, {digits[:8]}…"
