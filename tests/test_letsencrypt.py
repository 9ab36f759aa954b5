"""What Let's Encrypt rejects although it is well formed.

Sources: Boulder's policy/pa.go, ra/ra.go and iana/ip.go, the tests beside them, and
https://letsencrypt.org/docs/profiles/.
"""

from common import letsencrypt, names

PRIVATE = ", so only a private CA signs it"
SINGLE = f"is a single label (a name without a dot){PRIVATE}"
NO_SUFFIX = f"does not end in a public suffix (a typo?){PRIVATE}"
SUFFIX = "is a public suffix (others register names under it)"
WILDCARD = "is a wildcard for a public suffix (others register names under it)"
TOO_DEEP = "has more than 10 labels (parts between dots)"

# A name, and the reason given; an empty one where Let's Encrypt has none.
NAMES = {
    "api.neoprime.xyz": "",
    "*.a.b.c.d.e.f.g.h.example.com": "",
    "*.a.b.c.d.e.f.g.h.i.example.com": TOO_DEEP,
    # errTooFewLabels, pa.go
    "localhost": SINGLE,
    "com": SUFFIX,
    "example.acting": NO_SUFFIX,
    "example.xn--p1ai": "",  # in the list it is рф
    "example.onion": "is a name of the Tor network",
    # errICANNTLD and errICANNTLDWildcard, pa.go
    "co.uk": SUFFIX,
    "*.com": WILDCARD,
    "x.kobe.jp": SUFFIX,
    "kobe.jp": "",
    "github.io": "",
    "ff02::1": "is a multicast address, which does not belong to a single host",
}

MANY = [f"{number}.example.com" for number in range(101)]
PUBLIC_ADDRESS = "64.112.117.67"


def reasons(*texts: str) -> list[str]:
    return letsencrypt.name_reasons(names.parse_all(texts))


def test_a_name_is_rejected_as_by_boulder() -> None:
    for name, reason in NAMES.items():
        assert reasons(name) == ([f"{name} {reason}"] if reason else [])


def test_a_name_that_a_wildcard_covers_is_rejected() -> None:
    """See wildcardOverlap, ra/ra.go."""
    others = ["b.org", "x.y.b.org", "*.a.b.org", "a.c.org"]
    assert reasons("*.b.org", "a.b.org", *others) == ["a.b.org is covered by *.b.org"]
    assert reasons("*.b.org", *others) == []


def test_a_profile_limits_names() -> None:
    """See https://letsencrypt.org/docs/profiles/."""
    more = "the request has 101 names, but no profile allows more than 100"
    more_too = "the request has 26 names, but no profile with IP addresses allows more than 25"
    for texts, profiles, reasons_given in (
        (MANY[:25], ["classic", "tlsserver", "shortlived"], []),
        (MANY[:26], ["classic"], []),
        (MANY[:100], ["classic"], []),
        (MANY, [], [more]),
        ([*MANY[:24], PUBLIC_ADDRESS], ["shortlived"], []),
        ([*MANY[:25], PUBLIC_ADDRESS], [], [more_too]),
    ):
        assert letsencrypt.profiles(names.parse_all(texts)) == profiles
        assert reasons(*texts) == reasons_given


def test_warnings_are_reasons_in_a_sentence() -> None:
    warnings = letsencrypt.name_warnings(names.parse_all(["localhost", "co.uk", "example.com"]))
    assert warnings == [f"localhost {SINGLE}", f"co.uk {SUFFIX}, so Let's Encrypt rejects it"]
    for address in (PUBLIC_ADDRESS, f"::ffff:{PUBLIC_ADDRESS}"):
        assert letsencrypt.name_warnings(names.parse_all(["example.com", address])) == [
            f"Let's Encrypt issues certificates for IP addresses such as {PUBLIC_ADDRESS} only "
            "under its shortlived profile, which your ACME client has to request"
        ]
    warnings = letsencrypt.name_warnings(names.parse_all(["localhost", PUBLIC_ADDRESS]))
    assert warnings == [f"localhost {SINGLE}"]


def test_many_names_make_few_warnings() -> None:
    many = names.parse_all(f"n{number}.local" for number in range(20_000))
    warnings = letsencrypt.name_warnings(many)
    assert len(warnings) == 22
    assert warnings[-2:] == [
        "there are more such names",
        "the request has 20000 names, but no profile allows more than 100, so Let's Encrypt "
        "rejects it",
    ]
    assert len(letsencrypt.name_warnings(many[:20])) == 20  # there are no more


# IsReservedAddr, iana/ip.go: an address in a block of the IANA registries, and what is said of it.
# `make boulder` tries the edges of all blocks.
SPECIAL = {
    "0.1.2.3": "0.0.0.0/8 (this network)",
    "::": "::/128 (unspecified)",
    "::1": "::1/128 (loopback)",
    "192.168.1.1": "192.168.0.0/16 (private use)",
    "fd00::1": "fc00::/7 (unique local)",
    "169.254.1.1": "169.254.0.0/16 (link local)",
    "100.64.0.0": "100.64.0.0/10 (shared address space)",
    "2001::1": "2001::/23 (IETF protocol assignments)",
    "2001:db8::1": "2001:db8::/32 (documentation)",
    "192.31.196.1": "192.31.196.0/24 (AS112)",
    "192.52.193.1": "192.52.193.0/24 (AMT)",
    "2002::1": "2002::/16 (6to4)",
    "198.19.255.255": "198.18.0.0/15 (benchmarking)",
    "255.255.255.255": "240.0.0.0/4 (reserved)",
    "64:ff9b::8.8.8.8": "64:ff9b::/96 (IPv4-IPv6 translation)",
    "100::1": "100::/64 (discard only)",
    "100:0:0:1::1": "100:0:0:1::/64 (dummy prefix)",
    "5f00::1": "5f00::/16 (segment routing)",
}


def test_an_address_for_special_purposes_is_rejected() -> None:
    for text, block in SPECIAL.items():
        assert reasons(text) == [f"{names.parse(text)} is in {block}{PRIVATE}"]
