"""A file that is missing: the one that was probably meant instead."""

import difflib
import itertools
import os
import re

_MOST_FILES = 1000  # of a directory that are looked at


def advice(path: str, otherwise: str) -> str:
    """Return what to do about the file at path: give one of nearly the same name, or otherwise."""
    # A URL, or a ~ in quotes, which the shell leaves as it is.
    meant = os.path.expanduser(re.sub("^file:(?://)?", "", path))
    if meant == path or not os.path.isfile(meant):
        meant = neighbor(path)
    return f"did you mean {meant}?" if meant else otherwise


def neighbor(path: str) -> str:
    """Return the file of nearly the same name beside a file that is missing, or ""."""
    directory, name = os.path.split(path)
    if not name or os.path.lexists(path):
        return ""
    try:
        with os.scandir(directory or ".") as entries:
            present = [entry.name for entry in itertools.islice(entries, _MOST_FILES)]
    except (OSError, ValueError):  # the directory is missing too, or its name is too long
        return ""
    same = [other for other in present if other.lower() == name.lower()]
    close = same or difflib.get_close_matches(name[:255], present, 1, 0.85)
    return os.path.join(directory, close[0]) if close else ""
