"""What surrounds the making of a request in make_csr: checking, writing, saying what was done."""

import argparse
import os
from collections.abc import Sequence

from common import (
    console,
    files,
    keys,
    letsencrypt,
    names,
    openssl_commands,
    options,
    pem,
    shell,
)
from common.console import UsageError, UserError
from common.names import Identifier

from cryptography import x509
from OpenSSL import crypto

ARTICLE_DOMAIN = "api.neoprime.xyz"
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
        identifiers = options.identifiers(args.names)
    else:
        domain = options.text("DOMAIN_NAME", domain_name)
        identifiers = options.identifiers([domain], "DOMAIN_NAME = ")
    if args.email is not None:
        _check_email(args.email, "--email ")
    elif not args.names and email_address:
        args.email = options.text("EMAIL_ADDRESS", email_address)
        _check_email(args.email, "EMAIL_ADDRESS = ")
    if args.out is None:
        args.out = options.text("CSR_FILE", csr_file)
    if args.out != "-":
        files.check_request(args.out, _obstacle(args, identifiers))
    if args.key is None:
        own = f"{names.file_name(identifiers[0])}.key"
        args.key = own if os.path.isfile(own) else options.text("KEY_FILE", key_file)
    if not os.path.lexists(args.key):
        raise UserError(
            f"{args.key or 'an empty name'}: no such file; name the certificate key with "
            "--key FILE, or make it with make_certificate_key.py"
        )
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
        console.warn(f"{account_key}: no such file; it was not compared with {args.key}")


def write(request: bytes, identifiers: Sequence[Identifier], args: argparse.Namespace) -> None:
    """Write a request in PEM where args say, and say so. Raises UserError."""
    csr = pem.request(request)
    if csr is None or not csr.is_signature_valid:
        raise UserError(
            f"{args.key}: makes invalid signatures, its private and public halves do not belong "
            "together; restore a copy of the key"
        )
    console.hold_signals()
    if args.out == "-":
        console.write_data(request)
    else:
        files.write_request(args.out, request, _obstacle(args, identifiers))
    if args.quiet:
        return
    listed = ", ".join(map(str, identifiers[:3]))
    if len(identifiers) > 3:
        listed += f" and {len(identifiers) - 3} more"
    where = "standard output" if args.out == "-" else args.out
    console.say(f"Wrote the request (CSR) to {where}: PEM, signed by {args.key}, for {listed}.")
    commands = openssl_commands.for_request(args.key, identifiers, args.email, args.out)
    for purpose, command in commands:
        shell.say(purpose, command)
    if args.out != "-":
        shell.say_next(shell.show(shell.file(args.out), shell.file(args.key)))


def _obstacle(args: argparse.Namespace, identifiers: Sequence[Identifier]) -> files.Obstacle:
    """Return a function that tells why the content of --out must not be replaced, or None."""

    def obstacle(data: bytes) -> str | None:
        csr = pem.request(data)
        if csr is None:
            return "is not a request (CSR) and nothing else, so it is not replaced; use --out FILE"
        if not args.names and identifiers == [ARTICLE_DOMAIN] and not _is_articles(csr):
            return "is a request for other names than the article's; give the names, or --out FILE"
        return None

    return obstacle


def _is_articles(csr: x509.CertificateSigningRequest) -> bool:
    try:
        extension = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (ValueError, x509.ExtensionNotFound):
        return False
    return list(extension.value) == [x509.DNSName(ARTICLE_DOMAIN)]


def _check_email(text: str, where: str) -> None:
    try:
        names.email_address(text)
    except names.InvalidName as error:
        raise UsageError(f"{where}{error}") from None
