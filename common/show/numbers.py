"""Whether the numbers of a private key belong to each other."""

import contextlib

from common import der
from common.show import values

from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_MAX_DSA_BITS = 4096  # FIPS 186-4 has 3072 at most


def agree(key: PrivateKeyTypes) -> bool | None:
    """Return whether the numbers of a private key belong to each other.

    This is arithmetic: that p and q are prime is not tested. In the kinds that are left out, the
    private key is one number, from which the public key follows. None if it would take too long.
    """
    if isinstance(key, rsa.RSAPrivateKey):
        return _agree_in_rsa(key.private_numbers())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return is_scalar_of(key.public_key(), key.private_numbers().private_value)
    if isinstance(key, dsa.DSAPrivateKey):
        numbers = key.private_numbers()
        group = numbers.public_numbers.parameter_numbers
        if group.p.bit_length() > _MAX_DSA_BITS:
            return None
        return pow(group.g, numbers.x, group.p) == numbers.public_numbers.y
    return True


def is_scalar_of(public_key: ec.EllipticCurvePublicKey, scalar: int) -> bool:
    """Return whether the scalar of a private key belongs to the point of a public key."""
    try:
        return ec.derive_private_key(scalar, public_key.curve).public_key() == public_key
    except ValueError:  # it is out of range
        return False


def is_form_of(public_key: PublicKeyTypes, octets: bytes) -> bool:
    """Return whether octets, from a BIT STRING, are a public key."""
    if isinstance(public_key, ec.EllipticCurvePublicKey):  # it has several forms
        with contextlib.suppress(ValueError):
            point = ec.EllipticCurvePublicKey.from_encoded_point(public_key.curve, octets)
            return point == public_key
        return False
    spki = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return values.octets(der.read(spki)[0].children[1]) == octets


def _agree_in_rsa(numbers: rsa.RSAPrivateNumbers) -> bool:
    """Return whether the numbers belong to each other: RFC 8017 section 3.2."""
    n, e = numbers.public_numbers.n, numbers.public_numbers.e
    p, q, d = numbers.p, numbers.q, numbers.d
    if min(p, q) < 2 or p * q != n:
        return False
    return (
        (e * d - 1) % (p - 1) == 0
        and (e * d - 1) % (q - 1) == 0
        and (numbers.dmp1, numbers.dmq1) == (d % (p - 1), d % (q - 1))
        and numbers.iqmp * q % p == 1
    )
