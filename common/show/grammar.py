"""Naming the elements of DER as the standards do: types by asn1.txt, OIDs by oids.txt."""

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from common.show import der
from common.show.der import Element

_LINE = re.compile(
    r"^    (.+?)(?: as (.+?))?  (\+?)([\w-]*)([?*]?)(?:: (\S+))?(?:  -- (.+))?$", re.MULTILINE
)


class Line(NamedTuple):
    """What asn1.txt says of an element; its first lines explain the columns."""

    tags: str
    reads_as: str
    is_public: str
    name: str
    mark: str
    holds: str
    note: str

    def allows(self, element: Element) -> bool:
        """Return whether the line allows the tag of an element."""
        return self.tags == "ANY" or element.tag in self.tags.split("|")


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
    """A whole file: what it is, in two lines, its elements, and why they end too early, or ""."""

    heading: tuple[str, str]
    root: Element
    fault: str


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
    lines = [Line(*columns) for columns in _LINE.findall(text)]
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

# All that these hold is public.
_PUBLIC_KEYS = ("SubjectPublicKeyInfo", "RSAPublicKey")
_PUBLIC = ("CertificationRequest", "Certificate", *_PUBLIC_KEYS)
RSA = "1.2.840.113549.1.1."  # how the OIDs of RSA begin


def words(oid: str) -> str:
    """Return what an OID stands for, or its numbers ("" for one that cannot be read)."""
    return OIDS[oid].words if oid in OIDS else oid or "a damaged OID"


def read(data: bytes, is_whole_key: bool) -> Document:
    """Return the elements of a file in DER, as far as it can be read, and named if it is known.

    is_whole_key: as for recognize. Raises ValueError if nothing can be read.
    """
    if not data.startswith(b"\x30"):  # SEQUENCE
        raise ValueError(
            "this is not DER: a key, a request or a certificate starts with the byte 0x30"
        )
    root, fault = der.read(data)
    name = recognize(root, is_whole_key)
    heading = _UNKNOWN if _may_be_private(root, name) else DOCUMENTS.get(name, _UNKNOWN)
    return Document(heading, root, fault)


def recognize(root: Element, is_whole_key: bool = False) -> str:
    """Name the elements of a whole file; return which of DOCUMENTS it is, or "" if none.

    is_whole_key: whether the numbers of a private key agree. If they do not, a secret may be in
    the place of a public value, so nothing in the key is marked as public.
    """
    for document in HOLDS["DOCUMENT"]:
        with contextlib.suppress(_Misfit):
            shows_marked = is_whole_key or document.name == "EncryptedPrivateKeyInfo"
            for element, line, is_known_inside in _fit(root, document):
                element.name, element.note = line.name, line.note
                element.type = line.reads_as or element.tag
                element.is_public = shows_marked and bool(line.is_public)
                if not is_known_inside and not element.constructed:
                    element.children = []  # it only looked like DER
            is_public = document.name in _PUBLIC and not _may_be_private(root, document.name)
            for element in root.all() if is_public else ():
                element.is_public = True
            return document.name
    return ""


def _may_be_private(root: Element, name: str) -> bool:
    """Return whether a document with the name of a public key may be a damaged private key.

    Then its elements end before it does, or those of an RSA key are not a modulus and an exponent.
    """
    if name not in _PUBLIC_KEYS:
        return False
    elements = list(root.all())
    is_rsa = any(element.oid.startswith(RSA) for element in elements)
    has_two_numbers = any(element.name == "modulus" for element in elements)
    return root.children[-1].end < root.end or (is_rsa and not has_two_numbers)


def _fit(element: Element, line: Line, oid: str = "") -> list[Fit]:
    """Return an element and those in it that have a line. Raises _Misfit.

    oid: the nearest one before the element, which may decide what it holds.
    """
    if not line.allows(element):
        raise _Misfit
    special = HOLDS.get(f"{line.name} of {oid}")
    if special is not None:
        with contextlib.suppress(_Misfit):
            return [Fit(element, line, bool(special)), *_fit_all(element.children, special)]
    usual = HOLDS.get(line.holds or line.name, [])
    return [Fit(element, line, bool(usual)), *_fit_all(element.children, usual)]


def _fit_all(elements: Sequence[Element], lines: Sequence[Line]) -> list[Fit]:
    """Return the elements in an element, and those in them, by its paragraph. Raises _Misfit."""
    if not lines:
        return []
    found: list[Fit] = []
    left, oid = iter(lines), ""
    for element in elements:
        if lines[0].mark == "*":
            line = next((one for one in lines if one.allows(element)), None)
        else:
            line = next((one for one in left if one.mark != "?" or one.allows(element)), None)
        if line is None:
            raise _Misfit
        found += _fit(element, line, oid)
        oid = (element.children or [element])[0].oid or oid
    if any(not one.mark for one in left):
        raise _Misfit
    return found
