"""show: the whole page about one key, request or certificate of each kind, and all its DER.

NAME.txt in data/show has commands about NAME, each with what it prints. To write it anew, leave
only the commands, run the test, and read what it has written.
"""

import os
import shutil
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


@pytest.mark.parametrize("page", sorted(DATA.glob("*.txt")), ids=lambda page: page.stem)
def test_pages_stay_the_same(page: Path, show: Show, monkeypatch: Patch) -> None:
    stop_clock(monkeypatch, datetime(2030, 1, 1, tzinfo=timezone.utc))
    monkeypatch.setenv("COLUMNS", "100")
    shutil.copy(DATA / page.stem, page.stem)
    Path(page.stem).chmod(MODES.get(page.stem, 0o600))
    expected = page.read_text("utf-8").splitlines()
    printed = []
    for command in [line for line in expected if line.startswith("$ show ")]:
        status, out, err = show(*command.split()[2:])
        printed += [command, *f"{out}{err}exit status {status}".splitlines(), ""]
    if not any(line.startswith("exit status ") for line in expected):
        page.write_text("".join(f"{line}\n" for line in printed), "utf-8")
    if os.name != "posix":
        expected = [line for line in expected if not line.startswith("  file mode ")]
    assert printed == expected


def test_the_time_left_is_rounded_down(show: Show, monkeypatch: Patch) -> None:
    stop_clock(monkeypatch, made.NOW.replace(microsecond=0))
    hour, minute, second = 1 / 24, 1 / 1440, 1 / 86400
    for start, days, words in (
        (-9, -3, "expired 3 days ago"),
        (-9, second, "expires in a moment"),
        (-9, 119 * second, "expires in 119 seconds"),
        (-9, 119 * minute, "expires in 119 minutes"),
        (-9, 47 * hour, "expires in 47 hours"),
    ):
        write("a.pem", certificate("a.com", start=start, days=days))
        assert f" UTC, {words}\n" in show("a.pem")[1]
        is_red = f"{words}</strong>" in show("--html", "a.pem")[1]
        assert is_red == words.startswith("expired")


def test_an_issuer_is_named_by_the_identifier_of_its_key(show: Show) -> None:
    for file in ("leaf.pem", "ca.der", "namesake.pem"):
        shutil.copy(DATA / file, file)
    status, out, err = show("leaf.pem", "namesake.pem", "ca.der")
    assert (status, "leaf.pem" in err) == (0, False)
    assert out.partition("together:\n")[2] == "  leaf.pem is issued by ca.der\n"
