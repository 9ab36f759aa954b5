"""The extensions of a request or a certificate in words (RFC 5280 section 4.2)."""

from collections.abc import Callable, Iterator

from common.der import Element
from common.show import display, grammar, values
from common.show.items import ALTERNATIVE_NAMES, Signed

# TLS extensions that a certificate can ask for: RFC 7633.
_FEATURES = {5: "status_request (must-staple)", 17: "status_request_v2"}

# What is said of an extension besides its name, by the names of the elements in it.
_WORDS: dict[str, Callable[[Element], str]] = {
    "BasicConstraints": lambda it: "" if it.content else "not a CA",
    "cA": lambda it: "not a CA" if it.content == b"\0" else "a CA",
    "pathLenConstraint": lambda it: f"path length {display.shown(it)}",
    "KeyUsage": lambda it: ", ".join(values.key_usages(it)),
    "KeyPurposeId": lambda it: grammar.words(it.oid),
    "policyIdentifier": lambda it: grammar.words(it.oid),
    "Feature": lambda it: _FEATURES.get(values.number(it)) or display.shown(it),
    "SubjectKeyIdentifier": lambda it: it.content.hex(),
    "keyIdentifier": lambda it: it.content.hex(),
    "SubjectAltName": lambda it: "" if it.content else "empty",
}


def in_words(item: Signed) -> Iterator[str]:
    """Yield a line for each extension, except for a SAN that has names."""
    for extension in item.fields("Extension"):
        oid, *critical, octets = extension.children
        name = grammar.words(oid.oid)
        if critical and critical[0].content != b"\0":
            name += " (critical)"
        inside = [one for child in octets.children for one in child.all()]
        words = [_WORDS[one.name](one) for one in inside if one.name in _WORDS]
        if content := ", ".join(filter(None, words)):
            yield f"{name}: {content}"
        elif oid.oid != ALTERNATIVE_NAMES:
            yield name
