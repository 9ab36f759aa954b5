"""The DER of a key, a request or a certificate, line by line, in the words of the standards.

Of a private key, the public values are shown, and the sizes of the others. An unknown file may be a
damaged private key, so only its sizes and known OIDs are shown.
"""

from collections.abc import Iterator

from common.der import Element
from common.show import display
from common.show.grammar import Document

WIDTH = 100
_NOTES_AT = 60  # the column of the notes, where there is room

_COLUMNS = (
    "Columns: offset, length with header, header (hexadecimal), type, name: value -- explanation"
)


def walk(document: Document) -> Iterator[str]:
    """Yield the lines for a document that can be read: three of heading, one for each element.

    The line of an element begins with two numbers: its offset, and its length with its header.
    """
    elements = list(document.root.all())
    places = len(str(len(document.root.der)))
    header = max(len(display.header(element)) for element in elements)
    yield from (*document.heading, _COLUMNS)
    for element in elements:
        yield _line(element, places, header)


def _line(element: Element, places: int, header: int) -> str:
    left = f"{element.offset:>{places}} {element.end - element.offset:>{places}}  "
    left += f"{display.header(element):<{header}}  {'  ' * element.depth}{element.tag}"
    left += f" {element.name}" if element.name else ""
    note = display.note(element)
    note = note and f"  -- {note}"
    room = max(WIDTH - len(left) - len(": ") - len(note), 20)
    if value := display.shown(element, room):
        left += f"{':' if element.name else ''} {value}"
    return f"{left:<{min(_NOTES_AT, WIDTH - len(note))}}{note}" if note else left
