"""show: what is in keys, requests and certificates."""

import base64
import itertools
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from common import der, wrapping
from common.show import signature
from tests import vectors
from tests.conftest import ARTICLE, ROOT, Show, environment
from tests.made import EC, LEAF, RSA, integer, openssl, request, san, tlv, write

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

SHOW = ROOT / "tests" / "data" / "show"


@pytest.mark.posix(reason="a name with a control character")
def test_nothing_steers_the_terminal(show: Show) -> None:
    names = [f"host{n}.example.com" for n in range(90)]
    write("a\x07.csr", request(san("a.com, DNS:b.com", *names), cn="\x1b[2J\u202e\n, CN=b"))
    _, out, err = show("a\x07.csr", "no\x07file")
    assert all(char.isprintable() or char == "\n" for char in out + err)
    assert "  subject        CN='\\x1b[2J\\u202e\\n, CN=b'\n" in out
    assert "  names          'DNS:a.com, DNS:b.com', DNS:host0" in out
    assert max(map(len, out.partition("  Let's Encrypt")[0].splitlines())) <= 100


def test_how_a_key_is_encrypted(show: Show) -> None:
    write("plain.key", RSA)
    write("secret", b"secret\n")
    for command, form, words in (
        ("pkcs8 -topk8 -v2prf hmacWithSHA1 -v2 aes128", "PKCS#8",
         "PBES2, PBKDF2, 2048 iterations, AES-128-CBC"),
        ("pkcs8 -topk8 -scrypt", "PKCS#8", "PBES2, scrypt, AES-256-CBC"),
        ("rsa -aes256 -traditional", "PKCS#1",
         "OpenSSL's older form, with MD5 (RFC 1421), AES-256-CBC"),
    ):  # fmt: skip
        openssl(f"{command} -in plain.key -passout file:secret -out a.key")
        status, out, _ = show("a.key", "plain.key", "--passphrase-file", "secret")
        assert status == 0
        assert f"  format         {form} PEM (" in out.partition("plain.key:")[0]
        assert f"  encryption     {words}\n" in out
        assert "a.key and plain.key hold the same key\n" in out


def test_a_damaged_setting_of_an_encryption(show: Show) -> None:
    write("plain.key", EC)
    write("secret", b"secret\n")
    openssl("pkcs8 -topk8 -scrypt -outform DER -in plain.key -passout file:secret -out a.key")
    data = Path("a.key").read_bytes()
    cost = bytes.fromhex("02024000020108")  # N = 16384, r = 8: RFC 7914 section 7
    assert cost in data
    write("a.key", data.replace(cost, bytes.fromhex("02024001020108")))
    status, _, err = show("a.key", "--passphrase-file", "secret")
    assert (status, "this passphrase does not open the key" in err) == (1, True)


def test_public_is_what_openssl_prints(show: Show) -> None:
    for command in (
        "genpkey -algorithm RSA",
        "ecparam -genkey -name prime256v1",
        "ecparam -genkey -noout -name secp256k1",
        "genpkey -algorithm ED25519",
    ):
        openssl(f"{command} -out a.key")
        public = openssl("pkey -in a.key -pubout -out a.pub") + Path("a.pub").read_text()
        openssl("pkey -in a.key -outform DER -out a.der")
        for file in ("a.key", "a.der", "a.pub"):
            assert show("--public", file) == (0, public, "")
            assert show(file)[0] == 0
    openssl("ecparam -genkey -noout -name secp128r1 -out a.key")  # unknown to cryptography
    assert "  numbers        not checked (of an unusual kind)\n" in show("a.key")[1]
    write("a.pem", EC, request(), LEAF)
    public = show("--public", "a.pem")[1]
    assert public == 3 * public[: len(public) // 3]


def test_signatures_of_openssl_are_valid(show: Show) -> None:
    write("rsa", RSA)
    write("ec", EC)
    shutil.copy(SHOW / "dsa.key", "dsa")
    sha2, sha3 = "sha224 sha256 sha384 sha512", "sha3-256 sha3-384 sha3-512"
    for key, hashes, option in (
        ("rsa", f"md5 sha1 {sha2} {sha3}", ""),
        ("rsa", f"sha1 {sha2}", "-sigopt rsa_padding_mode:pss"),
        ("ec", f"sha1 {sha2} {sha3}", ""),
        ("dsa", "sha1 sha224 sha256", ""),
    ):
        for name in hashes.split():
            openssl(f"req -new -key {key} -{name} {option} -subj / -out a.csr")
            assert re.search(r"^  signature .*, valid(,|$)", show("a.csr")[1], re.MULTILINE), name


def test_a_signature_of_another_kind_or_an_unknown_one() -> None:
    dsa_key: Any = load_pem_private_key((SHOW / "dsa.key").read_bytes(), None)
    kinds = {  # the OID of each with SHA-256
        "2a864886f70d01010b": RSA,
        "2a8648ce3d040302": EC,
        "608648016503040302": dsa_key,
    }
    for (own, key), oid in itertools.product(kinds.items(), [*kinds, "2a03"]):
        algorithm, _ = der.read(tlv(48, tlv(6, bytes.fromhex(oid))))
        is_valid = signature.verify(key.public_key(), algorithm, b"", b"")
        assert is_valid is (None if oid == "2a03" else False), own


def test_it_runs_by_its_path_from_anywhere(show: Show) -> None:
    Path("common").mkdir()  # must not be taken for the project's
    command = [sys.executable, str(ROOT / "common" / "show"), str(ARTICLE / "rsa2048.key")]
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment())
    assert (": private key\n" in result.stdout, result.stderr) == (True, "")


def pkcs1(*numbers: int, version: int = 0) -> bytes:
    """Return an RSA key in DER, of three numbers and the rest."""
    it = RSA.private_numbers()
    return tlv(48, *map(integer, (version, *numbers, it.p, it.q, it.dmp1, it.dmq1, it.iqmp)))


N, E, D = RSA.public_key().public_numbers().n, 65537, RSA.private_numbers().d


@pytest.mark.parametrize("version", [0, 5])  # OpenSSL does not look at it, and cryptography does
@pytest.mark.parametrize("order", [(N, D, E), (D, E, N), (E, D, N), (D, N, E)])
@pytest.mark.parametrize("option", ["--public", "--bytes", "--html", None])
def test_a_key_whose_numbers_are_swapped_prints_none_of_them(
    order: tuple[int, int, int], version: int, option: str | None, show: Show
) -> None:
    write("a.key", wrapping.written("RSA PRIVATE KEY", pkcs1(*order, version=version)))
    status, out, err = show(*([option] if option else []), "a.key")
    assert "BEGIN PUBLIC" not in out
    assert vectors.leaks(out, [D.to_bytes(257, "big")]) == []
    if option != "--bytes" and version == 0:
        assert (status, err.startswith("show: error: a.key: ")) == (1, True)
    if option == "--public" and version == 5:
        reason = "its numbers cannot be checked here; use openssl pkey"
        assert (status, err) == (1, f"show: error: a.key: {reason}\n")


def test_a_damaged_private_key_is_not_taken_for_a_public_one(show: Show) -> None:
    """Its first elements may look like a modulus and an exponent, and the rest holds d."""
    algorithm = tlv(48, tlv(6, bytes.fromhex("2a864886f70d010101")), b"\5\0")
    inside = tlv(3, b"\0", pkcs1(N, E, D))
    write("cut.key", tlv(48, integer(3), integer(5), b"\xbf\x15\x1e", pkcs1(N, E, D)[4:]))
    write("kind.key", wrapping.written("PUBLIC KEY", tlv(48, algorithm, inside)))
    for option, file in itertools.product(
        ("--public", "--bytes", "--html"), ("cut.key", "kind.key")
    ):
        _, out, _ = show(option, file)
        assert "BEGIN PUBLIC" not in out
        assert f"{D:x}"[:6] not in out.replace(" ", "")
        assert "Nothing in it is secret" not in out or file == "kind.key"


def test_a_huge_key_takes_no_time(show: Show) -> None:
    """Numbers of 20,000 bits, which are checked by arithmetic in smaller keys."""
    p, q = (1 << 20_000) - 1, (1 << 20_000) - 3
    numbers = (0, p * q, 65537, 3, p, q, 3, 3, 3)
    write("a.key", wrapping.written("RSA PRIVATE KEY", tlv(0x30, *map(integer, numbers))))
    for option in ([], ["--public"], ["--bytes"]):
        started = time.process_time()
        show(*option, "a.key")
        assert time.process_time() - started < 2


ADVICE = "give a key, a request or a certificate"


@pytest.mark.posix(reason="a FIFO")
def test_a_fifo(show: Show) -> None:
    """One that nothing writes to is an empty file; <(command) and its like are read."""
    os.mkfifo("fifo")
    assert show("fifo") == (1, "", f"show: error: fifo: the file is empty; {ADVICE}\n")
    data = EC.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    writer = threading.Thread(target=Path("fifo").write_bytes, args=(data,))
    writer.start()
    status, out, err = show("fifo")
    writer.join()
    assert (status, err) == (0, "")
    assert out.startswith("fifo: private key\n")


def test_the_format_of_a_rare_key(show: Show) -> None:
    dsa = (SHOW / "dsa.key").read_text().splitlines()[1:-1]
    write("dsa.key", base64.b64decode("".join(dsa)))
    write("rsa.pub", RSA.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1))
    assert "  format         OpenSSL DER\n" in show("dsa.key")[1]
    assert "  format         PKCS#1 DER\n" in show("rsa.pub")[1]
