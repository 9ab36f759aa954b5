"""Deactivating an account at a real CA, with a key that the tests have made."""

import io
import json
import urllib.request
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.response import addinfourl

from common import passphrase
from course import acme_client, deactivate, files, pebble
from tests.conftest import SECRET, pem_of, private_key

import pytest

pytestmark = pytest.mark.apart


Told = Callable[..., str]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """Return a function that runs the program, checks its status and returns its messages."""

    def run(status: int, *arguments: str) -> str:
        assert deactivate.main(arguments) == status
        output, messages = capsys.readouterr()
        assert output == ""
        if status:
            assert len(messages.splitlines()) == 1
        return messages

    return run


@pytest.mark.parametrize("kind", [2048, "P-256", "P-384"])
def test_an_account_is_deactivated_once(
    kind: int | str, ca: pebble.Pebble, tmp_path: Path, secret_file: str, told: Told
) -> None:
    path = tmp_path / "account.key"
    path.write_bytes(pem_of(private_key(kind, 7), SECRET.encode()))
    secret = str(tmp_path / secret_file)
    key = files.read_account_key(path, passphrase.from_file(secret))
    server = ["--server", ca.directory_url, "--ca-file", str(pebble.TLS)]
    command = [str(path), "--passphrase-file", secret, *server]
    none = f"{path}: there is no account with this key at {ca.directory_url}, so nothing was done"
    assert none in told(1, *command)

    account = acme_client.Account(key, ca.directory_url, ca.opener)
    assert f"Deactivated the account of {path}: {account.url}\n" in told(0, *command)
    with pytest.raises(acme_client.Problem, match="unauthorized"):
        account.order([])

    assert "was deactivated before. There is nothing to do." in told(0, *command)
    with pytest.raises(acme_client.Problem, match="unauthorized"):
        acme_client.Account(key, ca.directory_url, ca.opener)


def test_a_slip_gets_advice(account_key: Path, told: Told) -> None:
    path, server = str(account_key), ["--server", "letsencrypt"]
    for status, arguments, advice in (
        (2, [path], "for Let's Encrypt, add --server letsencrypt"),
        (1, [path.replace("account.", "acount."), *server], f"did you mean {path}?"),
        (
            1,
            [str(account_key.with_name("stolen")), *server],
            "give the stolen key, or a copy of it",
        ),
    ):
        assert told(status, *arguments).endswith(f"; {advice}\n")


def test_a_server_failure_is_one_line(ca: pebble.Pebble, account_key: Path, told: Told) -> None:
    here = ["--ca-file", str(pebble.TLS)]
    for server, more, reason in (
        (ca.directory_url, [], "certificate"),
        (ca.directory_url.replace("dir", "none"), here, "the answer is not that of an ACME server"),
        (ca.directory_url.replace("https", "http"), here, "not an https:// address"),
        ("https://127.0.0.1:1/", here, "refused"),
        (ca.directory_url, ["--ca-file", str(account_key)], "no certificate in PEM"),
    ):
        assert reason in told(1, str(account_key), "--server", server, *more)


def test_a_nonce_that_the_ca_rejects_is_replaced(ca: pebble.Pebble) -> None:
    """RFC 8555 section 6.5."""
    nonces = []

    class UsedNonce(urllib.request.OpenerDirector):
        """Gives the first nonce once more."""

        def open(self, *arguments: Any, **more: Any) -> Any:
            answer = ca.opener.open(*arguments, **more)
            if answer.url.endswith("/nonce-plz"):
                nonces.append(answer.headers["Replay-Nonce"])
                if len(nonces) == 2:
                    answer.headers.replace_header("Replay-Nonce", nonces[0])
            return answer

    key = acme_client.account_key(private_key("P-256", 8))
    acme_client.Account(key, ca.directory_url, UsedNonce()).deactivate()
    assert len(nonces) == 3


_CA = "https://ca.example.com"
_DIRECTORY = {name: f"{_CA}/{name}" for name in ("newNonce", "newAccount", "newOrder")}
_HONEST = {
    f"{_CA}/dir": json.dumps(_DIRECTORY).encode(),
    f"{_CA}/newNonce": b"",
    f"{_CA}/newAccount": b'{"status": "valid"}',
    f"{_CA}/account": b'{"status": "deactivated"}',
}


@pytest.fixture
def told_by(account_key: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Return a function that asks a CA with these answers, by path, and a path that redirects."""

    def ask(expected: int, answers: dict[str, object], moved: str = "") -> str:
        pages: dict[str, object] = {f"{_CA}/{path}": body for path, body in answers.items()}

        class Opener(urllib.request.OpenerDirector):
            def open(self, fullurl: Any, *arguments: Any, **more: Any) -> Any:
                url = fullurl.full_url
                body = {**_HONEST, **pages}[url]
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                headers = Message()
                headers["Location"] = f"{_CA}/account"
                headers["Replay-Nonce"] = "nonce"
                at = f"{_CA}/elsewhere" if url == f"{_CA}/{moved}" else url
                return addinfourl(io.BytesIO(data), headers, at, 200)

        monkeypatch.setattr(deactivate, "_opener", lambda _: Opener())
        return told(expected, str(account_key), "--server", f"{_CA}/dir")

    return ask


def test_an_account_counts_as_deactivated_only_if_the_ca_says_so(told_by: Told) -> None:
    told_by(0, {})
    for status in ("valid", None, {"a": 1}):
        message = told_by(1, {"account": {"status": status}})
        assert "the CA does not say that this account is deactivated" in message
    assert "the account may still be active" in told_by(1, {"account": b"<html>"})


@pytest.mark.parametrize("path", ["dir", "newAccount"])
def test_an_answer_from_elsewhere_is_not_that_of_the_ca(path: str, told_by: Told) -> None:
    """After a redirect, Python sends a GET without data in place of the POST."""
    assert f"redirects this address to {_CA}/elsewhere; nothing was done" in told_by(1, {}, path)


@pytest.mark.parametrize(
    "answer",
    [
        b"[" * 200_000,
        b" " * (1 << 20) + b"{}",
        *({**_DIRECTORY, "newNonce": url} for url in (3, None, "https://[::1/")),
    ],
)
def test_a_strange_answer_is_one_line(answer: object, told_by: Told) -> None:
    assert "nothing was done" in told_by(1, {"dir": answer})
