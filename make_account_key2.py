#!/usr/bin/env python3
"""Make an account key with pyOpenSSL: an RSA or ECDSA private key, in PKCS#8 PEM.

It is as good as the one that make_account_key.py makes; only the library and the format differ.
"""

from __future__ import annotations

from typing import cast

from common import console, keyscript, options, twins

FILENAME = "account.key"


def create_key(bits: int, curve: str | None) -> bytes:
    """Return a new private key as PKCS#8 PEM.

    bits: size of the modulus of an RSA key.
    curve: if given, an ECDSA key on this curve is made instead.

    pyOpenSSL leaves making and writing keys to the library beneath it, cryptography, and holds
    the key in between. to_cryptography_key checks that the numbers of the key agree.
    """
    # Not above: --help need not wait for them.
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from OpenSSL import crypto

    if curve:
        curves = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}
        key = crypto.PKey.from_cryptography_key(ec.generate_private_key(curves[curve]))
    else:
        key = crypto.PKey.from_cryptography_key(
            rsa.generate_private_key(public_exponent=65537, key_size=bits)
        )
    key_material = cast("rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey", key.to_cryptography_key())
    return key_material.private_bytes(
        encoding=serialization.Encoding.PEM,
        format=serialization.PrivateFormat.PKCS8,
        encryption_algorithm=serialization.NoEncryption(),
    )


def main() -> None:
    """Run the command line."""
    args = options.key_parser(__doc__, FILENAME).parse_args()
    keyscript.make_key("account key", create_key, twins.PKCS8, args)


if __name__ == "__main__":
    console.run(main)
