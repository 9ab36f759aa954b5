"""Odd requests and certificates, made by chance: what other programs write and readers stumble on.

A request or certificate has traits; each says what is unusual about it. The rest is by chance, so
that traits meet.
"""

import ipaddress
import random
from collections.abc import Sequence

from tests.made import integer, tlv

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_ECDSA = {256: "06082a8648ce3d040302", 384: "06082a8648ce3d040303", 512: "06082a8648ce3d040304"}

_OIDS = {
    "CN": "0603550403",
    "O": "060355040a",
    "emailAddress": "06092a864886f70d010901",
    "extensionRequest": "06092a864886f70d01090e",
    "challengePassword": "06092a864886f70d010907",
    "SAN": "0603551d11",
    "basicConstraints": "0603551d13",
    "keyUsage": "0603551d0f",
    "tlsFeature": "06082b06010505070118",
    "unknown": "06032a0304",
}
OID = {name: bytes.fromhex(text) for name, text in _OIDS.items()}
_DOMAINS = (
    *(
        "example.com",
        "www.example.org",
        "*.example.com",
        "EXAMPLE.com",
        "example.org.",
        "localhost",
    ),
    *("xn--mnchen-3ya.de", "My Web Server", "192.0.2.1", "64.112.117.67", "", "a@example.com"),
    *("xn--a.example.com", "a_b.example.com", "1.in-addr.arpa", "[2001:db8::1]", "::1", "1.2.3"),
    *("f" * 64 + ".com", ".".join("abcdefghijk") + ".com", "co.uk", "*.*.example.com", "ex\0.com"),
)
_GENERAL = (
    (0x87, bytes([64, 112, 117, 67])),
    (0x87, bytes([10, 0, 0, 1])),
    (0x87, ipaddress.ip_address("2606:4700:60::1").packed),
    (0x87, ipaddress.ip_address("::ffff:64.112.117.67").packed),
    (0x87, bytes(5)),
    (0x87, b""),
    (0x81, b"a@example.com"),
    (0x81, b"\xff"),
    (0x86, b"https://example.com/"),
    (0x86, b"http://%zz/"),
    (0x86, b"\xff"),
    (0x82, b"b\xc3\xbccher.example"),
    (0x88, b"\x2a\x03"),
    (0x88, b""),
    (0xA4, tlv(0x30)),
    (0xA0, tlv(6, b"\x2a\x03") + tlv(0xA0, tlv(12, b"x"))),
    (0xA0, b""),
    (0xA2, b"a.example.com"),
    (0x02, b"\1"),
)


# What can be unusual about a request or a certificate, about a request, and about a certificate.
_BOTH = (
    *("version", "another key", "ECDSA with NULL", "signature", "hash", "no signature"),
    *("empty RDN", "RDN with one attribute twice", "two CNs", "string type", "not text", "subject"),
    *("common name", "extension twice", "critical FALSE", "critical 1", "TLS feature"),
    *("extensions", "domain", "general name", "no SAN", "empty SAN", "extra octet in SAN"),
    *("cut SAN", "mutated in the front", "mutated at the end"),
)
REQUEST = (
    *(*_BOTH, "must-staple", "password", "password twice", "no attributes"),
    *("attribute without values", "two extension requests", "two lists of extensions"),
)
CERTIFICATE = (
    *(*_BOTH, "version 1", "no extensions", "negative serial", "long serial", "no seconds"),
    *("time zone", "fraction", "far future", "unique identifiers", "other algorithm"),
)


def extension(kind: str, value: bytes, critical: bytes = b"") -> bytes:
    return tlv(0x30, OID[kind], critical, tlv(4, value))


def extensions(chance: random.Random, traits: set[str]) -> bytes:
    """Return the extensions of a request with these traits."""
    domains = [chance.choice(_DOMAINS[:4]) for _ in range(chance.choice((1, 1, 2, 3)))]
    if "domain" in traits:
        domains.append(chance.choice(_DOMAINS))
    parts = [tlv(0x82, domain.encode()) for domain in domains]
    if "general name" in traits:
        parts.append(tlv(*chance.choice(_GENERAL)))
    san = tlv(0x30, *([] if "empty SAN" in traits else parts))
    if "cut SAN" in traits:
        san = san[:-1]
    if "extra octet in SAN" in traits:
        san += b"\0"
    critical = tlv(1, b"\xff") if chance.random() < 0.3 else b""
    if traits & {"critical FALSE", "critical 1"}:
        critical = tlv(1, b"\0" if "critical FALSE" in traits else b"\1")
    found = [] if "no SAN" in traits else [extension("SAN", san, critical)]
    if "must-staple" in traits:
        found.append(extension("tlsFeature", tlv(0x30, integer(5))))
    if "TLS feature" in traits:
        found.append(extension("tlsFeature", tlv(0x30, integer(17))))
    if "extensions" in traits:
        found.append(extension("keyUsage", tlv(3, b"\5\xa0")))
        found.append(extension("basicConstraints", tlv(0x30)))
        found.append(extension("unknown", b"\5\0"))
    return tlv(0x30, *found, *(found[:1] if "extension twice" in traits else []))


def attributes(chance: random.Random, traits: set[str]) -> bytes:
    """Return the attributes of a request with these traits."""
    lists = [extensions(chance, traits)]
    if "two lists of extensions" in traits:
        lists.append(extensions(chance, traits))
    if "attribute without values" in traits:
        lists = []
    found = [] if "no attributes" in traits else [(OID["extensionRequest"], lists)]
    if "two extension requests" in traits:
        found.append((OID["extensionRequest"], [extensions(chance, traits)]))
    if traits & {"password", "password twice"}:
        texts = [tlv(12, b"x"), tlv(12, b"y")]
        found.append((OID["challengePassword"], texts[: 1 + ("password twice" in traits)]))
    return tlv(0xA0, *(tlv(0x30, oid, tlv(0x31, *values)) for oid, values in found))


def subject(chance: random.Random, traits: set[str]) -> bytes:
    """Return the subject of a request with these traits."""
    text = chance.choice(_DOMAINS if "common name" in traits else _DOMAINS[:3])
    tag = chance.choice((18, 19, 20, 22, 28, 30)) if "string type" in traits else 12
    value = text.encode({30: "utf-16-be", 28: "utf-32-be"}.get(tag, "utf-8"))
    if "not text" in traits:
        value += b"\xc3"
    pair = tlv(0x30, OID["CN"], tlv(tag, value))
    sets = [] if chance.random() < 0.3 else [[pair]]
    if "RDN with one attribute twice" in traits:
        sets.append([pair, pair])
    if "two CNs" in traits:
        sets.append([tlv(0x30, OID["CN"], tlv(12, chance.choice(_DOMAINS[:3]).encode()))])
    if "empty RDN" in traits:
        sets.append([])
    if "subject" in traits:
        sets.append([tlv(0x30, OID["O"], tlv(12, b"O"))])
        sets.append([tlv(0x30, OID["emailAddress"], tlv(22, b"a@example.com"))])
    return tlv(0x30, *(tlv(0x31, *pairs) for pairs in sets))


def mutated(chance: random.Random, data: bytes, traits: set[str]) -> bytes:
    """Return data with one bit changed, if that is a trait."""
    half = len(data) // 2
    if "mutated in the front" in traits:
        at = chance.randrange(half)
    elif "mutated at the end" in traits:
        at = chance.randrange(half, len(data))
    else:
        return data
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def spki(key: PrivateKeyTypes) -> bytes:
    """Return the public key of a key, as a SubjectPublicKeyInfo in DER."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def request(chance: random.Random, traits: set[str], keys: Sequence[bytes] = ()) -> bytes:
    """Return a request in DER with these traits. keys: for the trait "another key"."""
    key = ec.derive_private_key(chance.getrandbits(200), ec.SECP256R1())
    version = integer(chance.choice((1, 2, 3)) if "version" in traits else 0)
    public_key = chance.choice(keys) if "another key" in traits else spki(key)
    info = tlv(0x30, version, subject(chance, traits), public_key, attributes(chance, traits))
    return signed(chance, mutated(chance, info, traits), key, traits)


def certificate(chance: random.Random, traits: set[str], keys: Sequence[bytes] = ()) -> bytes:
    """Return a self-signed certificate in DER with these traits."""
    key = ec.derive_private_key(chance.getrandbits(200), ec.SECP256R1())
    public_key = chance.choice(keys) if "another key" in traits else spki(key)
    version = tlv(0xA0, integer(chance.choice((3, 4)) if "version" in traits else 2))
    has_extensions = not traits & {"version 1", "no extensions"}
    serial = tlv(2, b"\xff\1") if "negative serial" in traits else integer(chance.getrandbits(64))
    if "long serial" in traits:
        serial = integer(1 << 200)
    end = tlv(23, b"350102030405Z")
    for trait, tag, text in (
        ("no seconds", 23, b"3501020304Z"),
        ("time zone", 23, b"350102030405+0100"),
        ("fraction", 24, b"20350102030405.5Z"),
        ("far future", 24, b"99991231235959Z"),
    ):
        if trait in traits:
            end = tlv(tag, text)
    name = subject(chance, traits)
    identifiers = [tlv(0x81, b"\0\1"), tlv(0x82, b"\0\2")] if "unique identifiers" in traits else []
    info = tlv(
        0x30,
        b"" if "version 1" in traits else version,
        serial,
        tlv(0x30, bytes.fromhex(_ECDSA[384 if "other algorithm" in traits else 256])),
        name,
        tlv(0x30, tlv(23, b"250102030405Z"), end),
        name,
        public_key,
        *identifiers,
        tlv(0xA3, extensions(chance, traits)) if has_extensions else b"",
    )
    return signed(chance, mutated(chance, info, traits), key, traits)


def signed(
    chance: random.Random, info: bytes, key: ec.EllipticCurvePrivateKey, traits: set[str]
) -> bytes:
    """Return a request or certificate: info, the algorithm of the signature and the signature."""
    signature = key.sign(info, ec.ECDSA(hashes.SHA256()))
    if "signature" in traits:
        signature = signature[:-1] + bytes([signature[-1] ^ 1])
    if "no signature" in traits:
        signature = b""
    oid = bytes.fromhex(_ECDSA[chance.choice((384, 512)) if "hash" in traits else 256])
    parameters = b"\5\0" if "ECDSA with NULL" in traits else b""
    return tlv(0x30, info, tlv(0x30, oid, parameters), tlv(3, b"\0", signature))
