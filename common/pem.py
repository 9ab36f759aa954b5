"""Finding the private key in the text of a file, and saying what is there instead.

PEM is RFC 7468: a line with a label, base64, a line with the same label. Text around the blocks
is allowed there, so a key may stand between the notes and certificates of a larger file.
"""

from __future__ import annotations

from typing import NamedTuple

CSR_LABELS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")  # RFC 7468 section 7

ENCRYPTED = "ENCRYPTED PRIVATE KEY"  # RFC 5958 section 3, RFC 7468 section 11

_KEY_LABELS = ("PRIVATE KEY", ENCRYPTED, "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY")

# What people give instead of a private key, by its label, and what to do then.
_OTHERS = {
    "OPENSSH PRIVATE KEY": "a key of OpenSSH; convert a copy: ssh-keygen -p -m PEM -f FILE",
    "PUBLIC KEY": "a public key",
    "RSA PUBLIC KEY": "a public key",
    "CERTIFICATE": "a certificate",
    "CERTIFICATE REQUEST": "a certificate signing request",
    "NEW CERTIFICATE REQUEST": "a certificate signing request",
}


class NoKey(ValueError):
    """A text that holds no private key, or none that can be read.

    The message says why; a part after a semicolon, where there is one, says what to do.
    """


class Block(NamedTuple):
    """One PEM block: its label, and its lines with the two that hold the label."""

    label: str
    text: bytes

    @property
    def is_encrypted(self) -> bool:
        """Whether a passphrase opens it, be it in PKCS#8 or in the old way of RFC 1421."""
        return self.label == ENCRYPTED or b"\nProc-Type:" in self.text


def blocks(data: bytes) -> list[Block]:
    """Return the complete PEM blocks of data in their order. Line ends may be LF or CRLF."""
    found = []
    label = b""
    lines: list[bytes] = []
    for line in data.split(b"\n"):
        marker = line.rstrip()
        if marker.startswith(b"-----BEGIN ") and marker.endswith(b"-----"):
            label, lines = marker[11:-5], []
        lines.append(marker)
        if label and marker == b"-----END " + label + b"-----":
            text = b"\n".join(lines) + b"\n"
            found.append(Block(label.decode("ascii", "replace"), text))
            label, lines = b"", []
    return found


def private_key(data: bytes) -> Block:
    """Return the one private key of data, with LF line ends.

    Raises NoKey where there is none, or more than one.
    """
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise NoKey("starts with a byte order mark; save it as plain ASCII")
    found = blocks(data)
    keys = [block for block in found if block.label.endswith("PRIVATE KEY")]
    if len(keys) > 1:
        raise NoKey(f"holds {len(keys)} private keys; give each a file of its own")
    for block in keys or found:
        if block.label in _KEY_LABELS:
            return block
        raise NoKey(f"holds {_OTHERS.get(block.label, f'PEM of the kind {block.label}')}")
    raise NoKey(_no_block(data))


def is_csr(data: bytes) -> bool:
    """Return whether data is a PEM certificate signing request, and nothing else is lost with it.

    Before it may stand the text that openssl req -text prints of it.
    """
    found = blocks(data)
    before, begin, rest = data.partition(b"-----BEGIN ")
    after = rest.rpartition(b"-----")[2]
    return (
        [block.label in CSR_LABELS for block in found] == [True]
        and begin not in rest
        and not after.strip()
        and (not before.strip() or before.startswith(b"Certificate Request:"))
    )


def _no_block(data: bytes) -> str:
    if not data.strip():
        return "is empty"
    if b"\r" in data and b"\n" not in data:
        return "has CR alone as line ends, which OpenSSL does not read; save it with LF or CRLF"
    if b"-----BEGIN " in data:
        return "is cut short: its PEM text has no end line; restore it from a copy"
    if data.startswith(b"\x30\x82"):  # a DER SEQUENCE of 256 bytes and more
        return "is binary (DER); convert a copy to PEM: openssl pkey -in FILE -inform DER"
    return "holds no PEM (-----BEGIN …)"
