"""What a request or certificate says: names, extensions, attributes and signature, in words."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from common.show import der, grammar
from common.show.read import ERRORS, Item, Signed

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID

Extension = TypeVar("Extension", bound=x509.ExtensionType)

# What is told of an extension besides its name.
_VALUES: dict[type, Callable[[Any], list[str]]] = {
    x509.AuthorityKeyIdentifier: lambda value: [(value.key_identifier or b"").hex()],
    x509.BasicConstraints: lambda value: [
        "a CA" if value.ca else "not a CA",
        *([] if value.path_length is None else [f"path length {value.path_length}"]),
    ],
    x509.CertificatePolicies: lambda value: [_words(one.policy_identifier) for one in value],
    x509.ExtendedKeyUsage: lambda value: [_words(oid) for oid in value],
    x509.KeyUsage: lambda value: [grammar.key_usages(der.parse(value.public_bytes()).content)],
    x509.PrecertificateSignedCertificateTimestamps: lambda value: [f"from {len(list(value))} logs"],
    x509.SubjectAlternativeName: lambda value: [] if list(value) else ["empty"],
    x509.SubjectKeyIdentifier: lambda value: [value.digest.hex()],
    x509.TLSFeature: lambda value: [
        f"{one.name} (must-staple)" if one is x509.TLSFeatureType.status_request else one.name
        for one in value
    ],
}

_GENERAL_NAMES: dict[type, str] = {
    x509.DNSName: "DNS",
    x509.IPAddress: "IP",
    x509.RFC822Name: "email",
    x509.UniformResourceIdentifier: "URI",
}


def subject(name: x509.Name) -> list[str]:
    """Return the attributes of a name, such as "CN=example.com"."""
    values = [one.value if isinstance(one.value, str) else one.value.hex() for one in name]
    return [f"{_words(one.oid)}={plain(value)}" for one, value in zip(name, values, strict=True)]


def common_name(csr: x509.CertificateSigningRequest) -> str:
    """Return the CN of a request (the last of several), or an empty string."""
    found = csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[-1].value) if found else ""


def names(signed: Signed) -> list[str]:
    """Return the subjectAltNames with their kinds: "DNS:a.com". Raises one of ERRORS."""
    return [
        _general_name(name)
        for extension in signed.extensions
        if isinstance(extension.value, x509.SubjectAlternativeName)
        for name in extension.value
    ]


def extensions(signed: Signed) -> list[str]:
    """Return a line for each extension, but for the names. Raises one of ERRORS."""
    lines = []
    for extension in signed.extensions:
        value = ", ".join(_VALUES.get(type(extension.value), lambda _: [])(extension.value))
        if value or not isinstance(extension.value, x509.SubjectAlternativeName):
            critical = " (critical)" if extension.critical else ""
            lines.append(f"{_words(extension.oid)}{critical}{': ' if value else ''}{value}")
    return lines


def attributes(csr: x509.CertificateSigningRequest) -> list[tuple[str, list[der.Element]]]:
    """Return the attributes of a request: the OID, and the values. Raises one of ERRORS."""
    fields = der.parse(csr.tbs_certrequest_bytes).children[3:]  # RFC 2986 section 4.1
    pairs = [attribute.children for field in fields for attribute in field.children]
    return [(oid.oid, values.children) for oid, values in pairs]


def is_ca(certificate: x509.Certificate) -> bool:
    """Return whether a certificate is a CA's (RFC 5280 section 4.2.1.9)."""
    constraints = _extension(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def algorithm(signed: Signed) -> str:
    """Return the name of the algorithm of a signature, such as "RSA with SHA-256"."""
    return _words(signed.signature_algorithm_oid)


def is_outdated(signed: Signed) -> bool:
    """Return whether the hash is one in which collisions were found: MD5 or SHA-1.

    cryptography takes no such signature for valid, so nothing here says whether one verifies.
    """
    return algorithm(signed).endswith(("MD5", "SHA-1"))


def verifies(csr: x509.CertificateSigningRequest) -> bool | None:
    """Return whether the signature of a request is its key's, or None if nobody knows here."""
    try:
        return None if is_outdated(csr) else csr.is_signature_valid
    except ERRORS:
        return None


def issued_by(item: Item, issuer: Item) -> bool | None:
    """Return whether the key of issuer signed a certificate; the two may be the same.

    None if the certificate names another issuer: by its name, or by the identifier of its key where
    there is one (RFC 5280 sections 4.1.2.4 and 4.2.1.1). None, too, if nobody knows here.
    """
    certificate, other = item.value, issuer.value
    if not (isinstance(certificate, x509.Certificate) and isinstance(other, x509.Certificate)):
        return None
    named = _extension(certificate, x509.AuthorityKeyIdentifier)
    own = _extension(other, x509.SubjectKeyIdentifier)
    if named and named.key_identifier and named.key_identifier != (own and own.digest):
        return None
    try:
        certificate.verify_directly_issued_by(other)
    except InvalidSignature:
        return False
    except ERRORS:
        return None
    return True


def plain(text: str) -> str:
    """Return text, in quotes if it could be taken for several values, or for something else."""
    is_plain = re.fullmatch(r"[^\s,;=\"'\\]([^,;=\"\\]*[^\s,;=\"\\])?", text)
    return text if is_plain and text.isprintable() else repr(text)


def _extension(certificate: x509.Certificate, kind: type[Extension]) -> Extension | None:
    """Return the value of an extension, or None if there is none or it cannot be read."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, *ERRORS):
        return None


def _words(oid: x509.ObjectIdentifier) -> str:
    return grammar.words(oid.dotted_string)


def _general_name(name: x509.GeneralName) -> str:
    if isinstance(name, x509.DirectoryName):
        return f"directory:{plain(', '.join(subject(name.value)))}"
    if type(name) not in _GENERAL_NAMES:
        return "a name of another type"
    return f"{_GENERAL_NAMES[type(name)]}:{plain(str(name.value))}"
