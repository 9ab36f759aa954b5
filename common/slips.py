"""What was meant by a text that is no name: a URL, an e-mail address, a list."""

from __future__ import annotations

import re
from collections.abc import Callable

MAX_LENGTH = 1000  # characters that are looked at; a name has at most 253

# What is no name, and yet plainly meant: a pattern that finds the name in it, and what it is.
# The first that fits is offered.
_SLIPS = (
    (r"[a-z][a-z0-9+.-]*://(?:[^/@]*@)?([^/:?#@\[\]]+|\[[^\]]*\])", "a URL"),
    (r"(?:mailto:)?[^\s@/:]+@([^\s@/:]+)$", "an e-mail address"),
    (r"(\[[0-9a-f:.]+\])(?::\d+)?$", "an address in brackets"),
    (r"([0-9a-f:.]+)/\d+$", "a network, and a certificate holds single addresses"),
    (r"([^:/@\s]+):\d+$", "a host with a port"),
    (r"([^:/@\s]+)/", "a name with a path"),
    (r"(?:dns:)?[\s\"'<(/.]*([^\s,;]+?)[\s\"'>)/,;]*$", "a name with something around it"),
)


def hint(text: str, identify: Callable[[str], object]) -> str:
    """Return the end of a message: what text seems to be and what was meant, or nothing.

    identify: returns what a text stands for, or raises ValueError.
    """
    text = text[:MAX_LENGTH]
    parts = [_meant(part, identify) for part in re.split(r"[,;\s]+", text.strip(" ,;"))]
    if len(parts) > 1 and all(parts):
        return f"; this is a list: did you mean {' '.join(map(str, parts))}?"
    for pattern, kind in _SLIPS:
        found = re.match(pattern, text, re.IGNORECASE)
        meant = found and _meant(found[1].strip("[]"), identify)
        if meant:
            return f"; this is {kind}: did you mean {meant}?"
    if "_" in text:
        return "; a DNS record may have an underscore, a host may not: did you mean a hyphen?"
    return ""


def _meant(text: str, identify: Callable[[str], object]) -> object:
    """Return what text stands for if it is plainly a name, with a dot or a colon, or None."""
    try:
        name = identify(text)
    except ValueError:
        return None
    return name if re.search(r"[.:]", str(name)) else None
