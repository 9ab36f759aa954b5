"""Messages, signals and exit status.

Messages go to standard error, one line each. Only data goes to standard output.
"""

import contextlib
import errno
import functools
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import NoReturn

# What a command is for, and the command: None if it could not be pasted.
Command = tuple[str, str | None]

PROMPT = ">" if os.name == "nt" else "$"

program_name = ""  # at the start of each message; the decorator program sets it


class UserError(Exception):
    """Something that cannot or must not be done: what, where, and what to do about it."""

    status = 1

    def __init__(self, problem: object, advice: str = "", *, where: object = "") -> None:
        self.problem, self.advice, self.where = problem, advice, where

    def __str__(self) -> str:
        start = f"{self.where}: " if self.where else ""
        end = f"; {self.advice}" if self.advice else ""
        return f"{start}{self.problem}{end}"


class UsageError(UserError):
    """A mistake on the command line, such as an invalid name."""

    status = 2


def printable(text: str) -> str:
    """Return text with escapes for the characters that break a line or control a terminal."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def say(text: str) -> None:
    """Write a line to standard error; if that is closed or full, the line is lost."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(printable(text), file=sys.stderr)


def warn(text: str) -> None:
    """Say what is likely to go wrong later; the exit status stays the same."""
    say(f"{program_name}: warning: {text}")


def error(text: str) -> None:
    """Say what has failed."""
    say(f"{program_name}: error: {text}")


def unforeseen(failure: BaseException) -> str:
    """Return the message about an exception that nothing here expects, with advice.

    Its text is left out, because it may hold a secret.
    """
    from common import installation

    return installation.explain(failure, type(failure).__name__)


def report(
    wrote: str, path: str, details: str, equivalents: Sequence[Command], following: str | None
) -> None:
    """Say what was written to path, which commands do the same and which command comes next.

    The first of the equivalents does the same. The others, and following, need the file, so they
    are left out if path is "-", standard output. A command that is None is left out too.
    """
    say(f"Wrote {wrote} to {'standard output' if path == '-' else path}: {details}.")
    for purpose, command in equivalents[:1] if path == "-" else equivalents:
        if command is not None:
            say(f"{purpose}:")
            say(f"  {PROMPT} {command}")
    if following is not None and path != "-":
        say(f"Next: {following}")


def write_data(data: bytes) -> None:
    """Write data to standard output. Raises UserError."""
    if sys.stdout is None:
        raise UserError("standard output is closed", "redirect it to a file")
    try:
        while data:  # without a buffer (python -u), a part at a time
            written = sys.stdout.buffer.write(data)
            if written is None:  # by a pipe that is full and does not wait (O_NONBLOCK)
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            data = data[written:]
        sys.stdout.flush()
    except OSError as failure:
        raise UserError(f"standard output: {failure.strerror}; output is incomplete") from failure


def write_text(text: str) -> None:
    """Write text to standard output, with escapes for what its encoding lacks. Raises UserError."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    write_data(text.encode(encoding, "backslashreplace"))


def write_if_read(text: str) -> None:
    """Write text to standard output, as write_text does, or lose it if nobody reads it anymore."""
    try:
        write_text(text)
    except UserError as error:
        if not isinstance(error.__cause__, BrokenPipeError):  # as after `| head`
            raise


def progress(text: str, quiet: bool) -> None:
    """Tell a person at a terminal what takes a while; the next message replaces this line."""
    if not quiet and sys.stderr is not None and sys.stderr.isatty():
        with contextlib.suppress(OSError):
            print(f"{text} …", end="\r", file=sys.stderr)


def hold_signals(path: str) -> None:
    """Block all signals until the program has said what it wrote to path.

    If path is "-" (standard output), no file can be left behind, so signals are not blocked.
    """
    if path == "-":
        return
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    elif signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # Windows can only ignore Ctrl-C
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def program(name: str) -> Callable[[Callable[..., None]], Callable[..., int]]:
    """Decorate the main function of the program called name, to return its exit status.

    0 done, 1 refused or failed, 2 wrong usage. Whatever is raised becomes one line on standard
    error, never a traceback. Signals that were held arrive after that.
    """

    def decorate(main: Callable[..., None]) -> Callable[..., int]:
        @functools.wraps(main)
        def status(argv: Sequence[str] | None = None) -> int:
            global program_name
            outer, program_name = program_name, name
            if sys.platform != "win32":
                mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
            try:
                main(argv)
            except UserError as failure:
                error(str(failure))
                return failure.status
            except SystemExit:  # argparse has printed the help
                return 0
            except KeyboardInterrupt:
                raise
            except MemoryError:
                error("there is not enough memory; close other programs, and run this again")
                return 1
            except BaseException as failure:  # noqa: BLE001 - a panic in Rust is not an Exception
                error(unforeseen(failure))
                return 1
            finally:
                program_name = outer
                if sys.platform != "win32":
                    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            return 0

        return status

    return decorate


def run(main: Callable[[], int]) -> NoReturn:
    """Run the main function of a script as a program: exit with its status."""
    if not sys.warnoptions:  # a library's warning means nothing to someone who makes a key
        warnings.simplefilter("ignore")
    status = main()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:  # the interpreter would try once more at exit, and complain
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(status)
