"""Messages and exit status: what a person at the terminal sees."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from common import console
from tests.conftest import ROOT, Run, error_of, on_a_terminal, shell

SCRIPTS = ["make_account_key.py", "make_account_key2.py", "make_certificate_key.py", "make_csr.py"]
MAKE = [sys.executable, str(ROOT / "make_account_key.py")]


def test_a_terminal_is_told_what_takes_so_long(tmp_path: Path) -> None:
    _, written = on_a_terminal([*MAKE, "--bits", "2048"], tmp_path)
    first = written.splitlines()[0]
    assert first.startswith("Making an RSA key, 2048 bits … done after ")
    assert first.endswith(" s")


def test_a_quiet_terminal_is_told_nothing(tmp_path: Path) -> None:
    assert on_a_terminal([*MAKE, "--bits", "2048", "-q"], tmp_path) == (0, "")


def test_a_pipe_is_not_told_of_progress(run: Run) -> None:
    assert run("make_account_key.py", "--bits", "2048").stderr.startswith("Wrote the account key")


def test_ctrl_c(tmp_path: Path) -> None:
    # A key generator that never ends stands in for the library, and says when it has begun.
    (tmp_path / "Crypto").mkdir()
    (tmp_path / "Crypto" / "__init__.py").write_text("")
    (tmp_path / "Crypto" / "PublicKey.py").write_text(
        "import signal\n"
        "ECC = None\n"
        "class RSA:\n"
        "    def generate(bits):\n"
        "        print('begun', flush=True)\n"
        "        signal.pause()\n"
    )
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        with subprocess.Popen(
            MAKE,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)
        assert process.returncode == status
        assert "Traceback" not in errors
        assert os.listdir(tmp_path) == ["Crypto"]
    assert errors == "make_account_key.py: error: ended by a signal\n"


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_missing_library_is_named(script: str, key: Path) -> None:
    # -S leaves out site-packages, as in a Python where nothing was installed.
    result = subprocess.run(
        [sys.executable, "-S", "-E", str(ROOT / script), "--out", "new"],
        cwd=key.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    message = error_of(result)
    assert message.startswith("No module named ")
    assert "pip install -r" in message
    assert str(ROOT / "requirements.txt") in message


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_needs_no_library(script: str, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-S", "-E", str(ROOT / script), "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.startswith(f"usage: {script}")


@pytest.mark.parametrize(
    ("redirection", "status"),
    [
        (">&-", 1),
        (">/dev/full", 1),
        ("| true", 0),
        ("2>&- | grep -q BEGIN", 0),
        ("2>/dev/full | grep -q BEGIN", 0),
    ],
)
def test_streams_that_take_nothing(redirection: str, status: int, key: Path) -> None:
    command = f"{sys.executable} {ROOT / 'make_csr.py'} --out - {redirection}"
    result = shell(command, key.parent)
    assert result.returncode == status, result.stderr
    assert "Traceback" not in result.stderr
    assert "Exception ignored" not in result.stderr
    if status:
        assert "make_csr.py: error: standard output" in result.stderr


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_a_message_that_cannot_be_written_changes_nothing(redirection: str, key: Path) -> None:
    command = f"{sys.executable} {ROOT / 'make_csr.py'} {redirection}"
    assert shell(command, key.parent).returncode == 0
    assert sorted(os.listdir(key.parent)) == ["certificate.csr", "certificate.key"]


def test_help_into_a_closed_pipe(tmp_path: Path) -> None:
    result = shell(f"{' '.join(MAKE)} --help | true", tmp_path)
    assert result.stderr == ""


def test_from_another_directory_through_a_relative_path(tmp_path: Path) -> None:
    script = os.path.relpath(ROOT / "make_account_key.py", tmp_path)
    result = shell(f"{sys.executable} {script} --bits 2048", tmp_path)
    assert result.returncode == 0, result.stderr
    assert os.listdir(tmp_path) == ["account.key"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_in_any_encoding(script: str, tmp_path: Path) -> None:
    result = shell(f"PYTHONIOENCODING=ascii {sys.executable} {ROOT / script} --help", tmp_path)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_file_name_in_any_encoding(tmp_path: Path) -> None:
    command = f"PYTHONIOENCODING=ascii {sys.executable} {ROOT / SCRIPTS[0]} --curve P-256"
    result = shell(f"{command} --out ü.key", tmp_path)
    view = result.stderr.splitlines()[4].removeprefix("  $ ")
    assert shell(view, tmp_path).returncode == 0


def test_one_line() -> None:
    assert console.one_line("ü a\nb\x1b[31m\u202e\udcff") == "ü a\\nb\\x1b[31m\\u202e\\udcff"


def test_a_file_name_cannot_break_the_line(run: Run) -> None:
    assert "a\\nb" in error_of(run("make_csr.py", "--key", "a\nb"))


def test_any_other_exception_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise RuntimeError("a\nb")

    with pytest.raises(SystemExit) as caught:
        console.run(broken)
    assert caught.value.code == 1
    assert "please report it: RuntimeError\n" in capsys.readouterr().err
