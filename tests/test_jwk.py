"""The JSON Web Keys of the RFCs, and of another implementation."""

import base64

from common import jwk
from tests.conftest import private_key

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from josepy import jwk as theirs


def test_the_thumbprints_of_the_rfcs() -> None:
    modulus = (  # RFC 7638 section 3.1
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJEC"
        "PebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Qvz"
        "qY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZ"
        "u0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    n = int.from_bytes(base64.urlsafe_b64decode(f"{modulus}=="), "big")
    rsa_key = rsa.RSAPublicNumbers(65537, n).public_key()
    assert jwk.thumbprint(rsa_key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    short = ec.derive_private_key(379, ec.SECP256R1()).public_key()  # its x begins with a zero
    assert jwk.thumbprint(short) == "7Yxe6c_3bAa6kiaK1G-BZmi9EeNsUmlcbdnrtLeuK4E"


@pytest.mark.parametrize("kind", [2048, "P-384", "P-521"])
def test_a_jwk_is_that_of_josepy(kind: int | str) -> None:
    public_key = private_key(kind).public_key()
    their_kind = theirs.JWKRSA if isinstance(kind, int) else theirs.JWKEC
    assert jwk.members(public_key) == their_kind(key=public_key).to_json()


def test_another_kind_of_key_does_not_have_a_jwk() -> None:
    keys = (ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256K1()))
    for public_key in (*(key.public_key() for key in keys), None):
        assert jwk.members(public_key) is None
        assert jwk.thumbprint(public_key) is None
