"""Pebble, Let's Encrypt's own small ACME server (RFC 8555), on this machine alone.

Its DNS server, pebble-challtestsrv, says that every name is at 127.0.0.1. There a small web
server shows what an ACME client puts into a directory: the answers to HTTP-01 challenges.
"""

import contextlib
import functools
import http.server
import itertools
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, Popen
from typing import IO, NamedTuple
from urllib.request import OpenerDirector, Request

from common.console import UserError

PROGRAMS = ("pebble", "pebble-challtestsrv")
ADDRESS = "127.0.0.1"  # of everything here, and of every name
# The certificate of https://127.0.0.1, and its key, which everybody knows: only the clients that
# are told to trust it do.
TLS, TLS_KEY = (Path(__file__).parent / "data" / f"pebble.{suffix}" for suffix in ("pem", "key"))
PATIENCE = 30  # seconds for a program to start
LIFETIME = 90 * 24 * 3600  # seconds that a certificate lives: as long as Let's Encrypt's
ENDING = {one for one in signal.Signals if one.name in ("SIGHUP", "SIGINT", "SIGTERM")}
# Turn off everything random: pauses before a validation, refused nonces, skipped validations.
SETTLED = {
    "PEBBLE_VA_NOSLEEP": "1",
    "PEBBLE_WFE_NONCEREJECT": "0",
    "PEBBLE_AUTHZREUSE": "0",
    "PEBBLE_VA_ALWAYS_VALID": "0",
}


class Pebble(NamedTuple):
    """A running Pebble and what belongs to it."""

    directory_url: str  # where an ACME client begins
    opener: OpenerDirector  # reaches Pebble, and trusts its TLS certificate
    challenge_dir: Path  # http://ANY-NAME/.well-known/acme-challenge/
    requests: list[tuple[str, str]]  # request line and Host of each time that was fetched
    dns_url: str  # where pebble-challtestsrv takes TXT records for DNS-01
    root: str  # the root certificate that Pebble has made for this run, in PEM


def _check() -> None:
    """Raise UserError, which says how to get Pebble, unless its programs are on the PATH."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise UserError(
            f"{' and '.join(missing)} must be on the PATH",
            "get Pebble with `sudo apt-get install pebble` (Debian, Ubuntu), with "
            "`go install github.com/letsencrypt/pebble/v2/cmd/...@latest`, "
            "or from https://github.com/letsencrypt/pebble/releases",
        )


@contextlib.contextmanager
def running() -> Iterator[Pebble]:
    """Start Pebble, and stop it at the end, also if a signal ends this program.

    Raises UserError if it is missing or does not start.
    """
    _check()
    trust = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=TLS))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), trust)
    addresses = (f"{ADDRESS}:{port}" for port in _free_ports())
    acme, management, dns, dns_management = itertools.islice(addresses, 4)
    requests: list[tuple[str, str]] = []
    with _signals_wait() as let_signals_through, contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        challenge_dir = directory / "site" / ".well-known" / "acme-challenge"
        challenge_dir.mkdir(parents=True)
        web_server = stack.enter_context(_web_server(directory / "site", requests))
        config_file = directory / "pebble.json"
        config_file.write_text(_config(acme, management, web_server.server_port))
        command = [PROGRAMS[0], "-config", str(config_file), "-dnsserver", dns]
        log = stack.enter_context(tempfile.TemporaryFile())
        dns_server = stack.enter_context(_process(_dns_command(dns, dns_management), log))
        pebble = stack.enter_context(_process(command, log))
        stack.enter_context(serving(web_server))
        stack.enter_context(let_signals_through())
        directory_url, dns_url = f"https://{acme}/dir", f"http://{dns_management}"
        everywhere = Request(f"{dns_url}/set-default-ipv4", b'{"ip": "127.0.0.1"}')
        _answer(dns_server, log, opener, everywhere)
        _answer(pebble, log, opener, directory_url)
        root = _answer(pebble, log, opener, f"https://{management}/roots/0")
        yield Pebble(directory_url, opener, challenge_dir, requests, dns_url, root)


class QuietServer(http.server.ThreadingHTTPServer):
    """A web server whose clients may end a connection early."""

    def handle_error(self, *_: object) -> None:
        """Print nothing, where Python would print a traceback."""


@contextlib.contextmanager
def serving(server: http.server.HTTPServer) -> Iterator[None]:
    """Have a web server answer, in a thread of its own."""
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()


@contextlib.contextmanager
def _signals_wait() -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """Have a signal that would end this program end the with block first, so that nothing is left.

    Yields a function whose context a signal ends at once. Before and after it, a signal waits.
    """
    came: list[int] = []
    is_started = False

    def end(number: int, _: object) -> None:
        came.append(number)
        if is_started and len(came) == 1:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def let_through() -> Iterator[None]:
        nonlocal is_started
        is_started = True
        try:
            if came:
                raise KeyboardInterrupt
            yield
        finally:
            is_started = False

    heard = (number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN)
    before = {number: signal.signal(number, end) for number in heard}
    try:
        yield let_through
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


def _web_server(directory: Path, requests: list[tuple[str, str]]) -> http.server.HTTPServer:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_request(self, *_: object) -> None:
            requests.append((self.requestline, self.headers["Host"]))

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    handler = functools.partial(Handler, directory=str(directory))
    return QuietServer((ADDRESS, 0), handler)


def _config(acme: str, management: str, http_port: int) -> str:
    """Return what Pebble's configuration file says. acme, management: where Pebble listens."""
    settings = {
        "listenAddress": acme,
        "managementListenAddress": management,
        "certificate": str(TLS),
        "privateKey": str(TLS_KEY),
        "httpPort": http_port,
        "certificateValidityPeriod": LIFETIME,  # for 2.4; newer ones have profiles
        "profiles": {"default": {"validityPeriod": LIFETIME}},
    }
    return json.dumps({"pebble": settings})


def _dns_command(dns: str, management: str) -> list[str]:
    """Return the command that starts a DNS server, and none of the other test servers."""
    options = {"management": management, "dns01": dns, "dnsserver": dns, "defaultIPv6": ""}
    options |= dict.fromkeys(["http01", "https01", "tlsalpn01", "doh"], "")
    # Pebble 2.4, Debian's, has dns01; newer ones call it dnsserver, and have doh.
    known = subprocess.run([PROGRAMS[1], "-help"], stderr=PIPE, text=True).stderr
    given = [f"-{name}={value}" for name, value in options.items() if f"  -{name} " in known]
    return [PROGRAMS[1], *given]


@contextlib.contextmanager
def _process(command: list[str], log: IO[bytes]) -> Iterator[Popen[bytes]]:
    env = {**os.environ, **SETTLED}
    process = Popen(command, env=env, stdin=DEVNULL, stdout=log, stderr=STDOUT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _answer(
    process: Popen[bytes], log: IO[bytes], opener: OpenerDirector, request: str | Request
) -> str:
    """Return what process answers once it has started. Raises UserError with the end of its log."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), opener.open(request, timeout=1) as response:
            return str(response.read().decode())
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
            break
    log.seek(0)
    *_, reason = ["it does not say why", *log.read().decode().splitlines()]
    raise UserError(f"Pebble does not start: {reason}")


def _free_ports() -> Iterator[int]:
    """Yield ports below those that systems give to clients, from one that depends on the process.

    No other program takes them before the programs that need them have started.
    """
    for port in itertools.count(20000 + os.getpid() % 1000 * 10):
        with contextlib.suppress(OSError):
            socket.create_server((ADDRESS, port)).close()
            yield port
