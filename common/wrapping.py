r"""Finding keys, requests and certificates in a file, even if the PEM around them is damaged.

PEM (RFC 7468) is a BEGIN line with a label, base64 of DER and an END line with the same label.
Other text may stand around it. DER itself is read as well, and so are these forms, if the content
is whole, with a fault that says how to repair it. OpenSSL and servers do not read most of them:

    -----END A----------BEGIN B-----     files joined without a line break between them
    -----BEGIN A-----\nMII…              line breaks that became the two characters \ and n
    -----BEGIN A----- MII… -----END A    line breaks that became spaces or were lost
    > -----BEGIN A-----                  quoted or indented lines, or text before BEGIN
    ----BEGIN A---- or —BEGIN A—         other dashes than five hyphens
    -----BEGIN A-----                    a missing line, or an END line with another label
    -----BEGIN%20A-----%0AMII…           PEM as a part of a URL
    LS0tLS1CRUdJTi…                      base64 of all this, as Kubernetes stores it
    MII…                                 base64 alone, without BEGIN and END
    BEGIN RSA PRIVATE KEY with PKCS#8    a label that is not that of the content
"""

import base64
import bisect
import contextlib
import itertools
import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from common import der, faults, labels
from common.faults import Fault

_DASH = "[-\u2010-\u2015\u2212]"
_MARK = re.compile(rf"({_DASH}{{1,5}}) ?(BEGIN|END) ([A-Z0-9][^\r\n-]{{0,40}}?) ?({_DASH}{{1,5}})")
_HEADERS = re.compile(
    r"\s*(Proc-Type: ?4,ENCRYPTED)\s+(DEK-Info: ?[\w-]+(?:,[0-9A-Fa-f]+)?)(?:[ \t\r]*\n|\s)"
)
_BREAK = re.compile(r"(?:\\{1,2}r)?\\{1,2}n")  # in a quoted string
_TEXT = re.compile(rb"[\t\n\r -~]*")  # SEQUENCE is the digit 0 in ASCII
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_ONLY_BASE64 = re.compile(rb"[A-Za-z0-9+/_\s-]{60,}={0,2}")
_PREFIX = re.compile(r"\A(?:\d{1,9}[ \t:.|]+|[+|]) *")  # of a line: its number, or a diff's mark
_INVISIBLE = re.compile("[\u00a0\u00ad\u200b-\u200f\u2028\u2029\u2060\ufeff]")
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
    if b"BEGIN%20" in data:
        return [block._replace(fault=faults.URL) for block in _in_text(unquote_to_bytes(data))]
    if not (kind := labels.of(data)) and (in_text := _in_text(data)):
        return in_text
    if data.startswith(b"\x30") and not _TEXT.fullmatch(data[:64]):
        whole = _first_sequence(data)
        return [Block(kind, whole or data, bool(whole), fault=None if whole else faults.DAMAGED)]
    encoded = [(match[0], faults.IN_BASE64) for match in _PEM_IN_BASE64.finditer(data)]
    if not encoded and _ONLY_BASE64.fullmatch(data.strip()):
        plain = data.translate(bytes.maketrans(b"-_", b"+/"))  # RFC 4648 section 5
        encoded = [(plain, faults.BARE if plain == data else faults.BARE_URL)]
    result = []
    for text, fault in encoded:
        for block in blocks(_decoded(text.decode("ascii"))):
            # If the PEM in base64 has a fault too, it can be repaired after this one.
            outer = faults.IN_BASE64 if block.line else fault
            shown = outer if block.is_whole else block.fault or fault
            result.append(block._replace(line=1, fault=shown))
    return result


def written(label: str, content: bytes, headers: str = "") -> bytes:
    """Return PEM. headers: those of RFC 1421, or ""."""
    text = base64.b64encode(content).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    begin = [f"-----BEGIN {label}-----", *([headers, ""] if headers else [])]
    return "\n".join([*begin, *lines, f"-----END {label}-----", ""]).encode()


def _in_text(data: bytes) -> list[Block]:
    """Return the blocks that BEGIN marks in text."""
    is_utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = data.decode("utf-16" if is_utf16 else "utf-8", "replace")
    fault = faults.UTF16 if is_utf16 else None
    marks = list(_MARK.finditer(text))
    if any(_BREAK.match(text, mark.end()) for mark in marks):
        text, fault = _BREAK.sub("\n", text), faults.ESCAPED
        marks = list(_MARK.finditer(text))
    if marks and marks[0][2] == "END":
        with_begin = _in_text(f"-----BEGIN {marks[0][3]}-----\n{text}".encode())
        if with_begin and with_begin[0].is_whole and with_begin[0].line == 1:
            with_begin[0] = with_begin[0]._replace(line=2, fault=faults.NO_BEGIN)
            return [block._replace(line=block.line - 1) for block in with_begin]
    starts = [0, *(at + 1 for at, char in enumerate(text) if char == "\n")]
    result = []  # without what only mentions BEGIN
    for begin, end in itertools.zip_longest(marks, marks[1:]):
        if begin[2] == "BEGIN":
            line = bisect.bisect(starts, begin.start())
            before = text[max(starts[line - 1], begin.start() - 80) : begin.start()]
            block = _block(text, before, begin, end)
            body = text[begin.end() : end.start() if end else None]
            is_begin_line = body.strip() and body.lstrip(" \t\r").startswith("\n")
            if is_begin_line or block.is_whole or block.der.startswith(b"\x30"):
                if block.is_whole and fault:  # that of the whole file comes first
                    block = block._replace(fault=fault)
                result.append(block._replace(line=line))
    return result


def _block(text: str, before: str, begin: re.Match[str], end: re.Match[str] | None) -> Block:
    """Return the block from a BEGIN mark to the next mark. before: what precedes it on its line."""
    has_end = end is not None and end[2] == "END"
    body = text[begin.end() : end.start() if end else None]
    is_visible = _INVISIBLE.search(before + body) is None
    before, body = (_INVISIBLE.sub("", part) for part in (before, body))
    headers = _HEADERS.match(body)
    lines = [line.strip(" \t\r>") for line in body[headers.end() if headers else 0 :].split("\n")]
    label, content = labels.SYNONYMS.get(begin[3], begin[3]), _decoded("".join(lines))
    # An invented label, such as MY CERTIFICATE, ends in the word of its kind.
    is_known = label in labels.KNOWN or label.split()[-1] == labels.of(content).rpartition(" ")[2]
    whole = content if has_end else b""
    if is_known and not headers:
        whole = _whole(lines)
    if not whole:
        return Block(label, content, is_whole=False, fault=_damage(label, content, has_end))
    fault = _fault(text, before, begin, end if has_end else None, lines)
    if headers and fault in (faults.MORE, faults.BREAKS):
        fault = faults.AROUND_HEADERS
    fault = fault if is_visible else faults.INVISIBLE
    kind = labels.of(whole) if is_known and not headers else ""
    if kind not in ("", label):
        label, fault = kind, fault or faults.of_label(label, kind)
    kept = "\n".join(headers.groups()) if headers else ""
    return Block(label, whole, is_whole=True, headers=kept, fault=fault)


def _whole(lines: list[str]) -> bytes:
    """Return the DER in lines of base64, or b"" if it is not whole.

    Lines that are not base64 are left out, and then what stands before the base64 of each line.
    """
    pure = [line for line in lines if _BASE64.fullmatch(line)]
    bare = [_PREFIX.sub("", line, count=1) for line in lines]
    tries = (_first_sequence(_decoded("".join(rest))) for rest in (lines, pure, bare))
    return next(filter(None, tries), b"")


def _damage(label: str, content: bytes, has_end: bool) -> Fault:
    """Return what is wrong with a block whose content is not whole."""
    if content.startswith(b"openssh-key-v1\0"):
        return faults.of_label(label, "OPENSSH PRIVATE KEY")
    if len(content) > 2 and not content.startswith(b"\x30"):
        return faults.NOT_DER
    return faults.DAMAGED if has_end else faults.CUT_SHORT


def _fault(
    text: str, before: str, begin: re.Match[str], end: re.Match[str] | None, lines: list[str]
) -> Fault | None:
    """Return what is wrong with the wrapping of a block. lines: those between the marks."""
    if end is None:
        return faults.NO_END
    if begin[3] != end[3]:
        return faults.DIFFERENT
    if {begin[1], begin[4], end[1], end[4]} != {"-----"}:
        return faults.DASHES
    if before.endswith("-----"):
        return faults.JOINED
    after = re.compile("[^\n]{0,80}").match(text, end.end())
    if before or (after and after[0].strip() and not after[0].startswith("-----BEGIN")):
        return faults.MORE
    if lines[0] or lines[-1]:
        return faults.BREAKS
    is_pure = all(line and _BASE64.fullmatch("".join(line.split())) for line in lines[1:-1])
    return None if is_pure and text[end.start() - 1] == "\n" else faults.MORE


def _decoded(text: str) -> bytes:
    """Return what base64 stands for, up to the first other character."""
    digits = re.sub("(?s)[^A-Za-z0-9+/].*", "", "".join(text.split()))
    return base64.b64decode(digits[: len(digits) - (len(digits) % 4 == 1)] + "===")


def _first_sequence(content: bytes) -> bytes:
    """Return the SEQUENCE that content begins with, or b"" if there is not a whole one."""
    with contextlib.suppress(ValueError):
        element = der.first(content)
        if element.type == "SEQUENCE" and not element.is_cut_off:
            return element.encoded
    return b""
