"""Show what keys, requests (CSRs) and certificates contain, and which of them belong together.

The files can be PEM or DER, from any program. Private numbers are never printed.
"""

import os
import sys

if not __package__:  # run by its path, which puts this directory where the project's should be
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
if __name__ == "__main__":
    from common import start

    start.begin("show")

import argparse
import shutil
import signal
import textwrap
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from common import console, keys, options, passphrase, shell
from common.console import UsageError, UserError, printable
from common.parser import Parser
from common.show import chain, describe, files, match, opening, picture
from common.show.bytes import WIDTH, walk
from common.show.files import Part
from common.show.items import Item, Key

# 100 columns, less those of the labels.
_WRAPPER = textwrap.TextWrapper(83, break_long_words=False, break_on_hyphens=False)

_TOGETHER = "What belongs together"

Argument = TypeVar("Argument")
Result = TypeVar("Result")


@console.program("show")
def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    args = _parser().parse(argv)
    _refuse_useless_options(args)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from cryptography, about oddities in the files
        if args.bytes:
            errors = _print_bytes(args)
        elif args.public:
            errors = _print_public_keys(args)
        else:
            errors = _print_pages(args)
    for error in errors[:-1]:
        console.error(error)
    if errors:
        raise UserError(errors[-1])


def _parser() -> Parser:
    parser = Parser(shell.show() or "show", __doc__)
    parser.add_argument("files", metavar="FILE", nargs="+", help="a key, request or certificate")
    add_output = parser.add_mutually_exclusive_group().add_argument
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


def _refuse_useless_options(args: argparse.Namespace) -> None:
    """Raise UsageError for an option that would change nothing, or only fill the terminal."""
    if args.account_key is not None and (args.bytes or args.public):
        raise UsageError("--account-key is not for --bytes or --public; leave it out")
    if args.passphrase_of is not passphrase.typed and args.bytes:
        raise UsageError(
            "--passphrase-file is not for --bytes, which decrypts nothing; leave it out"
        )
    if args.html and sys.stdout is not None and sys.stdout.isatty():
        raise UsageError("--html writes a page for a browser; add > page.html")


def _print_bytes(args: argparse.Namespace) -> list[str]:
    """Print the DER of the files, element by element; return the errors."""
    parts, errors = _read(args.files)
    width = max(WIDTH, shutil.get_terminal_size((WIDTH, 0)).columns)
    pages = []
    for part in parts:
        document = opening.unopened(part)
        if document.heading:
            first, *lines = walk(document, width)
            pages.append(_text([f"{part.where}: {first}", *lines]))
        if document.fault:
            errors.append(f"{part.where}: {document.fault}")
    console.write_text("\n".join(pages))
    return errors


def _print_public_keys(args: argparse.Namespace) -> list[str]:
    """Print the public keys in PEM; return the errors."""
    _, items, errors = _opened(args.files, args.passphrase_of)
    public_keys, not_public = _each(opening.public_pem, items)
    console.write_text("".join(public_keys))
    return errors + not_public


def _print_pages(args: argparse.Namespace) -> list[str]:
    """Print what is in the files and what belongs together; return the errors."""
    parts, items, errors = _opened(args.files, args.passphrase_of)
    account_key, account_key_errors = _account_key(args, items)
    issuers_of = chain.issuers(items)
    together = match.together(items, issuers_of, account_key)
    warned = list(chain.warnings(items, issuers_of))
    errors += [*account_key_errors, *match.errors(items, issuers_of, account_key)]
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
    return errors


def _account_key(args: argparse.Namespace, items: Sequence[Item]) -> tuple[Key | None, list[str]]:
    """Return the account key, which may be among the items, and why it is not there."""
    path, errors = args.account_key, list[str]()
    if path is None:
        named = [one for one in items if os.path.basename(one.part.path) == keys.ACCOUNT_KEY_FILE]
    else:
        if path not in args.files:  # otherwise a passphrase would be asked for twice
            _, items, errors = _opened([path], args.passphrase_of)
        named = [one for one in items if one.part.path == path]
    found = next((one for one in named if isinstance(one, Key)), None)
    if path is not None and named and found is None:
        errors.append(f"{path}: this is not a key; give the account key")
    return found, errors


def _opened(
    paths: Iterable[str], passphrase_of: passphrase.Source
) -> tuple[list[Part], Sequence[Item], list[str]]:
    """Return the parts of the files, the items that could be opened, and the errors."""
    parts, unread = _read(paths)
    items, unopened = _each(lambda part: opening.opened(part, passphrase_of), parts)
    return parts, items, unread + unopened


def _read(paths: Iterable[str]) -> tuple[list[Part], list[str]]:
    """Return the parts of the files, and the errors."""
    read, errors = _each(files.read, dict.fromkeys(paths))
    return [part for parts in read for part in parts], errors


def _each(
    function: Callable[[Argument], Result], arguments: Iterable[Argument]
) -> tuple[list[Result], list[str]]:
    """Return what a function returns for each of its arguments, and the errors that it raises."""
    results, errors = list[Result](), list[str]()
    for argument in arguments:
        try:
            results.append(function(argument))
        except UserError as error:
            errors.append(str(error))
    return results, errors


def _page(item: Item, account_key: Item | None) -> str:
    """Return the lines about an item."""
    lines = [f"{item.where}: {describe.kind(item)}"]
    for label, value, _ in describe.page(item, account_key):
        texts = [value] if isinstance(value, str) else _WRAPPER.wrap(", ".join(value))
        lines += [f"  {'' if n else label:<13}  {text}" for n, text in enumerate(texts)]
    return _text(lines)


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{printable(line)}\n" for line in lines)


if __name__ == "__main__":
    if sys.platform != "win32":  # when the reader stops, as `| head` does, end as Unix tools do
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    console.run(main)
