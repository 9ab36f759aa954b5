"""A passphrase, from a file or the terminal.

Never from a command line or the environment, which other users of the machine can see.
"""

import contextlib
import getpass
import os
import signal
import stat
import sys
import unicodedata
import warnings
from collections.abc import Iterator
from types import FrameType

from common import console, files, suggest
from common.console import UserError

MAX_LENGTH = 1023  # bytes; OpenSSL reads PEM_BUFSIZE, 1024, with a NUL at the end (openssl/pem.h)

# The lines that were read, by device, inode and time: a pipe gives its content only once.
_lines: dict[tuple[int, int, int], bytes] = {}


def for_new_key(path: str | None) -> bytes:
    """Return the passphrase for a key to be made, in UTF-8. Raises UserError.

    path: the file whose first line it is; if None, the user is asked for it, twice.
    """
    if path is not None:
        return _read(path)
    first = _ask("Passphrase for the new key: ")
    if _ask("Repeat the passphrase: ") != first:
        raise UserError("the passphrases differ, so no key was made; try again")
    return first


def for_key(key_path: str, path: str | None) -> bytes:
    """Return the passphrase of the key in key_path, in UTF-8. Raises UserError.

    path: the file whose first line it is; if None, the user is asked for it.
    """
    return _ask(f"Passphrase of {console.printable(key_path)}: ") if path is None else _read(path)


def _read(path: str) -> bytes:
    """Return the first line of a file, which is read once for all keys."""
    try:
        status = os.stat(path)
    except OSError:  # reading says why
        return _first_line(path)
    is_file = stat.S_ISREG(status.st_mode)
    this = status.st_dev, status.st_ino, status.st_mtime_ns if is_file else 0
    if this not in _lines:
        is_open = is_file and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        if os.name == "posix" and is_open:
            console.warn(f"{path}: other users can access this file; run chmod 600 to prevent that")
        _lines[this] = _first_line(path)
    return _lines[this]


def _first_line(path: str) -> bytes:
    advice = "--passphrase-file takes the file of a passphrase"
    data = files.read(path, suggest.file(path, advice))
    if b"-----BEGIN " in data:
        raise UserError(f"{path}: this is PEM, not a passphrase; {advice}")
    try:
        text = data.partition(b"\n")[0].removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        raise UserError(f"{path}: its first line is not UTF-8; save it as UTF-8") from None
    return _checked(text, f"{path}: its first line")


def _ask(prompt: str) -> bytes:
    """Return what is typed, unseen, on the terminal."""
    no_terminal = UserError("there is no terminal to ask for a passphrase; use --passphrase-file")
    if sys.platform == "win32" and not _is_console(sys.stdin):
        raise no_terminal  # getpass would wait forever
    try:
        with warnings.catch_warnings(), _interruptible(), _stoppable(prompt):
            # Where there is no terminal, getpass warns, and reads what is on standard input.
            warnings.simplefilter("error", getpass.GetPassWarning)
            typed = getpass.getpass(prompt)
        # Windows gives a character beyond U+FFFF as two surrogates.
        text = typed.encode("utf-16", "surrogatepass").decode("utf-16")
    except getpass.GetPassWarning:
        raise no_terminal from None
    except EOFError:
        raise UserError("no passphrase was typed; try again") from None
    except UnicodeError:  # its text would show what was typed
        raise UserError(
            "the passphrase is not valid in this terminal's encoding; use --passphrase-file"
        ) from None
    return _checked(text, "the passphrase")


def _is_console(stream: object) -> bool:
    """Return whether a stream is a Windows console (PEP 528); isatty() is true of NUL too."""
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return type(raw).__name__ == "_WindowsConsoleIO"


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Have Ctrl-C and the like raise KeyboardInterrupt, so that getpass restores the terminal."""
    names = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM")  # Windows has two of them
    ending = {getattr(signal, name, signal.SIGINT) for name in names}
    fatal = [number for number in ending if signal.getsignal(number) is signal.SIG_DFL]
    try:
        for number in fatal:
            signal.signal(number, signal.default_int_handler)
        yield
    finally:
        for number in fatal:
            signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def _stoppable(prompt: str) -> Iterator[None]:
    """Let Ctrl-Z stop the program with echo on, and turn echo off again when it continues.

    getpass leaves that to its caller; readpassphrase(3) does the same.
    """
    if sys.platform == "win32":
        yield
        return
    import termios

    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        yield
        return
    shown = termios.tcgetattr(terminal)
    hidden = [*shown[:3], shown[3] & ~termios.ECHO, *shown[4:]]  # as getpass does

    def stop(number: int, frame: FrameType | None) -> None:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, shown)
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)  # and here the program stops
        signal.signal(number, stop)
        hide(number, frame)

    def hide(number: int, frame: FrameType | None) -> None:
        if termios.tcgetattr(terminal)[3] & termios.ECHO:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, hidden)
            os.write(terminal, prompt.encode(errors="replace"))

    handlers = {signal.SIGTSTP: stop, signal.SIGCONT: hide}
    ours = {n: handler for n, handler in handlers.items() if signal.getsignal(n) is signal.SIG_DFL}
    try:
        for number, handler in ours.items():
            signal.signal(number, handler)
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
        os.close(terminal)


def _checked(text: str, what: str) -> bytes:
    """Return a passphrase in UTF-8, or raise UserError if it could not be typed again."""
    if not text:
        raise UserError(f"{what} is empty; use another")
    if any(unicodedata.category(char) == "Cc" for char in text):
        raise UserError(f"{what} has a control character (Esc, an arrow key, Ctrl-V?); use another")
    if "\ufeff" in text:
        raise UserError(f"{what} has an invisible byte order mark (U+FEFF); remove it")
    if len(text.encode()) > MAX_LENGTH:
        raise UserError(f"{what} is over OpenSSL's limit of {MAX_LENGTH} bytes; use a shorter one")
    if text != text.strip():
        console.warn(f"{what} starts or ends with a space, which is part of the passphrase")
    return text.encode()
