"""What make_csr does around making a request: check, write and say what was done."""

import argparse
import functools
import os
from typing import NamedTuple

from common import console, files, letsencrypt, names, openssl_commands, options, pem, shell
from common.console import UserError
from common.names import Identifier

from cryptography import x509

# Two constants of make_csr.py, until a reader edits them.
ARTICLE_DOMAIN = "api.neoprime.xyz"
ARTICLE_KEY_FILE = "certificate.key"


class Plan(NamedTuple):
    """What a request will contain, and the files for it."""

    identifiers: list[Identifier]
    email: str | None
    key: str
    out: str
    obstacle: files.Obstacle  # to replacing what out holds


def prepare(
    args: argparse.Namespace,
    domain_name: object,
    email_address: object,
    key_file: object,
    csr_file: object,
) -> Plan:
    """Return what args, from options.csr_parser, ask for.

    The others are the constants of the script, which readers edit: without names on the command
    line they describe the request.
    Raises UserError for whatever can be refused without reading the key.
    """
    if args.names:
        identifiers = options.identifiers(args.names)
    else:
        identifiers = [options.checked(names.parse, domain_name, "DOMAIN_NAME = ")]
    email = None
    if args.email is not None:
        email = options.checked(names.email_address, args.email, "--email ")
    elif not args.names and email_address:
        email = options.checked(names.email_address, email_address, "EMAIL_ADDRESS = ")
    out = options.checked(str, csr_file, "CSR_FILE = ") if args.out is None else args.out
    is_articles = not args.names and identifiers == [ARTICLE_DOMAIN]
    obstacle = functools.partial(_obstacle, is_articles)
    files.check(out, obstacle)
    key = _key_file(args, identifiers, key_file, is_articles)
    for warning in letsencrypt.name_warnings(identifiers):
        console.warn(warning)
    return Plan(identifiers, email, key, out, obstacle)


def write(request: bytes, plan: Plan, quiet: bool) -> None:
    """Write a request in PEM as planned, and say so. Raises UserError."""
    if not x509.load_pem_x509_csr(request).is_signature_valid:
        problem = "makes invalid signatures, because its private and public halves do not match"
        raise UserError(f"{plan.key}: {problem}; restore a copy of the key")
    console.hold_signals()
    files.write(plan.out, request, plan.obstacle)
    if quiet:
        return
    listed = ", ".join(map(str, plan.identifiers[:3]))
    if len(plan.identifiers) > 3:
        listed += f" and {len(plan.identifiers) - 3} more"
    email = f", with the e-mail address {plan.email}" if plan.email else ""
    console.report(
        "the request (CSR)",
        plan.out,
        f"PEM, signed by {plan.key}, for {listed}{email}",
        openssl_commands.for_request(plan.key, plan.identifiers, plan.email, plan.out),
        shell.show(shell.file(plan.out), shell.file(plan.key)),
    )


def _key_file(
    args: argparse.Namespace, identifiers: list[Identifier], key_file: object, is_articles: bool
) -> str:
    """Return --key, or the first name's key file, or the constant. Raises UserError.

    is_articles: as for _obstacle.
    """
    own = [f"{names.file_name(name)}.key" for name in identifiers]
    if args.key is not None:
        candidates: list[str] = [args.key]
    else:
        candidates = [options.checked(str, key_file, "KEY_FILE = ")]
        if args.names or key_file == ARTICLE_KEY_FILE:
            candidates.insert(0, own[0])
    for path in candidates:
        if os.path.lexists(path):
            return path
    advice = "make a key with make_certificate_key.py, or give one with --key FILE"
    if is_articles:
        advice = "give the names for the request, or edit the constants in make_csr.py"
    if other := next(filter(os.path.isfile, own), None):
        advice = f"{other} exists: use --key {shell.file(other)}"
    raise UserError(f"{' or '.join(candidates) or 'an empty name'}: no such file; {advice}")


def _obstacle(is_articles: bool, data: bytes) -> str | None:
    """Return why a request must not replace a file with this content, or None.

    is_articles: whether the request is for the article's name because no name was given.
    """
    csr = pem.request(data)
    if csr is None:
        return "is not exactly one request (CSR), so it is not replaced; use --out FILE"
    article_names = x509.SubjectAlternativeName([x509.DNSName(ARTICLE_DOMAIN)]).public_bytes()
    if is_articles and article_names not in csr.tbs_certrequest_bytes:  # both are DER
        return "is a request for other names, and you gave none; give the names, or use --out FILE"
    return None
