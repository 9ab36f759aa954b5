"""What three scripts do around making a key: check, write and say what was done."""

import argparse
import os
from collections.abc import Callable

from common import arguments, console, encryption, files, openssl_commands, passphrase, shell

_ACCESS = {"posix": ", mode 0600", "nt": ", readable by everyone with access to its directory"}


def make(
    create_key: Callable[[int, str | None], bytes],
    filename: str,
    args: argparse.Namespace,
    domain: str | None = None,
) -> None:
    """Make a private key, write it and say so. Raises UserError.

    create_key: takes the size of an RSA key, and the curve of an ECDSA key or None; returns a new
    key in PEM. It is called after the checks, because it takes seconds.
    filename: where the key goes if args have no out. args: from options.key_parser.
    domain: what a certificate key is for; an account key has none.
    """
    path = arguments.text(filename, "FILENAME = ") if args.out is None else args.out
    files.check(path)
    secret = b""
    if args.encrypt or args.passphrase_file is not None:
        secret = passphrase.for_new_key(args.passphrase_file)

    kind, size = ("ECDSA", args.curve) if args.curve else ("RSA", f"{args.bits} bits")
    # On standard output the key would follow on the same line of a terminal.
    console.progress(f"Making an {kind} key, {size}", args.quiet or path == "-")
    key = create_key(args.bits, args.curve)
    if secret:
        key = encryption.encrypted(key, secret, args.curve)

    console.hold_signals(path)
    files.write_key(path, key)
    if args.quiet:
        return
    is_pkcs1 = key.startswith(b"-----BEGIN RSA")
    key_format = f"{'PKCS#1' if is_pkcs1 else 'PKCS#8'} PEM{', encrypted' if secret else ''}"
    access = "" if path == "-" else _ACCESS[os.name]
    details = f"{kind} private key, {size}, {key_format}{access}"
    commands = openssl_commands.for_key(path, args.bits, args.curve, is_pkcs1, bool(secret))
    if domain is None:
        following = shell.script("make_certificate_key.py", "example.com")
        console.report("the account key", path, details, commands, following)
    else:
        option = [] if path == filename else ["--key", shell.file(path)]
        following = shell.script("make_csr.py", *option, domain)
        console.report("the certificate key", path, details, commands, following)
