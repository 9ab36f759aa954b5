"""Reading and writing files so that no key is lost or leaked, whatever happens.

Here is what may be written where; how it is written is in atomic.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
from collections.abc import Callable, Iterator

from common import atomic
from common.console import Refused, rerun

# Far above any key, certificate chain or list of names; guards against a wrong file of gigabytes.
MAX_SIZE = 1 << 20  # bytes


def read(path: str, advice: str) -> bytes:
    """Return the content of a file. Raises Refused, also for more than MAX_SIZE bytes.

    advice: the end of the message then, which says what to name instead.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_SIZE + 1)
    except OSError as error:
        raise Refused(f"{path or 'an empty name'}: {error.strerror}; {advice}") from error
    if len(data) > MAX_SIZE:
        raise Refused(f"{path}: has more than {MAX_SIZE} bytes; {advice}")
    return data


def check_new_key(path: str, force: bool) -> None:
    """Raise Refused if write_key is sure to refuse path. It costs nothing, so it comes first."""
    _check_directory(path)
    if _is_file(path):
        if not force:
            raise _exists(path)
        with errors_about(path), contextlib.suppress(FileNotFoundError):
            os.lstat(f"{path}.~1~")  # a name too long for a backup shows here


def write_key(path: str, data: bytes, force: bool) -> str | None:
    """Write a private key to a new file of mode 0600.

    With force, a file of that name is kept under a numbered one: FILE.~1~, FILE.~2~, …
    Returns that name, or None if there was no such file.
    Raises Refused; then what was there is there still, and nothing else.
    """
    _check_directory(path)
    backup = None
    with errors_about(path), atomic.staged(path, data, atomic.KEY_MODE) as temporary:
        try:
            atomic.publish(temporary, path)
        except FileExistsError:
            if not force:
                raise _exists(path) from None
            with atomic.locked(path):
                _is_file(path)
                backup = atomic.replace_and_keep(temporary, path)
        atomic.sync_directory(path)
    return backup


def check_csr(path: str, is_csr: Callable[[bytes], bool]) -> None:
    """Raise Refused if write_csr is sure to refuse path."""
    _check_directory(path)
    if _is_file(path) and not is_csr(read(path, "name another file with --out FILE")):
        raise Refused(
            f"{path}: exists and is no certificate signing request, so it is not replaced; "
            "name another file with --out FILE"
        )


def write_csr(path: str, data: bytes, is_csr: Callable[[bytes], bool]) -> None:
    """Write a certificate signing request, to a new file or in place of one that is_csr accepts.

    Raises Refused; then what was there is there still, and nothing else.
    """
    _check_directory(path)
    with errors_about(path), atomic.staged(path, data, atomic.PUBLIC_MODE) as temporary:
        try:
            atomic.publish(temporary, path)
        except FileExistsError:
            with atomic.locked(path):
                check_csr(path, is_csr)
                if os.path.lexists(path):
                    os.replace(temporary, path)
                else:
                    atomic.publish(temporary, path)
        atomic.sync_directory(path)


@contextlib.contextmanager
def errors_about(path: str) -> Iterator[None]:
    """Turn an error of the operating system into a Refused that names path."""
    try:
        yield
    except OSError as error:
        raise Refused(f"{path or 'an empty name'}: {error.strerror or error}") from error


# What may stand in the way of a file: a test of its mode, and what to say.
_OBSTACLES: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISLNK, "is a symbolic link, which is not followed; name the file itself"),
    (stat.S_ISDIR, "is a directory; name a file in it"),
    (lambda mode: not stat.S_ISREG(mode), "is no regular file; name one, or - for standard output"),
)


def _is_file(path: str) -> bool:
    """Return whether a regular file has the name path. Raises Refused if anything else has it."""
    with errors_about(path):
        try:
            mode = os.lstat(path).st_mode
        except FileNotFoundError:
            return False
    for stands_in_the_way, message in _OBSTACLES:
        if stands_in_the_way(mode):
            raise Refused(f"{path}: {message}")
    return True


def _check_directory(path: str) -> None:
    directory, name = os.path.split(path)
    directory = directory or "."
    if os.path.lexists(directory) and not os.path.isdir(directory):
        raise Refused(f"{path}: {directory} is no directory; name a file in one")
    if not os.path.isdir(directory):
        raise Refused(f"{path}: there is no directory {directory}; make it first")
    if not name:
        raise Refused(f"{path or 'an empty name'}: names no file; name one in {directory}")
    if name.endswith("\n"):  # a shell drops it from what a command prints, so no twin could work
        raise Refused(f"{path}: ends in a line break; name another file")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise Refused(
            f"{path}: the directory {directory} cannot be written "
            "(its mode, or a read-only file system); name a file elsewhere"
        )


def _exists(path: str) -> Refused:
    stem, suffix = os.path.splitext(path)
    stem += "-" if stem[-1:].isdigit() else ""
    other = next(
        name for n in itertools.count(2) if not os.path.lexists(name := f"{stem}{n}{suffix}")
    )
    return Refused(
        f"{path}: exists, and a key is never overwritten; keep it and go on, or make another: "
        f"{rerun('--out', other)} (or add --force: the old key is kept, as {path}.~1~ or so)"
    )
