"""Messages, signals and exit status: what a person at the terminal sees."""

import errno
import io
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

from common import console
from tests.conftest import (
    ROOT,
    Run,
    command_of,
    environment,
    error_of,
    on_a_terminal,
    run_process,
    shell,
)

import pytest

Patch = pytest.MonkeyPatch

MAKE = command_of("make_account_key.py")
POSIX = pytest.mark.posix(reason="signals or sh")


def test_what_would_break_a_line_or_steer_a_terminal_is_escaped() -> None:
    text = "ü … a\nb\r\x1b[31m\x9b\u202e\udcff\U000e0001"
    assert console.printable(text) == r"ü … a\nb\r\x1b[31m\x9b\u202e\udcff\U000e0001"


BUG = "p.py: error: this is a bug in the program; please report it: {}\n"


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (None, 0, ""),
        (SystemExit(0), 0, ""),
        (console.UserError("a\nb: c"), 1, "p.py: error: a\\nb: c\n"),
        (console.UsageError("a"), 2, "p.py: error: a\n"),
        (RuntimeError("a secret"), 1, BUG.format("RuntimeError")),
        (BaseException("a panic"), 1, BUG.format("BaseException")),
    ],
)
def test_an_exception_becomes_one_line_and_an_exit_status(
    raised: BaseException | None, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    @console.program("p.py")
    def main(argv: object) -> None:
        if raised:
            raise raised

    assert main() == status
    assert capsys.readouterr().err == said
    with pytest.raises(SystemExit) as caught:
        console.run(main)
    assert caught.value.code == status


@pytest.mark.parametrize(("options", "shown"), [([], 0), (["error"], 1)])
def test_warnings_of_libraries_are_hidden_unless_python_was_asked_for_them(
    options: list[str], shown: int, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(sys, "warnoptions", options)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(SystemExit):
            console.run(lambda: warnings.warn("it goes", DeprecationWarning, 1) or 0)
    assert len(caught) == shown


class TestStandardOutput:
    def test_takes_text_in_its_encoding(self, monkeypatch: Patch) -> None:
        for encoding, expected in [("ascii", b"\\xfc"), ("latin-1", b"\xfc"), (None, b"\xc3\xbc")]:
            raw = io.BytesIO()
            stream = SimpleNamespace(buffer=raw, encoding=encoding, flush=lambda: None)
            monkeypatch.setattr(sys, "stdout", stream)
            console.write_text("ü")
            assert raw.getvalue() == expected

    def test_may_take_a_part_at_a_time_or_nothing_for_now(self, monkeypatch: Patch) -> None:
        """As without a buffer (python -u), and as a pipe that is full and does not wait."""
        taken = b""

        def write(data: bytes) -> int | None:
            nonlocal taken
            taken += data[:3]
            return 3 if len(taken) < 9 else None

        monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=SimpleNamespace(write=write)))
        with pytest.raises(console.UserError) as caught:
            console.write_data(b"0123456789")
        assert taken == b"012345678"
        message = f"standard output: {os.strerror(errno.EAGAIN)}; output is incomplete"
        assert str(caught.value) == message

    @POSIX
    @pytest.mark.parametrize(
        ("redirection", "error"),
        [
            (">&-", "standard output is closed; redirect it to a file"),
            (">/dev/full", "standard output: No space left on device; output is incomplete"),
            ("| true", None),
            ("2>&- | grep -q BEGIN", None),
        ],
    )
    def test_that_takes_nothing_is_told_once(
        self, redirection: str, error: str | None, key: Path
    ) -> None:
        command = f"{sys.executable} {ROOT / 'make_csr.py'} --out - {redirection}"
        result = shell(command, key.parent)
        if error:
            assert error_of(result) == error
        assert result.returncode == bool(error), result.stderr
        assert "Traceback" not in result.stderr
        assert "Exception ignored" not in result.stderr


@POSIX
@pytest.mark.parametrize("redirection", ["2>/dev/full", ">&- 2>&- <&-"])
def test_a_message_that_cannot_be_written_changes_nothing(redirection: str, key: Path) -> None:
    command = f"{sys.executable} {ROOT / 'make_csr.py'} {redirection}"
    assert shell(command, key.parent).returncode == 0
    assert sorted(os.listdir(key.parent)) == ["certificate.csr", "certificate.key"]


@POSIX
def test_help_in_any_encoding_and_onto_a_full_disk(tmp_path: Path) -> None:
    for file, status, lines in (("/dev/null", 0, 0), ("/dev/full", 1, 1)):
        result = shell(f"PYTHONIOENCODING=ascii {' '.join(MAKE)} --help >{file}", tmp_path)
        assert (result.returncode, result.stderr.count("\n")) == (status, lines)
        assert "bug" not in result.stderr


def test_progress_is_not_shown_where_nobody_sees_it(
    monkeypatch: Patch, capfd: pytest.CaptureFixture[str]
) -> None:
    console.progress("Making it", quiet=False)
    monkeypatch.setattr(sys, "stderr", None)
    console.progress("Making it", quiet=False)
    console.say("a message")
    assert capfd.readouterr() == ("", "")


@POSIX
def test_progress_at_a_terminal_is_replaced_by_the_next_line(tmp_path: Path) -> None:
    written = on_a_terminal([*MAKE, "--curve", "P-256"], tmp_path).written
    assert written.startswith("Making an ECDSA key, P-256 …\rWrote the account key to ")
    quiet = on_a_terminal([*MAKE, "--curve", "P-256", "-q", "--out", "b"], tmp_path)
    assert (quiet.status, quiet.written) == (0, "")


LIBRARY = """
import os, signal
def reached(place):
    if os.environ['MODE'] == place:
        print('begun', flush=True)
        signal.pause()
class RSA:
    def generate(bits):
        reached('making')
        print(*(signal.getsignal(one).name for one in (signal.SIGINT, signal.SIGHUP)))
        return RSA()
    def export_key(self):
        return b'key'
ECC = None
reached('import')
"""


@pytest.fixture
def library(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which another PyCryptodome waits where MODE says."""
    (tmp_path / "library" / "Crypto").mkdir(parents=True)
    (tmp_path / "library" / "Crypto" / "__init__.py").touch()
    (tmp_path / "library" / "Crypto" / "PublicKey.py").write_text(LIBRARY)
    path = os.pathsep.join([str(tmp_path / "library"), os.environ.get("PYTHONPATH", "")])
    return environment(PYTHONPATH=path, MODE="")


@POSIX
class TestSignals:
    @pytest.mark.parametrize("mode", ["import", "making"])
    @pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
    def test_end_a_program_at_once(
        self, mode: str, name: str, library: dict[str, str], tmp_path: Path
    ) -> None:
        number = signal.Signals[name]
        with subprocess.Popen(
            MAKE,
            cwd=tmp_path,
            env={**library, "MODE": mode},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # It may be ignored here, as after nohup or & in a script.
            preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (-number, "")
        assert os.listdir(tmp_path) == ["library"]

    @pytest.mark.parametrize(
        ("ignored", "handlers"), [("INT", "SIG_IGN SIG_DFL"), ("HUP", "SIG_DFL SIG_IGN")]
    )
    def test_stay_ignored(
        self, ignored: str, handlers: str, library: dict[str, str], tmp_path: Path
    ) -> None:
        """As after & in a script, or nohup."""

        def start() -> None:
            for name in ("SIGINT", "SIGHUP"):
                signal.signal(signal.Signals[name], signal.SIG_DFL)

        command = ["sh", "-c", f'trap "" {ignored}; exec "$@" -q', "sh", *MAKE]
        result = run_process(command, tmp_path, env=library, preexec_fn=start)
        assert (result.stdout, result.stderr) == (f"{handlers}\n", "")

    @pytest.mark.parametrize("script", ["make_account_key.py", "make_csr.py"])
    @pytest.mark.usefixtures("key")
    def test_are_held_from_writing_to_the_last_message(
        self, script: str, run: Run, monkeypatch: Patch
    ) -> None:
        if sys.platform == "win32":
            return
        seen: list[set[int]] = []

        def look(*_: object, **__: object) -> None:
            seen.append(set(signal.pthread_sigmask(signal.SIG_BLOCK, ())))

        look()
        monkeypatch.setattr("common.files.write_key", look)
        monkeypatch.setattr("common.files.write_request", look)
        monkeypatch.setattr("common.console.report", look)
        arguments = ["--curve", "P-256"] if script != "make_csr.py" else []
        assert run(script, *arguments).returncode == 0
        look()
        held = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1}
        before, writing, last, after = seen
        assert not held & before
        assert held <= writing
        assert held <= last
        assert before == after


@pytest.mark.parametrize(
    ("before", "held"),
    [
        (signal.SIG_DFL, signal.SIG_IGN),  # as a program
        (signal.default_int_handler, signal.default_int_handler),  # what it raises is cleaned up
    ],
)
def test_ctrl_c_is_ignored_on_windows_while_a_file_is_written(
    before: signal.Handlers, held: signal.Handlers, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    ours = signal.signal(signal.SIGINT, before)
    console.hold_signals()
    assert signal.signal(signal.SIGINT, ours) is held
