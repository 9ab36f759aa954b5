"""Finding a private key or a request in the text of a file, and saying what is there instead.

PEM (RFC 7468) is a BEGIN line with a label, base64 and an END line with the same label. Such blocks
may have other text around them.
"""

import re
from typing import NamedTuple

from common.console import UserError

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

ENCRYPTED = "ENCRYPTED PRIVATE KEY"  # RFC 7468 section 11
KEY_LABELS = ("PRIVATE KEY", ENCRYPTED, "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY")
REQUEST_LABELS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")  # RFC 7468 section 7

_PKCS7 = "PKCS#7 (.p7b); take the certificates out with: openssl pkcs7 -print_certs -in FILE"

# What people give instead of a private key, by label.
_OTHERS = {
    "OPENSSH PRIVATE KEY": "an OpenSSH key; convert a copy with: ssh-keygen -p -m PEM -f COPY",
    "PUBLIC KEY": "a public key",
    "RSA PUBLIC KEY": "a public key",
    "CERTIFICATE": "a certificate",
    **dict.fromkeys(REQUEST_LABELS, "a certificate signing request"),
    "PKCS7": _PKCS7,
}

# What a file without a complete PEM block is, by the first pattern that matches.
_NO_BLOCK = (
    (rb"\s*\Z", "is empty"),
    (rb"\xff\xfe|\xfe\xff", "is UTF-16, as PowerShell 5 writes after >; save it as ASCII"),
    (rb".*-----BEGIN .*\r.*\Z", "ends its lines with CR only; save it with LF or CRLF"),
    (rb"(?s).*^[ \t]+-----BEGIN ", "is indented; remove the spaces before its lines"),
    (rb"(?s).*^-----BEGIN ", "is cut short: an END line is missing; restore it from a copy"),
    (rb"\s*\{", "is JSON, perhaps a JSON Web Key (JWK); convert it to PEM"),
    (rb"PuTTY-User-Key-File", "is a PuTTY key; export it from PuTTYgen as an OpenSSL key"),
    (rb"(ssh|ecdsa)-\S+ AAAA", "is an SSH public key"),
    (
        rb"(?s)\x30.{1,5}?\x02\x01\x03\x30",  # version 3; RFC 7292 section 4
        "is PKCS#12 (.p12, .pfx); take the key out with: openssl pkcs12 -nocerts -noenc -in FILE",
    ),
    # signedData; RFC 2315 section 14
    (rb"(?s)\x30.{1,5}?\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", f"is {_PKCS7}"),
    (rb"\x30[\x00-\x84]", "is binary (DER); convert it to PEM with: openssl pkey -in FILE"),
    (rb"", "contains no PEM (-----BEGIN …)"),
)


class Block(NamedTuple):
    """One PEM block: its label, and its text from the BEGIN line to the END line."""

    label: str
    text: bytes

    @property
    def is_encrypted(self) -> bool:
        """Whether a passphrase opens it, in PKCS#8 or in the older form of RFC 1421."""
        return self.label == ENCRYPTED or b"\nProc-Type:" in self.text


def blocks(data: bytes) -> list[Block]:
    """Return the complete PEM blocks of data in order, with LF line endings."""
    found = []
    label, lines = b"", list[bytes]()
    for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n"):  # a UTF-8 byte order mark
        line = line.rstrip()
        if line.startswith(b"-----BEGIN ") and line.endswith(b"-----"):
            label, lines = line[11:-5], []
        lines.append(line)
        if label and line == b"-----END " + label + b"-----":
            found.append(Block(label.decode(errors="replace"), b"\n".join(lines) + b"\n"))
            label = b""
    return found


def private_key(path: str, data: bytes, advice: str) -> Block:
    """Return the one private key in data, which is from path.

    Raises UserError, which says what is there instead. advice: what to do, if that does not say it.
    """
    found = blocks(data)
    keys = [block for block in found if block.label.endswith("PRIVATE KEY")]
    if not found:
        what = next(what for pattern, what in _NO_BLOCK if re.match(pattern, data, re.MULTILINE))
    elif len(keys) > 1:
        what = f"contains {len(keys)} private keys; put each in its own file"
    else:
        block = (keys or found)[0]
        if block.label in KEY_LABELS:
            return block
        what = f"contains {_OTHERS.get(block.label, f'PEM with the label {block.label}')}"
    raise UserError(f"{path}: {what if ';' in what else f'{what}; {advice}'}")


def request(data: bytes) -> x509.CertificateSigningRequest | None:
    """Return the request in data, or None if data is not exactly one PEM request.

    Apart from white space, data must be the same as the request written again.
    """
    try:
        csr = x509.load_pem_x509_csr(data)
        written = csr.public_bytes(Encoding.PEM)
    except (ValueError, x509.InvalidVersion):
        return None
    data = data.replace(b" NEW CERTIFICATE", b" CERTIFICATE")
    return csr if b"".join(data.split()) == b"".join(written.split()) else None
