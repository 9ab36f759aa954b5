"""From a learner's files to a certificate."""

import errno
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from common import jwk
from common.console import UserError
from course import browser, certificate, pebble, web_server
from course import files as course_files
from tests import conftest
from tests.conftest import ROOT, SECRET, Capture, Patch, need, pem_of, private_key, run_process
from tests.made import EC, OTHER, altered, as_der, as_pem, request, san, write
from tests.test_docs import matches

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
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
        assert re.fullmatch(r"certificate: error: .+\n" if status else "", errors)
        return errors.removeprefix("certificate: error: ") if status else output

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
        assert re.search(
            rf"  name        {re.escape(name)}\n"
            r"  challenge   http-01 \(offered: dns-.+, http-01, tls-alpn-01\)\n"
            rf"  token       (.+)\n  file        \1\.{thumbprint}\n"
            r"  request     GET /\.well-known/acme-challenge/\1 HTTP/1\.1\n"
            rf"  host        {re.escape(name)}:\d+\n",
            page,
        )
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
    wrong = "example.com.key: OpenSSL cannot open it with this passphrase; try another\n"
    assert told("--passphrase-file", secret_file, status=1).endswith(f" fits; {wrong}")


DATA = ROOT / "tests" / "data" / "course"
KEY = as_pem(OTHER)
FORGED = altered(request(san("a.b")), b"a.b", b"c.b")
ELSEWHERE = x509.IPAddress(ip_address("127.0.0.2"))
UNUSUAL = request(x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, b"0"))
LOCKED = pem_of(EC, b"another passphrase")
# What goes wrong with each file or variable; data/course/faults.txt has what is said of it.
FAULTS: dict[str, list[Any]] = {
    "PATH": ["."],
    "account.key": [None, LOCKED, private_key("P-521"), Ed25519PrivateKey.generate()],
    "certificate.csr": [
        *(None, b"", KEY, UNUSUAL, FORGED, request(), request(san("a.b"), key=OTHER)),
        *(request(san(name)) for name in (ELSEWHERE, "*.a.b", "a b\x1b[31m")),
    ],
    "example.com.key": [OTHER],
    "certificate.pem": [pebble.TLS.read_bytes()],
}
FAULTY = [(name, content) for name, contents in FAULTS.items() for content in contents]
SAID = (DATA / "faults.txt").read_text("utf-8").splitlines(keepends=True)


@pytest.mark.parametrize(("fault", "said"), [*zip(FAULTY, SAID, strict=True)], ids=SAID)
def test_a_fault_in_the_files_is_named(
    fault: tuple[str, Any], said: str, secret_file: str, told: Told, monkeypatch: Patch
) -> None:
    name, content = fault
    if name == "PATH":
        monkeypatch.setenv(name, content)
    elif content is None:
        Path(name).unlink()
    else:
        write(name, content)
    before = {path: path.read_bytes() for path in Path().iterdir()}
    assert matches(said, told("--passphrase-file", secret_file, status=1))
    assert {path: path.read_bytes() for path in Path().iterdir()} == before


def test_a_port_that_the_page_cannot_have_is_refused(told: Told, monkeypatch: Patch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(web_server, "PORT", port)
        with web_server.listen(None) as server:  # which nobody has chosen
            assert server.server_port != port
        error = f"--port {port}: {os.strerror(errno.EADDRINUSE)}; choose another port\n"
        assert told("--serve", "--port", str(port), status=1) == error
    errors = {told("--serve", f"--port={given}", status=2) for given in ("65536", "-5", "hunter2")}
    assert errors == {"--port takes a number from 0 to 65535; choose another\n"}
    assert told("--port", "1", status=2) == "--port is for --serve; add --serve\n"


def test_a_mistake_about_the_directory(told: Told) -> None:
    for given, directory in (("--", "walkthrough"), ("certificate.csr", "certificate.csr")):
        advice = "give the directory of your files (. is the current one)"
        error = f"{directory}: not a directory; {advice}\n"
        assert told(directory=given, status=1) == error  # "--": without DIR
    assert told("another", status=2).endswith("/course/certificate.py --help\n")


def test_a_key_is_not_replaced_by_a_certificate(files: Path) -> None:
    """One that appears there while the program runs."""
    with pytest.raises(UserError, match="not a file of certificates from Pebble, so it is not"):
        course_files.write(files / "account.key", pebble.TLS.read_bytes())
    assert Path("account.key").read_bytes() == KEY
    with pytest.raises(UserError, match=r"; make room for it$"):
        course_files.write(files / "no" / "a.pem", pebble.TLS.read_bytes())
    assert len(list(files.iterdir())) == 3


def pretend_programs(directory: Path, script: str) -> None:
    """Write scripts that have the names of Pebble's programs."""
    for name in pebble.PROGRAMS:
        (directory / name).write_text(f"#!/bin/sh\n{script}\n")
        (directory / name).chmod(0o755)


def the_page_is_served(server: web_server.Server) -> None:
    trust = ssl.create_default_context(cafile="pebble-root.pem")
    trust.check_hostname = False
    address = ("127.0.0.1", server.server_port)
    with pebble.serving(server), socket.create_connection(address):  # as browsers open some
        client = http.client.HTTPSConnection(*address, timeout=20, context=trust)
        client.request("GET", "/")
        answer = client.getresponse()
        page = answer.read()
        client.close()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html")
    assert answer.headers["Content-Length"] == str(len(page))
    assert b"<title>certificate.csr, certificate.pem</title>" in page
    why = b"your browser trusts Pebble's root, and this server has the certificate's private key"
    assert b"<main>\n<p>You see this page because " + why + b".</p>" in page


@pytest.mark.posix(reason="empty files that can be run")
def test_each_browser_is_found_by_its_names(tmp_path: Path, monkeypatch: Patch) -> None:
    """Each of these is preferred to those before it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "certutil").touch(0o755)
    for name in ("firefox-esr", "firefox", "google-chrome", "chromium-browser", "chromium"):
        (tmp_path / name).touch(0o755)
        refused, _, _ = browser.commands("a.b", "https://a.b/", "root.pem")
        assert f" {name} " in f" {refused[-1]}"
    assert browser.commands("a.b", "https://a.b/", "a\nb").refused == []  # nobody could paste it
    (tmp_path / "certutil").unlink()
    assert browser.commands("a.b", "https://a.b/", "root.pem").refused == []


@pytest.mark.posix(reason="the commands are for a POSIX shell")
@pytest.mark.parametrize("installed", ["", "chromium certutil", "firefox certutil"])
def test_the_whole_page(installed: str, files: Path, told: Told, monkeypatch: Patch) -> None:
    """As in data/course, where "…" stands for what differs each time."""
    family = installed.partition(" ")[0] or "none"
    if family == "firefox":
        write("certificate.csr", request(san(x509.IPAddress(ip_address("127.0.0.1")))))
    programs = files / "bin"
    programs.mkdir()
    note = 'echo "$@" >> given.txt; [ "$1" != -config ] || cp "$2" config.json'
    pretend_programs(programs, f'PATH="{os.environ["PATH"]}"; {note}; exec "${{0##*/}}" "$@"')
    for name in installed.split():
        (programs / name).touch(0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # where nothing answers
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setattr(web_server, "PORT", 19000 + os.getpid() % 1000)  # for this process alone
    serve = web_server.Server.serve_forever

    def serve_forever(server: web_server.Server, *poll: float) -> None:
        """Serve in a thread, or until the page has been read instead of until Ctrl-C."""
        return serve(server, *poll) if poll else the_page_is_served(server)

    monkeypatch.setattr(web_server.Server, "serve_forever", serve_forever)
    handlers = [signal.getsignal(number) for number in pebble.ENDING]
    page = told("--serve")
    with web_server.listen(web_server.PORT):  # which is free again
        assert [signal.getsignal(number) for number in pebble.ENDING] == handlers
    expected = (DATA / f"{family}.txt").read_text("utf-8")
    assert matches(expected, page), page
    given = Path("given.txt").read_text().split()
    usage = run_process([str(programs / "pebble-challtestsrv"), "-help"], files).stderr
    for name in re.findall(r"-(\w+) string\n.*(?:[Bb]ind addr|IPv6)", usage):  # here, or off
        assert any(re.fullmatch(rf"-{name}=(127\.0\.0\.1:\d+)?", option) for option in given)

    settings = json.loads(Path("config.json").read_text())["pebble"]
    assert settings["profiles"] == {"default": {"validityPeriod": pebble.LIFETIME}}


@pytest.mark.posix(reason="sh")
def test_pebble_that_does_not_start(told: Told, tmp_path: Path, monkeypatch: Patch) -> None:
    """It ends at once, or never answers."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    pretend_programs(tmp_path, '[ "$1" = -config ] || echo no port is free >&2')
    monkeypatch.setattr(pebble, "PATIENCE", 3600)
    assert told(status=1) == "Pebble does not start: no port is free\n"
    pretend_programs(tmp_path, '[ "$1" = -help ] || exec sleep 600')
    monkeypatch.setattr(pebble, "PATIENCE", 0)
    assert told(status=1) == "Pebble does not start: it does not say why\n"


@pytest.mark.posix(reason="sh, and signals that end a process")
@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT", "SIGTERM"])
def test_a_signal_ends_what_was_started(name: str, files: Path, tmp_path: Path) -> None:
    """Also one that comes as soon as a program has started."""
    number, programs, temporary = getattr(signal, name), tmp_path / "bin", tmp_path / "tmp"
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


@pytest.mark.posix(reason="SIGHUP")
def test_a_signal_while_pebble_runs_is_heard_at_once(ca: pebble.Pebble) -> None:
    """Unless it is ignored, as after nohup. The Pebble of other tests, ca, runs meanwhile."""
    hup, ctrl_c, went_on = signal.SIGHUP, signal.SIGINT, list[int]()
    before = signal.signal(hup, signal.SIG_IGN), signal.signal(ctrl_c, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt), pebble.running():  # noqa: PT012 - the signals are within
        for number in (hup, ctrl_c):
            signal.raise_signal(number)
            went_on.append(number)
    signal.signal(hup, before[0])
    signal.signal(ctrl_c, before[1])
    assert went_on == [hup]


def test_what_show_the_ca_or_the_system_finds_wrong_is_said(told: Told, monkeypatch: Patch) -> None:
    monkeypatch.setattr(certificate, "shown", lambda *_: (1, "", "show: error: a: b; c\n"))
    assert told(status=1) == "show found something wrong in these files: show: error: a: b; c\n"
    monkeypatch.setattr(jwk, "thumbprint", lambda key: "wrong")
    assert told(status=1).startswith("the CA refuses: The key authorization file from the server ")
    monkeypatch.setattr(tempfile, "tempdir", "nowhere")
    assert re.fullmatch(r".*nowhere.*: No such file or directory\n", told(status=1))
