"""The key that signs a request: opened in whatever form, refused if no public CA may sign it.

BR are the Baseline Requirements; the bounds of the checks are those of Boulder's
goodkey/good_key.go.
"""

import math
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import make_csr
from common import goodkey
from tests.conftest import (
    ARTICLE,
    Run,
    error_of,
    need,
    pem_of,
    private_key,
    warnings_of,
    with_a_change,
)

import pytest
from Crypto.IO import PEM
from Crypto.Util.asn1 import DerSequence
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)

Patch = pytest.MonkeyPatch

KEY = (ARTICLE / "rsa2048.key").read_bytes()
LINES = KEY.splitlines(keepends=True)
REQUEST = (ARTICLE / "rsa2048-api.neoprime.xyz.csr").read_bytes()
GIVE_IT = "; give it with --account-key FILE"
ANOTHER = "; make another"
NEITHER = "is neither an RSA nor an EC key, so no public CA may sign it"
NUMBERS = "the key is damaged, since its numbers do not agree; restore a copy"
DAMAGED = "the key is damaged; restore a copy"
SOURCE = str(ARTICLE / "rsa2048.key")

# Primes, so that the moduli below take no time to find.
P, Q = 2**1024 - 105, 2**1014 - 347
N = 757 * P * Q  # of 2048 bits; 757 is the first prime that is not looked for

# The primes of the fingerprint in the paper on ROCA.
ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
PRIMORIAL = math.prod(n for n in range(2, 168) if all(n % d for d in range(2, n)))
# The form of the primes, and so of the moduli, that the library behind ROCA made.
ROCA = next(
    n
    for n in range(
        (2**2047 // PRIMORIAL + 1) * PRIMORIAL + pow(65537, 7, PRIMORIAL), 2**2048, PRIMORIAL
    )
    if math.gcd(n, math.prod(range(3, 752, 2))) == 1
)


def close(rounds: int, offset: int) -> int:
    """Return the modulus of P and a prime that Fermat's method finds in so many rounds."""
    n = P * (P - 2 * math.isqrt((2 * rounds - 1) * P) - offset)
    differences = ((math.isqrt(n) + r) ** 2 - n for r in range(1, 200))
    assert next(r for r, d in enumerate(differences, 1) if math.isqrt(d) ** 2 == d) == rounds
    return n


TOO_FEW = ", but no public CA may sign a key with fewer than 2048"
FACTOR = "can be broken: its modulus has a small factor"
EXPONENT = "has a public exponent that is even or below 3, so no public CA may sign it"
CLOSE = "can be broken: its primes are close to each other (Fermat's method)"

# A modulus, an exponent, and why no public CA may sign such a key (None: one may).
RSA_KEYS: dict[str, tuple[int, int, str | None]] = {
    "sound": (N, 65537, None),
    # BR 6.1.5
    "2047 bits": (N >> 1 | 1, 65537, f"has 2047 bits{TOO_FEW}"),
    "2049 bits": (
        N << 1 | 1,
        65537,
        "has 2049 bits, which is not a whole number of bytes, so no public CA may sign it",
    ),
    "8192 bits": (2**8192 - 1, 65537, FACTOR),
    "8200 bits": (
        2**8199 | 1,
        65537,
        "has 8200 bits, and keys over 8192 bits take too long to check",
    ),
    # BR 6.1.6; newer releases of cryptography do not load such keys
    "exponent 2": (N, 2, EXPONENT),
    "exponent 3": (N, 3, None),
    "even exponent": (N, 65538, EXPONENT),
    # BR 6.1.1.3
    "factor 751": (751 * 2 * P * Q // 2, 65537, FACTOR),
    "ROCA": (
        ROCA,
        65537,
        "can be broken: it comes from a faulty chip or library (ROCA, CVE-2017-15361)",
    ),
    "a square": (P * P, 65537, CLOSE),
    "close primes": (close(110, 578), 65537, CLOSE),
    "less close primes": (close(111, 730), 65537, None),
}


def rsa_pem(n: int, e: int) -> bytes:
    """Return a private key with this public half; nothing else in it is true."""
    der = DerSequence([0, n, e, 3, 3, 5, 1, 1, 1]).encode()
    return PEM.encode(der, "RSA PRIVATE KEY").encode() + b"\n"


@pytest.mark.parametrize("kind", RSA_KEYS)
def test_an_rsa_key_that_no_ca_may_sign_is_refused(kind: str, run: Run) -> None:
    n, e, reason = RSA_KEYS[kind]
    Path("my.key").write_bytes(rsa_pem(n, e))
    error = error_of(run("make_csr.py", "--key", "my.key"))
    expected = [f"my.key: this key {reason}{ANOTHER}"] if reason else []
    if not reason or "exponent" in reason:  # only if it is sound does the rest of the key count
        expected.append(f"my.key: {NUMBERS}")
    assert error in expected
    assert os.listdir() == ["my.key"]


@pytest.mark.parametrize("prime", ROCA_PRIMES)
def test_a_key_with_most_of_the_fingerprint_of_roca_is_sound(prime: int) -> None:
    step = math.prod(ROCA_PRIMES) // prime
    powers = {pow(65537, k, prime) for k in range(prime)}
    moduli = range((2**2047 // step + 1) * step + 65537, 2**2048, step)
    others = (n for n in moduli if n % prime not in powers)
    n = next(n for n in others if math.gcd(n, math.prod(range(2, 752))) == 1)
    assert goodkey.weakness(rsa.RSAPublicNumbers(65537, n).public_key()) is None


def made(*arguments: str) -> Callable[[], bytes]:
    """Return a function that returns what an OpenSSL command writes to standard output."""

    def output() -> bytes:
        need("openssl")
        return subprocess.run(["openssl", *arguments], capture_output=True, check=True).stdout

    return output


def on_curve(name: str, *options: str) -> Callable[[], bytes]:
    return made("ecparam", "-name", name, "-genkey", "-noout", *options)


def with_point(point: bytes) -> bytes:
    """Return a P-256 key in PEM with this as its public half; RFC 5915."""
    key = private_key("P-256", 0)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    number = key.private_numbers().private_value.to_bytes(32, "big")
    public = b"\x03" + bytes([len(point) + 1]) + b"\x00" + point
    body = bytes.fromhex("0201010420") + number + bytes.fromhex("a00a06082a8648ce3d030107")
    body += b"\xa1" + bytes([len(public)]) + public
    return PEM.encode(b"\x30" + bytes([len(body)]) + body, "EC PRIVATE KEY").encode() + b"\n"


def point_of(number: int) -> bytes:
    public = private_key("P-256", number).public_key()
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def test_the_hand_made_encoding_is_right(run: Run) -> None:
    Path("my.key").write_bytes(with_point(point_of(0)))
    assert run("make_csr.py", "--key", "my.key").returncode == 0


def numbers_that_disagree() -> bytes:
    key, other = private_key(2048), private_key(2048, 1)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert isinstance(other, rsa.RSAPrivateKey)
    mine, its = key.private_numbers(), other.private_numbers()
    wrong = rsa.RSAPrivateNumbers(
        mine.p, mine.q, its.d, mine.dmp1, mine.dmq1, mine.iqmp, mine.public_numbers
    )
    return pem_of(wrong.private_key(unsafe_skip_rsa_key_validation=True))


def test_a_damaged_account_key_is_compared_too(run: Run) -> None:
    Path("account.key").write_bytes(numbers_that_disagree())
    Path("my.key").write_bytes(pem_of(private_key(2048)))
    error = error_of(run("make_csr.py", "--key", "my.key"))
    assert error == (
        "my.key: this is the account key (account.key), which must not be the certificate key; "
        "make one with make_certificate_key.py"
    )


# The content of the file, and the error after the file's name.
UNUSABLE: dict[str, tuple[bytes | Callable[[], bytes], str]] = {
    "one character changed": (
        KEY.replace(LINES[20], with_a_change(LINES[20].decode()).encode()),
        NUMBERS,
    ),
    "Ed25519": (made("genpkey", "-algorithm", "ED25519"), f"this key {NEITHER}{ANOTHER}"),
    "P-224": (
        on_curve("secp224r1"),
        f"this key is on the curve secp224r1, which no public CA may sign{ANOTHER}",
    ),
    "secp160r1": (
        on_curve("secp160r1"),
        "no public CA may sign this key (Curve 1.3.132.0.8 is not supported); make another",
    ),
    "another's point": (lambda: with_point(point_of(1)), NUMBERS),
    "infinity": (lambda: with_point(b"\0"), DAMAGED),
    "not on the curve": (with_point(b"\4" + bytes(64)), DAMAGED),
    "numbers that disagree": (numbers_that_disagree, NUMBERS),
    "encrypted": (
        lambda: pem_of(private_key("P-256"), b"x", PrivateFormat.PKCS8),
        "this passphrase does not open the key; try another",
    ),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_an_unusable_key_is_refused(kind: str, run: Run, secret_file: str) -> None:
    content, message = UNUSABLE[kind]
    Path("my.key").write_bytes(content if isinstance(content, bytes) else content())
    error = error_of(run("make_csr.py", "--key", "my.key", "--passphrase-file", secret_file))
    assert error == f"my.key: {message}"
    assert sorted(os.listdir()) == ["my.key", secret_file]


USABLE: dict[str, bytes | Callable[[], bytes]] = {
    "PKCS#8": made("pkey", "-in", SOURCE),
    "notes before": b"Bag Attributes\n  friendlyName: mine\n" + KEY,
    "its request after": KEY + REQUEST,
    "encrypted": made("pkcs8", "-topk8", "-in", SOURCE, "-passout", "pass:" + "x" * 9),
    "encrypted long ago": made(
        "rsa", "-traditional", "-aes128", "-in", SOURCE, "-passout", "pass:" + "x" * 9
    ),
}


@pytest.mark.parametrize("kind", USABLE)
def test_other_forms_of_a_key_sign_the_same_request(kind: str, run: Run) -> None:
    content = USABLE[kind]
    Path("my.key").write_bytes(content if isinstance(content, bytes) else content())
    Path("secret").write_bytes(b"x" * 9 + b"\n")
    Path("secret").chmod(0o600)
    result = run("make_csr.py", "-q", "--key", "my.key", "--passphrase-file", "secret")
    assert (result.returncode, result.stderr) == (0, "")
    assert Path("certificate.csr").read_bytes() == REQUEST


@pytest.mark.parametrize(
    ("bits", "exponent", "reason"),
    [
        (2048, 65537, None),
        (4096, 65537, None),
        (2056, 65537, "has 2056 bits, not 2048, 3072 or 4096"),
        (2048, 3, "has a public exponent other than 65537"),
    ],
)
def test_what_lets_encrypt_accepts(bits: int, exponent: int, reason: str | None) -> None:
    """See goodKeyRSA and LetsEncryptCPS, goodkey/good_key.go."""
    public_key = rsa.RSAPublicNumbers(exponent, 2**bits - 1).public_key()
    assert goodkey.rejected(public_key) == reason


def encrypted_der(form: PrivateFormat) -> bytes:
    protection = BestAvailableEncryption(b"x" * 9)
    return private_key(2048).private_bytes(Encoding.DER, form, protection)


@pytest.mark.parametrize("path", ["account.key", "other.key"])
def test_an_encrypted_account_key_in_der(path: str, run: Run) -> None:
    """With the passphrase of the certificate key; without one it cannot be compared."""
    Path(path).write_bytes(encrypted_der(PrivateFormat.PKCS8))
    Path("secret").write_bytes(b"x" * 9)
    Path("secret").chmod(0o600)
    Path("my.key").write_bytes(pem_of(private_key(2048), b"x" * 9))
    arguments = ["--key", "my.key", "--passphrase-file", "secret", "--account-key", path]
    error = error_of(run("make_csr.py", *arguments))
    assert error.startswith(f"my.key: this is the account key ({path}), ")
    Path("my.key").write_bytes(pem_of(private_key("P-256")))
    (warning,) = warnings_of(run("make_csr.py", *arguments))
    assert warning.endswith(f"({path}: the key is encrypted with another passphrase)")


@pytest.mark.posix(reason="a pipe with a name")
def test_a_pipe_in_place_of_the_account_key_is_not_waited_for(key: Path, run: Run) -> None:
    os.mkfifo("account.key")
    (warning,) = warnings_of(run("make_csr.py"))
    assert warning.endswith(f"(account.key: the file is empty{GIVE_IT})")


def test_an_error_that_is_not_about_the_key(run: Run, key: Path, monkeypatch: Patch) -> None:
    """It does not become "damaged"."""

    def create_csr(*arguments: object) -> None:
        raise ValueError

    monkeypatch.setattr(make_csr, "create_csr", create_csr)
    assert "this is a bug in the program" in error_of(run("make_csr.py"))


def test_the_properties_of_keys() -> None:
    for kind, properties in (
        (2048, ("RSA", 2048, 65537)),
        ("P-384", ("P-384", 384, 0)),
        ("P-521", ("P-521", 521, 0)),
    ):
        public_key = private_key(kind).public_key()
        assert goodkey.properties(public_key) == properties
        assert goodkey.weakness(public_key) is None
        reason = "is on P-521, not P-256 or P-384" if kind == "P-521" else None
        assert goodkey.rejected(public_key) == reason
    koblitz = ec.generate_private_key(ec.SECP256K1()).public_key()
    assert goodkey.properties(koblitz)[0] == "secp256k1"
    ed25519 = type("Ed25519PublicKey", (), {})()
    assert goodkey.properties(ed25519) == ("Ed25519", 0, 0)
    assert goodkey.weakness(ed25519) == NEITHER
