"""Whether the numbers of a private key belong to each other."""

import contextlib

from common import der
from common.show import values
from common.show.grammar import Document

from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_MAX_DSA_BITS = 4096  # FIPS 186-4 has 3072 at most


def agree(
    key: PrivateKeyTypes | None, public_key: PublicKeyTypes | None, document: Document
) -> bool | None:
    """Return whether the numbers of a private key belong to each other, or None if unknown.

    This is arithmetic: that p and q are prime is not tested.
    key, public_key: None for what cryptography does not read.
    document: the elements of the key; in an encrypted key, they tell nothing.
    """
    # RFC 5958 section 2: PKCS#8 may hold the public key too, and the libraries pass over it.
    copies = [values.octets(one) for one in document.root.children if one.type == "BIT STRING"]
    if public_key is not None and not all(_is_form_of(public_key, copy) for copy in copies):
        return False
    if isinstance(key, rsa.RSAPrivateKey):
        return _agree_in_rsa(key.private_numbers())
    if isinstance(key, dsa.DSAPrivateKey):
        return _agree_in_dsa(key.private_numbers())
    scalar = _scalar(key, document)
    if scalar == 0:  # its point would be at infinity, and cryptography does not read that
        return False
    if scalar is not None and isinstance(public_key, ec.EllipticCurvePublicKey):
        return _agree_in_ec(scalar, public_key)
    # In other kinds the private key is one number, from which the public key follows.
    return None if key is None else True


def _is_form_of(public_key: PublicKeyTypes, octets: bytes) -> bool:
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
    if p * q != n or n in (p, q):
        return False
    return (
        (e * d - 1) % (p - 1) == 0
        and (e * d - 1) % (q - 1) == 0
        and (numbers.dmp1, numbers.dmq1) == (d % (p - 1), d % (q - 1))
        and numbers.iqmp * q % p == 1
    )


def _agree_in_dsa(numbers: dsa.DSAPrivateNumbers) -> bool | None:
    """Return whether the numbers belong to each other: FIPS 186-4 section 4.1."""
    group = numbers.public_numbers.parameter_numbers
    if group.p.bit_length() > _MAX_DSA_BITS:  # it would take too long
        return None
    return group.p != 0 and pow(group.g, numbers.x, group.p) == numbers.public_numbers.y


def _scalar(key: PrivateKeyTypes | None, document: Document) -> int | None:
    """Return the scalar of an EC key, or None.

    key: None if cryptography refuses it, for example if its scalar does not belong to its point.
    """
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.private_numbers().private_value
    # In PKCS#8 the outer privateKey holds the ECPrivateKey.
    scalars = [one.content for one in document.root.all() if one.name == "privateKey"]
    return int.from_bytes(scalars[-1], "big") if scalars else None


def _agree_in_ec(scalar: int, public_key: ec.EllipticCurvePublicKey) -> bool:
    """Return whether the scalar of a private key belongs to its point."""
    try:
        return ec.derive_private_key(scalar, public_key.curve).public_key() == public_key
    except ValueError:  # it is out of range
        return False
