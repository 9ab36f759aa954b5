"""The page of the course in a real browser: `make browser`.

These tests need Chromium and its driver, certutil and Pebble.
"""

import os
from ipaddress import ip_address
from pathlib import Path

from course import web_server
from tests.browser import FLAGS, installed
from tests.conftest import ROOT, environment, page_served, run_process
from tests.made import EC, RSA, request, san, write

import pytest
from cryptography import x509

pytestmark = pytest.mark.browser


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory with account.key, example.com.key and certificate.csr."""
    monkeypatch.chdir(tmp_path)
    write("account.key", RSA)
    write("example.com.key", EC)
    write("certificate.csr", request(san("example.com", x509.IPAddress(ip_address("127.0.0.1")))))
    return tmp_path


def test_the_page_of_the_course_is_refused_then_accepted(files: Path, tmp_path: Path) -> None:
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
