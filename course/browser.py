"""Commands that start a browser with new settings, in which nobody trusts the practice CA yet.

Its files are in a new directory, $new, so that the CA never gets into the learner's own browser.
"""

import os
import shlex
import shutil
from typing import NamedTuple

from common import shell

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FIREFOX = ("firefox", "firefox-esr")


class Commands(NamedTuple):
    """What to type in order to look at a page, and a remark about it."""

    refused: list[str]  # until the browser trusts the root
    accepted: list[str]
    remark: str


def commands(name: str, url: str, root: str) -> Commands:
    """Return what to type for a browser that refuses the certificate, then to have it accepted.

    name: a domain name, which leads the browser to this machine. root: the file of the CA's root.
    """
    program = next(filter(shutil.which, (*CHROMIUM, *FIREFOX)), None)
    trust = shell.command("certutil", "-A", "-n", "Pebble", "-t", "C,,", "-i", root)
    if os.name == "nt" or program is None or shutil.which("certutil") is None or trust is None:
        needs = "Chromium or Firefox, and certutil (Debian: apt-get install chromium libnss3-tools)"
        return Commands([], [], f"Commands for a browser are not shown: they need {needs}.")
    family = _firefox if program in FIREFOX else _chromium
    roots, prepare, browse = family(program, name, shlex.quote(url))
    remark = 'The browser keeps its files in a new directory, "$new", which you can delete.'
    accepted = [f"{trust} -d sql:{roots}", browse]
    return Commands(["new=$(mktemp -d)", prepare, browse], accepted, remark)


def _chromium(program: str, name: str, url: str) -> tuple[str, str, str]:
    """Return, quoted for a shell, where Chromium keeps roots, how to prepare it and open url."""
    roots = '"${new:?}/.pki/nssdb"'
    rule = shlex.quote(f"MAP {name} 127.0.0.1")
    options = f'--user-data-dir="$new/profile" --host-resolver-rules={rule}'
    return roots, f"mkdir -p {roots}", f'HOME="${{new:?}}" {program} {options} {url}'


def _firefox(program: str, name: str, url: str) -> tuple[str, str, str]:
    """Return the same for Firefox."""
    roots = '"${new:?}"'
    domains = shlex.quote(f'user_pref("network.dns.localDomains", "{name}");')
    prepare = f"echo {domains} > {roots}/user.js"
    return roots, prepare, f"{program} --no-remote --profile {roots} {url}"
