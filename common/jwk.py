"""The public half of a key as a JSON Web Key (JWK), the form in which ACME knows a key."""

import base64
import hashlib
import json

from cryptography.hazmat.primitives.asymmetric import ec, rsa

# RFC 7518 section 6.2.1.1
_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


def members(public_key: object) -> dict[str, str] | None:
    """Return the required members of the JWK of a key, or None for a kind without one."""
    if isinstance(public_key, rsa.RSAPublicKey):  # RFC 7518 section 6.3.1
        numbers = public_key.public_numbers()
        n, e = (_integer(number, number.bit_length()) for number in (numbers.n, numbers.e))
        return {"kty": "RSA", "n": n, "e": e}
    if isinstance(public_key, ec.EllipticCurvePublicKey) and public_key.curve.name in _CURVES:
        point = public_key.public_numbers()  # zeros at the beginning stay: section 6.2.1.2
        x, y = (_integer(number, public_key.key_size) for number in (point.x, point.y))
        return {"kty": "EC", "crv": _CURVES[public_key.curve.name], "x": x, "y": y}
    return None


def thumbprint(public_key: object) -> str | None:
    """Return the SHA-256 of these members, sorted and without spaces (RFC 7638), in base64url."""
    jwk = members(public_key)
    if jwk is None:
        return None
    text = json.dumps(jwk, sort_keys=True, separators=(",", ":"))
    return base64url(hashlib.sha256(text.encode("ascii")).digest())


def base64url(data: bytes) -> str:
    """Return data in base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _integer(number: int, bits: int) -> str:
    return base64url(number.to_bytes((bits + 7) // 8, "big"))
