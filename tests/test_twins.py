"""The OpenSSL commands that the scripts print, pasted into a shell."""

from __future__ import annotations

import os
import re
import shutil
import stat
from pathlib import Path

import pytest

from tests.conftest import ARTICLE, Run, openssl, shell, twins

PEM_KIND = re.compile(r"-----BEGIN (.*)-----")


def public_key(path: Path) -> str:
    return openssl("pkey", "-in", str(path), "-pubout", cwd=path.parent)


def kind_and_size(path: Path) -> tuple[str, str]:
    match = PEM_KIND.match(path.read_text())
    assert match
    shown = openssl("pkey", "-in", str(path), "-text", "-noout", cwd=path.parent)
    return match[1], shown.partition("\n")[0]


@pytest.mark.parametrize(
    "script", ["make_account_key.py", "make_account_key2.py", "make_certificate_key.py"]
)
@pytest.mark.parametrize("out", ["my.key", "it's my key", "-dash", "a$b`c;d"])
def test_of_a_key(script: str, out: str, run: Run, tmp_path: Path) -> None:
    result = run(script, "--bits", "2048", f"--out={out}")
    assert result.returncode == 0, result.stderr
    make, view, extract = twins(result)

    viewed = shell(view, tmp_path)
    assert viewed.returncode == 0
    assert "RSA key ok" in viewed.stdout
    assert shell(extract, tmp_path).returncode == 0
    (public,) = [path for path in tmp_path.iterdir() if path.name != out]
    assert public.read_text() == public_key(tmp_path / out)

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert shell(make, elsewhere).returncode == 0
    assert kind_and_size(elsewhere / out) == kind_and_size(tmp_path / out)
    assert stat.S_IMODE((elsewhere / out).stat().st_mode) == 0o600


def test_of_a_key_on_standard_output(run: Run, tmp_path: Path) -> None:
    (make,) = twins(run("make_account_key.py", "--bits", "2048", "--out", "-"))
    assert shell(make, tmp_path).stdout.startswith("-----BEGIN RSA PRIVATE KEY-----\n")


def test_a_twin_that_would_overwrite_says_so(run: Run) -> None:
    lines = run("make_account_key.py", "--bits", "2048").stderr.splitlines()
    (before,) = [lines[i - 1] for i, line in enumerate(lines) if "genrsa" in line]
    assert "replaces account.key without asking" in before


EMAILS = [
    "support@neoprime.xyz",
    "a+b@example.org",
    "a/b=c@example.org",
    "o'hara@example.org",
    '"two words"@example.org',
    "a\\b\\@example.org",
    "$(touch x)`touch x`;&|<>*?#!{}~@example.org",
    "a,b+CN=evil.org/CN=evil.org@example.org",
    "a@b@example.org",
]

REQUESTS = {
    "one name": ["example.org"],
    "several": ["example.org", "www.example.org", "example.net"],
    "Unicode": ["münchen.example.org", "*.münchen.example.org"],
    "wildcard": ["*.example.org"],
    "address": ["192.0.2.1"],
    "addresses": ["example.org", "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "::"],
    "a hundred names": [f"{number}.example.org" for number in range(100)],
    "too long for a common name": [f"{'a' * 60}.example.org"],
} | {f"e-mail {email}": ["example.org", "--email", email] for email in EMAILS}


def assert_twin_is_identical(run: Run, directory: Path, *arguments: str, out: str) -> None:
    result = run("make_csr.py", *arguments, f"--out={out}")
    assert result.returncode == 0, result.stderr
    make, view = twins(result)
    ours = (directory / out).read_bytes()
    assert shell(view, directory).returncode == 0
    (directory / out).unlink()
    before = sorted(os.listdir(directory))
    pasted = shell(make, directory)
    assert pasted.returncode == 0, pasted.stderr
    assert (directory / out).read_bytes() == ours
    assert sorted(os.listdir(directory)) == sorted([*before, out])


@pytest.mark.parametrize("request_", REQUESTS)
def test_of_a_request(request_: str, key: Path, run: Run, tmp_path: Path) -> None:
    assert_twin_is_identical(run, tmp_path, *REQUESTS[request_], out="certificate.csr")


@pytest.mark.parametrize("name", ["my request", "it's", "-dash", "a\nb", "ü.csr", "$(false)"])
def test_of_a_request_with_odd_file_names(name: str, run: Run, tmp_path: Path) -> None:
    shutil.copy(ARTICLE / "rsa2048.key", tmp_path / f"{name}.key")
    assert_twin_is_identical(run, tmp_path, "example.org", f"--key={name}.key", out=name)


def test_of_a_request_on_standard_output(key: Path, run: Run, tmp_path: Path) -> None:
    result = run("make_csr.py", "--out", "-")
    (make,) = twins(result)
    assert shell(make, tmp_path).stdout == result.stdout
