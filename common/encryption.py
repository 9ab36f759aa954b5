"""Encrypting and decrypting a private key with PyCryptodome.

A key is encrypted as PKCS#8, with PBES2, PBKDF2 and AES-256 (RFC 8018). cryptography would always
use 2048 iterations of PBKDF2.
"""

from typing import Any

from common import labels
from common.wrapping import Block

# What the OWASP Password Storage Cheat Sheet (2026) asks for with PBKDF2-HMAC-SHA512. An
# attacker needs that many for each guess.
ITERATIONS = 220_000


def encrypted(key: bytes, passphrase: bytes, curve: str | None) -> bytes:
    """Return a private key in PEM, RSA or on a curve, as encrypted PKCS#8 in PEM."""
    from Crypto.PublicKey import ECC, RSA  # make_account_key2 does not need these for a plain key

    options: dict[str, Any] = {
        "passphrase": passphrase,
        "protection": "PBKDF2WithHMAC-SHA512AndAES256-CBC",
        # The salt has 16 bytes: NIST SP 800-132 section 5.1.
        "prot_params": {"iteration_count": ITERATIONS, "salt_size": 16},
    }
    if curve:
        text: str = ECC.import_key(key).export_key(format="PEM", **options)
        return text.encode() + b"\n"
    return RSA.import_key(key).export_key(pkcs=8, **options) + b"\n"


def decrypted(block: Block, passphrase: bytes) -> Block:
    """Decrypt a private key; return it without checking its numbers.

    Raises exceptions of PyCryptodome.
    """
    from Crypto.IO import PEM, PKCS8

    if block.label == labels.ENCRYPTED:
        return block._replace(content=PKCS8.unwrap(block.content, passphrase)[1])
    return block._replace(content=PEM.decode(block.text.decode(), passphrase)[0])
