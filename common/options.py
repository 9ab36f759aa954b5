"""The command lines of the scripts."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from common import console, goodkey, passphrase
from common.console import UsageError
from common.parser import Parser

T = TypeVar("T")

ACCOUNT_KEY_HELP = "the account key, which must not be the certificate key"
_NAME_OPTIONS = ("-d", "--domain", "--domains", "--san")  # of certbot, acme.sh and others


def key_parser(description: str | None, filename: str) -> Parser:
    """Return the command line of a script that makes a key.

    description: the docstring of the script. filename: of the key, without --out.
    The parsed result has bits, curve, out, encrypt, passphrase_file and quiet.
    """
    parser = Parser(console.program_name, description)
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
    parser = key_parser(description, "DOMAIN.key")
    parser.name_options = _NAME_OPTIONS
    parser.too_many = "a key takes one name only; give all names to make_csr.py"
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
    parser = Parser(console.program_name, description)
    parser.name_options = _NAME_OPTIONS
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
        type=passphrase.Source,
        default=passphrase.Source(),
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
