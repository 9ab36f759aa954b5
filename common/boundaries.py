r"""The boundaries of PEM in text, and what is wrong with the PEM between and around them.

PEM is base64 of DER between two encapsulation boundaries (RFC 7468 section 2), which are the BEGIN
line and the END line with a label. Other text may surround it. What people paste often differs:

    -----BEGIN A-----\nMII…\n            line breaks that became the two characters \ and n
    "-----BEGIN A-----\n" +              lines that are strings in a program
    -----BEGIN A----- MII… -----END A    line breaks that became spaces or commas or were lost
    # -----BEGIN A-----                  quoted, indented or commented lines, or other text there
    -----END A----------BEGIN B-----     files joined without a line break between them
    ----BEGIN A---- or —BEGIN A—         boundaries that are not those of PEM, or a missing one
    MIIEvQ\/BADANB                       characters that are escaped, as in JSON or HTML

All line breaks became the same as the first, which stands between BEGIN and the base64.
"""

import re
from typing import NamedTuple

from common import faults
from common.faults import Fault

_DASH = "[-\u2010-\u2015\u2212]"
_LABEL = rf"""
    [ \t\u00a0]{{0,9}}([A-Z0-9][^\r\n-]{{0,40}}?)\ ?
    (?:{_DASH}{{1,9}} | (?<=KEY|ATE|EST)(?=[ \t\r]*$))  # dashes, or KEY, CERTIFICATE or REQUEST
"""
_FLAGS = re.VERBOSE | re.IGNORECASE | re.MULTILINE
_BEGIN = re.compile(rf"{_DASH}{{1,5}}\ ?BEGIN{_LABEL}", _FLAGS)
_END = re.compile(rf"(?:{_DASH}{{1,9}}\ ?|^)END{_LABEL}", _FLAGS)
_END_IN_PEM = re.compile("-----END .+-----")
_BEFORE_BASE64 = re.compile(
    r"""
    (.{,200}?)
    (?:(?<![A-Za-z0-9]) | (?<=[\\/]n) | (?<=%0A) | (?<=\\u000[aA]))  # not within a word
    (?= Proc-Type:
        | M[A-P][A-Za-z0-9+/]{8}  # 0x30, a SEQUENCE of DER
        | LS0tLS1CRUdJTi          # -----BEGIN
        | b3BlbnNzaC1             # openssh-
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_HEADERS = re.compile(  # of RFC 1421
    r"\s*Proc-Type:[ \t]*4,[ \t]*ENCRYPTED\s+"
    r"DEK-Info:[ \t]*([\w-]+[ \t]*(?:,[ \t]*[0-9A-Fa-f]+)?)(?:[ \t\r]*\n|\s)"
    r"(?:[\w-]+:.*\n)*"  # others, which OpenSSL ignores
)
_LINE_BREAK = re.compile(r"[ \t\r]*\n[ \t]*")
_LINES = re.compile(r"[ \t\r]*\n(?:[ \t]*[\w+/-][\w+/ \t\r-]*(?:\n|=+[ \t\r]*\n\Z))+")
_INVISIBLE = re.compile(r"[^\t\n\r -~]+")  # or not ASCII
_KEY = re.compile(r"""PRIVATE KEY-----|["']d["']\s*:""")  # in PEM, or a JSON Web Key
# A line of PEM has 64 characters. Quotation marks and a comma may have been copied with it.
_LONG_BASE64 = re.compile(r"""(?=.*[0-9])[\w+/=\s"',-]{64,}""", re.ASCII | re.DOTALL)
_MOST = 80  # characters of a line before BEGIN: enough to know whether there are any


class Enclosed(NamedTuple):
    """The text from BEGIN to END, or to the next BEGIN, and what stands around it."""

    line: int  # of BEGIN in the file, from 1
    label: str  # in BEGIN, or in END if BEGIN is missing
    end: str | None  # the label in END; None if END is missing
    is_exact: bool  # whether BEGIN and END are written as in PEM
    before: str  # on the line of BEGIN
    after: str  # on the line of END
    line_break: str  # what stands between BEGIN and the base64, and so for each line break
    dek_info: str  # the cipher and the initialization vector in headers, as written, or ""
    base64: str  # in lines, which other text may stand among
    of_text: Fault | None  # what is wrong with BEGIN or with the characters

    @property
    def headers(self) -> str:
        """The headers of RFC 1421, as OpenSSL reads them, or ""."""
        info = "".join(self.dek_info.split())
        return f"Proc-Type: 4,ENCRYPTED\nDEK-Info: {info}" if info else ""

    @property
    def is_in_place(self) -> bool:
        """Whether BEGIN stands on its line as in PEM. Otherwise text may only mention it."""
        return self.is_exact and re.match(r"[ \t\r]*\n\s*\S", self.base64) is not None

    @property
    def fault(self) -> Fault | None:
        """What is wrong with the PEM, apart from its content."""
        if self.of_text:
            return self.of_text
        if not self.is_exact:
            return faults.BOUNDARIES
        if self.end is None:
            return faults.NO_END
        if self.end != self.label:
            return faults.DIFFERENT
        if self.before.endswith("-----"):
            return faults.JOINED
        return _fault_of_lines(self)


def is_pem(data: bytes) -> bool:
    """Return whether PEM begins somewhere in data."""
    return b"-----BEGIN " in data


def may_be_key(text: str) -> bool:
    """Return whether text looks like a private key, or like a part of one: long base64."""
    return bool(_KEY.search(text) or _LONG_BASE64.fullmatch(text))


def find(data: bytes) -> list[Enclosed]:
    """Return each text from BEGIN to END, in order. The first may lack its BEGIN."""
    is_utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    of_text = faults.UTF16 if is_utf16 else None
    text = data.decode("utf-16" if is_utf16 else "utf-8", "replace")
    begins = list(_BEGIN.finditer(text))
    starts = [*(begin.start() for begin in begins), len(text)]
    rests = [text[begin.end() : end] for begin, end in zip(begins, starts[1:], strict=True)]
    result, line, at = list[Enclosed](), 1, 0
    if _END_IN_PEM.search(text, 0, starts[0]):
        result.append(_enclosed(line, "", None, text, of_text or faults.NO_BEGIN))
    for begin, rest, rest_before in zip(begins, rests, ["", *rests], strict=False):
        line, at = line + text.count("\n", at, begin.start()), begin.start()
        before = text[max(at - _MOST, 0) : at].rpartition("\n")[2]
        of_begins = faults.TWO_BEGINS if rest_before.isspace() else None
        result.append(_enclosed(line, before, begin, rest, of_text or of_begins))
    return result


def _fault_of_lines(enclosed: Enclosed) -> Fault | None:
    """Return what is wrong with the lines of PEM."""
    line_break = enclosed.line_break
    if line_break.endswith(('"', "'")):
        return faults.STRINGS
    if r"\n" in line_break:
        return faults.ESCAPED
    is_alone = not enclosed.before and not enclosed.after.strip()
    are_lines = _LINE_BREAK.fullmatch(line_break) and _LINES.fullmatch(enclosed.base64)
    if is_alone and are_lines and " " not in enclosed.dek_info:
        return None
    is_before_end = re.search(r"[\w+/=]\Z", enclosed.base64)  # on its line
    return faults.BREAKS if "\n" not in line_break or is_before_end else faults.MORE


def _enclosed(
    line: int, before: str, begin: re.Match[str] | None, rest: str, fault: Fault | None
) -> Enclosed:
    """Return the text after BEGIN. before: on its line; rest: up to the next BEGIN."""
    closing = _END.search(rest)
    between = rest[: closing.start()] if closing else rest
    after = rest[closing.end() :].partition("\n")[0] if closing else ""
    text = visible = _INVISIBLE.sub("", between)
    for character, escaped in faults.ESCAPES.items():
        text = re.sub(escaped, character, text)
    if _INVISIBLE.search(before + between + after):
        fault = fault or faults.INVISIBLE
    elif text != visible:
        fault = fault or faults.CHARACTERS
    line_break, text = _in_lines(text)
    headers = _HEADERS.match(text)
    dek_info, base64 = (headers[1], text[headers.end() :]) if headers else ("", text)
    label, is_begin_exact = _label(begin, "BEGIN")
    end, is_end_exact = _label(closing, "END")
    return Enclosed(
        line=line,
        label=label or end or "",
        end=end,
        is_exact=is_begin_exact and is_end_exact,
        before=before,
        after=after,
        line_break=line_break,
        dek_info=dek_info,
        base64=base64,
        of_text=fault,
    )


def _in_lines(text: str) -> tuple[str, str]:
    """Return what stands for each line break in text, and the text with line breaks."""
    start = _BEFORE_BASE64.match(text)
    line_break = start[1] if start else "\n"
    return line_break, text.replace(line_break, "\n") if line_break.strip() else text


def _label(boundary: re.Match[str] | None, word: str) -> tuple[str | None, bool]:
    """Return the label in BEGIN or END as PEM writes it, and whether all is written as in PEM."""
    if boundary is None:
        return None, True
    label = " ".join(_INVISIBLE.sub(" ", boundary[1]).upper().split())
    return label, boundary[0] == f"-----{word} {label}-----"
