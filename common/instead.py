"""What a file holds instead of what is wanted, and what to do about it."""

import re

from common.console import UserError
from common.labels import CERTIFICATE, CMC, CRL, ENVELOPED, PKCS7, PKCS12, REQUEST
from common.wrapping import Block

# The ciphers of PKCS#12 that OpenSSL 3 reads with -legacy alone: RC4, two-key 3DES and RC2.
_LEGACY = re.compile(rb"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01[\x01\x02\x05\x06]")

# What people give instead, by label; and what to do about it, if anything.
_OTHERS = {
    "OPENSSH PRIVATE KEY": "this is an OpenSSH key",
    "PUBLIC KEY": "this is a public key",
    "RSA PUBLIC KEY": "this is a public key",
    "SSH2 PUBLIC KEY": "this is an SSH public key",
    CERTIFICATE: "this is a certificate",
    REQUEST: "this is a certificate signing request",
    CRL: "this is a certificate revocation list (CRL)",
    PKCS7: "this is PKCS#7 (.p7b), which holds certificates",
    CMC: "this is a request in CMC (RFC 5272), not in PKCS#10",
    ENVELOPED: "this is an encrypted message (CMS, S/MIME)",
    "PGP PRIVATE KEY BLOCK": "this is a PGP key, which is of another kind",
    "PGP PUBLIC KEY BLOCK": "this is a PGP key, which is of another kind",
}
_UNDO = {"OPENSSH PRIVATE KEY": "convert a copy with: ssh-keygen -p -m PEM -f COPY"}
_DECODED = r"sed '/-----/d' FILE | tr -d ' \t\r\n' | openssl base64 -d -A | "

# What a file without any block is, by the first pattern that matches at its start.
_NO_BLOCK = (
    (rb"\s*\Z", "the file is empty", ""),
    (
        rb"\s*\{[^{}]{,9999}\"kty\"",
        "this is a JSON Web Key (JWK)",
        "convert it to PEM as docs/recipes.md shows",
    ),
    (rb"\s*\{", "this is JSON", ""),
    (rb"\s*<[!?A-Za-z]+[\s>]", "this is a web page or XML", ""),
    (rb"\s*Certificate(?: Request)?:\s", "this is the text of -text alone", "leave out -noout"),
    (rb"[\w.~-]*/[\w./~-]+\s*\Z", "this is the name of a file", "give that file"),
    (rb"\$ANSIBLE_VAULT", "this is an Ansible vault", "decrypt a copy with: ansible-vault decrypt"),
    (rb"PuTTY-User-Key-File", "this is a PuTTY key", "export it from PuTTYgen as an OpenSSL key"),
    (rb"\s*(?:ssh|ecdsa|sk-ssh)-\S+ AAAA", "this is an SSH public key", ""),
    (
        rb"\xfe\xed\xfe\xed|\xce\xce\xce\xce",
        "this is a Java keystore",
        "export the key with keytool",
    ),
    (rb"", "the file contains no PEM (-----BEGIN …)", ""),
)


def refusal(where: str, data: bytes, block: Block | None, advice: str) -> UserError:
    """Return why a file cannot be used, by what it holds instead of what is wanted.

    block: the one that was found in data, or None. advice: what to do, if nothing better is known.
    """
    if block is None:
        what, undo = next((what, undo) for start, what, undo in _NO_BLOCK if re.match(start, data))
    elif not block.label:
        what, undo = "this is DER, but not a whole key, request or certificate", ""
    elif block.label == PKCS12:
        what, undo = "this is PKCS#12 (.p12, .pfx)", _key_from_pkcs12(block)
    elif block.fault and not block.is_whole:
        what, undo = block.fault
    else:
        what = _OTHERS.get(block.label, f"this is PEM with the label {block.label}")
        undo = _UNDO.get(block.label, "")
    return UserError(f"{where}: {what}; {undo or advice}")


def _key_from_pkcs12(block: Block) -> str:
    """Return how to take the key out of PKCS#12."""
    legacy = " -legacy" if _LEGACY.search(block.der) else ""
    command = f"openssl pkcs12{legacy} -nodes -nocerts"
    source, file = (_DECODED, "") if block.line else ("", " -in FILE")  # in base64, or DER
    return f"take the key out with: {source}{command}{file} -out NEW"
