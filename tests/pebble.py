"""Pebble, Let's Encrypt's own small ACME server (RFC 8555), on this machine alone.

Its DNS server, pebble-challtestsrv, says that every name is at 127.0.0.1. There a small web
server shows what an ACME client puts into a directory: the answers to HTTP-01 challenges.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import trustme

PROGRAMS = ("pebble", "pebble-challtestsrv")
PATIENCE = 30  # seconds until a server that does not answer has failed


class Pebble(NamedTuple):
    """A running Pebble and what belongs to it."""

    directory_url: str  # where an ACME client begins
    ca_file: Path  # certificate of who signed Pebble's own TLS certificate
    challenge_dir: Path  # served as http://ANY-NAME/.well-known/acme-challenge/
    dns_url: str  # where pebble-challtestsrv takes TXT records for DNS-01
    management_url: str  # where Pebble shows its root certificate
    log: Path


def missing() -> list[str]:
    """Return the programs that this needs and the machine has not."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


@contextlib.contextmanager
def running(directory: Path) -> Iterator[Pebble]:
    """Start Pebble in strict mode, with its files in directory, and stop it at the end."""
    pebble_port, management_port, dns_port, dns_management_port, tls_port = _free_ports(5)
    ca_file = _certificates(directory)
    challenge_dir = directory / "challenges"
    challenge_dir.mkdir()
    log = directory / "pebble.log"
    with contextlib.ExitStack() as stack:
        http_port = stack.enter_context(_challenges(challenge_dir))
        config = {
            "listenAddress": f"127.0.0.1:{pebble_port}",
            "managementListenAddress": f"127.0.0.1:{management_port}",
            "certificate": str(directory / "pebble.pem"),
            "privateKey": str(directory / "pebble.key"),
            "httpPort": http_port,
            "tlsPort": tls_port,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
        }
        config_file = directory / "pebble.json"
        config_file.write_text(json.dumps({"pebble": config}))
        dns = f"127.0.0.1:{dns_port}"
        output = stack.enter_context(log.open("w"))
        dns_server = ["pebble-challtestsrv", "-dns01", dns, "-defaultIPv6", ""]
        dns_server += ["-management", f"127.0.0.1:{dns_management_port}"]
        dns_server += ["-http01", "", "-https01", "", "-tlsalpn01", ""]
        stack.enter_context(_process(dns_server, output))
        pebble = ["pebble", "-strict", "-config", str(config_file), "-dnsserver", dns]
        stack.enter_context(_process(pebble, output))
        for port in (dns_management_port, pebble_port, management_port):
            _wait_for(port, log)
        yield Pebble(
            directory_url=f"https://127.0.0.1:{pebble_port}/dir",
            ca_file=ca_file,
            challenge_dir=challenge_dir,
            dns_url=f"http://127.0.0.1:{dns_management_port}",
            management_url=f"https://127.0.0.1:{management_port}",
            log=log,
        )


def root_certificate(pebble: Pebble) -> bytes:
    """Return the root certificate that Pebble has made for this run, in PEM."""
    trust = ssl.create_default_context(cafile=pebble.ca_file)
    with urllib.request.urlopen(f"{pebble.management_url}/roots/0", context=trust) as answer:
        content: bytes = answer.read()
    return content


def acme_tiny(pebble: Pebble, account_key: Path, csr: Path) -> subprocess.CompletedProcess[str]:
    """Have acme-tiny get the certificate for a request; it is on its standard output, in PEM."""
    command = ["acme_tiny", "--account-key", str(account_key), "--csr", str(csr)]
    command += ["--directory-url", pebble.directory_url]
    command += ["--acme-dir", str(pebble.challenge_dir), "--disable-check"]
    return _client(pebble, command)


def acme_library(pebble: Pebble, account_key: Path, csr: Path) -> subprocess.CompletedProcess[str]:
    """Have the acme library get it: by DNS-01 for names, by HTTP-01 for IP addresses."""
    command = ["tests.acme_client", str(account_key), str(csr)]
    command += [pebble.directory_url, pebble.dns_url, str(pebble.challenge_dir)]
    return _client(pebble, command)


def _client(pebble: Pebble, module: list[str]) -> subprocess.CompletedProcess[str]:
    trust = {"SSL_CERT_FILE": str(pebble.ca_file), "REQUESTS_CA_BUNDLE": str(pebble.ca_file)}
    return subprocess.run(
        [sys.executable, "-m", *module],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, **trust},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _certificates(directory: Path) -> Path:
    authority = trustme.CA()
    server = authority.issue_cert("127.0.0.1")
    server.private_key_pem.write_to_path(str(directory / "pebble.key"))
    server.cert_chain_pems[0].write_to_path(str(directory / "pebble.pem"))
    ca_file = directory / "pebble-ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    return ca_file


class _ChallengeHandler(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path: str) -> str:
        return super().translate_path(path.removeprefix("/.well-known/acme-challenge"))

    def log_message(self, *_: object) -> None:
        """Say nothing: Pebble's log tells of every validation."""


@contextlib.contextmanager
def _challenges(directory: Path) -> Iterator[int]:
    handler = functools.partial(_ChallengeHandler, directory=str(directory))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def _process(command: list[str], output: IO[str]) -> Iterator[None]:
    # Nothing at random: no pause before a validation, no nonce refused, no validation left out.
    settled = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}
    environment = {**os.environ, **settled}
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for free in sockets:
            free.bind(("127.0.0.1", 0))
        return [free.getsockname()[1] for free in sockets]


def _wait_for(port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no server at port {port}:\n{log.read_text()}") from error
            threading.Event().wait(0.02)
