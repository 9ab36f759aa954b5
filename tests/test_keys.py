"""The key that signs a request: opened in whatever form, refused if no public CA may sign it.

BR are the Baseline Requirements; the bounds are those of Boulder's goodkey/good_key.go.
"""

import math
import os
from pathlib import Path
from unittest import mock

from common import goodkey, wrapping
from tests.conftest import ARTICLE, SECRET, Run, error_of, pem_of, warnings_of
from tests.made import EC, OTHER, RSA, as_der, as_pem, integer, openssl, pkcs1, tlv, write

import pytest
from Crypto.IO import PKCS8
from Crypto.Util.asn1 import DerBitString, DerSequence
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat

SMALL = math.prod(range(2, 752))
# Primes, so that a modulus has no other factors.
P, Q = 2**1024 - 105, 2**1014 - 347
N = 757 * P * Q  # of 2048 bits; 757 is the first prime that is not looked for
# The primes of the fingerprint in the paper on ROCA.
ROCA = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


def roca(*without: int) -> int:
    """Return a modulus that is a power of 65537 modulo each prime of ROCA, but for some."""
    powers = {prime: {pow(65537, k, prime) for k in range(prime)} for prime in without}
    step = math.prod(prime for prime in ROCA if prime not in without)
    return next(
        n
        for n in range(2**2047 // step * step + step + 65537, 2**2048, step)
        if math.gcd(n, SMALL) == 1 and all(n % prime not in powers[prime] for prime in without)
    )


def close(rounds: int) -> int:
    """Return a modulus that Fermat's method factors in so many rounds: a² - b²."""
    moduli = (
        a * a - math.isqrt(rounds * (2 * a - rounds)) ** 2  # so that a is the root of n + rounds
        for a in range(3 * 2**1022, 2**1024)
    )
    return next(n for n in moduli if math.gcd(n, SMALL) == 1)


EXPONENT = "has a public exponent that is even or below 3, so no public CA may sign it"
FACTOR = "can be broken: its modulus has a small factor"
CLOSE = "can be broken: its primes are close to each other (Fermat's method)"
FEW = "has 2047 bits, but no public CA may sign a key with fewer than 2048"
ODD = "has 2049 bits, which is not a whole number of bytes, so no public CA may sign it"
FINGERPRINT = "can be broken: it comes from a faulty chip or library (ROCA, CVE-2017-15361)"

# A modulus, an exponent, and why no public CA may sign such a key.
RSA_KEYS = {
    "sound": (N, 65537, None),
    # BR 6.1.5
    "2047 bits": (N >> 1 | 1, 65537, FEW),
    "2049 bits": (N << 1 | 1, 65537, ODD),
    "8192 bits": (2**8192 - 2, 65537, FACTOR),
    "8200 bits": (2**8199 | 1, 65537, None),  # not checked, since it would take too long
    # BR 6.1.6
    "exponent 1": (N, 1, EXPONENT),
    "exponent 3": (N, 3, None),
    "even exponent": (N, 65538, EXPONENT),
    # BR 6.1.1.3
    "factor 751": (751 * P * Q, 65537, FACTOR),
    "ROCA": (roca(), 65537, FINGERPRINT),
    "a square": (P * P, 65537, CLOSE),
    "close primes": (close(110), 65537, CLOSE),
    "less close primes": (close(111), 65537, None),
} | {f"all of ROCA but {prime}": (roca(prime), 65537, None) for prime in ROCA}


@pytest.mark.parametrize("kind", RSA_KEYS)
def test_an_rsa_key_that_no_ca_may_sign(kind: str) -> None:
    n, e, reason = RSA_KEYS[kind]
    numbers = rsa.RSAPublicNumbers(e, n)
    # Newer releases of cryptography make no key with such an exponent.
    key = mock.Mock(rsa.RSAPublicKey, key_size=n.bit_length(), public_numbers=lambda: numbers)
    assert goodkey.weakness(key) == reason


def test_what_lets_encrypt_accepts() -> None:
    """See goodKeyRSA and LetsEncryptCPS, goodkey/good_key.go."""
    for bits, exponent, reason in (
        *((bits, 65537, None) for bits in (2048, 3072, 4096)),
        (2056, 65537, "has 2056 bits, not 2048, 3072 or 4096"),
        (2048, 3, "has a public exponent other than 65537"),
    ):
        public_key = rsa.RSAPublicNumbers(exponent, 2**bits - 1).public_key()
        assert goodkey.rejected(public_key) == reason


def test_the_curves() -> None:
    weak = "is on the curve secp256k1, so no public CA may sign it"
    for curve, name, weakness, rejected in (
        (ec.SECP256R1(), "P-256", None, None),
        (ec.SECP384R1(), "P-384", None, None),
        (ec.SECP521R1(), "P-521", None, "is on P-521, not P-256 or P-384"),
        (ec.SECP256K1(), "secp256k1", weak, "is on secp256k1, not P-256 or P-384"),
    ):
        key = ec.generate_private_key(curve).public_key()
        assert (goodkey.weakness(key), goodkey.rejected(key)) == (weakness, rejected)
        assert goodkey.kind(key) == name


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_a_private_number_that_is_easy_to_guess(curve: ec.EllipticCurve) -> None:
    """See checkSmallPrivateScalar, goodkey/good_key.go."""
    guessed = "can be broken: its private number is easy to guess"
    for number, weakness in ((1, guessed), (255, guessed), (256, None)):
        key = ec.derive_private_key(number, curve).public_key()
        assert goodkey.weakness(key) == weakness


KEY = (ARTICLE / "rsa2048.key").read_bytes()
DAMAGED_KEY = KEY.replace(b"/t6+/kD5", b"/t6+/AD5")

NUMBERS = "its numbers do not agree; restore a copy of the key"
DAMAGED = "the key is damaged; restore a copy"
UNUSUAL = (
    "the key is written in an unusual way; write it again with openssl pkey or with the program "
    "that made it, or restore a copy"
)
OTHER_CURVE = "no public CA may sign this key (Curve 1.3.132.0.8 is not supported); make another"
OTHER_KEY = "this key is neither an RSA nor an EC key, so no public CA may sign it; make another"
UNKNOWN = "this kind of key cannot be read here ({}); use another"
LONG = "this key has 8200 bits, and keys over 8192 bits take too long to check; make another"
NO_CURVE = "this EC key does not say which curve it is on; use the file that it comes from"
TWICE = "this is PKCS#8 inside PKCS#8; export the key again, as one PKCS#8"
GIVE = "give the private key with --key FILE"


def sec1(**changed: bytes) -> bytes:
    """Return a P-256 key in PEM with another curve or point, or without it; RFC 5915."""
    fields = DerSequence().decode(wrapping.blocks(pem_of(EC))[0].content)
    parts = {"version": integer(1), "key": fields[1], "curve": fields[2], "point": fields[3]}
    return wrapping.pem_of("EC PRIVATE KEY", tlv(0x30, *(parts | changed).values()))


def cms(kind: int, content: str = "2a") -> bytes:
    """Return the start of CMS, RFC 5652. content: the OID in it, in hexadecimal."""
    inside = tlv(0xA0, tlv(0x30, tlv(6, bytes.fromhex(content))))
    return tlv(0x30, tlv(6, bytes.fromhex("2a864886f70d0107"), bytes([kind])), inside)


def unsigned(number: int) -> bytes:
    """Return an INTEGER that is negative if its first bit is set."""
    return tlv(2, number.to_bytes((number.bit_length() + 7) // 8 or 1, "big"))


RSA_NUMBERS = [int(number) for number in DerSequence().decode(pkcs1())[:]]
CMC = cms(2, "2b06010505070c02")
IS_CMC = f"this is a request in CMC (RFC 5272), not in PKCS#10; {GIVE}"
IS_MESSAGE = f"this is an encrypted message (CMS, S/MIME); {GIVE}"
NO_PRIMES = tlv(0x30, *map(integer, [*RSA_NUMBERS[:4], *5 * [0]]))
NO_QINV = tlv(0x30, *map(integer, RSA_NUMBERS[:8]))
LACKING = "this key lacks its primes, so it cannot be used here; use the file that it comes from"
PBES2 = "PBKDF2WithHMAC-SHA512AndAES256-CBC"
SCRYPT = "scryptAndAES256-CBC"
RSA_OID = "1.2.840.113549.1.1.1"
SECP160R1 = tlv(0xA0, tlv(6, bytes.fromhex("2b81040008")))
GOST = "1.2.643.7.1.1.1.1"
OTHER_POINT = OTHER.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

# The content of the file, and the error after the file's name.
UNUSABLE = {
    "secp160r1": (sec1(curve=SECP160R1, key=tlv(4, b"x"), point=b""), OTHER_CURVE),
    "Ed25519": (as_pem(ed25519.Ed25519PrivateKey.generate()), OTHER_KEY),
    "GOST": (PKCS8.wrap(b"x", GOST), UNKNOWN.format(f"Unknown key type: {GOST}")),
    "8200 bits": (pkcs1(n=2**8199 | 1), LONG),
    "one character changed": (DAMAGED_KEY, NUMBERS),
    "a scalar of 5000 bytes": (sec1(key=tlv(4, b"\1" * 5000)), NUMBERS),
    "another's point": (sec1(point=DerBitString(OTHER_POINT, explicit=1).encode()), NUMBERS),
    "not on the curve": (as_der(EC)[:-64] + bytes(64), DAMAGED),
    "a new version of PKCS#8": (as_der(EC).replace(integer(0), integer(2), 1), UNUSUAL),
    "more in PKCS#8": (tlv(48, as_der(EC)[3:], b"\xa1\0"), UNUSUAL),
    "the curve only inside PKCS#8": (
        PKCS8.wrap(wrapping.blocks(pem_of(EC))[0].content, "1.2.840.10045.2.1", key_params=None),
        UNUSUAL,
    ),
    "no zero octets": (tlv(0x30, *map(unsigned, RSA_NUMBERS)), UNUSUAL),
    "a number missing": (wrapping.pem_of("RSA PRIVATE KEY", NO_QINV), DAMAGED),
    "no primes": (NO_PRIMES, LACKING),
    "no primes, encrypted": (PKCS8.wrap(NO_PRIMES, RSA_OID, SECRET.encode(), PBES2), LACKING),
    "no curve": (sec1(curve=b""), NO_CURVE),
    "PKCS#8 twice": (PKCS8.wrap(as_der(EC), RSA_OID), TWICE),
    "scrypt with more memory than OpenSSL takes": (
        PKCS8.wrap(pkcs1(), RSA_OID, SECRET.encode(), SCRYPT, {"iteration_count": 1 << 16}),
        UNKNOWN.format("cryptography can open it, but OpenSSL cannot"),
    ),
    "two keys": (KEY + pem_of(EC), "this file has 2 private keys; put each in its own file"),
    "CMC as a request": (wrapping.pem_of("NEW CERTIFICATE REQUEST", CMC), IS_CMC),
    "enveloped CMS": (wrapping.pem_of("CMS", cms(3)), IS_MESSAGE),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_an_unusable_key_is_refused(kind: str, run: Run, secret_file: str) -> None:
    content, message = UNUSABLE[kind]
    Path("my.key").write_bytes(content)
    error = error_of(run("make_csr.py", "--key", "my.key", "--passphrase-file", secret_file))
    assert error == f"my.key: {message}"
    assert sorted(os.listdir()) == ["my.key", secret_file]


def test_an_unusual_rsa_key_is_not_called_damaged(run: Run, secret_file: str) -> None:
    primes = "this key has more than two primes, so it cannot be used here; make another"
    pss = "this key is an RSA-PSS key, so no public CA may sign it; make another"
    for command, reason in (
        ("genrsa -primes 3 -out my.key 2048", primes),
        ("rsa -in my.key -traditional -aes128 -passout file:secret -out my.key", primes),
        ("genpkey -algorithm RSA-PSS -out my.key", pss),
    ):
        openssl(command)
        error = error_of(run("make_csr.py", "--key", "my.key", "--passphrase-file", secret_file))
        assert error == f"my.key: {reason}"
    write("my.key", pkcs1(e=2))  # releases of cryptography differ in what they say
    error = error_of(run("make_csr.py", "--key", "my.key"))
    assert error.startswith("my.key: this key has a")


THE_ACCOUNT_KEY = (
    "this is the account key (account.key), which must not be the certificate key; "
    "make one with make_certificate_key.py"
)


def test_an_encrypted_account_key_in_der(run: Run, secret_file: str) -> None:
    """With its passphrase in a file; without one it cannot be compared."""
    encrypted = pem_of(RSA, SECRET.encode(), PrivateFormat.PKCS8)
    write("account.key", wrapping.blocks(encrypted)[0].content)
    for secret in (SECRET.encode(), None):
        write("my.key", pem_of(RSA, secret))
        arguments = ["--key", "my.key", "--passphrase-file", secret_file]
        assert error_of(run("make_csr.py", *arguments)) == f"my.key: {THE_ACCOUNT_KEY}"
    write("my.key", pem_of(EC))
    assert warnings_of(run("make_csr.py", "--key", "my.key")) == [
        "my.key was not compared with the account key (account.key: the key is encrypted; give it "
        "with --account-key FILE)"
    ]


def test_a_damaged_account_key_is_compared_too(key: Path, run: Run) -> None:
    write("account.key", DAMAGED_KEY)
    assert error_of(run("make_csr.py")) == f"certificate.key: {THE_ACCOUNT_KEY}"
