"""Messages, signals and exit status: everything a person at the terminal sees.

Messages go to standard error, a line each. Standard output carries data alone.
"""

import contextlib
import functools
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import NoReturn, ParamSpec

P = ParamSpec("P")

_program = ""  # the name that messages begin with


class UserError(Exception):
    """Something that cannot or must not be done: one line that says what, where, what to do."""

    status = 1


class UsageError(UserError):
    """A command line that makes no sense; an invalid name is one."""

    status = 2


def printable(text: str) -> str:
    """Return text with an escape for each character that could break a line or steer a terminal."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def say(text: str, end: str = "\n") -> None:
    """Write a line to standard error; if that is closed or full, the line is lost."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(printable(text), end=end, file=sys.stderr, flush=True)


def warn(text: str) -> None:
    """Say what is likely to go wrong later; the exit status stays as it is."""
    say(f"{_program}: warning: {text}")


def error(text: str) -> None:
    """Say what has failed."""
    say(f"{_program}: error: {text}")


def write_data(data: bytes) -> None:
    """Write data to standard output. Raises UserError."""
    if sys.stdout is None:
        raise UserError("standard output is closed; use --out FILE")
    try:
        # Past Python's buffer, so that a failure shows here and not when the interpreter ends.
        while data:
            data = data[os.write(sys.stdout.fileno(), data) :]
    except OSError as failure:
        raise UserError(f"standard output: {failure.strerror}; not all was written") from failure


def write_text(text: str) -> None:
    """Write text to standard output, escaped where its encoding ends. Raises UserError."""
    if sys.stdout is None:
        raise UserError("standard output is closed")
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except OSError as failure:
        raise UserError(f"standard output: {failure.strerror}; not all was written") from failure


@contextlib.contextmanager
def progress(what: str, quiet: bool) -> Iterator[None]:
    """On a terminal, say what takes a while, and how long it took once it is done."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    say(f"{what} … ", end="")
    started = time.monotonic()
    yield
    say(f"done after {time.monotonic() - started:.1f} s")


def hold_signals() -> None:
    """Hold Ctrl-C and any other signal until the program has said what it did."""
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


@contextlib.contextmanager
def _signals_as_before() -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def program(name: str) -> Callable[[Callable[P, None]], Callable[P, int]]:
    """Decorate the main function of the program called name, to return its exit status.

    0 done, 1 refused or failed, 2 wrong usage. Whatever is raised becomes one line on standard
    error, never a traceback. Signals that were held arrive after that.
    """

    def decorate(main: Callable[P, None]) -> Callable[P, int]:
        @functools.wraps(main)
        def status(*args: P.args, **kwargs: P.kwargs) -> int:
            global _program
            _program = name
            with _signals_as_before():
                try:
                    main(*args, **kwargs)
                except UserError as failure:
                    error(str(failure))
                    return failure.status
                except SystemExit:  # argparse has printed the help
                    return 0
                except KeyboardInterrupt:
                    raise
                except BaseException as failure:  # noqa: BLE001 - a panic in Rust is no Exception
                    # Its text is left out: it may hold a secret.
                    error(f"a defect in this program, please report it: {type(failure).__name__}")
                    return 1
                return 0

        return status

    return decorate


def run(main: Callable[[], int]) -> NoReturn:
    """Run the main function of a script as a program: exit with its status."""
    if not sys.warnoptions:  # a library's warning means nothing to who makes a key
        warnings.simplefilter("ignore")
    try:
        status = main()
    except KeyboardInterrupt:  # the prompt for a passphrase has restored the terminal
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)
        raise
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:  # nobody reads it; the interpreter would try once more, and complain
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(status)
