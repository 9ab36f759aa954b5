"""Files whose content is whole and whose wrapping is not: show and make_csr open the same ones.

Beside each form stands who met it, as PROJECT#NUMBER of a public bug report.
"""

import base64
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from common import faults, wrapping
from common.faults import Fault
from tests.conftest import ARTICLE, Run, Show, error_of, openssl, pem_of, run_process, shell
from tests.made import CA, EC, LEAF, MIDDLE, ROOT_CA, RSA, as_der, as_pem, request, san, write

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

KEY = (ARTICLE / "rsa2048.key").read_bytes()
REQUEST = as_pem(request(san("example.com"), cn="example.com", key=RSA))
CERTIFICATE = as_pem(ROOT_CA)
TIMES = LEAF.not_valid_before_utc, LEAF.not_valid_after_utc
CRL = x509.CertificateRevocationListBuilder(LEAF.issuer, *TIMES).sign(CA, hashes.SHA256())

Change = Callable[[bytes], bytes]


def in_secret(pem: bytes) -> bytes:
    return b"data:\n  tls.crt: " + base64.b64encode(pem) + b"\nkind: Secret\n"


def without_marks(pem: bytes) -> bytes:
    return b"".join(pem.splitlines(keepends=True)[1:-1])


def with_line_numbers(pem: bytes) -> bytes:
    return b"".join(b"%3d  %s\n" % pair for pair in enumerate(pem.split(b"\n"), 1))


def with_invisible_characters(pem: bytes) -> bytes:
    return pem.replace(b"\n", "\u200b\n".encode(), 3).replace(b"\n", b"\xc2\xa0\n")


def for_url(pem: bytes) -> bytes:
    return b"".join(pem.splitlines()[1:-1]).translate(bytes.maketrans(b"+/", b"-_"))


# What happened to a PEM file, what the warning says, and who met it.
FORMS: dict[str, tuple[Change, Fault]] = {
    r"\n": (lambda pem: pem.strip().replace(b"\n", b"\\n"), faults.ESCAPED),  # moby#12997
    r"\n in quotes": (lambda pem: b'"' + pem.replace(b"\n", b"\\n") + b'"', faults.ESCAPED),
    r"\r\n": (lambda pem: pem.strip().replace(b"\n", b"\\r\\n"), faults.ESCAPED),  # aliyun-cli#1248
    "a Kubernetes secret": (in_secret, faults.IN_BASE64),  # kubernetes/website#41785
    "Kubernetes": (base64.b64encode, faults.IN_BASE64),  # traefik#2001, cert-manager#2264
    "spaces": (lambda pem: pem.strip().replace(b"\n", b" "), faults.BREAKS),  # coolify#6384
    "CR": (lambda pem: pem.replace(b"\n", b"\r"), faults.BREAKS),  # old Macintosh
    # cloudflare-docs#3635
    "four dashes": (lambda pem: pem.replace(b"-----", b"----"), faults.DASHES),
    "long dashes": (lambda pem: pem.replace(b"-----", "—".encode()), faults.DASHES),
    "quoted": (lambda pem: b"> " + pem.strip().replace(b"\n", b"\n> ") + b"\n", faults.MORE),
    "a patch": (lambda pem: b"+" + pem.strip().replace(b"\n", b"\n+") + b"\n", faults.MORE),
    "line numbers": (with_line_numbers, faults.MORE),  # a listing of an editor
    "text before BEGIN": (lambda pem: b"key: " + pem, faults.MORE),
    "text after END": (lambda pem: pem.rstrip() + b" # key", faults.MORE),
    "text before END": (lambda pem: pem.replace(b"\n-----END", b"\n -----END"), faults.MORE),
    "blank lines": (lambda pem: pem.replace(b"\n", b"\n\n"), faults.MORE),
    "a comment within": (lambda pem: pem.replace(b"\n", b"\n# secret?\n", 1), faults.MORE),
    "a byte order mark": (lambda pem: b"\xef\xbb\xbf" + pem, faults.INVISIBLE),  # openssl#6281
    "invisible characters": (with_invisible_characters, faults.INVISIBLE),  # localthings#291
    "a part of a URL": (lambda pem: quote(pem).encode(), faults.URL),  # caddyserver/caddy#3767
    "base64 for a URL": (for_url, faults.BARE_URL),  # RFC 8555 section 7.4
    "no marks": (without_marks, faults.BARE),  # traefik#2001
    "no BEGIN": (lambda pem: pem[pem.index(b"\n") + 1 :], faults.NO_BEGIN),  # django-x509#12
    "no END": (lambda pem: pem[: pem.index(b"-----END")], faults.NO_END),  # simp_le#149
    "another END": (lambda pem: pem.replace(b"END ", b"END X"), faults.DIFFERENT),  # node#3069
    "UTF-16": (lambda pem: pem.decode().encode("utf-16"), faults.UTF16),  # PowerShell 5
}


def warned(program: str, fault: Fault, where: str = "a.pem") -> str:
    told = f"{where}: {fault.what}, so other programs may not read it; {fault.undo}"
    return f"{program}: warning: {told}\n"


def check_signs(run: Run, fault: Fault) -> None:
    """Check that make_csr uses the key in a.pem, with the same warning as show."""
    made = run("make_csr.py", "example.com", "--key", "a.pem", "--quiet", "--out", "-")
    assert (made.returncode, made.stderr) == (0, warned("make_csr.py", fault))


@pytest.mark.parametrize("form", FORMS)
def test_what_is_whole_is_used_and_its_wrapping_warned_of(form: str, show: Show, run: Run) -> None:
    change, fault = FORMS[form]
    for pem in (REQUEST, CERTIFICATE, KEY):
        write("good", pem)
        write("a.pem", change(pem))
        page = show("good")[1].replace("good:", "a.pem:")
        assert show("a.pem") == (0, page, warned("show", fault))
    check_signs(run, fault)


@pytest.mark.posix(reason="the commands are for a POSIX shell")
@pytest.mark.parametrize("form", [name for name, (_, fault) in FORMS.items() if "FILE" in fault[1]])
def test_the_command_puts_it_right(form: str, show: Show, tmp_path: Path) -> None:
    change, fault = FORMS[form]
    data = change(KEY)
    write("a.key", data.split()[2] if "secret" in form else data)
    command = fault.undo.partition(": ")[2].replace("FILE", "a.key").replace("NEW", "new.key")
    result = shell(command, tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    Path("new.key").chmod(0o600)
    assert show("new.key")[::2] == (0, "")
    openssl("pkey", "-in", "new.key", "-noout", cwd=tmp_path)


# The label that is there, that of the content, and the file. cryptography#13118, teleport#46727 and
# node#3069 are about the first two, in both directions; the last is a slip of the clipboard.
LABELS = {
    "PKCS#8 as RSA": ("RSA PRIVATE KEY", "PRIVATE KEY", as_pem(RSA)),
    "PKCS#8 as EC": ("EC PRIVATE KEY", "PRIVATE KEY", as_pem(RSA)),
    "SEC 1 as PKCS#8": ("PRIVATE KEY", "EC PRIVATE KEY", pem_of(EC)),
    # jsrsasign#125 and haproxy#130 of tutumcloud
    "plain as encrypted": ("ENCRYPTED PRIVATE KEY", "PRIVATE KEY", as_pem(RSA)),
    "an invented label": ("MY OWN CERTIFICATE", "CERTIFICATE", CERTIFICATE),
    "request as certificate": ("CERTIFICATE", "CERTIFICATE REQUEST", REQUEST),
    "certificate as request": ("CERTIFICATE REQUEST", "CERTIFICATE", CERTIFICATE),
}


@pytest.mark.parametrize("kind", LABELS)
def test_a_label_of_another_kind(kind: str, show: Show, run: Run) -> None:
    label, right, pem = LABELS[kind]
    write("good", pem)
    write("a.pem", pem.replace(f" {right}-".encode(), f" {label}-".encode()))
    fault = faults.of_label(label, right)
    page = show("good")[1].replace("good:", "a.pem:")
    assert show("a.pem") == (0, page, warned("show", fault))
    if "KEY" in right:
        check_signs(run, fault)


def test_files_joined_without_a_line_break(show: Show, run: Run) -> None:
    """As cat does without a newline at an end: simp_le#149, debops#1424, ansible#7236."""
    write("a.pem", as_pem(LEAF).strip(), CERTIFICATE.strip(), KEY)
    second = as_pem(LEAF).count(b"\n")
    third = second + CERTIFICATE.count(b"\n") - 1
    _, out, err = show("a.pem")
    assert err.startswith(
        warned("show", faults.JOINED, f"a.pem (2 of 3) (line {second})")
        + warned("show", faults.JOINED, f"a.pem (3 of 3) (line {third})")
    )
    assert out.count("public key   ") == 3
    made = run("make_csr.py", "example.com", "--key", "a.pem", "--quiet", "--out", "-")
    assert (made.returncode, made.stdout.encode()) == (0, REQUEST)
    assert made.stderr == warned("make_csr.py", faults.JOINED, f"a.pem (line {third})")


def test_other_text_and_labels_that_are_usual(show: Show, run: Run, tmp_path: Path) -> None:
    """RFC 7468 sections 2 and 7; openssl x509 -text and s_client -showcerts write such files."""
    write("a.crt", CERTIFICATE)
    trusted = openssl("x509", "-trustout", "-in", "a.crt", "-addtrust", "serverAuth", cwd=tmp_path)
    assert "TRUSTED CERTIFICATE" in trusted
    crlf = CERTIFICATE.replace(b"\n", b"\r\n")
    for usual, pem in (
        (CERTIFICATE, b"Certificate:\n    Data:\n" + crlf + b"---\nmore\n"),
        (CERTIFICATE, b"0 s:CN = example.com\n" + CERTIFICATE),
        (CERTIFICATE, trusted.encode()),
        (REQUEST, REQUEST.replace(b" CERT", b" NEW CERT")),
    ):
        write("good", usual)
        write("a.pem", pem)
        assert show("a.pem") == (0, show("good")[1].replace("good:", "a.pem:"), "")
    told = "a.pem: this is a certificate signing request; give the private key with --key FILE"
    assert error_of(run("make_csr.py", "--key", "a.pem")) == told


def test_pkcs7(show: Show, tmp_path: Path) -> None:
    write("chain.pem", LEAF, MIDDLE)
    for form in ("PEM", "DER"):
        command = ("crl2pkcs7", "-nocrl", "-certfile", "chain.pem", "-outform", form)
        openssl(*command, "-out", "chain.p7b", cwd=tmp_path)
        page = show("chain.pem")[1].replace("chain.pem", "chain.p7b")
        assert show("chain.p7b") == (0, page, "")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (KEY[:900], faults.CUT_SHORT),
        (b"".join(line for line in KEY.splitlines(True) if b"7" not in line), faults.NOT_DER),
        (wrapping.written("PRIVATE KEY", b"a secret, xcrypto#10"), faults.NOT_DER),
        (wrapping.written("PRIVATE KEY", b"openssh-key-v1\0 (xcrypto#10)"),
         faults.of_label("PRIVATE KEY", "OPENSSH PRIVATE KEY")),
        (KEY.replace(b"\nMII", b"\nM!II"), faults.DAMAGED),
        (as_der(RSA)[:-1], faults.DAMAGED),
    ],
)  # fmt: skip
def test_content_that_is_not_whole(data: bytes, fault: Fault, show: Show, run: Run) -> None:
    write("a.key", data)
    told = f"a.key: {fault.what}; {fault.undo}"
    assert show("a.key") == (1, "", f"show: error: {told}\n")
    assert error_of(run("make_csr.py", "--key", "a.key")) == told


@pytest.mark.parametrize("change", [bytes, base64.encodebytes])
@pytest.mark.parametrize("legacy", [False, True])
def test_the_command_for_pkcs12(
    legacy: bool, change: Change, show: Show, run: Run, tmp_path: Path
) -> None:
    """Old programs encrypt with RC2, which OpenSSL 3 reads with -legacy alone."""
    write("plain.key", KEY)
    options = ["-legacy", "-descert"] if legacy else []
    export = ("pkcs12", "-export", *options, "-inkey", "plain.key", "-nocerts")
    openssl(*export, "-passout", "pass:x", "-out", "a.p12", cwd=tmp_path)
    write("a.p12", change(Path("a.p12").read_bytes()))
    message = error_of(run("make_csr.py", "--key", "a.p12"))
    assert show("a.p12") == (1, "", f"show: error: {message}\n")
    assert message.startswith("a.p12: this is PKCS#12 (.p12, .pfx); take the key out with: ")
    command = message.partition("with: ")[2]
    command = command.replace("FILE", "a.p12").replace("NEW", "new.key")
    result = shell(f"{command} -passin pass:x", tmp_path)
    assert result.returncode == 0, result.stderr
    assert show("new.key", "plain.key")[1].endswith("new.key and plain.key hold the same key\n")


@pytest.mark.browser
def test_the_command_for_an_openssh_key(show: Show, run: Run, tmp_path: Path) -> None:
    write("a.key", RSA.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    told = "a.key: this is an OpenSSH key; convert a copy with: ssh-keygen -p -m PEM -f COPY"
    assert show("a.key")[2] == f"show: error: {told}\n"
    assert error_of(run("make_csr.py", "--key", "a.key")) == told
    command = told.partition("with: ")[2].replace("COPY", "a.key")
    result = run_process([*command.split(), "-N", "", "-P", ""], tmp_path)
    assert result.returncode == 0, result.stderr
    assert show("a.key")[::2] == (0, "")


GIVE = "give a key, a request or a certificate"
OF_SSH = EC.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", f"the file is empty; {GIVE}"),
        (b"-----END CERTIFICATE-----\n", f"the file contains no PEM (-----BEGIN …); {GIVE}"),
        (b"see -----BEGIN CERTIFICATE----- and so on\n", "the file contains no PEM"),
        (
            wrapping.written("EC PARAMETERS", b"\6\1\x2a"),
            "this is PEM with the label EC PARAMETERS",
        ),
        (wrapping.written("PGP PRIVATE KEY BLOCK", b"x"), "this is a PGP key"),
        (b"\x30\x0c" + 4 * b"\x02\x01\x05", "this is DER, but not a whole key"),
        (b'{"e": "AQAB", "kty": "RSA"}', "this is a JSON Web Key (JWK); convert it to PEM as docs"),
        (b'{"type": "urn:ietf:params:acme:error:malformed"}', f"this is JSON; {GIVE}"),
        (b"/etc/certs/server/tls.crt\n", "this is the name of a file; give that file"),
        (b"<path:kv/data/key#pem>", "the file contains no PEM"),  # argocd-vault-plugin#297
        (b"Certificate:\n    Data:\n", "this is the text of -text alone; leave out -noout"),
        (b"$ANSIBLE_VAULT;1.1;AES256\n", "this is an Ansible vault; decrypt a copy with: ansible"),
        (b"<html>", f"this is a web page or XML; {GIVE}"),
        (b"PuTTY-User-Key-File-3: x", "this is a PuTTY key; export it from PuTTYgen"),
        (OF_SSH, f"this is an SSH public key; {GIVE}"),
        (as_der(CRL), f"this is a certificate revocation list (CRL); {GIVE}"),
        (b"\xce\xce\xce\xce", "this is a Java keystore; export the key with keytool"),
    ],
)
def test_a_file_of_another_kind(data: bytes, told: str, show: Show, run: Run) -> None:
    write("a.key", data)
    status, out, err = show("a.key")
    assert (status, out) == (1, "")
    assert err.startswith(f"show: error: a.key: {told}")
    theirs = err.removeprefix("show: error: ").replace(GIVE, "give the private key with --key FILE")
    assert error_of(run("make_csr.py", "--key", "a.key")) == theirs.rstrip()


@pytest.mark.apart  # mutmut makes each call slower
@pytest.mark.parametrize(
    "data",
    [
        b"-----BEGIN " * 90_000,
        b"-----BEGIN A-----" * 60_000,
        b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" * 16_000,
        b"A" + b" " * 1_000_000 + b"!",
        b"LS0tLS1CRUdJTi" * 70_000,  # base64 of BEGIN
    ],
    ids=lambda data: data[:27].decode(),
)
def test_a_hostile_file_takes_no_time(data: bytes) -> None:
    """No pattern backtracks, and no work grows with the square of the file."""
    started = time.process_time()
    for block in wrapping.blocks(data):
        assert block.text
    assert time.process_time() - started < 2
