"""The layout of the project: what each module imports, and how long it is."""

import ast
import re
from pathlib import Path

import common.show
import course
from tests.conftest import KEY_SCRIPTS, ROOT, SCRIPTS

import pytest

pytestmark = pytest.mark.apart

ORDER = [["common", "TOP"]]  # then each module, which imports only what is above it
for package in (common, common.show, course):
    listed = re.findall(r"^    (\w+)  +\S", package.__doc__ or "", re.MULTILINE)
    ORDER += [[*package.__name__.split("."), name] for name in listed if name != "show"]
MODULES = sorted([*(ROOT / "common").rglob("*.py"), *(ROOT / "course").glob("*.py")])


def imported(text: str) -> list[list[str]]:
    """Return the parts of each dotted name that Python code imports, anywhere in it."""
    found = list[str]()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            package = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            found += [package + alias.name for alias in node.names]
    return [name.split(".") for name in found]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_keeps_to_the_layout(path: Path) -> None:
    """It is listed and small, imports only modules listed above it, and one of two libraries."""
    text = path.read_text(encoding="utf-8")
    module = [*path.relative_to(ROOT).with_suffix("").parts]
    above = [["common", "start"]] if module[-1] == "__init__" else ORDER[: ORDER.index(module)]
    ours = [names for names in imported(text) if names[0] in ("common", "course") and names[1:]]
    assert [names for names in ours if names not in above and names[:-1] not in above] == []
    packages = {package for package, *_ in imported(text)}
    assert not packages >= {"Crypto", "OpenSSL"}
    assert len(text.splitlines()) <= 250


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_keeps_to_the_layout(script: str) -> None:
    """It fits on a screen, teaches one library, and has plain imports at its top, common first."""
    text = (ROOT / script).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 90
    packages = [package for package, *_ in imported(text)]
    one = {"Crypto"} if script in KEY_SCRIPTS[::2] else {"OpenSSL", "cryptography"}
    assert {"Crypto", "OpenSSL", "cryptography"} & set(packages) == one
    assert packages[:2] == ["collections", "common"]
    tree = ast.parse(text)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert tree.body[1 : len(found) + 1] == found
