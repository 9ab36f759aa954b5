"""make_csr: the request itself, and the command line around it."""

import os
import shutil
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from unittest import mock

import make_csr
from common import keys, names, shell
from tests.conftest import ARTICLE, Patch, Run, Show, error_of, pem_of, private_key, warnings_of
from tests.made import EC, openssl, request, san, write

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from OpenSSL import crypto

KEY = (ARTICLE / "rsa2048.key").read_bytes()


def load(path: str = "certificate.csr") -> x509.CertificateSigningRequest:
    return x509.load_pem_x509_csr(Path(path).read_bytes())


def names_in(csr: x509.CertificateSigningRequest) -> str:
    extension = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert not extension.critical
    return " ".join(str(name.value) for name in extension.value)


def subject(csr: x509.CertificateSigningRequest) -> str:
    """Return the attributes of the subject, the last one first (RFC 4514)."""
    return csr.subject.rfc4514_string({NameOID.EMAIL_ADDRESS: "emailAddress"})


@pytest.mark.parametrize("key", ["rsa2048", "rsa4096"])
def test_the_requests_of_the_article(key: str, run: Run) -> None:
    """The article's own program made the expected ones."""
    arguments = ["api.neoprime.xyz", "--email", "support@neoprime.xyz"]
    assert run("make_csr.py", *arguments, "--key", f"{ARTICLE / key}.key").returncode == 0
    expected = ARTICLE / f"{key}-api.neoprime.xyz.csr"
    assert Path("certificate.csr").read_bytes() == expected.read_bytes()


@pytest.mark.usefixtures("key")
def test_a_bare_run_makes_the_request_of_the_constants(run: Run) -> None:
    shutil.copy(ARTICLE / "rsa4096.key", "account.key")
    os.chmod("account.key", 0o600)
    expected = (ARTICLE / "rsa2048-api.neoprime.xyz.csr").read_bytes()
    result = run("make_csr.py", "--out", "-")
    assert result.stdout.encode() == expected
    assert " -out " not in result.stderr
    assert not Path("certificate.csr").exists()
    for _ in range(2):  # it may replace its own request
        result = run("make_csr.py")
        assert (warnings_of(result), result.stdout) == ([], "")
        assert Path("certificate.csr").read_bytes() == expected


@pytest.mark.usefixtures("key")
def test_a_request_has_the_names_in_their_order_each_once(run: Run) -> None:
    wanted = ["b.example.org", "A.example.org.", "192.0.2.1", "B.EXAMPLE.ORG", "*.c.example.org"]
    # Options and names may be mixed.
    result = run("make_csr.py", *wanted, "--email", "me@example.org", "IP:2001:DB8::1")
    listed = "for b.example.org, a.example.org, 192.0.2.1 and 2 more"
    assert f"{listed}, with the e-mail address me@example.org.\n" in result.stderr
    csr = load()
    in_san = "b.example.org a.example.org 192.0.2.1 *.c.example.org 2001:db8::1"
    assert names_in(csr) == in_san
    assert subject(csr) == "CN=b.example.org,emailAddress=me@example.org"
    assert len(list(csr.attributes)) == len(list(csr.extensions)) == 1


def test_a_key_on_p521_signs_with_sha256(run: Run) -> None:
    Path("certificate.key").write_bytes(pem_of(private_key("P-521")))
    told = "certificate.key: this key is on P-521, not P-256 or P-384, so Let's Encrypt rejects it"
    assert warnings_of(run("make_csr.py")) == [told]
    csr = load()
    assert csr.is_signature_valid
    assert isinstance(csr.signature_hash_algorithm, hashes.SHA256)


# The key.

MAKE_ONE = "make a key with make_certificate_key.py, or give one with --key FILE"
GIVE_NAMES = "give the names for the request, or edit the constants in make_csr.py"
NO_KEY = "certificate.key: no such file"
MEANT = f"did you mean *.example.com? Otherwise {MAKE_ONE}"
EXISTS = "{0} exists: use --key {0}"
B64 = "k1" * 32


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ([], "certificate.key"),
        (["Example.com.", "www.example.com"], "example.com.key"),
        (["*.example.org", "example.com"], "_.example.org.key"),
        (["www.example.com", "example.com"], "certificate.key"),
        (["www.example.com", "--key", "example.com.key"], "example.com.key"),
    ],
)
def test_the_key_is_named_after_the_first_name(arguments: list[str], key: str, run: Run) -> None:
    """Without names on the command line, the constant names it."""
    for name in ("certificate", "example.com", "_.example.org", "api.neoprime.xyz"):
        Path(f"{name}.key").write_bytes(pem_of(private_key("P-256")))
    Path("www.example.com").touch()
    assert f"signed by {key}, for" in run("make_csr.py", *arguments).stderr


@pytest.mark.parametrize(
    ("there", "arguments", "message"),
    [
        # No command for a name that nobody has typed.
        ("example.com.key", ["a.org"], f"a.org.key or {NO_KEY}; {MAKE_ONE}"),
        ("b.org.key", ["b.org", "--key", "c.key"], f"c.key: no such file; {EXISTS}"),
        ("example.com.key", ["a.org", "--key="], f"an empty name: no such file; {MAKE_ONE}"),
        # The key of a later name, or of the base name of a wildcard.
        ("b.org.key", ["a.org", "b.org"], f"a.org.key or {NO_KEY}; {EXISTS}"),
        ("b.org.key", ["a.org", "*.b.org"], f"a.org.key or {NO_KEY}; {EXISTS}"),
        ("b.org.key", ["www.b.org"], f"www.b.org.key or {NO_KEY}; {EXISTS}"),
        ("_.example.com.key", ["*.exmaple.com"], f"_.exmaple.com.key or {NO_KEY}; {MEANT}"),
        ("example.com.csr", ["exmaple.com"], f"exmaple.com.key or {NO_KEY}; {MAKE_ONE}"),
        ("my.key", ["a.org", "--key", "m.key"], "m.key: no such file; did you mean my.key?"),
        # A path that might be a key in base64, and a name.
        ("my.key", [f"--key={ARTICLE}/{B64}"], f"{ARTICLE}/{B64}: no such file; {MAKE_ONE}"),
        (B64, ["--key", B64], f"{B64}: the file is empty; give the private key with --key FILE"),
        ("api.neoprime.xyz.key", [], f"{NO_KEY}; {EXISTS}"),
        ("example.com.key", [], f"{NO_KEY}; {{0}} exists: run {{1}}"),
        ("other.key", [], f"{NO_KEY}; {GIVE_NAMES}"),
    ],
)
def test_a_missing_key_has_advice(there: str, arguments: list[str], message: str, run: Run) -> None:
    Path(there).touch()
    command = shell.script("make_csr.py", "example.com")
    assert error_of(run("make_csr.py", *arguments)) == message.format(there, command)
    assert os.listdir() == [there]


# The account key.

IS_ACCOUNT_KEY = (
    "certificate.key: this is the account key ({}), which must not be the certificate key; "
    "make one with make_certificate_key.py"
)


@pytest.mark.parametrize("form", ["-outform DER", "-conv_form compressed", "-param_enc explicit"])
def test_the_account_key_does_not_sign_a_request(form: str, run: Run) -> None:
    Path("certificate.key").write_bytes(pem_of(EC))
    openssl(f"ec {form} -in certificate.key -out account.key")
    assert error_of(run("make_csr.py")) == IS_ACCOUNT_KEY.format("account.key")


@pytest.mark.usefixtures("key")
def test_an_account_key_with_another_name_is_known_only_if_given(run: Run) -> None:
    shutil.copy("certificate.key", "other.key")
    assert run("make_csr.py").returncode == 0
    error = error_of(run("make_csr.py", "--account-key", "other.key"))
    assert error == IS_ACCOUNT_KEY.format("other.key")
    error = error_of(run("make_csr.py", "--account-key", "certificate.key"))
    assert error == IS_ACCOUNT_KEY.replace(" ({})", "")
    reason = "(none: No such file or directory; give the account key)"
    assert reason in error_of(run("make_csr.py", "--account-key", "none"))


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty{}"),
        (pem_of(EC).replace(b"oUQDQgAE", b"oUQDQgAF"), "the key is damaged; restore a copy"),
    ],
)
def test_an_account_key_that_cannot_be_compared(content: bytes, reason: str, run: Run) -> None:
    """It stops the program only if the user has given it."""
    Path("account.key").write_bytes(content)
    told = f"certificate.key was not compared with the account key (account.key: {reason})"
    given = told.format("; give the account key")
    error = error_of(run("make_csr.py", "--account-key", "account.key"))
    assert error == f"{given}; correct --account-key or leave it out"
    assert not Path("certificate.csr").exists()
    warned = told.format("; give it with --account-key FILE")
    assert warnings_of(run("make_csr.py")) == [warned]


# The constants, which readers edit, as the article tells them to.

LDH = "; a name has only letters, digits, hyphens and dots (RFC 5890)"
NOT_VALID = "is not a valid name: it "
AN_ADDRESS = "an e-mail address such as hostmaster@example.com"
NOT_TEXT = "is not text; write one value in quotes"
SEVERAL = "give several names on the command line instead"


@pytest.mark.parametrize(
    ("constant", "value", "message"),
    [
        ("make_csr.DOMAIN_NAME", "", f"{NOT_VALID}is empty"),
        ("make_csr.DOMAIN_NAME", "a.org b.org", f"{NOT_VALID}contains ' '{LDH}; {SEVERAL}"),
        ("make_csr.DOMAIN_NAME", "a_b.org", f"{NOT_VALID}contains '_'{LDH}; did you mean a-b.org?"),
        ("make_csr.EMAIL_ADDRESS", "nobody", f"is not {AN_ADDRESS}"),
        ("make_csr.KEY_FILE", None, NOT_TEXT),
        ("make_csr.CSR_FILE", None, NOT_TEXT),
        ("make_account_key.FILENAME", None, NOT_TEXT),
        ("make_certificate_key.DOMAIN_NAME", None, NOT_TEXT),
        ("make_certificate_key.DOMAIN_NAME", "a.key", "is the name of a key file; did you mean a?"),
    ],
)
def test_a_mistake_names_the_constant(
    constant: str, value: object, message: str, run: Run, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(constant, value)
    script, _, name = constant.partition(".")
    assert error_of(run(f"{script}.py"), 2) == f"{name} = {value!r} {message}"
    assert os.listdir() == []


@pytest.mark.usefixtures("key")
def test_edited_constants_describe_the_request(run: Run, monkeypatch: Patch) -> None:
    os.rename("certificate.key", "my.key")
    monkeypatch.setattr(make_csr, "KEY_FILE", "my.key")
    monkeypatch.setattr(make_csr, "CSR_FILE", "my.csr")
    monkeypatch.setattr(make_csr, "DOMAIN_NAME", "a.example.org")
    for email in ("me@example.org", None, ""):
        monkeypatch.setattr(make_csr, "EMAIL_ADDRESS", email)
        assert warnings_of(run("make_csr.py")) == []
        csr = load("my.csr")
        assert names_in(csr) == "a.example.org"
        more = f",emailAddress={email}" if email else ""
        assert subject(csr) == f"CN=a.example.org{more}"


# Replacing a request.

AN_IP = x509.IPAddress(ip_address("192.0.2.1"))
X400_NAME = ARTICLE.parent / "odd" / "x400-name.csr"


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    ("old", "arguments", "said"),
    [
        (request(san("a.org")), ["a.org", "b.org"], "it was for a.org"),
        (request(san("a.org")), ["a.org", "--email", "me@a.org"], None),
        (request(san("a.org", "b.org", "c.org")), [], "it was for a.org, b.org, c.org"),
        (request(san("a", AN_IP, "b", "c")), [], "it was for a, 192.0.2.1, b and 1 more"),
        (request(cn="API.neoprime.xyz"), [], None),
        (request(), [], "it was for no names"),
        (X400_NAME.read_bytes(), [], "its names cannot be read"),  # by cryptography
    ],
)
def test_a_replaced_request_for_other_names_is_warned_of(
    old: x509.CertificateSigningRequest | bytes, arguments: list[str], said: str | None, run: Run
) -> None:
    write("certificate.csr", old)
    replaced = [f"certificate.csr: the old request was replaced; {said}"] if said else []
    assert warnings_of(run("make_csr.py", "-q", *arguments)) == replaced


def test_an_invalid_signature_is_not_written(key: Path, run: Run, monkeypatch: Patch) -> None:
    """An EC key with another key's point makes one under cryptography 42 to 44."""
    invalid = mock.Mock(is_signature_valid=False)
    monkeypatch.setattr(x509, "load_pem_x509_csr", lambda data: invalid)
    assert error_of(run("make_csr.py")) == (
        "certificate.key: this key makes invalid signatures, because its private and public halves "
        "do not match; restore a copy of the key"
    )
    assert os.listdir() == [key.name]


# A list of names: @FILE as a NAME.

NO_NAME = ", line {}: this line is not a valid name{}; write one name per line"


@pytest.mark.usefixtures("key")
def test_a_list_stands_for_its_names(run: Run) -> None:
    Path("names").write_bytes(
        b"\xef\xbb\xbf# ours\r\n\r\nb.example.org\r\n \t C.example.MX  # and this\n"
        b"m\xc3\xbcnchen.org"
    )
    assert run("make_csr.py", "a.org", "@names", "z.org").returncode == 0
    assert names_in(load()) == "a.org b.example.org c.example.mx xn--mnchen-3ya.org z.org"
    assert subject(load()) == "CN=a.org"  # the constant EMAIL_ADDRESS is for the constant names


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ": there are no names in it; write one per line"),
        (b"a.org\nno name\n", NO_NAME.format(2, "")),
        (b"a.org\nhttps://b.org/\n", NO_NAME.format(2, "; this is a URL")),
        (KEY, ": this is PEM, not a list of names; give a text file"),
        (KEY.partition(b"\n")[2], NO_NAME.format(1, "")),
        (b"m\xfcnchen.org\n", ": byte 1 is not UTF-8; save it as UTF-8"),
        (b"secret\n", ": no line has a dot; give a single label on the command line"),
        (None, ": No such file or directory; give a file of names after the @"),
    ],
)
def test_only_a_list_of_names_is_taken(content: bytes | None, message: str, run: Run) -> None:
    if content is not None:
        Path("names").write_bytes(content)
    status = 1 if "after the @" in message else 2  # where the file cannot be read
    assert error_of(run("make_csr.py", "@names"), status) == f"names{message}"
    assert not os.path.exists("certificate.csr")


@pytest.mark.parametrize("file", ["a.org.key", "a.org.csr", "a.org.pem", "a.org.crt"])
def test_a_file_is_not_taken_for_a_name(file: str, run: Run) -> None:
    Path(file).touch()
    told = "is a file, not a name; give the names, and the certificate key with --key FILE"
    assert error_of(run("make_csr.py", file), 2) == f"{file} {told}"


# Wrong usage.

NOT_HERE = "is not an option of this program"
SEE = "; see make_csr.py --help"
ALONE = f"{NOT_HERE}; give names without an option"
BASE64 = "".join(KEY.decode().splitlines()[1:-1])
LONG = "has more than 63 characters between two dots (RFC 1035)"
A_KEY = "an argument looks like a private key; give the name of its file instead"


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--email", ""], f"--email '' is not {AN_ADDRESS}"),
        (["a.org", "a\nDNS:b.org"], rf"'a\nDNS:b.org' {NOT_VALID}contains '\n'{LDH}"),
        (["1" * 76 + ".org"], f"'{'1' * 76}.org' {NOT_VALID}{LONG}"),
        (["--kye=x"], f"--kye {NOT_HERE}; did you mean --key?"),
        (["-key", "x"], f"-k… {NOT_HERE}; did you mean --key?"),
        ([f"--{'pass' * 20}:secret"], f"--{'pass' * 9}pa… {NOT_HERE}{SEE}"),
        (["-psecret"], f"-p… {NOT_HERE}{SEE}"),
        *(([o, "a.org"], f"{o} {ALONE}") for o in ("-d", "--domain", "--domains", "--san")),
        (["-q", "-q"], f"-q is given twice{SEE}"),
        (["--quiet=secret", "a.org"], f"--quiet takes no value{SEE}"),
        (["--out=--"], f"--out: -- is not a value{SEE}"),
        ([f"--key={BASE64}"], A_KEY),
        (["--key", f'"{BASE64.replace("/", "_")}",'], A_KEY),
        (["--key", bytes(range(32)).hex()], A_KEY),
        ([f"@{BASE64[100:164]}"], A_KEY),
        (["{'kty': 'EC', 'd': 'secret'}"], A_KEY),
        (["—key", "x"], "an option begins with a long dash; type two hyphens instead"),
        (["--key", KEY.decode()], A_KEY),
    ],
)
def test_wrong_usage(arguments: list[str], message: str, run: Run) -> None:
    assert error_of(run("make_csr.py", *arguments), 2) == message
    assert os.listdir() == ["certificate.key"]


@pytest.mark.usefixtures("key")
def test_nothing_after_two_hyphens_is_an_option(run: Run, show: Show) -> None:
    error = error_of(run("make_csr.py", "a.org", "-q", "--", "-b.org", "--"), 2)
    assert error.startswith("'-b.org' is not a valid name: ")
    os.rename("certificate.key", "-q")
    assert run("make_csr.py", "--key=-q", "--", "a.org").returncode == 0
    status, page, _ = show("certificate.csr", "--public", "--", "-q")
    assert (status, page.count("BEGIN PUBLIC KEY")) == (0, 2)


# create_csr, for programs that import it.


PKEY = crypto.PKey.from_cryptography_key(private_key("P-256"))
ED25519 = crypto.PKey.from_cryptography_key(Ed25519PrivateKey.generate())
A_SEQUENCE = "more_names is a sequence of names, not one string"
HUGE = "this key has 8193 bits, and keys over 8192 bits take too long to check; make another"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ([PKEY, "a_b", None], names.InvalidName, "a_b"),
        ([PKEY, "a.org", "nobody"], names.InvalidName, "nobody"),
        ([PKEY, "a.org", None, "b.org"], TypeError, f"^{A_SEQUENCE}$"),
        # Four bytes would make an IP address.
        ([PKEY, "a.org", None, [b"a.io"]], TypeError, "^a name is text or an IP address$"),
        ([mock.Mock(bits=lambda: 8193), "a.org", None], keys.UnusableKey, f"^{HUGE}$"),
        ([ED25519, "a.org", None], TypeError, "^pkey is neither an RSA nor an EC private key$"),
    ],
)
def test_create_csr_takes_only_names_and_an_rsa_or_ec_key(
    arguments: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make_csr.create_csr(*arguments)
