"""A passphrase: from a file, and asked for on a terminal."""

import contextlib
import getpass
import io
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from common import console, passphrase
from common.console import UserError
from tests.conftest import (
    SECRET,
    Run,
    Session,
    command_of,
    default_signals,
    environment,
    error_of,
    on_a_terminal,
    pem_of,
    private_key,
    run_process,
)

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

Typing = Callable[..., list[str]]

MAKE = command_of("make_account_key.py", "--curve", "P-256", "--encrypt")


GIVE = "; --passphrase-file takes the file of a passphrase"
EMPTY = "its first line is empty; use another"
TOO_LONG = "its first line is over OpenSSL's limit of 1023 bytes; use a shorter one"
CONTROL = "its first line has a control character (Esc, an arrow key, Ctrl-V?); use another"
MARK = "has an invisible byte order mark (U+FEFF); remove it"
NOT_UTF_8 = "its first line is not UTF-8; save it as UTF-8"
NO_TERMINAL = "there is no terminal to ask for a passphrase; use --passphrase-file"
UNDECODABLE = "the passphrase is not valid in this terminal's encoding; use --passphrase-file"


class TestAFile:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", EMPTY),
            (b"\r\nsecret\n", EMPTY),
            (b"x" * 1024, TOO_LONG),
            (b"ab\0cd\n", CONTROL),
            (b"ab\x7f\n", CONTROL),
            (b"\xef\xbb\xbfsecret\n", f"its first line {MARK}"),
            ("secret".encode("utf-16"), NOT_UTF_8),
            (b"caf\xe9\n", NOT_UTF_8),
            (pem_of(private_key("P-256")), f"this is PEM, not a passphrase{GIVE}"),
            (bytes(2**20 + 1), f"the file is larger than 1 MiB{GIVE}"),
        ],
    )
    def test_that_is_refused(self, content: bytes, message: str, run: Run) -> None:
        Path("secret").write_bytes(content)
        Path("secret").chmod(0o600)
        error = error_of(run("make_account_key.py", "--passphrase-file", "secret"))
        assert error == f"secret: {message}"
        assert os.listdir() == ["secret"]

    @pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\nanother line\n\xff\0"])
    def test_its_first_line_counts(self, end: bytes, tmp_path: Path) -> None:
        path = tmp_path / "secret"
        longest = "ü" * 511 + "x"
        for secret in (SECRET, longest, "a"):
            path.write_bytes(secret.encode() + end)
            path.chmod(0o400)
            assert passphrase.for_new_key(str(path)) == secret.encode()
            assert passphrase.from_file(str(path))("a.key") == secret.encode()
            path.chmod(0o600)

    @pytest.mark.parametrize("secret", [" x", "x\u00a0"])
    def test_blanks_at_an_end_are_warned_of(
        self, secret: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """As after `echo secret > file` in cmd.exe."""
        path = tmp_path / "secret"
        path.write_text(f"{secret}\n", encoding="utf-8")
        path.chmod(0o600)
        assert passphrase.for_new_key(str(path)) == secret.encode()
        text = (
            f"{path}: its first line starts or ends with a space, which is part of the passphrase"
        )
        assert capsys.readouterr().err == f"{console.program_name}: warning: {text}\n"

    @pytest.mark.posix(reason="modes")
    @pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, True)])
    def test_that_others_can_use(
        self, mode: int, warned: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "secret"
        path.write_text(SECRET, encoding="utf-8")
        path.chmod(mode)
        passphrase.for_new_key(str(path))
        said = f"warning: {path}: other users can read this file; run chmod 600 or, "
        assert (said in capsys.readouterr().err) == warned

    @pytest.mark.posix(reason="pipes have names")
    def test_may_be_a_pipe(self) -> None:
        """Which is read once, for all keys of a run: `--passphrase-file <(…)`."""
        for secret in (b"secret", b"another"):
            read, write = os.pipe()
            os.write(write, secret + b"\n")
            os.close(write)
            passphrase_of = passphrase.from_file(f"/dev/fd/{read}")
            assert passphrase_of("a") == passphrase_of("b") == secret
            os.close(read)

    def test_is_not_read_for_a_plain_key(self, key: Path, run: Run) -> None:
        assert run("make_csr.py", "--passphrase-file", "none").returncode == 0


def assert_no_trace(session: Session, directory: Path) -> None:
    assert SECRET not in session.written
    assert "Traceback" not in session.written
    assert session.echo
    assert os.listdir(directory) == []


@pytest.mark.posix(reason="a pseudoterminal")
class TestATerminal:
    def test_asks_twice_for_a_new_key_and_once_to_open_it(self, tmp_path: Path) -> None:
        made = on_a_terminal(MAKE, tmp_path, SECRET, SECRET)
        assert (made.status, made.echo) == (0, True), made.written
        first, _, rest = made.written.partition("\n")
        assert first == "Passphrase for the new key: \r"
        assert rest.startswith("Repeat the passphrase: \r\n")
        assert load_pem_private_key((tmp_path / "account.key").read_bytes(), SECRET.encode())
        os.rename(tmp_path / "account.key", tmp_path / "a\x1b.key")
        signed = on_a_terminal(command_of("make_csr.py", "--key", "a\x1b.key"), tmp_path, SECRET)
        assert (signed.status, signed.echo) == (0, True), signed.written
        assert signed.written.startswith("Passphrase of a\\x1b.key: \r\n")
        assert SECRET not in made.written + signed.written
        wrong = on_a_terminal(command_of("make_csr.py", "--key", "a\x1b.key"), tmp_path, "wrong")
        assert wrong.status == 1
        assert "a\\x1b.key: this passphrase does not open the key; try another\r\n" in wrong.written

    @pytest.mark.parametrize(
        ("answers", "message"),
        [
            (("a\x16\x1bb",), CONTROL.replace("its first line", "the passphrase")),  # Ctrl-V, Esc
            (("\x04",), "no passphrase was typed; try again"),
        ],
    )
    def test_what_is_refused(self, answers: tuple[str, ...], message: str, tmp_path: Path) -> None:
        session = on_a_terminal(MAKE, tmp_path, *answers)
        assert session.status == 1
        assert f"make_account_key.py: error: {message}\r\n" in session.written
        assert_no_trace(session, tmp_path)

    @pytest.mark.parametrize("before", [(), (SECRET,)])
    @pytest.mark.parametrize(
        ("how", "name"),
        [("\x03", "SIGINT"), ("\x1c", "SIGQUIT"), (signal.SIGTERM, "SIGTERM")],
    )
    def test_gets_its_echo_back(
        self, before: tuple[str, ...], how: str | signal.Signals, name: str, tmp_path: Path
    ) -> None:
        session = on_a_terminal(MAKE, tmp_path, *before, how)
        assert session.status == -signal.Signals[name]
        assert_no_trace(session, tmp_path)


class Screen:
    """A shell on a terminal of its own, with job control."""

    def __init__(self, cwd: Path) -> None:
        import fcntl
        import pty
        import termios

        def start() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            default_signals()

        self.ours, self.theirs = pty.openpty()
        self.written = ""  # since the last line was typed
        self.process = subprocess.Popen(
            ["sh", "-i"],
            cwd=cwd,
            env=environment(PS1="READY> ", TERM="dumb"),
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
            start_new_session=True,
            preexec_fn=start,
        )

    def type(self, text: str) -> None:
        self.written = ""
        os.write(self.ours, text.encode())

    def wait_for(self, pattern: str) -> None:
        """Wait until what is written matches pattern."""
        import select

        while not re.search(pattern, self.written, re.DOTALL):
            assert select.select([self.ours], [], [], 60)[0], self.written
            self.written += os.read(self.ours, 4096).decode(errors="backslashreplace")

    def shows_what_is_typed(self) -> bool:
        import termios

        return bool(termios.tcgetattr(self.theirs)[3] & termios.ECHO)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)


@pytest.mark.posix(reason="job control")
def test_ctrl_z_does_not_leave_a_prompt_that_echoes(tmp_path: Path) -> None:
    """See readpassphrase(3). bash and zsh set the terminal for their own prompts."""
    with contextlib.closing(Screen(tmp_path)) as screen:
        screen.wait_for("READY> ")
        screen.type(f"{shlex.join(MAKE)}\n")
        for prompt in ("Passphrase for the new key: $", "Repeat the passphrase: $"):
            screen.wait_for(prompt)
            assert not screen.shows_what_is_typed()
            screen.type("typed too early\x1a")
            screen.wait_for("READY> ")
            assert screen.shows_what_is_typed()
            screen.type("fg\n")
            screen.wait_for(prompt)
            assert not screen.shows_what_is_typed()
            screen.type(f"{SECRET}\n")
        screen.wait_for("READY> ")
        assert SECRET not in screen.written
    made = load_pem_private_key((tmp_path / "account.key").read_bytes(), SECRET.encode())
    assert isinstance(made, ec.EllipticCurvePrivateKey)


@pytest.mark.parametrize("script", ["make_account_key.py", "make_csr.py"])
def test_without_a_terminal_nothing_is_read(script: str, tmp_path: Path) -> None:
    """Python itself warns, which nobody sees, and then reads standard input."""
    (tmp_path / "my.key").write_bytes(pem_of(private_key("P-256"), b"secret"))
    options = ["--encrypt", "--curve", "P-256"] if script != "make_csr.py" else ["--key", "my.key"]
    read, write = os.pipe()
    os.write(write, b"secret\nsecret\n")
    os.close(write)
    result = run_process(command_of(script, *options), tmp_path, stdin=read)
    assert error_of(result) == NO_TERMINAL
    assert os.read(read, 99) == b"secret\nsecret\n"
    os.close(read)
    assert os.listdir(tmp_path) == ["my.key"]


class TestWhatIsTyped:
    """By way of getpass, which differs between the systems."""

    @pytest.fixture(autouse=True)
    def _console(self, monkeypatch: pytest.MonkeyPatch) -> None:
        console = type("_WindowsConsoleIO", (io.RawIOBase,), {"readable": lambda self: True})()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(console)))

    @pytest.fixture
    def typing(self, monkeypatch: pytest.MonkeyPatch) -> Typing:
        """Return a function that types lines, and returns the list that the prompts go to."""

        def typing(*lines: str) -> list[str]:
            prompts, left = list[str](), list(lines)

            def answer(prompt: str) -> str:
                prompts.append(prompt)
                return left.pop(0)

            monkeypatch.setattr(getpass, "getpass", answer)
            return prompts

        return typing

    @pytest.mark.parametrize("typed", ["a\U0001f600", "a\ud83d\ude00"])
    def test_an_emoji_may_be_two_surrogates(self, typed: str, typing: Typing) -> None:
        """Windows gives it so."""
        typing(typed, typed)
        assert passphrase.for_new_key(None) == "a\U0001f600".encode()

    @pytest.mark.parametrize(
        ("typed", "message"),
        [
            (("a", "b"), "the passphrases differ, so no key was made; try again"),
            (("",), EMPTY.replace("its first line", "the passphrase")),
            (("\ufeffa",), f"the passphrase {MARK}"),
            (("secret\ud83d",), UNDECODABLE),
        ],
    )
    def test_that_is_refused(self, typed: tuple[str, ...], message: str, typing: Typing) -> None:
        typing(*typed)
        with pytest.raises(UserError) as caught:
            passphrase.for_new_key(None)
        assert str(caught.value) == message

    def test_on_windows_only_a_console_is_read(
        self, typing: Typing, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without one getpass would wait for ever, and the null device says that it is one."""
        monkeypatch.setattr(sys, "platform", "win32")
        prompts = typing("secret", "secret", "secret")
        assert passphrase.for_new_key(None) == passphrase.typed("a\x1b") == b"secret"
        assert prompts == [
            "Passphrase for the new key: ",
            "Repeat the passphrase: ",
            "Passphrase of a\\x1b: ",
        ]
        null = type("Null", (io.FileIO,), {"isatty": lambda self: True})  # as there
        with io.TextIOWrapper(io.BufferedReader(null(os.devnull))) as file:
            for stdin in (None, file):
                monkeypatch.setattr(sys, "stdin", stdin)
                with pytest.raises(UserError, match=f"^{NO_TERMINAL}$"):
                    passphrase.for_new_key(None)
        assert len(prompts) == 3
