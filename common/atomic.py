"""Giving a file its name in one step, so that nobody sees part of the file under that name.

The content is first written, and synced to the disk, under a name that nobody can guess. Then a
hard link (on Windows a rename) gives the file its name; it fails if anything has that name. Hold
the signals meanwhile: one that ends the program would leave the temporary file behind.
"""

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable, Iterator

from common import console
from common.console import UserError

KEY_MODE = 0o600
PUBLIC_MODE = 0o666  # less the umask

_ADVICE = {
    errno.ENAMETOOLONG: "choose a shorter name with --out FILE",
    errno.EPERM: "choose another directory with --out FILE; this one may not support hard links",
}


@contextlib.contextmanager
def errors_about(path: str) -> Iterator[None]:
    """Turn an error of the operating system into a UserError about path."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, "choose another directory with --out FILE")
        raise UserError(f"{path}: {error.strerror or error}; {advice}") from error


@contextlib.contextmanager
def temporary_file(path: str, data: bytes, mode: int) -> Iterator[str]:
    """Write data to a file beside path, yield its name, and remove that name at the end.

    mode: KEY_MODE exactly, or PUBLIC_MODE less the umask. Raises UserError, also in place of an
    OSError in the block. Nothing is left, or a warning says what is.
    """
    temporary = _beside(path, "new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with errors_about(path):
        descriptor = os.open(temporary, flags, mode)
        try:
            with open(descriptor, "wb") as file:
                if mode == KEY_MODE and os.name == "posix":  # Windows has access lists instead
                    _make_private(path, descriptor)
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            yield temporary
        finally:
            _remove(temporary, f"{temporary} could not be removed; delete it")
    if os.name == "posix":  # Windows cannot open a directory
        _sync_directory(path)


@contextlib.contextmanager
def moved_aside(path: str) -> Iterator[str]:
    """Rename path to a name that nobody can guess, yield that, and remove the file at the end.

    After an exception the file gets its name back; if it cannot, a UserError says where it is.
    """
    old = _beside(path, "old")
    _patiently(os.rename, path, old)
    where = f"the old {path} is now {old}"
    try:
        yield old
    except BaseException as error:
        try:
            is_back = give_name(old, path)
        except OSError:
            is_back = False
        if not is_back:
            # The text of any other exception may hold a secret.
            reason = error if isinstance(error, UserError) else type(error).__name__
            raise UserError(f"{reason}; {where}") from error
        _remove(old, where)
        raise
    _remove(old, where)


def give_name(file: str, path: str) -> bool:
    """Give file the name path; return False if anything has that name already. Raises OSError."""
    try:
        if os.name == "nt":
            _patiently(os.rename, file, path)
        else:
            os.link(file, path, follow_symlinks=False)  # by default macOS follows them
    except FileExistsError:
        return False
    return True


def check_links(file: str, path: str) -> None:
    """Raise OSError if no link can be made beside path; give_name hides this if path exists."""
    trial = _beside(path, "new")
    if os.name == "posix" and give_name(file, trial):
        _remove(trial, f"{trial} could not be removed; delete it")


def _remove(file: str, otherwise: str) -> None:
    """Remove the name of a file; give a warning if that cannot be done."""
    try:
        _patiently(os.unlink, file)
    except OSError as error:
        # On Windows give_name has renamed it. Elsewhere it is missing if its directory was renamed.
        if os.name != "nt" or not isinstance(error, FileNotFoundError):
            console.warn(otherwise)


def _beside(path: str, suffix: str) -> str:
    return f"{path}.~{os.urandom(8).hex()}.{suffix}~"


def _make_private(path: str, descriptor: int) -> None:
    """Give a new file KEY_MODE whatever the umask."""
    with contextlib.suppress(PermissionError):
        os.chmod(descriptor, KEY_MODE)
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if mode != KEY_MODE:
        raise UserError(
            f"{path}: would have mode {mode:04o}, not 0600: this file system stores no permissions "
            "(a Windows drive, a USB stick?); use --out with a file in your home directory"
        )


def _patiently(call: Callable[..., None], *paths: str) -> None:
    """Call an operation on files; on Windows, retry while a virus scanner holds a file open."""
    for seconds in (0.01, 0.1, 0.5) if os.name == "nt" else ():
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
        console.warn(f"{path}: may not survive a power cut ({error.strerror}); keep a copy")
