"""The three scripts that make a key."""

import functools
import os
import re
from collections.abc import Callable
from pathlib import Path

import make_account_key
import make_account_key2
import make_certificate_key
from common import encryption
from tests.conftest import (
    ARTICLE,
    KEY_SCRIPTS,
    SECRET,
    Run,
    command_of,
    error_of,
    openssl,
    pem_of,
    private_key,
    run_process,
)

import pytest
from Crypto.IO import PEM
from Crypto.IO._PBES import PBES2
from Crypto.PublicKey import ECC, RSA
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat, load_pem_private_key

# The file that each script writes, and the label in it of an RSA key. What it says: test_messages.
FILES = {
    "make_account_key.py": ("account.key", "RSA PRIVATE KEY"),
    "make_account_key2.py": ("account.key", "PRIVATE KEY"),
    "make_certificate_key.py": ("example.com.key", "RSA PRIVATE KEY"),
}


@pytest.fixture(params=KEY_SCRIPTS)
def script(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@functools.cache
def ready(bits: int) -> rsa.RSAPrivateKey:
    key = load_pem_private_key((ARTICLE / "rsa4096.key").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key if bits == 4096 else rsa.generate_private_key(65537, bits)


@functools.cache
def ready_for_pycryptodome(bits: int) -> RSA.RsaKey:
    return RSA.import_key(pem_of(ready(bits)))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the libraries take RSA keys that are there already, since large ones take seconds."""
    for bits in (2048, 3072, 4096):
        ready(bits)
    monkeypatch.setattr(RSA, "generate", ready_for_pycryptodome)
    monkeypatch.setattr(rsa, "generate_private_key", lambda exponent, bits: ready(bits))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("bits", [None, 2048, 3072])
def test_an_rsa_key(script: str, bits: int | None, run: Run) -> None:
    filename, label = FILES[script]
    result = run(script, *(["--bits", str(bits)] if bits else []))
    assert (result.returncode, result.stdout, os.listdir()) == (0, "", [filename])
    assert_is_rsa_key(Path(filename).read_bytes(), bits or 4096, label)


def assert_is_rsa_key(pem: bytes, bits: int, label: str) -> None:
    assert pem.startswith(f"-----BEGIN {label}-----\n".encode())
    assert pem.endswith(f"\n-----END {label}-----\n".encode())
    key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert (key.key_size, key.public_key().public_numbers().e) == (bits, 65537)


@pytest.mark.parametrize(
    ("create_key", "label"),
    [
        (make_account_key.create_key, "RSA PRIVATE KEY"),
        (make_account_key2.create_key, "PRIVATE KEY"),
        (make_certificate_key.create_key, "RSA PRIVATE KEY"),
    ],
)
def test_each_key_is_another(create_key: Callable[[int, str | None], bytes], label: str) -> None:
    first, second = create_key(2048, None), create_key(2048, None)
    assert first != second
    assert_is_rsa_key(first, 2048, label)
    assert create_key(2048, "P-256") != create_key(2048, "P-256")


@pytest.mark.parametrize("curve", ["P-256", "P-384"])
def test_an_ecdsa_key_alone_on_standard_output(script: str, curve: str, run: Run) -> None:
    Path("-").touch()
    text = run(script, "--curve", curve, "--out", "-").stdout
    assert text.startswith("-----BEGIN PRIVATE KEY-----\n")
    assert text.endswith("\n-----END PRIVATE KEY-----\n")
    assert ECC.import_key(text).curve == f"NIST {curve}"
    assert os.listdir() == ["-"]


def test_an_encrypted_key(script: str, run: Run, secret_file: str) -> None:
    options = ["--curve", "P-384", "--passphrase-file", secret_file, "--out"]
    assert run(script, *options, "my.key").returncode == 0
    pem = Path("my.key").read_bytes()
    assert pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    assert pem.endswith(b"-----END ENCRYPTED PRIVATE KEY-----\n")
    assert load_pem_private_key(pem, SECRET.encode())
    parsed = openssl("asn1parse", "-in", "my.key", cwd=Path())
    for word in ("PBES2", "PBKDF2", "hmacWithSHA512", "aes-256-cbc", f"{220_000:06X}"):
        assert f":{word}\n" in parsed
    salt, iv = re.findall(r"OCTET STRING +\[HEX DUMP\]:([0-9A-F]{,99})\n", parsed)
    assert len(salt) == len(iv) == 32
    assert run(script, *options, "other.key").returncode == 0
    assert openssl("asn1parse", "-in", "other.key", cwd=Path()) != parsed  # another salt


@pytest.mark.parametrize(
    ("kind", "form", "curve"),
    [
        (2048, PrivateFormat.TraditionalOpenSSL, None),
        ("P-256", PrivateFormat.PKCS8, "P-256"),
    ],
)
def test_encryption_keeps_the_key(
    kind: int | str, form: PrivateFormat, curve: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encryption, "ITERATIONS", 1000)
    plain = private_key(kind)
    encrypted = encryption.encrypted(pem_of(plain, form=form), b"x", curve)
    decrypted = PBES2.decrypt(PEM.decode(encrypted.decode())[0], b"x")
    # To the last byte what the other library writes: of RSA, the parameters are NULL (RFC 8017
    # appendix A.1); of EC, the curve.
    expected = pem_of(plain, form=PrivateFormat.PKCS8).decode()
    assert PEM.encode(decrypted, "PRIVATE KEY") + "\n" == expected


def test_a_process_of_the_user_that_is_quiet(script: str, tmp_path: Path) -> None:
    result = run_process(command_of(script, "--curve", "P-256", "-q"), tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert os.listdir(tmp_path) == [FILES[script][0]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bits", "1024"], "--bits takes one of these: 2048, 3072, 4096"),
        (["--curve", "P-521"], "--curve takes one of these: P-256, P-384"),
        (["--encrypt=secret"], "--encrypt takes no value; see "),
        (["--curve", "P-256", "--bits", "2048"], "argument --bits: not allowed with"),
    ],
)
def test_wrong_usage(script: str, arguments: list[str], message: str, run: Run) -> None:
    error = error_of(run(script, *arguments), status=2)
    assert error.startswith(message)


def test_more_than_one_name(run: Run) -> None:
    error = error_of(run("make_account_key.py", "example.com"), status=2)
    assert error.startswith("there are too many arguments; see ")
    error = error_of(run("make_certificate_key.py", "example.com", "secret"), status=2)
    assert error.startswith("a key takes one name only; give all names to make_csr.py; see ")
    assert "secret" not in error
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("WWW.Example.ORG.", "www.example.org.key"),
        ("*.example.com", "_.example.com.key"),
        ("münchen.example", "xn--mnchen-3ya.example.key"),
        ("2001:DB8::1", "2001-db8--1.key"),
    ],
)
def test_the_domain_names_the_file(domain: str, name: str, run: Run) -> None:
    assert run("make_certificate_key.py", domain, "--curve", "P-256").returncode == 0
    assert os.listdir() == [name]


@pytest.mark.parametrize("domain", ["", "../example", "a\\b"])
def test_an_invalid_domain_names_no_file(domain: str, run: Run) -> None:
    error = error_of(run("make_certificate_key.py", "--", domain), status=2)
    assert error.startswith(f"{domain!r} is not a valid name: ")
    assert os.listdir() == []


def test_a_key_is_never_replaced(script: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused before any time is spent on making or asking."""
    name = FILES[script][0]
    Path(name).write_text("old")
    monkeypatch.setattr(f"{script.removesuffix('.py')}.create_key", None)
    for option in ([], ["--encrypt"]):
        error = error_of(run(script, *option))
        assert error.startswith(f"{name}: the file already exists, and a key is never replaced; ")
    assert Path(name).read_text() == "old"


@pytest.mark.usefixtures("quick")
def test_no_progress_where_the_key_itself_appears(
    script: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal the key would be written over it."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert "Making an RSA key, 2048 bits …\r" in run(script, "--bits=2048").stderr
    assert "Making" not in run(script, "--bits=2048", "--out=-").stderr


def test_low_memory_is_not_a_bug(script: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def create_key(bits: int, curve: str | None) -> bytes:
        raise MemoryError

    monkeypatch.setattr(f"{script.removesuffix('.py')}.create_key", create_key)
    error = error_of(run(script))
    assert error == "there is not enough memory; close other programs, and run this again"
    assert os.listdir() == []
