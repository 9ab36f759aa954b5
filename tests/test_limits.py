"""Small files that could keep a program busy for days are refused at once, and read in BER too."""

from pathlib import Path

from common import labels, limits, wrapping
from common.wrapping import Block
from tests.conftest import Run, Show, error_of
from tests.made import EC, LEAF, RSA, as_der, integer, pkcs1, request, tlv, write

import pytest
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


def dsa(p: int) -> bytes:
    """Return a DSA key in PKCS#8, of which OpenSSL calculates the public key."""
    group = sequence(*map(integer, (p, 2**521 - 1, 3)))
    return sequence(integer(0), sequence(oid(DSA_OID), group), tlv(4, integer(p - 5)))


def pkcs8(key: bytes) -> bytes:
    return sequence(integer(0), sequence(oid(RSA_OID), b"\5\0"), tlv(4, key))


def encrypted(scheme: str, *parameters: bytes) -> bytes:
    scheme_oid, inside = PBES1, sequence(tlv(4, bytes(8)), *parameters)
    if scheme != PBES1:
        kdf = sequence(oid(scheme), sequence(tlv(4, bytes(16)), *parameters))
        scheme_oid, inside = PBES2, sequence(kdf, sequence(oid(AES), tlv(4, bytes(16))))
    return sequence(sequence(oid(scheme_oid), inside), tlv(4, bytes(1216)))


LONG = {
    "RSA": ("RSA PRIVATE KEY", pkcs1(p=PRIME), TOO_LONG),
    "RSA in PKCS#8": ("PRIVATE KEY", pkcs8(pkcs1(p=PRIME)), TOO_LONG),
    "DSA": ("PRIVATE KEY", dsa(2**44497 - 1), TOO_LONG),
    "PBKDF2": (labels.ENCRYPTED, encrypted(PBKDF2, integer(2**31 - 1)), TOO_MANY),
    "PBKDF2, more": (labels.ENCRYPTED, encrypted(PBKDF2, integer(2**40)), TOO_MANY),
    "PBES1": (labels.ENCRYPTED, encrypted(PBES1, integer(2**31 - 1)), TOO_MANY),
    "scrypt": (labels.ENCRYPTED, encrypted(SCRYPT, *map(integer, (1 << 14, 8, 100_000))), TOO_MANY),
    "large": ("EC PRIVATE KEY", tlv(48, integer(1), bytes(20_000)), "it has 20007 bytes"),
}


@pytest.mark.parametrize("kind", LONG)
def test_a_key_that_takes_long_fails(kind: str, run: Run, show: Show, secret_file: str) -> None:
    label, der, reason = LONG[kind]
    arguments = ("--passphrase-file", secret_file)
    for data in (der, b"\x30\x80" + der[4:] + b"\0\0"):  # in BER too
        write("my.key", wrapping.written(label, data))
        error = error_of(run("make_csr.py", "--key", "my.key", *arguments))
        assert error.startswith(f"my.key: {reason}")
        for option in ("--public", "--html"):
            status, _, err = show(option, "my.key", *arguments)
            assert (status, "show: error: my.key: it " in err) == (1, True)
        show("--bytes", "my.key")


@pytest.mark.parametrize(
    ("label", "der"),
    [
        ("RSA PRIVATE KEY", pkcs1()),
        ("RSA PRIVATE KEY", tlv(48, *map(integer, (0, 2**16384 - 1, 3, 5, 7, 11, 1, 1, 1)))),
        (labels.ENCRYPTED, encrypted(PBKDF2, integer(1_000_000), integer(32), oid(HMAC))),
        (labels.ENCRYPTED, encrypted(SCRYPT, *map(integer, (1 << 17, 8, 1, 32)))),
        ("EC PRIVATE KEY", as_der(EC)),
    ],
)
def test_an_ordinary_key_is_not_refused(label: str, der: bytes) -> None:
    for cut in range(0, len(der), 7):  # damaged ones raise nothing
        limits.exceeded(Block(label, der[:cut], is_whole=False))
    assert limits.exceeded(Block(label, der, is_whole=True)) is None


def disguised(p: int) -> dict[str, tuple[str, bytes]]:
    """Return an RSA key with another first prime, in ways that OpenSSL reads and DER forbids."""
    key = pkcs1(p=p)
    pieces = tlv(0x24, *(tlv(4, key[at : at + 200]) for at in range(0, len(key), 200)))
    algorithm, damaged = (sequence(oid(RSA_OID), end) for end in (b"\5\0", sequence(b"\2\x7f")))
    open_end = tlv(4, b"\x30\x80", key[4:], bytes(2))
    return {
        "an open length": ("PRIVATE KEY", sequence(integer(0), algorithm, open_end)),
        "a long length": ("RSA PRIVATE KEY", b"\x30\x84\0\0" + key[2:]),
        "a string in pieces": ("PRIVATE KEY", sequence(integer(0), algorithm, pieces)),
        "a long tag": ("RSA PRIVATE KEY", b"\x3f" + bytes([128] * 200) + b"\x10" + key[1:]),
        "damaged parameters": ("PRIVATE KEY", sequence(integer(0), damaged, tlv(4, key))),
    }


@pytest.mark.parametrize("way", disguised(PRIME))
def test_a_long_number_does_not_hide(way: str) -> None:
    label, der = disguised(RSA.private_numbers().p)[way]
    crypto.load_privatekey(crypto.FILETYPE_PEM, wrapping.written(label, der))
    assert limits.exceeded(Block(label, der, is_whole=True)) is None
    assert limits.exceeded(Block(label, disguised(PRIME)[way][1], is_whole=True)) == TOO_LONG


def test_ber_is_shown_or_refused_without_a_mistake(show: Show) -> None:
    """OpenSSL reads all of these, whose length is left open."""
    for number, thing in enumerate((RSA, EC, EC.public_key(), LEAF, request())):
        write("a.pem", thing)
        (block,) = wrapping.blocks(Path("a.pem").read_bytes())
        start = 2 + (block.der[1] & 0x7F if block.der[1] > 0x80 else 0)
        write("b.pem", wrapping.written(block.label, b"\x30\x80" + block.der[start:] + b"\0\0"))
        status, _, err = show("b.pem")
        assert "bug" not in err
        assert (status, "cannot be read here" in err) == ((0, False) if number < 2 else (1, True))
