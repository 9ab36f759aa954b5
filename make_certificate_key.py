#!/usr/bin/env python3
"""Make a certificate key with PyCryptodome: an RSA or ECDSA private key, in PEM.

The certificate key signs the certificate signing request (CSR), and later proves to browsers that
your server is the one that the certificate names. Make a new key for each certificate, and never
use the account key instead.
"""

from collections.abc import Sequence

from common import arguments, console, names, new_key, options

from Crypto.PublicKey import ECC, RSA

DOMAIN_NAME = "example.com"


def create_key(bits: int, curve: str | None) -> bytes:
    """Return a new private key in PEM.

    bits: size of the modulus of an RSA key, in PKCS#1.
    curve: if given, make an ECDSA key on this curve instead, in PKCS#8.
    """
    if curve:
        return ECC.generate(curve=curve).export_key(format="PEM").encode() + b"\n"
    key = RSA.generate(bits)
    return key.export_key() + b"\n"


@console.program("make_certificate_key.py")
def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    args = options.certificate_key_parser(__doc__, DOMAIN_NAME).parse(argv)
    domain = arguments.key_domain(args.domain, DOMAIN_NAME)
    filename = f"{names.file_name(domain)}.key"
    new_key.make(create_key, filename, args, str(domain))


if __name__ == "__main__":
    console.run(main)
