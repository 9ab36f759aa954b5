"""The DER of a key, a request or a certificate, line by line, in the words of the standards.

What der reads is matched with the grammar in asn1.txt. If a whole private key fits, the fields
that are PUBLIC there are shown, and the size of all others. A file that fits nothing may be a
damaged private key: of that, too, nothing but sizes is shown, and the OIDs that are known.
"""

import ipaddress
from collections.abc import Iterator
from datetime import datetime

from common import console
from common.show import der, grammar
from common.show.der import Element

WIDTH = 100
NOTES_AT = 54  # the column of the notes, where there is room

_COLUMNS = "Each line: offset, length with header (in bytes), tag, field: value -- what it is"
_SECRETS = "Of what must stay secret you see only the size."
_PUBLIC = {
    "CertificationRequest": (
        "A certificate signing request (CSR): PKCS#10, RFC 2986",
        "First your name, your public key, what else you ask for; then the signature over it all.",
    ),
    "Certificate": (
        "A certificate: X.509, RFC 5280",
        "First the issuer, the dates, your name and public key; then the signature over it all.",
    ),
    "SubjectPublicKeyInfo": (
        "A public key: SubjectPublicKeyInfo, RFC 5280",
        "First the kind of key, then the key itself. Nothing in it is secret.",
    ),
    "RSAPublicKey": (
        "An RSA public key: PKCS#1, RFC 8017",
        "Two numbers are the whole key. Nothing in it is secret.",
    ),
}
_PRIVATE = {
    "RSAPrivateKey": ("An RSA private key: PKCS#1, RFC 8017", _SECRETS),
    "ECPrivateKey": ("An elliptic curve private key: SEC 1, RFC 5915", _SECRETS),
    "DSAPrivateKey": ("A DSA private key in OpenSSL's old format", _SECRETS),
    "OneAsymmetricKey": ("A private key: PKCS#8, RFC 5958", _SECRETS),
    "EncryptedPrivateKeyInfo": (
        "An encrypted private key: PKCS#8, RFC 5958 and 8018",
        "First how it is encrypted, then the encrypted key, of which you see only the size.",
    ),
}
_UNKNOWN = (
    "Not a complete key, request or certificate of a known kind",
    "It may be a damaged private key, so you see no values, only sizes.",
)
_KEY_USAGES = (  # from bit 0: RFC 5280 section 4.2.1.3
    *("digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement"),
    *("keyCertSign", "cRLSign", "encipherOnly", "decipherOnly"),
)
_ENCODINGS = {"UTF8String": "utf-8", "BMPString": "utf-16-be", "UniversalString": "utf-32-be"}


def walk(data: bytes) -> Iterator[str]:
    """Yield the lines for one document in DER: three of heading, then one for each element.

    Those begin with two numbers: the offset of the element, and its length with its header.
    Raises ValueError after what can be read if that is not the whole file. Its text is one line
    that says where the file breaks, and why.
    """
    if len(data) > der.MAX_SIZE:
        raise ValueError(f"more than {der.MAX_SIZE} bytes: too long for a key or a certificate")
    if not data.startswith(b"\x30"):  # SEQUENCE
        raise ValueError("not DER: a key, a request or a certificate starts with the byte 0x30")
    faults: list[str] = []
    for root in der.read(data, 0, len(data), 0, faults, most=1):
        document = grammar.recognise(root, _PUBLIC | _PRIVATE)
        yield from (*(_PUBLIC | _PRIVATE).get(document, _UNKNOWN), _COLUMNS)
        for element, shown in _elements(root, document in _PUBLIC):
            yield _line(element, shown)
        if root.end < len(data):
            faults.append(f"offset {root.end}: the document ends here, but the file goes on")
    if faults:
        raise ValueError(faults[0])


def _elements(element: Element, shown: bool) -> Iterator[tuple[Element, bool]]:
    """Yield each element, and whether its value is shown."""
    shown = shown and not element.hidden
    yield element, shown or element.public
    for child in element.children:
        yield from _elements(child, shown)


def _line(element: Element, shown: bool) -> str:
    places = len(str(len(element.der)))
    length = element.end - element.offset
    left = f"{element.offset:>{places}} {length:>{places}}  {'  ' * element.depth}{element.tag}"
    left += f" {element.name}" if element.name else ""
    note = element.note
    if element.type == "OID":
        note = grammar.oid(element.content)[1] or note
    note = note and f"  -- {note}"
    if value := _value(element, shown, len(left) + len(": "), len(note)):
        left += f"{':' if element.name else ''} {value}"
    return f"{left:<{NOTES_AT if note else 0}}{note}"


def _value(element: Element, shown: bool, before: int, after: int) -> str:
    """Return the value of an element, cut to the line, or "" for an element without one.

    before, after: the columns that the rest of the line takes.
    """
    content, type_ = element.content, element.type
    if element.children or element.constructed or (type_ == "NULL" and not content):
        return ""
    if type_ == "OID" and grammar.oid(content)[0]:
        return grammar.oid(content)[0]
    room = max(WIDTH - before - after, 20)
    text = _text(element) if shown else None
    if text is not None:
        return text if len(text) <= room else f"{text[: room - 1]}…"
    if type_ in ("INTEGER", "BIT STRING") and content[:1] == b"\0" and len(content) > 1:
        content = content[1:]  # no digits: room for a sign, or the number of bits to leave out
    size = f"{len(content)} byte{'s' * (len(content) != 1)}"
    if not shown:
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
        return der.oid(content) or None
    if type_.endswith("Time"):
        return _time(content.decode("latin-1"), type_)
    if type_.endswith("String"):
        return _quoted(content.decode(_ENCODINGS.get(type_, "latin-1"), "backslashreplace"))
    if element.name == "iPAddress" and len(content) in (4, 16):
        return str(ipaddress.ip_address(content))
    if element.name == "KeyUsage":
        bits = "".join(f"{byte:08b}" for byte in content[1:9])
        return ", ".join(name for name, bit in zip(_KEY_USAGES, bits, strict=False) if bit == "1")
    return None


def _time(text: str, type_: str) -> str:
    """Return a time in words (RFC 5280 section 4.1.2.5), or as it stands if it is not in form."""
    century = "" if type_ == "GeneralizedTime" else "19" if text >= "50" else "20"
    try:
        return f"{datetime.strptime(century + text, '%Y%m%d%H%M%SZ')} UTC"
    except ValueError:
        return _quoted(text)


def _quoted(text: str) -> str:
    return f'"{console.printable(text)}"'
