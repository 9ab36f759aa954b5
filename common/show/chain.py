"""Which certificate issued which, and whether a server can use a chain of them as it is."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, groupby
from typing import NamedTuple

from common.show import values
from common.show.items import COMMON_NAME, Certificate, Item, Key

# The names of the CAs in Let's Encrypt's staging environment begin with this.
# https://letsencrypt.org/docs/staging-environment/
_STAGING = "(STAGING)"

# Hundreds of CAs with the same name would otherwise take quadratic time.
_MOST_CHECKS = 2000  # of signatures, shared by the certificates; each has one check at least


class Issuers(NamedTuple):
    """The certificates that have the name of the issuer of a certificate."""

    signers: list[Certificate]  # whose key signed it; only itself if it is self-signed
    others: list[Certificate]  # whose key did not
    unchecked: list[Certificate]  # where that cannot be checked


IssuersOf = Mapping[Certificate, Issuers]


def issuers(items: Sequence[Item]) -> IssuersOf:
    """Return the possible issuers of each certificate. RFC 5280 section 6.1: by their names."""
    certificates = [item for item in items if isinstance(item, Certificate)]
    by_name: dict[object, list[Certificate]] = {}
    for ca in certificates:
        by_name.setdefault(ca.folded("subject"), []).append(ca)
    found = {one: Issuers([one], [], []) for one in certificates if one.is_self_signed}
    others = [one for one in certificates if one not in found]
    for one in others:
        named = by_name.get(one.folded("issuer"), [])
        found[one] = _issuers(one, named, max(1, _MOST_CHECKS // len(others)))
    return found


def _issuers(certificate: Certificate, named: Sequence[Certificate], most: int) -> Issuers:
    """Return which CAs with the name of its issuer signed a certificate, and which did not.

    named: their certificates, of which one CA may have several. most: how many keys to try.
    """
    found = Issuers([], [], [])
    lists = {True: found.signers, False: found.others, None: found.unchecked}
    wanted = certificate.content("keyIdentifier")
    is_signer: dict[bytes, bool | None] = {}  # by the key of a CA
    for ca in named:
        # The identifiers of the key decide where both have one: RFC 5280 section 4.2.1.1.
        has = ca.content("SubjectKeyIdentifier")
        if wanted and has and wanted != has:
            continue
        key = ca.canonical_spki
        if key not in is_signer and len(is_signer) < most:
            is_signer[key] = certificate.verified_with(ca.public_key)
        if key in is_signer:
            lists[is_signer[key]].append(ca)
    return found


def warnings(items: Sequence[Item], issuers_of: IssuersOf) -> Iterator[str]:
    """Yield why a server could not use the certificates of a file as they are."""
    certificates = [item for item in items if isinstance(item, Certificate)]
    for path, in_file in groupby(certificates, key=lambda one: one.part.path):
        chain = list(in_file)
        if any(map(_is_staging, chain)):
            what = "this is from Let's Encrypt's staging environment, which no browser trusts"
            yield f"{path}: {what}; get a certificate from the production environment"
        if not chain[0].is_ca:
            yield from _server_chain(path, chain, issuers_of)
        elif not all(one.is_ca for one in chain):
            yield f"{path}: the first certificate is a CA's; put the server's certificate first"
        elif all(one.is_ca for one in certificates) and _fits_no_key(chain, items):
            what = "this is a CA's certificate, and no given key fits it"
            yield f"{path}: {what}; give the server's certificate"


def _server_chain(path: str, chain: Sequence[Certificate], issuers_of: IssuersOf) -> Iterator[str]:
    """Yield what is wrong with a chain that begins with a server's certificate."""
    once: dict[bytes, Certificate] = {}
    for one in chain:
        if once.setdefault(one.part.block.content, one) is not one:
            yield f"{one.where}: the same certificate is there twice; remove one of them"
    certificates = list(once.values())
    if not any(issuers_of[one].unchecked for one in certificates):
        signers = {one: issuers_of[one].signers for one in certificates}
        yield from _wrong_order(path, certificates, signers)
        yield from _unlike_names(signers)


def _wrong_order(
    path: str, chain: Sequence[Certificate], signers: Mapping[Certificate, list[Certificate]]
) -> Iterator[str]:
    """Yield which certificates of a chain are missing or not in their places.

    RFC 8446 section 4.4.2: each certificate should certify the one before it. Here any one before
    it will do, since a second path may follow for older clients.
    """
    if any(earlier in signers[later] for earlier, later in combinations(chain, 2)):
        yield f"{path}: the certificates are in the wrong order; put each one before its issuer's"
        return
    for number, one in enumerate(chain[1:], 1):
        if not any(one in signers[before] for before in chain[:number]):
            yield f"{one.where}: it did not issue any certificate before it; remove or replace it"
    if len(chain) == 1 and not signers[chain[0]]:
        what = "the certificate of its issuer is missing, so many clients will reject it"
        yield f"{path}: {what}; append it (an ACME client's fullchain.pem holds both)"


def _unlike_names(signers: Mapping[Certificate, list[Certificate]]) -> Iterator[str]:
    """Yield which certificates encode the name of their issuer differently from the issuer.

    RFC 5280 section 4.1.2.6 asks for the same encoding. Go compares the bytes:
    findPotentialParents, crypto/x509/cert_pool.go.
    """
    for one, cas in signers.items():
        name = one.fields("issuer")[0].encoded
        if cas and one not in cas and name not in [ca.fields("subject")[0].encoded for ca in cas]:
            what = f"it encodes the name of its issuer differently from {cas[0].where}"
            yield f"{one.where}: {what}, so programs in Go reject it; ask the CA for another"


def _fits_no_key(chain: Sequence[Certificate], items: Sequence[Item]) -> bool:
    """Return whether keys are given, and none is that of a certificate in a chain."""
    keys = {item.canonical_spki for item in items if isinstance(item, Key)}
    return bool(keys) and keys.isdisjoint(one.canonical_spki for one in chain)


def _is_staging(certificate: Certificate) -> bool:
    return any(
        kind.oid == COMMON_NAME and values.string(value).startswith(_STAGING)
        for kind, value in certificate.issuer
    )
