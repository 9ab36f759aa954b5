"""Naming the elements of DER as the standards do: types by asn1.txt, OIDs by oids.txt."""

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from common import der
from common.der import Element

_LINE = re.compile(
    r"^    (.+?)(?: as (.+?))?  (\+?)([\w-]*)([?*]?)(?:: (\S+))?(?:  -- (.+))?$", re.MULTILINE
)


class Line(NamedTuple):
    """What asn1.txt says of an element; its first lines explain the columns."""

    tags: frozenset[str]
    reads_as: str
    is_public: bool
    name: str
    mark: str
    holds: str
    note: str

    def allows(self, element: Element) -> bool:
        """Return whether the line allows an element: by its tag and form, if it is not cut off."""
        if "ANY" in self.tags:
            return True
        has_form = element.constructed != ((self.reads_as or element.tag) in der.PRIMITIVE)
        return element.tag in self.tags and has_form and not element.is_cut_off


class Name(NamedTuple):
    """What an OID is called."""

    name: str  # in its standard
    words: str  # on a page about a key, request or certificate
    note: str  # what it is for


class Fit(NamedTuple):
    """An element, the line that it fits, and whether something is known of what is in it."""

    element: Element
    line: Line
    is_known_inside: bool


class Document(NamedTuple):
    """A key, a request or a certificate: its elements, as far as they can be read."""

    name: str  # in its standard; "" if it is not known
    heading: list[str]  # two lines: what it is, and what is in it; none if nothing can be read
    root: Element
    fault: str  # where and why it is not DER, or ""
    fits: Sequence[Fit] = ()  # the elements that have a line


class _Misfit(Exception):
    """An element is not what the grammar expects in its place."""


def _text(file: str) -> str:
    """Return the text of a file beside this module, without its comments."""
    with open(os.path.join(os.path.dirname(__file__), file), encoding="utf-8") as lines:
        return "".join(line for line in lines if not line.startswith("#")).strip()


def _oid(line: str) -> tuple[str, Name]:
    """Return the number in a line of oids.txt, and what the line calls it."""
    columns, _, note = line.partition("  -- ")
    number, name, words = (*columns.split("  "), "")[:3]
    return number, Name(name, words or name, note or words)


OIDS = dict(_oid(line) for line in _text("oids.txt").splitlines())
_NUMBERS = {oid.name: number for number, oid in OIDS.items()}


def _paragraph(text: str) -> Iterator[tuple[str, list[Line]]]:
    """Yield the keys of a paragraph, such as "Name" or "extnValue of 2.5.29.15", with its lines."""
    names, _, oids = text.partition("\n")[0].partition(" of ")
    lines = [  # none for NOT DER
        Line(frozenset(tags.split("|")), reads_as, plus == "+", *columns)
        for tags, reads_as, plus, *columns in _LINE.findall(text)
    ]
    for name in names.split(","):
        for key in [f"{name} of {_NUMBERS[oid]}" for oid in oids.split()] or [name]:
            yield key, lines


_GRAMMAR, _DOCUMENTS, _TYPES = _text("asn1.txt").split("\n\n\n")
HOLDS = dict(pair for text in _GRAMMAR.split("\n\n") for pair in _paragraph(text))
DOCUMENTS = {
    name: (what, order) for name, what, order in map(str.splitlines, _DOCUMENTS.split("\n\n"))
}
TYPES = {name: what for name, _, what in (line.partition("  ") for line in _TYPES.splitlines())}
_UNKNOWN = (
    "Not a complete key, request or certificate of a known kind",
    "It may be a damaged private key, so only sizes are shown.",
)

_PUBLIC_KEYS = ("RSAPublicKey", "SubjectPublicKeyInfo", "subjectPKInfo", "subjectPublicKeyInfo")


def words(oid: str) -> str:
    """Return what an OID stands for, or its numbers. oid: "" for one that cannot be read."""
    return OIDS[oid].words if oid in OIDS else oid or "an unknown OID"


def read(content: bytes) -> Document:
    """Return what is in DER, with the names and notes of the elements if the document is known.

    They are not marked as public yet: secrecy decides which of their values may be shown.
    """
    if not content.startswith(b"\x30"):  # SEQUENCE
        what = "a key, a request or a certificate starts with the byte 0x30"
        return unreadable(f"this is not DER: {what}")
    try:
        root, fault = der.read(content)
    except ValueError as error:
        return unreadable(str(error))
    for line in HOLDS["DOCUMENT"]:
        with contextlib.suppress(_Misfit):
            fits = _fit(root, line)
            if line.name in _PUBLIC_KEYS and fault:
                break  # it may be a damaged private key
            _name(fits)
            return Document(line.name, list(DOCUMENTS[line.name]), root, fault, fits)
    return Document("", list(_UNKNOWN), root, fault)


def unreadable(fault: str) -> Document:
    """Return a document of which nothing can be read, and why."""
    return Document("", [], der.first(b"\x30\0"), fault)


def public_key(document: Document) -> Element | None:
    """Return the public key in a document, or None. That in a private key does not count."""
    return next((fit.element for fit in document.fits if fit.line.name in _PUBLIC_KEYS), None)


def _name(fits: Iterable[Fit]) -> None:
    """Set what the grammar says of elements."""
    for element, line, is_known_inside in fits:
        element.name, element.note = line.name, line.note
        element.type = line.reads_as or element.tag
        if element.has_wrong_form or element.is_cut_off:
            element.type = ""  # its bytes are all that can be shown
        if not is_known_inside and not element.constructed:
            element.children = []  # it only looked like DER


def _fit(element: Element, line: Line, oid: str = "") -> list[Fit]:
    """Return an element and those in it that have a line. Raises _Misfit.

    oid: the nearest one before the element, which may decide what it holds.
    """
    if not line.allows(element):
        raise _Misfit
    special = HOLDS.get(f"{line.name} of {oid}")
    if special is not None:  # an empty list says that what it holds is not DER
        with contextlib.suppress(_Misfit):
            return [Fit(element, line, bool(special)), *_fit_all(element.children, special)]
    usual = HOLDS.get(line.holds or line.name, [])
    return [Fit(element, line, bool(usual)), *_fit_all(element.children, usual)]


def _fit_all(elements: Sequence[Element], lines: Sequence[Line]) -> list[Fit]:
    """Return the elements in an element, and those in them, by its paragraph. Raises _Misfit."""
    if not lines:
        return []
    fits: list[Fit] = []
    left, oid = iter(lines), ""  # a line that was passed over does not come again
    for element in elements:
        if lines[0].mark == "*":
            line = next((line for line in lines if line.allows(element)), None)
        else:
            line = next((line for line in left if line.mark != "?" or line.allows(element)), None)
        if line is None:
            raise _Misfit
        fits += _fit(element, line, oid)
        oid = (element.children or [element])[0].oid or oid
    if any(not line.mark for line in left):
        raise _Misfit
    return fits
