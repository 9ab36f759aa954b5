"""Pebble, Let's Encrypt's own small ACME server (RFC 8555), on this machine alone.

Its DNS server, pebble-challtestsrv, says that every name is at 127.0.0.1. There a small web
server shows what an ACME client puts into a directory: the answers to HTTP-01 challenges.

`python -m course.pebble` checks that Pebble is installed. Nothing here needs a library.
"""

import contextlib
import functools
import http.server
import itertools
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

PROGRAMS = ("pebble", "pebble-challtestsrv")
# The certificate of https://127.0.0.1, and its key, which everybody knows: only the clients that
# are told to trust it do.
TLS, TLS_KEY = (Path(__file__).parent / "data" / f"pebble.{suffix}" for suffix in ("pem", "key"))
PATIENCE = 30  # seconds for a program to start
LIFETIME = 90 * 24 * 3600  # seconds that a certificate lives: as long as Let's Encrypt's
ENDING = {signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}
PORT_TAKEN = "address already in use"  # in the log; there is no other sign of it
# Turn off everything random: pauses before a validation, refused nonces, skipped validations.
SETTLED = {
    "PEBBLE_VA_NOSLEEP": "1",
    "PEBBLE_WFE_NONCEREJECT": "0",
    "PEBBLE_AUTHZREUSE": "0",
    "PEBBLE_VA_ALWAYS_VALID": "0",
}


class Failure(Exception):
    """What is missing or does not work, in one line for the user."""


class Ended(KeyboardInterrupt):
    """A signal came that ends this program."""

    def __init__(self, number: int) -> None:
        """Take the number of the signal."""
        super().__init__()
        self.number = number


class Pebble(NamedTuple):
    """A running Pebble and what belongs to it."""

    directory_url: str  # where an ACME client begins
    opener: urllib.request.OpenerDirector  # reaches Pebble, and trusts its TLS certificate
    challenge_dir: Path  # served as http://ANY-NAME/.well-known/acme-challenge/
    requests: list[tuple[str, str]]  # request line and Host of each time that was fetched
    dns_url: str  # where pebble-challtestsrv takes TXT records for DNS-01
    root: str  # the root certificate that Pebble has made for this run, in PEM


def end_on_signals() -> None:
    """Have the signals that end a program raise Ended, so that it ends what it has started."""

    def end(number: int, _: object) -> None:
        for each in ENDING:
            signal.signal(each, signal.SIG_IGN)  # once is enough
        raise Ended(number)

    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as after nohup
            signal.signal(number, end)


def check() -> None:
    """Raise Failure, which says how to get Pebble, unless its programs are on the PATH."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        verb = "are" if len(missing) > 1 else "is"
        raise Failure(
            f"{' and '.join(missing)} {verb} not on the PATH; get Pebble with "
            "`sudo apt-get install pebble` (Debian, Ubuntu), with "
            "`go install github.com/letsencrypt/pebble/v2/cmd/...@latest`, "
            "or from https://github.com/letsencrypt/pebble/releases"
        )


@contextlib.contextmanager
def running(directory: Path) -> Iterator[Pebble]:
    """Start Pebble in strict mode, with its files in directory, and stop it at the end.

    Raises Failure if it is missing or does not start.
    """
    check()
    trust = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=TLS))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), trust)
    acme, management, dns, dns_management = (f"127.0.0.1:{port}" for port in _free_ports(4))
    directory_url, dns_url = f"https://{acme}/dir", f"http://{dns_management}"
    challenge_dir, log = directory / "challenges", directory / "pebble.log"
    challenge_dir.mkdir()
    requests: list[tuple[str, str]] = []
    with contextlib.ExitStack() as stack:
        web_server = stack.enter_context(_challenge_server(challenge_dir, requests))
        config = {
            "listenAddress": acme,
            "managementListenAddress": management,
            "certificate": str(TLS),
            "privateKey": str(TLS_KEY),
            "httpPort": web_server.server_port,
            "certificateValidityPeriod": LIFETIME,  # for 2.4; newer ones have profiles
            "profiles": {"default": {"description": "90 days", "validityPeriod": LIFETIME}},
        }
        config_file = directory / "pebble.json"
        config_file.write_text(json.dumps({"pebble": config}))
        output = stack.enter_context(log.open("w"))
        dns_command = _dns_command(dns, dns_management)
        command = ["pebble", "-strict", "-config", str(config_file), "-dnsserver", dns]
        with _signals_held():
            dns_server = stack.enter_context(_process(dns_command, output))
            pebble = stack.enter_context(_process(command, output))
        stack.enter_context(serving(web_server))

        def answer(process: subprocess.Popen[bytes], url: str, data: bytes | None = None) -> str:
            """Return what is at url once process serves it; raise Failure if process ends."""
            deadline = time.monotonic() + PATIENCE
            while process.poll() is None and time.monotonic() < deadline:
                with contextlib.suppress(OSError), opener.open(url, data, 1) as response:
                    return str(response.read().decode())
                if PORT_TAKEN in log.read_text():  # pebble-challtestsrv goes on without a port
                    break
                time.sleep(0.02)
            raise Failure(_reason(log))

        answer(dns_server, f"{dns_url}/set-default-ipv4", b'{"ip": "127.0.0.1"}')
        answer(pebble, directory_url)
        root = answer(pebble, f"https://{management}/roots/0")
        if PORT_TAKEN in log.read_text():
            raise Failure(_reason(log))
        yield Pebble(directory_url, opener, challenge_dir, requests, dns_url, root)


@contextlib.contextmanager
def serving(server: http.server.HTTPServer) -> Iterator[None]:
    """Have a web server answer, in a thread of its own."""
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def _challenge_server(directory: Path, requests: list[tuple[str, str]]) -> http.server.HTTPServer:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            return super().translate_path(path.removeprefix("/.well-known/acme-challenge"))

        def log_request(self, *_: object) -> None:
            requests.append((self.requestline, self.headers["Host"]))

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    handler = functools.partial(Handler, directory=str(directory))
    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)


def _dns_command(dns: str, management: str) -> list[str]:
    """Return the command that starts only a DNS server, with options that its version knows."""
    program = PROGRAMS[1]
    usage = subprocess.run([program, "-help"], capture_output=True, text=True, check=False).stderr
    known = set(re.findall(r"^  -(\S+)", usage, re.MULTILINE))
    none = {"http01", "https01", "tlsalpn01", "doh", "defaultIPv6"} & known
    options = {"management": management, "dnsserver" if "dnsserver" in known else "dns01": dns}
    options |= dict.fromkeys(none, "")
    return [program, *(f"-{name}={value}" for name, value in options.items())]


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Let no signal come between the start of a process and what ends it."""
    came: list[int] = []
    before = {number: signal.signal(number, lambda *now: came.append(now[0])) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


@contextlib.contextmanager
def _process(command: list[str], output: IO[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        env={**os.environ, **SETTLED},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _reason(log: Path) -> str:
    lines = log.read_text().splitlines() or ["it does not say why"]
    reason = next((line for line in lines if PORT_TAKEN in line), lines[-1])
    return f"Pebble does not start: {reason}"


def _free_ports(count: int) -> list[int]:
    """Return ports below those that systems give to clients, from a block of this process's own.

    No other program takes them before the programs that need them have started.
    """
    ports: list[int] = []
    for port in itertools.count(20000 + os.getpid() * 16 % 12000):
        with contextlib.suppress(OSError), socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # used, but not any more
            free.bind(("127.0.0.1", port))
            ports.append(port)
        if len(ports) == count:
            break
    return ports


if __name__ == "__main__":
    try:
        check()
    except Failure as failure:
        sys.exit(f"pebble: error: {failure}")
