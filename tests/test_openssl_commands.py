"""The commands that the scripts print: pasted into a shell they do what they say."""

import os
import shlex
import sys
from pathlib import Path

from common import console, names, openssl_commands, shell
from tests import conftest
from tests.conftest import KEY_SCRIPTS, ROOT, SECRET, Patch, Result, Run, commands_of

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.hazmat.primitives.serialization import load_pem_private_key as load

pytestmark = pytest.mark.posix(reason="sh, and symbolic links")


def public_key_of(key: Path, passphrase: bytes | None = None) -> str:
    public_key = load(key.read_bytes(), passphrase).public_key()
    return public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def paste(command: str) -> str:
    """Run a command that must succeed; return what it prints."""
    result = conftest.shell(command, Path())
    assert result.returncode == 0, result.stderr
    return result.stdout + result.stderr


def made_by(command: str) -> Path:
    """Paste a command that makes one new file and changes no other; return that file."""

    def contents() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in Path().iterdir() if path.is_file()}

    before = contents()
    paste(command)
    after = contents()
    assert {name: after[name] for name in before} == before
    (new,) = set(after) - set(before)
    return Path(new)


def both_requests(commands: list[str], path: str = "certificate.csr") -> list[bytes]:
    """View a request with OpenSSL, which must verify it; return it, and the one OpenSSL makes."""
    make, view = commands
    assert "verify OK" in paste(view)
    ours = Path(path).read_bytes()
    os.unlink(path)
    made = made_by(make)
    assert made.samefile(path)
    return [ours, made.read_bytes()]


def next_of(result: Result) -> str:
    return result.stderr.splitlines()[-1].removeprefix("Next: ")


@pytest.mark.parametrize(
    "command",
    [*(f"{script} --bits 2048" for script in KEY_SCRIPTS), "make_account_key.py --curve P-256"],
)
def test_a_key(command: str, run: Run) -> None:
    make, view, extract = commands_of(run(*command.split(), "--out", "my.key"))
    assert ("RSA key ok" if "--bits" in command else "Key is valid") in paste(view)
    assert made_by(extract) == Path("my.pub")
    assert Path("my.pub").read_text() == public_key_of(Path("my.key"))
    other = made_by(make)
    assert (other, other.stat().st_mode & 0o777) == (Path("my-openssl.key"), 0o600)
    ours, its = (
        (path.read_text().splitlines()[0], paste(f"openssl pkey -in {path} -text").splitlines()[0])
        for path in (Path("my.key"), other)
    )
    assert ours == its


def test_an_encrypted_key(run: Run, secret_file: str) -> None:
    options = ["--curve", "P-384", "--passphrase-file", secret_file]
    Path("account.pub").touch()  # which is kept
    make, view, extract = commands_of(run("make_account_key.py", *options))
    for command, answers in ((make, 2), (view, 1), (extract, 1)):
        session = conftest.on_a_terminal(["sh", "-c", command], Path(), *[SECRET] * answers)
        assert session.status == 0, session.written
    key = Path("account.key")
    assert Path("account-openssl.pub").read_text() == public_key_of(key, SECRET.encode())
    other = load(Path("account-openssl.key").read_bytes(), SECRET.encode())
    assert isinstance(other, ec.EllipticCurvePrivateKey)
    assert other.key_size == 384


REQUESTS = {
    "the article's": [],
    "Unicode and addresses": ["münchen.example.org", "*.ü.org", "192.0.2.1", "::ffff:192.0.2.1"],
    "too long for a common name": [f"{'a' * 60}.example.org"],
    "a shell's characters": ["a.org", "--email", '$(x)`x`;&|<>*?#!{}~"o\'hara"a\\b\\@example.org'],
    "a subject's characters": ["a.org", "--email", "a,b+CN=evil.org/CN=evil.org@example.org"],
    "the longest that OpenSSL takes": ["a.org", "--email", "a@" + "b" * 126],
}


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("arguments", REQUESTS.values(), ids=REQUESTS)
def test_a_request_is_the_same_to_the_last_byte(arguments: list[str], run: Run) -> None:
    ours, its = both_requests(commands_of(run("make_csr.py", *arguments)))
    assert ours == its


def test_no_command_is_printed_if_openssl_would_make_another_request(run: Run) -> None:
    """`openssl req` puts the public key into a request as the key file has it."""
    Path("plain.key").write_bytes(conftest.pem_of(conftest.private_key("P-256")))
    paste("openssl ec -in plain.key -conv_form compressed -out certificate.key")
    (view,) = commands_of(run("make_csr.py"))
    assert "verify OK" in paste(view)


@pytest.mark.parametrize(
    "name", ["my key", "it's", "-dash", "a$b`c;d", 'a"b\\', "ü*", "~", "new/../x"]
)
def test_file_names_that_a_shell_would_read_in_another_way(name: str, run: Run) -> None:
    Path("new").mkdir()
    result = run("make_certificate_key.py", "--curve=P-256", f"--out={name}")
    make, view, extract = commands_of(result)
    paste(view)
    assert made_by(extract).read_text() == public_key_of(Path(name))
    assert load(made_by(make).read_bytes(), None)
    made_by(next_of(result))  # a request
    result = run("make_csr.py", "example.org", f"--key={name}", f"--out={name}.csr")
    assert all(both_requests(commands_of(result), f"{name}.csr"))
    assert "belong together" in paste(next_of(result))


def test_more_names_than_a_command_may_have() -> None:
    many = names.parse_all(f"{number}.example.org" for number in range(8000))
    (_, make), (_, view) = openssl_commands.for_request("k", many, None, "out")
    assert (make, view) == (None, "openssl req -in out -text -verify -noout")


@pytest.mark.parametrize("name", ["a\nb", "a\u202eb", "a\udcffb"])
def test_what_could_not_be_pasted_is_not_printed(name: str, run: Run) -> None:
    made = run("make_certificate_key.py", "--curve=P-256", f"--out={name}")
    shown = console.printable(name)
    assert made.stderr.startswith(f"Wrote the certificate key to {shown}: ")
    assert (made.stderr.count("\n"), commands_of(made)) == (1, [])
    signed = run("make_csr.py", "example.org", f"--key={name}")
    view = "openssl req -in certificate.csr -text -verify -noout"
    assert commands_of(signed) == [view]
    assert "Next: " not in signed.stderr


def test_a_word_for_a_terminal_and_for_zsh(monkeypatch: Patch) -> None:
    monkeypatch.setattr(sys, "stderr", type("Terminal", (), {"encoding": "ascii"})())
    assert shell.command("openssl", "ü") is None
    assert shell.command("openssl", "u") == "openssl u"
    monkeypatch.setattr(sys, "stderr", None)
    assert shell.command("openssl", "ü") == "openssl 'ü'"
    # zsh puts the path of ls in place of =ls.
    assert shell.command("openssl", "=a.key", "-subj=b") == "openssl '=a.key' -subj=b"


@pytest.mark.parametrize(
    ("word", "quoted"),
    [
        ("a.key", "a.key"),
        ("C:\\keys\\a.key", "C:\\keys\\a.key"),
        ("my key", '"my key"'),
        ("subjectAltName=DNS:a.org,DNS:b.org", '"subjectAltName=DNS:a.org,DNS:b.org"'),
        ("@names", '"@names"'),
        ("a&b|c<d>e^f(g);h", '"a&b|c<d>e^f(g);h"'),
        ("", '""'),
        *[(f"a{char}b", None) for char in '"%$!`“”„\n\x1b\u202e'],
    ],
)
def test_a_word_on_windows(word: str, quoted: str | None, monkeypatch: Patch) -> None:
    monkeypatch.setattr(shell, "_WINDOWS", True)
    assert shell.command("openssl", word) == (quoted and f"openssl {quoted}")


def test_python_is_named_as_short_as_the_path_allows(tmp_path: Path, monkeypatch: Patch) -> None:
    def word() -> str:
        return shlex.split(shell.script("make_csr.py", "a.org") or "")[0]

    ours = tmp_path / "ours"
    ours.mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}:{ours}")
    assert word() == sys.executable
    for name in ("python3", "python"):
        (ours / name).symlink_to(sys.executable)
        monkeypatch.setattr(sys, "executable", str(ours / name))
        assert word() == name
    (tmp_path / "python").symlink_to("/bin/sh")  # which is found before it
    assert word() == sys.executable
    monkeypatch.setattr(shell, "_WINDOWS", True)
    assert word() == "python"


def test_a_script_is_found_from_where_the_user_is(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(shell, "python", lambda: "python")
    for directory, script, show in (
        (ROOT, "make_csr.py", "-m common.show"),
        (ROOT / "common", "../make_csr.py", "show"),
    ):
        monkeypatch.chdir(directory)
        assert shell.script("make_csr.py", "a") == f"python {script} a"
        assert shell.module("common.show", "a") == f"python {show} a"
    monkeypatch.chdir(tmp_path)
    tmp_path.rmdir()
    assert shell.script("make_csr.py") == shlex.join(["python", str(ROOT / "make_csr.py")])
