"""show --html: all that the files hold and nothing secret, each key in its color."""

import base64
import hashlib
import itertools
import math
import random
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from common.show import grammar
from tests.conftest import ROOT, Show
from tests.made import (
    EC,
    LEAF,
    MIDDLE,
    OTHER,
    ROOT_CA,
    RSA,
    certificate,
    integer,
    request,
    san,
    tlv,
    write,
)

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

PKCS1 = RSA.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
CSS = (ROOT / "common" / "show" / "picture.css").read_text(encoding="ascii")


class Page(HTMLParser):
    """What is on a page: its tags, its text, and the text in each class, in the order of the page.

    A class of an element that holds another of the same class has the text of both.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags = set[tuple[str, tuple[str, ...]]]()
        self.open = list[tuple[str, str, int]]()
        self.pieces = list[str]()
        self.found = list[tuple[str, str]]()
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add((tag, tuple(name for name, _ in attrs)))
        if tag != "meta":
            self.open.append((tag, dict(attrs).get("class") or tag, len(self.pieces)))

    def handle_endtag(self, tag: str) -> None:
        opened, kinds, start = self.open.pop()
        assert opened == tag
        self.found.append((kinds, " ".join("".join(self.pieces[start:]).split())))

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def of(self, kind: str) -> list[str]:
        """Return the texts of a class, or of a tag without one."""
        return [text for kinds, text in self.found if kind in kinds.split()]


def picture(show: Show, *arguments: str) -> Page:
    status, page, messages = show("--html", *arguments)
    assert (status, messages) == (0, "")
    assert page.isascii()
    return Page(page)


def files() -> list[str]:
    """Write the files of the course, and return their names in the order of the story."""
    write("account.key", RSA)
    write("example.com.key", EC)
    write("certificate.csr", request(san("example.com", "www.example.com"), cn="example.com"))
    write("certificate.pem", LEAF, MIDDLE)
    write("root.pem", ROOT_CA)
    return ["account.key", "example.com.key", "certificate.csr", "certificate.pem", "root.pem"]


def cards(page: Page) -> list[str]:
    return page.of("h2")[: len(page.of("card"))]


def kinds(page: Page, kind: str) -> list[str]:
    """Return the last class, which is the color of a key, of all that has this class."""
    return [kinds.split()[-1] for kinds, _ in page.found if kind in kinds.split()[1:-1]]


def octets(page: Page) -> set[tuple[str, str, str]]:
    """Return the offset, the header and the content of each element whose bytes are shown."""
    offsets = [text.removeprefix("offset").split()[0] for text in page.of("bytes")]
    headers = [f"{t} {n}" for t, n in zip(page.of("tag"), page.of("length"), strict=True)]
    return set(zip(offsets, headers, page.of("content"), strict=True))


def test_the_order_of_the_story(show: Show) -> None:
    names = files()
    for order in (names, names[::-1], names[2:] + names[:2]):
        page = picture(show, *order)
        chain = ["certificate.pem (1 of 2)", "certificate.pem (2 of 2)", "root.pem"]
        assert cards(page) == [*names[:3], *chain]
    write("middle.pem", MIDDLE)
    _, found, _ = show("--html", "root.pem", "middle.pem")
    assert cards(Page(found)) == ["middle.pem", "root.pem"]
    write("renamed.key", RSA)
    _, found, _ = show("--html", "--account-key", "account.key", "example.com.key", "renamed.key")
    assert cards(Page(found)) == ["renamed.key", "example.com.key"]


def test_each_key_has_one_letter_and_one_color(show: Show) -> None:
    page = picture(show, *files())
    found = {(kinds, text) for kinds, text in page.found if kinds.startswith("key ")}
    assert found == {(f"key k{n}", f"{c} key {c}") for n, c in enumerate("ABCD", 1)}
    own = ["k1", "k1", "k2", "k2", "k2", "k3", "k4"]  # the modulus and the exponent are two lines
    assert kinds(page, "public") == own
    assert kinds(page, "private") == ["k1"] * 6 + ["k2"]
    assert kinds(page, "signed") == kinds(page, "signature") == ["k2", "k3", "k4", "k4"]
    made = "made with the private half of C key C over everything in the frame above"
    assert [made in text for text in page.of("signature")] == [False, True, False, False]
    assert page.of("dd")[:4] == [
        "both halves in account.key",
        "both halves in example.com.key; public half in certificate.csr, certificate.pem (1 of 2); "
        "signed certificate.csr",
        "public half in certificate.pem (2 of 2); signed certificate.pem (1 of 2)",
        "public half in root.pem; signed certificate.pem (2 of 2), root.pem",
    ]


def test_where_the_private_half_is(show: Show) -> None:
    names = files()
    write("a.pub", EC.public_key())
    page = picture(show, "a.pub", *names)
    assert page.of("dd")[1].startswith("both halves in example.com.key; public half in a.pub, ")
    facts = [text for text in page.of("dd") if "key" in text and "half" in text]
    assert "the public half of B key B (example.com.key)" in facts
    assert "C key C (public half in certificate.pem (2 of 2))" in facts
    assert "the public half of C key C" in facts


def test_more_keys_than_colors(show: Show) -> None:
    for number in range(30):
        write(f"{number:02}.key", ec.derive_private_key(number + 2, ec.SECP256R1()).public_key())
    page = picture(show, *(f"{number:02}.key" for number in range(30)))
    assert kinds(page, "public") == ["k1", "k2", "k3", "k4", "k5", "k6", *["k"] * 24]
    names = [text.split()[-1] for text in page.of("dt") if " key " in text]
    assert names == [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "27", "28", "29", "30"]
    assert "24 more" in page.of("summary")


def test_signatures_that_are_not_valid_or_not_known(show: Show) -> None:
    forged = bytearray(request(san("a.com"), key=RSA).public_bytes(Encoding.DER))
    forged[-1] ^= 1
    write("forged.csr", bytes(forged))
    status, found, messages = show("--html", "forged.csr")
    assert (status, messages) == (1, show("forged.csr")[2])
    page = Page(found)
    made = "made with the private half of A key A over everything in the frame above"
    assert page.of("s")[-1] == made
    assert page.of("strong")[-1] == "The signature is not valid."
    assert page.of("li")[-1] in messages
    write("certificate.pem", LEAF)
    page = Page(show("--html", "certificate.pem")[1])
    assert kinds(page, "signed") == kinds(page, "signature") == ["k"]
    assert (
        "made with the private half of the key of an issuer that is not in these files" in page.text
    )
    assert not page.of("s")
    write("certificate.pem", LEAF, certificate("CA", OTHER))
    page = Page(show("--html", "certificate.pem")[1])
    assert "made with the private half of B key B over everything in the frame above" in page.of(
        "s"
    )
    assert cards(page) == ["certificate.pem (1 of 2)", "certificate.pem (2 of 2)"]


def test_a_signature_of_an_unknown_kind(show: Show) -> None:
    data = request(san("a.com")).public_bytes(Encoding.DER)
    ecdsa = bytes.fromhex("06082a8648ce3d0403")  # without the hash
    write("unknown.csr", data.replace(ecdsa + b"\2", ecdsa + b"\x7f"))
    page = Page(show("--html", "unknown.csr")[1])
    assert kinds(page, "signed") == ["k"]
    assert (
        "over everything in the frame above (not checked: of an unknown kind)"
        in page.of("signature")[0]
    )


def test_all_bytes_of_what_is_public(show: Show) -> None:
    write("request.der", request(san("a.com", "b.com"), key=RSA), encoding=Encoding.DER)
    write("certificate.der", MIDDLE, encoding=Encoding.DER)
    write("key.der", EC.public_key(), encoding=Encoding.DER)
    for name in ("request.der", "certificate.der", "key.der"):
        root = grammar.read(Path(name).read_bytes(), False).root
        found = {
            (str(e.offset), e.header.hex(" "), e.content.hex(" ") or "none") for e in root.all()
        }
        assert octets(Page(show("--html", name)[1])) == found


def test_one_box_in_the_other_is_one(show: Show) -> None:
    page = picture(show, *files()[:3])
    assert "values › Extensions › Extension › extnValue › SubjectAltName what it says" in [
        text.replace(" subjectAltName", "") for text in page.of("summary")
    ]
    write("leaf.pem", LEAF)
    labels = Page(show("--html", "leaf.pem")[1]).of("summary")
    assert any(one.startswith("Extension › extnValue › SubjectAltName") for one in labels)
    assert "3 more: version, serialNumber, signature" in labels
    assert all(re.match(r"[\w-]+( |$)", one) for one in labels)  # the name in the standard


def test_what_is_open_at_first(show: Show) -> None:
    write("leaf.pem", LEAF)
    write("a.csr", request(san("a.com", "b.com"), key=RSA))
    _, text, _ = show("--html", "leaf.pem", "a.csr")
    found = re.findall(
        r'<details( open)? class="(?!octets|line)[^>]*><summary>(?:<b>)?([^:<]*)', text
    )
    closed = {name for is_open, name in found if not is_open}
    assert closed == {"3 more", "2 more", "algorithm", "signatureAlgorithm", "Extension"}
    assert {"certificationRequestInfo", "tbsCertificate", "subjectPKInfo", "Extension"} <= {
        name for is_open, name in found if is_open
    }


def test_nothing_in_a_file_breaks_out(show: Show) -> None:
    usual = picture(show, *files()[:4])
    evil = "</style><script>alert(1)</script>\"'&<!--\u202e\x1b[31m\0é\u05d0"
    write("a'&\u202eb.csr", request(san("a<b>.com"), cn=evil))
    _, text, _ = show("--html", "a'&\u202eb.csr")
    assert text.isascii()
    page = Page(text)
    assert page.tags <= usual.tags | {("strong", ()), ("s", ())}
    assert {name for _, names in page.tags for name in names} == {
        *("lang", "charset", "http-equiv", "content", "name", "class", "open", "href", "id"),
    }
    assert "<!--\\u202e\\x1b[31m\\x00é\u05d0" in page.text
    assert "a'&\\u202eb.csr" in page.of("title")
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">\n')
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"content=\"default-src 'none'; style-src 'sha256-{digest}'\"" in text
    assert not re.search(r"url\(|@import|style=|://", text)


def test_long_lists_and_values(show: Show) -> None:
    names = [f"n{number}.example.com" for number in range(1000)]
    write("many.csr", request(san(*names)))
    page = picture(show, "many.csr")
    assert "981 more: dNSName" in page.of("summary")
    assert [one for one in page.of("value") if one.endswith('.example.com"')] == [
        f'"{name}"' for name in names
    ]
    assert "n19.example.com, and 980 more" in " ".join(page.of("dd"))
    big = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(100_000))
    write("big.csr", request(big))
    assert " ".join(["00"] * 100_000) in Page(show("--html", "big.csr")[1]).of("content")


def test_what_can_be_read_of_damaged_files(show: Show) -> None:
    write("cut.der", LEAF.public_bytes(Encoding.DER)[:200])
    status, found, messages = show("--html", "cut.der", "missing")
    assert (status, messages) == (1, show("cut.der", "missing")[2])
    page = Page(found)
    assert cards(page) == ["cut.der"]
    assert page.of("fault") == [
        "Not readable from here: offset 196: the file ends before this OID does"
    ]
    assert [f"show: error: {line}" for line in page.of("li")[-2:]] == messages.splitlines()
    write("text", b"no PEM")
    status, found, messages = show("--html", "text")
    assert (status, cards(Page(found))) == (1, [])


def test_encrypted_keys(show: Show, secret_file: str) -> None:
    secret = Path(secret_file).read_text("utf-8").splitlines()[0].encode()
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        write("e.key", RSA.private_bytes(Encoding.PEM, form, BestAvailableEncryption(secret)))
        write("a.csr", request(san("a.com"), key=RSA))
        page = picture(show, "--passphrase-file", secret_file, "a.csr", "e.key")
        assert {kinds for kinds, _ in page.found if kinds.startswith("key ")} == {"key k1"}
        is_whole = form == PrivateFormat.TraditionalOpenSSL  # encrypted as a whole
        assert kinds(page, "private") == ([] if is_whole else ["k1"])
        assert len(page.of("fault")) == is_whole
        assert all("(RFC 1421)" in text for text in page.of("fault"))
    write(
        "e.key", RSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    )
    status, found, _ = show("--html", "--passphrase-file", secret_file, "e.key")
    page = Page(found)
    assert status == 1
    assert "encryptedData" in page.text
    assert not kinds(page, "private")


@pytest.mark.parametrize("other", ["--bytes", "--public"])
def test_one_output_at_a_time(other: str, show: Show) -> None:
    status, found, messages = show("--html", other, "a.csr")
    assert (status, found) == (2, "")
    assert "not allowed with argument" in messages


NUMBERS = RSA.private_numbers()
SECRETS = [NUMBERS.d, NUMBERS.p, NUMBERS.q, NUMBERS.dmp1, NUMBERS.dmq1, NUMBERS.iqmp]
SECRETS.append(EC.private_numbers().private_value)
RUN = 8  # octets, and at least as much in other notations


def pieces(text: str, size: int) -> set[str]:
    return {text[at : at + size] for at in range(len(text) - size + 1)}


def notations() -> set[str]:
    """Return pieces of the secrets in hexadecimal, decimal and base64, without separators."""
    found = set[str]()
    for number in SECRETS:
        data = number.to_bytes((number.bit_length() + 7) // 8, "big")
        found |= pieces(data.hex(), 2 * RUN) | pieces(str(number), 20)
        for shift in range(3):
            found |= pieces(base64.b64encode(data[shift:]).decode().rstrip("="), 11)
            found |= pieces(base64.urlsafe_b64encode(data[shift:]).decode().rstrip("="), 11)
        found |= pieces(" ".join(map(str, data)), 25)
    return found


LEAKS = notations()


def check_safe(page: str) -> None:
    text = page.partition("</style>")[2]
    compact = re.sub(r"[\s:,-]|0x|<[^>]*>", "", text).lower()
    for size in {len(leak) for leak in LEAKS}:
        known = {leak for leak in LEAKS if len(leak) == size}
        assert not pieces(text, size) & known
        assert not pieces(compact, size) & known


def private(*numbers: int) -> bytes:
    return tlv(0x30, *map(integer, (0, *numbers)))


DER, PKCS8, PLAIN = Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
KEYS = {
    "RSA PRIVATE KEY": private(NUMBERS.public_numbers.n, NUMBERS.public_numbers.e, *SECRETS[:6]),
    "PRIVATE KEY": RSA.private_bytes(DER, PKCS8, PLAIN),
    "EC PRIVATE KEY": EC.private_bytes(DER, PrivateFormat.TraditionalOpenSSL, PLAIN),
}


def damaged() -> Iterator[tuple[str, bytes]]:
    """Yield keys with a label: whole, with numbers in the place of others, damaged and cut."""
    n, e, d, rest = NUMBERS.public_numbers.n, NUMBERS.public_numbers.e, NUMBERS.d, SECRETS[1:6]
    for numbers in (
        [n, d, e, *rest],
        [d, e, n, *rest],
        [rest[0], e, d, n, *rest[1:]],
        [e, n, d, *rest],
    ):
        yield "RSA PRIVATE KEY", private(*numbers)
    chance = random.Random(21)
    for label, whole in KEYS.items():
        yield label, whole
        for _ in range(20):
            octets = bytearray(whole)
            for _ in range(chance.randint(1, 4)):
                octets[chance.randrange(len(octets))] = chance.randrange(256)
            yield label, bytes(octets)
            yield label, whole[: chance.randrange(len(whole))]


def test_no_secret_in_the_page(show: Show) -> None:
    for label, data in damaged():
        text = base64.encodebytes(data).decode()
        Path("pem.key").write_text(f"-----BEGIN {label}-----\n{text}-----END {label}-----\n")
        Path("der.key").write_bytes(data)
        check_safe(show("--html", "pem.key", "der.key")[1])
    for separator in ("", " ", ":", "<br>"):  # the test notices
        with pytest.raises(AssertionError):
            check_safe(f"</style>{KEYS['PRIVATE KEY'].hex('-').replace('-', separator)}")


# The palette. Machado, Oliveira and Fernandes (2009), severity 1.0, for linear RGB.
DICHROMACIES = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}  # fmt: skip


def linear(color: str) -> tuple[float, ...]:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return tuple(it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in parts)


def contrast(one: str, other: str) -> float:
    """Return the contrast of WCAG 2.2."""
    weights = (0.2126, 0.7152, 0.0722)
    dark, light = sorted(
        sum(w * c for w, c in zip(weights, linear(it), strict=True)) for it in (one, other)
    )
    return (light + 0.05) / (dark + 0.05)


def mixed(color: str, percent: int, other: str) -> str:
    """Return color-mix(in srgb, COLOR PERCENT, OTHER)."""
    pairs = [(int(color[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(
        f"{round((a * percent + b * (100 - percent)) / 100):02x}" for a, b in pairs
    )


def lab(color: str, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, float, float]:
    """Return a color as somebody sees it, in CIELAB with the white of sRGB."""
    rgb = linear(color)
    seen = [min(1, max(0, sum(m * c for m, c in zip(row, rgb, strict=True)))) for row in matrix]
    to_xyz = (
        (0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047),
        (0.2126729, 0.7151522, 0.0721750),
        (0.0193339 / 1.08883, 0.1191920 / 1.08883, 0.9503041 / 1.08883),
    )
    x, y, z = (sum(m * c for m, c in zip(row, seen, strict=True)) for row in to_xyz)
    fx, fy, fz = (
        it ** (1 / 3) if it > 216 / 24389 else (24389 / 27 * it + 16) / 116 for it in (x, y, z)
    )
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_the_palette(scheme: int) -> None:
    """Text has a contrast of 4.5:1, and the six colors differ for everybody."""
    colors = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", CSS.split("@media")[scheme]))
    keys = [colors[f"c{number}"] for number in range(1, 7)]
    card, ink, soft = (colors[name] for name in ("card", "ink", "soft"))
    grounds = [card, colors["page"], *(mixed(key, 16, card) for key in keys)]
    grounds += [mixed(ink, 7, ground) for ground in grounds]
    for text in (ink, soft):
        assert min(contrast(text, ground) for ground in grounds) >= 4.5
    for text in (*keys, colors["fault"], soft, ink):
        assert contrast(text, card) >= 4.5
    for matrix in DICHROMACIES.values():
        seen = [lab(key, matrix) for key in keys]
        assert min(math.dist(*pair) for pair in itertools.combinations(seen, 2)) > 18  # CIE 1976
