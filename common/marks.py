r"""BEGIN and END marks in text, and what is wrong with the PEM between and around them.

PEM (RFC 7468) is a BEGIN line with a label, base64 of DER and an END line with the same label.
Other text may stand around it. What people paste differs from this in many ways:

    -----END A----------BEGIN B-----     files joined without a line break between them
    -----BEGIN A-----\nMII…              line breaks that became the two characters \ and n
    "-----BEGIN A-----\n" +              lines that are strings in a program
    -----BEGIN A----- MII… -----END A    line breaks that became spaces or were lost
    > -----BEGIN A-----                  quoted or indented lines, or text before BEGIN
    ----BEGIN A---- or —BEGIN A—         other dashes than five hyphens
    -----BEGIN A-----                    a missing line, or an END line with another label
    MIIEvQ BADANB                        a + in base64 that became a space
"""

import bisect
import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

from common import faults
from common.faults import Fault

_DASH = "[-\u2010-\u2015\u2212]"
_MARK = re.compile(
    rf"({_DASH}{{1,9}}) ?(BEGIN|END) ([A-Z0-9][^\r\n-]{{0,40}}?) ?"
    rf"({_DASH}{{1,5}}?(?={_DASH}{{1,5}} ?BEGIN )|{_DASH}{{1,9}})"
)
_END_WITHOUT_DASHES = re.compile(rf"\n{_DASH}* ?END [A-Z0-9]")
_HEADERS = re.compile(  # of RFC 1421
    r"\s*Proc-Type: ?4,ENCRYPTED\s+DEK-Info: ?([\w-]+(?:, ?[0-9A-Fa-f]+)?)(?:[ \t\r]*\n|\s)"
)
_BREAK = r"(?:\\{1,2}r)?\\{1,2}n"  # in a quoted string
_NEXT_STRING = r"""["'][ \t+,.\\]*\r?\n[ \t+]*["']"""
_ESCAPED = re.compile(rf"(?:{_BREAK})?({_NEXT_STRING})|{_BREAK}")
_INVISIBLE = re.compile("[\u00a0\u00ad\u200b-\u200f\u2028\u2029\u2060\ufeff]")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_PREFIX = re.compile(r"\A(?:\d{1,9}[ \t:.|]+|[+|]) *")  # of a line: its number, or a diff's mark
_MOST = 80  # characters of a line around a mark: enough to know whether there are any


class Marked(NamedTuple):
    """What a BEGIN mark begins, and what stands around it on its lines."""

    line: int  # of BEGIN in the file, from 1
    before: str
    begin: re.Match[str]
    body: str  # as far as the next mark
    end: re.Match[str] | None  # None if the next mark is not END
    after: str
    of_text: Fault | None  # what is wrong with the text as a whole

    @property
    def label(self) -> str:
        """The label in BEGIN."""
        return self.begin[3]

    @property
    def is_begin_line(self) -> bool:
        """Whether BEGIN ends its line and something follows. Otherwise text may mention it."""
        return re.match(r"[ \t\r]*\n\s*\S", self.body) is not None

    @property
    def headers(self) -> str:
        """The headers of RFC 1421, as OpenSSL reads them, or ""."""
        info = self.dek_info.replace(" ", "")
        return f"Proc-Type: 4,ENCRYPTED\nDEK-Info: {info}" if info else ""

    @property
    def dek_info(self) -> str:
        """The cipher and the initialization vector in the headers, as written, or ""."""
        return self._headers[1] if self._headers else ""

    @property
    def lines(self) -> list[str]:
        """The lines of base64 between the marks, which other text may stand among."""
        return [line.strip(" \t\r>") for line in self._base64.split("\n")]

    @property
    def texts(self) -> Iterator[str]:
        """The base64 as it is, without lines of other text, and without what begins each line."""
        yield "".join(self.lines)
        yield "".join(line for line in self.lines if _BASE64.fullmatch(line))
        yield "".join(_PREFIX.sub("", line, count=1) for line in self.lines)

    @property
    def with_plus(self) -> str:
        """The base64 with a + for each space."""
        return "".join(line.strip("\r").replace(" ", "+") for line in self._base64.split("\n"))

    @property
    def _headers(self) -> re.Match[str] | None:
        return _HEADERS.match(_visible(self.body))

    @property
    def _base64(self) -> str:
        return _visible(self.body)[self._headers.end() if self._headers else 0 :]


def find(data: bytes) -> list[Marked]:
    """Return what BEGIN marks in text, in order."""
    text, of_text = _text(data)
    marks = list(_MARK.finditer(text))
    lacks_begin = bool(marks) and marks[0][2] == "END"
    if lacks_begin:  # on the first line, so that the numbers of the lines stay the same
        text = f"-----BEGIN {marks[0][3]}----- {text}"
        marks = list(_MARK.finditer(text))
    breaks = [found.start() for found in re.finditer("\n", text)]
    result = []
    for begin, mark in itertools.zip_longest(marks, marks[1:]):
        if begin[2] == "BEGIN":
            line = bisect.bisect(breaks, begin.start()) + 1
            before = text[max(begin.start() - _MOST, 0) : begin.start()].rpartition("\n")[2]
            body = text[begin.end() : mark.start() if mark else None]
            end = mark if mark and mark[2] == "END" else None
            after = text[end.end() : end.end() + _MOST].partition("\n")[0] if end else ""
            result.append(Marked(line, before, begin, body, end, after, of_text))
    if lacks_begin:
        result[0] = result[0]._replace(of_text=of_text or faults.NO_BEGIN)
    return result


def faults_of(marked: Marked) -> Iterator[Fault]:
    """Yield what is wrong with the PEM, but for its content. The first is the one to tell."""
    begin, end, lines = marked.begin, marked.end, marked.lines
    if marked.of_text:
        yield marked.of_text
    if _visible(marked.before + marked.body) != marked.before + marked.body:
        yield faults.INVISIBLE
    if end is None:
        has_end = _END_WITHOUT_DASHES.search(marked.body)
        yield faults.DASHES if has_end else faults.NO_END
        return
    more, breaks = faults.MORE, faults.BREAKS
    if marked.headers:
        more = breaks = faults.AROUND_HEADERS
    is_followed = marked.after.strip() and not marked.after.startswith("-----BEGIN")
    is_base64 = _BASE64.fullmatch("".join("".join(lines).split()))
    for is_there, fault in (
        (marked.label != end[3], faults.DIFFERENT),
        ({begin[1], begin[4], end[1], end[4]} != {"-----"}, faults.DASHES),
        (marked.before.endswith("-----"), faults.JOINED),
        (marked.before or is_followed, more),
        (lines[0] or lines[-1], breaks),
        (not (all(lines[1:-1]) and is_base64 and marked.body.endswith("\n")), more),
        (", " in marked.dek_info, more),
    ):
        if is_there:
            yield fault


def _text(data: bytes) -> tuple[str, Fault | None]:
    """Return text in lines, and what is wrong with it."""
    is_utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = data.decode("utf-16" if is_utf16 else "utf-8", "replace")
    escapes = (_ESCAPED.match(text, mark.end()) for mark in _MARK.finditer(text))
    escape = next(filter(None, escapes), None)
    if escape:
        return _ESCAPED.sub("\n", text), faults.STRINGS if escape[1] else faults.ESCAPED
    return text, faults.UTF16 if is_utf16 else None


def _visible(text: str) -> str:
    return _INVISIBLE.sub("", text)
