"""Nothing lost, nothing leaked: what is written where, and what is refused."""

import errno
import os
import re
import signal
import stat
import struct
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import make_account_key
import make_csr
from common import atomic, console, files
from common.console import UserError
from tests.conftest import ARTICLE

import pytest

KEY = (ARTICLE / "rsa2048.key").read_bytes()
CSR = (ARTICLE / "rsa2048-example.com.csr").read_bytes()

MAKE_KEY = (make_account_key.main, ["--curve", "P-256"])
MAKE_CSR = (make_csr.main, ["--key", str(ARTICLE / "rsa2048.key"), "example.com"])
BOTH = pytest.mark.parametrize("program", [MAKE_KEY, MAKE_CSR], ids=["key", "request"])
Patch = pytest.MonkeyPatch
Output = pytest.CaptureFixture[str]
Program = tuple[Callable[[list[str]], int], list[str]]

posix = pytest.mark.posix(reason="Windows has other kinds of files, modes and errors")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.chdir(tmp_path)
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


def test_a_file_is_never_written_over(monkeypatch: Patch) -> None:
    monkeypatch.setattr(os, "urandom", bytes)
    Path(f"a.key.~{'00' * 8}.new~").write_bytes(KEY)
    with pytest.raises(UserError, match="File exists"):
        files.write("a.key", b"new")
    assert Path(f"a.key.~{'00' * 8}.new~").read_bytes() == KEY


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
    files.write("a.key", KEY)
    assert stat.S_IMODE(os.stat("a.key").st_mode) == 0o600  # the group's part is the mask of all


CHOOSE = "choose another file with --out FILE"
LINK = "is a symbolic link, and links are not followed; give the file itself"
NOT_REGULAR = "is not a regular file; give one, or - for standard output"


@BOTH
@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("no/such/file", f"the directory no/such does not exist; create it, or {CHOOSE}"),
        ("a.file/file", f"the directory a.file does not exist; create it, or {CHOOSE}"),
        ("new/", f"is not the name of a file; {CHOOSE}"),
        ("", f"is not the name of a file; {CHOOSE}"),
        ("a\0b", f"is not the name of a file; {CHOOSE}"),
        (".", "is a directory; give a file in it"),
        ("a.directory", "is a directory; give a file in it"),
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
@pytest.mark.parametrize("missing", [os.W_OK, os.X_OK, 0])
def test_a_directory_that_is_not_writable(
    program: Program, missing: int, monkeypatch: Patch, capsys: Output
) -> None:
    """Root may write anywhere, and Windows has access lists, so the system's answer is made up."""
    Path("a.directory").mkdir()
    true_access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: not mode & missing and true_access(path, mode)
    )
    if not missing:
        assert run(program, "--out", "a.directory/new") == 0
        return
    message = refused(program, capsys, "--out", "a.directory/new")
    assert message == f"a.directory/new: the directory a.directory is not writable; {CHOOSE}\n"


@posix
@BOTH
def test_a_directory_that_is_removed_while_it_is_checked(
    program: Program, monkeypatch: Patch, capsys: Output
) -> None:
    def access(path: str, mode: int) -> bool:
        os.rmdir(path)
        return True

    Path("keys").mkdir()
    monkeypatch.setattr(os, "access", access)
    assert run(program, "--out", "keys/new") == 1
    advice = "choose another directory with --out FILE"
    assert f": error: keys/new: No such file or directory; {advice}\n" in capsys.readouterr().err


@posix
@BOTH
def test_a_name_too_long_for_the_temporary_file(program: Program, capsys: Output) -> None:
    message = refused(program, capsys, "--out", "x" * 240)
    assert message == f"{'x' * 240}: File name too long; choose a shorter name with --out FILE\n"


@posix
@BOTH
def test_a_working_directory_that_was_removed(
    program: Program, here: Path, monkeypatch: Patch, capsys: Output
) -> None:
    (here / "gone").mkdir()
    monkeypatch.chdir(here / "gone")
    (here / "gone").rmdir()
    assert run(program, "--out", "new") == 1
    advice = "choose another directory with --out FILE"
    assert f": error: new: No such file or directory; {advice}\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("out", "another"),
    [
        ("account.key", "account3.key"),
        ("account2.key", "account2-2.key"),
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
            f"{out}: already exists, and a key is never replaced; use that key, write a new one "
            f"with --out {another}, or move the old one away\n"
        ).replace("\t", "\\t")


LARGEST = CSR + b"\n" * (files.MAX_SIZE - len(CSR))


def test_a_request_replaces_a_request() -> None:
    Path("certificate.csr").write_bytes(LARGEST)
    assert run(MAKE_CSR) == 0
    assert len(Path("certificate.csr").read_bytes()) < len(LARGEST)
    assert os.listdir() == ["certificate.csr"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (KEY, "is not exactly one request (CSR), so it is not replaced; use --out FILE"),
        (LARGEST + b"\n", "is too large for a request (CSR); use --out FILE"),
    ],
    ids=["key", "too large"],
)
def test_a_request_replaces_nothing_else(content: bytes, reason: str, capsys: Output) -> None:
    """What else is not a request: test_pem."""
    Path("certificate.csr").write_bytes(content)
    assert refused(MAKE_CSR, capsys) == f"certificate.csr: {reason}\n"
    with pytest.raises(UserError, match=r"^certificate\.csr: "):
        files.write("certificate.csr", CSR, lambda data: "no" if data != CSR else None)
    assert Path("certificate.csr").read_bytes() == content
    assert os.listdir() == ["certificate.csr"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("call", [1, 2])
def test_an_exception_while_looking_changes_nothing(error: type[BaseException], call: int) -> None:
    calls = []

    def obstacle(data: bytes) -> None:
        calls.append(data)
        if len(calls) == call:
            raise error("secret")

    Path("a.csr").write_bytes(CSR)
    with pytest.raises(error):
        files.write("a.csr", b"new", obstacle)
    assert os.listdir() == ["a.csr"]
    assert Path("a.csr").read_bytes() == CSR


def test_what_is_left_after_an_exception_is_named(monkeypatch: Patch, capsys: Output) -> None:
    def unlink(path: str) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    Path("a.csr").write_bytes(CSR)
    monkeypatch.setattr(os, "unlink", unlink)
    if os.name == "posix":
        monkeypatch.delattr(time, "sleep")  # only Windows has to wait
    with pytest.raises(UserError, match=r"^a\.csr: no$"):
        files.write("a.csr", b"new", lambda data: "no")
    left = next(name for name in os.listdir() if name != "a.csr")
    assert f": warning: {left} could not be removed; delete it\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("tries", "message"),
    [(100, "no"), (1, "other programs keep replacing it; run this again")],
)
def test_what_was_moved_aside_is_moved_back(tries: int, message: str, monkeypatch: Patch) -> None:
    answers = iter([None, "no" if tries > 1 else None])
    monkeypatch.setattr(files, "_TRIES", tries)
    Path("a.csr").write_bytes(CSR)
    with pytest.raises(UserError) as raised:
        files.write("a.csr", b"new", lambda data: next(answers))
    assert str(raised.value) == f"a.csr: {message}"
    assert os.listdir() == ["a.csr"]
    assert Path("a.csr").read_bytes() == CSR


def test_where_an_old_request_is_left_is_named() -> None:
    """The old one was moved, and another program put a key in its place."""

    def obstacle(data: bytes) -> str | None:
        if Path("a.csr").exists():
            return None
        Path("a.csr").write_bytes(KEY)
        raise ValueError("secret")

    Path("a.csr").write_bytes(CSR)
    with pytest.raises(UserError) as raised:
        files.write("a.csr", b"new", obstacle)
    (left,) = (name for name in os.listdir() if name != "a.csr")
    assert str(raised.value) == f"ValueError; the old a.csr is now {left}"
    assert (Path("a.csr").read_bytes(), Path(left).read_bytes()) == (KEY, CSR)


@posix
@pytest.mark.parametrize("call", ["link", "unlink"])
def test_what_is_left_in_a_directory_that_was_renamed_is_named(
    call: str, monkeypatch: Patch, capsys: Output
) -> None:
    Path("keys").mkdir()
    true_call = getattr(os, call)

    def rename_first(*arguments: str, **options: bool) -> None:
        monkeypatch.setattr(os, call, true_call)
        os.rename("keys", "moved")
        true_call(*arguments, **options)

    monkeypatch.setattr(os, call, rename_first)
    said = ""
    try:
        files.write("keys/a.key", b"key")
    except UserError as error:
        said = str(error)
    said += capsys.readouterr().err
    left = [name for name in os.listdir("moved") if name != "a.key"]
    assert f"keys/{left[0]} could not be removed; delete it" in said


@posix
def test_what_is_left_by_a_success_is_named(monkeypatch: Patch, capsys: Output) -> None:
    def unlink(path: str) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    Path("a.csr").write_bytes(CSR)
    monkeypatch.setattr(os, "unlink", unlink)
    files.write("a.csr", b"new", lambda data: None)
    said = capsys.readouterr().err
    trial, old, temporary = left = re.findall(r"a\.csr\.~[0-9a-f]{16}\.(?:new|old)~", said)
    assert said.replace(f"{console.program_name}: warning: ", "") == (
        f"{trial} could not be removed; delete it\nthe old a.csr is now {old}\n"
        f"{temporary} could not be removed; delete it\n"
    )
    assert sorted(os.listdir()) == sorted(["a.csr", *left])
    assert [Path(name).read_bytes() for name in left] == [b"new", CSR, b"new"]
    monkeypatch.undo()


@posix
@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_what_is_swapped_in_is_not_waited_for_or_followed(kind: str, monkeypatch: Patch) -> None:
    Path("a.csr").write_bytes(CSR)
    Path("other.csr").write_bytes(CSR)
    true_lstat = os.lstat
    writers: list[int] = []

    def lstat(path: str) -> os.stat_result:
        monkeypatch.setattr(os, "lstat", true_lstat)
        result = os.lstat(path)
        os.unlink(path)
        if kind == "pipe":
            os.mkfifo(path)
            writers.append(os.open(path, os.O_RDWR))
        else:
            os.symlink("other.csr", path)
        return result

    monkeypatch.setattr(os, "lstat", lstat)
    signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it waits"))
    signal.alarm(10)
    with pytest.raises(UserError):
        files.check("a.csr", lambda data: None if data else "is not a request")
    signal.alarm(0)
    for writer in writers:
        os.close(writer)


@posix
@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK])
@BOTH
def test_where_no_link_can_be_made(
    program: Program, number: int, monkeypatch: Patch, capsys: Output
) -> None:
    targets: list[str] = []

    def link(source: str, target: str, **options: bool) -> None:
        targets.append(target)
        assert options == {"follow_symlinks": False}
        raised = errno.EEXIST if os.path.lexists(target) else number
        raise OSError(raised, os.strerror(raised))

    monkeypatch.setattr(os, "link", link)
    message = refused(program, capsys, "--out", "new")
    reason = "; this one may not support hard links" if number == errno.EPERM else ""
    advice = f"choose another directory with --out FILE{reason}"
    assert message == f"new: {os.strerror(number)}; {advice}\n"
    if program is MAKE_CSR:
        monkeypatch.delattr(os, "rename")
        Path("old").write_bytes(CSR)
        assert refused(program, capsys, "--out", "old") == message.replace("new", "old")
        assert re.fullmatch(r"old\.~[0-9a-f]{16}\.new~", targets[-1])


@posix
def test_where_there_are_no_modes(monkeypatch: Patch, capsys: Output) -> None:
    true_open = os.open
    monkeypatch.setattr(os, "chmod", lambda *_: None)
    monkeypatch.setattr(os, "open", lambda path, flags, mode=0: true_open(path, flags, 0o700))
    message = refused(MAKE_KEY, capsys)
    assert message == (
        "account.key: would have mode 0700, not 0600: this file system stores no permissions "
        "(a Windows drive, a USB stick?); use --out with a file in your home directory\n"
    )


@posix
@BOTH
def test_a_directory_that_cannot_be_synced(
    program: Program, monkeypatch: Patch, capsys: Output
) -> None:
    errors = iter([None, OSError(errno.EIO, os.strerror(errno.EIO))])

    def fsync(descriptor: int) -> None:
        if error := next(errors):
            raise error

    monkeypatch.setattr(os, "fsync", fsync)
    assert run(program, "--out", "new") == 0
    warned, wrote, _ = capsys.readouterr().err.partition("Wrote the ")
    text = f"new: may not survive a power cut ({os.strerror(errno.EIO)}); keep a copy"
    assert (warned, wrote) == (f"{console.program_name}: warning: {text}\n", "Wrote the ")
    assert next(errors, None) is None
    assert os.listdir() == ["new"]


@posix
@pytest.mark.parametrize(("mode", "warnings"), [(0o777, 1), (0o1777, 0), (0o775, 0)])
@BOTH
def test_a_directory_where_anybody_can_replace_files(
    program: Program, mode: int, warnings: int, capsys: Output
) -> None:
    os.chmod(".", mode)
    assert run(program, "--out", "new") == 0
    warned, _, _ = capsys.readouterr().err.partition("Wrote the ")
    text = "new: anyone can replace files in .; prevent it with chmod o-w"
    assert warned == f"{console.program_name}: warning: {text}\n" * warnings


def test_reading() -> None:
    Path("large").write_bytes(bytes(files.MAX_SIZE))
    assert len(files.read("large", "advice")) == files.MAX_SIZE
    Path("large").write_bytes(bytes(files.MAX_SIZE + 1))
    for path, message in [
        ("large", "large: is larger than 1 MiB; advice"),
        ("none", "none: No such file or directory; advice"),
        ("", "an empty name: No such file or directory; advice"),
    ]:
        with pytest.raises(UserError) as raised:
            files.read(path, "advice")
        assert str(raised.value) == message


class TestAsOnWindows:
    """With a rename that fails where the target exists, and that a virus scanner delays."""

    @pytest.fixture(autouse=True)
    def windows(self, monkeypatch: Patch) -> list[float]:
        slept: list[float] = []

        def scanned(call: Callable[..., None]) -> Callable[..., None]:
            tries = iter([PermissionError(errno.EACCES, "in use")] * 3)

            def after_three_tries(*paths: str) -> None:
                for error in tries:
                    raise error
                if len(paths) == 2 and os.path.lexists(paths[1]):
                    raise FileExistsError
                call(*paths)

            return after_three_tries

        calls = {"rename": scanned(os.rename), "unlink": scanned(os.unlink), "chmod": None}
        windows = SimpleNamespace(**{**vars(os), "name": "nt", **calls})
        monkeypatch.setattr(atomic, "os", windows)
        monkeypatch.setattr(files, "os", windows)
        monkeypatch.setattr(time, "sleep", slept.append)
        return slept

    def test_writing(self, windows: list[float], capsys: Output) -> None:
        files.write("a.key", KEY)
        assert windows == [0.01, 0.1, 0.5] * 2
        with pytest.raises(UserError, match=r"^a\.key: already exists, and a key is never "):
            files.write("a.key", KEY)
        files.write("a.csr", b"1", lambda data: None)
        files.write("a.csr", b"2", lambda data: None)
        with pytest.raises(UserError, match=r"^a\.csr: no$"):
            files.write("a.csr", b"3", lambda data: "no")
        assert sorted(os.listdir()) == ["a.csr", "a.key"]
        assert files.read("a.csr", "") == b"2"
        assert capsys.readouterr().err == ""

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
        assert str(caught.value) == f"{name}: is a reserved name on Windows; {CHOOSE}"

    @pytest.mark.parametrize("name", ["console.key", "nulls", "com.key", "my.con"])
    def test_other_names(self, name: str) -> None:
        files.check(name)
