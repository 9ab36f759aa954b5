"""Verifying the signature of a request or a certificate, by the OIDs of its algorithm."""

from typing import Any

from common.der import Element
from common.show import values

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

RSA_PSS = "1.2.840.113549.1.1.10"  # RFC 4055 section 3.1

# The class of a public key, and what its method verify takes after the signature and the data.
_How = tuple[type[Any], tuple[Any, ...]]


def _rsa(digest: hashes.HashAlgorithm) -> _How:
    return rsa.RSAPublicKey, (padding.PKCS1v15(), digest)


def _ecdsa(digest: hashes.HashAlgorithm) -> _How:
    return ec.EllipticCurvePublicKey, (ec.ECDSA(digest),)


def _dsa(digest: hashes.HashAlgorithm) -> _How:
    return dsa.DSAPublicKey, (digest,)


# RFC 8017 appendix A.2.4, RFC 5758 section 3, RFC 9688 section 2, RFC 8410 section 3.
_ALGORITHMS: dict[str, _How] = {
    "1.2.840.113549.1.1.4": _rsa(hashes.MD5()),
    "1.2.840.113549.1.1.5": _rsa(hashes.SHA1()),
    "1.3.14.3.2.29": _rsa(hashes.SHA1()),  # OIW's sha1WithRSA
    "1.2.840.113549.1.1.14": _rsa(hashes.SHA224()),
    "1.2.840.113549.1.1.11": _rsa(hashes.SHA256()),
    "1.2.840.113549.1.1.12": _rsa(hashes.SHA384()),
    "1.2.840.113549.1.1.13": _rsa(hashes.SHA512()),
    "2.16.840.1.101.3.4.3.14": _rsa(hashes.SHA3_256()),
    "2.16.840.1.101.3.4.3.15": _rsa(hashes.SHA3_384()),
    "2.16.840.1.101.3.4.3.16": _rsa(hashes.SHA3_512()),
    "1.2.840.10045.4.1": _ecdsa(hashes.SHA1()),
    "1.2.840.10045.4.3.1": _ecdsa(hashes.SHA224()),
    "1.2.840.10045.4.3.2": _ecdsa(hashes.SHA256()),
    "1.2.840.10045.4.3.3": _ecdsa(hashes.SHA384()),
    "1.2.840.10045.4.3.4": _ecdsa(hashes.SHA512()),
    "2.16.840.1.101.3.4.3.10": _ecdsa(hashes.SHA3_256()),
    "2.16.840.1.101.3.4.3.11": _ecdsa(hashes.SHA3_384()),
    "2.16.840.1.101.3.4.3.12": _ecdsa(hashes.SHA3_512()),
    "1.2.840.10040.4.3": _dsa(hashes.SHA1()),
    "2.16.840.1.101.3.4.3.1": _dsa(hashes.SHA224()),
    "2.16.840.1.101.3.4.3.2": _dsa(hashes.SHA256()),
    "1.3.101.112": (ed25519.Ed25519PublicKey, ()),
    "1.3.101.113": (ed448.Ed448PublicKey, ()),
}
_SHA1 = "1.3.14.3.2.26"
_PSS_HASHES: dict[str, hashes.HashAlgorithm] = {  # RFC 4055 section 2.1
    _SHA1: hashes.SHA1(),
    "2.16.840.1.101.3.4.2.4": hashes.SHA224(),
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}


def verify(public_key: Any, algorithm: Element, signature: bytes, signed: bytes) -> bool | None:
    """Return whether the private half of a key made a signature.

    algorithm: the AlgorithmIdentifier. signature: the octets of the BIT STRING, without the number
    of unused bits. signed: the DER that is signed.
    None if that cannot be checked, because the key or the algorithm is not known here.
    """
    how = _how(algorithm)
    if how is None and isinstance(public_key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return False  # such a key has one algorithm
    if how is None or public_key is None:
        return None
    kind, arguments = how
    if not isinstance(public_key, kind):
        return False
    try:
        public_key.verify(signature, signed, *arguments)
    except (InvalidSignature, ValueError, OverflowError):  # of an absurd salt length
        return False
    except UnsupportedAlgorithm:
        return None
    return True


def _how(algorithm: Element) -> _How | None:
    """Return how signatures with an algorithm are verified, or None if that is not known."""
    oid, *parameters = algorithm.children
    if oid.oid != RSA_PSS:
        return _ALGORITHMS.get(oid.oid)
    fields = {field.tag: field for sequence in parameters for field in sequence.children}
    digest, mask_digest = _pss_hash(fields.get("[0]")), _pss_hash(fields.get("[1]"))
    salt, trailer = _pss_number(fields.get("[2]"), 20), _pss_number(fields.get("[3]"), 1)
    if digest is None or mask_digest is None or salt < 0 or trailer != 1:
        return None
    return rsa.RSAPublicKey, (padding.PSS(padding.MGF1(mask_digest), salt), digest)


def _pss_number(field: Element | None, default: int) -> int:
    """Return the number in a field."""
    return values.number(field.children[0]) if field and field.children else default


def _pss_hash(field: Element | None) -> hashes.HashAlgorithm | None:
    """Return the hash that a field names, which is its last OID, or None if it is not known.

    Without the field, it is SHA-1: RFC 4055 section 3.1.
    """
    oid = _SHA1
    for element in field.all() if field else ():
        oid = element.oid or oid
    return _PSS_HASHES.get(oid)
