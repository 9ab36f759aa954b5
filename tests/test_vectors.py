"""A sample of `make vectors`, with odd files of our own: show and OpenSSL read the same in them."""

import base64
import random
from pathlib import Path

from tests import odd, oracle, vectors
from tests.conftest import ARTICLE, need, openssl
from tests.leaks import leaks

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

pytestmark = [pytest.mark.apart, pytest.mark.posix(reason="OpenSSL on the PATH")]

MAKERS = {"request": (odd.request, odd.REQUEST), "certificate": (odd.certificate, odd.CERTIFICATE)}

# What OpenSSL reads and Go does not. show says so.
UNREAD = ("extra octet in SAN", "two lists of extensions", "primitive attributes")

# The commands that make a key, in different encodings. KEY is one of RSA.
KEYS = {
    "PKCS#1": "rsa -in KEY -traditional",
    "PKCS#8, DER": "pkey -in KEY -outform DER",
    "PBES2": "pkey -in KEY -aes256 -passout pass:password",
    "RFC 1421": "rsa -in KEY -traditional -aes128 -passout pass:password",
    "public": "pkey -in KEY -pubout",
    "PKCS#1, public": "rsa -in KEY -RSAPublicKey_out",
    "RSA-PSS": "genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048",
    "EC": "ecparam -name prime256v1 -genkey",
    "EC, compressed": "ecparam -name prime256v1 -genkey -noout -conv_form compressed",
    "EC, explicit": "ecparam -name prime256v1 -genkey -noout -param_enc explicit",
    "P-521": "ecparam -name secp521r1 -genkey -noout",
    "secp256k1": "ecparam -name secp256k1 -genkey -noout",
    "Ed25519": "genpkey -algorithm ED25519",
    "X25519": "genpkey -algorithm X25519",
}


def unmeant(path: Path) -> list[vectors.Difference]:
    """Return how the programs and OpenSSL differ about a file, unless that is meant."""
    return [one for one in vectors.differences(path) if not one.reason]


@pytest.mark.parametrize(
    ("kind", "trait"),
    [(kind, trait) for kind in MAKERS for trait in MAKERS[kind][1] if trait not in UNREAD],
)
def test_a_request_or_certificate_is_read_alike(kind: str, trait: str, tmp_path: Path) -> None:
    need("openssl")
    chance = random.Random(trait)
    other_key = ec.derive_private_key(chance.getrandbits(160), ec.SECP521R1())
    path = tmp_path / "odd.der"
    path.write_bytes(MAKERS[kind][0](chance, {trait}, [odd.spki(other_key)]))
    assert unmeant(path) == []


@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_read_alike(name: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.key"
    command = KEYS[name].replace("KEY", str(ARTICLE / "rsa2048.key"))
    openssl(*command.split(), "-out", str(path), cwd=tmp_path)
    reading = oracle.read(str(path))
    assert reading
    assert reading.kind == ("public key" if "public" in name else "private key")
    assert unmeant(path) == []


def test_a_leak_is_found() -> None:
    number = bytes(range(100, 140))
    outputs = {
        "decimal": str(int.from_bytes(number, "big")),
        "hexadecimal": number.hex(":").upper(),
        "base64": base64.b64encode(b"ab" + number).decode(),
        "octets": str(list(number)),
    }
    for form, output in outputs.items():
        assert leaks(f"d: {output}", [number]) == [form]
    assert leaks("SHA-256 of nothing in particular: 0102030405060708", [number]) == []
