"""JSON Web Keys and their thumbprints are the same as those of josepy."""

import base64

from common import jwk
from tests.conftest import PrivateKey, private_key

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from josepy import jwk as theirs

SHORT = ec.derive_private_key(379, ec.SECP256R1())  # its x begins with a zero


@pytest.mark.parametrize("key", [*map(private_key, (2048, "P-384", "P-521")), SHORT])
def test_a_jwk_and_its_thumbprint_are_the_same_as_in_josepy(key: PrivateKey) -> None:
    public_key = key.public_key()
    their_kind = theirs.JWKRSA if isinstance(key, rsa.RSAPrivateKey) else theirs.JWKEC
    their_key = their_kind(key=public_key)
    assert jwk.members(public_key) == their_key.to_json()
    thumbprint = base64.urlsafe_b64encode(their_key.thumbprint()).decode().rstrip("=")
    assert jwk.thumbprint(public_key) == thumbprint
