"""Reading a key, a request or a certificate from a part of a file.

cryptography reads the keys. Where it is stricter than OpenSSL, pyOpenSSL reads them, as it does in
make_csr.
"""

import contextlib
from typing import cast

from common import goodkey, instead, labels, limits, passphrase, wrapping
from common.console import UserError
from common.show import files, grammar, numbers, values
from common.show.files import Part
from common.show.grammar import Document
from common.show.items import Certificate, Item, Key, Request

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)
from OpenSSL import crypto

DISAGREE = "its numbers do not agree; restore a copy of the key"

_CLOSED = "it is encrypted as a whole (RFC 1421), so its DER cannot be shown"

# The class for each label, and what RFC 5280 and RFC 2986 call the public key in it.
_SIGNED: dict[str, tuple[type[Request | Certificate], str]] = {
    labels.REQUEST: (Request, "subjectPKInfo"),
    labels.CERTIFICATE: (Certificate, "subjectPublicKeyInfo"),
}

# All that the libraries raise about what they cannot read.
_ERRORS = (
    ValueError,
    TypeError,
    LookupError,
    OverflowError,
    UnsupportedAlgorithm,
    InternalError,
    crypto.Error,
)


def opened(part: Part, passphrase_of: passphrase.Source) -> Key | Request | Certificate:
    """Return a part, opened. Raises UserError."""
    block = part.block
    if not block.is_whole or block.label not in files.DOCUMENTS:
        raise instead.refusal(part.where, block.der, block, files.ADVICE)
    if block.label in labels.KEY_LABELS:
        if reason := limits.exceeded(block):
            raise UserError(f"{part.where}: {reason}; {files.ADVICE}")
        secret = passphrase_of(part.where) if block.is_encrypted else None
        return _private_key(part, secret)
    document = _document(part)
    if document.fault or document.name != files.DOCUMENTS[block.label]:
        reason = document.fault or "it does not follow its standard"
        raise UserError(
            f"{part.where}: it cannot be read here ({reason}); use --bytes to see what can be read"
        )
    if block.label in _SIGNED:
        kind, name = _SIGNED[block.label]
        spki = next(element.encoded for element in document.root.all() if element.name == name)
        return kind(part, document, spki, _public_key(spki))
    spki = block.der
    with contextlib.suppress(*_ERRORS):
        pkey = crypto.load_publickey(crypto.FILETYPE_PEM, block.text)
        spki = crypto.dump_publickey(crypto.FILETYPE_ASN1, pkey)
    exponent = values.number(document.root.children[-1])
    if block.label == "RSA PUBLIC KEY" and exponent.bit_length() > grammar.MAX_EXPONENT_BITS:
        what = "these are two numbers, but not an RSA public key (a signature has two as well)"
        raise UserError(f"{part.where}: {what}; {files.ADVICE}")
    return Key(part, document, spki, _public_key(spki), is_private=False, numbers_agree=None)


def unopened(part: Part) -> Document:
    """Return the elements of a part, without asking for a passphrase.

    The public values of a private key are marked if it opens without one.
    """
    block = part.block
    if block.label in labels.KEY_LABELS and not block.is_encrypted and not limits.exceeded(block):
        with contextlib.suppress(UserError):
            return _private_key(part, None).document
    return _document(part)


def public_pem(item: Item) -> str:
    """Return the public key of an item in PEM.

    Raises UserError if a number of it could be one of a private key, such as d, instead.
    """
    is_rsa = item.key_algorithm.startswith(grammar.RSA)
    is_checked = _is_public(item.public_key) if is_rsa else True
    if isinstance(item, Key) and item.is_private:
        is_checked = item.numbers_agree is True
        if item.numbers_agree is False:
            raise UserError(f"{item.where}: {DISAGREE}")
    if not is_checked and (is_rsa or isinstance(item.public_key, dsa.DSAPublicKey)):
        raise UserError(f"{item.where}: its numbers cannot be checked here; use openssl pkey")
    return wrapping.written("PUBLIC KEY", item.spki).decode()


def _private_key(part: Part, secret: bytes | None) -> Key:
    """Return a private key, opened. secret: its passphrase. Raises UserError.

    The numbers are checked here and not by the libraries, so that a key in which they disagree is
    shown as well.
    """
    text, pkey, key = part.block.text, None, None
    with contextlib.suppress(*_ERRORS):
        pkey = crypto.load_privatekey(crypto.FILETYPE_PEM, text, secret or b"")
    try:
        key = load_pem_private_key(text, secret, unsafe_skip_rsa_key_validation=True)
    except _ERRORS as error:
        if pkey is None:
            raise UserError(f"{part.where}: {_why_closed(secret, error)}") from error
        # It fails on a curve that cryptography does not know, say, and takes long for a large key.
        with contextlib.suppress(*_ERRORS):
            if pkey.bits() <= goodkey.MAX_RSA_BITS:
                key = cast(PrivateKeyTypes, pkey.to_cryptography_key())
    spki = b""
    if pkey is not None:  # OpenSSL keeps the encoding that the key has
        spki = crypto.dump_publickey(crypto.FILETYPE_ASN1, pkey)
    elif key is not None:
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    public_key = key.public_key() if key else _public_key(spki)
    numbers_agree = numbers.agree(key) if key else None
    if key is None and isinstance(public_key, ec.EllipticCurvePublicKey):
        numbers_agree = _scalar_agrees(part, public_key)
    document = _document(part, is_whole_key=numbers_agree is True and _is_public(public_key))
    return Key(part, document, spki, public_key, is_private=True, numbers_agree=numbers_agree)


def _scalar_agrees(part: Part, public_key: ec.EllipticCurvePublicKey) -> bool | None:
    """Return whether the scalar in an EC key belongs to its point, or None if it is encrypted."""
    elements = _document(part).root.all()
    # In PKCS#8 the outer privateKey holds the ECPrivateKey.
    scalars = [element.content for element in elements if element.name == "privateKey"]
    if not scalars:
        return None
    return numbers.is_scalar_of(public_key, int.from_bytes(scalars[-1], "big"))


def _is_public(key: PublicKeyTypes | None) -> bool:
    """Return whether a public key whose numbers agree is certain to hold nothing secret."""
    if isinstance(key, rsa.RSAPublicKey):  # e and d may be swapped
        return key.public_numbers().e.bit_length() <= grammar.MAX_EXPONENT_BITS
    return isinstance(key, ec.EllipticCurvePublicKey)


def _why_closed(secret: bytes | None, error: Exception) -> str:
    """Return why a key could not be opened, and what to do."""
    if isinstance(error, UnsupportedAlgorithm):
        return f"this kind of key cannot be read here ({error})"
    if secret is not None:
        return "this passphrase does not open the key; try another"
    return "the key is damaged; restore a copy"


def _document(part: Part, is_whole_key: bool = False) -> Document:
    """Return the elements of a part. is_whole_key: as for grammar.read."""
    if part.block.headers:
        return grammar.unreadable(_CLOSED)
    return grammar.read(part.block.der, is_whole_key)


def _public_key(spki: bytes) -> PublicKeyTypes | None:
    """Return a public key, or None if it cannot be read here."""
    with contextlib.suppress(*_ERRORS):
        return load_der_public_key(spki)
    with contextlib.suppress(*_ERRORS):
        pkey = crypto.load_publickey(crypto.FILETYPE_ASN1, spki)
        return cast(PublicKeyTypes, pkey.to_cryptography_key())
    return None
