"""What surrounds the making of a key in three scripts: checking, writing, saying what was done."""

import argparse
import os
from collections.abc import Callable

from common import console, encryption, files, openssl_commands, passphrase, shell


def make(
    role: str,
    create_key: Callable[[int, str | None], bytes],
    rsa_format: str,
    filename: str,
    args: argparse.Namespace,
) -> None:
    """Make a private key, write it and say so. Raises UserError.

    role: "account key" or "certificate key".
    create_key: takes the size of an RSA key, and the curve of an ECDSA key or None; returns a new
    key in PEM. It is called once nothing stands in the way of writing the key.
    rsa_format: openssl_commands.PKCS1 or PKCS8, whichever create_key returns for RSA.
    filename: where the key goes if args have no out. args: from options.key_parser.
    """
    path = filename if args.out is None else args.out
    files.check(path)
    secret = b""
    if args.encrypt or args.passphrase_file is not None:
        secret = passphrase.for_new_key(args.passphrase_file)

    kind, size = ("ECDSA", args.curve) if args.curve else ("RSA", f"{args.bits} bits")
    console.progress(f"Making an {kind} key, {size}", args.quiet)
    key = create_key(args.bits, args.curve)
    key_format = openssl_commands.PKCS8 if args.curve or secret else rsa_format
    if secret:
        key = encryption.encrypted(key, secret, args.curve)

    console.hold_signals()
    files.write(path, key)
    if args.quiet:
        return
    encrypted = ", encrypted" if secret else ""
    access = {"posix": ", mode 0600", "nt": ", readable by everyone with access to its directory"}
    protection = encrypted + ("" if path == "-" else access[os.name])
    if role == "account key":
        following = shell.script("make_certificate_key.py", "example.com")
    else:
        option = [] if args.out is None else ["--key", shell.file(args.out)]
        following = shell.script("make_csr.py", *option, args.domain)
    console.report(
        f"the {role}",
        path,
        f"{kind} private key, {size}, {key_format} PEM{protection}",
        openssl_commands.for_key(path, args.bits, args.curve, key_format, bool(secret)),
        following,
    )
