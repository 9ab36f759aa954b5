"""Time the programs against what people would use instead: `make bench`.

Each row is a command as a whole process, run many times by pyperf. The time to make an RSA key is
random, so rows that make one are run more often, and means come with their standard error. The rows
of a group are run in turn, a few runs each, so that the load of the machine affects all alike.
"""

import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import pyperf  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parent.parent
KEY = Path(__file__).resolve().parent / "data" / "article" / "rsa4096.key"
ROUNDS = 1  # how often it is each row's turn


class Row(NamedTuple):
    """A command, what it is called in the table, and how often it is run in each round."""

    name: str
    command: list[str]
    runs: int = 5
    status: int = 0  # with which it ends


def script(name: str, *arguments: str) -> list[str]:
    """Return the command that runs a script of the project."""
    return [sys.executable, str(ROOT / name), *arguments]


def code(text: str) -> list[str]:
    """Return the command that runs some lines of Python."""
    # pyperf takes no line break in a command.
    return [sys.executable, "-c", f"exec({text!r})"]


def ready(name: str) -> list[str]:
    """Return the command that runs a script to which the making of a key costs nothing."""
    return code(
        f"import os, sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "sys.argv = ['x', '--out', f'{os.getpid()}.key']\n"
        f"import {name} as script; from common import console\n"
        f"key = open({str(KEY)!r}, 'rb').read(); script.create_key = lambda *_: key\n"
        "console.run(script.main)"
    )


IMPORTS = {
    "make_account_key": "from Crypto.PublicKey import ECC, RSA",
    "make_account_key2": "from cryptography.hazmat.primitives import serialization\n"
    "from cryptography.hazmat.primitives.asymmetric import ec, rsa\n"
    "from OpenSSL import crypto",
    "make_certificate_key": "from Crypto.PublicKey import ECC, RSA",
}

BARE_REQUEST = f"""
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from OpenSSL import crypto
pkey = crypto.load_privatekey(crypto.FILETYPE_PEM, open({str(KEY)!r}).read())
name = "api.neoprime.xyz"
csr = x509.CertificateSigningRequestBuilder().subject_name(
    x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
).add_extension(
    x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
).sign(pkey.to_cryptography_key(), hashes.SHA256())
print(csr.public_bytes(serialization.Encoding.PEM))
"""

ACME_REQUEST = (
    "from acme import crypto_util\n"
    f"print(crypto_util.make_csr(open({str(KEY)!r}, 'rb').read(), ['api.neoprime.xyz']))"
)

CRYPTOGRAPHY_KEY = (
    "from cryptography.hazmat.primitives import serialization as s\n"
    "from cryptography.hazmat.primitives.asymmetric import rsa\n"
    "print(rsa.generate_private_key(65537, 4096).private_bytes("
    "s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()))"
)

SUBJECT = ["-subj", "/CN=api.neoprime.xyz", "-addext", "subjectAltName=DNS:api.neoprime.xyz"]


def groups(names: Path) -> dict[str, list[Row]]:
    """Return the rows of each table. names: a directory with lists of names."""
    request = script("make_csr.py", "--key", str(KEY), "--out", "-", "--account-key", str(names))
    return {
        "(a) an RSA key of 4096 bits with PyCryptodome": [
            Row("`make_account_key.py`", script("make_account_key.py", "--out", "-"), 6),
            Row(
                "PyCryptodome alone",
                code("from Crypto.PublicKey import RSA; print(RSA.generate(4096).export_key())"),
                6,
            ),
            Row("`openssl genrsa`", ["openssl", "genrsa", "4096"], 6),
        ],
        "(b) an RSA key of 4096 bits with pyOpenSSL": [
            Row("`make_account_key2.py`", script("make_account_key2.py", "--out", "-"), 6),
            Row("cryptography alone", code(CRYPTOGRAPHY_KEY), 6),
            Row("`openssl genrsa`", ["openssl", "genrsa", "4096"], 6),
            Row("`certtool`", ["certtool", "--generate-privkey", "--bits", "4096"], 6),
        ],
        "(c) a request, signed with an RSA key of 4096 bits": [
            Row("`make_csr.py`", [*request, "api.neoprime.xyz"]),
            Row("a bare script", code(BARE_REQUEST)),
            Row("certbot's `acme.crypto_util.make_csr`", code(ACME_REQUEST)),
            Row("`openssl req`", ["openssl", "req", "-new", "-key", str(KEY), *SUBJECT]),
        ],
        "(d) the scripts with a ready key, and their imports alone": [
            row
            for name, imports in IMPORTS.items()
            for row in (
                Row(f"`{name}.py`, ready key", ready(name)),
                Row(f"`{name}.py`, imports alone", code(imports)),
            )
        ],
        "(e) a request with many names": [
            Row(f"`make_csr.py`, number of names: {count}", [*request, f"@{names / str(count)}"], 5)
            for count in (1, 10, 100, 1000)
        ],
        "(f) no work at all": [
            Row("the interpreter alone", code("pass")),
            Row("`make_csr.py --help`", script("make_csr.py", "--help")),
            Row("`make_csr.py` with a wrong name", script("make_csr.py", "a_b"), status=2),
            Row("`make_account_key2.py --help`", script("make_account_key2.py", "--help")),
        ],
    }


def measure(row: Row, directory: Path) -> tuple[list[float], int]:
    """Run a row's command its number of times; return the seconds of each and the peak bytes."""
    output = directory / "runs.json"
    output.unlink(missing_ok=True)
    processes = ["-p", str(row.runs), "-n", "1", "-w", "0"]
    expected = f"exec 2>/dev/null; {shlex.join(row.command)}; test $? -eq {row.status}"
    command = ["sh", "-c", expected]
    pyperf_command = [sys.executable, "-m", "pyperf", "command", "--quiet", *processes]
    subprocess.run(
        [*pyperf_command, "-o", str(output), "--", *command],
        cwd=directory,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    benchmark = pyperf.Benchmark.load(str(output))
    peaks = [run.get_metadata()["command_max_rss"] for run in benchmark.get_runs()]
    return list(benchmark.get_values()), max(peaks)


def main() -> None:
    """Measure everything and print it as tables for CONTRIBUTING.md."""
    for program in ("openssl", "certtool"):
        if shutil.which(program) is None:
            sys.exit(f"{program} is not installed; on Debian: apt-get install openssl gnutls-bin")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for count in (1, 10, 100, 1000):
            lines = (f"{number}.example.org\n" for number in range(count))
            (directory / str(count)).write_text("".join(lines))
        print(_versions())
        for title, rows in groups(directory).items():
            print(f"\n| {title} | mean | median | memory |\n|---|---|---|---|")
            times: dict[str, list[float]] = {row.name: [] for row in rows}
            memory = dict.fromkeys(times, 0)
            for _ in range(ROUNDS):
                for row in rows:
                    seconds, peak = measure(row, directory)
                    times[row.name] += seconds
                    memory[row.name] = max(memory[row.name], peak)
            for row in rows:
                print(_line(row.name, times[row.name], memory[row.name]), flush=True)


def _line(name: str, seconds: list[float], peak: int) -> str:
    mean, error = statistics.mean(seconds), statistics.stdev(seconds) / len(seconds) ** 0.5
    numbers = f"{mean * 1e3:.0f} ± {error * 1e3:.0f} ms | {statistics.median(seconds) * 1e3:.0f} ms"
    return f"| {name} | {numbers} | {peak / 2**20:.0f} MB |"


def _versions() -> str:
    libraries = ("pyOpenSSL", "pycryptodome", "cryptography", "acme")
    openssl = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True)
    words = [f"Python {platform.python_version()}", *(f"{one} {version(one)}" for one in libraries)]
    return ", ".join([*words, " ".join(openssl.stdout.split()[:2])])


if __name__ == "__main__":
    main()
