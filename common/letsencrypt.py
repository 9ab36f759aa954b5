"""What Let's Encrypt rejects although it is a valid name, and its profiles.

Most rules name their source, a file in Boulder, the CA's program
(https://github.com/letsencrypt/boulder). Rules that need more than the request are left out:
blocklists, rate limits, CAA records.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import NamedTuple

from common.names import DomainName, Identifier

MAX_SENTENCES = 20  # about names; nobody reads more

MAX_LABELS = 10  # below a wildcard's *.; maxLabels, policy/pa.go

# The profiles: how many names a certificate may have, and whether they may be IP addresses.
# https://letsencrypt.org/docs/profiles/
PROFILES = {"classic": (100, False), "tlsserver": (25, False), "shortlived": (25, True)}

# The IANA special-purpose address registries, which iana/ip.go embeds, by use; the Baseline
# Requirements (section 4.2.2) forbid certificates for them. Blocks inside others are left out.
# So is the block of IPv4 addresses in IPv6 form, which are judged as IPv4 addresses.
# https://www.iana.org/assignments/iana-ipv4-special-registry/
# https://www.iana.org/assignments/iana-ipv6-special-registry/
SPECIAL_BLOCKS = {
    "this network": "0.0.0.0/8",
    "unspecified": "::/128",
    "loopback": "127.0.0.0/8 ::1/128",
    "private use": "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16",
    "unique local": "fc00::/7",
    "link local": "169.254.0.0/16 fe80::/10",
    "shared address space": "100.64.0.0/10",
    "IETF protocol assignments": "192.0.0.0/24 2001::/23",
    "documentation": "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20",
    "AS112": "192.31.196.0/24 192.175.48.0/24 2620:4f:8000::/48",
    "AMT": "192.52.193.0/24",
    "6to4": "192.88.99.0/24 2002::/16",
    "benchmarking": "198.18.0.0/15",
    "reserved": "240.0.0.0/4",
    "IPv4-IPv6 translation": "64:ff9b::/96 64:ff9b:1::/48",
    "discard only": "100::/64",
    "dummy prefix": "100:0:0:1::/64",
    "segment routing": "5f00::/16",
}
_USES = {
    ip_network(block): use for use, blocks in SPECIAL_BLOCKS.items() for block in blocks.split()
}


class Reason(NamedTuple):
    """Why Let's Encrypt rejects a name."""

    text: str  # what can be said of the name, such as "is a public suffix"
    only_private: bool = False  # whether no public CA may sign it: Baseline Requirements 4.2.2


def name_warnings(identifiers: Sequence[Identifier]) -> list[str]:
    """Return what to warn of in a request for identifiers, which names.parse_all returned."""
    identifiers = in_request(identifiers)
    warnings = _sentences(identifiers, ", so Let's Encrypt rejects it")
    addresses = [name for name in identifiers if not isinstance(name, DomainName)]
    if addresses and not warnings:
        warnings.append(
            f"Let's Encrypt issues certificates for IP addresses such as {addresses[0]} only "
            "under its shortlived profile, which your ACME client has to request"
        )
    return warnings


def in_request(identifiers: Iterable[Identifier]) -> list[Identifier]:
    """Return the identifiers that Boulder finds in a request for these, each once.

    To Go, an IPv4 address in an IPv6 address is that IPv4 address.
    """
    return list(dict.fromkeys(getattr(one, "ipv4_mapped", None) or one for one in identifiers))


def name_reasons(identifiers: Sequence[Identifier]) -> list[str]:
    """Return why Let's Encrypt rejects a request for identifiers, in sentences without a period."""
    return _sentences(identifiers, "")


def profiles(identifiers: Sequence[Identifier]) -> list[str]:
    """Return the profiles that allow a certificate for these identifiers."""
    has_address = any(not isinstance(name, DomainName) for name in identifiers)
    return [
        profile
        for profile, (most, addresses) in PROFILES.items()
        if len(identifiers) <= most and (addresses or not has_address)
    ]


def _sentences(identifiers: Sequence[Identifier], rejected: str) -> list[str]:
    """Return the reasons in sentences; rejected is the end of one about Let's Encrypt alone."""
    reasons = ((name, reason) for name, reason in _reasons(identifiers) if reason)
    private = ", so only a private CA signs it"
    sentences = [
        f"{name} {reason.text}{private if reason.only_private else rejected}"
        for name, reason in itertools.islice(reasons, MAX_SENTENCES)
    ]
    if next(reasons, None):
        sentences.append("there are more such names")
    if not profiles(identifiers):
        has_address = any(not isinstance(name, DomainName) for name in identifiers)
        most = PROFILES["shortlived" if has_address else "classic"][0]
        kind = "profile with IP addresses" if has_address else "profile"
        count = f"the request has {len(identifiers)} names, but no {kind} allows more than {most}"
        sentences.append(f"{count}{rejected}")
    return sentences


def _reasons(identifiers: Sequence[Identifier]) -> Iterator[tuple[Identifier, Reason | None]]:
    """Yield each of the identifiers, with why Let's Encrypt rejects it."""
    domains = {name for name in identifiers if isinstance(name, DomainName)}
    public_suffix = _public_suffixes({name.rpartition(".")[2] for name in domains})
    for name in identifiers:
        if isinstance(name, DomainName):
            yield name, _domain_reason(name, public_suffix, domains)
        else:
            yield name, _address_reason(name)


def _public_suffixes(last_labels: set[str]) -> Callable[[str], str | None]:
    """Return a function that finds the public suffix of a name with one of these last labels."""
    from publicsuffixlist import PSLFILE, PublicSuffixList

    # Parsing the whole list takes longer than signing a request, so only the rules that end in one
    # of these labels are parsed. The list has Unicode labels.
    a_labels = (label for label in last_labels if label.startswith("xn--"))
    wanted = last_labels | {label[4:].encode().decode("punycode") for label in a_labels}
    with open(PSLFILE, encoding="utf-8") as file:
        rules = [
            line
            for line in file
            if line.rstrip().rpartition(".")[2] in wanted or line.startswith("// ===")
        ]
    # Only the ICANN section (iana/iana.go): domains of the private one, such as github.io, can have
    # certificates. Without accept_unknown=False a mistyped TLD would be a suffix.
    return PublicSuffixList(rules, accept_unknown=False, only_icann=True).publicsuffix


def _domain_reason(
    name: DomainName, public_suffix: Callable[[str], str | None], present: set[DomainName]
) -> Reason | None:
    base = name.removeprefix("*.")
    suffix = public_suffix(base)
    if suffix is None:  # errTooFewLabels and errNonPublic, policy/pa.go
        if "." not in name:
            return Reason("is a single label (a name without a dot)", only_private=True)
        return Reason("does not end in a public suffix (a typo?)", only_private=True)
    if suffix == "onion":  # RFC 7686; in the list, but the CA cannot validate it
        return Reason("is a name of the Tor network")
    if base.count(".") + 1 > MAX_LABELS:  # errTooManyLabels, policy/pa.go
        return Reason(f"has more than {MAX_LABELS} labels (parts between dots)")
    # Not suffix == base: for a rule *.kobe.jp the package counts kobe.jp as a suffix too. Boulder
    # does not: kobe.jp is under jp and can have a certificate. For a rule *.er nothing is above er.
    if "." not in base or public_suffix(f"child.{base}") == base:
        # errTooFewLabels, errICANNTLD and errICANNTLDWildcard, policy/pa.go
        what = "is" if base == name else "is a wildcard for"
        return Reason(f"{what} a public suffix (others register names under it)")
    covering = "*." + name.partition(".")[2]  # a wildcard stands for exactly one label
    if base == name and covering in present:  # wildcardOverlap, ra/ra.go
        return Reason(f"is covered by {covering}")
    return None


def _address_reason(address: IPv4Address | IPv6Address) -> Reason | None:
    if address.is_multicast:  # test/ident-policy.yaml
        return Reason("is a multicast address, which does not belong to a single host")
    for network, use in _USES.items():  # IsReservedAddr, iana/ip.go
        if address in network:
            return Reason(f"is in {network} ({use})", only_private=True)
    return None
