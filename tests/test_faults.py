"""The promises about files under faults and races. `make faults` does more of the first kind."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests import faults
from tests.conftest import ARTICLE, ROOT, need, shell

MAKE = [sys.executable, str(ROOT / "make_account_key.py"), "--curve", "P-256", "-q"]


@pytest.mark.parametrize(
    "scenario",
    [faults.SCENARIOS[1], faults.SCENARIOS[2], faults.SCENARIOS[7]],
    ids=lambda scenario: scenario.name,
)
def test_killed_or_failed_at_every_moment(scenario: faults.Scenario) -> None:
    need("strace")
    runs, wrong = faults.campaign([scenario], errors=faults.ERRORS[:1])
    assert wrong == []
    assert runs > 20


@pytest.mark.parametrize(
    "script", ["make_account_key.py", "make_account_key2.py", "make_certificate_key.py"]
)
@pytest.mark.parametrize("umask", ["000", "022", "777"])
def test_no_key_file_ever_has_another_mode(script: str, umask: str, tmp_path: Path) -> None:
    need("strace")
    trace = "strace -f -qq -o log -e trace=openat,open,creat,chmod,fchmod,fchmodat,mkdir"
    command = shlex.join([sys.executable, str(ROOT / script), "--curve", "P-256", "-q"])
    run = shell(f": > log; umask {umask}; PYTHONDONTWRITEBYTECODE=1 {trace} {command}", tmp_path)
    assert run.returncode == 0, run.stderr
    log = (tmp_path / "log").read_text()
    created = re.findall(r"open(?:at)?\(.*\"(.*?)\", [A-Z_|]*O_CREAT[A-Z_|]*, (\d+)\) = \d", log)
    assert [mode for _, mode in created] == ["0600"]
    assert "chmod" not in log


class TestAFileSystem:
    """A tmpfs in a mount namespace of its own, which ends with the command."""

    def on_a_tmpfs(self, options: str, commands: str, tmp_path: Path) -> str:
        need("unshare")
        mount = f"mount -t tmpfs -o {options} none . && cd ."
        result = subprocess.run(
            ["unshare", "--map-root-user", "--mount", "sh", "-c", f"{mount}\n{commands}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if "mount:" in result.stderr or "unshare:" in result.stderr:
            pytest.skip(f"no tmpfs can be mounted here: {result.stderr}")
        return result.stdout + result.stderr

    def test_that_is_full(self, tmp_path: Path) -> None:
        make = shlex.join(MAKE)
        old = ARTICLE / "rsa2048.key"
        # One page for the directory's files: the old key fills it.
        told = self.on_a_tmpfs(
            "size=4k",
            f"cd $PWD; cp {old} account.key; {make} --force; echo status $?; ls -A; "
            f"cmp account.key {old} && echo same",
            tmp_path,
        )
        assert "account.key: No space left on device" in told
        assert "status 1\naccount.key\nsame\n" in told

    def test_that_is_read_only(self, tmp_path: Path) -> None:
        told = self.on_a_tmpfs("ro", f"cd $PWD; {shlex.join(MAKE)}; echo status $?", tmp_path)
        assert "the directory . cannot be written" in told
        assert "status 1" in told


class TestSixteenAtOnce:
    def start(self, *options: str, cwd: Path, count: int = 16) -> list[int]:
        running = [
            subprocess.Popen([*MAKE, *options], cwd=cwd, stderr=subprocess.DEVNULL)
            for _ in range(count)
        ]
        return [process.wait() for process in running]

    def keys(self, directory: Path) -> list[bytes]:
        """Return the keys in a directory, each of which must be whole and there once."""
        keys = [path.read_bytes() for path in directory.iterdir()]
        assert all(load_pem_private_key(key, None) for key in keys)
        assert len(set(keys)) == len(keys)
        return keys

    def test_without_force_one_writes(self, tmp_path: Path) -> None:
        assert sorted(self.start(cwd=tmp_path)) == [0] + [1] * 15
        assert os.listdir(tmp_path) == ["account.key"]
        assert len(self.keys(tmp_path)) == 1

    def test_with_force_every_key_is_kept(self, tmp_path: Path) -> None:
        assert self.start("--force", cwd=tmp_path) == [0] * 16
        assert len(self.keys(tmp_path)) == 16

    def test_a_mixture(self, tmp_path: Path) -> None:
        (tmp_path / "account.key").write_bytes((ARTICLE / "rsa2048.key").read_bytes())
        command = shlex.join(MAKE)
        many = "\n".join([f"{command} 2>/dev/null &", f"{command} --force &"] * 8)
        assert shell(f"{many}\nwait", tmp_path).returncode == 0
        assert (ARTICLE / "rsa2048.key").read_bytes() in self.keys(tmp_path)
        assert len(self.keys(tmp_path)) == 9
