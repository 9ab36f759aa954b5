"""All that the scripts say on success, to the last character, is in data/said."""

import importlib
import re
from pathlib import Path

from tests.conftest import ROOT, Patch, Run, pem_of, private_key

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

PAGES = sorted((ROOT / "tests" / "data" / "said").glob("*.txt"))


@pytest.mark.posix(reason="modes, and a shell's quotes")
@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_is_said(page: Path, run: Run, secret_file: str, monkeypatch: Patch) -> None:
    typed, expected = page.read_text("utf-8").split("\n", 1)
    script, *arguments = typed.removeprefix("$ ").split()
    if script != "make_csr.py":  # any key will do

        def create_key(bits: int, curve: str | None) -> bytes:
            is_pkcs8 = curve or script == "make_account_key2.py"
            form = PrivateFormat.PKCS8 if is_pkcs8 else PrivateFormat.TraditionalOpenSSL
            return pem_of(private_key(curve or 2048), form=form)

        module = importlib.import_module(script.removesuffix(".py"))
        monkeypatch.setattr(module, "create_key", create_key)
    result = run(script, *arguments)
    assert result.returncode == 0, result.stderr
    said = re.sub(r"Next: .*?(make_\w+\.py|show) ", r"Next: … \1 ", result.stderr)
    assert said == expected
    assert ("BEGIN " in result.stdout) == (arguments[-2:] == ["--out", "-"])


@pytest.mark.parametrize("name", ["make_certificate_key.DOMAIN_NAME", "make_csr.KEY_FILE"])
def test_help_has_the_constants_as_they_are(name: str, run: Run, monkeypatch: Patch) -> None:
    """Readers edit them."""
    monkeypatch.setattr(name, "100%.org")
    shown = run(name.partition(".")[0], "--help").stdout
    assert re.search(r"(?s)\s100%\.org\).*\n\nexit status: 0 on success, 1 ", shown)
