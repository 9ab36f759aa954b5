"""The elements of a file in HTML, as boxes in boxes.

A box opens to its bytes and to the elements in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from common.der import Element
from common.show import display, grammar
from common.show.items import ALTERNATIVE_NAMES
from common.show.markup import Html, listed, table, tag

_ROOM = 300  # characters of a value; its bytes are all there
_MOST = 20  # of the elements in a box that are seen at first

_NAMES = ("dNSName", "iPAddress")  # what a certificate is for

# What a beginner does not need at first. Extensions other than the names are folded too.
_FOLDED = (
    "version", "serialNumber", "signature", "signatureAlgorithm", "algorithm",
    "privateKeyAlgorithm", "exponent1", "exponent2", "coefficient", "r", "s",
)  # fmt: skip


class Mark(NamedTuple):
    """What an element is in its file: classes, and words in place of those of grammar."""

    classes: str
    words: Html


def box(element: Element, marks: Mapping[int, Mark]) -> Html:
    """Return an element with all in it. marks: by offset."""
    path, lines, rest = _merged(element)
    inside = [*lines, *rest]
    own_marks = [marks[one.offset] for one in path if one.offset in marks]
    classes = ["box" if inside else "line", *(mark.classes for mark in own_marks)]
    if path[-1].name in _NAMES:
        classes.append("name")
    start = " ".join(["details", *classes])
    summary = tag("summary", Html(" ".join(_label(path, inside, own_marks))))
    octets = map(_bytes, path)
    if not inside:
        return tag(start, summary, *octets)
    closed = tag("details octets", tag("summary", "bytes"), *octets)
    return tag(start, summary, closed, *_boxes(inside, marks), is_open=not _is_folded(element))


def _label(path: Sequence[Element], inside: Sequence[Element], marks: Sequence[Mark]) -> list[Html]:
    """Return what is seen of a box that is closed: names, value, and what it is for."""
    first, *others = path
    label = [tag("b", _name(first))]
    if others:
        label.append(tag("span inner", "".join(f"› {_name(one)} " for one in others)))
    if value := _value(path[-1]):
        label.append(tag("code value", value))
    if inside and inside[0].oid:  # which tells what the box holds
        label.append(tag("code gist", display.shown(inside[0])))
    words = [tag("span said", mark.words) for mark in marks if mark.words]
    note = display.note(first if inside else path[-1])
    if note and not words:
        words = [tag("span note", note)]
    return label + words


def _value(element: Element) -> str:
    """Return the value of an element, or the size of one that is not shown."""
    if element.constructed:
        return "" if element.children else "empty"
    value = display.shown(element, _ROOM)
    is_hidden = value and not element.is_public and element.oid not in grammar.OIDS
    return f"{value}, not shown" if is_hidden else value


class _Merged(NamedTuple):
    """Elements that are drawn as one box."""

    path: list[Element]  # each of them holds the next
    lines: list[Element]  # at the top of the box
    rest: list[Element]  # below the lines; if there is nothing, they are drawn as a line


def _merged(element: Element) -> _Merged:
    """Return an element with those in it that are drawn as one with it.

    An element that holds just one other is drawn as one with it. So is an element that holds some
    lines and then a box; the lines come first in the box, as extnID does here:

        Extension                          Extension › extnValue › SubjectAltName
            extnID                             extnID
            extnValue                          dNSName
                SubjectAltName                 dNSName
                    dNSName
                    dNSName

    A box has the lines of one such element at most.
    """
    if not element.children:
        return _Merged([element], [], [])
    *before, last = element.children
    path, lines, rest = _merged(last)
    if not before or (rest and not lines and all(map(_is_line, before))):
        return _Merged([element, *path], [*before, *lines], rest)
    return _Merged([element], [], element.children)


def _is_line(element: Element) -> bool:
    """Return whether an element is drawn as a line: it holds at most one, which is a line too."""
    return len(element.children) < 2 and all(map(_is_line, element.children))


def _boxes(elements: Sequence[Element], marks: Mapping[int, Mark]) -> Iterator[Html]:
    """Yield elements; those in a row that a beginner does not need are folded into one."""
    folded: list[Element] = []
    for number, element in enumerate(elements):
        if number >= _MOST or _is_folded(element):
            folded.append(element)
        else:
            yield from _more(folded, marks)
            yield box(element, marks)
            folded = []
    yield from _more(folded, marks)


def _more(elements: Sequence[Element], marks: Mapping[int, Mark]) -> Iterator[Html]:
    """Yield elements, in a box with their names if there are several."""
    drawn = [box(element, marks) for element in elements]
    if len(elements) > 1:
        titles = listed(list(dict.fromkeys(map(_title, elements))))
        yield tag("details more", tag("summary", f"{len(elements)} more: {titles}"), *drawn)
    else:
        yield from drawn


def _is_folded(element: Element) -> bool:
    if element.name == "Extension":
        return element.children[0].oid != ALTERNATIVE_NAMES
    is_made = (element.name, element.depth) == ("signature", 1)  # else its algorithm
    return element.name in _FOLDED and not is_made


def _name(element: Element) -> str:
    return element.name or display.tag(element)


def _title(element: Element) -> str:
    """Return the name of an element; of an Extension, the name of its OID."""
    is_extension = element.name == "Extension"
    return display.shown(element.children[0]) if is_extension else _name(element)


def _bytes(element: Element) -> Html:
    """Return where an element is, and its bytes: tag, length and content."""
    first, *length = display.header(element).split()
    what = grammar.TYPES.get("[0]" if element.tag.startswith("[") else element.type)
    kind = f"{display.tag(element)}: {what}" if what else display.tag(element)
    size = display.size(element.content)
    content = f"{size}: the elements inside" if element.children else f"{size}, not shown"
    if all(one.is_public for one in element.all()):
        content = tag("code content", element.content.hex(" ") or "none")
    rows = [
        ("offset", f"{element.offset} ({_name(element)})"),
        ("tag", tag("span", tag("code tag", first), f" {kind}")),
        ("length", tag("span", tag("code length", " ".join(length)), f" {size}")),
        ("content", content),
    ]
    return tag("div bytes", table(rows))
