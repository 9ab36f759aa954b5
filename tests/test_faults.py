"""The promises about files under faults and races, in processes. `make faults` does more."""

import errno
import os
import signal
import subprocess
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


def test_one_of_sixteen_programs_at_once_writes(tmp_path: Path) -> None:
    running = [
        subprocess.Popen(MAKE_KEY, cwd=tmp_path, stderr=subprocess.DEVNULL) for _ in range(16)
    ]
    assert sorted(process.wait() for process in running) == [0] + [1] * 15
    assert os.listdir(tmp_path) == ["account.key"]
    assert faults.is_key((tmp_path / "account.key").read_bytes())


def allow_100_bytes() -> None:
    """Let a write to a file stop after 100 bytes, and the next one fail, as on a full disk."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


@pytest.mark.parametrize("command", [MAKE_KEY, MAKE_CSR])
def test_a_disk_that_fills_while_a_file_is_written(command: list[str], tmp_path: Path) -> None:
    result = run_process([*command, "--out", "new"], tmp_path, preexec_fn=allow_100_bytes)
    message = f"new: {os.strerror(errno.EFBIG)}; choose another directory with --out FILE"
    assert error_of(result) == message
    assert os.listdir(tmp_path) == []
