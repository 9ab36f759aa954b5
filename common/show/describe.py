"""A page about each key, request and certificate.

Public values alone: of a private key nothing is told that its public key does not tell.
"""

import base64
import hashlib
import json
import os
import stat
from datetime import datetime, timedelta, timezone

from common import keys, pem
from common.show import extensions, pbes, read, signatures, verdict
from common.show.read import Item

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# A label, and a value. Several values go on a line, as many as there is room for.
Row = tuple[str, str | list[str]]

_FORMATS = {
    "RSA PRIVATE KEY": "PKCS#1",
    "RSA PUBLIC KEY": "PKCS#1",
    "EC PRIVATE KEY": "SEC 1",
    "PRIVATE KEY": "PKCS#8",
    "ENCRYPTED PRIVATE KEY": "PKCS#8",
    "PUBLIC KEY": "SubjectPublicKeyInfo",
}


def page(item: Item, account_key: Item | None) -> tuple[list[Row], list[str]]:
    """Return the rows of the page about an item, and what is wrong with it, if anything."""
    if isinstance(item.value, x509.Certificate):
        return _certificate(item, item.value)
    if isinstance(item.value, x509.CertificateSigningRequest):
        return _request(item, item.value, account_key)
    rows: list[Row] = [("kind", kind(item)), *_key_file(item)]
    faults = []
    if item.is_private:
        numbers = _numbers(item.value)
        rows.append(("numbers", numbers))
        if numbers.startswith("do NOT"):
            faults.append("its numbers do not agree; restore a copy of the key")
    rows += [("public key", f"SHA-256 {item.sha256}"), *_thumbprint(item)]
    return [*rows, ("Let's Encrypt", verdict.of_key(item))], faults


def kind(item: Item) -> str:
    """Return the kind and size of a key, such as "RSA, 4096 bits" or "ECDSA, P-256"."""
    public_key = item.public_key
    if isinstance(public_key, rsa.RSAPublicKey):
        name = "RSA-PSS" if verdict.is_pss(item) else "RSA"
        exponent = public_key.public_numbers().e
        if exponent == 65537:
            return f"{name}, {public_key.key_size} bits"
        shown = str(exponent) if exponent < 1 << 64 else f"of {exponent.bit_length()} bits"
        return f"{name}, {public_key.key_size} bits, exponent {shown}"
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return f"ECDSA, {keys.CURVES.get(public_key.curve.name, public_key.curve.name)}"
    if isinstance(public_key, dsa.DSAPublicKey):
        return f"DSA, {public_key.key_size} bits"
    if public_key is None:
        return "not known here"
    return type(public_key).__name__.removesuffix("PublicKey")


def thumbprint(public_key: object) -> str | None:
    """Return the JWK thumbprint of a key (RFC 7638) in base64url, or None if JWK has no such key.

    It is the SHA-256 of the required members of the JSON Web Key, sorted and without spaces.
    """
    if isinstance(public_key, rsa.RSAPublicKey):  # RFC 7518 section 6.3.1
        numbers = public_key.public_numbers()
        jwk = {"kty": "RSA", "e": _integer(numbers.e), "n": _integer(numbers.n)}
    elif isinstance(public_key, ec.EllipticCurvePublicKey) and public_key.curve.name in keys.CURVES:
        size = (public_key.key_size + 7) // 8  # zeros at the beginning stay: RFC 7518 6.2.1.2
        point = public_key.public_numbers()
        x, y = (_base64url(number.to_bytes(size, "big")) for number in (point.x, point.y))
        jwk = {"kty": "EC", "crv": keys.CURVES[public_key.curve.name], "x": x, "y": y}
    elif isinstance(public_key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):  # RFC 8037
        curve = "Ed25519" if isinstance(public_key, ed25519.Ed25519PublicKey) else "Ed448"
        raw = public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        jwk = {"kty": "OKP", "crv": curve, "x": _base64url(raw)}
    else:
        return None
    text = json.dumps(jwk, sort_keys=True, separators=(",", ":"))
    return _base64url(hashlib.sha256(text.encode("ascii")).digest())


def _key_file(item: Item) -> list[Row]:
    part = item.part
    encoding = f"PEM ({part.label})" if part.text else "DER"
    rows: list[Row] = [("format", f"{_FORMATS.get(part.label, 'OpenSSL')} {encoding}")]
    if item.is_private:
        encryption = "none"
        if part.label == pem.ENCRYPTED:
            encryption = pbes.parameters(part.der)[0]
        elif part.is_encrypted:
            encryption = "OpenSSL's older form, with MD5 (RFC 1421)"
        rows.append(("encryption", encryption))
        if os.name == "posix":
            mode = os.stat(part.path).st_mode
            others = ", others can read it" if mode & (stat.S_IRGRP | stat.S_IROTH) else ""
            rows.append(("file mode", f"{stat.S_IMODE(mode):04o}{others}"))
    return rows


def _numbers(key: object) -> str:
    """Return whether the numbers of a private key agree, as openssl pkey -check tells."""
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size > keys.MAX_RSA_BITS:
        return "not checked (too large)"
    # A key of another kind is one number, from which the public key follows.
    if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey):
        try:
            key.private_numbers().private_key()
        except ValueError:
            return "do NOT agree"
    return "agree"


def _thumbprint(item: Item) -> list[Row]:
    found = thumbprint(item.public_key)
    return [("thumbprint", f"{found} (JWK, RFC 7638)")] if found else []


def _request(
    item: Item, csr: x509.CertificateSigningRequest, account_key: Item | None
) -> tuple[list[Row], list[str]]:
    rows: list[Row] = [("subject", extensions.subject(csr.subject) or "empty")]
    names, more, faults = _names_and_extensions(csr)
    common_name = verdict.common_name(csr)
    if common_name and common_name.lower() not in [n.partition(":")[2].lower() for n in names]:
        cn = f"the CN {extensions.plain(common_name)}"
        names = [*names, f"and {cn}, which is not in the SAN"] if names else [f"none, only {cn}"]
    rows += [("names", names or "none"), *_key(item), *more, *_attributes(csr)]
    valid = signatures.verifies(csr, item.public_key)
    words = {True: "valid", False: "NOT VALID", None: "not checked"}[valid]
    if valid and signatures.is_outdated(csr):
        words = "which no CA accepts"
    if valid is False:
        faults.append("its signature does not verify; make the request again")
    rows.append(("signature", f"{signatures.algorithm(csr)}, {words}"))
    return [*rows, ("Let's Encrypt", verdict.of_request(item, csr, account_key))], faults


def _certificate(item: Item, certificate: x509.Certificate) -> tuple[list[Row], list[str]]:
    names, more, faults = _names_and_extensions(certificate)
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    self_signed = signatures.issued_by(item, item)
    if self_signed is False:
        faults.append("is its own issuer, and its signature does not verify; restore a copy")
    rows: list[Row] = [
        ("subject", extensions.subject(certificate.subject) or "empty"),
        ("issuer", extensions.subject(certificate.issuer) or "empty"),
        ("self-signed", "yes" if self_signed else "no"),
        ("CA", "yes" if is_ca(certificate) else "no"),
        ("names", names or "none"),
        ("valid from", f"{first:%Y-%m-%d %H:%M:%S} UTC"),
        ("valid until", f"{last:%Y-%m-%d %H:%M:%S} UTC, {_time_left(first, last)}"),
        *_key(item),
        *more,
        ("signature", signatures.algorithm(certificate)),
        ("serial number", f"{certificate.serial_number:x}"),
        ("fingerprint", f"SHA-256 {certificate.fingerprint(hashes.SHA256()).hex()}"),
    ]
    return rows, faults


def is_ca(certificate: x509.Certificate) -> bool:
    """Return whether a certificate is a CA's (RFC 5280 section 4.2.1.9)."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, *read.ERRORS):
        return False
    return found.value.ca


def _names_and_extensions(signed: signatures.Signed) -> tuple[list[str], list[Row], list[str]]:
    """Return the names, the rows about extensions, and a fault if those cannot be read."""
    try:
        names, lines = extensions.names(signed), extensions.described(signed)
    except read.ERRORS as error:
        reason = f"cannot be read ({error})"
        return [], [("extensions", reason)], [f"its extensions {reason}"]
    return names, [("" if number else "extensions", line) for number, line in enumerate(lines)], []


def _attributes(csr: x509.CertificateSigningRequest) -> list[Row]:
    words = [extensions.WORDS.get(oid, oid) for oid, _ in verdict.attributes(csr)]
    told = [word for word in words if word != "extensionRequest"]
    if "challengePassword" in told:
        told.append("anyone who has the request can read the password")
    return [("attributes", told)] if told else []


def _key(item: Item) -> list[Row]:
    return [("key", kind(item)), ("public key", f"SHA-256 {item.sha256}")]


def _time_left(first: datetime, last: datetime) -> str:
    """Return how long a certificate is still valid, or how long it is not."""
    now = datetime.now(timezone.utc)
    if now < first:
        return f"not yet valid, for another {_span(first - now)}"
    return f"expired {_span(now - last)} ago" if now > last else f"expires in {_span(last - now)}"


def _span(time: timedelta) -> str:
    for unit, seconds in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if number := round(time.total_seconds() / seconds):
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return "a moment"


def _integer(number: int) -> str:
    return _base64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
