"""Compare what this project says of names, keys and requests with what Boulder's own code says.

    python -m tests.boulder [SEED]

main.go answers with Boulder's code. Some of the names, keys and requests are random, and
others are chosen. Most are those that Boulder could judge in another way. Without SEED, the program
uses a new one, and prints it.
"""

import base64
import ipaddress
import math
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from common import letsencrypt, names
from common.show import __main__ as show
from tests import odd
from tests.made import integer, tlv
from tests.vectors import page_rows, run

from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

GO = Path(__file__).parent
NAMES, KEYS, REQUESTS = 20_000, 300, 3_000


class Question(NamedTuple):
    """A value to judge, for main.go, and how this project judges it."""

    kind: str  # dns, ip, key or csr
    value: bytes
    reason: str  # why it is rejected here, or nothing
    traits: frozenset[str] = frozenset()  # of a request: what is unusual about it

    @property
    def line(self) -> str:
        return f"{self.kind} {base64.b64encode(self.value).decode()}\n"

    @property
    def shown(self) -> str:
        return repr(self.value.decode()) if self.kind in ("dns", "ip") else self.value.hex()


REVERSE_DNS = "no public CA may issue for it since 2026-03-15 (Baseline Requirements 4.2.2)"
UP_TO_DER = "Go reads names up to what is not DER; others refuse them"

# Differences that are meant: the kinds; a pattern for what this project says ("^$" where it
# accepts), one for the value or a trait, and why.
MEANT = (
    ("dns", "Tor", r"\.onion$", "Let's Encrypt does not issue for .onion (its CPS)"),
    ("dns", "reverse DNS", r"\.(in-addr|ip6)\.arpa$", REVERSE_DNS),
    ("dns", "longer than", "İ", "Go makes an i of İ, IDNA more"),
    ("key", "Fermat", r"square", "Boulder begins its search above the root of a square"),
    ("key", "^$", "^parameters$", "OpenSSL writes NULL into a request with this key"),
    ("key", "^$", "^more$", "what follows the key in its file is not in a request"),
    ("csr", "must-staple|is covered by", r"", "ra/ra.go rejects it, later than csr/csr.go"),
    ("csr", "reverse DNS", r"", REVERSE_DNS),
    ("csr", "^$|contains", "^(string type|mutated)", "Go reads some types of string in a CN"),
    ("csr", "list of extensions", "^two lists", "Go reads the first; others refuse the request"),
    ("csr", "not a list of names", "^(extra octet in SAN$|general name$|mutated)", UP_TO_DER),
    ("csr", "cannot be read", "^mutated", "Go does not read all of what others refuse as DER"),
)


def meant(question: Question) -> str:
    """Return why it is meant that Boulder judges a question in another way, or nothing."""
    texts = [*question.traits, question.shown.strip("'")]
    for kind, reason, pattern, why in MEANT:
        is_meant = kind == question.kind and re.search(reason, question.reason)
        if is_meant and any(re.search(pattern, one) for one in texts):
            return why
    is_read = question.kind == "dns" and _has_surrogates(question.value)
    return "Go reads surrogates in Punycode as U+FFFD" if is_read else ""


def _has_surrogates(name: bytes) -> bool:
    labels = (label for label in name.lower().split(b".") if label.startswith(b"xn--"))
    decoded = (label[4:].decode("punycode", "replace") for label in labels)
    return any("\ud800" <= char <= "\udfff" for text in decoded for char in text)


# Names.

_CHARS = "abcdefghijklmnopqrstuvwxyz0123456789-"
_LABELS = (
    *("", "*", "-", "a-", "-a", "a--b", "ab--c", "xn--", "xn--a", "xn--a-", "xn---", "xn--a-0"),
    *("xn--mnchen-3ya", "XN--Mnchen-3Ya", "xn--zca", "xn--4t8h", "xn--gdk", "_dmarc", "a_b", "1"),
    *("0x1", "%2e", "a b", "ab\n", "a" * 63, "a" * 64, "münchen", "а", "İ", "ﬁ", "\u200d", "www"),
)
# With wildcards and exceptions of the Public Suffix List, of which the programs have two versions.
_ENDS = (
    *("com", "example.com", "co.uk", "example.co.uk", "sch.uk", "x.sch.uk", "y.x.sch.uk", "nom.br"),
    *("kobe.jp", "x.kobe.jp", "city.kobe.jp", "x.city.kobe.jp", "ck", "x.ck", "www.ck", "er"),
    *("xn--p1ai", "рф", "公司.cn", "xn--55qx5d.cn", "k12.ak.us", "pvt.k12.ma.us", "vic.gov.au"),
    *("onion", "internal", "local", "arpa", "in-addr.arpa", "1.in-addr.arpa", "ip6.arpa", "test"),
    *("localhost", "invalid", "e164.arpa", "github.io", "com.", "com..", "1"),
)


def random_label(chance: random.Random) -> str:
    """Return a label that is ASCII, an A-label or Unicode, or one of _LABELS."""
    plain = "".join(chance.choices(_CHARS, k=chance.randint(1, 12)))
    ends = chance.choice((0x300, 0x3000, 0xFFFF, 0x10FFFF))
    text = "".join(chr(chance.randrange(97, ends)) for _ in range(chance.randint(1, 4)))
    a_labels = (f"xn--{plain}", f"xn--{text.encode('punycode').decode()}")
    known = chance.choice(_LABELS)
    return chance.choice((plain, plain, plain, text, *a_labels, known, known))


def random_name(chance: random.Random) -> str:
    """Return a text that may be a domain name."""
    labels = [random_label(chance) for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3, 8, 9, 10)))]
    name = ".".join([*chance.choice(([], [], [], ["*"])), *labels, chance.choice(_ENDS)])
    if chance.random() < 0.05:
        at = chance.randrange(len(name) + 1)
        name = name[:at] + chance.choice(" ,\n\0@/:*.-_Aé。") + name[at:]
    if chance.random() < 0.02:  # about as long as a name may be
        name = f"{'.'.join(['a' * 62] * 4)[: 252 - len(name) + chance.randrange(4)]}.{name}"
    return name


def random_address(chance: random.Random) -> str:
    """Return a text that may be an IP address, often at the edge of a special block."""
    blocks = " ".join(letsencrypt.SPECIAL_BLOCKS.values()).split()
    block = ipaddress.ip_network(chance.choice(blocks))
    edge = int(chance.choice((block[0], block[-1]))) + chance.choice((-1, 0, 1))
    number = chance.choice((edge, chance.getrandbits(128))) % (1 << block.max_prefixlen)
    address = ipaddress.ip_address(number.to_bytes(block.max_prefixlen // 8, "big"))
    text = str(address)
    others = (text.upper(), f"{text}%eth0", f"{text}/24", f"[{text}]", f"::ffff:{text}")
    return chance.choice(others) if chance.random() < 0.3 else text


def name_questions(chance: random.Random) -> Iterator[Question]:
    texts = [f"{label}.{end}" for label in _LABELS for end in _ENDS] + list(_ENDS)
    texts += [random_name(chance) for _ in range(NAMES)]
    texts += [random_address(chance) for _ in range(NAMES // 10)]
    parsed = set[names.Identifier]()
    for text in texts:
        try:
            parsed.add(names.parse(text))
        except names.InvalidName as error:
            for kind in ("dns", "ip"):
                yield Question(kind, text.encode("utf-8", "surrogatepass"), str(error))
    wildcards = {name for name in parsed if str(name).startswith("*")}
    # Wildcards are judged apart, so that none covers another name. A higher limit on sentences
    # gives each name its reason.
    letsencrypt.MAX_SENTENCES = len(parsed)
    reasons = dict[str, str]()
    for group in (wildcards, parsed - wildcards):
        rows = (row.partition(" ") for row in letsencrypt.name_reasons(sorted(group, key=str)))
        reasons |= {name: reason for name, _, reason in rows}
    for name in sorted(parsed, key=str):
        kind = "dns" if isinstance(name, names.DomainName) else "ip"
        yield Question(kind, str(name).encode(), reasons.get(str(name), ""))


# Keys.

_RSA_OID = bytes.fromhex("06092a864886f70d010101")
_EC_OID, _P256_OID = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06082a8648ce3d030107")


def rsa_spki(n: int, e: int, parameters: bytes = b"\5\0", oid: bytes = _RSA_OID) -> bytes:
    key = tlv(0x30, integer(n), integer(e))
    return tlv(0x30, tlv(0x30, oid, parameters), tlv(3, b"\0", key))


def ec_spki(point: bytes, curve: bytes = _P256_OID) -> bytes:
    return tlv(0x30, tlv(0x30, _EC_OID, curve), tlv(3, b"\0", point))


def _rough(chance: random.Random, bits: int) -> int:
    """Return a number of a size without factors under 752: Boulder tries no larger ones."""
    while True:
        number = chance.getrandbits(bits) | 1 | 1 << (bits - 1) | 1 << (bits - 2)
        if math.gcd(number, math.factorial(752)) == 1:
            return number


def _roca(chance: random.Random) -> int:
    """Return a number with the fingerprint of ROCA: a power of 65537 modulo each of its primes."""
    primes = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
    number, modulus = 0, 1
    for prime in primes:
        wanted = pow(65537, chance.randrange(prime), prime)
        number += modulus * ((wanted - number) * pow(modulus, -1, prime) % prime)
        modulus *= prime
    return number + modulus * (_rough(chance, 2048) // modulus)


def keys(chance: random.Random, number: int) -> Iterator[tuple[str, bytes]]:
    """Yield keys (SubjectPublicKeyInfo), each with what is unusual about it."""
    good = _rough(chance, 2048)
    curves = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1, ec.SECP224R1, ec.SECP256K1)
    for bits in (1024, 2040, 2047, 2048, 2049, 2056, 3072, 4096, 4104, 8192):
        yield "", rsa_spki(_rough(chance, bits), 65537)
    for exponent in (0, 1, 2, 3, 17, 65535, 65536, 65539, 2**31 - 1, 2**31, 2**32 + 1, 2**64 + 1):
        yield "", rsa_spki(good, exponent)
    for _ in range(number):
        bits = chance.choice((2048, 3072, 4096))
        half = _rough(chance, bits // 2)
        rounds = chance.choice((0, 1, 50, *range(100, 120), 1000))  # of Fermat's method, about
        yield "", rsa_spki(half * (half + 2 + 2 * math.isqrt(2 * rounds * half)), 65537)
        yield "", rsa_spki(_rough(chance, bits), 65537)
    for factor in (3, 743, 751, 757, 761):
        yield "", rsa_spki(_rough(chance, 2038) * factor, 65537)
        yield "", rsa_spki(_rough(chance, 2039) * factor, 65537)
    yield "square", rsa_spki(_rough(chance, 1024) ** 2, 65537)
    yield "", rsa_spki(_roca(chance) | 1, 65537)
    yield "", rsa_spki(good + 1, 65537)
    for parameters in (b"", b"\4\0", b"\5\1\0", tlv(0x30)):
        yield "parameters", rsa_spki(good, 65537, parameters)
    yield "", rsa_spki(good, 65537, b"", bytes.fromhex("06092a864886f70d01010a"))  # RSA-PSS
    for curve in (*curves, ec.BrainpoolP256R1):
        data = odd.spki(ec.derive_private_key(chance.getrandbits(160), curve()))
        yield "", data
        yield "", data[:-1] + bytes([data[-1] ^ 1])  # not on the curve
    points = ec.derive_private_key(chance.getrandbits(160), ec.SECP256R1()).public_key()
    forms = (PublicFormat.CompressedPoint, PublicFormat.UncompressedPoint)
    compressed, point = (points.public_bytes(Encoding.X962, form) for form in forms)
    for bad in (compressed, b"\0", b"", b"\6" + point[1:], point + b"\0", point[:-1]):
        yield "", ec_spki(bad)
    yield "", ec_spki(point, b"\5\0")
    yield "", ec_spki(point, b"")
    yield "more", ec_spki(point) + b"\0"
    yield "", odd.spki(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)))
    yield "", odd.spki(dsa.generate_private_key(1024))


def judged(value: bytes) -> str:
    """Return why show says that Let's Encrypt rejects a file, or nothing if it accepts it."""
    path = Path("judged")
    path.write_bytes(value)
    result = run(show.main, str(path))
    row = page_rows(result.out).get("Let's Encrypt", "")
    return "" if row.startswith("accepts") else row or f"is not read: {result.message}"


def key_questions(chance: random.Random) -> Iterator[Question]:
    for trait, value in keys(chance, KEYS):
        yield Question("key", value, judged(value), frozenset(filter(None, [trait])))


# Requests.


def request_questions(chance: random.Random) -> Iterator[Question]:
    some_keys = [value for _, value in keys(chance, 10)]
    for _ in range(REQUESTS):
        traits = set(chance.sample(sorted(odd.REQUEST), chance.choice((0, 1, 1, 1, 1, 2, 2))))
        value = odd.request(chance, traits, some_keys)
        yield Question("csr", value, judged(value), frozenset(traits))


def main() -> None:
    """Ask both, and print the answers; exit with 1 if they differ in what is not meant."""
    if shutil.which("go") is None:
        sys.exit("Go is not installed; on Debian: apt-get install golang-go")
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.SystemRandom().getrandbits(32)
    print(f"python -m tests.boulder {seed}", flush=True)
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as directory:
        program = os.path.join(directory, "boulder")
        if subprocess.run(["go", "build", "-o", program], cwd=GO, check=False).returncode:
            sys.exit("Go could not build main.go; its go.mod says which version of Go it needs")
        os.chdir(directory)
        questions = [*name_questions(chance), *key_questions(chance), *request_questions(chance)]
        lines = "".join(question.line for question in questions)
        done = subprocess.run([program], input=lines, capture_output=True, text=True, check=True)
        os.chdir("/")
    sys.exit(report(list(zip(questions, done.stdout.splitlines(), strict=True))))


def report(answers: list[tuple[Question, str]]) -> bool:
    """Print a table, with an example of each difference that is not meant; tell if there is one."""
    table: dict[str, Counter[str]] = {kind: Counter() for kind in ("dns", "ip", "key", "csr")}
    examples: dict[tuple[str, str], str] = {}
    for question, answer in answers:
        if (answer == "ok") == (not question.reason):
            verdict = "both reject" if question.reason else "both accept"
        elif why := meant(question):
            verdict = f"meant: {why}"
        else:
            who = "Boulder" if question.reason else "show"
            traits = ", ".join(sorted(question.traits)) or "nothing unusual"
            verdict = f"only {who} accepts: {traits}"
            example = f"{(question.reason or answer)[:300]}\n         {question.shown}"
            examples.setdefault((question.kind, verdict), example)
        table[question.kind][verdict] += 1
    for kind, counts in table.items():
        print(f"{kind}: {counts.total()}")
        for verdict, count in sorted(counts.items()):
            print(f"  {count:6} {verdict}")
            if (kind, verdict) in examples:
                print(f"         {examples[kind, verdict]}")
    return bool(examples)


if __name__ == "__main__":
    main()
