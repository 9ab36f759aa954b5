"""The key that signs a request: opened in whatever form, refused if no CA may sign it.

BR are the Baseline Requirements; the bounds of the checks are those of Boulder's
goodkey/good_key.go.
"""

import base64
import json
import math
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from common import keys
from tests.conftest import (
    ARTICLE,
    Run,
    error_of,
    need,
    pem_of,
    private_key,
    with_a_change,
)

import pytest
from Crypto.IO import PEM
from Crypto.Util.asn1 import DerSequence
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)

KEY = (ARTICLE / "rsa2048.key").read_bytes()
LINES = KEY.splitlines(keepends=True)
REQUEST = (ARTICLE / "rsa2048-api.neoprime.xyz.csr").read_bytes()
GIVE = "; give the private key with --key FILE"
ANOTHER = "; make another key"
RESTORE = "; restore a copy of the key"
NEITHER = "is neither an RSA nor an EC key, so no CA may sign it"
CUT_SHORT = "is cut short: an END line is missing; restore it from a copy"
BINARY = "is binary (DER); convert it to PEM with: openssl pkey -in FILE"
PKCS7 = "PKCS#7 (.p7b); take the certificates out with: openssl pkcs7 -print_certs -in FILE"
UTF_16 = "is UTF-16, as PowerShell 5 writes after >; save it as ASCII"
NUMBERS = "is damaged: its numbers do not agree; restore a copy"
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
    assert next(r for r in range(200) if is_square((math.isqrt(n) + r) ** 2 - n)) == rounds
    return n


def is_square(n: int) -> bool:
    return n >= 0 and math.isqrt(n) ** 2 == n


TOO_FEW = ", but no CA may sign a key with fewer than 2048"
FACTOR = "can be broken: its modulus has a small factor"
CLOSE = "can be broken: its primes are close to each other (Fermat's method)"

# A modulus, an exponent, and why no CA may sign such a key (None: one may).
RSA_KEYS: dict[str, tuple[int, int, str | None]] = {
    "sound": (N, 65537, None),
    # BR 6.1.5
    "2040 bits": (N >> 8 | 1, 65537, f"has 2040 bits{TOO_FEW}"),
    "2047 bits": (N >> 1 | 1, 65537, f"has 2047 bits{TOO_FEW}"),
    "2049 bits": (
        N << 1 | 1,
        65537,
        "has 2049 bits, which is not a whole number of bytes, so no CA may sign it",
    ),
    "8192 bits": (2**8192 - 1, 65537, FACTOR),
    "8200 bits": (
        2**8199 | 1,
        65537,
        "has 8200 bits, and keys over 8192 bits take too long to check",
    ),
    # BR 6.1.6; newer releases of cryptography do not load such keys
    "exponent 1": (N, 1, "has the public exponent 1, but it must be odd and at least 3"),
    "exponent 2": (N, 2, "has the public exponent 2, but it must be odd and at least 3"),
    "exponent 3": (N, 3, None),
    "even exponent": (N, 65538, "has the public exponent 65538, but it must be odd and at least 3"),
    # BR 6.1.1.3
    "factor 2": (N - 1, 65537, FACTOR),
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
def test_an_rsa_key(kind: str, run: Run) -> None:
    n, e, reason = RSA_KEYS[kind]
    Path("my.key").write_bytes(rsa_pem(n, e))
    error = error_of(run("make_csr.py", "--key", "my.key"))
    expected = [f"my.key: {reason}{ANOTHER}"] if reason else []
    if not reason or "exponent" in reason:  # only if it is sound does the rest of the key count
        expected.append(f"my.key: {NUMBERS}")
    assert error in expected
    assert keys._rsa_weakness(n, e) == reason
    assert os.listdir() == ["my.key"]


@pytest.mark.parametrize("prime", ROCA_PRIMES)
def test_a_key_with_most_of_the_fingerprint_of_roca(prime: int) -> None:
    step = math.prod(ROCA_PRIMES) // prime
    powers = {pow(65537, k, prime) for k in range(prime)}
    start = (2**2047 // step + 1) * step + 65537
    moduli = (n for n in range(start, 2**2048, step) if n % prime not in powers)
    n = next(n for n in moduli if math.gcd(n, math.prod(range(2, 752))) == 1)
    assert keys.weakness(rsa.RSAPublicNumbers(65537, n).public_key()) is None


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


def p12() -> bytes:
    return pkcs12.serialize_key_and_certificates(
        None, private_key("P-256"), None, None, NoEncryption()
    )


def openssh() -> bytes:
    return pem_of(private_key("P-256"), form=PrivateFormat.OpenSSH)


def test_a_damaged_account_key_is_compared_too(run: Run) -> None:
    Path("account.key").write_bytes(numbers_that_disagree())
    Path("my.key").write_bytes(pem_of(private_key(2048)))
    error = error_of(run("make_csr.py", "--key", "my.key"))
    assert error == (
        "my.key: is also the account key (account.key), and a CA rejects one key for both; "
        "make a certificate key with make_certificate_key.py"
    )


# The content of the file, and the error after the file's name.
UNUSABLE: dict[str, tuple[bytes | Callable[[], bytes], str]] = {
    "empty": (b"", f"is empty{GIVE}"),
    "blank": (b"\n \n", f"is empty{GIVE}"),
    "text": (b"hello\n", f"contains no PEM (-----BEGIN …){GIVE}"),
    "binary": (bytes(range(256)) * 8, f"contains no PEM (-----BEGIN …){GIVE}"),
    "large": (bytes(2**20 + 1), f"larger than 1 MiB{GIVE}"),
    "cut short": (KEY[:900], CUT_SHORT),
    "notes, and cut short": (b"notes\n" + KEY[:900], CUT_SHORT),
    "cut short, CRLF": (KEY.replace(b"\n", b"\r\n")[:900], CUT_SHORT),
    "without its END line": (b"".join(LINES[:-1]), CUT_SHORT),
    "another END line": (KEY.replace(b"END RSA", b"END EC"), CUT_SHORT),
    "a line lost": (b"".join(LINES[:5] + LINES[6:]), f"is damaged{RESTORE}"),
    "one character changed": (
        KEY.replace(LINES[20], with_a_change(LINES[20].decode()).encode()),
        NUMBERS,
    ),
    "indented": (
        b"  " + KEY.replace(b"\n", b"\n  "),
        "is indented; remove the spaces before its lines",
    ),
    "CR alone": (KEY.replace(b"\n", b"\r"), "ends its lines with CR only; save it with LF or CRLF"),
    "UTF-16, little endian": (KEY.decode().encode("utf-16"), UTF_16),
    "UTF-16, big endian": (b"\xfe\xff" + KEY.decode().encode("utf-16-be"), UTF_16),
    "two keys": (KEY + KEY, "contains 2 private keys; put each in its own file"),
    "request": (REQUEST, f"contains a certificate signing request{GIVE}"),
    "request, older label": (
        REQUEST.replace(b" CERT", b" NEW CERT"),
        f"contains a certificate signing request{GIVE}",
    ),
    "unheard of": (
        KEY.replace(b"RSA PRIVATE KEY", b"MAGIC"),
        f"contains PEM with the label MAGIC{GIVE}",
    ),
    "not a label": (
        KEY.replace(b"RSA PRIVATE KEY", b"\xff\x1b"),
        f"contains PEM with the label \ufffd\\x1b{GIVE}",
    ),
    "unheard of key": (
        KEY.replace(b"RSA ", b"X "),
        f"contains PEM with the label X PRIVATE KEY{GIVE}",
    ),
    "JWK": (
        json.dumps({"kty": "EC"}).encode(),
        "is JSON, perhaps a JSON Web Key (JWK); convert it to PEM",
    ),
    "PuTTY": (
        b"PuTTY-User-Key-File-3: ssh-rsa\n",
        "is a PuTTY key; export it from PuTTYgen as an OpenSSL key",
    ),
    "SSH public key": (b"ssh-rsa AAAAB3Nza a@b\n", f"is an SSH public key{GIVE}"),
    "SSH public key, ECDSA": (b"ecdsa-sha2-nistp256 AAAAE2", f"is an SSH public key{GIVE}"),
    "OpenSSH": (
        openssh,
        "contains an OpenSSH key; convert a copy with: ssh-keygen -p -m PEM -f COPY",
    ),
    "DER, RSA": (base64.b64decode(b"".join(LINES[1:-1])), BINARY),
    "DER, with a CR and no LF": (b"\x30\x77\x02\x01\x01\x04\x20" + b"\r" * 32, BINARY),
    "PKCS#12": (
        p12,
        "is PKCS#12 (.p12, .pfx); take the key out with: openssl pkcs12 -nocerts -noenc -in FILE",
    ),
    "PKCS#7": (made("crl2pkcs7", "-nocrl"), f"contains {PKCS7}"),
    "PKCS#7, DER": (made("crl2pkcs7", "-nocrl", "-outform", "DER"), f"is {PKCS7}"),
    "public key": (made("rsa", "-in", SOURCE, "-pubout"), f"contains a public key{GIVE}"),
    "PKCS#1 public key": (
        made("rsa", "-in", SOURCE, "-RSAPublicKey_out"),
        f"contains a public key{GIVE}",
    ),
    "certificate": (
        made("req", "-x509", "-key", SOURCE, "-subj", "/CN=a"),
        f"contains a certificate{GIVE}",
    ),
    "RSA-PSS": (
        made("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"),
        NEITHER + ANOTHER,
    ),
    "DSA": (made("dsaparam", "-genkey", "-noout", "1024"), NEITHER + ANOTHER),
    "Ed25519": (made("genpkey", "-algorithm", "ED25519"), NEITHER + ANOTHER),
    "P-224": (on_curve("secp224r1"), f"is on the curve secp224r1, which no CA may sign{ANOTHER}"),
    "secp160r1": (
        on_curve("secp160r1"),
        "is a key that no CA may sign (Curve 1.3.132.0.8 is not supported); make another",
    ),
    "another's point": (lambda: with_point(point_of(1)), NUMBERS),
    "infinity": (lambda: with_point(b"\0"), f"is damaged{RESTORE}"),
    "not on the curve": (with_point(b"\4" + bytes(64)), f"is damaged{RESTORE}"),
    "numbers that disagree": (numbers_that_disagree, NUMBERS),
    "encrypted": (
        lambda: pem_of(private_key("P-256"), b"x", PrivateFormat.PKCS8),
        "this passphrase does not open it; try another",
    ),
    "encrypted long ago": (
        lambda: pem_of(private_key("P-256"), b"x"),
        "this passphrase does not open it; try another",
    ),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_an_unusable_key(kind: str, run: Run, secret_file: str) -> None:
    content, message = UNUSABLE[kind]
    Path("my.key").write_bytes(content if isinstance(content, bytes) else content())
    error = error_of(run("make_csr.py", "--key", "my.key", "--passphrase-file", secret_file))
    assert error == f"my.key: {message}"
    assert sorted(os.listdir()) == ["my.key", secret_file]


USABLE: dict[str, bytes | Callable[[], bytes]] = {
    "CRLF": KEY.replace(b"\n", b"\r\n"),
    "blanks at the ends of lines": KEY.replace(b"\n", b" \t\n"),
    "byte order mark": b"\xef\xbb\xbf" + KEY,
    "PKCS#8": made("pkey", "-in", SOURCE),
    "no newline at the end": KEY.rstrip(),
    "notes before": b"Bag Attributes\n  friendlyName: mine\n" + KEY,
    "one cut short before": KEY[:500] + b"\n" + KEY,
    "its request after": KEY + REQUEST,
    "its request before": REQUEST + KEY,
    "encrypted": made("pkcs8", "-topk8", "-in", SOURCE, "-passout", "pass:" + "x" * 9),
    "encrypted long ago": made(
        "rsa", "-traditional", "-aes128", "-in", SOURCE, "-passout", "pass:" + "x" * 9
    ),
}


@pytest.mark.parametrize("kind", USABLE)
def test_other_forms_of_a_key(kind: str, run: Run) -> None:
    content = USABLE[kind]
    Path("my.key").write_bytes(content if isinstance(content, bytes) else content())
    Path("secret").write_bytes(b"x" * 9 + b"\n")
    Path("secret").chmod(0o600)
    result = run("make_csr.py", "-q", "--key", "my.key", "--passphrase-file", "secret")
    assert (result.returncode, result.stderr) == (0, "")
    assert Path("certificate.csr").read_bytes() == REQUEST


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        (2048, ("RSA", 2048, 65537)),
        ("P-256", ("P-256", 256, 0)),
        ("P-384", ("P-384", 384, 0)),
        ("P-521", ("P-521", 521, 0)),
    ],
)
def test_properties(kind: int | str, properties: tuple[str, int, int]) -> None:
    public_key = private_key(kind).public_key()
    assert keys.properties(public_key) == properties
    assert keys.weakness(public_key) is None


def test_properties_of_other_keys() -> None:
    assert keys.properties(ec.generate_private_key(ec.SECP256K1()).public_key())[0] == "secp256k1"
    ed25519 = type("Ed25519PublicKey", (), {})()
    assert keys.properties(ed25519) == ("Ed25519", 0, 0)
    assert keys.weakness(ed25519) == NEITHER
