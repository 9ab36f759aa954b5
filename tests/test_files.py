"""Nothing lost, nothing leaked: what is written where, and what is refused.

What happens if a program is killed, or a call fails, at any moment: test_faults. If another program
acts at any moment: test_interleavings.
"""

import errno
import os
import stat
import struct
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import make_account_key
import make_csr
from common import atomic, console, files
from common.console import UserError
from tests.conftest import ARTICLE

import pytest

KEY = (ARTICLE / "rsa2048.key").read_bytes()
CSR = (ARTICLE / "rsa2048-example.com.csr").read_bytes()

MAKE_KEY = (make_account_key.main, ["--curve", "P-256"])
MAKE_CSR = (make_csr.main, ["--key", "the.key", "example.com"])
BOTH = pytest.mark.parametrize("program", [MAKE_KEY, MAKE_CSR], ids=["key", "request"])
Patch = pytest.MonkeyPatch
Output = pytest.CaptureFixture[str]
Program = tuple[Callable[[list[str]], int], list[str]]

posix = pytest.mark.posix(reason="Windows has other kinds of files, modes and errors")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("the.key").write_bytes(KEY)
    return tmp_path


def run(program: Program, *more: str) -> int:
    main, arguments = program
    return main([*arguments, *more])


def state() -> set[tuple[str, int, int, int, int]]:
    """Return what tells whether anything was written or moved; the time of reading may differ."""
    stats = [(path.name, path.lstat()) for path in Path().iterdir()]
    return {(name, s.st_ino, s.st_mode, s.st_mtime_ns, s.st_nlink) for name, s in stats}


def refused(program: Program, capsys: Output, *more: str) -> str:
    """Run what must be refused, and change nothing; return the error."""
    before = state()
    assert run(program, *more) == 1
    assert state() == before
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err.partition(": error: ")[2]


def failing(number: int) -> Callable[..., None]:
    """Return a system call that fails."""

    def call(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return call


@posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
@pytest.mark.parametrize(("program", "mode"), [(MAKE_KEY, 0), (MAKE_CSR, 0o666)])
def test_modes(program: Program, mode: int, umask: int, monkeypatch: Patch) -> None:
    """A key has mode 0600 whenever it has any content; a request has the mode of any new file."""
    seen = []
    true_fsync = os.fsync

    def fsync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):
            assert status.st_size > 0
            seen.append(stat.S_IMODE(status.st_mode))
        true_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    before = os.umask(umask)
    try:
        assert run(program, "--out", "new") == 0
    finally:
        os.umask(before)
    expected = mode & ~umask if mode else 0o600
    assert stat.S_IMODE(Path("new").stat().st_mode) == expected
    assert seen == [expected]


@posix
def test_an_access_list_of_the_directory_opens_no_key() -> None:
    entries = [(1, 5, 0), (2, 4, 65534), (4, 4, 0), (16, 7, 0), (32, 4, 0)]  # tag, rights, user
    packed = struct.pack("<I", 2) + b"".join(
        struct.pack("<HHi", tag, rights, user or -1) for tag, rights, user in entries
    )
    try:
        os.setxattr(".", "system.posix_acl_default", packed)
    except (AttributeError, OSError) as error:
        pytest.skip(f"no access lists here: {error}")
    files.write_key("a.key", KEY)
    assert stat.S_IMODE(os.stat("a.key").st_mode) == 0o600  # the group's part is the mask of all


CHOOSE = "choose another file with --out FILE"
LINK = "this is a symbolic link, and links are not followed; give the file itself"
NOT_REGULAR = "this is not a regular file; give one, or - for standard output"


@BOTH
@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("no/such/file", f"the directory no/such does not exist; create it, or {CHOOSE}"),
        ("a.file/file", f"a.file is not a directory; {CHOOSE}"),
        ("new/", f"this is not the name of a file; {CHOOSE}"),
        ("", f"this is not the name of a file; {CHOOSE}"),
        ("a\0b", f"this is not the name of a file; {CHOOSE}"),
        ("a\0b/c", f"this is not the name of a file; {CHOOSE}"),
        (".", "this is a directory; give a file in it"),
        ("a.directory", "this is a directory; give a file in it"),
        pytest.param(
            "x" * 300, "File name too long; choose a shorter name with --out FILE", marks=posix
        ),
        pytest.param("a.link", LINK, marks=posix),
        pytest.param("to.nothing", LINK, marks=posix),
        pytest.param("a.pipe", NOT_REGULAR, marks=posix),
        pytest.param("/dev/null", NOT_REGULAR, marks=posix),
    ],
)
def test_refused_before_anything_is_made(
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
    assert refused(program, capsys, "--out", out) == f"{named}: {message}\n"


@BOTH
@pytest.mark.parametrize("missing", [os.W_OK, os.X_OK])
def test_a_directory_without_a_permission(
    program: Program, missing: int, monkeypatch: Patch, capsys: Output
) -> None:
    """Root may write anywhere, and Windows has access lists, so the system's answer is made up."""
    Path("keys").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & missing)
    message = refused(program, capsys, "--out", "keys/new")
    assert message == f"keys/new: you may not create files in the directory keys; {CHOOSE}\n"


@BOTH
def test_a_directory_that_cannot_be_reached(
    program: Program, monkeypatch: Patch, capsys: Output
) -> None:
    """Nobody may search the directory above it, so nobody knows whether it exists."""
    for name in ("lstat", "stat"):
        true_call = getattr(os, name)

        def call(path: str, *, true_call: Any = true_call, **options: bool) -> object:
            return (failing(errno.EACCES) if path == "keys/sub" else true_call)(path, **options)

        monkeypatch.setattr(os, name, call)
    message = refused(program, capsys, "--out", "keys/sub/new")
    advice = "choose another directory with --out FILE"
    assert message == f"keys/sub/new: {os.strerror(errno.EACCES)}; {advice}\n"


@posix
@BOTH
@pytest.mark.parametrize(("mode", "warnings"), [(0o777, 1), (0o1777, 0), (0o775, 0)])
def test_a_directory_where_anybody_can_replace_files(
    program: Program, mode: int, warnings: int, capsys: Output
) -> None:
    os.chmod(".", mode)
    assert run(program, "--out", "new") == 0
    warned, _, _ = capsys.readouterr().err.partition("Wrote the ")
    text = "new: anyone can replace files in .; "
    text += "choose a directory that only you can write to, with --out FILE"
    assert warned == f"{console.program_name}: warning: {text}\n" * warnings


@posix
@BOTH
def test_a_name_too_long_for_the_temporary_file(program: Program, capsys: Output) -> None:
    message = refused(program, capsys, "--out", "x" * 245)
    assert message == f"{'x' * 245}: File name too long; choose a shorter name with --out FILE\n"


@posix
def test_a_working_directory_that_was_removed(
    here: Path, monkeypatch: Patch, capsys: Output
) -> None:
    (here / "gone").mkdir()
    monkeypatch.chdir(here / "gone")
    (here / "gone").rmdir()
    assert run(MAKE_KEY, "--out", "new") == 1
    advice = "choose another directory with --out FILE"
    assert f": error: new: No such file or directory; {advice}\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("out", "another"),
    [
        ("account.key", "account3.key"),
        ("account2.key", "account2-2.key"),
        ("account-openssl.key", "account-openssl2.key"),  # an example is account2-openssl.key
        ("example.com.key", "example.com-2.key"),
        ("./account.key", "./account3.key"),
        (".key", ".key-2"),
        ("-x.key", "./-x2.key"),
        ("a b.key", "'a b2.key'"),
        pytest.param("a\tb.key", "FILE", marks=posix),
    ],
)
def test_an_existing_key_stays(out: str, another: str, capsys: Output) -> None:
    Path("account2.key").write_bytes(KEY)
    Path(out).write_bytes(KEY)
    message = refused(MAKE_KEY, capsys, f"--out={out}")
    if os.name == "posix" or ("'" not in another and "/" not in another):
        assert message == (
            f"{out}: the file already exists, and a key is never replaced; use that key, write a "
            f"new one with --out {another}, or move the old one away\n"
        ).replace("\t", "\\t")


LARGEST = CSR + b"\n" * (files.MAX_SIZE - len(CSR))


def test_a_request_replaces_a_request() -> None:
    Path("certificate.csr").write_bytes(LARGEST)
    assert run(MAKE_CSR) == 0
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
    assert refused(MAKE_CSR, capsys) == f"certificate.csr: {reason}\n"
    assert Path("certificate.csr").read_bytes() == content


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_exception_while_looking_changes_nothing(error: type[BaseException]) -> None:
    def obstacle(data: bytes) -> None:
        raise error("secret")

    Path("a.csr").write_bytes(CSR)
    before = state()
    with pytest.raises(error):
        files.write_request("a.csr", b"new", obstacle)
    assert state() == before


def test_what_is_left_is_named(monkeypatch: Patch, capsys: Output) -> None:
    Path("a.csr").write_bytes(CSR)
    monkeypatch.setattr(os, "unlink", failing(errno.EACCES))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # Windows waits for a virus scanner
    with pytest.raises(UserError, match=r"^a\.csr: no$"):
        files.write_request("a.csr", b"new", lambda data: "no")
    (left,) = set(os.listdir()) - {"a.csr", "the.key"}
    assert f": warning: {left} could not be removed; delete it\n" in capsys.readouterr().err


@posix
@pytest.mark.parametrize(
    "number", [errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK]
)
def test_where_there_are_no_hard_links(number: int, monkeypatch: Patch, capsys: Output) -> None:
    """A key cannot be written safely there; a request does not need them."""
    monkeypatch.setattr(os, "link", failing(number))
    reason = "" if number == errno.EMLINK else "; this one may not support hard links"
    assert refused(MAKE_KEY, capsys) == (
        f"account.key: {os.strerror(number)}; choose another directory with --out FILE{reason}\n"
    )
    for _ in range(2):
        assert run(MAKE_CSR) == 0


@posix
@pytest.mark.parametrize("number", [errno.EEXIST, errno.EIO, errno.EPERM])
def test_a_link_whose_reply_was_lost(number: int, monkeypatch: Patch, capsys: Output) -> None:
    """As over NFS: the server has made it, and the call reports a failure."""
    true_link = os.link

    def link(source: str, target: str, **options: bool) -> None:
        true_link(source, target, **options)
        failing(number)()

    monkeypatch.setattr(os, "link", link)
    assert run(MAKE_KEY) == 0
    assert capsys.readouterr().err.startswith("Wrote the account key to account.key: ")
    assert sorted(os.listdir()) == ["account.key", "the.key"]
    assert Path("account.key").stat().st_nlink == 1


@posix
def test_a_drive_without_modes(monkeypatch: Patch, capsys: Output) -> None:
    true_open = os.open
    monkeypatch.setattr(os, "chmod", lambda *_: None)
    monkeypatch.setattr(os, "open", lambda path, flags, mode=0: true_open(path, flags, 0o700))
    assert refused(MAKE_KEY, capsys) == (
        "account.key: this drive does not store file permissions (a USB stick, or a Windows drive "
        "under WSL), so others could read the key; use --out with a file in your home directory\n"
    )


@posix
@BOTH
def test_a_directory_that_cannot_be_synced(
    program: Program, monkeypatch: Patch, capsys: Output
) -> None:
    true_fsync = os.fsync

    def fsync(descriptor: int) -> None:
        is_directory = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        (failing(errno.EIO) if is_directory else true_fsync)(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    assert run(program, "--out", "new") == 0
    warned, wrote, _ = capsys.readouterr().err.partition("Wrote the ")
    text = f"new: the file may not survive a power cut ({os.strerror(errno.EIO)}); keep a copy"
    assert (warned, wrote) == (f"{console.program_name}: warning: {text}\n", "Wrote the ")


def test_reading() -> None:
    Path("large").write_bytes(bytes(files.MAX_SIZE))
    assert len(files.read("large", "advice")) == files.MAX_SIZE
    Path("large").write_bytes(bytes(files.MAX_SIZE + 1))
    for path, message in [
        ("large", "large: the file is larger than 1 MiB; advice"),
        ("none", "none: No such file or directory; advice"),
        ("", "an empty name: No such file or directory; advice"),
    ]:
        with pytest.raises(UserError) as raised:
            files.read(path, "advice")
        assert str(raised.value) == message


@posix
@pytest.mark.parametrize(
    ("mode", "remedy"),
    [
        (0o600, None),
        (0o620, None),
        (0o640, "run chmod 600"),
        (0o604, "run chmod 600"),
        (0o777, "move it to your home directory"),  # as on a USB stick, where chmod has no effect
    ],
)
def test_a_key_that_others_can_read(mode: int, remedy: str | None, capsys: Output) -> None:
    os.chmod("the.key", mode)
    assert run(MAKE_CSR) == 0
    warned, _, _ = capsys.readouterr().err.partition("Wrote the ")
    text = f"the.key: other users can read this file; {remedy} to prevent that"
    assert warned == (f"{console.program_name}: warning: {text}\n" if remedy else "")


@posix
def test_a_key_of_another_user_that_others_can_read(monkeypatch: Patch, capsys: Output) -> None:
    os.chmod("the.key", 0o640)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert files.read_secret("the.key", "") == KEY
    assert "; move it to your home directory" in capsys.readouterr().err


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

    @pytest.mark.parametrize(("times", "names"), [(3, ["a.csr", "a.key"]), (4, [])])
    def test_a_virus_scanner(
        self, times: int, names: list[str], slept: list[float], monkeypatch: Patch
    ) -> None:
        """It holds a new file open for a moment, or for longer."""
        for name in ("rename", "replace"):
            true_call, tries = getattr(os, name), iter(range(times))

            def call(*paths: str, true_call: Any = true_call, tries: Any = tries) -> None:
                if next(tries, None) is not None:
                    failing(errno.EACCES)()
                true_call(*paths)

            monkeypatch.setattr(os, name, call)
        error = pytest.raises(UserError, match="; choose another directory with --out FILE")
        with nullcontext() if names else error:
            files.write_key("a.key", KEY)
        with nullcontext() if names else error:
            files.write_request("a.csr", CSR, lambda data: None)
        assert slept == [0.01, 0.1, 0.5] * 2
        assert sorted(os.listdir()) == [*names, "the.key"]

    def test_what_is_there(self) -> None:
        files.write_key("a.key", KEY)
        with pytest.raises(
            UserError, match=r"^a\.key: the file already exists, and a key is never "
        ):
            files.write_key("a.key", b"new")
        assert files.write_request("a.csr", b"1", lambda data: None) is None
        assert files.write_request("a.csr", b"2", lambda data: None) == b"1"
        assert (files.read("a.key", ""), files.read("a.csr", "")) == (KEY, b"2")
        assert sorted(os.listdir()) == ["a.csr", "a.key", "the.key"]

    @pytest.mark.parametrize(
        "name",
        [
            "nul",
            "CON.key",
            "prn",
            "aux .key",
            "com1.a.key",
            "com0",
            "COM².key",
            "LPT³.key",
            "my:key",
        ],
    )
    def test_reserved_names(self, name: str) -> None:
        with pytest.raises(UserError) as caught:
            files.check(name)
        assert str(caught.value) == f"{name}: this name is reserved on Windows; {CHOOSE}"

    @pytest.mark.parametrize("name", ["console.key", "nulls", "com.key", "my.con"])
    def test_other_names(self, name: str) -> None:
        files.check(name)
