"""What is in a file: keys, requests and certificates, in PEM or DER, one or several."""

import base64
import hashlib
import textwrap
from typing import NamedTuple

from common import files, passphrase, pem
from common.console import UserError
from common.show import der

from cryptography import x509
from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
)

PRIVATE_KEY, PUBLIC_KEY = "private key", "public key"
REQUEST, CERTIFICATE = "certificate signing request (CSR)", "certificate"

Signed = x509.CertificateSigningRequest | x509.Certificate

# For each label of PEM: what it is, its format, and the tags that it begins with in DER.
_LABELS = {
    "PRIVATE KEY": (PRIVATE_KEY, "PKCS#8", "INTEGER, SEQUENCE, OCTET STRING, "),
    pem.ENCRYPTED: (PRIVATE_KEY, "PKCS#8", "SEQUENCE, OCTET STRING, "),
    "EC PRIVATE KEY": (PRIVATE_KEY, "SEC 1", "INTEGER, OCTET STRING, "),
    "RSA PRIVATE KEY": (PRIVATE_KEY, "PKCS#1", "INTEGER, " * 9),
    "DSA PRIVATE KEY": (PRIVATE_KEY, "OpenSSL", "INTEGER, " * 6),
    "RSA PUBLIC KEY": (PUBLIC_KEY, "PKCS#1", "INTEGER, " * 2),
    "PUBLIC KEY": (PUBLIC_KEY, "SubjectPublicKeyInfo", "SEQUENCE, BIT STRING, "),
    "CERTIFICATE": (CERTIFICATE, "X.509", "SEQUENCE, SEQUENCE, BIT STRING, "),
    **dict.fromkeys(pem.REQUEST_LABELS, (REQUEST, "PKCS#10", "SEQUENCE, SEQUENCE, BIT STRING, ")),
}
_PARAMETERS = ("EC PARAMETERS", "DH PARAMETERS")  # appear beside keys and add nothing

# All that cryptography raises over what it cannot read.
ERRORS = (
    *(ValueError, TypeError, LookupError, OverflowError, UnsupportedAlgorithm, InternalError),
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
)


class Part(NamedTuple):
    """One key, request or certificate, as it stands in a file."""

    path: str
    where: str  # the path, and which part it is of several
    label: str  # of PEM, or what DER would have there
    text: bytes  # PEM; empty for DER
    der: bytes

    @property
    def kind(self) -> str | None:
        """What it is, by its label; None if it is nothing that is shown."""
        return _LABELS[self.label][0] if self.label in _LABELS else None

    @property
    def format(self) -> str:
        """The name of the format that has this label."""
        return _LABELS[self.label][1]

    @property
    def is_encrypted(self) -> bool:
        """Whether a passphrase opens it."""
        return pem.Block(self.label, self.text).is_encrypted


class Item(NamedTuple):
    """A part, opened."""

    part: Part
    value: PrivateKeyTypes | PublicKeyTypes | Signed
    public_key: PublicKeyTypes | None  # None: of a kind that cryptography does not know
    encoded: bytes  # the public key as the part has it (SubjectPublicKeyInfo), or all of a key

    @property
    def spki(self) -> bytes:
        """The public key as RFC 5280 would have it: SubjectPublicKeyInfo, in DER."""
        if self.public_key is None:
            return self.encoded
        return self.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the public key, in hexadecimal."""
        return hashlib.sha256(self.spki).hexdigest()

    @property
    def public_pem(self) -> bytes:
        """The public key in PEM, as openssl pkey -pubout has it."""
        body = textwrap.fill(base64.b64encode(self.spki).decode("ascii"), 64)
        return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n".encode("ascii")

    @property
    def is_key(self) -> bool:
        """Whether it is a key, private or public."""
        return self.part.kind in (PRIVATE_KEY, PUBLIC_KEY)


def parts(path: str) -> list[Part]:
    """Return what stands in a file. Raises UserError."""
    data = files.read(path, "give a key, a request or a certificate")
    blocks = pem.blocks(data)
    blocks = [block for block in blocks if block.label not in _PARAMETERS] or blocks
    if not blocks and data.startswith(b"\x30"):  # a SEQUENCE
        return [Part(path, path, _label(data), b"", data)]
    if not blocks:
        raise UserError(f"{path}: {pem.what_instead(data)}")
    found = []
    for number, (label, text) in enumerate(blocks, 1):
        where = f"{path} ({number} of {len(blocks)})" if len(blocks) > 1 else path
        found.append(Part(path, where, label, text, _decoded(text)))
    return found


def item(part: Part, passphrase_file: str | None) -> Item:
    """Return what a part is. Raises UserError.

    passphrase_file: where the passphrase of an encrypted key is; with None it is asked for.
    """
    if part.kind is None:
        raise UserError(f"{part.where}: {_instead(part)}")
    secret = passphrase.for_key(part.where, passphrase_file) if part.is_encrypted else None
    try:
        return _open(part, secret)
    except UnsupportedAlgorithm as error:
        raise UserError(f"{part.where}: is of an unsupported kind ({error})") from error
    except x509.InvalidVersion as error:
        raise UserError(f"{part.where}: is of an unsupported version") from error
    except ERRORS as error:
        what = f"is damaged and cannot be read as a {part.kind}; restore a copy"
        if secret is not None:
            what = "is encrypted, and this passphrase does not open it; try another"
        raise UserError(f"{part.where}: {what}") from error


def _open(part: Part, secret: bytes | None) -> Item:
    """Return what a part is. Raises one of ERRORS."""
    if part.kind == PRIVATE_KEY:
        load = load_pem_private_key if secret and part.text else load_der_private_key
        data = part.text if secret and part.text else part.der
        # The numbers are checked later, so that a key in which they disagree is shown as well.
        key = load(data, secret, unsafe_skip_rsa_key_validation=True)
        return Item(part, key, key.public_key(), part.der)
    if part.kind == PUBLIC_KEY:
        public_key = load_der_public_key(part.der)
        return Item(part, public_key, public_key, part.der)
    if part.kind == REQUEST:
        csr = x509.load_der_x509_csr(part.der)
        str(csr.subject)  # cryptography reads it no earlier
        spki = der.parse(csr.tbs_certrequest_bytes).children[2]
        return Item(part, csr, _public_key(csr), spki.encoded)
    certificate = x509.load_der_x509_certificate(part.der)
    str((certificate.subject, certificate.issuer))
    fields = der.parse(certificate.tbs_certificate_bytes).children
    spki = fields[6 if fields[0].tag == "[0]" else 5]  # version 1 leaves the version out
    return Item(part, certificate, _public_key(certificate), spki.encoded)


def _public_key(signed: Signed) -> PublicKeyTypes | None:
    try:
        return signed.public_key()
    except ERRORS:
        return None


def _label(data: bytes) -> str:
    """Return the label that DER would have in PEM, or nothing."""
    try:
        fields = der.read(data)[0].children
    except ValueError:
        return ""
    tags = "".join(f"{field.tag}, " for field in fields)
    label = next((label for label, row in _LABELS.items() if tags.startswith(row[2])), "")
    # A CertificationRequestInfo has 3 or 4 fields (RFC 2986), a TBSCertificate 6 or more.
    if label == "CERTIFICATE" and len(fields[0].children) <= 4:
        return pem.REQUEST_LABELS[0]
    return label


def _instead(part: Part) -> str:
    """Return what a part is that is not shown."""
    if part.text:
        try:
            pem.private_key(part.text)
        except pem.NotFound as error:
            return str(error)
    what = pem.what_instead(part.der)
    return "is DER, but not a key, a request or a certificate" if "(DER)" in what else what


def _decoded(text: bytes) -> bytes:
    """Return the DER in a PEM block; what cannot be decoded is left to fail when it is read."""
    body = text.partition(b"\n")[2].rpartition(b"-----END ")[0]
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except ValueError:
        return b""
