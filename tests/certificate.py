"""Get a certificate for your own files from Pebble, a CA on this machine, and explain each step.

usage: python -m tests.certificate [DIR]
"""

import argparse
import http.server
import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tests import pebble
from tests.pebble import Failure

try:
    from tests import acme_client

    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
except ImportError as missing:
    sys.exit(f"certificate.py: error: {missing}; python -m pip install -r requirements.txt")

CHAIN = rb"\s*(-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+"
Parsed = TypeVar("Parsed")


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 if done, 1 if failed, after one line that says why."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.certificate",
        description="Get a certificate from Pebble, a CA on this machine, and explain each step.",
        epilog="DIR (default: walkthrough) contains account.key, certificate.csr and the key that "
        "signed it. The certificate is written to certificate.pem there.",
    )
    parser.add_argument("DIR", type=Path, nargs="?", default="walkthrough")
    try:
        _get_certificate(parser.parse_args(arguments).DIR)
    except (Failure, acme_client.Problem, OSError) as error:
        print(f"certificate.py: error: {_visible(str(error))}", file=sys.stderr)
        return 1
    return 0


def _get_certificate(directory: Path) -> None:
    pebble.check()
    if not directory.is_dir():
        advice = "give the directory of your files, such as: python -m tests.certificate ."
        raise Failure(f"the directory {directory} does not exist; {advice}")
    csr_file, chain_file = directory / "certificate.csr", directory / "certificate.pem"
    account_key = _load(directory / "account.key", acme_client.load_key, "an account key in PEM")
    csr, names = _load(csr_file, _parse_request, "a request in PEM")
    if csr.public_key() == account_key.public_key():
        raise Failure(
            f"{csr_file} is signed by the account key, and a CA rejects one key for both; "
            "make a certificate key, and sign the request with it"
        )
    if not names:
        raise Failure(f"{csr_file} has no subjectAltName, where Pebble looks for the names")
    for name in names:
        if isinstance(name, x509.IPAddress) and not name.value.is_loopback:
            reason = "the CA would look for your web server there, and not on this machine"
            raise Failure(f"{name.value}: {reason}; make a request without it")
    key_file = _key_file(csr, directory)
    if chain_file.exists():
        _load(chain_file, _parse_chain, "a file of only PEM certificates, so it is not replaced")
    with tempfile.TemporaryDirectory() as temporary, pebble.running(Path(temporary)) as ca:
        _say("""\
            Pebble is Let's Encrypt's small test CA. It now runs on this machine and speaks ACME
            (RFC 8555), like Let's Encrypt.

            The account

            account.key signs every message to the CA. The first message creates the account. The
            thumbprint is the SHA-256 of the account's public key, written as a JWK (RFC 7638).
            """)
        account = acme_client.Account(account_key, ca.directory_url, ca.opener)
        _facts(account=account.url, thumbprint=account.thumbprint)
        _say("""
            The order

            You ask for a certificate for the names in certificate.csr.
            """)
        order = account.order(names)
        _facts(names=", ".join(str(name.value) for name in names), order=order["url"])
        _say("""
            The challenges

            The CA wants proof that you control each name, and offers several challenges. You
            choose HTTP-01: the CA sends a token, you put a file with the token and your
            thumbprint on the web server of that name, and the CA fetches it.
            """)
        places = {str(name.value).removeprefix("*."): at for at, name in enumerate(names)}
        authorizations = map(account.read, order["authorizations"])
        for one in sorted(authorizations, key=lambda one: places[one["identifier"]["value"]]):
            _prove(account, one, ca)
        _say("""\
            You do not control these names. The check passes because Pebble asks its own DNS
            server, pebble-challtestsrv, which gives 127.0.0.1, the address of this machine, for
            every name. Let's Encrypt asks the public DNS, and fetches the file from port 80 there,
            from several places in the world.
            """)
        _replace(chain_file, account.finalize(order, csr))
        _say(f"""\
            The request

            The CA has validated all names. To finalize the order, you send certificate.csr. A CA
            checks that {key_file.name} signed it, and that it asks for the same names.

            The certificate

            {chain_file} contains the certificate, followed by the certificate of the CA that
            signed it.
            """)
        _show(chain_file, key_file, csr_file)
        _say(f"""
            The web server

            A web server on this machine uses {chain_file.name} and {key_file.name}. Two clients
            ask it for https://{names[0].value}/:
            """)
        _serve(chain_file, key_file, str(names[0].value), ca.root)
        _say("""
            Browsers do not trust Pebble's root. For names that you control, Let's Encrypt issues
            a certificate that they trust, from the same account.key and certificate.csr.""")


def _prove(account: acme_client.Account, authorization: dict[str, Any], ca: pebble.Pebble) -> None:
    """Prove the name of one authorization by HTTP-01, and show how."""
    name = authorization["identifier"]["value"]
    challenges = {challenge["type"]: challenge for challenge in authorization["challenges"]}
    if "http-01" not in challenges:
        reason = "only DNS-01 can prove a wildcard, but this program uses HTTP-01"
        raise Failure(f"*.{name}: {reason}; make a request without the wildcard")
    token = challenges["http-01"]["token"]
    content = f"{token}.{account.thumbprint}"
    (ca.challenge_dir / token).write_text(content)
    account.prove(authorization, challenges["http-01"])
    request, host = next(fetched for fetched in ca.requests if token in fetched[0])
    challenge = f"http-01 (offered: {', '.join(sorted(challenges))})"
    _facts(name=name, challenge=challenge, token=token, file=content, request=request, host=host)
    print()


def _serve(chain_file: Path, key_file: Path, name: str, root: str) -> None:
    """Serve a page with a certificate, and show which client accepts it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\nHello")

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    identity = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    identity.load_cert_chain(chain_file, key_file)
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = identity.wrap_socket(server.socket, server_side=True)
    with server, pebble.serving(server):
        for trusted, trust in {
            "this system's roots": ssl.create_default_context(),
            "Pebble's root": ssl.create_default_context(cadata=root),
        }.items():
            try:
                with (
                    socket.create_connection(("127.0.0.1", server.server_port), 10) as connection,
                    trust.wrap_socket(connection, server_hostname=name) as secure,
                ):
                    secure.sendall(b"GET / HTTP/1.0\r\n\r\n")
                    page = secure.makefile().read().rpartition("\n")[2]
                outcome = f"accepts the certificate, and reads: {page}"
            except ssl.SSLCertVerificationError as error:
                outcome = f"refuses the certificate: {error.verify_message}"
            print(f"  trusting {trusted:<19}  {outcome}")


def _show(*files: Path) -> None:
    """Print what show says of the first certificate, and of what belongs together."""
    command = ["-m", "common.show", *map(str, files)]
    _say(f"$ python {shlex.join(command)}")
    shown = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    pages = shown.stdout.split("\n\n")
    pages = [page for page in pages if page.startswith((f"{files[0]} (1 ", "What "))]
    print("\n\n".join(pages) + shown.stderr, end="", flush=True)
    if shown.returncode:
        raise Failure("show found something wrong in these files, as it says above")


def _load(path: Path, parse: Callable[[bytes], Parsed], kind: str) -> Parsed:
    try:
        return parse(path.read_bytes())
    except FileNotFoundError:
        raise Failure(f"{path} is missing; steps 1 to 3 of README.md make it") from None
    except TypeError:  # what cryptography raises where a passphrase is missing
        raise Failure(f"{path} is encrypted; use a decrypted copy") from None
    except (ValueError, UnsupportedAlgorithm):
        raise Failure(f"{path} is damaged, or not {kind}") from None


def _parse_request(pem: bytes) -> tuple[x509.CertificateSigningRequest, acme_client.Names]:
    csr = x509.load_pem_x509_csr(pem)
    if not csr.is_signature_valid:
        raise ValueError
    return csr, acme_client.names_of(csr)


def _parse_chain(pem: bytes) -> list[x509.Certificate]:
    if not re.fullmatch(CHAIN, pem):
        raise ValueError
    return x509.load_pem_x509_certificates(pem)


def _key_file(csr: x509.CertificateSigningRequest, directory: Path) -> Path:
    """Return the *.key file of directory with the key that signed csr."""
    failures = [f"no *.key file in {directory} fits certificate.csr; make the request again"]
    for path in sorted(directory.glob("*.key")):
        try:
            key = _load(path, lambda pem: load_pem_private_key(pem, None), "a private key in PEM")
            if key.public_key() == csr.public_key():
                return path
        except (Failure, OSError) as failure:
            failures.append(str(failure))
    raise Failure("; ".join(failures))


def _replace(path: Path, content: str) -> None:
    new = path.with_name(f"{path.name}.~{os.getpid()}~")
    try:
        new.write_text(content)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _say(text: str) -> None:
    print(*map(_visible, textwrap.dedent(text).split("\n")), sep="\n")


def _facts(**values: str) -> None:
    for label, value in values.items():
        print(f"  {label:<10}  {_visible(value)}")


def _visible(text: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


if __name__ == "__main__":
    # A signal that ends this program also ends the programs that it started.
    for number in pebble.ENDING:
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    sys.exit(main())
