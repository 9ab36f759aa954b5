"""A real CA signs what the scripts make, and refuses what they refuse."""

import sys
from pathlib import Path

from course import acme_client, pebble
from tests.conftest import Result, Run, environment, error_of, openssl, run_process, with_a_change

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

pytestmark = pytest.mark.apart


def acme_tiny(ca: pebble.Pebble, account_key: Path, csr: Path) -> Result:
    """Have acme-tiny get the certificate for a request; it is on its standard output, in PEM."""
    command = ["acme_tiny", "--account-key", str(account_key), "--csr", str(csr)]
    command += ["--directory-url", ca.directory_url]
    command += ["--acme-dir", str(ca.challenge_dir), "--disable-check"]
    env = environment(SSL_CERT_FILE=str(pebble.TLS), NO_PROXY="127.0.0.1")
    return run_process([sys.executable, "-m", *command], Path(), env=env)


def issued(ca: pebble.Pebble, account_key: Path, csr_file: Path) -> str:
    """Return the certificate for a request, and its chain, in PEM; acme-tiny has no wildcards."""
    key = acme_client.account_key(load_pem_private_key(account_key.read_bytes(), None))
    account = acme_client.Account(key, ca.directory_url, ca.opener)
    csr = x509.load_pem_x509_csr(csr_file.read_bytes())
    order = account.order(acme_client.names_of(csr))
    for authorization in map(account.read, order["authorizations"]):
        account.prove(authorization, authorization["challenges"][0])
    return account.finalize(order, csr)


def assert_is_certificate(ca: pebble.Pebble, pem: str, key: Path, names: list[str]) -> None:
    """Check that it leads to Pebble's root, for just these names and this key."""
    # Boulder checks this (csr/csr.go), Pebble does not.
    assert x509.load_pem_x509_csr((key.parent / "certificate.csr").read_bytes()).is_signature_valid
    chain, root = key.parent / "chain.pem", key.parent / "root.pem"
    chain.write_text(pem)
    root.write_text(ca.root)
    verify = ["verify", "-CAfile", str(root), "-untrusted", str(chain), str(chain)]
    assert openssl(*verify, cwd=key.parent) == f"{chain}: OK\n"
    signed = x509.load_pem_x509_certificate(chain.read_bytes())
    extension = signed.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert {str(name.value) for name in extension.value} == set(names)
    private_key = load_pem_private_key(key.read_bytes(), None)
    assert signed.public_key() == private_key.public_key()


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
    assert run("make_csr.py", "--key", "example.com.key", *names).returncode == 0
    result = acme_tiny(ca, Path("account.key"), Path("certificate.csr"))
    assert result.returncode == 0, result.stderr
    assert_is_certificate(ca, result.stdout, Path("example.com.key"), names)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (
            ["münchen.example.com", "*.münchen.example.com"],
            ["xn--mnchen-3ya.example.com", "*.xn--mnchen-3ya.example.com"],
        ),
        (["example.com", "127.0.0.1"], ["example.com", "127.0.0.1"]),
        ([f"{'a' * 60}.example.com"], [f"{'a' * 60}.example.com"]),
        (["example.com", "--email", "me@example.com"], ["example.com"]),
    ],
)
def test_a_certificate_for_each_kind_of_name(
    arguments: list[str], names: list[str], ca: pebble.Pebble, key: Path, run: Run, tmp_path: Path
) -> None:
    assert run("make_account_key2.py", "--curve", "P-256").returncode == 0
    assert run("make_csr.py", *arguments).returncode == 0
    pem = issued(ca, tmp_path / "account.key", tmp_path / "certificate.csr")
    assert_is_certificate(ca, pem, key, names)


def test_one_key_for_account_and_certificate(ca: pebble.Pebble, key: Path, run: Run) -> None:
    """RFC 8555 section 11.1: both refuse it."""
    assert "this is the account key" in error_of(run("make_csr.py", "--account-key", key.name))
    assert run("make_csr.py", "example.com").returncode == 0
    result = acme_tiny(ca, key, Path("certificate.csr"))
    assert result.returncode != 0
    assert "CSR contains a public key for a known account" in result.stderr


@pytest.mark.parametrize("line", [1, 8, -2])
def test_a_changed_byte_shows(
    line: int, ca: pebble.Pebble, key: Path, account_key: Path, run: Run, tmp_path: Path
) -> None:
    """In the names, the key or the signature: no certificate, or one that is wrong."""
    assert run("make_csr.py", "example.com").returncode == 0
    csr = tmp_path / "certificate.csr"
    lines = csr.read_text().splitlines()
    lines[line] = with_a_change(lines[line])
    csr.write_text("\n".join(lines) + "\n")
    with pytest.raises((AssertionError, ValueError, acme_client.Problem)):
        assert_is_certificate(ca, issued(ca, account_key, csr), key, ["example.com"])
