"""Keys beyond the article: ECDSA, and encrypted ones."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from Crypto.PublicKey import ECC, RSA
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.hazmat.primitives.serialization import load_pem_private_key as load

from tests import pebble
from tests.conftest import (
    ARTICLE,
    ROOT,
    Run,
    error_of,
    need,
    on_a_terminal,
    openssl,
    shell,
    twins,
    warnings_of,
)
from tests.test_pebble import assert_is_certificate

SCRIPTS = ["make_account_key.py", "make_account_key2.py", "make_certificate_key.py"]
SECRET = "correct horse; battery $taple ü"

KINDS = {
    "RSA 2048": (["--bits", "2048"], "RSA private key, 2048 bits", "sha256WithRSAEncryption"),
    "P-256": (["--curve", "P-256"], "ECDSA private key, P-256", "ecdsa-with-SHA256"),
    "P-384": (["--curve", "P-384"], "ECDSA private key, P-384", "ecdsa-with-SHA384"),
}


@pytest.fixture
def secret_file(tmp_path: Path) -> str:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\nand another line\n")
    path.chmod(0o600)
    return path.name


def assert_opens_everywhere(key: Path, secret: str | None) -> None:
    """Check that other programs and libraries read the key, and read the same in it."""
    password = ["-passin", f"file:{key.parent / secret}"] if secret else []
    opened = ["pkey", "-in", str(key), *password]
    assert openssl(*opened, "-check", "-noout", cwd=key.parent) == "Key is valid\n"
    public = openssl(*opened, "-pubout", cwd=key.parent)

    plain = SECRET.encode() if secret else None
    read = load(key.read_bytes(), plain)
    encoded = read.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert encoded.decode() == public

    importer = RSA if "rsa" in type(read).__name__.lower() else ECC
    imported = importer.import_key(key.read_bytes(), passphrase=plain)
    exported = imported.public_key().export_key(format="PEM")
    assert (exported if isinstance(exported, str) else exported.decode()) + "\n" == public

    need("certtool")
    gnutls = subprocess.run(
        ["certtool", "--load-privkey", str(key), "--pubkey-info", "--outfile", "gnutls.pub"]
        + (["--password", SECRET] if secret else []),
        cwd=key.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert gnutls.returncode == 0, gnutls.stderr
    assert (key.parent / "gnutls.pub").read_text().endswith(public)


@pytest.mark.parametrize("encrypt", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_key_from_script_to_certificate(
    script: str,
    kind: str,
    encrypt: bool,
    secret_file: str,
    ca: pebble.Pebble,
    account_key: Path,
    run: Run,
    tmp_path: Path,
) -> None:
    options, told, algorithm = KINDS[kind]
    passphrase = ["--passphrase-file", secret_file] if encrypt else []
    made = run(script, *options, *passphrase, "--out", "my.key")
    assert made.returncode == 0, made.stderr
    assert told in made.stderr
    assert ("encrypted" in made.stderr) == encrypt
    key = tmp_path / "my.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_bytes().endswith(b"-----\n")
    assert_opens_everywhere(key, secret_file if encrypt else None)

    password = ["-passin", f"file:{secret_file}"] if encrypt else []
    public = openssl("pkey", "-in", "my.key", "-pubout", *password, cwd=tmp_path)
    assert run("show", "--public", "my.key", *passphrase).stdout == public

    request = run("make_csr.py", "example.com", "--key", "my.key", *passphrase)
    assert request.returncode == 0, request.stderr
    shown = shell("openssl req -in certificate.csr -verify -text -noout", tmp_path)
    assert "verify OK" in shown.stderr
    assert f"Signature Algorithm: {algorithm}\n" in shown.stdout

    issued = pebble.acme_tiny(ca, account_key, tmp_path / "certificate.csr")
    plain = tmp_path / "plain.key"
    openssl("pkey", "-in", "my.key", *password, "-out", plain.name, cwd=tmp_path)
    assert_is_certificate(ca, issued, plain, ["example.com"])


@pytest.mark.parametrize("curve", ["P-256", "P-384"])
@pytest.mark.parametrize("script", ["make_account_key.py", "make_account_key2.py"])
def test_an_ecdsa_account_key(
    script: str, curve: str, ca: pebble.Pebble, key: Path, run: Run, tmp_path: Path
) -> None:
    assert run(script, "--curve", curve).returncode == 0
    assert run("make_csr.py", "example.com").returncode == 0
    issued = pebble.acme_library(ca, tmp_path / "account.key", tmp_path / "certificate.csr")
    assert_is_certificate(ca, issued, key, ["example.com"])


@pytest.mark.parametrize("script", SCRIPTS)
def test_how_a_key_is_encrypted(script: str, secret_file: str, run: Run, tmp_path: Path) -> None:
    options = ["--bits", "2048", "--passphrase-file", secret_file, "--out", "my.key"]
    assert run(script, *options).returncode == 0
    text = (tmp_path / "my.key").read_text()
    assert text.startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    parsed = openssl("asn1parse", "-in", "my.key", cwd=tmp_path)
    for word in (":PBES2", ":PBKDF2", ":hmacWithSHA512", ":aes-256-cbc", f":{220_000:06X}"):
        assert word in parsed
    inner = ["pkcs8", "-topk8", "-nocrypt", "-in", "my.key", "-passin", f"file:{secret_file}"]
    inner += ["-outform", "DER"]
    openssl(*inner, "-out", "plain.der", cwd=tmp_path)
    shown = openssl("asn1parse", "-in", "plain.der", "-inform", "DER", cwd=tmp_path)
    assert "NULL" in shown.splitlines()[4]  # RFC 8017: the parameters of an RSA key


def test_each_encryption_has_a_salt_of_its_own(secret_file: str, run: Run) -> None:
    options = ["--curve", "P-256", "--passphrase-file", secret_file, "--out", "-"]
    first, second = (run("make_account_key.py", *options).stdout for _ in range(2))
    assert first[60:110] != second[60:110]


@pytest.mark.parametrize("options", [["--bits", "2048"], ["--curve", "P-256"]])
@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("encrypt", [False, True])
def test_twins(
    encrypt: bool, options: list[str], script: str, secret_file: str, run: Run, tmp_path: Path
) -> None:
    need("openssl")
    passphrase = ["--passphrase-file", secret_file] if encrypt else []
    make, view, extract = twins(run(script, *options, *passphrase, "--out", "my.key"))
    answers = [SECRET] if encrypt else []

    status, viewed = on_a_terminal(["sh", "-c", view], tmp_path, *answers)
    assert status == 0
    assert "RSA key ok" in viewed or "Key is valid" in viewed
    assert on_a_terminal(["sh", "-c", extract], tmp_path, *answers)[0] == 0
    shown = run("show", "--public", "my.key", *passphrase).stdout
    assert (tmp_path / "my.pub").read_text() == shown

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert on_a_terminal(["sh", "-c", make], elsewhere, *answers * 2)[0] == 0
    ours, its = (run("show", path, *passphrase).stdout for path in ("my.key", "elsewhere/my.key"))
    assert ours.splitlines()[1:6] == its.splitlines()[1:6]  # from the kind to the numbers


def test_the_twin_of_a_request_asks_for_the_passphrase(
    secret_file: str, run: Run, tmp_path: Path
) -> None:
    need("openssl")
    passphrase = ["--passphrase-file", secret_file]
    assert run("make_account_key.py", "--bits", "2048", *passphrase, "--out", "my.key")
    make, _ = twins(run("make_csr.py", "--key", "my.key", *passphrase))
    request = tmp_path / "certificate.csr"
    ours = request.read_bytes()
    request.unlink()
    assert on_a_terminal(["sh", "-c", make], tmp_path, SECRET)[0] == 0
    assert request.read_bytes() == ours


def python(script: str, *arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / script), *arguments]


class TestAskedOnATerminal:
    MAKE = python("make_account_key.py", "--curve", "P-256", "--encrypt")

    def test_twice_for_a_new_key_and_once_to_open_it(self, tmp_path: Path) -> None:
        status, written = on_a_terminal(self.MAKE, tmp_path, SECRET, SECRET)
        assert status == 0, written
        assert SECRET not in written
        assert load((tmp_path / "account.key").read_bytes(), SECRET.encode())
        sign = python("make_csr.py", "--key", "account.key", "--account-key", "none")
        status, written = on_a_terminal(sign, tmp_path, SECRET)
        assert status == 0, written
        assert "Passphrase of account.key: " in written
        assert SECRET not in written

    @pytest.mark.parametrize(
        ("answers", "message"),
        [
            ((SECRET, "another"), "the two passphrases differ"),
            (("",), "the passphrase is empty"),
            (("x" * 1024,), "has more than 1023 bytes"),
            (("\x04",), "no passphrase was given"),
        ],
    )
    def test_what_is_no_passphrase(
        self, answers: tuple[str, ...], message: str, tmp_path: Path
    ) -> None:
        status, written = on_a_terminal(self.MAKE, tmp_path, *answers)
        assert status == 1
        assert message in written
        assert "Traceback" not in written
        assert os.listdir(tmp_path) == []

    def test_what_is_no_text_is_not_shown(self, tmp_path: Path) -> None:
        command = ["env", "LC_ALL=C", "PYTHONUTF8=0", "PYTHONCOERCECLOCALE=0", *self.MAKE]
        status, written = on_a_terminal(command, tmp_path, "hunter2 ü")
        assert status == 1
        assert "the passphrase is no text in the encoding of this terminal" in written
        assert "hunter2" not in written

    def test_ctrl_c(self, tmp_path: Path) -> None:
        status, written = on_a_terminal(self.MAKE, tmp_path, "\x03")
        assert status == 130
        assert "make_account_key.py: error: interrupted" in written
        assert os.listdir(tmp_path) == []

    def test_an_existing_key_is_refused_first(self, tmp_path: Path) -> None:
        (tmp_path / "account.key").write_text("old")
        status, written = on_a_terminal(self.MAKE, tmp_path)
        assert status == 1
        assert "Passphrase" not in written

    def test_a_wrong_passphrase(self, tmp_path: Path) -> None:
        assert on_a_terminal(self.MAKE, tmp_path, SECRET, SECRET)[0] == 0
        for command in (python("make_csr.py", "--key", "account.key"), self.show("account.key")):
            status, written = on_a_terminal(command, tmp_path, "wrong")
            assert status == 1
            error = written.splitlines()[-1]
            assert "account.key: is encrypted, and this passphrase does not open it" in error

    @staticmethod
    def show(*arguments: str) -> list[str]:
        return ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "common.show", *arguments]

    def test_show_asks_too(self, tmp_path: Path) -> None:
        assert on_a_terminal(self.MAKE, tmp_path, SECRET, SECRET)[0] == 0
        status, written = on_a_terminal(self.show("account.key"), tmp_path, SECRET)
        assert status == 0
        assert "ECDSA, P-256" in written


class TestAPassphraseFile:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "its first line is empty"),
            (b"\nsecret\n", "its first line is empty"),
            (b"\r\n", "its first line is empty"),
            (b"x" * 1024, "has more than 1023 bytes"),
            (b"ab\0cd\n", "holds a NUL"),
            ("secret".encode("utf-16"), "holds a NUL"),
            (None, "No such file"),
        ],
    )
    def test_without_a_passphrase(
        self, content: bytes | None, message: str, run: Run, tmp_path: Path
    ) -> None:
        if content is not None:
            (tmp_path / "secret").write_bytes(content)
            (tmp_path / "secret").chmod(0o600)
        before = os.listdir(tmp_path)
        error = error_of(run("make_account_key.py", "--passphrase-file", "secret"))
        assert error.startswith("secret: ")
        assert message in error
        assert os.listdir(tmp_path) == before

    @pytest.mark.parametrize(("end", "mode"), [(b"", 0o600), (b"\n", 0o400), (b"\r\n", 0o600)])
    def test_the_first_line_counts(self, end: bytes, mode: int, run: Run, tmp_path: Path) -> None:
        secret = b"any \xff bytes "
        (tmp_path / "secret").write_bytes(secret + end)
        (tmp_path / "secret").chmod(mode)
        made = run("make_account_key.py", "--curve", "P-256", "--passphrase-file", "secret")
        assert warnings_of(made) == []
        assert load((tmp_path / "account.key").read_bytes(), secret)

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
    def test_that_others_may_read(self, mode: int, run: Run, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text(SECRET)
        (tmp_path / "secret").chmod(mode)
        made = run("make_account_key.py", "--curve", "P-256", "--passphrase-file", "secret")
        assert warnings_of(made)[0].startswith("secret: others may read this passphrase")

    def test_of_an_old_pem_key(self, secret_file: str, run: Run, tmp_path: Path) -> None:
        old = ["rsa", "-traditional", "-aes128", "-passout", f"file:{secret_file}"]
        source = str(ARTICLE / "rsa2048.key")
        openssl(*old, "-in", source, "-out", "certificate.key", cwd=tmp_path)
        assert run("make_csr.py", "--passphrase-file", secret_file, "-q").stderr == ""
        expected = ARTICLE / "rsa2048-api.neoprime.xyz.csr"
        assert (tmp_path / "certificate.csr").read_bytes() == expected.read_bytes()

    def test_is_not_needed_for_a_plain_key(self, key: Path, run: Run) -> None:
        assert run("make_csr.py", "--passphrase-file", "none").returncode == 0


def test_without_a_terminal_nothing_is_asked(run: Run, tmp_path: Path) -> None:
    result = run("make_account_key.py", "--encrypt", input=None)
    assert error_of(result).startswith("there is no terminal to ask for a passphrase on; ")
    assert os.listdir(tmp_path) == []


class TestAnEncryptedAccountKey:
    def make(self, run: Run, secret_file: str) -> None:
        options = ["--bits", "2048", "--passphrase-file", secret_file]
        assert run("make_account_key.py", *options).returncode == 0

    def test_is_the_certificate_key_too(self, secret_file: str, run: Run, tmp_path: Path) -> None:
        self.make(run, secret_file)
        passphrase = ["--passphrase-file", secret_file]
        error = error_of(run("make_csr.py", "--key", "account.key", *passphrase))
        assert "is the account key too" in error
        again = ["pkey", "-in", "account.key", "-passin", f"file:{secret_file}", "-aes128"]
        # Of one file for both, OpenSSL would take the second line for the new passphrase.
        (tmp_path / "again").write_text(SECRET)
        again += ["-passout", "file:again", "-out", "certificate.key"]
        openssl(*again, cwd=tmp_path)
        assert "is the account key too" in error_of(run("make_csr.py", *passphrase))

    def test_with_another_passphrase(self, secret_file: str, key: Path, run: Run) -> None:
        self.make(run, secret_file)
        (warning,) = warnings_of(run("make_csr.py"))
        assert warning == (
            "account.key: is encrypted, and this passphrase does not open it; "
            "so it was not compared with certificate.key"
        )
