"""What a text means as a name, and what is refused."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from common import names

LABEL63 = "a" * 63
NAME253 = ".".join([LABEL63, LABEL63, LABEL63, "a" * 57, "org"])

ACCEPTED = {
    "example.com": "example.com",
    "Example.COM": "example.com",
    "example.com.": "example.com",
    "localhost": "localhost",
    "a": "a",
    "8675309.com": "8675309.com",
    "1.2.3.a4": "1.2.3.a4",
    "0xc0a80101": "0xc0a80101",
    "1.1.168.192.in-addr.arpa": "1.1.168.192.in-addr.arpa",
    "a-b--c.org": "a-b--c.org",
    "*.example.com": "*.example.com",
    "*.com": "*.com",
    "*.localhost": "*.localhost",
    "DNS:example.com": "example.com",
    "DNS:*.Example.com.": "*.example.com",
    f"{LABEL63}.org": f"{LABEL63}.org",
    NAME253: NAME253,
    f"{NAME253}.": NAME253,
    # IDNA 2008, after the mapping of UTS #46.
    "münchen.example": "xn--mnchen-3ya.example",
    "MÜNCHEN.example": "xn--mnchen-3ya.example",
    "mu\u0308nchen.example": "xn--mnchen-3ya.example",  # not in NFC
    "faß.example": "xn--fa-hia.example",  # IDNA 2003 would make fass of it
    "*.münchen.example": "*.xn--mnchen-3ya.example",
    "пример.рф": "xn--e1afmkfd.xn--p1ai",
    "日本語。example": "xn--wgv71a119e.example",
    "\uff45xample.com": "example.com",  # FULLWIDTH LATIN SMALL LETTER E
    "نامه\u200cای.example": "xn--mgba3gch31f060k.example",  # ZERO WIDTH NON-JOINER, in its place
    # A-labels stay what they are, also those that IDNA 2008 has no U-label for.
    "xn--mnchen-3ya.example": "xn--mnchen-3ya.example",
    "XN--MNCHEN-3YA.example": "xn--mnchen-3ya.example",
    "xn--e28h.example": "xn--e28h.example",  # an emoji
    "xn--e28h.münchen.example": "xn--e28h.xn--mnchen-3ya.example",
    "xn--uleplp.example": "xn--uleplp.example",  # with xn-- it would be no Punycode
    "xn--example--3bhk5a.xn--p1ai": "xn--example--3bhk5a.xn--p1ai",
}

ADDRESSES = {
    "192.0.2.1": "192.0.2.1",
    "IP:192.0.2.1": "192.0.2.1",
    "2001:DB8:0:0:0:0:0:1": "2001:db8::1",
    "IP:2001:db8::1": "2001:db8::1",
    "::": "::",
    "::ffff:192.0.2.1": "::ffff:c000:201",
}

# The text, and what the message says.
REFUSED = {
    "": "is empty",
    ".": "is empty",
    "DNS:": "is empty",
    "..": "empty label",
    "a..": "empty label",
    ".a": "empty label",
    "a..b": "empty label",
    "example.com..": "empty label",
    "www.zom_bo.com": "'_'",
    "_dmarc.example.com": "'_'",
    "zomb!.com": "'!'",
    "a b.com": "' '",
    " example.com": "' '",
    "example.com ": "' '",
    "a,b": "','",
    "a.com\nDNS:b.com": "'\\n'",
    "a.com\x00.b.com": "'\\x00'",
    "a.com\x7f": "'\\x7f'",
    "DNS:DNS:a.com": "':'",
    "dns:a.com": "':'",
    "email:a@b.com": "':'",
    "@names": "'@'",
    "a\\b": "'\\\\'",
    "-": "hyphen at an end",
    "-a.com": "hyphen at an end",
    "a-.com": "hyphen at an end",
    "---.net": "hyphen at an end",
    "xn--.net": "hyphen at an end",
    f"{LABEL63}a.org": "label of 64 characters",
    f"a{NAME253}": "label of 64",
    f"a.{NAME253}": "has 255 characters",
    f"*.{NAME253}": "has 255 characters",
    "a." * 2000 + "a": "longer than 253",
    "h---test.hk2yz.org": "places 3 and 4",
    "bq--abwhky3f6fxq.jakacomo.com": "places 3 and 4",
    "www.xn--m.com": "no Punycode",
    "xn--99999999.com": "no Punycode",
    "xn--8gnr.com": "no Punycode",  # though with xn-- it would be
    "xn--109-3veba6djs1bfxlfmx6c9g.xn--f1awi.xn--p1ai": "not in NFC",
    "*": "whole leftmost label",
    "**": "whole leftmost label",
    "*.*": "whole leftmost label",
    "*.*.com": "whole leftmost label",
    "a*.com": "whole leftmost label",
    "www.*.com": "whole leftmost label",
    "*a.com": "whole leftmost label",
    "*com": "whole leftmost label",
    "*.": "whole leftmost label",
    "1": "digits alone",
    "www.zombo.163": "digits alone",
    "1.2.3": "digits alone",
    "192.168.1.256": "digits alone",
    "192.168.010.1": "digits alone",
    "1.2.3.4.": "digits alone",
    "*.1.2.3.4": "digits alone",
    "DNS:192.0.2.1": "digits alone",
    "\uff11.\uff12.\uff13.\uff14": "digits alone",  # FULLWIDTH DIGITS
    "IP:example.com": "is no IP address",
    "IP:": "is no IP address",
    "IP:IP:192.0.2.1": "is no IP address",
    "fe80::1%eth0": "has a zone",
    "IP:fe80::1%1": "has a zone",
    "fe80::1%": "':'",
    "192.0.2.0/24": "'/'",
    "192.0.2.1:443": "':'",
    "[2001:db8::1]": "'['",
    "[2001:db8::1]:443": "'['",
    "2001:db8::/32": "':'",
    "1:2:3": "':'",
    "\U0001f600.example": "IDNA 2008",
    "a\u200db.example": "IDNA 2008",  # a joiner out of its place
    "ü--x--.example": "IDNA 2008",
    "ab--ü.example": "IDNA 2008",
    "-ü.example": "IDNA 2008",
    "\ufeffwww.zombo.com": "U+FEFF",
    "www.zom\u202ebo.com": "U+202E",
    "\u200fwww.zombo.com": "U+200F",
    "a\u00adb.com": "U+00AD",
    "a\u00a0b.com": "U+00A0",
    "a\u2028b.com": "U+2028",
    "a\udcffb.com": "U+DCFF",
    "a\uff0fb.com": "'/'",  # FULLWIDTH SOLIDUS
    "a\uff0cb.com": "','",  # FULLWIDTH COMMA
    "℀.com": "'/'",  # ACCOUNT OF, which UTS #46 maps to a/c
}

# A text that is no name, and what is offered instead.
SLIPS = {
    "https://example.com": "this is a URL: did you mean example.com?",
    "https://me:pw@www.example.com:8443/a?b#c": "this is a URL: did you mean www.example.com?",
    "HTTP://[2001:db8::1]:80/": "this is a URL: did you mean 2001:db8::1?",
    "hostmaster@example.com": "this is an e-mail address: did you mean example.com?",
    "mailto:hostmaster@example.com": "this is an e-mail address: did you mean example.com?",
    "example.com:443": "this is a host with a port: did you mean example.com?",
    "192.0.2.1:443": "this is a host with a port: did you mean 192.0.2.1?",
    "[2001:db8::1]": "this is an address in brackets: did you mean 2001:db8::1?",
    "[2001:db8::1]:443": "this is an address in brackets: did you mean 2001:db8::1?",
    "192.0.2.0/24": "and a certificate holds single addresses: did you mean 192.0.2.0?",
    "2001:db8::/32": "and a certificate holds single addresses: did you mean 2001:db8::?",
    "example.com/": "this is a name with a path: did you mean example.com?",
    "example.com/index.html": "this is a name with a path: did you mean example.com?",
    "a.com,b.com": "this is a list: did you mean a.com b.com?",
    "a.com; B.com;": "this is a list: did you mean a.com b.com?",
    "a.com b.com": "this is a list: did you mean a.com b.com?",
    "example.com,": "this is a name with something around it: did you mean example.com?",
    " example.com ": "this is a name with something around it: did you mean example.com?",
    "'example.com'": "this is a name with something around it: did you mean example.com?",
    '"example.com"': "this is a name with something around it: did you mean example.com?",
    "<example.com>": "this is a name with something around it: did you mean example.com?",
    "//example.com": "this is a name with something around it: did you mean example.com?",
    ".example.com": "this is a name with something around it: did you mean example.com?",
    "dns:example.com": "this is a name with something around it: did you mean example.com?",
    "my_site.example.com": "a host may not: did you mean a hyphen?",
    "münchen.example:80": "did you mean xn--mnchen-3ya.example?",
}


@pytest.mark.parametrize("text", ACCEPTED)
def test_a_domain_name(text: str) -> None:
    assert names.parse(text) == ACCEPTED[text]


@pytest.mark.parametrize("text", [*ACCEPTED.values(), *ADDRESSES.values()])
def test_what_is_normal_stays_as_it_is(text: str) -> None:
    assert names.parse(str(names.parse(text))) == names.parse(text)


@pytest.mark.parametrize("text", ADDRESSES)
def test_an_address(text: str) -> None:
    assert names.parse(text) == ip_address(ADDRESSES[text])


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(names.BadName) as caught:
        names.parse(text)
    assert REFUSED[text] in str(caught.value)


@pytest.mark.parametrize("text", SLIPS)
def test_a_plain_slip(text: str) -> None:
    with pytest.raises(names.BadName) as caught:
        names.parse(text)
    assert str(caught.value).endswith(SLIPS[text])


@pytest.mark.parametrize("text", ["https://a b/", "my site.com", "my site", "", ".", "a..b", "*"])
def test_no_guess_where_nothing_plain_is_meant(text: str) -> None:
    with pytest.raises(names.BadName) as caught:
        names.parse(text)
    assert "did you mean" not in str(caught.value)


def test_a_long_text_is_cut_in_the_message() -> None:
    with pytest.raises(names.BadName) as caught:
        names.parse("x" * 1_000_000)
    assert len(str(caught.value)) < 200


def test_names_keep_their_order_and_appear_once() -> None:
    texts = ["b.org", "a.org", "B.org.", "192.0.2.1", "IP:192.0.2.1", "DNS:a.org"]
    assert names.parse_all(texts) == ["b.org", "a.org", ip_address("192.0.2.1")]


def test_common_name() -> None:
    short, long = "a" * 60 + ".org", "a" * 61 + ".org"
    address = ip_address("192.0.2.1")
    assert names.common_name([address, long, short, "b.org"]) == short
    assert names.common_name([address, long]) is None
    assert names.common_name(["*.example.com", "example.com"]) == "*.example.com"


@pytest.mark.parametrize(
    ("text", "name"), [("*.example.com", "_.example.com"), ("2001:db8::1", "2001-db8--1")]
)
def test_a_file_name(text: str, name: str) -> None:
    assert names.file_name(names.parse(text)) == name


@pytest.mark.parametrize(
    "text",
    [
        "a@b.org",
        "a+b/c=d'e\"f,g$h`i\\j;k@b.org",
        '"two words"@b.org',
        "a@b@c.org",
        "@a@b.org",
        "x@" + "y" * 126,
    ],
)
def test_an_email_address(text: str) -> None:
    assert names.email_address(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no e-mail address"),
        ("a", "no e-mail address"),
        ("@b", "no e-mail address"),
        ("a@", "no e-mail address"),
        ("ä@b.org", "not ASCII"),
        ("a@ä.org", "not ASCII"),
        ("a\n@b.org", "control character"),
        ("a\x00@b.org", "control character"),
        ("a@b.org ", "space at one end"),
        ("x@" + "y" * 127, "129 characters"),
    ],
)
def test_what_is_no_email_address(text: str, reason: str) -> None:
    with pytest.raises(names.BadName, match=reason):
        names.email_address(text)
