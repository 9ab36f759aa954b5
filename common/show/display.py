"""The value of an element of DER, in words and as far as it may be shown."""

import ipaddress
from datetime import datetime

from common.console import printable
from common.der import Element
from common.show import grammar, values

_MOST_HEADER = 5  # octets: of an element of up to 16 MiB


def tag(element: Element) -> str:
    """Return the tag of an element, and what is odd about the element."""
    form = " (constructed)" if element.constructed else " (primitive)"
    cut_off = " (cut off)" if element.is_cut_off else ""
    return f"{element.tag}{form if element.has_wrong_form else ''}{cut_off}"


def shown(element: Element, room: int = 80) -> str:
    """Return the value of an element, cut to room columns, or "" if it has none.

    If the element is not public, return its size instead.
    """
    if element.oid in grammar.OIDS:
        return grammar.OIDS[element.oid].name
    if element.children or element.constructed or element.encoded == b"\5\0":  # NULL
        return ""
    content = values.octets(element)
    if not element.is_public:
        return size(content)
    text = in_words(element)
    if text is None:
        return _digits(content, room, is_number=element.type == "INTEGER")
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _digits(content: bytes, room: int, *, is_number: bool) -> str:
    """Return bytes in hexadecimal; of those that are many, the size and the first ones."""
    digits = f"0x{content.hex()}"
    if len(content) <= 20 and len(digits) <= room:  # as a serial number: RFC 5280 section 4.1.2.2
        return digits
    bits = f"{int.from_bytes(content, 'big').bit_length()} bits"
    return f"{bits if is_number else size(content)}, {digits[:8]}…"


def in_words(element: Element) -> str | None:
    """Return the value of an element in words or decimal digits, or None if it has none."""
    content, kind = element.content, element.type
    if kind == "BOOLEAN":
        return {b"\xff": "TRUE", b"\0": "FALSE"}.get(content)
    if kind == "INTEGER" and len(content) <= 8:
        return str(values.number(element))
    if kind == "OID":
        return element.oid or None
    if kind.endswith("Time") and (when := values.time(element)):
        return in_utc(when)
    if kind.endswith(("String", "Time")):
        return f'"{printable(values.string(element))}"'
    if element.name == "iPAddress" and len(content) in (4, 16):
        return str(ipaddress.ip_address(content))
    if element.name == "KeyUsage":
        return ", ".join(values.key_usages(element))
    return None


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


def in_utc(when: datetime) -> str:
    """Return a time as text, such as "2026-11-27 21:50:00 UTC"."""
    return f"{when.replace(tzinfo=None)} UTC"
