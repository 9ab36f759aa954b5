"""What Let's Encrypt rejects although another CA may sign it.

Most rules name their source, a file in Boulder, the CA's program
(https://github.com/letsencrypt/boulder). Rules that need more than the request are left out:
blocklists, rate limits, CAA records.
"""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_network

from common.names import DomainName, Identifier

RSA_BITS = (2048, 3072, 4096)  # LetsEncryptCPS, goodkey/good_key.go
RSA_EXPONENT = 65537  # goodKeyRSA, goodkey/good_key.go
CURVES = ("P-256", "P-384")  # LetsEncryptCPS, goodkey/good_key.go

MAX_LABELS = 10  # below a wildcard's *.; maxLabels, policy/pa.go

# The profiles: how many names a certificate may have, and whether IP addresses among them.
# https://letsencrypt.org/docs/profiles/
PROFILES = {"classic": (100, False), "tlsserver": (25, False), "shortlived": (25, True)}

# The IANA special-purpose address registries, which iana/ip.go embeds, by use; the Baseline
# Requirements (section 4.2.2) forbid certificates for them. Blocks inside others are left out.
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
    "IPv4-mapped": "::ffff:0:0/96",
    "IPv4-IPv6 translation": "64:ff9b::/96 64:ff9b:1::/48",
    "discard only": "100::/64",
    "dummy prefix": "100:0:0:1::/64",
    "segment routing": "5f00::/16",
}
_USES = {
    ip_network(block): (block, use)  # Python 3.13 prints another text for ::ffff:0:0/96
    for use in SPECIAL_BLOCKS
    for block in SPECIAL_BLOCKS[use].split()
}


def name_warnings(identifiers: Sequence[Identifier]) -> list[str]:
    """Return what to warn of in a request for identifiers, which names.parse_all returned."""
    warnings = [f"{reason}, so Let's Encrypt rejects it" for reason in name_reasons(identifiers)]
    addresses = [str(name) for name in identifiers if not isinstance(name, DomainName)]
    if addresses and not warnings:
        warnings.append(
            f"{addresses[0]}: Let's Encrypt issues certificates for IP addresses only under its "
            "shortlived profile, which your ACME client has to request"
        )
    return warnings


def name_reasons(identifiers: Sequence[Identifier]) -> list[str]:
    """Return why Let's Encrypt rejects a request for identifiers; a reason begins with a name."""
    domains = [name for name in identifiers if isinstance(name, DomainName)]
    addresses = [name for name in identifiers if not isinstance(name, DomainName)]
    public_suffix = _public_suffixes({name.rpartition(".")[2] for name in domains})
    present = set(domains)
    found = [(str(name), _domain_reason(name, public_suffix, present)) for name in domains]
    found += [(str(address), _address_reason(address)) for address in addresses]
    reasons = [f"{name}: {reason}" for name, reason in found if reason]
    if not profiles(identifiers):
        most = PROFILES["shortlived" if addresses else "classic"][0]
        kind = "names, some of them IP addresses" if addresses else "names"
        reasons.append(f"{len(identifiers)} {kind}: are more than the {most} any profile allows")
    return reasons


def profiles(identifiers: Sequence[Identifier]) -> list[str]:
    """Return the profiles that allow a certificate for these identifiers."""
    has_address = any(not isinstance(name, DomainName) for name in identifiers)
    return [
        profile
        for profile, (most, addresses) in PROFILES.items()
        if len(identifiers) <= most and addresses >= has_address
    ]


def key_reason(kind: str, bits: int, exponent: int) -> str | None:
    """Return why Let's Encrypt rejects a key, for an account or a certificate, or None.

    kind: "RSA", or the curve of an ECDSA key by its NIST name, such as "P-256".
    bits: size of the modulus. exponent: the public one. They do not matter for an ECDSA key.
    """
    if kind != "RSA":
        return None if kind in CURVES else f"is on {kind}, not {' or '.join(CURVES)}"
    if bits not in RSA_BITS:
        return f"has {bits} bits, not {', '.join(map(str, RSA_BITS[:-1]))} or {RSA_BITS[-1]}"
    if exponent != RSA_EXPONENT:
        return f"has a public exponent other than {RSA_EXPONENT}"
    return None


def _public_suffixes(last_labels: set[str]) -> Callable[[str], str | None]:
    """Return a function that finds the public suffix of a name with one of these last labels."""
    if not last_labels:
        return lambda name: None
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
) -> str | None:
    base = name.removeprefix("*.")
    if base.count(".") + 1 > MAX_LABELS:
        return f"has more than {MAX_LABELS} labels"  # errTooManyLabels, policy/pa.go
    if base == name and "." not in name:
        return "is a single label"  # errTooFewLabels, policy/pa.go
    suffix = public_suffix(base)
    # errNonPublic, policy/pa.go. The list has onion (RFC 7686), which the CA cannot validate.
    if suffix in (None, "onion"):
        return "does not end in a public suffix (a typo? only a private CA signs internal names)"
    # For a rule *.kobe.jp the package counts kobe.jp as a suffix too. Boulder does not: kobe.jp is
    # under jp and can have a certificate. For a rule *.er there is nothing above er.
    if suffix == base and ("." not in base or public_suffix(f"child.{base}") == base):
        # errICANNTLD and errICANNTLDWildcard, policy/pa.go
        return "is a public suffix" if base == name else "is a wildcard for a public suffix"
    covering = "*." + name.partition(".")[2]  # a wildcard stands for exactly one label
    if base == name and covering in present:
        return f"is covered by {covering}"  # wildcardOverlap, ra/ra.go
    return None


def _address_reason(address: IPv4Address | IPv6Address) -> str | None:
    for network, (block, use) in _USES.items():  # IsReservedAddr, iana/ip.go
        if address in network:
            return f"is in {block} ({use}; only a private CA signs it)"
    return None
