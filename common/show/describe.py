"""A page about each key, request and certificate.

Only public values are shown: nothing about a private key that its public key does not reveal.
"""

import base64
import hashlib
import json
import os
import stat
from datetime import datetime, timedelta, timezone

from common import keys, pem
from common.show import der, grammar, signed, verdict
from common.show.read import ERRORS, PRIVATE_KEY, Item, Part, Signed

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

# A label, and a value; a list of values is wrapped.
Row = tuple[str, str | list[str]]


def page(item: Item, account_key: Item | None) -> tuple[list[Row], list[str]]:
    """Return the rows of the page about an item, and what is wrong with it, if anything."""
    faults: list[str] = []
    if isinstance(item.value, x509.Certificate):
        rows = _certificate(item, item.value, faults)
    elif isinstance(item.value, x509.CertificateSigningRequest):
        rows = _request(item, item.value, account_key, faults)
    else:
        rows = _key(item, faults)
    return [(label, value) for label, value in rows if value], faults


def thumbprint(public_key: object) -> str | None:
    """Return the JWK thumbprint of a key (RFC 7638) in base64url, or None for a kind without one.

    It is the SHA-256 of the required members of the JSON Web Key, sorted and without spaces.
    """
    if isinstance(public_key, rsa.RSAPublicKey):  # RFC 7518 section 6.3.1
        n, e = public_key.public_numbers().n, public_key.public_numbers().e
        jwk = {"kty": "RSA", "e": _integer(e, e.bit_length()), "n": _integer(n, n.bit_length())}
    elif isinstance(public_key, ec.EllipticCurvePublicKey) and public_key.curve.name in keys.CURVES:
        point = public_key.public_numbers()  # zeros at the beginning stay: RFC 7518 6.2.1.2
        x, y = (_integer(number, public_key.key_size) for number in (point.x, point.y))
        jwk = {"kty": "EC", "crv": keys.CURVES[public_key.curve.name], "x": x, "y": y}
    elif isinstance(public_key, ed25519.Ed25519PublicKey):  # RFC 8037
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": _base64url(public_key.public_bytes_raw())}
    else:
        return None
    text = json.dumps(jwk, sort_keys=True, separators=(",", ":"))
    return _base64url(hashlib.sha256(text.encode("ascii")).digest())


def _key(item: Item, faults: list[str]) -> list[Row]:
    part = item.part
    encoding = f"PEM ({part.label})" if part.text else "DER"
    encryption = mode = numbers = ""
    if part.kind == PRIVATE_KEY:
        encryption = _encryption(part) if part.is_encrypted else "none"
        numbers = _numbers(item.value)
        if numbers == "do NOT agree":
            faults.append("its numbers do not agree; restore a copy of the key")
        if os.name == "posix":
            bits = stat.S_IMODE(os.stat(part.path).st_mode)
            others = ", other users can read it" if bits & (stat.S_IRGRP | stat.S_IROTH) else ""
            mode = f"{bits:04o}{others}"
    found = thumbprint(item.public_key)
    return [
        ("kind", _kind(item)),
        ("format", f"{part.format} {encoding}"),
        ("encryption", encryption),
        ("file mode", mode),
        ("numbers", numbers),
        ("public key", f"SHA-256 {item.sha256}"),
        ("thumbprint", f"{found} (JWK, RFC 7638)" if found else ""),
        ("Let's Encrypt", verdict.of_key(item)),
    ]


def _kind(item: Item) -> str:
    """Return the kind and size of a key, such as "RSA, 4096 bits" or "ECDSA, P-256"."""
    if item.public_key is None:
        return "unknown to this program"
    name, bits, exponent = keys.properties(item.public_key)
    if isinstance(item.public_key, ec.EllipticCurvePublicKey):
        return f"ECDSA, {name}"
    if name != "RSA":
        size = getattr(item.public_key, "key_size", None)
        return f"{name}, {size} bits" if size else name
    if exponent == 65537:
        return f"RSA, {bits} bits"
    shown = str(exponent) if exponent < 1 << 64 else f"of {exponent.bit_length()} bits"
    return f"RSA, {bits} bits, exponent {shown}"


def _encryption(part: Part) -> str:
    """Return how a key is encrypted: RFC 8018 (PKCS#5), scrypt of RFC 7914, or the older RFC 1421.

    As "PBES2, PBKDF2 with HMAC-SHA256, 2048 iterations, AES-256-CBC".
    """
    if part.label != pem.ENCRYPTED:
        return "OpenSSL's older form, with MD5 (RFC 1421)"
    root, _ = der.read(part.der)
    grammar.recognize(root)
    words = [grammar.words(element.oid) for element in root.all() if element.type == "OID"]
    counts = [element.content for element in root.all() if element.name == "iterationCount"]
    if "PBKDF2" in words and counts:
        # The hash comes after the function, if at all: RFC 8018 appendix A.2.
        hmac = next((word for word in words if word.startswith("HMAC")), "HMAC-SHA1")
        words = [word for word in words if word != hmac]
        iterations = int.from_bytes(counts[0], "big")
        words[words.index("PBKDF2")] += f" with {hmac}, {iterations} iterations"
    return ", ".join(words)


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


def _request(
    item: Item, csr: x509.CertificateSigningRequest, account_key: Item | None, faults: list[str]
) -> list[Row]:
    names, extensions = _names_and_extensions(csr, faults)
    cn = signed.common_name(csr)
    if cn and cn.lower() not in [name.partition(":")[2].lower() for name in names]:
        told = f"the CN {signed.plain(cn)}"
        told = f"and {told}, which is not in the SAN" if names else f"none, only {told}"
        names = [*names, told]
    attributes = [grammar.words(oid) for oid, _ in signed.attributes(csr)]
    attributes = [word for word in attributes if word != "extensionRequest"]
    if "challengePassword" in attributes:
        attributes.append("anyone who has the request can read the password")
    valid = signed.verifies(csr)
    words = {True: "valid", False: "NOT VALID", None: "not checked"}[valid]
    if signed.is_outdated(csr):
        words = "which no CA accepts"
    if valid is False:
        faults.append("its signature does not verify; make the request again")
    return [
        ("subject", signed.subject(csr.subject) or "empty"),
        ("names", names or "none"),
        ("key", _kind(item)),
        ("public key", f"SHA-256 {item.sha256}"),
        *extensions,
        ("attributes", attributes),
        ("signature", f"{signed.algorithm(csr)}, {words}"),
        ("Let's Encrypt", verdict.of_request(item, csr, account_key)),
    ]


def _certificate(item: Item, certificate: x509.Certificate, faults: list[str]) -> list[Row]:
    names, extensions = _names_and_extensions(certificate, faults)
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    is_self_signed = signed.issued_by(item, item)
    if is_self_signed is False:
        what = "names itself as its issuer, but its signature does not verify"
        faults.append(f"{what}; restore a copy")
    self_signed = "yes" if is_self_signed else "no"
    if signed.is_outdated(certificate) and certificate.issuer == certificate.subject:
        self_signed = "not checked"
    return [
        ("subject", signed.subject(certificate.subject) or "empty"),
        ("issuer", signed.subject(certificate.issuer) or "empty"),
        ("self-signed", self_signed),
        ("CA", "yes" if signed.is_ca(certificate) else "no"),
        ("names", names or "none"),
        ("valid from", f"{first:%Y-%m-%d %H:%M:%S} UTC"),
        ("valid until", f"{last:%Y-%m-%d %H:%M:%S} UTC, {_time_left(first, last)}"),
        ("key", _kind(item)),
        ("public key", f"SHA-256 {item.sha256}"),
        *extensions,
        ("signature", signed.algorithm(certificate)),
        ("serial number", f"{certificate.serial_number:x}"),
        ("fingerprint", f"SHA-256 {certificate.fingerprint(hashes.SHA256()).hex()}"),
    ]


def _names_and_extensions(value: Signed, faults: list[str]) -> tuple[list[str], list[Row]]:
    """Return the names, and the rows about extensions."""
    try:
        names, lines = signed.names(value), signed.extensions(value)
    except ERRORS as error:
        reason = f"cannot be read ({error})"
        faults.append(f"its extensions {reason}")
        names, lines = [], [reason]
    return names, [("" if number else "extensions", line) for number, line in enumerate(lines)]


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


def _integer(number: int, bits: int) -> str:
    return _base64url(number.to_bytes((bits + 7) // 8, "big"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
