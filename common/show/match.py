"""Which keys, requests and certificates belong together, by their public keys and signatures."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from common import unusable
from common.show import go_x509
from common.show.chain import IssuersOf
from common.show.items import Certificate, Item, Key, Request, Signed
from common.show.values import Name

_FORGED = "have the same key, but the signature of the request is not valid"

_MOST_LINES = 200  # hundreds of files with one key would make thousands

_Keys = Mapping[bytes, list[Key]]  # the items that hold each key, by canonical_spki


def together(items: Sequence[Item], issuers_of: IssuersOf, account_key: Item | None) -> list[str]:
    """Return lines about what belongs together, or should.

    issuers_of: from chain.issuers. account_key: None if unknown.
    """
    lines = list(islice(_together(items, issuers_of, account_key), _MOST_LINES + 1))
    if len(lines) > _MOST_LINES:
        lines[-1] = "and more, which is left out"
    return lines or list(_different_keys(items))


def errors(items: Sequence[Item], issuers_of: IssuersOf, account_key: Item | None) -> Iterator[str]:
    """Yield what is wrong with items, alone or together. The arguments are those of together."""
    for item in dict.fromkeys([*items, *([account_key] if account_key else [])]):
        yield from _errors_alone(item)
    others = [item for item in items if not (account_key and _have_same_key(item, account_key))]
    yield from _unfitting(others)
    yield from _false_issuers(issuers_of)
    if account_key is not None:
        yield from _uses_of(account_key, items)


def _together(
    items: Sequence[Item], issuers_of: IssuersOf, account_key: Item | None
) -> Iterator[str]:
    keys: dict[bytes, list[Key]] = {}
    for key in _usable_keys(items):
        keys.setdefault(key.canonical_spki, []).append(key)
    requests = [item for item in items if isinstance(item, Request)]
    certificates = [item for item in items if isinstance(item, Certificate)]
    signed = [*requests, *certificates]
    yield from _same_keys(keys)
    yield from _pairs(keys, signed)
    for certificate in certificates:
        yield from _with_requests(certificate, requests)
    for certificate in certificates:
        issuers = [ca for ca in issuers_of[certificate].signers if ca is not certificate]
        yield from (f"{certificate.where} is issued by {issuer.where}" for issuer in issuers)
    if account_key is not None and signed:
        yield from _account_key_alone(account_key, keys, signed)


def _same_keys(keys: _Keys) -> Iterator[str]:
    for *others, last in keys.values():
        if others:
            listed = ", ".join(key.where for key in others)
            yield f"{listed} and {last.where} hold the same key"


def _different_keys(items: Sequence[Item]) -> Iterator[str]:
    """Yield that files do not belong together, if no two items hold the same key."""
    paths = list(dict.fromkeys(item.part.path for item in items))
    if len(paths) > 1 and len({item.canonical_spki for item in items}) == len(items):
        yield f"{', '.join(paths[:-1])} and {paths[-1]} hold different keys"


def _pairs(keys: _Keys, signed: Iterable[Signed]) -> Iterator[str]:
    """Yield which keys requests and certificates belong to."""
    for item in signed:
        relation = _FORGED if _is_forged(item) else "belong together"
        for key in keys.get(item.canonical_spki, []):
            yield f"{item.where} and {key.where} {relation}"


def _with_requests(certificate: Certificate, requests: Sequence[Request]) -> Iterator[str]:
    """Yield how an end-entity certificate relates to the requests with its key, else to all."""
    if not certificate.is_ca:
        same_key = [request for request in requests if _have_same_key(request, certificate)]
        for request in same_key or requests:
            yield f"{certificate.where} and {request.where} {_relation(certificate, request)}"


def _account_key_alone(account_key: Item, keys: _Keys, signed: Iterable[Signed]) -> Iterator[str]:
    """Yield what to do if the account key is the only key, and fits nothing, as it should."""
    is_only_key = keys.keys() == {account_key.canonical_spki}
    if is_only_key and not any(_have_same_key(item, account_key) for item in signed):
        what = "which does not belong to a request or a certificate; give the certificate key too"
        yield f"{account_key.where} is the account key, {what}"


def _errors_alone(item: Item) -> Iterator[str]:
    """Yield what is wrong with an item, whatever the others are."""
    if isinstance(item, Key) and item.numbers_agree is False:
        yield f"{item.where}: {unusable.DISAGREE}"
    if _is_forged(item):
        yield f"{item.where}: its signature is not valid; make the request again"
    if isinstance(item, Signed) and (found := go_x509.extension_errors(item)):
        yield f"{item.where}: {'; '.join(found)}; programs may refuse it"


def _unfitting(items: Sequence[Item]) -> Iterator[str]:
    """Yield which requests and end-entity certificates none of the keys fits, if there are keys.

    items: all but the account key and those that have it.
    """
    keys = _usable_keys(items)
    theirs = ", ".join(f"that of {key.where} has {_short(key)}" for key in keys[:3])
    for item in items:
        is_end = isinstance(item, Request) or (isinstance(item, Certificate) and not item.is_ca)
        if keys and is_end and not any(_have_same_key(item, key) for key in keys):
            own = f"its public key has SHA-256 {_short(item)}"
            yield f"{item.where}: no given key fits: {own}; {theirs}"


def _false_issuers(issuers_of: IssuersOf) -> Iterator[str]:
    """Yield which certificates have the name of an issuer, but not its key."""
    for certificate, (signers, others, unchecked) in issuers_of.items():
        namesakes = [other for other in others if other is not certificate]
        if namesakes and not signers and not unchecked:
            what = f"{namesakes[0].where} has the name of its issuer, but did not sign it"
            yield f"{certificate.where}: {what}; look for another certificate of that name"


def _uses_of(account_key: Item, items: Iterable[Item]) -> Iterator[str]:
    """Yield which requests and certificates have the account key, which should have another."""
    for item in items:
        if isinstance(item, Signed) and _have_same_key(item, account_key):
            what = f"its key is the account key ({account_key.where}), which a CA rejects"
            yield f"{item.where}: {what}; make a certificate key with make_certificate_key.py"


def _relation(certificate: Certificate, request: Request) -> str:
    """Return how an end-entity certificate and a request relate."""
    if not _have_same_key(certificate, request):
        return f"have different keys, {_short(certificate)} and {_short(request)}"
    if _is_forged(request):
        return _FORGED
    asked = dict.fromkeys(request.asked_names)  # like a set, in order
    given = dict.fromkeys(certificate.lower_names)
    missing = [name for name in asked if name not in given]
    added = [name for name in given if name not in asked]
    if not missing and not added:
        return "belong together: the same key and names"
    found = {"requested but missing": missing, "added but not requested": added}
    differences = (f"{_in_words(names)} {what}" for what, names in found.items() if names)
    return f"have the same key, but different names: {'; '.join(differences)}"


def _usable_keys(items: Iterable[Item]) -> list[Key]:
    """Return the keys, without those that cannot sign because their numbers do not agree."""
    return [item for item in items if isinstance(item, Key) and item.numbers_agree is not False]


def _in_words(found: Iterable[Name]) -> str:
    return ", ".join(str(name.value or name.kind) for name in found)


def _have_same_key(one: Item, other: Item) -> bool:
    return one.canonical_spki == other.canonical_spki


def _is_forged(item: Item) -> bool:
    """Return whether an item is a request with a signature that is not valid."""
    return isinstance(item, Request) and item.is_signature_valid is False


def _short(item: Item) -> str:
    return f"{item.sha256[:16]}…"
