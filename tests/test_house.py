"""The layout of the project: what each module imports, and how long it is."""

import ast
import re
from pathlib import Path

import common
from tests.conftest import ROOT

import pytest

pytestmark = pytest.mark.apart

LIBRARIES = {
    "make_account_key.py": {"Crypto"},
    "make_account_key2.py": {"OpenSSL", "cryptography"},
    "make_certificate_key.py": {"Crypto"},
    "make_csr.py": {"OpenSSL", "cryptography"},
}
LISTED = re.findall(r"^    (\w+)  +\S", common.__doc__ or "", re.MULTILINE)
FILES = sorted((ROOT / "common").rglob("*.py"))


def imports(path: Path) -> tuple[set[str], set[str]]:
    """Return the modules of common and the other packages that a file imports anywhere in it."""
    ours, others = set(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "common":
            ours |= {alias.name for alias in node.names} - {"TOP"}
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("common."):
            ours.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.ImportFrom):
            others.add(str(node.module).partition(".")[0])
        elif isinstance(node, ast.Import):
            others |= {alias.name.partition(".")[0] for alias in node.names}
    return ours, others


def test_every_module_is_listed() -> None:
    modules = {path.relative_to(ROOT / "common").parts[0].removesuffix(".py") for path in FILES}
    assert set(LISTED) == modules - {"__init__"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_keeps_to_the_layout(path: Path) -> None:
    """It is small, imports only modules listed above it, and one of the two libraries."""
    module = path.relative_to(ROOT / "common").parts[0].removesuffix(".py")
    ours, others = imports(path)
    above = LISTED[: LISTED.index(module)] if module != "__init__" else ["start"]
    assert ours <= {*above, *(["show"] if module == "show" else [])}
    assert not others >= {"Crypto", "OpenSSL"}
    assert "__future__" not in others
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 250


@pytest.mark.parametrize("script", LIBRARIES)
def test_a_script_keeps_to_the_layout(script: str) -> None:
    """It fits on a screen, teaches one library, and has plain imports at its top, common first."""
    text = (ROOT / script).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 90
    _, others = imports(ROOT / script)
    assert others & {"Crypto", "OpenSSL", "cryptography"} == LIBRARIES[script]
    tree = ast.parse(text)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert tree.body[1 : len(found) + 1] == found
    modules = [getattr(node, "module", "") for node in found]
    assert modules[:2] == ["collections.abc", "common"]
    assert not {"", "__future__", "typing"} & set(modules)
