"""A page about each key, request and certificate.

Only public values are shown: nothing about a private key that its public key does not reveal.
"""

import hashlib
import re
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from common import files, goodkey, jwk, labels
from common.der import Element
from common.show import display, extensions, grammar, signature, values, verdict
from common.show.items import ALTERNATIVE_NAMES, Certificate, Item, Key, Request, Signed

from cryptography.hazmat.primitives.asymmetric import ec, rsa

_VALIDITY = {True: "valid", False: "not valid", None: "not checked (of an unknown kind)"}
_NUMBERS = {True: "agree", False: "do not agree", None: "not checked (of an unusual kind)"}
_SELF_SIGNED = {True: "yes", False: "no", None: "not checked"}

_FORMATS = {  # by the label of PEM
    "PRIVATE KEY": "PKCS#8",
    labels.ENCRYPTED: "PKCS#8",
    "EC PRIVATE KEY": "SEC 1",
    "RSA PRIVATE KEY": "PKCS#1",
    "DSA PRIVATE KEY": "OpenSSL",
    "RSA PUBLIC KEY": "PKCS#1",
    "PUBLIC KEY": "SubjectPublicKeyInfo",
}


class Row(NamedTuple):
    """A line of a page."""

    label: str
    value: str | list[str]  # a list is wrapped
    is_bad: bool = False  # whether the picture shows it in red
    is_main: bool = False  # whether it is among the main facts, which the picture shows too


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
    return [row for row in rows if row.value]  # what is not known or not there is left out


def _key(key: Key) -> list[Row]:
    block, thumbprint = key.part.block, jwk.thumbprint(key.public_key)
    encoding = f"PEM ({block.label})" if block.line else "DER"
    encryption = _encryption(key) if block.is_encrypted else "none"
    of_private = [
        Row("encryption", encryption, is_main=True),
        Row("file mode", _mode(key.part.mode)),
        Row("numbers", _NUMBERS[key.numbers_agree], key.numbers_agree is False, is_main=True),
    ]
    return [
        Row("kind", _key_kind(key), is_main=True),
        Row("format", f"{_FORMATS[block.label]} {encoding}"),
        *(of_private if key.is_private else ()),
        Row("public key", f"SHA-256 {key.sha256}"),
        Row("thumbprint", f"{thumbprint} (JWK, RFC 7638)" if thumbprint else ""),
        Row("Let's Encrypt", *verdict.of_key(key), is_main=True),
    ]


def _key_kind(item: Item) -> str:
    """Return the kind and size of a key, such as "RSA, 4096 bits" or "ECDSA, P-256"."""
    if item.public_key is None:
        return f"{grammar.words(item.key_algorithm)}, which cannot be read here"
    name = goodkey.kind(item.public_key)
    if isinstance(item.public_key, ec.EllipticCurvePublicKey):
        return f"ECDSA, {name}"
    if isinstance(item.public_key, rsa.RSAPublicKey):
        pss = "-PSS" if item.key_algorithm == signature.RSA_PSS else ""
        return f"RSA{pss}, {item.public_key.key_size} bits"
    return name


def _mode(mode: int | None) -> str:
    if mode is None:
        return ""
    return f"{mode:04o}{', other users can read it' if files.is_open_to_others(mode) else ''}"


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
    algorithm = grammar.words(request.algorithm)
    validity = _VALIDITY[request.is_signature_valid]
    if request.is_signature_valid and not verdict.is_good_signature(request):
        validity += ", but no public CA accepts this algorithm"
    return [
        Row("subject", _attributes(request.subject) or "empty"),
        Row("names", _names(request), is_main=True),
        *_key_and_extensions(request),
        Row("attributes", [grammar.words(oid) for oid in request.attributes]),
        Row("signature", f"{algorithm}, {validity}"),
        Row("Let's Encrypt", *verdict.of_request(request, account_key), is_main=True),
    ]


def _certificate(certificate: Certificate) -> list[Row]:
    first, start = certificate.time("notBefore")
    last, end = certificate.time("notAfter")
    (serial,) = certificate.fields("serialNumber")
    now = datetime.now(timezone.utc)
    left = f", {_time_left(now, first, last)}" if first and last else ""
    is_out_of_date = first and last and not first <= now <= last
    return [
        Row("subject", _attributes(certificate.subject) or "empty"),
        Row("issuer", _attributes(certificate.issuer) or "empty", is_main=True),
        Row("self-signed", _SELF_SIGNED[certificate.is_self_signed]),
        Row("CA", "yes" if certificate.is_ca else "no", is_main=True),
        Row("names", _names(certificate), is_main=True),
        Row("valid from", _time(first, start)),
        Row("valid until", f"{_time(last, end)}{left}", is_bad=bool(is_out_of_date), is_main=True),
        *_key_and_extensions(certificate),
        Row("signature", grammar.words(certificate.algorithm)),
        Row("serial number", f"{values.number(serial):x}"),
        Row("fingerprint", f"SHA-256 {hashlib.sha256(certificate.part.block.content).hexdigest()}"),
    ]


def _attributes(attributes: list[tuple[Element, Element]]) -> list[str]:
    """Return the attributes of a subject or an issuer, such as "CN=example.com"."""
    found = []
    for oid, value in attributes:
        text = values.string(value) if value.type.endswith("String") else value.content.hex()
        found.append(f"{grammar.words(oid.oid)}={_plain(text)}")
    return found


def _names(item: Signed) -> list[str] | str:
    """Return the names, and what some clients make of the CN."""
    cn = _other_cn(item)
    if item.names:
        names = [_plain(str(name)) for name in item.names]
        return [*names, f"and the CN {cn}, which is not in the SAN"] if cn else names
    san = item.extensions.get(ALTERNATIVE_NAMES)
    if san and san.children[-1].content != b"\x30\0":
        return "cannot be read here"
    if any(k.oid == ALTERNATIVE_NAMES or "DNS:" in values.string(v) for k, v in item.subject):
        return "none: the subjectAltName in the subject is only text, which programs ignore"
    return [f"none, only the CN {cn}"] if cn else "none"


def _other_cn(item: Signed) -> str | None:
    """Return the CN if it is not among the names, or None. That of a CA is not for a server."""
    cn = item.common_name
    is_ca = isinstance(item, Certificate) and item.is_ca
    if not cn or is_ca or cn.lower() in [str(name.value).lower() for name in item.names]:
        return None
    return _plain(cn)


def _key_and_extensions(item: Signed) -> list[Row]:
    lines = enumerate(extensions.in_words(item))
    return [
        Row("key", _key_kind(item)),
        Row("public key", f"SHA-256 {item.sha256}"),
        *(Row("" if number else "extensions", line) for number, line in lines),
    ]


def _plain(text: str) -> str:
    """Return text, in quotes if it could be taken for several values, or for something else."""
    is_plain = re.fullmatch(r"[^\s,;=\"'\\]([^,;=\"\\]*[^\s,;=\"\\])?", text)
    return text if is_plain and text.isprintable() else repr(text)


def _time(when: datetime | None, text: str) -> str:
    return display.in_utc(when) if when else f"{text!r}, which cannot be read as a time"


def _time_left(now: datetime, first: datetime, last: datetime) -> str:
    """Return when a certificate becomes valid or expires, or how long ago it expired."""
    if now < first:
        return f"becomes valid in {_span(first - now)}"
    if now > last:
        return f"expired {_span(now - last)} ago"
    return f"expires in {_span(last - now)}"


def _span(time: timedelta) -> str:
    """Return a time in the largest unit of which it has at least two, such as "47 hours"."""
    for unit, seconds in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        number = int(time.total_seconds()) // seconds
        if number >= 2:
            return f"{number} {unit}s"
    return "a moment"
