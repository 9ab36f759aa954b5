#!/usr/bin/env python3
"""Make an account key with pyOpenSSL: an RSA private key, in PKCS#8 PEM.

It is as good as the one that make_account_key.py makes; only the library and the format differ.
"""

from __future__ import annotations

from typing import cast

from common import console, keyscript, options, twins

FILENAME = "account.key"


def create_key(bits: int) -> bytes:
    """Return a new RSA private key as PKCS#8 PEM; bits is the size of its modulus.

    pyOpenSSL leaves making and writing keys to the library beneath it, cryptography, and holds
    the key in between. to_cryptography_key checks that the numbers of the key agree.
    """
    # Not above: --help need not wait for them.
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from OpenSSL import crypto

    key = crypto.PKey.from_cryptography_key(
        rsa.generate_private_key(public_exponent=65537, key_size=bits)
    )
    key_material = cast(rsa.RSAPrivateKey, key.to_cryptography_key())
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
