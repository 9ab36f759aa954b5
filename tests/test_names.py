"""What a text means as a name, and what is refused.

BR are the Baseline Requirements, pa.go is Boulder's policy/pa.go: what is refused here, it refuses
too, unless another source is given.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

from common import names

import pytest

LABEL63 = "a" * 63
NAME253 = ".".join([LABEL63, LABEL63, LABEL63, "a" * 57, "org"])

ACCEPTED = {
    "Example.COM": "example.com",
    "example.com.": "example.com",
    "0xc0a80101": "0xc0a80101",
    "a-b--c.org": "a-b--c.org",
    "DNS:*.Example.com.": "*.example.com",
    f"{LABEL63}.org": f"{LABEL63}.org",
    NAME253: NAME253,
    f"{NAME253}.": NAME253,
    "xin-addr.arpa": "xin-addr.arpa",
    # IDNA 2008, after the mapping of UTS #46.
    "MÜNCHEN.example": "xn--mnchen-3ya.example",
    "faß.example": "xn--fa-hia.example",  # IDNA 2003 would make fass of it
    "пример.рф": "xn--e1afmkfd.xn--p1ai",
    "日本語。example": "xn--wgv71a119e.example",
    "نامه\u200cای.example": "xn--mgba3gch31f060k.example",  # ZERO WIDTH NON-JOINER, in its place
    # A-labels stay what they are, also those that IDNA 2008 has no U-label for.
    "XN--MNCHEN-3YA.example": "xn--mnchen-3ya.example",
    "xn--b1-qy2ck23cda223nn8bca.com": "xn--b1-qy2ck23cda223nn8bca.com",
}

LDH = "a name has only letters, digits, hyphens and dots (RFC 5890)"
BR = "Baseline Requirements"

# Texts that are refused, and why. [] stand around the label in the reason.
REFUSED = {
    # errEmptyIdentifier and errLabelTooShort, pa.go
    "is empty": ("", ".", "DNS:"),
    "has an empty label: two dots in a row, or a dot at an end": ("a..", ".a", "a..b"),
    # errLabelTooLong and errNameTooLong, pa.go
    "has more than 63 characters between two dots (RFC 1035)": ("a" * 64, "a" * 81, "a" * 1012),
    "is longer than 253 characters (RFC 1035)": (f"{NAME253}g", f"*.{NAME253}", "a" * 1013),
    # errInvalidRLDH and errMalformedIDN, pa.go
    "has the label {}, which starts or ends with a hyphen (RFC 5890)": ("[-a]", "[xn--].net"),
    "has the label {}: only xn-- labels may have -- there (RFC 5890)": ("[bq--a].com",),
    "has the label {}, which is not Punycode (RFC 3492)": (
        "www.[xn--m].com",
        "[xn--w-rc4g].com",  # a surrogate, which Boulder lets pass
    ),
    "has the label {}, which is not the Punycode of its text": ("[xn---abc].com",),
    "has the label {}, whose text is not in NFC (RFC 5891)": (
        "[xn--109-3veba6djs1bfxlfmx6c9g].xn--p1ai",
    ),
    # errTooManyWildcards and errMalformedWildcard, pa.go
    f"has a * that is not the whole leftmost label ({BR} 1.6.1)": ("*.*.com", "www.*.com"),
    "is a * without a name after it": ("*", "*."),
    # RFC 3696 section 2; errNonPublic and errIPAddressInDNS, pa.go
    "ends in a label that has only digits (RFC 3696 section 2)": (
        *("192.168.1.256", "1.2.3.4.", "*.1.2.3.4", "DNS:192.0.2.1"),
        "\uff11.\uff12.\uff13.\uff14",  # FULLWIDTH DIGITS
    ),
    # BR 4.2.2
    f"is in the reverse DNS, for which no public CA may issue ({BR} 4.2.2)": (
        "*.ip6.arpa",
        "in-addr.arpa",
    ),
    # errIPInvalid, pa.go
    "is not an IP address": ("IP:example.com", "IP:IP:192.0.2.1"),
    "has a zone, which has a meaning only on one machine (RFC 4007)": ("IP:fe80::1%1",),
    # RFC 5891 and 5892
    "is not allowed by IDNA 2008 (…); if it is registered anyway, give its A-label (xn--…)": (
        "\U0001f600.example",
        "a\u200db.example",  # a joiner out of its place
        "\U00017571\u200d.com",  # newer than this Python: in Unicode 16
        *("ab--ü.example", "-ü.example"),
    ),
    # errInvalidDNSCharacter, pa.go
    f"contains '_'; {LDH}": ("_dmarc.example.com",),
    f"contains '\\n'; {LDH}": ("a.com\nDNS:b.com",),
    f"contains '\\x00'; {LDH}": ("a.com\x00.b.com",),
    # FULLWIDTH SOLIDUS, and ACCOUNT OF, which UTS #46 maps to a/c
    f"contains '/'; {LDH}": ("a\uff0fb.com", "℀.com"),
    # What nobody sees, or the mapping of UTS #46 drops.
    **{
        f"has an invisible character, U+{ord(char):04X}; {LDH}": (f"a{char}b.com",)
        for char in "\ufeff\u202e\u00ad\u00a0\u2028\ud800\ufe0f\u034f"
    },
    # Bytes that are not text in the terminal: PEP 383
    **{
        f"has a byte, {ord(char) - 0xDC00:X}, that is not text in this terminal": (f"m{char}.com",)
        for char in "\udc80\udcfc\udcff"
    },
}


def refusal(text: str | IPv4Address | IPv6Address) -> str:
    with pytest.raises(names.InvalidName) as caught:
        names.parse(text)
    return str(caught.value)


@pytest.mark.parametrize("text", ACCEPTED)
def test_a_domain_name_is_normalized(text: str) -> None:
    name = names.parse(text)
    assert name == ACCEPTED[text]
    assert isinstance(name, names.DomainName)
    assert names.parse(str(name)) == name
    assert names.parse(name) is name


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_not_a_name_is_refused(why: str) -> None:
    for marked in REFUSED[why]:
        label, text = re.sub(r".*\[|\].*", "", marked), re.sub(r"[][]", "", marked)
        quoted = repr(text) if len(text) <= 80 else f"{text[:80]!r}…"
        reason = re.sub(r"(2008 \().+(\); if)", r"\1…\2", refusal(text))  # idna's own words
        assert reason == f"{quoted} is not a valid name: it {why.format(label)}"


def test_an_address_with_a_zone_is_refused() -> None:
    """It is refused as its text is; nobody would see that the zone is lost."""
    assert refusal(ip_address("fe80::1%eth0")) == refusal("fe80::1%eth0")
    assert names.parse(ip_address("::ffff:192.0.2.1")) == ip_address("::ffff:192.0.2.1")


def test_names_keep_their_order_and_appear_once() -> None:
    texts = ["b.org", "a.org", "B.org.", "192.0.2.1", "IP:192.0.2.1", "DNS:a.org"]
    assert names.parse_all(texts) == ["b.org", "a.org", ip_address("192.0.2.1")]


def test_the_common_name_is_the_first_domain_name_that_fits() -> None:
    short, long = "a" * 60 + ".org", "a" * 61 + ".org"
    assert names.common_name(names.parse_all(["192.0.2.1", long, short, "b.org"])) == short
    assert names.common_name(names.parse_all(["192.0.2.1", long])) is None
    assert names.common_name(names.parse_all(["*.example.com", "b.org"])) == "*.example.com"


NO_ADDRESS = "is not an e-mail address such as hostmaster@example.com"
NOT_ASCII = "is not ASCII; write a Unicode domain with A-labels (xn--…)"  # IA5String: RFC 2985
CONTROL = "has a control character, or a space at the start or end"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a+b/c=d'e\"f,g$h`i\\j;k@b.org", ""),
        ("@a@b.org", ""),
        ("x@" + "y" * 126, ""),
        ("@b", NO_ADDRESS),
        ("a@", NO_ADDRESS),
        ("A <a@b.org>", NO_ADDRESS),
        ("mailto:a@b.org", NO_ADDRESS),
        ("ä@b.org", NOT_ASCII),
        ("a\n@b.org", CONTROL),
        ("a@b.org ", CONTROL),
        ("x@" + "y" * 127, "has 129 characters, more than the 128 that OpenSSL allows"),
    ],
)
def test_an_email_address_is_kept_or_refused(text: str, reason: str) -> None:
    if not reason:
        assert names.email_address(text) == text
        return
    with pytest.raises(names.InvalidName) as caught:
        names.email_address(text)
    start = f"{text[:80]!r}…" if len(text) > 80 else repr(text)
    assert str(caught.value) == f"{start} {reason}"
