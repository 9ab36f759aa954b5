"""What was probably meant: by a text that is not a name, or by the name of a missing file."""

import difflib
import itertools
import os
import re
from typing import NamedTuple

from common import names
from common.names import Identifier

# What quotation, lists and sentences leave around a name.
_AROUND = " \t\r\n\"'`“”„‘’‚«»<>()[]{}:,;/\\-.~^$"

# What comes before a name in OpenSSL's configuration and output, in a subject and on Windows.
_BEFORE = re.compile(
    r"(subjectAltName *= *)?((DNS|IP)[. ]?(Name|Address|\d+)? *[:=]|(.*[/, ])?CN *=)",
    re.IGNORECASE,
)

# Texts that contain a name: what they are, and a pattern that finds the name.
_KINDS = (
    ("a URL", r"[a-z][a-z0-9+.-]*:/+(?:[^/@]*@)?([^/:?#@\[\]]+|\[[^\]]*\])"),
    ("an e-mail address", r"(?:mailto:)?[^\s@/:]+@([^\s@/:]+)$"),
    ("an address in brackets", r"(\[[0-9a-f:.]+\])(?::\d+)?$"),
    ("a network, not one address", r"([0-9a-f:.]+)/\d+$"),
    ("a host with a port", r"([^:/@\s]+):\d+$"),
    ("a name with a path", r"([^:/@\s]+)/"),
)

_MOST_FILES = 1000  # of a directory that are looked at


class Guess(NamedTuple):
    """What a text that is not a name seems to be, and the names in it."""

    kind: str  # such as "a URL"; empty if only a character is wrong
    names: list[Identifier]

    def __str__(self) -> str:
        """Return the guess as the end of a message."""
        listed = " ".join(map(str, self.names))
        if len(self.names) > 1:
            return f"this is {self.kind}; give each name by itself: {listed}"
        kind = f"this is {self.kind}: " if self.kind else ""
        return f"{kind}did you mean {listed}?"


def name(text: str) -> Guess | None:
    """Return what a text that is not a name was probably meant to be, or None."""
    text = text[: 4 * names.MAX_NAME].strip()
    return _list(text) or _only(text) or _misspelt(text)


def file(path: str, otherwise: str) -> str:
    """Return what to do about a missing file: use one of nearly the same name, or otherwise."""
    # A URL, or a ~ in quotes, which the shell leaves as it is.
    meant = os.path.expanduser(re.sub("^file:(?://)?", "", path))
    if meant == path or not os.path.isfile(meant):
        meant = neighbor(path) or _with_suffix(path)
    return f"did you mean {meant}?" if meant else otherwise


def neighbor(path: str) -> str:
    """Return the file of nearly the same name beside a file that is missing, or ""."""
    (directory, name), present = os.path.split(path), _beside(path)
    same = [other for other in present if other.lower() == name.lower()]
    close = same or difflib.get_close_matches(name, present, cutoff=0.85)
    return os.path.join(directory, close[0]) if close else ""


def _with_suffix(path: str) -> str:
    """Return a file, but not a backup (~), named like a missing one plus a suffix; or ""."""
    directory, name = os.path.split(path)
    named = [other for other in _beside(path) if other.rpartition(".")[0] == name]
    found = min((other for other in named if not other.endswith("~")), default="")
    return os.path.join(directory, found) if found else ""


def _beside(path: str) -> list[str]:
    """Return what is in the directory of a file that is missing."""
    directory, name = os.path.split(path)
    if not name or os.path.lexists(path):
        return []
    try:
        with os.scandir(directory or ".") as entries:
            return [entry.name for entry in itertools.islice(entries, _MOST_FILES)]
    except (OSError, ValueError):  # the directory is missing too, or its name is too long
        return []


def is_plain(identifier: Identifier) -> bool:
    """Return whether identifier is plainly a name, and not a word that may be anything."""
    text = str(identifier)
    return "." in text or ":" in text


def _list(text: str) -> Guess | None:
    """Return the names in a list, or None unless each part of it is plainly a name."""
    for separator in ("[,;\r\n]+", r"[,;\s]+"):
        parts = [_only(part) for part in re.split(separator, text.strip(_AROUND))]
        listed = [guess.names[0] for guess in parts if guess]
        if 1 < len(parts) == len(listed):
            return Guess("a list", listed)
    return None


def _misspelt(text: str) -> Guess | None:
    """Return the name that text would be without one wrong character, or None."""
    candidates = [re.sub(r"[\s_]+", "-", text), re.sub(r"^\*\.?", "*.", text)]
    if not _only(text.rpartition(",")[2]):  # or else the comma stands before another name
        candidates.append(text.replace(",", "."))
    for candidate in candidates:
        if meant := _plain(candidate):
            return Guess("", [meant])
    return None


def _only(text: str) -> Guess | None:
    """Return the one name that is plainly meant by text, and what text is."""
    for kind, pattern in _KINDS:
        found = re.match(pattern, text, re.IGNORECASE)
        if found and (meant := _plain(found[1].strip("[]"))):
            return Guess(kind, [meant])
    bare = text.strip(_AROUND)
    if before := _BEFORE.match(bare):
        bare = re.split("[/,;]", bare[before.end() :])[0].strip(_AROUND)
    kind = "" if bare == text else "a name with extra characters around it"
    return Guess(kind, [meant]) if (meant := _plain(bare)) else None


def _plain(text: str) -> Identifier | None:
    """Return what text stands for if it is plainly a name, or None."""
    try:
        identifier = names.parse(text)
    except names.InvalidName:
        return None
    return identifier if is_plain(identifier) else None
