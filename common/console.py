"""Messages, progress and exit status: everything a person at the terminal sees.

Messages go to standard error and are one line each. Standard output carries data alone.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn


class Refused(Exception):
    """Something that cannot or must not be done.

    The text is the one line that the user reads: what, where, and what to do about it.
    """

    status = 1


class WrongUsage(Refused):
    """A command line that makes no sense, a name that is none included."""

    status = 2


def one_line(text: str) -> str:
    """Return text with whatever could break the line or steer the terminal made visible."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def say(text: str, end: str = "\n") -> None:
    """Write a line to standard error.

    A standard error that is closed or full loses the line, and nothing else.
    """
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(one_line(text), end=end, file=sys.stderr, flush=True)


def warn(text: str) -> None:
    """Say what is likely to go wrong later; the exit status stays as it is."""
    say(f"{_program()}: warning: {text}")


def complain(text: str) -> None:
    """Say what has failed."""
    say(f"{_program()}: error: {text}")


def write_data(data: bytes) -> None:
    """Write data to standard output, or raise Refused."""
    if sys.stdout is None:
        raise Refused("standard output is closed")
    try:
        # Past the buffer, so that a failure shows here and not when the interpreter ends.
        while data:
            data = data[os.write(sys.stdout.fileno(), data) :]
    except OSError as error:
        raise Refused(f"standard output: {error.strerror}; nothing was kept") from error


def rerun(option: str, value: str) -> str:
    """Return the command that runs this script again as now, but with an option and its value."""
    now = iter(sys.argv[1:])
    kept = []
    for argument in now:
        if argument == "--":  # what follows is no option
            kept += [argument, *now]
        elif argument == option:
            next(now, None)
        elif not argument.startswith(f"{option}="):
            kept.append(argument)
    given = [f"{option}={value}"] if value.startswith("-") else [option, value]
    at = kept.index("--") if "--" in kept else len(kept)
    return command(script(), *kept[:at], *given, *kept[at:])


def script() -> str:
    """Return the path of the running script, as it was given."""
    return sys.argv[0]


def command_beside(name: str, *arguments: str) -> str:
    """Return a shell command that runs another script of the directory of this one."""
    here = os.path.dirname(os.path.realpath(script()) if os.path.islink(script()) else script())
    return command(os.path.join(here, name), *arguments)


def command(script: str, *arguments: str) -> str:
    """Return a shell command that runs script with the Python that runs now."""
    import shutil  # only a message that suggests a command pays for it

    python = os.path.basename(sys.executable)
    if shutil.which(python) != sys.executable:
        python = sys.executable
    return shlex.join([python, script, *arguments])


@contextlib.contextmanager
def progress(what: str, quiet: bool) -> Iterator[None]:
    """On a terminal, say that a slow step runs, and how long it took once it is done."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    say(f"{what} … ", end="")
    started = time.monotonic()
    ending = "stopped"
    try:
        yield
        ending = "done"
    finally:
        say(f"{ending} after {time.monotonic() - started:.1f} s")


def run(main: Callable[[], None]) -> NoReturn:
    """Run a script's main and exit: 0 done, 1 refused or failed, 2 wrong usage, 130 Ctrl-C.

    Never a traceback: whatever is raised becomes one line on standard error.
    """
    # SIGTERM and a closed terminal end a program on the spot; raising instead lets a temporary
    # file be removed. A signal that is ignored (nohup) stays ignored.
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _terminate)
    if not sys.warnoptions:  # a library's warning says nothing to who makes a key
        warnings.simplefilter("ignore")
    status = _status(main)
    for stream in (sys.stdout, sys.stderr):
        _settle(stream)
    sys.exit(status)


def _status(main: Callable[[], None]) -> int:
    status, message = _outcome(main)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is over, whatever is pressed now
    if message is not None:
        complain(message)
    return status


def _outcome(main: Callable[[], None]) -> tuple[int, str | None]:
    """Return the exit status of main, and the message of its failure if it needs one."""
    try:
        main()
    except Refused as refusal:
        return refusal.status, str(refusal)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT, "interrupted"
    except ImportError as error:
        top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        requirements = shlex.quote(os.path.join(top, "requirements.txt"))
        advice = "activate the virtual environment that has the libraries, or install them"
        return 1, f"{error}; {advice}: python -m pip install -r {requirements}"
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return 1, f"{where}{error.strerror or error}"
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 0
        return status, "ended by a signal" if status > 128 else None
    except BaseException as error:  # noqa: BLE001 - a panic of a library is no Exception
        # Its text is left out: it may hold what must not be seen.
        return 1, f"a defect in this program, please report it: {type(error).__name__}"
    return 0, None


def _program() -> str:
    return os.path.basename(script())


def _terminate(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _settle(stream: object) -> None:
    """Flush stream; where that fails (a closed pipe) let the interpreter's own attempt succeed."""
    if stream is None:
        return
    try:
        stream.flush()  # type: ignore[attr-defined]
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[attr-defined]
