"""The promises about files under faults and races, in processes. `make faults` does more."""

import os
import subprocess
from pathlib import Path

from tests import faults
from tests.conftest import command_of

import pytest

pytestmark = [
    pytest.mark.apart,
    pytest.mark.posix(reason="strace"),
    pytest.mark.skipif(not faults.STRACE, reason="strace is not installed"),
]


@pytest.mark.parametrize("scenario", [faults.SCENARIOS[0], faults.SCENARIOS[2]])
def test_a_fault_at_any_moment(scenario: faults.Scenario) -> None:
    runs, wrong = faults.campaign([scenario], every=17)
    assert wrong == []
    assert runs > 14


def test_one_of_sixteen_programs_at_once_writes(tmp_path: Path) -> None:
    command = command_of("make_account_key2.py", "--curve", "P-256")
    running = [
        subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) for _ in range(16)
    ]
    assert sorted(process.wait() for process in running) == [0] + [1] * 15
    assert os.listdir(tmp_path) == ["account.key"]
    assert faults.is_key((tmp_path / "account.key").read_bytes())
