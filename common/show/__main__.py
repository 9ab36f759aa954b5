"""Show what keys, requests (CSRs) and certificates contain, and which of them belong together.

The files can be PEM or DER, from any program. Private numbers are never printed.
"""

import argparse
import os
import sys
import textwrap
import warnings
from collections.abc import Sequence

if not __package__:  # run by its path, which puts this directory where the project's should be
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from common import console, options, pem, shell
from common.console import UserError, printable
from common.show import describe, match, read
from common.show.bytes import walk
from common.show.read import Item, Part

ACCOUNT_KEY = "account.key"
# 100 columns, less those of the longest label.
_WRAPPER = textwrap.TextWrapper(83, break_long_words=False, break_on_hyphens=False)


@console.program("show")
def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    args = _parser().parse(argv)
    faults: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of cryptography, over what is odd in the files
        if args.bytes:
            pages = [_bytes(part, faults) for part in _parts(args.files, faults)]
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
        f"named {ACCOUNT_KEY} among those given)",
    )
    return parser


def _show(args: argparse.Namespace, faults: list[str]) -> None:
    """Print the pages, or the public keys; add to faults what is wrong. Raises UserError."""
    items = _items(args.files, args.passphrase_file, faults)
    if args.public:
        console.write_data(b"".join(item.public_pem for item in items))
        return
    if args.account_key is None:
        named = [item for item in items if os.path.basename(item.part.path) == ACCOUNT_KEY]
    else:
        named = _items([args.account_key], args.passphrase_file, faults)
        if named and not any(item.is_key for item in named):
            faults.append(f"{args.account_key}: is not a key; give the account key")
    account_key = next((item for item in named if item.is_key), None)
    pages = [_page(item, account_key, faults) for item in items]
    findings = match.compare(items, account_key)
    if findings.lines:
        pages.append(_text(["What belongs together:", *(f"  {line}" for line in findings.lines)]))
    console.write_text("\n".join(pages))
    for warning in findings.warnings:
        console.warn(warning)
    faults += findings.faults


def _parts(paths: Sequence[str], faults: list[str]) -> list[Part]:
    """Return what stands in the files; add to faults what cannot be read."""
    found = []
    for path in paths:
        try:
            found += read.parts(path)
        except UserError as error:
            faults.append(str(error))
    return found


def _items(paths: Sequence[str], passphrase_file: str | None, faults: list[str]) -> list[Item]:
    """Return what stands in the files, opened; add to faults what cannot be."""
    found = []
    for part in _parts(paths, faults):
        try:
            found.append(read.item(part, passphrase_file))
        except UserError as error:
            faults.append(str(error))
    return found


def _page(item: Item, account_key: Item | None, faults: list[str]) -> str:
    """Return the page about an item; add to faults what is wrong with it."""
    rows, found = describe.page(item, account_key)
    faults += [f"{item.part.where}: {fault}" for fault in found]
    lines = [f"{item.part.where}: {item.part.kind}"]
    for label, value in rows:
        texts = [value] if isinstance(value, str) else _WRAPPER.wrap(", ".join(value))
        labels = [label, *[""] * (len(texts) - 1)]
        lines += [f"  {label:<13}  {text}" for label, text in zip(labels, texts, strict=True)]
    return _text(lines)


def _bytes(part: Part, faults: list[str]) -> str:
    """Return the lines for the DER of a part; add to faults why they end too early."""
    lines = list[str]()
    try:
        if part.is_encrypted and part.label != pem.ENCRYPTED:
            raise ValueError("is encrypted as a whole (RFC 1421), so its DER cannot be shown")
        for line in walk(part.der):
            lines.append(line if lines else f"{part.where}: {line}")
    except ValueError as error:
        faults.append(f"{part.where}: {error}")
    return _text(lines)


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{printable(line)}\n" for line in lines)


if __name__ == "__main__":
    console.run(main)
