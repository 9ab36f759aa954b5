"""Other programs and libraries read the same in a request and a key.

Go, Pebble's language, reads them in test_pebble.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from Crypto.PublicKey import RSA
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.conftest import Run, need, openssl, shell, with_a_change

EMAIL = "hostmaster@example.com"
NAMES = ["example.com", "*.example.com", "xn--mnchen-3ya.example.com", "192.0.2.1", "2001:db8::1"]
SUBJECT = {"emailAddress": EMAIL, "CN": "example.com"}

Reading = tuple[dict[str, str], list[str]]


def certtool(*arguments: str, cwd: Path) -> str:
    need("certtool")
    result = subprocess.run(
        ["certtool", *arguments], cwd=cwd, capture_output=True, text=True, check=True
    )
    return result.stdout


def addresses(text: str) -> str:
    """Return an address of OpenSSL's, which writes IPv6 out, as others write it."""
    return "2001:db8::1" if text == "2001:DB8:0:0:0:0:0:1" else text


def by_openssl(csr: Path) -> Reading:
    result = shell(f"openssl req -in {csr} -verify -text -noout", csr.parent)
    assert "verify OK" in result.stderr  # the exit status is 0 either way
    shown = result.stdout
    subject = dict(re.findall(r"(emailAddress|CN) = ([^,\n]+)", shown))
    listed = re.search(r"Subject Alternative Name: \n +(.*)", shown)
    assert listed
    found = re.findall(r"(?:DNS|IP Address):([^, ]+)", listed[1])
    return subject, [addresses(name) for name in found]


def by_gnutls(csr: Path) -> Reading:
    shown = certtool("--crq-info", "--infile", str(csr), cwd=csr.parent)
    assert "Self signature: verified" in shown
    subject = re.search(r"Subject: (.*)", shown)
    assert subject
    # GnuTLS writes the most specific part first, as RFC 4514 has it.
    parts = [part.split("=") for part in reversed(subject[1].split(","))]
    found = re.findall(r"(?:DNSname|IPAddress): (\S+)", shown)
    return {"emailAddress" if name == "EMAIL" else name: value for name, value in parts}, found


def by_cryptography(csr: Path) -> Reading:
    read = x509.load_pem_x509_csr(csr.read_bytes())
    assert read.is_signature_valid
    short = {x509.NameOID.EMAIL_ADDRESS: "emailAddress", x509.NameOID.COMMON_NAME: "CN"}
    subject = {short[attribute.oid]: str(attribute.value) for attribute in read.subject}
    extension = read.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return subject, [str(name.value) for name in extension.value]


READERS = [by_openssl, by_gnutls, by_cryptography]


@pytest.fixture
def csr(key: Path, run: Run, tmp_path: Path) -> Path:
    assert run("make_csr.py", *NAMES, "--email", EMAIL).returncode == 0
    return tmp_path / "certificate.csr"


@pytest.mark.parametrize("reader", READERS)
def test_a_request(reader: Callable[[Path], Reading], csr: Path) -> None:
    subject, names = reader(csr)
    assert subject == SUBJECT
    assert list(subject) == ["emailAddress", "CN"]
    assert names == NAMES


@pytest.mark.parametrize("reader", READERS)
def test_a_changed_byte_in_a_request(reader: Callable[[Path], Reading], csr: Path) -> None:
    lines = csr.read_text().splitlines()
    lines[-2] = with_a_change(lines[-2])
    csr.write_text("\n".join(lines) + "\n")
    with pytest.raises((AssertionError, ValueError, subprocess.CalledProcessError)):
        assert reader(csr) == (SUBJECT, NAMES)


def modulus_by_openssl(key: Path) -> int:
    assert "RSA key ok" in openssl("rsa", "-in", str(key), "-check", "-noout", cwd=key.parent)
    shown = openssl("rsa", "-in", str(key), "-modulus", "-noout", cwd=key.parent)
    return int(shown.removeprefix("Modulus="), 16)


def modulus_by_gnutls(key: Path) -> int:
    shown = certtool("--key-info", "--infile", str(key), cwd=key.parent)
    digits = re.search(r"modulus:\n((?:\t[0-9a-f:]+\n)+)", shown)
    assert digits
    return int(re.sub(r"[^0-9a-f]", "", digits[1]), 16)


def modulus_by_cryptography(key: Path) -> int:
    read = load_pem_private_key(key.read_bytes(), None)
    return int(read.private_numbers().public_numbers.n)  # type: ignore[union-attr]


def modulus_by_pycryptodome(key: Path) -> int:
    return int(RSA.import_key(key.read_bytes()).n)


KEY_READERS = [
    modulus_by_openssl,
    modulus_by_gnutls,
    modulus_by_cryptography,
    modulus_by_pycryptodome,
]


@pytest.mark.parametrize("reader", KEY_READERS)
@pytest.mark.parametrize("script", ["make_account_key.py", "make_account_key2.py"])
def test_a_key(script: str, reader: Callable[[Path], int], run: Run, tmp_path: Path) -> None:
    assert run(script, "--bits", "2048").returncode == 0
    key = tmp_path / "account.key"
    assert reader(key) == modulus_by_openssl(key)


@pytest.mark.parametrize("reader", KEY_READERS)
def test_a_changed_byte_in_a_key(reader: Callable[[Path], int], key: Path) -> None:
    before = reader(key)
    lines = key.read_text().splitlines()
    lines[3] = with_a_change(lines[3])
    key.write_text("\n".join(lines) + "\n")
    try:
        after = reader(key)
    except (AssertionError, ValueError, subprocess.CalledProcessError):
        return
    assert after != before
