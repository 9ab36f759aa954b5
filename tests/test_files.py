"""Nothing lost, nothing leaked: what is written where, and what is refused.

What happens if a program is killed, or a call fails, at any moment: test_faults.
"""

import errno
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import make_account_key
import make_csr
from common import atomic, console, files
from common.console import UserError
from tests.conftest import ARTICLE, Patch, Run, error_of, warnings_of

import pytest

KEY = (ARTICLE / "rsa2048.key").read_bytes()
CSR = (ARTICLE / "rsa2048-example.com.csr").read_bytes()

Program = tuple[str, ...]

MAKE_KEY = ("make_account_key.py", "--curve", "P-256")
MAKE_REQUEST = ("make_csr.py", "--key", "the.key", "example.com")

both = pytest.mark.parametrize("program", [MAKE_KEY, MAKE_REQUEST], ids=["key", "request"])
posix = pytest.mark.posix(reason="Windows has other kinds of files, modes and errors")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("the.key").write_bytes(KEY)


def state() -> set[tuple[object, ...]]:
    """Return what tells whether anything was written or moved; the time of reading may differ."""
    return {(path, *path.lstat()[:4], path.lstat().st_mtime_ns) for path in Path().iterdir()}


def refused(run: Run, *command: str) -> str:
    """Run what must be refused, and change nothing; return the error."""
    before = state()
    message = error_of(run(*command))
    assert state() == before
    return message


def failing(number: int) -> mock.Mock:
    """Return a system call that fails."""
    return mock.Mock(side_effect=OSError(number, os.strerror(number)))


def before(call: str, action: Callable[[], object], monkeypatch: Patch) -> None:
    """Have something happen right before the next time that os.call is called."""
    true_call = getattr(os, call)

    def first(*arguments: object, **options: object) -> object:
        monkeypatch.setattr(os, call, true_call)
        action()
        return true_call(*arguments, **options)

    monkeypatch.setattr(os, call, first)


@posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_a_key_is_private_and_a_request_a_file_like_any_other(
    umask: int, run: Run, monkeypatch: Patch
) -> None:
    """A key is private from its first byte, and whole when it is synced."""
    seen = list[int | bytes]()

    def temporary() -> Path:
        return next(Path().glob("new.key.~*"))

    before("chmod", lambda: seen.append(temporary().stat().st_mode & 0o077), monkeypatch)
    before("fsync", lambda: seen.append(temporary().read_bytes()[-6:]), monkeypatch)
    old = os.umask(umask)
    try:
        results = [run(*MAKE_KEY, "--out", "new.key"), run(*MAKE_REQUEST, "--out", "new.csr")]
    finally:
        os.umask(old)
    assert seen == [0, b"-----\n"]
    assert [result.returncode for result in results] == [0, 0]
    modes = [stat.S_IMODE(Path(name).stat().st_mode) for name in ("new.key", "new.csr")]
    assert modes == [0o600, 0o666 & ~umask]


CHOOSE = "choose another file with --out FILE"
LINK = "this is a symbolic link, and links are not followed; give the file itself"
TOO_LONG = "File name too long; choose a shorter name with --out FILE"
NOT_REGULAR = "this is not a regular file; give one, or - for standard output"


@both
@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("no/such/file", f"the directory no/such does not exist; create it, or {CHOOSE}"),
        ("a.file/file", f"a.file is not a directory; {CHOOSE}"),
        ("new/", f"this is not the name of a file; {CHOOSE}"),
        ("", f"this is not the name of a file; {CHOOSE}"),
        ("a\0b", f"this is not the name of a file; {CHOOSE}"),
        ("a.directory", "this is a directory; give a file in it"),
        pytest.param(f"{'x' * 300}/new", TOO_LONG, marks=posix),
        pytest.param("a.link", LINK, marks=posix),
        pytest.param("a.pipe", NOT_REGULAR, marks=posix),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_made(
    program: Program, out: str, message: str, run: Run, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(make_account_key, "create_key", None)
    monkeypatch.setattr(make_csr, "create_csr", None)
    Path("a.file").write_text("notes\n")
    Path("a.directory").mkdir()
    if os.name == "posix":
        Path("a.link").symlink_to("a.file")
        os.mkfifo("a.pipe")
    named = console.printable(out) or "an empty name"
    assert refused(run, *program, "--out", out) == f"{named}: {message}"


@pytest.mark.parametrize("missing", [os.W_OK, os.X_OK])
def test_a_directory_without_a_permission(missing: int, run: Run, monkeypatch: Patch) -> None:
    """Root may write anywhere, and Windows has access lists, so the system's answer is made up."""
    Path("keys").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & missing)
    message = f"keys/new: you cannot create files in the directory keys; {CHOOSE}"
    assert refused(run, *MAKE_KEY, "--out", "keys/new") == message


@posix
@pytest.mark.parametrize(("mode", "is_open"), [(0o777, True), (0o1777, False), (0o775, False)])
def test_a_directory_where_anybody_can_replace_files_is_warned_of(
    mode: int, is_open: bool, run: Run
) -> None:
    os.chmod(".", mode)
    advice = "choose a directory that only you can write to, with --out FILE"
    text = f"new: anyone can replace files in .; {advice}"
    assert warnings_of(run(*MAKE_KEY, "--out", "new")) == [text] * is_open


@pytest.mark.parametrize(
    ("out", "another"),
    [
        ("account.key", "account3.key"),
        ("account2.key", "account2-2.key"),
        ("account-openssl.key", "account-openssl2.key"),  # an example is account2-openssl.key
        ("example.com.key", "example.com-2.key"),
        pytest.param("-x.key", "./-x2.key", marks=posix),
        pytest.param("a\tb.key", "FILE", marks=posix),
    ],
)
def test_an_existing_key_stays_and_another_name_is_offered(
    out: str, another: str, run: Run, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(make_account_key, "create_key", None)  # which would take seconds
    Path("account2.key").write_bytes(KEY)
    Path(out).write_bytes(KEY)
    assert refused(run, *MAKE_KEY, f"--out={out}") == (
        f"{console.printable(out)}: the file already exists, and a key is never replaced; use that "
        f"key, write a new one with --out {another}, or move the old one away"
    )


LARGEST = CSR + b"\n" * (files.MAX_SIZE - len(CSR) - 1)


def test_a_request_replaces_a_request(run: Run, monkeypatch: Patch) -> None:
    Path("certificate.csr").write_bytes(LARGEST)
    for call in ("unlink", "remove", "rename"):  # which would leave a moment without a request
        monkeypatch.setattr(os, call, failing(errno.EPERM))
    assert run(*MAKE_REQUEST, "--email", "hostmaster@example.com").returncode == 0
    assert Path("certificate.csr").read_bytes() == CSR
    assert sorted(os.listdir()) == ["certificate.csr", "the.key"]


def test_a_request_replaces_nothing_else(run: Run) -> None:
    """What else is not a request: test_pem."""
    for content, reason in (
        (KEY, "the file is not exactly one request (CSR), so it is not replaced; use --out FILE"),
        (LARGEST * 2, "the file is too large for a request (CSR); use --out FILE"),
    ):
        Path("certificate.csr").write_bytes(content)
        assert refused(run, *MAKE_REQUEST) == f"certificate.csr: {reason}"


@posix
@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK])
def test_where_there_are_no_hard_links_only_a_request_is_written(
    number: int, run: Run, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(os, "link", failing(number))
    reason = "" if number == errno.EMLINK else "; this one may not support hard links"
    assert refused(run, *MAKE_KEY) == (
        f"account.key: {os.strerror(number)}; choose another directory with --out FILE{reason}"
    )
    assert run(*MAKE_REQUEST).returncode == 0


@posix
def test_a_link_whose_reply_was_lost_is_a_link(run: Run, monkeypatch: Patch) -> None:
    """As over NFS: the server has made it, and the call reports a failure."""
    true_link = os.link

    def link(source: str, target: str, **options: bool) -> None:
        true_link(source, target, **options)
        raise FileExistsError

    monkeypatch.setattr(os, "link", link)
    assert warnings_of(run(*MAKE_KEY)) == []
    assert sorted(os.listdir()) == ["account.key", "the.key"]


@posix
def test_no_key_is_written_to_a_drive_without_modes(run: Run, monkeypatch: Patch) -> None:
    true_open = os.open
    monkeypatch.setattr(os, "chmod", failing(errno.EPERM))
    monkeypatch.setattr(os, "open", lambda path, flags, mode=0: true_open(path, flags, 0o700))
    assert refused(run, *MAKE_KEY) == (
        "account.key: this drive does not store file permissions (a USB stick, or a Windows drive "
        "under WSL), so others could read the key; use --out with a file in your home directory"
    )


@posix
def test_a_directory_that_cannot_be_synced_is_warned_of(run: Run, monkeypatch: Patch) -> None:
    for_the_directory = OSError(errno.EIO, os.strerror(errno.EIO))
    monkeypatch.setattr(os, "fsync", mock.Mock(side_effect=[None, for_the_directory]))
    text = f"new: the file may not survive a power cut ({os.strerror(errno.EIO)}); keep a copy"
    assert warnings_of(run(*MAKE_KEY, "--out", "new")) == [text]


@posix
def test_a_fifo_is_read_to_its_end(monkeypatch: Patch) -> None:
    """The largest content of all, from a program that takes its time to write it."""
    os.mkfifo("fifo")
    os.chmod("fifo", 0o644)  # these are not the permissions of a file
    data = os.urandom(files.MAX_SIZE - 1)
    writer = threading.Thread(target=Path("fifo").write_bytes, args=(data,))
    writer.start()
    assert files.read_with_mode("fifo", "advice") == (data, None)
    writer.join()
    monkeypatch.setattr(files, "_FIFO_SECONDS", 0)
    assert files.read("fifo", "advice") == b""  # since nobody writes to it


@posix
@pytest.mark.parametrize(("mode", "is_open"), [(0o620, False), (0o640, True), (0o604, True)])
def test_a_key_that_others_can_read_is_warned_of(mode: int, is_open: bool, run: Run) -> None:
    os.chmod("the.key", mode)
    remedy = "run chmod 600 or, if that changes nothing, move it to your home directory"
    text = f"the.key: other users can read this file; {remedy}"
    assert warnings_of(run(*MAKE_REQUEST)) == [text] * is_open


@posix
@pytest.mark.parametrize(
    ("program", "call", "message"),
    [
        (MAKE_KEY, "link", "new: the file already exists, "),
        (MAKE_REQUEST, "fsync", "new: the file is not exactly one request "),
    ],
)
def test_a_key_that_comes_meanwhile_stays(
    program: Program, call: str, message: str, run: Run, monkeypatch: Patch
) -> None:
    before(call, lambda: Path("new").write_bytes(KEY), monkeypatch)
    assert error_of(run(*program, "--out", "new")).startswith(message)
    assert sorted(os.listdir()) == ["new", "the.key"]
    assert Path("new").read_bytes() == KEY


@posix
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: os.symlink("the.key", "new"), f"new: {os.strerror(errno.ELOOP)}; "),
        (lambda: os.mkfifo("new"), "new: it is not a request"),
    ],
)
def test_no_link_that_comes_meanwhile_is_followed_and_no_pipe_waited_for(
    make: Callable[[], None], message: str, monkeypatch: Patch
) -> None:
    Path("new").write_bytes(CSR)

    def change() -> None:
        os.unlink("new")
        make()

    before("open", change, monkeypatch)
    with pytest.raises(UserError, match=f"^{message}"):
        files.check("new", lambda data: "it is not a request")


@posix
@pytest.mark.parametrize("call", ["link", "unlink"])
def test_what_is_left_in_a_directory_that_was_renamed_is_named(
    call: str, run: Run, monkeypatch: Patch
) -> None:
    os.mkdir("keys")
    before(call, lambda: os.rename("keys", "moved"), monkeypatch)
    result = run(*MAKE_KEY, "--out", "keys/new")
    assert result.returncode == (call == "link")
    (left,) = set(os.listdir("moved")) - {"new"}
    assert f": warning: keys/{left} could not be removed; delete it\n" in result.stderr


class TestAsOnWindows:
    """With a rename that fails where the target exists, and a virus scanner."""

    @pytest.fixture(autouse=True)
    def slept(self, monkeypatch: Patch) -> list[float]:
        true_rename = os.rename

        def rename(old: str, new: str) -> None:
            if os.path.lexists(new):
                raise FileExistsError
            true_rename(old, new)

        slept: list[float] = []
        monkeypatch.setattr(atomic, "_WINDOWS", True)
        monkeypatch.setattr(files, "_WINDOWS", True)
        monkeypatch.setattr(os.path, "samestat", lambda *_: True)  # a drive may not number files
        monkeypatch.setattr(sys, "platform", "win32")
        for name in ("O_NONBLOCK", "O_NOFOLLOW", "set_blocking"):
            monkeypatch.delattr(os, name, raising=False)
        monkeypatch.delattr(signal, "pthread_sigmask", raising=False)
        monkeypatch.setattr(os, "rename", rename)
        monkeypatch.setattr(time, "sleep", slept.append)
        return slept

    @both
    @pytest.mark.parametrize("failures", [3, 4])
    def test_a_file_that_a_virus_scanner_holds_open_is_tried_again(
        self, program: Program, failures: int, slept: list[float], run: Run, monkeypatch: Patch
    ) -> None:
        call = "rename" if program == MAKE_KEY else "replace"
        true_call, left = getattr(os, call), [failing(errno.EACCES)] * failures
        monkeypatch.setattr(os, call, lambda *paths: (left.pop() if left else true_call)(*paths))
        assert run(*program, "--out", "new").returncode == (failures == 4)
        assert slept == [0.01, 0.1, 0.5]
        assert sorted(os.listdir()) == ["new"] * (failures == 3) + ["the.key"]

    def test_a_request_is_replaced_and_a_key_is_not(self) -> None:
        files.write_key("a.key", KEY)
        with pytest.raises(UserError, match=r"^a\.key: the file already exists, and a key is "):
            files.write_key("a.key", b"new")
        assert files.write_request("a.csr", b"1", lambda data: None) is None
        assert files.write_request("a.csr", b"2", lambda data: None) == b"1"
        assert (files.read("a.key", ""), files.read("a.csr", "")) == (KEY, b"2")
        assert sorted(os.listdir()) == ["a.csr", "a.key", "the.key"]

    def test_reserved_names_are_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        os.chmod(".", 0o777)  # as Windows says of each directory
        for name in ("nul", "CON.key", "prn", "aux .key", "com1.a.key", "com0", "LPT³", "my:key"):
            with pytest.raises(UserError) as caught:
                files.check(name)
            assert str(caught.value) == f"{name}: this name is reserved on Windows; {CHOOSE}"
        for name in ("console.key", "nulls", "com.key", "my.con"):
            files.check(name)
        assert capsys.readouterr().err == ""
