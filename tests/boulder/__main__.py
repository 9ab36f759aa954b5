"""Compare what this project says of names, keys and requests with what Boulder's own code says.

    python -m tests.boulder [SEED]

main.go answers with Boulder's code. Some of the names, keys and requests are random, and others are
chosen: those that Boulder could judge in another way. Without SEED, the program prints a new one.
"""

import ipaddress
import math
import random
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from common import letsencrypt, names
from common.show import __main__ as show
from tests import odd
from tests.made import integer, tlv
from tests.vectors import new_directory, page_rows, run

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NAMES, KEYS, REQUESTS = 20_000, 300, 3_000


class Question(NamedTuple):
    """A value to judge, for main.go, and how this project judges it."""

    kind: str  # dns, ip, key or csr
    value: bytes
    reason: str  # why it is rejected here, or nothing
    traits: frozenset[str] = frozenset()  # what is unusual about a request


UP_TO_DER = "Go reads names up to what is not DER; others refuse them"

# Differences that are meant: the kinds; a pattern for what this project says ("^$" where it
# accepts), one for the value or a trait, and why.
MEANT = (
    ("dns", "Tor", r"\.onion$", "Let's Encrypt does not issue for .onion (its CPS)"),
    ("ip csr", "multicast", r"", "its list of blocked addresses has them (test/ident-policy.yaml)"),
    ("csr", "must-staple|is covered by", r"", "ra/ra.go rejects it, later than csr/csr.go"),
    ("dns csr", "reverse DNS", r"", "no public CA issues for it (Baseline Requirements 4.2.2)"),
    ("csr", "list of extensions", "^two lists", "Go reads the first; others refuse the request"),
    ("csr", "not a list of names", "^(extra octet in SAN$|general name$|mutated)", UP_TO_DER),
    ("csr", "cannot be read", "^mutated", "Go does not read all of what others refuse as DER"),
)


def meant(question: Question) -> str:
    """Return why it is meant that Boulder judges a question in another way, or nothing."""
    texts = (*question.traits, question.value.decode("utf-8", "replace"))
    for kinds, reason, pattern, why in MEANT:
        is_meant = question.kind in kinds and re.search(reason, question.reason)
        if is_meant and any(re.search(pattern, text) for text in texts):
            return why
    encoded = re.findall(rb"xn--([^.]*)", question.value.lower() if question.kind == "dns" else b"")
    decoded = "".join(label.decode("punycode", "replace") for label in encoded)
    has_surrogates = re.search("[\ud800-\udfff]", decoded)
    return "Go reads surrogates in Punycode as U+FFFD" if has_surrogates else ""


_CHARS = "abcdefghijklmnopqrstuvwxyz0123456789-"
_LABELS = (
    *("", "*", "-", "a-", "-a", "a--b", "ab--c", "xn--", "xn--a", "xn--a-", "xn---", "xn--a-0"),
    *("xn--mnchen-3ya", "XN--Mnchen-3Ya", "xn--zca", "xn--4t8h", "xn--gdk", "_dmarc", "a_b", "1"),
    *("0x1", "%2e", "a b", "ab\n", "a" * 63, "a" * 64, "münchen", "а", "ﬁ", "\u200d", "www"),
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
    labels = [random_label(chance) for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3, 8, 9, 10)))]
    name = ".".join([*chance.choice(([], [], [], ["*"])), *labels, chance.choice(_ENDS)])
    if chance.random() < 0.05:
        at = chance.randrange(len(name) + 1)
        name = name[:at] + chance.choice(" ,\n\0@/:*.-_Aé。") + name[at:]
    return name


def random_address(chance: random.Random) -> str:
    """Return an IP address, often at the edge of a special block."""
    blocks = " ".join(letsencrypt.SPECIAL_BLOCKS.values()).split()
    block = ipaddress.ip_network(chance.choice(blocks))
    edge = int(chance.choice((block[0], block[-1]))) + chance.choice((-1, 0, 1))
    number = chance.choice((edge, chance.getrandbits(128))) % (1 << block.max_prefixlen)
    return str(ipaddress.ip_address(number.to_bytes(block.max_prefixlen // 8, "big")))


def name_questions(chance: random.Random) -> Iterator[Question]:
    texts = [f"{label}.{end}" for label in _LABELS for end in _ENDS] + list(_ENDS)
    texts += [random_name(chance) for _ in range(NAMES)]
    texts += [random_address(chance) for _ in range(NAMES // 10)]
    wildcards, others = set[names.Identifier](), set[names.Identifier]()
    for text in texts:
        try:
            name = names.parse(text)
            (wildcards if str(name).startswith("*") else others).add(name)
        except names.InvalidName as error:
            for kind in ("dns", "ip"):
                yield Question(kind, text.encode("utf-8", "surrogatepass"), str(error))
    letsencrypt.MAX_SENTENCES = len(texts)  # a reason for each name
    for group in (wildcards, others):  # apart, so that none covers another name
        rows = (row.partition(" ") for row in letsencrypt.name_reasons(sorted(group, key=str)))
        reasons = {name: reason for name, _, reason in rows}
        for name in sorted(group, key=str):
            kind = "dns" if isinstance(name, names.DomainName) else "ip"
            yield Question(kind, str(name).encode(), reasons.get(str(name), ""))


_RSA = tlv(0x30, bytes.fromhex("06092a864886f70d010101"), b"\5\0")
_P256 = tlv(0x30, bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06082a8648ce3d030107"))


def rsa_spki(n: int, e: int) -> bytes:
    return tlv(0x30, _RSA, tlv(3, b"\0", tlv(0x30, integer(n), integer(e))))


def _rough(chance: random.Random, bits: int) -> int:
    """Return a number of a size without factors under 752: Boulder tries no larger ones."""
    while True:
        number = chance.getrandbits(bits) | 1 | 1 << (bits - 1) | 1 << (bits - 2)
        if math.gcd(number, math.factorial(752)) == 1:
            return number


def keys(chance: random.Random, number: int) -> Iterator[bytes]:
    """Yield keys (SubjectPublicKeyInfo)."""
    for bits in (1024, 2040, 2047, 2048, 2049, 2056, 3072, 4096, 4104, 8192):
        yield rsa_spki(_rough(chance, bits), 65537)
    for exponent in (0, 1, 2, 3, 17, 65535, 65536, 65539, 2**31 - 1, 2**31, 2**32 + 1, 2**64 + 1):
        yield rsa_spki(_rough(chance, 2048), exponent)
    for factor in (743, 751, 757, 761):
        yield rsa_spki(_rough(chance, 2038) * factor, 65537)
    for _ in range(number):
        half = _rough(chance, chance.choice((1024, 1536, 2048)))
        rounds = chance.choice((0, 1, 50, *range(100, 120), 1000))  # of Fermat's method, about
        yield rsa_spki(half * (half + 2 + 2 * math.isqrt(2 * rounds * half)), 65537)
    for curve in (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1, ec.SECP224R1, ec.BrainpoolP256R1):
        data = odd.spki(ec.derive_private_key(chance.getrandbits(160), curve()))
        yield data
        yield data[:-1] + bytes([data[-1] ^ 1])  # not on the curve
    public_key = ec.derive_private_key(chance.getrandbits(160), ec.SECP256R1()).public_key()
    point = public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    compressed = public_key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    for unusual in (compressed, b"\0", b"", b"\6" + point[1:], point + b"\0", point[:-1]):
        yield tlv(0x30, _P256, tlv(3, b"\0", unusual))


def judged(kind: str, value: bytes, traits: set[str]) -> Question:
    """Return a question about a file, with why show says that Let's Encrypt rejects it."""
    path = Path("judged")
    path.write_bytes(value)
    result = run(show.main, str(path))
    row = page_rows(result.out).get("Let's Encrypt", f"is not read: {result.message}")
    return Question(kind, value, "" if row.startswith("accepts") else row, frozenset(traits))


def file_questions(chance: random.Random) -> Iterator[Question]:
    yield from (judged("key", key, set()) for key in keys(chance, KEYS))
    some_keys = list(keys(chance, 10))
    for _ in range(REQUESTS):
        traits = set(chance.sample(sorted(odd.REQUEST), chance.choice((0, 1, 1, 1, 1, 2, 2))))
        yield judged("csr", odd.request(chance, traits, some_keys), traits)


def main() -> None:
    """Ask both, and print the answers; exit with 1 if they differ in what is not meant."""
    if shutil.which("go") is None:
        sys.exit("Go is not installed; on Debian: apt-get install golang-go")
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.SystemRandom().getrandbits(32)
    print(f"python -m tests.boulder {seed}", flush=True)
    chance = random.Random(seed)
    with new_directory():
        questions = [*name_questions(chance), *file_questions(chance)]
    lines = "".join(f"{one.kind} {b64encode(one.value).decode()}\n" for one in questions)
    command = ["go", "-C", str(Path(__file__).parent), "run", "."]
    done = subprocess.run(command, input=lines, stdout=subprocess.PIPE, text=True, check=True)
    sys.exit(report(zip(questions, done.stdout.splitlines(), strict=True)))


def report(answers: Iterable[tuple[Question, str]]) -> bool:
    """Print a table, with an example of each difference that is not meant; tell if there is one."""
    counts, examples = Counter[str](), dict[str, str]()
    for question, answer in answers:
        verdict = f"{question.kind}: both {'reject' if question.reason else 'accept'}"
        if (answer == "ok") != (not question.reason):
            verdict = f"{question.kind}: meant: {meant(question)}"
            if not meant(question):
                who = "Boulder" if question.reason else "show"
                traits = ", ".join(sorted(question.traits))
                verdict = f"{question.kind}: only {who} accepts: {traits}"
                examples[verdict] = f"{question.reason or answer}: {question.value!r}"
        counts[verdict] += 1
    for verdict, count in sorted(counts.items()):
        print(f"{count:6} {verdict}")
        if verdict in examples:
            print(f"       {examples[verdict]}")
    return bool(examples)


if __name__ == "__main__":
    main()
