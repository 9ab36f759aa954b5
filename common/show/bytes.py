"""The DER of a key, a request or a certificate, line by line, in the words of the standards.

Of a private key, only the values that its public key has too are shown, and the size of all others.
A file that does not fit may be a damaged private key, so only its sizes and known OIDs are shown.
"""

import ipaddress
from collections.abc import Iterator
from datetime import datetime

from common import console
from common.show import der, grammar
from common.show.der import Element
from common.show.read import ERRORS

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

WIDTH = 100
NOTES_AT = 54  # the column of the notes, where there is room

_COLUMNS = "Each line: offset and length with header (in bytes), tag, field: value -- explanation"
_UNKNOWN = (
    "Not a complete key, request or certificate of a known kind",
    "It may be a damaged private key, so only sizes are shown.",
)
_ENCODINGS = {"UTF8String": "utf-8", "BMPString": "utf-16-be", "UniversalString": "utf-32-be"}


def walk(data: bytes) -> Iterator[str]:
    """Yield the lines for one document in DER: three of heading, then one for each element.

    Those begin with two numbers: the offset of the element, and its length with its header.
    Yields what can be read, then raises ValueError if that is not the whole file. Its text is one
    line that says where the file breaks, and why.
    """
    if len(data) > der.MAX_SIZE:
        raise ValueError(f"more than {der.MAX_SIZE} bytes: too long for a key or a certificate")
    if not data.startswith(b"\x30"):  # SEQUENCE
        raise ValueError("not DER: a key, a request or a certificate starts with the byte 0x30")
    root, fault = der.read(data)
    document = grammar.recognize(root)
    yield from (*grammar.DOCUMENTS.get(document, _UNKNOWN), _COLUMNS)
    shown = _shown(root, document)
    for element in root.all():
        yield _line(element, element.content in shown)
    if fault:
        raise ValueError(fault)


def _shown(root: Element, document: str) -> set[bytes]:
    """Return the contents of the elements whose values are shown.

    A key may be damaged, with a secret where a public value should be. So a PUBLIC field is shown
    only if it is short, and any other if the public key of a sound key has the same value.
    """
    if document in ("CertificationRequest", "Certificate"):
        return {element.content for element in root.all()}
    is_encrypted = document == "EncryptedPrivateKeyInfo"
    most = {"INTEGER": 4, "OCTET STRING": 32} if is_encrypted else {"INTEGER": 1}  # bytes
    found = {e.content for e in root.all() if e.public and len(e.content) <= most.get(e.type, 0)}
    try:
        if document in ("SubjectPublicKeyInfo", "RSAPublicKey"):
            public_key = load_der_public_key(root.encoded)
        else:
            public_key = _sound_public_key(root)
            spki = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            root = der.parse(spki)
            grammar.recognize(root)
    except ERRORS:
        return found
    # In an RSA key, e and d may have changed places; e is never long.
    if isinstance(public_key, rsa.RSAPublicKey) and public_key.public_numbers().e >= 1 << 64:
        return found
    return found | {element.content for element in root.all()}


def _sound_public_key(root: Element) -> PublicKeyTypes:
    """Return the public key that the secret numbers of a key lead to. Raises one of ERRORS."""
    seeds = [element.content for element in root.all() if element.name == "CurvePrivateKey"]
    if seeds:  # in version 2 of OneAsymmetricKey, which cryptography does not read
        return ed25519.Ed25519PrivateKey.from_private_bytes(seeds[0]).public_key()
    # The point of an EC key is checked all the same. To check all of an RSA key takes seconds.
    key = load_der_private_key(root.encoded, None, unsafe_skip_rsa_key_validation=True)
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        if numbers.p * numbers.q != numbers.public_numbers.n or 1 in (numbers.p, numbers.q):
            raise ValueError
    elif not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError
    return key.public_key()


def _line(element: Element, is_shown: bool) -> str:
    places = len(str(len(element.der)))
    length = element.end - element.offset
    left = f"{element.offset:>{places}} {length:>{places}}  {'  ' * element.depth}{element.tag}"
    left += f" {element.name}" if element.name else ""
    known = grammar.OIDS.get(element.oid)
    note = (known and known.note) or element.note
    note = note and f"  -- {note}"
    if value := known.name if known else _value(element, is_shown, len(left) + 2, len(note)):
        left += f"{':' if element.name else ''} {value}"
    return f"{left:<{NOTES_AT if note else 0}}{note}"


def _value(element: Element, is_shown: bool, before: int, after: int) -> str:
    """Return the value of an element, cut to the line, or "" for an element without one.

    before, after: the columns that the rest of the line takes.
    """
    content, type_ = element.content, element.type
    if element.children or element.constructed or (type_ == "NULL" and not content):
        return ""
    room = max(WIDTH - before - after, 20)
    text = _text(element) if is_shown else None
    if text is not None:
        return text if len(text) <= room else f"{text[: room - 1]}…"
    if type_ in ("INTEGER", "BIT STRING") and content[:1] == b"\0" and len(content) > 1:
        content = content[1:]  # no digits: room for a sign, or the number of bits to leave out
    size = f"{len(content)} byte{'s' * (len(content) != 1)}"
    if not is_shown:
        return size
    digits = f"0x{content[:WIDTH].hex()}"
    if len(content) <= 20 and len(digits) <= room:
        return digits
    if type_ == "INTEGER":
        size = f"{int.from_bytes(content, 'big').bit_length()} bits"
    return f"{size}, {digits[: max(NOTES_AT - before - len(size) - 3, 8)]}…"


def _text(element: Element) -> str | None:
    """Return the value of an element in words or decimal digits, or None if it has none."""
    content, type_ = element.content, element.type
    if type_ == "BOOLEAN":
        return {b"\xff": "TRUE", b"\0": "FALSE"}.get(content)
    if type_ == "INTEGER" and len(content) <= 8:
        return str(int.from_bytes(content, "big", signed=True))
    if type_ == "OID":
        return element.oid or None
    if type_.endswith("Time"):
        return _time(content.decode("latin-1"), type_)
    if type_.endswith("String"):
        return _quoted(content.decode(_ENCODINGS.get(type_, "latin-1"), "backslashreplace"))
    if element.name == "iPAddress" and len(content) in (4, 16):
        return str(ipaddress.ip_address(content))
    if element.name == "KeyUsage":
        return grammar.key_usages(content)
    return None


def _time(text: str, type_: str) -> str:
    """Return a time in words (RFC 5280 section 4.1.2.5), or as it stands if it is not in form."""
    century = "" if type_ == "GeneralizedTime" else "19" if text >= "50" else "20"
    form = "%Y%m%d%H%M%SZ" if len(century + text) == 15 else ""  # else it takes one digit for two
    try:
        return f"{datetime.strptime(century + text, form)} UTC"
    except ValueError:
        return _quoted(text)


def _quoted(text: str) -> str:
    return f'"{console.printable(text)}"'
