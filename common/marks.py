r"""BEGIN and END marks in text, and what is wrong with the PEM between and around them.

PEM (RFC 7468) is a BEGIN line with a label, base64 of DER and an END line with the same label.
Other text may stand around it. What people paste differs from this in many ways:

    -----BEGIN A-----\nMII…\n            line breaks that became the two characters \ and n
    "-----BEGIN A-----\n" +              lines that are strings in a program
    -----BEGIN A----- MII… -----END A    line breaks that became spaces or commas or were lost
    # -----BEGIN A-----                  quoted, indented or commented lines, or other text there
    -----END A----------BEGIN B-----     files joined without a line break between them
    ----BEGIN A---- or —BEGIN A—         other marks than those of PEM, or a missing one
    MIIEvQ\/BADANB                       characters that are escaped, as in JSON or HTML

What became of the first line break became of all of them, and stands between BEGIN and the base64.
"""

import itertools
import re
from typing import NamedTuple

from common import faults
from common.faults import Fault

_DASH = "[-\u2010-\u2015\u2212]"
_LABEL = rf"""
    [ \u00a0]?([A-Z0-9][^\r\n-]{{0,40}}?)\ ?
    (?:{_DASH}{{1,9}} | (?<=KEY|ATE|EST)(?=[ \t\r]*$))  # dashes, or KEY, CERTIFICATE or REQUEST
"""
_FLAGS = re.VERBOSE | re.IGNORECASE | re.MULTILINE
_BEGIN = re.compile(rf"{_DASH}{{1,5}}\ ?BEGIN{_LABEL}", _FLAGS)
_END = re.compile(rf"(?:{_DASH}{{1,9}}\ ?|^)END{_LABEL}", _FLAGS)
_END_IN_PEM = re.compile("-----END ([A-Z0-9 ]+)-----")
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
_LINES = re.compile(r"[ \t\r]*\n(?:[ \t]*[A-Za-z0-9+/=][A-Za-z0-9+/= \t\r]*\n)+")
_INVISIBLE = re.compile(r"[^\t\n\r -~]+")  # or not ASCII
# As they are escaped in JSON, by PHP and .NET, and in HTML.
_CHARACTERS = {r"\/": "/", r"\u002b": "+", r"\u003d": "=", "&#43;": "+", "&#61;": "="}
_CHARACTER = re.compile("|".join(map(re.escape, _CHARACTERS)), re.IGNORECASE)
_MOST = 80  # characters of a line before BEGIN: enough to know whether there are any


class Marked(NamedTuple):
    """What a BEGIN mark begins, as far as END or the next BEGIN, and what stands around it."""

    line: int  # of BEGIN in the file, from 1
    label: str  # in BEGIN
    end: str | None  # the label in END; None if END is missing
    is_exact: bool  # whether BEGIN and END are written as in PEM
    before: str  # on the line of BEGIN
    after: str  # on the line of END
    line_break: str  # what stands between BEGIN and the base64, and so for each line break
    dek_info: str  # the cipher and the initialization vector in headers, as written, or ""
    base64: str  # in lines, which other text may stand among
    fault: Fault | None  # of the characters of the text

    @property
    def headers(self) -> str:
        """The headers of RFC 1421, as OpenSSL reads them, or ""."""
        info = "".join(self.dek_info.split())
        return f"Proc-Type: 4,ENCRYPTED\nDEK-Info: {info}" if info else ""

    @property
    def is_in_place(self) -> bool:
        """Whether BEGIN stands on its line as in PEM. Otherwise text may only mention it."""
        return self.is_exact and re.match(r"[ \t\r]*\n\s*\S", self.base64) is not None


def find(data: bytes) -> list[Marked]:
    """Return what BEGIN marks in text, in order."""
    is_utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    of_text = faults.UTF16 if is_utf16 else None
    text = data.decode("utf-16" if is_utf16 else "utf-8", "replace")
    begins = list(_BEGIN.finditer(text))
    orphan = _END_IN_PEM.search(text, 0, begins[0].start() if begins else len(text))
    if orphan:  # on the first line, so that the numbers of the lines stay the same
        text = f"-----BEGIN {orphan[1]}----- {text}"
        begins = list(_BEGIN.finditer(text))
    result, line, at = [], 1, 0
    for begin, following in itertools.zip_longest(begins, begins[1:]):
        line, at = line + text.count("\n", at, begin.start()), begin.start()
        before = text[max(at - _MOST, 0) : at].rpartition("\n")[2]
        rest = text[begin.end() : following.start() if following else None]
        result.append(_marked(line, before, begin, rest, of_text))
    if orphan:
        result[0] = result[0]._replace(fault=of_text or faults.NO_BEGIN)
    return result


def fault_of(marked: Marked) -> Fault | None:
    """Return what is wrong with the PEM, apart from its content."""
    if marked.fault:
        return marked.fault
    if not marked.is_exact:
        return faults.MARKS
    if marked.end is None:
        return faults.NO_END
    if marked.end != marked.label:
        return faults.DIFFERENT
    if marked.before.endswith("-----"):
        return faults.JOINED
    return _fault_of_lines(marked)


def _fault_of_lines(marked: Marked) -> Fault | None:
    """Return what is wrong with the lines of PEM."""
    line_break = marked.line_break
    if line_break.endswith(('"', "'")):
        return faults.STRINGS
    if r"\n" in line_break:
        return faults.ESCAPED
    is_alone = not marked.before and not marked.after.strip()
    are_lines = _LINE_BREAK.fullmatch(line_break) and _LINES.fullmatch(marked.base64)
    if is_alone and are_lines and " " not in marked.dek_info:
        return None
    is_before_end = re.search(r"[A-Za-z0-9+/=]\Z", marked.base64)  # on its line
    return faults.BREAKS if "\n" not in line_break or is_before_end else faults.MORE


def _marked(line: int, before: str, begin: re.Match[str], rest: str, fault: Fault | None) -> Marked:
    """Return what BEGIN marks. before: the start of its line; rest: as far as the next BEGIN."""
    mark = _END.search(rest)
    between = rest[: mark.start()] if mark else rest
    after = rest[mark.end() :].partition("\n")[0] if mark else ""
    if _INVISIBLE.search(before + between + after):
        fault = fault or faults.INVISIBLE
    visible = _INVISIBLE.sub("", between)
    text = _CHARACTER.sub(lambda found: _CHARACTERS[found[0].lower()], visible)
    if text != visible:
        fault = fault or faults.CHARACTERS
    line_break, text = _in_lines(text)
    headers = _HEADERS.match(text)
    dek_info, base64 = (headers[1], text[headers.end() :]) if headers else ("", text)
    label, end = _label(begin), _label(mark) if mark else None
    is_exact = begin[0] == f"-----BEGIN {label}-----"
    if mark:
        is_exact = is_exact and mark[0] == f"-----END {end}-----"
    return Marked(
        line=line,
        label=label,
        end=end,
        is_exact=is_exact,
        before=before,
        after=after,
        line_break=line_break,
        dek_info=dek_info,
        base64=base64,
        fault=fault,
    )


def _in_lines(text: str) -> tuple[str, str]:
    """Return what stands for each line break in text, and the text with line breaks."""
    start = _BEFORE_BASE64.match(text)
    line_break = start[1] if start else "\n"
    return line_break, text.replace(line_break, "\n") if line_break.strip() else text


def _label(mark: re.Match[str]) -> str:
    """Return the label in BEGIN or END, as PEM has it."""
    return " ".join(_INVISIBLE.sub(" ", mark[1]).upper().split())
