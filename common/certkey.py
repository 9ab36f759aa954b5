"""The certificate key that signs a request: reading it, and refusing one that no CA accepts."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

from common import console, files, letsencrypt, pem
from common.console import Refused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from OpenSSL import crypto

    Digest = hashes.SHA256 | hashes.SHA384 | hashes.SHA512

MIN_RSA_BITS = 2048  # Baseline Requirements section 6.1.5


def check_exists(path: str, file_name: str) -> None:
    """Raise Refused if there is no file at path, with the command that goes on.

    file_name: of the first name asked for, after which make_certificate_key names its key.
    """
    if os.path.lexists(path):
        return
    for found in (f"{file_name}.key", "example.com.key"):
        if os.path.isfile(found):
            again = console.rerun("--key", found)
            raise Refused(f"{path}: no such file, but there is {found}; go on with: {again}")
    make = console.command_beside("make_certificate_key.py", "--out", path)
    raise Refused(f"{path}: no such file; name your key with --key FILE, or make it: {make}")


def read_pem(path: str) -> bytes:
    """Return the one private key in a file, as PEM. Raises Refused."""
    try:
        return pem.private_key(files.read(path))
    except pem.NoKey as error:
        raise Refused(f"{path}: {error}") from error


@contextlib.contextmanager
def errors_about(path: str) -> Iterator[None]:
    """Turn what the libraries say of a key they cannot use into a Refused that names its file."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from OpenSSL.crypto import Error

    try:
        yield
    except UnsupportedAlgorithm as error:
        raise Refused(f"{path}: is a key that no CA accepts ({error}); make another") from error
    except (Error, ValueError) as error:
        raise Refused(
            f"{path}: is damaged, and no key can be read from it; restore a copy"
        ) from error


def check(path: str, pkey: crypto.PKey) -> None:
    """Warn of a key that Let's Encrypt refuses; raise Refused for one that every CA does."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key
    from OpenSSL.crypto import FILETYPE_ASN1, TYPE_EC, TYPE_RSA, dump_publickey

    if pkey.type() not in (TYPE_RSA, TYPE_EC):  # RSA-PSS is of a type of its own
        raise Refused(f"{path}: is neither an RSA nor an EC key; a CA takes no other, make one")
    with errors_about(path):
        public_key = load_der_public_key(dump_publickey(FILETYPE_ASN1, pkey))
    if isinstance(public_key, rsa.RSAPublicKey):
        if public_key.key_size < MIN_RSA_BITS:
            raise Refused(
                f"{path}: is an RSA key of {public_key.key_size} bits, and a CA wants "
                f"{MIN_RSA_BITS} or more; make another"
            )
        exponent = public_key.public_numbers().e
        warning = letsencrypt.key_warning("RSA", public_key.key_size, exponent)
    else:
        public_key = cast(ec.EllipticCurvePublicKey, public_key)
        warning = letsencrypt.key_warning(public_key.curve.name, public_key.key_size)
    if warning:
        console.warn(f"{path}: {warning}")


def check_not_account_key(
    path: str, pkey: crypto.PKey, account_path: str, load_key: Callable[[str], crypto.PKey]
) -> None:
    """Raise Refused if the file at account_path, where there is one, holds the same key as pkey.

    RFC 8555 section 11.1 has the CA refuse it: who can use the account could use the certificate.
    """
    from OpenSSL.crypto import FILETYPE_ASN1, dump_publickey

    if not os.path.exists(account_path):
        return
    try:
        account = load_key(account_path)
    except Refused as refusal:
        console.warn(f"{refusal}; so it was not compared with {path}")
        return
    if dump_publickey(FILETYPE_ASN1, account) == dump_publickey(FILETYPE_ASN1, pkey):
        raise Refused(
            f"{path}: is the account key too ({account_path}), and a CA refuses one key for both; "
            "make a certificate key with make_certificate_key.py and name it with --key FILE"
        )


def for_signing(
    pkey: crypto.PKey,
) -> tuple[rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, Digest]:
    """Return the key for cryptography's builders, with the hash to sign with.

    Raises ValueError if the numbers of the key disagree, or if it is neither RSA nor EC.
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    key = pkey.to_cryptography_key()
    if isinstance(key, rsa.RSAPrivateKey):
        return key, hashes.SHA256()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        # The hash as strong as the curve: RFC 5480 section 4.
        digests: dict[str, Digest] = {"secp384r1": hashes.SHA384(), "secp521r1": hashes.SHA512()}
        return key, digests.get(key.curve.name, hashes.SHA256())
    raise ValueError("it is neither an RSA nor an EC private key")
