#!/usr/bin/env python3
"""Make an account key with PyCryptodome: an RSA private key, in PKCS#1 PEM.

The account key is your identity at the certificate authority. There is no password beside it:
whoever has it can revoke your certificates, and without it you can neither renew nor revoke them.
"""

from __future__ import annotations

from common import console, keyscript, options, twins

FILENAME = "account.key"


def create_key(bits: int) -> bytes:
    """Return a new RSA private key as PKCS#1 PEM; bits is the size of its modulus."""
    from Crypto.PublicKey import RSA  # not above: --help need not wait for it

    key = RSA.generate(bits)
    return key.export_key() + b"\n"


def main() -> None:
    """Run the command line."""
    args = options.key_parser(__doc__, FILENAME).parse_args()
    keyscript.make_key("account key", create_key, twins.PKCS1, args)


if __name__ == "__main__":
    console.run(main)
