"""Small files that could keep a program busy for days are refused at once, and read in BER too."""

from pathlib import Path

from common import effort, wrapping
from common.wrapping import Block
from tests.conftest import Run, Show, error_of
from tests.made import EC, LEAF, RSA, integer, request, tlv, write

import pytest
from Crypto.IO import PKCS8
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from OpenSSL import crypto

PRIME = 2**9689 - 1  # really a prime, so that testing it takes all the rounds
PBKDF2, SCRYPT, HMAC = "2a864886f70d01050c", "2b06010401da47040b", "2a864886f70d020b"
PBES1, PBES2, AES = "2a864886f70d010503", "2a864886f70d01050d", "60864801650304012a"
RSA_OID, DSA_OID = "2a864886f70d010101", "2a8648ce380401"
TOO_LONG = "it has a number that is too long to work with"
TOO_MANY = "it would take too long to decrypt"


def oid(octets: str) -> bytes:
    return tlv(6, bytes.fromhex(octets))


def sequence(*contents: bytes) -> bytes:
    return tlv(48, *contents)


def rsa(p: int) -> bytes:
    """Return an RSA key in PKCS#1 with another first prime."""
    it = RSA.private_numbers()
    others = (it.q, it.dmp1, it.dmq1, it.iqmp)
    n, e = it.public_numbers.n, it.public_numbers.e
    return sequence(*map(integer, (0, n, e, it.d, p, *others)))


def dsa(p: int) -> bytes:
    """Return a DSA key in PKCS#8, of which OpenSSL calculates the public key."""
    group = sequence(*map(integer, (p, 2**521 - 1, 3)))
    return sequence(integer(0), sequence(oid(DSA_OID), group), tlv(4, integer(p - 5)))


def encrypted(scheme: str, *parameters: bytes) -> bytes:
    if scheme != PBES1:
        kdf = sequence(oid(scheme), sequence(tlv(4, bytes(16)), *parameters))
        parameters = (kdf, sequence(oid(AES), tlv(4, bytes(16))))
        return sequence(sequence(oid(PBES2), sequence(*parameters)), tlv(4, bytes(1216)))
    inside = sequence(tlv(4, bytes(8)), *parameters)
    return sequence(sequence(oid(PBES1), inside), tlv(4, bytes(1216)))


def locked(der: bytes) -> bytes:
    """Return a key in PKCS#1, encrypted with the passphrase "secret"."""
    return PKCS8.wrap(der, "1.2.840.113549.1.1.1", b"secret", "PBKDF2WithHMAC-SHA1AndAES128-CBC")


LONG = {
    "RSA": ("RSA PRIVATE KEY", rsa(PRIME), TOO_LONG),
    "RSA in PKCS#8": (
        "PRIVATE KEY",
        sequence(integer(0), sequence(oid(RSA_OID), b"\5\0"), tlv(4, rsa(PRIME))),
        TOO_LONG,
    ),
    "DSA": ("PRIVATE KEY", dsa(2**44497 - 1), TOO_LONG),
    "PBKDF2": ("ENCRYPTED PRIVATE KEY", encrypted(PBKDF2, integer(2**31 - 1)), TOO_MANY),
    "PBKDF2, more": ("ENCRYPTED PRIVATE KEY", encrypted(PBKDF2, integer(2**40)), TOO_MANY),
    "PBES1": ("ENCRYPTED PRIVATE KEY", encrypted(PBES1, integer(2**31 - 1)), TOO_MANY),
    "scrypt": (
        "ENCRYPTED PRIVATE KEY",
        encrypted(SCRYPT, *map(integer, (1 << 14, 8, 100_000))),
        TOO_MANY,
    ),
    "large": ("EC PRIVATE KEY", tlv(48, integer(1), bytes(20_000)), "it has 20007 bytes, too many"),
}


@pytest.mark.parametrize("kind", LONG)
def test_a_key_that_takes_long(kind: str, run: Run, show: Show, secret_file: str) -> None:
    label, der, reason = LONG[kind]
    for data in (der, b"\x30\x80" + der[4:] + b"\0\0"):  # in BER too
        write("my.key", wrapping.written(label, data))
        arguments = ("--passphrase-file", secret_file)
        error = error_of(run("make_csr.py", "--key", "my.key", *arguments))
        assert error.startswith(
            f"my.key: {reason.partition(',')[0] if kind == 'large' else reason}"
        )
        for option in ("--public", "--html"):
            status, _, err = show(option, "my.key", *arguments)
            assert status == 1
            assert "show: error: my.key: it " in err
        show("--bytes", "my.key")


@pytest.mark.parametrize(
    ("label", "der"),
    [
        ("RSA PRIVATE KEY", rsa(RSA.private_numbers().p)),
        ("RSA PRIVATE KEY", tlv(48, *map(integer, (0, 2**16384 - 1, 3, 5, 7, 11, 1, 1, 1)))),
        ("ENCRYPTED PRIVATE KEY", encrypted(PBKDF2, integer(1_000_000), oid(HMAC))),
        ("ENCRYPTED PRIVATE KEY", encrypted(SCRYPT, *map(integer, (1 << 17, 8, 1, 32)))),
        ("EC PRIVATE KEY", EC.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
    ],
)
def test_an_ordinary_key(label: str, der: bytes) -> None:
    for cut in range(0, len(der), 7):  # damaged ones raise nothing
        effort.excess(Block(label, der[:cut], is_whole=False))
    assert effort.excess(Block(label, der, is_whole=True)) is None


def disguised(p: int) -> dict[str, tuple[str, bytes]]:
    """Return an RSA key with another first prime, in ways that OpenSSL reads and DER forbids."""
    key = rsa(p)
    pieces = tlv(0x24, *(tlv(4, key[at : at + 200]) for at in range(0, len(key), 200)))
    pkcs8 = integer(0), sequence(oid(RSA_OID), b"\5\0")
    damaged = integer(0), sequence(oid(RSA_OID), sequence(b"\2\x7f"))
    return {
        "an open length": ("PRIVATE KEY", sequence(*pkcs8, tlv(4, b"\x30\x80", key[4:], bytes(2)))),
        "a long length": ("RSA PRIVATE KEY", b"\x30\x84\0\0" + key[2:]),
        "a string in pieces": ("PRIVATE KEY", sequence(*pkcs8, pieces)),
        "a long tag": ("RSA PRIVATE KEY", b"\x3f" + bytes([128] * 200) + b"\x10" + key[1:]),
        "damaged parameters": ("PRIVATE KEY", sequence(*damaged, tlv(4, key))),
    }


@pytest.mark.parametrize("way", disguised(PRIME))
def test_a_long_number_does_not_hide(way: str) -> None:
    label, der = disguised(RSA.private_numbers().p)[way]
    crypto.load_privatekey(crypto.FILETYPE_PEM, wrapping.written(label, der))
    assert effort.excess(Block(label, der, is_whole=True)) is None
    assert effort.excess(Block(label, disguised(PRIME)[way][1], is_whole=True)) == TOO_LONG


def test_strings_in_strings_end() -> None:
    content = b""
    for _ in range(3000):
        content = b"\4\x82" + len(content).to_bytes(2, "big") + content
    assert effort.excess(Block("PRIVATE KEY", sequence(content), is_whole=True)) is None


def test_ber(show: Show) -> None:
    """What OpenSSL reads with lengths left open is shown, or refused without a mistake."""
    spki = EC.public_key()
    for number, thing in enumerate((RSA, EC, spki, LEAF, request(cn="a.example"))):
        write("a.pem", thing)
        (block,) = wrapping.blocks(Path("a.pem").read_bytes())
        start = 2 + (block.der[1] & 0x7F if block.der[1] > 0x80 else 0)
        data = b"\x30\x80" + block.der[start:] + b"\0\0"
        write("b.pem", wrapping.written(block.label, data))
        status, _, err = show("b.pem")
        assert "bug" not in err
        assert (status, "cannot be read here" in err) == ((0, False) if number < 2 else (1, True))
