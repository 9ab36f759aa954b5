"""The modules of common called directly, where a process of its own would only be slower."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from common import atomic, console, encryption, files, pem, twins
from common.console import Refused
from tests.conftest import ARTICLE

KEY = (ARTICLE / "rsa2048.key").read_bytes()
CSR = (ARTICLE / "rsa2048-example.com.csr").read_bytes()


class TestPem:
    def test_blocks_in_their_order(self) -> None:
        found = pem.blocks(b"notes\r\n" + KEY + b"more\n" + CSR.replace(b"\n", b"\r\n") + b"rest")
        assert [block.label for block in found] == ["RSA PRIVATE KEY", "CERTIFICATE REQUEST"]
        assert [block.text for block in found] == [KEY, CSR]

    def test_a_block_begins_anew_where_one_has_no_end(self) -> None:
        cut = KEY[:500] + b"\n"
        assert [block.text for block in pem.blocks(cut + KEY)] == [KEY]
        assert pem.blocks(cut) == pem.blocks(b"") == []
        assert pem.blocks(b"-----END RSA PRIVATE KEY-----\n") == []

    @pytest.mark.parametrize(
        ("text", "encrypted"),
        [
            (
                b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n"
                b"-----END ENCRYPTED PRIVATE KEY-----\n",
                True,
            ),
            (
                b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAA==\n"
                b"-----END RSA PRIVATE KEY-----\n",
                True,
            ),
            (KEY, False),
        ],
    )
    def test_what_is_encrypted(self, text: bytes, encrypted: bool) -> None:
        assert pem.private_key(text).is_encrypted == encrypted

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"\xef\xbb\xbf" + KEY, "starts with a byte order mark; save it as plain ASCII"),
            (KEY.decode().encode("utf-16-le"), "holds no PEM (-----BEGIN …)"),
            (
                KEY.decode().encode("utf-16"),
                "starts with a byte order mark; save it as plain ASCII",
            ),
            (b"\xfe\xff" + KEY, "starts with a byte order mark; save it as plain ASCII"),
            (KEY + KEY, "holds 2 private keys; give each a file of its own"),
            (CSR, "holds a certificate signing request"),
            (CSR.replace(b"CERTIFICATE REQUEST", b"MAGIC"), "holds PEM of the kind MAGIC"),
            (CSR.replace(b"CERTIFICATE REQUEST", b"\xff"), "holds PEM of the kind \ufffd"),
            (b" \n", "is empty"),
            (KEY[:-20], "is cut short: its PEM text has no end line; restore it from a copy"),
            (
                b"\x30\x82",
                "is binary (DER); convert a copy to PEM: openssl pkey -in FILE -inform DER",
            ),
            (
                KEY.replace(b"\n", b"\r\n")[:500],
                "is cut short: its PEM text has no end line; restore it from a copy",
            ),
            (b"text", "holds no PEM (-----BEGIN …)"),
        ],
    )
    def test_what_holds_no_key(self, data: bytes, message: str) -> None:
        with pytest.raises(pem.NoKey) as caught:
            pem.private_key(data)
        assert str(caught.value) == message

    def test_the_key_among_other_blocks(self) -> None:
        for data in (KEY, CSR + KEY, KEY + CSR, b"  \n" + KEY.replace(b"\n", b" \r\n")):
            assert pem.private_key(data).text == KEY

    def test_is_csr(self) -> None:
        assert pem.is_csr(CSR)
        assert pem.is_csr(b"Certificate Request:\n    Data:\n" + CSR + b"\n\n")
        assert pem.is_csr(CSR.replace(b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST"))
        for other in (
            b"",
            KEY,
            CSR + CSR,
            CSR + KEY,
            CSR + KEY[:99],
            CSR[:99],
            b"a" + CSR,
            CSR + b"a",
        ):
            assert not pem.is_csr(other)


class TestTwins:
    def commands(self, *arguments: object) -> list[str]:
        return [twin.command for twin in twins.key_twins(*arguments)]  # type: ignore[arg-type]

    def test_of_keys(self) -> None:
        assert self.commands("a.key", 2048, None, twins.PKCS1, False) == [
            "openssl genrsa -traditional -out a.key 2048",
            "openssl rsa -in a.key -text -check -noout",
            "openssl rsa -in a.key -pubout -out a.pub",
        ]
        assert self.commands("a.key", 3072, None, twins.PKCS8, False)[0] == (
            "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out a.key"
        )
        assert self.commands("-", 4096, "P-384", twins.PKCS8, False) == [
            "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384"
        ]
        assert self.commands("a", 4096, "P-256", twins.PKCS8, True) == [
            "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | openssl pkcs8 -topk8 "
            "-v2 aes-256-cbc -v2prf hmacWithSHA512 -iter 220000 -out a",
            "openssl pkey -in a -text -check -noout",
            "openssl pkey -in a -pubout -out a.pub",
        ]

    def test_of_a_request(self) -> None:
        identifiers = ["example.org", ip_address("192.0.2.1"), ip_address("2001:db8::1")]
        found = twins.csr_twins("a key", identifiers, "a+b/c\\d@example.org", "sha256", "out")
        assert [twin.command for twin in found] == [
            "openssl req -new -key 'a key' -sha256 "
            r"-subj '/emailAddress=a\+b\/c\\d@example.org/CN=example.org' "
            "-addext subjectAltName=DNS:example.org,IP:192.0.2.1,IP:2001:db8::1 -out out",
            "openssl req -in out -text -verify -noout",
        ]
        (only,) = twins.csr_twins("k", identifiers[1:], None, "sha384", "-")
        assert only.command == (
            "openssl req -new -key k -sha384 -subj / "
            "-addext subjectAltName=IP:192.0.2.1,IP:2001:db8::1"
        )

    def test_the_public_key_never_goes_over_a_key(self, tmp_path: Path) -> None:
        extract = self.commands("a.pub", 2048, None, twins.PKCS1, False)[-1]
        assert extract == "openssl rsa -in a.pub -pubout -out a.pub.pub"
        (tmp_path / "b.pub").write_text("perhaps a key")
        extract = self.commands(f"{tmp_path}/b.key", 2048, None, twins.PKCS1, False)[-1]
        assert extract.endswith(f"-out {tmp_path}/b.key.pub")

    def test_of_a_request_with_more_names_than_a_shell_takes(self) -> None:
        many = [f"{number}.example.org" for number in range(8000)]
        (only,) = twins.csr_twins("k", many, None, "sha256", "out")
        assert only.command == "openssl req -in out -text -verify -noout"
        assert twins.csr_twins("k", many, None, "sha256", "-") == []

    def test_file_names_no_shell_can_spell(self) -> None:
        (make, *_) = self.commands("a\nb'c", 2048, None, twins.PKCS1, False)
        octets = r"\141\012\142\047\143"
        assert make == f"""openssl genrsa -traditional -out "$(printf '{octets}')" 2048"""


class TestEncryption:
    def test_opens_with_its_passphrase(self) -> None:
        encrypted = encryption.encrypted(KEY, b"secret")
        assert load_pem_private_key(encrypted, b"secret").private_numbers() == (  # type: ignore[union-attr]
            load_pem_private_key(KEY, None).private_numbers()  # type: ignore[union-attr]
        )
        block = pem.private_key(encrypted)
        assert encryption.description(block) == (
            "PBES2, PBKDF2 with HMAC-SHA512, 220000 iterations, AES-256-CBC"
        )
        assert not encryption.is_costly(block)

    def test_what_is_not_encrypted(self) -> None:
        assert encryption.description(pem.private_key(KEY)) == "none"
        assert not encryption.is_costly(pem.private_key(KEY))

    @pytest.mark.parametrize(
        ("protection", "parameters", "costly"),
        [
            ("PBKDF2WithHMAC-SHA256AndAES128-CBC", {"iteration_count": 10_000_000}, False),
            ("PBKDF2WithHMAC-SHA256AndAES128-CBC", {"iteration_count": 10_000_001}, True),
            ("scryptAndAES256-CBC", {"iteration_count": 1 << 14, "block_size": 8}, False),
            (
                "scryptAndAES256-CBC",
                {"iteration_count": 1 << 14, "block_size": 8, "parallelization": 99},
                True,
            ),
        ],
    )
    def test_cost(
        self,
        protection: str,
        parameters: dict[str, int],
        costly: bool,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        from Crypto.IO import PEM, PKCS8
        from Crypto.Protocol import KDF

        # What it would take to make such a key, or to open it, is not to be spent here.
        for module in (KDF, importlib.import_module("Crypto.IO._PBES")):
            for name in ("PBKDF2", "scrypt"):
                monkeypatch.setattr(module, name, lambda _p, _s, key_len, *_a, **_k: bytes(key_len))
        wrapped = PKCS8.wrap(
            b"key",
            "1.2.3",
            b"secret",
            protection,
            parameters,  # type: ignore[arg-type]
        )
        block = pem.private_key(PEM.encode(wrapped, pem.ENCRYPTED).encode())
        assert encryption.is_costly(block) == costly


class TestFiles:
    def test_a_large_file_is_not_read(self, tmp_path: Path) -> None:
        path = tmp_path / "large"
        path.write_bytes(bytes(files.MAX_SIZE))
        assert len(files.read(str(path), "advice")) == files.MAX_SIZE
        path.write_bytes(bytes(files.MAX_SIZE + 1))
        with pytest.raises(Refused, match="has more than 1048576 bytes; advice"):
            files.read(str(path), "advice")

    def test_a_request(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csr"
        files.write_csr(str(path), b"1", is_csr=lambda data: False)
        assert path.read_bytes() == b"1"
        files.write_csr(str(path), b"2", is_csr=lambda data: data == b"1")
        with pytest.raises(Refused, match="is no certificate signing request"):
            files.write_csr(str(path), b"3", is_csr=lambda data: data == b"1")
        assert path.read_bytes() == b"2"
        assert os.listdir(tmp_path) == ["a.csr"]

    def test_a_check_finds_what_writing_would(self, tmp_path: Path) -> None:
        path = tmp_path / "a.key"
        files.check_new_key(str(path), force=False)
        path.write_bytes(b"key")
        files.check_new_key(str(path), force=True)
        with pytest.raises(Refused, match="never overwritten"):
            files.check_new_key(str(path), force=False)
        files.check_csr(str(path), is_csr=lambda data: data == b"key")
        with pytest.raises(Refused, match="is no certificate signing request"):
            files.check_csr(str(path), is_csr=lambda data: False)
        files.check_csr(str(tmp_path / "new"), is_csr=lambda data: False)

    def test_backups_in_the_working_directory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path("a.key.~7~").write_bytes(b"kept")
        for number in range(3):
            files.write_key("a.key", str(number).encode(), force=True)
        assert Path("a.key.~8~").read_bytes() == b"0"
        assert Path("a.key.~9~").read_bytes() == b"1"
        assert Path("a.key").read_bytes() == b"2"

    def test_a_link_put_there_meanwhile_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "real").write_bytes(b"old")
        (tmp_path / "a.key").symlink_to("real")
        with (
            atomic.staged(str(tmp_path / "a.key"), b"new", atomic.KEY_MODE) as temporary,
            pytest.raises(Refused, match="no regular file"),
        ):
            atomic.replace_and_keep(temporary, str(tmp_path / "a.key"))
        assert (tmp_path / "real").read_bytes() == b"old"
        assert sorted(os.listdir(tmp_path)) == ["a.key", "real"]

    @pytest.mark.parametrize(("number", "fails"), [(5, True), (22, False)])  # EIO, EINVAL
    def test_a_directory_that_is_not_synced(
        self, number: int, fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_: int) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "fsync", fail)
        if not fails:
            atomic.sync_directory(str(tmp_path / "a"))
            return
        with pytest.raises(Refused, match="is written, but may not outlast a power cut"):
            atomic.sync_directory(str(tmp_path / "a"))

    def test_a_lock_that_is_not_given_up(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(atomic, "LOCK_PATIENCE", 0.05)
        (tmp_path / "a.key").write_bytes(b"old")
        with (
            atomic.locked(str(tmp_path / "other")),
            pytest.raises(Refused, match="cannot be locked"),
        ):
            files.write_key(str(tmp_path / "a.key"), b"new", force=True)
        assert (tmp_path / "a.key").read_bytes() == b"old"
        assert os.listdir(tmp_path) == ["a.key"]

    def test_a_signal_waits_until_all_is_written(self, tmp_path: Path) -> None:
        def write() -> None:
            with atomic.staged(str(tmp_path / "a"), b"new", atomic.KEY_MODE) as temporary:
                signal.raise_signal(signal.SIGINT)
                atomic.publish(temporary, str(tmp_path / "a"))

        with pytest.raises(KeyboardInterrupt):
            write()
        assert os.listdir(tmp_path) == ["a"]

    def test_a_request_that_is_removed_meanwhile(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "a.csr"
        path.write_bytes(b"old")
        locked = atomic.locked

        @contextlib.contextmanager
        def removed(name: str) -> Iterator[None]:
            with locked(name):
                path.unlink()
                yield

        monkeypatch.setattr(atomic, "locked", removed)
        files.write_csr(str(path), b"new", is_csr=lambda data: False)
        assert path.read_bytes() == b"new"

    def test_a_name_too_long_for_a_backup(self, tmp_path: Path) -> None:
        path = tmp_path / ("x" * 253)
        path.write_bytes(b"old")
        with pytest.raises(Refused, match="File name too long"):
            files.check_new_key(str(path), force=True)

    def test_a_backup_is_synced_before_the_old_name_goes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        events: list[str] = []
        for name in ("link", "fsync", "replace", "unlink"):
            monkeypatch.setattr(os, name, spy(name, events))
        (tmp_path / "a").write_bytes(b"old")
        assert files.write_key(str(tmp_path / "a"), b"new", force=True) == str(tmp_path / "a.~1~")
        assert events == ["fsync", "link", "link", "fsync", "replace", "fsync", "unlink"]


def spy(name: str, events: list[str]) -> Callable[..., object]:
    """Return a function of os that notes its name before it does its work."""
    call = getattr(os, name)

    def spied(*arguments: object, **options: object) -> object:
        events.append(name)
        return call(*arguments, **options)

    return spied


class TestConsole:
    @pytest.mark.parametrize(
        ("argv", "expected"),
        [
            (["s.py"], ["s.py", "--out", "b"]),
            (["s.py", "--out", "a", "-q"], ["s.py", "-q", "--out", "b"]),
            (["s.py", "--out=a", "x y"], ["s.py", "'x y'", "--out", "b"]),
            (["s.py", "-q", "--out"], ["s.py", "-q", "--out", "b"]),
            (["s.py", "-q", "--", "a"], ["s.py", "-q", "--out", "b", "--", "a"]),
        ],
    )
    def test_rerun(
        self, argv: list[str], expected: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.argv", argv)
        assert console.rerun("--out", "b").split(" ", 1)[1] == " ".join(expected)
