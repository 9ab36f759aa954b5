"""What Let's Encrypt rejects although it is well formed.

Sources: Boulder's policy/pa.go, ra/ra.go, iana/ip.go and goodkey/good_key.go, the tests beside
them, and https://letsencrypt.org/docs/profiles/.
"""

from ipaddress import ip_network

from common import letsencrypt, names

import publicsuffixlist
import pytest

NO_SUFFIX = "does not end in a public suffix (a typo? only a private CA signs internal names)"

# A name, and the reason given; an empty one where Let's Encrypt has none.
DOMAINS = {
    "api.neoprime.xyz": "",
    "web5ite2.com": "",
    # errTooManyLabels, pa.go: ten, counted below the wildcard
    "a.b.c.d.e.f.g.h.example.com": "",
    "*.a.b.c.d.e.f.g.h.example.com": "",
    "a.b.c.d.e.f.g.h.i.example.com": "has more than 10 labels",
    "*.a.b.c.d.e.f.g.h.i.example.com": "has more than 10 labels",
    # errTooFewLabels, pa.go
    "localhost": "is a single label",
    "com": "is a single label",
    "xn--p1ai": "is a single label",
    # errNonPublic, pa.go
    "example.acting": NO_SUFFIX,
    "example.internal": NO_SUFFIX,
    "printer.local": NO_SUFFIX,
    "example.000--0": NO_SUFFIX,  # hyphens, and not an A-label
    "*.localhost": NO_SUFFIX,
    "example.onion": NO_SUFFIX,
    # errICANNTLD and errICANNTLDWildcard, pa.go
    "co.uk": "is a public suffix",
    "foo.er": "is a public suffix",
    "www.foo.er": "",
    "*.com": "is a wildcard for a public suffix",
    "*.co.uk": "is a wildcard for a public suffix",
    "*.er": "is a wildcard for a public suffix",
    # Of the rule *.kobe.jp, kobe.jp itself is not a suffix; !city.kobe.jp is an exception to it.
    "kobe.jp": "",
    "*.kobe.jp": "",
    "x.kobe.jp": "is a public suffix",
    "*.x.kobe.jp": "is a wildcard for a public suffix",
    "city.kobe.jp": "",
    "*.city.kobe.jp": "",
    # The private section of the list is not looked at.
    "github.io": "",
    "*.github.io": "",
    "xn--mnchen-3ya.de": "",
    "xn--example--3bhk5a.xn--p1ai": "",
}

MANY = [f"{number}.example.com" for number in range(101)]
PUBLIC_ADDRESS = "64.112.117.67"


def reasons(*texts: str) -> list[str]:
    return letsencrypt.name_reasons(names.parse_all(texts))


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_name(domain: str) -> None:
    expected = [f"{domain}: {DOMAINS[domain]}"] if DOMAINS[domain] else []
    assert reasons(domain) == expected


@pytest.mark.parametrize(
    ("texts", "covered"),
    [
        (["*.example.com", "www.example.com"], True),
        (["www.example.com", "*.example.com"], True),
        (["*.example.com", "example.com"], False),
        (["*.example.com", "a.b.example.com"], False),
        (["*.example.com", "*.www.example.com"], False),
        (["*.example.com", "www.example.org"], False),
    ],
)
def test_a_name_that_a_wildcard_covers(texts: list[str], covered: bool) -> None:
    """See wildcardOverlap, ra/ra.go."""
    assert reasons(*texts) == ["www.example.com: is covered by *.example.com"] * covered


@pytest.mark.parametrize(
    ("texts", "profiles", "reason"),
    [
        (MANY[:25], ["classic", "tlsserver", "shortlived"], None),
        (MANY[:26], ["classic"], None),
        (MANY[:100], ["classic"], None),
        (MANY, [], "101 names: are more than the 100 any profile allows"),
        ([PUBLIC_ADDRESS], ["shortlived"], None),
        ([*MANY[:24], PUBLIC_ADDRESS], ["shortlived"], None),
        (
            [*MANY[:40], PUBLIC_ADDRESS],
            [],
            "41 names, some of them IP addresses: are more than the 25 any profile allows",
        ),
    ],
)
def test_profiles(texts: list[str], profiles: list[str], reason: str | None) -> None:
    assert letsencrypt.profiles(names.parse_all(texts)) == profiles
    assert reasons(*texts) == ([reason] if reason else [])


def test_many_names_take_no_time_for_each_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = 0

    def hash_of(name: str) -> int:
        nonlocal hashed
        hashed += 1
        return str.__hash__(name)

    many = names.parse_all(f"n{number}.example.com" for number in range(200))
    monkeypatch.setattr(names.DomainName, "__hash__", hash_of)
    letsencrypt.name_reasons(many)
    assert hashed < 1000


def test_warnings_are_reasons_in_a_sentence() -> None:
    warnings = letsencrypt.name_warnings(names.parse_all(["localhost", "co.uk", "example.com"]))
    assert warnings == [
        "localhost: is a single label, so Let's Encrypt rejects it",
        "co.uk: is a public suffix, so Let's Encrypt rejects it",
    ]
    assert letsencrypt.name_warnings(names.parse_all(["example.com", PUBLIC_ADDRESS])) == [
        f"{PUBLIC_ADDRESS}: Let's Encrypt issues certificates for IP addresses only under its "
        "shortlived profile, which your ACME client has to request"
    ]
    (warning,) = letsencrypt.name_warnings(names.parse_all(["localhost", PUBLIC_ADDRESS]))
    assert warning == "localhost: is a single label, so Let's Encrypt rejects it"


# IsReservedAddr, iana/ip.go: each block in the IANA registries, and its use.
SPECIAL = """
    0.0.0.0/8 this network
    ::/128 unspecified
    127.0.0.0/8 loopback
    ::1/128 loopback
    10.0.0.0/8 private use
    172.16.0.0/12 private use
    192.168.0.0/16 private use
    fc00::/7 unique local
    169.254.0.0/16 link local
    fe80::/10 link local
    100.64.0.0/10 shared address space
    192.0.0.0/24 IETF protocol assignments
    2001::/23 IETF protocol assignments
    192.0.2.0/24 documentation
    198.51.100.0/24 documentation
    203.0.113.0/24 documentation
    2001:db8::/32 documentation
    3fff::/20 documentation
    192.31.196.0/24 AS112
    192.175.48.0/24 AS112
    2620:4f:8000::/48 AS112
    192.52.193.0/24 AMT
    192.88.99.0/24 6to4
    2002::/16 6to4
    198.18.0.0/15 benchmarking
    240.0.0.0/4 reserved
    ::ffff:0:0/96 IPv4-mapped
    64:ff9b::/96 IPv4-IPv6 translation
    64:ff9b:1::/48 IPv4-IPv6 translation
    100::/64 discard only
    100:0:0:1::/64 dummy prefix
    5f00::/16 segment routing
"""
# The addresses right before and after the blocks, and others that anybody may have.
BESIDE = """
    1.0.0.0 11.0.0.0 9.255.255.255 100.128.0.0 100.63.255.255 128.0.0.0 126.255.255.255
    169.255.0.0 169.253.255.255 172.32.0.0 172.15.255.255 192.0.1.0 191.255.255.255 192.0.3.0
    192.0.1.255 192.31.197.0 192.31.195.255 192.52.194.0 192.52.192.255 192.88.100.0
    192.88.98.255 192.169.0.0 192.167.255.255 192.175.49.0 192.175.47.255 198.20.0.0
    198.17.255.255 198.51.101.0 198.51.99.255 203.0.114.0 203.0.112.255 239.255.255.255 ::2
    ::1:0:0:0 ::fffe:ffff:ffff 64:ff9b::1:0:0 64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff 64:ff9b:2::
    64:ff9b:0:ffff:ffff:ffff:ffff:ffff ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 100:0:0:2::
    2001:200:: 2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2001:db9::
    2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2003:: 2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff
    2620:4f:8001:: 2620:4f:7fff:ffff:ffff:ffff:ffff:ffff 3fff:1000::
    3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff 5f01:: 5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
    fe00:: fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff fec0::
    fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff
    64.112.117.67 224.0.0.1 ff00::1
"""


@pytest.mark.parametrize("line", SPECIAL.strip().splitlines())
def test_an_address_for_special_purposes(line: str) -> None:
    block, _, use = line.strip().partition(" ")
    for address in (ip_network(block)[0], ip_network(block)[-1]):
        (reason,) = reasons(str(address))
        assert reason == f"{address}: is in {block} ({use}; only a private CA signs it)"


def test_any_other_address() -> None:
    assert [address for address in BESIDE.split() if reasons(address)] == []


@pytest.mark.parametrize(
    ("kind", "bits", "exponent", "reason"),
    [
        ("RSA", 2048, 65537, None),
        ("RSA", 3072, 65537, None),
        ("RSA", 4096, 65537, None),
        ("RSA", 2056, 65537, "has 2056 bits, not 2048, 3072 or 4096"),
        ("RSA", 8192, 65537, "has 8192 bits, not 2048, 3072 or 4096"),
        ("RSA", 2048, 3, "has a public exponent other than 65537"),
        ("P-256", 256, 0, None),
        ("P-384", 384, 0, None),
        ("P-521", 521, 0, "is on P-521, not P-256 or P-384"),
    ],
)
def test_a_key(kind: str, bits: int, exponent: int, reason: str | None) -> None:
    """See goodKeyRSA and LetsEncryptCPS, goodkey/good_key.go."""
    assert letsencrypt.key_reason(kind, bits, exponent) == reason


def test_of_the_public_suffix_list_only_what_is_needed_is_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parsed: list[str] = []

    class Watched(publicsuffixlist.PublicSuffixList):
        def __init__(self, rules: list[str], **options: bool) -> None:
            parsed.extend(rules)
            super().__init__(rules, **options)

    monkeypatch.setattr(publicsuffixlist, "PublicSuffixList", Watched)
    assert reasons("www.a.example.xyz", "xn--mnchen-3ya.xn--p1ai") == []
    suffixes = {rule.rpartition(".")[2] for rule in parsed if not rule.startswith("//")}
    assert suffixes == {"xyz\n", "рф\n"}
