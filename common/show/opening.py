"""Reading a key, a request or a certificate from a part of a file."""

import contextlib

from common import labels, limits, passphrase, pem, unusable, wrapping
from common.console import UserError
from common.show import grammar, loading, numbers, parts, secrecy, values
from common.show.grammar import Document
from common.show.items import EC, Certificate, Item, Key, Request
from common.show.parts import Part

from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL import crypto

_SIGNED: dict[str, type[Request | Certificate]] = {
    labels.REQUEST: Request,
    labels.CERTIFICATE: Certificate,
}


def opened(part: Part, passphrase_of: passphrase.Source) -> Key | Request | Certificate:
    """Return the key, request or certificate in a part. Raises UserError."""
    block = part.block
    if not block.is_whole or block.label not in parts.DOCUMENTS:
        raise pem.refusal(part.where, block, parts.ADVICE)
    if block.label in labels.KEY_LABELS:
        if reason := limits.exceeded(block):
            raise UserError(reason, parts.ADVICE, where=part.where)
        secret = passphrase_of(part.where) if block.is_encrypted else b""
        return _private(part, secret)
    document, spki, public_key = _revealed(part)
    if document.fault or document.name != parts.DOCUMENTS[block.label]:
        problem = f"it cannot be read here ({document.fault or 'it does not follow its standard'})"
        raise UserError(problem, "use --bytes to see what can be read", where=part.where)
    if block.label in _SIGNED:
        return _SIGNED[block.label](part, document, spki, public_key)
    return _public(part, document)


def unopened(part: Part) -> Document:
    """Return the elements of a part, without asking for a passphrase.

    The public values of a private key are marked if it opens without one.
    """
    block = part.block
    is_key = block.label in labels.KEY_LABELS and block.is_whole
    if is_key and not block.is_encrypted and not limits.exceeded(block):
        with contextlib.suppress(UserError):
            return _private(part, b"").document
    return _revealed(part)[0]


def public_pem(item: Item) -> str:
    """Return the public key of an item in PEM.

    Raises UserError if a number of it could be one of a private key, such as d, instead.
    """
    numbers_agree: bool | None = True
    if isinstance(item, Key) and item.is_private:
        numbers_agree = item.numbers_agree
        if numbers_agree is None and item.key_algorithm == EC:  # a point is not a private number
            numbers_agree = True
    if numbers_agree is False:
        raise UserError(unusable.DISAGREE, where=item.where)
    if numbers_agree is None or not secrecy.is_certain(item.spki, item.public_key):
        problem = "its numbers cannot be checked here"
        raise UserError(problem, "use openssl pkey", where=item.where)
    return wrapping.written("PUBLIC KEY", item.spki).decode()


def _revealed(part: Part) -> tuple[Document, bytes, PublicKeyTypes | None]:
    """Return the elements of a part, with marks on what is public, and the public key in it.

    The key is a SubjectPublicKeyInfo, b"" in a private key, and what cryptography makes of that.
    """
    document = part.document
    key = grammar.public_key(document)
    spki = key.encoded if key else b""
    if document.name == "RSAPublicKey":
        spki = loading.as_spki("RSA PUBLIC KEY", spki)
    public_key = loading.public_key(spki)
    secrecy.reveal(document, spki, public_key)
    return document, spki, public_key


def _public(part: Part, document: Document) -> Key:
    """Return a public key. Raises UserError."""
    block, exponent = part.block, values.number(document.root.children[-1])
    if block.label == "RSA PUBLIC KEY" and exponent.bit_length() > secrecy.MAX_EXPONENT_BITS:
        what = "these are two numbers, but not an RSA public key (a signature has two as well)"
        raise UserError(what, parts.ADVICE, where=part.where)
    spki = loading.as_spki(block.label, block.content)
    public_key = loading.public_key(spki)
    return Key(part, document, spki, public_key, is_private=False, numbers_agree=None)


def _private(part: Part, secret: bytes) -> Key:
    """Return a private key. secret: its passphrase, or b"". Raises UserError.

    The numbers are checked here and not by the libraries, so that a key in which they disagree is
    shown as well.
    """
    pkey = loading.openssl_key(part.block, secret)
    key = loading.private_key(part.block, secret, pkey)
    if pkey is not None:  # OpenSSL keeps the encoding that the public key has
        spki = crypto.dump_publickey(crypto.FILETYPE_ASN1, pkey)
    elif key is not None:
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        raise UserError(unusable.why_closed(part.block, secret), where=part.where)
    if reason := unusable.no_primes(part.block):
        raise UserError(reason, where=part.where)
    public_key = key.public_key() if key else loading.public_key(spki)
    numbers_agree = numbers.agree(key, public_key, part.document)
    secrecy.reveal_private(part.document, spki, public_key, numbers_agree)
    return Key(part, part.document, spki, public_key, is_private=True, numbers_agree=numbers_agree)
