"""show: what Let's Encrypt would say, what belongs together, messages and exit status."""

import random
import re
import time
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from common import wrapping
from common.show import chain
from common.show.values import Name
from tests import odd
from tests.conftest import ROOT, Patch, Show, pem_of
from tests.made import (
    CA,
    EC,
    LEAF,
    MIDDLE,
    OTHER,
    ROOT_CA,
    RSA,
    SHA256,
    altered,
    as_der,
    certificate,
    integer,
    openssl,
    request,
    san,
    tlv,
    write,
)

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import PrivateFormat

ALL = "accepts it (classic, tlsserver, shortlived)"
NO_NAME = "rejects it: it asks for no name"
ONLY = "a name has only letters, digits, hyphens and dots (RFC 5890)"
NOT_ALLOWED = "its subject has a value that is too large, or that its type does not allow"
LARGE = "2.5.4.2147483648"
HUGE = [  # numbers that Python refuses to turn into text: a path length, a TLS feature
    x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), tlv(0x30, integer(1 << 15_000)))
    for oid in ("2.5.29.19", "1.3.6.1.5.5.7.1.24")
]


def odd_request(**fields: bytes) -> bytes:
    return odd.request(random.Random(1), set(), (), **fields)


VERDICTS = [
    (request(san("a.com", "A.com"), cn="A.COM"), ALL),
    (request(san("a.com"), key=RSA, algorithm=hashes.SHA384()), ALL),
    (request(san("a.com"), algorithm=hashes.SHA512()), ALL),
    (request(san(*(f"{n}.a.com" for n in range(26)))), "accepts it (classic)"),
    (request(san(x509.IPAddress(ip_address("::ffff:8.8.8.8")))), "accepts it (shortlived)"),
    (request(), NO_NAME),
    (odd_request(attributes=b""), "rejects it: it lacks the field for attributes"),
    (request(san("a.com"), cn="My Server"), f"rejects it: 'my server' contains ' '; {ONLY}"),
    (request(cn="a_"), f"rejects it: 'a_' contains '_'; {ONLY}"),
    (request(san(80 * "a" + "_")), f"rejects it: '{80 * 'a'}' contains '_'; {ONLY}"),
    (odd_request(version=integer((1 << 63) - 1)), ALL),
    (odd_request(version=integer(1 << 63)), "rejects it: its version has more than 8 bytes"),
    *((odd_request(subject=odd.unit(value)), expected)
      for values, expected in ((odd.READ, ALL), (odd.UNREAD, f"rejects it: {NOT_ALLOWED}"))
      for value in values.split()),
    (odd_request(subject=odd.named(LARGE, tlv(12))), f"rejects it: {NOT_ALLOWED}"),
    (odd_request(extensions=odd.listed(odd.SAN, odd.sequence(LARGE, tlv(4)))),
     "rejects it: the OID of an extension is too large"),
    # Go does not take all types of a CN for text.
    *((odd_request(subject=odd.name("a.com", tag), attributes=tlv(0xA0)), expected)
      for tag, expected in zip((26, 28, 4, 20), (*3 * [NO_NAME], ALL), strict=True)),
    (request(cn="fe80::1%eth0"), "rejects it: its CN is an IP address; it asks for no name"),
    (request(cn="\u0130\u212a.com"), ALL),  # to Go's strings.ToLower, ik.com
    (request(san("a.com"), x509.TLSFeature([x509.TLSFeatureType.status_request]), critical=True),
     "rejects it: it asks for must-staple"),
    (request(san("a.com"), *HUGE), ALL),
]  # fmt: skip
NO_LIST = "its subject alternative name is not a list of names"


def is_like(pattern: str, line: str) -> bool:
    """Return whether a line is as in a pattern, where "*" is any text."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), line) is not None


def test_a_verdict_on_a_request_is_that_of_boulder(show: Show) -> None:
    for csr, expected in VERDICTS:
        write("a.csr", csr)
        status, out, err = show("a.csr")
        assert status == bool(err) == ("not valid" in expected)
        assert is_like(f"  Let's Encrypt  {expected}", out.splitlines()[-1])
    write("account.key", EC)
    its_key = "  Let's Encrypt  rejects it: its key is the account key\n"
    assert its_key in show("a.csr", "account.key")[1]


def test_a_verdict_looks_at_the_encoding_of_a_key_and_at_the_signature(show: Show) -> None:
    write("a.key", EC)
    openssl("ec -in a.key -conv_form compressed -out compressed.key")
    openssl("genpkey -algorithm RSA-PSS -out pss.key")
    for name in ("compressed", "pss"):
        openssl(f"pkey -in {name}.key -pubout -out {name}.pub")
        openssl(f"req -new -key {name}.key -subj /CN=a.com -out {name}.csr")
    openssl("req -new -key a.key -sha1 -subj /CN=a.com -out sha1.csr")
    spki, point = as_der(RSA.public_key()), as_der(EC.public_key())
    write("no-null.pub", b"\x30\x82\x01\x20\x30\x0b" + spki[6:17] + spki[19:])
    more = tlv(0x30, spki[4:19], tlv(3, b"\0", spki[24:], integer(1)))
    traits = {"another key", "two lists of extensions"}
    write("more.csr", odd.request(random.Random(1), traits, [more]))
    write("off-curve.pub", point[:-1] + bytes([point[-1] ^ 1]))
    write("even.pub", spki[:-1] + b"\2")  # its exponent
    write("more.pub", tlv(0x30, tlv(0x30, spki[6:19], b"\5\0"), spki[19:]))
    accepted = "accepts it, for an account or a certificate"
    copied = "but not in a request made by openssl req, which copies its encoding"
    unusual = "(a compressed or hybrid point, an unnamed curve or RSA without NULL)"
    for path, expected in (
        ("no-null.pub", accepted),  # OpenSSL adds it
        ("compressed.key", f"{accepted}, {copied}"),
        ("compressed.pub", f"rejects it: it is encoded unusually {unusual}"),
        ("compressed.csr", "rejects it: its key is encoded unusually (*)"),
        ("pss.key", "rejects it: it is an RSA-PSS key, *"),
        ("pss.csr", "rejects it: its key is an RSA-PSS key, *"),
        ("more.csr", "cannot be judged here: its extensionRequest *; the key is encoded unusually"),
        ("even.pub", "rejects it: it has *exponent*"),  # some releases of cryptography read it
        ("more.pub", "cannot be judged here: the key cannot be read"),
        ("off-curve.pub", "rejects it: it is not a point on a curve that a public CA may sign"),
        ("sha1.csr", "rejects it: its signature is ECDSA with SHA-1"),
    ):
        out = show(path)[1]
        assert is_like(f"  Let's Encrypt  {expected}", out.splitlines()[-1]), path
        is_red = "Let&#x27;s Encrypt</dt><dd><strong>" in show("--html", path)[1]
        assert is_red == ("rejects it: " in out)


@pytest.mark.parametrize(("old", "new", "fault"), [
    ("0101ff", "010101", "the critical field of an extension is neither TRUE nor FALSE"),
    ("0603551d0f", "0603551d11", "it has the extension subject alternative name twice"),
    ("0409300782", "0509300782", "its extensionRequest does not hold one list of extensions"),
    ("8205612e", "8705612e", "it has an IP address of 5 bytes"),
    ("0409300782", "0409050782", NO_LIST),
    ("8205612e", "9f21042e", "it has a name of a kind with a number above 30"),
])  # fmt: skip
def test_damaged_extensions_are_shown(old: str, new: str, fault: str, show: Show) -> None:
    """What Go's x509.ParseCertificateRequest refuses is shown all the same."""
    data = as_der(request(san("a.com"), x509.KeyUsage(True, *[False] * 8), critical=True))
    assert bytes.fromhex(old) in data
    write("a.csr", data.replace(bytes.fromhex(old), bytes.fromhex(new)))
    status, out, err = show("a.csr")
    verdict = "cannot be judged here" if " list of " in fault else "rejects it"
    assert (status, f"  Let's Encrypt  {verdict}: {fault}" in out) == (1, True)
    assert f"show: error: a.csr: {fault}; programs may refuse it\n" in err
    is_read = fault not in ("it has an IP address of 5 bytes", NO_LIST)
    assert ("  names          cannot be read here\n" not in out) == is_read
    assert show("--bytes", "a.csr")[::2] == (0, "")


def test_an_ipv4_address_in_an_ipv6_address_is_that_address() -> None:
    mapped, plain = (Name("IP", ip_address(text)) for text in ("::ffff:1.2.3.4", "1.2.3.4"))
    assert mapped.lower() == plain


# The OIDs of P-256 and of ECDSA with SHA-256, each with one that is not known.
ECDSA = [bytes.fromhex(f"06082a8648ce3d0403{last}") for last in ("02", "09")]
CURVE, UNKNOWN = (bytes.fromhex(f"06082a8648ce3d0301{last}") for last in ("07", "7f"))
DAMAGED = b"-----BEGIN CERTIFICATE-----\nMIIBIDCBx6ADAgEC\n-----END CERTIFICATE-----\n"
IDS = [x509.RegisteredID(x509.ObjectIdentifier(oid)) for oid in ("1.2.3", "1.2.4")]

FILES: dict[str, list[Any]] = {
    **{f"{n}.key": [ec.derive_private_key(n, ec.SECP256R1())] for n in range(2, 6)},
    "a.key": [EC],
    "other.key": [OTHER],
    "ca.key": [CA],
    "ec/account.key": [EC],
    "account.key": [RSA],
    "csr/account.key": [request()],
    "account.pub": [RSA.public_key()],
    "a.csr": [request(san("example.com", "www.example.com", "mail.example.com", *IDS))],
    "b.csr": [request(san("b.com"))],
    "same.csr": [request(san("www.example.com"), cn="EXAMPLE.com")],
    "server.csr": [request(san("www.example.com", "example.com"), cn="My Server")],
    "nothing.csr": [request()],
    "other.csr": [request(san("example.com"), key=OTHER)],
    "forged.csr": [altered(request(san("a.com")), b"a.com", b"b.com")],
    "unknown.csr": [altered(request(), CURVE, UNKNOWN)],
    "unchecked.pem": [altered(one, *ECDSA) for one in (LEAF, MIDDLE, ROOT_CA)],
    "odd.csr": [altered(request(), ECDSA[0], b"\6\x08" + 8 * b"\x80")],
    "odd.pem": [wrapping.pem_of("CERTIFICATE", tlv(48, b"\5\0"))],
    "unknown.pub": [as_der(EC.public_key()).replace(CURVE, UNKNOWN)],
    "unlike.pub": [as_der(OTHER.public_key()).replace(CURVE, UNKNOWN)],
    "leaf.pem": [LEAF],
    "chain.pem": [LEAF, MIDDLE, ROOT_CA],
    "ca.pem": [MIDDLE, ROOT_CA],
    "haproxy.pem": [
        *(b"0 s:CN = example.com\n", LEAF, MIDDLE),
        *(wrapping.pem_of("EC PARAMETERS", CURVE), EC),
    ],
    "namesake.pem": [certificate("example.com", signer=EC), certificate("CA", CA)],
    "mixed.key": [as_der(EC)[:-65] + as_der(OTHER)[-65:]],  # which end in the point
    "damaged": [DAMAGED],
    "damaged.p7b": [DAMAGED.replace(b"CERTIFICATE", b"PKCS7")],
    "crl": [wrapping.pem_of("X509 CRL", b"0\0").replace(b"\n", b" ")],
    "two": [LEAF, DAMAGED],
    "no-primes.key": [tlv(48, *map(integer, [0, 3 * 5, 3, 3, *[0] * 5]))],
    "cut": [as_der(EC)[:-1]],
    "text.key": [b"-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----\n"],
    "secret": [b"x\n"],
    "old.key": [pem_of(EC, b"x")],
    "new.key": [pem_of(EC, b"x", PrivateFormat.PKCS8)],
}

TOGETHER = (ROOT / "tests" / "data" / "together.txt").read_text("utf-8")


@pytest.mark.parametrize("case", TOGETHER.strip().split("\n\n"))
def test_what_is_said_of_files_and_the_exit_status(case: str, show: Show) -> None:
    """A case is a line of files, then what show says of them together and what is wrong."""
    files, *expected = case.splitlines()
    for path in FILES.keys() & files.split():
        Path(path).parent.mkdir(exist_ok=True)
        write(path, *FILES[path])
    status, out, err = show(*files.split())
    _, _, together = out.partition("\n\nWhat belongs together:\n")
    found = [line.removeprefix("  ") for line in together.splitlines()]
    found += [line.removeprefix("show: ") for line in err.splitlines()]
    for line, pattern in zip(found, expected, strict=True):
        assert is_like(pattern, line), line
    assert status == ("error: " in err)


STAGING = "(STAGING) Pseudo Plum E5"
STAGED = (
    certificate("example.com", issuer=STAGING, signer=OTHER),
    certificate(STAGING, OTHER, issuer="Root"),
)


@pytest.mark.parametrize(("warning", "certificates"), [
    (": the certificate of its issuer is missing, so many clients will reject it; append it (an "
     "ACME client's fullchain.pem holds both)", [LEAF]),
    (" (2 of 3): the same certificate is there twice; remove one of them", [LEAF, LEAF, MIDDLE]),
    (": this is from Let's Encrypt's staging environment, which no browser trusts; get a "
     "certificate from the production environment", STAGED),
    (": the certificates are in the wrong order; put each one before its issuer's",
     [LEAF, ROOT_CA, MIDDLE]),
    (": the first certificate is a CA's; put the server's certificate first", [MIDDLE, LEAF]),
    (": this is a CA's certificate, and no given key fits it; give the server's certificate",
     [MIDDLE, ROOT_CA]),
    ("", [LEAF, MIDDLE, certificate("Root", OTHER, issuer="Old", signer=RSA), ROOT_CA]),
    (" (1 of 2): it encodes the name of its issuer differently from chain.pem (2 of 2), so "
     "programs in Go reject it; ask the CA for another",
     [certificate("example.com", issuer=" ca "), MIDDLE]),
])  # fmt: skip
def test_a_chain(warning: str, certificates: list[x509.Certificate], show: Show) -> None:
    write("a.key", EC)
    write("chain.pem", *certificates)
    status, _, err = show("a.key", "chain.pem")
    assert (status, err.count("\n")) == (0, bool(warning))
    assert err.rstrip() == (warning and f"show: warning: chain.pem{warning}")
    assert ("<h2>Warnings</h2>" in show("--html", "a.key", "chain.pem")[1]) == bool(warning)


def test_what_clients_make_of_the_names_is_shown(show: Show) -> None:
    subject = x509.Name([x509.NameAttribute(x509.ObjectIdentifier("2.5.29.17"), "example.com")])
    only_text = "none: the subjectAltName in the subject is only text, which programs ignore"
    for csr, words in (
        # dehydrated#1003, lego#1341: some clients need a CN, or need it among the names
        (request(san("www.example.com"), cn="example.com"),
         "DNS:www.example.com, and the CN example.com, which is not in the SAN"),
        # certbot#1796: a SAN as it is given to other programs, in the subject
        (request(cn="DNS:example.com"), only_text),
        (x509.CertificateSigningRequestBuilder(subject).sign(EC, SHA256), only_text),
    ):  # fmt: skip
        write("a.csr", csr)
        assert f"  names          {words}\n" in show("a.csr")[1]
    write("a.csr", request(san(), critical=True))
    assert "  names          none\n" in show("a.csr")[1]
    assert "  extensions     subject alternative name (critical): empty\n" in show("a.csr")[1]
    write("a.csr", odd_request(extensions=odd.listed(tlv(48, tlv(6, 33 * b"*"), tlv(4)))))
    assert "  extensions     an unknown OID\n" in show("a.csr")[1]


def test_what_the_standard_leaves_open_and_what_is_damaged_is_shown(show: Show) -> None:
    other = x509.OtherName(x509.ObjectIdentifier("1.2.3"), tlv(12, b"x"))
    write("a.csr", request(san(other)))
    assert ' UTF8String "x"\n' in show("--bytes", "a.csr")[1]
    write("a.csr", as_der(request()).replace(ECDSA[0], ECDSA[0][:-1] + b"\x80"))
    assert " SEQUENCE certificationRequestInfo  " in show("--bytes", "a.csr")[1]
    write("a.csr", odd_request(subject=odd.unit("0c05616263")))
    assert " UTF8String (cut off) value: 0x616263  " in show("--bytes", "a.csr")[1]
    write("a.csr", odd_request(subject=odd.unit("2c03040161")))  # text in pieces
    assert "  subject        OU=040161\n" in show("a.csr")[1]
    key = as_der(EC.public_key())
    write("a.pub", tlv(48, key[2:23], tlv(0x23, key[23:])))  # bits in pieces
    assert show("--bytes", "a.pub")[1].startswith("a.pub: Not a complete key, ")


def test_work_and_output_are_bounded(show: Show, monkeypatch: Patch) -> None:
    """Each of hundreds of CAs with one name could have issued each other."""
    keys = [ec.derive_private_key(number + 2, ec.SECP256R1()) for number in range(200)]
    write("cas.pem", *(certificate("CA", key, issuer="CA", signer=OTHER) for key in keys))
    started = time.process_time()
    status, _, err = show("cas.pem")
    assert (status, len(err.splitlines())) == (1, 200)
    assert time.process_time() - started < 2
    write("chain.pem", LEAF, certificate("CA", RSA), MIDDLE)
    assert show("chain.pem")[0] == 0
    monkeypatch.setattr(chain, "_MOST_CHECKS", 1)  # each certificate has one check all the same
    assert show("chain.pem")[0] == 1  # the first CA did not sign it; the second is not tried
    for number, last in (
        (199, "a.pem (200 of 200) and a.pem (199 of 200) belong together"),
        (202, "and more, which is left out"),
    ):
        write("a.pem", *[EC.public_key()] * number, request())
        _, *lines = show("a.pem")[1].partition("What belongs")[2].splitlines()
        assert (len(lines), lines[-1]) == (200 + (number == 202), f"  {last}")
