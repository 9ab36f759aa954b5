"""Asking for a secret on the terminal, without showing what is typed."""

import contextlib
import getpass
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from types import FrameType

from common.console import UserError


def ask(prompt: str) -> str:
    """Return what is typed after a prompt. Raises UserError."""
    no_terminal = UserError("there is no terminal to ask for a passphrase", "use --passphrase-file")
    if sys.platform == "win32" and not _is_console(sys.stdin):
        raise no_terminal  # getpass would wait forever
    try:
        with warnings.catch_warnings(), _echo_restored(prompt):
            # Where there is no terminal, getpass warns, and reads what is on standard input.
            warnings.simplefilter("error", getpass.GetPassWarning)
            typed = getpass.getpass(prompt)
        # Windows gives a character beyond U+FFFF as two surrogates.
        return typed.encode("utf-16", "surrogatepass").decode("utf-16")
    except getpass.GetPassWarning:
        raise no_terminal from None
    except EOFError:
        raise UserError("no passphrase was typed", "try again") from None
    except UnicodeError:  # its text would show what was typed
        raise UserError(
            "the passphrase is not valid in this terminal's encoding", "use --passphrase-file"
        ) from None


def _is_console(stream: object) -> bool:
    """Return whether a stream is a Windows console (PEP 528); isatty() is true for NUL too."""
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return type(raw).__name__ == "_WindowsConsoleIO"


@contextlib.contextmanager
def _echo_restored(prompt: str) -> Iterator[None]:
    """Turn echo on before a signal ends or stops the program, and off when the program continues.

    getpass turns it off, and on again in the end, but leaves signals to its caller. This does what
    C programs get from readpassphrase(3). A signal that is ignored, or that the importing program
    handles, is left alone.
    """
    if sys.platform == "win32":
        yield
        return
    import termios

    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:  # there is none, as getpass will say
        yield
        return
    shown = termios.tcgetattr(terminal)
    hidden = [*shown]
    hidden[3] &= ~termios.ECHO  # as getpass does

    def may_set() -> bool:
        """Return whether the terminal is there, and this program is not in the background."""
        with contextlib.suppress(OSError):  # it has hung up
            return os.tcgetpgrp(terminal) == os.getpgrp()
        return False

    def leave(number: int, _: FrameType | None) -> None:
        """Show what is typed, and do what the signal does without a handler."""
        if may_set():
            termios.tcsetattr(terminal, termios.TCSAFLUSH, shown)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCONT})  # hide comes after this
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)  # here the program ends or, after Ctrl-Z, stops
        signal.signal(number, leave)
        if signal.SIGCONT not in signal.sigpending():  # nothing stops an orphaned process group
            hide(signal.SIGCONT, None)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCONT})

    def hide(number: int, _: FrameType | None) -> None:
        """Hide what is typed, which a shell shows while the program is stopped, and ask again."""
        if may_set():
            termios.tcsetattr(terminal, termios.TCSAFLUSH, hidden)
            os.write(terminal, prompt.encode())

    leaving = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGTSTP)
    handlers = {**dict.fromkeys(leaving, leave), signal.SIGCONT: hide}
    ours = [number for number in handlers if signal.getsignal(number) is signal.SIG_DFL]
    try:
        for number in ours:
            signal.signal(number, handlers[number])
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
        if may_set():  # SIGCONT may have come after getpass
            termios.tcsetattr(terminal, termios.TCSADRAIN, shown)
        os.close(terminal)
