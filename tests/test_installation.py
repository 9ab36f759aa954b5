"""What is said of a Python or a library that is missing, does not fit or does not work."""

import ast
import os
import re
import shutil
import sys
from pathlib import Path

from common import environment, installation
from tests.conftest import ROOT, SCRIPTS, Run, error_of, run_process

import pytest

pytestmark = pytest.mark.apart

NEEDED = dict(
    re.findall(r"^([\w-]+)(>=\S+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
)
Patch = pytest.MonkeyPatch
POSIX = pytest.mark.posix(reason="symbolic links or sh")


@pytest.fixture(autouse=True)
def _user(tmp_path: Path, monkeypatch: Patch) -> None:
    """Use no uv, and find what a test puts into its directory before what is installed."""
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(ROOT / ".venv"))  # or .venv would have to be activated


def install(directory: Path, name: str, version: str, **modules: str) -> None:
    """Put a distribution into a directory, with packages of these sources."""
    metadata = directory / f"{name}-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    for module, source in modules.items():
        (directory / module).mkdir()
        (directory / module / "__init__.py").write_text(source)


def copy(directory: Path) -> None:
    """Copy the project, without its virtual environment."""
    for package in ("common", "course"):
        shutil.copytree(ROOT / package, directory / package)
    for name in (*SCRIPTS, "requirements.txt"):
        shutil.copy(ROOT / name, directory)


class TestProblem:
    def test_a_version_out_of_range(self, tmp_path: Path) -> None:
        # idna: above it. pycryptodome: "3.9" comes after "3.20" as a text.
        versions = {"idna": "4", "pycryptodome": "3.9.9", "pyOpenSSL": "23.2.0"}
        for name, version in versions.items():
            install(tmp_path, name, version)
        assert list(installation.unfit()) == [
            f"{name}{NEEDED[name]} ({version} is installed)" for name, version in versions.items()
        ]

    def test_the_lowest_version_fits(self, tmp_path: Path) -> None:
        assert installation.problem() == ""
        for name, bounds in NEEDED.items():
            install(tmp_path, name, bounds[2:].partition(",")[0])
        assert list(installation.unfit()) == []

    def test_the_predecessor_of_pycryptodome(self, tmp_path: Path, monkeypatch: Patch) -> None:
        install(tmp_path, "pycrypto", "2.6.1")
        monkeypatch.setattr(sys, "path", [str(tmp_path)])
        needed = list(installation.unfit())[3]
        assert needed == "pycryptodome>=3.20,<5 (not installed, but pycrypto 2.6.1)"

    def test_another_module_of_the_same_name(self, tmp_path: Path, monkeypatch: Patch) -> None:
        (tmp_path / "idna.py").touch()
        monkeypatch.delitem(sys.modules, "idna", raising=False)
        assert installation.problem() == f"{tmp_path / 'idna.py'} hides the library idna; rename it"


@POSIX
class TestTheCommand:
    """Is the one in the README, which each shell reads, with the paths that it needs here."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path, monkeypatch: Patch) -> None:
        for name in ("py", "python3"):
            (tmp_path / name).symlink_to(sys.executable)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.delenv("PROMPT", raising=False)

    @pytest.mark.parametrize("prompt", [None, "$P$G", "PowerShell"])
    def test_in_the_directory_of_the_project(self, prompt: str | None, monkeypatch: Patch) -> None:
        monkeypatch.setattr(environment, "_WINDOWS", prompt is not None)
        if prompt == "$P$G":  # of cmd.exe
            monkeypatch.setenv("PROMPT", prompt)
        monkeypatch.chdir(ROOT)
        assert ("; & " in environment.advice()) == (prompt == "PowerShell")
        command = environment.advice().removeprefix("run: ").replace("; & ", "; ")
        page = ROOT / ("docs/recipes.md" if prompt else "README.md")
        text = page.read_text("utf-8").replace("--quiet ", "")
        assert re.search(f"^(.*`)?{re.escape(command)}(` .*)?$", text, re.MULTILINE)

    def test_elsewhere(self, tmp_path: Path, monkeypatch: Patch) -> None:
        top = tmp_path / "my project"
        top.mkdir()
        monkeypatch.setattr(environment, "TOP", str(top))
        assert environment.advice() == (
            f"run: python3 -m venv '{top}/.venv' && . '{top}/.venv/bin/activate' && "
            f"python -m pip install -r '{top}/requirements.txt'"
        )
        monkeypatch.setattr(environment, "_WINDOWS", True)
        assert f'"{top}/requirements.txt"' in environment.advice()

    def test_on_debian_without_what_makes_an_environment(self, tmp_path: Path) -> None:
        (tmp_path / "apt-get").touch(0o755)
        python = tmp_path / "python3"
        python.unlink()
        python.write_text('#!/bin/sh\n[ "$2" != "import ensurepip" ]\n')
        python.chmod(0o755)
        first = "run: sudo apt-get install python3-venv && python3 -m venv "
        assert environment.advice().startswith(first)

    def test_under_uv(self, monkeypatch: Patch) -> None:
        monkeypatch.setenv("UV", "/usr/bin/uv")
        monkeypatch.setattr(sys, "prefix", "/tmp")  # uv's own environment
        assert environment.activation() == ""
        told = "tell uv where the project is: uv run"
        assert environment.advice() == f"{told} --project {ROOT} …"
        assert environment.advice(anew=True) == f"{told} --reinstall --project {ROOT} …"

    def test_without_a_python_that_fits(self, monkeypatch: Patch) -> None:
        monkeypatch.setenv("PATH", "")
        monkeypatch.setattr(sys, "executable", "")
        monkeypatch.setattr(sys, "version_info", (3, 9, 18))
        monkeypatch.setattr(sys, "version", "3.9.18 (main)")
        expected = "Python 3.9.18 is too old; use 3.10 or later; install a newer one from "
        assert installation.problem() == f"{expected}https://www.python.org/downloads/"


class TestAProgram:
    """Ends with one line where it cannot even import what it needs."""

    @pytest.mark.parametrize(
        ("program", "command"),
        [
            *((script, [script]) for script in SCRIPTS),
            ("certificate", ["-m", "course.certificate"]),
            ("deactivate", ["-m", "course.deactivate"]),
            ("show", ["-Bmcommon.show", "a.key"]),
            ("show", [os.path.join("common", "show"), "a.key"]),
            pytest.param("make_csr.py", ["../link.py"], marks=POSIX),
        ],
    )
    def test_without_libraries(self, program: str, command: list[str], tmp_path: Path) -> None:
        project = tmp_path / "project"
        copy(project)
        if sys.platform != "win32":
            (tmp_path / "link.py").symlink_to(project / "make_csr.py")
        # -S leaves out site-packages, as in a Python where nothing was installed.
        result = run_process([sys.executable, "-S", "-E", *command], project)
        assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
        needed = ", ".join(f"{name}{bounds} (not installed)" for name, bounds in NEEDED.items())
        assert result.stderr.startswith(f"{program}: error: this program needs {needed}; run: ")

    @POSIX
    def test_without_its_environment(self, tmp_path: Path) -> None:
        copy(tmp_path)
        python = tmp_path / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.touch(0o755)
        inactive = (
            "the virtual environment is not active in this terminal; run: . .venv/bin/activate"
        )
        for options, said in (("", inactive), ("-S -E", "this program needs ")):
            python.write_text(f'#!/bin/sh\nexec {sys.executable} {options} "$@"\n')
            error = error_of(run_process([sys.executable, "-S", "-E", "make_csr.py"], tmp_path))
            assert error.startswith(said)

    def test_with_a_broken_library(self, tmp_path: Path) -> None:
        copy(tmp_path)
        install(tmp_path, "pycryptodome", "4.0", Crypto="raise RuntimeError('this\\nand that')")
        error = error_of(run_process([sys.executable, "make_account_key.py"], tmp_path))
        assert error.startswith("pycryptodome 4.0 cannot be imported (RuntimeError: this); run: ")
        assert re.search(r" -m venv --clear \S+ && .* -m pip install -r requirements.txt$", error)

    def test_with_a_slip_in_its_constants(self, tmp_path: Path) -> None:
        copy(tmp_path)
        script = tmp_path / "make_csr.py"
        changed = script.read_text("utf-8").replace('"api.neoprime.xyz"', "api.neoprime.xyz")
        script.write_text(changed, "utf-8")
        line = changed.splitlines().index("DOMAIN_NAME = api.neoprime.xyz") + 1
        error = error_of(run_process([sys.executable, "make_csr.py"], tmp_path))
        slip = f"line {line}: NameError: name 'api' is not defined; undo the last change"
        assert error == f"{script}, {slip}"

    def test_after_a_bug(self, run: Run, tmp_path: Path, monkeypatch: Patch) -> None:
        install(tmp_path, "cryptography", "41.0.7")
        monkeypatch.setattr("make_account_key.create_key", None)
        assert error_of(run("make_account_key.py")).startswith("this program needs cryptography>=")


def test_an_importer_keeps_ctrl_c_and_its_exceptions(tmp_path: Path) -> None:
    """Wherever it is: here beside the script."""
    copy(tmp_path)
    (tmp_path / "mine.py").write_text(
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import make_csr\n"
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
        "assert sys.excepthook is sys.__excepthook__\n"
    )
    result = run_process([sys.executable, "mine.py"], tmp_path)
    assert (result.returncode, result.stderr) == (0, "")


def test_an_old_python_is_refused() -> None:
    path = str(ROOT / "make_csr.py")
    old = "import runpy, sys; sys.version_info = (3, 9, 18); sys.version = '3.9.18 (main)'; "
    code = f"{old}sys.argv = [{path!r}]; runpy.run_path({path!r}, run_name='__main__')"
    error = error_of(run_process([sys.executable, "-c", code], ROOT))
    assert error.startswith("Python 3.9.18 is too old; use 3.10 or later; run: ")


def test_an_old_python_can_read_what_refuses_it() -> None:
    names = ("__init__", "environment", "installation", "start")
    for path in (*(f"common/{name}.py" for name in names), *SCRIPTS):
        assert ast.parse((ROOT / path).read_text(encoding="utf-8"), feature_version=(3, 7))
