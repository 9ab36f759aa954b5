"""show: the whole page about one key, request or certificate of each kind, and all its DER.

Keys and dates are fixed, and RSA signs, so that each page stays the same. NAME.txt in data/show has
the page and the DER of NAME. To write it anew, delete it and run the test twice.
"""

import os
from datetime import datetime, timedelta, timezone, tzinfo
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from common.show import describe
from tests.conftest import ARTICLE, ROOT, Show
from tests.made import RSA, SHA256, integer, san, tlv, write

import pytest
from Crypto.PublicKey.RSA import construct
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

GOLDEN = ROOT / "tests" / "data" / "show"
DER, PEM, PLAIN = Encoding.DER, Encoding.PEM, NoEncryption()
PKCS8, OLD = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL
NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)

P256, P384 = (ec.derive_private_key(379, curve) for curve in (ec.SECP256R1(), ec.SECP384R1()))
ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = load_pem_private_key((ARTICLE / "rsa4096.key").read_bytes(), None)


def oid(dotted: str) -> x509.ObjectIdentifier:
    return x509.ObjectIdentifier(dotted)


def usage(bits: str) -> x509.KeyUsage:
    return x509.KeyUsage(*(bit == "1" for bit in bits))


def name(*pairs: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in pairs])


CN = NameOID.COMMON_NAME
P, Q = (1 << 4096) - 1, (1 << 4096) - 3  # not primes
DISAGREES = construct((P * Q, 65537, 3, P, Q), consistency_check=False)
COUNTRY = (NameOID.COUNTRY_NAME, "DE")
SUBJECT = name(COUNTRY, (NameOID.ORGANIZATION_NAME, "A, B"), (CN, "old"), (CN, "b.com"))
NAMES = san(
    *("a.com", "*.a.com"),
    x509.IPAddress(ip_address("192.0.2.1")),
    x509.IPAddress(ip_address("2001:db8::1")),
    x509.RFC822Name("a@a.com"),
    x509.UniformResourceIdentifier("urn:a"),
    x509.DirectoryName(name(COUNTRY, (CN, "x"))),
    x509.RegisteredID(oid("1.2.3")),
)
TLS_FEATURE = x509.TLSFeature(
    [x509.TLSFeatureType.status_request, x509.TLSFeatureType.status_request_v2]
)
UNKNOWN = x509.UnrecognizedExtension(oid("1.2.3.4"), b"\4\1\7")
SCT = b"\0" + bytes(range(32)) + bytes(7) + b"\1\0\0\4\3\0\2\5\0"
SCT_LIST = (2 * (len(SCT) + 2)).to_bytes(2, "big") + 2 * (len(SCT).to_bytes(2, "big") + SCT)
SCTS = x509.UnrecognizedExtension(
    oid("1.3.6.1.4.1.11129.2.4.2"), b"\4" + bytes([len(SCT_LIST)]) + SCT_LIST
)


def request(
    subject: x509.Name, *extensions: tuple[x509.ExtensionType, bool], password: bytes = b""
) -> x509.CertificateSigningRequest:
    builder = x509.CertificateSigningRequestBuilder(subject)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    if password:
        builder = builder.add_attribute(x509.oid.AttributeOID.CHALLENGE_PASSWORD, password)
    return builder.sign(RSA, SHA256)


def certificate(
    subject: str,
    *extensions: tuple[x509.ExtensionType, bool],
    issuer: str = "CA",
    days: float = 90,
    start: float = -1,
    key: Any = RSA,
) -> x509.Certificate:
    builder = x509.CertificateBuilder(
        name((CN, issuer)) if issuer else name(),
        name((CN, subject)) if subject else name(),
        key.public_key(),
        0xABCDEF,
    )
    builder = builder.not_valid_before(NOW + timedelta(start))
    builder = builder.not_valid_after(NOW + timedelta(days))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(RSA, SHA256)


CSR = request(
    SUBJECT,
    (NAMES, False),
    (usage("100000100"), True),
    (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, oid("1.2.3")]), False),
    (x509.BasicConstraints(ca=False, path_length=None), False),
    (TLS_FEATURE, False),
    (UNKNOWN, True),
    password=b"hunter22",
)
ODD = (  # a time that is none, and FALSE where it goes without saying
    certificate("a.com", (usage("000010001"), True), days=365 * 40)
    .public_bytes(DER)
    .replace(b"291231000000Z", b"2912310000\x1b0Z")
    .replace(b"\x01\x01\xff", b"\x01\x01\0")
)
ALGORITHM = tlv(0x30, tlv(6, b"\x2a\x03"))
FIELDS = (integer(0), tlv(0x30), tlv(0x30, ALGORITHM, tlv(3, b"\0\1")))
VALUES = tlv(0x30, tlv(6, b"\x2a\x04"), tlv(0x31,
    *(tlv(1, value) for value in (b"\0", b"\xff", b"\1")),
    *(tlv(2, value) for value in (b"", b"\0", b"\xff", b"\x80" + bytes(7), b"\1" + bytes(8))),
    *(tlv(2, b"\0" * zero + b"\x81" * size) for zero in (0, 1) for size in (20, 21, 64)),
    *(tlv(4, b"\x81" * size) for size in (0, 1, 20, 21, 64)),
    *(tlv(3, value) for value in (b"\0", b"\0\x81", b"\1\x82", b"\0\2\1\7", b"\1\2\1\7")),
    *(tlv(4, value) for value in (b"\2\1\7", b"\2\1\7\2\1\7", b"\2\1")),
    *(tlv(tag) for tag in (5, 6, 0x30, 0x31)),
    tlv(5, b"\1"),
    *(tlv(6, value) for value in (
        b"\0", b"\x27", b"\x28", b"\x4f", b"\x50", b"\x78", b"\x81\x34\3", b"\x88\x37\x81",
        b"\x2a\x86\x48\x86\xf7\x0d\1\1\1", b"\x2a" * 32, b"\x2a" * 33)),
    *(tlv(23, value) for value in (b"500101000000Z", b"491231235959Z", b"4912312359Z", b"\xe9")),
    *(tlv(24, value) for value in (b"20500101000000Z", b"500101000000Z", b"20501301000000Z")),
    *(tlv(tag, "é\n\"".encode("latin-1")) for tag in (12, 18, 19, 20, 22, 26)),
    tlv(12, "é".encode()), tlv(28, "é".encode("utf-32-be")), tlv(30, "é".encode("utf-16-be")),
    tlv(28, b"\0\0\0"), tlv(30, b"\xd8\0"), tlv(12, b"x" * 71), tlv(12, b"x" * 200),
    *(tlv(tag, b"\7") for tag in (0, 7, 10, 0x41, 0x80, 0x87, 0x9E, 0xC1, 0x10, 0x11)),
    *(tlv(tag, b"\2\1\7") for tag in (0x22, 0x61, 0xA5, 0xE1, 0x27)),
))  # fmt: skip


PBKDF2 = tlv(48, bytes.fromhex("06092a864886f70d01050c"), tlv(48, tlv(4, bytes(32)), integer(2048)))
AES = tlv(48, bytes.fromhex("060960864801650304012a"), tlv(4, bytes(16)))
PBES2 = tlv(
    48, bytes.fromhex("06092a864886f70d01050d"), tlv(48, PBKDF2, AES)
)  # RFC 8018 appendix A
SUBJECT_KEY_ID = x509.SubjectKeyIdentifier(b"\1\2\3")
AUTHORITY_KEY_ID = x509.AuthorityKeyIdentifier(b"\1\2\3", None, None)
LEAF = certificate(
    "a.com",
    (NAMES, True),
    (AUTHORITY_KEY_ID, False),
    (x509.CertificatePolicies([x509.PolicyInformation(oid("2.23.140.1.2.1"), None)]), False),
    (SCTS, False),
    key=P256,
)
CA = certificate(
    "CA", (x509.BasicConstraints(ca=True, path_length=0), True), (SUBJECT_KEY_ID, False), start=2
)
FILES: dict[str, bytes] = {
    "pkcs1.key": RSA.private_bytes(PEM, OLD, PLAIN),
    "p384.key": P384.private_bytes(PEM, OLD, PLAIN),
    "ed25519.key": ED25519.private_bytes(PEM, PKCS8, PLAIN),
    "dsa.key": (GOLDEN / "dsa.key").read_bytes(),
    "disagrees.key": DISAGREES.export_key("DER"),
    "p256.pub": P256.public_key().public_bytes(DER, PublicFormat.SubjectPublicKeyInfo),
    "all.csr": CSR.public_bytes(PEM),
    "damaged-san.csr": request(name(), (NAMES, False))
    .public_bytes(DER)
    .replace(b"\x82\x05a.com", b"\x82\x05a.\xe4om")
    .replace(b"\x88\x02\x2a\x03", b"\x89\x02\x2a\x03"),
    "odd.der": ODD,
    "values.csr": tlv(0x30, tlv(0x30, *FIELDS, tlv(0xA0, VALUES)), ALGORITHM, tlv(3, b"\1\2")),
    "encrypted.der": tlv(48, PBES2, tlv(4, bytes(64))),
    "misfit.csr": request(name(), (x509.BasicConstraints(ca=False, path_length=None), False))
    .public_bytes(DER)
    .replace(b"\4\2\x30\0", b"\4\2\x05\0"),
    "leaf.pem": LEAF.public_bytes(PEM),
    "ca.der": CA.public_bytes(DER),
    "forged.pem": certificate("CA", days=10)
    .public_bytes(DER)
    .replace(b"\xab\xcd\xef", b"\xab\xcd\xee"),
}


class Clock(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Clock":
        assert tz is timezone.utc
        return cls(2030, 1, 1, tzinfo=tz)


@pytest.mark.parametrize("file", FILES)
def test_what_show_prints_stays_the_same(
    file: str, show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(describe, "datetime", Clock)
    Path(file).write_bytes(FILES[file])
    Path(file).chmod(0o640 if "pkcs1" in file else 0o604 if "p384" in file else 0o600)
    told = ""
    for arguments in ([file], ["--bytes", file]):
        status, out, err = show(*arguments)
        told += f"$ show {' '.join(arguments)}\n{out}{err}exit status {status}\n\n"
    golden = GOLDEN / f"{file}.txt"
    if not golden.exists():
        golden.write_text(told, "utf-8")
        pytest.fail(f"{golden} has been written; read it, and run the test again")
    expected = golden.read_text("utf-8").splitlines()
    is_shown = [os.name == "posix" or not line.startswith("  file mode ") for line in expected]
    assert told.splitlines() == [line for line, yes in zip(expected, is_shown, strict=True) if yes]


SECOND, MINUTE, HOUR = 1 / 86400, 1 / 1440, 1 / 24


def test_the_time_left_is_rounded(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describe, "datetime", Clock)
    for start, days, words in (
        (-9, -3, "expired 3 days ago"),
        (-9, 0, "expires in a moment"),
        (-9, 29 * SECOND, "expires in a moment"),
        (-9, 31 * SECOND, "expires in 1 minute"),
        (-9, 31 * MINUTE, "expires in 1 hour"),
        (-9, 13 * HOUR, "expires in 1 day"),
        (SECOND, 9, "becomes valid in a moment"),
        (2, 9, "becomes valid in 2 days"),
    ):
        write("a.pem", certificate("a.com", start=start, days=days))
        last = f"{NOW + timedelta(days):%Y-%m-%d %H:%M:%S} UTC"
        assert f"  valid until    {last}, {words}\n" in show("a.pem")[1]


def test_an_issuer_is_named_by_the_identifier_of_its_key(show: Show) -> None:
    write("leaf.pem", LEAF)
    write("ca.pem", CA)
    other_id = x509.SubjectKeyIdentifier(b"\4")
    write("other.pem", certificate("CA", (other_id, False), issuer="Root", key=OTHER))
    status, out, err = show("leaf.pem", "other.pem", "ca.pem")
    assert (status, "leaf.pem" in err) == (0, False)
    assert out.partition("together:\n")[2] == "  leaf.pem is issued by ca.pem\n"
    status, _, err = show("leaf.pem", "other.pem")
    assert (status, "leaf.pem: the certificate of its issuer is missing" in err) == (0, True)
