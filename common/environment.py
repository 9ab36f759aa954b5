"""The command that sets up the virtual environment, or makes the libraries in it work again.

This is imported only after something has failed. An old Python must be able to parse it.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator

from common import TOP

_WINDOWS = os.name == "nt"

_IS_NEW_ENOUGH = "import sys; sys.exit(sys.version_info < (3, 10))"
_HAS_ALL = """import sys
sys.version_info >= (3, 10) or sys.exit(1)
sys.path.insert(0, {!r})
from common import installation
sys.exit(any(installation.unfit()))"""


def advice(anew: bool = False) -> str:
    """Return what to do: as a rule, the command to run.

    anew: delete first what is in the virtual environment, because pip would keep it.
    """
    if os.environ.get("UV"):  # uv run sets it
        option = " --reinstall" if anew else ""
        return f"tell uv where the project is: uv run{option} --project {_quoted(TOP)} …"
    command = activation()
    if command:
        return f"run: {command}"
    python = next((name for name in _pythons() if _succeeds(name, _IS_NEW_ENOUGH)), None)
    if python is None:
        return "install a newer one from https://www.python.org/downloads/"
    steps = [
        f"{_quoted(python)} -m venv{' --clear' if anew else ''} {_path('.venv')}",
        _activate(),
        f"python -m pip install -r {_path('requirements.txt')}",
    ]
    # Debian and Ubuntu leave out of Python what makes a virtual environment.
    if shutil.which("apt-get") and not _succeeds(python, "import ensurepip"):
        steps.insert(0, "sudo apt-get install python3-venv")
    return f"run: {('; ' if _is_powershell() else ' && ').join(steps)}"


def activation() -> str:
    """Return the command that activates the virtual environment; "" if that would not help."""
    environment = os.path.join(TOP, ".venv")
    parts = ("Scripts", "python.exe") if _WINDOWS else ("bin", "python")
    python = os.path.join(environment, *parts)
    if os.environ.get("UV") or not os.path.exists(python):
        return ""
    is_active = os.path.samefile(environment, sys.prefix)
    return "" if is_active or not _succeeds(python, _HAS_ALL.format(TOP)) else _activate()


def _activate() -> str:
    """Return the command for this shell, as in README.md and docs/recipes.md."""
    if not _WINDOWS:
        return f". {_path('.venv/bin/activate')}"
    if not _is_powershell():
        return _path(".venv\\Scripts\\activate.bat")
    script = _path(".venv\\Scripts\\Activate.ps1")
    return f"Set-ExecutionPolicy -Scope Process RemoteSigned -Force; & {script}"


def _is_powershell() -> bool:
    return _WINDOWS and "PROMPT" not in os.environ  # cmd.exe sets it


def _pythons() -> "Iterator[str]":
    """Yield what may be called Python here, the first choice first."""
    yield from ("py", "python") if _WINDOWS else ("python3",)
    yield sys.executable
    for minor in range(30, 9, -1):
        yield f"python3.{minor}"


def _succeeds(python: str, code: str) -> bool:
    """Return whether a Python is there and runs code without an error."""
    if shutil.which(python) is None:
        return False
    command, nothing = [python, "-c", code], subprocess.DEVNULL
    return subprocess.call(command, stdout=nothing, stderr=nothing) == 0  # noqa: S603


def _path(name: str) -> str:
    """Return the path of something in the directory of the scripts, quoted."""
    is_here = os.path.exists(".") and os.path.samefile(".", TOP)  # it may have been removed
    return _quoted(name if is_here else os.path.join(TOP, name))


def _quoted(path: str) -> str:
    if not _WINDOWS:
        return shlex.quote(path)
    return path if re.fullmatch(r"[\w.:\\-]+", path) else f'"{path}"'
