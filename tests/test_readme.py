"""The README does what it says: its commands run, and print what it shows.

Every `sh` block is run, in the order of the document, by one shell that starts in a directory
with the project's programs and nothing else. What the block prints is compared with the `text`
block after it, if there is one. There `…` within a line stands for anything in that line, and a
line that is only `…` for any lines.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import ROOT, Run, need

README = (ROOT / "README.md").read_text()


class Step(NamedTuple):
    commands: str
    expected: str | None


def steps() -> list[Step]:
    pattern = r"^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?"
    found = re.findall(pattern, README, re.MULTILINE | re.DOTALL)
    return [Step(commands, expected or None) for commands, expected in found]


def matches(expected: str, printed: str) -> bool:
    pattern = "".join(
        "(?:.*\n)*" if line == "…\n" else re.escape(line).replace("…", ".*")
        for line in expected.splitlines(keepends=True)
    )
    return re.fullmatch(pattern, printed) is not None


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return what each step prints, standard output and standard error together."""
    for program in ("openssl", "bash"):
        need(program)
    directory = tmp_path_factory.mktemp("reader")
    for name in ("requirements.txt", *(path.name for path in ROOT.glob("make_*.py"))):
        shutil.copy(ROOT / name, directory)
    shutil.copytree(ROOT / "common", directory / "common")
    mark = "end of a step"
    script = "".join(f"{step.commands}echo {mark}\n" for step in steps())
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        # The libraries of this Python are there already, so that pip has nothing to fetch.
        "PYTHONPATH": sysconfig.get_path("purelib"),
        "PIP_NO_INDEX": "1",
    }
    result = subprocess.run(
        ["bash", "-c", script],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
        start_new_session=True,
    )
    *parts, rest = result.stdout.split(f"{mark}\n")
    assert rest == ""
    return parts


@pytest.mark.parametrize("number", range(len(steps())), ids=lambda n: steps()[n].commands[:60])
def test_a_step(number: int, printed: list[str]) -> None:
    expected = steps()[number].expected
    if expected is None:
        assert printed[number] == ""  # a command that prints something shows it
    else:
        assert matches(expected, printed[number]), printed[number]


def test_how_outputs_are_compared() -> None:
    assert matches("a\n…\nb … d\n", "a\nx\ny\nb c d\n")
    assert matches("a\n…\n", "a\n")
    assert not matches("a … c\n", "a\nc\n")
    assert not matches("a\n", "a\nb\n")
    assert not matches("a.\n", "ab\n")


def test_no_shell_block_is_missed() -> None:
    languages = re.findall(r"^```(\w+)$", README, re.MULTILINE)
    assert set(languages) == {"sh", "text", "powershell", "mermaid"}
    assert languages.count("sh") == len(steps()) > 10
    assert languages.count("text") == sum(step.expected is not None for step in steps())


OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*(?![\w-])")


def options_in_tables(start: str, end: str) -> set[str]:
    """Return the options in the first column of the tables of a part of the README."""
    part = README.partition(start)[2].partition(end)[0]
    rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| ")]
    return set(OPTION.findall(" ".join(rows)))


@pytest.mark.parametrize(
    "script", ["make_account_key.py", "make_account_key2.py", "make_certificate_key.py"]
)
def test_options_of_keys_are_those_of_the_help(script: str, run: Run) -> None:
    told = set(OPTION.findall(run(script, "--help").stdout)) - {"-h", "--help"}
    assert options_in_tables("programs that make a key:", "`make_certificate_key.py [") == told


def test_options_of_the_request_are_those_of_the_help(run: Run) -> None:
    told = set(OPTION.findall(run("make_csr.py", "--help").stdout)) - {"-h", "--help"}
    assert options_in_tables("`make_csr.py [NAME …]`:", "`python -m common.show FILE …`") == told


def test_options_of_show(run: Run) -> None:
    told = set(OPTION.findall(run("show", "--help").stdout)) - {"-h", "--help", "-m"}
    part = README.partition("`python -m common.show FILE …`")[2].partition("\n\n")[0]
    assert set(OPTION.findall(part)) == told


def test_every_file_that_is_linked_exists() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
