"""What Let's Encrypt refuses although it is well formed: a warning each, with the rule's source.

The CA's code is Boulder (https://github.com/letsencrypt/boulder); its files are named below.
Other CAs may sign what Let's Encrypt does not, so nothing here stops a request.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet

from common.names import Identifier

MAX_LABELS = 10  # below a wildcard's *.; maxLabels, policy/pa.go
MAX_NAMES = (
    100  # in the classic profile; MaxNames, ra/ra.go; https://letsencrypt.org/docs/profiles/
)

RSA_BITS = (2048, 3072, 4096)  # LetsEncryptCPS, goodkey/good_key.go
RSA_EXPONENT = 65537  # goodKeyRSA, goodkey/good_key.go
CURVES = ("secp256r1", "secp384r1")  # P-256 and P-384; LetsEncryptCPS, goodkey/good_key.go

# The IANA special-purpose address registries, which iana/ip.go embeds; the Baseline Requirements
# (section 4.2.2) forbid certificates for them. A block inside another is left out.
# https://www.iana.org/assignments/iana-ipv4-special-registry/
# https://www.iana.org/assignments/iana-ipv6-special-registry/
SPECIAL_BLOCKS = (
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private use"),
    ("100.64.0.0/10", "shared address space"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link local"),
    ("172.16.0.0/12", "private use"),
    ("192.0.0.0/24", "IETF protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("192.31.196.0/24", "AS112"),
    ("192.52.193.0/24", "AMT"),
    ("192.88.99.0/24", "6to4 relay anycast"),
    ("192.168.0.0/16", "private use"),
    ("192.175.48.0/24", "AS112"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("240.0.0.0/4", "reserved"),
    ("::1/128", "loopback"),
    ("::/128", "unspecified"),
    ("::ffff:0:0/96", "IPv4-mapped"),
    ("64:ff9b::/96", "IPv4-IPv6 translation"),
    ("64:ff9b:1::/48", "IPv4-IPv6 translation"),
    ("100::/64", "discard only"),
    ("100:0:0:1::/64", "dummy prefix"),
    ("2001::/23", "IETF protocol assignments"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("2620:4f:8000::/48", "AS112"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "unique local"),
    ("fe80::/10", "link local"),
)


def name_warnings(identifiers: Sequence[Identifier]) -> list[str]:
    """Return a line for each reason Let's Encrypt has to refuse a request for these identifiers.

    identifiers: as names.parse_all returns them.
    """
    domains = [identifier for identifier in identifiers if isinstance(identifier, str)]
    addresses = [identifier for identifier in identifiers if not isinstance(identifier, str)]
    warnings = [
        f"{domain}: {reason}, so Let's Encrypt refuses it"
        for domain, reason in zip(domains, _domain_reasons(domains), strict=True)
        if reason
    ]
    warnings += [f"{address}: {_address_reason(address)}" for address in addresses]
    if len(identifiers) > MAX_NAMES:
        warnings.append(
            f"{len(identifiers)} names: Let's Encrypt takes at most {MAX_NAMES} in a request"
        )
    return warnings


def key_warning(kind: str, bits: int, exponent: int | None = None) -> str | None:
    """Return why Let's Encrypt refuses such a key, for an account or a certificate, or None.

    kind: "RSA", or the name of the curve as OpenSSL has it.
    bits: size of the modulus or of the curve.
    exponent: public exponent of an RSA key.
    """
    if kind != "RSA":
        return None if kind in CURVES else f"the curve {kind}: Let's Encrypt takes P-256 and P-384"
    if bits not in RSA_BITS:
        return f"{bits} bits: Let's Encrypt takes RSA keys of 2048, 3072 or 4096 bits"
    if exponent != RSA_EXPONENT:
        return f"its public exponent is not {RSA_EXPONENT}, and Let's Encrypt takes no other"
    return None


def _domain_reasons(domains: Sequence[str]) -> Iterable[str | None]:
    """Return for each domain name the reason to refuse it, or None."""
    if not domains:
        return []
    public_suffix = _public_suffixes({domain.rpartition(".")[2] for domain in domains})
    present = set(domains)
    return [_domain_reason(domain, public_suffix, present) for domain in domains]


def _public_suffixes(last_labels: AbstractSet[str]) -> Callable[[str], str | None]:
    """Return a function that finds the public suffix of a name with one of these last labels."""
    from publicsuffixlist import PSLFILE, PublicSuffixList

    # To parse all of the list would take longer than all else that a request needs but its key.
    a_labels = (label for label in last_labels if label.startswith("xn--"))
    wanted = last_labels | {label[4:].encode().decode("punycode") for label in a_labels}
    with open(PSLFILE, encoding="utf-8") as file:
        rules = [
            line
            for line in file
            if line.rstrip().rpartition(".")[2] in wanted or line.startswith("// ===")
        ]
    # accept_unknown would make a suffix of any last label, a mistyped one included. The private
    # section holds names of companies (github.io), which can have certificates (iana/iana.go).
    return PublicSuffixList(rules, accept_unknown=False, only_icann=True).publicsuffix


def _domain_reason(
    domain: str, public_suffix: Callable[[str], str | None], present: AbstractSet[str]
) -> str | None:
    base = domain.removeprefix("*.")
    if base.count(".") + 1 > MAX_LABELS:
        return f"has more than {MAX_LABELS} labels"  # errTooManyLabels, policy/pa.go
    if base == domain and "." not in domain:
        return "is a single label"  # errTooFewLabels, policy/pa.go
    suffix = public_suffix(base)
    if suffix is None:
        return "is under no public suffix (mistyped, or internal)"  # errNonPublic, policy/pa.go
    # A rule *.kobe.jp makes suffixes of the names below kobe.jp. The package counts kobe.jp
    # itself as one too, Boulder does not: of such a name every child would be a suffix.
    if suffix == base and public_suffix(f"child.{base}") == base:
        # errICANNTLD and errICANNTLDWildcard, policy/pa.go
        return "is a public suffix" if base == domain else "is a wildcard for a public suffix"
    # "redundant with a wildcard domain", ra/ra.go; a wildcard stands for exactly one label.
    covering = "*." + domain.partition(".")[2]
    if base == domain and covering in present:
        return f"is covered by {covering}"
    return None


@functools.cache
def _special_networks() -> list[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, str]]:
    return [(ipaddress.ip_network(block), use) for block, use in SPECIAL_BLOCKS]


def _address_reason(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    for block, use in _special_networks():
        if address in block:
            return f"is in {block} ({use}), so Let's Encrypt refuses it"
    # https://letsencrypt.org/docs/profiles/#shortlived
    return "is an IP address, which Let's Encrypt takes in its shortlived profile alone"
