"""show --html: all that the files hold and nothing secret, each key in its color."""

import base64
import hashlib
import random
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from common import wrapping
from common.show import grammar
from tests import vectors
from tests.conftest import Show
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

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)


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
    names = [f"n{number}.example.com" for number in range(100)]
    write("many.csr", request(san(*names)))
    page = picture(show, "many.csr")
    assert "81 more: dNSName" in page.of("summary")
    assert [one for one in page.of("value") if one.endswith('.example.com"')] == [
        f'"{name}"' for name in names
    ]
    assert "n19.example.com, and 80 more" in " ".join(page.of("dd"))
    big = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(10_000))
    write("big.csr", request(big))
    assert " ".join(["00"] * 10_000) in Page(show("--html", "big.csr")[1]).of("content")


def test_what_can_be_read_of_damaged_files(show: Show) -> None:
    write("cut.der", LEAF.public_bytes(Encoding.DER)[:200])
    status, found, messages = show("--html", "cut.der", "missing")
    assert (status, messages) == (1, show("cut.der", "missing")[2])
    page = Page(found)
    assert cards(page) == ["cut.der"]
    assert page.of("fault") == ["Fault: offset 196: the file ends before this OID does"]
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


NUMBERS = RSA.private_numbers()
SECRETS = [NUMBERS.d, NUMBERS.p, NUMBERS.q, NUMBERS.dmp1, NUMBERS.dmq1, NUMBERS.iqmp]
OCTETS = [
    number.to_bytes(number.bit_length() // 8 + 1, "big")
    for number in (*SECRETS, EC.private_numbers().private_value)
]


def private(*numbers: int) -> bytes:
    return tlv(0x30, *map(integer, (0, *numbers)))


DER, PKCS8, PLAIN = Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
KEYS = {
    "RSA PRIVATE KEY": private(NUMBERS.public_numbers.n, NUMBERS.public_numbers.e, *SECRETS),
    "PRIVATE KEY": RSA.private_bytes(DER, PKCS8, PLAIN),
    "EC PRIVATE KEY": EC.private_bytes(DER, PrivateFormat.TraditionalOpenSSL, PLAIN),
}


def damaged() -> Iterator[tuple[str, bytes]]:
    """Yield keys with a label: whole, with numbers in the place of others, damaged and cut."""
    n, e, d, rest = NUMBERS.public_numbers.n, NUMBERS.public_numbers.e, NUMBERS.d, SECRETS[1:]
    orders = ([n, d, e, *rest], [d, e, n, *rest], [rest[0], e, d, n, *rest[1:]], [e, n, d, *rest])
    for numbers in orders:
        yield "RSA PRIVATE KEY", private(*numbers)
    chance = random.Random(21)
    for label, whole in KEYS.items():
        yield label, whole
        for _ in range(10):
            octets = bytearray(whole)
            for _ in range(chance.randint(1, 4)):
                octets[chance.randrange(len(octets))] = chance.randrange(256)
            yield label, bytes(octets)
            yield label, whole[: chance.randrange(len(whole))]


def test_no_secret_in_the_page(show: Show) -> None:
    for label, data in damaged():
        write("pem.key", wrapping.written(label, data))
        write("der.key", data)
        found = show("--html", "pem.key", "der.key")[1].partition("</style>")[2]
        for text in (found, re.sub("<[^>]*>", "", found)):
            assert vectors.leaks(text, OCTETS) == []
