"""The command lines of the scripts."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from common import console, goodkey, mistakes, passphrase
from common.console import UsageError

T = TypeVar("T")

ACCOUNT_KEY_HELP = "the account key, which must not be the certificate key"


class Parser(argparse.ArgumentParser):
    """A command line that reports a mistake in one line, as a UsageError."""

    def __init__(self, prog: str, description: str | None) -> None:
        self._takes_value = dict[str, bool]()  # of each option
        self._takes_names = False
        super().__init__(
            prog=prog,
            description=description,
            epilog="exit status: 0 on success, 1 if refused or failed, 2 on wrong usage",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def add_argument(self, *names: Any, **settings: Any) -> argparse.Action:
        """Add an option, or an argument that is not one."""
        return self._noted(super().add_argument(*names, **settings))

    def add_alternatives(self) -> Callable[..., argparse.Action]:
        """Return a function like add_argument, for options that exclude each other."""
        group = self.add_mutually_exclusive_group()
        return lambda *names, **settings: self._noted(group.add_argument(*names, **settings))

    def parse(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        """Return what the arguments mean (None: those of the process). Raises UserError."""
        arguments = sys.argv[1:] if arguments is None else list(arguments)
        if mistake := mistakes.find(arguments, self._takes_value, self._takes_names):
            if mistake.advice is None:
                self.error(mistake.problem)
            raise UsageError(f"{mistake.problem}; {mistake.advice}")
        args, unknown = self.parse_known_args(_options_first(arguments, self._takes_value))
        if unknown and hasattr(args, "domain"):
            self.error("a key takes one name only; give all names to make_csr.py")
        if unknown:
            self.error("there are too many arguments")
        return args

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(f"{message}; see {self.prog} --help")

    def print_help(self, file: object = None) -> None:
        """Write the help to standard output. Raises UserError."""
        console.write_text(self.format_help())

    def _noted(self, action: argparse.Action) -> argparse.Action:
        self._takes_value |= dict.fromkeys(action.option_strings, action.nargs != 0)
        self._takes_names |= action.dest in ("names", "domain")
        return action


def key_parser(description: str | None, filename: str) -> Parser:
    """Return the command line of a script that makes a key.

    description: the docstring of the script. filename: of the key, without --out.
    The parsed result has bits, curve, out, encrypt, passphrase_file and quiet.
    """
    parser = Parser(console.program_name, description)
    add_kind = parser.add_alternatives()
    add_kind(
        "--bits",
        type=_one_of("--bits", goodkey.ACCEPTED_RSA_BITS),
        metavar=_braces(goodkey.ACCEPTED_RSA_BITS),
        default=4096,  # as in the article
        help="size of the RSA modulus (default: %(default)s)",
    )
    add_kind(
        "--curve",
        type=_one_of("--curve", goodkey.ACCEPTED_CURVES),
        metavar=_braces(goodkey.ACCEPTED_CURVES),
        help="make an ECDSA key on this curve instead",
    )
    parser.add_argument(
        "--encrypt", action="store_true", help="encrypt the key; asks for the passphrase twice"
    )
    parser.add_argument(
        "--passphrase-file", metavar="FILE", help="encrypt the key with the first line of FILE"
    )
    _add_output(parser, "the key", filename)
    return parser


def csr_parser(description: str | None, key_file: object, csr_file: object) -> Parser:
    """Return the command line of make_csr, with its docstring as description.

    key_file, csr_file: the constants of the script.
    The parsed result has names, email, key, account_key, passphrase_of, out and quiet.
    """
    parser = Parser(console.program_name, description)
    parser.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help="a domain name, a wildcard such as *.example.com, or an IP address; @FILE reads "
        "names from FILE, one per line (default: the constants at the top of the script)",
    )
    parser.add_argument("--email", metavar="ADDRESS", help="e-mail address for the subject")
    parser.add_argument(
        "--key",
        metavar="FILE",
        help=with_default("the certificate key", f"first NAME's key file, else {key_file}"),
    )
    parser.add_argument(
        "--account-key", metavar="FILE", help=f"{ACCOUNT_KEY_HELP} (default: account.key)"
    )
    add_passphrase(parser)
    _add_output(parser, "the request", csr_file)
    return parser


def with_default(what: str, value: object) -> str:
    """Return the help of an option or argument, with its default value.

    Readers edit the constants, in which a % does not begin a format.
    """
    return f"{what} (default: {value})".replace("%", "%%")


def add_passphrase(parser: Parser) -> None:
    """Add --passphrase-file, for encrypted keys; the parsed result has passphrase_of, a Source."""
    parser.add_argument(
        "--passphrase-file",
        dest="passphrase_of",
        metavar="FILE",
        type=passphrase.from_file,
        default=passphrase.typed,
        help="open an encrypted key with the first line of FILE (default: ask for it)",
    )


def _one_of(option: str, values: Sequence[T]) -> Callable[[str], T]:
    """Return a function that returns the one of values that a text stands for.

    It raises UsageError, so that argparse does not show what was given.
    """

    def parse(text: str) -> T:
        for value in values:
            if text == str(value):
                return value
        raise UsageError(f"{option} takes one of these: {', '.join(map(str, values))}")

    return parse


def _braces(values: Sequence[object]) -> str:
    return f"{{{','.join(map(str, values))}}}"


def _add_output(parser: Parser, what: str, default: object) -> None:
    parser.add_argument(
        "--out",
        metavar="FILE",
        help=with_default(f"where to write {what}, - for standard output", default),
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing on success")


def _options_first(arguments: list[str], takes_value: Mapping[str, bool]) -> list[str]:
    """Return the options with their values, then -- and the rest, as getopt_long(3) does.

    parse_intermixed_args would take options after names too, but in Python 3.11 it forgets the --.
    """
    before, after = mistakes.separated(arguments)
    options, rest = list[str](), list[str]()
    is_value = False  # of the option before it
    for argument in before:
        if is_value or mistakes.is_option(argument):
            options.append(argument)
        else:
            rest.append(argument)
        is_value = takes_value.get(argument, False)
    rest += after
    return [*options, "--", *rest] if rest else options
