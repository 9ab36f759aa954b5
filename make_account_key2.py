#!/usr/bin/env python3
"""Make an account key with pyOpenSSL: an RSA or ECDSA private key, in PEM.

The key is as good as one from make_account_key.py. Only the library and the format differ.
"""

from collections.abc import Sequence

from common import console, new_key, options

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from OpenSSL import crypto

FILENAME = "account.key"


def create_key(bits: int, curve: str | None) -> bytes:
    """Return a new private key as PKCS#8 PEM.

    bits: size of the modulus of an RSA key.
    curve: if given, make an ECDSA key on this curve instead.

    pyOpenSSL leaves making and writing keys to cryptography, the library beneath it, and holds
    the key in between. to_cryptography_key checks that the numbers of the key agree.
    """
    if curve:
        curves = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}
        key = crypto.PKey.from_cryptography_key(ec.generate_private_key(curves[curve]))
    else:
        key = crypto.PKey.from_cryptography_key(rsa.generate_private_key(65537, bits))
    key_material = key.to_cryptography_key().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return key_material


@console.program("make_account_key2.py")
def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    args = options.key_parser(__doc__, FILENAME).parse(argv)
    new_key.make(create_key, FILENAME, args)


if __name__ == "__main__":
    console.run(main)
