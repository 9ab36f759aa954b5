"""Reading files, and writing them so that nothing is lost and no key is leaked.

A key never replaces a file, and a request replaces only a request. The path "-" is standard output.
"""

import contextlib
import errno
import itertools
import os
import re
import select
import stat
import sys
from collections.abc import Callable, Iterator

from common import atomic, console, shell, suggest
from common.console import UserError

_WINDOWS = os.name == "nt"

MAX_SIZE = 1 << 20  # bytes; far above any key, chain or list of names

_FIFO_SECONDS = 1

# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
# A name with a colon is a stream of another file.
_RESERVED = r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?|.*:.*"

# Why something other than a file is refused, and what to do.
_OTHERS = {
    stat.S_IFLNK: ("this is a symbolic link, and links are not followed", "give the file itself"),
    stat.S_IFDIR: ("this is a directory", "give a file in it"),
}
_IRREGULAR = ("this is not a regular file", "give one, or - for standard output")

_CHOOSE = "choose another file with --out FILE"

# Takes the content of a file; returns why it must not be replaced and what to do, or None.
Obstacle = Callable[[bytes], str | None]


def read(path: str, advice: str) -> bytes:
    """Return the content of a file that is smaller than MAX_SIZE.

    Raises UserError; advice says at the end of its message what to do.
    """
    return read_with_mode(path, advice)[0]


def read_with_mode(path: str, advice: str) -> tuple[bytes, int | None]:
    """Return the content of a file, as read does, and its permissions.

    These are None for what is not a file, and on Windows, which has access lists instead.
    """
    try:
        with open(path, "rb", opener=_opener) as file:
            status = os.fstat(file.fileno())
            data = file.read(MAX_SIZE)
    except OSError as error:
        where = path or "an empty name"
        raise UserError(error.strerror, suggest.file(path, advice), where=where) from error
    if len(data) == MAX_SIZE:
        raise UserError(f"the file is {MAX_SIZE >> 20} MiB or larger", advice, where=path)
    has_mode = not _WINDOWS and stat.S_ISREG(status.st_mode)
    return data, stat.S_IMODE(status.st_mode) if has_mode else None


def warn_of_other_readers(path: str, mode: int | None) -> None:
    """Warn if permissions, from read_with_mode, let other users read a file with a secret."""
    if is_open_to_others(mode):
        # A drive without file permissions, such as a USB stick, shows 0777 whatever is set.
        remedy = "run chmod 600 or, if that changes nothing, move it to your home directory"
        console.warn(f"{path}: other users can read this file; {remedy}")


def is_open_to_others(mode: int | None) -> bool:
    """Return whether permissions, from read_with_mode, let other users read the file."""
    return bool(mode is not None and mode & (stat.S_IRGRP | stat.S_IROTH))


def is_there(path: str) -> bool:
    """Return whether anything has the name path, or may have it: the system may not tell."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in a constant
        return False
    except OSError:
        return True
    return True


def _opener(path: str, flags: int) -> int:
    """Open a file; wait a moment for what comes through a FIFO, but not until something writes."""
    file = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if sys.platform != "win32":
        if stat.S_ISFIFO(os.fstat(file).st_mode):
            select.select([file], [], [], _FIFO_SECONDS)
        os.set_blocking(file, True)  # wait for all of it; without a writer, reading ends at once
    return file


def check(path: str, obstacle: Obstacle | None = None) -> None:
    """Raise UserError if path is sure to be refused, before seconds are spent on a key.

    obstacle: as for write_request; None for a key.
    """
    if path != "-":
        with _errors_about(path):
            _check_place(path)
            _replaceable(path, obstacle)


def write_key(path: str, key: bytes) -> None:
    """Write a private key to a new file of mode 0600.

    Raises UserError; then the directory is unchanged, or a message says what has changed.
    """
    if path == "-":
        console.write_data(key)
        return
    with _errors_about(path), atomic.temporary_file(path, key, atomic.KEY_MODE) as temporary:
        try:
            atomic.link(temporary, path)
        except FileExistsError:
            raise _existing(path) from None


def write_request(path: str, request: bytes, obstacle: Obstacle) -> bytes | None:
    """Write a request to a new file, or in place of one in which obstacle finds nothing.

    Returns what it replaced. Raises UserError, as write_key does. What another program puts there
    in the microseconds between the last look and the replacing is lost.
    """
    if path == "-":
        console.write_data(request)
        return None
    with _errors_about(path), atomic.temporary_file(path, request, atomic.PUBLIC_MODE) as temporary:
        old = _replaceable(path, obstacle)
        atomic.replace(temporary, path)
    return old


def free_name(path: str, ending: str = "") -> str:
    """Return path if it is free, else a free name like it: with ending, or a number and ending.

    These come before the suffix; the number is at least 2. Different endings never give one name.
    """
    stem, suffix = os.path.splitext(path)
    # account2.key, but example.com-2.key.
    dash = "-" if stem[-1:].isdigit() or "." in os.path.basename(stem) else ""
    numbered = (f"{stem}{dash}{number}{ending}{suffix}" for number in itertools.count(2))
    names = itertools.chain((path, f"{stem}{ending}{suffix}"), numbered)
    return next(name for name in names if not os.path.lexists(name))


@contextlib.contextmanager
def _errors_about(path: str) -> Iterator[None]:
    """Turn an error of the operating system into a UserError about path."""
    try:
        yield
    except OSError as error:
        is_long = error.errno == errno.ENAMETOOLONG
        advice = f"choose {'a shorter name' if is_long else 'another directory'} with --out FILE"
        raise UserError(error.strerror or error, advice, where=path) from error


def _replaceable(path: str, obstacle: Obstacle | None) -> bytes | None:
    """Return the content of the file at path if it may be replaced, None if nothing is there.

    obstacle: None if nothing may be replaced. Raises UserError and OSError.
    """
    try:
        kind = stat.S_IFMT(os.lstat(path).st_mode)
        if kind != stat.S_IFREG:
            raise UserError(*_OTHERS.get(kind, _IRREGULAR), where=path)
        if obstacle is None:
            raise _existing(path)
        with open(path, "rb", opener=_at_once) as file:
            data = file.read(MAX_SIZE) or b""  # None from a pipe with nothing to read
    except FileNotFoundError:
        return None
    if len(data) == MAX_SIZE:
        raise UserError("the file is too large for a request (CSR)", "use --out FILE", where=path)
    if problem := obstacle(data):
        raise UserError(problem, where=path)
    return data


def _at_once(path: str, flags: int) -> int:
    """Open a file; follow no link and wait for no pipe that has taken its place."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _existing(path: str) -> UserError:
    another = shell.command("--out", shell.file(free_name(path))) or "--out FILE"
    advice = f"use that key, write a new one with {another}, or move the old one away"
    return UserError("the file already exists, and a key is never replaced", advice, where=path)


def _check_place(path: str) -> None:
    """Raise UserError if no file can be created at path; warn if anyone could replace it."""
    directory, name = os.path.split(path)
    directory = directory or "."
    if not name or "\0" in path:  # as in the constant "keys\0.csr"
        raise UserError("this is not the name of a file", _CHOOSE, where=path or "an empty name")
    if _WINDOWS and re.fullmatch(_RESERVED, name, re.IGNORECASE):
        raise UserError("this name is reserved on Windows", _CHOOSE, where=path)
    if not is_there(directory):
        advice = f"create it, or {_CHOOSE}"
        raise UserError(f"the directory {directory} does not exist", advice, where=path)
    mode = os.stat(directory).st_mode
    if not stat.S_ISDIR(mode):
        raise UserError(f"{directory} is not a directory", _CHOOSE, where=path)
    if not os.access(directory, os.W_OK | os.X_OK):
        problem = f"you cannot create files in the directory {directory}"
        raise UserError(problem, _CHOOSE, where=path)
    if not _WINDOWS and mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        advice = "choose a directory that only you can write to, with --out FILE"
        console.warn(f"{path}: anyone can replace files in {directory}; {advice}")
