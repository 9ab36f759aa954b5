"""A web server on this machine that uses the certificate, and which clients accept it."""

import http.server
import os
import secrets
import socket
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

from common import console, shell
from common.console import UserError
from course import browser, pebble
from course.acme_client import Name
from course.output import lines, say, shown

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

PORT = 8443


class Server(pebble.QuietServer):
    """A web server with a page for a browser, and /hello."""

    page: bytes
    allow_reuse_address = os.name == "posix"  # on Windows it shares ports with other programs


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        page = b"Hello\n" if self.path == "/hello" else self.server.page
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def listen(port: int | None) -> Server:
    """Return a server on port; if that is None, on PORT or another one. Raises UserError."""
    try:
        return Server((pebble.ADDRESS, PORT if port is None else port), _Handler)
    except OSError as error:
        if port is None:
            return Server((pebble.ADDRESS, 0), _Handler)
        raise UserError(error.strerror, "choose another port", where=f"--port {port}") from error


def use(server: Server, chain_file: Path, key: PrivateKeyTypes) -> None:
    """Have a server use a certificate and its key."""
    identity = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    # The ssl module reads files alone, and fewer forms of keys than cryptography.
    secret = secrets.token_hex().encode()
    encryption = serialization.BestAvailableEncryption(secret)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    with tempfile.TemporaryDirectory() as directory:
        key_file = Path(directory) / "server.key"
        key_file.write_bytes(pem)
        identity.load_cert_chain(chain_file, key_file, secret)
    # Each connection does its handshake in its own thread: a browser opens some in advance.
    server.socket = identity.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )


def outcomes(server: Server, name: str, root: str) -> Iterator[str]:
    """Yield a line for each of two clients: whether it accepts the certificate for name."""
    clients = {
        "this system's roots": ssl.create_default_context(),
        "Pebble's root": ssl.create_default_context(cadata=root),
    }
    address = (pebble.ADDRESS, server.server_port)
    with pebble.serving(server):
        for trusted, client in clients.items():
            try:
                with (
                    socket.create_connection(address, 10) as connection,
                    client.wrap_socket(connection, server_hostname=name) as secure,
                ):
                    secure.sendall(b"GET /hello HTTP/1.0\r\n\r\n")
                    page = secure.makefile().read().splitlines()[-1]
                outcome = f"accepts the certificate, and reads: {page}"
            except ssl.SSLCertVerificationError as error:
                outcome = f"refuses the certificate: {error.verify_message}"
            yield f"  trusting {trusted:<19}  {outcome}"


def serve(server: Server, first: Name, root_file: Path, *files: Path) -> None:
    """Serve the picture of files, and say how to look at it, until Ctrl-C.

    first: the first name in the certificate, which the address of the page has.
    """
    _, picture, _ = shown("--html", *(shell.file(str(path)) for path in files))
    why = "your browser trusts Pebble's root, and this server has the certificate's private key"
    success = f"<main>\n<p>You see this page because {why}.</p>"
    server.page = picture.replace("<main>", success).encode()
    name, port, root = str(first.value), server.server_port, shell.file(str(root_file))
    url = f"https://{name}:{port}/"
    curl = ["curl"]
    if isinstance(first, x509.DNSName):
        curl += ["--resolve", f"{name}:{port}:{pebble.ADDRESS}"]
    commands = browser.commands(name, url, root)
    then = "Close the browser. Then, in the same terminal," if commands.refused else "Then"
    say(f"""
        The page

        A page about your request and your certificate is now at {url}
        Open another terminal in this directory, and use it for all of these commands.
        In each of them, {name} leads to this machine.

        First, trust only the usual roots. The certificate is refused:
        """)
    _commands(shell.command(*curl, f"{url}hello"), *commands.refused)
    say(f"\n{then} trust Pebble's root too. The certificate is accepted:\n")
    _commands(shell.command(*curl, "--cacert", root, f"{url}hello"), *commands.accepted)
    say(f"""
        Do not add Pebble's root to the roots of your own browser or system: Pebble gives its
        private key to every user of this machine, and with it anyone can pretend to be any site.
        {commands.remark}

        To stop the web server, press Ctrl-C.""")
    server.serve_forever()


def _commands(*commands: str | None) -> None:
    lines(*(f"  {console.PROMPT} {command}" for command in commands if command is not None))
