"""Show what keys, requests (CSRs) and certificates contain, and which of them belong together.

The files can be PEM or DER, from any program. Private numbers are never printed.
"""

import argparse
import functools
import os
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

if not __package__:  # run by its path, which puts this directory where the project's should be
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from common import console, keys, options, pem, shell
from common.console import UserError, printable
from common.show import describe, match, read
from common.show.bytes import walk
from common.show.read import Item, Part

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

T = TypeVar("T")

# 100 columns, less those of the labels.
_WRAPPER = textwrap.TextWrapper(83, break_long_words=False, break_on_hyphens=False)


@console.program("show")
def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    args = _parser().parse(argv)
    faults: list[str] = []  # what has failed; if anything, the exit status is 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from cryptography, about oddities in the files
        if args.bytes:
            pages = _each(args.files, lambda part: _bytes(part, faults), faults)
            console.write_text("\n".join(pages))
        else:
            _show(args, faults)
    for fault in faults[:-1]:
        console.error(fault)
    if faults:
        raise UserError(faults[-1])


def _parser() -> options.Parser:
    parser = options.Parser(shell.show() or "show", __doc__)
    parser.add_argument("files", metavar="FILE", nargs="+", help="a key, request or certificate")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--public", action="store_true", help="print the public key in PEM instead")
    output.add_argument(
        "--bytes",
        action="store_true",
        help="print the structure of the file (DER) instead, element by element",
    )
    parser.add_argument(
        "--passphrase-file",
        metavar="FILE",
        help="open encrypted keys with the first line of FILE (default: ask for it)",
    )
    parser.add_argument(
        "--account-key",
        metavar="FILE",
        help="the account key, which must not be used as a certificate key (default: the file "
        f"named {keys.ACCOUNT_KEY_FILE} among those given)",
    )
    return parser


def _show(args: argparse.Namespace, faults: list[str]) -> None:
    """Print the pages, or the public keys; add to faults what has failed. Raises UserError."""
    opened = functools.partial(read.item, passphrase_file=args.passphrase_file)
    items = _each(args.files, opened, faults)
    if args.public:
        form = PublicFormat.SubjectPublicKeyInfo
        texts = [item.public_key.public_bytes(Encoding.PEM, form) for item in items]
        console.write_data(b"".join(texts))
        return
    named = [item for item in items if os.path.basename(item.path) == keys.ACCOUNT_KEY_FILE]
    if args.account_key is not None:
        named = _each([args.account_key], opened, faults)
    account_key = next(iter(named), None)
    pages = [_page(item, account_key) for item in items]
    if lines := [f"  {line}" for line in match.together(items)]:
        pages.append(_text(["What belongs together:", *lines]))
    console.write_text("\n".join(pages))
    for warning in match.warnings(items):
        console.warn(warning)
    faults += match.faults(items, account_key)


def _each(paths: Sequence[str], function: Callable[[Part], T], faults: list[str]) -> list[T]:
    """Return what function makes of each part of the files; add UserErrors to faults."""
    found = []
    for path in paths:
        try:
            parts = read.parts(path)
        except UserError as error:
            faults.append(str(error))
            continue
        for part in parts:
            try:
                found.append(function(part))
            except UserError as error:
                faults.append(str(error))
    return found


def _page(item: Item, account_key: Item | None) -> str:
    lines = [f"{item.where}: {item.kind}"]
    for label, value in describe.page(item, account_key):
        texts = [value] if isinstance(value, str) else _WRAPPER.wrap(", ".join(value))
        lines += [f"  {'' if n else label:<13}  {text}" for n, text in enumerate(texts)]
    return _text(lines)


def _bytes(part: Part, faults: list[str]) -> str:
    """Return the lines for the DER of a part; if they end too early, add to faults why."""
    lines = list[str]()
    try:
        if part.is_encrypted and part.label != pem.ENCRYPTED:
            raise ValueError("is encrypted as a whole (RFC 1421), so its DER cannot be shown")
        for line in walk(part.der):
            lines.append(line if lines else f"{part.where}: {line}")
    except ValueError as error:
        faults.append(f"{part.where}: {error}")
    return _text(lines)


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{printable(line)}\n" for line in lines)


if __name__ == "__main__":
    console.run(main)
