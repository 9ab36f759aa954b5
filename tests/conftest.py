"""What the tests share: running the scripts, keys that are made once, and other programs."""

import contextlib
import functools
import importlib
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from common.show import __main__ as show_program
from course import pebble
from tests import browser

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

ROOT = Path(__file__).resolve().parent.parent
ARTICLE = Path(__file__).resolve().parent / "data" / "article"
KEY_SCRIPTS = ("make_account_key.py", "make_account_key2.py", "make_certificate_key.py")
SCRIPTS = (*KEY_SCRIPTS, "make_csr.py")

Result = subprocess.CompletedProcess[str]
Run = Callable[..., Result]
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Show = Callable[..., tuple[int, str, str]]
Patch = pytest.MonkeyPatch
Capture = pytest.CaptureFixture[str]


def pytest_configure() -> None:
    """Let only the owner read the files of the tests, so that no program warns of other users."""
    os.umask(0o077)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out on Windows what needs POSIX, so that it does not count as skipped."""
    if sys.platform == "win32":
        items[:] = [item for item in items if not item.get_closest_marker("posix")]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in CI in which a test was skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def need(program: str) -> None:
    """Skip the test where a program is missing. In CI that is a failure."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: Patch, capfd: Capture) -> Run:
    """Return a function that runs a script in this process and in tmp_path."""
    monkeypatch.chdir(tmp_path)

    def in_process(script: str, *arguments: str) -> Result:
        capfd.readouterr()
        status = importlib.import_module(script.removesuffix(".py")).main(list(arguments))
        return Result([script, *arguments], status, *capfd.readouterr())

    return in_process


def command_of(script: str, *arguments: str) -> list[str]:
    """Return the command that runs a script in a process of its own."""
    return [sys.executable, str(ROOT / script), *arguments]


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a user, without PYTHONWARNINGS."""
    ours = {key: value for key, value in os.environ.items() if key != "PYTHONWARNINGS"}
    if ours.get("MUTANT_UNDER_TEST") == "stats":  # mutmut notes what is called, in this process
        ours["MUTANT_UNDER_TEST"] = ""
    return ours | more


def default_signals() -> None:
    """Restore signals that are ignored here, as after nohup or & in a script."""
    for name in ("SIGINT", "SIGQUIT", "SIGHUP", "SIGTERM"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)


def run_process(command: list[str], cwd: Path, **options: Any) -> Result:
    """Run a command without a terminal."""
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("env", environment())
    return subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        errors="backslashreplace",
        timeout=60,
        check=False,
        start_new_session=True,
        **options,
    )


class Session(NamedTuple):
    status: int
    written: str
    echo: list[bool]  # whether the terminal shows what is typed: at each prompt, and at the end


def on_a_terminal(command: list[str], cwd: Path, *answers: str | signal.Signals) -> Session:
    """Run a command on a terminal of its own.

    answers: what is typed, or the signal that is sent, at each prompt: text that ends in ":".
    Enter follows, but not after a control character such as Ctrl-C. SIGHUP closes the terminal.
    """
    import fcntl  # which Windows does not have
    import pty
    import select
    import termios

    ours, theirs = pty.openpty()

    def start() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        default_signals()

    def shows_what_is_typed() -> bool:
        return bool(termios.tcgetattr(theirs)[3] & termios.ECHO)

    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environment(PS1="READY: ", TERM="dumb"),  # for a shell
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=start,
    )
    written, unseen, left, echo = b"", b"", list(answers), list[bool]()
    deadline, again = time.monotonic() + 60, math.inf
    while True:
        if select.select([ours], [], [], 0.01)[0]:
            read = os.read(ours, 4096)
            written, unseen = written + read, unseen + read
        elif process.poll() is not None:
            break
        elif time.monotonic() > deadline:
            process.kill()
        if left and unseen.rstrip(b" ").endswith(b":"):
            echo.append(shows_what_is_typed())
            answer, unseen = left.pop(0), b""
        elif unseen or time.monotonic() < again:
            continue
        if answer == signal.SIGHUP:
            os.close(ours)
            os.close(theirs)
            return Session(process.wait(timeout=60), written.decode(), echo)
        is_signal = isinstance(answer, signal.Signals) or answer[-1] < " "
        # Python may miss a signal that comes right before it calls read(): then send it again.
        again = time.monotonic() + 2 if is_signal else math.inf
        if isinstance(answer, signal.Signals):
            process.send_signal(answer)
        else:
            os.write(ours, answer.encode() + (b"" if is_signal else b"\n"))
    echo.append(shows_what_is_typed())
    os.close(ours)
    os.close(theirs)
    return Session(process.wait(), written.decode(errors="backslashreplace"), echo)


def shell(command: str, cwd: Path) -> Result:
    """Run a command in a POSIX shell."""
    if command.startswith("openssl "):
        need("openssl")
    return run_process(["sh", "-c", command], cwd)


def openssl(*arguments: str, cwd: Path) -> str:
    """Run OpenSSL, which must succeed, and return what it prints."""
    need("openssl")
    result = run_process(["openssl", *arguments], cwd)
    assert result.returncode == 0, result.stderr
    return result.stdout


def commands_of(result: Result) -> list[str]:
    """Return the commands that a script has printed to be pasted."""
    start = "  > " if os.name == "nt" else "  $ "
    return [line[4:] for line in result.stderr.splitlines() if line.startswith(start)]


def error_of(result: Result, status: int = 1) -> str:
    """Return the error of a script that has failed as it should: one line, and no data."""
    assert (result.returncode, result.stdout) == (status, ""), result.stderr
    *others, error = result.stderr.splitlines()
    assert all(": warning: " in line for line in others), result.stderr
    assert ".py: error: " in error
    return error.partition(": error: ")[2]


def warnings_of(result: Result) -> list[str]:
    """Return the warnings of a script that has done its work."""
    assert result.returncode == 0, result.stderr
    parts = (line.partition(": warning: ") for line in result.stderr.splitlines())
    return [text for _, found, text in parts if found]


@functools.cache
def private_key(kind: int | str, number: int = 0) -> PrivateKey:
    """Return a key, made once: of kind bits, or on the curve kind. number: one of several."""
    if isinstance(kind, int):
        return rsa.generate_private_key(65537, kind)
    curves = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
    return ec.generate_private_key(curves[kind])


def pem_of(
    key: PrivateKey,
    passphrase: bytes | None = None,
    form: PrivateFormat = PrivateFormat.TraditionalOpenSSL,
) -> bytes:
    """Return a private key in PEM; with a passphrase it is encrypted."""
    protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        protection = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(Encoding.PEM, form, protection)


@pytest.fixture
def show(tmp_path: Path, monkeypatch: Patch, capfd: Capture) -> Show:
    """Run show in the test's own directory; return its status, output and messages."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: (show_program.main(arguments), *capfd.readouterr())


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Return a copy of a 2048-bit key, as certificate.key in the test's own directory."""
    return shutil.copyfile(ARTICLE / "rsa2048.key", tmp_path / "certificate.key")


SECRET = "correct horse; battery $taple ü"


@pytest.fixture
def secret_file(tmp_path: Path) -> str:
    """Return the name of a file with SECRET."""
    (tmp_path / "secret").write_bytes(f"{SECRET}\nand another line\n".encode())
    return "secret"


@pytest.fixture(scope="session")
def ca() -> Iterator[pebble.Pebble]:
    """Return a Pebble that runs as long as the tests do, and believes every proof."""
    for program in pebble.PROGRAMS:
        need(program)
    with contextlib.ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(pebble.SETTLED, "PEBBLE_VA_ALWAYS_VALID", "1")
            server = stack.enter_context(pebble.running())
        yield server


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return a browser, a Chrome of Selenium, that runs as long as the tests do."""
    with browser.started(tmp_path_factory.mktemp("profile")) as driver:
        yield driver
