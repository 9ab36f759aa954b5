"""The command lines of the scripts."""

import argparse
import difflib
import re
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn, TypeVar

from common import console, files, letsencrypt, names
from common.console import UsageError
from common.names import Identifier

T = TypeVar("T")


class Parser(argparse.ArgumentParser):
    """A command line that reports a mistake in one line, as a UsageError."""

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
        for argument in arguments:
            if "PRIVATE KEY-----" in argument:  # "$(cat FILE)"; no message must show it
                self.error("an argument is a private key; give the name of its file instead")
            if argument.startswith("--") and argument.endswith("=--"):  # argparse would drop it
                self.error(f"{argument}: -- is not a value")
            if re.match("[\u2010-\u2015\u2212]", argument):  # as pasted from a web page
                self.error(f"{argument}: begins with a long dash; type a hyphen instead")
        args, unknown = self.parse_known_intermixed_args(arguments)
        if unknown:
            self.error(self._unknown(unknown[0]))
        return args

    def error(self, message: str) -> NoReturn:
        """Raise UsageError, without a value that was given to an option that takes none.

        It may be a passphrase.
        """
        message = re.sub("(?s)ignored explicit argument .*", "takes no value", message)
        raise UsageError(message if message[-1] == "?" else f"{message}; see {self.prog} --help")

    def print_help(self, file: object = None) -> None:
        """Write the help to standard output. Raises UserError."""
        console.write_text(self.format_help())

    def _unknown(self, argument: str) -> str:
        if not argument.startswith("-"):
            return f"{argument}: is one argument too many"
        options = re.findall(r"--[\w-]+", self.format_help())
        option = argument.partition("=")[0]  # without its value, which may be a passphrase
        if close := difflib.get_close_matches(option, options):
            return f"{option}: is not an option; did you mean {close[0]}?"
        try:
            names.parse(argument)
        except names.InvalidName as error:
            if "did you mean" in str(error):
                return str(error)
        return f"{option}: is not an option of this program"


def key_parser(description: str | None, filename: str) -> Parser:
    """Return the command line of a script that makes a key.

    description: the docstring of the script. filename: of the key, without --out.
    The parsed result has bits, curve, out, encrypt, passphrase_file and quiet.
    """
    parser = Parser(console.program_name, description)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--bits",
        type=int,
        choices=letsencrypt.RSA_BITS,
        default=4096,  # as in the article
        help="size of the RSA modulus (default: %(default)s)",
    )
    kind.add_argument(
        "--curve", choices=letsencrypt.CURVES, help="make an ECDSA key on this curve instead"
    )
    parser.add_argument(
        "--encrypt", action="store_true", help="encrypt the key; asks for the passphrase twice"
    )
    _add_files(
        parser,
        {
            "--passphrase-file": "encrypt the key with the first line of FILE",
            "--out": f"where to write the key, - for standard output (default: {filename})",
        },
    )
    return parser


def csr_parser(description: str | None) -> Parser:
    """Return the command line of make_csr, with its docstring as description.

    The parsed result has names, email, key, account_key, passphrase_file, out and quiet.
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
    _add_files(
        parser,
        {
            "--key": "the certificate key (default: first NAME's key file, else certificate.key)",
            "--account-key": "the account key, which must not be --key (default: account.key)",
            "--passphrase-file": "open the key with the first line of FILE (default: ask for it)",
            "--out": "where to write the request, - for standard output (default: certificate.csr)",
        },
    )
    return parser


def checked(parse: Callable[[str], T], value: object, source: str = "") -> T:
    """Return what parse makes of a value that the user gave. Raises UsageError.

    source: the start of the message, such as "--email ", or "DOMAIN_NAME = " for a constant in a
    script: readers edit those, so the value may be of any type.
    """
    if not isinstance(value, str):
        raise UsageError(f"{source}{value!r}: is not text; write one value in quotes")
    try:
        return parse(value)
    except names.InvalidName as error:
        raise UsageError(f"{source}{error}") from None


def identifiers(arguments: Sequence[str]) -> list[Identifier]:
    """Return the names on a command line, each once; @FILE stands for those in FILE.

    Raises UserError. (What argparse reads from files may be options, and is not always UTF-8.)
    """
    found = list[Identifier]()
    for argument in arguments:
        if argument.startswith("@"):
            found += _listed_names(argument[1:])
        else:
            found.append(checked(names.parse, argument))
    return names.parse_all(found)


def _add_files(parser: Parser, helps: dict[str, str]) -> None:
    """Add options that take a file, each with its help, and --quiet, which comes last."""
    for option, text in helps.items():
        parser.add_argument(option, metavar="FILE", help=text)
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing on success")


def _listed_names(path: str) -> list[Identifier]:
    """Return the names in a file, one per line, without blank lines and # comments."""
    data = files.read(path, "give a file of names after the @")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError(f"{path}: is UTF-16, as PowerShell 5 writes after >; save it as UTF-8")
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8 at byte {error.start}; save it as UTF-8") from None
    found = []
    for number, line in enumerate(lines, 1):
        if name := line.partition("#")[0].strip(" \t\r"):
            found.append(checked(names.parse, name, f"{path}, line {number}: "))
    if not found:
        raise UsageError(f"{path}: contains no names; write one per line")
    return found
