"""What Go's crypto/x509 refuses in a request or a certificate; Boulder reads requests with it."""

import functools
import re
from collections.abc import Iterator

from common import faults
from common.der import Element
from common.show import grammar, values
from common.show.items import ALTERNATIVE_NAMES, EXTENSION_REQUEST, Request, Signed

_ENCODINGS = {"UTF8String": "utf-8", "BMPString": "utf-16-be"}  # of others, an octet is a character

# What Go allows in values of these types: parseField, encoding/asn1/asn1.go.
_CHARACTERS = {
    "BOOLEAN": "[\0\xff]",
    "INTEGER": ".{1,8}",
    "OID": "([\x81-\x87]?[\x80-\xff]{0,3}[\0-\x7f])+",  # no number above 2**31 - 1
    "NumericString": "[0-9 ]*",
    "PrintableString": r"[A-Za-z0-9 '()+,\-./:=?*&]*",
    "IA5String": "[\0-\x7f]*",
    "BMPString": "[\0-\ufdcf\ufdf0-\ufffd]*",
    "UTCTime": r"[0-9]{10}([0-9]{2})?(Z|[+-](?!0000)[0-9]{4})",
    "GeneralizedTime": r"[0-9]{14}(\.[0-9]{0,8}[1-9])?(Z|[+-](?!0000)[0-9]{4})",
}


def errors(request: Request) -> Iterator[str]:
    """Yield why ParseCertificateRequest, crypto/x509/x509.go, does not read a request.

    What it says of the key is left out.
    """
    if request.part.block.fault is faults.MORE_BYTES:
        yield "other bytes follow it"
    version, *others = request.signed.children
    if len(others) < 3:  # RFC 2986 section 4.1: it may be empty, but is there
        yield "it lacks the field for attributes"
    if not _is_read(version):
        yield "its version has more than 8 bytes"
    if not all(_is_read(kind) and _is_read(value) for kind, value in request.subject):
        yield "its subject has a value that is too large, or that its type does not allow"
    if not all(_is_read(extension.children[0]) for extension in request.fields("Extension")):
        yield "the OID of an extension is too large"
    yield from extension_errors(request)


@functools.lru_cache
def extension_errors(item: Signed) -> list[str]:
    """Return what is wrong with the extensions: programs may read them differently, or refuse them.

    See parseCSRExtensions, crypto/x509/x509.go, and parseSANExtension, crypto/x509/parser.go.
    """
    return list(dict.fromkeys([*unclear(item), *_field_errors(item), *_name_errors(item)]))


def unclear(item: Signed) -> Iterator[str]:
    """Yield what is wrong with lists. Go ignores some of this, but other programs do not."""
    for attribute in item.fields("Attribute"):
        oid, content = attribute.children
        lists = [element.name for element in content.children]
        if oid.oid == EXTENSION_REQUEST and lists not in ([], ["Extensions"]):
            yield "its extensionRequest does not hold one list of extensions"
    types = [one.type for one in item.name_lists]
    if ALTERNATIVE_NAMES in item.extensions and types != ["SEQUENCE"]:
        yield "its subject alternative name is not a list of names"


def _is_read(element: Element) -> bool:
    """Return whether Go reads the value of an element."""
    content = element.content
    if element.type == "BIT STRING":  # it begins with the number of bits at its end that are zero
        return content != b"" and content[0] < 8 and content[-1] % (1 << content[0]) == 0
    if element.type in ("UTCTime", "GeneralizedTime") and values.time(element) is None:
        return False
    try:
        text = content.decode(_ENCODINGS.get(element.type, "latin-1"))
    except UnicodeDecodeError:
        return False
    return re.fullmatch(_CHARACTERS.get(element.type, ".*"), text, re.DOTALL) is not None


def _field_errors(item: Signed) -> Iterator[str]:
    seen = set()
    for extension in item.fields("Extension"):
        oid, *critical, _ = extension.children
        if oid.content in seen:
            yield f"it has the extension {grammar.words(oid.oid)} twice"
        if not all(map(_is_read, critical)):
            yield "the critical field of an extension is neither TRUE nor FALSE"
        seen.add(oid.content)


def _name_errors(item: Signed) -> Iterator[str]:
    for element in (name for one in item.name_lists for name in one.children):
        name = values.general_name(element)
        if name is None:
            yield f"it has an IP address of {len(element.content)} bytes"
        elif isinstance(name.value, str) and name.value and not element.content.isascii():
            yield f"it has a name ({name.kind}) with a character that is not ASCII"
        if element.header[0] & 31 == 31:
            yield "it has a name of a kind with a number above 30"
