"""Files whose content is whole and whose wrapping is not: show and make_csr open the same ones.

Beside each form stands who met it, as PROJECT#NUMBER of a public bug report.
"""

import base64
import functools
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from common import wrapping
from tests import made
from tests.conftest import ARTICLE, Run, Show, error_of, openssl, pem_of, run_process, shell
from tests.made import EC, LEAF, ROOT_CA, RSA, as_der, as_pem, request, san, tlv, write

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

KEY = (ARTICLE / "rsa2048.key").read_bytes()
REQUEST = as_pem(request(san("example.com"), cn="example.com", key=RSA))
CERTIFICATE = as_pem(ROOT_CA)
SSH_KEY = pem_of(RSA, form=PrivateFormat.OpenSSH)

Change = Callable[[bytes], bytes]


def der_of(pem: bytes) -> bytes:
    return base64.b64decode(b"".join(pem.splitlines()[1:-1]))


def as_strings(pem: bytes) -> bytes:
    return b"key = (" + b"\n".join(b'"%s\\n"' % line for line in pem.splitlines()) + b")\n"


# What is wrong, and what to do.
ESCAPED = (
    r"its line breaks are the two characters \n; write line breaks with: "
    r"""(umask 077; printf '%b\n' "$(tr -d \" < FILE)" > NEW)"""
)
STRINGS = (
    "its lines are strings of a program; "
    "write it without the quotes and without what is between them"
)
BREAKS = (
    "its line breaks are missing or became spaces; "
    "write BEGIN and END on lines of their own, and the rest in lines without spaces"
)
PLUS = (
    "each + in its base64 became a space; "
    "undo that with: (umask 077; sed '/-----/!y/ /+/' FILE > NEW)"
)
DASHES = "its dashes are not five hyphens; write five hyphens around BEGIN … and END …"
MORE = "it has text or blank lines besides BEGIN, base64 and END; remove everything but these"
MORE_BYTES = (
    "after its content come other bytes, such as a line break; "
    "write it without them: with openssl pkey, openssl req or openssl x509"
)
IN_BASE64 = (
    "this is base64 of PEM; decode it (and nothing else) with: "
    r"(umask 077; tr -d ' \t\r\n' < FILE | openssl base64 -d -A -out NEW)"
)
IN_PEM = (
    "this is PEM within PEM; take out the inner one with: "
    r"(umask 077; sed '/-----/d' FILE | tr -d ' \t\r\n' | openssl base64 -d -A -out NEW)"
)
BARE = "its BEGIN and END lines are missing; write -----BEGIN … and -----END … around it"
DIFFERENT = "BEGIN and END have different labels; write the same label in both lines"
IN_URL = (
    "it is encoded as a part of a URL; decode it with: "
    "(umask 077; python3 -c 'import sys; from urllib.parse import unquote; "
    "print(unquote(sys.stdin.read()))' < FILE > NEW)"
)
BARE_URL = (
    "this is base64 for a URL, as ACME sends it, without BEGIN and END lines; "
    "replace - with + and _ with /, and write -----BEGIN … and -----END … around it"
)
NO_BEGIN, NO_END = (f"its {mark} line is missing; add that line" for mark in ("BEGIN", "END"))
UTF_16 = (
    "this is UTF-16, as PowerShell 5 writes after >; "
    "convert it with: (umask 077; iconv -f UTF-16 -t UTF-8 FILE > NEW)"
)
INVISIBLE = (
    "it has invisible characters, such as a byte order mark; "
    r"remove them with: (umask 077; LC_ALL=C tr -cd '\n\r\t -~' < FILE > NEW)"
)

# What happened to a PEM file, what is said of it, and who met it.
FORMS: dict[str, tuple[Change, str]] = {
    r"\n": (lambda pem: pem.strip().replace(b"\n", b"\\n"), ESCAPED),  # moby#12997, kamal#1467
    r"\r\n": (lambda pem: pem.strip().replace(b"\n", b"\\r\\n"), ESCAPED),  # aliyun-cli#1248
    "strings": (as_strings, STRINGS),
    "a list": (lambda pem: b'["' + pem.replace(b"\n", b'",\r\n"') + b'"]', STRINGS),
    "a secret": (lambda pem: b"tls.key: %s\nx: y\n" % base64.b64encode(pem), IN_BASE64),
    "Kubernetes": (base64.b64encode, IN_BASE64),  # traefik#2001, website#41785
    "PEM within PEM": (lambda pem: wrapping.written("CERTIFICATE", pem), IN_PEM),
    "spaces": (lambda pem: pem.strip().replace(b"\n", b" "), BREAKS),  # coolify#6384
    "CR": (lambda pem: pem.replace(b"\n", b"\r"), BREAKS),  # old Macintosh
    "a form": (lambda pem: pem.replace(b"+", b" "), PLUS),
    "four dashes": (lambda pem: pem.replace(b"-----", b"----"), DASHES),  # cloudflare-docs#3635
    "no dashes before END": (lambda pem: pem.replace(b"-----END", b"END"), DASHES),
    "long dashes": (lambda pem: pem.replace(b"-----", "—".encode()), DASHES),
    "quoted": (lambda pem: b"> " + pem.strip().replace(b"\n", b"\n> ") + b"\n", MORE),
    "a patch": (lambda pem: b"+" + pem.strip().replace(b"\n", b"\n+") + b"\n", MORE),
    "text before BEGIN": (lambda pem: b"key: " + pem, MORE),
    "text after END": (lambda pem: pem.rstrip() + b" # key", MORE),
    "text before END": (lambda pem: pem.replace(b"\n-----END", b"\n -----END"), MORE),
    "blank lines": (lambda pem: pem.replace(b"\n", b"\n\n"), MORE),
    "a comment within": (lambda pem: pem.replace(b"\n", b"\n# secret?\n", 1), MORE),
    "more bytes": (lambda pem: wrapping.written("CERTIFICATE", der_of(pem) + b"0"), MORE_BYTES),
    "a byte order mark": (lambda pem: b"\xef\xbb\xbf" + pem, INVISIBLE),  # openssl#6281
    "invisible characters": (lambda pem: pem.replace(b"\n", "\u200b\n".encode()), INVISIBLE),
    "a part of a URL": (lambda pem: quote(pem).encode(), IN_URL),  # caddyserver/caddy#3767
    "base64 for a URL": (  # RFC 8555 section 7.4
        lambda pem: base64.urlsafe_b64encode(der_of(pem)).rstrip(b"="),
        BARE_URL,
    ),
    "no marks": (lambda pem: b"".join(pem.splitlines(True)[1:-1]), BARE),  # traefik#2001
    "no BEGIN": (lambda pem: pem[pem.index(b"\n") + 1 :], NO_BEGIN),
    "no END": (lambda pem: pem[: pem.index(b"-----END")], NO_END),  # simp_le#149
    "another END": (lambda pem: pem.replace(b"END ", b"END X"), DIFFERENT),  # node#3069
    "UTF-16": (lambda pem: pem.decode().encode("utf-16"), UTF_16),  # PowerShell 5
}


def warned(told: str) -> str:
    """Return what a warning says of a fault, told as "WHAT; HOW TO UNDO IT"."""
    what, _, undo = told.partition("; ")
    return f"{what}, so other programs may not read it; {undo}\n"


def check(show: Show, run: Run, good: bytes, bad: bytes, told: str) -> None:
    """Check that show reads a bad file as a good one, and warns.

    make_csr uses a key with the same warning, and calls another thing by its name.
    """
    write("good", good)
    write("a.pem", bad)
    page = show("good")[1].replace("good:", "a.pem:")
    err = f"show: warning: a.pem: {warned(told)}"
    assert show("a.pem") == (0, page, err)
    if b"KEY" in good:
        made = run("make_csr.py", "example.com", "--key", "a.pem", "--quiet", "--out", "-")
        assert (made.returncode, made.stderr) == (0, err.replace("show:", "make_csr.py:"))
    else:
        error = error_of(run("make_csr.py", "--key", "a.pem"))
        assert error.startswith("a.pem: this is a certificate")


@pytest.mark.parametrize("form", FORMS)
def test_what_is_whole_is_used_and_its_wrapping_warned_of(form: str, show: Show, run: Run) -> None:
    change, told = FORMS[form]
    for pem in (REQUEST, CERTIFICATE, KEY):
        check(show, run, pem, change(pem), told)


@pytest.mark.posix(reason="the commands are for a POSIX shell")
@pytest.mark.parametrize("form", [one for one in FORMS if "umask" in FORMS[one][1]])
def test_the_command_puts_it_right(form: str, show: Show, tmp_path: Path) -> None:
    data = FORMS[form][0](KEY)
    write("a.key", data.split()[1] if "secret" in form else data)
    command = show("a.key")[2].partition("with: ")[2]
    result = shell(command.replace("FILE", "a.key").replace("NEW", "new.key"), tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert Path("new.key").stat().st_mode & 0o777 == 0o600
    assert show("new.key")[::2] == (0, "")
    openssl("pkey", "-in", "new.key", "-noout", cwd=tmp_path)


# The label that is there, that of the content, and the file. cryptography#13118, teleport#46727 and
# node#3069 are about the first two, in both directions; the last is a slip of the clipboard.
LABELS = {
    "PKCS#8 as RSA": ("RSA PRIVATE KEY", "PRIVATE KEY", as_pem(RSA)),
    "SEC 1 as PKCS#8": ("PRIVATE KEY", "EC PRIVATE KEY", pem_of(EC)),
    "plain as encrypted": ("ENCRYPTED PRIVATE KEY", "PRIVATE KEY", as_pem(RSA)),
    "an invented label": ("MY OWN CERTIFICATE", "CERTIFICATE", CERTIFICATE),
    "request as certificate": ("CERTIFICATE", "CERTIFICATE REQUEST", REQUEST),
}


@pytest.mark.parametrize("kind", LABELS)
def test_a_label_of_another_kind_is_warned_of(kind: str, show: Show, run: Run) -> None:
    label, right, pem = LABELS[kind]
    bad = pem.replace(f" {right}-".encode(), f" {label}-".encode())
    told = (
        f"its label is {label}, but its content is that of {right}; write {right} in BEGIN and END"
    )
    check(show, run, pem, bad, told)


def test_files_joined_without_a_line_break_are_read(show: Show, run: Run) -> None:
    """As cat does without a newline at an end: simp_le#149, debops#1424, ansible#7236."""
    write("a.pem", REQUEST.strip(), KEY)
    line = REQUEST.count(b"\n")
    joined = "END and BEGIN are on one line; start a new line before -----BEGIN"
    told = f" (line {line}): {warned(joined)}"
    status, out, err = show("a.pem")
    assert (status, out.count("public key   ")) == (0, 2)
    assert err == f"show: warning: a.pem (2 of 2){told}"
    made = run("make_csr.py", "example.com", "--key", "a.pem", "--quiet", "--out", "-")
    assert (made.returncode, made.stdout.encode()) == (0, REQUEST)
    assert made.stderr == f"make_csr.py: warning: a.pem{told}"


def test_der_one_after_the_other_is_read(show: Show, run: Run) -> None:
    write("a.pem", REQUEST, RSA)
    page = show("a.pem")[1].replace("a.pem", "a.der").replace("PEM (PRIVATE KEY)", "DER")
    for end in (b"", tlv(48)):
        write("a.der", der_of(REQUEST), as_der(RSA), end)
        expected = f"show: warning: a.der (2 of 2): {warned(MORE_BYTES)}" if end else ""
        assert show("a.der") == (0, page, expected)
        made = run("make_csr.py", "example.com", "--key", "a.der", "--quiet", "--out", "-")
        expected = f"make_csr.py: warning: a.der: {warned(MORE_BYTES)}" if end else ""
        assert (made.returncode, made.stderr) == (0, expected)
    write("a.der", as_der(RSA), der_of(REQUEST)[:-1])
    assert show("a.der")[2] == f"show: error: a.der (2 of 2): {DAMAGED}\n"


def test_other_text_and_labels_that_are_usual(show: Show, tmp_path: Path) -> None:
    """RFC 7468 sections 2 and 7; openssl x509 -text and s_client -showcerts write such files."""
    write("a.crt", CERTIFICATE)
    trusted = openssl("x509", "-trustout", "-in", "a.crt", "-addtrust", "serverAuth", cwd=tmp_path)
    assert "TRUSTED CERTIFICATE" in trusted
    crlf = CERTIFICATE.replace(b"\n", b"\r\n")
    for usual, pem in (
        (CERTIFICATE, b"Certificate:\n    Data:\n" + crlf + b"---\nmore\n"),
        (CERTIFICATE, b"00:00 s:CN = example.com\n# BEGIN%20 of a chain\n" + CERTIFICATE),
        (CERTIFICATE, trusted.encode()),
        (REQUEST, REQUEST.replace(b" CERT", b" NEW CERT")),
    ):
        write("good", usual)
        write("a.pem", pem)
        assert show("a.pem") == (0, show("good")[1].replace("good:", "a.pem:"), "")


def test_pkcs7_is_read_as_its_certificates(show: Show, tmp_path: Path) -> None:
    write("chain.pem", LEAF, made.MIDDLE)
    page = show("chain.pem")[1].replace("chain.pem", "chain.p7b")
    pem = openssl("crl2pkcs7", "-nocrl", "-certfile", "chain.pem", cwd=tmp_path)
    for label in ("PKCS7", "CMS", "PKCS #7 SIGNED DATA"):
        write("chain.p7b", pem.replace("PKCS7", label).encode())
        assert show("chain.p7b") == (0, page, "")
    write("chain.p7b", wrapping.written("PKCS7", b"0\0"))
    told = "this PKCS#7 cannot be read here; take out its certificates with: openssl pkcs7"
    assert show("chain.p7b")[2].startswith(f"show: error: chain.p7b: {told}")


NOT_DER = (
    "the content is not that of a key, a request or a certificate, or its beginning is missing; "
    "restore a copy"
)
DAMAGED = "the content is damaged: part of it is missing; restore a copy"
CUT_SHORT = "the content is cut short, and the END line is missing; restore a copy"
SSH = "OPENSSH PRIVATE KEY"
NOT_SSH = (
    f"its label is PRIVATE KEY, but its content is that of {SSH}; write {SSH} in BEGIN and END"
)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (KEY[:900], CUT_SHORT),
        (wrapping.written("PRIVATE KEY", b"a secret, xcrypto#10"), NOT_DER),
        (wrapping.written("PRIVATE KEY", b"openssh-key-v1\0 (xcrypto#10)"), NOT_SSH),
        (KEY.replace(b"\nMII", b"\nM!II"), DAMAGED),
        (as_der(RSA)[:-1], DAMAGED),
    ],
)
def test_content_that_is_not_whole_is_refused(data: bytes, told: str, show: Show, run: Run) -> None:
    write("a.key", data)
    message = error_of(run("make_csr.py", "--key", "a.key"))
    assert message == f"a.key: {told}"
    assert show("a.key") == (1, "", f"show: error: {message}\n")


@pytest.mark.parametrize(("legacy", "change"), [(False, bytes), (True, base64.encodebytes)])
def test_the_command_for_pkcs12_takes_the_key_out(
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
def test_the_command_for_an_openssh_key_converts_it(show: Show, tmp_path: Path) -> None:
    write("a.key", SSH_KEY)
    command = show("a.key")[2].partition("with: ")[2].replace("COPY", "a.key")
    result = run_process([*command.split(), "-N", "", "-P", ""], tmp_path)
    assert result.returncode == 0, result.stderr
    assert show("a.key")[::2] == (0, "")


GIVE = "give a key, a request or a certificate"
NO_PEM = "the file contains no PEM (-----BEGIN …)"
NOT_WHOLE = "this is DER, but not a whole key, request or certificate"
TEXT_ALONE = "this is the text of -text alone; leave out -noout"
PGP = "this is a PGP key, which is of another kind"
SSH_PUBLIC = "this is an SSH public key"
KEYSTORE = "this is a Java keystore; export the key with keytool"
CRL = tlv(48, tlv(48, tlv(48), tlv(48), tlv(23)))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "the file is empty"),
        (b"-----END CERTIFICATE-----\n", NO_PEM),
        (b"see -----BEGIN CERTIFICATE----- and so on\n", NO_PEM),
        (b"0.0.0.0 hosts\n", NO_PEM),  # 0 is also the tag of a SEQUENCE
        (wrapping.written("EC PARAMETERS", b"x"), "this is PEM with the label EC PARAMETERS"),
        (wrapping.written("PGP PRIVATE KEY BLOCK", b"x"), PGP),
        (wrapping.written("PGP PUBLIC KEY BLOCK", b"x"), PGP),
        (wrapping.written("SSH2 PUBLIC KEY", b"x"), SSH_PUBLIC),
        (b"\x30\x0c" + 4 * b"\x02\x01\x05", NOT_WHOLE),
        (
            b'{"e": "AQAB", "kty": "RSA"}',
            "this is a JSON Web Key (JWK); convert it to PEM as docs/recipes.md shows",
        ),
        (b'{"type": "urn:ietf:params:acme:error:malformed"}', "this is JSON"),
        (b"/etc/certs/server/tls.crt\n", "this is the name of a file; give that file"),
        (b"Certificate:\n    Data:\n", TEXT_ALONE),
        (b"Certificate Request:\n    Data:\n", TEXT_ALONE),
        (
            b"$ANSIBLE_VAULT;1.1;AES256\n",
            "this is an Ansible vault; decrypt a copy with: ansible-vault decrypt",
        ),
        (b"<html>", "this is a web page or XML"),
        (
            b"PuTTY-User-Key-File-3: x",
            "this is a PuTTY key; export it from PuTTYgen as an OpenSSL key",
        ),
        (SSH_KEY, "this is an OpenSSH key; convert a copy with: ssh-keygen -p -m PEM -f COPY"),
        (b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI x", SSH_PUBLIC),
        (b"ecdsa-sha2-nistp256 AAAAE2VjZHNh x", SSH_PUBLIC),
        (CRL, "this is a certificate revocation list (CRL)"),
        (b"\xce\xce\xce\xce", KEYSTORE),
        (b"\xfe\xed\xfe\xed", KEYSTORE),
    ],
)
def test_a_file_of_another_kind_is_named(data: bytes, told: str, show: Show, run: Run) -> None:
    write("a.key", data)
    expected = f"a.key: {told}" if "; " in told else f"a.key: {told}; {GIVE}"
    assert show("a.key") == (1, "", f"show: error: {expected}\n")
    theirs = expected.replace(GIVE, "give the private key with --key FILE")
    assert error_of(run("make_csr.py", "--key", "a.key")) == theirs


@pytest.mark.apart  # mutmut makes each call slower
@pytest.mark.parametrize(
    "data",
    [
        b"-----BEGIN A-----" * 60_000,
        b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" * 16_000,
        b"A" + b" " * 1_000_000 + b"!",
        b"LS0tLS1CRUdJTi" * 70_000,  # base64 of BEGIN
        tlv(48, made.integer(1), made.integer(1)) * 130_000,  # RSA public keys
        b"-----BEGIN A-----\\n" + b'" ' * 500_000,
        functools.reduce(lambda data, _: wrapping.written("A", data), range(32), b"-----BEGIN A--"),
    ],
    ids=lambda data: data[:27].decode(),
)
def test_a_hostile_file_takes_no_time(data: bytes) -> None:
    """No pattern backtracks, and no work grows with the square of the file."""
    started = time.process_time()
    for block in wrapping.blocks(data):
        assert block.text
    assert time.process_time() - started < 2


def test_what_only_a_key_has(show: Show, run: Run) -> None:
    """The headers of RFC 1421, and = at the end of its base64."""
    write("secret", b"secret\n")
    key = pem_of(RSA, b"secret")
    headers = "it has more than BEGIN, Proc-Type, DEK-Info, an empty line, base64 and END; "
    headers += "write each of these on its own lines, and remove everything else"
    padding = "the = at the end of its base64 are missing; add one or two, so that the number of "
    padding += "characters between BEGIN and END is a multiple of four"
    for data, told in (
        (key.replace(b"\n", b"\r\n"), ""),
        (key.replace(b"\n-----END", b"\n\n-----END"), headers),
        (key.replace(b"CBC,", b"CBC, "), headers),
        (key.replace(b"\n", b" "), headers),
        (KEY.replace(b"=\n", b"\n"), padding),
    ):
        write("a.key", data)
        status, _, err = show("--passphrase-file", "secret", "a.key")
        assert (status, err) == (0, told and f"show: warning: a.key: {warned(told)}")
        arguments = ("example.com", "--key", "a.key", "--passphrase-file", "secret", "--quiet")
        assert run("make_csr.py", *arguments).returncode == 0
