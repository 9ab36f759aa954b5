"""Mistakes on a command line that argparse would not explain, or would repeat with a secret in it.

What follows an option that takes no value, or one that is unknown, may be a passphrase.
"""

import difflib
import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

from common import suggest

# A private key, or what may be one in base64.
_KEY = re.compile(r"PRIVATE KEY-----|LS0tLS1CRUdJTi|\A@?\s*M[A-Za-z0-9+/\s]{60,}={0,2}\s*\Z")
_LONG_DASHES = tuple("\u2010\u2011\u2012\u2013\u2014\u2015\u2212")

# Options of other ACME clients and of OpenSSL, by the option that does the same here: "NAME" stands
# for the names, and "" for what is done anyway, or later by the client.
_OPTIONS = {
    "NAME": (
        *("-d", "-subj", "-addext", "--cn", "--common-name", "--dns", "--domain", "--domains"),
        *("--host", "--hostname", "--name", "--names", "--san", "--sans", "--subject-alt-name"),
    ),
    "--key": ("-key",),
    "--bits": ("-k", "-newkey", "--keylength", "--key-size", "--rsa-key-size"),
    "--curve": ("--ecc", "--key-type", "--elliptic-curve"),
    "--out": ("-o", "-out", "--output"),
    "--email": ("-m", "--mail"),
    "--passphrase-file": ("-p", "-passin", "-passout", "--passin", "--passout", "--password"),
    "": (
        *("-batch", "-days", "-new", "-nodes", "-noenc", "-sha256", "-utf8", "-x509"),
        *("--agree-tos", "--force", "--non-interactive", "--staging", "--standalone", "--webroot"),
    ),
}
_FOREIGN = {option: here for here, options in _OPTIONS.items() for option in options}


class Mistake(NamedTuple):
    """What is wrong with a command line, and what to do: None if only the help can tell."""

    problem: str
    advice: str | None = None


def find(
    arguments: list[str], takes_value: Mapping[str, bool], takes_names: bool
) -> Mistake | None:
    """Return the first mistake in the arguments of a program, or None.

    takes_value: of each option that the program has, whether it takes a value.
    takes_names: whether the arguments that are not options are names for a certificate.
    """
    if any(map(_KEY.search, arguments)):  # "$(cat FILE)"
        return Mistake("an argument is a private key", "give the name of its file instead")
    before, _ = separated(arguments)
    if any(argument.startswith(_LONG_DASHES) for argument in before):  # as pasted from a web page
        return Mistake("an option begins with a long dash", "type a hyphen instead")
    given = set[str]()
    for argument in filter(is_option, before):
        option = _option(argument)
        if option not in takes_value:
            shown = _shown(option, argument)
            advice = _advice(option, argument, takes_value, takes_names)
            return Mistake(f"{shown} is not an option of this program", advice)
        if argument != option and not takes_value[option]:
            return Mistake(f"{option} takes no value")
        if argument == f"{option}=--":  # argparse would drop the value
            return Mistake(f"{option}: -- is not a value")
        if option in given:  # argparse would take the last one, and a long time for many
            return Mistake(f"{option} is given twice")
        given.add(option)
    return None


def separated(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return the arguments before the first --, and those after it, none of which is an option."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:end], arguments[end + 1 :]


def is_option(argument: str) -> bool:
    """Return whether an argument before -- is an option; - stands for standard output."""
    return argument.startswith("-") and argument != "-"


def _option(argument: str) -> str:
    """Return the option in an argument, without what follows it."""
    word = argument.partition("=")[0]
    # OpenSSL's options are words after one hyphen. Others have one letter there.
    return word if word.startswith("--") or word in _FOREIGN else word[:2]


def _shown(option: str, argument: str) -> str:
    """Return an unknown option as a message shows it."""
    is_whole = option == argument.partition("=")[0]
    return option[:40] if is_whole else f"{option}…"


def _advice(option: str, argument: str, known: Collection[str], takes_names: bool) -> str | None:
    """Return what to do about an option that is not among those known, or None."""
    here = _FOREIGN.get(option)
    if here == "":
        return "leave it out"
    if here == "NAME" and takes_names:
        return "give the names without an option"
    close = [here] if here in known else difflib.get_close_matches(option[:80], list(known), 1)
    if close:
        return f"did you mean {close[0]}?"
    if takes_names and suggest.name(argument):
        return "a name does not begin with a hyphen"
    return None
