"""What can be wrong with the wrapping of a key, a request or a certificate, and how to undo it."""

from typing import NamedTuple


class Fault(NamedTuple):
    """What is wrong with a block, and how to repair it."""

    what: str
    undo: str  # FILE stands for the file, NEW for another, which only its owner may read


ESCAPED = Fault(
    r"its line breaks are the two characters \n",
    r"""write line breaks with: (umask 077; printf '%b\n' "$(tr -d \" < FILE)" > NEW)""",
)
STRINGS = Fault(
    "its lines are strings of a program",
    "write it without the quotes and without what is between them",
)
BREAKS = Fault(
    "its line breaks are missing or became spaces",
    "write BEGIN and END on lines of their own, and the rest in lines without spaces",
)
JOINED = Fault("END and BEGIN are on one line", "start a new line before -----BEGIN")
MORE = Fault(
    "it has text or blank lines besides BEGIN, base64 and END", "remove everything but these"
)
DASHES = Fault("its dashes are not five hyphens", "write five hyphens around BEGIN … and END …")
DIFFERENT = Fault("BEGIN and END have different labels", "write the same label in both lines")
NO_END = Fault("its END line is missing", "add that line")
UTF16 = Fault(
    "this is UTF-16, as PowerShell 5 writes after >",
    "convert it with: (umask 077; iconv -f UTF-16 -t UTF-8 FILE > NEW)",
)
PLUS = Fault(
    "each + in its base64 became a space",
    "undo that with: (umask 077; sed '/-----/!y/ /+/' FILE > NEW)",
)
PADDING = Fault(
    "the = at the end of its base64 are missing",
    "add one or two, so that the number of characters between BEGIN and END is a multiple of four",
)
MORE_BYTES = Fault(
    "after its content come other bytes, such as a line break",
    "write it without them: with openssl pkey, openssl req or openssl x509",
)
IN_PEM = Fault(
    "this is PEM within PEM",
    "take out the inner one with: "
    r"(umask 077; sed '/-----/d' FILE | tr -d ' \t\r\n' | openssl base64 -d -A -out NEW)",
)
IN_BASE64 = Fault(
    "this is base64 of PEM",
    "decode it (and nothing else) with: "
    r"(umask 077; tr -d ' \t\r\n' < FILE | openssl base64 -d -A -out NEW)",
)
BARE = Fault("its BEGIN and END lines are missing", "write -----BEGIN … and -----END … around it")
URL = Fault(
    "it is encoded as a part of a URL",
    "decode it with: (umask 077; python3 -c 'import sys; from urllib.parse import unquote; "
    "print(unquote(sys.stdin.read()))' < FILE > NEW)",
)
BARE_URL = Fault(
    "this is base64 for a URL, as ACME sends it, without BEGIN and END lines",
    "replace - with + and _ with /, and write -----BEGIN … and -----END … around it",
)
NO_BEGIN = Fault("its BEGIN line is missing", "add that line")
INVISIBLE = Fault(
    "it has invisible characters, such as a byte order mark",
    r"remove them with: (umask 077; LC_ALL=C tr -cd '\n\r\t -~' < FILE > NEW)",
)
NOT_DER = Fault(
    "the content is not that of a key, a request or a certificate, or its beginning is missing",
    "restore a copy",
)
CUT_SHORT = Fault("the content is cut short, and the END line is missing", "restore a copy")
DAMAGED = Fault("the content is damaged: part of it is missing", "restore a copy")
AROUND_HEADERS = Fault(
    "it has more than BEGIN, Proc-Type, DEK-Info, an empty line, base64 and END",
    "write each of these on its own lines, and remove everything else",
)


def of_label(label: str, kind: str) -> Fault:
    """Return the fault of a block that has the label of another kind than its content."""
    what = f"its label is {label}, but its content is that of {kind}"
    return Fault(what, f"write {kind} in BEGIN and END")
