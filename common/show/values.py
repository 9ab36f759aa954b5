"""The value of an element of DER, for Python."""

import contextlib
import ipaddress
import itertools
import re
from datetime import datetime, timezone
from typing import NamedTuple

from common.der import Element

_ENCODINGS = {"UTF8String": "utf-8", "BMPString": "utf-16-be", "UniversalString": "utf-32-be"}

_KEY_USAGES = (  # from bit 0: RFC 5280 section 4.2.1.3
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment",
    "keyAgreement", "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly",
)  # fmt: skip

# GeneralName, RFC 5280 section 4.2.1.6
_NAME_KINDS = {"[1]": "email", "[2]": "DNS", "[6]": "URI", "[7]": "IP"}


class Name(NamedTuple):
    """A name in a subject alternative name."""

    kind: str  # "DNS", "IP", "email", "URI", or what RFC 5280 calls another kind
    value: str | ipaddress.IPv4Address | ipaddress.IPv6Address  # "" for another kind
    encoded: bytes | None = None  # of another kind

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}" if self.value else self.kind

    def lower(self) -> "Name":
        """Return the name as Boulder compares it.

        That is in lower case as Go's strings.ToLower has it, a character for each. To Go, an IPv4
        address in an IPv6 address is that IPv4 address.
        """
        if not isinstance(self.value, str):
            return self._replace(value=getattr(self.value, "ipv4_mapped", None) or self.value)
        # Python has two for İ, and only for İ.
        return self._replace(value="".join(char.lower()[0] for char in self.value))


def string(element: Element) -> str:
    """Return the text of a string, with escapes for octets that its encoding does not have."""
    if element.type in _ENCODINGS:
        return element.content.decode(_ENCODINGS[element.type], "backslashreplace")
    try:  # some programs write UTF-8 where it does not belong
        return element.content.decode()
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
    text, fraction = string(element), r"(?:\.\d+)?"
    if element.type == "UTCTime":
        text, fraction = f"{'19' if text >= '50' else '20'}{text}", ""
    found = re.fullmatch(rf"(\d{{12}})(\d\d)?{fraction}(Z|[+-]\d{{4}})", text, re.ASCII)
    with contextlib.suppress(ValueError, OverflowError):
        if found:
            numbers = f"{found[1]}{found[2] or '00'}{found[3]}"
            return datetime.strptime(numbers, "%Y%m%d%H%M%S%z").astimezone(timezone.utc)
    return None


def general_name(element: Element) -> Name | None:
    """Return a GeneralName, or None for an IP address that does not have 4 or 16 bytes."""
    kind = None if element.constructed else _NAME_KINDS.get(element.tag)
    if kind is None:
        return Name(element.name or "a name of another type", "", element.encoded)
    if kind != "IP":
        return Name(kind, string(element))
    with contextlib.suppress(ValueError):
        return Name(kind, ipaddress.ip_address(element.content))
    return None


def key_usages(element: Element) -> list[str]:
    """Return the uses that a KeyUsage names: the number of unused bits, then a bit for each."""
    bits = "".join(f"{byte:08b}" for byte in element.content[1:])
    return list(itertools.compress(_KEY_USAGES, map(int, bits)))
