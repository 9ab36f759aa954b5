"""The command that sets up the virtual environment, or activates it.

This is imported only after something has failed. An old Python must be able to import it.
"""

import os
import shutil
import sys
from importlib import util

from common import TOP, shell

_WINDOWS = os.name == "nt"


def advise(problem: str, anew: bool = False) -> str:
    """Return a problem of Python or the libraries, with what to do: as a rule, a command to run.

    anew: delete first what is in the virtual environment, because pip would keep it.
    """
    if os.environ.get("UV"):  # uv run sets it
        project = shell.quoted(TOP)
        return f"{problem}; tell uv where the project is: uv run --project {project} …"
    if _is_inactive():
        return f"the virtual environment is not active in this terminal; run: {_activation()}"
    python = _python()
    if not python:
        return f"{problem}; install a newer one from https://www.python.org/downloads/"
    steps = [
        f"{shell.quoted(python)} -m venv{' --clear' if anew else ''} {_path('.venv')}",
        _activation(),
        f"python -m pip install -r {_path('requirements.txt')}",
    ]
    # Debian and Ubuntu leave out of Python what makes a virtual environment.
    if shutil.which("apt-get") and util.find_spec("ensurepip") is None:
        steps.insert(0, "sudo apt-get install python3-venv")
    return f"{problem}; run: {('; ' if _is_powershell() else ' && ').join(steps)}"


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
