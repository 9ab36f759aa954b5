"""The JSON Web Key (JWK) of a public key, and its thumbprint."""

import base64
import hashlib
import json

from common import goodkey

from cryptography.hazmat.primitives.asymmetric import ec, rsa


def members(public_key: object) -> dict[str, str] | None:
    """Return the required members of a JWK (RFC 7518 section 6), or None for another kind of key.

    Numbers are unsigned, big-endian and in base64url.
    """
    if isinstance(public_key, rsa.RSAPublicKey):  # section 6.3.1
        n, e = public_key.public_numbers().n, public_key.public_numbers().e
        return {"kty": "RSA", "e": _integer(e, e.bit_length()), "n": _integer(n, n.bit_length())}
    if (
        isinstance(public_key, ec.EllipticCurvePublicKey)
        and public_key.curve.name in goodkey.CURVES
    ):
        point = public_key.public_numbers()  # zeros at the beginning stay: section 6.2.1.2
        x, y = (_integer(number, public_key.key_size) for number in (point.x, point.y))
        return {"kty": "EC", "crv": goodkey.CURVES[public_key.curve.name], "x": x, "y": y}
    return None


def thumbprint(public_key: object) -> str | None:
    """Return the JWK thumbprint of a key (RFC 7638) in base64url, or None for another kind of key.

    It is the SHA-256 of the required members, sorted and without spaces.
    """
    found = members(public_key)
    if found is None:
        return None
    text = json.dumps(found, sort_keys=True, separators=(",", ":"))
    return base64url(hashlib.sha256(text.encode()).digest())


def base64url(data: bytes) -> str:
    """Return data in base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).replace(b"=", b"").decode()


def _integer(number: int, bits: int) -> str:
    return base64url(number.to_bytes((bits + 7) // 8, "big"))
