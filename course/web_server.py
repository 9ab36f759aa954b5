"""A web server on this machine that uses the certificate, and which clients accept it."""

import http.server
import os
import shlex
import shutil
import signal
import socket
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from common import shell
from common.console import UserError
from course import pebble
from course.acme_client import Name
from course.files import KeyFile
from course.output import lines, say, shown

from cryptography import x509

PORT = 8443
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FIREFOX = ("firefox", "firefox-esr")


class Server(http.server.ThreadingHTTPServer):
    """A web server with two pages: /hello, and / for a browser."""

    page = b""
    daemon_threads = True  # a browser keeps connections open
    allow_reuse_address = os.name == "posix"  # on Windows it shares ports with other programs

    def handle_error(self, *_: object) -> None:
        """Print nothing: a client that refuses the certificate ends the connection."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server
    timeout = 10

    def do_GET(self) -> None:
        page = {"/": self.server.page, "/hello": b"Hello\n"}.get(self.path)
        if page is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def listen(port: int | None) -> Server:
    """Return a server on port; if that is None, on PORT or another one. Raises UserError."""
    for number in (PORT, 0) if port is None else (port,):
        try:
            return Server(("127.0.0.1", number), _Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
    where = "this machine" if port is None else f"--port {port}"
    raise UserError(f"{where}: {reason}; choose another port")


def use(server: Server, chain_file: Path, key: KeyFile) -> None:
    """Have a server use a certificate and its key."""
    identity = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with tempfile.TemporaryDirectory() as directory:  # only this user can look into it
        key_file = Path(directory) / "key.pem"
        key_file.touch(0o600)
        key_file.write_bytes(key.pem)
        identity.load_cert_chain(chain_file, key_file, key.secret or None)
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
    with pebble.serving(server):
        for trusted, client in clients.items():
            try:
                with (
                    socket.create_connection(("127.0.0.1", server.server_port), 10) as connection,
                    client.wrap_socket(connection, server_hostname=name) as secure,
                ):
                    secure.sendall(b"GET /hello HTTP/1.0\r\n\r\n")
                    page = secure.makefile().read().splitlines()[-1]
                outcome = f"accepts the certificate, and reads: {page}"
            except ssl.SSLCertVerificationError as error:
                outcome = f"refuses the certificate: {error.verify_message}"
            yield f"  trusting {trusted:<19}  {outcome}"


def serve(server: Server, first: Name, root_file: Path, files: Sequence[Path]) -> None:
    """Serve the picture of files, and say how to look at it, until Ctrl-C.

    first: the first name in the certificate, which the address of the page has.
    """
    page = shown("--html", *(shell.file(str(path)) for path in files))[1]
    why = (
        "your browser trusts Pebble's root, and this server has the private key of the certificate"
    )
    success = f"<main>\n<p>You see this page because {why}.</p>"
    server.page = page.replace("<main>", success, 1).encode()
    name, port = str(first.value), server.server_port
    url = f"https://{name}:{port}/"
    is_domain = isinstance(first, x509.DNSName)
    resolve = ["--resolve", f"{name}:{port}:127.0.0.1"] if is_domain else []
    root = shell.file(str(root_file))
    browse, trust, remark = _browser(name, url, root)
    close = "Close the browser. Then, in the same terminal," if browse else "Then"
    say(f"""
        The page

        A page about your request and your certificate is now at {url}
        Open another terminal in this directory, and use it for all of these commands.
        {f"In each of them, {name} leads to this machine." if is_domain else ""}

        First, trust only the usual roots. The certificate is refused:
        """)
    _commands(shell.command("curl", *resolve, f"{url}hello"), *browse)
    say(f"""
        {close} trust Pebble's root too. The certificate is accepted:
        """)
    curl = shell.command("curl", *resolve, "--cacert", root, f"{url}hello")
    _commands(curl, *trust, *browse[-1:])
    say(f"""
        Do not add Pebble's root to the roots of your own browser or system: Pebble gives its
        private key to every user of this machine, and with it anyone can pretend to be any site.
        {remark}

        To stop the web server, press Ctrl-C.""")
    try:
        server.serve_forever()
    except pebble.Ended as ended:
        if ended.number != signal.SIGINT:
            raise
        say("\nThe web server has stopped.")


def _browser(name: str, url: str, root: str) -> tuple[list[str], list[str], str]:
    """Return the commands that open url, those that have the browser trust root, and a remark.

    The browser is the first that is installed, with a new home directory or profile.
    """
    program = next(filter(shutil.which, (*CHROMIUM, *FIREFOX)), None)
    certutil = shell.command("-A", "-n", "Pebble", "-t", "C,,", "-i", root)
    if program is None:
        return [], [], "No browser commands: neither Chromium nor Firefox is installed."
    if shutil.which("certutil") is None:
        advice = "sudo apt-get install libnss3-tools"
        return [], [], f"No browser commands: certutil is not installed (Debian: {advice})."
    if certutil is None:
        return [], [], ""
    if program in FIREFOX:
        preference = shlex.quote(f'user_pref("network.dns.localDomains", "{name}");')
        browse = [
            f'echo {preference} > "${{new:?}}/user.js"',
            f'{program} --no-remote --profile "${{new:?}}" {url}',
        ]
        trust = [f'certutil -d "sql:${{new:?}}" {certutil}']
    else:
        options = f'--user-data-dir="$new/profile" --host-resolver-rules="MAP {name} 127.0.0.1"'
        browse = [f'HOME="${{new:?}}" {program} {options} {url}']
        database = '"${new:?}/.pki/nssdb"'
        trust = [f"mkdir -p {database}", f"certutil -d sql:{database} {certutil}"]
    remark = 'The browser keeps its files in a new directory, "$new", which you can delete.'
    return ["new=$(mktemp -d)", *browse], trust, remark


def _commands(*commands: str | None) -> None:
    prompt = ">" if os.name == "nt" else "$"
    lines(*(f"  {prompt} {command}" for command in commands if command is not None))
