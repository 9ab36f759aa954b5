"""Other programs and libraries read the same in a request and a key.

Go, Pebble's language, reads them in test_pebble, and cryptography in most tests.
"""

import re
from collections.abc import Callable
from pathlib import Path

from tests.conftest import (
    KEY_SCRIPTS,
    SECRET,
    Run,
    need,
    openssl,
    run_process,
    shell,
    with_a_change,
)

import pytest
from Crypto.PublicKey import ECC, RSA

pytestmark = pytest.mark.posix(reason="certtool, OpenSSL on the PATH")

EMAIL = "hostmaster@example.com"
NAMES = ["example.com", "*.example.com", "xn--mnchen-3ya.example.com", "192.0.2.1", "2001:db8::1"]
SUBJECT = {"emailAddress": EMAIL, "CN": "example.com"}

Reading = tuple[dict[str, str], list[str]]


def certtool(*arguments: str) -> str:
    need("certtool")
    result = run_process(["certtool", *arguments], Path())
    assert result.returncode == 0, result.stderr
    return result.stdout


def by_openssl(csr: str) -> Reading:
    result = shell(f"openssl req -in {csr} -verify -text -noout", Path())
    # OpenSSL 3.5 and later say it on standard output; the exit status is 0 either way.
    assert "verify OK" in result.stdout + result.stderr
    subject = dict(re.findall(r"(emailAddress|CN) ?= ?([^,\n]+)", result.stdout))
    listed = re.search(r"Subject Alternative Name: ?\n +(.*)", result.stdout)
    assert listed
    found = re.findall(r"(?:DNS|IP Address):([^, ]+)", listed[1])
    # OpenSSL writes IPv6 addresses out.
    return subject, [name.replace("2001:DB8:0:0:0:0:0:1", "2001:db8::1") for name in found]


def by_gnutls(csr: str) -> Reading:
    shown = certtool("--crq-info", "--infile", csr)
    assert "Self signature: verified" in shown
    subject = re.search(r"Subject: (.*)", shown)
    assert subject
    # GnuTLS writes the most specific part first, as RFC 4514 has it.
    parts = [part.split("=") for part in reversed(subject[1].split(","))]
    found = re.findall(r"(?:DNSname|IPAddress): (\S+)", shown)
    return {"emailAddress" if name == "EMAIL" else name: value for name, value in parts}, found


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("reader", [by_openssl, by_gnutls])
def test_a_request(reader: Callable[[str], Reading], run: Run) -> None:
    assert run("make_csr.py", *NAMES, "--email", EMAIL).returncode == 0
    subject, names = reader("certificate.csr")
    assert subject == SUBJECT
    assert list(subject) == ["emailAddress", "CN"]
    assert names == NAMES
    lines = Path("certificate.csr").read_text().splitlines()
    lines[-2] = with_a_change(lines[-2])  # of the signature
    Path("changed.csr").write_text("\n".join(lines) + "\n")
    with pytest.raises(AssertionError):
        reader("changed.csr")


def key_by_openssl(path: str, secret: str | None) -> str:
    passphrase = ["-passin", "file:secret"] if secret else []
    assert openssl("pkey", "-in", path, "-check", "-noout", *passphrase, cwd=Path())
    return openssl("pkey", "-in", path, "-pubout", *passphrase, cwd=Path())


def key_by_gnutls(path: str, secret: str | None) -> str:
    password = ["--password", secret] if secret else []
    certtool("--load-privkey", path, "--pubkey-info", "--outfile", "gnutls.pub", *password)
    return re.sub(r"(?s).*(?=-----BEGIN)", "", Path("gnutls.pub").read_text())


def key_by_pycryptodome(path: str, secret: str | None) -> str:
    text = Path(path).read_bytes()
    importer = RSA if len(text) > 1000 else ECC
    passphrase = secret.encode() if secret else None
    exported = importer.import_key(text, passphrase).public_key().export_key(format="PEM")
    return (exported if isinstance(exported, str) else exported.decode()) + "\n"


KINDS = (["--bits", "2048"], ["--curve", "P-256"], ["--curve", "P-384"])


@pytest.mark.parametrize(
    ("script", "kind", "secret"),
    [
        *[(script, kind, None) for script in KEY_SCRIPTS for kind in KINDS],
        *[("make_account_key.py", kind, SECRET) for kind in KINDS[:2]],
    ],
)
def test_a_key(
    script: str, kind: list[str], secret: str | None, run: Run, secret_file: str
) -> None:
    options = ["--passphrase-file", secret_file] if secret else []
    assert run(script, *kind, *options, "--out", "my.key").returncode == 0
    readers = (key_by_openssl, key_by_gnutls, key_by_pycryptodome)
    read = [reader("my.key", secret) for reader in readers]
    assert read[0].startswith("-----BEGIN PUBLIC KEY-----\n")
    assert read == [read[0]] * len(readers)
