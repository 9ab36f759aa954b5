"""The three scripts that make a key. What they say: test_messages."""

import os
import re
from pathlib import Path

from common import encryption
from tests.conftest import KEY_SCRIPTS, SECRET, Patch, Run, error_of, openssl, pem_of, private_key

import pytest
from Crypto.IO import PEM
from Crypto.IO._PBES import PBES2
from Crypto.PublicKey import ECC
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat, load_pem_private_key

# The file that each script writes, and the label in it of an RSA key.
FILES = {
    "make_account_key.py": ("account.key", "RSA PRIVATE KEY"),
    "make_account_key2.py": ("account.key", "PRIVATE KEY"),
    "make_certificate_key.py": ("example.com.key", "RSA PRIVATE KEY"),
}


@pytest.fixture(params=KEY_SCRIPTS)
def script(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_options_say_which_key_is_made(script: str, run: Run, monkeypatch: Patch) -> None:
    """4096 bits take seconds, so the key is not made here."""
    asked: list[tuple[int, str | None]] = []

    def create_key(bits: int, curve: str | None) -> bytes:
        asked.append((bits, curve))
        return b"a key\n"

    monkeypatch.setattr(f"{script.removesuffix('.py')}.create_key", create_key)
    for number, options in enumerate(([], ["--bits", "3072"], ["--curve", "P-384"])):
        result = run(script, *options, "--out", f"{number}", "-q")
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert asked == [(4096, None), (3072, None), (4096, "P-384")]
    assert Path("0").read_bytes() == b"a key\n"


def test_an_rsa_key(script: str, run: Run) -> None:
    filename, label = FILES[script]
    result = run(script, "--bits", "2048")
    assert (result.returncode, result.stdout, os.listdir()) == (0, "", [filename])
    pem = Path(filename).read_bytes()
    assert pem.endswith(f"\n-----END {label}-----\n".encode())
    key = load_pem_private_key(pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert (key.key_size, key.public_key().public_numbers().e) == (2048, 65537)
    assert run(script, "--bits", "2048", "--out", "-").stdout.encode() != pem


@pytest.mark.parametrize("curve", ["P-256", "P-384"])
def test_an_ecdsa_key_alone_on_standard_output(script: str, curve: str, run: Run) -> None:
    Path("-").touch()
    text, another = (run(script, "--curve", curve, "--out", "-").stdout for _ in range(2))
    assert text != another
    assert text.endswith("\n-----END PRIVATE KEY-----\n")
    assert ECC.import_key(text).curve == f"NIST {curve}"
    assert os.listdir() == ["-"]


def test_an_encrypted_key(script: str, run: Run, secret_file: str) -> None:
    options = ["--curve", "P-384", "--passphrase-file", secret_file, "--out"]
    assert run(script, *options, "my.key").returncode == 0
    pem = Path("my.key").read_bytes()
    assert pem.endswith(b"\n-----END ENCRYPTED PRIVATE KEY-----\n")
    assert load_pem_private_key(pem, SECRET.encode())
    parsed = openssl("asn1parse", "-in", "my.key", cwd=Path())
    for word in ("PBES2", "PBKDF2", "hmacWithSHA512", "aes-256-cbc", f"{220_000:06X}"):
        assert f":{word}\n" in parsed
    salt, iv = re.findall(r"OCTET STRING +\[HEX DUMP\]:([0-9A-F]{,99})\n", parsed)
    assert len(salt) == len(iv) == 32
    assert run(script, *options, "other.key").returncode == 0
    assert openssl("asn1parse", "-in", "other.key", cwd=Path()) != parsed  # another salt


@pytest.mark.parametrize(
    ("curve", "form"), [(None, PrivateFormat.TraditionalOpenSSL), ("P-256", PrivateFormat.PKCS8)]
)
def test_encryption_keeps_the_key(
    curve: str | None, form: PrivateFormat, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(encryption, "ITERATIONS", 1000)
    plain = private_key(curve or 2048)
    encrypted = encryption.encrypted(pem_of(plain, form=form), b"x", curve)
    decrypted = PBES2.decrypt(PEM.decode(encrypted.decode())[0], b"x")
    # To the last byte: the parameters of RSA are NULL (RFC 8017 appendix A.1), of EC the curve.
    expected = pem_of(plain, form=PrivateFormat.PKCS8).decode()
    assert PEM.encode(decrypted, "PRIVATE KEY") + "\n" == expected


NOT_BOTH = "argument --bits: not allowed with argument --curve"
NO_OPTION = "give names without an option"
ONE_NAME = "a key takes one name only; give all names to make_csr.py"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("make_account_key.py --bits 1024", "--bits takes one of these: 2048, 3072, 4096"),
        ("make_account_key.py --curve P-521", "--curve takes one of these: P-256, P-384"),
        ("make_account_key2.py -d a.org", "-d is not an option of this program; see {} --help"),
        ("make_certificate_key.py -d a.org", "-d is not an option of this program; " + NO_OPTION),
        ("make_account_key2.py --curve P-256 --bits 2048", f"{NOT_BOTH}; see {{}} --help"),
        ("make_account_key.py a.org", "there are too many arguments; see {} --help"),
        ("make_certificate_key.py a.org secret", f"{ONE_NAME}; see {{}} --help"),
        ("make_certificate_key.py a.key", "'a.key' is the name of a key file; did you mean a?"),
    ],
)
def test_wrong_usage(command: str, message: str, run: Run) -> None:
    script, *arguments = command.split()
    assert error_of(run(script, *arguments), status=2) == message.format(script)


def test_the_domain_names_the_file(run: Run) -> None:
    files = ["2001-db8--1.key", "_.example.com.key", "www.example.org.key"]
    for domain in ("WWW.Example.ORG.", "*.example.com", "2001:DB8::1", "../example"):
        run("make_certificate_key.py", "--curve", "P-256", domain)
    assert sorted(os.listdir()) == files


def test_on_windows_the_directory_tells_who_can_read_a_key(run: Run, monkeypatch: Patch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        said = run("make_account_key.py", "--curve=P-256").stderr
    assert " PEM, readable by everyone with access to its directory.\n" in said


def test_no_progress_where_the_key_itself_appears(run: Run, monkeypatch: Patch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert "Making" not in run("make_account_key.py", "--curve=P-256", "--out=-").stderr
    assert run("make_account_key.py", "--curve=P-256", "--quiet").stderr == ""
