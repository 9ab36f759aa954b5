"""Files that hold no key make_csr can sign with: one line each, and no request."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ARTICLE, Run, error_of, need, openssl, warnings_of

KEY = (ARTICLE / "rsa2048.key").read_bytes()
LINES = KEY.splitlines(keepends=True)
CSR = (ARTICLE / "rsa2048-example.com.csr").read_bytes()


def made(*arguments: str) -> bytes:
    """Return what an OpenSSL command writes to standard output."""
    need("openssl")
    return subprocess.run(["openssl", *arguments], capture_output=True, check=True).stdout


def write(path: Path, content: bytes | Callable[[], bytes]) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content())


SOURCE = str(ARTICLE / "rsa2048.key")

# The text of the file, and how the error goes on after the file's name.
UNUSABLE: dict[str, tuple[bytes | Callable[[], bytes], str | tuple[str, ...]]] = {
    "empty": (b"", "is empty"),
    "blank": (b"\n \n", "is empty"),
    "text": (b"hello\n", "holds no PEM"),
    "binary": (bytes(range(256)) * 8, "holds no PEM"),
    "cut short": (KEY[:900], "is cut short"),
    "without its end line": (b"".join(LINES[:-1]), "is cut short"),
    "a line lost": (b"".join(LINES[:5] + LINES[6:]), "is damaged"),
    "one character changed": (KEY.replace(b"IEp", b"IEq"), "is damaged"),
    "byte order mark": (b"\xef\xbb\xbf" + KEY, "starts with a byte order mark"),
    "UTF-16": (KEY.decode().encode("utf-16"), "starts with a byte order mark"),
    "two keys": (KEY + KEY, "holds 2 private keys"),
    "request": (CSR, "holds a certificate signing request"),
    "unheard of": (KEY.replace(b"RSA PRIVATE KEY", b"MAGIC"), "holds PEM of the kind MAGIC"),
    "CR alone": (KEY.replace(b"\n", b"\r"), "has CR alone as line ends"),
    "large": (bytes(100_000_000), "has more than"),
    "DER": (lambda: made("pkey", "-in", SOURCE, "-outform", "DER"), "is binary (DER)"),
    "public key": (lambda: made("rsa", "-in", SOURCE, "-pubout"), "holds a public key"),
    "certificate": (
        lambda: made("req", "-x509", "-key", SOURCE, "-subj", "/CN=a"),
        "holds a certificate;",
    ),
    "RSA 1024": (lambda: made("genrsa", "1024"), "is an RSA key of 1024 bits"),
    "RSA-PSS": (
        lambda: made("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"),
        "is neither an RSA nor an EC key",
    ),
    "DSA": (
        lambda: made("dsaparam", "-genkey", "-noout", "1024"),
        "is neither an RSA nor an EC key",
    ),
    "Ed25519": (
        lambda: made("genpkey", "-algorithm", "ED25519"),
        "is neither an RSA nor an EC key",
    ),
    "own curve": (
        lambda: made(
            "ecparam", "-name", "secp256k1", "-param_enc", "explicit", "-genkey", "-noout"
        ),
        # The oldest cryptography does not say which of the two it is.
        ("is a key that no CA accepts", "is damaged"),
    ),
    "encrypted": (
        lambda: made("pkey", "-in", SOURCE, "-aes256", "-passout", "pass:secret"),
        "is encrypted, and there is no terminal to ask for a passphrase on",
    ),
    "encrypted long ago": (
        lambda: made("rsa", "-in", SOURCE, "-traditional", "-des3", "-passout", "pass:secret"),
        "is encrypted, and there is no terminal to ask for a passphrase on",
    ),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_an_unusable_key(kind: str, run: Run, tmp_path: Path) -> None:
    content, message = UNUSABLE[kind]
    write(tmp_path / "bad.key", content)
    error = error_of(run("make_csr.py", "--key", "bad.key"))
    assert error.removeprefix("bad.key: ").startswith(message)
    assert os.listdir(tmp_path) == ["bad.key"]


def test_a_directory(run: Run, tmp_path: Path) -> None:
    assert (
        error_of(run("make_csr.py", "--key", "."))
        == ".: Is a directory; name the private key with --key FILE"
    )


def test_numbers_that_disagree(run: Run, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

    first = load_pem_private_key(KEY, None)
    other = rsa.generate_private_key(65537, 2048)
    assert isinstance(first, rsa.RSAPrivateKey)
    mine, its = first.private_numbers(), other.private_numbers()
    wrong = rsa.RSAPrivateNumbers(
        mine.p, mine.q, its.d, mine.dmp1, mine.dmq1, mine.iqmp, mine.public_numbers
    ).private_key(unsafe_skip_rsa_key_validation=True)
    pem = wrong.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    (tmp_path / "wrong.key").write_bytes(pem)
    assert "wrong.key: is damaged" in error_of(run("make_csr.py", "--key", "wrong.key"))
    assert os.listdir(tmp_path) == ["wrong.key"]


# What Let's Encrypt refuses and another CA may accept.
DOUBTFUL = {
    "RSA 2056": (["genrsa", "2056"], "2056 bits: "),
    "RSA with exponent 3": (["genrsa", "-3", "2048"], "its public exponent is not 65537"),
    "secp256k1": (["ecparam", "-name", "secp256k1", "-genkey"], "the curve secp256k1: "),
    "P-521": (["ecparam", "-name", "secp521r1", "-genkey", "-noout"], "the curve secp521r1: "),
}


@pytest.mark.parametrize("kind", DOUBTFUL)
def test_a_doubtful_key_is_warned_of(kind: str, run: Run, tmp_path: Path) -> None:
    arguments, message = DOUBTFUL[kind]
    (tmp_path / "odd.key").write_bytes(made(*arguments))
    (warning,) = warnings_of(run("make_csr.py", "--key", "odd.key"))
    assert warning.startswith(f"odd.key: {message}")
    openssl("req", "-in", "certificate.csr", "-verify", "-noout", cwd=tmp_path)


USABLE: dict[str, bytes | Callable[[], bytes]] = {
    "CRLF": KEY.replace(b"\n", b"\r\n"),
    "PKCS#8": lambda: made("pkey", "-in", SOURCE),
    "no newline at the end": KEY.rstrip(),
    "notes before": b"Bag Attributes\n  friendlyName: mine\n" + KEY,
    "its request after": KEY + CSR,
    "its request before": CSR + KEY,
}


@pytest.mark.parametrize("kind", USABLE)
def test_other_forms_of_a_key_are_read(kind: str, run: Run, tmp_path: Path) -> None:
    write(tmp_path / "certificate.key", USABLE[kind])
    assert run("make_csr.py", "-q").stderr == ""
    expected = ARTICLE / "rsa2048-api.neoprime.xyz.csr"
    assert (tmp_path / "certificate.csr").read_bytes() == expected.read_bytes()
