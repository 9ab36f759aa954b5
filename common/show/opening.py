"""Reading a key, a request or a certificate from a part of a file.

cryptography reads the keys. Where it is stricter than OpenSSL, pyOpenSSL reads them, as it does in
make_csr.
"""

import contextlib
from typing import cast

from common import der, keys, labels, limits, passphrase, pem, wrapping
from common.console import UserError
from common.keys import ERRORS
from common.show import files, grammar, numbers, values
from common.show.files import Part
from common.show.grammar import Document
from common.show.items import EC, Certificate, Item, Key, Request
from common.wrapping import Block

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)
from OpenSSL import crypto

_CLOSED = "it is encrypted as a whole (RFC 1421), so its DER cannot be shown"

_SIGNED: dict[str, type[Request | Certificate]] = {
    labels.REQUEST: Request,
    labels.CERTIFICATE: Certificate,
}

_MAX_EXPONENT_BITS = 64  # as OpenSSL has it: OPENSSL_RSA_MAX_PUBEXP_BITS, openssl/rsa.h
_RSA_TYPES = (crypto.TYPE_RSA, 912)  # EVP_PKEY_RSA_PSS, openssl/evp.h


def opened(part: Part, passphrase_of: passphrase.Source) -> Key | Request | Certificate:
    """Return a part, opened. Raises UserError."""
    block = part.block
    if not block.is_whole or block.label not in files.DOCUMENTS:
        raise pem.refusal(part.where, block.der, block, files.ADVICE)
    if block.label in labels.KEY_LABELS:
        if reason := limits.exceeded(block):
            raise UserError(f"{part.where}: {reason}; {files.ADVICE}")
        secret = passphrase_of(part.where) if block.is_encrypted else b""
        return _private(part, secret)
    document = _document(part)
    if document.fault or document.name != files.DOCUMENTS[block.label]:
        problem = f"it cannot be read here ({document.fault or 'it does not follow its standard'})"
        raise UserError(f"{part.where}: {problem}; use --bytes to see what can be read")
    if block.label not in _SIGNED:
        return _public(part, document)
    spki = grammar.key_in(document)
    return _SIGNED[block.label](part, document, spki, _public_key(spki))


def unopened(part: Part) -> Document:
    """Return the elements of a part, without asking for a passphrase.

    The public values of a private key are marked if it opens without one.
    """
    block = part.block
    is_key = block.label in labels.KEY_LABELS and block.is_whole
    if is_key and not block.is_encrypted and not limits.exceeded(block):
        with contextlib.suppress(UserError):
            return _private(part, b"").document
    return _document(part)


def public_pem(item: Item) -> str:
    """Return the public key of an item in PEM.

    Raises UserError if a number of it could be one of a private key, such as d, instead.
    """
    is_checked = _is_certain(item.spki)
    if isinstance(item, Key) and item.is_private:
        if item.numbers_agree is False:
            raise UserError(f"{item.where}: {numbers.DISAGREE}")
        # A point on the curve is not a private number, even if it cannot be compared with that.
        is_checked &= item.numbers_agree is True or item.key_algorithm == EC
    if not is_checked:
        raise UserError(f"{item.where}: its numbers cannot be checked here; use openssl pkey")
    return wrapping.written("PUBLIC KEY", item.spki).decode()


def _public(part: Part, document: Document) -> Key:
    """Return a public key. Raises UserError."""
    block, exponent = part.block, values.number(document.root.children[-1])
    if block.label == "RSA PUBLIC KEY" and exponent.bit_length() > _MAX_EXPONENT_BITS:
        what = "these are two numbers, but not an RSA public key (a signature has two as well)"
        raise UserError(f"{part.where}: {what}; {files.ADVICE}")
    spki = _rewritten(block.label, block.der)
    return Key(part, document, spki, _public_key(spki), is_private=False, numbers_agree=None)


def _private(part: Part, secret: bytes) -> Key:
    """Return a private key. secret: its passphrase, or b"". Raises UserError.

    The numbers are checked here and not by the libraries, so that a key in which they disagree is
    shown as well.
    """
    pkey = _by_openssl(part.block, secret)
    key = _by_cryptography(part.block, secret, pkey)
    if pkey is not None:  # OpenSSL keeps the encoding that the public key has
        spki = crypto.dump_publickey(crypto.FILETYPE_ASN1, pkey)
    elif key is not None:
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        raise UserError(f"{part.where}: {keys.why_closed(part.block, secret)}")
    if keys.lacks_primes(part.block):
        raise UserError(f"{part.where}: {keys.NO_PRIMES}")
    public_key = key.public_key() if key else _public_key(spki)
    document = _document(part)
    numbers_agree = numbers.agree(key, public_key, document)
    # Of keys of other kinds, nothing is shown.
    is_usual = isinstance(public_key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
    if is_usual and numbers_agree and _is_certain(spki):
        grammar.publish_private_key(document)
    return Key(part, document, spki, public_key, is_private=True, numbers_agree=numbers_agree)


def _by_openssl(block: Block, secret: bytes) -> crypto.PKey | None:
    """Return a private key as OpenSSL reads it, or None."""
    with contextlib.suppress(*ERRORS):
        return crypto.load_privatekey(crypto.FILETYPE_PEM, block.text, secret)
    return None


def _by_cryptography(
    block: Block, secret: bytes, pkey: crypto.PKey | None
) -> PrivateKeyTypes | None:
    """Return a private key as cryptography reads it, or None. pkey: from _by_openssl."""
    with contextlib.suppress(*ERRORS):
        if pkey is not None or not block.headers:  # a short IV in them causes a panic
            return load_pem_private_key(
                block.text, secret or None, unsafe_skip_rsa_key_validation=True
            )
    with contextlib.suppress(*ERRORS):
        if pkey is not None:
            return keys.checked_key(pkey)
    return None


def _document(part: Part) -> Document:
    """Return the elements of a part, with marks on what is public. In a private key, nothing is."""
    block = part.block
    document = grammar.unreadable(_CLOSED) if block.headers else grammar.read(block.der)
    key = grammar.key_in(document)
    if document.name == "RSAPublicKey":
        key = _rewritten("RSA PUBLIC KEY", key)
    grammar.publish(document, _is_certain(key))
    return document


def _rewritten(label: str, content: bytes) -> bytes:
    """Return a public key, with the label of its PEM, in the SubjectPublicKeyInfo of OpenSSL.

    What OpenSSL does not read stays as it is.
    """
    with contextlib.suppress(*ERRORS):
        pkey = crypto.load_publickey(crypto.FILETYPE_PEM, wrapping.written(label, content))
        return crypto.dump_publickey(crypto.FILETYPE_ASN1, pkey)
    return content


def _is_certain(spki: bytes) -> bool:
    """Return whether a public key is certain to be one, and not a private number in its place.

    Of RSA, e is short, and d is not; nothing may follow n and e in their BIT STRING. OpenSSL reads
    an EC key only if it is a point on the curve.
    """
    public_key = _public_key(spki)
    if isinstance(public_key, rsa.RSAPublicKey):
        bits, e = der.read(spki)[0].children[1], public_key.public_numbers().e
        return e.bit_length() <= _MAX_EXPONENT_BITS and bits.children != []
    if public_key is not None:
        return True
    with contextlib.suppress(*ERRORS):
        return crypto.load_publickey(crypto.FILETYPE_ASN1, spki).type() not in _RSA_TYPES
    return False


def _public_key(spki: bytes) -> PublicKeyTypes | None:
    """Return a public key, or None if it cannot be read here."""
    with contextlib.suppress(*ERRORS):
        return load_der_public_key(spki)
    with contextlib.suppress(*ERRORS):
        pkey = crypto.load_publickey(crypto.FILETYPE_ASN1, spki)
        return cast(PublicKeyTypes, pkey.to_cryptography_key())
    return None
