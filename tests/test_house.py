"""The order of the house: what imports what, and what lies where."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import common
from tests.conftest import ROOT

SCRIPTS = {
    "make_account_key.py": {"Crypto"},
    "make_account_key2.py": {"OpenSSL", "cryptography"},
    "make_certificate_key.py": {"Crypto"},
    "make_csr.py": {"OpenSSL", "cryptography"},
}
LIBRARIES = {"Crypto", "OpenSSL"}


def imports(path: Path) -> tuple[set[str], set[str]]:
    """Return the modules of common and the other packages that a file imports anywhere in it."""
    ours, others = set(), set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "common":
            ours |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("common."):
            ours.add(str(node.module).removeprefix("common."))
        elif isinstance(node, ast.ImportFrom):
            others.add(str(node.module).partition(".")[0])
        elif isinstance(node, ast.Import):
            others |= {alias.name.partition(".")[0] for alias in node.names}
    return ours, others


def listed() -> list[str]:
    return re.findall(r"^    (\w+)  +\S", common.__doc__ or "", re.MULTILINE)


def test_every_module_is_listed() -> None:
    modules = {path.stem for path in (ROOT / "common").glob("*.py")} - {"__init__"}
    assert set(listed()) == modules


@pytest.mark.parametrize("module", listed())
def test_a_module_imports_only_what_stands_above_it(module: str) -> None:
    ours, others = imports(ROOT / "common" / f"{module}.py")
    assert ours <= set(listed()[: listed().index(module)])
    assert not others >= LIBRARIES


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_teaches_one_library(script: str) -> None:
    _, others = imports(ROOT / script)
    assert others & (LIBRARIES | {"cryptography"}) == SCRIPTS[script]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_fits_a_screen(script: str) -> None:
    assert len((ROOT / script).read_text().splitlines()) <= 90
