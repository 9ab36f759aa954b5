"""Hostile names and files, made up by Hypothesis: never a traceback, a hang or another name.

`make fuzz` runs many more examples, of its own choice each time; the suite runs a fixed few.
"""

import base64
import contextlib
import os
import re
from ipaddress import ip_address
from pathlib import Path

import make_csr
from common import names
from common.show import __main__ as show
from course import pebble
from tests import vectors
from tests.conftest import ARTICLE, Result, commands_of, openssl, pem_of, shell
from tests.made import EC, RSA

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.apart

settings.register_profile(
    "suite",
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=10_000,  # milliseconds: the longest that any input may take
    suppress_health_check=list(HealthCheck),
)
settings.register_profile(
    "fuzz", settings.get_profile("suite"), max_examples=3000, derandomize=False
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

KEY = ARTICLE / "rsa2048.key"
GIVEN = ["--passphrase-file", "secret"]

# Names, in many forms, and what is not a name.
labels = st.one_of(
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True),
    st.from_regex(r"xn--[a-z0-9-]{1,12}", fullmatch=True),
    st.text(st.characters(categories=("L", "N", "M", "Pd")), min_size=1, max_size=8),
    st.sampled_from(["*", "", "_dmarc", "a" * 63, "a" * 64, "com", "co", "uk", "1", "é", "ß"]),
)
plain_names = st.one_of(
    st.lists(labels, min_size=1, max_size=5).map(".".join), st.ip_addresses().map(str)
)
inside = st.sampled_from([*",\n\0;/@ %=_", "\r\n", ", DNS:", "\nDNS:"])
texts = plain_names | st.text(max_size=40) | st.tuples(labels, inside, labels).map("".join)
local_parts = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


def names_in(request: Path) -> list[str]:
    """Return the names in a request as OpenSSL reads them."""
    text = openssl("req", "-in", str(request), "-noout", "-text", cwd=request.parent)
    found = re.search(r"Subject Alternative Name: ?\n +(.*)", text)
    assert found
    parts = [part.partition(":")[::2] for part in found[1].split(", ")]
    return [value if kind == "DNS" else str(ip_address(value)) for kind, value in parts]


@settings(max_examples=10 * settings().max_examples)  # since none takes long
@given(texts)
def test_a_name_is_refused_or_normal(text: str) -> None:
    try:
        name = names.parse(text)
    except names.InvalidName:
        return
    assert names.parse(str(name)) == name
    if isinstance(name, str):
        assert len(name) <= 253
        for label in name.removeprefix("*.").split("."):
            assert re.fullmatch("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", label)


def is_name(text: str) -> bool:
    with contextlib.suppress(names.InvalidName):
        return bool(names.parse(text))
    return False


good_texts = st.lists(plain_names.filter(is_name), min_size=1, max_size=6)


@given(good_texts, st.none() | local_parts.map(lambda text: f"{text}@example.org"))
def test_a_request_has_the_names_asked_for(texts: list[str], email: str | None) -> None:
    """And the OpenSSL command makes the same one."""
    with vectors.new_directory() as directory:
        options = ["--key", str(KEY), *([f"--email={email}"] if email else [])]
        result = vectors.run(make_csr.main, *options, "--", *texts)
        assert list(vectors.broken_promises(result, [])) == []
        if result.status:
            assert os.listdir() == []
            return
        request = directory / "certificate.csr"
        assert names_in(request) == [str(name) for name in names.parse_all(texts)]
        ours = request.read_bytes()
        request.unlink()
        command = commands_of(Result([], 0, result.out, result.err))[0]
        assert shell(command, directory).returncode == 0
        assert request.read_bytes() == ours


FILES = [path.read_bytes() for path in (pebble.TLS, *sorted(ARTICLE.iterdir()))] + [
    pem_of(key, passphrase, form)
    for key in (RSA, EC)
    for passphrase in (None, b"secret")
    for form in (PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8)
]
N = RSA.private_numbers()
PRIVATE = (N.d, N.p, N.q, N.dmp1, N.dmq1, N.iqmp, EC.private_numbers().private_value)
PRIVATE_BYTES = [number.to_bytes(number.bit_length() // 8 + 1, "big") for number in PRIVATE]


Mutations = list[tuple[float, int, bytes]]
mutations = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from([0, 1, 2, 3, 1_000_000]),
        st.binary(max_size=3),
    ),
    max_size=3,
)


def mutated(data: bytes, mutations: Mutations) -> bytes:
    """Return data with a few bytes changed, cut off, added or left out, or data itself."""
    for place, left_out, new in mutations:
        at = int(place * len(data))
        data = data[:at] + new + data[at + left_out :]
    return data


def mutated_in_base64(pem: bytes, mutations: Mutations) -> bytes:
    """Return PEM, wrapped as before, of a mutated content."""
    block = re.fullmatch(rb"(?s)(.+?-----\n(?:Proc-.+?\n\n)?)(.+)(-----END .+)", pem)
    assert block
    body = base64.b64encode(mutated(base64.b64decode(block[2]), mutations))
    return block[1] + re.sub(b"(.{1,64})", b"\\1\n", body) + block[3]


def repeated(content: bytes, message: str) -> list[str]:
    """Return what a message repeats of the content of a file: 16 characters of base64 or more."""
    pieces = (message[at : at + 16] for at in range(len(message) - 15))
    base64_pieces = filter(re.compile("[A-Za-z0-9+/]{16}").fullmatch, pieces)
    return [piece for piece in base64_pieces if piece.encode() in content]


views = st.sampled_from([GIVEN, ["--bytes"], ["--html", *GIVEN]])


@given(st.sampled_from(FILES), mutations, st.booleans(), views)
def test_any_file(file: bytes, mutations: Mutations, in_base64: bool, view: list[str]) -> None:
    """Changed in its text, or in what the base64 stands for; as a key, and shown."""
    content = mutated_in_base64(file, mutations) if in_base64 else mutated(file, mutations)
    with vectors.new_directory():
        Path("secret").write_bytes(b"secret\n")
        Path("a.key").write_bytes(content)
        signed = vectors.run(make_csr.main, "--key", "a.key", "-q", *GIVEN, "a.example.org")
        assert os.path.exists("certificate.csr") == (signed.status == 0)
        for result in (signed, vectors.run(show.main, *view, "a.key")):
            assert list(vectors.broken_promises(result, PRIVATE_BYTES)) == []
            assert repeated(content, result.err) == []
