"""Whether Let's Encrypt would accept a key or a request, whoever made it.

The rules are those of Boulder's csr/csr.go and of Go's x509.ParseCertificateRequest before it. What
only the CA can know is left out: blocklists, rate limits, CAA records.
"""

import ipaddress

from common import keys, letsencrypt, names
from common.names import DomainName, Identifier
from common.show import der, signed
from common.show.read import ERRORS, PRIVATE_KEY, Item

from cryptography import x509

_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"  # RFC 2985 section 5.4.2
_ALTERNATIVE_NAMES = "2.5.29.17"
_TLS_FEATURE = "1.3.6.1.5.5.7.1.24"
_MUST_STAPLE = bytes.fromhex("3003020105")  # mustStapleFeatureValue, ra/ra.go

# badSignatureAlgorithm, csr/csr.go
_SIGNATURES = [f"{kind} with SHA-{n}" for kind in ("RSA", "ECDSA") for n in (256, 384, 512)]

# The tags of a GeneralName, RFC 5280 section 4.2.1.6.
_DNS, _IP = "[2]", "[7]"
_UNWANTED = {"[1]": "an e-mail address", "[6]": "a URI"}

_CRITICAL = (b"", b"\x01\x01\x00", b"\x01\x01\xff")  # not there, FALSE or TRUE
_RSA_PSS = bytes.fromhex("06092a864886f70d01010a")  # id-RSASSA-PSS, RFC 4055 section 3.1


def of_key(item: Item) -> str:
    """Return whether Let's Encrypt accepts a key, for an account or a certificate, or why not."""
    reason = _key_reason(item)
    return f"rejects it: {reason}" if reason else "accepts it, for an account or a certificate"


def of_request(item: Item, csr: x509.CertificateSigningRequest, account_key: Item | None) -> str:
    """Return whether Let's Encrypt accepts a request, under which profiles, or why not.

    account_key: with which the order would be placed, or None if that is not known.
    """
    reasons = [f"its key {reason}"] if (reason := _key_reason(item)) else []
    if account_key is not None and account_key.spki == item.spki:
        reasons.append("its key is the account key")  # RFC 8555 section 11.1
    if (algorithm := signed.algorithm(csr)) not in _SIGNATURES:
        reasons.append(f"its signature is {algorithm}")
    if signed.verifies(csr) is False:
        reasons.append("its signature does not verify")
    identifiers = list[Identifier]()
    try:
        identifiers = _identifiers(csr, reasons)
    except ERRORS:
        reasons.append("its names or extensions cannot be read")
    if reasons:
        return f"rejects it: {'; '.join(reasons)}"
    return f"accepts it ({', '.join(letsencrypt.profiles(identifiers))})"


def _key_reason(item: Item) -> str | None:
    """Return why Let's Encrypt rejects a key, as the end of a sentence, or None."""
    if item.public_key is None:
        return "is of a kind that is not known here"
    if _RSA_PSS in item.encoded[:40]:  # in the AlgorithmIdentifier; cryptography does not tell
        return "is an RSA-PSS key, so no CA may sign it"  # Baseline Requirements 7.1.3.1.1
    reason = keys.weakness(item.public_key)
    if reason := reason or letsencrypt.key_reason(*keys.properties(item.public_key)):
        return reason
    # Go's x509.ParsePKIXPublicKey has one encoding for each key: RFC 3279, RFC 5480. Programs copy
    # a curve that is spelled out from a private key into the request.
    parameters = der.parse(item.spki).children[0].children[1].encoded
    is_usual = (
        parameters in item.encoded if item.part.kind == PRIVATE_KEY else item.encoded == item.spki
    )
    if is_usual or item.part.is_encrypted or item.part.label.startswith("RSA"):
        return None
    return (
        "is encoded unusually (an EC point that is not uncompressed, a curve without its name, or "
        "RSA without NULL)"
    )


def _extensions(csr: x509.CertificateSigningRequest) -> dict[str, bytes]:
    """Return the values of the extensions asked for, by their OIDs.

    cryptography reads either all extensions or none, so one odd one hides the others;
    Go ignores it.
    """
    found: dict[str, bytes] = {}
    for attribute, values in signed.attributes(csr):
        for extension in values[0].children if attribute == _EXTENSION_REQUEST else []:
            identifier, *critical, octets = extension.children
            is_odd = b"".join(element.encoded for element in critical) not in _CRITICAL
            if is_odd or octets.tag != "OCTET STRING" or identifier.oid in ("", *found):
                raise ValueError(f"the extension {identifier.oid} is damaged, or there twice")
            found[identifier.oid] = octets.content
    return found


def _identifiers(csr: x509.CertificateSigningRequest, reasons: list[str]) -> list[Identifier]:
    """Return what a request asks for; add to reasons why Let's Encrypt rejects it."""
    extensions = _extensions(csr)
    if extensions.get(_TLS_FEATURE) == _MUST_STAPLE:
        reasons.append("it asks for must-staple")  # containsMustStaple, ra/ra.go
    domains, addresses = list[str](), list[Identifier]()
    for name in der.parse(extensions.get(_ALTERNATIVE_NAMES, b"\x30\0")).children:
        if name.tag == _DNS:
            domains.append(name.content.decode("ascii"))
        elif name.tag == _IP:
            address = ipaddress.ip_address(name.content)
            # To Go, an IPv4 address in an IPv6 address is that IPv4 address.
            addresses.append(getattr(address, "ipv4_mapped", None) or address)
        elif name.tag in _UNWANTED:
            reasons.append(f"it has {_UNWANTED[name.tag]} among its names")
    if cn := signed.common_name(csr):
        try:
            ipaddress.ip_address(cn)
        except ValueError:
            domains.append(cn)  # names.FromCSR: one more name
        else:
            reasons.append("its CN is an IP address")
    if not domains and not addresses:
        reasons.append("it asks for no name")
    identifiers = list[Identifier]()
    # Go's strings.ToLower has one character for each; the only one that Python has two for is İ.
    for domain in dict.fromkeys("".join(char.lower()[0] for char in name) for name in domains):
        try:
            names.check_domain_name(domain)
            identifiers.append(DomainName(domain))
        except names.InvalidName as error:
            reasons.append(f"{domain[:80]!r} {error}")
    identifiers += dict.fromkeys(addresses)
    reasons += letsencrypt.name_reasons(identifiers)
    return identifiers
