"""The promises about files when a neighbour acts, or a call fails, at any moment.

The real code runs here, and something happens before each of its calls to the operating system.
"""

import errno
import itertools
import os
import random
import stat
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from common import console, files
from common.console import UserError

import pytest

pytestmark = pytest.mark.posix(reason="Windows has other calls and no FIFOs")

CALLS = ("open", "link", "rename", "unlink", "lstat", "chmod", "fstat", "fsync", "close")
KEY, REQUEST = b"KEY ", b"REQUEST "
SERIAL = itertools.count()  # so that no two files are the same


def write(path: Path, data: bytes) -> str:
    """Write data as the scripts do; return the error, or nothing."""

    def obstacle(data: bytes) -> str | None:
        return None if data.startswith(REQUEST) else "is not a request"

    try:
        if data.startswith(KEY):
            files.write(str(path), data)
        else:
            files.write(str(path), data, obstacle)
    except UserError as error:
        return str(error)
    return ""


def contents(directory: Path) -> dict[str, bytes]:
    """Return what is in a directory: the content of each file, or what else it is."""
    found = {}
    for path in directory.iterdir():
        kind = stat.S_IFMT(path.lstat().st_mode)
        found[path.name] = path.read_bytes() if kind == stat.S_IFREG else b"OTHER %o " % kind
    return found


def public(directory: Path) -> set[bytes]:
    """Return the content of all files but ours with names that nobody knows."""
    return {content for name, content in contents(directory).items() if ".~" not in name}


def plain(found: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content.rstrip(b"0123456789") for name, content in found.items()}


def clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def make(how: Callable[[Path], object], path: Path) -> None:
    clear(path)
    how(path)


def create(data: bytes, path: Path) -> None:
    if not os.path.lexists(path):
        path.write_bytes(data + b"%d" % next(SERIAL))


def rename_over(data: bytes, path: Path) -> None:
    if not path.is_dir():
        path.with_name("neighbour").write_bytes(data + b"%d" % next(SERIAL))
        path.with_name("neighbour").rename(path)


def move_away(path: Path) -> None:
    if os.path.lexists(path):
        clear(path.with_name("moved"))
        path.rename(path.with_name("moved"))


def fail(error: OSError, path: Path) -> None:
    raise error


Action = Callable[[Path], object]
STARTS: list[Action] = [
    clear,
    partial(create, REQUEST + b"old"),
    partial(create, KEY + b"old"),
    lambda path: path.symlink_to("elsewhere"),
    lambda path: os.mkfifo(path),
    os.mkdir,
]
NEIGHBOURS: list[Action] = [
    partial(create, KEY + b"theirs"),
    partial(create, REQUEST + b"theirs"),
    partial(rename_over, KEY + b"theirs"),
    partial(rename_over, REQUEST + b"theirs"),
    clear,
    move_away,
    partial(make, lambda path: path.symlink_to("elsewhere")),
    partial(make, lambda path: os.mkfifo(path)),
    partial(make, os.mkdir),
]
FAILURES: list[Action] = [
    partial(fail, OSError(number, os.strerror(number))) for number in (errno.EIO, errno.EPERM)
]


class World:
    """A directory with a FILE, in which something may happen before each call."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = directory / "FILE"
        self.before: Callable[[], object] | None = None
        self.warnings: list[str] = []
        for name in CALLS:
            monkeypatch.setattr(os, name, self.wrapped(getattr(os, name)))
        monkeypatch.setattr(console, "warn", self.warnings.append)

    def wrapped(self, call: Callable[..., object]) -> Callable[..., object]:
        def wrapper(*arguments: object, **options: object) -> object:
            if self.before is not None:
                self.before()
            return None if call.__name__ == "fsync" else call(*arguments, **options)

        return wrapper

    def start(self, *actions: Action) -> dict[str, bytes]:
        """Empty the directory, then act in it; return what it holds."""
        for path in self.path.parent.iterdir():
            clear(path)
        for action in actions:
            action(self.path)
        return contents(self.path.parent)

    def run(self, ours: bytes, start: Action, events: dict[int, Action]) -> bool:
        """Write with an event before each call with such a number; return whether all came."""
        directory = self.path.parent
        alive, lost = set(self.start(start).values()), set[bytes]()
        came: list[Action] = []
        seen = [contents(directory).get("FILE")]
        numbers = itertools.count()

        def before() -> None:
            if action := events.get(next(numbers)):
                came.append(action)
                self.before = None  # the action makes calls itself
                had = public(directory)
                try:
                    action(self.path)
                finally:
                    self.before = before
                has = public(directory)
                seen.append(contents(directory).get("FILE"))
                alive.difference_update(had - has)
                lost.update(had - has)
                alive.update(has - had)

        self.warnings.clear()
        self.before = before
        error = write(self.path, ours)
        self.before = None

        found = contents(directory)
        alone = self.start(start, *(action for action in came if action in NEIGHBOURS))
        said = "\n".join([error, *self.warnings])
        left = [name for name in found if ".~" in name]
        assert all(name in said for name in left), (said, found)
        if error:
            reasons: list[object] = [action for action in came if action in FAILURES]
            new_only = ours.startswith(KEY)
            reasons += [one for one in seen if one and (new_only or not one.startswith(REQUEST))]
            assert reasons, said
            assert alive - {ours} <= set(found.values()), (said, found, alive)
            assert found.get("FILE") != ours, (said, found)
            assert left or plain(found) == plain(alone) or len(came) > 1, (said, found, alone)
        else:
            assert ours in {*found.values(), *lost}, found
            keys = {content for content in alive if not content.startswith(REQUEST)}
            assert keys <= set(found.values()), (found, alive)
        return len(came) == len(events)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


@pytest.mark.parametrize("ours", [KEY + b"ours", REQUEST + b"ours"])
def test_whatever_happens_once(ours: bytes, world: World) -> None:
    runs = 0
    for start, action in itertools.product(STARTS, [*NEIGHBOURS, *FAILURES]):
        for number in itertools.count():
            runs += 1
            if not world.run(ours, start, {number: action}):
                break
    assert runs > 500


@pytest.mark.parametrize("start", STARTS)
def test_two_calls_fail_in_a_row(start: Action, world: World) -> None:
    for number in range(30):
        world.run(REQUEST + b"ours", start, dict.fromkeys((number, number + 1), FAILURES[0]))


def test_whatever_happens_twice_or_more(world: World) -> None:
    rng = random.Random(1)
    for _ in range(1000):
        numbers = sorted(rng.sample(range(40), rng.choice((2, 2, 3, 8, 40))))
        events = {number: rng.choice([*NEIGHBOURS, *FAILURES]) for number in numbers}
        world.run(rng.choice((KEY, REQUEST)) + b"ours", rng.choice(STARTS), events)


PAIRS = list(itertools.product((KEY, REQUEST), (KEY, REQUEST), STARTS[:3]))


@pytest.mark.parametrize(("first", "second", "start"), PAIRS)
def test_two_of_our_own(first: bytes, second: bytes, start: Action, world: World) -> None:
    """The first makes some calls, then the second makes some, then each goes on to its end."""
    ours = (first + b"1", second + b"2")
    for calls in itertools.product(range(0, 24, 2), range(1, 24, 3)):
        before = set(world.start(start).values())
        errors = together(world, ours, calls)
        found = contents(world.path.parent)
        wrote = {data for data, error in zip(ours, errors, strict=True) if not error}
        keys = {data for data in before | wrote if data.startswith(KEY)}
        assert keys <= set(found.values()), (errors, found)
        assert found["FILE"] in (keys or wrote or before), (errors, found)
        assert all(name in "".join(errors) for name in found if ".~" in name), (errors, found)
        if {first, second} == {KEY} and not before:
            assert len(wrote) == 1


def together(world: World, data: tuple[bytes, bytes], calls: tuple[int, int]) -> list[str]:
    """Write each data in a thread of its own, in turns; return the errors."""
    errors = ["", ""]
    may_go = [threading.Semaphore(0), threading.Semaphore(0)]
    stopped = threading.Semaphore(0)
    done = [False, False]
    me = threading.local()

    def work(number: int) -> None:
        me.number = number
        may_go[number].acquire()
        errors[number] = write(world.path, data[number])
        done[number] = True
        stopped.release()

    def step(number: int) -> None:
        if not done[number]:
            may_go[number].release()
            stopped.acquire()

    def before() -> None:
        stopped.release()
        may_go[me.number].acquire()

    threads = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    world.before = before
    for number in (0, 1):
        for _ in range(calls[number]):
            step(number)
    for number in (0, 1):
        while not done[number]:
            step(number)
    world.before = None
    for thread in threads:
        thread.join()
    return errors
