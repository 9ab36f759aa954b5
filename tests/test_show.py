"""show: its options, and what it says of keys of all kinds; nothing secret."""

import re
from pathlib import Path
from typing import Any

from common import der, shell, wrapping
from common.show import describe, opening, parts, signature
from tests.conftest import ROOT, Patch, Show, command_of, on_a_terminal
from tests.leaks import leaks
from tests.made import (
    EC,
    LEAF,
    OTHER,
    RSA,
    as_der,
    as_pem,
    integer,
    openssl,
    pkcs1,
    request,
    san,
    tlv,
    write,
)

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519, padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

ED = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
DSA: Any = load_pem_private_key((ROOT / "tests" / "data" / "show" / "dsa.key").read_bytes(), None)
SEC1 = EC.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def test_wrong_usage(show: Show) -> None:
    see = f"; see {shell.module('common.show')} --help\n"
    unused = "--account-key is not for --bytes or --public; leave it out\n"
    secret = "--passphrase-file is not for --bytes, which decrypts nothing; leave it out\n"
    for arguments, message in (
        ("", f"the following arguments are required: FILE{see}"),
        ("--public --bytes a", f"argument --bytes: not allowed with argument --public{see}"),
        ("--public --account-key b a", unused),
        ("--bytes --account-key b a", unused),
        ("--bytes --passphrase-file b a", secret),
    ):
        assert show(*arguments.split()) == (2, "", f"show: error: {message}")


@pytest.mark.parametrize(("module", "function", "options"), [
    (parts, "read", ["--html"]),
    (opening, "opened", []),
    (opening, "unopened", ["--bytes"]),
    (describe, "page", ["--html"]),
])  # fmt: skip
def test_a_bug_with_one_file_does_not_hide_the_others(
    module: Any, function: str, options: list[str], show: Show, monkeypatch: Patch
) -> None:
    works = getattr(module, function)

    def fails(subject: Any, *others: Any) -> Any:
        if "odd.csr" in repr(subject):
            raise BaseException("secret")  # as a panic in Rust does
        return works(subject, *others)

    monkeypatch.setattr(module, function, fails)
    write("odd.csr", request())
    write("a.csr", request())
    status, out, err = show(*options, "odd.csr", "a.csr")
    assert (status, "a.csr" in out, "secret" in out + err) == (1, True, False)
    assert re.fullmatch(r"show: error: odd.csr: \S+, line \d+: BaseException; undo .*\n", err)


@pytest.mark.posix(reason="a pseudoterminal")
def test_a_page_for_a_browser_does_not_fill_the_terminal(tmp_path: Path) -> None:
    write(str(tmp_path / "a.csr"), request())
    written = on_a_terminal(command_of("common/show", "--html", "a.csr"), tmp_path).written
    assert written == "show: error: --html writes a page for a browser; add > page.html\r\n"


def test_pages_are_apart_and_only_a_long_name_goes_past_column_100(show: Show) -> None:
    name = ".".join(["y-y" * 20] * 4)
    write("a.csr", request(san("a.com", name, *(f"host-{n}.com" for n in range(10, 20)))))
    write("b.csr", request(san("b.com")))
    assert f" DNS:{name},\n" in show("a.csr")[1]
    assert show("--html", "absent")[1] == ""
    assert f"\n{17 * ' '}DNS:host-14.com, " in show("a.csr")[1]  # which would end in column 101
    for option in ([], ["--bytes"]):
        first, second = show(*option, "a.csr")[1], show(*option, "b.csr")[1]
        assert show(*option, "a.csr", "b.csr", "a.csr")[1] == f"{first}\n{second}"


@pytest.mark.posix(reason="a name with a control character")
def test_nothing_in_a_file_controls_the_terminal(show: Show) -> None:
    write("a\x07.csr", request(san("a.com, DNS:b.com", "b\n.com"), cn="\x1b[2J\u202e\n, CN=b"))
    _, out, err = show("a\x07.csr", "no\x07file")
    assert all(char.isprintable() or char == "\n" for char in out + err)
    assert "  subject        CN='\\x1b[2J\\u202e\\n, CN=b'\n" in out
    assert "  names          'DNS:a.com, DNS:b.com', 'DNS:b\\n.com'," in out


def test_how_a_key_is_encrypted_is_shown(show: Show) -> None:
    write("plain.key", RSA)
    write("secret", b"secret\n")
    for command, form, words in (
        ("pkcs8 -topk8 -v2prf hmacWithSHA1 -v2 aes128", "PKCS#8",
         "PBES2, PBKDF2, 2048 iterations, AES-128-CBC"),
        ("rsa -aes256 -traditional", "PKCS#1",
         "OpenSSL's older form, with MD5 (RFC 1421), AES-256-CBC"),
        ("pkcs8 -topk8 -scrypt", "PKCS#8", "PBES2, scrypt, AES-256-CBC"),
    ):  # fmt: skip
        openssl(f"{command} -in plain.key -passout file:secret -out a.key")
        status, out, _ = show("a.key", "plain.key", "--passphrase-file", "secret")
        assert status == 0
        assert f"  format         {form} PEM (" in out.partition("plain.key:")[0]
        assert f"  encryption     {words}\n" in out
        assert "a.key and plain.key hold the same key\n" in out
    assert "costParameter: 16384  " in show("--bytes", "a.key")[1]
    mixed = as_der(EC).replace(POINT, OTHER_POINT)
    for key, numbers in ((mixed, "not checked (of an unusual kind)"), (pkcs1(d=5), "do not agree")):
        write("plain.key", key)
        openssl("pkcs8 -topk8 -in plain.key -passout file:secret -out a.key")
        out = show("a.key", "--passphrase-file", "secret")[1]
        assert f"  numbers        {numbers}\n" in out
    write("wrong", b"x\n")
    message = "show: error: a.key: OpenSSL cannot open it with this passphrase; try another\n"
    assert show("a.key", "--passphrase-file", "wrong") == (1, "", message)
    headers = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00"  # an IV that is too short
    write("a.key", wrapping.pem_of("RSA PRIVATE KEY", bytes(32), headers))
    assert show("a.key", "--passphrase-file", "secret") == (1, "", message)


def test_public_is_what_openssl_prints(show: Show) -> None:
    openssl("ecparam -genkey -noout -name secp128r1 -out a.key")  # unknown to cryptography
    public = openssl("pkey -in a.key -pubout -out a.pub") + Path("a.pub").read_text()
    for file in ("a.key", "a.pub"):
        assert show("--public", file) == (0, public, "")
    assert "  numbers        not checked (of an unusual kind)\n" in show("a.key")[1]
    write("a.pem", RSA, RSA.public_key(), EC, EC.public_key(), request(), LEAF)
    both = 2 * as_pem(RSA.public_key()) + 4 * as_pem(EC.public_key())
    assert show("--public", "a.pem") == (0, both.decode(), "")
    write("rsa.pub", RSA.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1))
    assert show("--public", "rsa.pub") == (0, as_pem(RSA.public_key()).decode(), "")
    assert "  format         PKCS#1 DER\n" in show("rsa.pub")[1]
    assert " publicExponent: 65537 " in show("--bytes", "rsa.pub")[1]
    for bits, status in ((64, 0), (65, 1)):
        numbers = tlv(0x30, integer(N), integer((1 << bits) - 1))
        for content in (numbers, spki(RSA_ALGORITHM, numbers)):
            write("rsa.pub", content)
            assert show("--public", "rsa.pub")[0] == status


def test_signatures_of_openssl_are_valid(show: Show) -> None:
    write("rsa", RSA)
    write("ec", EC)
    write("dsa", DSA.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    assert show("dsa")[0] == 0
    pss, mask = "-sigopt rsa_padding_mode:pss", "-sigopt rsa_mgf1_md"
    salt = f"{pss} -sigopt rsa_pss_saltlen"
    sha2, sha3 = "sha256 sha384 sha512", "sha3-256 sha3-384 sha3-512"
    for key, digests, option in (
        ("rsa", f"{sha2} md5 sha1 sha224 {sha3}", ""),
        ("rsa", f"sha1 sha224 {sha2}", pss),
        ("rsa", "sha1", f"{salt}:20"),
        ("rsa", "sha256", f"{salt}:0 {mask}:sha1"),
        ("ec", f"{sha2} sha1 sha224 {sha3}", ""),
        ("dsa", "sha1 sha224 sha256", ""),
    ):
        for name in digests.split():
            openssl(f"req -new -key {key} -{name} {option} -subj / -out a.csr")
            is_accepted = name in sha2.split() and key != "dsa" and not option
            words = "" if is_accepted else ", but no public CA accepts this algorithm"
            assert f", valid{words}\n" in show("a.csr")[1], name
    openssl(f"req -new -key rsa -sha256 {salt}:33 -subj / -out a.csr")
    right = wrapping.blocks(Path("a.csr").read_bytes())[0].content
    assert bytes.fromhex("a203020121") in right
    for salt, words in (
        ("a203020120", "not valid"),
        ("82030201ff", "not valid"),  # without the number, it is 20
        ("a2030201ff", "not checked (of an unknown kind)"),  # -1
        ("a303020101", "not valid"),  # the trailer, as it is without it
        ("a303020102", "not checked (of an unknown kind)"),
    ):
        write("a.csr", right.replace(bytes.fromhex("a203020121"), bytes.fromhex(salt)))
        assert f", {words}\n" in show("a.csr")[1]


def test_a_signature_of_another_kind_or_an_unknown_one() -> None:
    ed448_key = ed448.Ed448PrivateKey.generate()
    old = RSA.sign(b"", padding.PKCS1v15(), hashes.SHA1())
    for oid, own, made in (
        ("2b0e03021d", RSA, old),
        ("2b6570", ED, ED.sign(b"")),
        ("2b6571", ed448_key, ed448_key.sign(b"")),
    ):
        algorithm, _ = der.read(tlv(48, tlv(6, bytes.fromhex(oid))))
        assert signature.verify(own.public_key(), algorithm, made, b"") is True
    kinds = {"2a864886f70d01010b": RSA, "2a8648ce3d040302": EC, "608648016503040302": DSA}
    for oid in (*kinds, "2a03"):
        algorithm, _ = der.read(tlv(48, tlv(6, bytes.fromhex(oid))))
        for key in kinds.values():
            is_valid = signature.verify(key.public_key(), algorithm, b"", b"")
            assert is_valid is (None if oid == "2a03" else False)
        # Its key has one algorithm: RFC 8410 section 3.
        assert signature.verify(ED.public_key(), algorithm, ED.sign(b""), b"") is False
    pss = tlv(6, bytes.fromhex("2a864886f70d01010a"))
    for salt in (1000, 1 << 70):  # longer than a signature
        algorithm, _ = der.read(tlv(48, pss, tlv(48, tlv(0xA2, integer(salt)))))
        assert signature.verify(RSA.public_key(), algorithm, b"", b"") is False


def test_a_key_of_an_unknown_kind_is_compared_by_its_bytes(show: Show) -> None:
    gost = tlv(0x30, tlv(6, bytes.fromhex("2a85030701010101")))  # RFC 9215 section 4
    for name in ("a.pub", "b.pub", "other.pub"):
        write(name, tlv(0x30, gost, tlv(3, b"\0", tlv(4, name[1:].encode() * 10))))
    status, out, err = show("a.pub", "b.pub", "other.pub")
    assert (status, err) == (0, "")
    assert "  kind           1.2.643.7.1.1.1.1, which cannot be read here\n" in out
    assert out.endswith("What belongs together:\n  a.pub and b.pub hold the same key\n")
    different = "What belongs together:\n  a.pub and other.pub hold different keys\n"
    assert show("a.pub", "other.pub")[1].endswith(different)
    write("a.key", tlv(0x30, integer(0), gost, tlv(4, tlv(4, bytes(32)))))
    status, out, err = show("a.key")
    assert (status, out) == (1, "")
    assert err.startswith("show: error: a.key: this kind of key cannot be read here (")


IT = RSA.private_numbers()
N, E, D = IT.public_numbers.n, 65537, IT.d
SCALAR = EC.private_numbers().private_value
SCALAR_BYTES = SCALAR.to_bytes(32, "big")
POINT, OTHER_POINT = (as_der(key.public_key())[-65:] for key in (EC, OTHER))
NO_POINT = b"\4" + 2 * SCALAR_BYTES
EC_ALGORITHM = as_der(EC.public_key())[2:23]
RSA_ALGORITHM = as_der(RSA.public_key())[4:19]
ADVICE = "give a key, a request or a certificate"
UNCHECKED = "its numbers cannot be checked here; use openssl pkey"
DISAGREE = "its numbers do not agree; restore a copy of the key"


def assert_hidden(show: Show, number: int, reason: str) -> None:
    """Check that nothing about a.key shows a private number, and why --public prints nothing."""
    for option in ("", "--bytes", "--html", "--public"):
        status, out, err = show(*filter(None, [option]), "a.key")
        assert "BEGIN PUBLIC" not in out
        assert f"{number:x}"[:5] not in out.replace(" ", "")  # how it begins
        assert leaks(out, [number.to_bytes(256, "big").lstrip(b"\0")]) == []
    assert (status, err) == (1, f"show: error: a.key: {reason}\n")


@pytest.mark.parametrize(("version", "reason"), [(0, DISAGREE), (5, UNCHECKED)])
@pytest.mark.parametrize("order", [(N, D, E), (D, E, N), (E, D, N), (D, N, E)])
def test_a_key_whose_numbers_are_swapped_prints_none_of_them(
    order: tuple[int, int, int], version: int, reason: str, show: Show
) -> None:
    """OpenSSL does not look at the version, and cryptography does."""
    n, e, d = order
    write("a.key", wrapping.pem_of("RSA PRIVATE KEY", pkcs1(version, n=n, e=e, d=d)))
    assert_hidden(show, D, reason)


def spki(algorithm: bytes, content: bytes) -> bytes:
    return wrapping.pem_of("PUBLIC KEY", tlv(0x30, algorithm, tlv(3, b"\0", content)))


TWO_NUMBERS = tlv(0x30, integer(N), integer(D))
NOT_RSA = "these are two numbers, but not an RSA public key (a signature has two as well)"


@pytest.mark.parametrize(("content", "number", "reason"), [
    (TWO_NUMBERS, D, f"{NOT_RSA}; {ADVICE}"),
    (tlv(0x30, b"\2\x82\1\0", integer(N)[5:], integer(E)), N, f"{NOT_RSA}; {ADVICE}"),
    (wrapping.pem_of("RSA PUBLIC KEY", b"0\x83\1\xff\xfb\2\x83\1\xff\xf3" + b"\1" * 131_059
                     + integer(3)), D, f"{NOT_RSA}; {ADVICE}"),
    (spki(RSA_ALGORITHM, TWO_NUMBERS), D, UNCHECKED),
    (spki(RSA_ALGORITHM, pkcs1()), D, UNCHECKED),
    (spki(EC_ALGORITHM, SCALAR_BYTES), SCALAR, UNCHECKED),
    (spki(EC_ALGORITHM, tlv(0x30, integer(1), tlv(4, SCALAR_BYTES))), SCALAR, UNCHECKED),
    (spki(EC_ALGORITHM, NO_POINT), SCALAR, UNCHECKED),
    (as_der(request(san("a.com"))).replace(POINT, NO_POINT), SCALAR, UNCHECKED),
    # Parts of a private key, which begin with two numbers.
    (b"\x30\x83\0" + tlv(0x30, integer(D), integer(3))[2:], D,
     "it cannot be read here (offset 0: an indefinite or needlessly long length, which DER does "
     "not allow); use --bytes to see what can be read"),
    (tlv(0x30, integer(3), integer(5), b"\xbf\x15\x1e", pkcs1()[4:]), D,
     f"this is DER, but not a whole key, request or certificate; {ADVICE}"),
])  # fmt: skip
def test_a_private_number_in_the_place_of_a_public_key_is_not_shown(
    content: bytes, number: int, reason: str, show: Show
) -> None:
    write("a.key", content)
    assert_hidden(show, number, reason)
    _, out, _ = show("--bytes", "a.key")
    assert "Nothing in it is secret" not in out
    unsure = "It may (be a damaged private key|hold a private number instead), so only sizes are "
    assert bool(re.search(unsure, out)) != ('[2] dNSName: "a.com"' in out)


PUBLIC = tlv(0x30, integer(N), integer(E))
SECRET = bytes(range(1, 41))  # also an OID


@pytest.mark.parametrize("key", [
    tlv(0x30, RSA_ALGORITHM, tlv(3, b"\0", PUBLIC, tlv(2, SECRET))),
    *(tlv(0x30, integer(0), tlv(0x30, RSA_ALGORITHM[2:13], tlv(tag, SECRET)), tlv(4, pkcs1()))
      for tag in (4, 6)),
])  # fmt: skip
def test_a_place_that_openssl_passes_over_is_not_shown(key: bytes, show: Show) -> None:
    write("a.key", key)
    for option in ("", "--bytes", "--html"):
        status, out, _ = show(*filter(None, [option]), "a.key")
        assert (status, SECRET.hex()[:6] in out.replace(" ", "")) == (0, False)


def v2(key: Any, private: bytes, public: bytes) -> bytes:
    """Return a key in version 2 of PKCS#8, which has the public half at its end (RFC 5958)."""
    algorithm = der.read(as_der(key))[0].children[1].encoded
    return tlv(0x30, integer(1), algorithm, tlv(4, private), tlv(0x81, b"\0", public))


INSIDE = tlv(0x30, integer(1), tlv(4, SCALAR_BYTES))  # without the point


@pytest.mark.parametrize(("key", "status"), [
    (as_der(EC), 0),
    (as_der(EC).replace(POINT, OTHER_POINT), 1),
    (as_der(EC).replace(SCALAR_BYTES, b"\xff" * 32), 1),  # out of range
    (v2(EC, INSIDE, POINT), 0),
    (v2(EC, INSIDE, OTHER_POINT), 1),
    (v2(EC, INSIDE, POINT[:-1]), 1),
    (v2(EC, INSIDE, bytes([2 + POINT[-1] % 2]) + POINT[1:33]), 0),  # compressed
    *((v2(EC, tlv(0x30, integer(1), tlv(4, zero)), POINT), 1) for zero in (b"", bytes(32))),
    (v2(ED, tlv(4, ED.private_bytes_raw()), ED.public_key().public_bytes_raw()), 0),
    (v2(ED, tlv(4, ED.private_bytes_raw()), ED.private_bytes_raw()), 1),
    (SEC1, 0),
    (SEC1.replace(POINT, OTHER_POINT), 1),
    (pkcs1(), 0),
    (pkcs1(p=N, q=1), 1),
    *((pkcs1(**{name: getattr(IT, name) + 1}), 1) for name in ("dmp1", "dmq1", "iqmp")),
    (pkcs1(d=D + IT.p - 1, dmq1=(D + IT.p - 1) % (IT.q - 1)), 1),  # fits modulo p - 1 only
    (pkcs1(d=D + IT.q - 1, dmp1=(D + IT.q - 1) % (IT.p - 1)), 1),
    (wrapping.pem_of("DSA PRIVATE KEY", tlv(0x30, *map(integer, (0, 0, 7, 3, 5, 2)))), 1),
])  # fmt: skip
def test_a_key_whose_numbers_do_not_agree_is_damaged(key: bytes, status: int, show: Show) -> None:
    write("a.key", key)
    for option in ([], ["--public"]):
        found, out, err = show(*option, "a.key")
        assert not (status and re.search("Let's Encrypt  (?!rejects it: )", out))
        assert (found, err) == (status, f"show: error: a.key: {DISAGREE}\n" * status)
        assert ("BEGIN PUBLIC" in out) == (option != [] and not status)
    assert f'"line private {"k" if status else "k1"}"' in show("--html", "a.key")[1]
    write("a.csr", request())
    assert (DISAGREE in show("--account-key", "a.key", "a.csr")[2]) == bool(status)


def test_a_signature_with_unused_bits_is_not_valid(show: Show) -> None:
    content = bytearray(as_der(request(san("a.com"))))
    content[der.read(bytes(content))[0].children[2].start] = 1
    write("a.csr", bytes(content))
    status, out, _ = show("a.csr")
    assert (status, ", not valid\n" in out) == (1, True)
