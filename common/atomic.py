"""Giving a file its name in one step, so that nobody sees part of the file under that name.

The content is first written, and synced to the disk, under a name that nobody can guess. Then a key
gets its name by a hard link (on Windows a rename), which fails if anything has that name. A request
gets it by a rename that replaces. Callers hold signals meanwhile, because one that ends the program
would leave the temporary file behind.
"""

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable, Iterator

from common import console
from common.console import UserError

_WINDOWS = os.name == "nt"  # which has access lists instead of modes, and cannot open a directory

KEY_MODE = 0o600
PUBLIC_MODE = 0o666  # less the umask

# What link() fails with where there are no hard links: Linux, macOS, FUSE and network file systems.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
_ELSEWHERE = "choose another directory with --out FILE; this one may not support hard links"


@contextlib.contextmanager
def temporary_file(path: str, data: bytes, mode: int) -> Iterator[str]:
    """Write data to a file beside path, and yield its name for link or replace.

    mode: KEY_MODE exactly, or PUBLIC_MODE less the umask. Raises UserError and OSError. After an
    exception, also in the block, nothing is left, or a warning says what is.
    """
    temporary = f"{path}.~{os.urandom(8).hex()}~"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, mode)
    try:
        with open(descriptor, "wb") as file:
            if mode == KEY_MODE and not _WINDOWS:
                _make_private(path, descriptor)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        yield temporary
    except BaseException:
        _remove(temporary)
        raise
    if not _WINDOWS:
        _sync_directory(path)


def link(temporary: str, path: str) -> None:
    """Move a file to a new name. Raises UserError and OSError; FileExistsError if it is taken."""
    try:
        if _WINDOWS:
            _patiently(os.rename, temporary, path)
            return
        os.link(temporary, path, follow_symlinks=False)  # by default macOS follows them
    except OSError as error:
        if not _is_linked(temporary, path):
            if error.errno in _NO_LINKS:
                raise UserError(error.strerror, _ELSEWHERE, where=path) from error
            raise
    _remove(temporary)


def replace(temporary: str, path: str) -> None:
    """Move a file to path in one step, in place of what is there. Raises OSError."""
    _patiently(os.replace, temporary, path)


def _is_linked(temporary: str, path: str) -> bool:
    """Return whether a link was made although it was reported as failed.

    The file server made the link, but its reply was lost: see O_EXCL in open(2).
    """
    try:
        return not _WINDOWS and os.path.samestat(os.lstat(temporary), os.lstat(path))
    except OSError:
        return False


def _remove(temporary: str) -> None:
    """Remove a file; warn if that cannot be done, for example because its directory was renamed."""
    try:
        _patiently(os.unlink, temporary)
    except OSError:
        console.warn(f"{temporary} could not be removed; delete it")


def _make_private(path: str, descriptor: int) -> None:
    """Give a new file KEY_MODE whatever the umask. Raises UserError."""
    with contextlib.suppress(PermissionError):
        os.chmod(descriptor, KEY_MODE)
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != KEY_MODE:
        raise UserError(
            "this drive does not store file permissions (a USB stick, or a Windows drive under "
            "WSL), so others could read the key",
            "use --out with a file in your home directory",
            where=path,
        )


def _patiently(call: Callable[..., None], *paths: str) -> None:
    """Call an operation on files; on Windows, retry while a virus scanner holds a file open."""
    for seconds in (0.01, 0.1, 0.5) if _WINDOWS else ():
        try:
            return call(*paths)
        except PermissionError:
            time.sleep(seconds)
    return call(*paths)


def _sync_directory(path: str) -> None:
    """Sync the name path to the disk; warn if that fails."""
    try:
        descriptor = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        console.warn(
            f"{path}: the file may not survive a power cut ({error.strerror}); keep a copy"
        )
