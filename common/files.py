"""Reading files, and writing them so that nothing is lost and no key is leaked.

A key never replaces a file. A request may replace a request: the old one is moved aside, read
again there, and removed once the new one has its name. So only what was read is removed, and what
another program puts there meanwhile stays. The path "-" is standard output.
"""

import contextlib
import os
import re
import select
import stat
import sys
from collections.abc import Callable

from common import atomic, console, shell
from common.console import UserError

MAX_SIZE = 1 << 20  # bytes; far above any key, chain or list of names

_FIFO_SECONDS = 1

_TRIES = 100  # to replace a file that other programs replace at the same time

# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
# A name with a colon is a stream of another file.
_RESERVED = r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?|.*:.*"

# Why something other than a file is refused.
_OTHERS = {
    stat.S_IFLNK: "is a symbolic link, and links are not followed; give the file itself",
    stat.S_IFDIR: "is a directory; give a file in it",
}

# Follow no link and wait for no pipe that has taken the place of a file.
_AT_ONCE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

# Takes the content of a file; returns why it must not be replaced and what to do, or None.
Obstacle = Callable[[bytes], str | None]


def read(path: str, advice: str) -> bytes:
    """Return the content of a file of at most MAX_SIZE bytes.

    Raises UserError; advice says at the end of its message what to do.
    """
    try:
        with open(path, "rb", opener=_opener) as file:
            data = file.read(MAX_SIZE + 1)
    except OSError as error:
        raise UserError(f"{path or 'an empty name'}: {error.strerror}; {advice}") from error
    if len(data) > MAX_SIZE:
        raise UserError(f"{path}: is larger than {MAX_SIZE >> 20} MiB; {advice}")
    return data


def _opener(path: str, flags: int) -> int:
    """Open a file; wait a moment for what comes through a FIFO, but not until something writes."""
    file = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if sys.platform != "win32":
        if stat.S_ISFIFO(os.fstat(file).st_mode):
            select.select([file], [], [], _FIFO_SECONDS)
        os.set_blocking(file, True)  # without a writer, reading ends at once all the same
    return file


def check(path: str, obstacle: Obstacle | None = None) -> None:
    """Raise UserError if write is sure to refuse path, before seconds are spent on a key."""
    if path == "-":
        return
    with atomic.errors_about(path), contextlib.suppress(FileNotFoundError):
        _check_directory(path)
        _check_replaceable(path, path, obstacle)


def write(path: str, data: bytes, obstacle: Obstacle | None = None) -> None:
    """Write a private key to a new file of mode 0600, or a request.

    obstacle: None for a key. A request replaces a file to which obstacle has no objection.
    Raises UserError; then the directory is unchanged, or a message says what is not.
    """
    if path == "-":
        console.write_data(data)
        return
    mode = atomic.KEY_MODE if obstacle is None else atomic.PUBLIC_MODE
    with (
        atomic.temporary_file(path, data, mode) as temporary,
        contextlib.ExitStack() as moved,
        atomic.errors_about(path),
    ):
        for _ in range(_TRIES):
            if atomic.give_name(temporary, path):
                return
            with contextlib.suppress(FileNotFoundError):  # what had the name is gone again
                _check_replaceable(path, path, obstacle)
                atomic.check_links(temporary, path)
                old = moved.enter_context(atomic.moved_aside(path))
                _check_replaceable(path, old, obstacle)
        raise UserError(f"{path}: other programs keep replacing it; run this again")


def free_name(path: str) -> str:
    """Return path, or if something has that name, path with a number from 2 before its suffix."""
    stem, suffix = os.path.splitext(path)
    stem += "-" if stem[-1:].isdigit() or "." in os.path.basename(stem) else ""
    number = 1
    while os.path.lexists(path):
        number += 1
        path = f"{stem}{number}{suffix}"
    return path


def _check_replaceable(path: str, file: str, obstacle: Obstacle | None) -> None:
    """Raise UserError, about path, if a file must not be replaced. Raises OSError."""
    kind = stat.S_IFMT(os.lstat(file).st_mode)
    if kind != stat.S_IFREG:
        other = "is not a regular file; give one, or - for standard output"
        problem: str | None = _OTHERS.get(kind, other)
    else:
        problem = _exists(path) if obstacle is None else _objection(file, obstacle)
    if problem:
        raise UserError(f"{path}: {problem}")


def _exists(path: str) -> str:
    another = shell.command("--out", shell.file(free_name(path))) or "--out FILE"
    advice = f"use that key, write a new one with {another}, or move the old one away"
    return f"already exists, and a key is never replaced; {advice}"


def _objection(file: str, obstacle: Obstacle) -> str | None:
    """Return what obstacle has against the content of a file. Raises OSError."""
    with open(file, "rb", opener=lambda path, flags: os.open(path, flags | _AT_ONCE)) as content:
        data = content.read(MAX_SIZE + 1) or b""  # None from a pipe with nothing to read
    if len(data) > MAX_SIZE:
        return "is too large for a request (CSR); use --out FILE"
    return obstacle(data)


def _check_directory(path: str) -> None:
    """Raise UserError if a file cannot be created at path; warn if anyone could replace it."""
    directory, name = os.path.split(path)
    directory = directory or "."
    problem = ""
    if not name or "\0" in name:  # as in the constant "keys\0.csr"
        problem = "is not the name of a file;"
    elif os.name == "nt" and re.fullmatch(_RESERVED, name, re.IGNORECASE):
        problem = "is a reserved name on Windows;"
    elif not os.path.isdir(directory):
        problem = f"the directory {directory} does not exist; create it, or"
    elif not os.access(directory, os.W_OK | os.X_OK):
        problem = f"the directory {directory} is not writable;"
    if problem:
        raise UserError(f"{path or 'an empty name'}: {problem} choose another file with --out FILE")
    mode = os.stat(directory).st_mode
    if os.name == "posix" and mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        console.warn(f"{path}: anyone can replace files in {directory}; prevent it with chmod o-w")
