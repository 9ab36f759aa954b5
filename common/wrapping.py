"""Finding keys, requests and certificates in a file, even if what is around them is damaged.

They are read as PEM, as DER, and in these forms, if the content is whole, with a fault that says
how to repair it. OpenSSL and servers do not read most of them:

    LS0tLS1CRUdJTi…                  base64 of PEM, as Kubernetes stores it
    MII…                             base64 alone, without BEGIN and END
    -----BEGIN%20A-----%0AMII…       PEM as a part of a URL
    -----BEGIN A-----                base64 of PEM between BEGIN and END
    BEGIN RSA PRIVATE KEY            a label that is not that of the content, PKCS#8 for example

and in those that marks finds.
"""

import base64
import contextlib
import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from common import der, faults, labels, marks
from common.faults import Fault
from common.marks import Marked

_TEXT = re.compile(rb"[\t\n\r -~]*")  # SEQUENCE is the digit 0 in ASCII
_MOST = 5000  # things one after the other in DER; far above any list of CAs
_ONLY_BASE64 = re.compile(rb"[A-Za-z0-9+/_\s-]{60,}={0,2}")
_PEM_IN_BASE64 = re.compile(
    rb"LS0tLS1CRUdJTi[A-Za-z0-9+/]+(?:[ \t]*\r?\n[ \t]*[A-Za-z0-9+/]+(?=[=\s]))*={0,2}"
)


class Block(NamedTuple):
    """A key, a request, a certificate or something else in a file."""

    label: str  # of PEM, for what its content is; "" for DER of an unknown kind
    der: bytes  # as far as it can be decoded
    is_whole: bool
    headers: str = ""  # of RFC 1421
    line: int = 0  # of BEGIN in the file, from 1; 0 for DER
    fault: Fault | None = None  # of a block that is not whole, or of the wrapping of one that is

    @property
    def text(self) -> bytes:
        """The block as new PEM."""
        return written(self.label, self.der, self.headers)

    @property
    def is_encrypted(self) -> bool:
        """Whether a passphrase opens it, in PKCS#8 or in the older form of RFC 1421."""
        return self.label == labels.ENCRYPTED or bool(self.headers)


def blocks(data: bytes) -> list[Block]:
    """Return what is in data, in order."""
    if labels.of(data) and (in_der := _in_der(data)):  # which may hold text with BEGIN
        return in_der
    return _in_text(data) or _in_der(data) or _in_base64(data) or _in_url(data)


def written(label: str, content: bytes, headers: str = "") -> bytes:
    """Return PEM. headers: those of RFC 1421, or ""."""
    text = base64.b64encode(content).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    begin = [f"-----BEGIN {label}-----", *([headers, ""] if headers else [])]
    return "\n".join([*begin, *lines, f"-----END {label}-----", ""]).encode()


def _in_der(data: bytes) -> list[Block]:
    """Return what is in DER: one thing, or several one after the other."""
    if _TEXT.fullmatch(data[:64]):
        return []
    found, at = list[Block](), 0
    while data.startswith(b"\x30", at) and len(found) < _MOST:
        kind = labels.of(data, at)
        if found and not kind:
            break
        whole = _first_sequence(data, at)
        if not whole:
            return [*found, Block(kind, data[at:], is_whole=False, fault=faults.DAMAGED)]
        found.append(Block(kind, whole, is_whole=True))
        at += len(whole)
    if found and at < len(data):
        found[-1] = found[-1]._replace(fault=faults.MORE_BYTES)
    return found


def _in_text(data: bytes) -> list[Block]:
    """Return the blocks that BEGIN marks in text, without what only mentions BEGIN."""
    result = []
    for marked in marks.find(data):
        block = _block(marked)
        if block.der.startswith(b"-----BEGIN "):
            inner = _inside(_in_text(block.der), marked.line, faults.IN_PEM)
            result += inner or [block]
        elif block.is_whole or marked.is_begin_line or block.der.startswith(b"\x30"):
            result.append(block)
    return result


def _in_base64(data: bytes) -> list[Block]:
    """Return what is in base64 that does not stand between marks."""
    if encoded := _PEM_IN_BASE64.findall(data):
        found = [block for text in encoded for block in blocks(_decoded(text.decode("ascii")))]
        return _inside(found, 1, faults.IN_BASE64)
    if not _ONLY_BASE64.fullmatch(data.strip()):
        return []
    plain = data.translate(bytes.maketrans(b"-_", b"+/"))  # RFC 4648 section 5
    found = blocks(_decoded(plain.decode("ascii")))
    if found and found[0].line:
        return _inside(found, 1, faults.IN_BASE64)
    return _inside(found, 1, faults.BARE if plain == data else faults.BARE_URL)


def _in_url(data: bytes) -> list[Block]:
    """Return what is in PEM that is encoded as a part of a URL."""
    found = _in_text(unquote_to_bytes(data)) if b"BEGIN%20" in data else []
    return _inside(found, 1, faults.URL)


def _inside(found: list[Block], line: int, fault: Fault) -> list[Block]:
    """Return blocks with the fault that they are encoded, on a line of the file.

    If a block has a fault of its own too, that can be repaired after this one.
    """
    return [
        block._replace(line=line, fault=fault if block.is_whole else block.fault) for block in found
    ]


def _block(marked: Marked) -> Block:
    """Return what stands between marks."""
    label = labels.SYNONYMS.get(marked.label, marked.label)
    content = _decoded("".join(marked.lines))
    # An invented label, such as MY CERTIFICATE, ends in the word of its kind.
    is_known = label in labels.KNOWN or label.split()[-1] == labels.of(content).rpartition(" ")[2]
    is_der = is_known and not marked.headers
    whole, fault = _whole(marked) if is_der else (content if marked.end else b"", None)
    if not whole:
        damage = _damage(label, content, has_end=marked.end is not None)
        return Block(label, content, is_whole=False, line=marked.line, fault=damage)
    kind = (labels.of(whole) if is_der else "") or label
    of_label = faults.of_label(label, kind) if kind != label else None
    fault = next(filter(None, (*marks.faults_of(marked), fault, of_label)), None)
    return Block(kind, whole, is_whole=True, headers=marked.headers, line=marked.line, fault=fault)


def _whole(marked: Marked) -> tuple[bytes, Fault | None]:
    """Return the DER in base64, or b"" if it is not whole, and what is wrong with the base64."""
    for text in marked.texts:
        content = _decoded(text)
        if whole := _first_sequence(content):
            # What OpenSSL trusts it for follows a TRUSTED CERTIFICATE.
            if len(whole) < len(content) and marked.label != "TRUSTED CERTIFICATE":
                return whole, faults.MORE_BYTES
            return whole, faults.PADDING if len("".join(text.split())) % 4 else None
    content = _decoded(marked.with_plus)
    is_whole = _first_sequence(content) == content
    return (content, faults.PLUS) if is_whole else (b"", None)


def _damage(label: str, content: bytes, has_end: bool) -> Fault:
    """Return what is wrong with a block whose content is not whole."""
    if content.startswith(b"openssh-key-v1\0"):
        return faults.of_label(label, "OPENSSH PRIVATE KEY")
    if len(content) > 2 and not content.startswith(b"\x30"):
        return faults.NOT_DER
    return faults.DAMAGED if has_end else faults.CUT_SHORT


def _decoded(text: str) -> bytes:
    """Return what base64 stands for, up to the first other character."""
    digits = re.split("[^A-Za-z0-9+/]", "".join(text.split()), maxsplit=1)[0]
    return base64.b64decode(digits[: len(digits) - (len(digits) % 4 == 1)] + "===")


def _first_sequence(content: bytes, at: int = 0) -> bytes:
    """Return the SEQUENCE at an offset, or b"" if there is not a whole one."""
    with contextlib.suppress(ValueError):
        element = der.first(content, at)
        if element.type == "SEQUENCE" and not element.is_cut_off:
            return element.encoded
    return b""
