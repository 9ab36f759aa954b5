r"""Finding keys, requests and certificates in a file, even if the PEM around them is damaged.

PEM (RFC 7468) is a BEGIN line with a label, base64 and an END line with the same label. Other text
may stand around it. If the content is whole, these forms are read too, each with a fault that says
how to repair it; OpenSSL and servers do not read most of them:

    -----END A----------BEGIN B-----     files joined without a line break between them
    -----BEGIN A-----\nMII…              line breaks that became the two characters \ and n
    -----BEGIN A----- MII… -----END A    line breaks that became spaces or were lost
    > -----BEGIN A-----                  quoted or indented lines, or text before BEGIN
    ----BEGIN A---- or —BEGIN A—         other dashes than five hyphens
    -----BEGIN A-----                    an END line that is missing or has another label
    LS0tLS1CRUdJTi…                      base64 of all this, as Kubernetes stores it
    MII…                                 base64 alone, without BEGIN and END
    BEGIN RSA PRIVATE KEY with PKCS#8    a label that is not that of the content

DER, which is what the base64 stands for, is read as well.
"""

import base64
import bisect
import itertools
import re
from typing import NamedTuple

ENCRYPTED = "ENCRYPTED PRIVATE KEY"  # RFC 7468 section 11
REQUEST = "CERTIFICATE REQUEST"  # RFC 7468 section 7
CERTIFICATE = "CERTIFICATE"
PKCS7 = "PKCS7"
CRL = "X509 CRL"
PKCS12 = "PKCS12"
KEY_LABELS = ("PRIVATE KEY", ENCRYPTED, "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY")

# Other labels. In a TRUSTED CERTIFICATE, what OpenSSL trusts it for follows the certificate.
SYNONYMS = {
    "NEW CERTIFICATE REQUEST": REQUEST,  # RFC 7468 section 7
    "X509 CERTIFICATE": CERTIFICATE,  # RFC 7468 section 5
    "TRUSTED CERTIFICATE": CERTIFICATE,
    "PKCS #7 SIGNED DATA": PKCS7,  # RFC 7468 section 8
    "CMS": PKCS7,  # RFC 7468 section 9
}

# What DER holds, by how it begins (re.DOTALL). A SEQUENCE is 0x30 and a length; BER may leave the
# length open (0x80).
SEQUENCE = rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...)"
_OID = SEQUENCE + rb"\x06"
_PKCS = rb".\x2a\x86\x48\x86\xf7\x0d\x01"  # the length of an OID, and 1.2.840.113549.1
_KINDS = (
    ("PRIVATE KEY", rb"\x02\x01[\x00\x01]" + _OID),  # version, algorithm: RFC 5958 section 2
    ("EC PRIVATE KEY", rb"\x02\x01\x01\x04"),  # version, scalar: RFC 5915 section 3
    ("RSA PRIVATE KEY", rb"\x02\x01[\x00\x01]\x02"),  # version, modulus: RFC 8017 A.1.2
    ("RSA PUBLIC KEY", rb"\x02(?:\x81.|\x82..)"),  # modulus: RFC 8017 A.1.1
    (ENCRYPTED, _OID + _PKCS + rb"(?:\x05|\x0c\x01)"),  # PKCS#5 or PKCS#12: RFC 5958 section 3
    ("PUBLIC KEY", _OID),  # algorithm: RFC 5280 section 4.1.2.7
    (REQUEST, SEQUENCE + rb"\x02\x01.(?:\x30\x00|" + SEQUENCE + rb"\x31)"),  # version, subject
    (CERTIFICATE, SEQUENCE + rb"\xa0\x03\x02\x01"),  # version: RFC 5280 section 4.1
    (CRL, SEQUENCE + rb"\x02\x01\x01" + _OID),  # version, algorithm: RFC 5280 section 5.1
    (CRL, SEQUENCE + _OID),  # algorithm: version 1
    (CERTIFICATE, SEQUENCE + rb"\x02[\x01-\x20].{1,32}?" + _OID),  # serial number: version 1
    (PKCS7, rb"\x06" + _PKCS + rb"\x07\x02"),  # signedData: RFC 2315 section 14
    (PKCS12, rb"\x02\x01\x03" + _OID + _PKCS + rb"\x07"),  # version 3: RFC 7292 section 4
)

_LABELS = {label for label, _ in _KINDS}

_DASH = "[-\u2010-\u2015\u2212]"
_MARK = re.compile(rf"({_DASH}{{1,5}}) ?(BEGIN|END) ([A-Z0-9][^\r\n-]{{0,40}}?) ?({_DASH}{{1,5}})")
_HEADERS = re.compile(r"\s*(Proc-Type: ?4,ENCRYPTED)\s+(DEK-Info: ?[\w-]+(?:,[0-9A-Fa-f]+)?)\s")
_BREAK = re.compile(r"(?:\\{1,2}r)?\\{1,2}n")  # in a quoted string
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_ONLY_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]{60,}={0,2}")
_LINES = rb"[A-Za-z0-9+/]+(?:[ \t]*\r?\n[ \t]*[A-Za-z0-9+/]+(?=[=\s]))*={0,2}"
_PEM_IN_BASE64 = re.compile(rb"LS0tLS1CRUdJTi" + _LINES)


class Fault(NamedTuple):
    """What is wrong with a block, and how to repair it."""

    what: str
    undo: str  # FILE stands for the file, NEW for another


_ESCAPED = Fault(
    r"its line breaks are the two characters \n",
    r"""write line breaks with: printf '%b\n' "$(tr -d \" < FILE)" > NEW""",
)
_BREAKS = Fault(
    "its line breaks are missing or became spaces",
    "write BEGIN and END on lines of their own, and the rest in lines without spaces",
)
_JOINED = Fault("END and BEGIN are on one line", "start a new line before -----BEGIN")
_BESIDE = Fault("BEGIN or END is not alone on its line", "remove the other text, also in between")
_DASHES = Fault("its dashes are not five hyphens", "write five hyphens around BEGIN … and END …")
_DIFFERENT = Fault("BEGIN and END have different labels", "write the same label in both lines")
_NO_END = Fault("its END line is missing", "add that line")
_BLANK = Fault("it has blank lines", "remove them")
_NOISE = Fault("it has lines that are not base64", "remove them")
_CR = Fault("its lines end in CR alone", r"convert them with: tr '\r' '\n' < FILE > NEW")
_UTF16 = Fault(
    "this is UTF-16, as PowerShell 5 writes after >",
    "convert it with: iconv -f UTF-16 -t ASCII FILE > NEW",
)
_IN_BASE64 = Fault(
    "this is base64 of PEM",
    r"decode it (and nothing else) with: tr -d '\r\n' < FILE | openssl base64 -d -A -out NEW",
)
_BARE = Fault("its BEGIN and END lines are missing", "write -----BEGIN … and -----END … around it")
_CUT_SHORT = Fault("the content is cut short, and the END line is missing", "restore a copy")
_DAMAGED = Fault("the content is damaged: part of it is missing", "restore a copy")


class Block(NamedTuple):
    """A key, a request, a certificate or something else in a file."""

    label: str  # of PEM, for what its content is; "" for DER of an unknown kind
    der: bytes  # as far as it can be decoded
    is_whole: bool
    headers: str  # of RFC 1421, or ""
    line: int  # of BEGIN in the file, from 1; 0 for DER
    fault: Fault | None  # of a block that is not whole, or of the wrapping of one that is

    @property
    def text(self) -> bytes:
        """The block as new PEM."""
        return written(self.label, self.der, self.headers)

    @property
    def is_encrypted(self) -> bool:
        """Whether a passphrase opens it, in PKCS#8 or in the older form of RFC 1421."""
        return self.label == ENCRYPTED or bool(self.headers)


def blocks(data: bytes) -> list[Block]:
    """Return what is in data, in order."""
    if not (kind := kind_of(data)) and (found := _in_text(data)):
        return found
    if kind or re.match(SEQUENCE, data, re.DOTALL):
        der = _first_element(data)
        return [Block(kind, der or data, bool(der), "", 0, None if der else _DAMAGED)]
    encoded = [(match[0], _IN_BASE64) for match in _PEM_IN_BASE64.finditer(data)]
    if not encoded and _ONLY_BASE64.fullmatch(data.strip()):
        encoded = [(data, _BARE)]
    inside = [(block, fault) for text, fault in encoded for block in blocks(_decoded(text))]
    return [block._replace(line=1, fault=block.fault or fault) for block, fault in inside]


def written(label: str, der: bytes, headers: str = "") -> bytes:
    """Return PEM. headers: those of RFC 1421, or ""."""
    text = base64.b64encode(der).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    begin = [f"-----BEGIN {label}-----", *([headers, ""] if headers else [])]
    return "\n".join([*begin, *lines, f"-----END {label}-----", ""]).encode()


def kind_of(der: bytes) -> str:
    """Return the label for what DER holds, by how it begins, or "" if that is unknown."""
    patterns = ((label, SEQUENCE + start) for label, start in _KINDS)
    return next((label for label, start in patterns if re.match(start, der, re.DOTALL)), "")


def _in_text(data: bytes) -> list[Block]:
    """Return the blocks that BEGIN marks in text."""
    is_utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = data.decode("utf-16" if is_utf16 else "utf-8-sig", "replace")
    fault = _UTF16 if is_utf16 else None
    marks = list(_MARK.finditer(text))
    if any(_BREAK.match(text, mark.end()) for mark in marks):
        text, fault = _BREAK.sub("\n", text), _ESCAPED
        marks = list(_MARK.finditer(text))
    elif marks and "\r" in text and "\n" not in text:
        text, fault = text.replace("\r", "\n"), _CR
    starts = [0, *(at + 1 for at, char in enumerate(text) if char == "\n")]  # of the lines
    found = []  # without what only mentions BEGIN
    for begin, end in itertools.zip_longest(marks, marks[1:]):
        if begin[2] == "BEGIN":
            line = bisect.bisect(starts, begin.start())
            before = text[max(starts[line - 1], begin.start() - 80) : begin.start()]
            block = _block(text, before, begin, end)
            body = text[begin.end() : end.start() if end else None]
            is_begin = body.strip() and body.lstrip(" \t\r").startswith("\n")
            if is_begin or block.is_whole or block.der.startswith(b"\x30"):
                found.append(
                    block._replace(line=line, fault=(block.is_whole and fault) or block.fault)
                )
    return found


def _block(text: str, before: str, begin: re.Match[str], end: re.Match[str] | None) -> Block:
    """Return the block from a BEGIN mark to the next mark. before: what precedes it on its line."""
    has_end = end is not None and end[2] == "END"
    body = text[begin.end() : end.start() if end else None]
    headers = _HEADERS.match(body)
    lines = [one.strip(" \t\r>") for one in body[headers.end() if headers else 0 :].split("\n")]
    label, der = SYNONYMS.get(begin[3], begin[3]), _decoded("".join(lines).encode())
    whole, fault = _first_element(der), None
    if headers or label not in _LABELS:
        whole = der if has_end else b""
    elif not whole:
        pure = "".join(line for line in lines if _BASE64.fullmatch(line))
        whole, fault = _first_element(_decoded(pure.encode())), _NOISE
    if not whole:
        return Block(label, der, False, "", 0, _DAMAGED if has_end else _CUT_SHORT)
    fault = _fault(text, before, begin, end if has_end else None, lines) or fault
    kind = "" if headers else kind_of(whole)
    if kind not in ("", label) and label in _LABELS and {label, kind} != {CERTIFICATE, CRL}:
        what = f"its label is {label}, but its content is that of {kind}"
        label, fault = kind, fault or Fault(what, f"write {kind} in BEGIN and END")
    return Block(label, whole, True, "\n".join(headers.groups()) if headers else "", 0, fault)


def _fault(
    text: str, before: str, begin: re.Match[str], end: re.Match[str] | None, lines: list[str]
) -> Fault | None:
    """Return what is wrong with the wrapping of a block. lines: those between the marks."""
    if end is None:
        return _NO_END
    if begin[3] != end[3]:
        return _DIFFERENT
    if {begin[1], begin[4], end[1], end[4]} != {"-----"}:
        return _DASHES
    if before.endswith("-----"):
        return _JOINED
    after = re.compile("[^\n]{0,80}").match(text, end.end())
    if before or (after and after[0].strip() and not after[0].startswith("-----BEGIN")):
        return _BESIDE
    if lines[0] or lines[-1]:
        return _BREAKS
    if text[end.start() - 1] != "\n":
        return _BESIDE
    return _BLANK if "" in lines[1:-1] else None


def _decoded(text: bytes) -> bytes:
    """Return what base64 stands for, up to the first other character."""
    found = _BASE64.match("".join(text.decode("utf-8", "replace").split()))
    digits = found[0].rstrip("=") if found else ""
    return base64.b64decode(digits[: len(digits) - (len(digits) % 4 == 1)] + "===")


def _first_element(der: bytes) -> bytes:
    """Return the SEQUENCE at the start of DER, or b"" if it is not whole (X.690 section 8.1.3)."""
    if not der.startswith(b"\x30") or len(der) < 2:
        return b""
    if der[1] == 0x80:  # a length that BER leaves open
        return der
    size = 2 + (der[1] & 0x7F if der[1] > 0x80 else 0)
    end = size + (der[1] if size == 2 else int.from_bytes(der[2:size], "big"))
    return der[:end] if end <= len(der) else b""
