"""What OpenSSL says of a file."""

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

PASSPHRASES = ("password", "123456", "secret", "foobar", "a", "1234", "winter1984", "test")

_NAMES = "-nameopt oid,sep_multiline,utf8 -subject"
_COMMANDS = {
    "certificate": f"x509 -noout -pubkey -text -serial -fingerprint -sha256 -dates "
    f"-dateopt iso_8601 {_NAMES} -ext subjectAltName",
    "request": f"req -noout -pubkey -text -verify {_NAMES}",
    "public key": "pkey -pubin -pubout -text",
}


class Reading(NamedTuple):
    kind: str
    text: str
    public_key: str  # in PEM
    passphrase: str = PASSPHRASES[0]

    @property
    def is_large(self) -> bool:
        """Whether it has an RSA key that takes its time."""
        return re.search(r"\((\d{5,}|[5-9]\d{3}) bit", self.text) is not None


def openssl(*arguments: str, data: bytes = b"") -> str:
    """Return what OpenSSL prints on both streams, or nothing if it fails."""
    command = ["openssl", *arguments]
    result = subprocess.run(command, input=data, capture_output=True, check=False, timeout=60)
    printed = result.stdout + result.stderr
    return printed.decode("utf-8", "replace") if result.returncode == 0 else ""


def read(path: str) -> Reading | None:
    """Return what OpenSSL reads in a file, if that is a key, a request or a certificate."""
    for kind, command in _COMMANDS.items():
        # OpenSSL 3.5 reads a private key with -pubin too.
        if kind == "public key" and openssl("pkey", "-passin", "pass:", "-pubout", *_form(path)):
            break
        if text := openssl(*command.split(), *_form(path)):
            return Reading(kind, text, public_key_in(text))
    for passphrase in PASSPHRASES:
        key = ["pkey", "-passin", f"pass:{passphrase}", *_form(path)]
        if text := openssl(*key, "-noout", "-text"):
            reading = Reading("private key", text, openssl(*key, "-pubout"), passphrase)
            checked = "" if reading.is_large else openssl(*key, "-noout", "-check")
            return reading._replace(text=text + checked)
    return None


def _form(path: str) -> list[str]:
    return ["-inform", "PEM" if b"-----BEGIN" in Path(path).read_bytes() else "DER", "-in", path]


def public_key_in(text: str) -> str:
    """Return the public key in PEM that is in a text, or nothing."""
    return search(r"(?s)(-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----\n)", text)


def is_read_somehow(path: str) -> bool:
    """Return whether OpenSSL reads a file that is not a key, request or certificate."""
    commands = ("crl", "pkcs7", "dsaparam", "ecparam", "dhparam")
    return any(openssl(command, *_form(path)) for command in commands)


def search(pattern: str, text: str) -> str:
    """Return what the group in a pattern matches, or nothing."""
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else ""
