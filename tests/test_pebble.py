"""acme-tiny, a client of others, gets a certificate for what the scripts make from a real CA."""

import shutil
import sys
from pathlib import Path

from course import pebble
from tests.conftest import Run, environment, run_process

import pytest
from cryptography import x509

pytestmark = pytest.mark.apart


def test_pebble_knows_its_settings(ca: pebble.Pebble) -> None:
    program = Path(str(shutil.which("pebble"))).read_bytes()
    for name, value in pebble.SETTLED.items():
        assert name.encode() in program
        assert value in ("0", "1")


def test_acme_tiny_gets_a_certificate(ca: pebble.Pebble, run: Run) -> None:
    """For exactly these names. The first is too long for a common name."""
    names = [f"{'a' * 60}.example.com", "xn--mnchen-3ya.example"]
    assert run("make_account_key.py", "--bits", "2048").returncode == 0
    assert run("make_certificate_key.py", "--curve", "P-384", names[0]).returncode == 0
    assert run("make_csr.py", *names).returncode == 0
    command = "acme_tiny --account-key account.key --csr certificate.csr --directory-url "
    command += f"{ca.directory_url} --acme-dir {ca.challenge_dir} --disable-check"
    env = environment(SSL_CERT_FILE=str(pebble.TLS), NO_PROXY="127.0.0.1")
    result = run_process([sys.executable, "-m", *command.split()], Path(), env=env)
    assert result.returncode == 0, result.stderr
    certificate = x509.load_pem_x509_certificate(result.stdout.encode())
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert set(extension.value.get_values_for_type(x509.DNSName)) == set(names)
