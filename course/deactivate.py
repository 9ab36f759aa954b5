"""Deactivate the ACME account of a stolen key: from then on, the CA refuses the key."""

import os
import sys

if not __package__:  # run by its path, which puts this directory where the project's should be
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
if __name__ == "__main__":
    from common import start

    start.begin("deactivate")

import difflib
import ssl
import urllib.request
from collections.abc import Sequence
from urllib.parse import unquote

from common import console, files, options, shell
from common.console import UsageError, UserError, say
from common.parser import Parser
from course import acme_client
from course.files import read_account_key

SERVERS = {  # https://letsencrypt.org/docs/acme-protocol-updates/ and /docs/staging-environment/
    "letsencrypt": "https://acme-v02.api.letsencrypt.org/directory",
    "letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}

CONSEQUENCES = (
    "From now on the CA refuses this key, whoever uses it. This cannot be undone.",
    "Your certificates stay valid, and your web server can keep using them.",
    "Next: move the key away, make a new account key, and get your next certificate with that.",
    "Look for certificates that the thief obtained for your names, at https://crt.sh/ for example,",
    "and have the CA revoke them. If a CAA record names the account (accounturi), change it.",
)

_TRY_AGAIN = "check --server, --ca-file and the network, then run this again"


@console.program("deactivate")
def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    args = _parser().parse(argv)
    url = _directory_url(args.server)
    key = read_account_key(args.KEY, args.passphrase_of, "give the stolen key, or a copy of it")
    opener = _opener(args.ca_file)
    try:
        account = acme_client.Account(key, url, opener, must_exist=True)
    except acme_client.InactiveAccount as answer:
        say(f"There is nothing to do, because {url} already refuses {args.KEY}: {answer}")
        return
    except acme_client.NoAccount:
        raise UserError(
            f"there is no account with this key at {url}, so nothing was done",
            "check the key and --server; if the thief has changed the key of the account, "
            "see docs/stolen.md",
            where=args.KEY,
        ) from None
    except acme_client.Problem as problem:
        raise UserError(f"{problem}; nothing was done", _TRY_AGAIN) from None
    try:
        account.deactivate()
    except acme_client.Problem as problem:
        raise UserError(f"{problem}; the account may still be active", _TRY_AGAIN) from None
    for line in (f"Deactivated the account of {args.KEY}: {account.url}", *CONSEQUENCES):
        say(line)


def _parser() -> Parser:
    parser = Parser(shell.module("course.deactivate") or console.program_name, __doc__)
    parser.usage = "%(prog)s KEY --server URL [--ca-file FILE] [--passphrase-file FILE]"
    parser.add_argument("KEY", help="the account key that was stolen")
    parser.add_argument(
        "--server",
        metavar="URL",
        help=f"the directory of the CA, or one of: {', '.join(SERVERS)}",
    )
    parser.add_argument(
        "--ca-file",
        metavar="FILE",
        help="trust the roots in FILE to identify the server (default: this system's roots)",
    )
    options.add_passphrase(parser)
    return parser


def _directory_url(server: str | None) -> str:
    """Return where the directory of the CA is. Raises UsageError."""
    if server is None:
        raise UsageError("--server is missing", "for Let's Encrypt, add --server letsencrypt")
    url = SERVERS.get(server, server)
    if "://" not in url and (close := difflib.get_close_matches(url, SERVERS)):
        raise UsageError(f"--server {url}: did you mean {close[0]}?")
    if not url.startswith("https://") or "@" in unquote(url):  # not shown: it may have a password
        raise UsageError("--server: give an https:// address, without a user name")
    return url


def _opener(ca_file: str | None) -> urllib.request.OpenerDirector:
    """Return what opens the addresses of the CA. Raises UserError."""
    if ca_file is None:
        trust = ssl.create_default_context()
    else:
        advice = "give another file"
        roots = files.read(ca_file, advice).decode("ascii", "ignore")
        try:  # without any text, the ssl module would take the system's roots
            trust = ssl.create_default_context(cadata=f"{roots}\n")
        except ssl.SSLError:
            raise UserError("it has no certificate in PEM", advice, where=ca_file) from None
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=trust))


if __name__ == "__main__":
    console.run(main)
