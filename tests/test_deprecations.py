"""No call of ours is deprecated by the libraries that are installed."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.conftest import ROOT

COMMANDS = [
    ["make_account_key.py", "--bits", "2048"],
    ["make_account_key2.py", "--bits", "2048", "--out", "account2.key"],
    ["make_certificate_key.py", "--bits", "2048", "--out", "certificate.key"],
    ["make_csr.py", "münchen.example", "*.example.org", "192.0.2.1", "--email", "me@example.org"],
]


def deprecations(command: list[str], directory: Path) -> list[str]:
    """Run a command with every warning shown, and return those of something deprecated."""
    result = subprocess.run(
        [sys.executable, "-W", "always", *command],
        cwd=directory,
        capture_output=True,
        text=True,
        check=True,
    )
    return re.findall(r"\w*DeprecationWarning: .*", result.stderr)


def test_nothing_is_deprecated(tmp_path: Path) -> None:
    for script, *arguments in COMMANDS:
        found = deprecations([str(ROOT / script), *arguments], tmp_path)
        libraries = ", ".join(
            f"{name} {version(name)}" for name in ("pyOpenSSL", "cryptography", "pycryptodome")
        )
        assert not found, (
            f"{script} makes a call that will go away ({libraries}). Find what replaces it in the "
            "library's changelog, use that, see that `tox` passes on the oldest versions too, and "
            "add a line to the table in README.md."
        )


@pytest.mark.parametrize("kind", ["DeprecationWarning", "PendingDeprecationWarning"])
def test_a_warning_would_be_seen(kind: str, tmp_path: Path) -> None:
    code = f"import warnings; warnings.warn('it goes', {kind})"
    assert len(deprecations(["-c", code], tmp_path)) == 1
