"""The promises about files when another program acts at any moment.

The real code runs, and something happens right before one of its calls to the operating system.
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

# What another program may put under the name, and what is there then.
NEIGHBOURS: dict[str, tuple[Callable[[], object], Callable[[Path], object]]] = {
    "key": (lambda: Path("FILE").write_bytes(b"another KEY"), Path.read_bytes),
    "link": (lambda: os.symlink("elsewhere", "FILE"), os.readlink),
    "pipe": (lambda: os.mkfifo("FILE"), Path.is_fifo),
    "directory": (lambda: os.mkdir("FILE"), Path.is_dir),
}
STAYS = {"key": b"another KEY", "link": "elsewhere", "pipe": True, "directory": True}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


Before = Callable[[str, Callable[[], object]], None]


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> Before:
    """Return a function that has something happen before the next time that os.call is called."""

    def before(call: str, action: Callable[[], object]) -> None:
        true_call = getattr(os, call)

        def first(*arguments: object, **options: object) -> object:
            monkeypatch.setattr(os, call, true_call)
            action()
            return true_call(*arguments, **options)

        monkeypatch.setattr(os, call, first)

    return before


def obstacle(data: bytes) -> str | None:
    return None if data.startswith(REQUEST) else "not a request"


def assert_only_the_neighbour_is_there(neighbour: str) -> None:
    _, look = NEIGHBOURS[neighbour]
    assert os.listdir() == ["FILE"]
    assert look(Path("FILE")) == STAYS[neighbour]


@pytest.mark.parametrize("call", ["open", "fsync", "link"])
@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_a_key_takes_no_name_that_is_taken_meanwhile(
    neighbour: str, call: str, before: Before
) -> None:
    before(call, NEIGHBOURS[neighbour][0])
    with pytest.raises(UserError, match=r"^FILE: the file already exists, and a key is never "):
        files.write_key("FILE", KEY)
    assert_only_the_neighbour_is_there(neighbour)


def test_a_key_that_is_moved_at_once_is_whole(before: Before) -> None:
    before("unlink", lambda: os.rename("FILE", "moved"))
    files.write_key("FILE", KEY)
    assert os.listdir() == ["moved"]
    assert Path("moved").read_bytes() == KEY


@pytest.mark.parametrize("call", ["link", "unlink"])
def test_what_is_left_in_a_directory_that_was_renamed_is_named(
    call: str, before: Before, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkdir("keys")
    before(call, lambda: os.rename("keys", "moved"))
    said = ""
    try:
        files.write_key("keys/FILE", KEY)
    except UserError as error:
        said = str(error)
    said += capsys.readouterr().err
    (left,) = set(os.listdir("moved")) - {"FILE"}
    assert f"keys/{left} could not be removed; delete it" in said


@pytest.mark.parametrize("is_replaced", [False, True])
@pytest.mark.parametrize("call", ["open", "lstat"])
@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_a_request_replaces_nothing_else_that_comes_meanwhile(
    neighbour: str, call: str, is_replaced: bool, before: Before
) -> None:
    if is_replaced:
        Path("FILE").write_bytes(REQUEST)

    def come() -> None:
        Path("FILE").unlink(missing_ok=True)
        NEIGHBOURS[neighbour][0]()

    before(call, come)
    with pytest.raises(UserError, match=r"^FILE: (this is|not) "):
        files.write_request("FILE", REQUEST, obstacle)
    assert_only_the_neighbour_is_there(neighbour)


@pytest.mark.parametrize("neighbour", ["link", "pipe"])
def test_what_comes_between_the_looks_is_not_waited_for_or_followed(
    neighbour: str, before: Before
) -> None:
    """The first look found a request."""
    Path("FILE").write_bytes(REQUEST)
    Path("elsewhere").write_bytes(REQUEST)
    writers: list[int] = []

    def come() -> None:
        os.unlink("FILE")
        NEIGHBOURS[neighbour][0]()
        if neighbour == "pipe":
            writers.append(os.open("FILE", os.O_RDWR))  # with none, reading would end at once

    before("open", come)
    signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it waits"))
    signal.alarm(10)
    with pytest.raises(UserError):
        files.check("FILE", obstacle)
    signal.alarm(0)
    for writer in writers:
        os.close(writer)


def test_a_request_that_comes_while_another_is_replaced_is_lost(before: Before) -> None:
    """SECURITY.md says so. It is the price of never being without a request."""
    Path("FILE").write_bytes(REQUEST + b" before")
    before("replace", lambda: Path("FILE").write_bytes(REQUEST + b" of a neighbour"))
    assert files.write_request("FILE", REQUEST, obstacle) == REQUEST + b" before"
    assert os.listdir() == ["FILE"]
    assert Path("FILE").read_bytes() == REQUEST


def test_a_request_is_never_missing_or_partial() -> None:
    """Another program reads it all the time."""
    contents = [REQUEST + bytes([number]) * 10_000 for number in range(50)]
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
    assert seen
    assert seen <= set(contents)
