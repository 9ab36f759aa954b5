"""The command lines of the scripts."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn, TypeVar

from common import console, goodkey, mistakes, passphrase
from common.console import UsageError

T = TypeVar("T")

ACCOUNT_KEY_HELP = "the account key, which must not be the certificate key"


class Parser(argparse.ArgumentParser):
    """A command line that reports a mistake in one line, as a UsageError.

    takes_names: whether the arguments that are not options are names for a certificate.
    """

    def __init__(self, prog: str, description: str | None, takes_names: bool = False) -> None:
        self._takes_names = takes_names
        super().__init__(
            prog=prog,
            description=description,
            epilog="exit status: 0 on success, 1 if refused or failed, 2 on wrong usage",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def parse(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        """Return what the arguments mean (None: those of the process). Raises UserError."""
        arguments = sys.argv[1:] if arguments is None else list(arguments)
        actions = self._option_string_actions  # argparse has no public name for them
        takes_value = {option: action.nargs != 0 for option, action in actions.items()}
        if mistake := mistakes.find(arguments, takes_value, self._takes_names):
            if mistake.advice is None:
                self.error(mistake.problem)
            raise UsageError(f"{mistake.problem}; {mistake.advice}")
        args, unknown = self.parse_known_args(_options_first(arguments, takes_value))
        if unknown:  # make_csr takes any number of names
            one = "a key takes one name only; give all names to make_csr.py"
            self.error(one if self._takes_names else "there are too many arguments")
        return args

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(f"{message}; see {self.prog} --help")

    def print_help(self, file: object = None) -> None:
        """Write the help to standard output. Raises UserError."""
        console.write_text(self.format_help())


def key_parser(description: str | None, filename: str, takes_names: bool = False) -> Parser:
    """Return the command line of a script that makes a key.

    description: the docstring of the script. filename: of the key, without --out.
    The parsed result has bits, curve, out, encrypt, passphrase_file and quiet.
    """
    parser = Parser(console.program_name, description, takes_names)
    add_kind = parser.add_mutually_exclusive_group().add_argument
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


def certificate_key_parser(description: str | None, domain_name: object) -> Parser:
    """Return the command line of make_certificate_key, with its docstring as description.

    domain_name: the constant of the script. The parsed result has domain too, which may be None.
    """
    parser = key_parser(description, "DOMAIN.key", takes_names=True)
    parser.add_argument(
        "domain",
        metavar="DOMAIN",
        nargs="?",
        help=_with_default("used only to name the file", domain_name),
    )
    return parser


def csr_parser(description: str | None, key_file: object, csr_file: object) -> Parser:
    """Return the command line of make_csr, with its docstring as description.

    key_file, csr_file: the constants of the script.
    The parsed result has names, email, key, account_key, passphrase_of, out and quiet.
    """
    parser = Parser(console.program_name, description, takes_names=True)
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
        help=_with_default("the certificate key", f"first NAME's key file, else {key_file}"),
    )
    parser.add_argument(
        "--account-key", metavar="FILE", help=f"{ACCOUNT_KEY_HELP} (default: account.key)"
    )
    add_passphrase(parser)
    _add_output(parser, "the request", csr_file)
    return parser


def _with_default(what: str, value: object) -> str:
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
        help=_with_default(f"where to write {what}, - for standard output", default),
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
