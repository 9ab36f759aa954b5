"""Telling what an element of DER is by the grammar in asn1.txt, and naming it after that."""

import math
import os
import re
from collections.abc import Iterable
from typing import NamedTuple

from common.show import der
from common.show.der import Element

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_CURVES: dict[str, ec.EllipticCurve] = {
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "secp521r1": ec.SECP521R1(),
}


# The most bytes that a field has. What is longer is something else, or damaged.
_LIMITS = {
    "version": 1,
    "publicExponent": 8,
    "salt": 64,
    "iterationCount": 4,
    "costParameter": 4,
    "blockSize": 4,
    "parallelizationParameter": 4,
    "keyLength": 2,
    "InitializationVector": 16,
}


class Field(NamedTuple):
    """One line of the grammar."""

    name: str
    type: str
    optional: bool
    public: bool
    note: str


class Definition(NamedTuple):
    """One paragraph of the grammar."""

    type: str
    note: str
    fields: list[Field]


def _definition(paragraph: str) -> tuple[str, Definition]:
    head, *lines = paragraph.splitlines()
    name, type_ = head.partition(" -- ")[0].split(" ::= ")
    return name, Definition(type_, head.partition(" -- ")[2], [_field(line) for line in lines])


def _field(line: str) -> Field:
    words, _, note = line.partition(" -- ")
    name, type_ = words.split(maxsplit=1)
    bare = type_.replace(" OPTIONAL", "").replace(" PUBLIC", "").strip()
    return Field(name, bare, " OPTIONAL" in type_, " PUBLIC" in type_, note)


def _text(name: str) -> str:
    """Return the text of a file beside this module, less its comments."""
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
        return "".join(line for line in file if not line.startswith("#")).strip()


_ASN1, _, _OPEN = _text("asn1.txt").partition("\n\n\n")
GRAMMAR = dict(_definition(paragraph) for paragraph in _ASN1.split("\n\n"))
OPEN_TYPES = {
    (name, oid): type_
    for names, type_, *oids in map(str.split, _OPEN.splitlines())
    for name in names.split(",")
    for oid in oids
}
OIDS = {
    number: (name, note)
    for line in _text("oids.txt").splitlines()
    for names, _, note in [line.partition("  -- ")]
    for number, name in [names.split()]
}


def recognise(root: Element, documents: Iterable[str]) -> str:
    """Return which of some types a whole file is of, with all in it named, or "" for none.

    documents: names of types, such as "Certificate".
    """
    for document in documents:
        if _item_fits(root, document):
            _confirm(root)
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
        kind, note, fields = GRAMMAR[type_]
        element.note = note
        if kind == "CHOICE":
            return any(_alternative_fits(element, one) for one in fields)
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
    if type_ in GRAMMAR and GRAMMAR[type_].type != "CHOICE":
        element.name = type_
    return _fits(element, type_)


def _alternative_fits(element: Element, one: Field) -> bool:
    if not _fits(element, one.type):
        return False
    if one.type.startswith("["):
        element.name, element.note = one.name, one.note
    return True


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
    limit = _LIMITS.get(one.name, der.MAX_SIZE)
    if not element.constructed and element.end - element.start > limit:
        return False
    open_type = re.search("DEFINED|KNOWN", one.type)
    actual = OPEN_TYPES.get((one.name, _governor(before))) if open_type else ""
    known = actual is not None and _fits(element, re.sub("DEFINED|KNOWN", actual, one.type))
    if not known and not (open_type and _fits(element, re.sub("DEFINED|KNOWN", "ANY", one.type))):
        return False
    notes = (element.note, one.note) if open_type else (one.note, element.note)
    element.name, element.note = one.name, notes[0] or notes[1]
    element.public = known and one.public and element.type != "OID"  # one with a name always is
    element.hidden = not known and "KNOWN" in one.type
    if "EXPLICIT" in one.type:
        (child,) = element.children
        child.name, child.note = child.name or one.name, child.note or one.note
        child.public = one.public
    return True


def _governor(before: list[Element]) -> str:
    """Return the name of the OID that is, or begins, the nearest of the elements before."""
    for element in reversed(before):
        while element.children:
            element = element.children[0]
        if element.type == "OID":
            return oid(element.content)[0]
    return ""


def oid(content: bytes) -> tuple[str, str]:
    """Return the name of an OID and what it stands for, both "" for an unknown one."""
    return OIDS.get(der.oid(content), ("", ""))


def _forget(element: Element) -> None:
    element.type, element.name, element.note = element.tag, "", ""
    element.public = element.hidden = False


def _anything(element: Element) -> None:
    """Leave what an element holds without names, but look into its strings."""
    if not element.constructed:
        der.unwrap(element)
    for child in element.children:
        _forget(child)
        _anything(child)


def _confirm(root: Element) -> None:
    """Let the public key in a private key be shown only if the secret numbers lead to it.

    In a damaged file a secret may stand in its place.
    """
    leaves = [(element.name, element.content) for element in root.all() if not element.children]
    primes = [
        int.from_bytes(content, "big") for name, content in leaves if name.startswith("prime")
    ]
    for element in root.all():
        if element.name == "modulus":
            product = math.prod(primes)
            element.public &= product == int.from_bytes(element.content, "big") and 1 not in primes
        elif element.name == "publicKey":
            element.public &= element.content[1:] == _public_key(dict(leaves))


def _public_key(leaves: dict[str, bytes]) -> bytes | None:
    """Return the public key of an EC or Ed25519 key as its private key has it, or None."""
    curve = _CURVES.get(oid(leaves.get("parameters", b""))[0])
    try:
        if "CurvePrivateKey" in leaves:
            seed = ed25519.Ed25519PrivateKey.from_private_bytes(leaves["CurvePrivateKey"])
            return seed.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        scalar = leaves.get("privateKey", b"")
        if curve and len(scalar) <= 66:  # P-521, the largest
            key = ec.derive_private_key(int.from_bytes(scalar, "big"), curve)
            point = PublicFormat.UncompressedPoint
            return key.public_key().public_bytes(Encoding.X962, point)
    except ValueError:
        pass
    return None
