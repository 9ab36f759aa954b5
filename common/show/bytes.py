"""The DER of a key, a request or a certificate, line by line, in the words of the standards.

Of a private key, only the values that its public key holds too are shown, and the sizes of the
others. An unknown file may be a damaged private key, so only its sizes and known OIDs are shown.
"""

import contextlib
import ipaddress
from collections.abc import Iterator
from datetime import datetime

from common.console import printable
from common.show import der, grammar
from common.show.der import Element
from common.show.read import ERRORS

from cryptography.hazmat.primitives.asymmetric import ec, rsa
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
# Public settings in a private key, each shown if it has at most so many bytes.
_SETTINGS = (
    {"version": 1, "salt": 32, "iterationCount": 4, "keyLength": 1}
    | {"costParameter": 4, "blockSize": 1, "parallelizationParameter": 1}
)  # fmt: skip
_ENCODINGS = {"UTF8String": "utf-8", "BMPString": "utf-16-be", "UniversalString": "utf-32-be"}


def walk(data: bytes) -> Iterator[str]:
    """Yield the lines for one document in DER: three of heading, then one for each element.

    Those begin with two numbers: the offset of the element, and its length with its header.
    If the file breaks, raises ValueError after what can be read: one line says where and why.
    """
    if len(data) > der.MAX_SIZE:
        raise ValueError(f"more than {der.MAX_SIZE} bytes: too long for a key or a certificate")
    if not data.startswith(b"\x30"):  # SEQUENCE
        raise ValueError("not DER: a key, a request or a certificate starts with the byte 0x30")
    root, fault = der.read(data)
    document = grammar.recognize(root)
    yield from (*grammar.DOCUMENTS.get(document, _UNKNOWN), _COLUMNS)
    public = _public_contents(root, document)
    for element in root.all():
        is_setting = len(element.content) <= _SETTINGS.get(element.name, -1)
        yield _line(element, is_setting or element.content in public)
    if fault:
        raise ValueError(fault)


def _public_contents(root: Element, document: str) -> set[bytes]:
    """Return the contents of the elements that are public.

    A damaged key may have a secret in the place of a public value. So a value counts as public not
    by its place, but because the public key, which follows from the secret numbers, holds it too.
    """
    if document in ("CertificationRequest", "Certificate"):
        return {element.content for element in root.all()}
    try:
        public_key = _public_key(root, document)
    except ERRORS:
        return set()
    # In a damaged RSA key, e and d may be swapped; e is never long.
    if isinstance(public_key, rsa.RSAPublicKey) and public_key.public_numbers().e.bit_length() > 64:
        return set()
    spki = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {element.content for element in der.parse(spki).all()}


def _public_key(root: Element, document: str) -> PublicKeyTypes:
    """Return the public key of a key. Raises one of ERRORS if its numbers do not agree."""
    if document in ("SubjectPublicKeyInfo", "RSAPublicKey"):
        return load_der_public_key(root.encoded)
    # The point of an EC key is checked all the same. Checking all of an RSA key takes seconds.
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
    room = max(WIDTH - len(left) - len(": ") - len(note), 20)
    if value := known.name if known else _value(element, is_shown, room):
        left += f"{':' if element.name else ''} {value}"
    return f"{left:<{NOTES_AT}}{note}" if note else left


def _value(element: Element, is_shown: bool, room: int) -> str:
    """Return the value of an element, cut to room columns, or "" if it has none."""
    if element.children or element.constructed or element.encoded == b"\5\0":  # NULL
        return ""
    text = _text(element) if is_shown else None
    if text is not None:
        return text if len(text) <= room else f"{text[: room - 1]}…"
    octets = element.content
    if element.type in ("INTEGER", "BIT STRING") and octets[:1] == b"\0" and len(octets) > 1:
        octets = octets[1:]  # not part of the value: room for a sign, or the number of unused bits
    size = f"{len(octets)} byte{'s' * (len(octets) != 1)}"
    if not is_shown:
        return size
    digits = f"0x{octets.hex()}"
    if len(octets) <= 20 and len(digits) <= room:  # as a serial number: RFC 5280 section 4.1.2.2
        return digits
    if element.type == "INTEGER":
        size = f"{int.from_bytes(octets, 'big').bit_length()} bits"
    return f"{size}, {digits[:8]}…"


def _text(element: Element) -> str | None:
    """Return the value of an element in words or decimal digits, or None if it has none."""
    content, type_ = element.content, element.type
    if type_ == "BOOLEAN":
        return {b"\xff": "TRUE", b"\0": "FALSE"}.get(content)
    if type_ == "INTEGER" and len(content) <= 8:
        return str(int.from_bytes(content, "big", signed=True))
    if type_ == "OID":
        return element.oid or None
    if type_.endswith(("String", "Time")):
        text = content.decode(_ENCODINGS.get(type_, "latin-1"), "backslashreplace")
        return _time(text, type_) or f'"{printable(text)}"'
    if element.name == "iPAddress" and len(content) in (4, 16):
        return str(ipaddress.ip_address(content))
    if element.name == "KeyUsage":
        return grammar.key_usages(content)
    return None


def _time(text: str, type_: str) -> str:
    """Return a time in words (RFC 5280 section 4.1.2.5), or "" for another text."""
    if type_ == "UTCTime":
        text = f"{'19' if text[:2] >= '50' else '20'}{text}"
    if not type_.endswith("Time") or len(text) != len("YYYYMMDDHHMMSSZ"):
        return ""
    with contextlib.suppress(ValueError):
        return f"{datetime.strptime(text, '%Y%m%d%H%M%SZ')} UTC"
    return ""
