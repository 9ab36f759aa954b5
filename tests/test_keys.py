"""The three scripts that make a key."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.conftest import Run, error_of, openssl

PKCS1, PKCS8 = "-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----"

SCRIPTS = {
    "make_account_key.py": ("account.key", PKCS1),
    "make_account_key2.py": ("account.key", PKCS8),
    "make_certificate_key.py": ("example.com.key", PKCS1),
}


@pytest.fixture(params=SCRIPTS)
def script(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def assert_is_key(path: Path, bits: int, first_line: str) -> None:
    text = path.read_text()
    assert text.startswith(first_line + "\n")
    assert text.endswith("-----\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    shown = openssl("rsa", "-in", str(path), "-check", "-text", "-noout", cwd=path.parent)
    assert "RSA key ok" in shown
    assert f"Private-Key: ({bits} bit" in shown
    assert "publicExponent: 65537 " in shown


def test_a_bare_run_writes_the_key_of_the_article(script: str, run: Run, tmp_path: Path) -> None:
    name, first_line = SCRIPTS[script]
    result = run(script)
    assert result.returncode == 0, result.stderr
    assert os.listdir(tmp_path) == [name]
    assert_is_key(tmp_path / name, 4096, first_line)
    assert f"to {name}: RSA private key, 4096 bits, " in result.stderr
    assert "mode 0600" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("bits", [2048, 3072])
def test_bits(script: str, bits: int, run: Run, tmp_path: Path) -> None:
    result = run(script, "--bits", str(bits), "--out", "my.key")
    assert result.returncode == 0, result.stderr
    assert_is_key(tmp_path / "my.key", bits, SCRIPTS[script][1])
    assert f"{bits} bits" in result.stderr


def test_each_key_is_another(script: str, run: Run) -> None:
    first, second = (run(script, "--bits", "2048", "--out", "-").stdout for _ in range(2))
    assert first != second


def test_standard_output_carries_the_key_alone(script: str, run: Run, tmp_path: Path) -> None:
    result = run(script, "--bits", "2048", "--out", "-")
    assert result.returncode == 0
    assert result.stdout.startswith(SCRIPTS[script][1] + "\n")
    assert result.stdout.endswith("-----\n")
    assert result.stdout.count("\n-----") == 1
    assert os.listdir(tmp_path) == []


def test_quiet_says_nothing(script: str, run: Run) -> None:
    result = run(script, "--bits", "2048", "-q")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--bits", "1024"],
        ["--bits", "x"],
        ["--bits"],
        ["--no-such-option"],
        ["example.com", "example.org"],
        ["--forc"],
        ["--curve", "P-521"],
        ["--curve", "P-256", "--bits", "2048"],
    ],
)
def test_wrong_usage(script: str, arguments: list[str], run: Run, tmp_path: Path) -> None:
    assert f"see {script} --help" in error_of(run(script, *arguments), status=2)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("www.example.org", "www.example.org.key"),
        ("WWW.Example.ORG.", "www.example.org.key"),
        ("*.example.com", "_.example.com.key"),
        ("münchen.example", "xn--mnchen-3ya.example.key"),
        ("certificate", "certificate.key"),
        ("192.0.2.1", "192.0.2.1.key"),
        ("2001:DB8::1", "2001-db8--1.key"),
    ],
)
def test_the_domain_names_the_file(domain: str, name: str, run: Run, tmp_path: Path) -> None:
    result = run("make_certificate_key.py", domain, "--bits", "2048")
    assert result.returncode == 0, result.stderr
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize(
    "domain", ["", "../example", "/etc/passwd", "a/b", "a\\b", ".", "..", "a b", "a\nb", "-x.com"]
)
def test_what_is_no_domain_names_no_file(domain: str, run: Run, tmp_path: Path) -> None:
    error_of(run("make_certificate_key.py", "--", domain), status=2)
    assert os.listdir(tmp_path) == []


def test_help_reads_without_the_libraries(script: str, run: Run) -> None:
    result = run(script, "--help")
    assert result.returncode == 0
    for option in ("--bits", "--out", "--force", "--quiet", "exit status"):
        assert option in result.stdout
