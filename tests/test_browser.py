"""The picture of show, and the page of the course, in a real browser: `make browser`.

These tests need Chromium and its driver, certutil and Pebble.
"""

import json
import os
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course.browser import CHROMIUM
from tests import browser
from tests.conftest import ROOT, Patch, Show, environment, page_served, run_process
from tests.made import CA, EC, LEAF, RSA, as_der, request, san, write
from tests.test_picture import files

import pytest
from cryptography import x509

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = pytest.mark.browser

AXE = ROOT / ".venv" / "node_modules" / "axe-core" / "axe.min.js"

# Lines of text that are outside of their card or the page, and names broken inside a word.
BADLY_PLACED = """
const found = [];
for (const card of document.querySelectorAll("article, .below > section, h1, main > p")) {
  const around = card.getBoundingClientRect();
  const walker = document.createTreeWalker(card, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    if (!node.data.trim() || !node.parentElement.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const one of [...range.getClientRects()].filter(rect => rect.width >= 1)) {
      if (one.left < around.left - 1 || one.right > Math.min(around.right + 1, innerWidth) ||
          one.bottom > around.bottom + 1) {
        found.push(["outside", node.data.slice(0, 60)]);
      }
    }
  }
}
for (const name of document.querySelectorAll("summary > b")) {
  const lines = name.getClientRects().length;
  if (lines > name.textContent.split(" ").length) found.push(["broken", name.textContent]);
}
if (document.documentElement.scrollWidth > innerWidth) found.push(["wider than the window"]);
return found;
"""


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
    found: dict[str, Any] = page.execute_async_script(
        "axe.run({resultTypes: ['violations', 'incomplete']}).then(arguments[0])"
    )
    faults = [
        (one["id"], one["nodes"][0]["html"][:200], one["nodes"][0]["failureSummary"])
        for one in found["violations"]
        if one["impact"] in ("moderate", "serious", "critical")
    ]
    assert faults == []


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
    with page_served(tmp_path) as commands:
        pasted = "".join(f"{command}\necho; echo end of command\n" for command in commands)
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        result = run_process(["sh"], ROOT, env=environment(PATH=path), input=f"exec 2>&1\n{pasted}")
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
