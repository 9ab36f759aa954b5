"""What was probably meant: a name, or a file that is not there."""

import os
import time
from pathlib import Path

import make_csr
from common import suggest
from tests.conftest import Patch

import pytest

AROUND = "this is a name with extra characters around it: did you mean {}?"
LIST = "this is a list; give each name by itself: {}"

# The text, and what is offered instead.
SLIPS = {
    "https://me:pw@X.example.com:8443/a?b#c": "this is a URL: did you mean x.example.com?",
    "mailto:hostmaster@example.com": "this is an e-mail address: did you mean example.com?",
    "192.0.2.1:443": "this is a host with a port: did you mean 192.0.2.1?",
    "[2001:db8::1]:443": "this is an address in brackets: did you mean 2001:db8::1?",
    "192.0.2.0/24": "this is a network, not one address: did you mean 192.0.2.0?",
    "example.com/index.html": "this is a name with a path: did you mean example.com?",
    # Lists, as other programs take or print them.
    "[a.com, *.b.com,]": LIST.format("a.com *.b.com"),
    "DNS:a.com, IP Address:192.0.2.1": LIST.format("a.com 192.0.2.1"),
    # Quotation marks, and what stands before a name in other places.
    "example.com,": AROUND.format("example.com"),
    'DNS.1 = "example.com"': AROUND.format("example.com"),
    "/C=US/CN=example.com/O=Example": AROUND.format("example.com"),
    "~^X.example.com$": AROUND.format("x.example.com"),  # nginx
    # One wrong character.
    "*example.com": "did you mean *.example.com?",
    " example.com\n": "did you mean example.com?",
    "my_site.example.com": "did you mean my-site.example.com?",
    "example,com": "did you mean example.com?",
}


@pytest.mark.parametrize("text", SLIPS)
def test_a_mistyped_name_gets_a_suggestion(text: str) -> None:
    assert str(suggest.name(text)) == SLIPS[text]


def test_nothing_is_offered_unless_it_is_plain() -> None:
    for text in ("", "*", "a..b", "https://a b/", "localhost:80", "a,b.com", "@list", "CN="):
        assert suggest.name(text) is None


@pytest.mark.parametrize("part", ["a", "-", ".", "@", "/", "CN=", "/, ", "= ", "é.com "])
def test_a_long_text_takes_no_time(part: str) -> None:
    """No pattern tries again what it has tried, and a message shows only the start."""
    start = time.process_time()
    assert len(str(suggest.name(part * 100_000))) < 2100
    assert make_csr.main([f"--{part * 100_000}"]) == 2
    assert suggest.file(part * 100_000, "otherwise") == "otherwise"
    assert time.process_time() - start < 5


def test_a_missing_file_gets_a_suggestion(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("keys").mkdir()
    near = os.path.join("keys", "my.key")
    for name in ("example.com.key", "certificate.key", "K.PEM", near, "keys/my.bak~"):
        Path(name).touch()
    # What follows ~ in quotes, which the shell leaves as it is.
    monkeypatch.setattr(os.path, "expanduser", lambda path: path.replace("~/", ""))
    for given, present in (
        ("exmaple.com.key", "example.com.key"),
        (os.path.join("keys", "myy.key"), near),
        ("file://K.PEM", "K.PEM"),
        (os.path.join("keys", "my"), near),
        ("~/K.PEM", "K.PEM"),
    ):
        assert suggest.file(given, "else") == f"did you mean {present}?"
    if not Path("k.pem").exists():  # it does where case does not count
        assert suggest.file("k.pem", "else") == "did you mean K.PEM?"
    # A file that exists, names unlike any file's, and a missing directory.
    for name in ("example.com.key", "certificate.csr", "file:none", "none/my.key", ""):
        assert suggest.file(name, "else") == "else"
