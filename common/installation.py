"""What is wrong with Python or the libraries or, if nothing is, where a program failed.

This is imported only after something has failed. An old Python must be able to import it.
"""

import importlib
import os
import re
import sys
import traceback
from collections.abc import Iterator

from common import TOP, environment

# A module of each package that can be imported only if the package works.
_MODULES = {
    "cryptography": "cryptography.x509",
    "idna": "idna",
    "publicsuffixlist": "publicsuffixlist",
    "pycryptodome": "Crypto.PublicKey.ECC",
    "pyOpenSSL": "OpenSSL.crypto",
}


def explain(error: BaseException, what: str) -> str:
    """Return what is wrong with the installation or, if nothing is, where an error comes from.

    what: the kind of the error, and its text if that cannot hold a secret.
    """
    places = traceback.extract_tb(error.__traceback__)
    place = next(filter(_is_ours, reversed(places)), places[-1])
    advice = "undo the last change, or report this as a bug"
    return problem() or f"{place.filename}, line {place.lineno}: {what}; {advice}"


def problem() -> str:
    """Return what is there, what is needed and the command that installs it, or ""."""
    if sys.version_info < (3, 10):  # noqa: UP036
        old = f"Python {sys.version.split()[0]} is too old; use 3.10 or later"
        return environment.advise(old, anew=True)
    try:
        lacking = ", ".join(unfit())
    except OSError as error:
        return f"{error.filename}: {error.strerror}; download the project again"
    if lacking:
        return environment.advise(f"this program needs {lacking}")
    for name, module in _MODULES.items():
        file = module.partition(".")[0] + ".py"
        if file in os.listdir(TOP):
            return f"{os.path.join(TOP, file)} hides the library {name}; rename it"
    broken = ", ".join(filter(None, map(_broken, _MODULES)))
    return environment.advise(broken, anew=True) if broken else ""


def unfit() -> "Iterator[str]":
    """Yield what is needed of each package that is missing or does not fit. Raises OSError."""
    with open(os.path.join(TOP, "requirements.txt"), encoding="utf-8") as file:
        needed = re.findall(r"^([\w-]+)>=([\d.]+),<(\d+)$", file.read(), re.MULTILINE)
    for name, lowest, limit in needed:
        version = _version(name)
        if not version:
            yield f"{name}>={lowest},<{limit} (not installed)"
        elif not _numbers(lowest) <= _numbers(version) < _numbers(limit):
            yield f"{name}>={lowest},<{limit} ({version} is installed)"


def _broken(name: str) -> str:
    """Return why a package that is installed cannot be imported, or ""."""
    try:
        importlib.import_module(_MODULES[name])
    except BaseException as error:  # noqa: BLE001 - a panic in Rust is not an Exception
        reason = traceback.format_exception_only(type(error), error)[-1].splitlines()[0]
        return f"{name} {_version(name)} cannot be imported ({reason})"
    return ""


def _version(name: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(name) or ""  # None if its METADATA is damaged
    except (metadata.PackageNotFoundError, KeyError):
        return ""


def _numbers(version: str) -> "tuple[int, ...]":
    return tuple(map(int, re.findall(r"\d+", version)))


def _is_ours(place: traceback.FrameSummary) -> bool:
    """Return whether a line is the project's. Its virtual environment is in the same directory."""
    file = os.path.realpath(place.filename)  # a symbolic link may lead to the program
    return file.startswith(os.path.realpath(TOP)) and "site-packages" not in file
