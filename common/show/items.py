"""What a key, a request and a certificate say, read from the elements that grammar has named.

Requests and certificates are read from their DER. A library would refuse what is odd about them,
and then it could not be shown.
"""

import contextlib
import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from common import der, names
from common.der import Element
from common.labels import EC
from common.show import loading, secrecy, signature, values
from common.show.parts import Part
from common.show.values import Name

from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

COMMON_NAME = "2.5.4.3"
ALTERNATIVE_NAMES = "2.5.29.17"
EXTENSION_REQUEST = "1.2.840.113549.1.9.14"  # RFC 2985 section 5.4.2

_NO_TEXT = ("UniversalString", "VisibleString")  # to Go: parseField, encoding/asn1/asn1.go


@dataclass(eq=False)
class Item:
    """A key, a request or a certificate."""

    part: Part
    spki: bytes  # the public key as it is encoded (DER of a SubjectPublicKeyInfo, RFC 5280)

    @cached_property
    def public_key(self) -> PublicKeyTypes | None:
        """The public key, or None if it cannot be read here."""
        return loading.public_key(self.spki)

    @property
    def is_public_certain(self) -> bool:
        """Whether it is certain that its public key does not hold a private number, such as d."""
        return secrecy.is_certain(self.spki)

    @property
    def root(self) -> Element:
        """The element that holds all others. In an encrypted key, these say how it is encrypted."""
        return self.part.document.root

    @property
    def where(self) -> str:
        """The file, and which part of it this is."""
        return self.part.where

    @cached_property
    def canonical_spki(self) -> bytes:
        """The SubjectPublicKeyInfo in its usual encoding: the same for the same public key."""
        if self.public_key is None:
            return self.spki
        return self.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the public key as OpenSSL writes it, in hexadecimal."""
        return hashlib.sha256(self.spki).hexdigest()

    @cached_property
    def key_identifier(self) -> list[Element]:
        """The elements of the AlgorithmIdentifier of the key: an OID and its parameters."""
        return der.read(self.spki)[0].children[0].children

    @property
    def key_algorithm(self) -> str:
        """The OID of the kind of key."""
        return self.key_identifier[0].oid


@dataclass(eq=False)
class Key(Item):
    """A private key or a public key."""

    is_private: bool
    numbers_agree: bool | None  # None if that cannot be checked, or for a public key

    @property
    def is_public_certain(self) -> bool:
        """The same, but its numbers have to agree, unless it is an EC key: a point is public."""
        is_checked = self.numbers_agree or not self.is_private or self.key_algorithm == EC
        return is_checked and super().is_public_certain


class Signed(Item):
    """A request or a certificate."""

    @property
    def signed(self) -> Element:
        """What is signed: certificationRequestInfo or tbsCertificate."""
        return self.root.children[0]

    @property
    def algorithm(self) -> str:
        """The OID of the algorithm of the signature."""
        return self.root.children[1].children[0].oid

    @property
    def signature(self) -> Element:
        """The BIT STRING with the signature."""
        return self.root.children[2]

    def verified_with(self, public_key: object) -> bool | None:
        """Return whether a key made the signature, or None if that cannot be checked."""
        bits, algorithm = self.signature.content, self.root.children[1]
        is_valid = signature.verify(public_key, algorithm, bits[1:], self.signed.encoded)
        return is_valid and bits.startswith(b"\0")  # the number of unused bits

    @cached_property
    def _by_name(self) -> dict[str, list[Element]]:
        elements: dict[str, list[Element]] = {}
        for element in self.root.all():
            elements.setdefault(element.name, []).append(element)
        return elements

    def content(self, name: str) -> bytes:
        """Return the content of the first element with a name, or b""."""
        return next((element.content for element in self.fields(name)), b"")

    def fields(self, name: str) -> list[Element]:
        """Return the elements with a name."""
        return self._by_name.get(name, [])

    @cached_property
    def subject(self) -> list[tuple[Element, Element]]:
        """The kind (an OID) and the value of each attribute of the subject."""
        return _attributes(self.fields("subject")[0])

    @property
    def common_name(self) -> str:
        """The CN (the last of several), or ""."""
        cns = [value for kind, value in self.subject if kind.oid == COMMON_NAME]
        texts = [cn for cn in cns if cn.type.endswith("String") and cn.type not in _NO_TEXT]
        return values.string(texts[-1]) if texts else ""

    @cached_property
    def extensions(self) -> dict[str, Element]:
        """The extensions by their OIDs, the first of each kind."""
        extensions = reversed(self.fields("Extension"))
        return {extension.children[0].oid: extension for extension in extensions}

    @property
    def name_lists(self) -> list[Element]:
        """What the subject alternative name holds: usually one list of names."""
        extension = self.extensions.get(ALTERNATIVE_NAMES)
        return extension.children[-1].children if extension else []

    @cached_property
    def names(self) -> list[Name]:
        """The subject alternative names; without those that cannot be read."""
        elements = (element for one in self.name_lists for element in one.children)
        return list(filter(None, map(values.general_name, elements)))

    @cached_property
    def lower_names(self) -> list[Name]:
        """The names in lower case, each once."""
        return list(dict.fromkeys(name.lower() for name in self.names))


class Request(Signed):
    """A certificate signing request."""

    @cached_property
    def is_signature_valid(self) -> bool | None:
        """Whether its own key made the signature, or None if that cannot be checked."""
        return self.verified_with(self.public_key)

    @cached_property
    def asked_names(self) -> list[Name]:
        """The names in lower case, each once, and the CN if a CA counts it as a name.

        See FromCSR, identifier/identifier.go.
        """
        cn = Name("DNS", self.common_name).lower()
        with contextlib.suppress(names.InvalidName):
            names.check_domain_name(str(cn.value))
            return list(dict.fromkeys([*self.lower_names, cn]))
        return self.lower_names

    @property
    def attributes(self) -> list[str]:
        """The OIDs of the attributes, except the one for extensions."""
        oids = [attribute.children[0].oid for attribute in self.fields("Attribute")]
        return [oid for oid in oids if oid != EXTENSION_REQUEST]


class Certificate(Signed):
    """A certificate."""

    @cached_property
    def issuer(self) -> list[tuple[Element, Element]]:
        """The kind (an OID) and the value of each attribute of the issuer."""
        return _attributes(self.fields("issuer")[0])

    @property
    def is_ca(self) -> bool:
        """Whether it is a CA's. One of version 1 cannot say so, but a root is its own issuer."""
        if not self.fields("version"):
            return self.names_itself_as_issuer
        return any(self.content("cA"))

    @property
    def names_itself_as_issuer(self) -> bool:
        """Whether its issuer has the name of its subject."""
        return self.folded("issuer") == self.folded("subject")

    @cached_property
    def is_self_signed(self) -> bool | None:
        """Whether its own key signed it as its issuer, or None if that cannot be checked."""
        return self.names_itself_as_issuer and self.verified_with(self.public_key)

    def folded(self, field: str) -> tuple[frozenset[tuple[bytes, str]], ...]:
        """Return the subject or the issuer in a form that is the same for equal names."""
        parts = map(_attributes, self.fields(field)[0].children)
        return tuple(frozenset(map(_folded, part)) for part in parts)

    def time(self, field: str) -> tuple[datetime | None, str]:
        """Return notBefore or notAfter, and its text; None for what is not a time."""
        element = self.fields(field)[0]
        return values.time(element), values.string(element)


def _attributes(name: Element) -> list[tuple[Element, Element]]:
    """Return the kind and the value of each attribute of a Name."""
    pairs = (part.children for part in name.all() if part.name == "AttributeTypeAndValue")
    return [(kind, value) for kind, value in pairs]


def _folded(attribute: tuple[Element, Element]) -> tuple[bytes, str]:
    """Return an attribute, ignoring case, extra blanks and string type: RFC 5280 section 7.1."""
    kind, value = attribute
    return kind.content, " ".join(values.string(value).casefold().split())
