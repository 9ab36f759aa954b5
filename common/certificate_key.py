"""Where the certificate key is, or what to do if there is none."""

import argparse
import os

from common import arguments, files, names, shell, suggest
from common.console import UserError
from common.names import Identifier


def find(args: argparse.Namespace, identifiers: list[Identifier], constant: object) -> str:
    """Return the file of the certificate key. Raises UserError if there is none.

    It is --key if that is given. Otherwise it is the file named after the first name on the command
    line, if there is a name and that file exists, and otherwise the constant KEY_FILE.
    """
    own = [f"{names.file_name(name)}.key" for name in identifiers]
    if args.key is not None:
        candidates: list[str] = [args.key]
    else:
        key_file = arguments.text(constant, "KEY_FILE = ")
        candidates = [own[0], key_file] if args.names else [key_file]
    if path := next(filter(files.is_there, candidates), None):
        return path
    tried = " or ".join(candidates) or "an empty name"
    raise UserError(f"{tried}: no such file; {_advice(args, candidates[0], own)}")


def _advice(args: argparse.Namespace, path: str, own: list[str]) -> str:
    """Return what to do if the certificate key is not at path. own: the key files of the names."""
    # Is there a key for another name, or for example.com if the name is www. or *.example.com?
    # Or is a name the file of a key?
    others = [*own, *(path.partition(".")[2] for path in own), *args.names]
    others = [path for path in others if path.endswith(".key")]
    if other := next(filter(os.path.isfile, others), None):
        return f"{other} exists: use --key {shell.file(other)}"
    make = "make a key with make_certificate_key.py, or give one with --key FILE"
    if args.key is not None:
        return suggest.file(path, make)
    if args.names:
        near = suggest.neighbor(path)  # of a mistyped name, or of another one
        meant = f"did you mean {near.removesuffix('.key')}? Or else use --key {shell.file(near)}"
        return meant if near.endswith(".key") else make
    if os.path.isfile("example.com.key"):  # make_certificate_key makes it by default
        command = shell.script("make_csr.py", "example.com") or "make_csr.py example.com"
        return f"example.com.key exists: run {command}"
    return "give the names for the request, or edit the constants in make_csr.py"
