"""The page of the course in a real browser: `make browser`.

They need Chromium and its driver, certutil and Pebble.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from course import web_server
from tests.browser import FLAGS, installed
from tests.conftest import ROOT, environment, openssl, page_served, run_process

import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = pytest.mark.browser


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Return a directory with account.key, example.com.key and certificate.csr."""
    kind = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    for name in ("account.key", "example.com.key"):
        openssl("genpkey", *kind, "-out", name, cwd=tmp_path)
    names = ["-subj", "/", "-addext", "subjectAltName=DNS:example.com,IP:127.0.0.1"]
    openssl(
        "req", "-new", "-key", "example.com.key", *names, "-out", "certificate.csr", cwd=tmp_path
    )
    return tmp_path


def test_the_page_of_the_course(files: Path, tmp_path: Path) -> None:
    """Each command as pasted: the browser refuses and, once it trusts the root, accepts."""
    installed("certutil")
    program, programs = Path(installed(*web_server.CHROMIUM)), tmp_path / "bin"
    programs.mkdir()
    (programs / program.name).write_text(
        f'#!/bin/sh\nexec {program} {" ".join(FLAGS)} --dump-dom "$@"\n'
    )
    (programs / program.name).chmod(0o755)
    with page_served(files) as commands:
        pasted = "".join(f"{command}\necho; echo end of command\n" for command in commands)
        path = f"{programs}{os.pathsep}{os.environ['PATH']}"
        result = run_process(["sh"], ROOT, env=environment(PATH=path), input=f"exec 2>&1\n{pasted}")
    *outputs, _ = result.stdout.split("\nend of command\n")
    refused, accepted = (
        output
        for command, output in zip(commands, outputs, strict=True)
        if "--host-resolver-rules" in command
    )
    assert "ERR_CERT_AUTHORITY_INVALID" in refused
    assert "certificate.csr" not in refused
    assert "ERR_CERT" not in accepted
    assert "You see this page because your browser trusts Pebble's root" in accepted


def test_a_fresh_profile_shows_the_privacy_error(files: Path, chromium: "Chrome") -> None:
    with page_served(files) as commands:
        url = commands[0].split()[-1].replace("example.com", "127.0.0.1")
        chromium.get(url)
        assert chromium.title == "Privacy error"
        assert "ERR_CERT_AUTHORITY_INVALID" in chromium.page_source
