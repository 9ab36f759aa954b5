"""A passphrase: from a file, and asked for on a terminal."""

import getpass
import io
import os
import re
import shlex
import shutil
import signal
import sys
from pathlib import Path
from unittest import mock

from common import passphrase
from common.console import UserError
from tests.conftest import SECRET, Run, command_of, error_of, on_a_terminal, run_process
from tests.made import EC, as_pem, write

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

MAKE = command_of("make_account_key.py", "--curve", "P-256", "--encrypt")
PEM = "this is PEM, not a passphrase; --passphrase-file takes the file of a passphrase"
ACCOUNT_KEY = ["--account-key", "account.key"]
LONG = "its first line is over OpenSSL's limit of 1023 bytes; use a shorter one"
SPACE = "its first line starts or ends with a space, which is part of the passphrase\n"
CONTROL = "has a control character (Esc, an arrow key, Ctrl-V?); use another"
MARK = "its first line has an invisible byte order mark (U+FEFF); remove it"
NO_TERMINAL = "there is no terminal to ask for a passphrase; use --passphrase-file"


class TestAFile:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"\r\nsecret\n", "its first line is empty; use another"),
            (b"x" * 1024, LONG),
            (b"\xef\xbb\xbfsecret\n", MARK),
            (b"caf\xe9\n", "its first line is not UTF-8; save it as UTF-8"),
            (as_pem(EC), PEM),
        ],
    )
    def test_that_is_refused(self, content: bytes, message: str, run: Run) -> None:
        write("secret", content)
        error = error_of(run("make_account_key.py", "--passphrase-file", "secret"))
        assert error == f"secret: {message}"
        assert os.listdir() == ["secret"]

    def test_that_may_be_the_passphrase_itself(self, run: Run) -> None:
        write("secrets", b"secret\n")
        for given, message in (
            (SECRET, "there is no such file; --passphrase-file takes the file of a passphrase"),
            ("secret", "secret: No such file or directory; did you mean secrets?"),
        ):
            assert error_of(run("make_account_key.py", "--passphrase-file", given)) == message

    @pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\nanother line\n\xff\0"])
    def test_its_first_line_counts(self, end: bytes, tmp_path: Path) -> None:
        path = str(tmp_path / "secret")
        for secret in (SECRET.encode(), ("ü" * 511 + "x").encode(), b"a"):
            write(path, secret + end)
            assert passphrase.for_new_key(path) == passphrase.Source(path)("a.key") == secret

    @pytest.mark.posix(reason="modes")
    def test_that_is_warned_of(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = tmp_path / "secret"
        for secret, mode, warning in (
            (SECRET, 0o600, ""),
            (SECRET, 0o640, "other users can read this file; run chmod 600 or, "),
            ("x ", 0o600, SPACE),  # as after `echo secret > file` in cmd.exe
        ):
            write(str(path), secret.encode())
            path.chmod(mode)
            assert passphrase.for_new_key(str(path)) == secret.encode()
            said = capsys.readouterr().err
            start = f": warning: {path}: {warning}"  # of a program that imports this
            assert said.startswith(start) == bool(said) == bool(warning)

    @pytest.mark.posix(reason="pipes have names")
    def test_may_be_a_pipe(self) -> None:
        """Which is read once, for all keys of a run: `--passphrase-file <(…)`."""
        read, write = os.pipe()
        os.write(write, b"secret\n")
        os.close(write)
        passphrase_of = passphrase.Source(f"/dev/fd/{read}")
        assert passphrase_of("a") == passphrase_of("b") == b"secret"
        os.close(read)


@pytest.mark.posix(reason="a pseudoterminal")
class TestATerminal:
    def test_asks_twice_for_a_new_key_and_once_to_open_it(self, tmp_path: Path) -> None:
        made = on_a_terminal(MAKE, tmp_path, SECRET, SECRET)
        assert (made.status, made.echo) == (0, [False, False, True]), made.written
        assert made.written.startswith(
            "Passphrase for the new key: \r\nRepeat the passphrase: \r\n"
            "Making an ECDSA key, P-256 …\rWrote the account key to account.key: "
        )
        os.rename(tmp_path / "account.key", tmp_path / "a\x1b.key")
        sign = command_of("make_csr.py", "--key", "a\x1b.key")
        signed = on_a_terminal(sign, tmp_path, SECRET)
        assert (signed.status, signed.echo) == (0, [False, True]), signed.written
        assert signed.written.startswith("Passphrase of a\\x1b.key: \r\n")
        # It is tried on the account key too, and asked for again if that is given.
        shutil.copy(tmp_path / "a\x1b.key", tmp_path / "account.key")
        for arguments, echo in (([], [False, True]), (ACCOUNT_KEY, [False, False, True])):
            refused = on_a_terminal([*sign, *arguments], tmp_path, SECRET, SECRET)
            assert (refused.status, refused.echo) == (1, echo), refused.written
            assert "this is the account key" in refused.written
        assert SECRET not in made.written + signed.written

    def test_gets_its_echo_back_whatever_ends_the_program(self, tmp_path: Path) -> None:
        runs: list[tuple[list[str | signal.Signals], int, str]] = [
            (["a\x16\x1bb"], 1, f"error: the passphrase {CONTROL}\r\n"),  # Ctrl-V, Esc
            (["\x04"], 1, "error: no passphrase was typed; try again\r\n"),
            (["\x03"], -signal.SIGINT, ""),
            ([SECRET, signal.SIGTERM], -signal.SIGTERM, ""),
        ]
        for answers, status, said in runs:
            session = on_a_terminal(MAKE, tmp_path, *answers)
            assert session.status == status
            assert said in session.written
            assert session.echo == [*(False for _ in answers), True]
            assert SECRET not in session.written
            assert "Traceback" not in session.written
            assert os.listdir(tmp_path) == []

    def test_that_hangs_up_ends_the_program(self, tmp_path: Path) -> None:
        assert on_a_terminal(MAKE, tmp_path, SECRET, signal.SIGHUP).status == -signal.SIGHUP
        assert os.listdir(tmp_path) == []

    def test_ctrl_z_does_not_leave_a_prompt_that_echoes(self, tmp_path: Path) -> None:
        """See readpassphrase(3). bash and zsh set the terminal for their own prompts."""
        answers = 2 * ["typed too early\x1a", "fg", "\x1a", "fg", SECRET]
        session = on_a_terminal(["sh", "-i"], tmp_path, shlex.join(MAKE), *answers, "exit")
        echo = 2 * [False, True, False, True, False]
        assert session.echo == [True, *echo, True, True], session.written
        assert SECRET not in session.written
        assert load_pem_private_key((tmp_path / "account.key").read_bytes(), SECRET.encode())
        without_a_shell = on_a_terminal([*MAKE, "--out", "b.key"], tmp_path, "\x1a", SECRET, SECRET)
        assert (without_a_shell.status, without_a_shell.echo) == (0, [False] * 3 + [True])

    def test_leaves_an_ignored_signal_alone(self, tmp_path: Path) -> None:
        command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *MAKE]
        assert on_a_terminal(command, tmp_path, f"\x03{SECRET}", SECRET).status == 0


def test_without_a_terminal_nothing_is_read(tmp_path: Path) -> None:
    """Python itself warns, which nobody sees, and then reads standard input."""
    read, write = os.pipe()
    os.write(write, b"secret\nsecret\n")
    os.close(write)
    assert error_of(run_process(MAKE, tmp_path, stdin=read)) == NO_TERMINAL
    assert os.read(read, 99) == b"secret\nsecret\n"
    os.close(read)
    assert os.listdir(tmp_path) == []


def type_lines(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Have getpass, which differs between the systems, read these lines from a console."""
    console = type("_WindowsConsoleIO", (io.RawIOBase,), {"readable": lambda self: True})()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(console)))
    monkeypatch.setattr(getpass, "getpass", mock.Mock(side_effect=list(lines)))


def test_what_is_typed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    encoding = "the passphrase is not valid in this terminal's encoding; use --passphrase-file"
    differ = "the passphrases differ, so no key was made; try again"
    for ask, lines, reason in (
        (passphrase.for_new_key, ("a", "b"), differ),
        (passphrase.for_new_key, ("secret\ud83d",), encoding),
        (lambda _: passphrase.Source()("a.key"), ("a\x1b",), f"the passphrase {CONTROL}"),
    ):
        type_lines(monkeypatch, *lines)
        with pytest.raises(UserError, match=f"^{re.escape(reason)}$"):
            ask(None)


def test_on_windows_only_a_console_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a console getpass would wait forever, and the null device says that it is one."""
    monkeypatch.setattr(sys, "platform", "win32")
    for emoji in ("\U0001f600", "\ud83d\ude00"):  # as it may give it
        type_lines(monkeypatch, emoji, emoji)
        assert passphrase.for_new_key(None) == "\U0001f600".encode()
    null = type("Null", (io.FileIO,), {"isatty": lambda self: True})  # as on Windows
    with io.TextIOWrapper(io.BufferedReader(null(os.devnull))) as file:
        for stdin in (None, file):
            monkeypatch.setattr(sys, "stdin", stdin)
            with pytest.raises(UserError, match=f"^{NO_TERMINAL}$"):
                passphrase.for_new_key(None)
