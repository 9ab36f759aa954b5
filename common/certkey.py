"""The certificate key that signs a request: reading it, and refusing one that no CA accepts."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

from common import console, files, letsencrypt, passphrase, pem
from common.console import Refused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from OpenSSL import crypto

    Digest = hashes.SHA256 | hashes.SHA384 | hashes.SHA512

MIN_RSA_BITS = 2048  # Baseline Requirements section 6.1.5
MAX_RSA_BITS = 8192  # to check the numbers of a larger key takes from ten seconds to hours

_ADVICE = "name the private key with --key FILE"


class KeyFile(NamedTuple):
    """The private key in a file, unopened."""

    path: str
    block: pem.Block


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


def read(path: str) -> KeyFile:
    """Return the one private key in a file, unopened. Raises Refused."""
    try:
        block = pem.private_key(files.read(path, _ADVICE))
    except pem.NoKey as error:
        advice = "" if ";" in str(error) else f"; {_ADVICE}"
        raise Refused(f"{path}: {error}{advice}") from error
    return KeyFile(path, block)


def passphrase_of(file: KeyFile, passphrase_file: str | None) -> bytes:
    """Return the passphrase that opens a key, b"" for one that is not encrypted. Raises Refused.

    passphrase_file: where the passphrase is; with None it is asked for.
    """
    if not file.block.is_encrypted:
        return b""
    return passphrase.for_key(file.path, file.block, passphrase_file)


@contextlib.contextmanager
def errors_about(file: KeyFile) -> Iterator[None]:
    """Turn what the libraries say of a key they cannot use into a Refused that names its file."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from OpenSSL.crypto import Error

    try:
        yield
    except UnsupportedAlgorithm as error:
        raise Refused(
            f"{file.path}: is a key that no CA accepts ({error}); make another"
        ) from error
    except (Error, ValueError) as error:
        what = "is damaged, and no key can be read from it; restore a copy"
        if file.block.is_encrypted:
            what = "is encrypted, and this passphrase does not open it"
        raise Refused(f"{file.path}: {what}") from error


def check(file: KeyFile, pkey: crypto.PKey) -> None:
    """Warn of a key that Let's Encrypt refuses; raise Refused for one that every CA does."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key
    from OpenSSL.crypto import FILETYPE_ASN1, TYPE_EC, TYPE_RSA, dump_publickey

    if pkey.type() not in (TYPE_RSA, TYPE_EC):  # RSA-PSS is of a type of its own
        raise Refused(
            f"{file.path}: is neither an RSA nor an EC key; a CA takes no other, make one"
        )
    with errors_about(file):
        public_key = load_der_public_key(dump_publickey(FILETYPE_ASN1, pkey))
    if isinstance(public_key, rsa.RSAPublicKey):
        if not MIN_RSA_BITS <= public_key.key_size <= MAX_RSA_BITS:
            raise Refused(
                f"{file.path}: is an RSA key of {public_key.key_size} bits, and "
                f"{MIN_RSA_BITS} to {MAX_RSA_BITS} are accepted here; make another"
            )
        exponent = public_key.public_numbers().e
        warning = letsencrypt.key_warning("RSA", public_key.key_size, exponent)
    else:
        public_key = cast(ec.EllipticCurvePublicKey, public_key)
        warning = letsencrypt.key_warning(public_key.curve.name, public_key.key_size)
    if warning:
        console.warn(f"{file.path}: {warning}")


def check_not_account_key(
    file: KeyFile,
    pkey: crypto.PKey,
    account_path: str,
    load_key: Callable[[KeyFile, bytes], crypto.PKey],
    secret: bytes,
) -> None:
    """Raise Refused if the file at account_path, where there is one, holds the same key as file.

    RFC 8555 section 11.1 has the CA refuse it: who can use the account could use the certificate.
    An account key that load_key does not open with the passphrase secret cannot be compared, and
    is warned of.
    """
    from OpenSSL.crypto import FILETYPE_ASN1, dump_publickey

    if not os.path.isfile(account_path):
        return
    try:
        account = read(account_path)
        same = account.block.text == file.block.text or dump_publickey(
            FILETYPE_ASN1, load_key(account, secret)
        ) == dump_publickey(FILETYPE_ASN1, pkey)
    except Refused as refusal:
        console.warn(f"{refusal}; so it was not compared with {file.path}")
        return
    if same:
        raise Refused(
            f"{file.path}: is the account key too ({account_path}), and a CA refuses one key for "
            "both; make a certificate key with make_certificate_key.py, name it with --key FILE"
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
