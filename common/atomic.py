"""Giving a file its name in one step, so that the name never shows part of it.

A file is first written whole, and synced to the disk, under a temporary name beside its final
one: a private key with mode 0600 from the call that creates it. It then gets its final name in
one system call, either link, which fails where something has that name, or rename, which
replaces what has it. Of two programs that want the same new name, one succeeds. A lock on the
directory orders those that replace.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import stat
import sys
import time
from collections.abc import Iterator

from common.console import Refused

if sys.platform != "win32":
    import fcntl

KEY_MODE = 0o600
PUBLIC_MODE = 0o666  # less the umask

LOCK_PATIENCE = 5.0  # seconds; a program here holds the lock for milliseconds

_NO_HARD_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


@contextlib.contextmanager
def staged(path: str, data: bytes, mode: int) -> Iterator[str]:
    """Write data to a temporary file beside path, and yield its name.

    At the end the temporary name is removed, if publish or a rename has not used it up.
    mode: permissions; KEY_MODE exactly, any other less the umask.
    Raises OSError, or Refused where the file system cannot keep a key's mode.
    """
    temporary = os.path.join(os.path.dirname(path), f".{os.urandom(8).hex()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with _signals_held():
        try:
            # A umask takes bits away. From a key it must not: it has 0600 from its first moment.
            umask = os.umask(0o077) if mode == KEY_MODE else None
            try:
                descriptor = os.open(temporary, flags, mode)
            finally:
                if umask is not None:
                    os.umask(umask)
            with open(descriptor, "wb") as file:
                if mode == KEY_MODE:
                    _check_mode(descriptor)
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            yield temporary
        finally:
            _remove(temporary)


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Hold back Ctrl-C and the like until the block is left, so that it is done as a whole."""
    if sys.platform == "win32":
        yield
        return
    held = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def publish(temporary: str, path: str) -> None:
    """Give the file named temporary the further name path.

    Raises FileExistsError if anything has that name, a symbolic link included; Refused where the
    file system has no hard links.
    """
    try:
        # A symbolic link is linked itself and not followed, except where that cannot be asked for.
        follow = os.link not in os.supports_follow_symlinks
        os.link(temporary, path, follow_symlinks=follow)
    except OSError as error:
        if error.errno in _NO_HARD_LINKS:
            raise Refused(
                f"{path}: no hard link can be made here ({error.strerror}): the file system has "
                "none, or the old file is another user's; choose another directory with --out FILE"
            ) from error
        raise


def replace_and_keep(temporary: str, path: str) -> str:
    """Give the file at path a second, numbered name, then its own name to temporary.

    The number is one above the highest there, as GNU cp --backup=numbered has it. At no instant
    is there no file at path. Returns the second name. Raises OSError or Refused; then the file
    at path is what it was. The caller holds the lock.
    """
    directory, name = os.path.split(path)
    numbered = re.compile(re.escape(name) + r"\.~(\d+)~")
    matches = (numbered.fullmatch(entry) for entry in os.listdir(directory or "."))
    number = 1 + max((int(match[1]) for match in matches if match), default=0)
    backup = f"{path}.~{number}~"
    publish(path, backup)
    try:
        sync_directory(path)  # a power cut must not take the backup and leave the replacement
        if not stat.S_ISREG(os.lstat(backup).st_mode):
            raise Refused(f"{path}: was replaced by something that is no regular file; look at it")
        os.replace(temporary, path)
    except BaseException:
        # An interrupt can arrive after the rename; the backup is then the only name of the old key.
        if os.path.samestat(os.lstat(path), os.lstat(backup)):
            _remove(backup)
        raise
    return backup


@contextlib.contextmanager
def locked(path: str) -> Iterator[None]:
    """Hold a lock on the directory of path; the kernel drops it when the process ends.

    Raises Refused where there are no such locks (NFS). Windows has none, so there nothing is held.
    """
    if sys.platform == "win32":
        yield
        return
    descriptor = _open_directory(path)
    try:
        try:
            _flock(descriptor)
        except OSError as error:
            raise Refused(
                f"{path}: its directory cannot be locked ({error.strerror}), so it is not "
                "replaced; move it away, then run this again"
            ) from error
        yield
    finally:
        os.close(descriptor)


def _flock(descriptor: int) -> None:
    """Take the lock, or raise OSError if another program holds it for LOCK_PATIENCE seconds."""
    deadline = time.monotonic() + LOCK_PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def sync_directory(path: str) -> None:
    """Have the disk keep the name path, too. Raises Refused where the disk fails to."""
    if sys.platform == "win32":  # a directory cannot be synced there
        return
    try:
        descriptor = _open_directory(path)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        # A file system that has nothing to sync says EINVAL; one may not read every directory.
        if error.errno not in (errno.EINVAL, errno.EACCES):
            raise Refused(
                f"{path}: is written, but may not outlast a power cut ({error.strerror}); "
                "check the disk, and copy the file to another"
            ) from error


def _open_directory(path: str) -> int:
    return os.open(os.path.dirname(path) or ".", os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))


def _check_mode(descriptor: int) -> None:
    # Windows has access control lists instead, which a new file takes from its directory.
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if os.name == "posix" and mode != KEY_MODE:
        raise Refused(
            f"the file system here keeps no modes: a key would have {mode:04o} and not "
            f"{KEY_MODE:04o}; choose another directory with --out FILE"
        )


def _remove(path: str) -> None:
    """Unlink path if it is there; try twice, since what is left would be a copy of a key."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError:
        os.unlink(path)
