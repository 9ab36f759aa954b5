"""Keys, requests and certificates for the tests of show, made in memory."""

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from common import wrapping
from tests import conftest
from tests.conftest import ARTICLE

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

NOW = datetime.now(timezone.utc)
SHA256 = hashes.SHA256()
RSA: Any = serialization.load_pem_private_key((ARTICLE / "rsa2048.key").read_bytes(), None)
EC, OTHER, CA = (ec.derive_private_key(3**n, ec.SECP256R1()) for n in (157, 158, 159))


def openssl(command: str) -> str:
    """Run OpenSSL in the working directory, and return what it prints."""
    return conftest.openssl(*command.split(), cwd=Path.cwd())


def as_pem(thing: Any, encoding: Encoding = Encoding.PEM) -> bytes:
    """Return a key (in PKCS#8), a public key, a request, a certificate or a CRL in PEM."""
    if hasattr(thing, "private_bytes"):
        pkcs8 = serialization.PrivateFormat.PKCS8
        data = thing.private_bytes(encoding, pkcs8, serialization.NoEncryption())
    elif hasattr(thing, "verify"):
        data = thing.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    else:
        data = thing.public_bytes(encoding)
    return bytes(data)


def as_der(thing: Any) -> bytes:
    return as_pem(thing, Encoding.DER)


def altered(thing: Any, old: bytes, new: bytes) -> bytes:
    """Return a request or certificate in PEM, with some bytes replaced."""
    is_request = isinstance(thing, x509.CertificateSigningRequest)
    label = "CERTIFICATE REQUEST" if is_request else "CERTIFICATE"
    return wrapping.pem_of(label, as_der(thing).replace(old, new))


def write(path: str, *things: Any) -> None:
    """Write keys, requests and certificates in PEM, and bytes, to a file."""
    file = Path(path)
    file.write_bytes(b"".join(one if isinstance(one, bytes) else as_pem(one) for one in things))
    file.chmod(0o600)


def tlv(tag: int, *contents: bytes) -> bytes:
    """Return an element of DER of less than 64 KiB."""
    content = b"".join(contents)
    size = len(content)
    length = [size] if size < 128 else [0x81, size] if size < 256 else [0x82, *divmod(size, 256)]
    return bytes([tag, *length]) + content


def integer(number: int) -> bytes:
    return tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def pkcs1(version: int = 0, **changed: int) -> bytes:
    """Return the RSA key in PKCS#1, with some of its numbers changed."""
    it, names = RSA.private_numbers(), ("d", "p", "q", "dmp1", "dmq1", "iqmp")
    numbers = {"n": it.public_numbers.n, "e": it.public_numbers.e}
    numbers |= {name: getattr(it, name) for name in names} | changed
    return tlv(0x30, *map(integer, (version, *numbers.values())))


def named(cn: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)] if cn else [])


def san(*names: str | x509.GeneralName) -> x509.SubjectAlternativeName:
    general = [x509.DNSName(n) if isinstance(n, str) else n for n in names]
    return x509.SubjectAlternativeName(general)


def request(
    *extensions: x509.ExtensionType,
    cn: str = "",
    key: Any = EC,
    critical: bool = False,
    **signing: Any,
) -> x509.CertificateSigningRequest:
    builder = x509.CertificateSigningRequestBuilder(named(cn))
    for extension in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, **{"algorithm": SHA256, **signing})


def certificate(
    cn: str,
    key: Any = EC,
    issuer: str = "CA",
    signer: Any = CA,
    start: float = -1,
    days: float = 90,
) -> x509.Certificate:
    """Return a certificate: that of a domain or, if the name does not have a dot, that of a CA."""
    builder = x509.CertificateBuilder(named(issuer), named(cn), key.public_key(), 0x1234)
    builder = builder.not_valid_before(NOW + timedelta(start))
    builder = builder.not_valid_after(NOW + timedelta(days))
    if "." in cn:
        builder = builder.add_extension(san(cn, f"www.{cn}"), critical=False)
    builder = builder.add_extension(x509.BasicConstraints("." not in cn, None), critical=True)
    return builder.sign(signer, SHA256)


ROOT_CA = certificate("Root", OTHER, issuer="Root", signer=OTHER)
MIDDLE = certificate("CA", CA, issuer="Root", signer=OTHER)
LEAF = certificate("example.com")
