"""What is in a file: keys, requests and certificates, in PEM or DER, one or several."""

import contextlib
from dataclasses import dataclass
from functools import cached_property

from common import files, labels, pem, wrapping
from common.console import UserError
from common.show import grammar
from common.show.grammar import Document
from common.wrapping import Block

from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

ADVICE = "give a key, a request or a certificate"

_CLOSED = "it is encrypted as a whole (RFC 1421), so its DER cannot be shown"

# In a file; far above any list of CAs.
MAX_PARTS = 500
MAX_ELEMENTS = 50_000  # of all parts together; a certificate has about 100

# For each label: what grammar calls its content.
DOCUMENTS = {
    "PRIVATE KEY": "OneAsymmetricKey",
    labels.ENCRYPTED: "EncryptedPrivateKeyInfo",
    "EC PRIVATE KEY": "ECPrivateKey",
    "RSA PRIVATE KEY": "RSAPrivateKey",
    "DSA PRIVATE KEY": "DSAPrivateKey",
    "RSA PUBLIC KEY": "RSAPublicKey",
    "PUBLIC KEY": "SubjectPublicKeyInfo",
    labels.CERTIFICATE: "Certificate",
    labels.REQUEST: "CertificationRequest",
}


@dataclass(eq=False)
class Part:
    """One key, request or certificate in a file."""

    path: str
    where: str  # the path, and which part it is of several
    mode: int | None  # the permissions of the file; None where it has none
    block: Block

    @cached_property
    def document(self) -> Document:
        """Its elements, among which secrecy marks those that may be shown."""
        if self.block.headers:
            return grammar.unreadable(_CLOSED)
        return grammar.read(self.block.content)


def read(path: str) -> list[Part]:
    """Return the parts of a file; a PKCS#7 file counts as its certificates. Raises UserError."""
    data, mode = files.read_with_mode(path, ADVICE)
    blocks = wrapping.blocks(data)
    # Parameters (of a curve, say) appear beside keys and add nothing.
    blocks = [block for block in blocks if not block.label.endswith(" PARAMETERS")] or blocks
    blocks = [content for block in blocks for content in _unpacked(path, block)]
    if not blocks:
        raise pem.no_block(path, data, ADVICE)
    _limit(path, len(blocks), MAX_PARTS, "parts")
    several = len(blocks) > 1
    parts = [
        Part(path, f"{path} ({number} of {len(blocks)})" if several else path, mode, block)
        for number, block in enumerate(blocks, 1)
    ]
    elements = [element for part in parts for element in part.document.root.all()]
    _limit(path, len(elements), MAX_ELEMENTS, "elements")
    for part in parts:
        if part.block.is_whole and part.block.label in DOCUMENTS:
            pem.warn_of_wrapping(part.where, part.block)
    return parts


def _limit(path: str, number: int, most: int, what: str) -> None:
    """Raise UserError if a file holds more of something than can be shown."""
    if number > most:
        problem = f"the file holds {number} {what}, more than {most}"
        raise UserError(problem, "split it into several files", where=path)


def _unpacked(path: str, block: Block) -> list[Block]:
    """Return the certificates in PKCS#7, or another block as it is, in a list."""
    if block.label != labels.PKCS7 or not block.is_whole:
        return [block]
    # What is in a SignedData; [0] are the certificates: RFC 5652 section 5.1.
    inside = [one for one in grammar.read(block.content).root.all() if one.depth == 3]
    if inside and not any(one.tag == "[0]" and one.children for one in inside):
        raise UserError("this PKCS#7 holds no certificates", ADVICE, where=path)
    fields = [one.encoded for field in inside if field.tag == "[0]" for one in field.children]
    contents = [field for field in fields if labels.of(field) == labels.CERTIFICATE]
    with contextlib.suppress(*pem.ODD):  # cryptography cannot read some of them
        certificates = pkcs7.load_der_pkcs7_certificates(block.content)
        contents = [certificate.public_bytes(Encoding.DER) for certificate in certificates]
    if not contents:
        form = "" if block.line else "-inform DER "
        command = f"openssl pkcs7 -print_certs {form}-in FILE -out NEW"
        advice = f"take out its certificates with: {command}"
        raise UserError("this PKCS#7 cannot be read here", advice, where=path)
    return [block._replace(label=labels.CERTIFICATE, content=content) for content in contents]
