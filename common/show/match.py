"""Which keys, requests and certificates belong together, by their public keys and signatures."""

import contextlib
from collections.abc import Iterator, Sequence
from itertools import combinations, groupby, permutations, product

from common import names
from common.show import contents
from common.show.read import CERTIFICATE, ERRORS, KEYS, REQUEST, Item

from cryptography import x509
from cryptography.exceptions import InvalidSignature

_FORGED = "have the same key, but the signature of the request is not valid"


def together(items: Sequence[Item]) -> Iterator[str]:
    """Yield a line for each pair of items that belong together, or are expected to."""
    keys, certificates = _of(items, *KEYS), _of(items, CERTIFICATE)
    requests = _of(items, REQUEST)
    for key, other in combinations(keys, 2):
        if other.spki == key.spki:
            yield f"{key.where} and {other.where} hold the same key"
    for item, key in product(requests + certificates, keys):
        if key.spki == item.spki:
            how = _FORGED if item.is_sound is False else "belong together"
            yield f"{item.where} and {key.where} {how}"
    for certificate in filter(is_end_entity, certificates):
        same = [request for request in requests if request.spki == certificate.spki]
        for request in same or requests:
            yield f"{certificate.where} and {request.where} {_compared(certificate, request)}"
    for certificate, issuer in permutations(certificates, 2):
        if issued_by(certificate, issuer):
            yield f"{certificate.where} is issued by {issuer.where}"


def faults(items: Sequence[Item], account_key: Item | None) -> Iterator[str]:
    """Yield what is wrong with items, alone or together. account_key: None if unknown."""
    keys, signed = _of(items, *KEYS), _of(items, REQUEST) + _of(items, CERTIFICATE)
    for item in items:
        if item.is_sound is False:
            number = "its numbers do not agree; restore a copy of the key"
            signature = "its signature does not verify; make the request again"
            yield f"{item.where}: {signature if item.kind == REQUEST else number}"
    for item in filter(is_end_entity, signed):
        if _fits_none(item, keys):
            others = ", ".join(f"{key.where} has {_short(key)}" for key in keys[:3])
            what = "none of the keys given fits; the SHA-256 of its public key is"
            yield f"{item.where}: {what} {_short(item)}, {others}"
    for item in signed:
        issued = {issuer.where: issued_by(item, issuer) for issuer in signed}
        wrong = [where for where, is_issuer in issued.items() if is_issuer is False]
        if wrong and True not in issued.values():  # two CAs can have the same name
            what = f"is not signed by {wrong[0]}, which it names as its issuer"
            yield f"{item.where}: {what}; restore a copy"
    for item in signed:
        if account_key is not None and account_key.spki == item.spki:  # RFC 8555 section 11.1
            what = f"holds the account key ({account_key.where}), which a CA rejects"
            yield f"{item.where}: {what}; make a certificate key with make_certificate_key.py"


def warnings(items: Sequence[Item]) -> Iterator[str]:
    """Yield why no server could use the certificates of a file as they are."""
    keys, certificates = _of(items, *KEYS), _of(items, CERTIFICATE)
    for path, group in groupby(certificates, key=lambda item: item.path):
        first, *others = chain = list(group)
        if is_end_entity(first):
            pairs = combinations(chain, 2)
            if any(issued_by(later, earlier) for earlier, later in pairs):
                what = "has its certificates in the wrong order; put each one before its issuer's"
                yield f"{path}: {what}"
        elif any(map(is_end_entity, others)):
            yield f"{path}: begins with a CA's certificate; put the server's certificate first"
        elif _fits_none(first, keys) and not any(map(is_end_entity, certificates)):
            yield f"{path}: is a CA's certificate, and none of the keys given fits it"


def issued_by(item: Item, issuer: Item) -> bool | None:
    """Return whether the key of issuer signed a certificate; the two may be the same.

    None if the certificate names another issuer, by its name or by the identifier of its key (RFC
    5280 sections 4.1.2.4 and 4.2.1.1), or if its signature cannot be checked here.
    """
    certificate, other = item.value, issuer.value
    if not (isinstance(certificate, x509.Certificate) and isinstance(other, x509.Certificate)):
        return None
    if certificate.issuer != other.subject:
        return None
    named = contents.field(item.root, "keyIdentifier")
    if named and named != contents.field(issuer.root, "SubjectKeyIdentifier"):
        return None
    try:
        certificate.verify_directly_issued_by(other)
    except InvalidSignature:
        return False
    except ERRORS:
        return None
    return True


def is_end_entity(item: Item) -> bool:
    """Return whether an item is a request, or a certificate that is not a CA's."""
    return item.kind == REQUEST or contents.field(item.root, "cA") != b"\xff"


def _of(items: Sequence[Item], *kinds: str) -> list[Item]:
    return [item for item in items if item.kind in kinds]


def _fits_none(item: Item, keys: Sequence[Item]) -> bool:
    """Return whether there are keys, but none that fits an item."""
    return bool(keys) and all(key.spki != item.spki for key in keys)


def _compared(certificate: Item, request: Item) -> str:
    """Return how an end-entity certificate and a request relate."""
    if certificate.spki != request.spki:
        return f"have different keys, {_short(certificate)} and {_short(request)}"
    if request.is_sound is False:
        return _FORGED
    asked, given = _names(request), _names(certificate)
    missing = ", ".join(name for name in asked if name not in given)
    added = ", ".join(name for name in given if name not in asked)
    told = [f"{missing} requested but missing"] if missing else []
    told += [f"{added} added but not requested"] if added else []
    if told:
        return f"have the same key, but different names: {'; '.join(told)}"
    return "belong together: the same key and names"


def _names(item: Item) -> list[str]:
    """Return the names in a request or certificate, in lower case, with the CN of a request."""
    found = [name.lower().removeprefix("dns:") for name in contents.names(item.root)]
    if isinstance(item.value, x509.CertificateSigningRequest):
        with contextlib.suppress(names.InvalidName):
            common_name = contents.common_name(item.value).lower()
            names.check_domain_name(common_name)
            found.append(common_name)
    return list(dict.fromkeys(found))


def _short(item: Item) -> str:
    return f"{item.sha256[:16]}…"
