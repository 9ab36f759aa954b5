"""What there is to say of a key or a request, as lines of a word and a value.

Public values alone: of a private key nothing is told that its public key does not tell.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from common import encryption
from common.pem import Block

Line = tuple[str, str]

# The names of curves that ACME uses (RFC 7518 section 6.2.1.1), and bytes a coordinate.
_CURVES = {"secp256r1": ("P-256", 32), "secp384r1": ("P-384", 48), "secp521r1": ("P-521", 66)}

_FORMATS = {
    "RSA PRIVATE KEY": "PKCS#1 PEM",
    "EC PRIVATE KEY": "SEC 1 PEM",
    "PRIVATE KEY": "PKCS#8 PEM",
    "ENCRYPTED PRIVATE KEY": "PKCS#8 PEM",
    "PUBLIC KEY": "SubjectPublicKeyInfo PEM",
}

_ATTRIBUTES = {NameOID.EMAIL_ADDRESS: "emailAddress", NameOID.COMMON_NAME: "CN"}


def kind(public_key: object) -> str:
    """Return the kind and size of a key, such as "RSA, 4096 bits" or "ECDSA, P-256"."""
    if isinstance(public_key, rsa.RSAPublicKey):
        exponent = public_key.public_numbers().e
        if exponent == 65537:
            return f"RSA, {public_key.key_size} bits"
        size = exponent.bit_length()
        shown = f"exponent {exponent}" if size <= 64 else f"an exponent of {size} bits"
        return f"RSA, {public_key.key_size} bits, {shown}"
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return f"ECDSA, {_CURVES.get(public_key.curve.name, (public_key.curve.name,))[0]}"
    if isinstance(public_key, dsa.DSAPublicKey):
        return f"DSA, {public_key.key_size} bits"
    return type(public_key).__name__.removesuffix("PublicKey")


def key_lines(public_key: object) -> list[Line]:
    """Return what identifies a public key: its SHA-256, and its JWK thumbprint if it has one."""
    lines = [("public key", f"SHA-256 {hashlib.sha256(_der(public_key)).hexdigest()}")]
    thumbprint = jwk_thumbprint(public_key)
    if thumbprint:
        lines.append(("thumbprint", f"{thumbprint} (JWK, RFC 7638)"))
    return lines


def jwk_thumbprint(public_key: object) -> str | None:
    """Return the JWK thumbprint (RFC 7638) that ACME challenges use, in base64url, or None.

    It is the SHA-256 of the required members of the JSON Web Key, sorted and without spaces.
    """
    jwk = _jwk(public_key)
    if jwk is None:
        return None
    text = json.dumps(jwk, sort_keys=True, separators=(",", ":"))
    return _base64url(hashlib.sha256(text.encode("ascii")).digest())


def pem(public_key: object) -> bytes:
    """Return a public key in PEM: SubjectPublicKeyInfo, as openssl rsa -pubout has it."""
    encoded: bytes = public_key.public_bytes(  # type: ignore[attr-defined]
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def format_lines(block: Block) -> list[Line]:
    """Return the format of a key, and how it is encrypted."""
    return [
        ("format", f"{_FORMATS.get(block.label, 'PEM')} ({block.label})"),
        ("encryption", encryption.description(block)),
    ]


def csr_lines(csr: x509.CertificateSigningRequest) -> list[Line]:
    """Return the subject, names, key and signature of a certificate signing request."""
    return [
        ("subject", _subject(csr.subject) or "empty"),
        ("names", ", ".join(_names(csr)) or "none"),
        ("key", kind(csr.public_key())),
        *key_lines(csr.public_key())[:1],
        ("signature", f"{_algorithm(csr)}, {'valid' if csr.is_signature_valid else 'NOT VALID'}"),
    ]


def _subject(name: x509.Name) -> str:
    parts = []
    for attribute in name:
        word = _ATTRIBUTES.get(attribute.oid, attribute.rfc4514_attribute_name)
        parts.append(f"{word}={_plain(str(attribute.value))}")
    return ", ".join(parts)


def _names(csr: x509.CertificateSigningRequest) -> list[str]:
    try:
        extension = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return [_general_name(name) for name in extension.value]


def _general_name(name: x509.GeneralName) -> str:
    prefixes = ((x509.DNSName, "DNS:"), (x509.IPAddress, "IP:"), (x509.RFC822Name, "email:"))
    for kind_of_name, prefix in prefixes:
        if isinstance(name, kind_of_name):
            return f"{prefix}{_plain(str(name.value))}"
    return type(name).__name__


def _plain(text: str) -> str:
    """Return text, in quotes if it could be taken for more than one value."""
    return text if re.fullmatch(r"[\w@.:*+/ -]*", text, re.ASCII) else repr(text)


def _algorithm(csr: x509.CertificateSigningRequest) -> str:
    try:
        digest = csr.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return csr.signature_algorithm_oid.dotted_string
    public_key = kind(csr.public_key()).partition(",")[0]
    return f"{public_key} with {digest.name.upper()}" if digest else public_key


def _jwk(public_key: object) -> dict[str, str] | None:
    if isinstance(public_key, rsa.RSAPublicKey):  # RFC 7518 section 6.3.1
        numbers = public_key.public_numbers()
        return {"e": _integer(numbers.e), "kty": "RSA", "n": _integer(numbers.n)}
    if isinstance(public_key, ec.EllipticCurvePublicKey) and public_key.curve.name in _CURVES:
        name, size = _CURVES[public_key.curve.name]  # RFC 7518 section 6.2.1
        point = public_key.public_numbers()
        x, y = (_base64url(number.to_bytes(size, "big")) for number in (point.x, point.y))
        return {"crv": name, "kty": "EC", "x": x, "y": y}
    if isinstance(public_key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):  # RFC 8037
        raw = public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"crv": kind(public_key), "kty": "OKP", "x": _base64url(raw)}
    return None


def _integer(number: int) -> str:
    return _base64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _der(public_key: object) -> bytes:
    encoded: bytes = public_key.public_bytes(  # type: ignore[attr-defined]
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return encoded
