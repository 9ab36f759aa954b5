"""show: what is in keys and requests, for people."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from josepy import b64, jwk

from tests.conftest import ARTICLE, Run, openssl, with_a_change
from tests.test_bad_keys import UNUSABLE, made, write

PAGE = """\
certificate.key: private key
  kind        RSA, 2048 bits
  format      PKCS#1 PEM (RSA PRIVATE KEY)
  encryption  none
  file mode   0600
  numbers     agree
  public key  SHA-256 3af07b87e443480fd3adf2225cf035cc45a005dcadb69081f9f2336309483522
  thumbprint  jFQ7ZWC29t3EjNO8ERRvurOcO-8KzL6naWhVeYysZkg (JWK, RFC 7638)
"""

REQUEST_PAGE = """\
certificate.csr: certificate signing request
  subject     emailAddress=support@neoprime.xyz, CN=api.neoprime.xyz
  names       DNS:api.neoprime.xyz
  key         RSA, 2048 bits
  public key  SHA-256 3af07b87e443480fd3adf2225cf035cc45a005dcadb69081f9f2336309483522
  signature   RSA with SHA256, valid
"""


# What make_csr refuses and show can show.
SHOWN = ("request", "public key", "RSA 1024", "RSA-PSS", "DSA", "Ed25519")


@pytest.fixture
def request_(key: Path, run: Run, tmp_path: Path) -> Path:
    key.chmod(0o600)
    assert run("make_csr.py").returncode == 0
    return tmp_path / "certificate.csr"


def test_a_key(key: Path, run: Run) -> None:
    key.chmod(0o600)
    result = run("show", "certificate.key")
    assert (result.returncode, result.stdout, result.stderr) == (0, PAGE, "")


def test_a_request_and_its_key(request_: Path, run: Run) -> None:
    result = run("show", "certificate.csr", "certificate.key")
    belonging = "certificate.csr and certificate.key belong together\n"
    assert result.stdout == "\n".join([REQUEST_PAGE, PAGE, belonging])
    assert (result.returncode, result.stderr) == (0, "")


def test_a_request_of_another_key(request_: Path, run: Run) -> None:
    result = run("show", "certificate.csr", str(ARTICLE / "rsa4096.key"))
    assert result.returncode == 1
    expected = "show.py: error: certificate.csr: does not belong to any key given here\n"
    assert result.stderr == expected


def test_the_fingerprint_is_that_of_openssl(key: Path, run: Run, tmp_path: Path) -> None:
    openssl("pkey", "-in", key.name, "-pubout", "-outform", "DER", "-out", "pub", cwd=tmp_path)
    digest = openssl("dgst", "-sha256", "-r", "pub", cwd=tmp_path).split()[0]
    assert f"SHA-256 {digest}\n" in run("show", key.name).stdout


@pytest.mark.parametrize(
    "options", [["--bits", "2048"], ["--curve", "P-256"], ["--curve", "P-384"]]
)
def test_the_thumbprint_is_that_of_an_acme_client(
    options: list[str], run: Run, tmp_path: Path
) -> None:
    for _ in range(4):  # some points have a coordinate that begins with zeros
        assert run("make_account_key.py", *options, "--out", "my.key").returncode == 0
        key = load_pem_private_key((tmp_path / "my.key").read_bytes(), None)
        theirs = jwk.JWKRSA(key=key) if isinstance(key, rsa.RSAPrivateKey) else jwk.JWKEC(key=key)
        thumbprint = b64.b64encode(theirs.thumbprint()).decode()
        assert f"thumbprint  {thumbprint} (JWK, RFC 7638)\n" in run("show", "my.key").stdout
        (tmp_path / "my.key").unlink()


def test_the_thumbprint_of_the_rfc(run: Run, tmp_path: Path) -> None:
    """The key of RFC 7638 section 3.1, and its thumbprint there."""
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJEC"
        "PebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Qvz"
        "qY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZ"
        "u0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    public = jwk.JWKRSA.fields_from_json({"kty": "RSA", "e": "AQAB", "n": modulus}).key
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    encoded = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "rfc.pub").write_bytes(encoded)
    assert "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" in run("show", "rfc.pub").stdout


@pytest.mark.parametrize("arguments", [["RSA", "rsa_keygen_bits:2048"], ["EC", "group:P-384"]])
def test_no_private_number_is_printed(arguments: list[str], run: Run, tmp_path: Path) -> None:
    algorithm, option = arguments
    openssl("genpkey", "-algorithm", algorithm, "-pkeyopt", option, "-out", "a.key", cwd=tmp_path)
    key = load_pem_private_key((tmp_path / "a.key").read_bytes(), None)
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        private = [numbers.p, numbers.q, numbers.d, numbers.dmp1, numbers.dmq1, numbers.iqmp]
    else:
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        private = [key.private_numbers().private_value]
    shown = run("show", "a.key").stdout.lower()
    for number in private:
        for text in (str(number), f"{number:x}"):
            assert text[:16] not in shown


@pytest.mark.parametrize(
    "command",
    [
        ["genrsa", "2048"],
        ["genrsa", "-traditional", "2048"],
        ["ecparam", "-name", "prime256v1", "-genkey"],
        ["ecparam", "-name", "secp384r1", "-genkey", "-noout"],
        ["ecparam", "-name", "secp521r1", "-genkey", "-noout"],
        ["ecparam", "-name", "secp256k1", "-genkey", "-noout"],
        ["genpkey", "-algorithm", "ED25519"],
        ["genpkey", "-algorithm", "ED448"],
        ["genrsa", "1024"],
        ["genrsa", "-3", "2048"],
        ["dsaparam", "-genkey", "-noout", "1024"],
    ],
)
def test_public_is_what_openssl_prints(command: list[str], run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.key").write_bytes(made(*command))
    public = openssl("pkey", "-in", "a.key", "-pubout", cwd=tmp_path)
    result = run("show", "--public", "a.key")
    assert (result.returncode, result.stdout, result.stderr) == (0, public, "")
    assert run("show", "a.key").returncode == 0
    (tmp_path / "a.pub").write_text(public)
    assert run("show", "--public", "a.pub").stdout == public
    assert ": public key\n  kind  " in run("show", "a.pub").stdout


def test_public_of_a_request(request_: Path, run: Run, tmp_path: Path) -> None:
    public = openssl("req", "-in", request_.name, "-pubkey", "-noout", cwd=tmp_path)
    assert run("show", "--public", request_.name).stdout == public


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "PBES2, PBKDF2 with HMAC-SHA256, 2048 iterations, AES-256-CBC"),
        (["-v2prf", "hmacWithSHA1", "-v2", "aes128"], "PBKDF2 with HMAC-SHA1, 2048 iterations"),
        (["-scrypt", "-v2", "aes256"], "PBES2, scrypt, AES-256-CBC"),
        (["-v2", "des3"], "3DES-CBC"),
    ],
)
def test_how_a_key_of_openssl_is_encrypted(
    options: list[str], told: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "secret").chmod(0o600)
    source = str(ARTICLE / "rsa2048.key")
    command = ["pkcs8", "-topk8", "-in", source, "-passout", "file:secret", *options]
    openssl(*command, "-out", "a.key", cwd=tmp_path)
    result = run("show", "a.key", "--passphrase-file", "secret")
    assert result.returncode == 0, result.stderr
    assert told in result.stdout


ODD = Path(__file__).parent / "data" / "odd"


@pytest.mark.parametrize("path", sorted(ODD.glob("*.csr")), ids=lambda path: path.stem)
def test_an_odd_request(path: Path, run: Run) -> None:
    result = run("show", str(path), str(ARTICLE / "rsa2048.key"))
    assert result.returncode == 1  # at least, it does not belong to the key
    assert all(line.startswith("show.py: error: ") for line in result.stderr.splitlines())
    assert "private key\n" in result.stdout  # the key is shown all the same


def test_a_name_with_a_comma_is_one_name(run: Run) -> None:
    shown = run("show", str(ODD / "comma-in-name.csr")).stdout
    assert "  names       DNS:'a.com, DNS:b.com'\n" in shown


@pytest.mark.parametrize("path", sorted(ODD.glob("*.csr")), ids=lambda path: path.stem)
def test_an_odd_request_in_the_way(path: Path, key: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "certificate.csr").write_bytes(path.read_bytes())
    result = run("make_csr.py")
    assert result.returncode in (0, 1)
    assert "defect" not in result.stderr


class TestWhatIsBroken:
    @pytest.mark.parametrize("kind", [kind for kind in UNUSABLE if kind not in SHOWN])
    def test_a_key(self, kind: str, run: Run, tmp_path: Path) -> None:
        write(tmp_path / "bad", UNUSABLE[kind][0])
        result = run("show", "bad")
        assert result.returncode == 1
        assert len(result.stderr.splitlines()) == 1
        assert result.stderr.startswith("show.py: error: bad: ")

    @pytest.mark.parametrize("line", [2, 10, -3, -2])
    def test_a_request(self, line: int, request_: Path, run: Run) -> None:
        lines = request_.read_text().splitlines()
        lines[line] = with_a_change(lines[line])
        request_.write_text("\n".join(lines) + "\n")
        result = run("show", "certificate.csr")
        assert result.returncode == 1
        assert len(result.stderr.splitlines()) == 1
        assert "show.py: error: certificate.csr: " in result.stderr

    def test_the_others_are_shown_all_the_same(self, key: Path, run: Run, tmp_path: Path) -> None:
        (tmp_path / "empty").write_bytes(b"")
        result = run("show", "none", "certificate.key", "empty")
        assert result.returncode == 1
        assert result.stdout.startswith("certificate.key: private key\n")
        assert re.findall(r"error: (\w+): ", result.stderr) == ["none", "empty"]

    def test_a_key_that_others_can_read(self, key: Path, run: Run) -> None:
        key.chmod(0o644)
        assert "file mode   0644, others can read it\n" in run("show", "certificate.key").stdout

    def test_no_file(self, run: Run) -> None:
        result = run("show")
        assert result.returncode == 2
        assert "python -m common.show --help" in result.stderr
