"""What is in a file: keys, requests and certificates, in PEM or DER, one or several."""

import base64
import hashlib
from dataclasses import dataclass

from common import files, goodkey, passphrase, pem
from common.console import UserError
from common.show import contents, der, grammar
from common.show.der import Element

from cryptography import x509
from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PRIVATE_KEY, PUBLIC_KEY = "private key", "public key"
REQUEST, CERTIFICATE = "certificate signing request (CSR)", "certificate"
KEYS = (PRIVATE_KEY, PUBLIC_KEY)

Value = PrivateKeyTypes | PublicKeyTypes | x509.CertificateSigningRequest | x509.Certificate

# For each label of PEM: what it is, the format of a key, and what grammar calls it.
_LABELS = {
    "PRIVATE KEY": (PRIVATE_KEY, "PKCS#8", "OneAsymmetricKey"),
    pem.ENCRYPTED: (PRIVATE_KEY, "PKCS#8", "EncryptedPrivateKeyInfo"),
    "EC PRIVATE KEY": (PRIVATE_KEY, "SEC 1", "ECPrivateKey"),
    "RSA PRIVATE KEY": (PRIVATE_KEY, "PKCS#1", "RSAPrivateKey"),
    "DSA PRIVATE KEY": (PRIVATE_KEY, "OpenSSL", "DSAPrivateKey"),
    "RSA PUBLIC KEY": (PUBLIC_KEY, "PKCS#1", "RSAPublicKey"),
    "PUBLIC KEY": (PUBLIC_KEY, "SubjectPublicKeyInfo", "SubjectPublicKeyInfo"),
    "CERTIFICATE": (CERTIFICATE, "", "Certificate"),
    **dict.fromkeys(pem.REQUEST_LABELS, (REQUEST, "", "CertificationRequest")),
}

_NOTHING = der.parse(b"\x30\0")  # an empty SEQUENCE: a key has no names and no extensions

_ADVICE = "give a key, a request or a certificate"

# All that cryptography raises about what it cannot read.
ERRORS = (ValueError, TypeError, LookupError, OverflowError, UnsupportedAlgorithm, InternalError)


@dataclass(frozen=True)
class Part:
    """One key, request or certificate in a file."""

    path: str
    where: str  # the path, and which part it is of several
    label: str  # of PEM, or what DER would have there
    text: bytes  # PEM; empty for DER
    der: bytes
    kind: str  # by its label; "" if show does not show it
    format: str  # of a key
    is_encrypted: bool  # whether a passphrase opens it


@dataclass(frozen=True)
class Item(Part):
    """A part, opened."""

    value: Value
    public_key: PublicKeyTypes
    is_sound: bool | None  # False: its numbers do not agree, or its signature does not verify
    root: Element  # of a request or a certificate, named by grammar

    @property
    def spki(self) -> bytes:
        """The public key as a SubjectPublicKeyInfo (RFC 5280) in DER."""
        return self.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the public key, in hexadecimal."""
        return hashlib.sha256(self.spki).hexdigest()


def parts(path: str) -> list[Part]:
    """Return the parts of a file. Raises UserError."""
    data = files.read(path, _ADVICE)
    blocks = [(block, _decoded(block.text)) for block in pem.blocks(data)]
    # Parameters (of a curve, say) appear beside keys and add nothing.
    blocks = [pair for pair in blocks if not pair[0].label.endswith(" PARAMETERS")] or blocks
    if not blocks and data.startswith(b"\x30"):  # a SEQUENCE
        blocks = [(pem.Block(_label(data), b""), data)]
    if not blocks:
        raise _refusal(path, data)
    found = []
    for number, (block, encoded) in enumerate(blocks, 1):
        where = f"{path} ({number} of {len(blocks)})" if len(blocks) > 1 else path
        kind, form, _ = _LABELS.get(block.label, ("", "", ""))
        found.append(Part(path, where, *block, encoded, kind, form, block.is_encrypted))
    return found


def item(part: Part, passphrase_file: str | None) -> Item:
    """Return a part, opened. Raises UserError.

    passphrase_file: where the passphrase of an encrypted key is; if None, the user is asked.
    """
    if not part.kind:
        raise _refusal(part.where, part.text or part.der)
    secret = passphrase.for_key(part.where, passphrase_file) if part.is_encrypted else None
    try:
        value, public_key, root = _open(part, secret)
        is_sound = _is_sound(value)
        return Item(**vars(part), value=value, public_key=public_key, is_sound=is_sound, root=root)
    except (UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise UserError(f"{part.where}: is of an unsupported kind ({error})") from error
    except ERRORS as error:
        what = f"is damaged and cannot be read as a {part.kind}; restore a copy"
        if secret is not None:
            what = "is encrypted, and this passphrase does not open it; try another"
        raise UserError(f"{part.where}: {what}") from error


def _open(part: Part, secret: bytes | None) -> tuple[Value, PublicKeyTypes, Element]:
    """Return the value, the public key and the root of an Item. Raises one of ERRORS."""
    if part.kind == PUBLIC_KEY:
        public_key = serialization.load_der_public_key(part.der)
        return public_key, public_key, _NOTHING
    if part.kind == PRIVATE_KEY:
        load, data = serialization.load_der_private_key, part.der
        if part.text:
            load, data = serialization.load_pem_private_key, part.text
        # The numbers are checked later, so that a key in which they disagree is shown as well.
        key = load(data, secret, unsafe_skip_rsa_key_validation=True)
        return key, key.public_key(), _NOTHING
    load_signed = x509.load_der_x509_csr if part.kind == REQUEST else x509.load_der_x509_certificate
    signed = load_signed(part.der)
    root = der.parse(part.der)
    if grammar.recognize(root) != _LABELS[part.label][2]:
        raise ValueError
    # These are read here, where all errors are caught.
    str((signed.subject, getattr(signed, "issuer", ""), contents.names(root)))
    return signed, signed.public_key(), root


def _is_sound(value: Value) -> bool | None:
    """Return whether the numbers of a key agree, or the signature of a request verifies.

    None if that takes too long, or if cryptography cannot tell: it takes every signature with MD5
    or SHA-1 for invalid, and does not know some algorithms. No CA accepts any of these.
    """
    try:
        if isinstance(value, x509.CertificateSigningRequest):
            is_outdated = contents.algorithm(value).endswith(("MD5", "SHA-1"))
            return None if is_outdated else value.is_signature_valid
        if isinstance(value, rsa.RSAPrivateKey) and value.key_size > goodkey.MAX_RSA_BITS:
            return None
        # A private key of another kind is one number, from which the public key follows.
        if isinstance(value, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey):
            value.private_numbers().private_key()
    except UnsupportedAlgorithm:
        return None
    except ValueError:
        return False
    return True


def _label(data: bytes) -> str:
    """Return the label that DER would have in PEM, or nothing."""
    try:
        document = grammar.recognize(der.parse(data))
    except ValueError:
        return ""
    return next((label for label, row in _LABELS.items() if row[2] == document), "")


def _refusal(where: str, data: bytes) -> UserError:
    """Return what to say of data that show cannot open, none of which is a private key."""
    try:
        pem.private_key(where, data, _ADVICE)
    except UserError as error:
        if "is binary (DER)" not in str(error):
            return error
    return UserError(f"{where}: is DER, but not a whole key, request or certificate; {_ADVICE}")


def _decoded(text: bytes) -> bytes:
    """Return the DER in a PEM block, or b"" if it is damaged, which fails when it is opened."""
    body = text.partition(b"\n")[2].rpartition(b"-----END ")[0]
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except ValueError:
        return b""
