"""The value of an element of DER: for Python, in words, and as far as it may be shown."""

import contextlib
import ipaddress
import itertools
import re
from datetime import datetime, timezone

from common.console import printable
from common.der import Element
from common.show import grammar

_ENCODINGS = {"UTF8String": "utf-8", "BMPString": "utf-16-be", "UniversalString": "utf-32-be"}

_KEY_USAGES = (  # from bit 0: RFC 5280 section 4.2.1.3
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)

_MOST_HEADER = 5  # octets: of an element of up to 16 MiB


def shown(element: Element, room: int) -> str:
    """Return the value of an element, cut to room columns, or "" if it has none.

    If the element is not public, return its size instead.
    """
    if element.oid in grammar.OIDS:
        return grammar.OIDS[element.oid].name
    if element.children or element.constructed or element.encoded == b"\5\0":  # NULL
        return ""
    text = in_words(element) if element.is_public else None
    if text is not None:
        return text if len(text) <= room else f"{text[: room - 1]}…"
    content = octets(element)
    if not element.is_public:
        return size(content)
    digits = f"0x{content.hex()}"
    if len(content) <= 20 and len(digits) <= room:  # as a serial number: RFC 5280 section 4.1.2.2
        return digits
    is_number = element.type == "INTEGER"
    bits = f"{int.from_bytes(content, 'big').bit_length()} bits"
    return f"{bits if is_number else size(content)}, {digits[:8]}…"


def size(content: bytes) -> str:
    """Return how long something is."""
    return f"{len(content)} byte{'s' * (len(content) != 1)}"


def note(element: Element) -> str:
    """Return what an element is for, in a few words, or ""."""
    known = grammar.OIDS.get(element.oid)
    return (known and known.note) or element.note


def header(element: Element) -> str:
    """Return the tag and the length of an element in hexadecimal, cut if it is absurdly long."""
    return element.header[:_MOST_HEADER].hex(" ")


def in_words(element: Element) -> str | None:
    """Return the value of an element in words or decimal digits, or None if it has none."""
    content, kind = element.content, element.type
    if kind == "BOOLEAN":
        return {b"\xff": "TRUE", b"\0": "FALSE"}.get(content)
    if kind == "INTEGER" and len(content) <= 8:
        return str(number(element))
    if kind == "OID":
        return element.oid or None
    if kind.endswith("Time") and (when := time(element)):
        return in_utc(when)
    if kind.endswith(("String", "Time")):
        return f'"{printable(string(element))}"'
    if element.name == "iPAddress" and len(content) in (4, 16):
        return str(ipaddress.ip_address(content))
    if element.name == "KeyUsage":
        return ", ".join(key_usages(element))
    return None


def string(element: Element) -> str:
    """Return the text of a string, with escapes for octets that its encoding does not have."""
    if element.type in _ENCODINGS:
        return element.content.decode(_ENCODINGS[element.type], "backslashreplace")
    try:  # some programs write UTF-8 where it does not belong
        return element.content.decode("utf-8")
    except UnicodeDecodeError:
        return element.content.decode("latin-1")


def number(element: Element) -> int:
    """Return the value of an INTEGER."""
    return int.from_bytes(element.content, "big", signed=True)


def octets(element: Element) -> bytes:
    """Return the content of an element, without what is not part of its value.

    An INTEGER may begin with a zero octet, so that it is not negative; a BIT STRING begins with the
    number of its unused bits.
    """
    content = element.content
    has_prefix = element.type in ("INTEGER", "BIT STRING") and content[:1] == b"\0"
    return content[1:] if has_prefix and len(content) > 1 else content


def time(element: Element) -> datetime | None:
    """Return a time, or None for a text that is not one.

    RFC 5280 section 4.1.2.5 requires seconds and a Z at the end. OpenSSL also reads a time without
    seconds, with a fraction or with another time zone (X.680 sections 46 and 47).
    """
    text, fraction = string(element), r"(?:\.[0-9]+)?"
    if element.type == "UTCTime":
        text, fraction = f"{'19' if text[:2] >= '50' else '20'}{text}", ""
    found = re.fullmatch(rf"([0-9]{{12}})([0-9][0-9])?{fraction}(Z|[+-][0-9]{{4}})", text)
    with contextlib.suppress(ValueError, OverflowError):
        if found:
            numbers = f"{found[1]}{found[2] or '00'}{found[3]}"
            return datetime.strptime(numbers, "%Y%m%d%H%M%S%z").astimezone(timezone.utc)
    return None


def in_utc(when: datetime) -> str:
    """Return a time as text, such as "2026-11-27 21:50:00 UTC"."""
    return f"{when.replace(tzinfo=None).isoformat(' ', 'seconds')} UTC"


def key_usages(element: Element) -> list[str]:
    """Return the uses that a KeyUsage names: the number of unused bits, then a bit for each."""
    bits = "".join(f"{byte:08b}" for byte in element.content[1:])
    return list(itertools.compress(_KEY_USAGES, map(int, bits)))
