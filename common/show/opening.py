"""Reading a key, a request or a certificate from a part of a file."""

import contextlib

from common import labels, limits, passphrase, pem, unusable, wrapping
from common.console import UserError
from common.show import grammar, loading, numbers, parts, secrecy, values
from common.show.grammar import Document
from common.show.items import Certificate, Item, Key, Request
from common.show.parts import Part

from OpenSSL import crypto


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
    document = unopened(part)
    key = grammar.public_key(document)
    if document.fault or document.name != parts.DOCUMENTS[block.label] or key is None:
        problem = f"it cannot be read here ({document.fault or 'it does not follow its standard'})"
        raise UserError(problem, "use --bytes to see what can be read", where=part.where)
    if block.label == labels.REQUEST:
        return Request(part, key.encoded)
    if block.label == labels.CERTIFICATE:
        return Certificate(part, key.encoded)
    return _public(part)


def unopened(part: Part) -> Document:
    """Return the elements of a part, without asking for a passphrase.

    The public values of a private key are marked if it opens without one.
    """
    block = part.block
    is_key = block.label in labels.KEY_LABELS and block.is_whole
    if is_key and not block.is_encrypted and not limits.exceeded(block):
        with contextlib.suppress(UserError):
            return _private(part, b"").part.document
    secrecy.reveal(part.document)
    return part.document


def public_pem(item: Item) -> str:
    """Return the public key of an item in PEM.

    Raises UserError if one of its numbers could be a private one, such as d.
    """
    if isinstance(item, Key) and item.numbers_agree is False:
        raise UserError(unusable.DISAGREE, where=item.where)
    if not item.is_public_certain:
        raise UserError("its numbers cannot be checked here; use openssl pkey", where=item.where)
    return wrapping.pem_of("PUBLIC KEY", item.spki).decode()


def _public(part: Part) -> Key:
    """Return a public key. Raises UserError."""
    label, content = part.block.label, part.block.content
    spki = loading.as_spki(label, content)
    if label == "RSA PUBLIC KEY":
        _, exponent = map(values.number, part.document.root.children)
        if spki == content or exponent.bit_length() > secrecy.MAX_EXPONENT_BITS:
            what = "these are two numbers, but not an RSA public key (a signature has two as well)"
            raise UserError(what, parts.ADVICE, where=part.where)
    return Key(part, spki, is_private=False, numbers_agree=None)


def _private(part: Part, secret: bytes) -> Key:
    """Return a private key. secret: its passphrase, or b"". Raises UserError.

    The numbers are checked here and not by the libraries, so that a key in which they disagree is
    shown as well.
    """
    pkey = loading.openssl_key(part.block, secret)
    if pkey is None:
        raise UserError(unusable.why_closed(part.block, secret), where=part.where)
    key = loading.private_key(part.block, secret, pkey)
    spki = crypto.dump_publickey(crypto.FILETYPE_ASN1, pkey)  # this keeps its encoding
    numbers_agree = numbers.agree(key, loading.public_key(spki), part.document)
    if not numbers_agree:
        found = unusable.rsa_numbers(part.block, secret)
        if reason := unusable.no_primes(found):
            raise UserError(reason, where=part.where)
    secrecy.reveal_private(part.document, spki, numbers_agree)
    return Key(part, spki, is_private=True, numbers_agree=numbers_agree)
