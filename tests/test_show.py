"""show: what is in keys, requests and certificates."""

import base64
import subprocess
import sys
from pathlib import Path

from tests.conftest import ARTICLE, ROOT, Show, environment
from tests.made import EC, LEAF, RSA, openssl, request, san, write

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
)

GOLDEN = Path(__file__).resolve().parent / "data" / "show"


@pytest.mark.posix(reason="a name with a control character")
def test_nothing_steers_the_terminal(show: Show) -> None:
    names = [f"host{n}.example.com" for n in range(90)]
    write("a\x07.csr", request(san("a.com, DNS:b.com", *names), cn="\x1b[2J\u202e\n, CN=b"))
    _, out, err = show("a\x07.csr", "no\x07file")
    assert all(char.isprintable() or char == "\n" for char in out + err)
    assert "  subject        CN='\\x1b[2J\\u202e\\n, CN=b'\n" in out
    assert "  names          'DNS:a.com, DNS:b.com', DNS:host0" in out
    assert max(map(len, out.partition("  Let's Encrypt")[0].splitlines())) <= 100


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("pkcs8 -topk8 -v2prf hmacWithSHA1 -v2 aes128",
         "PBES2, PBKDF2, 2048 iterations, AES-128-CBC"),
        ("pkcs8 -topk8 -iter 3000",
         "PBES2, PBKDF2, 3000 iterations, HMAC-SHA256, AES-256-CBC"),
        ("pkcs8 -topk8 -scrypt", "PBES2, scrypt, AES-256-CBC"),
        ("rsa -aes256 -traditional", "OpenSSL's older form, with MD5 (RFC 1421)"),
    ],
)  # fmt: skip
def test_how_a_key_is_encrypted(command: str, told: str, show: Show) -> None:
    write("plain.key", RSA)
    write("secret", b"secret\n")
    openssl(f"{command} -in plain.key -passout file:secret -out a.key")
    status, out, _ = show("a.key", "plain.key", "--passphrase-file", "secret")
    assert status == 0
    assert f"encryption     {told}\n" in out
    assert "a.key and plain.key hold the same key\n" in out
    assert "this passphrase does not open it" in show("a.key", "--passphrase-file", "a.key")[2]
    assert "use --passphrase-file" in show("a.key")[2]


def test_a_damaged_setting_of_an_encryption(show: Show) -> None:
    write("plain.key", EC)
    write("secret", b"secret\n")
    openssl("pkcs8 -topk8 -scrypt -outform DER -in plain.key -passout file:secret -out a.key")
    data = Path("a.key").read_bytes()
    cost = bytes.fromhex("02024000020108")  # N = 16384, r = 8: RFC 7914 section 7
    assert cost in data
    write("a.key", data.replace(cost, bytes.fromhex("02024001020108")))
    status, _, err = show("a.key", "--passphrase-file", "secret")
    assert (status, "this passphrase does not open it" in err) == (1, True)


@pytest.mark.parametrize(
    "command",
    [
        "genpkey -algorithm RSA",
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521",
        "ecparam -genkey -name prime256v1",
        "ecparam -genkey -noout -name secp256k1",
        "genpkey -algorithm ED25519",
        "genpkey -algorithm X25519",
    ],
)
def test_public_is_what_openssl_prints(command: str, show: Show) -> None:
    openssl(f"{command} -out a.key")
    public = openssl("pkey -in a.key -pubout -out a.pub") + Path("a.pub").read_text()
    openssl("pkey -in a.key -outform DER -out a.der")
    for file in ("a.key", "a.der", "a.pub"):
        assert show("--public", file) == (0, public, "")
        assert show(file)[0] == 0


DSA_DER = base64.b64decode("".join((GOLDEN / "dsa.key").read_text().splitlines()[1:-1]))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (RSA.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1), "PKCS#1 DER"),
        (DSA_DER, "OpenSSL DER"),
    ],
)
def test_the_format_of_a_rare_key(data: bytes, told: str, show: Show) -> None:
    write("a.key", data)
    assert f"  format         {told}\n" in show("a.key")[1]


def test_public_of_a_request_and_a_certificate(show: Show) -> None:
    write("a.pem", EC, request(), LEAF)
    public = show("--public", "a.pem")[1]
    assert public == 3 * public[: len(public) // 3]


ADVICE = "give a key, a request or a certificate"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", f"is empty; {ADVICE}"),
        (b"\xff\xfe-\0", "is UTF-16, as PowerShell 5 writes after >; save it as ASCII"),
        (b"# README\n", f"contains no PEM (-----BEGIN …); {ADVICE}"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----",
         "contains an OpenSSH key; convert a copy with: ssh-keygen -p -m PEM -f COPY"),
        (b"-----BEGIN EC PARAMETERS-----\n-----END EC PARAMETERS-----",
         f"contains PEM with the label EC PARAMETERS; {ADVICE}"),
        (b"\x30\x82\x02\x10\x02\x01\x03\x30\x82" + bytes(523),
         "is PKCS#12 (.p12, .pfx); take the key out with: openssl pkcs12 -nocerts -noenc -in FILE"),
        (b"\x30\x03\x02\x01\x05", f"is DER, but not a whole key, request or certificate; {ADVICE}"),
        ((ARTICLE.parent / "odd" / "version-2.csr").read_bytes(),
         "is of an unsupported kind (2 is not a valid CSR version)"),
        (LEAF.public_bytes(Encoding.DER).replace(b"\x0c\x02CA", b"\x0c\x02\xff\xff"),  # not UTF-8
         "is damaged and cannot be read as a certificate; restore a copy"),
        (LEAF.public_bytes(Encoding.PEM).replace(b"\nMII", b"\nM!II"),
         "is damaged and cannot be read as a certificate; restore a copy"),
    ],
)  # fmt: skip
def test_a_wrong_file_beside_a_good_one(data: bytes, told: str, show: Show) -> None:
    write("wrong", data)
    write("a.pem", LEAF)
    status, out, err = show("wrong", "a.pem")
    assert (status, err) == (1, f"show: error: wrong: {told}\n")
    assert out.startswith("a.pem: certificate\n")


def test_it_runs_by_its_path_from_anywhere(show: Show) -> None:
    Path("common").mkdir()  # must not be taken for the project's
    command = [sys.executable, str(ROOT / "common" / "show"), str(ARTICLE / "rsa2048.key")]
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment())
    assert (": private key\n" in result.stdout, result.stderr) == (True, "")
