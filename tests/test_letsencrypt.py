"""What Let's Encrypt refuses although it is well formed.

The names of the table are those of Boulder's own tests (policy/pa_test.go, iana/ip_test.go) and
others beside them; the class of each is what Boulder's code makes of it.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from common import letsencrypt, names

# A name, and the reason given; an empty one where Let's Encrypt has none.
DOMAINS = {
    "api.neoprime.xyz": "",
    "www.8675309.com": "",
    "web5ite2.com": "",
    "www.web-site2.com": "",
    "a.b.c.d.e.f.g.h.example.com": "",
    "a.b.c.d.e.f.g.h.i.example.com": "more than 10 labels",
    "a.b.c.d.e.f.g.h.i.j.k": "more than 10 labels",
    "*.a.b.c.d.e.f.g.h.example.com": "",  # the ten labels are counted below the wildcard
    "*.everything.is.possible.at.zombo.com": "",
    "localhost": "single label",
    "zombocom": "single label",
    "mail": "single label",
    "com": "single label",
    "example.acting": "under no public suffix",
    "example.comm": "under no public suffix",
    "example.internal": "under no public suffix",
    "printer.local": "under no public suffix",
    "example.000--0": "under no public suffix",  # hyphens, and no A-label
    "*.ok.madeup": "under no public suffix",
    "*.localhost": "under no public suffix",
    "co.uk": "is a public suffix",
    "foo.er": "is a public suffix",
    "*.com": "wildcard for a public suffix",
    "*.co.uk": "wildcard for a public suffix",
    "www.foo.er": "",
    "kobe.jp": "",  # only the names below it are suffixes
    "x.kobe.jp": "is a public suffix",
    "city.kobe.jp": "",  # an exception to the rule
    "github.io": "",  # in the private section of the list, which is not looked at
    "*.github.io": "",
    "xn--mnchen-3ya.de": "",
    "xn--example--3bhk5a.xn--p1ai": "",
    "xn--p1ai": "single label",
    "1.1.168.192.in-addr.arpa": "",
}


def reasons(*texts: str) -> list[str]:
    return letsencrypt.name_warnings(names.parse_all(texts))


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_name(domain: str) -> None:
    warnings = reasons(domain)
    if DOMAINS[domain]:
        assert len(warnings) == 1
        assert warnings[0].startswith(f"{domain}: ")
        assert DOMAINS[domain] in warnings[0]
    else:
        assert warnings == []


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["*.example.com", "www.example.com"], ["www.example.com: is covered by *.example.com"]),
        (["www.example.com", "*.example.com"], ["www.example.com: is covered by *.example.com"]),
        (["*.example.com", "example.com"], []),
        (["*.example.com", "a.b.example.com"], []),
        (["*.example.com", "*.www.example.com"], []),
        (["*.example.com", "www.example.org"], []),
    ],
)
def test_a_name_that_a_wildcard_covers(texts: list[str], expected: list[str]) -> None:
    assert [warning.partition(", so ")[0] for warning in reasons(*texts)] == expected


def test_the_number_of_names() -> None:
    texts = [f"{number}.example.com" for number in range(101)]
    assert reasons(*texts[:100]) == []
    assert reasons(*texts, texts[0]) == ["101 names: Let's Encrypt takes at most 100 in a request"]


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.127.255.255",
        "127.0.0.1",
        "169.254.169.254",
        "172.31.255.255",
        "192.0.2.129",
        "192.168.1.1",
        "198.19.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:8.8.8.8",
        "64:ff9b::1",
        "100::1",
        "2001:db8:eee:eeee:eeee:eeee:d01:f1",
        "2002::1",
        "3fff:aaa:a:c0ff:ee:a:bad:deed",
        "fd00::1",
        "fe80::1",
    ],
)
def test_an_address_for_special_purposes(address: str) -> None:
    (warning,) = reasons(address)
    assert " is in " in warning
    assert warning.endswith("so Let's Encrypt refuses it")


@pytest.mark.parametrize(
    "address",
    ["64.112.117.67", "2620:fe::fe", "2602:80a:6000:667::", "172.32.0.1", "224.0.0.1", "ff00::1"],
)
def test_any_other_address(address: str) -> None:
    (warning,) = reasons(address)
    assert "in its shortlived profile alone" in warning


def test_no_special_block_is_inside_another() -> None:
    blocks = [ip_network(block) for block, _ in letsencrypt.SPECIAL_BLOCKS]
    for block in blocks:
        others = [
            other for other in blocks if other is not block and other.version == block.version
        ]
        assert not any(block.subnet_of(other) for other in others)  # type: ignore[arg-type]


def test_python_knows_no_private_address_outside_of_the_blocks() -> None:
    for address in ("10.0.0.1", "192.0.0.1", "240.0.0.1", "fc00::1", "2001::1"):
        assert ip_address(address).is_private
        assert " is in " in reasons(address)[0]


@pytest.mark.parametrize(
    ("kind", "bits", "exponent", "warning"),
    [
        ("RSA", 2048, 65537, None),
        ("RSA", 3072, 65537, None),
        ("RSA", 4096, 65537, None),
        ("RSA", 2056, 65537, "2056 bits"),
        ("RSA", 8192, 65537, "8192 bits"),
        ("RSA", 2048, 3, "its public exponent is not 65537"),
        ("secp256r1", 256, None, None),
        ("secp384r1", 384, None, None),
        ("secp521r1", 521, None, "the curve secp521r1"),
        ("secp256k1", 256, None, "the curve secp256k1"),
    ],
)
def test_a_key(kind: str, bits: int, exponent: int | None, warning: str | None) -> None:
    found = letsencrypt.key_warning(kind, bits, exponent)
    assert found == warning or (found and warning and found.startswith(warning))
