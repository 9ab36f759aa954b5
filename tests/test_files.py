"""Nothing lost, nothing leaked: what is written where."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from common import atomic, files
from common.console import Refused
from tests.conftest import ARTICLE, ROOT, Run, error_of

MAKE = ("make_account_key.py", "--bits", "2048")
OLD = "the old key\n"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "account.key"
    path.write_text(OLD)
    path.chmod(0o640)
    return path


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_a_key_has_mode_0600_whatever_the_umask(umask: int, run: Run, tmp_path: Path) -> None:
    assert run(*MAKE, umask=umask).returncode == 0
    assert stat.S_IMODE((tmp_path / "account.key").stat().st_mode) == 0o600


@pytest.mark.parametrize(("umask", "mode"), [(0o000, 0o666), (0o022, 0o644), (0o077, 0o600)])
def test_a_request_has_the_mode_of_any_file(
    umask: int, mode: int, key: Path, run: Run, tmp_path: Path
) -> None:
    assert run("make_csr.py", umask=umask).returncode == 0
    assert stat.S_IMODE((tmp_path / "certificate.csr").stat().st_mode) == mode


@pytest.mark.parametrize("script", ["make_account_key.py", "make_account_key2.py"])
def test_an_existing_key_is_not_overwritten(script: str, old: Path, run: Run) -> None:
    message = error_of(run(script))
    assert message.startswith("account.key: exists, and a key is never overwritten; ")
    assert f"{script} --out account2.key" in message
    assert old.read_text() == OLD
    assert os.listdir(old.parent) == ["account.key"]


def test_the_file_offered_instead_is_free(old: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "account2.key").write_text("another")
    assert "--out account3.key" in error_of(run(*MAKE))
    assert "--out account2-2.key" in error_of(run(*MAKE, "--out", "account2.key"))


def test_force_keeps_the_old_keys(old: Path, run: Run, tmp_path: Path) -> None:
    result = run(*MAKE, "--force")
    assert result.returncode == 0
    assert "the old key is now account.key.~1~" in result.stderr
    first = (tmp_path / "account.key").read_text()
    assert run(*MAKE, "--force").returncode == 0
    assert sorted(os.listdir(tmp_path)) == ["account.key", "account.key.~1~", "account.key.~2~"]
    kept = tmp_path / "account.key.~1~"
    assert kept.read_text() == OLD
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
    assert (tmp_path / "account.key.~2~").read_text() == first
    assert (tmp_path / "account.key").read_text() not in (OLD, first)


def test_backups_are_numbered_above_the_highest(old: Path, run: Run, tmp_path: Path) -> None:
    for name in ("account.key.~9~", "account.key.~x~", "account.key.~10~.~11~", "account_key.~12~"):
        (tmp_path / name).write_text(name)
    assert run(*MAKE, "--force").returncode == 0
    assert (tmp_path / "account.key.~10~").read_text() == OLD


def test_force_where_there_is_no_key_yet(run: Run, tmp_path: Path) -> None:
    assert run(*MAKE, "--force").returncode == 0
    assert os.listdir(tmp_path) == ["account.key"]


@pytest.mark.parametrize("force", [[], ["--force"]])
class TestWhatIsNoRegularFile:
    def test_a_symbolic_link(self, force: list[str], old: Path, run: Run, tmp_path: Path) -> None:
        (tmp_path / "link.key").symlink_to(old)
        message = error_of(run(*MAKE, "--out", "link.key", *force))
        assert message.startswith("link.key: is a symbolic link")
        assert old.read_text() == OLD

    def test_a_dangling_link(self, force: list[str], run: Run, tmp_path: Path) -> None:
        (tmp_path / "account.key").symlink_to("nothing")
        assert "is a symbolic link" in error_of(run(*MAKE, *force))
        assert os.listdir(tmp_path) == ["account.key"]

    def test_a_directory(self, force: list[str], run: Run, tmp_path: Path) -> None:
        (tmp_path / "account.key").mkdir()
        assert "is a directory" in error_of(run(*MAKE, *force))

    def test_a_device(self, force: list[str], run: Run) -> None:
        assert "is no regular file" in error_of(run(*MAKE, "--out", "/dev/null", *force))

    def test_a_pipe(self, force: list[str], run: Run, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "account.key")
        assert "is no regular file" in error_of(run(*MAKE, *force))


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("no/such/account.key", "there is no directory no/such; make it first"),
        ("certificate.key/account.key", "certificate.key is no directory"),
        ("new/", "there is no directory new;"),
        ("./new/", "there is no directory ./new;"),
        (".", "is a directory"),
        ("", "names no file"),
        ("./", "names no file"),
        ("x" * 300, "File name too long"),
        ("a\n", "ends in a line break"),
    ],
)
def test_a_place_where_no_file_can_be(out: str, message: str, key: Path, run: Run) -> None:
    for command in (MAKE, ("make_csr.py",)):
        assert message in error_of(run(*command, "--out", out))
    assert os.listdir(key.parent) == ["certificate.key"]


def test_what_can_be_refused_is_refused_before_a_key_is_made(old: Path, run: Run) -> None:
    # Without the library no key can be made, so a refusal that comes first needs none.
    environment = {**os.environ, "PYTHONPATH": str(old.parent)}
    (old.parent / "Crypto.py").write_text("raise SystemExit('too late')")
    script = [sys.executable, str(ROOT / "make_account_key.py")]
    for more in ([], ["--out", "no/such.key"], ["--bits", "1"]):
        result = subprocess.run(
            [*script, *more],
            cwd=old.parent,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "too late" not in result.stderr
        assert "error: " in result.stderr


def test_a_request_is_made_again(key: Path, run: Run, tmp_path: Path) -> None:
    assert run("make_csr.py", "a.example.org").returncode == 0
    first = (tmp_path / "certificate.csr").read_bytes()
    assert run("make_csr.py", "b.example.org").returncode == 0
    assert (tmp_path / "certificate.csr").read_bytes() != first
    assert sorted(os.listdir(tmp_path)) == ["certificate.csr", "certificate.key"]


CSR = (ARTICLE / "rsa2048-example.com.csr").read_bytes()
KEY = (ARTICLE / "rsa2048.key").read_bytes()


@pytest.mark.parametrize(
    "content",
    [KEY, b"", b"notes\n", CSR + KEY, CSR + KEY[:500], CSR[:500], CSR.replace(b"M", b"N")],
)
def test_a_request_replaces_nothing_but_a_request(
    content: bytes, key: Path, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "certificate.csr").write_bytes(content)
    assert "is no certificate signing request" in error_of(run("make_csr.py"))
    assert (tmp_path / "certificate.csr").read_bytes() == content


def test_a_request_never_replaces_its_key(key: Path, run: Run) -> None:
    assert "is no certificate signing" in error_of(run("make_csr.py", "--out", "certificate.key"))
    assert key.read_bytes() == KEY


def test_a_request_follows_no_link(key: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "real.csr").write_bytes(CSR)
    (tmp_path / "certificate.csr").symlink_to("real.csr")
    assert "is a symbolic link" in error_of(run("make_csr.py"))
    assert (tmp_path / "real.csr").read_bytes() == CSR


def test_of_many_at_once_exactly_one_writes(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / MAKE[0]), *MAKE[1:]]
    running = [
        subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) for _ in range(8)
    ]
    errors = [process.communicate()[1] for process in running]
    assert sorted(process.returncode for process in running) == [0] + [1] * 7
    assert sum("exists, and a key is never overwritten" in error for error in errors) == 7
    assert os.listdir(tmp_path) == ["account.key"]


class TestTheWritingItself:
    """Faults between the check and the end, which no user can time."""

    def test_a_key_that_appears_meanwhile(self, old: Path) -> None:
        with pytest.raises(Refused, match="never overwritten"):
            files.write_key(str(old), b"new", force=False)
        assert old.read_text() == OLD
        assert os.listdir(old.parent) == [old.name]

    def test_a_link_that_appears_meanwhile(self, old: Path, tmp_path: Path) -> None:
        link = tmp_path / "link.key"
        link.symlink_to(old)
        for force in (False, True):
            with pytest.raises(Refused):
                files.write_key(str(link), b"new", force)
        assert old.read_text() == OLD
        assert sorted(os.listdir(tmp_path)) == ["account.key", "link.key"]

    @pytest.mark.parametrize("name", ["replace", "fsync", "listdir"])
    def test_a_failure_leaves_what_was_there(
        self, name: str, old: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, name, fail)
            with pytest.raises(Refused, match=r"account\.key: No space left on device"):
                files.write_key(str(old), b"new", force=True)
        assert old.read_text() == OLD
        assert os.listdir(old.parent) == [old.name]

    def test_an_interrupt_after_the_rename_loses_no_key(
        self, old: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rename = os.replace

        def interrupted(source: str, target: str) -> None:
            rename(source, target)
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            files.write_key(str(old), b"new", force=True)
        assert old.read_bytes() == b"new"
        assert (old.parent / "account.key.~1~").read_text() == OLD

    def test_a_file_system_without_hard_links(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
        with pytest.raises(Refused, match="no hard link"):
            files.write_key(str(tmp_path / "a.key"), b"new", force=False)
        assert os.listdir(tmp_path) == []

    def test_a_file_system_without_modes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        true_open = os.open

        def open_for_all(path: str, flags: int, mode: int = 0o777) -> int:
            descriptor = true_open(path, flags, mode)
            if flags & os.O_CREAT:
                os.chmod(path, 0o755)
            return descriptor

        monkeypatch.setattr(os, "open", open_for_all)
        with pytest.raises(Refused, match="would have 0755 and not 0600"):
            files.write_key(str(tmp_path / "a.key"), b"new", force=False)
        assert os.listdir(tmp_path) == []

    def test_the_mode_is_right_from_the_first_moment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = []
        true_write = os.fsync

        def look(descriptor: int) -> None:
            seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
            true_write(descriptor)

        monkeypatch.setattr(os, "fsync", look)
        with atomic.staged(str(tmp_path / "a.key"), b"new", atomic.KEY_MODE) as temporary:
            assert stat.S_IMODE(os.stat(temporary).st_mode) == 0o600
        assert seen == [0o600]
