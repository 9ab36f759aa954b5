"""The key that signs a request: opening it, refusing a weak one, ruling out the account key."""

import contextlib
import math
import os
from collections.abc import Iterator

from common import console, files, letsencrypt, passphrase, pem
from common.console import UserError

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from OpenSSL import crypto

# The curves of a key that a CA may sign (Baseline Requirements 6.1.5): SEC 2's name, and NIST's.
CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}

ACCOUNT_KEY_FILE = "account.key"

MIN_RSA_BITS = 2048  # Baseline Requirements 6.1.5
MAX_RSA_BITS = 8192  # checking the numbers of a larger key takes from ten seconds to hours

# goodkey/good_key.go; the Baseline Requirements ask for 100 rounds (6.1.1.3).
FERMAT_ROUNDS = 110
# The product of the primes below 752 (Baseline Requirements 6.1.6).
_SMALL_PRIMES = math.prod(
    n for n in range(2, 752) if all(n % d for d in range(2, math.isqrt(n) + 1))
)

# The fingerprint of ROCA (CVE-2017-15361): modulo each of these primes, the modulus is a power of
# 65537. One in 2**28 sound keys has it too. https://crocs.fi.muni.cz/public/papers/rsa_ccs17
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


@contextlib.contextmanager
def reading(path: str, passphrase_file: str | None) -> Iterator[tuple[bytes, bytes]]:
    """Yield the one private key in a file, in PEM, and its passphrase: b"" if it has none.

    passphrase_file: where the passphrase is; if None, the user is asked. Raises UserError, also in
    place of what the libraries say of the key in the block.
    """
    advice = "give the private key with --key FILE"
    block = pem.private_key(path, files.read_secret(path, advice), advice)
    secret = passphrase.for_key(path, passphrase_file) if block.is_encrypted else b""
    try:
        yield block.text, secret
    except crypto.Error as error:
        if secret:
            raise UserError(f"{path}: this passphrase does not open it; try another") from error
        raise UserError(f"{path}: is damaged; restore a copy of the key") from error
    except UnsupportedAlgorithm as error:
        raise UserError(f"{path}: is a key that no CA may sign ({error}); make another") from error
    except ValueError as error:
        raise UserError(f"{path}: is damaged: its numbers do not agree; restore a copy") from error


def check(path: str, pkey: crypto.PKey, secret: bytes, account_path: str | None) -> None:
    """Raise UserError if the key in path must not sign; warn if Let's Encrypt rejects it.

    It must not if no CA may sign it, or if it is the account key. secret and account_path: as for
    check_not_account_key.
    """
    is_rsa_or_ec = pkey.type() in (crypto.TYPE_RSA, crypto.TYPE_EC)  # RSA-PSS is another type
    public_key = _public_key(pkey) if is_rsa_or_ec else None
    if reason := weakness(public_key):
        raise UserError(f"{path}: {reason}; make another key")
    if reason := letsencrypt.key_reason(*properties(public_key)):
        console.warn(f"{path}: {reason}, so Let's Encrypt rejects it")
    check_not_account_key(path, pkey, secret, account_path)


def check_not_account_key(
    path: str, pkey: crypto.PKey, secret: bytes, account_path: str | None
) -> None:
    """Raise UserError if the key in path is the account key; warn if they cannot be compared.

    secret: the passphrase of the key in path, tried on the account key too.
    account_path: if None, ACCOUNT_KEY_FILE if that exists.
    RFC 8555 section 11.1 has the CA reject a key that is used for both.
    """
    if account_path is None:
        if not os.path.exists(ACCOUNT_KEY_FILE):
            return
        account_path = ACCOUNT_KEY_FILE
    try:
        advice = "give it with --account-key FILE"
        data = files.read(account_path, advice)
        if data.startswith(b"\x30"):  # DER: a SEQUENCE
            account = crypto.load_privatekey(crypto.FILETYPE_ASN1, data)
        else:
            block = pem.private_key(account_path, data, advice)
            if block.is_encrypted and not secret:
                raise UserError(f"{account_path}: is encrypted")
            # Opened like the certificate key, so that every key that can sign is compared.
            account = crypto.load_privatekey(crypto.FILETYPE_PEM, block.text, secret)
        is_same = _public_key(account) == _public_key(pkey)
    except (UserError, ValueError, UnsupportedAlgorithm, crypto.Error) as error:
        reason = error if isinstance(error, UserError) else f"{account_path}: cannot be opened"
        console.warn(f"{path} was not compared with the account key; {reason}")
        return
    if is_same:
        raise UserError(
            f"{path}: is also the account key ({account_path}), and a CA rejects one key for "
            "both; make a certificate key with make_certificate_key.py"
        )


def weakness(public_key: object) -> str | None:
    """Return why no CA may sign a public key (Baseline Requirements 6.1.1.3, 6.1.5, 6.1.6)."""
    if isinstance(public_key, rsa.RSAPublicKey):
        numbers = public_key.public_numbers()
        return _rsa_weakness(numbers.n, numbers.e)
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        if public_key.curve.name in CURVES:
            return None
        return f"is on the curve {public_key.curve.name}, which no CA may sign"
    return "is neither an RSA nor an EC key, so no CA may sign it"


def properties(public_key: object) -> tuple[str, int, int]:
    """Return "RSA" or the curve's name, the size in bits, and the exponent (0 of an EC key)."""
    if isinstance(public_key, rsa.RSAPublicKey):
        return "RSA", public_key.key_size, public_key.public_numbers().e
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return CURVES.get(public_key.curve.name, public_key.curve.name), public_key.key_size, 0
    return type(public_key).__name__.removesuffix("PublicKey"), 0, 0


def _public_key(pkey: crypto.PKey) -> object:
    # Not from pkey.to_cryptography_key(), which takes the time to check a private key.
    return load_der_public_key(crypto.dump_publickey(crypto.FILETYPE_ASN1, pkey))


def _rsa_weakness(n: int, e: int) -> str | None:
    bits = n.bit_length()
    if bits < MIN_RSA_BITS:
        return f"has {bits} bits, but no CA may sign a key with fewer than {MIN_RSA_BITS}"
    if bits % 8:
        return f"has {bits} bits, which is not a whole number of bytes, so no CA may sign it"
    if bits > MAX_RSA_BITS:
        return f"has {bits} bits, and keys over {MAX_RSA_BITS} bits take too long to check"
    if e < 3 or e % 2 == 0:
        return f"has the public exponent {e}, but it must be odd and at least 3"
    if math.gcd(n, _SMALL_PRIMES) > 1:
        return "can be broken: its modulus has a small factor"
    if all(n % p in {pow(65537, k, p) for k in range(p)} for p in _ROCA_PRIMES):
        return "can be broken: it comes from a faulty chip or library (ROCA, CVE-2017-15361)"
    if _has_close_primes(n):
        return "can be broken: its primes are close to each other (Fermat's method)"
    return None


def _has_close_primes(n: int) -> bool:
    """Return whether Fermat's method factors n: n = a² - b² for an a just above the root of n."""
    root = math.isqrt(n)
    differences = (a * a - n for a in range(root, root + FERMAT_ROUNDS + 1))
    return any(d >= 0 and math.isqrt(d) ** 2 == d for d in differences)
