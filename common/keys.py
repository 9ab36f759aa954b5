"""The key that signs a request: opening it, and refusing a weak key and the account key."""

import contextlib
from collections.abc import Iterator
from typing import cast

from common import console, der, files, goodkey, limits, passphrase, pem
from common.console import UserError
from common.wrapping import Block

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_private_key
from OpenSSL import crypto

ACCOUNT_KEY_FILE = "account.key"


class DamagedKey(ValueError):
    """A private key whose numbers do not agree."""


class LargeKey(ValueError):
    """A private key that takes too long to check; the text says of it what goodkey does."""


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
    except (crypto.Error, UnsupportedAlgorithm, LargeKey, DamagedKey) as error:
        raise UserError(f"{path}: {_problem(error, block, secret)}") from error


def _problem(error: Exception, block: Block, secret: bytes) -> str:
    """Return what is wrong with a key, by what was raised about it, and what to do."""
    if isinstance(error, LargeKey):
        return f"this key {error}; make another"
    if isinstance(error, DamagedKey):
        if _has_more_primes(block):
            return "this key has more than two primes, so it cannot be used here; make another"
        return "the key is damaged, since its numbers do not agree; restore a copy"
    # Of OpenSSL's errors, cryptography tells those about a kind of key that is not known.
    unsupported = _unsupported(block, secret) if isinstance(error, crypto.Error) else error
    if unsupported:
        return f"no public CA may sign this key ({unsupported}); make another"
    return why_closed(block)


def _unsupported(block: Block, secret: bytes) -> UnsupportedAlgorithm | None:
    """Return what cryptography says of a key of an unknown kind, or None for another key."""
    if block.headers:  # only old kinds have these, and cryptography panics if their IV is short
        return None
    try:
        load_pem_private_key(block.text, secret or None, unsafe_skip_rsa_key_validation=True)
    except UnsupportedAlgorithm as error:
        return error
    except (ValueError, InternalError):
        pass
    return None


def why_closed(block: Block) -> str:
    """Return why a private key of a known kind does not open, and what to do about it."""
    if block.is_encrypted:
        return "this passphrase does not open the key; try another"
    root, _ = der.read(block.der)
    if block.label == "EC PRIVATE KEY" and "[0]" not in [child.type for child in root.children]:
        # RFC 5915 section 3. The key may have been taken out of PKCS#8, which names the curve.
        return "this EC key does not say which curve it is on; use the file that it comes from"
    return "the key is damaged; restore a copy"


def _has_more_primes(block: Block) -> bool:
    """Return whether an RSA key has otherPrimeInfos, after nine numbers."""
    with contextlib.suppress(ValueError):
        key = limits.key_in(der.read(block.der)[0])
        return limits.is_rsa(key) and len(key.children) > 9
    return False


def check(path: str, pkey: crypto.PKey, secret: bytes, account_path: str | None) -> None:
    """Raise UserError if the key in path is weak or the account key.

    Warn if Let's Encrypt rejects it, or if it cannot be compared with ACCOUNT_KEY_FILE.
    secret: the passphrase of the key, tried on the account key too.
    account_path: where the user says the account key is; if None, ACCOUNT_KEY_FILE if that exists.
    """
    is_rsa_or_ec = pkey.type() in (crypto.TYPE_RSA, crypto.TYPE_EC)  # RSA-PSS is another type
    public_key = _public_key(pkey) if is_rsa_or_ec else None
    if reason := goodkey.weakness(public_key):
        raise UserError(f"{path}: this key {reason}; make another")
    if reason := goodkey.rejected(public_key):
        console.warn(f"{path}: this key {reason}, so Let's Encrypt rejects it")
    if account_path is not None or files.is_there(ACCOUNT_KEY_FILE):
        _refuse_account_key(path, public_key, secret, account_path)


def checked_key(pkey: crypto.PKey) -> PrivateKeyTypes:
    """Return the private key in pkey, for cryptography.

    Raises LargeKey, DamagedKey unless its numbers agree, and UnsupportedAlgorithm.
    """
    if pkey.type() == crypto.TYPE_RSA and (reason := goodkey.oversize(pkey.bits())):
        raise LargeKey(reason)
    try:
        return cast(PrivateKeyTypes, pkey.to_cryptography_key())
    except ValueError as error:
        raise DamagedKey("the numbers of the key do not agree") from error


def _refuse_account_key(
    path: str, public_key: object, secret: bytes, account_path: str | None
) -> None:
    """Raise UserError if public_key is that of the account key.

    If it cannot be compared, warn or, if account_path was given, raise UserError.
    """
    is_given = account_path is not None
    advice = "give the account key" if is_given else "give it with --account-key FILE"
    if account_path is None:
        account_path = ACCOUNT_KEY_FILE
    try:
        is_account_key = _public_key(_account_key(account_path, secret, advice)) == public_key
    except (UserError, ValueError, UnsupportedAlgorithm, crypto.Error) as error:
        reason = str(error) if isinstance(error, UserError) else f"{account_path}: cannot be opened"
        problem = f"{path} was not compared with the account key ({reason})"
        if is_given:
            raise UserError(f"{problem}; correct --account-key or leave it out") from error
        console.warn(problem)
        return
    if is_account_key:  # RFC 8555 section 11.1 has the CA reject it
        where = "" if account_path == path else f" ({account_path})"
        problem = f"this is the account key{where}, which must not be the certificate key"
        raise UserError(f"{path}: {problem}; make one with make_certificate_key.py")


def _account_key(path: str, secret: bytes, advice: str) -> crypto.PKey:
    """Return the account key. Raises UserError or crypto.Error.

    It is opened like the certificate key, so that every key that can sign is compared.
    """
    block = pem.private_key(path, files.read(path, advice), advice)
    if block.is_encrypted and not secret:
        raise UserError(f"{path}: the key is encrypted with another passphrase")
    return crypto.load_privatekey(crypto.FILETYPE_PEM, block.text, secret)


def _public_key(pkey: crypto.PKey) -> object:
    """Return the public half of a key. Raises DamagedKey and UnsupportedAlgorithm.

    It does not come from checked_key, which takes the time to check the numbers.
    """
    try:
        return load_der_public_key(crypto.dump_publickey(crypto.FILETYPE_ASN1, pkey))
    except ValueError as error:
        raise DamagedKey from error
