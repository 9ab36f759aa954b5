"""The key that signs a request: opened in whatever form, refused if no public CA may sign it.

BR are the Baseline Requirements; the bounds of the checks are those of Boulder's
goodkey/good_key.go.
"""

import math
import os
from pathlib import Path
from unittest import mock

import make_csr
from common import goodkey
from tests.conftest import (
    ARTICLE,
    SECRET,
    Run,
    error_of,
    openssl,
    pem_of,
    private_key,
    warnings_of,
    with_a_change,
)
from tests.made import EC, OTHER, RSA

import pytest
from Crypto.IO import PEM
from Crypto.Util.asn1 import DerBitString, DerSequence
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

TO_2047, TO_2048 = 2**2047, 2**2048  # what has 2048 bits is between them
SMALL = math.prod(range(2, 752))
# Primes, so that a modulus has no other factors.
P, Q = 2**1024 - 105, 2**1014 - 347
N = 757 * P * Q  # of 2048 bits; 757 is the first prime that is not looked for
# The primes of the fingerprint in the paper on ROCA.
ROCA = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


def roca(*without: int) -> int:
    """Return a modulus with the fingerprint of ROCA: a power of 65537 modulo each of its primes.

    without: those of which it is not.
    """
    powers = {prime: {pow(65537, k, prime) for k in range(prime)} for prime in without}
    step = math.prod(prime for prime in ROCA if prime not in without)
    return next(
        n
        for n in range(TO_2047 // step * step + step + 65537, TO_2048, step)
        if math.gcd(n, SMALL) == 1 and all(n % prime not in powers[prime] for prime in without)
    )


def close(rounds: int) -> int:
    """Return a modulus that Fermat's method factors in so many rounds: a² - b²."""
    for a in range(3 * 2**1022, 2**1024):
        b = math.isqrt(rounds * (2 * a - rounds))  # so that a is the root of a² - b² + rounds
        if math.gcd(a * a - b * b, SMALL) == 1:
            return a * a - b * b
    raise AssertionError


EXPONENT = "has a public exponent that is even or below 3"
CLOSE = "can be broken: its primes are close to each other"

# A modulus, an exponent, and how it begins why no public CA may sign such a key.
RSA_KEYS = {
    "sound": (N, 65537, "sound"),
    # BR 6.1.5
    "2047 bits": (N >> 1 | 1, 65537, "has 2047 bits, but no public CA may sign a key with fewer"),
    "2049 bits": (N << 1 | 1, 65537, "has 2049 bits, which is not a whole number of bytes"),
    "8192 bits": (2**8192 - 1, 65537, "can be broken: its modulus has a small factor"),
    "8200 bits": (2**8199 | 1, 65537, "has 8200 bits, and keys over 8192 bits take too long"),
    # BR 6.1.6
    "exponent 1": (N, 1, EXPONENT),
    "exponent 2": (N, 2, EXPONENT),
    "exponent 3": (N, 3, "sound"),
    "even exponent": (N, 65538, EXPONENT),
    # BR 6.1.1.3
    "factor 751": (751 * P * Q, 65537, "can be broken: its modulus has a small factor"),
    "ROCA": (roca(), 65537, "can be broken: it comes from a faulty chip or library (ROCA"),
    "a square": (P * P, 65537, CLOSE),
    "close primes": (close(110), 65537, CLOSE),
    "less close primes": (close(111), 65537, "sound"),
} | {f"all of ROCA but {prime}": (roca(prime), 65537, "sound") for prime in ROCA}


@pytest.mark.parametrize("kind", RSA_KEYS)
def test_an_rsa_key_that_no_ca_may_sign(kind: str) -> None:
    n, e, reason = RSA_KEYS[kind]
    numbers = rsa.RSAPublicNumbers(e, n)
    # Newer releases of cryptography make no key with such an exponent.
    key = mock.Mock(rsa.RSAPublicKey, key_size=n.bit_length(), public_numbers=lambda: numbers)
    assert (goodkey.weakness(key) or "sound").startswith(reason)


def test_what_lets_encrypt_accepts() -> None:
    """See goodKeyRSA and LetsEncryptCPS, goodkey/good_key.go."""
    for bits, exponent, reason in (
        (2048, 65537, None),
        (4096, 65537, None),
        (2056, 65537, "has 2056 bits, not 2048, 3072 or 4096"),
        (2048, 3, "has a public exponent other than 65537"),
    ):
        public_key = rsa.RSAPublicNumbers(exponent, 2**bits - 1).public_key()
        assert goodkey.rejected(public_key) == reason


@pytest.mark.parametrize(
    ("curve", "name", "is_weak", "is_rejected"),
    [
        (ec.SECP256R1(), "P-256", False, False),
        (ec.SECP384R1(), "P-384", False, False),
        (ec.SECP521R1(), "P-521", False, True),
        (ec.SECP256K1(), "secp256k1", True, True),
    ],
)
def test_the_curves(curve: ec.EllipticCurve, name: str, is_weak: bool, is_rejected: bool) -> None:
    key = ec.generate_private_key(curve).public_key()
    weakness = f"is on the curve {name}, which no public CA may sign" if is_weak else None
    rejected = f"is on {name}, not P-256 or P-384" if is_rejected else None
    assert (goodkey.weakness(key), goodkey.rejected(key)) == (weakness, rejected)
    assert goodkey.properties(key) == (name, curve.key_size, 0)


KEY = (ARTICLE / "rsa2048.key").read_bytes()
REQUEST = (ARTICLE / "rsa2048-api.neoprime.xyz.csr").read_bytes()
LINE = KEY.splitlines(keepends=True)[20]
DAMAGED_KEY = KEY.replace(LINE, with_a_change(LINE.decode()).encode())

NUMBERS = "the key is damaged, since its numbers do not agree; restore a copy"
DAMAGED = "the key is damaged; restore a copy"

# By OpenSSL, the only one here that has this curve.
SECP160R1 = b"""\
-----BEGIN EC PRIVATE KEY-----
MFECAQEEFQBLWaEpIHGRSSqJU7xv8FQnjjIMi6AHBgUrgQQACKEsAyoABEj8py01
ZcIv/ez6SutwN5yYF+5B/rSBR1Q3aKnDH0PTXLMjGvnhgpM=
-----END EC PRIVATE KEY-----
"""


def with_point(point: bytes) -> bytes:
    """Return a P-256 key in PEM with this as its public half; RFC 5915."""
    form = PrivateFormat.TraditionalOpenSSL
    fields = DerSequence().decode(EC.private_bytes(Encoding.DER, form, NoEncryption()))
    fields[3] = DerBitString(point, explicit=1).encode()
    return PEM.encode(fields.encode(), "EC PRIVATE KEY").encode()


# The content of the file, and the error after the file's name.
UNUSABLE = {
    "1024 bits": (
        pem_of(private_key(1024)),
        "this key has 1024 bits, but no public CA may sign a key with fewer than 2048; "
        "make another",
    ),
    "secp160r1": (
        SECP160R1,
        "no public CA may sign this key (Curve 1.3.132.0.8 is not supported); make another",
    ),
    "Ed25519": (
        ed25519.Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ),
        "this key is neither an RSA nor an EC key, so no public CA may sign it; make another",
    ),
    "one character changed": (DAMAGED_KEY, NUMBERS),
    "another's point": (
        with_point(OTHER.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)),
        NUMBERS,
    ),
    "infinity": (with_point(b"\0"), DAMAGED),
    "not on the curve": (with_point(b"\4" + bytes(64)), DAMAGED),
    "another passphrase": (
        pem_of(EC, b"x", PrivateFormat.PKCS8),
        "this passphrase does not open the key; try another",
    ),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_an_unusable_key_is_refused(kind: str, run: Run, secret_file: str) -> None:
    content, message = UNUSABLE[kind]
    Path("my.key").write_bytes(content)
    error = error_of(run("make_csr.py", "--key", "my.key", "--passphrase-file", secret_file))
    assert error == f"my.key: {message}"
    assert sorted(os.listdir()) == ["my.key", secret_file]


USABLE = {
    "PKCS#8": pem_of(RSA, form=PrivateFormat.PKCS8),
    "notes before": b"Bag Attributes\n  friendlyName: mine\n" + KEY,
    "its request after": KEY + REQUEST,
    "encrypted": pem_of(RSA, SECRET.encode(), PrivateFormat.PKCS8),
    "encrypted as long ago": pem_of(RSA, SECRET.encode()),
}


@pytest.mark.parametrize("kind", USABLE)
def test_other_forms_of_a_key_sign_the_same_request(kind: str, run: Run, secret_file: str) -> None:
    Path("my.key").write_bytes(USABLE[kind])
    result = run("make_csr.py", "-q", "--key", "my.key", "--passphrase-file", secret_file)
    assert (result.returncode, result.stderr) == (0, "")
    assert Path("certificate.csr").read_bytes() == REQUEST


def test_an_encrypted_account_key_in_der(run: Run, secret_file: str) -> None:
    """With the passphrase of the certificate key; without one it cannot be compared."""
    protection = BestAvailableEncryption(SECRET.encode())
    der = RSA.private_bytes(Encoding.DER, PrivateFormat.PKCS8, protection)
    Path("account.key").write_bytes(der)
    Path("my.key").write_bytes(pem_of(RSA, SECRET.encode()))
    arguments = ["--key", "my.key", "--passphrase-file", secret_file]
    error = error_of(run("make_csr.py", *arguments))
    assert error.startswith("my.key: this is the account key (account.key), ")
    Path("my.key").write_bytes(pem_of(EC))
    (warning,) = warnings_of(run("make_csr.py", *arguments))
    assert warning.endswith("(account.key: the key is encrypted with another passphrase)")


def test_a_damaged_account_key_is_compared_too(key: Path, run: Run) -> None:
    Path("account.key").write_bytes(DAMAGED_KEY)
    error = error_of(run("make_csr.py"))
    assert error.startswith("certificate.key: this is the account key (account.key), ")


def test_an_error_that_is_not_about_the_key_does_not_blame_it(
    key: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make_csr, "create_csr", mock.Mock(side_effect=ValueError))
    assert "this is a bug in the program" in error_of(run("make_csr.py"))


def test_a_key_with_three_primes_is_not_called_damaged(run: Run) -> None:
    for options in ([], ["-traditional"]):
        openssl("genrsa", *options, "-primes", "3", "-out", "my.key", "2048", cwd=Path.cwd())
        error = error_of(run("make_csr.py", "--key", "my.key"))
        assert error.startswith("my.key: this key has more than two primes, so ")
