"""The picture of show, and the page of the course, in a real browser: `make browser`.

These tests need Chromium and its driver, certutil and Pebble.
"""

import itertools
import json
import os
import signal
import sys
from ipaddress import ip_address
from pathlib import Path
from subprocess import PIPE, Popen
from typing import TYPE_CHECKING, Any

from course.browser import CHROMIUM
from tests import browser
from tests.conftest import ROOT, Patch, Show, default_signals, environment, run_process
from tests.made import CA, EC, LEAF, RSA, as_der, request, san, write
from tests.test_picture import files

import pytest
from cryptography import x509

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = pytest.mark.browser

AXE = ROOT / ".venv" / "node_modules" / "axe-core" / "axe.min.js"

BADLY_PLACED = (ROOT / "tests" / "data" / "badly_placed.js").read_text("utf-8")


def logged(chromium: "Chrome", log: str) -> list[dict[str, Any]]:
    """Return what is new in a log."""
    new: list[dict[str, Any]] = chromium.get_log(log)  # type: ignore[no-untyped-call]
    return new


@pytest.fixture
def page(show: Show, chromium: "Chrome") -> "Chrome":
    """Return a browser with the page about files of all kinds, hostile and large ones too."""
    files()
    evil = "<script>document.title=1</script>\u202e\u05d0\u0301<img src=//a>"
    domains = ("a" * 200, "<b>.com", *(f"n{number}.example.com" for number in range(30)))
    large = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(3_000))
    write("evil.csr", request(san(*domains), large, cn=evil, key=CA))
    write("cut.pem", as_der(LEAF)[:250])
    names = sorted(path.name for path in Path.cwd().iterdir())
    Path("page.html").write_text(show("--html", *names)[1], encoding="ascii", newline="\n")
    for log in ("performance", "browser"):
        logged(chromium, log)  # and forgotten
    chromium.get(Path("page.html").resolve().as_uri())
    return chromium


def open_all(page: "Chrome") -> None:
    page.execute_script("for (const it of document.querySelectorAll('details')) it.open = true")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1900, 800, 390])
def test_nothing_is_cut(width: int, scheme: str, page: "Chrome") -> None:
    browser.resize(page, width, 1000, scheme)
    assert page.execute_script(BADLY_PLACED) == []
    open_all(page)
    assert page.execute_script(BADLY_PLACED) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_for_people_with_disabilities(scheme: str, page: "Chrome") -> None:
    browser.resize(page, 800, 1000, scheme)
    open_all(page)
    page.execute_script(AXE.read_text("utf-8"))
    faults = "found.violations.filter(one => one.impact !== 'minor')"
    assert page.execute_async_script(f"axe.run().then(found => arguments[0]({faults}))") == []


def test_nothing_leaves_and_no_script_runs(page: "Chrome") -> None:
    assert page.title.startswith("account.key, example.com.key, certificate.csr, ")
    assert logged(page, "browser") == []
    messages = [json.loads(entry["message"])["message"] for entry in logged(page, "performance")]
    sent = [one["params"]["request"] for one in messages if "requestWillBeSent" in one["method"]]
    assert {request["url"] for request in sent} <= {page.current_url}
    unwanted = "return document.querySelectorAll('script, img, [style]').length"
    assert page.execute_script(unwanted) == 0


def test_the_keyboard_reaches_an_element_and_shows_where_it_is(page: "Chrome") -> None:
    from selenium.webdriver.common.keys import Keys

    page.switch_to.active_element.send_keys(Keys.TAB, Keys.TAB)  # over the link below the cards
    assert page.switch_to.active_element.tag_name == "summary"
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert page.execute_script(outline) == "solid"


def test_the_page_of_the_course_is_refused_then_accepted(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    """Each command as pasted: the browser refuses and, once it trusts the root, accepts."""
    monkeypatch.chdir(tmp_path)
    write("account.key", RSA)
    write("example.com.key", EC)
    write("certificate.csr", request(san("example.com", x509.IPAddress(ip_address("127.0.0.1")))))
    browser.installed("certutil")
    program = Path(browser.installed(*CHROMIUM))
    wrapper = tmp_path / program.name
    wrapper.write_text(f'#!/bin/sh\nexec {program} {" ".join(browser.FLAGS)} --dump-dom "$@"\n')
    wrapper.chmod(0o755)
    serve = [sys.executable, "-m", "course.certificate", "--serve", str(tmp_path)]
    process = Popen(
        serve, cwd=ROOT, stdout=PIPE, text=True, start_new_session=True, preexec_fn=default_signals
    )
    assert process.stdout
    printed = list(itertools.takewhile(lambda line: "Ctrl-C" not in line, process.stdout))
    commands = [line[4:-1] for line in printed if line.startswith("  $ ")]
    pasted = "".join(f"{command}\necho; echo end of command\n" for command in commands)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    try:
        result = run_process(["sh"], ROOT, env=environment(PATH=path), input=f"exec 2>&1\n{pasted}")
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert (process.returncode, rest) == (-signal.SIGINT, "")
    with pytest.raises(ProcessLookupError):  # nothing that it has started is left
        os.killpg(process.pid, 0)
    *outputs, _ = result.stdout.split("\nend of command\n")
    of = dict[str, list[str]]()
    for command, output in zip(commands, outputs, strict=True):
        of.setdefault(command.split()[0], []).append(output)
    assert ["SSL certificate problem" in output for output in of["curl"]] == [True, False]
    assert of["curl"][1].endswith("Hello\n")
    refused, accepted = of['HOME="${new:?}"']
    assert "ERR_CERT_AUTHORITY_INVALID" in refused
    assert "certificate.csr" not in refused
    assert "ERR_CERT" not in accepted
    assert "You see this page because your browser trusts Pebble's root" in accepted
