"""python -m tests.picture PNG: the picture in the README, of the files in data/picture.

It needs Chromium and pngquant. The day is fixed, since it says how long they are valid.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from common.show import describe
from course import output
from tests import browser

DATA = Path(__file__).resolve().parent / "data"
FILES = {
    "example.com.key": DATA / "article" / "rsa2048.key",
    "certificate.csr": DATA / "picture" / "certificate.csr",
    "certificate.pem": DATA / "picture" / "certificate.pem",
}
TODAY = datetime(2026, 11, 2, tzinfo=timezone.utc)
WIDTH = 1440  # CSS pixels


def page() -> str:
    """Return the page about the files, which are in the working directory."""
    for name, path in FILES.items():
        shutil.copy(path, name)
    Path("example.com.key").chmod(0o600)
    with mock.patch.object(describe, "datetime", SimpleNamespace(now=lambda _: TODAY)):
        status, text, _ = output.shown("--html", *FILES)
    assert status == 0
    return text


def main(target: Path) -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        os.chdir(directory)
        Path("page.html").write_text(page(), encoding="ascii")
        driver = stack.enter_context(browser.started(Path(directory, "profile")))
        browser.resize(driver, WIDTH, 1000, "light")
        driver.get(Path("page.html").resolve().as_uri())
        end = "return document.querySelector('.cards').getBoundingClientRect().bottom"
        browser.resize(driver, WIDTH, int(driver.execute_script(end)) + 20, "light")
        shot = driver.get_screenshot_as_png()
        os.chdir("/")
    colors = [browser.installed("pngquant"), "--speed", "1", "--strip", "64", "-"]
    data = subprocess.run(colors, input=shot, stdout=subprocess.PIPE, check=True).stdout
    target.write_bytes(data)
    print(f"Wrote {target}: {len(data)} bytes.")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
