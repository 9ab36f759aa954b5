"""What can be wrong with the wrapping of a key, a request or a certificate, and how to undo it."""

from typing import NamedTuple

# How JSON, HTML, URLs and Java escape +, / and =: patterns for re and sed -E.
ESCAPES = {
    "+": r"(\\u00|%|&#x)2[Bb];?|&#43;|\\\+",
    "/": r"(\\u00|%|&#x)2[Ff];?|&#47;|\\/",
    "=": r"(\\u00|%|&#x)3[Dd];?|&#61;|\\=",
}
_SED = " ".join(f"-e 's,{pattern},{char},g'" for char, pattern in ESCAPES.items())


class Fault(NamedTuple):
    """What is wrong with a block, and how to repair it."""

    what: str
    undo: str  # FILE stands for the file, NEW for another, which only its owner may read


ESCAPED = Fault(
    r"its line breaks are the two characters \n",
    r"""take the PEM out with: (umask 077; awk '{gsub(/(\\+r)?\\+n */, "\n"); """
    r"""gsub(/-----END[^-]*-----/, "&\n")} 1' FILE | sed -n -e 's/.*-----BEGIN/-----BEGIN/' """
    r"-e '/-----BEGIN/,/-----END/p' > NEW)",
)
STRINGS = Fault(
    "its lines are strings of a program",
    "write it without the quotes and without what is between them",
)
BREAKS = Fault(
    "its line breaks are missing or became other characters",
    "write BEGIN and END on lines of their own, and the rest in lines of base64 alone",
)
JOINED = Fault("END and BEGIN are on one line", "start a new line before -----BEGIN")
MORE = Fault("it has text or blanks that are not part of PEM", "remove them")
BOUNDARIES = Fault(
    "its BEGIN or END line is not written as in PEM",
    "write five hyphens, BEGIN, a space, the label and five hyphens, and likewise END",
)
DIFFERENT = Fault("BEGIN and END have different labels", "write the same label in both lines")
NO_END = Fault("its END line is missing", "add that line")
UTF16 = Fault(
    "this is UTF-16, as PowerShell 5 writes after >",
    "convert it with: (umask 077; iconv -f UTF-16 -t UTF-8 FILE > NEW)",
)
REPLACED = Fault(
    "its base64 has spaces instead of +, or - and _ instead of + and /",
    "undo that with: (umask 077; sed '/-----/!y, -_,++/,' FILE > NEW)",
)
PADDING = Fault(
    "the number of = at the end of its base64 is wrong",
    "write none, one or two, so that the number of characters between BEGIN and END is a multiple "
    "of four",
)
MORE_BYTES = Fault(
    "other bytes follow its content, such as a line break",
    "if OpenSSL can read it, write it again with openssl pkey, openssl req or openssl x509",
)
IN_BASE64 = Fault(
    "this is base64 of PEM",
    "decode it with: "
    r"(umask 077; sed '/-----/d' FILE | tr -d ' \t\r\n' | openssl base64 -d -A -out NEW)",
)
AMONG = Fault("this is base64 among other text", "write the base64 alone to a file, and use that")
CHARACTERS = Fault(
    "its base64 has escaped characters, as in JSON or HTML",
    f"undo that with: (umask 077; sed -E {_SED} FILE > NEW)",
)
BARE = Fault(
    "its BEGIN and END lines are missing",
    "write -----BEGIN … and -----END … around it, with + for - and / for _",
)
URL = Fault(
    "it is encoded as a part of a URL or a form",
    "decode it with: (umask 077; python3 -c 'import sys; from urllib.parse import unquote_plus; "
    "print(unquote_plus(sys.stdin.read()))' < FILE > NEW)",
)
TWO_BEGINS = Fault("it has two BEGIN lines in a row", "remove the first")
NO_BEGIN = Fault("its BEGIN line is missing", "write it on a line above the base64")
INVISIBLE = Fault(
    "it has characters that are invisible or not ASCII, such as a byte order mark",
    r"remove them with: (umask 077; LC_ALL=C tr -cd '\n\r\t -~' < FILE > NEW)",
)
NOT_DER = Fault(
    "the content is not that of a key, a request or a certificate, or its beginning is missing",
    "restore a copy",
)
CUT_SHORT = Fault("the content is cut short, and the END line is missing", "restore a copy")
DAMAGED = Fault("the content is damaged: part of it is missing or changed", "restore a copy")
PLACEHOLDER = Fault("this is a placeholder: BEGIN and END have hardly any base64 between them", "")


def of_label(label: str, kind: str) -> Fault:
    """Return the fault of a block that has the label of another kind than its content."""
    what = f"its label is {label}, but its content is that of {kind}"
    return Fault(what, f"write {kind} in BEGIN and END")
