"""Finding keys, requests and certificates in a file, even if what is around them is damaged.

They are read as DER, as PEM with what marks finds wrong with it, and in these forms, each with a
fault that says how to repair it:

    LS0tLS1CRUdJTi…                  base64 of PEM, as Kubernetes stores it
    MII…                             base64 alone, without BEGIN and END
    -----BEGIN%20A-----%0AMII…       PEM as a part of a URL or a form
    -----BEGIN A-----                base64 of PEM between BEGIN and END
    BEGIN RSA PRIVATE KEY            a label that is not that of the content, PKCS#8 for example
"""

import base64
import contextlib
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_plus

from common import der, faults, labels, marks
from common.faults import Fault
from common.marks import Marked

_TEXT = re.compile(rb"[\t\n\r -~]*")  # SEQUENCE is the digit 0 in ASCII
_MOST = 5000  # things one after the other in DER; far above any list of CAs
_ONLY_BASE64 = re.compile(rb"[A-Za-z0-9+/_\s-]{60,}={0,2}")
_SOME_BASE64 = re.compile(  # of -----BEGIN, or of a SEQUENCE of DER, in one line or several
    rb"(?<![A-Za-z0-9+/])(?:LS0tLS1CRUdJTi|M[A-P][A-Za-z0-9+/]{60})[A-Za-z0-9+/]*"
    rb"(?:[ \t]*\r?\n[ \t]*[A-Za-z0-9+/]+(?=[=\s]))*={0,2}"
)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_ENOUGH = re.compile(r"[A-Za-z0-9+/]{16}")  # base64 that is not a placeholder


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
            inner = _inside(_in_text(block.der), marked.line, faults.IN_BASE64)
            result += inner or [block]
        elif block.is_whole or marked.is_in_place or block.der.startswith(b"\x30"):
            result.append(block)
    return result


def _in_base64(data: bytes) -> list[Block]:
    """Return what is in base64 that does not stand between marks, alone or among other text."""
    is_alone = _ONLY_BASE64.fullmatch(data.strip()) is not None
    plain = data.translate(bytes.maketrans(b"-_", b"+/"))  # RFC 4648 section 5
    texts = [plain] if is_alone else _SOME_BASE64.findall(data)
    found = [block for text in texts for block in blocks(_decoded(text.decode("ascii")))]
    found = [block for block in found if is_alone or (block.is_whole and block.label)]
    of_pem = faults.IN_BASE64 if is_alone else faults.IN_BASE64_AMONG
    return _inside(found, 1, of_pem if any(block.line for block in found) else faults.BARE)


def _in_url(data: bytes) -> list[Block]:
    """Return what is in PEM that is encoded as a part of a URL, or as browsers send a form."""
    is_encoded = re.search(rb"-----BEGIN(?:%20|\+)", data) is not None
    text = unquote_plus(data.decode("utf-8", "replace")) if is_encoded else ""
    return _inside(_in_text(text.encode()), 1, faults.URL)


def _inside(found: list[Block], line: int, fault: Fault) -> list[Block]:
    """Return blocks with the fault that they are encoded, which is repaired before their own."""
    return [one._replace(line=line, fault=fault if one.is_whole else one.fault) for one in found]


def _block(marked: Marked) -> Block:
    """Return what stands between marks."""
    label = labels.SYNONYMS.get(marked.label, marked.label)
    content = _decoded(marked.base64)
    if not marked.headers and _is_der(label, content):
        block = _of_der(label, marked)
    else:
        has_end = marked.end is not None
        is_in_blocks = marked.headers != "" and len(content) % 8 == 0  # of a cipher of RFC 1421
        block = Block(label, content, is_whole=content != b"" and (has_end or is_in_blocks))
    fault = marks.fault_of(marked) if block.is_whole else _damage(marked, content)
    return block._replace(headers=marked.headers, line=marked.line, fault=fault or block.fault)


def _is_der(label: str, content: bytes) -> bool:
    """Return whether a label is known, or was invented for what is there: CSR, MY CERTIFICATE."""
    kind = labels.of(content)
    return label in labels.KNOWN or (kind != "" and label.endswith("KEY") == kind.endswith("KEY"))


def _of_der(label: str, marked: Marked) -> Block:
    """Return a block of DER, with what is wrong with its base64 or its label."""
    for text, fault in _readings(marked.base64):
        content = _decoded(text)
        if whole := _first_sequence(content):
            kind = labels.of(whole) or label
            digits = "".join(text.split())
            if len(whole) < len(content) and marked.label != "TRUSTED CERTIFICATE":
                fault = fault or faults.MORE_BYTES
            elif len(digits) % 4 or not _BASE64.fullmatch(digits):
                fault = fault or faults.PADDING
            elif kind != label:
                fault = fault or faults.of_label(label, kind)
            return Block(kind, whole, is_whole=True, fault=fault)
    return Block(label, _decoded(marked.base64), is_whole=False)


def _readings(text: str) -> Iterator[tuple[str, Fault | None]]:
    """Yield ways to read the base64 in text, each with the fault that it takes for granted.

    They are the lines that are base64 alone, the last word of each line, all of it, and all of it
    with + for each space.
    """
    lines = [line.strip() for line in text.split("\n")]
    yield "".join(line for line in lines if _BASE64.fullmatch(line)), None
    yield "".join(re.split("[^A-Za-z0-9+/=]", line)[-1] for line in lines), None
    yield text, None
    yield text.replace(" ", "+"), faults.PLUS


def _damage(marked: Marked, content: bytes) -> Fault:
    """Return what is wrong with a block whose content is not whole."""
    if content.startswith(b"openssh-key-v1\0"):
        return faults.of_label(marked.label, "OPENSSH PRIVATE KEY")
    if marked.end and not _ENOUGH.search(marked.base64):
        return faults.PLACEHOLDER
    if len(content) > 2 and not content.startswith(b"\x30") and not marked.headers:
        return faults.NOT_DER
    return faults.DAMAGED if marked.end else faults.CUT_SHORT


def _decoded(text: str) -> bytes:
    """Return what base64 stands for, up to the first other character."""
    digits = re.split("[^A-Za-z0-9+/]", "".join(text.split()), maxsplit=1)[0]
    return base64.b64decode(digits[: len(digits) - (len(digits) % 4 == 1)] + "===")


def _first_sequence(content: bytes, at: int = 0) -> bytes:
    """Return the SEQUENCE at an offset, or b"" if there is not a whole one."""
    with contextlib.suppress(ValueError):
        element = der.first(content, at)
        if content.startswith(b"\x30", at) and not element.is_cut_off:
            return element.encoded
    return b""
