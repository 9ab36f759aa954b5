"""What the course prints: paragraphs, facts and what show says of files."""

import contextlib
import io
import textwrap

from common import console
from common.show import __main__ as show


def say(text: str) -> None:
    """Print paragraphs, without what indents them in the code."""
    lines(*textwrap.dedent(text).split("\n"))


def lines(*texts: str) -> None:
    """Print lines. If nobody reads them anymore, as after `| head`, the work goes on."""
    console.write_if_read("".join(f"{console.printable(text)}\n" for text in texts))


def facts(**values: object) -> None:
    """Print values, each with its label."""
    lines(*(f"  {label:<10}  {value}" for label, value in values.items()))


def shown(*arguments: str) -> tuple[int, str, str]:
    """Return the exit status of show, what it prints and its messages."""
    output, messages = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(messages):
        status = show.main(arguments)
    output.seek(0)
    return status, output.read(), messages.getvalue()
