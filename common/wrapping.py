"""Finding keys, requests and certificates in a file, even if what is around them is damaged.

The module reads DER, PEM (in which boundaries finds faults) and these forms, each with a fault that
says how to repair it:

    LS0tLS1CRUdJTi…                  base64 of PEM, as Kubernetes stores it
    MII…                             base64 alone, without BEGIN and END
    -----BEGIN%20A-----%0AMII…       PEM as a part of a URL or a form
    -----BEGIN A-----                base64 of PEM between BEGIN and END
    BEGIN RSA PRIVATE KEY            a label that is not that of the content, PKCS#8 for example
"""

import base64
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_plus

from common import boundaries, der, faults, labels
from common.boundaries import Enclosed
from common.faults import Fault

_TEXT = re.compile(rb"[\t\n\r -~]*")  # SEQUENCE is the digit 0 in ASCII
_MOST = 5000  # things one after the other in DER; 170,000 tiny ones would take seconds
_ONLY_BASE64 = re.compile(rb"[\w+/\s-]{60,}={0,2}")
_SOME_BASE64 = re.compile(  # of -----BEGIN, or of a SEQUENCE of DER, in one line or several
    rb"(?<![A-Za-z0-9+/])(?:LS0tLS1CRUdJTi|M[A-P][A-Za-z0-9+/]{60})[A-Za-z0-9+/]*"
    rb"(?:[ \t]*\r?\n[ \t]*[A-Za-z0-9+/]+(?=[=\s]))*={0,2}"
)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_ENOUGH = re.compile(r"[A-Za-z0-9+/]{16}")  # base64 that is not a placeholder


class Block(NamedTuple):
    """A key, a request, a certificate or something else in a file."""

    label: str  # of PEM, for what its content is; "" for DER of an unknown kind
    content: bytes  # DER, or what else base64 stands for, as far as it can be decoded
    is_whole: bool
    headers: str = ""  # of RFC 1421
    line: int = 0  # of BEGIN in the file, from 1; 0 for DER
    fault: Fault | None = None  # of a block that is not whole, or of the wrapping of one that is

    @property
    def text(self) -> bytes:
        """The block as new PEM."""
        return pem_of(self.label, self.content, self.headers)

    @property
    def is_encrypted(self) -> bool:
        """Whether a passphrase opens it, in PKCS#8 or in the older form of RFC 1421."""
        return self.label == labels.ENCRYPTED or bool(self.headers)


def blocks(data: bytes) -> list[Block]:
    """Return what is in data, in order."""
    in_der = _read_der(data)
    if in_der and in_der[0].label:  # which may hold text with BEGIN
        return in_der
    return _read_text(data) or in_der or _read_base64(data) or _read_url(data)


def pem_of(label: str, content: bytes, headers: str = "") -> bytes:
    """Return PEM. headers: those of RFC 1421, or ""."""
    text = base64.b64encode(content).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    begin = [f"-----BEGIN {label}-----", *([headers, ""] if headers else [])]
    return "\n".join([*begin, *lines, f"-----END {label}-----", ""]).encode()


def _read_der(data: bytes) -> list[Block]:
    """Return what is in DER: one thing, or several one after the other."""
    if _TEXT.fullmatch(data[:64]) or not data.startswith(b"\x30"):
        return []
    found, at = list[Block](), 0
    while at < len(data) and len(found) < _MOST:
        kind = labels.of(data, at)
        if found and not kind:
            last = found.pop()._replace(fault=faults.MORE_BYTES)
            return [*found, last]
        whole = der.first_sequence(data, at)
        if not whole:
            return [*found, Block(kind, data[at:], is_whole=False, fault=faults.DAMAGED)]
        found.append(Block(kind, whole, is_whole=True))
        at += len(whole)
    return found


def _read_text(data: bytes) -> list[Block]:
    """Return the blocks in PEM, without text that only mentions BEGIN."""
    result = []
    for enclosed in boundaries.find(data):
        block = _block(enclosed)
        if block.content.startswith(b"-----BEGIN "):
            inner = _with_fault(_read_text(block.content), enclosed.line, faults.IN_BASE64)
            result += inner or [block]
        elif block.is_whole or enclosed.is_in_place or block.content.startswith(b"\x30"):
            result.append(block)
    return result


def _read_base64(data: bytes) -> list[Block]:
    """Return what is in base64 without BEGIN, alone or among other text."""
    if _ONLY_BASE64.fullmatch(data.strip()):
        plain = data.translate(bytes.maketrans(b"-_", b"+/"))  # RFC 4648 section 5
        found = blocks(_decoded(plain.decode()))
        is_pem = any(block.line for block in found)
        return _with_fault(found, 1, faults.IN_BASE64 if is_pem else faults.BARE)
    texts = (text.decode() for text in _SOME_BASE64.findall(data))
    found = [block for text in texts for block in blocks(_decoded(text))]
    found = [block for block in found if block.is_whole and block.label]
    return _with_fault(found, 1, faults.AMONG)


def _read_url(data: bytes) -> list[Block]:
    """Return what is in PEM that is encoded as a part of a URL, or as browsers send a form."""
    if not re.search(rb"-----BEGIN(?:%20|\+)", data):
        return []
    text = unquote_plus(data.decode("latin-1"))
    return _with_fault(_read_text(text.encode()), 1, faults.URL)


def _with_fault(found: list[Block], line: int, fault: Fault) -> list[Block]:
    """Return blocks with the fault of their encoding, which has to be repaired before their own."""
    return [one._replace(line=line, fault=fault if one.is_whole else one.fault) for one in found]


def _block(enclosed: Enclosed) -> Block:
    """Return what stands between BEGIN and END."""
    label = labels.SYNONYMS.get(enclosed.label, enclosed.label)
    of_der = None if enclosed.headers else _whole_der(label, enclosed)
    return of_der or _other(label, enclosed)


def _whole_der(label: str, enclosed: Enclosed) -> Block | None:
    """Return a block of DER with its fault, or None if the DER is not whole."""
    for text, of_reading in _readings(enclosed.base64):
        content = _decoded(text)
        if whole := der.first_sequence(content):
            kind = labels.fitting(label, whole)
            digits = "".join(text.split())
            of_content = None
            if len(whole) < len(content) and enclosed.label != "TRUSTED CERTIFICATE":
                of_content = faults.MORE_BYTES
            elif len(digits) % 4 or not _BASE64.fullmatch(digits):
                of_content = faults.PADDING
            elif kind != label:
                of_content = faults.of_label(label, kind)
            fault = enclosed.fault or of_reading or of_content
            return Block(kind, whole, is_whole=True, line=enclosed.line, fault=fault)
    return None


def _other(label: str, enclosed: Enclosed) -> Block:
    """Return a block of what is encrypted, damaged or not DER."""
    content, has_end = _decoded(enclosed.base64), enclosed.end is not None
    if enclosed.headers:  # without END, it is whole if it consists of whole blocks of a cipher
        is_whole = content != b"" and (has_end or len(content) % 8 == 0)
    else:
        # It should be DER by its label, or it begins as DER of another kind: then it is damaged.
        is_der = label in labels.KNOWN or labels.fitting(label, content) != label
        is_whole = content != b"" and has_end and not is_der
    fault = enclosed.fault if is_whole else _damage(enclosed, content)
    return Block(label, content, is_whole, enclosed.headers, enclosed.line, fault)


def _readings(text: str) -> Iterator[tuple[str, Fault | None]]:
    """Yield each way to read base64 in text, with the fault that it assumes."""
    lines = [line.strip() for line in text.split("\n")]
    yield "".join(line for line in lines if _BASE64.fullmatch(line)), None
    yield "".join(re.split("[^A-Za-z0-9+/=]", line)[-1] for line in lines), None  # the last words
    yield text, None
    yield re.sub(r"""["'][\s+.]*["']""", "", text), faults.STRINGS  # joined by +
    yield text.translate(str.maketrans(" -_", "++/")), faults.REPLACED  # RFC 4648 section 5


def _damage(enclosed: Enclosed, content: bytes) -> Fault:
    """Return what is wrong with a block whose content is not whole."""
    if content.startswith(b"openssh-key-v1\0"):
        return faults.of_label(enclosed.label, "OPENSSH PRIVATE KEY")
    if enclosed.end and not _ENOUGH.search(enclosed.base64):
        return faults.PLACEHOLDER
    if content and not content.startswith(b"\x30") and not enclosed.headers:
        return faults.NOT_DER
    return faults.DAMAGED if enclosed.end else faults.CUT_SHORT


def _decoded(text: str) -> bytes:
    """Return what base64 stands for, up to the first other character."""
    digits = re.split("[^A-Za-z0-9+/]", "".join(text.split()), maxsplit=1)[0]
    return base64.b64decode(digits[: len(digits) - (len(digits) % 4 == 1)] + "===")
