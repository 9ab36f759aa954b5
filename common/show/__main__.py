"""Show what keys, requests (CSRs) and certificates contain, and which of them belong together.

The files can be PEM or DER, from any program. Private numbers are never printed.
"""

import os
import sys

if not __package__:  # run by its path, which puts this directory where the project's should be
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
if __name__ == "__main__":
    from common import start

    start.begin("show")

import argparse
import shutil
import signal
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from common import console, keys, options, shell
from common.console import UsageError, UserError, printable
from common.parser import Parser
from common.show import chain, describe, match, opening, parts, picture
from common.show.bytes import WIDTH, walk
from common.show.describe import Row
from common.show.items import Item, Key
from common.show.parts import Part

# 100 columns, less those of the labels.
_WRAPPER = textwrap.TextWrapper(83, break_long_words=False, break_on_hyphens=False)

_TOGETHER = "What belongs together"

_Thing = TypeVar("_Thing", str, Part, Item)
_Made = TypeVar("_Made")


@console.program("show")
def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    args = _parser().parse(argv)
    _refuse_useless_options(args)
    errors: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from cryptography, about oddities in the files
        found = _read(args.files, errors)
        if args.bytes:
            _print_bytes(found, errors)
        elif args.public:
            pems = _each(opening.public_pem, _opened(found, args, errors), errors)
            console.write_text("".join(pem for _, pem in pems))
        else:
            _print_pages(found, args, errors)
    for error in errors[:-1]:
        console.error(error)
    if errors:
        raise UserError(errors[-1])


def _parser() -> Parser:
    parser = Parser(shell.module("common.show") or "show", __doc__)
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
    """Raise UsageError for an option that would change nothing, or would fill the terminal."""
    if args.account_key is not None and (args.bytes or args.public):
        raise UsageError("--account-key is not for --bytes or --public", "leave it out")
    if args.passphrase_of.path is not None and args.bytes:
        useless = "--passphrase-file is not for --bytes, which decrypts nothing"
        raise UsageError(useless, "leave it out")
    if args.html and sys.stdout is not None and sys.stdout.isatty():
        raise UsageError("--html writes a page for a browser", "add > page.html")


def _each(
    make: Callable[[_Thing], _Made], things: Iterable[_Thing], errors: list[str]
) -> Iterator[tuple[_Thing, _Made]]:
    """Yield each thing with the result of make; note errors, which main reports at the end."""
    for thing in things:
        where = thing if isinstance(thing, str) else thing.where
        try:
            made = make(thing)
        except UserError as error:
            errors.append(str(error))
        except (KeyboardInterrupt, MemoryError):
            raise
        except BaseException as failure:  # noqa: BLE001 - a panic in Rust is not an Exception
            line = f"{where}: {console.unforeseen(failure)}"
            if line not in errors:
                errors.append(line)
        else:
            yield thing, made


def _read(paths: Iterable[str], errors: list[str]) -> list[Part]:
    """Return the parts of the files; note which files cannot be read."""
    return [part for _, found in _each(parts.read, dict.fromkeys(paths), errors) for part in found]


def _opened(found: Iterable[Part], args: argparse.Namespace, errors: list[str]) -> list[Item]:
    """Return what is in the parts; note which cannot be opened."""
    opened = _each(lambda part: opening.opened(part, args.passphrase_of), found, errors)
    return [item for _, item in opened]


def _print_bytes(found: Iterable[Part], errors: list[str]) -> None:
    """Print the DER of the parts, element by element; note their faults."""
    width = max(WIDTH, shutil.get_terminal_size().columns)

    def walked(part: Part) -> tuple[list[str], str]:
        document = opening.unopened(part)
        return list(walk(document, width)) if document.heading else [], document.fault

    pages = []
    for part, (lines, fault) in _each(walked, found, errors):
        if lines:
            pages.append(_text([f"{part.where}: {lines[0]}", *lines[1:]]))
        if fault:
            errors.append(f"{part.where}: {fault}")
    console.write_text("\n".join(pages))


def _print_pages(found: Sequence[Part], args: argparse.Namespace, errors: list[str]) -> None:
    """Print what is in the files and what belongs together; note what is wrong."""
    opened = _opened(found, args, errors)
    account_key = _account_key(opened, args, errors)
    rows = dict(_each(lambda item: describe.page(item, account_key), opened, errors))
    items = list(rows)
    issuers_of = chain.issuers(items)
    together = match.together(items, issuers_of, account_key)
    warned = list(chain.warnings(items, issuers_of))
    errors += match.errors(items, issuers_of, account_key)
    if args.html and found:
        described = {item.part for item in items}
        others = (part for part in found if part not in described)
        unopened = dict(_each(opening.unopened, others, errors))
        below = {_TOGETHER: together, "Warnings": warned, picture.ERRORS: errors}
        console.write_text(picture.page(rows, unopened, account_key, issuers_of, below))
    else:
        pages = [_page(item, its) for item, its in rows.items()]
        if together:
            pages.append(_text([f"{_TOGETHER}:", *(f"  {line}" for line in together)]))
        console.write_text("\n".join(pages))
    for warning in warned:
        console.warn(warning)


def _account_key(items: Iterable[Item], args: argparse.Namespace, errors: list[str]) -> Key | None:
    """Return the account key, which may be among the items; note why it is not there."""
    path = args.account_key
    if path is None:
        named = [one for one in items if os.path.basename(one.part.path) == keys.ACCOUNT_KEY_FILE]
    elif path in args.files:  # do not ask for a passphrase twice
        named = [one for one in items if one.part.path == path]
    else:
        named = _opened(_read([path], errors), args, errors)
    found = next((one for one in named if isinstance(one, Key)), None)
    if path is not None and named and found is None:
        errors.append(f"{path}: this is not a key; give the account key")
    return found


def _page(item: Item, rows: Iterable[Row]) -> str:
    """Return the lines about an item."""
    lines = [f"{item.where}: {describe.kind(item)}"]
    for label, value, *_ in rows:
        texts = [value] if isinstance(value, str) else _WRAPPER.wrap(", ".join(value))
        lines += [f"  {'' if n else label:<13}  {text}" for n, text in enumerate(texts)]
    return _text(lines)


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{printable(line)}\n" for line in lines)


if __name__ == "__main__":
    if sys.platform != "win32":  # when the reader stops, as `| head` does, end as Unix tools do
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    console.run(main)
