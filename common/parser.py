"""A command line that explains each mistake in one line, without a secret in it.

What follows an option that takes no value, or one that is unknown, may be a passphrase.
"""

import argparse
import difflib
import os
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

from common import boundaries, console
from common.console import UsageError

_LONG_DASHES = tuple("\u2010\u2011\u2012\u2013\u2014\u2015\u2212")


class Parser(argparse.ArgumentParser):
    """A command line. A mistake on it is a UsageError."""

    too_many = "there are too many arguments"
    name_options: Sequence[str] = ()  # with which other programs take names

    def __init__(self, prog: str, description: str | None) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog="exit status: 0 on success, 1 if refused or failed, 2 on wrong usage",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def parse(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        """Return what the arguments mean (None: those of the process). Raises UserError."""
        given = sys.argv[1:] if arguments is None else list(arguments)
        if any(map(_is_key, given)):  # "$(cat FILE)"
            problem = "an argument looks like a private key"
            raise UsageError(problem, "give the name of its file instead")
        args, unknown = self.parse_known_args(self._options_first(given))
        if unknown:
            self.error(self.too_many)
        return args

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(message, f"see {self.prog} --help")

    def print_help(self, file: object = None) -> None:
        """Write the help to standard output. Raises UserError."""
        console.write_if_read(self.format_help())

    def _options_first(self, arguments: Sequence[str]) -> list[str]:
        """Return the options with their values, then -- and the rest, as getopt_long(3) does.

        parse_intermixed_args would take options after names too, but forgets the -- in Python 3.11.
        """
        options, rest, given = list[str](), list[str](), set[str]()
        needs_value = False  # whether the option before this argument does
        left = iter(arguments)
        for argument in left:
            if argument == "--":
                rest += left
            elif argument.startswith(_LONG_DASHES):  # as pasted from a web page
                raise UsageError("an option begins with a long dash", "type two hyphens instead")
            elif argument.startswith("-") and argument != "-":  # which is standard output
                option, needs_value = self._option(argument)
                if option in given:  # argparse would take the last one, and a long time for many
                    self.error(f"{option} is given twice")
                given.add(option)
                options.append(argument)
            else:
                (options if needs_value else rest).append(argument)
                needs_value = False
        return [*options, "--", *rest] if rest else options

    def _option(self, argument: str) -> tuple[str, bool]:
        """Return the option in an argument, and whether the next argument is its value."""
        word = re.split(r"[^\w-]", argument)[0]
        option = word if argument.startswith("--") else argument[:2]
        value = argument[len(option) :]
        action = self._option_string_actions.get(option)  # argparse has no public name for them
        if action is None or value[:1] not in ("", "="):
            self._refuse(word, option, value)
        if value and action.nargs == 0:
            self.error(f"{option} takes no value")
        if value == "=--":  # argparse would drop the value
            self.error(f"{option}: -- is not a value")
        return option, action.nargs != 0 and not value

    def _refuse(self, word: str, option: str, value: str) -> NoReturn:
        """Raise UsageError about an option that is not known, or has more than a value after it.

        word: what the user probably takes for the option, which may be a word after one hyphen.
        """
        more = "" if value[:1] in ("", "=") else "…"
        problem = f"{option[:40]}{more} is not an option of this program"
        if option in self.name_options:
            raise UsageError(problem, "give names without an option")
        # Without the hyphens, which all options have in common.
        known = {name.lstrip("-"): name for name in self._option_string_actions}
        close = difflib.get_close_matches(word.lstrip("-"), known)
        if not close:
            self.error(problem)
        raise UsageError(problem, f"did you mean {known[close[0]]}?")


def _is_key(argument: str) -> bool:
    """Return whether an argument, or the value of an option in it, may be a private key."""
    value = re.sub("^(?:--[a-z-]+=|@)", "", argument)
    is_path = os.path.exists(os.path.dirname(value) or value)
    return not is_path and boundaries.may_be_key(value)
