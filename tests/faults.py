"""Kill a script, end it or make it fail at each system call while it writes; look at what is left.

`python -m tests.faults` runs the whole campaign and prints how many runs it took; the suite runs
a sample (test_faults). strace does the killing and the failing.
"""

import os
import re
import shutil
import signal
import stat
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ARTICLE, command_of, default_signals, run_process

from cryptography.hazmat.primitives.serialization import load_pem_private_key

OLD_KEY = (ARTICLE / "rsa2048.key").read_bytes()
OLD_CSR = (ARTICLE / "rsa2048-api.neoprime.xyz.csr").read_bytes()
NEW_CSR = (ARTICLE / "rsa2048-example.com.csr").read_bytes()

STRACE = shutil.which("strace") or ""
CALLS = "%file,read,write,fsync,close,fchmod,fstat,lseek"
ERRORS = ("ENOSPC", "EIO", "EACCES", "EDQUOT", "EROFS", "EINTR", "EPERM", "ENOSYS")
FAULTS = ("SIGKILL", "SIGTERM", "SIGINT", *ERRORS)


class Scenario(NamedTuple):
    """A script to run beside a file named old, and what it makes."""

    command: str
    target: str
    old: bytes | None
    is_new: Callable[[bytes], bool]


def is_key(data: bytes) -> bool:
    try:
        return load_pem_private_key(data, None) is not None and data.endswith(b"-----\n")
    except ValueError:
        return False


MAKE_CSR = f"make_csr.py --key {ARTICLE}/rsa2048.key --email hostmaster@example.com example.com"
SCENARIOS = [
    Scenario("make_account_key.py --curve P-256", "account.key", None, is_key),
    Scenario(MAKE_CSR, "certificate.csr", None, NEW_CSR.__eq__),
    Scenario(MAKE_CSR, "certificate.csr", OLD_CSR, NEW_CSR.__eq__),
    Scenario(MAKE_CSR, "certificate.csr", OLD_KEY, NEW_CSR.__eq__),
]


def moments(scenario: Scenario) -> list[tuple[str, int]]:
    """Return the system calls from the first that names a file of ours, each with its number."""
    _run(scenario, [])  # Python writes its .pyc files
    log = _run(scenario, []).log
    temporary = f'"{scenario.target}.~'
    first = temporary if temporary in log else f'"{scenario.target}"'
    counts: Counter[str] = Counter()
    found = list[tuple[str, int]]()
    python = log.partition(" ")[0]  # old libraries start other processes, which strace counts apart
    for call, arguments in re.findall(rf"^{python} +(\w+)\((.*)", log, re.MULTILINE):
        counts[call] += 1
        if found or first in arguments:
            found.append((call, counts[call]))
    return found


class _Result(NamedTuple):
    status: int
    said: str
    log: str
    files: dict[str, bytes]
    modes: set[int]


def _run(scenario: Scenario, inject: list[str]) -> _Result:
    with tempfile.TemporaryDirectory() as name, tempfile.NamedTemporaryFile() as log:
        target = Path(name, scenario.target)
        if scenario.old is not None:
            target.write_bytes(scenario.old)
            target.chmod(0o600)
        command = [STRACE, "-f", "-qq", "-o", log.name, "-e", f"trace={CALLS}", *inject]
        process = run_process(
            [*command, *command_of(*scenario.command.split())],
            Path(name),
            env={"PATH": os.path.dirname(sys.executable), "PYTHONHASHSEED": "0"},
            umask=0,
            preexec_fn=default_signals,
        )
        left = list(Path(name).iterdir())
        files = {path.name: path.read_bytes() for path in left}
        modes = {stat.S_IMODE(path.stat().st_mode) for path in left}
        return _Result(process.returncode, process.stderr, Path(log.name).read_text(), files, modes)


def run(scenario: Scenario, call: str, number: int, fault: str) -> list[str]:
    """Run a script with one of FAULTS; return what is wrong with what it says and leaves."""
    action = f"error={fault}" if fault in ERRORS else f"signal={fault}"
    # With a seccomp filter, which is faster, strace injects errors but not signals.
    fast = ["--seccomp-bpf"] if fault in ERRORS else []
    result = _run(scenario, [*fast, f"--inject={call}:{action}:when={number}"])
    where = f"{scenario.command}, {fault} at {call} {number}"
    return [f"{where}: {text}; {result.said[:200]!r}" for text in _wrong(scenario, fault, result)]


def _wrong(scenario: Scenario, fault: str, result: _Result) -> Iterator[str]:
    files = dict(result.files)
    found = files.pop(scenario.target, None)
    is_new = found is not None and found != scenario.old and scenario.is_new(found)
    errors = re.findall(r"^\w+\.py: error: .+$", result.said, re.MULTILINE)
    if fault in ERRORS:
        if "(INJECTED)" not in result.log:
            yield "nothing was injected"
        if result.status not in (0, 1) or "Traceback" in result.said:
            yield f"exit status {result.status}"
        if (result.status == 0) != is_new:
            yield f"exit status {result.status}, and the file is new: {is_new}"
        if result.status == 1 and result.said and len(errors) != 1:
            yield "not one line of error"
    elif result.status != -signal.Signals[fault]:
        yield f"exit status {result.status}"
    if ("Wrote" in result.said and not is_new) or (errors and is_new):
        yield "what it says is not true"
    if not is_new and found != scenario.old:
        yield "what was there is lost, or part of a file has the name"
    if scenario.is_new is is_key and result.modes - {0o600}:
        yield "a key is not private"
    if fault != "SIGKILL" and (unnamed := [name for name in files if name not in result.said]):
        yield f"left: {unnamed}"


def campaign(scenarios: list[Scenario], every: int = 1) -> tuple[int, list[str]]:
    """Return the number of runs, and what is wrong, with each fault at each moment.

    every: 1 for all of them, n for one in n, where n is prime, so that each fault has its turn.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [
            (scenario, call, number, fault)
            for scenario, found in zip(scenarios, pool.map(moments, scenarios), strict=True)
            for call, number in found
            for fault in FAULTS
        ][::every]
        wrong = list(pool.map(run, *zip(*jobs, strict=True)))
    return len(jobs), [text for texts in wrong for text in texts]


if __name__ == "__main__":
    if not STRACE:
        sys.exit("strace is not installed; on Debian and Ubuntu: sudo apt-get install strace")
    count, problems = campaign(SCENARIOS)
    print(*problems, sep="\n")
    print(f"{count} runs killed, ended or failed at a system call, {len(problems)} problems")
    sys.exit(bool(problems))
