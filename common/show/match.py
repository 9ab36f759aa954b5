"""Which keys, requests and certificates belong together, by their public keys and signatures."""

import contextlib
from collections.abc import Iterator, Sequence
from itertools import groupby, product

from common import names
from common.show.chain import Issuers, is_end_entity, only, signers
from common.show.items import Certificate, Item, Key, Name, Request, Signed

DISAGREE = "its numbers do not agree; restore a copy of the key"
_FORGED = "have the same key, but the signature of the request is not valid"


def together(items: Sequence[Item], possible: Issuers, account_key: Item | None) -> Iterator[str]:
    """Yield lines about what belongs together, or should.

    possible: from chain.issuers. account_key: None if unknown.
    """
    keys, requests, certificates = only(items, Key), only(items, Request), only(items, Certificate)
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
    for certificate in certificates:
        for issuer in signers(certificate, possible):
            if issuer is not certificate:
                yield f"{certificate.where} is issued by {issuer.where}"
    given = {key.identity for key in keys}
    others = {item.identity for item in [*requests, *certificates]}
    if account_key and given == {account_key.identity} and others and not others & given:
        what = "which does not belong to a request or a certificate; give the certificate key too"
        yield f"{account_key.where} is the account key, {what}"


def faults(items: Sequence[Item], possible: Issuers, account_key: Item | None) -> Iterator[str]:
    """Yield what is wrong with items, alone or together. account_key: None if unknown."""
    signed = [*only(items, Request), *only(items, Certificate)]
    keys = only(items, Key)
    if account_key is not None:  # it must not fit
        keys = [key for key in keys if key.identity != account_key.identity]
    for item in items:
        if isinstance(item, Key) and item.numbers_agree is False:
            yield f"{item.where}: {DISAGREE}"
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
    for certificate, named in possible.items():
        others = [one.certificate for one in named if one.certificate is not certificate]
        if others and not any(one.is_signer for one in named):
            what = f"{others[0].where} has the name of its issuer, but did not sign it"
            yield f"{certificate.where}: {what}; look for another certificate of that name"
    for item in signed:
        if account_key is not None and account_key.identity == item.identity:
            what = f"its key is the account key ({account_key.where}), which a CA rejects"
            yield f"{item.where}: {what}; make a certificate key with make_certificate_key.py"


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
