"""Verifying the signature of a request or a certificate, by the OIDs of its algorithm."""

from common.der import Element

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

RSA_SHA256, RSA_SHA384, RSA_SHA512 = (f"1.2.840.113549.1.1.{n}" for n in (11, 12, 13))
ECDSA_SHA256, ECDSA_SHA384, ECDSA_SHA512 = (f"1.2.840.10045.4.3.{n}" for n in (2, 3, 4))
RSA_PSS = "1.2.840.113549.1.1.10"  # RFC 4055 section 3.1

# The hash of each algorithm. RFC 8017 appendix A.2.4, RFC 5758 section 3, RFC 9688 section 2.
_RSA: dict[str, hashes.HashAlgorithm] = {
    "1.2.840.113549.1.1.4": hashes.MD5(),
    "1.2.840.113549.1.1.5": hashes.SHA1(),
    "1.3.14.3.2.29": hashes.SHA1(),  # OIW's sha1WithRSA
    "1.2.840.113549.1.1.14": hashes.SHA224(),
    RSA_SHA256: hashes.SHA256(),
    RSA_SHA384: hashes.SHA384(),
    RSA_SHA512: hashes.SHA512(),
    "2.16.840.1.101.3.4.3.14": hashes.SHA3_256(),
    "2.16.840.1.101.3.4.3.15": hashes.SHA3_384(),
    "2.16.840.1.101.3.4.3.16": hashes.SHA3_512(),
}
_ECDSA: dict[str, hashes.HashAlgorithm] = {
    "1.2.840.10045.4.1": hashes.SHA1(),
    "1.2.840.10045.4.3.1": hashes.SHA224(),
    ECDSA_SHA256: hashes.SHA256(),
    ECDSA_SHA384: hashes.SHA384(),
    ECDSA_SHA512: hashes.SHA512(),
    "2.16.840.1.101.3.4.3.10": hashes.SHA3_256(),
    "2.16.840.1.101.3.4.3.11": hashes.SHA3_384(),
    "2.16.840.1.101.3.4.3.12": hashes.SHA3_512(),
}
_DSA: dict[str, hashes.HashAlgorithm] = {
    "1.2.840.10040.4.3": hashes.SHA1(),
    "2.16.840.1.101.3.4.3.1": hashes.SHA224(),
    "2.16.840.1.101.3.4.3.2": hashes.SHA256(),
}
_HASHES: dict[str, hashes.HashAlgorithm] = {  # RFC 4055 section 2.1
    "1.3.14.3.2.26": hashes.SHA1(),
    "2.16.840.1.101.3.4.2.4": hashes.SHA224(),
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
_PLAIN = ("1.3.101.112", "1.3.101.113")  # Ed25519, Ed448: RFC 8410 section 3


def verify(public_key: object, algorithm: Element, signature: bytes, signed: bytes) -> bool | None:
    """Return whether the private half of a key made a signature.

    algorithm: the AlgorithmIdentifier. signature: the octets of the BIT STRING, without the number
    of unused bits. signed: the DER that is signed.
    None if that cannot be checked, because the key or the algorithm is not known here.
    """
    oid = algorithm.children[0].oid
    try:
        if isinstance(public_key, rsa.RSAPublicKey) and oid in _RSA:
            public_key.verify(signature, signed, padding.PKCS1v15(), _RSA[oid])
        elif isinstance(public_key, rsa.RSAPublicKey) and oid == RSA_PSS:
            # The parameters hold the hash; SHA-1 if they do not (RFC 4055 section 3.1).
            named = (element.oid for element in algorithm.all())
            hashed = next((_HASHES[one] for one in named if one in _HASHES), hashes.SHA1())
            pss = padding.PSS(padding.MGF1(hashed), padding.PSS.AUTO)
            public_key.verify(signature, signed, pss, hashed)
        elif isinstance(public_key, ec.EllipticCurvePublicKey) and oid in _ECDSA:
            public_key.verify(signature, signed, ec.ECDSA(_ECDSA[oid]))
        elif isinstance(public_key, dsa.DSAPublicKey) and oid in _DSA:
            public_key.verify(signature, signed, _DSA[oid])
        elif isinstance(public_key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            if oid not in _PLAIN:
                return False
            public_key.verify(signature, signed)
        else:
            is_other_kind = oid in {*_RSA, *_ECDSA, *_DSA, *_PLAIN, RSA_PSS}
            return False if public_key is not None and is_other_kind else None
    except (InvalidSignature, ValueError):
        return False
    except UnsupportedAlgorithm:
        return None
    return True
