"""What surrounds the making of a request in make_csr: checking, writing, saying what was done."""

import argparse
import os
from collections.abc import Sequence

from common import console, files, keys, letsencrypt, names, openssl_commands, options, pem, shell
from common.console import UserError
from common.names import Identifier

from cryptography import x509
from OpenSSL import crypto

ARTICLE_DOMAIN = "api.neoprime.xyz"
ARTICLE_NAMES = x509.SubjectAlternativeName([x509.DNSName(ARTICLE_DOMAIN)]).public_bytes()
ARTICLE_KEY_FILE = "certificate.key"
ACCOUNT_KEY_FILE = "account.key"


def check(
    args: argparse.Namespace,
    domain_name: object,
    email_address: object,
    key_file: object,
    csr_file: object,
) -> list[Identifier]:
    """Return the names to request, parsed; fill in the email, key and out of args.

    args: from options.csr_parser. The others are the constants of the script, which readers edit:
    without names on the command line they describe the request.
    Raises UserError for whatever can be refused without looking into the key.
    """
    if args.names:
        identifiers = names.parse_all(options.checked(names.parse, name) for name in args.names)
    else:
        identifiers = [options.checked(names.parse, domain_name, "DOMAIN_NAME = ")]
    if args.email is not None:
        options.checked(names.email_address, args.email, "--email ")
    elif not args.names and email_address:
        args.email = options.checked(names.email_address, email_address, "EMAIL_ADDRESS = ")
    if args.out is None:
        args.out = options.checked(str, csr_file, "CSR_FILE = ")
    files.check(args.out, _obstacle(args, identifiers))
    args.key = _key_file(args, identifiers, key_file)
    for warning in letsencrypt.name_warnings(identifiers):
        console.warn(warning)
    return identifiers


def check_key(args: argparse.Namespace, pkey: crypto.PKey, secret: bytes) -> None:
    """Raise UserError if pkey, opened with the passphrase secret, must not sign a request."""
    keys.check(args.key, pkey)
    account_key = ACCOUNT_KEY_FILE if args.account_key is None else args.account_key
    if os.path.exists(account_key):
        keys.check_not_account_key(args.key, pkey, account_key, secret)
    elif args.account_key is not None:
        console.warn(f"{account_key}: no such file, so it was not compared with {args.key}")


def write(request: bytes, identifiers: Sequence[Identifier], args: argparse.Namespace) -> None:
    """Write a request in PEM where args say, and say so. Raises UserError."""
    csr = pem.request(request)
    if csr is None or not csr.is_signature_valid:
        problem = "makes invalid signatures, because its private and public halves do not match"
        raise UserError(f"{args.key}: {problem}; restore a copy of the key")
    console.hold_signals()
    files.write(args.out, request, _obstacle(args, identifiers))
    if args.quiet:
        return
    listed = ", ".join(map(str, identifiers[:3]))
    if len(identifiers) > 3:
        listed += f" and {len(identifiers) - 3} more"
    email = f", with the e-mail address {args.email}" if args.email else ""
    console.report(
        "the request (CSR)",
        args.out,
        f"PEM, signed by {args.key}, for {listed}{email}",
        openssl_commands.for_request(args.key, identifiers, args.email, args.out),
        shell.show(shell.file(args.out), shell.file(args.key)),
    )


def _key_file(args: argparse.Namespace, identifiers: list[Identifier], key_file: object) -> str:
    """Return --key, or the first name's key file, or the constant. Raises UserError."""
    own = [f"{names.file_name(name)}.key" for name in identifiers]
    path: str = options.checked(str, key_file, "KEY_FILE = ") if args.key is None else args.key
    problem = f"{path or 'an empty name'}: no such file"
    if args.key is None and (args.names or key_file == ARTICLE_KEY_FILE):
        problem = f"neither {own[0]} nor {path} exists"
        path = own[0] if os.path.isfile(own[0]) else path
    if os.path.lexists(path):
        return path
    advice = "make a key with make_certificate_key.py, or give one with --key FILE"
    if other := next(filter(os.path.isfile, own), None):
        advice = f"{other} exists: use --key {shell.file(other)}"
    raise UserError(f"{problem}; {advice}")


def _obstacle(args: argparse.Namespace, identifiers: Sequence[Identifier]) -> files.Obstacle:
    """Return a function that tells why the content of --out must not be replaced, or None."""
    is_articles = not args.names and identifiers == [ARTICLE_DOMAIN]

    def obstacle(data: bytes) -> str | None:
        csr = pem.request(data)
        if csr is None:
            return "is not exactly one request (CSR), so it is not replaced; use --out FILE"
        if not is_articles or ARTICLE_NAMES in csr.tbs_certrequest_bytes:
            return None
        return "is a request for other names, and you gave none; give the names, or use --out FILE"

    return obstacle
