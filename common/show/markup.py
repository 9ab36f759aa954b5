"""HTML for the page, in which all text is escaped."""

import re
from collections.abc import Iterable, Sequence
from html import escape

from common.console import printable

_MOST = 20  # of the texts in a list


class Html(str):
    """Markup. Any other text is escaped on its way into the page."""


def tag(start: str, *content: str, is_open: bool = False) -> Html:
    """Return an element of HTML: "p", or "p a b" with the classes a and b; details may be open."""
    name, *classes = start.split()
    attributes = " open" if is_open else ""
    if classes:
        attributes += f' class="{" ".join(classes)}"'
    inside = (one if isinstance(one, Html) else escaped(one) for one in content)
    return Html(f"<{name}{attributes}>{''.join(inside)}</{name}>")


def escaped(text: str) -> str:
    """Return text escaped for the page, in ASCII."""
    return escape(printable(text)).encode("ascii", "xmlcharrefreplace").decode()


def breakable(path: str) -> Html:
    """Return the name of a file, which a browser may break after a dot or a slash."""
    return Html(re.sub(r"[./\\]", r"\g<0><wbr>", escaped(path)))


def table(rows: Iterable[tuple[str, str]]) -> Html:
    """Return rows of a label and a value."""
    return tag("dl", *(tag("div", tag("dt", label), tag("dd", value)) for label, value in rows))


def listed(texts: Sequence[str]) -> str:
    """Return texts in one line: the first ones, and how many more there are."""
    more = [f"and {len(texts) - _MOST} more"] if len(texts) > _MOST else []
    return ", ".join([*texts[:_MOST], *more])
