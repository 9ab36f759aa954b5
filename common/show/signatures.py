"""What signatures are called, and whether they verify."""

from common.show.read import ERRORS, Item

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.x509.oid import SignatureAlgorithmOID as Oid

_HASHES = {
    "MD5": "MD5",
    "SHA1": "SHA-1",
    **{f"SHA{size}": f"SHA-{size}" for size in (224, 256, 384, 512)},
    **{f"SHA3_{size}": f"SHA3-{size}" for size in (224, 256, 384, 512)},
}
_NAMES = {
    **{
        getattr(Oid, f"{kind}_WITH_{name}", None): f"{kind} with {text}"
        for kind in ("RSA", "ECDSA", "DSA")
        for name, text in _HASHES.items()
    },
    Oid.RSASSA_PSS: "RSA-PSS",
    Oid.ED25519: "Ed25519",
    Oid.ED448: "Ed448",
}

Signed = x509.CertificateSigningRequest | x509.Certificate


def algorithm(signed: Signed) -> str:
    """Return the name of the algorithm of a signature, such as "RSA with SHA-256"."""
    oid = signed.signature_algorithm_oid
    return _NAMES.get(oid, oid.dotted_string)


def is_outdated(signed: Signed) -> bool:
    """Return whether the hash is one in which collisions were found: MD5 or SHA-1."""
    return algorithm(signed).endswith(("MD5", "SHA-1"))


def verifies(signed: Signed, public_key: PublicKeyTypes | None) -> bool | None:
    """Return whether a public key verifies a signature, or None if that is not known here.

    cryptography's own is_signature_valid and verify_directly_issued_by do not look at SHA-1.
    """
    if isinstance(signed, x509.Certificate):
        data = signed.tbs_certificate_bytes
    else:
        data = signed.tbs_certrequest_bytes
    kind = algorithm(signed).partition(" ")[0]
    if public_key is None or kind[0].isdigit():
        return None
    try:
        digest = signed.signature_hash_algorithm or hashes.SHA512()  # of EdDSA, which has its own
        if isinstance(public_key, rsa.RSAPublicKey) and kind in ("RSA", "RSA-PSS"):
            pss = signed.signature_algorithm_parameters if kind == "RSA-PSS" else None
            scheme = pss if isinstance(pss, padding.PSS) else padding.PKCS1v15()
            public_key.verify(signed.signature, data, scheme, digest)
        elif isinstance(public_key, ec.EllipticCurvePublicKey) and kind == "ECDSA":
            public_key.verify(signed.signature, data, ec.ECDSA(digest))
        elif isinstance(public_key, dsa.DSAPublicKey) and kind == "DSA":
            public_key.verify(signed.signature, data, digest)
        elif isinstance(public_key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            public_key.verify(signed.signature, data)  # which tells whether kind is the key's
        else:
            return False
    except InvalidSignature:
        return False
    except ERRORS:
        return None
    return True


def issued_by(item: Item, issuer: Item) -> bool | None:
    """Return whether the key of issuer signed a certificate; the two may be the same.

    None if the certificate names another issuer: by its name, or by the identifier of its key where
    there is one (RFC 5280 sections 4.1.2.4 and 4.2.1.1). None, too, if nobody knows here.
    """
    certificate, other = item.value, issuer.value
    if not (isinstance(certificate, x509.Certificate) and isinstance(other, x509.Certificate)):
        return None
    try:
        if certificate.issuer != other.subject:
            return None
        if _key_identifiers(certificate)[1] not in (None, _key_identifiers(other)[0]):
            return None
    except ERRORS:
        return None
    return verifies(certificate, issuer.public_key)


def _key_identifiers(certificate: x509.Certificate) -> tuple[bytes | None, bytes | None]:
    """Return what identifies the key of a certificate, and that of its issuer."""
    own, issuers = None, None
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.SubjectKeyIdentifier):
            own = extension.value.digest
        elif isinstance(extension.value, x509.AuthorityKeyIdentifier):
            issuers = extension.value.key_identifier
    return own, issuers
