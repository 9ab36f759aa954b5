"""The key that signs a request: opening it, and refusing a weak key and the account key."""

import contextlib
from collections.abc import Callable, Iterator
from typing import cast

from common import console, files, goodkey, labels, limits, passphrase, pem, unusable
from common.console import UserError

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key
from OpenSSL import crypto

ACCOUNT_KEY_FILE = "account.key"

# RFC 8555 section 11.1 has the CA reject a request with the account key.
_NOT_FOR_CERTIFICATES = "which must not be the certificate key"
_MAKE = "make one with make_certificate_key.py"


class UnusableKey(ValueError):
    """A private key that cannot be used here; the text says why, and what to do."""


@contextlib.contextmanager
def reading(
    path: str,
    passphrase_of: Callable[[str], bytes],
    advice: str = "give the private key with --key FILE",
) -> Iterator[tuple[bytes, bytes]]:
    """Yield the one private key in a file, in PEM, and its passphrase: b"" if it has none.

    What the libraries say of the key inside the with block becomes a UserError about path.
    advice: what to do if there is no key in the file. Raises UserError.
    """
    data, mode = files.read_with_mode(path, advice)
    block = pem.only(labels.KEY_LABELS, path, data, advice)
    if reason := limits.exceeded(block):
        raise UserError(reason, advice, where=path)
    files.warn_of_other_readers(path, mode)
    secret = passphrase_of(path) if block.is_encrypted else b""
    try:
        yield block.text, secret
    except crypto.Error as error:
        raise UserError(unusable.why_closed(block, secret), where=path) from error
    except UnsupportedAlgorithm as error:
        problem = f"no public CA may sign this key ({error})"
        raise UserError(problem, "make another", where=path) from error
    except UnusableKey as error:
        reason = unusable.why_disagreeing(block, secret) or str(error)
        raise UserError(reason, where=path) from error


def check(
    path: str, pkey: crypto.PKey, passphrase_of: passphrase.Source, account_path: str | None
) -> None:
    """Raise UserError if the key in path is weak or the account key.

    Warn if Let's Encrypt rejects it, or if it cannot be compared with ACCOUNT_KEY_FILE.
    passphrase_of: of the account key too. account_path: where the user says that the account key
    is; if None, ACCOUNT_KEY_FILE if that exists, for whose passphrase nobody is asked.
    """
    if pkey.type() == goodkey.RSA_PSS_TYPE:
        raise UserError(f"this key {goodkey.IS_PSS}", "make another", where=path)
    is_rsa_or_ec = pkey.type() in (crypto.TYPE_RSA, crypto.TYPE_EC)
    public_key = _public_key(pkey) if is_rsa_or_ec else None
    if reason := goodkey.weakness(public_key):
        raise UserError(f"this key {reason}", "make another", where=path)
    if reason := goodkey.rejected(public_key):
        console.warn(f"{path}: this key {reason}, so Let's Encrypt rejects it")
    if account_path is not None or files.is_there(ACCOUNT_KEY_FILE):
        _refuse_account_key(path, public_key, passphrase_of, account_path)


def checked_key(pkey: crypto.PKey) -> PrivateKeyTypes:
    """Return the private key in pkey as an object of cryptography, if its numbers agree.

    Raises UnusableKey, and UnsupportedAlgorithm for a curve that cryptography does not know.
    """
    if reason := goodkey.oversize(pkey.bits()):
        raise UnusableKey(f"this key {reason}; make another")
    try:
        return cast(PrivateKeyTypes, pkey.to_cryptography_key())
    except (ValueError, crypto.Error) as error:  # the latter of a scalar that is far too long
        raise UnusableKey(unusable.DISAGREE) from error


def _refuse_account_key(
    path: str, public_key: object, passphrase_of: passphrase.Source, account_path: str | None
) -> None:
    """Raise UserError if public_key is that of the account key.

    If it cannot be compared, warn or, if account_path was given, raise UserError.
    """
    account_file = ACCOUNT_KEY_FILE if account_path is None else account_path
    if account_file == path:
        raise UserError(f"this is the account key, {_NOT_FOR_CERTIFICATES}", _MAKE, where=path)
    try:
        if account_path is None:
            advice = "give it with --account-key FILE"
            account_key = _public_key_in(account_file, passphrase_of.unasked, advice)
        else:
            account_key = _public_key_in(account_file, passphrase_of, "give the account key")
    except UserError as error:
        problem = f"{path} was not compared with the account key ({error})"
        if account_path is not None:
            raise UserError(problem, "correct --account-key or leave it out") from error
        console.warn(problem)
        return
    if account_key == public_key:
        problem = f"this is the account key ({account_file}), {_NOT_FOR_CERTIFICATES}"
        raise UserError(problem, _MAKE, where=path)


def _public_key_in(path: str, passphrase_of: Callable[[str], bytes], advice: str) -> object:
    """Return the public half of the private key in a file. Raises UserError."""
    with reading(path, passphrase_of, advice) as (text, secret):
        return _public_key(crypto.load_privatekey(crypto.FILETYPE_PEM, text, secret))


def _public_key(pkey: crypto.PKey) -> object:
    """Return the public half of a key. Raises UnusableKey and UnsupportedAlgorithm.

    It does not come from checked_key, which takes the time to check the numbers.
    """
    try:
        return load_der_public_key(crypto.dump_publickey(crypto.FILETYPE_ASN1, pkey))
    except ValueError as error:
        odd_rsa = f"this key {goodkey.ODD_RSA}; make another"
        is_rsa = pkey.type() == crypto.TYPE_RSA
        raise UnusableKey(odd_rsa if is_rsa else unusable.DISAGREE) from error
