"""Kill a script, or fail it, at each system call while it writes, and look what is left.

`python -m tests.faults` runs the whole campaign and prints how many runs it took; the suite runs
a part of it (test_faults). strace does the killing and the failing.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ROOT = Path(__file__).resolve().parent.parent
SIGNING_KEY = Path(__file__).resolve().parent / "data" / "article" / "rsa2048.key"

CALLS = (
    "openat,write,fsync,fdatasync,link,linkat,rename,renameat,renameat2,unlink,unlinkat,"
    "fchmod,chmod,flock,newfstatat,fstat,lstat,stat,statx,getdents64,lseek,close,umask"
)
ERRORS = ("ENOSPC", "EIO", "EACCES", "EDQUOT", "EROFS", "EINTR", "EPERM")
CANNOT_FAIL = ("umask", "close")  # a failed close closes all the same, and Python ignores it


class Scenario(NamedTuple):
    """A script to run, and what may be found afterwards at the name it writes."""

    name: str
    command: list[str]
    target: str
    is_whole: Callable[[bytes], object]  # raises ValueError for a part of a file
    before: bytes | None  # what is there, if anything
    keeps: bool  # whether what was there is kept in a backup


def _key(script: str, *options: str, target: str, before: bytes | None) -> Scenario:
    command = [str(ROOT / script), "--curve", "P-256", "-q", *options]
    name = " ".join([script, *options])
    return Scenario(name, command, target, _is_key, before, keeps=before is not None)


def _is_key(data: bytes) -> object:
    return load_pem_private_key(data, None)


OLD_KEY = SIGNING_KEY.read_bytes()
OLD_CSR = SIGNING_KEY.with_name("rsa2048-example.com.csr").read_bytes()
SIGN = [str(ROOT / "make_csr.py"), "--key", str(SIGNING_KEY), "-q"]

SCENARIOS = [
    _key("make_account_key.py", target="account.key", before=None),
    _key("make_account_key.py", "--force", target="account.key", before=OLD_KEY),
    _key("make_account_key2.py", target="account.key", before=None),
    _key("make_account_key2.py", "--force", target="account.key", before=OLD_KEY),
    _key("make_certificate_key.py", target="example.com.key", before=None),
    _key("make_certificate_key.py", "--force", target="example.com.key", before=OLD_KEY),
    Scenario("make_csr.py", SIGN, "certificate.csr", x509.load_pem_x509_csr, None, keeps=False),
    Scenario(
        "make_csr.py again", SIGN, "certificate.csr", x509.load_pem_x509_csr, OLD_CSR, keeps=False
    ),
]


class Moment(NamedTuple):
    """The n-th time that the script makes a system call, n counted from its start."""

    call: str
    number: int


def moments(scenario: Scenario) -> list[Moment]:
    """Return the moments from the first call that writes to the last, in order."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        _prepare(scenario, directory)
        result, log = _strace(scenario, directory, [])
        assert result.returncode == 0, result.stderr
    counts: Counter[str] = Counter()
    found = []
    writes = False
    for call, arguments in re.findall(r"^\d+ +(\w+)\((.*)", log, re.MULTILINE):
        counts[call] += 1
        writes = writes or (call == "openat" and "O_CREAT" in arguments)
        if writes:
            found.append(Moment(call, counts[call]))
    assert found
    return found


def run(scenario: Scenario, moment: Moment, fault: str) -> list[str]:
    """Run a script with one fault; return what is wrong with what it leaves.

    fault: the name of an error, or "KILL".
    """
    action = "signal=KILL" if fault == "KILL" else f"error={fault}"
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        _prepare(scenario, directory)
        inject = ["-e", f"inject={moment.call}:{action}:when={moment.number}"]
        result, _ = _strace(scenario, directory, inject)
        wrong = list(_wrong(scenario, directory, result, killed=fault == "KILL"))
    return [f"{scenario.name}, {fault} at {moment.call} {moment.number}: {text}" for text in wrong]


def _prepare(scenario: Scenario, directory: Path) -> None:
    if scenario.before is not None:
        (directory / scenario.target).write_bytes(scenario.before)


def _strace(
    scenario: Scenario, directory: Path, inject: list[str]
) -> tuple[subprocess.CompletedProcess[str], str]:
    with tempfile.NamedTemporaryFile() as log:
        command = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", log.name, "-e", f"trace={CALLS}"]
        result = subprocess.run(
            [*command, *inject, sys.executable, *scenario.command],
            cwd=directory,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return result, Path(log.name).read_text()


def _wrong(
    scenario: Scenario,
    directory: Path,
    result: subprocess.CompletedProcess[str],
    killed: bool,
) -> Iterator[str]:
    files = {path.name: path.read_bytes() for path in directory.iterdir()}
    found = files.pop(scenario.target, None)
    if found is None and scenario.before is not None:
        yield "nothing has the name any more"
    if found is not None and found != scenario.before and not _whole(scenario, found):
        yield "part of a file has the name"
    backups = [name for name in files if name.startswith(f"{scenario.target}.~")]
    if scenario.keeps and scenario.before not in (found, *(files[name] for name in backups)):
        yield "the old key is lost"
    for name in backups:
        if files.pop(name) != scenario.before:
            yield "a backup is not what was there"
    if scenario.is_whole is _is_key:
        for path in directory.iterdir():
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode != 0o600 and path.read_bytes() != scenario.before:
                yield f"{path.name} has mode {mode:04o}"
    if killed:
        return
    if files:
        yield f"left behind: {sorted(files)}"
    lines = result.stderr.splitlines()
    if result.returncode == 0 and (found is None or found == scenario.before):
        yield "it says that all is done, and it is not"
    elif result.returncode not in (0, 1):
        yield f"exit status {result.returncode}"
    elif result.returncode == 1 and (len(lines) != 1 or ": error: " not in lines[0]):
        yield f"no single line of error: {result.stderr!r}"
    elif result.returncode == 0 and lines:
        yield f"words on success: {result.stderr!r}"


def _whole(scenario: Scenario, data: bytes) -> bool:
    try:
        scenario.is_whole(data)
    except ValueError:
        return False
    return data.endswith(b"-----\n")


def campaign(scenarios: list[Scenario], errors: tuple[str, ...]) -> tuple[int, list[str]]:
    """Run each scenario with a kill and with each error at each moment: the runs, the wrongs."""
    runs, wrong = 0, []
    for scenario in scenarios:
        for index, moment in enumerate(moments(scenario)):
            # With fewer errors than all, each moment still meets one, in turn.
            chosen = errors if len(errors) != 1 else (ERRORS[index % len(ERRORS)],)
            faults = ("KILL", *(chosen if moment.call not in CANNOT_FAIL else ()))
            for fault in faults:
                wrong += run(scenario, moment, fault)
                runs += 1
    return runs, wrong


if __name__ == "__main__":
    if shutil.which("strace") is None:
        sys.exit("strace is not installed; on Debian and Ubuntu: sudo apt-get install strace")
    count, problems = campaign(SCENARIOS, ERRORS)
    print(f"{count} runs killed or failed at a system call, {len(problems)} with something wrong")
    print(*problems, sep="\n")
    sys.exit(bool(problems))
