"""Time the programs against what people would use instead: `make bench`.

Each row is a command as a whole process, run many times by pyperf. The time to make an RSA key is
random, so means come with their standard error.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import pyperf  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parent.parent
KEY = str(ROOT / "tests" / "data" / "article" / "rsa4096.key")
RUNS = 10

# Lines of Python, without this project.
PYCRYPTODOME = "from Crypto.PublicKey import RSA; print(RSA.generate(4096).export_key())"
CRYPTOGRAPHY = (
    "from cryptography.hazmat.primitives import serialization as s; "
    "from cryptography.hazmat.primitives.asymmetric import rsa; "
    "print(rsa.generate_private_key(65537, 4096).private_bytes("
    "s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()))"
)
ACME = (
    "from acme import crypto_util; "
    f"print(crypto_util.make_csr(open({KEY!r}, 'rb').read(), ['api.neoprime.xyz']))"
)


def script(name: str, *arguments: str) -> list[str]:
    """Return the command that runs a script of the project."""
    return [sys.executable, str(ROOT / name), *arguments]


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


HUNDRED = [f"{number}.example.org" for number in range(100)]
ROWS = {
    "an RSA key of 4096 bits: `make_account_key.py`": script("make_account_key.py", "--out", "-"),
    "PyCryptodome alone": python(PYCRYPTODOME),
    "`make_account_key2.py`": script("make_account_key2.py", "--out", "-"),
    "cryptography alone": python(CRYPTOGRAPHY),
    "`openssl genrsa`": ["openssl", "genrsa", "4096"],
    "a request: `make_csr.py`": script("make_csr.py", "--key", KEY, "--out", "-", "example.org"),
    "`make_csr.py`, 100 names": script("make_csr.py", "--key", KEY, "--out", "-", *HUNDRED),
    "certbot's `acme.crypto_util.make_csr`": python(ACME),
    "`openssl req`": ["openssl", "req", "-new", "-key", KEY, "-subj", "/CN=example.org"],
    "no work: the interpreter alone": python("pass"),
    "`make_csr.py --help`": script("make_csr.py", "--help"),
}


def measure(command: list[str]) -> list[float]:
    """Return the seconds of each run of a command."""
    with tempfile.TemporaryDirectory() as directory:
        results = os.path.join(directory, "runs.json")
        runs = ["-p", str(RUNS), "-n", "1", "-w", "0", "--quiet", "-o", results]
        pyperf_command = [sys.executable, "-m", "pyperf", "command", *runs, "--", *command]
        subprocess.run(pyperf_command, cwd=directory, capture_output=True, check=True)
        return list(pyperf.Benchmark.load(results).get_values())


def main() -> None:
    """Measure everything and print it as a table."""
    print("| what | mean | median |\n|---|---|---|")
    for name, command in ROWS.items():
        seconds = measure(command)
        error = statistics.stdev(seconds) / RUNS**0.5
        mean, median = statistics.mean(seconds), statistics.median(seconds)
        numbers = f"{mean * 1e3:.0f} ± {error * 1e3:.0f} ms | {median * 1e3:.0f} ms"
        print(f"| {name} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
