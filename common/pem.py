"""Finding the private key in the text of a file, and saying what is there instead.

PEM is RFC 7468: a line with a label, base64, a line with the same label. Text around the blocks
is allowed there, so a key may stand between the notes and certificates of a larger file.
"""

from __future__ import annotations

from typing import NamedTuple

CSR_LABELS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")  # RFC 7468 section 7

_KEY_LABELS = ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY")

_NEEDED = "name the private key with --key FILE"

# What people give instead of a private key, by its label, and what to do then.
_OTHERS = {
    "ENCRYPTED PRIVATE KEY": "an encrypted private key; decrypt a copy: openssl pkey -in FILE",
    "OPENSSH PRIVATE KEY": "a key of OpenSSH; convert a copy: ssh-keygen -p -m PEM -f FILE",
    "PUBLIC KEY": f"a public key; {_NEEDED}",
    "RSA PUBLIC KEY": f"a public key; {_NEEDED}",
    "CERTIFICATE": f"a certificate; {_NEEDED}",
    "CERTIFICATE REQUEST": f"a certificate signing request; {_NEEDED}",
    "NEW CERTIFICATE REQUEST": f"a certificate signing request; {_NEEDED}",
}


class NoKey(ValueError):
    """A text that holds no private key, or none that can be read; the message says why."""


class Block(NamedTuple):
    """One PEM block: its label, and its lines with the two that hold the label."""

    label: str
    text: bytes


def blocks(data: bytes) -> list[Block]:
    """Return the complete PEM blocks of data in their order. Line ends may be LF, CRLF or CR."""
    found = []
    label = b""
    lines: list[bytes] = []
    for line in data.splitlines():
        marker = line.rstrip()
        if marker.startswith(b"-----BEGIN ") and marker.endswith(b"-----"):
            label, lines = marker[11:-5], []
        lines.append(marker)
        if label and marker == b"-----END " + label + b"-----":
            text = b"\n".join(lines) + b"\n"
            found.append(Block(label.decode("ascii", "replace"), text))
            label, lines = b"", []
    return found


def private_key(data: bytes) -> bytes:
    """Return the one private key of data: a PEM block with LF line ends.

    Raises NoKey where there is none, more than one, or one that is encrypted.
    """
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise NoKey("starts with a byte order mark; save it as plain ASCII")
    found = blocks(data)
    keys = [block for block in found if block.label.endswith("PRIVATE KEY")]
    if len(keys) > 1:
        raise NoKey(f"holds {len(keys)} private keys; give each a file of its own")
    for block in keys or found:
        if b"\nProc-Type:" in block.text:  # RFC 1421 section 4.6.1.1, always ENCRYPTED here
            raise NoKey(f"holds {_OTHERS['ENCRYPTED PRIVATE KEY']}")
        if block.label in _KEY_LABELS:
            return block.text
        other = f"PEM of the kind {block.label}; {_NEEDED}"
        raise NoKey(f"holds {_OTHERS.get(block.label, other)}")
    raise NoKey(_no_block(data))


def is_csr(data: bytes) -> bool:
    """Return whether data holds a PEM certificate signing request, and no other PEM."""
    found = blocks(data)
    return len(found) == data.count(b"-----BEGIN ") == 1 and found[0].label in CSR_LABELS


def _no_block(data: bytes) -> str:
    if not data.strip():
        return f"is empty; {_NEEDED}"
    if b"-----BEGIN " in data:
        return "is cut short: its PEM text has no end line; restore it from a copy"
    if data.startswith(b"\x30\x82"):  # a DER SEQUENCE of 256 bytes and more
        return "is binary (DER); convert a copy to PEM: openssl pkey -in FILE -inform DER"
    return f"holds no PEM (-----BEGIN …); {_NEEDED}"
