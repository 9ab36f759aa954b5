"""Show what keys, requests (CSRs) and certificates contain, and which of them belong together.

The files can be PEM or DER, from any program. Private numbers are never printed.
"""

import os
import sys

if not __package__:  # run by its path, which puts this directory where the project's should be
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    import common  # noqa: F401 - from here on, Ctrl-C ends the program at once

import argparse
import functools
import textwrap
import warnings
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TypeVar

from common import console, keys, options, shell, wrapping
from common.console import UserError, printable
from common.show import chain, describe, files, grammar, match, opening, picture
from common.show.bytes import walk
from common.show.files import Part
from common.show.items import Item, Key

T = TypeVar("T")

# 100 columns, less those of the labels.
_WRAPPER = textwrap.TextWrapper(83, break_long_words=False, break_on_hyphens=False)

_TOGETHER = "What belongs together"

_MOST_LINES = 200  # about what belongs together; hundreds of files with one key make thousands


@console.program("show")
def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    args = _parser().parse(argv)
    faults: list[str] = []  # what has failed; if anything, the exit status is 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from cryptography, about oddities in the files
        if args.bytes:
            opened = functools.partial(_bytes, faults=faults)
            console.write_text("\n".join(_each(args.files, opened, faults)))
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
    output.add_argument(
        "--html",
        action="store_true",
        help="print one page about all the files instead, for a browser: their structure, and what "
        "belongs together",
    )
    options.add_passphrase(parser)
    parser.add_argument(
        "--account-key",
        metavar="FILE",
        help=f"{options.ACCOUNT_KEY_HELP} (default: the file "
        f"named {keys.ACCOUNT_KEY_FILE} among those given)",
    )
    return parser


def _show(args: argparse.Namespace, faults: list[str]) -> None:
    """Print the pages, the picture or the public keys; add to faults what has failed.

    Raises UserError.
    """
    parts: list[Part] = []

    def opened(part: Part) -> Item:
        parts.append(part)
        return opening.opened(part, args.passphrase_of)

    items = _each(args.files, opened, faults)
    if args.public:
        console.write_text("".join(_public_keys(items, faults)))
        return
    named = [item for item in items if os.path.basename(item.part.path) == keys.ACCOUNT_KEY_FILE]
    if args.account_key is not None:
        other = functools.partial(opening.opened, passphrase_of=args.passphrase_of)
        named = _each([args.account_key], other, faults)
    account_key = next(iter(named), None)
    possible = chain.issuers(items)
    together = list(islice(match.together(items, possible, account_key), _MOST_LINES + 1))
    if len(together) > _MOST_LINES:
        together[-1] = "and more, which is left out"
    warned = list(chain.warnings(items, possible))
    found = [*faults, *match.faults(items, possible, account_key)]
    if args.html and parts:
        told = {_TOGETHER: together, "Warnings": warned, "Errors": found}
        console.write_text(picture.page(parts, items, account_key, possible, told))
    else:
        pages = [_page(item, account_key) for item in items]
        if together:
            pages.append(_text([f"{_TOGETHER}:", *(f"  {line}" for line in together)]))
        console.write_text("\n".join(pages))
    for warning in warned:
        console.warn(warning)
    faults[:] = found


def _each(paths: Sequence[str], function: Callable[[Part], T], faults: list[str]) -> list[T]:
    """Return what function makes of each part of the files; add UserErrors to faults."""
    found = []
    for path in dict.fromkeys(paths):
        try:
            parts = files.read(path)
        except UserError as error:
            faults.append(str(error))
            continue
        for part in parts:
            try:
                found.append(function(part))
            except UserError as error:
                faults.append(str(error))
    return found


def _public_keys(items: Sequence[Item], faults: list[str]) -> Iterable[str]:
    """Yield the public keys in PEM; add to faults the keys whose numbers do not agree."""
    for item in items:
        is_rsa = isinstance(item, Key) and item.key_algorithm.startswith(grammar.RSA)
        if isinstance(item, Key) and item.numbers_agree is False:
            faults.append(f"{item.where}: {match.DISAGREE}")
        elif is_rsa and not _is_sure(item):
            faults.append(f"{item.where}: its numbers cannot be checked here; use openssl pkey")
        else:
            yield wrapping.written("PUBLIC KEY", item.spki).decode()


def _is_sure(item: Item) -> bool:
    """Return whether the public numbers of an RSA key are sure to be no secret, such as d."""
    if isinstance(item, Key) and item.is_private:
        return item.numbers_agree is True
    return item.public_key is not None


def _page(item: Item, account_key: Item | None) -> str:
    lines = [f"{item.where}: {describe.kind(item)}"]
    for label, value in describe.page(item, account_key):
        texts = [value] if isinstance(value, str) else _WRAPPER.wrap(", ".join(value))
        lines += [f"  {'' if n else label:<13}  {text}" for n, text in enumerate(texts)]
    return _text(lines)


def _bytes(part: Part, faults: list[str]) -> str:
    """Return the lines for the DER of a part; if they end too early, add to faults why."""
    document = opening.unopened(part)
    if document.fault:
        faults.append(f"{part.where}: {document.fault}")
    if not document.heading:
        return ""
    first, *lines = walk(document)
    return _text([f"{part.where}: {first}", *lines])


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{printable(line)}\n" for line in lines)


if __name__ == "__main__":
    console.run(main)
