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

    given: the file that the user gave, or None. Without it, the file is the one named after the
    first of the identifiers, if those are_named on the command line and that file exists. Otherwise
    it is the constant KEY_FILE.
    """
    own = [f"{names.file_name(name)}.key" for name in identifiers]
    if given is not None:
        candidates = [given]
    else:
        key_file = arguments.text(constant, "KEY_FILE = ")
        candidates = [own[0], key_file] if are_named else [key_file]
    if path := next(filter(files.is_there, candidates), None):
        return path
    is_bare = given is None and not are_named
    advice = _existing(own, is_bare) or (_NAME if is_bare else _MAKE)
    if given is not None:
        advice = suggest.file(given, advice)
    tried = " or ".join(candidates) or "an empty name"
    raise UserError(f"{tried}: no such file; {advice}")


def _existing(own: list[str], is_bare: bool) -> str:
    """Return how to use a key that exists, or "".

    own: the key files of the names. is_bare: whether the command line has neither names nor a key.
    """
    # Also the key file of the name after www., or after the * of a wildcard.
    for path in (*own, *(path.partition(".")[2] for path in own)):
        if path.endswith(".key") and os.path.isfile(path):
            return f"{path} exists: use --key {shell.file(path)}"
    if is_bare and os.path.isfile("example.com.key"):  # make_certificate_key's default
        command = shell.script("make_csr.py", "example.com") or "make_csr.py example.com"
        return f"example.com.key exists: run {command}"
    return ""
