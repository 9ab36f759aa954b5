"""Whether Let's Encrypt would accept a key or a request, whoever made it.

The rules are those of Boulder's csr/csr.go and of Go's x509.ParseCertificateRequest before it. What
only the CA can know is left out: blocklists, rate limits, CAA records.
"""

import ipaddress

from common import goodkey, letsencrypt, names
from common.names import DomainName, Identifier
from common.show import contents, der
from common.show.der import Element
from common.show.read import PRIVATE_KEY, Item

from cryptography import x509

_MUST_STAPLE = bytes.fromhex("3003020105")  # mustStapleExtValue, ra/ra.go

# goodSignatureAlgorithms, csr/csr.go
_SIGNATURES = [f"{kind} with SHA-{n}" for kind in ("RSA", "ECDSA") for n in (256, 384, 512)]

_UNWANTED = (("email", "an e-mail address"), ("URI", "a URI"))

_RSA_PSS = bytes.fromhex("06092a864886f70d01010a")  # id-RSASSA-PSS, RFC 4055 section 3.1


def of_key(item: Item) -> str:
    """Return whether Let's Encrypt accepts a key, for an account or a certificate, or why not."""
    reason = _key_reason(item)
    return f"rejects it: {reason}" if reason else "accepts it, for an account or a certificate"


def of_request(item: Item, csr: x509.CertificateSigningRequest, account_key: Item | None) -> str:
    """Return whether Let's Encrypt accepts a request, under which profiles, or why not.

    account_key: of the account that would place the order, or None if unknown.
    """
    reasons = [f"its key {reason}"] if (reason := _key_reason(item)) else []
    if account_key is not None and account_key.spki == item.spki:
        reasons.append("its key is the account key")  # RFC 8555 section 11.1
    if (algorithm := contents.algorithm(csr)) not in _SIGNATURES:
        reasons.append(f"its signature is {algorithm}")
    if item.is_sound is False:
        reasons.append("its signature does not verify")
    identifiers, name_reasons = _identifiers(item.root, contents.common_name(csr))
    if reasons := reasons + name_reasons:
        return f"rejects it: {'; '.join(reasons)}"
    return f"accepts it ({', '.join(letsencrypt.profiles(identifiers))})"


def _key_reason(item: Item) -> str | None:
    """Return why Let's Encrypt rejects a key, as the end of a sentence, or None."""
    algorithm = der.parse(item.spki).children[0]
    if _RSA_PSS in item.der and algorithm.encoded not in item.der:  # cryptography does not tell
        return "is an RSA-PSS key, so no CA may sign it"  # Baseline Requirements 7.1.3.1.1
    reason = goodkey.weakness(item.public_key)
    if reason := reason or goodkey.rejected(item.public_key):
        return reason
    # Go's x509.ParsePKIXPublicKey reads one encoding of each key: RFC 3279, RFC 5480. Programs copy
    # a curve that is spelled out from a private key into the request.
    usual = algorithm.children[1].encoded if item.kind == PRIVATE_KEY else item.spki
    if usual in item.der or item.is_encrypted or item.label.startswith("RSA"):
        return None
    return (
        "is encoded unusually (an EC point that is not uncompressed, a curve without its name, or "
        "RSA without NULL)"
    )


def _identifiers(root: Element, cn: str) -> tuple[list[Identifier], list[str]]:
    """Return what a request asks for, and why Let's Encrypt rejects that."""
    reasons = []
    features = contents.extensions(root).get(contents.TLS_FEATURE)
    if features and features.children[-1].content == _MUST_STAPLE:
        reasons.append("it asks for must-staple")  # containsMustStaple, ra/ra.go
    pairs = [name.partition(":")[::2] for name in contents.names(root)]
    domains = [value for kind, value in pairs if kind == "DNS"]
    addresses = [ipaddress.ip_address(value) for kind, value in pairs if kind == "IP"]
    unwanted = [what for kind, what in _UNWANTED if kind in dict(pairs)]
    reasons += [f"it has {what} among its names" for what in unwanted]
    try:
        ipaddress.ip_address(cn)
        reasons.append("its CN is an IP address")
    except ValueError:
        domains += [cn] if cn else []  # one more name: FromCSR, identifier/identifier.go
    if not domains and not addresses:
        reasons.append("it asks for no name")
    identifiers = list[Identifier]()
    # Go's strings.ToLower returns one character for each; Python returns two for İ, and only for İ.
    for domain in dict.fromkeys("".join(char.lower()[0] for char in name) for name in domains):
        try:
            names.check_domain_name(domain)
            identifiers.append(DomainName(domain))
        except names.InvalidName as error:
            reasons.append(f"{domain[:80]!r} {error}")
    # To Go, an IPv4 address in an IPv6 address is that IPv4 address.
    identifiers += dict.fromkeys(getattr(one, "ipv4_mapped", None) or one for one in addresses)
    return identifiers, reasons + letsencrypt.name_reasons(identifiers)
