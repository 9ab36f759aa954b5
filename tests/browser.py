"""A Chromium with a fresh profile, which opens nothing by itself."""

import contextlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from course.browser import CHROMIUM

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

# Without --no-sandbox, it refuses to run as root.
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]


def installed(*names: str) -> str:
    """Return the path of the first of these programs that is installed."""
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        packages = "chromium chromium-driver libnss3-tools pngquant"
        sys.exit(f"{names[0]} is missing; apt-get install {packages}")
    return path


@contextlib.contextmanager
def started(profile: Path) -> "Iterator[Chrome]":
    """Return a browser that keeps what it loads and says in its logs."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = installed(*CHROMIUM)
    for flag in (*FLAGS, "--disable-component-update", f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with webdriver.Chrome(options, webdriver.ChromeService(installed("chromedriver"))) as driver:
        yield driver


def resize(browser: "Chrome", width: int, height: int, scheme: str) -> None:
    """Give the page a size in CSS pixels, and a color scheme ("light" or "dark")."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
