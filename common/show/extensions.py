"""Names, extensions and attributes of requests and certificates, in words."""

import re
from collections.abc import Callable
from typing import Any

from common.show import signatures

from cryptography import x509

# Of extensions (RFC 5280 section 4.2, RFC 6962, RFC 7633), of attributes in a name and in a request
# (RFC 2985 section 5, RFC 4519, and Microsoft's), and of the purposes and policies in extensions.
WORDS = {
    "2.5.29.14": "subject key identifier",
    "2.5.29.15": "key usage",
    "2.5.29.17": "subject alternative name",
    "2.5.29.18": "issuer alternative name",
    "2.5.29.19": "basic constraints",
    "2.5.29.30": "name constraints",
    "2.5.29.31": "CRL distribution points",
    "2.5.29.32": "certificate policies",
    "2.5.29.35": "authority key identifier",
    "2.5.29.36": "policy constraints",
    "2.5.29.37": "extended key usage",
    "1.3.6.1.4.1.11129.2.4.2": "signed certificate timestamps",
    "1.3.6.1.4.1.11129.2.4.3": "precertificate poison",
    "1.3.6.1.4.1.311.20.2": "Microsoft certificate template",
    "1.3.6.1.5.5.7.1.1": "authority information access",
    "1.3.6.1.5.5.7.1.24": "TLS feature",
    "2.16.840.1.113730.1.1": "Netscape certificate type",
    "2.16.840.1.113730.1.13": "Netscape comment",
    "1.2.840.113549.1.9.1": "emailAddress",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.12": "title",
    "2.5.4.15": "businessCategory",
    "2.5.4.42": "GN",
    "1.2.840.113549.1.9.2": "unstructuredName",
    "1.2.840.113549.1.9.7": "challengePassword",
    "1.2.840.113549.1.9.14": "extensionRequest",
    "1.3.6.1.4.1.311.2.1.14": "Microsoft extensionRequest",
    "1.3.6.1.4.1.311.13.2.2": "Microsoft CSP",
    "1.3.6.1.4.1.311.13.2.3": "Microsoft OS version",
    "1.3.6.1.4.1.311.21.20": "Microsoft client info",
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
    "2.5.29.37.0": "any",
    "2.23.140.1.1": "extended validation",
    "2.23.140.1.2.1": "domain validated",
    "2.23.140.1.2.2": "organization validated",
}

# RFC 5280 section 4.2.1.3; encipherOnly and decipherOnly are of no use here.
_KEY_USAGES = {
    "digital_signature": "digitalSignature",
    "content_commitment": "nonRepudiation",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}

# What is told of an extension besides its name.
_VALUES: dict[type, Callable[[Any], list[str]]] = {
    x509.AuthorityKeyIdentifier: lambda value: [(value.key_identifier or b"").hex()],
    x509.BasicConstraints: lambda value: [
        "a CA" if value.ca else "not a CA",
        *([] if value.path_length is None else [f"path length {value.path_length}"]),
    ],
    x509.CertificatePolicies: lambda value: [words(one.policy_identifier) for one in value],
    x509.ExtendedKeyUsage: lambda value: [words(oid) for oid in value],
    x509.KeyUsage: lambda value: [
        word for name, word in _KEY_USAGES.items() if getattr(value, name)
    ],
    x509.PrecertificateSignedCertificateTimestamps: lambda value: [f"of {len(list(value))} logs"],
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


def words(oid: x509.ObjectIdentifier) -> str:
    """Return what an OID stands for, or its numbers."""
    return WORDS.get(oid.dotted_string, oid.dotted_string)


def described(signed: signatures.Signed) -> list[str]:
    """Return a line for each extension, but for the names. Raises one of read.ERRORS."""
    lines = []
    for extension in signed.extensions:
        value = ", ".join(_VALUES.get(type(extension.value), lambda _: [])(extension.value))
        if isinstance(extension.value, x509.SubjectAlternativeName):
            if list(extension.value):
                continue
            value = "empty"
        critical = " (critical)" if extension.critical else ""
        lines.append(f"{words(extension.oid)}{critical}{': ' if value else ''}{value}")
    return lines


def names(signed: signatures.Signed) -> list[str]:
    """Return the subjectAltNames with their kinds: "DNS:a.com". Raises one of read.ERRORS."""
    return [
        _general_name(name)
        for extension in signed.extensions
        if isinstance(extension.value, x509.SubjectAlternativeName)
        for name in extension.value
    ]


def subject(name: x509.Name) -> list[str]:
    """Return the attributes of a name, such as "CN=example.com"."""
    found = []
    for attribute in name:
        word = WORDS.get(attribute.oid.dotted_string, attribute.rfc4514_attribute_name)
        value = attribute.value
        found.append(f"{word}={plain(value if isinstance(value, str) else value.hex())}")
    return found


def plain(text: str) -> str:
    """Return text, in quotes if it could be taken for several values, or for something else."""
    is_plain = re.fullmatch(r"[^\s,;=\"'\\]([^,;=\"\\]*[^\s,;=\"\\])?", text)
    return text if is_plain and text.isprintable() else repr(text)


def _general_name(name: x509.GeneralName) -> str:
    if isinstance(name, x509.DirectoryName):
        return f"directory:{plain(', '.join(subject(name.value)))}"
    if type(name) not in _GENERAL_NAMES:
        return "a name of another kind"
    return f"{_GENERAL_NAMES[type(name)]}:{plain(str(name.value))}"
