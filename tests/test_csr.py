"""make_csr: the request itself, and the command line around it."""

import errno
import os
import shutil
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import make_csr
from common import names
from tests.conftest import (
    ARTICLE,
    SECRET,
    Run,
    command_of,
    error_of,
    openssl,
    pem_of,
    private_key,
    run_process,
    warnings_of,
)

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from OpenSSL import crypto

REQUEST = (ARTICLE / "rsa2048-api.neoprime.xyz.csr").read_bytes()
REQUESTS = [  # made by the article's own program
    ("rsa2048", "api.neoprime.xyz", "support@neoprime.xyz"),
    ("rsa2048", "example.com", "hostmaster@example.com"),
    ("rsa4096", "api.neoprime.xyz", "support@neoprime.xyz"),
]


def load(path: str = "certificate.csr") -> x509.CertificateSigningRequest:
    return x509.load_pem_x509_csr(Path(path).read_bytes())


def names_in(csr: x509.CertificateSigningRequest) -> list[object]:
    extension = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert not extension.critical
    return [name.value for name in extension.value]


def subject(csr: x509.CertificateSigningRequest) -> list[tuple[x509.ObjectIdentifier, object]]:
    return [(attribute.oid, attribute.value) for attribute in csr.subject]


@pytest.mark.parametrize(("key_name", "domain", "email"), REQUESTS)
def test_the_requests_of_the_article(key_name: str, domain: str, email: str, run: Run) -> None:
    source = ARTICLE / f"{key_name}.key"
    expected = (ARTICLE / f"{key_name}-{domain}.csr").read_bytes()
    assert run("make_csr.py", domain, "--email", email, "--key", str(source)).returncode == 0
    assert Path("certificate.csr").read_bytes() == expected
    pkey = crypto.load_privatekey(crypto.FILETYPE_PEM, source.read_bytes())
    assert make_csr.create_csr(pkey, domain, email).public_bytes(Encoding.PEM) == expected


@pytest.mark.usefixtures("key")
def test_a_bare_run(run: Run) -> None:
    for _ in range(2):  # it may replace its own request
        result = run("make_csr.py")
        assert (result.returncode, result.stdout) == (0, "")
        assert Path("certificate.csr").read_bytes() == REQUEST


@pytest.mark.usefixtures("key")
def test_standard_output_carries_the_request_alone(run: Run) -> None:
    result = run("make_csr.py", "--out", "-")
    assert result.stdout.encode() == REQUEST
    assert os.listdir() == ["certificate.key"]


def test_a_request_has_the_names_in_their_order_each_once(run: Run, key: Path) -> None:
    wanted = ["b.example.org", "A.example.org.", "192.0.2.1", "B.EXAMPLE.ORG", "*.c.example.org"]
    # Options and names may be mixed.
    result = run("make_csr.py", *wanted, "--email", "me@example.org", "IP:2001:DB8::1")
    listed = "for b.example.org, a.example.org, 192.0.2.1 and 2 more"
    assert f"{listed}, with the e-mail address me@example.org.\n" in result.stderr
    csr = load()
    assert names_in(csr) == [
        "b.example.org",
        "a.example.org",
        ip_address("192.0.2.1"),
        "*.c.example.org",
        ip_address("2001:db8::1"),
    ]
    assert subject(csr) == [
        (NameOID.EMAIL_ADDRESS, "me@example.org"),
        (NameOID.COMMON_NAME, "b.example.org"),
    ]
    assert len(list(csr.attributes)) == len(list(csr.extensions)) == 1
    three = run("make_csr.py", *wanted[:3])
    assert "for b.example.org, a.example.org, 192.0.2.1.\n" in three.stderr


@pytest.mark.parametrize("curve", ["P-256", "P-384", "P-521"])
def test_an_ec_key_signs_with_sha256(curve: str, run: Run) -> None:
    Path("certificate.key").write_bytes(pem_of(private_key(curve)))
    result = run("make_csr.py")
    csr = load()
    assert csr.is_signature_valid
    assert csr.signature_hash_algorithm is not None
    assert csr.signature_hash_algorithm.name == "sha256"
    p521 = "certificate.key: this key is on P-521, not P-256 or P-384, so Let's Encrypt rejects it"
    assert warnings_of(result) == ([p521] if curve == "P-521" else [])


# Windows cannot open a directory.
IS_DIRECTORY = os.strerror(errno.EISDIR if os.name == "posix" else errno.EACCES)
MAKE_ONE = "make a key with make_certificate_key.py, or give one with --key FILE"


class TestTheKeyFile:
    """--key, and what is taken without it."""

    def test_is_named_after_the_first_name(self, run: Run) -> None:
        shutil.copy(ARTICLE / "rsa2048.key", "example.com.key")
        Path("certificate.key").write_bytes(pem_of(private_key("P-256")))
        shutil.copy("certificate.key", "_.example.org.key")
        signed = "signed by {}, for"
        result = run("make_csr.py", "Example.com.", "www.example.com")
        assert signed.format("example.com.key") in result.stderr
        result = run("make_csr.py", "*.example.org", "example.com")
        assert signed.format("_.example.org.key") in result.stderr
        result = run("make_csr.py", "www.example.com", "example.com")
        assert signed.format("certificate.key") in result.stderr
        result = run("make_csr.py", "www.example.com", "--key", "example.com.key")
        assert signed.format("example.com.key") in result.stderr

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["a.org"], f"a.org.key or certificate.key: no such file; {MAKE_ONE}"),
            (["a.org", "--key", "my.key"], f"my.key: no such file; {MAKE_ONE}"),
            (["a.org", "--key", ""], f"an empty name: no such file; {MAKE_ONE}"),
            (["a.org", "--key", "."], f".: {IS_DIRECTORY}; give the private key with --key FILE"),
        ],
    )
    def test_is_missing(self, arguments: list[str], message: str, run: Run) -> None:
        Path("example.com.key").write_bytes(pem_of(private_key("P-256")))
        error = error_of(run("make_csr.py", *arguments))
        assert error == message  # no command for a name that nobody has typed
        assert os.listdir() == ["example.com.key"]

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            (["a.org", "b.org"], "a.org.key or certificate.key: no such file"),
            (["a.org", "*.b.org"], "a.org.key or certificate.key: no such file"),
        ],
    )
    def test_of_another_name(self, arguments: list[str], problem: str, run: Run) -> None:
        """Of a later name, or of the base name of a wildcard."""
        Path("b.org.key").touch()
        error = error_of(run("make_csr.py", *arguments))
        assert error == f"{problem}; b.org.key exists: use --key b.org.key"

    def test_after_both_scripts_with_their_defaults(self, run: Run) -> None:
        error = error_of(run("make_csr.py"))
        assert error == (
            "certificate.key: no such file; "
            "give the names for the request, or edit the constants in make_csr.py"
        )
        assert run("make_certificate_key.py", "--curve", "P-256").returncode == 0
        problem, command = error_of(run("make_csr.py")).split(": run ")
        assert problem == "certificate.key: no such file; example.com.key exists"
        assert command.endswith("make_csr.py example.com")
        assert run("make_csr.py", "example.com").returncode == 0
        assert names_in(load()) == ["example.com"]

    @pytest.mark.posix(reason="pipes with names")
    def test_is_not_waited_for_unasked(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "a.org.key")
        error = error_of(run_process(command_of("make_csr.py", "a.org"), tmp_path))
        assert error == "a.org.key: the file is empty; give the private key with --key FILE"


IS_ACCOUNT_KEY = (
    "certificate.key: this is the account key ({}), which must not be the certificate key; "
    "make one with make_certificate_key.py"
)


GIVE_IT = "; give it with --account-key FILE"


class TestTheAccountKey:
    @pytest.mark.parametrize(
        ("kind", "form", "encoding"),
        [
            (2048, PrivateFormat.TraditionalOpenSSL, Encoding.PEM),
            (2048, PrivateFormat.PKCS8, Encoding.DER),
            ("P-256", PrivateFormat.PKCS8, Encoding.PEM),
            ("P-256", PrivateFormat.TraditionalOpenSSL, Encoding.DER),
        ],
    )
    def test_signs_no_request(
        self, kind: int | str, form: PrivateFormat, encoding: Encoding, run: Run
    ) -> None:
        key = private_key(kind)
        Path("certificate.key").write_bytes(pem_of(key))
        Path("account.key").write_bytes(key.private_bytes(encoding, form, NoEncryption()))
        assert error_of(run("make_csr.py")) == IS_ACCOUNT_KEY.format("account.key")

    @pytest.mark.usefixtures("key")
    def test_with_another_name_is_known_only_if_given(self, run: Run) -> None:
        shutil.copy("certificate.key", "other.key")
        assert run("make_csr.py").returncode == 0
        error = error_of(run("make_csr.py", "--account-key", "other.key"))
        assert error == IS_ACCOUNT_KEY.format("other.key")
        error = error_of(run("make_csr.py", "--account-key", "certificate.key"))
        assert error == IS_ACCOUNT_KEY.replace(" ({})", "")

    @pytest.mark.parametrize("encoding", ["compressed", "explicit"])
    def test_signs_no_request_in_another_encoding(self, encoding: str, run: Run) -> None:
        Path("certificate.key").write_bytes(pem_of(private_key("P-256")))
        option = ["-param_enc", encoding] if encoding == "explicit" else ["-conv_form", encoding]
        openssl("ec", "-in", "certificate.key", *option, "-out", "account.key", cwd=Path())
        assert error_of(run("make_csr.py")) == IS_ACCOUNT_KEY.format("account.key")

    def test_signs_no_request_encrypted(self, run: Run, secret_file: str) -> None:
        for number, name in enumerate(("account.key", "certificate.key")):
            form = (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)[number]
            Path(name).write_bytes(pem_of(private_key(2048), SECRET.encode(), form))
        error = error_of(run("make_csr.py", "--passphrase-file", secret_file))
        assert error == IS_ACCOUNT_KEY.format("account.key")

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (None, f"No such file or directory{GIVE_IT}"),
            (b"", f"the file is empty{GIVE_IT}"),
            (
                pem_of(private_key("P-256")) * 2,
                "this file has 2 private keys; put each in its own file",
            ),
            (
                pem_of(private_key("P-256"), b"secret"),
                "the key is encrypted with another passphrase",
            ),
            (pem_of(private_key("P-256")).replace(b"oUQDQgAE", b"oUQDQgAF"), "cannot be opened"),
        ],
    )
    def test_that_cannot_be_compared(
        self, content: bytes | None, reason: str, key: Path, run: Run
    ) -> None:
        if content is not None:
            Path("none").write_bytes(content)
        (found,) = warnings_of(run("make_csr.py", "--account-key", "none"))
        assert found == f"certificate.key was not compared with the account key (none: {reason})"

    @pytest.mark.posix(reason="a symbolic link")
    def test_that_is_a_link_to_where_it_cannot_be_read(self, key: Path, run: Run) -> None:
        Path("account.key").symlink_to("missing")
        (found,) = warnings_of(run("make_csr.py"))
        assert "not compared with the account key (account.key: No such file or directory" in found

    @pytest.mark.usefixtures("key", "account_key")
    def test_that_is_another(self, run: Run) -> None:
        assert warnings_of(run("make_csr.py")) == []


LDH = "; a name has only letters, digits, hyphens and dots (RFC 5890)"
NOT_VALID = "is not a valid name: it "
NOT_TEXT = "is not text; write one value in quotes"


class TestTheConstants:
    """Readers edit them, as the article tells them to."""

    @pytest.mark.usefixtures("key")
    @pytest.mark.parametrize(
        ("constant", "value", "message"),
        [
            ("DOMAIN_NAME", ["a.org"], NOT_TEXT),
            ("DOMAIN_NAME", "", "is not a valid name: it is empty"),
            ("DOMAIN_NAME", "a_b.org", f"{NOT_VALID}contains '_'{LDH}; did you mean a-b.org?"),
            ("EMAIL_ADDRESS", "nobody", "is not an e-mail address such as hostmaster@example.com"),
            ("KEY_FILE", None, NOT_TEXT),
        ],
    )
    def test_a_mistake_names_the_constant(
        self, constant: str, value: object, message: str, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(make_csr, constant, value)
        assert error_of(run("make_csr.py"), 2) == f"{constant} = {value!r} {message}"
        assert os.listdir() == ["certificate.key"]

    @pytest.mark.usefixtures("key")
    @pytest.mark.parametrize("value", [None, ""])
    def test_no_email_address(
        self, value: str | None, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(make_csr, "EMAIL_ADDRESS", value)
        assert run("make_csr.py").returncode == 0
        assert subject(load()) == [(NameOID.COMMON_NAME, "api.neoprime.xyz")]

    @pytest.mark.usefixtures("key")
    def test_edited_ones_describe_the_request(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(make_csr, "DOMAIN_NAME", "a.example.org")
        monkeypatch.setattr(make_csr, "EMAIL_ADDRESS", "me@example.org")
        monkeypatch.setattr(make_csr, "CSR_FILE", "my.csr")
        result = run("make_csr.py")
        assert names_in(load("my.csr")) == ["a.example.org"]
        assert "/emailAddress=me@example.org/CN=a.example.org" in result.stderr

    @pytest.mark.usefixtures("key")
    def test_name_the_key_unless_names_are_given(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Path("api.neoprime.xyz.key").write_bytes(pem_of(private_key("P-256")))
        assert "signed by certificate.key, " in run("make_csr.py").stderr
        assert "signed by api.neoprime.xyz.key, " in run("make_csr.py", "api.neoprime.xyz").stderr
        monkeypatch.setattr(make_csr, "KEY_FILE", "my.key")
        assert error_of(run("make_csr.py")) == (
            "my.key: no such file; api.neoprime.xyz.key exists: use --key api.neoprime.xyz.key"
        )

    @pytest.mark.parametrize("script", ["make_account_key", "make_account_key2"])
    def test_of_the_account_key(
        self, script: str, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(f"{script}.FILENAME", None)
        error = error_of(run(f"{script}.py"), 2)
        assert error == "FILENAME = None is not text; write one value in quotes"

    @pytest.mark.parametrize("value", [None, "a_b"])
    def test_of_make_certificate_key(
        self, value: object, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("make_certificate_key.DOMAIN_NAME", value)
        error = error_of(run("make_certificate_key.py"), 2)
        assert error.startswith(f"DOMAIN_NAME = {value!r} is not ")
        assert os.listdir() == []


REPLACED = "certificate.csr: the old request was replaced;"


@pytest.mark.usefixtures("key")
class TestReplacingARequest:
    """The warning that tells what was there."""

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            (["a.org"], ["b.org"], "a.org"),
            (
                ["a.org", "192.0.2.1", "b.org", "c.org"],
                [],
                "a.org, 192.0.2.1, b.org and 1 more",
            ),
            (["a.org"], ["a.org", "--email", "me@a.org"], None),
            (["a.org"], ["a.org", "b.org"], "a.org"),
        ],
    )
    def test_for_other_names(
        self, old: list[str], new: list[str], said: str | None, run: Run
    ) -> None:
        assert run("make_csr.py", *old).returncode == 0
        found = warnings_of(run("make_csr.py", "-q", *new))
        assert found == ([f"{REPLACED} it was for {said}"] if said else [])

    @pytest.mark.parametrize("name", ["repeated-extension", "unknown-tls-feature", "x400-name"])
    def test_that_cryptography_cannot_read(self, name: str, run: Run) -> None:
        shutil.copy(ARTICLE.parent / "odd" / f"{name}.csr", "certificate.csr")
        assert warnings_of(run("make_csr.py")) == [f"{REPLACED} its names cannot be read"]

    @pytest.mark.parametrize(
        ("subject", "said"),
        [
            ("/CN=Old.example.org", "old.example.org"),
            ("/O=Example", "no names"),
            ("/CN=\x1b[31m", r"\x1b[31m"),
            ("/CN=API.neoprime.xyz", None),
        ],
    )
    def test_without_a_san(self, subject: str, said: str | None, run: Run) -> None:
        command = ["req", "-new", "-key", "certificate.key", "-subj", subject]
        openssl(*command, "-out", "certificate.csr", cwd=Path())
        found = warnings_of(run("make_csr.py"))
        assert found == ([f"{REPLACED} it was for {said}"] if said else [])


def test_an_invalid_signature_is_not_written(
    key: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An EC key with another key's point makes one under cryptography 42 to 44."""

    class Invalid:
        is_signature_valid = False

    monkeypatch.setattr(x509, "load_pem_x509_csr", lambda data: Invalid())
    assert error_of(run("make_csr.py")) == (
        "certificate.key: this key makes invalid signatures, because its private and public halves "
        "do not match; restore a copy of the key"
    )
    assert os.listdir() == [key.name]


KEY = ARTICLE / "rsa2048.key"
NO_NAME = ", line {}: this line is not a valid name{}; write one name per line"
UTF_16 = ": this is UTF-16, as PowerShell 5 writes after >; save it as UTF-8"


class TestAListOfNames:
    """@FILE as a NAME."""

    @pytest.mark.usefixtures("key")
    def test_stands_for_its_names(self, run: Run) -> None:
        Path("names").write_bytes(
            b"\xef\xbb\xbf# ours\r\n\r\nb.example.org\r\n \t C.example.MX  # and this\n"
            b"m\xc3\xbcnchen.example.org"
        )
        assert run("make_csr.py", "a.example.org", "@names", "z.example.org").returncode == 0
        assert names_in(load()) == [
            "a.example.org",
            "b.example.org",
            "c.example.mx",
            "xn--mnchen-3ya.example.org",
            "z.example.org",
        ]

    @pytest.mark.usefixtures("key")
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", ": there are no names in it; write one per line"),
            (b"a.org\nno name\n", NO_NAME.format(2, "")),
            (b"a.org\nhttps://b.org/\n", NO_NAME.format(2, "; this is a URL")),
            (b"correct horse\n", NO_NAME.format(1, "")),
            (KEY.read_bytes(), ": this is PEM, not a list of names; give a text file"),
            (KEY.read_bytes().partition(b"\n")[2], NO_NAME.format(1, "")),
            (b"m\xfcnchen.org\n", ": byte 1 is not UTF-8; save it as UTF-8"),
            (b"\xff\xfe" + "a.org\n".encode("utf-16-le"), UTF_16),
            (
                b"a.org\n" * 200_000,
                ": the file is larger than 1 MiB; give a file of names after the @",
            ),
            (None, ": No such file or directory; give a file of names after the @"),
        ],
    )
    def test_that_is_none(self, content: bytes | None, message: str, run: Run) -> None:
        if content is not None:
            Path("names").write_bytes(content)
        status = 1 if "after the @" in message else 2  # where the file cannot be read
        assert error_of(run("make_csr.py", "@names"), status) == f"names{message}"
        assert not os.path.exists("certificate.csr")


LONG_DASH = "an option begins with a long dash; type a hyphen instead; see make_csr.py --help"


def test_a_name_that_is_a_file(run: Run, key: Path) -> None:
    """A list of names or a key, given without @ or --key."""
    Path("names.com").write_text("example.com\n")
    told = "names.com is a file too; for a key write --key names.com, for names @names.com"
    assert warnings_of(run("make_csr.py", "names.com", "--quiet")) == [told]


NAMES = "is not an option of this program; give the names without an option"
NO_OPTION = "is not an option of this program; see make_csr.py --help"


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([""], "'' is not a valid name: it is empty"),
        (["--email", ""], "--email '' is not an e-mail address such as hostmaster@example.com"),
        (["a.org", "a\nDNS:b.org"], rf"'a\nDNS:b.org' {NOT_VALID}contains '\n'{LDH}"),
        (["-new"], "-new is not an option of this program; leave it out"),
        (
            ["-example.com"],
            "-e… is not an option of this program; a name does not begin with a hyphen",
        ),
        (["-q", "-q"], "-q is given twice; see make_csr.py --help"),
        (
            ["--password=secret"],
            "--password is not an option of this program; did you mean --passphrase-file?",
        ),
        # As other clients have them.
        (["--domains=a.org"], f"--domains {NAMES}"),
        (["--quiet=secret", "a.org"], "--quiet takes no value; see make_csr.py --help"),
        (["--out=--"], "--out: -- is not a value; see make_csr.py --help"),
        (["--key"], "argument --key: expected one argument; see make_csr.py --help"),
        (["--acc", "x"], f"--acc {NO_OPTION}"),  # no abbreviations
        # As pasted from a web page.
        (["—key", "x"], LONG_DASH),
    ],
)
def test_wrong_usage(arguments: list[str], message: str, run: Run) -> None:
    assert error_of(run("make_csr.py", *arguments), 2) == message
    assert os.listdir() == ["certificate.key"]


@pytest.mark.parametrize("option", [[], ["--passphrase-file"]])
def test_a_key_in_place_of_its_file_is_not_shown(option: list[str], key: Path, run: Run) -> None:
    message = "an argument is a private key; give the name of its file instead"
    result = run("make_csr.py", *option, key.read_text())
    assert error_of(result, 2) == f"{message}; see make_csr.py --help"


@pytest.fixture
def pkey() -> crypto.PKey:
    return crypto.PKey.from_cryptography_key(private_key("P-256"))


class TestCreateCsr:
    """The function, for who imports it."""

    def test_normalises_names(self, pkey: crypto.PKey) -> None:
        more = ["192.0.2.1", "xn--mnchen-3ya.example"]
        csr = make_csr.create_csr(pkey, "München.example.", None, more)
        assert names_in(csr) == ["xn--mnchen-3ya.example", ip_address("192.0.2.1")]

    def test_refuses_a_string_of_more_names(self, pkey: crypto.PKey) -> None:
        with pytest.raises(TypeError, match=r"^more_names is a sequence of names, not one string$"):
            make_csr.create_csr(pkey, "example.com", None, "localhost")

    @pytest.mark.parametrize("name", [b"a.io", 5, None])
    def test_takes_no_bytes_and_no_numbers(self, name: Any, pkey: crypto.PKey) -> None:
        """Four bytes, or a number, would make an IP address."""
        with pytest.raises(TypeError, match=r"^a name is text or an IP address$"):
            make_csr.create_csr(pkey, "example.com", None, [name])

    @pytest.mark.parametrize(
        ("domain_name", "email_address", "message"),
        [
            ("a_b", None, "a_b"),
            ("a.org", "nobody", "nobody"),
            (ip_address("fe80::1%eth0"), None, "zone"),
        ],
    )
    def test_refuses_what_is_not_a_name(
        self,
        pkey: crypto.PKey,
        domain_name: str | names.Identifier,
        email_address: str | None,
        message: str,
    ) -> None:
        with pytest.raises(names.InvalidName, match=message):
            make_csr.create_csr(pkey, domain_name, email_address)

    def test_refuses_another_kind_of_key(self) -> None:
        pem = Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        pkey = crypto.load_privatekey(crypto.FILETYPE_PEM, pem)
        with pytest.raises(TypeError, match=r"^pkey is neither an RSA nor an EC private key$"):
            make_csr.create_csr(pkey, "example.com", None)
