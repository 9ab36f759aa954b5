"""The promises about files when another program acts at any moment.

The real code runs, and something happens before one of its calls to the operating system.
"""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from common import files
from common.console import UserError

import pytest

pytestmark = pytest.mark.posix(reason="Windows has other calls and no FIFOs")

KEY, REQUEST = b"KEY", b"REQUEST"

# What another program may do to the name.
NEIGHBOURS: dict[str, Callable[[str], object]] = {
    "key": lambda path: Path(path).write_bytes(KEY + b" of a neighbour"),
    "link": lambda path: os.symlink("elsewhere", path),
    "pipe": lambda path: os.mkfifo(path),
    "directory": lambda path: os.mkdir(path),
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def before(call: str, action: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have something happen before the next time that os.call is called."""
    true_call = getattr(os, call)

    def first(*arguments: object, **options: object) -> object:
        monkeypatch.setattr(os, call, true_call)
        action()
        return true_call(*arguments, **options)

    monkeypatch.setattr(os, call, first)


def obstacle(data: bytes) -> str | None:
    return None if data.startswith(REQUEST) else "not a request"


def state(directory: str = ".") -> dict[str, object]:
    """Return what is in a directory: the content of each file, or what else it is."""
    return {
        path.name: path.read_bytes() if path.is_file() else path.lstat().st_mode
        for path in Path(directory).iterdir()
    }


def after(neighbour: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Return the state of a directory where the neighbour alone has acted."""
    directory = tmp_path_factory.mktemp("alone")
    NEIGHBOURS[neighbour](str(directory / "FILE"))
    return state(str(directory))


@pytest.mark.parametrize("call", ["open", "chmod", "fstat", "fsync", "link"])
@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_a_key_takes_no_name_that_is_taken_meanwhile(
    neighbour: str,
    call: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    before(call, lambda: NEIGHBOURS[neighbour]("FILE"), monkeypatch)
    with pytest.raises(
        UserError, match=r"^FILE: the file already exists, and a key is never replaced; "
    ):
        files.write_key("FILE", KEY)
    assert state() == after(neighbour, tmp_path_factory)


def test_a_key_that_is_moved_at_once_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    before("unlink", lambda: os.rename("FILE", "moved"), monkeypatch)
    files.write_key("FILE", KEY)
    assert state() == {"moved": KEY}


@pytest.mark.parametrize("call", ["link", "unlink"])
def test_what_is_left_in_a_directory_that_was_renamed_is_named(
    call: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkdir("keys")
    before(call, lambda: os.rename("keys", "moved"), monkeypatch)
    said = ""
    try:
        files.write_key("keys/FILE", KEY)
    except UserError as error:
        said = str(error)
    said += capsys.readouterr().err
    (left,) = set(os.listdir("moved")) - {"FILE"}
    assert f"keys/{left} could not be removed; delete it" in said


@pytest.mark.parametrize("is_replaced", [False, True])
@pytest.mark.parametrize("call", ["open", "fsync", "lstat"])
@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_a_request_replaces_nothing_else_that_comes_meanwhile(
    neighbour: str,
    call: str,
    is_replaced: bool,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    if is_replaced:
        Path("FILE").write_bytes(REQUEST + b" before")

    def come() -> None:
        Path("FILE").unlink(missing_ok=True)
        NEIGHBOURS[neighbour]("FILE")

    before(call, come, monkeypatch)
    with pytest.raises(UserError, match=r"^FILE: (this is|not) "):
        files.write_request("FILE", REQUEST, obstacle)
    assert state() == after(neighbour, tmp_path_factory)


@pytest.mark.parametrize("neighbour", ["link", "pipe"])
def test_what_comes_between_the_looks_is_not_waited_for_or_followed(
    neighbour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look found a request."""
    Path("FILE").write_bytes(REQUEST)
    Path("elsewhere").write_bytes(REQUEST)
    writers: list[int] = []

    def come() -> None:
        os.unlink("FILE")
        NEIGHBOURS[neighbour]("FILE")
        if neighbour == "pipe":
            writers.append(os.open("FILE", os.O_RDWR))  # with none, reading would end at once

    before("open", come, monkeypatch)
    signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it waits"))
    signal.alarm(10)
    with pytest.raises(UserError):
        files.check("FILE", obstacle)
    signal.alarm(0)
    for writer in writers:
        os.close(writer)


def test_a_request_that_comes_while_another_is_replaced_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SECURITY.md says so. It is the price of never being without a request."""
    Path("FILE").write_bytes(REQUEST + b" before")
    before("replace", lambda: Path("FILE").write_bytes(REQUEST + b" of a neighbour"), monkeypatch)
    assert files.write_request("FILE", REQUEST, obstacle) == REQUEST + b" before"
    assert state() == {"FILE": REQUEST}


def test_a_request_is_never_missing_or_partial() -> None:
    """Another program reads it all the time."""
    contents = [REQUEST + bytes([number]) * 10_000 for number in range(100)]
    Path("FILE").write_bytes(contents[0])
    is_done = threading.Event()
    seen: set[bytes] = set()

    def read() -> None:
        while not is_done.is_set():
            try:
                seen.add(Path("FILE").read_bytes())
            except FileNotFoundError:
                seen.add(b"missing")

    reader = threading.Thread(target=read)
    reader.start()
    for content in contents:
        files.write_request("FILE", content, obstacle)
    is_done.set()
    reader.join()
    assert seen <= set(contents)
    assert seen
    assert state() == {"FILE": contents[-1]}
