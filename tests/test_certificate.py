"""From a learner's files to a certificate, with each Pebble that is there."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from common import jwk
from common.console import UserError
from course import certificate, pebble, web_server
from course import files as course_files
from tests.conftest import (
    ARTICLE,
    ROOT,
    need,
    openssl,
    page_served,
    run_process,
    shell,
    with_a_change,
)

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

pytestmark = pytest.mark.apart

Told = Callable[..., str]

OTHER_CERTIFICATE = pebble.TLS
PEBBLES = ["", *filter(None, [os.environ.get("PEBBLE_NEW")])]


@pytest.fixture(params=PEBBLES, ids=["pebble", "newer"][: len(PEBBLES)])
def either_pebble(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the Pebble on the PATH, then the one in the directory PEBBLE_NEW, if there is one."""
    if request.param:
        monkeypatch.setenv("PATH", os.pathsep.join([request.param, os.environ["PATH"]]))
        for program in pebble.PROGRAMS:
            assert shutil.which(program) == os.path.join(request.param, program)


def make_key(path: Path, curve: str = "P-256", *options: str) -> None:
    kind = ["-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}"]
    openssl("genpkey", *kind, *options, "-out", path.name, cwd=path.parent)


def encrypt(path: Path) -> None:
    make_key(path, "P-256", "-aes256", "-pass", "pass:secret")


def make_request(directory: Path, key: str, *names: str) -> None:
    alternatives = ["-addext", f"subjectAltName={','.join(names)}"] if names else []
    options = ["-passin", "pass:secret", "-subj", "/CN=example.com", *alternatives]
    openssl("req", "-new", "-key", key, *options, "-out", "certificate.csr", cwd=directory)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Return a directory with account.key, example.com.key and certificate.csr."""
    for program in pebble.PROGRAMS:
        need(program)
    make_key(tmp_path / "account.key")
    make_key(tmp_path / "example.com.key")
    make_request(tmp_path, "example.com.key", "DNS:example.com")
    return tmp_path


@pytest.fixture
def run_for(capsys: pytest.CaptureFixture[str]) -> Told:
    """Return what runs the program for a directory, and returns what it tells, or its error."""

    def run(directory: Path, status: int = 0, *options: str) -> str:
        assert certificate.main([str(directory), *options]) == status
        output, errors = capsys.readouterr()
        if status == 0:
            assert errors == ""
            return output
        assert re.fullmatch(r"certificate: error: .+\n", errors)
        return errors

    return run


@pytest.mark.usefixtures("either_pebble")
class TestCertificate:
    @pytest.mark.parametrize("kind", ["RSA", "P-384"])
    def test_is_issued_for_each_kind_of_key(self, kind: str, files: Path, run_for: Told) -> None:
        names = ["example.com", "www.example.com", "xn--mnchen-3ya.example"]
        account_key, key = files / "account.key", files / "example.com.key"
        if kind == "RSA":
            for path, made in ((account_key, "rsa4096.key"), (key, "rsa2048.key")):
                path.write_bytes((ARTICLE / made).read_bytes())
        else:
            make_key(account_key, kind)
            make_key(key, kind)
        make_request(files, key.name, *(f"DNS:{name}" for name in names))
        told = run_for(files)

        assert f"names       {', '.join(names)}\n" in told
        public_key = load_pem_private_key(account_key.read_bytes(), None).public_key()
        thumbprint = jwk.thumbprint(public_key)
        assert f"thumbprint  {thumbprint}\n" in told
        for name in names:
            ((token, content, asked),) = re.findall(
                rf"name        {re.escape(name)}\n"
                r"  challenge   http-01 \(offered: dns-.+, http-01, tls-alpn-01\)\n"
                r"  token       (.+)\n"
                r"  file        (.+)\n"
                r"  request     GET /\.well-known/acme-challenge/(.+) HTTP/1\.1\n"
                rf"  host        {re.escape(name)}:\d+\n",
                told,
            )
            assert (content, asked) == (f"{token}.{thumbprint}", token)

        issued, issuer = x509.load_pem_x509_certificates((files / "certificate.pem").read_bytes())
        issued.verify_directly_issued_by(issuer)
        private_key = load_pem_private_key(key.read_bytes(), None)
        assert issued.public_key() == private_key.public_key()
        extension = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        assert set(extension.value.get_values_for_type(x509.DNSName)) == set(names)
        lifetime = issued.not_valid_after_utc - issued.not_valid_before_utc
        assert lifetime == timedelta(days=90, seconds=-1)  # both ends count

        assert f" {files}/certificate.pem {key} {files}/certificate.csr\n" in told
        assert "belong together" in told
        assert re.search("system's roots +refuses the certificate: unable to get local", told)
        assert re.search("Pebble's root +accepts the certificate, and reads: Hello\n", told)

    def test_is_issued_for_an_ip_address(
        self, files: Path, run_for: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_request(files, "example.com.key", "IP:127.0.0.1")
        shutil.copy(OTHER_CERTIFICATE, files / "certificate.pem")  # which the new one replaces
        monkeypatch.chdir(ROOT)
        told = run_for(files)
        assert "reads: Hello" in told
        assert told.endswith(f" -m course.certificate --serve {files}\n")
        assert len(list(files.iterdir())) == 4

    def test_is_issued_for_encrypted_keys(self, files: Path, run_for: Told) -> None:
        for name in ("account.key", "example.com.key"):
            encrypt(files / name)
        make_request(files, "example.com.key", "DNS:example.com")
        make_key(files / "another.key")
        secret = files / "passphrase.txt"
        secret.write_text("secret\n")
        told = run_for(files, 0, "--passphrase-file", str(secret))
        assert f"common.show {files}/certificate.pem {files}/certificate.csr\n" in told
        assert "reads: Hello" in told

    def test_nobody_reads_to_the_end(self, files: Path) -> None:
        command = shlex.join([sys.executable, "-m", "course.certificate", str(files)])
        result = shell(f"{command} | head -n 3; test -e {files}/certificate.pem", ROOT)
        assert (result.returncode, result.stderr, result.stdout.count("\n")) == (0, "", 3)

    def test_from_another_directory(self, files: Path) -> None:
        result = run_process([sys.executable, str(ROOT / "course/certificate.py"), "."], files)
        assert result.returncode == 0, result.stderr
        assert "/common/show certificate.pem" in result.stdout
        assert result.stdout.endswith("/course/certificate.py --serve .\n")

    @pytest.mark.browser
    @pytest.mark.posix(reason="the commands are for a POSIX shell")
    def test_the_page_with_curl(self, files: Path) -> None:
        need("curl")
        with page_served(files) as commands:
            refused, accepted = (
                shell(command, ROOT) for command in commands if command.startswith("curl ")
            )
        assert (refused.returncode, refused.stdout) == (60, "")
        assert (accepted.returncode, accepted.stdout) == (0, "Hello\n"), accepted.stderr
        (root,) = x509.load_pem_x509_certificates((files / "pebble-root.pem").read_bytes())
        assert root.subject == root.issuer

    @pytest.mark.parametrize(
        ("names", "reason"),
        [
            (
                ["DNS:example.com", "DNS:*.example.com"],
                "*.example.com: only DNS-01 can prove a wildcard, but this program uses",
            ),
            (["DNS:a b\x1b[31m"], "the CA refuses: Order included DNS identifier"),
            # The files are served at 127.0.0.1.
            (["IP:::1"], "(connection)"),
        ],
    )
    def test_names_without_a_certificate_get_a_reason(
        self, names: list[str], reason: str, files: Path, run_for: Told
    ) -> None:
        make_request(files, "example.com.key", *names)
        assert reason in run_for(files, 1)

    def test_a_port_that_is_taken_is_named(
        self, files: Path, run_for: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ports = pebble._free_ports(4)
        monkeypatch.setattr(pebble, "_free_ports", lambda _: ports)
        with socket.create_server(("127.0.0.1", ports[0])):
            assert f":{ports[0]}: bind: address already in use" in run_for(files, 1)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-60])


def change_signature(path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    lines[-3] = with_a_change(lines[-3])
    path.write_text("".join(lines))


def add_certificate(directory: Path, more: str) -> None:
    (directory / "certificate.pem").write_text(OTHER_CERTIFICATE.read_text() + more)


# What is done to the files, and what is said of it.
FAULTS: list[tuple[Callable[[Path], object], str]] = [
    (lambda d: (d / "account.key").unlink(), "account.key: No such file or directory; steps 1 to"),
    (lambda d: cut(d / "account.key"), "account.key: the content is cut short"),
    (lambda d: encrypt(d / "account.key"), "account.key: this passphrase does not"),
    (lambda d: (d / "certificate.csr").unlink(), "certificate.csr: No such file or directory; "),
    (lambda d: change_signature(d / "certificate.csr"), "its signature is not valid"),
    (lambda d: make_request(d, "example.com.key"), "the request has no subjectAltName"),
    (lambda d: make_request(d, "account.key", "DNS:example.com"), "the account key signed"),
    (lambda d: make_request(d, "example.com.key", "IP:192.0.2.1"), "and not on this machine"),
    (lambda d: make_key(d / "example.com.key"), "no *.key file beside it fits; put the right key"),
    (lambda d: encrypt(d / "example.com.key"), "this passphrase does not open the key"),
    (lambda d: add_certificate(d, "a note\n"), "certificate.pem: the file does not hold"),
]


@pytest.mark.parametrize(("spoil", "message"), FAULTS)
def test_a_fault_in_the_files_is_named(
    spoil: Callable[[Path], object], message: str, files: Path, secret_file: str, run_for: Told
) -> None:
    spoil(files)
    before = {path: path.read_bytes() for path in files.iterdir()}
    assert message in run_for(files, 1, "--passphrase-file", str(files / secret_file))
    assert {path: path.read_bytes() for path in files.iterdir()} == before


def test_without_pebble_an_error_says_how_to_get_it(
    run_for: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run_for(tmp_path, 1) == (
        "certificate: error: pebble and pebble-challtestsrv are not on the PATH; get Pebble with "
        "`sudo apt-get install pebble` (Debian, Ubuntu), with "
        "`go install github.com/letsencrypt/pebble/v2/cmd/...@latest`, or from "
        "https://github.com/letsencrypt/pebble/releases\n"
    )


@pytest.mark.posix(reason="the commands are for a POSIX shell")
@pytest.mark.parametrize("installed", ["", "chromium", "chromium certutil", "firefox certutil"])
def test_the_commands_for_a_browser(
    installed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in installed.split():
        (tmp_path / name).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(web_server.Server, "serve_forever", lambda _: None)
    with web_server.listen(0) as server:
        web_server.serve(server, x509.DNSName("example.com"), Path("root.pem"), pebble.TLS)
    told = capsys.readouterr().out
    assert told.count("  $ curl") == 2
    for words in ("browser. Then", "  $ new=", "  $ certutil", "${new:?}", '"$new", which'):
        assert (words in told) == ("certutil" in installed)
    assert ("they need Chromium or Firefox, and certutil" in told) != ("certutil" in installed)


@pytest.mark.parametrize("port", ["taken", "70000"])
def test_a_port_that_the_page_cannot_have_is_refused(port: str, files: Path, run_for: Told) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1]) if port == "taken" else port
        assert f"error: --port {number}: " in run_for(files, 1, "--serve", "--port", number)


@pytest.mark.posix(reason="sh, and signals that end a process")
@pytest.mark.parametrize("number", sorted(pebble.ENDING))
def test_a_signal_ends_what_was_started(number: int, files: Path) -> None:
    programs = files / "bin"
    programs.mkdir()
    for name in pebble.PROGRAMS:
        program = programs / name
        signal_parent = f"kill -{number} $PPID; exec sleep 60"
        program.write_text(f'#!/bin/sh\n[ "$1" = -help ] || {{ {signal_parent}; }}\n')
        program.chmod(0o755)
    process = subprocess.Popen(
        [sys.executable, "-m", "course.certificate", str(files)],
        cwd=ROOT,
        env={**os.environ, "PATH": os.pathsep.join([str(programs), os.environ["PATH"]])},
        start_new_session=True,
    )
    assert process.wait(timeout=30) == -number
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_a_key_that_a_web_server_cannot_use(files: Path, run_for: Told) -> None:
    """The error begins with the name of this program, as run_for checks, also after show has run.

    make_csr and show read DER; what a web server uses has to be PEM.
    """
    key = files / "example.com.key"
    make_key(key, "P-256", "-outform", "DER")
    make_request(files, key.name, "DNS:example.com")
    assert f"{key}: a web server cannot use this key (" in run_for(files, 1)


def test_a_file_instead_of_its_directory_is_refused(files: Path, run_for: Told) -> None:
    error = run_for(files / "certificate.csr", 1)
    assert f"certificate.csr: this is a file; give its directory, {files}\n" in error


def test_a_key_is_not_replaced_by_a_certificate(tmp_path: Path) -> None:
    path = tmp_path / "certificate.pem"
    path.write_text("a key")
    with pytest.raises(UserError, match="does not hold certificates alone, so it is not replaced"):
        course_files.write(path, OTHER_CERTIFICATE.read_text())
    assert [path.read_text() for path in tmp_path.iterdir()] == ["a key"]
