"""The key that signs a request: opening it, and refusing a weak key and the account key."""

import contextlib
import os
import traceback
from collections.abc import Iterator

from common import console, files, goodkey, passphrase, pem, suggest
from common.console import UserError

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_private_key
from OpenSSL import crypto

ACCOUNT_KEY_FILE = "account.key"

_DISAGREE = "the key is damaged, since its numbers do not agree; restore a copy"


@contextlib.contextmanager
def reading(path: str, passphrase_file: str | None) -> Iterator[tuple[bytes, bytes]]:
    """Yield the one private key in a file, in PEM, and its passphrase: b"" if it has none.

    What the libraries say of the key inside the with block becomes a UserError about path.
    passphrase_file: where the passphrase is; if None, the user is asked. Raises UserError.
    """
    advice = suggest.file(path, "give the private key with --key FILE")
    block = pem.private_key(path, files.read_secret(path, advice), advice)
    secret = passphrase.for_key(path, passphrase_file) if block.is_encrypted else b""
    if secret and has_long_primes(block.text, secret):
        raise UserError(f"{path}: {_DISAGREE}")
    try:
        yield block.text, secret
    except crypto.Error as error:
        if secret:
            raise UserError(f"{path}: this passphrase does not open it; try another") from error
        raise UserError(f"{path}: the key is damaged; restore a copy") from error
    except UnsupportedAlgorithm as error:
        problem = f"no public CA may sign this key ({error})"
        raise UserError(f"{path}: {problem}; make another") from error
    except ValueError as error:
        if not _is_about_a_key(error):
            raise
        raise UserError(f"{path}: {_DISAGREE}") from error


def check(path: str, pkey: crypto.PKey, secret: bytes, account_path: str | None) -> None:
    """Raise UserError if the key in path is weak or the account key.

    Warn if Let's Encrypt rejects it, or if it cannot be compared with the account key.
    secret: the passphrase of the key, tried on the account key too.
    account_path: where the account key is; if None, ACCOUNT_KEY_FILE if that exists.
    """
    is_rsa_or_ec = pkey.type() in (crypto.TYPE_RSA, crypto.TYPE_EC)  # RSA-PSS is another type
    public_key = _public_key(pkey) if is_rsa_or_ec else None
    if reason := goodkey.weakness(public_key):
        raise UserError(f"{path}: this key {reason}; make another")
    if reason := goodkey.rejected(public_key):
        console.warn(f"{path}: this key {reason}, so Let's Encrypt rejects it")
    if account_path is None:
        if not files.is_there(ACCOUNT_KEY_FILE):
            return
        account_path = ACCOUNT_KEY_FILE
    try:
        is_account_key = _public_key(_account_key(account_path, secret)) == public_key
    except (UserError, ValueError, UnsupportedAlgorithm, crypto.Error) as error:
        reason = str(error) if isinstance(error, UserError) else f"{account_path}: cannot be opened"
        console.warn(f"{path} was not compared with the account key ({reason})")
        return
    if is_account_key:  # RFC 8555 section 11.1 has the CA reject it
        where = "" if account_path == path else f" ({account_path})"
        problem = f"this is the account key{where}, which must not be the certificate key"
        raise UserError(f"{path}: {problem}; make one with make_certificate_key.py")


def has_long_primes(key: bytes, secret: bytes) -> bool:
    """Return whether an encrypted RSA key has primes longer than its modulus.

    Checking such a key could take days. effort.excess finds them in a key that is not encrypted.
    """
    with contextlib.suppress(ValueError, UnsupportedAlgorithm):
        found = load_pem_private_key(key, secret, unsafe_skip_rsa_key_validation=True)
        if isinstance(found, rsa.RSAPrivateKey):
            numbers = found.private_numbers()
            return max(numbers.p, numbers.q) > numbers.public_numbers.n
    return False


def _account_key(path: str, secret: bytes) -> crypto.PKey:
    """Return the account key. Raises UserError or crypto.Error.

    It is opened like the certificate key, so that every key that can sign is compared.
    """
    advice = suggest.file(path, "give it with --account-key FILE")
    is_other = os.path.exists(path) and not os.path.isfile(path)
    if path == ACCOUNT_KEY_FILE and is_other:  # a pipe might keep us waiting
        raise UserError(f"{path}: this is not a regular file; {advice}")
    block = pem.private_key(path, files.read(path, advice), advice)
    if block.is_encrypted and not secret:
        raise UserError(f"{path}: the key is encrypted with another passphrase")
    return crypto.load_privatekey(crypto.FILETYPE_PEM, block.text, secret)


def _public_key(pkey: crypto.PKey) -> object:
    # Not from pkey.to_cryptography_key(), which takes the time to check a private key.
    return load_der_public_key(crypto.dump_publickey(crypto.FILETYPE_ASN1, pkey))


def _is_about_a_key(error: ValueError) -> bool:
    """Return whether a library raised error about a key: in PKey, or when called from here."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return frame.f_globals["__name__"] in (crypto.__name__, __name__)
