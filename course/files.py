"""Reading the learner's files, and writing certificates. Each function may raise UserError."""

import os
from pathlib import Path
from typing import NamedTuple

from common import atomic, files, keys, pem
from common.console import UserError
from common.labels import REQUEST
from common.passphrase import Source
from course.acme_client import EC_ALGORITHMS, AccountKey, Name

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import crypto

_ADVICE = "make the file with steps 1 to 3 of README.md"


class KeyFile(NamedTuple):
    """A file of a private key, and the key."""

    path: Path
    key: PrivateKeyTypes
    is_encrypted: bool


def read_account_key(path: str | Path, passphrase_of: Source, advice: str = _ADVICE) -> AccountKey:
    """Return the key in a file, if an account can have it. advice: what to do if there is none."""
    key = _read_key(path, passphrase_of, advice).key
    if isinstance(key, rsa.RSAPrivateKey) or (
        isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in EC_ALGORITHMS
    ):
        return key
    problem = "this cannot be an account key, because it is neither RSA nor ECDSA on P-256 or P-384"
    raise UserError(problem, "make another", where=path)


def read_request(path: Path) -> x509.CertificateSigningRequest:
    """Return the request in a file, if its signature is valid."""
    where, advice = str(path), "make the request again"
    block = pem.only((REQUEST,), where, files.read(where, _ADVICE), advice)
    try:
        csr = x509.load_pem_x509_csr(block.text)
        pem.names(csr)
        if csr.is_signature_valid:
            return csr
    except pem.ODD:
        raise UserError("the request is damaged or unusual", advice, where=where) from None
    raise UserError("its signature is not valid", advice, where=where)


def key_of(
    csr: x509.CertificateSigningRequest, path: Path, first: Name, passphrase_of: Source
) -> KeyFile:
    """Return the *.key file beside the request in path whose key signed it.

    first: the first name in the request. As in make_csr, its own key file comes first.
    """
    own, reasons = f"{first.value}.key", []
    for other in sorted(path.parent.glob("*.key"), key=lambda one: (one.name != own, one)):
        try:
            if other.name != keys.ACCOUNT_KEY_FILE:
                found = _read_key(other, passphrase_of)
                if found.key.public_key() == csr.public_key():
                    return found
        except UserError as error:
            reasons.append(str(error))
    advice = [*reasons, "put the right key there, or make the request again"][0]
    raise UserError("no *.key file beside it fits", advice, where=path)


def check_replaceable(path: Path) -> None:
    """Refuse to replace anything but certificates from Pebble, which are for practice."""
    if os.path.lexists(path) and not _is_from_pebble(path):
        problem = "this is not a file of certificates from Pebble, so it is not replaced"
        raise UserError(problem, "move it away", where=path)


def write(path: Path, certificates: bytes) -> None:
    """Write certificates in PEM: all of them or, after an error, nothing. Replace no other file."""
    try:
        with atomic.temporary_file(str(path), certificates, atomic.PUBLIC_MODE) as temporary:
            check_replaceable(path)  # again, since a key may be there by now
            atomic.replace(temporary, str(path))
    except OSError as error:
        raise UserError(error.strerror, "make room for it", where=path) from error


def _read_key(path: str | Path, passphrase_of: Source, advice: str = _ADVICE) -> KeyFile:
    with keys.reading(str(path), passphrase_of, advice) as (text, secret):
        pkey = crypto.load_privatekey(crypto.FILETYPE_PEM, text, secret)
        return KeyFile(Path(path), keys.checked_key(pkey), bool(secret))


def _is_from_pebble(path: Path) -> bool:
    """Return whether a file holds only certificates from Pebble, in PEM, and is not a link."""
    data = files.read(str(path), "move it away")
    try:
        certificates = x509.load_pem_x509_certificates(data)
        issuers = [one.issuer.rfc4514_string() for one in certificates]
    except pem.ODD:
        return False
    written = b"".join(one.public_bytes(Encoding.PEM) for one in certificates)
    is_pebble = all(issuer.startswith("CN=Pebble ") for issuer in issuers)
    return is_pebble and written.split() == data.split() and not path.is_symlink()
