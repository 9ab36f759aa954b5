"""What DER holds, by its first elements, and the label that PEM has for it (RFC 7468)."""

from common import der
from common.der import Element

ENCRYPTED = "ENCRYPTED PRIVATE KEY"  # RFC 7468 section 11
REQUEST = "CERTIFICATE REQUEST"  # RFC 7468 section 7
CERTIFICATE = "CERTIFICATE"
PKCS7 = "PKCS7"
CRL = "X509 CRL"
PKCS12 = "PKCS12"
CMC = "CMC"
ENVELOPED = "ENVELOPED CMS"
KEY_LABELS = ("PRIVATE KEY", ENCRYPTED, "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY")

# The OIDs of kinds of keys.
RSA = "1.2.840.113549.1.1.1"  # RFC 3279 section 2.3.1
EC = "1.2.840.10045.2.1"  # RFC 5480 section 2.1.1

# Other labels. In a TRUSTED CERTIFICATE, what OpenSSL trusts it for follows the certificate.
SYNONYMS = {
    "NEW CERTIFICATE REQUEST": REQUEST,  # RFC 7468 section 7
    "X509 CERTIFICATE": CERTIFICATE,  # RFC 7468 section 5
    "TRUSTED CERTIFICATE": CERTIFICATE,
    "PKCS #7 SIGNED DATA": PKCS7,  # RFC 7468 section 8
    "CMS": PKCS7,  # RFC 7468 section 9
}

# For each label, the tags of the first elements in the outer SEQUENCE, and of those in the first
# SEQUENCE inside. OIDs are in numbers. END means that there are no more elements. The first line
# that fits decides.
_KINDS = (
    (CERTIFICATE, ("SEQUENCE",), ("[0]", "INTEGER", "SEQUENCE")),  # RFC 5280 section 4.1
    (CERTIFICATE, ("SEQUENCE",), ("INTEGER", "SEQUENCE", "SEQUENCE", "SEQUENCE")),  # version 1
    (CRL, ("SEQUENCE",), ("INTEGER", "SEQUENCE", "SEQUENCE", "UTCTime")),  # RFC 5280 section 5.1
    (CRL, ("SEQUENCE",), ("INTEGER", "SEQUENCE", "SEQUENCE", "GeneralizedTime")),
    (CRL, ("SEQUENCE",), ("SEQUENCE", "SEQUENCE", "UTCTime")),  # version 1
    (REQUEST, ("SEQUENCE",), ("INTEGER", "SEQUENCE", "SEQUENCE")),  # RFC 2986 section 4.1
    (PKCS12, ("INTEGER", "SEQUENCE"), ("1.2.840.113549.1.7.1",)),  # data: RFC 7292 section 4
    (PKCS12, ("INTEGER", "SEQUENCE"), ("1.2.840.113549.1.7.2",)),  # signedData
    ("PRIVATE KEY", ("INTEGER", "SEQUENCE", "OCTET STRING"), ()),  # RFC 5958 section 2
    ("EC PRIVATE KEY", ("INTEGER", "OCTET STRING"), ()),  # RFC 5915 section 3
    ("RSA PRIVATE KEY", ("INTEGER",) * 9, ()),  # RFC 8017 appendix A.1.2
    ("DSA PRIVATE KEY", (*("INTEGER",) * 6, "END"), ()),  # OpenSSL's own form
    ("RSA PUBLIC KEY", ("INTEGER", "INTEGER", "END"), ()),  # RFC 8017 appendix A.1.1
    (ENCRYPTED, ("SEQUENCE", "OCTET STRING"), ()),  # RFC 5958 section 3
    ("PUBLIC KEY", ("SEQUENCE", "BIT STRING"), ()),  # RFC 5280 section 4.1
    (PKCS7, ("1.2.840.113549.1.7.2", "[0]"), ()),  # signedData: RFC 2315 section 14
    (ENVELOPED, ("1.2.840.113549.1.7.3", "[0]"), ()),  # envelopedData
    (ENVELOPED, ("1.2.840.113549.1.7.6", "[0]"), ()),  # encryptedData
)
_PKI_DATA = "1.3.6.1.5.5.7.12.2"  # what is signed in CMC: RFC 5272 section 3.2.1
_ENOUGH = 1 << 14  # bytes; the nine INTEGERs of an RSA key take fewer
KNOWN = {label for label, *_ in _KINDS}


def of(content: bytes, at: int = 0) -> str:
    """Return the label for the DER or BER at an offset, by how it begins, or "" if unknown."""
    try:
        root, _ = der.read(content[at : at + _ENOUGH])
    except ValueError:
        return ""
    if root.tag != "SEQUENCE" or not root.children:
        return ""
    first = next((child for child in root.children if child.tag == "SEQUENCE"), root)
    outer, inner = _tags(root), _tags(first)
    for label, of_outer, of_inner in _KINDS:
        if _begins(outer, of_outer) and inner[: len(of_inner)] == of_inner:
            is_cmc = label == PKCS7 and any(element.oid == _PKI_DATA for element in root.all())
            return CMC if is_cmc else label
    return ""


def fitting(label: str, content: bytes) -> str:
    """Return the label that a content should have, or the given one if that is unclear."""
    kind = of(content)
    is_similar = label.endswith("KEY") == kind.endswith("KEY")  # an invented label, such as CSR
    return kind if kind and (label in KNOWN or is_similar) else label


def _begins(outer: tuple[str, ...], expected: tuple[str, ...]) -> bool:
    """Return whether tags are the expected ones, of which the last may have been cut off."""
    size = min(len(outer), len(expected))
    return outer[:size] == expected[:size] and outer != ("INTEGER",)  # many begin with one


def _tags(element: Element) -> tuple[str, ...]:
    """Return the tags of the elements in an element, in the form of _KINDS."""
    tags = tuple(child.oid or child.tag for child in element.children)
    return tags if element.is_cut_off else (*tags, "END")
