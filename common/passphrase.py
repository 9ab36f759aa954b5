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

from common import console, files
from common.console import UserError

MAX_LENGTH = 1023  # bytes; OpenSSL reads PEM_BUFSIZE, 1024, with a NUL at the end (openssl/pem.h)


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
    data = files.read(path, "give the file with the passphrase with --passphrase-file")
    with contextlib.suppress(OSError):  # a pipe may be gone once it is read
        mode = os.stat(path).st_mode
        if os.name == "posix" and stat.S_ISREG(mode) and mode & (stat.S_IRWXG | stat.S_IRWXO):
            console.warn(f"{path}: other users can access this file; run chmod 600 to prevent that")
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
        with warnings.catch_warnings(), _interruptible():
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


def _checked(text: str, what: str) -> bytes:
    """Return a passphrase in UTF-8, or raise UserError if it could not be typed again."""
    if not text:
        raise UserError(f"{what} is empty; use another")
    if any(unicodedata.category(char) == "Cc" for char in text):
        raise UserError(f"{what} has a control character (Esc, an arrow key, Ctrl-V?); use another")
    if "\ufeff" in text:
        raise UserError(f"{what} has an invisible byte order mark (U+FEFF); remove that")
    if len(text.encode()) > MAX_LENGTH:
        raise UserError(f"{what} is over OpenSSL's limit of {MAX_LENGTH} bytes; use a shorter one")
    if text != text.strip():
        console.warn(f"{what} starts or ends with a space, which is part of the passphrase")
    return text.encode()
