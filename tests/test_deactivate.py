"""Deactivating an account at a real CA, with a key that the tests have made."""

import errno
import io
import itertools
import json
import os
import urllib.request
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.response import addinfourl

from common import passphrase, pem
from course import acme_client, deactivate, files, pebble
from tests.conftest import ROOT, SECRET, Capture, Patch, pem_of, private_key
from tests.made import pkcs1, request, san

import pytest

pytestmark = pytest.mark.apart

Told = Callable[..., str]
NUMBERS = itertools.count()
AGAIN = "check --server, --ca-file and the network, then run this again"


@pytest.fixture
def told(capsys: Capture) -> Told:
    """Return a function that runs the program, checks its status and returns its messages."""

    def run(status: int, *arguments: str) -> str:
        assert deactivate.main(arguments) == status
        output, messages = capsys.readouterr()
        assert (output, status == 0 or messages.count("\n") == 1) == ("", True)
        return messages

    return run


@pytest.mark.parametrize("kind", [2048, "P-256", "P-384"])
def test_an_account_is_deactivated_once(
    kind: int | str, ca: pebble.Pebble, tmp_path: Path, secret_file: str, told: Told
) -> None:
    path = tmp_path / "account.key"
    path.write_bytes(pem_of(private_key(kind, 7), SECRET.encode()))
    secret = str(tmp_path / secret_file)
    key = files.read_account_key(path, passphrase.Source(secret))
    server = ["--server", ca.directory_url, "--ca-file", str(pebble.TLS)]
    command = [str(path), "--passphrase-file", secret, *server]
    assert told(1, *command) == (
        f"deactivate: error: {path}: there is no account with this key at {ca.directory_url}, so "
        "nothing was done; check the key and --server; if the thief has changed the key of the "
        "account, see docs/stolen.md\n"
    )
    account = acme_client.Account(key, ca.directory_url, ca.opener)
    consequences = (ROOT / "tests/data/course/deactivated.txt").read_text("utf-8")
    assert told(0, *command) == f"Deactivated the account of {path}: {account.url}\n{consequences}"
    with pytest.raises(acme_client.InactiveAccount):
        acme_client.Account(key, ca.directory_url, ca.opener)
    assert told(0, *command) == (
        f"There is nothing to do, because {ca.directory_url} already refuses {path}: the CA "
        "refuses: An account with the provided public key exists but is deactivated "
        "(unauthorized)\n"
    )


def test_a_mistake_is_one_line(ca: pebble.Pebble, tmp_path: Path, told: Told) -> None:
    path, other, big = (tmp_path / name for name in ("account.key", "acount.key", "big.key"))
    path.write_bytes(pem_of(private_key("P-256")))
    big.write_bytes(pkcs1(n=1 << 8199 | 1))  # checking the numbers of such a key could take hours
    url, roots = ca.directory_url, str(pebble.TLS)
    for status, key, server, ca_file, said in (
        (2, path, "letsencrpyt", roots, "--server letsencrpyt: did you mean letsencrypt?\n"),
        (1, other, url, roots, f"{other}: No such file or directory; did you mean {path}?\n"),
        (1, tmp_path / "x", url, roots, "directory; give the stolen key, or a copy of it\n"),
        (1, big, url, roots, "and keys over 8192 bits take too long to check; make another\n"),
        (1, path, url, str(path), f"{path}: it has no certificate in PEM; give another file\n"),
        (1, path, url, os.devnull, f"{os.devnull}: it has no certificate in PEM; give another"),
        (1, path, url, "", "an empty name: No such file or directory; give another file\n"),
        (1, path, "https://127.0.0.1:9/", roots, f": {os.strerror(errno.ECONNREFUSED)}; nothing"),
        (2, path, url.replace("https", "http"), roots, "--server: give an https:// address, with"),
        (2, path, "https://u:secret@localhost/", roots, "--server: give an https:// address, with"),
        (2, path, "https://u%40localhost/", roots, "https:// address, without a user name\n"),
    ):
        assert said in told(status, str(key), "--server", server, "--ca-file", ca_file)
    self_signed = f": self-signed certificate; nothing was done; {AGAIN}\n"
    assert told(1, str(path), "--server", url).endswith(self_signed)
    missing = "--server is missing; for Let's Encrypt, add --server letsencrypt"
    assert told(2, str(path)) == f"deactivate: error: {missing}\n"


def account_at(ca: pebble.Pebble, change: Callable[[Any], Any]) -> acme_client.Account:
    """Return an account at a CA whose answers are changed."""

    class Opener(urllib.request.OpenerDirector):
        def open(self, *arguments: Any, **more: Any) -> Any:
            return change(ca.opener.open(*arguments, **more))

    return acme_client.Account(private_key("P-256", 8), ca.directory_url, Opener())


def test_a_nonce_that_the_ca_rejects_is_replaced(ca: pebble.Pebble) -> None:
    """RFC 8555 section 6.5."""
    nonces = []

    def reject(answer: Any) -> Any:
        if answer.url.endswith("/nonce-plz"):
            nonces.append(answer.headers["Replay-Nonce"])
            if 2 <= len(nonces) <= 5:
                answer.headers.replace_header("Replay-Nonce", nonces[0])
        return answer

    account_at(ca, reject).order(pem.names(request(san("a.b"))))
    assert len(nonces) == 6


MEMBERS = "Replay-Nonce Location status authorizations challenges token url finalize certificate"


def get_certificate(ca: pebble.Pebble, old: str, new: str) -> None:
    """Get a certificate from a CA whose answers lack a header and have a text replaced."""

    def change(answer: Any) -> Any:
        del answer.headers[old.strip('":')]
        data = answer.read().replace(old.encode(), new.encode())
        return addinfourl(io.BytesIO(data), answer.headers, answer.url, answer.status)

    account = account_at(ca, change)
    csr = request(san(f"{next(NUMBERS)}.a.b"))  # Pebble sometimes accepts the last proof of a name
    order = account.order(pem.names(csr))
    authorization = account.read(order["authorizations"][0])
    # A new Pebble also offers a challenge without a token, in any order.
    challenge = max(authorization["challenges"], key=lambda one: "token" in one)
    assert challenge["token"]
    account.prove(authorization, challenge)
    account.finalize(order, csr)


@pytest.mark.parametrize("member", MEMBERS.split())
def test_a_missing_member_of_an_answer_is_named(member: str, ca: pebble.Pebble) -> None:
    missing = f"^the answer from the CA does not contain {member}$"
    with pytest.raises(acme_client.Problem, match=missing):
        get_certificate(ca, f'"{member}":', '"":')


def test_a_ca_that_does_not_find_a_proof_valid(ca: pebble.Pebble, monkeypatch: Patch) -> None:
    pauses = list[float]()
    clock = SimpleNamespace(monotonic=itertools.count(0, 20).__next__, sleep=pauses.append)
    monkeypatch.setattr(acme_client, "time", clock)
    with pytest.raises(acme_client.Problem, match=r"^the CA did not decide within 60 seconds$"):
        get_certificate(ca, '"valid"', '"processing"')
    assert pauses == [0.05, 0.05]
    with pytest.raises(
        acme_client.Refusal, match=r"^the CA refuses: it does not say why \(unknown\)$"
    ):
        get_certificate(ca, '"valid"', '"invalid"')


_CA = "https://acme-v02.api.letsencrypt.org"
_DIRECTORY = {name: f"{_CA}/{name}" for name in ("newNonce", "newAccount", "newOrder")}
_HONEST = {
    "directory": _DIRECTORY,
    "newNonce": {},
    "newAccount": {"status": "valid"},
    "account": {"status": "deactivated"},
}
UNAUTHORIZED = {"type": "urn:ietf:params:acme:error:unauthorized", "detail": "No."}
BAD_NONCE = {"type": "urn:ietf:params:acme:error:badNonce", "detail": "No."}
RATE_LIMITED = {"type": "urn:ietf:params:acme:error:rateLimited", "detail": "No."}
HTTPS = "this is not an https:// address, which ACME requires"


@pytest.mark.parametrize(
    ("path", "answer", "status", "said"),
    [
        ("newAccount", {"status": "revoked"}, 0, "the CA says that the account is revoked"),
        ("newAccount", {"status": "deactivated"}, 0, "the CA says that the account is deactivated"),
        ("newAccount", UNAUTHORIZED, 0, "the CA refuses: No. (unauthorized)"),
        ("newAccount", RATE_LIMITED, 1, "the CA refuses: No. (rateLimited)"),
        ("newAccount", BAD_NONCE, 1, "the CA refuses: No. (badNonce)"),
        ("newAccount", {"type": "x", "detail": "x" * 2000}, 1, f"the CA refuses: {'x' * 984}"),
        ("account", {"status": "valid"}, 1, "the CA does not say that it deactivated the account"),
        ("account", b"<html>", 1, "the answer is not that of an ACME server"),
        # After a redirect, Python sends a GET without data in place of the POST.
        ("account", "elsewhere", 1, f"the CA redirects this address to {_CA}/elsewhere"),
        ("directory", b"[" * 200_000, 1, "the answer is not that of an ACME server"),
        ("directory", {}, 1, "this is not the directory of an ACME server"),
        ("directory", {**_DIRECTORY, "newNonce": "https://[::1/"}, 1, "Invalid IPv6 URL"),
        ("directory", {**_DIRECTORY, "newNonce": "http://a/"}, 1, HTTPS),
        ("directory", {**_DIRECTORY, "newNonce": 5}, 1, f"5: {HTTPS}"),
    ],
)
def test_each_answer_of_a_ca_gets_one_message(
    path: str, answer: object, status: int, said: str, key: Path, told: Told, monkeypatch: Patch
) -> None:
    class Opener(urllib.request.OpenerDirector):
        def open(self, fullurl: Any, *arguments: Any, **more: Any) -> Any:
            assert fullurl.get_header("User-agent") == "acme-keys (Python urllib)"
            url = fullurl.full_url
            name = url.replace("-staging", "").removeprefix(f"{_CA}/")
            body = answer if name == path and answer != "elsewhere" else _HONEST[name]
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers = Message()
            headers["Location"], headers["Replay-Nonce"] = f"{_CA}/account", "nonce"
            at = f"{_CA}/elsewhere" if name == path and answer == "elsewhere" else url
            return addinfourl(io.BytesIO(data), headers, at, 400 if b'"type"' in data else 200)

    monkeypatch.setattr(deactivate, "_opener", lambda _: Opener())
    result = "the account may still be active" if path == "account" else "nothing was done"
    end = f"; {result}; {AGAIN}" if status else ""
    for server in ("letsencrypt", "letsencrypt-staging"):
        assert told(status, str(key), "--server", server).endswith(f": {said}{end}\n")
