"""What a request or a certificate says, in words: its subject, names, extensions, attributes.

Most of it is read from the DER, by the names that grammar has given to its elements.
"""

import ipaddress
import re
from collections.abc import Callable

from common.show import grammar
from common.show.der import Element

from cryptography import x509
from cryptography.x509.oid import NameOID

TLS_FEATURE, _ALTERNATIVE_NAMES = "1.3.6.1.5.5.7.1.24", "2.5.29.17"
_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"  # RFC 2985 section 5.4.2

# The tags of a GeneralName, RFC 5280 section 4.2.1.6.
_KINDS = {"[1]": "email", "[2]": "DNS", "[6]": "URI"}

# TLS extensions that a certificate can ask for, RFC 7633.
_FEATURES = {"5": "status_request (must-staple)", "17": "status_request_v2"}

# What a page says of an extension besides its name, by the names of the elements in it.
_VALUES: dict[str, Callable[[Element], str]] = {
    "BasicConstraints": lambda it: "" if it.content else "not a CA",
    "cA": lambda it: "a CA" if it.content == b"\xff" else "not a CA",
    "pathLenConstraint": lambda it: f"path length {_number(it)}",
    "KeyUsage": lambda it: grammar.key_usages(it.content),
    "KeyPurposeId": lambda it: grammar.words(it.oid),
    "policyIdentifier": lambda it: grammar.words(it.oid),
    "Feature": lambda it: _FEATURES.get(_number(it), _number(it)),
    "SubjectKeyIdentifier": lambda it: it.content.hex(),
    "keyIdentifier": lambda it: it.content.hex(),
    "SubjectAltName": lambda it: "" if it.content else "empty",
}


def subject(name: x509.Name) -> list[str]:
    """Return the attributes of a subject or an issuer, such as "CN=example.com"."""
    found = []
    for one in name:
        value = one.value if isinstance(one.value, str) else one.value.hex()
        found.append(f"{grammar.words(one.oid.dotted_string)}={plain(value)}")
    return found


def common_name(csr: x509.CertificateSigningRequest) -> str:
    """Return the CN of a request (the last of several), or an empty string."""
    found = csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[-1].value) if found else ""


def algorithm(signed: x509.CertificateSigningRequest | x509.Certificate) -> str:
    """Return the name of the algorithm of a signature, such as "RSA with SHA-256"."""
    return grammar.words(signed.signature_algorithm_oid.dotted_string)


def extensions(root: Element) -> dict[str, Element]:
    """Return the extensions of a request or a certificate by their OIDs.

    Raises ValueError if they are damaged, or if there are two of a kind.
    """
    found: dict[str, Element] = {}
    for oid, values in (one.children for one in root.all() if one.name == "Attribute"):
        named = [value.name for value in values.children]
        if oid.oid == _EXTENSION_REQUEST and named != ["Extensions"]:
            raise ValueError
    for extension in (one for one in root.all() if one.name == "Extension"):
        oid, *critical, _ = extension.children
        is_boolean = all(one.content in (b"\0", b"\xff") for one in critical)
        if not is_boolean or oid.oid in ("", *found):
            raise ValueError
        found[oid.oid] = extension
    return found


def names(root: Element) -> list[str]:
    """Return the subjectAltNames, such as "DNS:example.com". Raises ValueError."""
    extension = extensions(root).get(_ALTERNATIVE_NAMES)
    if extension is None:
        return []
    (sequence,) = extension.children[-1].children
    if sequence.tag != "SEQUENCE":
        raise ValueError
    return [_general_name(element) for element in sequence.children]


def attributes(root: Element) -> list[str]:
    """Return the names of the attributes of a request, except the one for extensions."""
    oids = [one.children[0].oid for one in root.all() if one.name == "Attribute"]
    return [grammar.words(oid) for oid in oids if oid != _EXTENSION_REQUEST]


def extension_words(root: Element) -> list[str]:
    """Return a line for each extension, except for a SAN that has names."""
    lines = []
    for oid, extension in extensions(root).items():
        *before, octets = extension.children
        critical = " (critical)" if before[-1].content == b"\xff" else ""
        elements = [one for child in octets.children for one in child.all() if one.name in _VALUES]
        words = ", ".join(filter(None, (_VALUES[one.name](one) for one in elements)))
        if words or oid != _ALTERNATIVE_NAMES:
            lines.append(f"{grammar.words(oid)}{critical}{': ' if words else ''}{words}")
    return lines


def field(root: Element, name: str) -> bytes | None:
    """Return the content of the first field with a name, or None."""
    return next((element.content for element in root.all() if element.name == name), None)


def plain(text: str) -> str:
    """Return text, in quotes if it could be taken for several values, or for something else."""
    is_plain = re.fullmatch(r"[^\s,;=\"'\\]([^,;=\"\\]*[^\s,;=\"\\])?", text)
    return text if is_plain and text.isprintable() else repr(text)


def _number(element: Element) -> str:
    return str(int.from_bytes(element.content, "big"))


def _general_name(name: Element) -> str:
    if name.tag == "[7]":
        return f"IP:{ipaddress.ip_address(name.content)}"
    if name.tag in _KINDS:
        return f"{_KINDS[name.tag]}:{name.content.decode('latin-1')}"
    return name.name or "a name of another type"
