"""Which keys, requests and certificates belong together, by their public keys and signatures."""

import contextlib
from collections.abc import Iterator, Sequence
from itertools import islice

from common import names
from common.show import opening
from common.show.chain import IssuersOf
from common.show.items import Certificate, Item, Key, Request, Signed
from common.show.values import Name

_FORGED = "have the same key, but the signature of the request is not valid"

_MOST_LINES = 200  # hundreds of files with one key would make thousands


def together(items: Sequence[Item], issuers_of: IssuersOf, account_key: Item | None) -> list[str]:
    """Return lines about what belongs together, or should.

    issuers_of: from chain.issuers. account_key: None if unknown.
    """
    lines = list(islice(_together(items, issuers_of, account_key), _MOST_LINES + 1))
    return lines if len(lines) <= _MOST_LINES else [*lines[:-1], "and more, which is left out"]


def _together(
    items: Sequence[Item], issuers_of: IssuersOf, account_key: Item | None
) -> Iterator[str]:
    requests = [item for item in items if isinstance(item, Request)]
    certificates = [item for item in items if isinstance(item, Certificate)]
    keys: dict[bytes, list[str]] = {}  # where each key is
    for item in items:
        if isinstance(item, Key):
            keys.setdefault(item.canonical_spki, []).append(item.where)
    for *others, last in keys.values():
        if others:
            yield f"{', '.join(others)} and {last} hold the same key"
    for signed in [*requests, *certificates]:
        is_forged = isinstance(signed, Request) and signed.is_signature_valid is False
        for where in keys.get(signed.canonical_spki, []):
            yield f"{signed.where} and {where} {_FORGED if is_forged else 'belong together'}"
    for certificate in certificates:
        if not certificate.is_ca:
            same_key = [one for one in requests if one.canonical_spki == certificate.canonical_spki]
            for request in same_key or requests:
                yield f"{certificate.where} and {request.where} {_compared(certificate, request)}"
    for certificate in certificates:
        for issuer in issuers_of[certificate].signers:
            if issuer is not certificate:
                yield f"{certificate.where} is issued by {issuer.where}"
    of_signed = {signed.canonical_spki for signed in [*requests, *certificates]}
    if (
        account_key
        and keys.keys() == {account_key.canonical_spki}
        and of_signed
        and account_key.canonical_spki not in of_signed
    ):
        what = "which does not belong to a request or a certificate; give the certificate key too"
        yield f"{account_key.where} is the account key, {what}"


def errors(items: Sequence[Item], issuers_of: IssuersOf, account_key: Item | None) -> Iterator[str]:
    """Yield what is wrong with items, alone or together.

    issuers_of: from chain.issuers. account_key: None if unknown.
    """
    signed = [item for item in items if isinstance(item, Signed)]
    keys = [item for item in items if isinstance(item, Key)]
    if account_key is not None:  # it must not fit
        keys = [key for key in keys if key.canonical_spki != account_key.canonical_spki]
    for item in items:
        if isinstance(item, Key) and item.numbers_agree is False:
            yield f"{item.where}: {opening.DISAGREE}"
        if isinstance(item, Request) and item.is_signature_valid is False:
            yield f"{item.where}: its signature is not valid; make the request again"
        if isinstance(item, Signed) and item.extension_errors:
            yield f"{item.where}: {'; '.join(item.extension_errors)}; programs may refuse it"
    for item in signed:
        is_ca = isinstance(item, Certificate) and item.is_ca
        if keys and not is_ca and all(key.canonical_spki != item.canonical_spki for key in keys):
            theirs = ", ".join(f"that of {key.where} has {_short(key)}" for key in keys[:3])
            own = f"its public key has SHA-256 {_short(item)}"
            yield f"{item.where}: no given key fits: {own}; {theirs}"
    for certificate, (signers, others, unchecked) in issuers_of.items():
        namesakes = [one for one in others if one is not certificate]
        if namesakes and not signers and not unchecked:
            what = f"{namesakes[0].where} has the name of its issuer, but did not sign it"
            yield f"{certificate.where}: {what}; look for another certificate of that name"
    for item in signed:
        if account_key is not None and account_key.canonical_spki == item.canonical_spki:
            what = f"its key is the account key ({account_key.where}), which a CA rejects"
            yield f"{item.where}: {what}; make a certificate key with make_certificate_key.py"


def _compared(certificate: Certificate, request: Request) -> str:
    """Return how an end-entity certificate and a request relate."""
    if certificate.canonical_spki != request.canonical_spki:
        return f"have different keys, {_short(certificate)} and {_short(request)}"
    if request.is_signature_valid is False:
        return _FORGED
    asked, given = _names(request), _names(certificate)
    missing = ", ".join(str(name.value or name.kind) for name in asked if name not in given)
    added = ", ".join(str(name.value or name.kind) for name in given if name not in asked)
    differences = [f"{missing} requested but missing"] if missing else []
    differences += [f"{added} added but not requested"] if added else []
    if differences:
        return f"have the same key, but different names: {'; '.join(differences)}"
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
