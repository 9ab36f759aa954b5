"""Where a passphrase comes from.

It comes from the terminal, without echo, or from a file: never from a command line or
the environment, which other users of the machine can see.
"""

from __future__ import annotations

import os
import stat
import warnings

from common import console, encryption, files
from common.console import Refused
from common.pem import Block

MAX_LENGTH = 1023  # bytes; OpenSSL has PEM_BUFSIZE (openssl/pem.h), for it and a NUL


def for_new_key(path: str | None) -> bytes:
    """Return the passphrase for a key to be made: from a file, or asked for twice.

    path: of the file, or None. Raises Refused.
    """
    if path is not None:
        return _read(path)
    first = _ask("Passphrase for the new key: ")
    if _ask("The same again: ") != first:
        raise Refused("the two passphrases differ; nothing was made")
    return first


def for_key(key_path: str, block: Block, path: str | None) -> bytes:
    """Return the passphrase of the encrypted key in the file key_path: from a file, or asked for.

    path: of the file, or None. Raises Refused.
    """
    if encryption.is_costly(block):
        raise Refused(
            f"{key_path}: is encrypted at a cost that no honest key has "
            f"({encryption.description(block)}), so it is not opened"
        )
    if path is not None:
        return _read(path)
    return _ask(f"Passphrase of {console.one_line(key_path)}: ", f"{key_path}: is encrypted, and ")


def _read(path: str) -> bytes:
    """Return the first line of a file, without the end of the line."""
    first_line = (
        files.read(path, "name the file with --passphrase-file")
        .partition(b"\n")[0]
        .removesuffix(b"\r")
    )
    mode = os.stat(path).st_mode
    if os.name == "posix" and stat.S_ISREG(mode) and mode & (stat.S_IRWXG | stat.S_IRWXO):
        console.warn(f"{path}: others may read this passphrase; take that away with chmod 600")
    return _checked(first_line, f"{path}: its first line")


def _ask(prompt: str, why: str = "") -> bytes:
    """Return what is typed, unseen, on the terminal; why begins the message where there is none."""
    import getpass

    try:
        with warnings.catch_warnings():
            # Where there is no terminal, getpass would read standard input instead, and say so.
            warnings.simplefilter("error", getpass.GetPassWarning)
            typed = getpass.getpass(prompt)
    except getpass.GetPassWarning:
        raise Refused(
            f"{why}there is no terminal to ask for a passphrase on; use --passphrase-file FILE"
        ) from None
    except EOFError:
        raise Refused("no passphrase was given") from None
    except UnicodeError:  # its text would show what was typed
        raise Refused(
            "the passphrase is no text in the encoding of this terminal; use --passphrase-file FILE"
        ) from None
    except KeyboardInterrupt:
        console.say("")  # the prompt has not ended its line
        raise
    return _checked(typed.encode("utf-8", "surrogateescape"), "the passphrase")


def _checked(passphrase: bytes, what: str) -> bytes:
    if not passphrase:
        raise Refused(f"{what} is empty, and an empty passphrase protects nothing; use another")
    if b"\0" in passphrase:
        raise Refused(f"{what} holds a NUL, where OpenSSL would end it; use another, in UTF-8")
    if len(passphrase) > MAX_LENGTH:
        raise Refused(f"{what} has more than {MAX_LENGTH} bytes, which OpenSSL cannot read")
    return passphrase
