"""The command lines, so that the same option means the same in every script."""

from __future__ import annotations

import argparse
import io
from typing import NoReturn

from common import files, letsencrypt, names
from common.console import WrongUsage

DEFAULT_BITS = 4096  # as in the article
CURVES = ("P-256", "P-384")  # letsencrypt.CURVES, by the names that people use

_EXIT_STATUS = """\
exit status:
  0 done, 1 refused or failed, 2 wrong usage, 130 interrupted with Ctrl-C,
  129 or 143 ended by SIGHUP or SIGTERM
"""


class _Parser(argparse.ArgumentParser):
    """An argument parser that reports a mistake in one line."""

    def error(self, message: str) -> NoReturn:
        raise WrongUsage(f"{message}; see {self.prog} --help")


def key_parser(description: str | None, out: str | None) -> argparse.ArgumentParser:
    """Return the command line of a script that makes a key.

    description: the script's docstring. out: the default file, or None if it is DOMAIN.key.
    The parsed result has bits, curve, out, force, encrypt, passphrase_file and quiet.
    """
    parser = _parser(description)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--bits",
        type=int,
        choices=letsencrypt.RSA_BITS,
        default=DEFAULT_BITS,
        help="size of the RSA modulus (default: %(default)s)",
    )
    kind.add_argument(
        "--curve", choices=CURVES, help="make an ECDSA key on this curve, and no RSA key"
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        default=out,
        help=f"where to write the key; - is standard output (default: {out or 'DOMAIN.key'})",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace an existing key, which is kept as FILE.~1~, FILE.~2~ and so on",
    )
    parser.add_argument(
        "--encrypt",
        action="store_true",
        help="encrypt the key; the passphrase is asked for twice on the terminal",
    )
    parser.add_argument(
        "--passphrase-file",
        metavar="FILE",
        help="encrypt the key with the first line of FILE",
    )
    return _with_quiet(parser)


def csr_parser(
    description: str | None, key: str, account_key: str, out: str
) -> argparse.ArgumentParser:
    """Return the command line of make_csr; key, account_key and out are the default files.

    The parsed result has names, email, key, account_key, default_account_key, passphrase_file, out
    and quiet.
    """
    parser = _parser(description)
    parser.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help="a domain name, *.domain name or IP address; @FILE reads names from FILE, one a "
        "line, skipping blank lines and # comments (default: the request of the article)",
    )
    parser.add_argument("--email", metavar="ADDRESS", help="e-mail address for the subject")
    parser.add_argument(
        "--key",
        metavar="FILE",
        default=key,
        help="the certificate key (default: %(default)s)",
    )
    parser.add_argument(
        "--account-key",
        metavar="FILE",
        default=account_key,
        help="refuse to sign if this file holds the same key, as a CA does (default: %(default)s)",
    )
    parser.add_argument(
        "--passphrase-file",
        metavar="FILE",
        help="open an encrypted key with the first line of FILE (default: ask on the terminal)",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        default=out,
        help="where to write the request; - is standard output (default: %(default)s)",
    )
    parser.set_defaults(default_account_key=account_key)
    return _with_quiet(parser)


def show_parser(description: str | None) -> argparse.ArgumentParser:
    """Return the command line of show. The parsed result has files, passphrase_file and public."""
    parser = _parser(description, "python -m common.show")
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="a private key, public key or request, in PEM"
    )
    parser.add_argument(
        "--passphrase-file",
        metavar="FILE",
        help="open encrypted keys with the first line of FILE (default: ask on the terminal)",
    )
    parser.add_argument("--public", action="store_true", help="print the public key in PEM instead")
    return parser


def identifiers(arguments: list[str]) -> list[names.Identifier]:
    """Return what the NAME arguments stand for, the names in each @FILE in their place.

    Raises WrongUsage for what is no name, Refused for a file that cannot be read.
    """
    found = []
    for argument in arguments:
        if not argument.startswith("@"):
            found.append(identifier(argument))
            continue
        listed = _listed(argument[1:])
        if not listed:
            raise WrongUsage(f"{argument[1:]}: holds no name")
        found += listed
    return list(dict.fromkeys(found))


def identifier(text: str, where: str = "") -> names.Identifier:
    """Return the identifier text stands for, or raise WrongUsage that begins with where."""
    try:
        return names.parse(text)
    except names.BadName as error:
        raise WrongUsage(f"{where}{error}") from None


def email_address(text: str) -> str:
    """Return text, or raise WrongUsage if it cannot be the e-mail address of a subject."""
    try:
        return names.email_address(text)
    except names.BadName as error:
        raise WrongUsage(f"--email {error}") from None


def _listed(path: str) -> list[names.Identifier]:
    data = files.read(path, "name a list of names after the @")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise WrongUsage(f"{path}: is UTF-16, as some Windows programs write; save it as UTF-8")
    try:
        # Not splitlines(), to which U+2028 and others end a line too: they would add a name.
        lines = io.StringIO(data.decode("utf-8-sig"), newline=None).readlines()
    except UnicodeDecodeError as error:
        raise WrongUsage(f"{path}: is not UTF-8 at byte {error.start}; save it as UTF-8") from None
    texts = (
        (number, line.partition("#")[0].strip(" \t\n")) for number, line in enumerate(lines, 1)
    )
    return [identifier(text, f"{path}, line {number}: ") for number, text in texts if text]


def _parser(description: str | None, prog: str | None = None) -> argparse.ArgumentParser:
    return _Parser(
        prog=prog,
        description=description,
        epilog=_EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _with_quiet(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing on success")
    return parser
