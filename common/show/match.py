"""Which keys, requests and certificates belong together, by their public keys and signatures."""

from collections.abc import Sequence
from itertools import combinations, groupby, permutations
from typing import NamedTuple

from common import names
from common.show import signed
from common.show.read import CERTIFICATE, ERRORS, REQUEST, Item, Signed

from cryptography import x509


class Findings(NamedTuple):
    """What there is to say about several items."""

    lines: list[str]  # which items belong together
    warnings: list[str]  # what would not work on a server
    faults: list[str]  # what does not belong together, and should


def compare(items: Sequence[Item], account_key: Item | None) -> Findings:
    """Return what belongs together among items. account_key: None if it is not known."""
    found = Findings([], [], [])
    keys = [item for item in items if item.is_key]
    requests = [item for item in items if item.part.kind == REQUEST]
    certificates = [item for item in items if item.part.kind == CERTIFICATE]
    for key, other in combinations(keys, 2):
        if other.spki == key.spki:
            found.lines.append(f"{key.part.where} and {other.part.where} hold the same key")
    for item in requests + certificates:
        _compare_with_keys(item, keys, found)
    for item in filter(_is_end_entity, certificates):
        same = [request for request in requests if request.spki == item.spki]
        found.lines.extend(_compare_with_request(item, request) for request in same or requests)
    for item, issuer in permutations(certificates, 2):
        where = issuer.part.where
        issued = signed.issued_by(item, issuer)
        if issued:
            found.lines.append(f"{item.part.where} is issued by {where}")
        elif issued is False:
            what = f"names {where} as its issuer, but the key of {where} did not sign it"
            found.faults.append(f"{item.part.where}: {what}; restore a copy")
    if account_key is not None:
        _compare_with_account_key(requests + certificates, account_key, found)
    for path, chain in groupby(certificates, key=lambda item: item.part.path):
        if warning := _chain_warning(list(chain), certificates, keys):
            found.warnings.append(f"{path}: {warning}")
    return found


def _compare_with_keys(item: Item, keys: Sequence[Item], found: Findings) -> None:
    fitting = _fitting(item, keys)
    is_forged = isinstance(item.value, x509.CertificateSigningRequest) and (
        signed.verifies(item.value) is False
    )
    how = "have the same key, but the signature is not valid" if is_forged else "belong together"
    found.lines.extend(f"{item.part.where} and {where} {how}" for where in fitting)
    if keys and not fitting and _is_end_entity(item):
        others = ", ".join(f"{key.part.where} has {_short(key)}" for key in keys[:3])
        found.faults.append(
            f"{item.part.where}: none of the keys given fits; the SHA-256 of its public key is "
            f"{_short(item)}, {others}"
        )


def _fitting(item: Item, keys: Sequence[Item]) -> list[str]:
    return [key.part.where for key in keys if key.spki == item.spki]


def _compare_with_request(item: Item, request: Item) -> str:
    """Return how an end-entity certificate relates to a request."""
    who = f"{item.part.where} and {request.part.where}"
    if item.spki != request.spki:
        return f"{who} have different keys, {_short(item)} and {_short(request)}"
    asked, given = _names(request), _names(item)
    missing = ", ".join(name for name in asked if name not in given)
    added = ", ".join(name for name in given if name not in asked)
    told = [f"{missing} requested but missing"] if missing else []
    told += [f"{added} added but not requested"] if added else []
    if told:
        return f"{who} have the same key, but different names: {'; '.join(told)}"
    return f"{who} belong together: the same key and names"


def _compare_with_account_key(items: Sequence[Item], account_key: Item, found: Findings) -> None:
    """RFC 8555 section 11.1 has a CA reject a certificate for the key of an account."""
    for item in items:
        if item.spki == account_key.spki:
            found.faults.append(
                f"{item.part.where}: holds the account key ({account_key.part.where}), which a CA "
                "rejects; make a certificate key with make_certificate_key.py"
            )


def _chain_warning(
    chain: Sequence[Item], certificates: Sequence[Item], keys: Sequence[Item]
) -> str | None:
    """Return why no server could use the certificates of a file as they are, or None."""
    if _is_end_entity(chain[0]):
        if any(signed.issued_by(later, earlier) for earlier, later in combinations(chain, 2)):
            return "has its certificates in the wrong order; put each one before its issuer's"
    elif any(map(_is_end_entity, chain)):
        return "begins with a CA's certificate; put the server's certificate first"
    elif keys and not any(map(_is_end_entity, certificates)) and not _fitting(chain[0], keys):
        return "is a CA's certificate, and none of the keys given fits it"
    return None


def _names(item: Item) -> list[str]:
    """Return the names in a request or certificate, in lower case, with the CN of a request."""
    assert isinstance(item.value, Signed)
    try:
        found = [name.lower().removeprefix("dns:") for name in signed.names(item.value)]
    except ERRORS:
        return []
    if isinstance(item.value, x509.CertificateSigningRequest):
        common_name = signed.common_name(item.value).lower()
        try:
            names.check_domain_name(common_name)
            found.append(common_name)
        except names.InvalidName:
            pass
    return list(dict.fromkeys(found))


def _is_end_entity(item: Item) -> bool:
    """Return whether an item is a request, or a certificate that is not a CA's."""
    return not (isinstance(item.value, x509.Certificate) and signed.is_ca(item.value))


def _short(item: Item) -> str:
    return f"{item.sha256[:16]}…"
