"""The DER of a key, a request or a certificate, line by line, in the words of the standards.

Of a private key, only the values that are public are shown, and the sizes of the others. An unknown
file may be a damaged private key, so only its sizes and known OIDs are shown.
"""

from collections.abc import Iterator

from common.show import grammar, values
from common.show.der import Element

WIDTH = 100
_NOTES_AT = 60  # the column of the notes, where there is room

_COLUMNS = (
    "Columns: offset, length with header, header (hexadecimal), type, name: value -- explanation"
)


def walk(data: bytes, is_whole_key: bool) -> Iterator[str]:
    """Yield the lines for one document in DER: three of heading, then one for each element.

    Those begin with two numbers: the offset of the element, and its length with its header.
    is_whole_key: whether it is a private key whose public values are certain not to be secret.
    If the rest cannot be read, raises ValueError after what can, with where and why in one line.
    """
    document = grammar.read(data, is_whole_key)
    yield from (*document.heading, _COLUMNS)
    elements = list(document.root.all())
    header = max(len(values.header(element)) for element in elements)
    for element in elements:
        yield _line(element, len(str(len(data))), header)
    if document.fault:
        raise ValueError(document.fault)


def _line(element: Element, places: int, header: int) -> str:
    left = f"{element.offset:>{places}} {element.end - element.offset:>{places}}  "
    left += f"{values.header(element):<{header}}  {'  ' * element.depth}{element.tag}"
    left += f" {element.name}" if element.name else ""
    note = values.note(element)
    note = note and f"  -- {note}"
    room = max(WIDTH - len(left) - len(": ") - len(note), 20)
    if value := values.shown(element, room):
        left += f"{':' if element.name else ''} {value}"
    return f"{left:<{min(_NOTES_AT, WIDTH - len(note))}}{note}" if note else left
