"""The command lines of the scripts."""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn, TypeVar

from common import console, goodkey, passphrase, suggest
from common.console import UsageError

T = TypeVar("T")

ACCOUNT_KEY_HELP = "the account key, which must not be the certificate key"

# A private key, or what may be one in base64.
_KEY = re.compile(r"PRIVATE KEY-----|LS0tLS1CRUdJTi|\A@?\s*M[A-Za-z0-9+/\s]{60,}={0,2}\s*\Z")
_LONG_DASHES = tuple("\u2010\u2011\u2012\u2013\u2014\u2015\u2212")
_POSITIONALS = ("names", "domain")  # arguments that are not options


class Parser(argparse.ArgumentParser):
    """A command line that reports a mistake in one line, as a UsageError.

    A value of an option that takes none, or of an unknown option, may be a passphrase, so it is not
    shown.
    """

    def __init__(self, prog: str, description: str | None) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog="exit status: 0 on success, 1 if refused or failed, 2 on wrong usage",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def parse(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        """Return what the arguments mean (None: those of the process). Raises UserError."""
        arguments = sys.argv[1:] if arguments is None else arguments
        if any(map(_KEY.search, arguments)):  # "$(cat FILE)"
            self.error("an argument is a private key; give the name of its file instead")
        given = set[str]()
        before = arguments[: arguments.index("--")] if "--" in arguments else arguments
        for argument in before:
            if argument.startswith(_LONG_DASHES):  # as pasted from a web page
                self.error("an option begins with a long dash; type a hyphen instead")
            if argument.startswith("-") and argument != "-":
                option = self._option(argument)
                if option in given:  # argparse would take the last one, and a long time for many
                    self.error(f"{option} is given twice")
                given.add(option)
        args, unknown = self.parse_known_intermixed_args(arguments)
        if unknown and any(action.dest == "domain" for action in self._actions):
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

    def _option(self, argument: str) -> str:
        """Return the option in an argument. Raises UsageError if argparse would show its value."""
        option, _, value = argument.partition("=")
        option = option if option.startswith("--") else argument[:2]
        action = self._option_string_actions.get(option)
        if action is None:
            takes_names = any(action.dest in _POSITIONALS for action in self._actions)
            word = argument.partition("=")[0]  # OpenSSL's options are words after one hyphen
            option = word if word in suggest.FOREIGN else option
            advice = suggest.option(option, self._option_string_actions, takes_names)
            if advice is None and takes_names and suggest.name(argument):
                advice = "a name does not begin with a hyphen"
            shown = option[:40] if option == argument or "=" in argument else f"{option}…"
            help_ = f"see {self.prog} --help"
            raise UsageError(f"{shown} is not an option of this program; {advice or help_}")
        if action.nargs == 0 and argument != option:
            self.error(f"{option} takes no value")
        if value == "--":  # argparse would drop it
            self.error(f"{option}: -- is not a value")
        return option


def key_parser(description: str | None, filename: str) -> Parser:
    """Return the command line of a script that makes a key.

    description: the docstring of the script. filename: of the key, without --out.
    The parsed result has bits, curve, out, encrypt, passphrase_file and quiet.
    """
    parser = Parser(console.program_name, description)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--bits",
        type=_one_of("--bits", goodkey.ACCEPTED_RSA_BITS),
        metavar=_braces(goodkey.ACCEPTED_RSA_BITS),
        default=4096,  # as in the article
        help="size of the RSA modulus (default: %(default)s)",
    )
    kind.add_argument(
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
        help=_default("the certificate key", f"first NAME's key file, else {key_file}"),
    )
    parser.add_argument(
        "--account-key", metavar="FILE", help=f"{ACCOUNT_KEY_HELP} (default: account.key)"
    )
    add_passphrase(parser)
    _add_output(parser, "the request", csr_file)
    return parser


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


def _default(what: str, default: object) -> str:
    """Return the help of an option. Readers edit the constants, in which a % is not a format."""
    return f"{what} (default: {default})".replace("%", "%%")


def _add_output(parser: Parser, what: str, default: object) -> None:
    parser.add_argument(
        "--out",
        metavar="FILE",
        help=_default(f"where to write {what}, - for standard output", default),
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing on success")
