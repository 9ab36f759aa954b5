"""What is said of a Python or a library that is missing, does not fit or does not work."""

import ast
import fnmatch
import os
import re
import shutil
import sys
from pathlib import Path

from common import installation, shell
from tests.conftest import ROOT, SCRIPTS, Patch, error_of, run_process

import pytest

pytestmark = pytest.mark.apart

NEEDED = dict(re.findall(r"(?m)^([\w-]+)(>=\S+)$", (ROOT / "requirements.txt").read_text()))
POSIX = pytest.mark.posix(reason="symbolic links, sh or python3.10")


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
        assert set(installation._MODULES) == set(NEEDED)  # which it has tried
        for name, bounds in NEEDED.items():
            install(tmp_path, name, bounds[2:].partition(",")[0])
        assert list(installation.unfit()) == []

    def test_files_beside_the_scripts(self, tmp_path: Path, monkeypatch: Patch) -> None:
        monkeypatch.setattr(installation, "TOP", str(tmp_path))
        missing = f"{tmp_path / 'requirements.txt'}: No such file or directory"
        assert installation.problem() == f"{missing}; download the project again"
        copy(tmp_path)
        file = tmp_path / "OpenSSL.py"
        file.touch()
        assert installation.problem() == f"{file} hides the library pyOpenSSL; rename it"


@POSIX
class TestTheCommand:
    """Is the one in the README, which each shell reads, with the paths that it needs here."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path, monkeypatch: Patch) -> None:
        for name in ("py", "python3", "python3.10"):
            (tmp_path / name).touch(0o755)
        monkeypatch.setattr(sys, "executable", str(tmp_path / "python3"))
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.delenv("PROMPT", raising=False)

    @pytest.mark.parametrize("prompt", [None, "$P$G", "PowerShell"])
    def test_in_the_directory_of_the_project(self, prompt: str | None, monkeypatch: Patch) -> None:
        for module in (installation, shell):
            monkeypatch.setattr(module, "_WINDOWS", prompt is not None)
        if prompt == "$P$G":  # of cmd.exe
            monkeypatch.setenv("PROMPT", prompt)
        monkeypatch.chdir(ROOT)
        assert ("; & " in installation.advise("")) == (prompt == "PowerShell")
        command = installation.advise("It fails").removeprefix("It fails; run: ")
        command = command.replace("; & ", "; ")
        page = ROOT / ("docs/recipes.md" if prompt else "README.md")
        text = page.read_text("utf-8").replace("--quiet ", "")
        assert re.search(f"^(.*`)?{re.escape(command)}(` .*)?$", text, re.MULTILINE)

    def test_elsewhere(self, tmp_path: Path, monkeypatch: Patch) -> None:
        top = tmp_path / "my project"
        for module in (installation, shell):
            monkeypatch.setattr(module, "TOP", str(top))
        monkeypatch.chdir(tmp_path)
        assert installation.advise("It fails", anew=True) == (
            "It fails; run: python3 -m venv --clear 'my project/.venv' && "
            ". 'my project/.venv/bin/activate' && "
            "python -m pip install -r 'my project/requirements.txt'"
        )
        for module in (installation, shell):
            monkeypatch.setattr(module, "_WINDOWS", True)
        (tmp_path / "py").unlink()
        assert installation.advise("It fails").startswith(
            'It fails; run: python -m venv "my project'
        )

    def test_on_debian_without_what_makes_an_environment(
        self, tmp_path: Path, monkeypatch: Patch
    ) -> None:
        first = "sudo apt-get install python3-venv && "
        for ensurepip, steps in ((None, ""), (os, ""), (None, first)):
            monkeypatch.setitem(sys.modules, "ensurepip", ensurepip)
            start = f"It fails; run: {steps}python3 -m venv "
            assert installation.advise("It fails").startswith(start)
            (tmp_path / "apt-get").touch(0o755)

    def test_where_the_environment_is_not_active(self, tmp_path: Path, monkeypatch: Patch) -> None:
        monkeypatch.setenv("PROMPT", "$P$G")
        monkeypatch.setattr(sys, "prefix", str(tmp_path))
        for python, activation in (
            (".venv/Scripts/python.exe", ".venv\\Scripts\\activate.bat"),
            (".venv/bin/python", ". .venv/bin/activate"),
        ):
            for module in (installation, shell):
                monkeypatch.setattr(module, "TOP", str(tmp_path))
                monkeypatch.setattr(module, "_WINDOWS", "exe" in python)
            monkeypatch.chdir(tmp_path)
            (tmp_path / python).parent.mkdir(parents=True)
            (tmp_path / python).touch()
            inactive = "the virtual environment is not active in this terminal; run: "
            assert installation.advise("It fails") == inactive + activation

    def test_under_uv(self, monkeypatch: Patch) -> None:
        monkeypatch.setenv("UV", "/usr/bin/uv")
        monkeypatch.setattr(sys, "prefix", "/tmp")  # uv's own environment
        advice = f"tell uv where the project is: uv run --project {ROOT} …"
        assert installation.advise("It fails") == f"It fails; {advice}"

    def test_in_an_old_python(self, tmp_path: Path, monkeypatch: Patch) -> None:
        monkeypatch.setattr(sys, "version_info", (3, 10))
        assert installation.problem() == ""
        assert installation.advise("It fails").startswith("It fails; run: python3 -m venv ")
        monkeypatch.setattr(sys, "version_info", (3, 9, 18))
        monkeypatch.setattr(sys, "version", "3.9.18 (main)")
        old = "Python 3.9.18 is too old; use 3.10 or later; "
        assert installation.problem().startswith(f"{old}run: python3.10 -m venv --clear ")
        (tmp_path / "python3.11").touch(0o755)
        assert installation.problem().startswith(f"{old}run: python3.11 -m venv --clear ")
        monkeypatch.setenv("PATH", "")
        newer = "install a newer one from https://www.python.org/downloads/"
        assert installation.problem() == f"{old}{newer}"


class TestAProgram:
    """Ends with one line where it cannot even import what it needs."""

    @pytest.mark.parametrize(
        ("program", "command"),
        [
            *((script, [script]) for script in SCRIPTS),
            ("certificate", ["-m", "course.certificate"]),
            ("certificate", [os.path.join("course", "certificate.py")]),
            ("deactivate", ["-m", "course.deactivate"]),
            ("show", ["-Bmcommon.show", "a.key"]),
            ("show", [os.path.join("common", "show"), "a.key"]),
            pytest.param("make_csr.py", ["../link.py"], marks=POSIX),
            pytest.param("show", ["../show", "a.key"], marks=POSIX),
        ],
    )
    def test_without_libraries(self, program: str, command: list[str], tmp_path: Path) -> None:
        project = tmp_path / "project"
        copy(project)
        if sys.platform != "win32":
            (tmp_path / "link.py").symlink_to(project / "make_csr.py")
            (tmp_path / "show").symlink_to(project / "common" / "show")
        # -S leaves out site-packages, as in a Python where nothing was installed.
        result = run_process([sys.executable, "-S", "-E", *command], project)
        assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
        needed = ", ".join(f"{name}{bounds} (not installed)" for name, bounds in NEEDED.items())
        assert result.stderr.startswith(f"{program}: error: this program needs {needed}; run: ")

    def test_with_a_broken_library(self, tmp_path: Path) -> None:
        copy(tmp_path)
        install(tmp_path, "idna", "3.99", idna="raise RuntimeError('this\\nand that')")
        error = error_of(run_process([sys.executable, "make_csr.py", "ü.org"], tmp_path))
        assert error.startswith("idna 3.99 cannot be imported (RuntimeError: this); run: ")
        assert " -m venv --clear " in error

    @pytest.mark.parametrize(
        ("before", "after", "said"),
        [
            ('FILENAME = "account.key"', "FILENAME = account", "NameError: name 'account' is *"),
            # The text of a later error could hold a secret.
            ("    key = RSA.generate(bits)", "    key = RSA.generate(bit)", "NameError"),
        ],
    )
    def test_after_a_slip_in_it(self, before: str, after: str, said: str, tmp_path: Path) -> None:
        copy(tmp_path)
        script = tmp_path / "make_account_key.py"
        text = script.read_text("utf-8").replace(before, after)
        script.write_text(text, "utf-8")
        place = f"{script}, line {text.splitlines().index(after) + 1}"
        error = error_of(run_process([sys.executable, "make_account_key.py"], tmp_path))
        advice = "undo the last change, or report this as a bug"
        assert fnmatch.fnmatchcase(error, f"{place}: {said}; {advice}")

    @pytest.mark.parametrize("library", [os.__file__, "venv/lib/site-packages/a.py"])
    def test_after_an_error_in_a_library(self, library: str) -> None:
        with pytest.raises(ZeroDivisionError) as caught:
            exec(compile("1 / 0", ROOT / library, "exec"))
        assert installation.explain(caught.value, "it").startswith(f"{__file__}, line ")


@pytest.mark.parametrize("file", ["mine.py", "mine/make_csr.py"])
def test_an_importer_keeps_ctrl_c_and_its_exceptions(file: str, tmp_path: Path) -> None:
    copy(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / file).write_text(
        "import signal, sys; sys.path.append('.')\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import make_account_key\n"
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
        "assert sys.excepthook is sys.__excepthook__\n"
    )
    result = run_process([sys.executable, file], tmp_path)
    assert (result.returncode, result.stderr) == (0, "")


@POSIX
def test_an_old_python_is_refused(tmp_path: Path) -> None:
    copy(tmp_path)  # without a virtual environment, which would have to be activated first
    path = str(tmp_path / "make_csr.py")
    old = "import runpy, sys; sys.version_info = (3, 9, 18); sys.version = '3.9.18 (main)'; "
    code = f"{old}sys.argv = [{path!r}]; runpy.run_path({path!r}, run_name='__main__')"
    error = error_of(run_process([sys.executable, "-c", code], tmp_path))
    assert error.startswith("Python 3.9.18 is too old; use 3.10 or later; run: ")
    begin = "import sys; sys.version_info = (3, 10); from common import start; start.begin('a.py')"
    assert run_process([sys.executable, "-c", begin], tmp_path).returncode == 0


def test_an_old_python_can_read_what_refuses_it() -> None:
    for path in SCRIPTS:
        assert ast.parse((ROOT / path).read_text(encoding="utf-8"), feature_version=(3, 7))
    for name in ("__init__", "installation", "shell", "start"):
        text = (ROOT / "common" / f"{name}.py").read_text(encoding="utf-8")
        nodes = ast.walk(ast.parse(text, feature_version=(3, 7)))
        assert not any(isinstance(node, ast.BitOr) for node in nodes)  # "str | None" is a string
