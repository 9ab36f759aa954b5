"""What the three scripts that make a key have in common: all but the key."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from common import console, encryption, files, passphrase, twins


def make_key(
    role: str,
    create_key: Callable[[int, str | None], bytes],
    rsa_format: str,
    args: argparse.Namespace,
) -> None:
    """Make a private key, write it and say so.

    role: what the key is for, as the messages call it.
    create_key: takes the size of an RSA key, or else the curve of an ECDSA key, and returns a new
    key in PEM. It is called once nothing stands in the way of writing what it returns.
    rsa_format: twins.PKCS1 or twins.PKCS8, whichever create_key returns for RSA.
    args: what options.key_parser has parsed.
    """
    if args.out != "-":
        files.check_new_key(args.out, args.force)
    secret = None
    if args.encrypt or args.passphrase_file is not None:
        secret = passphrase.for_new_key(args.passphrase_file)

    kind, size = ("an ECDSA", args.curve) if args.curve else ("an RSA", f"{args.bits} bits")
    with console.progress(f"Making {kind} key, {size}", args.quiet):
        key = create_key(args.bits, args.curve)
    key_format = twins.PKCS8 if args.curve or secret else rsa_format
    if secret:
        key = encryption.encrypted(key, secret)

    where, mode, kept = "standard output", "", ""
    if args.out == "-":
        console.write_data(key)
    else:
        backup = files.write_key(args.out, key, args.force)
        where, mode = args.out, ", mode 0600" if os.name == "posix" else ""
        kept = f"; the old key is now {backup}" if backup else ""
    if args.quiet:
        return
    protection = ", encrypted" if secret else ""
    console.say(
        f"Wrote the {role} to {where}: {kind.split()[1]} private key, {size}, "
        f"{key_format} PEM{protection}{mode}{kept}."
    )
    twins.say(twins.key_twins(args.out, args.bits, args.curve, key_format, bool(secret)))
    if args.out != "-":
        _say_next(role, args)


def _say_next(role: str, args: argparse.Namespace) -> None:
    if role == "account key":
        console.say("Keep a copy in a safe place: this key is your account at the CA.")
        following = console.command_beside("make_certificate_key.py", "example.com")
    else:
        following = console.command_beside("make_csr.py", "--key", args.out, args.domain)
    console.say(f"Next: {following}")
