"""What is wrong with the installation, and the command that repairs it.

This is imported only after something has failed. An old Python must be able to parse it.
"""

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import traceback
from collections.abc import Iterator

from common import TOP

# A module of each package that can be imported only if the package works.
_MODULES = {
    "cryptography": "cryptography.x509",
    "idna": "idna",
    "publicsuffixlist": "publicsuffixlist",
    "pycryptodome": "Crypto.PublicKey.ECC",
    "pyOpenSSL": "OpenSSL.crypto",
}
_WINDOWS = os.name == "nt"
# How each shell activates the environment, as in README.md and docs/recipes.md, and goes on.
_ACTIVATE = {
    "sh": (". {}", ".venv/bin/activate", " && "),
    "cmd": ("{}", ".venv\\Scripts\\activate.bat", " && "),
    "PowerShell": (
        "Set-ExecutionPolicy -Scope Process RemoteSigned -Force; & {}",
        ".venv\\Scripts\\Activate.ps1",
        "; ",
    ),
}
# What a Python of the right version runs to see whether it has the libraries.
_IS_READY = """import sys
sys.version_info >= (3, 10) or sys.exit(1)
sys.path.insert(0, {!r})
from common import installation
sys.exit(any(installation.unfit()))"""


def problem() -> str:
    """Return what is there, what is needed and the command that installs it, or nothing."""
    if sys.version_info < (3, 10):  # noqa: UP036
        version = sys.version.split()[0]
        return f"Python {version} is too old; use 3.10 or later; {_advice(anew=True)}"
    try:
        lacking = list(unfit())
    except OSError as error:
        return f"{error.filename}: {error.strerror}; download the project again"
    activation = _activation() if lacking else ""
    if activation:
        return f"the virtual environment is not active in this terminal; run: {activation}"
    if lacking:
        return f"this program needs {', '.join(lacking)}; {_advice()}"
    others = list(filter(None, map(_other, _MODULES)))
    if others:
        return f"{', '.join(others)}; rename it"
    broken = list(filter(None, map(_broken, _MODULES)))
    if broken:
        return f"{', '.join(broken)}; {_advice(anew=True)}"
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
    yield from filter(None, (_unfit(*package) for package in needed))


def _unfit(name: str, lowest: str, limit: str) -> str:
    """Return what is needed of a package and what is there instead, or nothing."""
    version = _version(name)
    if version and _numbers(lowest) <= _numbers(version) < _numbers(limit):
        return ""
    there = f"{version} is installed" if version else "not installed"
    # Its predecessor has modules of the same name.
    if name == "pycryptodome" and _version("pycrypto"):
        there += f", but pycrypto {_version('pycrypto')}"
    return f"{name}>={lowest},<{limit} ({there})"


def _other(name: str) -> str:
    """Return what Python finds in place of a package that is installed, or nothing."""
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
    """Return why a package that is installed cannot be imported, or nothing."""
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


def _advice(anew: bool = False) -> str:
    """Return the command that sets up the project on this system.

    anew: delete first what is in the virtual environment, because pip would keep it.
    """
    if os.environ.get("UV"):  # uv run sets it
        option = " --reinstall" if anew else ""
        return f"tell uv where the project is: uv run{option} --project {_quoted(TOP)} …"
    activation = _activation()
    if activation:
        return f"run: {activation}"
    is_fit = "import sys; sys.exit(sys.version_info < (3, 10))"
    python = next((name for name in _pythons() if _succeeds(name, is_fit)), None)
    if python is None:
        return "install a newer one from https://www.python.org/downloads/"
    make = f"{_quoted(python)} -m venv{' --clear' if anew else ''} {_path('.venv')}"
    install = f"python -m pip install -r {_path('requirements.txt')}"
    # Debian and Ubuntu leave out of Python what makes a virtual environment.
    lacks_venv = shutil.which("apt-get") and not _succeeds(python, "import ensurepip")
    before = ["sudo apt-get install python3-venv"] if lacks_venv else []
    *_, then = _ACTIVATE[_shell()]
    return f"run: {then.join([*before, make, _activate(), install])}"


def _activation() -> str:
    """Return the command that activates the environment; nothing if that would not help."""
    environment = os.path.join(TOP, ".venv")
    parts = ("Scripts", "python.exe") if _WINDOWS else ("bin", "python")
    python = os.path.join(environment, *parts)
    if os.environ.get("UV") or not os.path.exists(python):
        return ""
    if os.path.samefile(environment, sys.prefix):  # it is active
        return ""
    return _activate() if _succeeds(python, _IS_READY.format(TOP)) else ""


def _activate() -> str:
    command, script, _ = _ACTIVATE[_shell()]
    return command.format(_path(script))


def _shell() -> str:
    if not _WINDOWS:
        return "sh"
    return "cmd" if "PROMPT" in os.environ else "PowerShell"  # cmd.exe sets it


def _pythons() -> "Iterator[str]":
    """Return what may be called Python here, the first choice first."""
    yield from ("py", "python") if _WINDOWS else ("python3",)
    yield sys.executable
    for minor in range(30, 9, -1):
        yield f"python3.{minor}"


def _succeeds(python: str, code: str) -> bool:
    if shutil.which(python) is None:
        return False
    command = [python, "-c", code]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603


def _path(name: str) -> str:
    """Return the path of something in the directory of the scripts, quoted."""
    is_here = os.path.exists(".") and os.path.samefile(".", TOP)  # it may have been removed
    return _quoted(name if is_here else os.path.join(TOP, name))


def _quoted(path: str) -> str:
    if not _WINDOWS:
        return shlex.quote(path)
    return path if re.fullmatch(r"[\w.:\\-]+", path) else f'"{path}"'
