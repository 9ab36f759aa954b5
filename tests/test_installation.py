"""What is said of a Python or a library that is missing, does not fit or does not work."""

import ast
import os
import re
import shutil
import subprocess
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
    def test_there_is_none(self) -> None:
        assert installation.problem() == ""

    @pytest.mark.parametrize(
        ("name", "version"),
        [
            ("pyOpenSSL", "23.2.0"),  # Ubuntu 24.04
            ("idna", "4"),
            ("pycryptodome", "3.9.9"),  # "3.9" comes after "3.20" as a text
        ],
    )
    def test_a_version_out_of_range(self, name: str, version: str, tmp_path: Path) -> None:
        install(tmp_path, name, version)
        needed = f"this program needs {name}{NEEDED[name]} ({version} is installed); run: "
        assert installation.problem().startswith(needed)

    def test_the_lowest_version_fits(self, tmp_path: Path) -> None:
        for name, bounds in NEEDED.items():
            install(tmp_path, name, bounds[2:].partition(",")[0])
        assert list(installation.unfit()) == []

    def test_the_predecessor_of_pycryptodome(self, tmp_path: Path, monkeypatch: Patch) -> None:
        install(tmp_path, "pycrypto", "2.6.1")
        monkeypatch.setattr(sys, "path", [str(tmp_path)])
        needed = list(installation.unfit())[3]
        assert needed == "pycryptodome>=3.20,<5 (not installed, but pycrypto 2.6.1)"

    def test_another_module_of_the_same_name(self, tmp_path: Path, monkeypatch: Patch) -> None:
        (tmp_path / "idna").mkdir()
        (tmp_path / "idna" / "__init__.py").touch()
        monkeypatch.delitem(sys.modules, "idna", raising=False)
        expected = f"{tmp_path / 'idna'} hides the library idna; rename it"
        assert installation.problem() == expected

    def test_no_list_of_what_is_needed(self, tmp_path: Path, monkeypatch: Patch) -> None:
        monkeypatch.setattr(installation, "TOP", str(tmp_path))
        path = tmp_path / "requirements.txt"
        expected = f"{path}: No such file or directory; download the project again"
        assert installation.problem() == expected


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

    # Each program imports common first: test_house.
    @pytest.mark.parametrize(
        ("program", "command"),
        [
            *((script, [script]) for script in SCRIPTS),
            ("certificate", ["-m", "course.certificate"]),
            ("deactivate", ["-m", "course.deactivate"]),
            ("show", ["-Bmcommon.show", "a.key"]),
            ("show", [os.path.join("common", "show"), "a.key"]),
            pytest.param("make_csr.py", ["../link.py"], marks=POSIX),
            pytest.param("show", ["../link/common/show", "a.key"], marks=POSIX),
        ],
    )
    def test_without_libraries(self, program: str, command: list[str], tmp_path: Path) -> None:
        project = tmp_path / "project"
        copy(project)
        if sys.platform != "win32":
            (tmp_path / "link.py").symlink_to(project / "make_csr.py")
            (tmp_path / "link").symlink_to(project)
        # -S leaves out site-packages, as in a Python where nothing was installed.
        result = run_process([sys.executable, "-S", "-E", *command], project)
        assert (result.returncode, result.stdout) == (1, "")
        needed = ", ".join(f"{name}{bounds} (not installed)" for name, bounds in NEEDED.items())
        assert result.stderr.startswith(f"{program}: error: this program needs {needed}; run: ")
        assert result.stderr.count("\n") == 1

    @POSIX
    @pytest.mark.parametrize(
        ("has_libraries", "said"),
        [
            (True, "the virtual environment is not active in this terminal; run: "),
            (False, "this program needs "),
        ],
    )
    def test_without_its_environment(self, has_libraries: bool, said: str, tmp_path: Path) -> None:
        copy(tmp_path)
        python = tmp_path / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        options = "" if has_libraries else "-S -E"
        python.write_text(f'#!/bin/sh\nexec {sys.executable} {options} "$@"\n')
        python.chmod(0o755)
        error = error_of(run_process([sys.executable, "-S", "-E", "make_csr.py"], tmp_path))
        assert error.startswith(said)
        assert error.endswith("; run: . .venv/bin/activate") == has_libraries

    def test_with_a_broken_library(self, tmp_path: Path) -> None:
        copy(tmp_path)
        source = "raise RuntimeError('this\\nand that')"
        install(tmp_path, "pycryptodome", "4.0", Crypto=source)
        error = error_of(run_process([sys.executable, "make_account_key.py"], tmp_path))
        assert error.startswith("pycryptodome 4.0 cannot be imported (RuntimeError: this); run: ")
        assert " -m venv --clear " in error

    @POSIX
    def test_interrupted_by_a_library(self, tmp_path: Path) -> None:
        """Some turn signals into exceptions even where Ctrl-C has its default action."""
        copy(tmp_path)
        source = "import signal as s\ns.signal(s.SIGINT, s.default_int_handler)\n"
        install(tmp_path, "pycryptodome", "4.0", Crypto=f"{source}raise KeyboardInterrupt")
        result = run_process([sys.executable, "make_account_key.py"], tmp_path)
        assert (result.returncode, result.stderr) == (-2, "")

    def test_with_a_slip_in_its_constants(self, tmp_path: Path) -> None:
        copy(tmp_path)
        script = tmp_path / "make_csr.py"
        changed = script.read_text("utf-8").replace('"api.neoprime.xyz"', "api.neoprime.xyz")
        script.write_text(changed, "utf-8")
        line = changed.splitlines().index("DOMAIN_NAME = api.neoprime.xyz") + 1
        error = error_of(run_process([sys.executable, "make_csr.py"], tmp_path))
        slip = f"line {line}: NameError: name 'api' is not defined; undo the last change"
        assert error == f"{script}, {slip}"

    def test_after_an_exception_that_nothing_expected(
        self, run: Run, tmp_path: Path, monkeypatch: Patch
    ) -> None:
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


def in_an_old_python(code: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a Python that says it is 3.9."""
    old = f"import runpy, sys; sys.path.insert(0, {str(ROOT)!r}); "
    old += "sys.version_info = (3, 9, 18); sys.version = '3.9.18 (main)'; "
    return run_process([sys.executable, "-c", old + code], directory)


def test_an_old_python_is_refused(tmp_path: Path) -> None:
    path = str(ROOT / "make_csr.py")
    code = f"sys.argv = [{path!r}]; runpy.run_path({path!r}, run_name='__main__')"
    error = error_of(in_an_old_python(code, tmp_path))
    assert error.startswith("Python 3.9.18 is too old; use 3.10 or later; run: ")
    code = "\ntry:\n    import make_csr\nexcept ImportError as error:\n    print(error)"
    assert in_an_old_python(code, tmp_path).stdout.startswith("Python 3.9.18 is too old; ")


@pytest.mark.parametrize("name", ["__init__", "environment", "installation", "start"])
def test_an_old_python_can_read_what_refuses_it(name: str) -> None:
    for path in (f"common/{name}.py", *SCRIPTS):
        assert ast.parse((ROOT / path).read_text(encoding="utf-8"), feature_version=(3, 7))
