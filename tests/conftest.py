"""What the tests share: the scripts as a user runs them, and keys that are made once."""

from __future__ import annotations

import fcntl
import os
import pty
import shutil
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import pebble

ROOT = Path(__file__).resolve().parent.parent
ARTICLE = Path(__file__).resolve().parent / "data" / "article"

Result = subprocess.CompletedProcess[str]
Run = Callable[..., Result]


def command_of(script: str) -> list[str]:
    """Return what comes after "python" to run a script of the project, or show."""
    return ["-m", "common.show"] if script == "show" else [str(ROOT / script)]


def run_script(script: str, *arguments: str, cwd: Path, **options: object) -> Result:
    """Run a script of the project, or show, as a user does; a warning of Python's is an error."""
    environment = {**os.environ, "PYTHONWARNINGS": "error", "PYTHONDONTWRITEBYTECODE": "1"}
    if script == "show":
        environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, *command_of(script), *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        # No terminal, so that a script that would ask for a passphrase says so and ends.
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        **options,
    )


def on_a_terminal(command: list[str], cwd: Path, *answers: str) -> tuple[int, str]:
    """Run a command on a terminal of its own; return its exit status and what it wrote there.

    answers: what is typed, one after the other, each at a prompt: text that ends in ": ".
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    written, unseen, typed = b"", b"", iter(answers)
    while True:
        try:
            read = os.read(ours, 4096)
        except OSError:  # how Linux says that nobody holds the other end any more
            read = b""
        if not read:
            break
        written, unseen = written + read, unseen + read
        answer = next(typed, None) if unseen.rstrip(b" ").endswith(b":") else None
        if answer is not None:
            os.write(ours, answer.encode() + b"\n")
            unseen = b""
    os.close(ours)
    return process.wait(timeout=60), written.decode()


def need(program: str) -> None:
    """Skip the test where a program is missing. In CI that is a failure, see below."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in CI in which a test was skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def shell(command: str, cwd: Path) -> Result:
    """Run a command in a POSIX shell."""
    if command.startswith("openssl "):
        need("openssl")
    return subprocess.run(
        ["sh", "-c", command], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


def openssl(*arguments: str, cwd: Path) -> str:
    """Run OpenSSL, which must succeed, and return what it prints."""
    need("openssl")
    result = subprocess.run(
        ["openssl", *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def twins(result: Result) -> list[str]:
    """Return the commands that a script has printed to be copied."""
    start = "  $ "
    return [line[len(start) :] for line in result.stderr.splitlines() if line.startswith(start)]


def with_a_change(line: str) -> str:
    """Return a line of PEM with one character exchanged for another of base64."""
    return line[:9] + ("A" if line[9] != "A" else "B") + line[10:]


def error_of(result: Result, status: int = 1) -> str:
    """Return the error of a script that has failed as it should: one line, and no data."""
    lines = result.stderr.splitlines()
    assert result.returncode == status, result.stderr
    assert result.stdout == ""
    assert len([line for line in lines if ": warning: " not in line]) == 1, result.stderr
    assert ".py: error: " in lines[-1]
    return lines[-1].partition(": error: ")[2]


def warnings_of(result: Result) -> list[str]:
    """Return the warnings of a script that has done its work."""
    assert result.returncode == 0, result.stderr
    parts = (line.partition(": warning: ") for line in result.stderr.splitlines())
    return [text for _, found, text in parts if found]


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """Put back what console.run does to signals, which the next program started would inherit."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a script in a directory of the test's own."""

    def in_directory(script: str, *arguments: str, **options: object) -> Result:
        return run_script(script, *arguments, cwd=tmp_path, **options)

    return in_directory


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Return a copy of a 2048-bit key, as certificate.key in the test's own directory."""
    path = tmp_path / "certificate.key"
    shutil.copy(ARTICLE / "rsa2048.key", path)
    return path


@pytest.fixture
def account_key(tmp_path: Path) -> Path:
    """Return a copy of a 4096-bit key, as account.key in the test's own directory."""
    path = tmp_path / "account.key"
    shutil.copy(ARTICLE / "rsa4096.key", path)
    return path


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pebble.Pebble]:
    """Return a Pebble that runs as long as the tests do."""
    for program in pebble.PROGRAMS:
        need(program)
    with pebble.running(tmp_path_factory.mktemp("pebble")) as server:
        yield server
