"""A page about each key, request and certificate.

Only public values are shown: nothing about a private key that its public key does not reveal.
"""

import hashlib
import os
import stat
from datetime import datetime, timedelta, timezone

from common import jwk, keys, pem
from common.show import contents, der, grammar, match, verdict
from common.show.read import PRIVATE_KEY, Item

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

# A label, and a value; a list of values is wrapped.
Row = tuple[str, str | list[str]]

_NUMBERS = {True: "agree", False: "do NOT agree", None: "not checked (too large)"}
_SIGNATURE = {True: "valid", False: "NOT VALID", None: "which no CA accepts"}


def page(item: Item, account_key: Item | None) -> list[Row]:
    """Return the rows of the page about an item. account_key: None if unknown."""
    if isinstance(item.value, x509.Certificate):
        rows = _certificate(item, item.value)
    elif isinstance(item.value, x509.CertificateSigningRequest):
        rows = _request(item, item.value, account_key)
    else:
        rows = _key(item)
    return [(label, value) for label, value in rows if value]


def _key(item: Item) -> list[Row]:
    encryption = mode = numbers = ""
    if item.kind == PRIVATE_KEY:
        encryption = _encryption(item) if item.is_encrypted else "none"
        numbers = _NUMBERS[item.is_sound]
        if os.name == "posix":
            bits = stat.S_IMODE(os.stat(item.path).st_mode)
            others = ", other users can read it" if bits & (stat.S_IRGRP | stat.S_IROTH) else ""
            mode = f"{bits:04o}{others}"
    found = jwk.thumbprint(item.public_key)
    return [
        ("kind", _kind(item)),
        ("format", f"{item.format} {f'PEM ({item.label})' if item.text else 'DER'}"),
        ("encryption", encryption),
        ("file mode", mode),
        ("numbers", numbers),
        ("public key", f"SHA-256 {item.sha256}"),
        ("thumbprint", f"{found} (JWK, RFC 7638)" if found else ""),
        ("Let's Encrypt", verdict.of_key(item)),
    ]


def _kind(item: Item) -> str:
    """Return the kind and size of a key, such as "RSA, 4096 bits" or "ECDSA, P-256"."""
    name, bits, _ = keys.properties(item.public_key)
    if isinstance(item.public_key, ec.EllipticCurvePublicKey):
        return f"ECDSA, {name}"
    return f"RSA, {bits} bits" if name == "RSA" else name


def _encryption(item: Item) -> str:
    """Return how a key is encrypted: RFC 8018 (PKCS#5), scrypt of RFC 7914 or the older RFC 1421.

    An example: "PBES2, PBKDF2, 2048 iterations, HMAC-SHA256, AES-256-CBC".
    """
    if item.label != pem.ENCRYPTED:
        return "OpenSSL's older form, with MD5 (RFC 1421)"
    root = der.parse(item.der)
    grammar.recognize(root)
    words = []
    for element in root.all():
        if element.type == "OID":
            words.append(grammar.words(element.oid))
        elif element.name == "iterationCount":
            words.append(f"{int.from_bytes(element.content, 'big')} iterations")
    return ", ".join(words)


def _request(
    item: Item, csr: x509.CertificateSigningRequest, account_key: Item | None
) -> list[Row]:
    names, cn = contents.names(item.root), contents.common_name(csr)
    shown = [contents.plain(name) for name in names]
    if cn and cn.lower() not in [name.partition(":")[2].lower() for name in names]:
        told = f"the CN {contents.plain(cn)}"
        shown.append(f"and {told}, which is not in the SAN" if names else f"none, only {told}")
    return [
        ("subject", contents.subject(csr.subject) or "empty"),
        ("names", shown or "none"),
        *_key_and_extensions(item),
        ("attributes", contents.attributes(item.root)),
        ("signature", f"{contents.algorithm(csr)}, {_SIGNATURE[item.is_sound]}"),
        ("Let's Encrypt", verdict.of_request(item, csr, account_key)),
    ]


def _certificate(item: Item, certificate: x509.Certificate) -> list[Row]:
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    unknown = "not checked" if certificate.subject == certificate.issuer else "no"
    return [
        ("subject", contents.subject(certificate.subject) or "empty"),
        ("issuer", contents.subject(certificate.issuer) or "empty"),
        ("self-signed", {True: "yes", False: "no", None: unknown}[match.issued_by(item, item)]),
        ("CA", "no" if match.is_end_entity(item) else "yes"),
        ("names", [contents.plain(name) for name in contents.names(item.root)] or "none"),
        ("valid from", f"{first:%Y-%m-%d %H:%M:%S} UTC"),
        ("valid until", f"{last:%Y-%m-%d %H:%M:%S} UTC, {_time_left(first, last)}"),
        *_key_and_extensions(item),
        ("signature", contents.algorithm(certificate)),
        ("serial number", f"{certificate.serial_number:x}"),
        ("fingerprint", f"SHA-256 {hashlib.sha256(item.der).hexdigest()}"),
    ]


def _key_and_extensions(item: Item) -> list[Row]:
    lines = contents.extension_words(item.root)
    return [
        ("key", _kind(item)),
        ("public key", f"SHA-256 {item.sha256}"),
        *(("" if number else "extensions", line) for number, line in enumerate(lines)),
    ]


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
