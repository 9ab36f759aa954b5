"""Whether Let's Encrypt would accept a key or a request, whoever made it.

The rules are those of Boulder, and of Go's crypto/x509, with which Boulder reads a request. What
only the CA can know is left out: blocklists, rate limits, CAA records.
"""

import ipaddress
from collections.abc import Iterator
from typing import NamedTuple

from common import goodkey, letsencrypt, names
from common.labels import EC, RSA
from common.names import DomainName, Identifier
from common.show import go_x509, grammar, signature
from common.show.items import Item, Key, Request
from common.show.values import Name

_TLS_FEATURE = "1.3.6.1.5.5.7.1.24"
_MUST_STAPLE = bytes.fromhex("3003020105")  # a list of one number: RFC 7633 section 6

# RSA and ECDSA with SHA-256, SHA-384 and SHA-512: goodSignatureAlgorithms, csr/csr.go
_SIGNATURES = (
    *(f"1.2.840.113549.1.1.{last}" for last in (11, 12, 13)),
    *(f"1.2.840.10045.4.3.{last}" for last in (2, 3, 4)),
)

_UNWANTED = (("email", "an e-mail address"), ("URI", "a URI"))

_RSA_WITH_NULL = bytes.fromhex("300d06092a864886f70d0101010500")  # the AlgorithmIdentifier
_UNUSUAL = (
    "is encoded unusually (a compressed or hybrid point, an unnamed curve or RSA without NULL)"
)

_INVALID = {  # what cryptography does not read, and Go or Boulder neither
    RSA: goodkey.ODD_RSA,
    EC: "is not a point on a curve that a public CA may sign",
}


class Verdict(NamedTuple):
    """What Let's Encrypt would say."""

    words: str
    is_rejection: bool = False


def of_key(key: Key) -> Verdict:
    """Return whether Let's Encrypt accepts a key, or why not; no words if that cannot be said."""
    if doubt := next(_doubts(key), None):
        return Verdict(f"cannot be judged here: {doubt}")
    if reason := _key_reason(key):
        return Verdict(f"rejects it: it {reason}", is_rejection=True)
    if key.numbers_agree is False:  # it cannot sign
        return Verdict("")
    accepted = "accepts it, for an account or a certificate"
    if key.spki != key.canonical_spki:
        accepted += ", but not in a request made by openssl req, which copies its encoding"
    return Verdict(accepted)


def of_request(request: Request, account_key: Item | None) -> Verdict:
    """Return whether Let's Encrypt accepts a request, under which profiles, or why not.

    account_key: of the account that would place the order, or None if unknown.
    """
    if doubts := "; ".join(_doubts(request)):
        return Verdict(f"cannot be judged here: {doubts}")
    if reasons := "; ".join(_reasons(request, account_key)):
        return Verdict(f"rejects it: {reasons}", is_rejection=True)
    return Verdict(f"accepts it ({', '.join(letsencrypt.profiles(_identifiers(request)))})")


def is_good_signature(request: Request) -> bool:
    """Return whether a CA accepts the algorithm of the signature of a request."""
    return request.algorithm in _SIGNATURES


def _doubts(item: Item) -> Iterator[str]:
    """Yield what Go may accept in a key or a request, although other programs refuse it."""
    if isinstance(item, Request):
        yield from go_x509.unclear(item)
    if len(item.key_identifier) > 2:
        yield "the key cannot be read"
    elif _RSA_WITH_NULL in item.spki and item.spki != item.canonical_spki:
        yield "the key is encoded unusually"


def _reasons(request: Request, account_key: Item | None) -> Iterator[str]:
    """Yield why Let's Encrypt rejects a request, in Boulder's order.

    That is the order of validateFinalizeRequest, ra/ra.go, and of VerifyCSR, csr/csr.go, in it.
    """
    yield from go_x509.errors(request)
    features = request.extensions.get(_TLS_FEATURE)
    if features and features.children[-1].content == _MUST_STAPLE:  # containsMustStaple, ra/ra.go
        yield "it asks for must-staple"
    if reason := _key_reason(request):
        yield f"its key {reason}"
    if not is_good_signature(request):
        yield f"its signature is {grammar.words(request.algorithm)}"
    elif request.is_signature_valid is False:
        yield "its signature is not valid"
    yield from _name_errors(request)
    if account_key is not None and account_key.canonical_spki == request.canonical_spki:
        yield "its key is the account key"  # RFC 8555 section 11.1


def _key_reason(item: Item) -> str | None:
    """Return why Let's Encrypt rejects a key, as the end of a sentence, or None.

    These are the rules of Go's x509.ParsePKIXPublicKey and Boulder's goodkey/good_key.go.
    """
    if item.key_algorithm == signature.RSA_PSS:
        return goodkey.IS_PSS
    if item.public_key is None and item.key_algorithm in _INVALID:
        return _INVALID[item.key_algorithm]
    reason = goodkey.weakness(item.public_key) or goodkey.rejected(item.public_key)
    # Go reads one encoding of each key: RFC 3279, RFC 5480. make_csr writes that one, whatever the
    # encoding of the private key.
    is_private = isinstance(item, Key) and item.is_private
    return reason or (_UNUSUAL if item.spki != item.canonical_spki and not is_private else None)


def _name_errors(request: Request) -> Iterator[str]:
    """Yield why Let's Encrypt does not issue for names: csr/csr.go, policy/pa.go, ra/ra.go."""
    found, cn = list(request.lower_names), request.common_name
    kinds = {name.kind for name in found}
    yield from (f"it has {what} among its names" for kind, what in _UNWANTED if kind in kinds)
    try:
        ipaddress.ip_address(cn)
    except ValueError:
        found += [Name("DNS", cn).lower()] if cn else []
    else:
        yield "its CN is an IP address"
    errors, identifiers = dict.fromkeys(map(_error, found)), _identifiers(request)
    yield from filter(None, errors)
    if not any(errors) and not identifiers:
        yield "it asks for no name"
    yield from letsencrypt.name_reasons(identifiers)


def _identifiers(request: Request) -> list[Identifier]:
    """Return what a request asks for, without names that are not valid."""
    found = [name for name in request.asked_names if name.kind in ("DNS", "IP")]
    values = (name.value for name in found if not _error(name))
    return letsencrypt.in_request(DomainName(v) if isinstance(v, str) else v for v in values)


def _error(name: Name) -> str:
    """Return why a domain name is not valid, or ""."""
    if name.kind == "DNS":
        try:
            names.check_domain_name(str(name.value))
        except names.InvalidName as error:
            return f"{str(name.value)[:80]!r} {error}"
    return ""
