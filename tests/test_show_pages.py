"""show: the whole page about a key, request or certificate of each kind, its DER, and a picture.

The files data/show/*.txt have commands, each with what it prints. To write one anew, leave only
the commands, run the test, and read what it has written.
"""

import html
import os
import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

from common.show import describe
from tests import made
from tests.conftest import ROOT, Patch, Show
from tests.made import certificate, write

import pytest

DATA = ROOT / "tests" / "data" / "show"
MODES = {"pkcs1.key": 0o640, "p384.key": 0o604}


def stop_clock(monkeypatch: Patch, now: datetime) -> None:
    monkeypatch.setattr(describe, "datetime", SimpleNamespace(now=lambda tz: now.astimezone(tz)))


def outline(page: str) -> Iterator[str]:
    """Yield the lines of a picture, with the tags that begin there, and each box indented.

    Classes are as in CSS. Tables with all their bytes and the last part, the words, are left out.
    """
    body = page.partition("</style>")[2].partition("<h2>The words")[0]
    body = re.sub(r'<div class="bytes">((?!</dl></div>).)*class="content">.*?</dl></div>', "", body)
    body = body.replace('<details class="octets"><summary>bytes</summary></details>', "")
    body = re.sub(r' class="(.*?)"', lambda found: f".{found[1].replace(' ', '.')}", body)
    depth = 0
    starts = r"<(?:article|h[12]|p|ul|li|/?details)\b|<dt>(?!offset|tag|length|content)"
    for part in re.split(f"(?={starts})", body):
        depth -= part.startswith("</details")
        words = re.sub("</.*?>|<(wbr|div|dl|span|summary)>", " ", part).split()
        yield from [f"{'  ' * depth}{html.unescape(' '.join(words))}"] if words else []
        depth += part.startswith("<details")


@pytest.mark.parametrize("page", sorted(DATA.glob("*.txt")), ids=lambda page: page.stem)
def test_pages_stay_the_same(page: Path, show: Show, monkeypatch: Patch) -> None:
    stop_clock(monkeypatch, datetime(2030, 1, 1, tzinfo=timezone.utc))
    monkeypatch.setenv("COLUMNS", "100")
    expected = page.read_text("utf-8").splitlines()
    printed = []
    for command in [line for line in expected if line.startswith("$ show ")]:
        for file in [name for name in command.split()[2:] if not name.startswith("-")]:
            shutil.copy(DATA / file, file)
            Path(file).chmod(MODES.get(file, 0o600))
        status, out, err = show(*command.split()[2:])
        lines = outline(out) if "--html" in command else out.splitlines()
        printed += [command, *lines, *err.splitlines(), f"exit status {status}", ""]
    if not any(line.startswith("exit status ") for line in expected):
        page.write_text("".join(f"{line}\n" for line in printed), "utf-8")
    if os.name != "posix":
        expected = [line for line in expected if not line.startswith("  file mode ")]
    assert printed == expected


def test_the_time_left_is_rounded_down(show: Show, monkeypatch: Patch) -> None:
    stop_clock(monkeypatch, made.NOW.replace(microsecond=0))
    for start, days, words in (
        (-9, -3, "expired 3 days ago"),
        (0, 9, "expires in 9 days"),
        (-9, 0, "expires in a moment"),
        (-9, 119 / 86400, "expires in 119 seconds"),
        (-9, 119 / 1440, "expires in 119 minutes"),
        (-9, 47 / 24, "expires in 47 hours"),
    ):
        write("a.pem", certificate("a.com", start=start, days=days))
        assert f" UTC, {words}\n" in show("a.pem")[1]
        is_red = f"{words}</strong>" in show("--html", "a.pem")[1]
        assert is_red == words.startswith("expired")
