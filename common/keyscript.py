"""What the three scripts that make a key have in common: all but the key."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from common import console, files, twins


def make_key(
    role: str, create_key: Callable[[int], bytes], key_format: str, args: argparse.Namespace
) -> None:
    """Make a private key, write it and say so.

    role: what the key is for, as the messages call it.
    create_key: returns a new key of that many bits, in PEM. It is called once nothing stands in
    the way of writing what it returns.
    key_format: twins.PKCS1 or twins.PKCS8, whichever create_key returns.
    args: what options.key_parser has parsed.
    """
    out = args.out
    if out != "-":
        files.check_new_key(out, args.force)
    with console.progress(f"Making an RSA key of {args.bits} bits", args.quiet):
        key = create_key(args.bits)
    kind = f"RSA private key, {args.bits} bits, {key_format} PEM"
    if out == "-":
        console.write_data(key)
        written = f"Wrote the {role} to standard output: {kind}"
    else:
        backup = files.write_key(out, key, args.force)
        written = f"Wrote the {role} {out}: {kind}, mode 0600"
        if backup:
            written += f"; the old one is now {backup}"
    if not args.quiet:
        console.say(f"{written}.")
        twins.say(twins.key_twins(out, args.bits, key_format))
        if out != "-":
            _say_next(role, args)


def _say_next(role: str, args: argparse.Namespace) -> None:
    if role == "account key":
        console.say("Keep a copy in a safe place: without this key no certificate can be renewed.")
        following = console.command_beside("make_certificate_key.py", "DOMAIN")
    else:
        following = console.command_beside("make_csr.py", "--key", args.out, args.domain)
    console.say(f"Next: {following}")
