"""The private key or the request in a file, or what is there instead."""

import contextlib
import re

from common import console, der, faults, wrapping
from common.console import UserError
from common.labels import CERTIFICATE, CMC, CRL, ENVELOPED, PKCS7, PKCS12, REQUEST
from common.wrapping import Block

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

# What cryptography raises about a request or a certificate that it cannot read.
ODD = (
    ValueError,
    KeyError,  # an unknown TLS feature
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)

# The ciphers of PKCS#12 that OpenSSL 3 reads with -legacy alone: RC4 and RC2.
_LEGACY = re.compile(rb"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01[\x01\x02\x05\x06]")

# What people give instead, by label.
_OTHERS = {
    "PUBLIC KEY": "this is a public key",
    "RSA PUBLIC KEY": "this is a public key",
    CERTIFICATE: "this is a certificate",
    REQUEST: "this is a certificate signing request",
    CRL: "this is a certificate revocation list (CRL)",
    PKCS7: "this is PKCS#7 (.p7b), which holds certificates",
    CMC: "this is a request in CMC (RFC 5272), not in PKCS#10",
    ENVELOPED: "this is an encrypted message (CMS, S/MIME)",
    "PGP PRIVATE KEY BLOCK": "this is a PGP key, which cannot be used for certificates",
}
_DECODED = r"sed '/-----/d' FILE | tr -d ' \t\r\n' | openssl base64 -d -A | "

# What a file without any block is, by the first pattern that matches at its start.
_NO_BLOCK = (
    (rb"\s*\Z", "the file is empty", ""),
    (rb'\s*\{[^{}]{,9999}"kty"', "this is a JSON Web Key (JWK)", "see docs/recipes.md"),
    (rb"\s*\{", "this is JSON", ""),
    (rb"\s*<[!?\w]\S*[\s>]", "this is a web page or XML", ""),
    (rb"\s*Certificate(?: Request)?:\s", "this is -text output without PEM", "leave out -noout"),
    (rb"\$ANSIBLE_VAULT", "this is an Ansible vault", "decrypt a copy with: ansible-vault decrypt"),
    (rb"PuTTY-User-Key-File", "this is a PuTTY key", "export it from PuTTYgen as an OpenSSL key"),
    (rb"\s*\w\S+ AAAA\w", "this is an SSH public key", ""),
    (rb"(?:\xfe\xed|\xce\xce){2}", "this is a Java keystore", "export the key with keytool"),
    (rb"(?s)(?=.*-----BEGIN ).*-----END ", "what is between BEGIN and END cannot be read", ""),
    (rb"", "the file contains no PEM (-----BEGIN …)", ""),
)


def warn_of_wrapping(where: str, block: Block) -> None:
    """Warn of what is wrong with the wrapping of a block that is whole."""
    if block.fault:
        line = f" (line {block.line})" if block.line > 1 else ""
        what, undo = block.fault
        console.warn(f"{where}{line}: {what}, so other programs may refuse it; {undo}")


def only(kinds: tuple[str, ...], path: str, data: bytes, advice: str) -> Block:
    """Return the only block of certain kinds in data, which is from path; warn of its wrapping.

    kinds: their labels, the usual one first. advice: what to do, if nothing better is known.
    Raises UserError, which says what is there.
    """
    blocks = wrapping.blocks(data)
    if not blocks:
        raise no_block(path, data, advice)
    found = [block for block in blocks if block.label in kinds]
    found = [block for block in found if block.is_whole] or found
    if len(found) > 1:
        problem = f"this file has {len(found)} {kinds[0].lower()}s"
        raise UserError(problem, "put each in its own file", where=path)
    if not found or not found[0].is_whole:
        similar = [block for block in blocks if block.label.endswith(kinds[0])]  # OPENSSH …
        raise refusal(path, (found or similar or blocks)[0], advice)
    warn_of_wrapping(path, found[0])
    return found[0]


def request(data: bytes) -> x509.CertificateSigningRequest | None:
    """Return the request in data, or None if data is not exactly one PEM request.

    Apart from white space, data must be the same as the request written again.
    """
    text = data.replace(b" NEW CERTIFICATE", b" CERTIFICATE")
    with contextlib.suppress(ValueError, IndexError):
        block = wrapping.blocks(text)[0]
        if b"".join(text.split()) != b"".join(block.text.split()):
            return None
        root, _ = der.read(block.content)
        version, content = root.children[0].children[0], bytearray(block.content)
        content[version.start : version.end] = b"\0"  # old versions of certbot wrote version 3
        return x509.load_der_x509_csr(bytes(content))
    return None


def names(csr: x509.CertificateSigningRequest) -> list[x509.DNSName | x509.IPAddress]:
    """Return the domain names and IP addresses in the SAN of a request. Raises ODD."""
    lists = (one.value for one in csr.extensions)
    found = (name for san in lists if isinstance(san, x509.SubjectAlternativeName) for name in san)
    return [name for name in found if isinstance(name, (x509.DNSName, x509.IPAddress))]


def refusal(where: str, block: Block, advice: str) -> UserError:
    """Return why a block cannot be used, by what it holds instead of what is wanted.

    advice: what to do, if nothing better is known.
    """
    if not block.label:
        what, undo = "this is DER, but not a whole key, request or certificate", ""
    elif block.label == PKCS12:
        what, undo = "this is PKCS#12 (.p12, .pfx)", _key_from_pkcs12(block)
    elif block.label == "OPENSSH PRIVATE KEY":
        what, undo = "this is an OpenSSH key", "convert a copy with: ssh-keygen -p -m PEM -f COPY"
        if b"ssh-ed25519" in block.content:  # ssh-keygen has no PEM for it
            what, undo = f"{what} of the kind Ed25519, which no public CA may sign", ""
    elif not block.is_whole:
        assert block.fault
        what, undo = block.fault
    else:
        what, undo = _OTHERS.get(block.label, f"this is PEM with the label {block.label}"), ""
    return UserError(what, undo or advice, where=where)


def no_block(where: str, data: bytes, advice: str) -> UserError:
    """Return why a file without any block cannot be used. advice: as in refusal."""
    what, undo = next((what, undo) for start, what, undo in _NO_BLOCK if re.match(start, data))
    return UserError(what, undo or advice, where=where)


def _key_from_pkcs12(block: Block) -> str:
    """Return how to take the key out of PKCS#12."""
    if block.fault == faults.AMONG:
        return faults.AMONG.undo
    legacy = " -legacy" if _LEGACY.search(block.content) else ""
    command = f"openssl pkcs12{legacy} -nodes -nocerts"
    source, file = (_DECODED, "") if block.line else ("", " -in FILE")  # in base64, or DER
    return f"take the key out with: {source}{command}{file} -out NEW"
