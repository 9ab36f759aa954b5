"""Small files that could keep a program busy for days are refused at once, in BER too."""

from common import key_numbers, labels, limits, wrapping
from common.wrapping import Block
from tests.conftest import Run, Show, error_of
from tests.made import EC, RSA, as_der, integer, pkcs1, tlv, write

import pytest
from OpenSSL import crypto

PRIME = 2**9689 - 1  # really a prime, so that testing it takes all the rounds
PBKDF2, SCRYPT = "2a864886f70d01050c", "2b06010401da47040b"
PBES2, AES = "2a864886f70d01050d", "60864801650304012a"
RSA_OID, DSA_OID = "2a864886f70d010101", "2a8648ce380401"
TOO_LONG = "it has a number that is too long to work with"
LARGE = "it has 16385 bytes, too many for a private key"
TOO_MANY = "it would take too long to decrypt"


def oid(octets: str) -> bytes:
    return tlv(6, bytes.fromhex(octets))


def sequence(*contents: bytes) -> bytes:
    return tlv(48, *contents)


def rsa(*numbers: int) -> bytes:
    """Return an RSA key of n, e, d, p, q and so on, and 1 for the others."""
    return sequence(*map(integer, [0, *numbers, *[1] * (8 - len(numbers))]))


def dsa(p: int, x: int = 5) -> bytes:
    """Return a DSA key in PKCS#8, of which OpenSSL calculates the public key."""
    group = sequence(*map(integer, (p, 2**521 - 1, 3)))
    return sequence(integer(0), sequence(oid(DSA_OID), group), tlv(4, integer(x)))


def pkcs8(key: bytes) -> bytes:
    return sequence(integer(0), sequence(oid(RSA_OID), b"\5\0"), tlv(4, key))


def encrypted(scheme: str, *numbers: int, salt: bytes = bytes(16)) -> bytes:
    """Return an encrypted key. numbers: the parameters after the salt."""
    kdf = sequence(oid(scheme), sequence(tlv(4, salt), *map(integer, numbers)))
    algorithm = sequence(oid(PBES2), sequence(kdf, sequence(oid(AES), tlv(4, bytes(16)))))
    return sequence(algorithm, tlv(4, bytes(1216)))


LONG = {
    "RSA": ("PRIVATE KEY", pkcs8(pkcs1(p=PRIME)), TOO_LONG),
    "encrypted": (labels.ENCRYPTED, encrypted(PBKDF2, 2**31 - 1), TOO_MANY),
}


@pytest.mark.parametrize("kind", LONG)
def test_a_key_that_takes_long_fails(kind: str, run: Run, show: Show, secret_file: str) -> None:
    label, der, reason = LONG[kind]
    arguments = ("--passphrase-file", secret_file)
    write("my.key", wrapping.pem_of(label, der))
    error = error_of(run("make_csr.py", "--key", "my.key", *arguments))
    assert error == f"my.key: {reason}; give the private key with --key FILE"
    for option in ("--public", "--html"):
        status, _, err = show(option, "my.key", *arguments)
        assert (status, f"show: error: my.key: {reason}; " in err) == (1, True)


N = 2**3000 - 1


@pytest.mark.parametrize(("key", "reason"), [
    (pkcs1(), None),
    (rsa(2**16384 - 1, 3, 5, 7, 11), None),
    (rsa(2**16384, 3, 5, 7, 11), TOO_LONG),
    (rsa(N, 2**3001, 2**3001, N, N, N, N, N), None),  # e and d add little
    (rsa(5, 3, 5, 2**2048 - 1), None),
    *((rsa(5, *[1] * place, 2**2048), TOO_LONG) for place in range(2, 7)),
    (sequence(*map(integer, [0, N, *[1] * 7]), sequence(sequence(integer(2 * N)))), TOO_LONG),
    (dsa(2**16384 - 1, 2**16384 - 1), None),
    (dsa(2**16384), TOO_LONG),
    (dsa(5, 2**16384), TOO_LONG),
    (as_der(EC), None),
    (sequence(integer(1), tlv(4, b"x"), sequence(integer(2**16384))), TOO_LONG),  # SEC 1
    (sequence(bytes(2**14 - 4)), None),
    (sequence(bytes(2**14 - 3)), LARGE),
    (b"", None),
])  # fmt: skip
def test_the_longest_numbers(key: bytes, reason: str | None) -> None:
    assert limits.exceeded(Block("PRIVATE KEY", key, is_whole=True)) == reason
    if labels.of(key) == "RSA PRIVATE KEY":
        assert limits.exceeded(Block("PRIVATE KEY", pkcs8(key), is_whole=True)) == reason


def test_the_longest_dsa_key_that_is_checked(show: Show) -> None:
    for bits, numbers in ((4096, "agree"), (4097, "not checked (of an unusual kind)")):
        write("a.key", dsa(2**bits - 1))
        assert f"  numbers        {numbers}\n" in show("a.key")[1]


@pytest.mark.parametrize(("key", "reason"), [
    (encrypted(PBKDF2, 5_000_000, 32), None),
    (encrypted(PBKDF2, 5_000_001, 32), TOO_MANY),
    (encrypted(SCRYPT, 1 << 17, 8, 2, 32), None),
    (encrypted(SCRYPT, 1 << 17, 8, 3), TOO_MANY),
    (encrypted(SCRYPT, 1 << 14, 8, 100_000, salt=integer(1)), TOO_MANY),
    (encrypted(SCRYPT, 1 << 14, 8), None),  # r is missing, and nothing reads it
])  # fmt: skip
def test_the_most_rounds(key: bytes, reason: str | None) -> None:
    assert limits.exceeded(Block(labels.ENCRYPTED, key, is_whole=True)) == reason
    for cut in range(0, len(key), 7):  # damaged ones raise nothing
        limits.exceeded(Block(labels.ENCRYPTED, key[:cut], is_whole=False))
    assert key_numbers.rsa_numbers(Block("A", b"\x1f" + b"\xff" * 4, is_whole=True)) == []


def disguised(p: int) -> dict[str, tuple[str, bytes]]:
    """Return an RSA key with another first prime, in ways that OpenSSL reads and DER forbids."""
    key = pkcs1(p=p)
    pieces = tlv(0x24, *(tlv(4, key[at : at + 200]) for at in range(0, len(key), 200)))
    algorithm = sequence(oid(RSA_OID), b"\5\0")
    open_end = tlv(4, b"\x30\x80", key[4:], bytes(2))
    return {
        "an open length": ("PRIVATE KEY", sequence(integer(0), algorithm, open_end)),
        "a long length": ("RSA PRIVATE KEY", b"\x30\x84\0\0" + key[2:]),
        "a string in pieces": ("PRIVATE KEY", sequence(integer(0), algorithm, pieces)),
    }


@pytest.mark.parametrize("way", disguised(PRIME))
def test_a_long_number_does_not_hide(way: str) -> None:
    label, der = disguised(RSA.private_numbers().p)[way]
    crypto.load_privatekey(crypto.FILETYPE_PEM, wrapping.pem_of(label, der))
    assert limits.exceeded(Block(label, der, is_whole=True)) is None
    assert limits.exceeded(Block(label, disguised(PRIME)[way][1], is_whole=True)) == TOO_LONG


@pytest.mark.parametrize(("part", "number", "what"), [
    (wrapping.pem_of("CERTIFICATE", sequence(b"\5\0" * 25_000)), 2,
     "50002 elements, more than 50000"),
    (as_der(EC.public_key()), 501, "501 parts, more than 500"),
])  # fmt: skip
def test_a_file_with_too_much_in_it_is_refused(
    part: bytes, number: int, what: str, show: Show
) -> None:
    write("a", part * (number - 1))
    assert what not in show("a")[2]
    write("a", part * number)
    message = f"a: the file holds {what}; split it into several files"
    assert show("--html", "a") == (1, "", f"show: error: {message}\n")
