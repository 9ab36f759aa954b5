"""The DER of a key, a request or a certificate, line by line, in the words of the standards.

Only the sizes of the secret values in a private key are shown. An unknown file may be a damaged
private key, so only its sizes and known OIDs are shown.
"""

from collections.abc import Iterator

from common.der import Element
from common.show import display
from common.show.grammar import Document

WIDTH = 100  # of a line, unless the terminal has more columns
_NOTES_AT = 60  # the column of the notes, where there is room
_LEAST_ROOM = 20  # columns for a value

_COLUMNS = (
    "Columns: offset, length with header, header (hexadecimal), type, name: value -- explanation"
)


def walk(document: Document, width: int = WIDTH) -> Iterator[str]:
    """Yield the lines for a document that can be read: three of heading, one for each element.

    The line of an element begins with two numbers: its offset, and its length with its header. A
    value is cut so that a line has width columns, if that leaves enough of it.
    """
    elements = list(document.root.all())
    places = len(str(len(document.root.der)))
    header = max(len(display.header(element)) for element in elements)
    yield from (*document.heading, _COLUMNS)
    for element in elements:
        offset, length = element.offset, element.end - element.offset
        place = f"{offset:>{places}} {length:>{places}}  {display.header(element):<{header}}"
        yield _line(f"{place}  {'  ' * element.depth}", element, width)


def _line(indented: str, element: Element, width: int) -> str:
    """Return the line of an element. indented: what comes before its type."""
    line = f"{indented}{display.tag(element)}"
    if element.name:
        line += f" {element.name}"
    note = f"  -- {said}" if (said := display.note(element)) else ""
    room = width - len(line) - len(": ") - len(note)
    if value := display.shown(element, max(room, _LEAST_ROOM)):
        line += f"{':' if element.name else ''} {value}"
    if not note:
        return line
    column = min(_NOTES_AT, width - len(note))
    return f"{line:<{column}}{note}"
