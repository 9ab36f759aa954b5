"""Which certificate issued which, and whether a server can use a chain of them as it is."""

from collections.abc import Iterator, Sequence
from itertools import combinations, groupby, islice
from typing import NamedTuple, TypeVar

from common.show import values
from common.show.items import COMMON_NAME, Certificate, Item, Key, Request

T = TypeVar("T", bound=Item)

# So begin the names of the CAs of Let's Encrypt's staging environment.
# https://letsencrypt.org/docs/staging-environment/
_STAGING = "(STAGING)"

# Hundreds of CAs with the same name would otherwise take quadratic time.
_MOST_CHECKS = 1000  # of signatures
_MOST_PAIRS = 10_000


class Issued(NamedTuple):
    """A certificate, one that has the name of its issuer, and whether that one signed it."""

    certificate: Certificate
    issuer: Certificate
    is_signed: bool


def issued(items: Sequence[Item]) -> list[Issued]:
    """Return each certificate with those that could be its issuers, itself included.

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
    found = []
    for one, issuer in islice(pairs, _MOST_PAIRS):
        wanted, has = one.content("keyIdentifier"), issuer.content("SubjectKeyIdentifier")
        pair = one.part.block.der, issuer.identity
        if wanted and has and wanted != has:
            continue
        if pair not in checked and len(checked) < _MOST_CHECKS:
            checked[pair] = one.verified_with(issuer.public_key)
        if (is_signed := checked.get(pair)) is not None:
            found.append(Issued(one, issuer, is_signed))
    return found


def warnings(items: Sequence[Item], relations: Sequence[Issued]) -> Iterator[str]:
    """Yield why a server could not use the certificates of a file as they are."""
    keys, certificates = only(items, Key), only(items, Certificate)
    for path, group in groupby(certificates, key=lambda item: item.part.path):
        chain = list(group)
        if any(_is_staging(one) for one in chain):
            what = "this is from Let's Encrypt's staging environment, which no browser trusts"
            yield f"{path}: {what}; get a certificate from the production environment"
        if is_end_entity(chain[0]):
            yield from _chain_warnings(path, chain, relations)
        elif any(map(is_end_entity, chain)):
            yield f"{path}: the first certificate is a CA's; put the server's certificate first"
        elif (
            keys
            and not any(map(is_end_entity, certificates))
            and all(key.identity != one.identity for key in keys for one in chain)
        ):
            what = "this is a CA's certificate, and no given key fits it"
            yield f"{path}: {what}; give the server's certificate"


def _chain_warnings(
    path: str, chain: list[Certificate], relations: Sequence[Issued]
) -> Iterator[str]:
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
    direct = {(id(one.certificate), id(one.issuer)) for one in relations if one.is_signed}
    if any((id(later), id(earlier)) in direct for earlier, later in combinations(once, 2)):
        yield f"{path}: the certificates are in the wrong order; put each one before its issuer's"
        return
    for at, one in enumerate(once[1:], 1):
        if not any((id(earlier), id(one)) in direct for earlier in once[:at]):
            yield f"{one.where}: it did not issue any certificate before it; remove or replace it"
    if len(once) == 1 and not signers(by_certificate(relations).get(once[0], ())):
        what = "the certificate of its issuer is missing, so many clients will reject it"
        yield f"{path}: {what}; append it (an ACME client's fullchain.pem holds both)"


def is_end_entity(item: Item) -> bool:
    """Return whether an item is a request, or a certificate that is not a CA's."""
    return isinstance(item, Request) or (isinstance(item, Certificate) and not item.is_ca)


def signer(item: Item, relations: Sequence[Issued]) -> tuple[Item | None, bool | None]:
    """Return what holds the key that should have signed an item, and whether it did.

    None if that is unknown. A request is signed with its own key.
    """
    if isinstance(item, Request):
        return item, item.is_signature_valid
    found = [(one.issuer, one.is_signed) for one in relations if one.certificate is item]
    return max(found, key=lambda pair: pair[1], default=(None, None))


def only(items: Sequence[Item], kind: type[T]) -> list[T]:
    """Return the items of one class."""
    return [item for item in items if isinstance(item, kind)]


def by_certificate(relations: Sequence[Issued]) -> dict[Certificate, list[Issued]]:
    """Return relations by the certificates that they are about."""
    found: dict[Certificate, list[Issued]] = {}
    for one in relations:
        found.setdefault(one.certificate, []).append(one)
    return found


def signers(relations: Sequence[Issued]) -> list[Certificate]:
    """Return those that signed one certificate: itself alone, if it did."""
    own = [one.issuer for one in relations if one.is_signed and one.issuer is one.certificate]
    return own or [one.issuer for one in relations if one.is_signed]


def _is_staging(certificate: Certificate) -> bool:
    return any(
        oid == COMMON_NAME and values.string(value).startswith(_STAGING)
        for oid, value in certificate.issuer
    )
