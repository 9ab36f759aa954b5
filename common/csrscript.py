"""What make_csr does around the request itself: check what was asked for, write the result."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from common import certkey, console, files, letsencrypt, names, options, pem, twins

if TYPE_CHECKING:
    from cryptography import x509


def check(args: argparse.Namespace) -> list[str]:
    """Return the names asked for, normalised; warn of those that Let's Encrypt refuses.

    args: what options.csr_parser has parsed.
    Raises WrongUsage or Refused for whatever needs no key to be refused.
    """
    identifiers = options.identifiers(args.names)
    if args.email is not None:
        options.email_address(args.email)
    if args.out != "-":
        files.check_csr(args.out, _is_csr)
    certkey.check_exists(args.key, names.file_name(identifiers[0]))
    if args.account_key != args.default_account_key and not os.path.isfile(args.account_key):
        console.warn(f"{args.account_key}: no such file, so it is not compared with {args.key}")
    for warning in letsencrypt.name_warnings(identifiers):
        console.warn(warning)
    return [str(identifier) for identifier in identifiers]


def write(
    csr: x509.CertificateSigningRequest, requested: Sequence[str], args: argparse.Namespace
) -> None:
    """Write the request where args say, and say so."""
    from cryptography.hazmat.primitives.serialization import Encoding

    data = csr.public_bytes(Encoding.PEM)
    if args.out == "-":
        console.write_data(data)
    else:
        files.write_csr(args.out, data, _is_csr)
    if args.quiet:
        return
    where = "standard output" if args.out == "-" else args.out
    listed = ", ".join(requested[:3])
    if len(requested) > 3:
        listed += f" and {len(requested) - 3} more"
    console.say(f"Wrote the request (CSR) to {where}: PEM, signed by {args.key}, for {listed}.")
    digest = csr.signature_hash_algorithm
    twins.say(
        twins.csr_twins(
            args.key,
            names.parse_all(requested),
            args.email,
            digest.name if digest else "sha256",
            args.out,
        )
    )


def _is_csr(data: bytes) -> bool:
    """Return whether data is a certificate signing request, so that it can be made again."""
    from cryptography import x509

    try:
        return pem.is_csr(data) and bool(x509.load_pem_x509_csr(data))
    except (ValueError, x509.InvalidVersion):
        return False
