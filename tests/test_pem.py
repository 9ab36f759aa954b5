"""What counts as a request and nothing else; test_wrapping has what else a file may hold."""

import base64

from common import labels, pem, wrapping
from tests.conftest import ARTICLE
from tests.made import LEAF, as_pem, request, san

import pytest
from cryptography import x509

KEY = (ARTICLE / "rsa2048.key").read_bytes()
REQUEST = (ARTICLE / "rsa2048-example.com.csr").read_bytes()
LINES = REQUEST.splitlines(keepends=True)
DER = base64.b64decode(b"".join(LINES[1:-1]))

REPLACEABLE = {
    "as written": REQUEST,
    "CRLF and blanks around": b"\n\n" + REQUEST.replace(b"\n", b"\r\n") + b" \n\t\n",
    "the older label": REQUEST.replace(b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST"),
    # Old versions of certbot wrote version 3, which OpenSSL reads and cryptography does not.
    "version 3": wrapping.pem_of(labels.REQUEST, DER.replace(b"\2\1\0", b"\2\1\2", 1)),
}

# Files that hold a request, or look like one, and something that must not be lost.
KEPT = {
    "empty": b"",
    "key": KEY,
    "certificate": as_pem(LEAF),
    "key after it": REQUEST + KEY,
    "a password before a line of hyphens": REQUEST + b"password\n-----\n",
    "a JSON Web Key": b'{"kty": "EC"}\n' + REQUEST,
    "headers within": b"".join([LINES[0], b"Comment: secret\n\n", *LINES[1:]]),
    "text after BEGIN": REQUEST.replace(b"REQUEST-----\n", b"REQUEST----- secret\n", 1),
    "text within": b"".join([*LINES[:3], b"#secret\n", *LINES[3:]]),
    "cut short": REQUEST[:99],
    "another label": REQUEST.replace(b"CERTIFICATE REQUEST", b"CERTIFICATE"),
}


@pytest.mark.parametrize("kind", [*REPLACEABLE, *KEPT])
def test_a_request_and_nothing_else_is_found(kind: str) -> None:
    csr = pem.request(REPLACEABLE.get(kind) or KEPT[kind])
    assert bool(csr and csr.is_signature_valid) == (kind in REPLACEABLE)


def test_domain_names_and_addresses_count_as_names() -> None:
    names = san("example.com", x509.RFC822Name("me@example.com"))
    csr = request(names, x509.BasicConstraints(False, None))
    assert [name.value for name in pem.names(csr)] == ["example.com"]
