#!/usr/bin/env python3
"""Make a certificate key with PyCryptodome: an RSA or ECDSA private key, in PEM.

The certificate key signs the certificate signing request, and later proves to browsers that your
server is the one the certificate names. Make a new one for each certificate, and never use the
account key in its place.
"""

from __future__ import annotations

from common import console, keyscript, names, options, twins

DOMAIN_NAME = "example.com"


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
    parser = options.key_parser(__doc__, out=None)
    parser.add_argument(
        "domain",
        metavar="DOMAIN",
        nargs="?",
        default=DOMAIN_NAME,
        help="names the file, nothing more (default: %(default)s)",
    )
    args = parser.parse_args()
    filename = names.file_name(options.identifier(args.domain)) + ".key"
    if args.out is None:
        args.out = filename
    keyscript.make_key("certificate key", create_key, twins.PKCS1, args)


if __name__ == "__main__":
    console.run(main)
