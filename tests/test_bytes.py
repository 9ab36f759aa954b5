"""show --bytes: every element in its place and by its name, and nothing secret."""

import re
from pathlib import Path

from common import der, labels
from common.show import display, grammar, values
from common.show.bytes import walk
from common.show.opening import unopened
from common.show.parts import DOCUMENTS as LABELS
from common.show.parts import Part
from common.wrapping import Block
from tests.conftest import ROOT, Patch, Show, openssl
from tests.made import EC, LEAF, RSA, as_der, integer, pkcs1, request, san, tlv

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

ED = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(40, 72)))

ED_SEED = ED.private_bytes_raw()
ED_PARTS = tlv(0x30, b"\x06\x03\x2b\x65\x70"), tlv(4, tlv(4, ED_SEED))
CURVE, EC_KEY = bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06072a8648ce3d0201")
N = RSA.private_numbers()
ENCRYPTED = (ROOT / "tests" / "data" / "show" / "encrypted.der").read_bytes()
SEC1 = EC.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
SECRETS = [N.d, N.p, N.q, N.dmp1, N.dmq1, N.iqmp, EC.private_numbers().private_value]
SECRETS += [int.from_bytes(secret, "big") for secret in (ED_SEED, ENCRYPTED[-64:])]


def runs(text: str) -> set[str]:
    """Return all runs of eight characters in a text."""
    return {text[at : at + 8] for at in range(len(text) - 7)}


SECRET_RUNS = set[str]().union(*(runs(f"{number:x}") | runs(str(number)) for number in SECRETS))


def read(data: bytes) -> tuple[list[str], str]:
    """Return the lines of a file without a private number, and what is wrong with its DER."""
    block = Block(labels.of(data), data, is_whole=True)
    document = unopened(Part("a.key", "a.key", None, block))
    lines = list(walk(document)) if document.heading else []
    assert all(line.isprintable() for line in lines)
    assert not runs("\n".join(lines)) & SECRET_RUNS
    return lines, document.fault


def places(lines: list[str]) -> set[tuple[int, int]]:
    return {(int(line.split()[0]), int(line.split()[1])) for line in lines[3:]}


DOCUMENTS = {
    "CertificationRequest": as_der(request(san("a.com"))),
    "Certificate": as_der(LEAF),
    "SubjectPublicKeyInfo": as_der(RSA.public_key()),
    "RSAPublicKey": RSA.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1),
    "RSAPrivateKey": pkcs1(),
    "ECPrivateKey": SEC1,
    "OneAsymmetricKey": as_der(EC),
    "EncryptedPrivateKeyInfo": ENCRYPTED,
}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_is_told_by_all_of_it_and_its_label_by_its_beginning(document: str) -> None:
    content = DOCUMENTS[document]
    (label,) = [label for label, name in LABELS.items() if name == document]
    name, _, root, fault, _ = grammar.read(content)
    assert (name, root.name, fault) == (document, document, "")
    if document in ("Certificate", "CertificationRequest"):  # ECDSA: RFC 3279 section 2.2.3
        assert [element.name for element in root.all()][-2:] == ["r", "s"]
    less = [child.encoded for child in root.children[1:]]
    for other in (tlv(0x30, root.content, b"\5\0"), tlv(0x30, *less)):
        assert grammar.read(other).name != document
    unknown = grammar.read(tlv(0x30, tlv(0x31, root.content)))
    assert unknown.heading[0] == "Not a complete key, request or certificate of a known kind"
    assert {unknown.name, *(element.name for element in unknown.root.all())} == {""}
    told = {labels.of(content[:size]) for size in range(40, len(content) + 1)}
    assert told == {label} or document == "RSAPublicKey"  # begins as a private key
    assert labels.of(b"\x31" + content[1:]) == labels.of(b"\x30\x20") == ""


def test_oids_tags_and_key_usages() -> None:
    for content, oid in (("2a818000", "1.2.16384"), ("2a80", ""), ("", "")):
        assert der.first(tlv(6, bytes.fromhex(content))).oid == oid
    assert der.first(b"\x5f\x81\x01\0").tag == "[APPLICATION 129]"
    assert der.first(b"\x1d\0").tag == "[UNIVERSAL 29]"
    assert der.first(b"\xdd\0").tag == "[PRIVATE 29]"
    kinds = [labels.of(tlv(0x30, *[integer(1)] * count)) for count in range(1, 8)]
    assert kinds == ["", "RSA PUBLIC KEY", "", "", "", "DSA PRIVATE KEY", ""]
    text = "20261127215000Z"  # a time only if its type is that of a time
    assert display.in_words(der.first(tlv(12, text.encode()))) == f'"{text}"'
    found = values.key_usages(der.first(tlv(3, b"\7\xff\x80")))
    assert ", ".join(found) == (  # RFC 5280 section 4.2.1.3
        "digitalSignature, nonRepudiation, keyEncipherment, dataEncipherment, keyAgreement, "
        "keyCertSign, cRLSign, encipherOnly, decipherOnly"
    )


def test_types_have_the_names_that_openssl_uses(tmp_path: Path) -> None:
    tags = bytes.fromhex("01 02 03 04 05 06 0a 0c 30 31 12 13 14 16 17 18 1a 1c 1e")
    data = tlv(0x30, *(tlv(tag, b"\5\0") for tag in tags))
    (tmp_path / "a.der").write_bytes(data)
    printed = openssl("asn1parse", "-inform", "DER", "-in", "a.der", cwd=tmp_path)
    theirs = re.findall(r"d=1 .*(?:prim|cons): ([A-Z0-9 ]*[A-Z0-9])", printed)
    others = {"OID": "OBJECT", "TELETEXSTRING": "T61STRING"}
    ours = [element.tag.upper() for element in der.read(data)[0].children]
    assert [others.get(name, name) for name in ours] == theirs


def test_a_secret_in_the_place_of_a_public_number_is_not_printed() -> None:
    secret = N.d.to_bytes(256, "big")[:32]
    point, oid = tlv(0xA1, tlv(3, b"\0\2" + secret)), tlv(6, secret)
    for key in (
        pkcs1(n=N.d, d=N.d, p=1, q=N.d),
        tlv(0x30, integer(1), tlv(4, secret), tlv(0xA0, CURVE), point),
        tlv(0x30, integer(1), tlv(4, secret), tlv(0xA0, oid)),
        tlv(0x30, integer(0), tlv(0x30, EC_KEY, oid), tlv(4, secret)),
        tlv(0x30, integer(1), tlv(0x30, EC_KEY, CURVE), tlv(4, b"\5\0"), tlv(0x81, b"\0", secret)),
        tlv(0x30, integer(1), *ED_PARTS, tlv(0x81, b"\0", ED_SEED)),
        tlv(0x30, integer(0), *ED_PARTS, tlv(0xA0, tlv(0x30, CURVE, tlv(0x31, tlv(12, secret))))),
        tlv(0x30, integer(0), tlv(0x30, CURVE, tlv(4, secret)), tlv(4, secret)),
    ):
        assert len(read(key)[0]) > 4


def nested(tag: int, depth: int, inside: bytes = b"") -> bytes:
    for _ in range(depth):
        inside = tlv(tag, inside)
    return inside


NOT_DER = "this is not DER: a key, a request or a certificate starts with the byte 0x30"
LENGTH = "an indefinite or needlessly long length, which DER does not allow"
CUT = "the data ends in the middle of a tag or length"


@pytest.mark.parametrize(("data", "why"), [
    (b"", NOT_DER),
    (b"0", f"offset 0: {CUT}"),
    (b"0\x03\2\x82\1", f"offset 2: {CUT}"),
    (b"0\x80" * 5000, f"offset 0: {LENGTH}"),
    (b"0\x81\x7f" + bytes(127), f"offset 0: {LENGTH}"),
    (tlv(0x30, b"\x1f\x81\x80\x80\x80\x00\x00"), "offset 2: the number of its tag is too high"),
    (tlv(0x30, b"\x1f\x02\x01\x00"),
     "offset 2: the number of its tag is not written as DER requires"),
    (tlv(0x30, b"\x1f\x1f\0"), ""),
    (tlv(0x30, b"\x1f\xff"), f"offset 2: {CUT}"),
    (nested(0x30, 40), ""),
    (nested(0x30, 41), "offset 80: nested more than 40 levels deep"),
    (b"0" * der.MAX_SIZE, "offset 48: the element around it ends before this SEQUENCE does"),
    (b"0" * (der.MAX_SIZE + 1),
     "it has more than 131072 bytes, too many for a key or a certificate"),
    *((tlv(0x30, integer(1), tlv(tag, content), b"\6\0"),
       f"offset 5: this {kind} is not written as DER requires")
      for kind, tag, content in (
          ("INTEGER", 2, b""), ("INTEGER", 2, b"\0\x7f"), ("INTEGER", 2, b"\xff\x80"),
          ("OID", 6, b""), ("OID", 6, b"\x2a\x80\1"), ("OID", 6, b"\x80\x2a"),
          ("OID", 6, b"\x2a\x80"),
      )),
    (tlv(0x30, b"\2\1\0") + b"\n", "offset 5: the document ends here, but the file continues"),
    (pkcs1()[:-1], "offset 1059: the file ends before this INTEGER does"),
])  # fmt: skip
def test_the_place_where_a_file_breaks_is_named(data: bytes, why: str) -> None:
    assert read(data)[1] == why


def test_der_in_a_string_is_read_if_it_is_one_whole_element() -> None:
    one = integer(1)
    for string, tags in (
        (tlv(4, one), ["INTEGER"]),
        (tlv(3, b"\0", one), ["INTEGER"]),
        (tlv(4, tlv(0x30, tlv(3, b"\0", one))), ["SEQUENCE", "BIT STRING", "INTEGER"]),
        (tlv(4, one[:-1]), []),
        (tlv(3), []),
        (tlv(3, b"\1", one), []),
    ):
        assert [element.tag for element in der.read(string)[0].all()][1:] == tags
    assert len(list(der.read(nested(4, 5000, one))[0].all())) == der.MAX_DEPTH


def test_what_can_be_read_of_a_damaged_file_or_of_ber() -> None:
    for data, expected in (
        (pkcs1()[:600], {(0, 600), (4, 3), (7, 261), (268, 5), (273, 260), (533, 67)}),
        # X.690 section 8.1.3.6: two zero octets end an element of indefinite length.
        (b"\x30\x80" + b"\x30\x80" + integer(0) + bytes(2) + integer(1) + bytes(2),
         {(0, 14), (2, 7), (4, 3), (9, 3)}),
        (tlv(0x30, bytes(2), integer(1)), {(0, 7), (2, 2), (4, 3)}),
    ):  # fmt: skip
        assert places(read(data)[0]) == expected


def test_a_value_is_cut_to_the_width_of_the_terminal(show: Show, monkeypatch: Patch) -> None:
    Path("a.csr").write_bytes(as_der(request(san(f"{'a' * 60}.example.com"))))
    for columns, width, end in ((80, 100, "aa…"), (130, 130, "aa…"), (145, 145, 'example.com"')):
        monkeypatch.setenv("COLUMNS", str(columns))
        (line,) = [line for line in show("--bytes", "a.csr")[1].splitlines() if "dNSName" in line]
        assert (len(line), line.endswith(f"{end}  -- a domain name")) == (width, True)
