"""What a key, a request and a certificate say, read from the elements that grammar has named.

Requests and certificates are read from their DER, not by a library that refuses what is odd about
them, so that it can be shown.
"""

import contextlib
import hashlib
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from common import der
from common.der import Element
from common.show import grammar, signature, values
from common.show.files import Part
from common.show.grammar import Document

from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

COMMON_NAME = "2.5.4.3"
ALTERNATIVE_NAMES = "2.5.29.17"
EXTENSION_REQUEST = "1.2.840.113549.1.9.14"  # RFC 2985 section 5.4.2

_KINDS = {"[1]": "email", "[2]": "DNS", "[6]": "URI"}  # GeneralName, RFC 5280 section 4.2.1.6


class Name(NamedTuple):
    """A name in a subject alternative name."""

    kind: str  # "DNS", "IP", "email", "URI", or what RFC 5280 calls another kind
    value: str | ipaddress.IPv4Address | ipaddress.IPv6Address  # "" for another kind

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}" if self.value else self.kind


@dataclass(frozen=True, eq=False)
class Item:
    """A key, a request or a certificate."""

    part: Part
    document: Document  # as in the file: encrypted, if that is
    spki: bytes  # the public key as it is encoded (DER of a SubjectPublicKeyInfo, RFC 5280)
    public_key: PublicKeyTypes | None  # None if it cannot be read here

    @property
    def root(self) -> Element:
        """The element that is all of it."""
        return self.document.root

    @property
    def where(self) -> str:
        """The file, and which part of it this is."""
        return self.part.where

    @cached_property
    def identity(self) -> bytes:
        """The SubjectPublicKeyInfo in its usual encoding: the same for the same public key."""
        if self.public_key is None:
            return self.spki
        return self.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the public key as OpenSSL writes it, in hexadecimal."""
        return hashlib.sha256(self.spki).hexdigest()

    @cached_property
    def key_algorithm(self) -> str:
        """The OID of the kind of key."""
        with contextlib.suppress(ValueError, IndexError):
            return der.parse(self.spki).children[0].children[0].oid
        return ""


@dataclass(frozen=True, eq=False)
class Key(Item):
    """A private key or a public key."""

    is_private: bool
    numbers_agree: bool | None  # None if that cannot be told here, or for a public key


@dataclass(frozen=True, eq=False)
class Signed(Item):
    """A request or a certificate."""

    @property
    def signed(self) -> Element:
        """What is signed: certificationRequestInfo or tbsCertificate."""
        return self.root.children[0]

    @property
    def signature_algorithm(self) -> Element:
        """The AlgorithmIdentifier of the signature."""
        return self.root.children[1]

    def verified_with(self, public_key: object) -> bool | None:
        """Return whether a key made the signature, or None if that cannot be told."""
        octets = self.root.children[2].content[1:]
        return signature.verify(public_key, self.signature_algorithm, octets, self.signed.encoded)

    @cached_property
    def _by_name(self) -> dict[str, list[Element]]:
        found: dict[str, list[Element]] = {}
        for element in self.root.all():
            found.setdefault(element.name, []).append(element)
        return found

    def field(self, name: str) -> Element | None:
        """Return the first element with a name."""
        return next(iter(self.fields(name)), None)

    def content(self, name: str) -> bytes:
        """Return the content of the first element with a name, or b""."""
        return next((one.content for one in self.fields(name)), b"")

    def fields(self, name: str) -> list[Element]:
        """Return the elements with a name."""
        return self._by_name.get(name, [])

    @cached_property
    def subject(self) -> list[tuple[str, Element]]:
        """The OID and the value of each attribute of the subject."""
        return _attributes(self.field("subject"))

    @property
    def common_name(self) -> str:
        """The CN (the last of several), or ""."""
        found = [values.string(value) for oid, value in self.subject if oid == COMMON_NAME]
        return found[-1] if found else ""

    @cached_property
    def extensions(self) -> dict[str, Element]:
        """The extensions by their OIDs, the first of each kind."""
        return {one.children[0].oid: one for one in reversed(self.fields("Extension"))}

    @cached_property
    def names(self) -> list[Name]:
        """The subject alternative names; without those that cannot be read."""
        found = self.extensions.get(ALTERNATIVE_NAMES)
        sequence = found.children[-1].children if found else []
        return [name for one in sequence for name in _general_names(one)]

    @cached_property
    def faults(self) -> list[str]:
        """What is wrong with the extensions, so that programs read them differently, or not."""
        return list(dict.fromkeys(_extension_faults(self)))


@dataclass(frozen=True, eq=False)
class Request(Signed):
    """A certificate signing request."""

    @cached_property
    def is_signature_valid(self) -> bool | None:
        """Whether its own key made the signature, or None if that cannot be told."""
        return self.verified_with(self.public_key)

    @property
    def attributes(self) -> list[str]:
        """The OIDs of the attributes, except the one for extensions."""
        oids = [one.children[0].oid for one in self.fields("Attribute")]
        return [oid for oid in oids if oid != EXTENSION_REQUEST]


@dataclass(frozen=True, eq=False)
class Certificate(Signed):
    """A certificate."""

    @cached_property
    def issuer(self) -> list[tuple[str, Element]]:
        """The OID and the value of each attribute of the issuer."""
        return _attributes(self.field("issuer"))

    @property
    def is_ca(self) -> bool:
        """Whether it is a CA's. One of version 1 cannot say so, but a root signs itself."""
        if self.field("version") is None:
            return self.names_itself_as_issuer
        return self.content("cA") not in (b"", b"\0")

    @property
    def names_itself_as_issuer(self) -> bool:
        """Whether its issuer has the name of its subject."""
        return self.encoded("issuer") == self.encoded("subject")

    def encoded(self, field: str) -> bytes:
        """Return the subject or the issuer in DER."""
        return next((one.encoded for one in self.fields(field)), b"")

    def time(self, field: str) -> tuple[datetime | None, str]:
        """Return notBefore or notAfter, and its text; None for what is not a time."""
        found = self.field(field)
        return (values.time(found), values.string(found)) if found else (None, "")


def _attributes(name: Element | None) -> list[tuple[str, Element]]:
    """Return the OID and the value of each attribute of a Name."""
    elements = name.all() if name else ()
    pairs = (one.children for one in elements if one.name == "AttributeTypeAndValue")
    return [(oid.oid, value) for oid, value in pairs]


def _general_names(sequence: Element) -> Iterator[Name]:
    for one in sequence.children:
        if one.tag == "[7]":
            if len(one.content) in (4, 16):
                yield Name("IP", ipaddress.ip_address(one.content))
        elif one.tag in _KINDS:
            yield Name(_KINDS[one.tag], values.string(one))
        else:
            yield Name(one.name or "a name of another type", "")


def _extension_faults(item: Signed) -> Iterator[str]:
    """Yield why programs could refuse the extensions, as Go's crypto/x509 does."""
    for attribute in item.fields("Attribute"):
        oid, content = attribute.children
        held = [one.name for one in content.children]
        if oid.oid == EXTENSION_REQUEST and held not in ([], ["Extensions"]):
            yield "its extensionRequest does not hold one list of extensions"
    seen = set()
    for extension in item.fields("Extension"):
        oid, *critical, _ = extension.children
        if not oid.oid:
            yield "an OID is damaged"
        if oid.oid in seen:
            yield f"it has the extension {grammar.words(oid.oid)} twice"
        if any(one.content not in (b"\0", b"\xff") for one in critical):
            yield "the critical field of an extension is neither TRUE nor FALSE"
        seen.add(oid.oid)
    names = item.extensions.get(ALTERNATIVE_NAMES)
    if names is None:
        return
    lists = names.children[-1].children
    if [one.tag for one in lists] != ["SEQUENCE"]:
        yield "its subject alternative name is not a list of names"
    for one in lists[0].children if lists else ():
        if one.tag == "[7]" and len(one.content) not in (4, 16):
            yield f"it has an IP address of {len(one.content)} bytes"
