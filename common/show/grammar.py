"""Naming the elements of DER as the standards do: types by asn1.txt, OIDs by oids.txt."""

import contextlib
import itertools
import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from common.show.der import Element

_KEY_USAGES = (  # from bit 0: RFC 5280 section 4.2.1.3
    *("digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement"),
    *("keyCertSign", "cRLSign", "encipherOnly", "decipherOnly"),
)

_LINE = re.compile(
    r"^    (.+?)(?: as (.+?))?  ([\w-]*)([?*]?)(?:: (\S+))?(?:  -- (.+))?$", re.MULTILINE
)


class Line(NamedTuple):
    """What asn1.txt says of an element; its first lines explain the columns."""

    tags: str
    reads_as: str
    name: str
    mark: str
    holds: str
    note: str

    @property
    def inside(self) -> list["Line"]:
        """The lines for the elements in the element."""
        return HOLDS.get(self.holds or self.name, [])

    def allows(self, element: Element) -> bool:
        """Return whether the line allows the tag of an element."""
        return self.tags == "ANY" or element.tag in self.tags.split("|")


class Name(NamedTuple):
    """What an OID is called."""

    name: str  # in its standard
    words: str  # on a page about a key, request or certificate
    note: str  # what it is for


class _Misfit(Exception):
    """An element is not what the grammar expects in its place."""


def _text(file: str) -> str:
    """Return the text of a file beside this module, without its comments."""
    with open(os.path.join(os.path.dirname(__file__), file), encoding="utf-8") as lines:
        return "".join(line for line in lines if not line.startswith("#")).strip()


def _name(line: str) -> tuple[str, Name]:
    columns, _, note = line.partition("  -- ")
    number, name, words = (*columns.split("  "), "")[:3]
    return number, Name(name, words or name, note or words)


OIDS = dict(_name(line) for line in _text("oids.txt").splitlines())
_NUMBERS = {oid.name: number for number, oid in OIDS.items()}


def _paragraph(text: str) -> Iterator[tuple[str, list[Line]]]:
    """Yield the keys of a paragraph, such as "Name" or "extnValue of 2.5.29.15", with its lines."""
    names, _, oids = text.partition("\n")[0].partition(" of ")
    lines = [Line(*columns) for columns in _LINE.findall(text)]
    for name in names.split(","):
        for key in [f"{name} of {_NUMBERS[oid]}" for oid in oids.split()] or [name]:
            yield key, lines


_GRAMMAR, _DOCUMENTS = _text("asn1.txt").split("\n\n\n")
HOLDS = dict(pair for text in _GRAMMAR.split("\n\n") for pair in _paragraph(text))
DOCUMENTS = {name: lines for name, *lines in map(str.splitlines, _DOCUMENTS.split("\n\n"))}


def words(oid: str) -> str:
    """Return what an OID stands for, or its numbers."""
    return OIDS[oid].words if oid in OIDS else oid


def key_usages(content: bytes) -> str:
    """Return the uses that a KeyUsage names. Its content: the number of unused bits, the bits."""
    bits = "".join(f"{byte:08b}" for byte in content[1:])
    return ", ".join(itertools.compress(_KEY_USAGES, map(int, bits)))


def recognize(root: Element) -> str:
    """Name the elements of a whole file; return which of DOCUMENTS it is, or "" if none."""
    for document in HOLDS["DOCUMENT"]:
        with contextlib.suppress(_Misfit):
            for element, line in _fit(root, document):
                element.name, element.note = line.name, line.note
                element.type = line.reads_as or element.tag
                if not line.inside and not element.constructed:
                    element.children = []  # it only looked like DER
            return document.name
    return ""


def _fit(element: Element, line: Line, oid: str = "") -> list[tuple[Element, Line]]:
    """Return an element and those in it that have a line, each with its line. Raises _Misfit.

    oid: the nearest one before the element, which may decide what it holds.
    """
    if not line.allows(element):
        raise _Misfit
    key = f"{line.name} of {oid}"
    if key in HOLDS:
        with contextlib.suppress(_Misfit):
            return _fit(element, line._replace(holds=key))
    found = [(element, line)]
    rest, before = iter(line.inside), ""
    for child in element.children if line.inside else []:
        inner = next((one for one in rest if not one.mark or one.allows(child)), None)
        if inner is None:
            raise _Misfit
        found += _fit(child, inner, before)
        before = (child.children or [child])[0].oid or before
        if inner.mark == "*":
            rest = iter(line.inside)
    if not all(one.mark for one in rest):
        raise _Misfit
    return found
