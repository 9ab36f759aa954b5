"""What is wrong with Python or the libraries, and the command that helps.

If nothing is wrong with them, it says where the program failed. This module is imported only after
a failure. An old Python must be able to import it.
"""

import importlib
import os
import re
import shutil
import sys
import traceback
from collections.abc import Iterator
from importlib import util

from common import TOP, shell

_WINDOWS = os.name == "nt"

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
        return advise(old, anew=True)
    try:
        lacking = ", ".join(unfit())
    except OSError as error:
        return f"{error.filename}: {error.strerror}; download the project again"
    if lacking:
        return advise(f"this program needs {lacking}")
    for name, module in _MODULES.items():
        file = module.partition(".")[0] + ".py"
        if file in os.listdir(TOP):
            return f"{os.path.join(TOP, file)} hides the library {name}; rename it"
    broken = next(filter(None, map(_broken, _MODULES)), "")
    return advise(broken, anew=True) if broken else ""


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


def advise(problem: str, anew: bool = False) -> str:
    """Return a problem of Python or the libraries, with what to do: as a rule, a command to run.

    anew: delete first what is in the virtual environment, because pip would keep it.
    """
    if os.environ.get("UV"):  # uv run sets it
        return f"{problem}; tell uv where the project is: uv run --project {shell.quoted(TOP)} …"
    if _is_inactive():
        return f"the virtual environment is not active in this terminal; run: {_activation()}"
    if not _python():
        return f"{problem}; install a newer one from https://www.python.org/downloads/"
    return f"{problem}; run: {_setup(anew)}"


def _setup(anew: bool) -> str:
    """Return the command that makes the virtual environment, as in README.md."""
    steps = [
        f"{shell.quoted(_python())} -m venv{' --clear' if anew else ''} {_path('.venv')}",
        _activation(),
        f"python -m pip install -r {_path('requirements.txt')}",
    ]
    # Debian and Ubuntu leave out of Python what makes a virtual environment.
    if shutil.which("apt-get") and util.find_spec("ensurepip") is None:
        steps.insert(0, "sudo apt-get install python3-venv")
    return ("; " if _is_powershell() else " && ").join(steps)


def _broken(name: str) -> str:
    """Return why a package that is installed cannot be imported, or ""."""
    try:
        importlib.import_module(_MODULES[name])
    except BaseException as error:  # noqa: BLE001 - a panic in Rust is not an Exception
        reason = traceback.format_exception_only(type(error), error)[-1].splitlines()[0]
        return f"{name} {_version(name)} cannot be imported ({reason})"
    return ""


def _version(name: str) -> "str | None":
    from importlib import metadata

    try:
        return metadata.version(name)
    except (metadata.PackageNotFoundError, KeyError):  # the latter if its METADATA is damaged
        return None


def _numbers(version: str) -> "tuple[int, ...]":
    return tuple(map(int, re.findall(r"\d+", version)))


def _is_ours(place: traceback.FrameSummary) -> bool:
    """Return whether a line is the project's. Its virtual environment is in the same directory."""
    file = os.path.realpath(place.filename)  # a symbolic link may lead to the program
    return file.startswith(os.path.realpath(TOP) + os.sep) and "site-packages" not in file


def _is_inactive() -> bool:
    """Return whether there is a virtual environment, and another Python runs this."""
    environment = os.path.join(TOP, ".venv")
    python = ("Scripts", "python.exe") if _WINDOWS else ("bin", "python")
    is_there = os.path.exists(os.path.join(environment, *python))
    return is_there and not os.path.samefile(environment, sys.prefix)


def _python() -> str:
    """Return what starts a Python that is not too old, or "" if none was found."""
    if sys.version_info < (3, 10):  # noqa: UP036
        return next(filter(shutil.which, (f"python3.{minor}" for minor in range(20, 9, -1))), "")
    return "py" if _WINDOWS and shutil.which("py") else shell.python()


def _activation() -> str:
    """Return the command for this shell, as in README.md and docs/recipes.md."""
    if not _WINDOWS:
        return f". {_path('.venv/bin/activate')}"
    if not _is_powershell():
        return _path(".venv\\Scripts\\activate.bat")
    script = _path(".venv\\Scripts\\Activate.ps1")
    return f"Set-ExecutionPolicy -Scope Process RemoteSigned -Force; & {script}"


def _is_powershell() -> bool:
    return _WINDOWS and "PROMPT" not in os.environ  # cmd.exe sets it


def _path(name: str) -> str:
    return shell.quoted(shell.path(name))
