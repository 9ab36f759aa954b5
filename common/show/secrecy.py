"""Which values of a document may be shown: never a private number. Only this module marks them.

Where a public key should be, a file may have a private number, such as d in place of e, or the
scalar of an EC key in place of its point. In a key whose numbers do not agree, any number may be
private.
"""

import contextlib

from common import der, goodkey
from common.show import grammar, loading
from common.show.grammar import Document
from common.unusable import ERRORS

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from OpenSSL import crypto

MAX_EXPONENT_BITS = 64  # as OpenSSL has it: OPENSSL_RSA_MAX_PUBEXP_BITS, openssl/rsa.h

_RSA_TYPES = (crypto.TYPE_RSA, goodkey.RSA_PSS_TYPE)
_ENCRYPTED = "EncryptedPrivateKeyInfo"
_UNCERTAIN = "It may hold a private number instead, so only sizes are shown."


def is_certain(spki: bytes) -> bool:
    """Return whether it is certain that a public key does not hold a private number.

    In an RSA key, e is short and d is not, and nothing may follow n and e in their BIT STRING.
    OpenSSL reads an EC key only if it is a point on the curve.
    spki: the key as it is encoded.
    """
    public_key = loading.public_key(spki)
    if isinstance(public_key, rsa.RSAPublicKey):
        bits, e = der.read(spki)[0].children[1], public_key.public_numbers().e
        return e.bit_length() <= MAX_EXPONENT_BITS and bits.children != []
    if public_key is not None:
        return True
    with contextlib.suppress(*ERRORS):
        return crypto.load_publickey(crypto.FILETYPE_ASN1, spki).type() not in _RSA_TYPES
    return False


def reveal(document: Document) -> None:
    """Mark what is public in a document with a public key, and in an encrypted private key.

    An encrypted private key does not have its numbers in the clear. In other documents, nothing is
    marked.
    """
    if document.name == _ENCRYPTED:
        _reveal_lines(document)
    key = grammar.public_key(document)
    if key is None:
        return
    for element in document.root.all():
        element.is_public = True
    spki = key.encoded
    if document.name == "RSAPublicKey":
        spki = loading.as_spki("RSA PUBLIC KEY", spki)
    if not is_certain(spki):
        for element in key.all():
            element.is_public = element.name == "algorithm"
        if key is document.root:
            document.heading[1] = _UNCERTAIN


def reveal_private(document: Document, spki: bytes, numbers_agree: bool | None) -> None:
    """Mark what is public in an RSA or EC private key whose numbers agree."""
    is_usual = isinstance(loading.public_key(spki), rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
    if is_usual and numbers_agree and is_certain(spki):
        _reveal_lines(document)


def _reveal_lines(document: Document) -> None:
    """Mark what asn1.txt calls public."""
    for element, line, _ in document.fits:  # an unknown OID may be a private number
        is_known = element.type != "OID" or element.oid in grammar.OIDS
        element.is_public = line.is_public and is_known
