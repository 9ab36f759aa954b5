"""What a text means as a name, what is refused and what was meant.

BR are the Baseline Requirements, pa.go is Boulder's policy/pa.go: what is refused here, it refuses
too, unless another source is given.
"""

from ipaddress import ip_address

from common import names

import pytest

LABEL63 = "a" * 63
NAME253 = ".".join([LABEL63, LABEL63, LABEL63, "a" * 57, "org"])

ACCEPTED = {
    "Example.COM": "example.com",
    "example.com.": "example.com",
    "localhost": "localhost",
    "8675309.com": "8675309.com",
    "1.2.3.a4": "1.2.3.a4",
    "0xc0a80101": "0xc0a80101",
    "a-b--c.org": "a-b--c.org",
    "*.com": "*.com",
    "DNS:*.Example.com.": "*.example.com",
    f"{LABEL63}.org": f"{LABEL63}.org",
    NAME253: NAME253,
    f"{NAME253}.": NAME253,
    "xin-addr.arpa": "xin-addr.arpa",
    # IDNA 2008, after the mapping of UTS #46.
    "MÜNCHEN.example": "xn--mnchen-3ya.example",
    "mu\u0308nchen.example": "xn--mnchen-3ya.example",  # not in NFC
    "faß.example": "xn--fa-hia.example",  # IDNA 2003 would make fass of it
    "*.münchen.example": "*.xn--mnchen-3ya.example",
    "пример.рф": "xn--e1afmkfd.xn--p1ai",
    "日本語。example": "xn--wgv71a119e.example",
    "\uff45xample.com": "example.com",  # FULLWIDTH LATIN SMALL LETTER E
    "نامه\u200cای.example": "xn--mgba3gch31f060k.example",  # ZERO WIDTH NON-JOINER, in its place
    # A-labels stay what they are, also those that IDNA 2008 has no U-label for.
    "XN--MNCHEN-3YA.example": "xn--mnchen-3ya.example",
    "xn--e28h.münchen.example": "xn--e28h.xn--mnchen-3ya.example",  # an emoji
    "xn--uleplp.example": "xn--uleplp.example",  # with xn-- it would be no Punycode
    "xn--example--3bhk5a.xn--p1ai": "xn--example--3bhk5a.xn--p1ai",
    "xn--b1-qy2ck23cda223nn8bca.com": "xn--b1-qy2ck23cda223nn8bca.com",
}

ADDRESSES = {
    "192.0.2.1": "192.0.2.1",
    "IP:192.0.2.1": "192.0.2.1",
    "2001:DB8:0:0:0:0:0:1": "2001:db8::1",
    "IP:2001:db8::1": "2001:db8::1",
    "::": "::",
    "::ffff:192.0.2.1": "::ffff:c000:201",
}

# RFC 3492 section 7.1: a text, and its Punycode in lower case.
PUNYCODE = {
    "他们为什么不说中文": "ihqwcrb4cv8a8dqg056pqjye",
    "他們爲什麽不說中文": "ihqwctvzc91f659drss3x8bo0yb",
    "Pročprostěnemluvíčesky": "proprostnemluvesky-uyb24dma41a",
    "למההםפשוטלאמדבריםעברית": "4dbcagdahymbxekheh6e0a7fei0b",
    "यहलोगहिन्दीक्योंनहींबोलसकतेहैं": "i1baa7eci9glrd9b2ae1bj0hfcgg6iyaf8o0a1dig0cd",
    "なぜみんな日本語を話してくれないのか": "n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa",
    "почемужеонинеговорятпорусски": "b1abfaaepdrnnbgefbadotcwatmq2g4l",
    "PorquénopuedensimplementehablarenEspañol": "porqunopuedensimplementehablarenespaol-fmd56a",
    "TạisaohọkhôngthểchỉnóitiếngViệt": "tisaohkhngthchnitingvit-kjcr8268qyxafd2f1b9g",
    "3年B組金八先生": "3b-ww4c5e180e575a65lsy2b",
    "安室奈美恵-with-SUPER-MONKEYS": "-with-super-monkeys-pc58ag80a8qai00g7n9n",
    "Hello-Another-Way-それぞれの場所": "hello-another-way--fc4qua05auwb3674vfr0b",
    "ひとつ屋根の下2": "2-u9tlzr9756bt3uc0v",
    "MajiでKoiする5秒前": "majikoi5-783gue6qz075azm5e",
    "パフィーdeルンバ": "de-jg4avhby1noc0d",
    "そのスピードで": "d9juau41awczczp",
}

# The text, and what the message says.
REFUSED = {
    # errEmptyIdentifier and errLabelTooShort, pa.go
    "": "is empty",
    ".": "is empty",
    "DNS:": "is empty",
    "a..": "empty label",
    ".a": "empty label",
    "a..b": "empty label",
    # errInvalidDNSCharacter, pa.go
    "_dmarc.example.com": "'_'",
    "zomb!.com": "'!'",
    "example.com ": "' '",
    "a.com\nDNS:b.com": "'\\n'",
    "a.com\x00.b.com": "'\\x00'",
    "a.com\x7f": "'\\x7f'",
    "DNS:DNS:a.com": "':'",
    "email:a@b.com": "':'",
    "@names": "'@'",
    "a\\b": "'\\\\'",
    "a\uff0fb.com": "'/'",  # FULLWIDTH SOLIDUS
    "℀.com": "'/'",  # ACCOUNT OF, which UTS #46 maps to a/c
    "\U00017571\u200d.com": "IDNA 2008",  # in Unicode 16; Python 3.11 has no name for it
    "-": "starts or ends with a hyphen",
    "a-.com": "starts or ends with a hyphen",
    "xn--.net": "starts or ends with a hyphen",
    # errLabelTooLong and errNameTooLong, pa.go
    f"{LABEL63}a.org": "label over 63 characters",
    f"a.{NAME253}": "longer than 253 characters",
    f"*.{NAME253}": "longer than 253 characters",
    "a." * 2000 + "a": "longer than 253 characters",
    # errInvalidRLDH and errMalformedIDN, pa.go
    "bq--abwhky3f6fxq.jakacomo.com": "has the label bq--abwhky3f6fxq, with -- where only",
    "www.xn--m.com": "xn--m, which is not Punycode",
    "xn--8gnr.com": "not Punycode",  # though with xn-- it would be
    "xn---abc.com": "not the Punycode of its text",
    "xn--109-3veba6djs1bfxlfmx6c9g.xn--p1ai": "not in NFC",
    "xn--w-rc4g.com": "not Punycode",  # a surrogate, which Boulder lets pass
    # errTooManyWildcards and errMalformedWildcard, pa.go
    "*": "whole leftmost label",
    "*.*.com": "whole leftmost label",
    "a*.com": "whole leftmost label",
    "www.*.com": "whole leftmost label",
    "*com": "whole leftmost label",
    "*.": "whole leftmost label",
    # RFC 3696 section 2; errNonPublic and errIPAddressInDNS, pa.go
    "www.zombo.163": "has only digits",
    "192.168.1.256": "has only digits",
    "192.168.010.1": "has only digits",
    "1.2.3.4.": "has only digits",
    "*.1.2.3.4": "has only digits",
    "DNS:192.0.2.1": "has only digits",
    "\uff11.\uff12.\uff13.\uff14": "has only digits",  # FULLWIDTH DIGITS
    # BR 4.2.2
    "4.3.2.1.in-addr.arpa": "reverse DNS",
    "*.ip6.arpa": "reverse DNS",
    "in-addr.arpa": "reverse DNS",
    # errIPInvalid, pa.go
    "IP:example.com": "is not an IP address",
    "IP:IP:192.0.2.1": "is not an IP address",
    "IP:fe80::1%1": "has a zone",
    "fe80::1%": "':'",
    "1:2:3": "':'",
    # RFC 5891 and 5892
    "\U0001f600.example": "IDNA 2008",
    "a\u200db.example": "IDNA 2008",  # a joiner out of its place
    "ab--ü.example": "IDNA 2008",
    "-ü.example": "IDNA 2008",
    # What nobody sees, or the mapping of UTS #46 drops.
    "\ufeffwww.zombo.com": "U+FEFF",
    "www.zom\u202ebo.com": "U+202E",
    "a\u00adb.com": "U+00AD",
    "a\u00a0b.com": "U+00A0",
    "a\u2028b.com": "U+2028",
    "a\udcffb.com": "U+DCFF",
    "a\ufe0fb.com": "U+FE0F",
    "a\u034fb.com": "U+034F",
    "a\u3164b.com": "U+3164",
}

# The text, and what is offered instead.
SLIPS = {
    "https://example.com": "this is a URL: did you mean example.com?",
    "https://me:pw@www.example.com:8443/a?b#c": "this is a URL: did you mean www.example.com?",
    "HTTP://[2001:db8::1]:80/": "this is a URL: did you mean 2001:db8::1?",
    "mailto:hostmaster@example.com": "this is an e-mail address: did you mean example.com?",
    "192.0.2.1:443": "this is a host with a port: did you mean 192.0.2.1?",
    "[2001:db8::1]": "this is an address in brackets: did you mean 2001:db8::1?",
    "[2001:db8::1]:443": "this is an address in brackets: did you mean 2001:db8::1?",
    "192.0.2.0/24": "this is a network, not one address: did you mean 192.0.2.0?",
    "2001:db8::/32": "this is a network, not one address: did you mean 2001:db8::?",
    "example.com/index.html": "this is a name with a path: did you mean example.com?",
    "a.com,b.com": "this is a list; give each name by itself: a.com b.com",
    "a.com; B.com;": "this is a list; give each name by itself: a.com b.com",
    "example.com,": "this is a name with extra characters around it: did you mean example.com?",
    " example.com ": "this is a name with extra characters around it: did you mean example.com?",
    "'example.com'": "this is a name with extra characters around it: did you mean example.com?",
    "//example.com": "this is a name with extra characters around it: did you mean example.com?",
    "-example.com": "this is a name with extra characters around it: did you mean example.com?",
    "dns:example.com": "this is a name with extra characters around it: did you mean example.com?",
    "my_site.example.com": "; did you mean my-site.example.com?",
    "my site.com": "; did you mean my-site.com?",
    "example,com": "; did you mean example.com?",
    "www.example,com": "; did you mean www.example.com?",
    "münchen.example:80": "this is a host with a port: did you mean xn--mnchen-3ya.example?",
}


def refusal(text: str) -> str:
    with pytest.raises(names.InvalidName) as caught:
        names.parse(text)
    return str(caught.value)


@pytest.mark.parametrize("text", ACCEPTED)
def test_a_domain_name(text: str) -> None:
    name = names.parse(text)
    assert name == ACCEPTED[text]
    assert isinstance(name, names.DomainName)
    assert names.parse(str(name)) == name
    assert names.parse(name) is name


@pytest.mark.parametrize("text", ADDRESSES)
def test_an_address(text: str) -> None:
    assert names.parse(text) == ip_address(ADDRESSES[text])


@pytest.mark.parametrize("text", PUNYCODE)
def test_the_vectors_of_punycode(text: str) -> None:
    assert names.parse(text) == names.parse(f"xn--{PUNYCODE[text]}") == f"xn--{PUNYCODE[text]}"


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_a_name(text: str) -> None:
    message = refusal(text)
    assert message.startswith(repr(text[:80])[:-1])
    assert REFUSED[text] in message


@pytest.mark.parametrize("text", SLIPS)
def test_a_plain_slip(text: str) -> None:
    assert refusal(text).endswith(SLIPS[text])


@pytest.mark.parametrize(
    "text", ["https://a b/", "my site", "localhost:80", "a..b", "*", "a,b.com"]
)
def test_no_guess_where_nothing_plain_is_meant(text: str) -> None:
    assert "did you mean" not in refusal(text)
    assert "list" not in refusal(text)


def test_a_long_text_is_cut_in_the_message() -> None:
    assert len(refusal("x" * 1_000_000)) < 200


def test_names_keep_their_order_and_appear_once() -> None:
    texts = ["b.org", "a.org", "B.org.", "192.0.2.1", "IP:192.0.2.1", "DNS:a.org"]
    assert names.parse_all(texts) == ["b.org", "a.org", ip_address("192.0.2.1")]


def test_common_name() -> None:
    short, long = "a" * 60 + ".org", "a" * 61 + ".org"
    assert names.common_name(names.parse_all(["192.0.2.1", long, short, "b.org"])) == short
    assert names.common_name(names.parse_all(["192.0.2.1", long])) is None
    assert names.common_name(names.parse_all(["*.example.com", "b.org"])) == "*.example.com"


@pytest.mark.parametrize(
    ("text", "name"), [("*.example.com", "_.example.com"), ("2001:db8::1", "2001-db8--1")]
)
def test_a_file_name(text: str, name: str) -> None:
    assert names.file_name(names.parse(text)) == name


@pytest.mark.parametrize(
    "text", ["a+b/c=d'e\"f,g$h`i\\j;k@b.org", '"two words"@b.org', "@a@b.org", "x@" + "y" * 126]
)
def test_an_email_address(text: str) -> None:
    assert names.email_address(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not an e-mail address"),
        ("a", "not an e-mail address"),
        ("@b", "not an e-mail address"),
        ("a@", "not an e-mail address"),
        ("ä@b.org", "not ASCII"),  # IA5String, RFC 2985 section 5.2.1
        ("a@ä.org", "not ASCII"),
        ("a\n@b.org", "control character"),
        ("a@b.org ", "space at the start or end"),
        ("x@" + "y" * 127, "129 characters, more than the 128"),
    ],
)
def test_what_is_not_an_email_address(text: str, reason: str) -> None:
    with pytest.raises(names.InvalidName, match=reason) as caught:
        names.email_address(text)
    assert str(caught.value).startswith(repr(text[:80])[:-1])
