"""Files whose content is whole and whose wrapping is not: show and make_csr open the same ones.

Beside each form stands who met it, as PROJECT#NUMBER of a public bug report.
"""

import base64
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

from common import faults, wrapping
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


# What is said of each fault and of each kind of file. A test runs the command after "with: (".
LINES = (ARTICLE.parent / "wrapping.txt").read_text("utf-8").splitlines()
SAID = {name: told for name, _, told in (line.partition(": ") for line in LINES)}
ACCEPTED = "accepts it (classic, tlsserver, shortlived)"

# What happened to a PEM file, what is said of it, and who met it.
FORMS: dict[str, tuple[Change, str]] = {
    ".env": (lambda pem: b'K="%s"\n' % pem.replace(b"\n", b"\\n"), "ESCAPED"),  # moby#12997
    r"\r\n": (lambda pem: pem.strip().replace(b"\n", b"\\r\\n"), "ESCAPED"),  # aliyun-cli#1248
    "JSON": (lambda pem: b'["%b","-----BEGIN"]' % pem.strip().replace(b"\n", b"\\n"), "ESCAPED"),
    "strings": (lambda pem: b'k = ("' + pem.replace(b"\n", b'\\n"\n b"') + b'")', "STRINGS"),
    "joined": (lambda pem: pem.replace(b"\n", b"'\n+ '").replace(b"-'", b"-\\n'", 1), "STRINGS"),
    "a list": (lambda pem: b'["' + pem.replace(b"\n", b'",\r\n"') + b'"]', "STRINGS"),
    "a secret": (lambda pem: b"tls.key: %s\nx: y\n" % base64.b64encode(pem), "AMONG"),
    "Kubernetes": (base64.b64encode, "IN_BASE64"),  # traefik#2001, website#41785
    "PEM within PEM": (lambda pem: wrapping.pem_of("CERTIFICATE", pem), "IN_BASE64"),
    "spaces": (lambda pem: pem.strip().replace(b"\n", b" "), "BREAKS"),  # coolify#6384
    r"\/ in JSON": (lambda pem: pem.replace(b"/", b"\\/").replace(b"+", b"\\u002B"), "CHARACTERS"),
    "HTML": (lambda pem: pem.replace(b"+", b"&#43;").replace(b"/", b"&#x2F;"), "CHARACTERS"),
    "Java": (lambda pem: pem.replace(b"=", b"\\=").replace(b"+", b"\\+"), "CHARACTERS"),
    "base64url": (lambda pem: pem.translate(bytes.maketrans(b"+/", b"-_")), "REPLACED"),
    "a form": (lambda pem: pem.replace(b"+", b" "), "REPLACED"),
    "no dashes before END": (lambda pem: pem.replace(b"-----END", b"END"), "MARKS"),
    "no dashes after BEGIN": (lambda pem: pem.replace(b"-----\n", b"\n", 1), "MARKS"),
    "spaces beside dashes": (lambda pem: pem.replace(b"-----BEGIN", b"----- BEGIN"), "MARKS"),
    "a tab and a space": (lambda pem: pem.replace(b"BEGIN", b"BEGIN\t"), "MARKS"),
    "no-break spaces": (lambda pem: pem.replace(b" ", "\u00a0".encode()), "MARKS"),
    "dashes": (lambda pem: pem.replace(b"-----", "—".encode()), "MARKS"),  # cloudflare-docs#3635
    "comments": (lambda pem: b"# " + pem.strip().replace(b"\n", b"\n# ") + b"\n", "MORE"),
    "numbers": (
        lambda pem: b"".join(map(b"%d %b".__mod__, enumerate(pem.splitlines(True)))),
        "MORE",
    ),
    "text before BEGIN": (lambda pem: b"key: " + pem, "MORE"),
    "text after END": (lambda pem: pem.rstrip() + b" # key", "MORE"),
    "text before END": (lambda pem: pem.replace(b"\n-----END", b"\n -----END"), "MORE"),
    "END after base64": (lambda pem: pem.replace(b"\n-----END", b"-----END"), "BREAKS"),
    "a checksum of PGP": (lambda pem: pem.replace(b"\n-----END", b"\n=aB3d\n-----END"), "MORE"),
    "blank lines": (lambda pem: pem.replace(b"\n", b"\n\n"), "MORE"),
    "a comment within": (lambda pem: pem.replace(b"\n", b"\n# secret\n", 2), "MORE"),
    "more bytes": (lambda pem: wrapping.pem_of("CERTIFICATE", der_of(pem) + b"0"), "MORE_BYTES"),
    "a byte order mark": (lambda pem: b"\xef\xbb\xbf" + pem, "INVISIBLE"),  # openssl#6281
    "control characters": (lambda pem: pem.replace(b"\n", b"\0\n"), "INVISIBLE"),
    "a part of a URL": (lambda pem: quote(pem).encode(), "IN_URL"),  # caddyserver/caddy#3767
    "a part of a form": (lambda pem: quote_plus(pem).encode(), "IN_URL"),  # r509#38
    "base64 for a URL": (lambda pem: base64.urlsafe_b64encode(der_of(pem)).rstrip(b"="), "BARE"),
    "XML": (lambda pem: b"<a>%s</a>" % base64.b64encode(der_of(pem)), "AMONG"),  # node-saml
    "no marks": (lambda pem: b"".join(pem.splitlines(True)[1:-1]), "BARE"),  # traefik#2001
    "BEGIN twice": (lambda pem: pem[: pem.index(b"\n")] + b" " + pem, "TWO_BEGINS"),
    "no BEGIN": (lambda pem: pem[pem.index(b"\n") + 1 :], "NO_BEGIN"),
    "no END": (lambda pem: pem[: pem.index(b"-----END")], "NO_END"),  # simp_le#149
    "X": (lambda pem: pem.replace(b"END ", b"END X"), "DIFFERENT"),
    "UTF-16": (lambda pem: pem.decode().encode("utf-16"), "UTF_16"),  # PowerShell 5
}


def warned(fault: str) -> str:
    return SAID.get(fault, fault).replace("; ", ", so other programs may refuse it; ", 1)


def check(show: Show, run: Run, good: bytes, bad: bytes, fault: str) -> None:
    """Check that show reads a bad file as a good one and warns, as make_csr does for a key."""
    write("good", good)
    write("a.pem", bad)
    verdict = "rejects it: other bytes follow it" if fault == "MORE_BYTES" else ACCEPTED
    page = show("good")[1].replace("good:", "a.pem:").replace(ACCEPTED, verdict)
    status, out, err = show("a.pem")
    assert (status, out, err.count("\n")) == (0, page, 1)
    assert err.startswith(f"show: warning: a.pem: {warned(fault)}")
    if b"KEY" in good:
        made = run("make_csr.py", "example.com", "--key", "a.pem", "--quiet", "--out", "-")
        assert (made.returncode, made.stderr) == (0, err.replace("show:", "make_csr.py:"))


@pytest.mark.parametrize("form", FORMS)
def test_what_is_whole_is_used_and_its_wrapping_warned_of(form: str, show: Show, run: Run) -> None:
    change, fault = FORMS[form]
    for pem in (REQUEST, CERTIFICATE, KEY):
        check(show, run, pem, change(pem), fault)


@pytest.mark.posix(reason="the commands are for a POSIX shell")
@pytest.mark.parametrize("form", [one for one in FORMS if "with: (" in SAID[FORMS[one][1]]])
def test_the_printed_command_repairs_the_file(form: str, show: Show, tmp_path: Path) -> None:
    write("a.key", FORMS[form][0](KEY))
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
    "request as certificate": ("CERTIFICATE", "CERTIFICATE REQUEST", REQUEST),
    "a request of another name": ("CSR", "CERTIFICATE REQUEST", REQUEST),
}


@pytest.mark.parametrize("kind", LABELS)
def test_a_label_of_another_kind_is_warned_of(kind: str, show: Show, run: Run) -> None:
    label, right, pem = LABELS[kind]
    bad = pem.replace(f" {right}-".encode(), f" {label}-".encode())
    fault = f"its label is {label}, but its content is that of {right}; write {right} in BEGIN and "
    check(show, run, pem, bad, f"{fault}END")


def test_an_escaped_character_is_read_in_each_form() -> None:
    for form in (r"\u00%02x", r"\u00%02X", "%%%02x", "%%%02X", "&#x%02x;", "&#x%02X;", "&#%d;"):
        for character in b"+/=":
            (block,) = wrapping.blocks(KEY.replace(b"%c" % character, (form % character).encode()))
            assert (block.content, block.fault) == (der_of(KEY), faults.CHARACTERS)


def test_a_line_break_is_read_in_each_form() -> None:
    for form in (b"%0A", rb"\u000a", rb"\u000A", b"/n", b"<br>"):
        (block,) = wrapping.blocks(KEY.replace(b"\n", form))
        assert (block.content, block.fault) == (der_of(KEY), faults.BREAKS)


def test_files_joined_without_a_line_break_are_read(show: Show, run: Run) -> None:
    """As cat does without a newline at an end: simp_le#149, debops#1424, ansible#7236."""
    write("a.pem", REQUEST.strip(), KEY)
    line = REQUEST.count(b"\n")
    told = f" (line {line}): {warned('JOINED')}\n"
    status, out, err = show("a.pem")
    assert (status, out.count("public key   ")) == (0, 2)
    assert err == f"show: warning: a.pem (2 of 2){told}"
    made = run("make_csr.py", "example.com", "--key", "a.pem", "--quiet", "--out", "-")
    assert (made.returncode, made.stdout.encode()) == (0, REQUEST)
    assert made.stderr == f"make_csr.py: warning: a.pem{told}"


def test_the_fault_to_undo_first_is_named(show: Show) -> None:
    for form in ("HTML", "BEGIN twice", "no BEGIN", "control characters"):
        write("a.key", FORMS["UTF-16"][0](FORMS[form][0](KEY)))
        assert show("a.key")[2].startswith(f"show: warning: a.key: {warned('UTF_16')}")


def test_what_is_nearest_to_a_key_is_used(run: Run) -> None:
    in_pem = wrapping.pem_of("A", CERTIFICATE)
    write("a.key", b"-----BEGIN PRIVATE KEY----- MII\n", KEY.replace(b"\n", b"\n\n"), in_pem)
    made = run("make_csr.py", "example.com", "--key", "a.key", "--quiet")
    assert made.stderr == f"make_csr.py: warning: a.key (line 2): {warned('MORE')}\n"
    write("a.key", CERTIFICATE, SSH_KEY)
    error = error_of(run("make_csr.py", "--key", "a.key"))
    assert error.startswith("a.key: this is an OpenSSH key; ")


def test_what_is_not_a_private_key_is_named(run: Run) -> None:
    for data, name in (
        (REQUEST, "a certificate signing request"),
        (CERTIFICATE, "a certificate"),
        (as_pem(EC.public_key()), "a public key"),
        (tlv(48, INTEGER, INTEGER), "a public key"),
        (tlv(48, tlv(48, INTEGER, *[tlv(48)] * 3)), "a certificate"),  # of version 1
        (tlv(48, SIGNED_DATA, tlv(0xA0)), "PKCS#7 (.p7b), which holds certificates"),
    ):
        write("a.pem", data)
        error = error_of(run("make_csr.py", "--key", "a.pem"))
        assert error == f"a.pem: this is {name}; give the private key with --key FILE"


def test_several_parts_in_one_der_file_are_read(show: Show, run: Run) -> None:
    write("a.pem", REQUEST, RSA)
    page = show("a.pem")[1].replace("a.pem", "a.der").replace("PEM (PRIVATE KEY)", "DER")
    for end, said in ((b"", ""), (tlv(48), f": {warned('MORE_BYTES')}\n")):
        write("a.der", der_of(REQUEST), as_der(RSA), end)
        assert show("a.der") == (0, page, said and f"show: warning: a.der (2 of 2){said}")
        made = run("make_csr.py", "example.com", "--key", "a.der", "--quiet", "--out", "-")
        assert (made.returncode, made.stderr) == (0, said and f"make_csr.py: warning: a.der{said}")
    assert len(wrapping.blocks(tlv(48, INTEGER, INTEGER) * 5001)) == 5000  # the rest is not read
    write("a.der", as_der(RSA), cut := der_of(REQUEST)[:-1])
    assert [block.content for block in wrapping.blocks(as_der(RSA) + cut)] == [as_der(RSA), cut]
    assert show("a.der")[2] == f"show: error: a.der (2 of 2): {SAID['cut DER']}\n"


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
        (CERTIFICATE, CERTIFICATE.replace(b" CERT", b" X509 CERT")),
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
    new_version = der_of(pem.encode()).replace(made.integer(2), made.integer(5))  # version 6
    write("chain.p7b", wrapping.pem_of("PKCS7", new_version))
    assert show("chain.p7b")[1].count(": certificate\n") == 2
    openssl("crl2pkcs7", "-nocrl", "-out", "none.p7b", cwd=tmp_path)
    none = f"show: error: none.p7b: this PKCS#7 holds no certificates; {GIVE}\n"
    assert show("none.p7b") == (1, "", none)
    write("chain.p7b", wrapping.pem_of("PKCS7", b"0\0"))
    told = "take out its certificates with: openssl pkcs7 -print_certs -in FILE -out NEW\n"
    assert show("chain.p7b")[2].endswith(f" this PKCS#7 cannot be read here; {told}")


PKCS12 = tlv(48, made.integer(3), tlv(48, tlv(6, b"\x2a\x86\x48\x86\xf7\r\1\7\1"), bytes(50)))
INTEGER, SIGNED_DATA = made.integer(1), tlv(6, bytes.fromhex("2a864886f70d010702"))
GIVE = "give a key, a request or a certificate"


@pytest.mark.parametrize(("legacy", "change"), [(False, bytes), (True, base64.encodebytes)])
def test_the_command_for_pkcs12_takes_the_key_out(
    legacy: bool, change: Change, show: Show, run: Run, tmp_path: Path
) -> None:
    """Old programs encrypt with RC2, which OpenSSL 3 reads with -legacy alone."""
    write("plain.key", KEY)
    options = ["-legacy", "-keypbe", "PBE-SHA1-RC2-40"] if legacy else []
    export = ("pkcs12", "-export", *options, "-inkey", "plain.key", "-nocerts")
    openssl(*export, "-passout", "pass:x", "-out", "a.p12", cwd=tmp_path)
    write("a.p12", change(Path("a.p12").read_bytes()))
    message = error_of(run("make_csr.py", "--key", "a.p12"))
    command = message.partition("with: ")[2]
    assert ("openssl pkcs12 -legacy " in command) == legacy
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


# Files of other kinds and damaged ones.
KINDS = {
    "empty file": b"",
    "END alone": b"<<<<<<< HEAD\n-----END %b-----\n" % (b"A" * 50),
    "BEGIN in text": b"see -----BEGIN A----- and so on\n",
    "text that begins with 0": b"0.example AAAA 2001:db8::1\n",  # 0 is the tag of a SEQUENCE
    "base64 of another SEQUENCE": b"x: " + base64.b64encode(tlv(48, bytes(50))),
    "base64 of a part of a key": b"x: " + base64.b64encode(as_der(RSA)[:900]),
    "large file": bytes(2 << 20),
    "n for line breaks": KEY.replace(b"\n", b"n"),
    "headers": b"-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: RC2,00\n\n-----END A-----",
    "dots": b"-----BEGIN A-----\n...\n-----END A-----\n",
    "parameters": wrapping.pem_of("EC PARAMETERS", b"x"),
    "PGP": wrapping.pem_of("PGP PRIVATE KEY BLOCK", b"x"),
    "four INTEGERs": b"\x30\x0c" + 4 * INTEGER,
    "JWK": b'{"e": "AQAB", "kty": "RSA"}',
    "JSON": b'{"type": "urn:ietf:params:acme:error:malformed"}',
    "text of a certificate": b"Certificate:\n",
    "text of a request": b"Certificate Request:\n",
    "Ansible": b"$ANSIBLE_VAULT",
    "HTML": b"<html>",
    "PuTTY": b"PuTTY-User-Key-File-3",
    "OpenSSH, Ed25519": wrapping.pem_of("OPENSSH PRIVATE KEY", b"ssh-ed25519"),
    "OpenSSH": SSH_KEY,
    r"OpenSSH with \n": SSH_KEY.replace(b"\n", b"\\n"),
    "SSH": b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI x",
    "CRL of version 1": tlv(48, tlv(48, tlv(48), tlv(48), tlv(23))),
    "CRL with GeneralizedTime": tlv(48, tlv(48, INTEGER, tlv(48), tlv(48), tlv(24))),
    "CRL": tlv(48, tlv(48, INTEGER, tlv(48), tlv(48), tlv(23))),
    "encrypted CMS": tlv(48, SIGNED_DATA[:-1] + b"\6", tlv(0xA0)),
    "PKCS#12": tlv(48, INTEGER, tlv(48, SIGNED_DATA)),
    "PKCS#12 in base64 among text": b"p12: " + base64.b64encode(PKCS12),
    "Java": b"\xce\xce\xce\xce",
    "cut short": KEY[:900],
    "encrypted and cut short": pem_of(RSA, b"secret")[:901],
    "text in base64": wrapping.pem_of("PRIVATE KEY", b"-----BEGIN a secret, xcrypto#10"),
    "OpenSSH as PKCS#8": wrapping.pem_of("PRIVATE KEY", b"openssh-key-v1\0 (xcrypto#10)"),
    "a character in base64": KEY.replace(b"\nMII", b"\nM!II"),
    "cut DER": as_der(RSA)[:-1],
    "cut CSR": wrapping.pem_of("CSR", der_of(REQUEST)[:-1]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_another_kind_or_a_damaged_one_is_named(kind: str, show: Show, run: Run) -> None:
    write("a.key", KINDS[kind])
    told = SAID[kind] if "; " in SAID[kind] else f"{SAID[kind]}; {GIVE}"
    assert show("a.key") == (1, "", f"show: error: a.key: {told}\n")
    theirs = told.replace(GIVE, "give the private key with --key FILE")
    assert error_of(run("make_csr.py", "--key", "a.key")) == f"a.key: {theirs}"


@pytest.mark.apart  # mutmut makes each call slower
@pytest.mark.parametrize(("begin", "unit"), [
    (b"", b"-----BEGIN A-----"),
    (b"", wrapping.pem_of("CERTIFICATE", b"0\x03\2\1")),
    (b"A", b" "),
    (b"", b"LS0tLS1CRUdJTi"),  # base64 of BEGIN
    (b"", tlv(48, INTEGER, INTEGER)),  # an RSA public key
    (b"-----BEGIN A-----\\n", b'" '),
])  # fmt: skip
def test_the_work_grows_no_faster_than_the_file(begin: bytes, unit: bytes) -> None:
    """No pattern backtracks, and no work grows with the square of the size."""

    def seconds(size: int) -> float:
        data = begin + unit * (size // len(unit)) + b"!"
        started = time.process_time()
        assert all(block.text for block in wrapping.blocks(data))
        return time.process_time() - started

    assert seconds(1 << 19) < 24 * seconds(1 << 16) + 0.1  # 8 times the size


def test_headers_and_padding_of_a_key(show: Show, run: Run) -> None:
    """The headers of RFC 1421, and = at the end of its base64."""
    write("secret", b"secret\n")
    key = pem_of(RSA, b"secret")
    for data, fault in (
        (key.replace(b"\n", b"\r\n"), ""),
        (key.replace(b"\n\n", b"\nOriginator-ID: me\n\n"), ""),
        (key.replace(b": ", b":\t "), ""),
        (pem_of(EC).replace(b"MHcCAQEE", b"MHcCAQ EE"), ""),  # EE is 10 in hexadecimal
        (key[: key.index(b"-----END")], "NO_END"),
        (key.replace(b"\n-----END", b"\n\n-----END"), "MORE"),
        (key.replace(b"CBC,", b"CBC, "), "MORE"),
        (key.replace(b"\n", b" "), "BREAKS"),
        (KEY.replace(b"=\n", b"\n"), "PADDING"),
    ):
        write("a.key", data)
        status, _, err = show("--passphrase-file", "secret", "a.key")
        assert (status, err) == (0, fault and f"show: warning: a.key: {warned(fault)}\n")
        arguments = ("example.com", "--key", "a.key", "--passphrase-file", "secret", "--quiet")
        assert run("make_csr.py", *arguments).returncode == 0
