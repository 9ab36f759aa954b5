"""make_csr: the request itself, and the command line around it."""

from __future__ import annotations

import os
import shutil
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from OpenSSL import crypto

import make_csr
from common import names
from tests.conftest import ARTICLE, Run, error_of, openssl, warnings_of


def load(path: Path) -> x509.CertificateSigningRequest:
    return x509.load_pem_x509_csr(path.read_bytes())


def alternative_names(csr: x509.CertificateSigningRequest) -> list[object]:
    extension = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert not extension.critical
    return [name.value for name in extension.value]


def subject(csr: x509.CertificateSigningRequest) -> dict[x509.ObjectIdentifier, object]:
    return {attribute.oid: attribute.value for attribute in csr.subject}


@pytest.mark.parametrize(
    ("key", "domain", "email"),
    [
        ("rsa2048", "api.neoprime.xyz", "support@neoprime.xyz"),
        ("rsa2048", "example.com", "hostmaster@example.com"),
        ("rsa4096", "api.neoprime.xyz", "support@neoprime.xyz"),
    ],
)
class TestTheCsrOfTheArticle:
    def test_is_made_byte_for_byte(
        self, key: str, domain: str, email: str, run: Run, tmp_path: Path
    ) -> None:
        source = str(ARTICLE / f"{key}.key")
        result = run("make_csr.py", domain, "--email", email, "--key", source)
        assert result.returncode == 0, result.stderr
        made = tmp_path / "certificate.csr"
        assert made.read_bytes() == (ARTICLE / f"{key}-{domain}.csr").read_bytes()

    def test_is_what_the_function_returns(self, key: str, domain: str, email: str) -> None:
        text = (ARTICLE / f"{key}.key").read_text()
        pkey = crypto.load_privatekey(crypto.FILETYPE_PEM, text)
        expected = load(ARTICLE / f"{key}-{domain}.csr")
        assert make_csr.create_csr(pkey, domain, email) == expected


def test_a_bare_run_makes_the_request_of_the_article(key: Path, run: Run, tmp_path: Path) -> None:
    result = run("make_csr.py")
    assert result.returncode == 0, result.stderr
    expected = ARTICLE / "rsa2048-api.neoprime.xyz.csr"
    assert (tmp_path / "certificate.csr").read_bytes() == expected.read_bytes()
    assert result.stdout == ""
    assert "certificate.csr" in result.stderr


def test_an_email_replaces_that_of_the_article(key: Path, run: Run, tmp_path: Path) -> None:
    assert run("make_csr.py", "--email", "me@example.org").returncode == 0
    assert subject(load(tmp_path / "certificate.csr")) == {
        NameOID.EMAIL_ADDRESS: "me@example.org",
        NameOID.COMMON_NAME: "api.neoprime.xyz",
    }


def test_names_in_their_order_each_once(key: Path, run: Run, tmp_path: Path) -> None:
    wanted = ["b.example.org", "A.example.org.", "192.0.2.1", "B.EXAMPLE.ORG", "*.c.example.org"]
    assert run("make_csr.py", *wanted, "DNS:d.example.org", "IP:2001:DB8::0:1").returncode == 0
    csr = load(tmp_path / "certificate.csr")
    assert alternative_names(csr) == [
        "b.example.org",
        "a.example.org",
        ip_address("192.0.2.1"),
        "*.c.example.org",
        "d.example.org",
        ip_address("2001:db8::1"),
    ]
    assert subject(csr) == {NameOID.COMMON_NAME: "b.example.org"}
    assert csr.is_signature_valid
    assert len(list(csr.attributes)) == len(list(csr.extensions)) == 1


def test_a_name_too_long_for_a_common_name(key: Path, run: Run, tmp_path: Path) -> None:
    longer, longest_common_name = f"{'a' * 53}.example.org", f"{'a' * 52}.example.org"
    assert (len(longer), len(longest_common_name)) == (65, 64)
    assert run("make_csr.py", "192.0.2.1", longer, longest_common_name).returncode == 0
    csr = load(tmp_path / "certificate.csr")
    assert subject(csr) == {NameOID.COMMON_NAME: longest_common_name}


def test_no_name_fits_a_common_name(key: Path, run: Run, tmp_path: Path) -> None:
    assert run("make_csr.py", "192.0.2.1").returncode == 0
    assert subject(load(tmp_path / "certificate.csr")) == {}


def test_a_hundred_names(key: Path, run: Run, tmp_path: Path) -> None:
    wanted = [f"{number}.example.org" for number in range(100)]
    assert warnings_of(run("make_csr.py", *wanted)) == []
    assert alternative_names(load(tmp_path / "certificate.csr")) == wanted


def test_names_from_a_file(key: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_bytes(
        b"\xef\xbb\xbf# ours\r\n\r\nb.example.org\r\n \t c.example.org  # and this\n"
        b"m\xc3\xbcnchen.example.org"
    )
    assert run("make_csr.py", "a.example.org", "@names.txt", "z.example.org").returncode == 0
    assert alternative_names(load(tmp_path / "certificate.csr")) == [
        "a.example.org",
        "b.example.org",
        "c.example.org",
        "xn--mnchen-3ya.example.org",
        "z.example.org",
    ]


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b"", 2, "names.txt: holds no name"),
        (b"# nothing\n\n", 2, "names.txt: holds no name"),
        (b"a.org\nno name\n", 2, "names.txt, line 2: 'no name': "),
        (b"a.org\xe2\x80\xa8b.org\n", 2, "names.txt, line 1: "),  # U+2028 LINE SEPARATOR
        (b"a.org\x0cb.org\n", 2, "names.txt, line 1: "),
        (b"a.org, b.org\n", 2, "names.txt, line 1: "),
        (b"@names.txt\n", 2, "names.txt, line 1: "),
        (b"m\xfcnchen.org\n", 2, "names.txt: is not UTF-8 at byte 1; "),
        ("a.org\n".encode("utf-16"), 2, "names.txt: is UTF-16"),
        (b"a.org\n" * 200_000, 1, "names.txt: has more than "),
        (None, 1, "names.txt: No such file"),
    ],
)
def test_a_file_that_is_no_list_of_names(
    content: bytes | None, status: int, message: str, key: Path, run: Run, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "names.txt").write_bytes(content)
    assert error_of(run("make_csr.py", "@names.txt"), status).startswith(message)
    assert not (tmp_path / "certificate.csr").exists()


@pytest.mark.parametrize("name", ["", "a b.org", "https://a.org", "a.org,b.org", "a\nDNS:b.org"])
def test_what_is_no_name_is_wrong_usage(name: str, key: Path, run: Run, tmp_path: Path) -> None:
    error_of(run("make_csr.py", "a.org", name), status=2)
    assert os.listdir(tmp_path) == ["certificate.key"]


@pytest.mark.parametrize(
    "email", ["", "@", "a@", "@b", "nobody", "a\nb@c.org", "ä@b.org", " a@b.org", "a@" + "b" * 127]
)
def test_what_is_no_email_address_is_wrong_usage(
    email: str, key: Path, run: Run, tmp_path: Path
) -> None:
    assert error_of(run("make_csr.py", "--email", email), status=2).startswith("--email ")
    assert os.listdir(tmp_path) == ["certificate.key"]


def test_the_longest_email_address(key: Path, run: Run, tmp_path: Path) -> None:
    email = "a@" + "b" * 126
    assert run("make_csr.py", "--email", email).returncode == 0
    assert subject(load(tmp_path / "certificate.csr"))[NameOID.EMAIL_ADDRESS] == email


def test_standard_output_carries_the_request_alone(key: Path, run: Run, tmp_path: Path) -> None:
    result = run("make_csr.py", "--out", "-")
    assert result.stdout == (ARTICLE / "rsa2048-api.neoprime.xyz.csr").read_text()
    assert os.listdir(tmp_path) == ["certificate.key"]


def test_quiet_says_nothing_but_warnings(key: Path, run: Run) -> None:
    result = run("make_csr.py", "-q")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert len(warnings_of(run("make_csr.py", "-q", "localhost"))) == 1


def test_the_article_goes_on_where_the_key_has_another_name(run: Run, tmp_path: Path) -> None:
    shutil.copy(ARTICLE / "rsa2048.key", tmp_path / "example.com.key")
    assert "make_csr.py --key example.com.key" in error_of(run("make_csr.py"))
    shutil.copy(ARTICLE / "rsa2048.key", tmp_path / "_.example.org.key")
    message = error_of(run("make_csr.py", "*.example.org"))
    assert "make_csr.py '*.example.org' --key _.example.org.key" in message


def test_without_any_key_the_message_says_how_to_make_it(run: Run, tmp_path: Path) -> None:
    message = error_of(run("make_csr.py", "a.org", "--key", "my.key"))
    assert message.startswith("my.key: no such file; ")
    assert "make_certificate_key.py --out my.key" in message
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("options", [[], ["--account-key", "other.key"]])
def test_the_account_key_signs_no_request(
    options: list[str], key: Path, run: Run, tmp_path: Path
) -> None:
    account = tmp_path / (options[-1] if options else "account.key")
    # The same key in other words: PKCS#8 instead of PKCS#1.
    openssl("pkey", "-in", str(key), "-out", str(account), cwd=tmp_path)
    assert f"is the account key too ({account.name})" in error_of(run("make_csr.py", *options))
    assert not (tmp_path / "certificate.csr").exists()


def test_an_account_key_that_is_named_and_missing(key: Path, run: Run) -> None:
    (warning,) = warnings_of(run("make_csr.py", "--account-key", "none"))
    assert warning == "none: no such file, so it is not compared with certificate.key"
    assert warnings_of(run("make_csr.py")) == []


def test_another_account_key_does_not_matter(key: Path, run: Run, tmp_path: Path) -> None:
    shutil.copy(ARTICLE / "rsa4096.key", tmp_path / "account.key")
    assert warnings_of(run("make_csr.py")) == []
    (tmp_path / "account.key").write_text("no key")
    assert warnings_of(run("make_csr.py"))[0].startswith("account.key: holds no PEM")


@pytest.mark.parametrize(
    ("options", "digest"),
    [
        (["ec_paramgen_curve:P-256"], "sha256"),
        (["ec_paramgen_curve:P-384"], "sha384"),
        (["ec_paramgen_curve:P-521"], "sha512"),
    ],
)
def test_an_ec_key_signs_with_a_hash_of_its_strength(
    options: list[str], digest: str, run: Run, tmp_path: Path
) -> None:
    out = str(tmp_path / "certificate.key")
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", *options, "-out", out, cwd=tmp_path)
    assert run("make_csr.py").returncode == 0
    csr = load(tmp_path / "certificate.csr")
    assert csr.is_signature_valid
    assert csr.signature_hash_algorithm is not None
    assert csr.signature_hash_algorithm.name == digest


@pytest.fixture(scope="module")
def pkey() -> crypto.PKey:
    return crypto.load_privatekey(crypto.FILETYPE_PEM, (ARTICLE / "rsa2048.key").read_bytes())


class TestCreateCsr:
    """The function, for who imports it."""

    def test_normalises_names(self, pkey: crypto.PKey) -> None:
        csr = make_csr.create_csr(
            pkey, "München.example.", None, ["192.0.2.1", "xn--mnchen-3ya.example"]
        )
        assert alternative_names(csr) == ["xn--mnchen-3ya.example", ip_address("192.0.2.1")]

    def test_refuses_what_is_no_name(self, pkey: crypto.PKey) -> None:
        with pytest.raises(names.BadName, match="a_b"):
            make_csr.create_csr(pkey, "example.com", None, ["a_b.example.com"])

    def test_refuses_what_is_no_email_address(self, pkey: crypto.PKey) -> None:
        with pytest.raises(names.BadName, match="no e-mail address"):
            make_csr.create_csr(pkey, "example.com", "nobody")

    def test_refuses_another_kind_of_key(self) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        pkey = crypto.PKey.from_cryptography_key(Ed25519PrivateKey.generate())
        with pytest.raises(ValueError, match="neither an RSA nor an EC"):
            make_csr.create_csr(pkey, "example.com", None)
