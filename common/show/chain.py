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

    signers: list[Certificate]  # whose key signed it: itself alone if it is self-signed
    others: list[Certificate]  # whose key did not
    unchecked: list[Certificate]  # where that cannot be checked


IssuersOf = Mapping[Certificate, Issuers]


def issuers(items: Sequence[Item]) -> IssuersOf:
    """Return the possible issuers of each certificate. RFC 5280 section 6.1: by their names."""
    certificates = [item for item in items if isinstance(item, Certificate)]
    # A CA is a name and a key (with its identifier), and can have several certificates.
    by_name: dict[bytes, dict[tuple[bytes, bytes], list[Certificate]]] = {}
    for ca in certificates:
        key = (ca.canonical_spki, ca.content("SubjectKeyIdentifier"))
        by_name.setdefault(ca.encoded("subject"), {}).setdefault(key, []).append(ca)
    found = {one: Issuers([one], [], []) for one in certificates if one.is_self_signed}
    others = [one for one in certificates if one not in found]
    for one in others:
        named = by_name.get(one.encoded("issuer"), {})
        found[one] = _issuers(one, named, max(1, _MOST_CHECKS // len(others)))
    return found


def _issuers(
    certificate: Certificate, named: Mapping[tuple[bytes, bytes], list[Certificate]], most: int
) -> Issuers:
    """Return which CAs with the name of its issuer signed a certificate, and which did not.

    named: their certificates, by public key and its identifier. most: how many keys to try.
    """
    # The identifiers of the key decide where both have one: RFC 5280 section 4.2.1.1.
    wanted = certificate.content("keyIdentifier")
    cas = [ca for (_, has), ca in named.items() if not wanted or not has or wanted == has]
    found: dict[bool | None, list[Certificate]] = {True: [], False: [], None: []}
    for same_key in cas[:most]:
        found[certificate.verified_with(same_key[0].public_key)] += same_key
    return Issuers(found[True], found[False], found[None])


def warnings(items: Sequence[Item], issuers_of: IssuersOf) -> Iterator[str]:
    """Yield why a server could not use the certificates of a file as they are."""
    keys = {item.canonical_spki for item in items if isinstance(item, Key)}
    certificates = [item for item in items if isinstance(item, Certificate)]
    for path, in_file in groupby(certificates, key=lambda one: one.part.path):
        chain = list(in_file)
        if any(map(_is_staging, chain)):
            what = "this is from Let's Encrypt's staging environment, which no browser trusts"
            yield f"{path}: {what}; get a certificate from the production environment"
        if not chain[0].is_ca:
            yield from _chain_warnings(path, chain, issuers_of)
        elif not all(one.is_ca for one in chain):
            yield f"{path}: the first certificate is a CA's; put the server's certificate first"
        elif (
            keys
            and keys.isdisjoint(one.canonical_spki for one in chain)
            and all(one.is_ca for one in certificates)
        ):
            what = "this is a CA's certificate, and no given key fits it"
            yield f"{path}: {what}; give the server's certificate"


def _chain_warnings(
    path: str, chain: Sequence[Certificate], issuers_of: IssuersOf
) -> Iterator[str]:
    """Yield what is wrong with a chain that begins with a server's certificate.

    RFC 8446 section 4.4.2: each certificate should certify the one before it.
    """
    once: dict[bytes, Certificate] = {}
    for one in chain:
        if once.setdefault(one.part.block.der, one) is not one:
            yield f"{one.where}: the same certificate is there twice; remove one of them"
    leaf, *above = once.values()
    if any(issuers_of[one].unchecked for one in once.values()):
        return  # what cannot be checked is not warned of
    signed_by = {one: issuers_of[one].signers for one in once.values()}
    if any(earlier in signed_by[later] for earlier, later in combinations(once.values(), 2)):
        yield f"{path}: the certificates are in the wrong order; put each one before its issuer's"
        return
    before = [leaf]
    for one in above:
        if not any(one in signed_by[earlier] for earlier in before):
            yield f"{one.where}: it did not issue any certificate before it; remove or replace it"
        before.append(one)
    if not above and not signed_by[leaf]:
        what = "the certificate of its issuer is missing, so many clients will reject it"
        yield f"{path}: {what}; append it (an ACME client's fullchain.pem holds both)"


def _is_staging(certificate: Certificate) -> bool:
    return any(
        oid == COMMON_NAME and values.string(value).startswith(_STAGING)
        for oid, value in certificate.issuer
    )
