#!/usr/bin/env python3
"""Make an account key with PyCryptodome: an RSA or ECDSA private key, in PEM.

The account key is your account at the certificate authority. There is no password beside it:
whoever has it acts in your name, and without it you have to begin again with another account.
"""

from __future__ import annotations

from common import console, keyscript, options, twins

FILENAME = "account.key"


def create_key(bits: int, curve: str | None) -> bytes:
    """Return a new private key in PEM.

    bits: size of the modulus of an RSA key, which is PKCS#1.
    curve: if given, an ECDSA key on this curve is made instead, which is PKCS#8.
    """
    from Crypto.PublicKey import ECC, RSA  # not above: --help need not wait for it

    if curve:
        return ECC.generate(curve=curve).export_key(format="PEM").encode() + b"\n"
    key = RSA.generate(bits)
    return key.export_key() + b"\n"


def main() -> None:
    """Run the command line."""
    args = options.key_parser(__doc__, FILENAME).parse_args()
    keyscript.make_key("account key", create_key, twins.PKCS1, args)


if __name__ == "__main__":
    console.run(main)
