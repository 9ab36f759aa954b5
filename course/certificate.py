"""Get a certificate for your own files from Pebble, a CA on this machine, and explain each step."""

import os
import sys

if not __package__:  # run by its path, which puts this directory where the project's should be
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
if __name__ == "__main__":
    from common import start

    start.begin("certificate")

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from common import console, options, pem, shell
from common.console import UsageError, UserError
from common.parser import Parser
from course import acme_client, files, pebble, web_server
from course.acme_client import Answer
from course.output import facts, lines, say, shown

from cryptography import x509


class Plan(NamedTuple):
    """The learner's files, opened and checked, and the files to write."""

    account_key: acme_client.AccountKey
    csr: x509.CertificateSigningRequest
    names: list[acme_client.Name]
    key_file: files.KeyFile
    csr_file: Path
    chain_file: Path
    root_file: Path | None  # None without --serve


@console.program("certificate")
def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    args = _parser().parse(argv)
    if args.port is not None and not args.serve:
        raise UsageError("--port is for --serve", "add --serve")
    try:
        plan = _plan(args)
        with web_server.listen(args.port) as server:
            root = _get_certificate(plan)
            web_server.use(server, plan.chain_file, plan.key_file.key)
            _look(plan)
            _use(plan, server, root)
            if plan.root_file:
                pictured = (plan.csr_file, plan.chain_file)
                web_server.serve(server, plan.names[0], plan.root_file, *pictured)
            elif serve := shell.module("course.certificate", "--serve", shell.file(str(args.DIR))):
                say(f"Next: {serve}")
    except OSError as error:
        raise UserError(error.strerror or error, where=error.filename or "this machine") from error


def _parser() -> Parser:
    parser = Parser(shell.module("course.certificate") or console.program_name, __doc__)
    parser.add_argument(
        "DIR",
        type=Path,
        nargs="?",
        default="walkthrough",
        help="the directory of account.key, certificate.csr and the key that signed it; the "
        "certificate is written to certificate.pem there (default: walkthrough)",
    )
    parser.add_argument(
        "--serve",
        action="store_true",
        help="at the end, serve a page about the certificate at https://NAME:PORT/ until Ctrl-C; "
        "writes the root of the CA to pebble-root.pem",
    )
    parser.add_argument(
        "--port",
        type=_port,
        help=f"the port for --serve (default: {web_server.PORT} or, if it is taken, another)",
    )
    options.add_passphrase(parser)
    return parser


def _port(text: str) -> int:
    """Return a port. Raises UsageError, because argparse would show what was given."""
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) >= 1 << 16:
        raise UsageError("--port takes a number from 0 to 65535", "choose another")
    return int(text)


def _plan(args: argparse.Namespace) -> Plan:
    """Return what the command line asks for. Raises UserError for whatever cannot work."""
    directory: Path = args.DIR
    if not directory.is_dir():
        advice = "give the directory of your files (. is the current one)"
        raise UserError("not a directory", advice, where=directory)
    account_key = files.read_account_key(directory / "account.key", args.passphrase_of)
    csr_file = directory / "certificate.csr"
    csr = files.read_request(csr_file)
    if csr.public_key() == account_key.public_key():
        raise UserError(
            "the account key signed this request, and a CA rejects one key for both",
            "make a certificate key, and sign the request with it",
            where=csr_file,
        )
    names = _names(csr, csr_file)
    key_file = files.key_of(csr, csr_file, names[0], args.passphrase_of)
    chain_file = directory / "certificate.pem"
    root_file = directory / "pebble-root.pem" if args.serve else None
    for path in filter(None, (chain_file, root_file)):
        files.check_replaceable(path)
    return Plan(account_key, csr, names, key_file, csr_file, chain_file, root_file)


def _names(csr: x509.CertificateSigningRequest, path: Path) -> list[acme_client.Name]:
    """Return the names in the request in path. Raises UserError for one that cannot be proved."""
    names = pem.names(csr)
    if not names:
        problem = "the request has no subject alternative name, where Pebble looks for names"
        raise UserError(problem, "make it again", where=path)
    for name in names:
        if isinstance(name, x509.IPAddress) and str(name.value) != pebble.ADDRESS:
            reason = f"the CA would look for your web server there, and not at {pebble.ADDRESS}"
        elif isinstance(name, x509.DNSName) and name.value.startswith("*."):
            reason = "only DNS-01 can prove a wildcard, but this program uses HTTP-01"
        else:
            continue
        raise UserError(reason, "make a request without it", where=name.value)
    return names


def _get_certificate(plan: Plan) -> str:
    """Get the certificate, show how, and return the root of the CA."""
    with pebble.running() as ca:
        say("""\
            Pebble is Let's Encrypt's own small test CA. It now runs on this machine and speaks
            ACME (RFC 8555), the protocol of Let's Encrypt.

            The account

            account.key signs every message to the CA. The first message creates the account. The
            thumbprint identifies the account's public key: it is the SHA-256 of this key, written
            as a JSON Web Key (JWK, RFC 7638).
            """)
        account = acme_client.Account(plan.account_key, ca.directory_url, ca.opener)
        facts(account=account.url, thumbprint=account.thumbprint)
        say(f"""
            The order

            You ask for a certificate for the names in {plan.csr_file.name}.
            """)
        order = account.order(plan.names)
        facts(names=", ".join(str(name.value) for name in plan.names), order=order["url"])
        say("""
            The challenges

            The CA wants proof that you control each name, and offers several challenges. You
            choose HTTP-01: the CA sends a token, a random text. You put a file with the token and
            your thumbprint on the web server of that name, and the CA fetches it.
            """)
        for authorization in map(account.read, order["authorizations"]):
            _prove(account, authorization, ca)
        say("""\
            You do not control these names. The check passes because Pebble asks its own DNS
            server, pebble-challtestsrv, which gives 127.0.0.1, the address of this machine, for
            every name. Let's Encrypt asks the public DNS, and fetches the file from port 80 there,
            from several places in the world.
            """)
        files.write(plan.chain_file, account.finalize(order, plan.csr))
        if plan.root_file:
            files.write(plan.root_file, ca.root.encode())
        return ca.root


def _prove(account: acme_client.Account, authorization: Answer, ca: pebble.Pebble) -> None:
    """Prove the name of one authorization by HTTP-01, and show how."""
    challenges = Answer((one["type"], one) for one in authorization["challenges"])
    token = challenges["http-01"]["token"]
    content = f"{token}.{account.thumbprint}"
    (ca.challenge_dir / token).write_text(content)
    account.prove(authorization, challenges["http-01"])
    request, host = next(fetched for fetched in ca.requests if token in fetched[0])
    facts(
        name=authorization["identifier"]["value"],
        challenge=f"http-01 (offered: {', '.join(sorted(challenges))})",
        token=token,
        file=content,
        request=request,
        host=host,
    )
    say("")


def _look(plan: Plan) -> None:
    """Show what the CA has signed. Raises UserError if show finds something wrong."""
    say(f"""\
        The request

        The CA has validated all names. To finalize the order, you send {plan.csr_file.name}, signed
        with {plan.key_file.path.name}. A CA checks that the request is signed with the
        private half of the key in it, and that it asks for the same names.

        The certificate

        {plan.chain_file.name} contains two certificates: yours (1 of 2), and that of the CA that
        signed it (2 of 2). A CA's certificate between yours and a root is an intermediate.
        """)
    # The key is left out if show would have to ask for its passphrase again.
    key_files = [] if plan.key_file.is_encrypted else [plan.key_file.path]
    arguments = [shell.file(str(path)) for path in (plan.chain_file, *key_files, plan.csr_file)]
    if command := shell.module("common.show", *arguments):
        lines(f"{console.PROMPT} {command}")
    status, output, messages = shown(*arguments)
    lines(*output.splitlines())
    if status:
        raise UserError(f"show found something wrong in these files: {messages.strip()}")


def _use(plan: Plan, server: web_server.Server, root: str) -> None:
    """Use the certificate, and show which clients accept it."""
    name = str(plan.names[0].value)
    say(f"""
        The web server

        A web server on this machine uses {plan.chain_file.name} and {plan.key_file.path.name}. Two
        clients connect to it as https://{name}/:
        """)
    lines(*web_server.outcomes(server, name, root))
    say("""
        Browsers do not trust Pebble's root. For names that you control, Let's Encrypt issues
        a certificate that they trust, from the same account.key and certificate.csr.""")


if __name__ == "__main__":
    console.run(main)
