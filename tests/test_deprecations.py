"""No call of ours is deprecated by the libraries that are installed."""

import sys
from importlib.metadata import version
from pathlib import Path

from tests.conftest import ROOT, Result, run_process

import pytest

COMMANDS = [
    ["make_account_key.py", "--bits", "2048"],
    ["make_account_key.py", "--curve", "P-256", "--out", "p256.key"],
    ["make_account_key2.py", "--bits", "2048", "--out", "account2.key"],
    ["make_account_key2.py", "--curve", "P-384", "--out", "certificate.key"],
    ["make_csr.py", "münchen.example", "*.example.org", "192.0.2.1", "--email", "me@example.org"],
]


def with_warnings(command: list[str], directory: Path) -> Result:
    """Run a command in a process of its own, with every warning of its imports too shown."""
    return run_process([sys.executable, "-W", "always", *command], directory)


def test_nothing_is_deprecated(tmp_path: Path) -> None:
    for script, *arguments in COMMANDS:
        result = with_warnings([str(ROOT / script), *arguments], tmp_path)
        libraries = ", ".join(
            f"{name} {version(name)}" for name in ("pyOpenSSL", "cryptography", "pycryptodome")
        )
        assert result.returncode == 0, result.stderr
        assert "DeprecationWarning" not in result.stderr, (
            f"{script} makes a call that will go away ({libraries}). Find what replaces it in the "
            "library's changelog, use that, and see that `tox` passes on the oldest versions too."
        )


@pytest.mark.parametrize("kind", ["DeprecationWarning", "PendingDeprecationWarning"])
def test_a_deprecation_would_be_seen(kind: str, tmp_path: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import warnings; "
    code += "from common import console; "
    code += f"console.run(lambda: warnings.warn('it goes', {kind}) or 0)"
    assert f"{kind}: it goes" in with_warnings(["-c", code], tmp_path).stderr
