"""Names for a certificate: what a text means, or why no CA may sign it.

Pure functions over strings. Nothing is looked up: a name need not exist to be well formed.

What is accepted, and what becomes of it:

    example.com, *.example.com      as they are
    Example.COM                     lower case: example.com
    example.com.                    without the trailing dot of the DNS root: example.com
    münchen.example                 labels as A-labels: xn--mnchen-3ya.example
    192.0.2.1                       an IPv4 address
    2001:DB8:0::1                   an IPv6 address, in its canonical form: 2001:db8::1
    DNS:example.com, IP:192.0.2.1   OpenSSL's prefixes, as in its subjectAltName
"""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Iterable

from common import slips

# A DNS name in lower case with A-labels, or an IP address: what ACME calls an identifier
# (RFC 8555 section 9.7.7, RFC 8738 section 3).
Identifier = str | ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_LABEL = 63  # octets; RFC 1035 section 2.3.4
MAX_NAME = (
    253  # octets as text: the 255 of RFC 1035 section 2.3.4 count a length octet and the root
)
MAX_COMMON_NAME = 64  # characters; ub-common-name, RFC 5280 appendix A.1
MAX_EMAIL = 128  # characters; ub-emailaddress-length, RFC 5280 appendix A.1

# Joiners have no width, and yet Persian and Indic names need them: IDNA judges them in context.
_JOINERS = "\u200c\u200d"

_LDH = "only letters, digits, hyphens and dots may be in a name (RFC 5890 section 2.3.1)"


class BadName(ValueError):
    """A text that is no name a CA may sign; the message says why, and what was likely meant."""


def parse(text: str) -> Identifier:
    """Return the identifier that text stands for.

    text: one of the forms listed at the top of this module.
    Raises BadName.
    """
    try:
        return _identifier(text)
    except BadName as error:
        raise BadName(f"{_shown(text)}: {error}{slips.hint(text, _identifier)}") from None


def parse_all(texts: Iterable[str]) -> list[Identifier]:
    """Return the identifiers of texts in their order, each once.

    Raises BadName for the first text that is none.
    """
    return list(dict.fromkeys(parse(text) for text in texts))


def common_name(identifiers: Iterable[Identifier]) -> str | None:
    """Return the first DNS name that fits a common name, or None.

    Never an IP address: Boulder refuses a certificate signing request with one (csr/csr.go).
    """
    for identifier in identifiers:
        if isinstance(identifier, str) and len(identifier) <= MAX_COMMON_NAME:
            return identifier
    return None


def file_name(identifier: Identifier) -> str:
    """Return identifier as the start of a file name, with _ for * and - for : (for Windows)."""
    return str(identifier).replace("*", "_").replace(":", "-")


def email_address(text: str) -> str:
    """Return text, an e-mail address that fits the emailAddress attribute of a subject.

    Raises BadName unless it is printable ASCII (the attribute is an IA5String, RFC 2985 section
    5.2.1) of at most MAX_EMAIL characters with something on both sides of its last @.
    """
    local, _, domain = text.rpartition("@")
    if not text.isascii():
        reason = "is not ASCII; write a Unicode domain with A-labels (xn--…)"
    elif not text.isprintable() or text != text.strip():
        reason = "holds a control character, or a space at one end"
    elif not local or not domain:
        reason = "is no e-mail address, which looks like hostmaster@example.com"
    elif len(text) > MAX_EMAIL:
        reason = f"has {len(text)} characters, and {MAX_EMAIL} are allowed (RFC 5280 appendix A.1)"
    else:
        return text
    raise BadName(f"{_shown(text)}: {reason}")


def _identifier(text: str) -> Identifier:
    if text.startswith("DNS:"):
        return _dns_name(text.removeprefix("DNS:"))
    address = _ip_address(text.removeprefix("IP:"))
    if address is not None:
        return address
    if text.startswith("IP:"):
        raise BadName("is no IP address")
    return _dns_name(text)


def _ip_address(text: str) -> Identifier | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if "%" in text:
        raise BadName("has a zone, which means something on one machine alone (RFC 4007)")
    return address


def _dns_name(text: str) -> str:
    # A U-label is never longer than its A-label, so this bounds the work and refuses nothing good.
    if len(text) > 4 * MAX_NAME:
        raise BadName(f"is longer than {MAX_NAME} characters (RFC 1035 section 2.3.4)")
    name = text.lower() if text.isascii() else _a_labels(text)
    name = name.removesuffix(".")
    if not name:
        raise BadName("is empty")
    base = name.removeprefix("*.")
    if "*" in base:
        raise BadName("has a * that is not the whole leftmost label (Baseline Requirements 1.6.1)")
    labels = base.split(".")
    for label in labels:
        _check_label(label)
    if len(name) > MAX_NAME:
        raise BadName(
            f"has {len(name)} characters, and {MAX_NAME} are allowed (RFC 1035 section 2.3.4)"
        )
    # No top-level domain is a number, so that names and IP addresses cannot be confused.
    if labels[-1].isdigit():
        raise BadName(
            "ends in a label of digits alone, as only an IP address does (RFC 3696 section 2)"
        )
    return name


def _a_labels(text: str) -> str:
    """Return a Unicode name with A-labels: UTS #46 mapping, then IDNA 2008 (RFC 5891)."""
    import idna  # only a Unicode name pays for its tables

    for char in text:
        # UTS #46 would drop some of these without a word; nobody means to have them in a name.
        if unicodedata.category(char)[0] in "CZ" and char not in _JOINERS:
            raise BadName(f"has an invisible character, U+{ord(char):04X}; {_LDH}")
    try:
        mapped = idna.uts46_remap(text, std3_rules=False, transitional=False)
        return ".".join(
            label if label.isascii() else idna.alabel(label).decode("ascii")
            for label in mapped.split(".")
        )
    except idna.IDNAError as error:
        raise BadName(
            f"is not allowed by IDNA 2008 ({error}); if it is registered all the same, "
            "give it as an A-label (xn--…)"
        ) from None


def _check_label(label: str) -> None:
    """Raise BadName unless label, in lower case, is one that RFC 5890 section 2.3.1 describes."""
    if not label:
        raise BadName("has an empty label")
    for char in label:
        if not (char.isascii() and (char.isalnum() or char == "-")):
            raise BadName(f"has {_shown(char)} in it; {_LDH}")
    if len(label) > MAX_LABEL:
        raise BadName(
            f"has a label of {len(label)} characters, "
            f"and {MAX_LABEL} are allowed (RFC 1035 section 2.3.4)"
        )
    if label.startswith("-") or label.endswith("-"):
        raise BadName(f"has a hyphen at an end of the label {label} (RFC 5890 section 2.3.1)")
    if label.startswith("xn--"):
        _check_p_label(label)
    elif label[2:4] == "--":
        raise BadName(
            f"has hyphens in places 3 and 4 of the label {label}, "
            "which only an A-label (xn--…) may have (RFC 5890 section 2.3.1)"
        )


def _check_p_label(label: str) -> None:
    """Raise BadName unless an xn-- label is what the Baseline Requirements (1.6.1) call a P-Label.

    IDNA 2008 asks for more: it has no emoji, say. CAs sign such names, so they pass (pa.go).
    """
    try:
        unicode_label = label.removeprefix("xn--").encode("ascii").decode("punycode")
        unicode_label.encode("utf-8")  # refuses the surrogates that the codec lets through
    except UnicodeError:
        raise BadName(f"has the label {label}, which is no Punycode (RFC 3492)") from None
    if not unicodedata.is_normalized("NFC", unicode_label):
        raise BadName(f"has the label {label}, whose Unicode form is not in NFC (RFC 5891)")


def _shown(text: str) -> str:
    return repr(text) if len(text) <= 80 else f"{text[:80]!r}…"
