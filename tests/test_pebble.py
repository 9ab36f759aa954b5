"""A real CA signs what the scripts make, and refuses what they refuse."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from common import jwk
from course import acme_client, pebble
from tests.conftest import Result, Run, error_of, openssl, with_a_change

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

pytestmark = pytest.mark.apart


def acme_tiny(ca: pebble.Pebble, account_key: Path, csr: Path) -> Result:
    """Have acme-tiny get the certificate for a request; it is on its standard output, in PEM."""
    command = ["acme_tiny", "--account-key", str(account_key), "--csr", str(csr)]
    command += ["--directory-url", ca.directory_url]
    command += ["--acme-dir", str(ca.challenge_dir), "--disable-check"]
    return subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, "SSL_CERT_FILE": str(pebble.TLS), "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def by_dns(ca: pebble.Pebble, account_key: Path, csr_file: Path) -> Result:
    """Get the certificate by DNS-01 for domain names, wildcards too, by HTTP-01 for addresses."""

    def tell_dns(command: str, **record: str) -> None:
        ca.opener.open(f"{ca.dns_url}/{command}", json.dumps(record).encode()).close()

    csr = x509.load_pem_x509_csr(csr_file.read_bytes())
    try:
        key = acme_client.account_key(load_pem_private_key(account_key.read_bytes(), None))
        account = acme_client.Account(key, ca.directory_url, ca.opener)
        order = account.order(acme_client.names_of(csr))
        for authorization in map(account.read, order["authorizations"]):
            kinds = {challenge["type"]: challenge for challenge in authorization["challenges"]}
            challenge = kinds.get("dns-01") or kinds["http-01"]
            content = f"{challenge['token']}.{account.thumbprint}"
            (ca.challenge_dir / challenge["token"]).write_text(content)
            record = jwk.base64url(hashlib.sha256(content.encode()).digest())
            host = f"_acme-challenge.{authorization['identifier']['value']}."  # section 8.4
            tell_dns("clear-txt", host=host)
            tell_dns("set-txt", host=host, value=record)
            account.prove(authorization, challenge)
        return Result([], 0, account.finalize(order, csr), "")
    except acme_client.Problem as problem:
        return Result([], 1, "", str(problem))


def assert_is_certificate(ca: pebble.Pebble, issued: Result, key: Path, names: list[str]) -> None:
    """Check that it leads to Pebble's root, for just these names and this key."""
    assert issued.returncode == 0, issued.stderr
    # Boulder checks this (csr/csr.go), Pebble does not.
    assert x509.load_pem_x509_csr((key.parent / "certificate.csr").read_bytes()).is_signature_valid
    chain, root = key.parent / "chain.pem", key.parent / "root.pem"
    chain.write_text(issued.stdout)
    root.write_text(ca.root)
    verify = ["verify", "-CAfile", str(root), "-untrusted", str(chain), str(chain)]
    assert openssl(*verify, cwd=key.parent) == f"{chain}: OK\n"
    signed = x509.load_pem_x509_certificate(chain.read_bytes())
    extension = signed.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert {str(name.value) for name in extension.value} == set(names)
    private_key = load_pem_private_key(key.read_bytes(), None)
    assert signed.public_key() == private_key.public_key()
    serial = f"{signed.serial_number:x}"
    serial = serial.zfill(len(serial) + len(serial) % 2)  # whole octets
    assert f"Issued certificate serial {serial}" in ca.log.read_text()


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
    issued = acme_tiny(ca, Path("account.key"), Path("certificate.csr"))
    assert_is_certificate(ca, issued, Path("example.com.key"), names)


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
def test_a_certificate_by_dns(
    arguments: list[str], names: list[str], ca: pebble.Pebble, key: Path, run: Run, tmp_path: Path
) -> None:
    assert run("make_account_key2.py", "--curve", "P-256").returncode == 0
    assert run("make_csr.py", *arguments).returncode == 0
    issued = by_dns(ca, tmp_path / "account.key", tmp_path / "certificate.csr")
    assert_is_certificate(ca, issued, key, names)


def test_one_key_for_account_and_certificate(ca: pebble.Pebble, key: Path, run: Run) -> None:
    """RFC 8555 section 11.1: both refuse it."""
    assert "this is the account key" in error_of(run("make_csr.py", "--account-key", key.name))
    assert run("make_csr.py", "example.com", "--account-key", "none").returncode == 0
    issued = acme_tiny(ca, key, Path("certificate.csr"))
    assert issued.returncode != 0
    assert "CSR contains a public key for a known account" in issued.stderr


@pytest.mark.parametrize("line", [1, 8, -2])
def test_a_changed_byte_shows(
    line: int, ca: pebble.Pebble, key: Path, account_key: Path, run: Run, tmp_path: Path
) -> None:
    """In the names, the key or the signature: no certificate, or one that is not as it should."""
    assert run("make_csr.py", "example.com").returncode == 0
    csr = tmp_path / "certificate.csr"
    lines = csr.read_text().splitlines()
    lines[line] = with_a_change(lines[line])
    csr.write_text("\n".join(lines) + "\n")
    issued = acme_tiny(ca, account_key, csr)
    with pytest.raises((AssertionError, ValueError)):
        assert_is_certificate(ca, issued, key, ["example.com"])
