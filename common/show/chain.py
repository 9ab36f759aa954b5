"""Which certificate issued which, and whether a server can use a chain of them as it is."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, groupby, islice
from typing import NamedTuple, TypeVar

from common.show import values
from common.show.items import COMMON_NAME, Certificate, Item, Key, Request

T = TypeVar("T", bound=Item)

# The names of the CAs in Let's Encrypt's staging environment begin with this.
# https://letsencrypt.org/docs/staging-environment/
_STAGING = "(STAGING)"

# Hundreds of CAs with the same name would otherwise take quadratic time.
_MOST_CHECKS = 1000  # of signatures
_MOST_PAIRS = 10_000


class Issuer(NamedTuple):
    """A certificate that has the name of another's issuer, and whether its key signed that."""

    certificate: Certificate
    is_signer: bool


# The certificates that could have issued each certificate.
Issuers = Mapping[Certificate, Sequence[Issuer]]


def issuers(items: Sequence[Item]) -> Issuers:
    """Return the certificates that could have issued each certificate, itself included.

    RFC 5280 section 6.1: the names decide, and the identifiers of the key where both have one
    (section 4.2.1.1).
    """
    by_name: dict[bytes, list[Certificate]] = {}
    for one in only(items, Certificate):
        by_name.setdefault(one.encoded("subject"), []).append(one)
    pairs = (
        (one, issuer)
        for one in only(items, Certificate)
        for issuer in by_name.get(one.encoded("issuer"), ())
    )
    checked: dict[tuple[bytes, bytes], bool | None] = {}
    found: dict[Certificate, list[Issuer]] = {}
    for one, issuer in islice(pairs, _MOST_PAIRS):
        wanted, has = one.content("keyIdentifier"), issuer.content("SubjectKeyIdentifier")
        pair = one.part.block.der, issuer.identity
        if wanted and has and wanted != has:
            continue
        if pair not in checked and len(checked) < _MOST_CHECKS:
            checked[pair] = one.verified_with(issuer.public_key)
        if (is_signed := checked.get(pair)) is not None:
            found.setdefault(one, []).append(Issuer(issuer, is_signed))
    return found


def warnings(items: Sequence[Item], possible: Issuers) -> Iterator[str]:
    """Yield why a server could not use the certificates of a file as they are."""
    keys, certificates = only(items, Key), only(items, Certificate)
    for path, group in groupby(certificates, key=lambda item: item.part.path):
        chain = list(group)
        if any(_is_staging(one) for one in chain):
            what = "this is from Let's Encrypt's staging environment, which no browser trusts"
            yield f"{path}: {what}; get a certificate from the production environment"
        if is_end_entity(chain[0]):
            yield from _chain_warnings(path, chain, possible)
        elif any(map(is_end_entity, chain)):
            yield f"{path}: the first certificate is a CA's; put the server's certificate first"
        elif (
            keys
            and not any(map(is_end_entity, certificates))
            and all(key.identity != one.identity for key in keys for one in chain)
        ):
            what = "this is a CA's certificate, and no given key fits it"
            yield f"{path}: {what}; give the server's certificate"


def _chain_warnings(path: str, chain: list[Certificate], possible: Issuers) -> Iterator[str]:
    """Yield what is wrong with a chain that begins with a server's certificate.

    RFC 8446 section 4.4.2: each certificate should certify the one before it.
    """
    places: dict[bytes, Certificate] = {}
    once = []
    for one in chain:
        first = places.setdefault(one.part.block.der, one)
        if first is not one:
            yield f"{one.where}: the same certificate is there twice; remove one of them"
        else:
            once.append(one)
    signed_by = {one: signers(one, possible) for one in once}
    if any(earlier in signed_by[later] for earlier, later in combinations(once, 2)):
        yield f"{path}: the certificates are in the wrong order; put each one before its issuer's"
        return
    for at, one in enumerate(once[1:], 1):
        if not any(one in signed_by[earlier] for earlier in once[:at]):
            yield f"{one.where}: it did not issue any certificate before it; remove or replace it"
    if len(once) == 1 and not signed_by[once[0]]:
        what = "the certificate of its issuer is missing, so many clients will reject it"
        yield f"{path}: {what}; append it (an ACME client's fullchain.pem holds both)"


def is_end_entity(item: Item) -> bool:
    """Return whether an item is a request, or a certificate that is not a CA's."""
    return isinstance(item, Request) or (isinstance(item, Certificate) and not item.is_ca)


def only(items: Sequence[Item], kind: type[T]) -> list[T]:
    """Return the items of one class."""
    return [item for item in items if isinstance(item, kind)]


def signers(certificate: Certificate, possible: Issuers) -> list[Certificate]:
    """Return those that signed a certificate: itself alone, if it did."""
    found = [one.certificate for one in possible.get(certificate, ()) if one.is_signer]
    return [certificate] if certificate in found else found


def _is_staging(certificate: Certificate) -> bool:
    return any(
        oid == COMMON_NAME and values.string(value).startswith(_STAGING)
        for oid, value in certificate.issuer
    )
