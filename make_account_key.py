#!/usr/bin/env python3
"""Make an account key with PyCryptodome: an RSA or ECDSA private key, in PEM.

The account key identifies you to the certificate authority (CA). There is no password: anyone who
has the key can use your account.
"""

from collections.abc import Sequence

from common import console, new_key, options

from Crypto.PublicKey import ECC, RSA

FILENAME = "account.key"


def create_key(bits: int, curve: str | None) -> bytes:
    """Return a new private key in PEM.

    bits: size of the modulus of an RSA key, in PKCS#1.
    curve: if given, make an ECDSA key on this curve instead, in PKCS#8.
    """
    if curve:
        return ECC.generate(curve=curve).export_key(format="PEM").encode() + b"\n"
    key = RSA.generate(bits)
    return key.export_key() + b"\n"


@console.program("make_account_key.py")
def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    args = options.key_parser(__doc__, FILENAME).parse(argv)
    new_key.make(create_key, FILENAME, args)


if __name__ == "__main__":
    console.run(main)
