"""Files whose content is whole and whose wrapping is not: show and make_csr open the same ones.

Beside each form stands who met it, as PROJECT#NUMBER of a public bug report.
"""

import base64
import re
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from common import wrapping
from tests.conftest import ARTICLE, Run, Show, error_of, openssl, run_process, shell
from tests.made import CA, EC, LEAF, MIDDLE, RSA, request, san, write

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)

KEY = (ARTICLE / "rsa2048.key").read_bytes()
REQUEST = request(san("example.com"), cn="example.com", key=RSA).public_bytes(Encoding.PEM)
CERTIFICATE = LEAF.public_bytes(Encoding.PEM)
PKCS8 = RSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
SEC1 = EC.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())

BREAKS = (
    "its line breaks are missing or became spaces",
    "write BEGIN and END on lines of their own, and the rest in lines without spaces",
)
ESCAPED = (
    r"its line breaks are the two characters \n",
    r"""write line breaks with: printf '%b\n' "$(tr -d \" < FILE)" > NEW""",
)
DASHES = ("its dashes are not five hyphens", "write five hyphens around BEGIN … and END …")
MORE = ("it has text or blank lines besides BEGIN, base64 and END", "remove everything but these")
UTF_16 = (
    "this is UTF-16, as PowerShell 5 writes after >",
    "convert it with: iconv -f UTF-16 -t ASCII FILE > NEW",
)
IN_BASE64 = (
    "this is base64 of PEM",
    r"decode it (and nothing else) with: tr -d '\r\n' < FILE | openssl base64 -d -A -out NEW",
)

INVISIBLE = (
    "it has invisible characters, such as a byte order mark",
    r"remove them with: LC_ALL=C tr -cd '\n\r\t -~' < FILE > NEW",
)

Change = Callable[[bytes], bytes]

NO_BEGIN = (
    "its BEGIN and END lines are missing",
    "write -----BEGIN … and -----END … around it",
)
LABELS_DIFFER = (
    "BEGIN and END have different labels",
    "write the same label in both lines",
)
IN_URL = (
    "it is encoded as a part of a URL",
    "decode it with: python3 -c 'import sys; from urllib.parse import unquote; "
    "print(unquote(sys.stdin.read()))' < FILE > NEW",
)
FOR_URL = (
    "this is base64 for a URL, as ACME sends it, without BEGIN and END lines",
    "replace - with + and _ with /, and write -----BEGIN … and -----END … around it",
)


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


# What happened to a PEM file, what the warning says is wrong and how to undo it, and who met it.
FORMS: dict[str, tuple[Change, tuple[str, str]]] = {
    r"\n": (lambda pem: pem.strip().replace(b"\n", b"\\n"), ESCAPED),  # moby#12997, kamal#1467
    r"\n in quotes": (
        lambda pem: b'"' + pem.replace(b"\n", b"\\n") + b'"',
        ESCAPED,
    ),
    r"\r\n": (lambda pem: pem.strip().replace(b"\n", b"\\r\\n"), ESCAPED),  # aliyun-cli#1248
    "a Kubernetes secret": (in_secret, IN_BASE64),  # kubernetes/website#41785
    "Kubernetes": (base64.b64encode, IN_BASE64),  # traefik#2001, cert-manager#2264
    "spaces": (lambda pem: pem.strip().replace(b"\n", b" "), BREAKS),  # coolify#6384
    "no BEGIN": (without_marks, NO_BEGIN),  # traefik#2001
    "four dashes": (lambda pem: pem.replace(b"-----", b"----"), DASHES),  # cloudflare-docs#3635
    "long dashes": (lambda pem: pem.replace(b"-----", "—".encode()), DASHES),
    "quoted": (lambda pem: b"> " + pem.strip().replace(b"\n", b"\n> ") + b"\n", MORE),
    "a patch": (lambda pem: b"+" + pem.strip().replace(b"\n", b"\n+") + b"\n", MORE),
    "line numbers": (with_line_numbers, MORE),  # a listing of an editor
    "text before BEGIN": (lambda pem: b"key: " + pem, MORE),
    "blank lines": (lambda pem: pem.replace(b"\n", b"\n\n"), MORE),
    "a byte order mark": (lambda pem: b"\xef\xbb\xbf" + pem, INVISIBLE),  # openssl#6281
    "invisible characters": (with_invisible_characters, INVISIBLE),  # localthings#291
    "a part of a URL": (lambda pem: quote(pem).encode(), IN_URL),  # caddyserver/caddy#3767
    "base64 for a URL": (for_url, FOR_URL),  # RFC 8555 section 7.4: the request of an ACME client
    "no BEGIN line": (  # django-x509#12
        lambda pem: pem[pem.index(b"\n") + 1 :],
        ("its BEGIN line is missing", "add that line"),
    ),
    "a comment within": (lambda pem: pem.replace(b"\n", b"\n# secret?\n", 1), MORE),
    "no END": (  # simp_le#149
        lambda pem: pem[: pem.index(b"-----END")],
        ("its END line is missing", "add that line"),
    ),
    "another END": (lambda pem: pem.replace(b"END ", b"END X"), LABELS_DIFFER),  # node#3069
    "UTF-16": (lambda pem: pem.decode().encode("utf-16"), UTF_16),  # PowerShell 5
    "CR": (lambda pem: pem.replace(b"\n", b"\r"), BREAKS),  # old Macintosh
}


def warned(show_or_make_csr: str, undo: tuple[str, str], where: str = "a.key") -> str:
    what, how = undo
    told = f"{where}: {what}, so other programs may not read it; {how}"
    return f"{show_or_make_csr}: warning: {told}\n"


def first(page: str) -> list[str]:
    """Return the lines of a page that tell which key it is."""
    return re.findall(r"^  (?:public key|thumbprint) .*", page, re.MULTILINE)


@pytest.mark.parametrize("form", FORMS)
def test_a_key_in_a_broken_wrapping(form: str, show: Show, run: Run) -> None:
    change, fault = FORMS[form]
    write("good.key", KEY)
    write("a.key", change(KEY))
    status, out, err = show("a.key")
    assert (status, err) == (0, warned("show", fault))
    assert first(out) == first(show("good.key")[1])
    made = run("make_csr.py", "example.com", "--key", "a.key", "--quiet", "--out", "-")
    assert (made.returncode, made.stderr) == (0, warned("make_csr.py", fault))
    assert made.stdout.encode() == REQUEST


@pytest.mark.parametrize("form", FORMS)
def test_a_request_and_a_certificate_in_a_broken_wrapping(form: str, show: Show) -> None:
    change, fault = FORMS[form]
    for pem in (REQUEST, CERTIFICATE):
        write("good", pem)
        write("a.pem", change(pem))
        status, out, err = show("a.pem")
        assert (status, err.splitlines(keepends=True)[0]) == (0, warned("show", fault, "a.pem"))
        assert out.replace("a.pem:", "good:") == show("good")[1]


@pytest.mark.posix(reason="the commands are for a POSIX shell")
@pytest.mark.parametrize(
    "form", [name for name, (*_, fault) in FORMS.items() if "FILE" in fault[1]]
)
def test_the_command_puts_it_right(form: str, show: Show, tmp_path: Path) -> None:
    change, fault = FORMS[form]
    data = change(KEY)
    write("a.key", data.split()[2] if "secret" in form else data)
    command = fault[1].partition(": ")[2].replace("FILE", "a.key").replace("NEW", "new.key")
    result = shell(command, tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    Path("new.key").chmod(0o600)
    assert show("new.key")[::2] == (0, "")
    openssl("pkey", "-in", "new.key", "-noout", cwd=tmp_path)


# The label that is there, that of the content, and the file. cryptography#13118, teleport#46727 and
# node#3069 are about the first two, in both directions; the last is a slip of the clipboard.
LABELS = {
    "PKCS#8 as RSA": ("RSA PRIVATE KEY", "PRIVATE KEY", PKCS8),
    "PKCS#8 as EC": ("EC PRIVATE KEY", "PRIVATE KEY", PKCS8),
    "SEC 1 as PKCS#8": ("PRIVATE KEY", "EC PRIVATE KEY", SEC1),
    # jsrsasign#125 and haproxy#130 of tutumcloud
    "plain as encrypted": ("ENCRYPTED PRIVATE KEY", "PRIVATE KEY", PKCS8),
    "an invented label": ("MY OWN CERTIFICATE", "CERTIFICATE", CERTIFICATE),
    "request as certificate": ("CERTIFICATE", "CERTIFICATE REQUEST", REQUEST),
    "certificate as request": ("CERTIFICATE REQUEST", "CERTIFICATE", CERTIFICATE),
}


@pytest.mark.parametrize("kind", LABELS)
def test_a_label_of_another_kind(kind: str, show: Show, run: Run) -> None:
    label, right, pem = LABELS[kind]
    write("good", pem)
    write("a.key", pem.replace(f" {right}-".encode(), f" {label}-".encode()))
    fault = (
        f"its label is {label}, but its content is that of {right}",
        f"write {right} in BEGIN and END",
    )
    status, out, err = show("a.key")
    assert (status, err.splitlines(keepends=True)[0]) == (0, warned("show", fault))
    assert out.replace("a.key:", "good:") == show("good")[1]
    if "KEY" in right:
        made = run("make_csr.py", "example.com", "--key", "a.key", "--quiet", "--out", "-")
        assert (made.returncode, made.stderr) == (0, warned("make_csr.py", fault))


def test_files_joined_without_a_line_break(show: Show, run: Run) -> None:
    """As cat does without a newline at an end: simp_le#149, debops#1424, ansible#7236."""
    write("a.pem", CERTIFICATE.strip(), MIDDLE.public_bytes(Encoding.PEM).strip(), KEY)
    told = "END and BEGIN are on one line, so other programs may not read it; start a new line"
    lines = CERTIFICATE.count(b"\n")
    more = lines + MIDDLE.public_bytes(Encoding.PEM).count(b"\n") - 1
    _, out, err = show("a.pem")
    assert err.splitlines()[:2] == [
        f"show: warning: a.pem (2 of 3) (line {lines}): {told} before -----BEGIN",
        f"show: warning: a.pem (3 of 3) (line {more}): {told} before -----BEGIN",
    ]
    assert out.count("public key   ") == 3
    made = run("make_csr.py", "example.com", "--key", "a.pem", "--quiet", "--out", "-")
    assert (made.returncode, made.stdout.encode()) == (0, REQUEST)
    assert f"a.pem (line {more}): {told}" in made.stderr


@pytest.mark.parametrize("before", [b"", b"Certificate:\n    Data:\n", b"0 s:CN = example.com\n"])
def test_text_around_pem_is_allowed(before: bytes, show: Show) -> None:
    """RFC 7468 section 2; openssl x509 -text and s_client -showcerts write such files."""
    write("a.key", before, KEY.replace(b"\n", b"\r\n"), b"---\nmore\n")
    assert show("a.key")[::2] == (0, "")


@pytest.mark.parametrize(
    ("label", "pem"),
    [
        ("NEW CERTIFICATE REQUEST", REQUEST.replace(b" CERT", b" NEW CERT")),
        ("TRUSTED CERTIFICATE", None),
    ],
)
def test_other_labels(label: str, pem: bytes | None, show: Show, tmp_path: Path) -> None:
    write("good", REQUEST if "REQUEST" in label else CERTIFICATE)
    if pem is None:  # what it is trusted for follows the certificate
        trusted = ("x509", "-trustout", "-addtrust", "serverAuth", "-in", "good")
        pem = openssl(*trusted, cwd=tmp_path).encode()
        assert label.encode() in pem
    write("a.pem", pem)
    assert show("a.pem")[1].replace("a.pem:", "good:") == show("good")[1]


def test_pkcs7(show: Show, tmp_path: Path) -> None:
    write("chain.pem", LEAF, MIDDLE)
    for form in ("PEM", "DER"):
        command = ("crl2pkcs7", "-nocrl", "-certfile", "chain.pem", "-outform", form)
        openssl(*command, "-out", "chain.p7b", cwd=tmp_path)
        status, out, err = show("chain.p7b")
        assert (status, err) == (0, "")
        assert out.replace("chain.p7b", "chain.pem") == show("chain.pem")[1]


CUT_SHORT = "the content is cut short, and the END line is missing; restore a copy"
DAMAGED = "the content is damaged: part of it is missing; restore a copy"
NOT_DER = (
    "the content is not that of a key, a request or a certificate, or its beginning is missing; "
    "restore a copy"
)
OPENSSH = (
    "its label is PRIVATE KEY, but its content is that of OPENSSH PRIVATE KEY; write OPENSSH "
    "PRIVATE KEY in BEGIN and END"
)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (KEY[:900], CUT_SHORT),
        (b"".join(line for line in KEY.splitlines(keepends=True) if b"7" not in line), NOT_DER),
        (wrapping.written("PRIVATE KEY", b"a secret, xcrypto#10"), NOT_DER),
        (wrapping.written("PRIVATE KEY", b"openssh-key-v1\0 (xcrypto#10)"), OPENSSH),
        (KEY.replace(b"\nMII", b"\nM!II"), DAMAGED),
        (RSA.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())[:-1], DAMAGED),
    ],
)
def test_content_that_is_not_whole(data: bytes, told: str, show: Show, run: Run) -> None:
    write("a.key", data)
    assert show("a.key")[2] == f"show: error: a.key: {told}\n"
    assert error_of(run("make_csr.py", "--key", "a.key")) == f"a.key: {told}"


def p12(encryption: BestAvailableEncryption | NoEncryption) -> bytes:
    return pkcs12.serialize_key_and_certificates(b"a", RSA, None, None, encryption)


@pytest.mark.parametrize("change", [bytes, base64.encodebytes])
@pytest.mark.parametrize("legacy", [False, True])
def test_the_command_for_pkcs12(
    legacy: bool, change: Change, show: Show, run: Run, tmp_path: Path
) -> None:
    """Old programs encrypt with RC2, which OpenSSL 3 reads with -legacy alone."""
    write("plain.key", KEY)
    write("leaf.pem", LEAF)
    options = ["-legacy", "-descert"] if legacy else []
    export = ("pkcs12", "-export", *options, "-inkey", "plain.key", "-nocerts")
    openssl(*export, "-passout", "pass:x", "-out", "a.p12", cwd=tmp_path)
    write("a.p12", change(Path("a.p12").read_bytes()))
    message = show("a.p12")[2]
    command = message.partition("take the key out with: ")[2]
    assert message.startswith("show: error: a.p12: this is PKCS#12 (.p12, .pfx); ")
    assert error_of(run("make_csr.py", "--key", "a.p12")) in message
    command = command.replace("FILE", "a.p12").replace("NEW", "new.key").strip()
    result = shell(f"{command} -passin pass:x", tmp_path)
    assert result.returncode == 0, result.stderr
    assert first(show("new.key")[1]) == first(show("plain.key")[1])


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


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", f"the file is empty; {GIVE}"),
        (b"-----END CERTIFICATE-----\n", f"the file contains no PEM (-----BEGIN …); {GIVE}"),
        (b"see -----BEGIN CERTIFICATE----- and so on\n",
         f"the file contains no PEM (-----BEGIN …); {GIVE}"),
        (wrapping.written("EC PARAMETERS", b"\6\1\x2a"),
         f"this is PEM with the label EC PARAMETERS; {GIVE}"),
        (wrapping.written("PGP PRIVATE KEY BLOCK", b"x"),
         f"this is a PGP key, which is of another kind; {GIVE}"),
        (b"\x30\x0c" + 4 * b"\x02\x01\x05",  # as a DSA public key
         f"this is DER, but not a whole key, request or certificate; {GIVE}"),
        (b'{"e": "AQAB", "kty": "RSA"}',  # acme-tiny#12, certbot#7150
         "this is a JSON Web Key (JWK); convert it to PEM as docs/recipes.md shows"),
        (b'{"type": "urn:ietf:params:acme:error:malformed"}', f"this is JSON; {GIVE}"),
        (b"/etc/certs/server/tls.crt\n",  # teslamotors/helm-charts#37
         "this is the name of a file; give that file"),
        (b"<path:kv/data/key#pem>",  # argocd-vault-plugin#297
         f"the file contains no PEM (-----BEGIN …); {GIVE}"),
        (b"Certificate:\n    Data:\n", "this is the text of -text alone; leave out -noout"),
        (b"$ANSIBLE_VAULT;1.1;AES256\n",
         "this is an Ansible vault; decrypt a copy with: ansible-vault decrypt"),
        (b"<html>", f"this is a web page or XML; {GIVE}"),
        (b"PuTTY-User-Key-File-3: x",
         "this is a PuTTY key; export it from PuTTYgen as an OpenSSL key"),
        (EC.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
         f"this is an SSH public key; {GIVE}"),
        (b"\xce\xce\xce\xce", "this is a Java keystore; export the key with keytool"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind(data: bytes, told: str, show: Show, run: Run) -> None:
    write("a.key", data)
    assert show("a.key") == (1, "", f"show: error: a.key: {told}\n")
    theirs = told.replace(GIVE, "give the private key with --key FILE")
    assert error_of(run("make_csr.py", "--key", "a.key")) == f"a.key: {theirs}"


def test_a_crl_is_called_by_its_name(show: Show, tmp_path: Path) -> None:
    write("ca.key", CA)
    write("ca.pem", MIDDLE)
    write("index", b"")
    Path("config").write_text("[ca]\ndefault_ca=a\n[a]\ndatabase=index\ndefault_md=sha256\n")
    crl = ("ca", "-gencrl", "-config", "config", "-cert", "ca.pem", "-keyfile", "ca.key")
    openssl(*crl, "-crldays", "1", "-out", "a.crl", cwd=tmp_path)
    told = f"show: error: a.crl: this is a certificate revocation list (CRL); {GIVE}\n"
    assert show("a.crl") == (1, "", told)


# Patterns that backtrack, or work that grows with the square of the file.
HOSTILE = {
    "BEGIN": b"-----BEGIN " * 90_000,
    "labels": b"-----BEGIN A-----" * 60_000,
    "blocks": b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" * 16_000,
    "spaces": b"A" + b" " * 1_000_000 + b"!",
    "base64 of BEGIN": b"LS0tLS1CRUdJTi" * 70_000,
}


@pytest.mark.apart  # mutmut makes each call slower
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_takes_no_time(kind: str) -> None:
    started = time.process_time()
    for block in wrapping.blocks(HOSTILE[kind]):
        assert block.text
    assert time.process_time() - started < 2
