"""Odd requests and certificates: what other programs write and readers stumble on.

Each trait replaces fields of an ordinary one with values that are chosen at random.
"""

import ipaddress
import random
from collections.abc import Sequence

from tests.made import as_der, integer, tlv

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_OIDS = {
    "CN": "0603550403",
    "OU": "060355040b",
    "2.5.4.2147483648": "060755048880808000",
    "extensionRequest": "06092a864886f70d01090e",
    "challengePassword": "06092a864886f70d010907",
    "SAN": "0603551d11",
    "tlsFeature": "06082b06010505070118",
    "ECDSA with SHA-256": "06082a8648ce3d040302",
}


def sequence(oid: str, *values: bytes) -> bytes:
    """Return a SEQUENCE that begins with an OID: an algorithm, attribute or extension."""
    return tlv(0x30, bytes.fromhex(_OIDS[oid]), *values)


def name(value: str, tag: int = 12) -> bytes:
    """Return a name with a CN; the tag is that of a type of string, UTF8String for example."""
    encoding = {28: "utf-32-be", 30: "utf-16-be"}.get(tag, "utf-8")
    return named("CN", tlv(tag, value.encode(encoding)))


def named(oid: str, value: bytes) -> bytes:
    return tlv(0x30, tlv(0x31, sequence(oid, value)))


def unit(value: str) -> bytes:
    """Return a name with an OU, whose DER is given in hexadecimal."""
    return named("OU", bytes.fromhex(value))


def dns(value: str) -> bytes:
    return tlv(0x82, value.encode())


def san(*names: bytes, end: bytes = b"") -> bytes:
    return sequence("SAN", tlv(4, tlv(0x30, *names) + end))


def listed(*extensions: bytes) -> bytes:
    return tlv(0x30, *extensions)


def asked(*lists: bytes) -> bytes:
    """Return the attribute with which a request asks for lists of extensions."""
    return sequence("extensionRequest", tlv(0x31, *lists))


_DOMAINS = (
    *("example.com", "www.example.org", "*.example.com", "EXAMPLE.com", "example.org.", "1.2.3"),
    *("localhost", "xn--mnchen-3ya.de", "My Web Server", "192.0.2.1", "64.112.117.67", "::1", ""),
    *("a@example.com", "xn--a.example.com", "a_b.example.com", "1.in-addr.arpa", "[2001:db8::1]"),
    *("f" * 64 + ".com", ".".join("abcdefghijk") + ".com", "co.uk", "*.*.example.com", "ex\0.com"),
)
_ADDRESSES = ("64.112.117.67", "10.0.0.1", "2606:4700:60::1", "::ffff:64.112.117.67")
_GENERAL = (
    *(tlv(0x87, ipaddress.ip_address(address).packed) for address in _ADDRESSES),
    *(tlv(0x81, value) for value in (b"a@example.com", b"\xff")),
    *(tlv(0x86, value) for value in (b"https://example.com/", b"http://%zz/", b"\xff")),
    tlv(0x87, bytes(5)),
    tlv(0x88, b"\x2a\x03"),
    bytes.fromhex("9f210141"),  # [33]
    dns("\u212a.example"),  # the sign for Kelvin, whose lower case is k
    tlv(0xA0, tlv(6, b"\x2a\x03"), tlv(0xA0, tlv(12, b"x"))),
    tlv(0xA4, tlv(0x30)),
    dns("bücher.example"),
)

# Values of a subject, in hexadecimal, that Go reads, and others.
READ = """
010100 0101ff 02087fffffffffffffff 030100 03020780 030203f8 05017f 060755048780808000 0c02c3bc
120131 13012a 1401fc 16017f 170d3530303130313031303130305a 180f32303530303130313031303130305a
1a01fc 1b01fc 1e00 1e02fdcf 1e02fdf0 1e02fffd 2c03040161 30030c01fc
181132303235303130313030303030302e315a
"""
UNREAD = """
0100 010101 0209010000000000000000 0300 030101 03020800 030203f4 060755048880808000 0c01fc
120161 130140 160180 170d3530303130313031303136305a 180130
1e0161 1e02fdd0 1e02fdef 1e02fffe 1e02d800 1e04d800dc00
170f323530313031303030302b30303030 180d3230323530313031303030305a
181232303235303130313030303030302e31305a 180f32303235313330313031303130315a
"""

NAMES = dns("example.com"), dns("www.example.org")
SAN, OTHER_SAN = san(*NAMES), san(dns("localhost"))
PASSWORD = sequence("challengePassword", tlv(0x31, tlv(12, b"x")))
ECDSA = sequence("ECDSA with SHA-256")


def _validity(end: bytes) -> bytes:
    return tlv(0x30, tlv(23, b"250102030405Z"), end)


def _attributes(*attributes: bytes) -> dict[str, Sequence[bytes]]:
    return {"attributes": [tlv(0xA0, *attributes)]}


Traits = dict[str, dict[str, Sequence[bytes]]]

_BOTH: Traits = {
    "string type": {"subject": [name("a.example.com", tag) for tag in (4, 19, 20, 26, 27, 28, 30)]},
    "common name": {"subject": [name(domain) for domain in _DOMAINS]},
    "domain": {"extensions": [listed(san(*NAMES, dns(domain))) for domain in _DOMAINS]},
    "general name": {"extensions": [listed(san(*NAMES, one)) for one in _GENERAL]},
    "subject value": {"subject": [unit(one) for one in (READ + UNREAD).split()]},
    "subject OID": {"subject": [named("2.5.4.2147483648", tlv(12, b"a"))]},
    "extension OID": {"extensions": [listed(san(*NAMES), sequence("2.5.4.2147483648", tlv(4)))]},
    "no SAN": {"extensions": [listed()]},
    "empty SAN": {"extensions": [listed(san())]},
    "extra octet in SAN": {"extensions": [listed(san(*NAMES, end=b"\0"))]},
    "cut SAN": {"extensions": [listed(sequence("SAN", tlv(4, tlv(0x30, *NAMES)[:-1])))]},
    "extension twice": {"extensions": [listed(SAN, SAN)]},
    "no signature": {"signature": [b""]},
    "another key": {},
    "mutated": {},
}
REQUEST = _BOTH | {
    "version": {"version": [integer(number) for number in (1, 2, 3, 1 << 62, 1 << 63)]},
    "must-staple": {
        "extensions": [listed(SAN, sequence("tlsFeature", tlv(4, tlv(0x30, integer(5)))))]
    },
    "password": _attributes(asked(listed(SAN)), PASSWORD),
    "no attributes": _attributes(),
    "primitive attributes": {"attributes": [tlv(0x80, asked(listed(SAN))), tlv(0x80)]},
    "two lists of extensions": _attributes(asked(listed(SAN), listed(OTHER_SAN))),
}
CERTIFICATE = _BOTH | {
    "version": {"version": [tlv(0xA0, integer(number)) for number in (3, 4)]},
    "version 1": {"version": [b""], "[3]": [b""]},
    "negative serial": {"serial": [tlv(2, b"\xff\1")]},
    "odd time": {"validity": [_validity(tlv(23, b"3501020304+0100"))]},
}


def spki(key: PrivateKeyTypes) -> bytes:
    """Return the public key of a key, as a SubjectPublicKeyInfo in DER."""
    return as_der(key.public_key())


def request(
    chance: random.Random, traits: set[str], keys: Sequence[bytes] = (), **fields: bytes
) -> bytes:
    """Return a request in DER with these traits. keys: for the trait "another key"."""
    order = ("version", "subject", "key", "attributes")
    return _made(chance, traits, keys, REQUEST, order, {"version": integer(0)} | fields)


def certificate(chance: random.Random, traits: set[str], keys: Sequence[bytes] = ()) -> bytes:
    """Return a self-signed certificate in DER with these traits."""
    order = ("version", "serial", "algorithm", "subject", "validity", "subject", "key", "[3]")
    return _made(chance, traits, keys, CERTIFICATE, order, {"version": tlv(0xA0, integer(2))})


def _made(
    chance: random.Random,
    traits: set[str],
    keys: Sequence[bytes],
    table: Traits,
    order: Sequence[str],
    given: dict[str, bytes],
) -> bytes:
    """Return the fields in their order, the algorithm of the signature and the signature."""
    fields = {
        "extensions": listed(san(*chance.choices(NAMES, k=chance.randint(1, 3)))),
        "serial": integer(1 << 63),
        "algorithm": ECDSA,
        "subject": chance.choice((name("example.com"), tlv(0x30))),
        "validity": _validity(tlv(23, b"350102030405Z")),
    } | given
    for trait in sorted(traits):
        fields |= {field: chance.choice(values) for field, values in table[trait].items()}
    fields.setdefault("attributes", tlv(0xA0, asked(fields["extensions"])))
    fields.setdefault("[3]", tlv(0xA3, fields["extensions"]))
    key = ec.derive_private_key(chance.getrandbits(200), ec.SECP256R1())
    fields["key"] = chance.choice(keys) if "another key" in traits else spki(key)
    info = bytearray(tlv(0x30, *(fields[field] for field in order)))
    if "mutated" in traits:
        info[chance.randrange(len(info))] ^= 1 << chance.randrange(8)
    signature = fields.get("signature", key.sign(bytes(info), ec.ECDSA(hashes.SHA256())))
    return tlv(0x30, bytes(info), ECDSA, tlv(3, b"\0", signature))
