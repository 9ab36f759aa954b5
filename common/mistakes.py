"""Mistakes on a command line that argparse would not explain, or would repeat with a secret in it.

What follows an option that takes no value, or one that is unknown, may be a passphrase.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from common import suggest

# A private key, or what may be one in base64, also after "--key=" or "./"; the number d in a JWK.
_KEY = re.compile(
    r"PRIVATE KEY-----|LS0tLS1CRUdJTi|(?:\A|[=:@]|\./)\s*M[A-Za-z0-9+/\s]{60,}={0,2}\s*\Z"
    r"""|"d"\s*:\s*\""""
)
_LONG_DASHES = tuple("\u2010\u2011\u2012\u2013\u2014\u2015\u2212")


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
        return Mistake("an option begins with a long dash", "type two hyphens instead")
    given = set[str]()
    for argument in filter(is_option, before):
        option, rest = _split(argument)
        has_more = rest[:1] not in ("", "=")
        if option not in takes_value or has_more:
            shown = f"{option}…" if has_more else option[:40]
            advice = suggest.option(option, takes_value, takes_names)
            if not advice and takes_names and suggest.name(argument):
                advice = "a name does not begin with a hyphen"
            return Mistake(f"{shown} is not an option of this program", advice)
        if rest and not takes_value[option]:
            return Mistake(f"{option} takes no value")
        if rest == "=--":  # argparse would drop the value
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


def _split(argument: str) -> tuple[str, str]:
    """Return the option in an argument, and what follows it there."""
    found = re.match(r"--[\w-]*", argument)
    # OpenSSL's options are words after one hyphen. Others have one letter there.
    option = found[0] if found else argument.partition("=")[0]
    if not found and option not in suggest.FOREIGN:
        option = option[:2]
    return option, argument[len(option) :]
