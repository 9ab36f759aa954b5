"""Nothing lost, nothing leaked: what is written where, and what is refused.

What happens if a program is killed, or a call fails, at any moment: test_faults.
"""

import errno
import os
import re
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path

import make_account_key
import make_csr
from common import atomic, console, files
from common.console import UserError
from tests.conftest import ARTICLE

import pytest

KEY = (ARTICLE / "rsa2048.key").read_bytes()
CSR = (ARTICLE / "rsa2048-example.com.csr").read_bytes()

Patch = pytest.MonkeyPatch
Output = pytest.CaptureFixture[str]
Program = Callable[..., int]


def make_key(*more: str) -> int:
    return make_account_key.main(["--curve", "P-256", *more])


def make_request(*more: str) -> int:
    return make_csr.main(["--key", "the.key", "example.com", *more])


both = pytest.mark.parametrize("program", [make_key, make_request])
posix = pytest.mark.posix(reason="Windows has other kinds of files, modes and errors")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("the.key").write_bytes(KEY)
    return tmp_path


def state() -> set[tuple[str, int, int, int, int]]:
    """Return what tells whether anything was written or moved; the time of reading may differ."""
    stats = [(path.name, path.lstat()) for path in Path().iterdir()]
    return {(name, s.st_ino, s.st_mode, s.st_mtime_ns, s.st_nlink) for name, s in stats}


def refused(program: Program, capsys: Output, *more: str) -> str:
    """Run what must be refused, and change nothing; return the error."""
    before = state()
    assert program(*more) == 1
    assert state() == before
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err.partition(": error: ")[2].rstrip("\n")


def warned(program: Program, capsys: Output, *more: str) -> str:
    """Run what must succeed; return what it says before it says what it wrote."""
    assert program(*more) == 0
    before, wrote, _ = capsys.readouterr().err.partition("Wrote the ")
    assert wrote
    return re.sub(r"^\w+\.py: warning: |\n$", "", before)


def failing(number: int) -> Callable[..., None]:
    """Return a system call that fails."""

    def call(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return call


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
def test_a_key_is_private_and_a_request_a_file_like_any_other(umask: int) -> None:
    """test_faults shows that a key is private from its first byte."""
    before = os.umask(umask)
    try:
        assert make_key("--out", "new.key") == make_request("--out", "new.csr") == 0
    finally:
        os.umask(before)
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
        ("a\0b/c", f"this is not the name of a file; {CHOOSE}"),
        ("a.directory", "this is a directory; give a file in it"),
        pytest.param("x" * 300, TOO_LONG, marks=posix),
        pytest.param(f"{'x' * 300}/new", TOO_LONG, marks=posix),
        pytest.param("a.link", LINK, marks=posix),
        pytest.param("to.nothing", LINK, marks=posix),
        pytest.param("a.pipe", NOT_REGULAR, marks=posix),
        pytest.param("/dev/null", NOT_REGULAR, marks=posix),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_made(
    program: Program, out: str, message: str, monkeypatch: Patch, capsys: Output
) -> None:
    monkeypatch.setattr(make_account_key, "create_key", None)
    monkeypatch.setattr(make_csr, "create_csr", None)
    Path("a.file").write_text("notes\n")
    Path("a.directory").mkdir()
    if os.name == "posix":
        Path("a.link").symlink_to("a.file")
        Path("to.nothing").symlink_to("nothing")
        os.mkfifo("a.pipe")
    named = console.printable(out) or "an empty name"
    assert refused(program, capsys, "--out", out) == f"{named}: {message}"


@both
@pytest.mark.parametrize("missing", [os.W_OK, os.X_OK])
def test_a_directory_without_a_permission_is_refused(
    program: Program, missing: int, monkeypatch: Patch, capsys: Output
) -> None:
    """Root may write anywhere, and Windows has access lists, so the system's answer is made up."""
    Path("keys").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & missing)
    message = refused(program, capsys, "--out", "keys/new")
    assert message == f"keys/new: you may not create files in the directory keys; {CHOOSE}"


@posix
@pytest.mark.parametrize(("mode", "is_open"), [(0o777, True), (0o1777, False), (0o775, False)])
def test_a_directory_where_anybody_can_replace_files_is_warned_of(
    mode: int, is_open: bool, capsys: Output
) -> None:
    os.chmod(".", mode)
    text = "new: anyone can replace files in .; "
    text += "choose a directory that only you can write to, with --out FILE"
    assert warned(make_key, capsys, "--out", "new") == text * is_open


@posix
def test_a_name_too_long_for_the_temporary_file_is_refused(capsys: Output) -> None:
    assert refused(make_key, capsys, "--out", "x" * 245) == f"{'x' * 245}: {TOO_LONG}"


@pytest.mark.parametrize(
    ("out", "another"),
    [
        ("account.key", "account3.key"),
        ("account2.key", "account2-2.key"),
        ("account-openssl.key", "account-openssl2.key"),  # an example is account2-openssl.key
        ("example.com.key", "example.com-2.key"),
        (".key", ".key-2"),
        pytest.param("-x.key", "./-x2.key", marks=posix),
        pytest.param("a b.key", "'a b2.key'", marks=posix),
        pytest.param("a\tb.key", "FILE", marks=posix),
    ],
)
def test_an_existing_key_stays_and_another_name_is_offered(
    out: str, another: str, capsys: Output
) -> None:
    Path("account2.key").write_bytes(KEY)
    Path(out).write_bytes(KEY)
    assert refused(make_key, capsys, f"--out={out}") == (
        f"{console.printable(out)}: the file already exists, and a key is never replaced; use that "
        f"key, write a new one with --out {another}, or move the old one away"
    )


LARGEST = CSR + b"\n" * (files.MAX_SIZE - len(CSR))


def test_a_request_replaces_a_request() -> None:
    Path("certificate.csr").write_bytes(LARGEST)
    assert make_request() == 0
    assert Path("certificate.csr").read_bytes().count(b"\n") < 20
    assert sorted(os.listdir()) == ["certificate.csr", "the.key"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (KEY, "the file is not exactly one request (CSR), so it is not replaced; use --out FILE"),
        (LARGEST + b"\n", "the file is too large for a request (CSR); use --out FILE"),
    ],
    ids=["key", "too large"],
)
def test_a_request_replaces_nothing_else(content: bytes, reason: str, capsys: Output) -> None:
    """What else is not a request: test_pem."""
    Path("certificate.csr").write_bytes(content)
    assert refused(make_request, capsys) == f"certificate.csr: {reason}"
    assert Path("certificate.csr").read_bytes() == content


@posix
@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK])
def test_where_there_are_no_hard_links_only_a_request_is_written(
    number: int, monkeypatch: Patch, capsys: Output
) -> None:
    monkeypatch.setattr(os, "link", failing(number))
    reason = "" if number == errno.EMLINK else "; this one may not support hard links"
    assert refused(make_key, capsys) == (
        f"account.key: {os.strerror(number)}; choose another directory with --out FILE{reason}"
    )
    for _ in range(2):
        assert make_request() == 0


@posix
@pytest.mark.parametrize("number", [errno.EEXIST, errno.EIO])
def test_a_link_whose_reply_was_lost_is_a_link(
    number: int, monkeypatch: Patch, capsys: Output
) -> None:
    """As over NFS: the server has made it, and the call reports a failure."""
    true_link = os.link

    def link(source: str, target: str, **options: bool) -> None:
        true_link(source, target, **options)
        failing(number)()

    monkeypatch.setattr(os, "link", link)
    assert warned(make_key, capsys) == ""
    assert sorted(os.listdir()) == ["account.key", "the.key"]
    assert Path("account.key").stat().st_nlink == 1


@posix
def test_a_drive_without_modes_gets_no_key(monkeypatch: Patch, capsys: Output) -> None:
    true_open = os.open
    monkeypatch.setattr(os, "chmod", lambda *_: None)
    monkeypatch.setattr(os, "open", lambda path, flags, mode=0: true_open(path, flags, 0o700))
    assert refused(make_key, capsys) == (
        "account.key: this drive does not store file permissions (a USB stick, or a Windows drive "
        "under WSL), so others could read the key; use --out with a file in your home directory"
    )


@posix
@both
def test_a_directory_that_cannot_be_synced_is_warned_of(
    program: Program, monkeypatch: Patch, capsys: Output
) -> None:
    true_fsync = os.fsync

    def fsync(descriptor: int) -> None:
        is_directory = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        (failing(errno.EIO) if is_directory else true_fsync)(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    text = f"new: the file may not survive a power cut ({os.strerror(errno.EIO)}); keep a copy"
    assert warned(program, capsys, "--out", "new") == text


def test_a_file_is_read_up_to_its_largest_size() -> None:
    Path("large").write_bytes(bytes(files.MAX_SIZE))
    assert len(files.read("large", "advice")) == files.MAX_SIZE
    Path("large").write_bytes(bytes(files.MAX_SIZE + 1))
    for path, message in [
        ("large", "large: the file is larger than 1 MiB; advice"),
        ("", "an empty name: No such file or directory; advice"),
    ]:
        with pytest.raises(UserError) as raised:
            files.read(path, "advice")
        assert str(raised.value) == message


@posix
@pytest.mark.parametrize(
    ("mode", "is_open"), [(0o600, False), (0o620, False), (0o640, True), (0o604, True)]
)
def test_a_key_that_others_can_read_is_warned_of(mode: int, is_open: bool, capsys: Output) -> None:
    os.chmod("the.key", mode)
    start = "the.key: other users can read this file; run chmod 600 or, "
    assert warned(make_request, capsys).startswith(start) == is_open


# Another program may put something under the name while ours writes to it.
NEIGHBORS: dict[str, tuple[Callable[[], object], Callable[[Path], object], object]] = {
    "key": (lambda: Path("new").write_bytes(KEY), Path.read_bytes, KEY),
    "link": (lambda: os.symlink("elsewhere", "new"), os.readlink, "elsewhere"),
    "pipe": (lambda: os.mkfifo("new"), Path.is_fifo, True),
    "directory": (lambda: os.mkdir("new"), Path.is_dir, True),
}


@posix
@pytest.mark.parametrize(("program", "call"), [(make_key, "link"), (make_request, "fsync")])
@pytest.mark.parametrize("neighbor", NEIGHBORS)
def test_what_comes_meanwhile_stays(
    neighbor: str, program: Program, call: str, monkeypatch: Patch, capsys: Output
) -> None:
    come, look, expected = NEIGHBORS[neighbor]
    before(call, come, monkeypatch)
    assert program("--out", "new") == 1
    assert ": error: new: th" in capsys.readouterr().err
    assert sorted(os.listdir()) == ["new", "the.key"]
    assert look(Path("new")) == expected


@posix
@pytest.mark.parametrize("neighbor", ["link", "pipe"])
def test_what_comes_between_two_looks_is_not_waited_for_or_followed(
    neighbor: str, monkeypatch: Patch
) -> None:
    """The first look found a request."""
    Path("new").write_bytes(CSR)
    Path("elsewhere").write_bytes(CSR)
    writers: list[int] = []

    def come() -> None:
        os.unlink("new")
        NEIGHBORS[neighbor][0]()
        if neighbor == "pipe":
            writers.append(os.open("new", os.O_RDWR))  # with none, reading would end at once

    before("open", come, monkeypatch)
    signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it waits"))
    signal.alarm(10)
    with pytest.raises(UserError):
        files.check("new", lambda data: None if data else "it is empty")
    signal.alarm(0)
    for writer in writers:
        os.close(writer)


@posix
def test_a_key_that_is_moved_at_once_is_whole(monkeypatch: Patch) -> None:
    before("unlink", lambda: os.rename("new", "moved"), monkeypatch)
    files.write_key("new", KEY)
    assert sorted(os.listdir()) == ["moved", "the.key"]
    assert Path("moved").read_bytes() == KEY


@posix
@pytest.mark.parametrize("call", ["link", "unlink"])
def test_what_is_left_in_a_directory_that_was_renamed_is_named(
    call: str, monkeypatch: Patch, capsys: Output
) -> None:
    os.mkdir("keys")
    before(call, lambda: os.rename("keys", "moved"), monkeypatch)
    assert make_key("--out", "keys/new") == (call == "link")
    (left,) = set(os.listdir("moved")) - {"new"}
    assert f": warning: keys/{left} could not be removed; delete it\n" in capsys.readouterr().err


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
        monkeypatch.setattr(os, "rename", rename)
        monkeypatch.setattr(time, "sleep", slept.append)
        return slept

    @pytest.mark.parametrize(("failures", "is_written"), [(3, True), (4, False)])
    @pytest.mark.parametrize("name", ["rename", "replace"])
    def test_a_file_that_a_virus_scanner_holds_open_is_tried_again(
        self, name: str, failures: int, is_written: bool, slept: list[float], monkeypatch: Patch
    ) -> None:
        true_call, left = getattr(os, name), [failing(errno.EACCES)] * failures
        monkeypatch.setattr(os, name, lambda *paths: (left.pop() if left else true_call)(*paths))
        program = make_key if name == "rename" else make_request
        assert program("--out", "new") == (not is_written)
        assert slept == [0.01, 0.1, 0.5]
        assert os.path.exists("new") == is_written
        assert len(os.listdir()) == 1 + is_written

    def test_a_request_is_replaced_and_a_key_is_not(self) -> None:
        files.write_key("a.key", KEY)
        with pytest.raises(UserError, match=r"^a\.key: the file already exists, and a key is "):
            files.write_key("a.key", b"new")
        assert files.write_request("a.csr", b"1", lambda data: None) is None
        assert files.write_request("a.csr", b"2", lambda data: None) == b"1"
        assert (files.read("a.key", ""), files.read("a.csr", "")) == (KEY, b"2")
        assert sorted(os.listdir()) == ["a.csr", "a.key", "the.key"]

    def test_reserved_names_are_refused(self) -> None:
        for name in ("nul", "CON.key", "prn", "aux .key", "com1.a.key", "com0", "LPT³", "my:key"):
            with pytest.raises(UserError) as caught:
                files.check(name)
            assert str(caught.value) == f"{name}: this name is reserved on Windows; {CHOOSE}"
        for name in ("console.key", "nulls", "com.key", "my.con"):
            files.check(name)
