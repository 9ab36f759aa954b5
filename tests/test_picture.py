"""show --html: all that the files hold and nothing secret, each key in its color."""

import base64
import hashlib
import re
from html.parser import HTMLParser

from common.show import grammar
from tests import made
from tests.conftest import Show
from tests.leaks import leaks
from tests.made import EC, LEAF, MIDDLE, ROOT_CA, RSA, as_der, certificate, request, san, write

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

HTML = """html head meta title style body header main section article h1 h2 p a ul li dl dt dd div
span b s code details summary strong wbr"""


class Page(HTMLParser):
    """What is on a page: its tags, its text, and the text in each class, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags = set[tuple[str, ...]]()
        self.open = list[tuple[str, str, int]]()
        self.text = ""
        self.found = list[tuple[str, str]]()
        self.feed(page)
        assert page.isascii()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in HTML.split()
        self.tags.add((tag, *(name for name, _ in attrs)))
        if tag not in ("meta", "wbr"):
            self.open.append((tag, dict(attrs).get("class") or tag, len(self.text)))

    def handle_endtag(self, tag: str) -> None:
        opened, classes, start = self.open.pop()
        assert opened == tag
        self.found.append((classes, " ".join(self.text[start:].split())))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, name: str) -> list[str]:
        """Return the texts of a class, or of a tag without one."""
        return [text for classes, text in self.found if name in classes.split()]

    def colors(self, name: str) -> list[str]:
        """Return the last class, which is the color of a key, of all that has this class."""
        return [classes.split()[-1] for classes, _ in self.found if name in classes.split()[1:-1]]


def picture(show: Show, *arguments: str) -> Page:
    """Return the page about files that nothing is wrong with, except for warnings."""
    status, page, _ = show("--html", *arguments)
    assert status == 0
    return Page(page)


def files() -> list[str]:
    """Write the files of the course, and return their names in the order of the story."""
    write("account.key", RSA)
    write("example.com.key", EC)
    write("certificate.csr", request(san("example.com", "www.example.com"), cn="example.com"))
    write("certificate.pem", LEAF, MIDDLE)
    write("root.pem", ROOT_CA)
    return ["account.key", "example.com.key", "certificate.csr", "certificate.pem", "root.pem"]


def test_the_cards_stand_in_the_order_of_the_story(show: Show) -> None:
    names = files()
    chain = ["certificate.pem (1 of 2)", "certificate.pem (2 of 2)", "root.pem"]
    for order in (names, names[::-1], names[2:] + names[:2]):
        assert picture(show, *order).of("h2")[:-2] == [*names[:3], *chain]
    write("renamed.key", RSA)
    write("ca.pem", MIDDLE)
    write("a.pem", certificate("a.com", issuer="Another"))
    others = ["renamed.key", "example.com.key", "a.pem", "ca.pem", "root.pem"]
    page = picture(show, "--account-key", "account.key", *others[::-1])
    assert page.of("h2")[:5] == others


def test_each_key_has_one_letter_and_one_color_and_no_secret_is_there(show: Show) -> None:
    write("a.pub", EC.public_key())
    status, text, _ = show("--html", *files(), "a.pub")
    page = Page(text)
    it = RSA.private_numbers()
    numbers = (it.d, it.p, it.q, it.dmp1, it.dmq1, it.iqmp, EC.private_numbers().private_value)
    secrets = [number.to_bytes(number.bit_length() // 8 + 1, "big") for number in numbers]
    assert (status, leaks(text, secrets), leaks(page.text, secrets)) == (0, [], [])
    letters = {found for found in page.found if found[0].startswith("key ")}
    assert letters == {(f"key k{n}", f"{c} key {c}") for n, c in enumerate("ABCD", 1)}
    assert page.colors("public") == ["k1", "k1", "k2", "k2", "k2", "k2", "k3", "k4"]
    assert page.colors("private") == ["k1"] * 6 + ["k2"]
    assert page.colors("signed") == page.colors("signature") == ["k2", "k3", "k4", "k4"]
    assert page.of("dd")[:4] == [
        "both halves in account.key",
        "both halves in example.com.key; public half in a.pub, certificate.csr, certificate.pem "
        "(1 of 2); signed certificate.csr",
        "public half in certificate.pem (2 of 2); signed certificate.pem (1 of 2)",
        "public half in root.pem; signed certificate.pem (2 of 2), root.pem",
    ]
    assert "C key C (public half in certificate.pem (2 of 2))" in page.of("dd")


def test_a_signature_that_is_not_valid_or_not_known_is_marked(show: Show) -> None:
    ecdsa, unknown = (bytes.fromhex(f"2a8648ce3d0403{last}") for last in ("02", "09"))
    start, above = "made with the private half of", "over everything in the frame above"
    csr, unchecked = request(san("a.com")), f"{above} (not checked: of an unknown kind)"
    for things, words in (
        ([made.altered(csr, b"a.com", b"b.com")], f"A key A {above} The signature is not valid."),
        ([made.altered(csr, ecdsa, unknown)], f"A key A {unchecked}"),
        ([made.altered(LEAF, ecdsa, unknown), MIDDLE], f"B key B {unchecked}"),
        ([LEAF], f"the key of an issuer that is not in these files {above}"),
        ([LEAF, certificate("CA", RSA)], f"B key B {above} The signature is not valid."),
    ):
        write("a.pem", *things)
        page = Page(show("--html", "a.pem")[1])
        assert page.colors("signed")[0] == page.colors("signature")[0] == "k"
        assert f" {start} {words}" in page.of("signature")[0]
        struck, fault, _ = f"{start} {words}".partition(" The signature is not valid.")
        assert (struck in page.of("s")) == bool(page.of("s")) == bool(fault)


KIND = r"(?m)^offset(\d+) .+tag[\da-f]+ (?:\[\d\]: an element known|[A-Z][\w ]+: (?!an element k))"


def test_all_bytes_of_what_is_public_are_there(show: Show) -> None:
    for thing in (request(san("a.com", "b.com"), key=RSA), MIDDLE, EC.public_key()):
        write("a.der", as_der(thing))
        page = picture(show, "a.der")
        offsets = [int(one) for one in re.findall(KIND, "\n".join(page.of("bytes")))]
        headers = [" ".join(pair) for pair in zip(page.of("tag"), page.of("length"), strict=True)]
        found = list(zip(offsets, headers, page.of("content"), strict=True))
        elements = grammar.read(as_der(thing)).root.all()
        assert sorted(found) == [
            (one.offset, one.header.hex(" "), one.content.hex(" ") or "none") for one in elements
        ]


def test_what_is_drawn_as_one_box_or_folded(show: Show) -> None:
    write("a.csr", request(san("a.com", "b.com")))
    write("a.key", EC)
    assert {
        "values › Extensions › Extension › extnValue › SubjectAltName subjectAltName what it says",
        "signatureAlgorithm › algorithm ecdsa-with-SHA256 ECDSA with SHA-256",
        "subject empty the older place for a name",
        "2 more: version, privateKeyAlgorithm",
        "2 more: r, s",
    } <= {*picture(show, "a.csr", "a.key").of("summary")}


def test_nothing_in_a_file_breaks_out(show: Show) -> None:
    write("a.csr", request(san("a.com"), cn="a"))
    evil = "</style><script>alert(1)</script>\"'&<!--\u202e\x1b[31m\0é\u05d0"
    write("a'&\u202eb.csr", request(san("a<b>.com"), cn=evil))
    _, text, _ = show("--html", "a'&\u202eb.csr")
    page = Page(text)
    assert page.tags == picture(show, "a.csr").tags
    assert "<!--\\u202e\\x1b[31m\\x00é\u05d0" in page.text
    assert "a'&\\u202eb.csr" in page.of("title")
    assert "<h2>a&#x27;&amp;\\<wbr>u202eb.<wbr>csr</h2>" in text
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"content=\"default-src 'none'; style-src 'sha256-{digest}'\"" in text
    assert not re.search(r"url\(|@import|style=|://", text)


def test_more_keys_names_and_bytes_than_are_seen_at_first(show: Show) -> None:
    files = [f"{number:02}.key" for number in range(30)]
    for number, file in enumerate(files):
        write(file, ec.derive_private_key(number + 2, ec.SECP256R1()).public_key())
    page = picture(show, *files)
    assert page.colors("public") == ["k1", "k2", "k3", "k4", "k5", "k6", *["k"] * 24]
    letters = [text.split()[-1] for text in page.of("dt") if " key " in text]
    assert letters == [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "27", "28", "29", "30"]
    assert "24 more" in page.of("summary")
    oid, long = f"1.2{'.42' * 31}", "a" * 400
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), b"")
    names = (f"n{number}.example.com" for number in range(99))
    write("big.csr", request(san(*names, long), extension))
    page = picture(show, "big.csr")
    assert "81 more: dNSName" in page.of("summary")
    assert "n19.example.com, and 80 more" in " ".join(page.of("dd"))
    assert f'dNSName "{long[:298]}… a domain name' in page.of("summary")
    assert f"Extension {oid[:79]}… one extension" in page.of("summary")


def test_what_can_be_read_of_damaged_files_is_drawn(show: Show) -> None:
    write("cut.der", b"\x30\x84\0\0" + as_der(RSA)[2:200])
    status, found, messages = show("--html", "cut.der", "missing")
    page = Page(found)
    assert (status, page.of("h2")) == (1, ["cut.der", "Errors", "The words"])
    assert page.of("summary") == [
        *("SEQUENCE (cut off)", "bytes", "INTEGER 1 byte, not shown", "SEQUENCE rsaEncryption"),
        *("bytes", "OID rsaEncryption an RSA key", "NULL"),
        "OCTET STRING (cut off) 174 bytes, not shown",
    ]
    errors = page.of("li")[-2:]
    assert page.of("length")[0] == "84 00 00 04"  # its last octet is left out
    fault = "Fault: offset 0: an indefinite or needlessly long length, which DER does not allow"
    assert page.of("fault") == [fault, "".join(errors)]
    assert [f"show: error: {line}" for line in errors] == messages.splitlines()
