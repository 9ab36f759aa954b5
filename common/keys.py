"""The key that signs a request: opening it, and refusing a weak key and the account key."""

import contextlib
from collections.abc import Iterator
from typing import cast

from common import console, files, goodkey, passphrase, pem, unusable
from common.console import UserError

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key
from OpenSSL import crypto

ACCOUNT_KEY_FILE = "account.key"

_DISAGREE = "the key is damaged, since its numbers do not agree; restore a copy"
# RFC 8555 section 11.1 has the CA reject a request with the account key.
_NOT_FOR_CERTIFICATES = (
    "which must not be the certificate key; make one with make_certificate_key.py"
)


class UnusableKey(ValueError):
    """A private key that cannot be used here; the text says why, and what to do."""


@contextlib.contextmanager
def reading(
    path: str,
    passphrase_of: passphrase.Source,
    advice: str = "give the private key with --key FILE",
) -> Iterator[tuple[bytes, bytes]]:
    """Yield the one private key in a file, in PEM, and its passphrase: b"" if it has none.

    What the libraries say of the key inside the with block becomes a UserError about path.
    advice: what to do if there is no key in the file. Raises UserError.
    """
    data, mode = files.read_with_mode(path, advice)
    block = pem.private_key(path, data, advice)
    files.warn_of_other_readers(path, mode)
    secret = passphrase_of(path) if block.is_encrypted else b""
    try:
        yield block.text, secret
    except crypto.Error as error:
        raise UserError(f"{path}: {unusable.why_closed(block, secret)}") from error
    except UnsupportedAlgorithm as error:
        problem = f"no public CA may sign this key ({error}); make another"
        raise UserError(f"{path}: {problem}") from error
    except UnusableKey as error:
        raise UserError(f"{path}: {unusable.odd_primes(block) or error}") from error


def check(
    path: str,
    pkey: crypto.PKey,
    secret: bytes,
    passphrase_of: passphrase.Source,
    account_path: str | None,
) -> None:
    """Raise UserError if the key in path is weak or the account key.

    Warn if Let's Encrypt rejects it, or if it cannot be compared with ACCOUNT_KEY_FILE.
    secret: the passphrase of the key, which may be that of the account key too.
    account_path: where the user says the account key is. If None, it is ACCOUNT_KEY_FILE, if that
    exists, and the user is not asked for its passphrase.
    """
    is_rsa_or_ec = pkey.type() in (crypto.TYPE_RSA, crypto.TYPE_EC)  # RSA-PSS is another type
    public_key = _public_key(pkey) if is_rsa_or_ec else None
    if reason := goodkey.weakness(public_key):
        raise UserError(f"{path}: this key {reason}; make another")
    if reason := goodkey.rejected(public_key):
        console.warn(f"{path}: this key {reason}, so Let's Encrypt rejects it")
    if account_path is not None or files.is_there(ACCOUNT_KEY_FILE):
        is_asked = account_path is not None or passphrase_of is not passphrase.typed
        source = passphrase_of if is_asked else lambda where: _same(where, secret)
        _refuse_account_key(path, public_key, source, account_path)


def checked_key(pkey: crypto.PKey) -> PrivateKeyTypes:
    """Return the private key in pkey as an object of cryptography, if its numbers agree.

    Raises UnusableKey, and UnsupportedAlgorithm for a curve that cryptography does not know.
    """
    if reason := goodkey.oversize(pkey.bits()):
        raise UnusableKey(f"this key {reason}; make another")
    try:
        return cast(PrivateKeyTypes, pkey.to_cryptography_key())
    except ValueError as error:
        raise UnusableKey(_DISAGREE) from error


def _same(where: str, secret: bytes) -> bytes:
    """Return secret as the passphrase of the key in where. Raises UserError if it is empty."""
    if not secret:
        raise UserError(f"{where}: the key is encrypted; give it with --account-key FILE")
    return secret


def _refuse_account_key(
    path: str, public_key: object, passphrase_of: passphrase.Source, account_path: str | None
) -> None:
    """Raise UserError if public_key is that of the account key.

    If it cannot be compared, warn or, if account_path was given, raise UserError.
    """
    is_given = account_path is not None
    advice = "give the account key" if is_given else "give it with --account-key FILE"
    if account_path is None:
        account_path = ACCOUNT_KEY_FILE
    if account_path == path:
        raise UserError(f"{path}: this is the account key, {_NOT_FOR_CERTIFICATES}")

    try:
        with reading(account_path, passphrase_of, advice) as (text, secret):
            account_key = crypto.load_privatekey(crypto.FILETYPE_PEM, text, secret)
            is_account_key = _public_key(account_key) == public_key
    except UserError as error:
        problem = f"{path} was not compared with the account key ({error})"
        if is_given:
            raise UserError(f"{problem}; correct --account-key or leave it out") from error
        console.warn(problem)
        return
    if is_account_key:
        raise UserError(
            f"{path}: this is the account key ({account_path}), {_NOT_FOR_CERTIFICATES}"
        )


def _public_key(pkey: crypto.PKey) -> object:
    """Return the public half of a key. Raises UnusableKey and UnsupportedAlgorithm.

    It does not come from checked_key, which takes the time to check the numbers.
    """
    try:
        return load_der_public_key(crypto.dump_publickey(crypto.FILETYPE_ASN1, pkey))
    except ValueError as error:
        raise UnusableKey(_DISAGREE) from error
