"""Names for a certificate: the name that a text stands for, or why no CA may sign it.

Nothing is looked up: a name does not have to exist to be valid. These forms are accepted:

    example.com, *.example.com      as they are
    Example.COM                     lower case: example.com
    example.com.                    without the trailing dot of the DNS root: example.com
    münchen.example                 A-labels: xn--mnchen-3ya.example
    192.0.2.1                       an IPv4 address
    2001:DB8:0::1                   an IPv6 address, in its canonical form: 2001:db8::1
    DNS:example.com, IP:192.0.2.1   OpenSSL's prefixes, as in its subjectAltName
"""

import ipaddress
import re
import unicodedata
from collections.abc import Iterable


class DomainName(str):
    """A domain name that parse has checked: lower case, A-labels, no trailing dot."""


# What ACME calls an identifier: RFC 8555 section 9.7.7, RFC 8738 section 3.
Identifier = DomainName | ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_LABEL = 63  # octets; RFC 1035 section 2.3.4
MAX_NAME = 253  # octets as text: RFC 1035's 255 include a length octet and the root label
MAX_COMMON_NAME = 64  # characters; ub-common-name, RFC 5280 appendix A.1
# OpenSSL's limit, from RFC 3280's ub-emailaddress-length; RFC 5280 appendix A.1 raised it to 255.
MAX_EMAIL = 128  # characters

# Zero-width joiners: Persian and Indic names need them, and IDNA 2008 allows them in context.
_JOINERS = ("\u200c", "\u200d")

# How Python represents the bytes 80 to FF of an argument that it cannot decode (PEP 383).
_UNDECODED = ("\udc80", "\udcff")

_BR = "Baseline Requirements"
_LDH = "a name has only letters, digits, hyphens and dots (RFC 5890)"


class InvalidName(ValueError):
    """Not a name that a CA may sign, or not an e-mail address; the message says why."""


def parse(text: str | Identifier) -> Identifier:
    """Return the identifier that text stands for, in a form listed above.

    Raises InvalidName, and TypeError for anything but text and IP addresses.
    """
    if isinstance(text, DomainName):
        return text
    if isinstance(text, (ipaddress.IPv4Address, ipaddress.IPv6Address)):
        text = str(text)  # which shows a zone
    elif not isinstance(text, str):
        raise TypeError("a name is text or an IP address")
    try:
        return _identifier(text)
    except InvalidName as error:
        raise InvalidName(f"{_quoted(text)} is not a valid name: it {error}") from None


def parse_all(texts: Iterable[str | Identifier]) -> list[Identifier]:
    """Return the identifiers that texts stand for, in their order and each once.

    Raises InvalidName for the first text that is not a name.
    """
    return list(dict.fromkeys(parse(text) for text in texts))


def common_name(identifiers: Iterable[Identifier]) -> DomainName | None:
    """Return the first domain name that fits into a common name (CN), or None.

    Boulder rejects a request with an IP address as CN (csr/csr.go).
    """
    domains = (name for name in identifiers if isinstance(name, DomainName))
    return next((name for name in domains if len(name) <= MAX_COMMON_NAME), None)


def file_name(identifier: Identifier) -> str:
    """Return identifier as the start of a file name: _ for * and, for Windows, - for :."""
    return str(identifier).replace("*", "_").replace(":", "-")


def email_address(text: str) -> str:
    """Return text if it can be the emailAddress of a subject.

    Raises InvalidName unless it is printable ASCII (the attribute is an IA5String, RFC 2985
    section 5.2.1) of at most MAX_EMAIL characters, with something on both sides of its last @.
    """
    local, _, domain = text.rpartition("@")
    if not text.isascii():
        reason = "is not ASCII; write a Unicode domain with A-labels (xn--…)"
    elif not text.isprintable() or text != text.strip():
        reason = "has a control character, or a space at the start or end"
    elif not local or not domain or local.startswith("mailto:") or domain.endswith(">"):
        reason = "is not an e-mail address such as hostmaster@example.com"
    elif len(text) > MAX_EMAIL:
        reason = f"has {len(text)} characters, more than the {MAX_EMAIL} that OpenSSL allows"
    else:
        return text
    raise InvalidName(f"{_quoted(text)} {reason}")


def check_domain_name(name: str) -> None:
    """Raise InvalidName unless name is a domain name, in lower case, that a CA may sign.

    The message is what can be said of the name, such as "is empty".
    """
    base = name.removeprefix("*.")
    if not base:
        raise InvalidName("is empty")
    if base == "*":
        raise InvalidName("is a * without a name after it")
    if "*" in base:
        raise InvalidName(f"has a * that is not the whole leftmost label ({_BR} 1.6.1)")
    for label in base.split("."):
        _check_label(label)
    if len(name) > MAX_NAME:
        raise InvalidName(f"is longer than {MAX_NAME} characters (RFC 1035)")
    if base.rpartition(".")[2].isdigit():  # so that a name is never mistaken for an IPv4 address
        raise InvalidName("ends in a label that has only digits (RFC 3696 section 2)")
    if f".{base}".endswith((".in-addr.arpa", ".ip6.arpa")):  # ballot SC-086v3, since 2026-03-15
        raise InvalidName(f"is in the reverse DNS, for which no public CA may issue ({_BR} 4.2.2)")


def _identifier(text: str) -> Identifier:
    """Return what text stands for. Raises InvalidName, as check_domain_name does."""
    if text.startswith("DNS:"):
        return _domain_name(text.removeprefix("DNS:"))
    try:
        address = ipaddress.ip_address(text.removeprefix("IP:"))
    except ValueError:
        if text.startswith("IP:"):
            raise InvalidName("is not an IP address") from None
        return _domain_name(text)
    if "%" in text:
        raise InvalidName("has a zone, which has a meaning only on one machine (RFC 4007)")
    return address


def _domain_name(text: str) -> DomainName:
    # The A-labels of a name are never shorter than its text, so this only bounds the work.
    if len(text) > 4 * MAX_NAME:
        raise InvalidName(f"is longer than {MAX_NAME} characters (RFC 1035)")
    name = text.lower() if text.isascii() else _a_labels(text)
    name = name.removesuffix(".")
    check_domain_name(name)
    return DomainName(name)


def _a_labels(text: str) -> str:
    """Return a Unicode name with A-labels: UTS #46 mapping, then IDNA 2008 (RFC 5891)."""
    import idna  # most names are ASCII and need none of its tables

    try:
        for char in text:
            if _UNDECODED[0] <= char <= _UNDECODED[1]:
                byte = ord(char) - 0xDC00
                raise InvalidName(f"has a byte, {byte:02X}, that is not text in this terminal")
            invisible = unicodedata.category(char).startswith(("C", "Z")) and char not in _JOINERS
            # The mapping silently drops some characters, which are invisible too.
            if invisible or not idna.uts46_remap(char, std3_rules=False):
                raise InvalidName(f"has an invisible character, U+{ord(char):04X}; {_LDH}")
        mapped = idna.uts46_remap(text, std3_rules=False)
        return ".".join(
            label if label.isascii() else idna.alabel(label).decode() for label in mapped.split(".")
        )
    except InvalidName:
        raise
    except ValueError as error:  # an IDNAError, or from unicodedata, which idna 3.7 lets through
        raise InvalidName(
            f"is not allowed by IDNA 2008 ({error}); if it is registered anyway, "
            "give its A-label (xn--…)"
        ) from None


def _check_label(label: str) -> None:
    """Raise InvalidName unless label, in lower case, follows RFC 5890 section 2.3.1."""
    if not label:
        raise InvalidName("has an empty label: two dots in a row, or a dot at an end")
    if odd := re.search("[^a-z0-9-]", label):
        raise InvalidName(f"contains {odd[0]!a}; {_LDH}")
    if len(label) > MAX_LABEL:
        raise InvalidName(f"has more than {MAX_LABEL} characters between two dots (RFC 1035)")
    if label.startswith("-") or label.endswith("-"):
        raise InvalidName(f"has the label {label}, which starts or ends with a hyphen (RFC 5890)")
    if label.startswith("xn--"):
        _check_p_label(label)
    elif label[2:4] == "--":
        raise InvalidName(f"has the label {label}: only xn-- labels may have -- there (RFC 5890)")


def _check_p_label(label: str) -> None:
    """Raise InvalidName unless an xn-- label is a P-Label (Baseline Requirements 1.6.1).

    CAs sign A-labels that IDNA 2008 does not allow, those of emoji for example, so they pass here.
    """
    encoded = label.removeprefix("xn--").encode()
    try:
        text = encoded.decode("punycode")
        text.encode()  # refuses the surrogates that the codec lets through
    except UnicodeError:
        raise InvalidName(f"has the label {label}, which is not Punycode (RFC 3492)") from None
    if text.encode("punycode") != encoded:
        raise InvalidName(f"has the label {label}, which is not the Punycode of its text")
    if not unicodedata.is_normalized("NFC", text):
        raise InvalidName(f"has the label {label}, whose text is not in NFC (RFC 5891)")


def _quoted(text: str) -> str:
    """Return text in quotes, cut if it is long."""
    return repr(text) if len(text) <= 80 else f"{text[:80]!r}…"
