"""A real CA signs what the scripts make, and refuses what they refuse."""

import sys
from pathlib import Path

from common import passphrase, pem
from course import acme_client, files, pebble
from tests.conftest import Result, Run, environment, error_of, openssl, run_process

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

pytestmark = pytest.mark.apart

CSR, ACCOUNT_KEY, KEY = Path("certificate.csr"), Path("account.key"), Path("example.com.key")


def acme_tiny(ca: pebble.Pebble, account_key: Path) -> Result:
    """Have acme-tiny get the certificate for the request; its standard output is PEM."""
    command = ["acme_tiny", "--account-key", str(account_key), "--csr", str(CSR)]
    command += ["--directory-url", ca.directory_url]
    command += ["--acme-dir", str(ca.challenge_dir), "--disable-check"]
    env = environment(SSL_CERT_FILE=str(pebble.TLS), NO_PROXY="127.0.0.1")
    return run_process([sys.executable, "-m", *command], Path(), env=env)


def issued(ca: pebble.Pebble) -> str:
    """Return the certificate for the request, and its chain; acme-tiny does not do wildcards."""
    key = files.read_account_key(ACCOUNT_KEY, passphrase.Source())
    account = acme_client.Account(key, ca.directory_url, ca.opener)
    csr = x509.load_pem_x509_csr(CSR.read_bytes())
    order = account.order(pem.names(csr))
    for authorization in map(account.read, order["authorizations"]):
        account.prove(authorization, authorization["challenges"][0])
    return account.finalize(order, csr)


def assert_is_certificate(ca: pebble.Pebble, pem: str, key: Path, names: list[str]) -> None:
    """Check that it leads to Pebble's root, for just these names and this key."""
    Path("chain.pem").write_text(pem)
    Path("root.pem").write_text(ca.root)
    verify = ["verify", "-CAfile", "root.pem", "-untrusted", "chain.pem", "chain.pem"]
    assert openssl(*verify, cwd=Path()) == "chain.pem: OK\n"
    certificate = x509.load_pem_x509_certificate(pem.encode())
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert {str(name.value) for name in extension.value} == set(names)
    assert certificate.public_key() == load_pem_private_key(key.read_bytes(), None).public_key()


@pytest.mark.parametrize(
    ("account_script", "kind", "names"),
    [
        ("make_account_key.py", ["--bits", "2048"], ["example.com"]),
        ("make_account_key2.py", ["--curve", "P-384"], [f"{n}.example.com" for n in range(4)]),
    ],
)
def test_acme_tiny_gets_a_certificate(
    account_script: str, kind: list[str], names: list[str], ca: pebble.Pebble, run: Run
) -> None:
    assert run(account_script, "--bits", "2048").returncode == 0
    assert run("make_certificate_key.py", *kind).returncode == 0
    assert run("make_csr.py", "--key", KEY.name, *names).returncode == 0
    result = acme_tiny(ca, ACCOUNT_KEY)
    assert result.returncode == 0, result.stderr
    assert_is_certificate(ca, result.stdout, KEY, names)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["*.münchen.example.com"], ["*.xn--mnchen-3ya.example.com"]),
        (["example.com", "127.0.0.1"], ["example.com", "127.0.0.1"]),
        ([f"{'a' * 60}.example.com"], [f"{'a' * 60}.example.com"]),
    ],
)
def test_a_certificate_for_each_kind_of_name(
    arguments: list[str], names: list[str], ca: pebble.Pebble, key: Path, run: Run
) -> None:
    assert run("make_account_key2.py", "--curve", "P-256").returncode == 0
    assert run("make_csr.py", *arguments).returncode == 0
    assert_is_certificate(ca, issued(ca), key, names)


def test_one_key_for_account_and_certificate(ca: pebble.Pebble, key: Path, run: Run) -> None:
    """RFC 8555 section 11.1: both refuse it."""
    assert "this is the account key" in error_of(run("make_csr.py", "--account-key", key.name))
    assert run("make_csr.py", "example.com").returncode == 0
    result = acme_tiny(ca, key)
    assert "CSR contains a public key for a known account" in result.stderr
