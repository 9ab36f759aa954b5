"""Where the certificate key is, or what to do if there is none."""

import os

from common import arguments, files, names, shell, suggest
from common.console import UserError
from common.names import Identifier

_MAKE = "make a key with make_certificate_key.py, or give one with --key FILE"
_NAME = "give the names for the request, or edit the constants in make_csr.py"


def find(
    given: str | None, identifiers: list[Identifier], constant: object, are_named: bool
) -> str:
    """Return the file of the certificate key. Raises UserError if there is none.

    given: the file that the user gave. Otherwise it is the one that is named after the first of the
    identifiers, if those are_named on the command line and it exists, else the constant KEY_FILE.
    """
    own = [f"{names.file_name(name)}.key" for name in identifiers]
    if given is not None:
        candidates, advice = [given], suggest.file(given, _other(own) or _MAKE)
    else:
        key_file = arguments.text(constant, "KEY_FILE = ")
        candidates = list(dict.fromkeys([own[0], key_file])) if are_named else [key_file]
        advice = _other(own) or (_similar(own[0]) if are_named else _example() or _NAME)
    for path in candidates:
        if files.is_there(path):
            return path
    raise UserError("no such file", advice, where=" or ".join(candidates) or "an empty name")


def _other(own: list[str]) -> str:
    """Return how to use the key of another of the names, or of the domain above one, or "".

    own: the key files of the names.
    """
    for path in (*own, *(path.partition(".")[2] for path in own)):
        if path.endswith(".key") and os.path.isfile(path):
            return f"{path} exists: use --key {shell.file(path)}"
    return ""


def _similar(own: str) -> str:
    """Return which name was probably meant, if one like it has a key, and how to make a key."""
    key = suggest.neighbor(own)
    meant = key.removesuffix(".key").replace("_", "*")
    return f"did you mean {meant}? Otherwise {_MAKE}" if key.endswith(".key") else _MAKE


def _example() -> str:
    """Return how to use the key that make_certificate_key makes by default, if there is one."""
    command = shell.script("make_csr.py", "example.com")
    is_there = os.path.isfile("example.com.key")
    return f"example.com.key exists: run {command}" if command and is_there else ""
