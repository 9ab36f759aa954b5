"""Commands to paste into the user's shell: a POSIX shell, cmd.exe or PowerShell.

An old Python must be able to import this, to say which command sets up the project.
"""

import os
import re
import shlex
import sys

from common import TOP

_WINDOWS = os.name == "nt"
_SPECIAL = r'["%$!`“”„]'  # within double quotes, in cmd.exe or PowerShell
_MAX_LENGTH = 100_000  # characters; Linux takes no argument of 128 KiB (MAX_ARG_STRLEN)
_PLAIN = r"[\w./\\:=+-]+"  # PowerShell splits other words at a comma, and takes @ for an array


def command(*words: str) -> "str | None":
    """Return the command that consists of words, or None if it could not be pasted safely."""
    if _WINDOWS and any(re.search(_SPECIAL, word) for word in words):
        return None
    text = " ".join(map(quoted, words))
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    can_be_shown = text.encode(encoding, "replace").decode(encoding) == text
    return text if text.isprintable() and can_be_shown and len(text) < _MAX_LENGTH else None


def script(name: str, *arguments: str) -> "str | None":
    """Return the command that runs one of the scripts, or None, as command does."""
    return command(python(), path(name), *arguments)


def module(name: str, *arguments: str) -> "str | None":
    """Return the command that runs a module of the project, or None, as command does.

    Python finds it by its name only in the directory of the scripts; elsewhere it takes a path.
    """
    program = os.path.join(*name.split("."))
    if not os.path.isdir(os.path.join(TOP, program)):
        program += ".py"
    found = path(program)
    return command(python(), *(["-m", name] if found == program else [found]), *arguments)


def file(name: str) -> str:
    """Return the name of a file as an argument that is not taken for an option or for -."""
    return os.path.join(".", name) if name.startswith("-") else name


def quoted(word: str) -> str:
    """Return a word of a command."""
    if _WINDOWS:
        return word if re.fullmatch(_PLAIN, word) else f'"{word}"'
    text = shlex.quote(word)
    return f"'{text}'" if text.startswith("=") else text  # zsh takes =ls for the path of ls


def path(name: str) -> str:
    """Return the path of something in the directory of the scripts, as short as possible."""
    absolute = os.path.join(TOP, name)
    try:
        return min(os.path.relpath(absolute), absolute, key=len)
    except (OSError, ValueError):  # the working directory was removed, or is on another drive
        return absolute


def python() -> str:
    """Return what runs this Python in the user's shell."""
    if _WINDOWS:
        return "python"
    for name in ("python", "python3"):
        found = (os.path.join(directory, name) for directory in os.get_exec_path())
        if next(filter(os.path.exists, found), None) == sys.executable:
            return name
    return sys.executable
