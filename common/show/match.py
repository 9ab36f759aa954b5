"""Which keys, requests and certificates belong together, by their public keys and signatures."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from common import names
from common.show import signed
from common.show.read import CERTIFICATE, ERRORS, REQUEST, Item, Signed

from cryptography import x509


class Findings(NamedTuple):
    """What there is to say about several items."""

    lines: list[str]  # who belongs to whom
    warnings: list[str]  # what a server would stumble over
    faults: list[str]  # what does not belong together, and should


def compare(items: Sequence[Item], account_key: Item | None) -> Findings:
    """Return what belongs together among items. account_key: None if it is not known."""
    found = Findings([], [], [])
    keys = [item for item in items if item.is_key]
    requests = [item for item in items if item.part.kind == REQUEST]
    certificates = [item for item in items if item.part.kind == CERTIFICATE]
    for number, key in enumerate(keys):
        for other in keys[number + 1 :]:
            if other.spki == key.spki:
                found.lines.append(f"{key.part.where} and {other.part.where} hold the same key")
    for item in requests + certificates:
        _compare_with_keys(item, keys, found)
    for item in filter(_is_end_entity, certificates):
        same = [request for request in requests if request.spki == item.spki]
        found.lines.extend(_compare_with_request(item, request) for request in same or requests)
    for item in certificates:
        _compare_with_issuers(item, certificates, found)
    if account_key is not None:
        _compare_with_account_key(items, account_key, found)
    found.warnings.extend(_chain_warnings(certificates, keys))
    return found


def _compare_with_keys(item: Item, keys: Sequence[Item], found: Findings) -> None:
    fitting = [key.part.where for key in keys if key.spki == item.spki]
    found.lines.extend(f"{item.part.where} and {where} belong together" for where in fitting)
    if keys and not fitting and _is_end_entity(item):
        others = ", ".join(f"{key.part.where} has {_short(key)}" for key in keys[:3])
        found.faults.append(
            f"{item.part.where}: none of the keys given fits; the SHA-256 of its public key is "
            f"{_short(item)}, {others}"
        )


def _compare_with_request(item: Item, request: Item) -> str:
    """Return how an end-entity certificate relates to a request."""
    who = f"{item.part.where} and {request.part.where}"
    if item.spki != request.spki:
        return f"{who} have different keys, {_short(item)} and {_short(request)}"
    asked, given = _names(request), _names(item)
    differences = [
        f"{', '.join(name for name in some if name not in others)} {verb}"
        for some, others, verb in (
            (asked, given, "asked for but missing"),
            (given, asked, "not asked for but added"),
        )
        if set(some) - set(others)
    ]
    if differences:
        return f"{who} have the same key, but other names: {'; '.join(differences)}"
    return f"{who} belong together: the same key and names"


def _compare_with_issuers(item: Item, certificates: Sequence[Item], found: Findings) -> None:
    for issuer in certificates:
        issued = None if issuer is item else signed.issued_by(item, issuer)
        if issued:
            found.lines.append(f"{item.part.where} is issued by {issuer.part.where}")
        elif issued is False:
            found.faults.append(
                f"{item.part.where}: names {issuer.part.where} as its issuer, whose key did not "
                "sign it; restore a copy"
            )


def _compare_with_account_key(items: Sequence[Item], account_key: Item, found: Findings) -> None:
    """RFC 8555 section 11.1 has a CA reject a certificate for the key of an account."""
    for item in items:
        if item.spki != account_key.spki or item.part.path == account_key.part.path:
            continue
        what = f"{item.part.where}: holds the account key ({account_key.part.where})"
        if item.is_key:
            found.warnings.append(f"{what}; do not use it as a certificate key")
        else:
            advice = "make a certificate key with make_certificate_key.py"
            found.faults.append(f"{what}, which a CA rejects; {advice}")


def _names(item: Item) -> list[str]:
    """Return the names in a request or certificate, in lower case, with the CN of a request."""
    found = list[str]()
    assert isinstance(item.value, Signed)
    try:
        found += signed.names(item.value)
        if isinstance(item.value, x509.CertificateSigningRequest):
            common_name = signed.common_name(item.value).lower()
            names.check_domain_name(common_name)
            found.append(f"DNS:{common_name}")
    except (names.InvalidName, *ERRORS):
        pass
    return list(dict.fromkeys(name.lower().removeprefix("dns:") for name in found))


def _chain_warnings(certificates: Sequence[Item], keys: Sequence[Item]) -> list[str]:
    """Return a line for each file whose certificates no server could use as they are."""
    found = []
    only_cas = not any(map(_is_end_entity, certificates))
    fitting = {key.spki for key in keys}
    for path, group in groupby(certificates, key=lambda item: item.part.path):
        chain = list(group)
        if not any(map(_is_end_entity, chain)):
            if keys and only_cas and chain[0].spki not in fitting:
                found.append(f"{path}: is a CA's certificate, and none of the keys given fits it")
        elif not _is_end_entity(chain[0]):
            found.append(f"{path}: begins with a CA's certificate; put that of the server first")
        elif any(
            signed.issued_by(later, earlier)
            for number, earlier in enumerate(chain)
            for later in chain[number + 1 :]
        ):
            found.append(f"{path}: is in the wrong order; put each certificate before its issuer")
    return found


def _is_end_entity(item: Item) -> bool:
    """Return whether an item is a request, or a certificate that is not a CA's."""
    return not (isinstance(item.value, x509.Certificate) and signed.is_ca(item.value))


def _short(item: Item) -> str:
    return f"{item.sha256[:16]}…"
