"""From a learner's files to a certificate."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from common import jwk
from common.console import UserError
from course import certificate, pebble, web_server
from course import files as course_files
from tests import conftest
from tests.conftest import ROOT, SECRET, Capture, Patch, need, pem_of, private_key
from tests.made import EC, OTHER, altered, as_der, as_pem, request, san, write
from tests.test_docs import matches

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

pytestmark = pytest.mark.apart

Told = Callable[..., str]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: Patch) -> Path:
    """Return the working directory, with account.key, example.com.key and certificate.csr."""
    for program in pebble.PROGRAMS:
        need(program)
    monkeypatch.chdir(tmp_path)
    write("account.key", OTHER)
    write("example.com.key", EC)
    write("certificate.csr", request(san("example.com")))
    return tmp_path


@pytest.fixture
def told(files: Path, capsys: Capture) -> Told:
    """Return a function that runs the program, and returns what it tells, or its error."""

    def run(*options: str, status: int = 0, directory: str = ".") -> str:
        assert certificate.main([directory, *options]) == status
        output, errors = capsys.readouterr()
        if status == 0:
            assert errors == ""
            return output
        assert re.fullmatch(r"certificate: error: .+\n", errors)
        return errors

    return run


@pytest.mark.parametrize("kind", [2048, "P-384"])
def test_a_certificate_for_each_kind_of_key(kind: int | str, told: Told) -> None:
    names = ["example.com", "www.example.com", "xn--mnchen-3ya.example"]
    account_key, key = private_key(kind, 1), private_key(kind, 2)
    write("account.key", account_key)
    write("example.com.key", key)
    write("certificate.csr", request(san(*names), key=key))
    page = told()

    assert f"names       {', '.join(names)}\n" in page
    thumbprint = jwk.thumbprint(account_key.public_key())
    assert f"thumbprint  {thumbprint}\n" in page
    for name in names:
        ((token, content, asked),) = re.findall(
            rf"name        {re.escape(name)}\n"
            r"  challenge   http-01 \(offered: dns-.+, http-01, tls-alpn-01\)\n"
            r"  token       (.+)\n"
            r"  file        (.+)\n"
            r"  request     GET /\.well-known/acme-challenge/(.+) HTTP/1\.1\n"
            rf"  host        {re.escape(name)}:\d+\n",
            page,
        )
        assert (content, asked) == (f"{token}.{thumbprint}", token)

    issued = x509.load_pem_x509_certificates(Path("certificate.pem").read_bytes())[0]
    lifetime = issued.not_valid_after_utc - issued.not_valid_before_utc
    assert lifetime == timedelta(days=90, seconds=-1)  # both ends count

    assert " certificate.pem example.com.key certificate.csr\ncertificate.pem (1 of 2): " in page
    assert "certificate.pem (1 of 2) and certificate.csr belong together" in page


def test_a_certificate_for_an_ip_address(files: Path, told: Told, monkeypatch: Patch) -> None:
    write("certificate.csr", as_der(request(san(x509.IPAddress(ip_address("127.0.0.1"))))))
    Path("example.com.key").rename("0.key")
    write("127.0.0.1.key", as_der(EC))  # which make_csr and show read, but the ssl module does not
    told()
    first = Path("certificate.pem").read_bytes()
    write("certificate.pem", first, b"a note\n")
    assert "not a file of certificates from Pebble, so it is not replaced" in told(status=1)
    write("0.pem", first)
    Path("certificate.pem").unlink()
    Path("certificate.pem").symlink_to("0.pem")
    assert "not a file of certificates from Pebble, so it is not replaced" in told(status=1)
    Path("0.pem").replace("certificate.pem")
    monkeypatch.chdir(ROOT)
    page = told(directory=str(files))  # the new certificate replaces that from Pebble
    assert "uses certificate.pem and 127.0.0.1.key. Two" in page
    assert "reads: Hello" in page
    assert page.endswith(f" -m course.certificate --serve {files}\n")
    assert len(list(files.iterdir())) == 5


def test_a_certificate_for_encrypted_keys(told: Told, secret_file: str) -> None:
    write("account.key", pem_of(OTHER, SECRET.encode()))
    write("example.com.key", pem_of(EC, SECRET.encode()))
    write("another.key", OTHER)
    page = told("--passphrase-file", secret_file)
    assert "common/show certificate.pem certificate.csr\n" in page
    assert "reads: Hello" in page
    write("example.com.key", LOCKED)
    write("empty.key", b"")
    error = told("--passphrase-file", secret_file, status=1)
    assert error.endswith(
        "fits; example.com.key: OpenSSL cannot open it with this passphrase; try another\n"
    )


KEY = as_pem(OTHER)
FORGED = altered(request(san("a.b")), b"a.b", b"c.b")
ELSEWHERE = x509.IPAddress(ip_address("127.0.0.2"))
UNUSUAL = request(x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, b"0"))
LOCKED = pem_of(EC, b"another passphrase")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("account.key", None, "account.key: No such file or directory; steps 1 to 3 of README.md"),
        ("account.key", LOCKED, "account.key: OpenSSL cannot open it with this passphrase"),
        ("account.key", private_key("P-521"), "cannot be an account key, because it is neither"),
        ("certificate.csr", None, "certificate.csr: No such file or directory; steps 1 to 3 of"),
        ("certificate.csr", b"", "certificate.csr: the file is empty; make the request again\n"),
        ("certificate.csr", KEY, "this is PEM with the label PRIVATE KEY; make the request"),
        ("certificate.csr", UNUSUAL, "the request is damaged or unusual; make the request again"),
        ("certificate.csr", FORGED, "its signature is not valid; make the request again\n"),
        ("certificate.csr", request(), "has no subject alternative name, where Pebble looks for"),
        ("certificate.csr", request(san("a.b"), key=OTHER), "the account key signed this request"),
        ("certificate.csr", request(san(ELSEWHERE)), "127.0.0.2: the CA would look for"),
        ("certificate.csr", request(san("*.a.b")), "can prove a wildcard, but this program "),
        ("certificate.csr", request(san("a b\x1b[31m")), "the CA refuses: Order included DNS id"),
        ("example.com.key", OTHER, "no *.key file beside it fits; put the right key there, or"),
        ("certificate.pem", pebble.TLS.read_bytes(), "not a file of certificates from Pebble"),
    ],
)
def test_a_fault_in_the_files_is_named(
    name: str, content: Any, message: str, files: Path, secret_file: str, told: Told
) -> None:
    if content is None:
        Path(name).unlink()
    else:
        write(name, content)
    before = {path: path.read_bytes() for path in files.iterdir()}
    assert message in told("--passphrase-file", secret_file, status=1)
    left = {path: path.read_bytes() for path in files.iterdir()}
    assert left == before


def test_a_port_that_the_page_cannot_have_is_refused(told: Told, monkeypatch: Patch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(web_server, "PORT", port)
        with web_server.listen(None) as server:  # which nobody has chosen
            assert server.server_port != port
        assert f"error: --port {port}: " in told("--serve", "--port", str(port), status=1)
    for given in ("65536", "-5", "hunter2"):
        error = "error: --port takes a number from 0 to 65535; choose another\n"
        assert told("--serve", f"--port={given}", status=2).endswith(error)
    assert "--port is for --serve; add --serve" in told("--port", "1", status=2)


def test_a_mistake_about_the_directory(told: Told) -> None:
    for given, directory in (("--", "walkthrough"), ("certificate.csr", "certificate.csr")):
        error = told(directory=given, status=1)  # "--": without DIR
        assert f"error: {directory}: not a directory; if your files are in the current" in error
        assert error.endswith("/course/certificate.py .\n")
    assert told("another", status=2).endswith("/course/certificate.py --help\n")


def test_a_key_is_not_replaced_by_a_certificate(files: Path) -> None:
    """One that appears there while the program runs."""
    with pytest.raises(UserError, match="not a file of certificates from Pebble, so it is not"):
        course_files.write(files / "account.key", pebble.TLS.read_text())
    assert Path("account.key").read_bytes() == KEY
    with pytest.raises(UserError, match=r"; make room for it$"):
        course_files.write(files / "no" / "a.pem", pebble.TLS.read_text())
    assert len(list(files.iterdir())) == 3


def test_without_pebble_an_error_says_how_to_get_it(
    told: Told, tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = "pebble and pebble-challtestsrv must be on the PATH; get Pebble with `sudo apt-get"
    assert missing in told(status=1)


@pytest.mark.posix(reason="the commands are for a POSIX shell")
@pytest.mark.parametrize("installed", ["", "chromium", "chromium certutil", "firefox certutil"])
def test_the_whole_page(installed: str, files: Path, told: Told, monkeypatch: Patch) -> None:
    """As in data/course, where "…" stands for what differs each time."""
    browser = installed.split()[0] if "certutil" in installed else "none"
    if browser == "firefox":
        write("certificate.csr", request(san(x509.IPAddress(ip_address("127.0.0.1")))))
    programs = files / "bin"
    programs.mkdir()
    for name in pebble.PROGRAMS:
        (programs / name).symlink_to(str(shutil.which(name)))
    for name in installed.split():
        (programs / name).touch(0o755)
    monkeypatch.setenv("PATH", str(programs))
    serve, served = web_server.Server.serve_forever, list[object]()

    def serve_forever(server: web_server.Server, *poll: float) -> None:
        """Serve in the thread where the server is tried, and not until Ctrl-C."""
        return serve(server, *poll) if poll else served.append(server)

    monkeypatch.setattr(web_server.Server, "serve_forever", serve_forever)
    handlers = [signal.getsignal(number) for number in pebble.ENDING]
    page = told("--serve")
    assert len(served) == 1
    assert [signal.getsignal(number) for number in pebble.ENDING] == handlers
    expected = (ROOT / "tests" / "data" / "course" / f"{browser}.txt").read_text("utf-8")
    assert matches(expected, page), page


def pretend_programs(directory: Path, script: str) -> None:
    """Write scripts that have the names of Pebble's programs."""
    for name in pebble.PROGRAMS:
        (directory / name).write_text(f"#!/bin/sh\n{script}\n")
        (directory / name).chmod(0o755)


@pytest.mark.posix(reason="sh")
def test_pebble_that_ends_at_once(told: Told, tmp_path: Path, monkeypatch: Patch) -> None:
    pretend_programs(tmp_path, "echo first; echo no port is free")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert "error: Pebble does not start: no port is free\n" in told(status=1)


@pytest.mark.posix(reason="sh, and signals that end a process")
@pytest.mark.parametrize("number", sorted(pebble.ENDING))
def test_a_signal_ends_what_was_started(number: int, files: Path, tmp_path: Path) -> None:
    """Also one that comes as soon as a program has started."""
    programs, temporary = tmp_path / "bin", tmp_path / "tmp"
    programs.mkdir()
    temporary.mkdir()
    pretend_programs(programs, f'[ "$1" = -help ] || {{ kill -{number} $PPID; exec sleep 60; }}')
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        [sys.executable, "-m", "course.certificate", str(files)],
        cwd=ROOT,
        env=conftest.environment(PATH=path, TMPDIR=str(temporary)),
        start_new_session=True,
        preexec_fn=conftest.default_signals,
    )
    assert process.wait(timeout=30) == -number
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    assert not list(temporary.iterdir())


def test_what_show_finds_wrong_ends_the_program(told: Told, monkeypatch: Patch) -> None:
    monkeypatch.setattr(certificate, "shown", lambda *_: (1, "", "show: error: a: b; c\n"))
    assert told(status=1).endswith(" something wrong in these files: show: error: a: b; c\n")


def test_a_wrong_answer_to_a_challenge_is_refused(told: Told, monkeypatch: Patch) -> None:
    monkeypatch.setattr(jwk, "thumbprint", lambda key: "wrong")
    assert "the CA refuses: The key authorization file from the server did " in told(status=1)


def test_a_connection_that_ends_early_is_not_mentioned(capsys: Capture) -> None:
    with web_server.listen(None) as server:
        server.handle_error(None, None)
    assert capsys.readouterr() == ("", "")
