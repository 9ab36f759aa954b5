"""The promises about files under faults and races, in processes. `make faults` does more."""

import contextlib
import errno
import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests import faults
from tests.conftest import ARTICLE, command_of, error_of, run_process

import pytest

pytestmark = [
    pytest.mark.apart,
    pytest.mark.posix(reason="strace"),
    pytest.mark.skipif(not faults.STRACE, reason="strace is not installed"),
]

MAKE_KEY = command_of("make_account_key2.py", "--curve", "P-256", "-q")
MAKE_CSR = command_of("make_csr.py", "-q", "example.com", "--key", str(ARTICLE / "rsa2048.key"))


@pytest.mark.parametrize("scenario", [faults.SCENARIOS[1], faults.SCENARIOS[4]])
def test_a_fault_at_any_moment(scenario: faults.Scenario) -> None:
    runs, wrong = faults.campaign([scenario], every=17)
    assert wrong == []
    assert runs > 14


def keys_in(directory: Path) -> set[bytes]:
    """Return the keys in a directory, each of which must be whole."""
    contents = [path.read_bytes() for path in directory.iterdir()]
    keys = {content for content in contents if b"PRIVATE KEY" in content}
    assert all(map(faults.is_key, keys))
    return keys


def start(command: Sequence[str], cwd: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=cwd, stderr=subprocess.DEVNULL)


def test_of_sixteen_at_once_one_writes(tmp_path: Path) -> None:
    running = [start(MAKE_KEY, tmp_path) for _ in range(16)]
    assert sorted(process.wait() for process in running) == [0] + [1] * 15
    assert os.listdir(tmp_path) == ["account.key"]
    assert len(keys_in(tmp_path)) == 1


def test_every_key_is_found_though_files_are_moved_about(tmp_path: Path) -> None:
    """Keys are written to one name, slowly, and an outsider renames what is there."""
    rng = random.Random(1)
    file, moved = tmp_path / "FILE", list[Path]()
    makers = []
    for _ in range(10):
        delay = f"inject=linkat,unlink,fsync:delay_enter={rng.randrange(20000)}"
        command = [faults.STRACE, "-f", "--seccomp-bpf", "-qq", "-o", os.devnull, "-e", delay]
        makers.append(start([*command, *MAKE_KEY, "--out", "FILE"], tmp_path))
    for process in makers:
        while process.poll() is None:
            with contextlib.suppress(OSError):
                if moved and rng.random() < 0.5:
                    file.hardlink_to(rng.choice(moved))
                else:
                    moved.append(file.rename(tmp_path / f"moved{len(moved)}"))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.03)
    wrote = [process for process in makers if process.returncode == 0]
    assert wrote
    assert len(keys_in(tmp_path)) == len(wrote)


def allow_100_bytes() -> None:
    """Let a write to a file stop after 100 bytes, and the next one fail, as on a full disk."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


@pytest.mark.parametrize("command", [MAKE_KEY, MAKE_CSR])
def test_a_disk_that_fills_while_a_file_is_written(command: list[str], tmp_path: Path) -> None:
    result = run_process([*command, "--out", "new"], tmp_path, preexec_fn=allow_100_bytes)
    message = f"new: {os.strerror(errno.EFBIG)}; choose another directory with --out FILE"
    assert error_of(result) == message
    assert os.listdir(tmp_path) == []
