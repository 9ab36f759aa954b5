"""A page about each key, request and certificate.

Only public values are shown: nothing about a private key that its public key does not reveal.
"""

import hashlib
import re
import stat
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from common import goodkey, jwk
from common.der import Element
from common.show import grammar, signature, values, verdict
from common.show.files import DOCUMENTS
from common.show.items import (
    ALTERNATIVE_NAMES,
    Certificate,
    Item,
    Key,
    Request,
    Signed,
)

from cryptography.hazmat.primitives.asymmetric import ec

# A label, and a value; a list of values is wrapped.
Row = tuple[str, str | list[str]]

_VALIDITY = {True: "valid", False: "not valid", None: "not checked (of an unknown kind)"}

_NUMBERS = {True: "agree", False: "do not agree", None: "not checked (of an unusual kind)"}

_FORMATS = {
    "OneAsymmetricKey": "PKCS#8",
    "EncryptedPrivateKeyInfo": "PKCS#8",
    "ECPrivateKey": "SEC 1",
    "RSAPrivateKey": "PKCS#1",
    "RSAPublicKey": "PKCS#1",
    "DSAPrivateKey": "OpenSSL",
}

# TLS extensions that a certificate can ask for: RFC 7633.
_FEATURES = {5: "status_request (must-staple)", 17: "status_request_v2"}

# What a page says of an extension besides its name, by the names of the elements in it.
_EXTENSIONS: dict[str, Callable[[Element], str]] = {
    "BasicConstraints": lambda it: "" if it.content else "not a CA",
    "cA": lambda it: "not a CA" if it.content == b"\0" else "a CA",
    "pathLenConstraint": lambda it: f"path length {values.number(it)}",
    "KeyUsage": lambda it: ", ".join(values.key_usages(it)),
    "KeyPurposeId": lambda it: grammar.words(it.oid),
    "policyIdentifier": lambda it: grammar.words(it.oid),
    "Feature": lambda it: _FEATURES.get(values.number(it), str(values.number(it))),
    "SubjectKeyIdentifier": lambda it: it.content.hex(),
    "keyIdentifier": lambda it: it.content.hex(),
    "SubjectAltName": lambda it: "" if it.content else "empty",
}


def kind(item: Item) -> str:
    """Return what an item is."""
    if isinstance(item, Key):
        return "private key" if item.is_private else "public key"
    return "certificate signing request (CSR)" if isinstance(item, Request) else "certificate"


def page(item: Item, account_key: Item | None) -> list[Row]:
    """Return the rows of the page about an item. account_key: None if unknown."""
    rows: list[Row] = []
    if isinstance(item, Key):
        rows = _key(item)
    elif isinstance(item, Request):
        rows = _request(item, account_key)
    elif isinstance(item, Certificate):
        rows = _certificate(item)
    return [(label, value) for label, value in rows if value]


def _key(key: Key) -> list[Row]:
    block, found = key.part.block, jwk.thumbprint(key.public_key)
    form = _FORMATS.get(DOCUMENTS[block.label], DOCUMENTS[block.label])
    encryption = mode = numbers = ""
    if key.is_private:
        encryption = _encryption(key) if block.is_encrypted else "none"
        numbers = _NUMBERS[key.numbers_agree]
        mode = _mode(key.part.mode)
    return [
        ("kind", _key_kind(key)),
        ("format", f"{form} {f'PEM ({block.label})' if block.line else 'DER'}"),
        ("encryption", encryption),
        ("file mode", mode),
        ("numbers", numbers),
        ("public key", f"SHA-256 {key.sha256}"),
        ("thumbprint", f"{found} (JWK, RFC 7638)" if found else ""),
        ("Let's Encrypt", verdict.of_key(key)),
    ]


def _key_kind(item: Item) -> str:
    """Return the kind and size of a key, such as "RSA, 4096 bits" or "ECDSA, P-256"."""
    if item.public_key is None:
        return f"{grammar.words(item.key_algorithm) or 'unknown'}, which cannot be read here"
    name, bits, _ = goodkey.properties(item.public_key)
    if isinstance(item.public_key, ec.EllipticCurvePublicKey):
        return f"ECDSA, {name}"
    pss = "-PSS" if item.key_algorithm == signature.RSA_PSS else ""
    return f"RSA{pss}, {bits} bits" if name == "RSA" else name


def _mode(mode: int | None) -> str:
    if mode is None:
        return ""
    is_open = mode & (stat.S_IRGRP | stat.S_IROTH)
    return f"{mode:04o}{', other users can read it' if is_open else ''}"


def _encryption(key: Key) -> str:
    """Return how a key is encrypted: RFC 8018 (PKCS#5), scrypt of RFC 7914 or the older RFC 1421.

    An example: "PBES2, PBKDF2, 2048 iterations, HMAC-SHA256, AES-256-CBC".
    """
    if cipher := re.search(r"DEK-Info: ?([\w-]+)", key.part.block.headers):
        return f"OpenSSL's older form, with MD5 (RFC 1421), {cipher[1]}"
    words = []
    for element in key.root.all():
        if element.type == "OID":
            words.append(grammar.words(element.oid))
        elif element.name == "iterationCount":
            words.append(f"{values.number(element)} iterations")
    return ", ".join(words)


def _request(request: Request, account_key: Item | None) -> list[Row]:
    algorithm = grammar.words(request.signature_algorithm.children[0].oid)
    validity = _VALIDITY[request.is_signature_valid]
    if request.is_signature_valid and not verdict.is_good_signature(request):
        validity += ", but no public CA accepts this algorithm"
    return [
        ("subject", _attributes(request.subject) or "empty"),
        ("names", _names(request)),
        *_key_and_extensions(request),
        ("attributes", [grammar.words(oid) for oid in request.attributes]),
        ("signature", f"{algorithm}, {validity}"),
        ("Let's Encrypt", verdict.of_request(request, account_key)),
    ]


def _certificate(certificate: Certificate) -> list[Row]:
    first, start = certificate.time("notBefore")
    last, end = certificate.time("notAfter")
    (serial,) = certificate.fields("serialNumber")
    is_own = certificate.names_itself_as_issuer and certificate.verified_with(
        certificate.public_key
    )
    left = f", {_time_left(first, last)}" if first and last else ""
    return [
        ("subject", _attributes(certificate.subject) or "empty"),
        ("issuer", _attributes(certificate.issuer) or "empty"),
        ("self-signed", {True: "yes", False: "no", None: "not checked"}[is_own]),
        ("CA", "yes" if certificate.is_ca else "no"),
        ("names", _names(certificate)),
        ("valid from", _time(first, start)),
        ("valid until", _time(last, end) + left),
        *_key_and_extensions(certificate),
        ("signature", grammar.words(certificate.signature_algorithm.children[0].oid)),
        ("serial number", f"{values.number(serial):x}"),
        ("fingerprint", f"SHA-256 {hashlib.sha256(certificate.part.block.der).hexdigest()}"),
    ]


def _attributes(attributes: list[tuple[str, Element]]) -> list[str]:
    """Return the attributes of a subject or an issuer, such as "CN=example.com"."""
    found = []
    for oid, value in attributes:
        text = values.string(value) if value.type.endswith("String") else value.content.hex()
        found.append(f"{grammar.words(oid)}={_plain(text)}")
    return found


def _names(item: Signed) -> list[str] | str:
    """Return the names, and what some clients make of the CN."""
    shown = [_plain(str(name)) for name in item.names]
    cn = item.common_name
    extension = item.extensions.get(ALTERNATIVE_NAMES)
    if not shown and extension and extension.children[-1].content != b"\x30\0":
        return "cannot be read here"
    texts = [(oid, values.string(value)) for oid, value in item.subject]
    if not shown and any(oid == ALTERNATIVE_NAMES or "DNS:" in text for oid, text in texts):
        return "none: the subjectAltName in the subject is only text, which programs ignore"
    is_ca = isinstance(item, Certificate) and item.is_ca
    if cn and not is_ca and cn.lower() not in [str(name.value).lower() for name in item.names]:
        told = f"the CN {_plain(cn)}"
        shown.append(f"and {told}, which is not in the SAN" if shown else f"none, only {told}")
    return shown or "none"


def _key_and_extensions(item: Signed) -> list[Row]:
    lines = _extension_words(item)
    return [
        ("key", _key_kind(item)),
        ("public key", f"SHA-256 {item.sha256}"),
        *(("" if number else "extensions", line) for number, line in enumerate(lines)),
    ]


def _extension_words(item: Signed) -> list[str]:
    """Return a line for each extension, except for a SAN that has names."""
    lines = []
    for extension in item.fields("Extension"):
        oid, *critical, octets = extension.children
        mark = " (critical)" if critical and critical[0].content != b"\0" else ""
        inside = [one for child in octets.children for one in child.all()]
        told = [_EXTENSIONS[one.name](one) for one in inside if one.name in _EXTENSIONS]
        words = ", ".join(filter(None, told))
        if words or oid.oid != ALTERNATIVE_NAMES:
            lines.append(f"{grammar.words(oid.oid)}{mark}{': ' if words else ''}{words}")
    return lines


def _plain(text: str) -> str:
    """Return text, in quotes if it could be taken for several values, or for something else."""
    is_plain = re.fullmatch(r"[^\s,;=\"'\\]([^,;=\"\\]*[^\s,;=\"\\])?", text)
    return text if is_plain and text.isprintable() else repr(text)


def _time(when: datetime | None, text: str) -> str:
    return values.in_utc(when) if when else f"{text!r}, which is not a time"


def _time_left(first: datetime, last: datetime) -> str:
    """Return how long a certificate is still valid, or how long it is not."""
    now = datetime.now(timezone.utc)
    if now < first:
        return f"becomes valid in {_span(first - now)}"
    return f"expired {_span(now - last)} ago" if now > last else f"expires in {_span(last - now)}"


def _span(time: timedelta) -> str:
    for unit, seconds in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if number := round(time.total_seconds() / seconds):
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return "a moment"
