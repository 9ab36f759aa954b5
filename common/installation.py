"""What is wrong with Python or the libraries.

This is imported only after something has failed. An old Python must be able to parse it.
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


def problem() -> str:
    """Return what is there, what is needed and the command that installs it, or ""."""
    if sys.version_info < (3, 10):  # noqa: UP036
        version = sys.version.split()[0]
        return f"Python {version} is too old; use 3.10 or later; {environment.advice(anew=True)}"
    try:
        lacking = list(unfit())
    except OSError as error:
        return f"{error.filename}: {error.strerror}; download the project again"
    activation = environment.activation() if lacking else ""
    if activation:
        return f"the virtual environment is not active in this terminal; run: {activation}"
    if lacking:
        return f"this program needs {', '.join(lacking)}; {environment.advice()}"
    hidden = list(filter(None, map(_hidden, _MODULES)))
    if hidden:
        return f"{', '.join(hidden)}; rename it"
    broken = list(filter(None, map(_broken, _MODULES)))
    if broken:
        return f"{', '.join(broken)}; {environment.advice(anew=True)}"
    return ""


def failure(error: BaseException) -> str:
    """Return what is wrong with the project's own code: a change, or a file that is missing."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {error}"
    return f"{place.filename}, line {place.lineno}: {what}; undo the last change"


def unfit() -> "Iterator[str]":
    """Yield what is needed of each package that is missing or does not fit. Raises OSError."""
    with open(os.path.join(TOP, "requirements.txt"), encoding="utf-8") as file:
        needed = re.findall(r"^([\w-]+)>=([\d.]+),<(\d+)$", file.read(), re.MULTILINE)
    for name, lowest, limit in needed:
        version = _version(name)
        if version and _numbers(lowest) <= _numbers(version) < _numbers(limit):
            continue
        there = f"{version} is installed" if version else "not installed"
        # The predecessor of pycryptodome has modules of the same name.
        if name == "pycryptodome" and _version("pycrypto"):
            there += f", but pycrypto {_version('pycrypto')}"
        yield f"{name}>={lowest},<{limit} ({there})"


def _hidden(name: str) -> str:
    """Return what Python finds in place of a package that is installed, or ""."""
    from importlib import metadata, util

    module = _MODULES[name].partition(".")[0]
    installed = metadata.distribution(name).locate_file(module)
    spec = util.find_spec(module)
    if spec is None or not os.path.exists(str(installed)):
        return ""
    found = next(iter(spec.submodule_search_locations or [str(spec.origin)]))
    if os.path.exists(found) and os.path.samefile(found, str(installed)):
        return ""
    return f"{found} hides the library {name}"


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
