"""Show what keys, requests (CSRs) and certificates contain, and which of them belong together.

The files can be PEM or DER, from any program. Private numbers are never printed.
"""

import os
import sys

if not __package__:  # run by its path, which puts this directory where the project's should be
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    import common  # noqa: F401 - from here on, Ctrl-C ends the program at once

import argparse
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Sequence

from common import console, keys, options, shell
from common.console import UserError, printable
from common.show import chain, describe, files, match, opening, picture
from common.show.bytes import walk
from common.show.files import Part
from common.show.items import Item, Key

# 100 columns, less those of the labels.
_WRAPPER = textwrap.TextWrapper(83, break_long_words=False, break_on_hyphens=False)

_TOGETHER = "What belongs together"


@console.program("show")
def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    args = _parser().parse(argv)
    errors: list[str] = []  # one a line; if there are any, the exit status is 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from cryptography, about oddities in the files
        if args.bytes:
            pages = [_bytes(part, errors) for part in _parts(args.files, errors)]
            console.write_text("\n".join(pages))
        else:
            _show(args, errors)
    for error in errors[:-1]:
        console.error(error)
    if errors:
        raise UserError(errors[-1])


def _parser() -> options.Parser:
    parser = options.Parser(shell.show() or "show", __doc__)
    parser.add_argument("files", metavar="FILE", nargs="+", help="a key, request or certificate")
    add_output = parser.add_alternatives()
    add_output("--public", action="store_true", help="print the public key in PEM instead")
    add_output(
        "--bytes",
        action="store_true",
        help="print the structure of the file (DER) instead, element by element",
    )
    add_output(
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


def _show(args: argparse.Namespace, errors: list[str]) -> None:
    """Print the pages, the picture or the public keys; add to errors what has failed."""
    parts, items = _opened(args.files, args, errors)
    if args.public:
        console.write_text("".join(_public_keys(items, errors)))
        return
    account_key = _account_key(args, items, errors)
    issuers_of = chain.issuers(items)
    together = match.together(items, issuers_of, account_key)
    warned = list(chain.warnings(items, issuers_of))
    errors += match.errors(items, issuers_of, account_key)
    if args.html and parts:
        below = {_TOGETHER: together, "Warnings": warned, "Errors": errors}
        console.write_text(picture.page(parts, items, account_key, issuers_of, below))
    else:
        pages = [_page(item, account_key) for item in items]
        if together:
            pages.append(_text([f"{_TOGETHER}:", *(f"  {line}" for line in together)]))
        console.write_text("\n".join(pages))
    for warning in warned:
        console.warn(warning)


def _account_key(args: argparse.Namespace, items: Sequence[Item], errors: list[str]) -> Item | None:
    """Return the account key, which may be among the items; add to errors why it is not one."""
    path = args.account_key
    if path is None:
        named = [one for one in items if os.path.basename(one.part.path) == keys.ACCOUNT_KEY_FILE]
    elif path in args.files:  # a passphrase is asked for only once
        named = [one for one in items if one.part.path == path]
    else:
        named = _opened([path], args, errors)[1]
    found = next((one for one in named if isinstance(one, Key)), None)
    if named and found is None and path is not None:
        errors.append(f"{path}: this is not a key; give the account key")
    return found


def _parts(paths: Sequence[str], errors: list[str]) -> Iterator[Part]:
    """Yield the parts of the files; add to errors why a file cannot be read."""
    for path in dict.fromkeys(paths):
        try:
            yield from files.read(path)
        except UserError as error:
            errors.append(str(error))


def _opened(
    paths: Sequence[str], args: argparse.Namespace, errors: list[str]
) -> tuple[list[Part], list[Item]]:
    """Return the parts of the files, and the items that could be opened."""
    parts, items = list[Part](), list[Item]()
    for part in _parts(paths, errors):
        parts.append(part)
        try:
            items.append(opening.opened(part, args.passphrase_of))
        except UserError as error:
            errors.append(str(error))
    return parts, items


def _public_keys(items: Sequence[Item], errors: list[str]) -> Iterator[str]:
    """Yield the public keys in PEM; add to errors why one is left out."""
    for item in items:
        try:
            yield opening.public_pem(item)
        except UserError as error:
            errors.append(str(error))


def _page(item: Item, account_key: Item | None) -> str:
    lines = [f"{item.where}: {describe.kind(item)}"]
    for label, value, _ in describe.page(item, account_key):
        texts = [value] if isinstance(value, str) else _WRAPPER.wrap(", ".join(value))
        lines += [f"  {'' if n else label:<13}  {text}" for n, text in enumerate(texts)]
    return _text(lines)


def _bytes(part: Part, errors: list[str]) -> str:
    """Return the lines about the DER of a part; add to errors why they end too early."""
    document = opening.unopened(part)
    if document.fault:
        errors.append(f"{part.where}: {document.fault}")
    if not document.heading:
        return ""
    first, *lines = walk(document)
    return _text([f"{part.where}: {first}", *lines])


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{printable(line)}\n" for line in lines)


if __name__ == "__main__":
    console.run(main)
