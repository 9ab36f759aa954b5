"""Naming what der has read after the standards: the types in asn1.txt, the OIDs in oids.txt."""

import itertools
import os
import re
from typing import NamedTuple

from common.show import der
from common.show.der import Element

_KEY_USAGES = (  # from bit 0: RFC 5280 section 4.2.1.3
    *("digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement"),
    *("keyCertSign", "cRLSign", "encipherOnly", "decipherOnly"),
)

_FIELD = re.compile(r"^    (\S+)  (.+?)( OPTIONAL)?( PUBLIC)?(?:  -- (.+))?$", re.MULTILINE)


class Field(NamedTuple):
    """One line of a type."""

    name: str
    type: str
    optional: str
    public: str
    note: str


class Name(NamedTuple):
    """What an OID is called."""

    name: str  # in its standard
    words: str  # on a page about a key, request or certificate
    note: str  # what it is for


def _definition(paragraph: str) -> tuple[str, tuple[str, str, list[Field]]]:
    """Return the name of a type, and how it is made, a note, and its fields."""
    head, _, lines = paragraph.partition("\n")
    definition, _, note = head.partition(" -- ")
    name, type_ = definition.split(" ::= ")
    return name, (type_, note, [Field(*groups) for groups in _FIELD.findall(lines)])


def _name(line: str) -> tuple[str, Name]:
    columns, _, note = line.partition("  -- ")
    number, name, words = (*columns.split("  "), "")[:3]
    return number, Name(name, words or name, note or words)


def _text(file: str) -> str:
    """Return the text of a file beside this module, less its comments."""
    with open(os.path.join(os.path.dirname(__file__), file), encoding="utf-8") as lines:
        return "".join(line for line in lines if not line.startswith("#")).strip()


_TYPES, _OPEN, _DOCUMENTS = _text("asn1.txt").split("\n\n\n")
GRAMMAR = dict(_definition(paragraph) for paragraph in _TYPES.split("\n\n"))
OPEN_TYPES = {
    (name, oid): type_
    for names, type_, *oids in map(str.split, _OPEN.splitlines())
    for name in names.split(",")
    for oid in oids
}
DOCUMENTS = {name: lines for name, *lines in map(str.splitlines, _DOCUMENTS.split("\n\n"))}
OIDS = dict(_name(line) for line in _text("oids.txt").splitlines())


def words(oid: str) -> str:
    """Return what an OID stands for, or its numbers."""
    return OIDS[oid].words if oid in OIDS else oid


def key_usages(content: bytes) -> str:
    """Return the uses that the content of a KeyUsage names: the number of unused bits, the bits."""
    bits = "".join(f"{byte:08b}" for byte in content[1:])
    return ", ".join(itertools.compress(_KEY_USAGES, map(int, bits)))


def recognize(root: Element) -> str:
    """Return which of DOCUMENTS a whole file is, with all in it named, or "" for none."""
    for document in DOCUMENTS:
        if _item_fits(root, document):
            return document
    _forget(root)
    _anything(root)
    return ""


def _fits(element: Element, type_: str, tag: str = "") -> bool:
    """Tell if an element is of a type, and name what it holds.

    tag: the tag that stands in the place of the type's own.
    """
    if tagged := re.fullmatch(r"(\[\d\]) (EXPLICIT )?(.+)", type_):
        number, explicit, inner = tagged.groups()
        if not explicit:
            return _fits(element, inner, number)
        return element.tag == number and [_item_fits(e, inner) for e in element.children] == [True]
    if type_ in GRAMMAR:
        kind, element.note, fields = GRAMMAR[type_]
        if kind == "CHOICE":
            one = next((one for one in fields if _fits(element, one.type)), None)
            if one and one.type.startswith("["):
                element.name, element.note = one.name, one.note
            return one is not None
        if kind == "SEQUENCE":
            right = element.tag == (tag or kind) and element.constructed
            return right and _fields_fit(element.children, fields)
        return _fits(element, kind, tag)
    if type_ == "ANY":
        _anything(element)
        return element.tag == (tag or element.tag)
    container, _, item = type_.partition(" OF ")
    if item:
        right = element.tag == (tag or container) and element.constructed
        return right and all(_item_fits(child, item) for child in element.children)
    string, _, inside = type_.partition(" CONTAINING ")
    if element.tag != (tag or string) or element.constructed:
        return False
    element.type, element.children = string, []
    if inside == "ANY":
        _anything(element)
    elif inside == "RAW":
        return element.content[:1] == b"\0"  # all bits of the last byte count
    elif inside:
        return der.unwrap(element) and _item_fits(element.children[0], inside)
    return True


def _item_fits(element: Element, type_: str) -> bool:
    """Tell if an element that is not a field is of a type, and name it after that."""
    _forget(element)
    if type_ in GRAMMAR and GRAMMAR[type_][0] != "CHOICE":
        element.name = type_
    return _fits(element, type_)


def _fields_fit(elements: list[Element], fields: list[Field]) -> bool:
    at = 0
    for one in fields:
        if at < len(elements) and _field_fits(elements[at], one, elements[:at]):
            at += 1
        elif not one.optional:
            return False
    return at == len(elements)


def _field_fits(element: Element, one: Field, before: list[Element]) -> bool:
    """Tell if an element fits a field, and name it. before: the elements that may govern it."""
    _forget(element)
    is_open = "DEFINED" in one.type
    actual = OPEN_TYPES.get((one.name, _governor(before)), "ANY") if is_open else ""
    known = _fits(element, one.type.replace("DEFINED", actual))
    if not known and not (is_open and _fits(element, one.type.replace("DEFINED", "ANY"))):
        return False
    notes = (element.note, one.note) if is_open else (one.note, element.note)
    element.name, element.note = one.name, notes[0] or notes[1]
    element.public = bool(one.public) and known and actual != "ANY"
    if "EXPLICIT" in one.type:
        (child,) = element.children
        child.name, child.note = child.name or one.name, child.note or one.note
    return True


def _governor(before: list[Element]) -> str:
    """Return the name of the OID that is, or begins, the nearest of the elements before."""
    for element in reversed(before):
        while element.children:
            element = element.children[0]
        if element.type == "OID":
            return OIDS[element.oid].name if element.oid in OIDS else ""
    return ""


def _forget(element: Element) -> None:
    element.type, element.name, element.note, element.public = element.tag, "", "", False


def _anything(element: Element) -> None:
    """Leave what an element holds without names, but look into its strings."""
    if not element.constructed:
        der.unwrap(element)
    for child in element.children:
        _forget(child)
        _anything(child)
