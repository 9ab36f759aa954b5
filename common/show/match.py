"""Which keys, requests and certificates belong together, by their public keys and signatures."""

import contextlib
from collections.abc import Iterator, Sequence
from itertools import combinations, groupby, islice, product
from typing import NamedTuple, TypeVar

from common import names
from common.show import values
from common.show.items import COMMON_NAME, Certificate, Item, Key, Name, Request, Signed

T = TypeVar("T", bound=Item)

_FORGED = "have the same key, but the signature of the request is not valid"

# So begin the names of the CAs of Let's Encrypt's staging environment.
# https://letsencrypt.org/docs/staging-environment/
_STAGING = "(STAGING)"

# Hundreds of CAs with one name would make a square of that.
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
    for one in _of(items, Certificate):
        by_name.setdefault(one.encoded("subject"), []).append(one)
    pairs = (
        (one, issuer)
        for one in _of(items, Certificate)
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


def together(items: Sequence[Item], relations: Sequence[Issued]) -> Iterator[str]:
    """Yield a line for what belongs together, or is expected to. relations: from issued."""
    keys, requests, certificates = _of(items, Key), _of(items, Request), _of(items, Certificate)
    for _, same in groupby(sorted(keys, key=lambda key: key.identity), lambda key: key.identity):
        if len(group := sorted((key.where for key in same), key=[k.where for k in keys].index)) > 1:
            yield f"{', '.join(group[:-1])} and {group[-1]} hold the same key"
    for item, key in product([*requests, *certificates], keys):
        if key.identity == item.identity:
            is_forged = isinstance(item, Request) and item.is_signature_valid is False
            yield f"{item.where} and {key.where} {_FORGED if is_forged else 'belong together'}"
    for certificate in certificates:
        same_key = [request for request in requests if request.identity == certificate.identity]
        for request in (same_key or requests) if is_end_entity(certificate) else ():
            yield f"{certificate.where} and {request.where} {_compared(certificate, request)}"
    by_certificate = _by_certificate(relations)
    for certificate in certificates:
        for issuer in _signers(by_certificate.get(certificate, ())):
            if issuer is not certificate:
                yield f"{certificate.where} is issued by {issuer.where}"


def faults(
    items: Sequence[Item], relations: Sequence[Issued], account_key: Item | None
) -> Iterator[str]:
    """Yield what is wrong with items, alone or together. account_key: None if unknown."""
    signed = [*_of(items, Request), *_of(items, Certificate)]
    keys = _of(items, Key)
    if account_key is not None:  # it must not fit
        keys = [key for key in keys if key.identity != account_key.identity]
    for item in items:
        if isinstance(item, Key) and item.numbers_agree is False:
            yield f"{item.where}: its numbers do not agree; restore a copy of the key"
        if isinstance(item, Request) and item.is_signature_valid is False:
            yield f"{item.where}: its signature is not valid; make the request again"
    for item in signed:
        if item.faults:
            yield f"{item.where}: {'; '.join(item.faults)}; programs may refuse it"
    for item in filter(is_end_entity, signed):
        if keys and all(key.identity != item.identity for key in keys):
            theirs = ", ".join(f"that of {key.where} has {_short(key)}" for key in keys[:3])
            own = f"its public key has SHA-256 {_short(item)}"
            yield f"{item.where}: no given key fits: {own}; {theirs}"
    for certificate, named in _by_certificate(relations).items():
        issuers = [one.issuer for one in named if one.issuer is not certificate]
        if issuers and not any(one.is_signed for one in named):
            what = f"{issuers[0].where} has the name of its issuer, but did not sign it"
            yield f"{certificate.where}: {what}; look for another certificate of that name"
    for item in signed:
        if account_key is not None and account_key.identity == item.identity:
            what = f"its key is the account key ({account_key.where}), which a CA rejects"
            yield f"{item.where}: {what}; make a certificate key with make_certificate_key.py"


def warnings(items: Sequence[Item], relations: Sequence[Issued]) -> Iterator[str]:
    """Yield why a server could not use the certificates of a file as they are."""
    keys, certificates = _of(items, Key), _of(items, Certificate)
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
            yield f"{path}: this is a CA's certificate, and no given key fits it"


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
    if len(once) == 1 and not _signers(_by_certificate(relations).get(once[0], ())):
        what = "the certificate of its issuer is missing, so many clients will reject it"
        yield f"{path}: {what}; append it (an ACME client's fullchain.pem holds both)"


def is_end_entity(item: Item) -> bool:
    """Return whether an item is a request, or a certificate that is not a CA's."""
    return isinstance(item, Request) or (isinstance(item, Certificate) and not item.is_ca)


def story(
    items: Sequence[Item], account_key: Item | None, relations: Sequence[Issued]
) -> list[Item]:
    """Return items in the order in which they come to be: keys, requests, certificates.

    The issuers of a certificate follow it. account_key, which comes first: None if unknown.
    """

    def rank(item: Item) -> int:
        if isinstance(item, Key):
            return 0 if account_key and account_key.identity == item.identity else 1
        return 3 + item.is_ca if isinstance(item, Certificate) else 2

    issuers: dict[int, list[Item]] = {}
    above = set[int]()
    for one in relations:
        if one.is_signed and one.issuer is not one.certificate:
            issuers.setdefault(id(one.certificate), []).append(one.issuer)
            above.add(id(one.issuer))
    placed = dict[int, Item]()
    for first in sorted(items, key=lambda item: (rank(item), id(item) in above)):
        waiting = [first]
        for item in waiting:
            if id(item) not in placed:
                placed[id(item)] = item
                waiting += issuers.get(id(item), [])
    return list(placed.values())


def signer(item: Item, relations: Sequence[Issued]) -> tuple[Item | None, bool | None]:
    """Return what holds the key that should have signed an item, and whether it did.

    None if that is unknown. A request is signed with its own key.
    """
    if isinstance(item, Request):
        return item, item.is_signature_valid
    found = [(one.issuer, one.is_signed) for one in relations if one.certificate is item]
    return max(found, key=lambda pair: pair[1], default=(None, None))


def _of(items: Sequence[Item], kind: type[T]) -> list[T]:
    return [item for item in items if isinstance(item, kind)]


def _by_certificate(relations: Sequence[Issued]) -> dict[Certificate, list[Issued]]:
    found: dict[Certificate, list[Issued]] = {}
    for one in relations:
        found.setdefault(one.certificate, []).append(one)
    return found


def _signers(relations: Sequence[Issued]) -> list[Certificate]:
    """Return those that signed one certificate: itself alone, if it did."""
    own = [one.issuer for one in relations if one.is_signed and one.issuer is one.certificate]
    return own or [one.issuer for one in relations if one.is_signed]


def _is_staging(certificate: Certificate) -> bool:
    return any(
        oid == COMMON_NAME and values.string(value).startswith(_STAGING)
        for oid, value in certificate.issuer
    )


def _compared(certificate: Certificate, request: Request) -> str:
    """Return how an end-entity certificate and a request relate."""
    if certificate.identity != request.identity:
        return f"have different keys, {_short(certificate)} and {_short(request)}"
    if request.is_signature_valid is False:
        return _FORGED
    asked, given = _names(request), _names(certificate)
    missing = ", ".join(str(name.value or name.kind) for name in asked if name not in given)
    added = ", ".join(str(name.value or name.kind) for name in given if name not in asked)
    told = [f"{missing} requested but missing"] if missing else []
    told += [f"{added} added but not requested"] if added else []
    if told:
        return f"have the same key, but different names: {'; '.join(told)}"
    return "belong together: the same key and names"


def _names(item: Signed) -> list[Name]:
    """Return the names in a request or certificate, in lower case, with the CN of a request."""
    found = [
        name._replace(value=name.value.lower()) if isinstance(name.value, str) else name
        for name in item.names
    ]
    if isinstance(item, Request):
        common_name = item.common_name.lower()
        with contextlib.suppress(names.InvalidName):
            names.check_domain_name(common_name)
            found.append(Name("DNS", common_name))
    return list(dict.fromkeys(found))


def _short(item: Item) -> str:
    return f"{item.sha256[:16]}…"
