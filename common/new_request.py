"""What make_csr does around making a request: check, write and say what was done."""

import argparse
import os
from typing import NamedTuple

from common import (
    arguments,
    certificate_key,
    console,
    files,
    letsencrypt,
    openssl_commands,
    pem,
    shell,
)
from common.console import UsageError, UserError
from common.names import Identifier

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from OpenSSL import crypto


class Plan(NamedTuple):
    """What a request will contain, and the files for it."""

    names: list[Identifier]
    email: str | None
    key: str
    out: str


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
    for given in args.names:  # no public name has one of these endings
        if given.endswith((".key", ".csr", ".pem", ".crt")) and os.path.isfile(given):
            advice = "give the names, and the certificate key with --key FILE"
            raise UsageError(f"{given} is a file, not a name", advice)
    if args.names:
        identifiers = arguments.identifiers(args.names)
    else:
        identifiers = [arguments.name(domain_name, "DOMAIN_NAME = ")]
    email = _email(args, email_address)
    out = arguments.text(csr_file, "CSR_FILE = ") if args.out is None else args.out
    files.check(out, _obstacle)
    for warning in letsencrypt.name_warnings(identifiers):
        console.warn(warning)
    key = certificate_key.find(args.key, identifiers, key_file, bool(args.names))
    return Plan(identifiers, email, key, out)


def write(request: bytes, pkey: crypto.PKey, plan: Plan, quiet: bool) -> None:
    """Write a request in PEM, signed with pkey, as planned, and say so. Raises UserError."""
    csr = x509.load_pem_x509_csr(request)  # what is checked is what will be in the file
    if not csr.is_signature_valid:
        problem = (
            "this key makes invalid signatures, because its private and public halves do not match"
        )
        raise UserError(problem, "restore a copy of the key", where=plan.key)
    console.hold_signals(plan.out)
    old = files.write_request(plan.out, request, _obstacle)
    if old is not None:
        _warn_of_other_names(plan.out, old, csr)
    if not quiet:
        _report(csr, pkey, plan)


def _email(args: argparse.Namespace, constant: object) -> str | None:
    """Return the e-mail address for the request, or None.

    The constant counts only if the names are those of the script too.
    """
    if args.email is not None:
        return arguments.email_address(args.email, "--email ")
    if args.names or not constant:
        return None
    return arguments.email_address(constant, "EMAIL_ADDRESS = ")


def _obstacle(data: bytes) -> str | None:
    """Return why a request must not replace a file with this content, or None."""
    if pem.request(data) is None:
        return "the file is not exactly one request (CSR), so it is not replaced; use --out FILE"
    return None


def _report(csr: x509.CertificateSigningRequest, pkey: crypto.PKey, plan: Plan) -> None:
    """Say what was written, which commands do the same and which one comes next."""
    details = f"PEM, signed by {plan.key}, for {_listed(list(map(str, plan.names)))}"
    if plan.email:
        details += f", with the e-mail address {plan.email}"
    # OpenSSL copies the public key as the key has it, with a compressed point for example.
    public_key = csr.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    is_same = crypto.dump_publickey(crypto.FILETYPE_ASN1, pkey) == public_key
    key = plan.key if is_same else None
    commands = openssl_commands.for_request(key, plan.names, plan.email, plan.out)
    following = shell.module("common.show", shell.file(plan.out), shell.file(plan.key))
    console.report("the request (CSR)", plan.out, details, commands, following)


def _warn_of_other_names(path: str, old: bytes, csr: x509.CertificateSigningRequest) -> None:
    """Say which names the old request was for, if csr, which has replaced it, is for others."""
    replaced = pem.request(old)
    old_names = _names(replaced) if replaced else None
    if old_names is None:
        console.warn(f"{path}: the old request was replaced; its names cannot be read")
    elif set(old_names) != set(_names(csr) or ()):
        listed = _listed(old_names) or "no names"
        console.warn(f"{path}: the old request was replaced; it was for {listed}")


def _names(csr: x509.CertificateSigningRequest) -> list[str] | None:
    """Return the names in a request, its CN included, or None if they cannot be read."""
    try:
        found = [str(cn.value) for cn in csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        found += [str(name.value) for name in pem.names(csr)]
    except pem.ODD:
        return None
    return list(dict.fromkeys(name.lower() for name in found))


def _listed(items: list[str]) -> str:
    """Return the first three of the items, and how many more there are."""
    more = f" and {len(items) - 3} more" if len(items) > 3 else ""
    return ", ".join(items[:3]) + more
