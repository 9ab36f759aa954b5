"""Messages, signals and exit status: what a person at the terminal sees."""

import errno
import fnmatch
import io
import os
import re
import runpy
import signal
import sys
import warnings
from pathlib import Path
from unittest import mock

from common import console
from tests.conftest import ROOT, Patch, Run, error_of, shell

import pytest

LOST = __file__ + ", line *: {}; undo the last change, or report this as a bug"
POSIX = pytest.mark.posix(reason="signals or sh")


def test_what_would_break_a_line_or_control_a_terminal_is_escaped() -> None:
    text = "ü … a\nb\r\x1b[31m\x9b\u202e\udcff\U000e0001"
    assert console.printable(text) == r"ü … a\nb\r\x1b[31m\x9b\u202e\udcff\U000e0001"


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (SystemExit(0), 0, ""),
        (console.UserError("a\nb: c"), 1, "a\\nb: c"),
        (console.UsageError("a"), 2, "a"),
        (MemoryError(), 1, "there is not enough memory; close other programs, and run this again"),
        (RuntimeError("a secret"), 1, LOST.format("RuntimeError")),
        (BaseException("a panic"), 1, LOST.format("BaseException")),
        (KeyboardInterrupt(), None, ""),  # for a program that imports this
    ],
)
def test_an_exception_becomes_one_line_and_an_exit_status(
    raised: BaseException, status: int | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    @console.program("p.py")
    def main(argv: object) -> None:
        raise raised

    with pytest.raises((SystemExit, KeyboardInterrupt)) as caught:
        console.run(main)
    assert getattr(caught.value, "code", None) == status
    expected = f"p.py: error: {said}\n" if said else ""
    assert fnmatch.fnmatchcase(capsys.readouterr().err, expected)


def test_warnings_of_libraries_are_hidden(monkeypatch: Patch) -> None:
    monkeypatch.setattr(sys, "warnoptions", [])
    with warnings.catch_warnings(record=True) as caught, pytest.raises(SystemExit):
        console.run(lambda: warnings.warn("it goes", DeprecationWarning, 1) or 0)
    assert caught == []


def test_standard_output_may_take_a_part_at_a_time_or_nothing(monkeypatch: Patch) -> None:
    """As without a buffer (python -u), and as a pipe that is full and does not wait."""
    stream = mock.Mock(**{"buffer.write.side_effect": [3, 5, None]})
    monkeypatch.setattr(sys, "stdout", stream)
    incomplete = f"^standard output: {os.strerror(errno.EAGAIN)}; output is incomplete$"
    with pytest.raises(console.UserError, match=incomplete):
        console.write_data(b"0123456789")
    written = [call.args[0] for call in stream.buffer.write.call_args_list]
    assert written == [b"0123456789", b"3456789", b"89"]


def test_what_an_encoding_lacks_is_escaped(monkeypatch: Patch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "latin-1"))
    console.write_text("ü …")
    assert written.getvalue() == b"\xfc \\u2026"


NO_SPACE = "standard output: No space left on device; output is incomplete"


@POSIX
@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("make_csr.py --out - >&-", "standard output is closed; redirect it to a file"),
        ("make_account_key.py --curve P-256 2>&- && test -s account.key", None),
        ("make_csr.py 2>/dev/full && test -s certificate.csr", None),
        ("make_csr.py >&- 2>&- <&- && test -s certificate.csr", None),
        ("make_account_key.py --help >/dev/null", None),
        ("make_account_key.py --help >/dev/full", NO_SPACE),
        ("make_account_key.py --help >&-", "standard output is closed; redirect it to a file"),
        ("make_account_key.py --help 2>said | true; cat said; test ! -s said", None),
    ],
)
def test_what_cannot_be_written_is_reported_at_most_once(
    command: str, error: str | None, key: Path
) -> None:
    start = f"unset PYTHONUNBUFFERED; PYTHONIOENCODING=ascii {sys.executable}"
    result = shell(f"{start} {ROOT}/{command}", key.parent)
    if error:
        assert error_of(result) == error
    else:
        assert result.returncode == 0, result.stderr
    assert not re.search("Traceback|Exception ignored|bug", result.stderr)


@POSIX
@pytest.mark.parametrize(
    "command", ["make_account_key.py --curve=P-256", "make_csr.py", "make_csr.py --out=-"]
)
@pytest.mark.usefixtures("key")
def test_signals_are_held_from_writing_to_the_last_message(
    command: str, run: Run, monkeypatch: Patch
) -> None:
    masks: list[set[int]] = []

    def look(*_: object) -> None:
        masks.append(set(signal.pthread_sigmask(signal.SIG_BLOCK, ())))

    for place in ("files.write_key", "files.write_request", "console.report"):
        monkeypatch.setattr(f"common.{place}", look)
    look()
    assert run(*command.split()).returncode == 0
    look()
    before, writing, last, after = masks
    all_signals = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
    assert writing == last == (before if "--out=-" in command else all_signals)
    assert before == after != all_signals


def test_windows_is_known_by_its_name(monkeypatch: Patch) -> None:
    modules = ("atomic", "files", "installation", "shell", "console")
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        loaded = [runpy.run_path(f"{ROOT}/common/{module}.py") for module in modules]
    assert [one.get("_WINDOWS", one.get("PROMPT")) for one in loaded] == [True] * 4 + [">"]


def test_ctrl_c_is_ignored_on_windows_while_a_file_is_written(monkeypatch: Patch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    ours = signal.signal(signal.SIGINT, signal.SIG_DFL)
    console.hold_signals("a.key")
    assert signal.signal(signal.SIGINT, ours) is signal.SIG_IGN
