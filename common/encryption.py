"""Encrypting a private key, and telling how one is encrypted: PKCS#8 with PBES2 (RFC 8018)."""

from __future__ import annotations

import math
from typing import NamedTuple

from common.pem import ENCRYPTED, Block

# The OWASP Password Storage Cheat Sheet in 2026 for PBKDF2-HMAC-SHA512. An attacker pays it for
# each guess; you pay it once for each time you open the key: under 0.1 s.
ITERATIONS = 220_000
SALT_SIZE = 16  # bytes; NIST SP 800-132 section 5.1
MAX_COST = 10_000_000  # to try a passphrase on more takes longer than anyone waits

_PROTECTION = "PBKDF2WithHMAC-SHA512AndAES256-CBC"
_RSA_ENCRYPTION = "1.2.840.113549.1.1.1"  # RFC 8017 appendix A.1


def encrypted(key: bytes, passphrase: bytes) -> bytes:
    """Return a private key encrypted: PKCS#8 with PBES2, PBKDF2 and AES-256 (RFC 8018), in PEM.

    key: a private key in PEM, PKCS#1 or PKCS#8.
    PyCryptodome does it for every script, since cryptography fixes PBKDF2 at 2048 iterations.
    """
    from Crypto.IO import PEM, PKCS8
    from Crypto.Util.asn1 import DerNull, DerObject

    der, label, _ = PEM.decode(key.decode("ascii"))
    oid, private_key, parameters = _RSA_ENCRYPTION, der, None
    if label != "RSA PRIVATE KEY":
        oid, private_key, parameters = PKCS8.unwrap(der)[:3]
    wrapped = PKCS8.wrap(
        private_key,
        oid,
        passphrase=passphrase,
        protection=_PROTECTION,
        prot_params={"iteration_count": ITERATIONS, "salt_size": SALT_SIZE},
        # The curve of an EC key; an RSA key has NULL there (RFC 8017 appendix A.1).
        key_params=DerObject().decode(parameters) if parameters else DerNull(),
    )
    return PEM.encode(wrapped, ENCRYPTED).encode("ascii") + b"\n"


def description(block: Block) -> str:
    """Return how a private key is encrypted, as far as its file tells, or "none"."""
    if block.label != ENCRYPTED:
        return "the old way of PEM, with MD5 (RFC 1421)" if block.is_encrypted else "none"
    return ", ".join(_parameters(block).words) or "unknown"


def is_costly(block: Block) -> bool:
    """Return whether to open a key would take minutes or more, which no honest file asks for."""
    cost = _parameters(block).cost if block.label == ENCRYPTED else 0
    return cost > MAX_COST


class _Parameters(NamedTuple):
    words: list[str]  # names of what is used, in the order of the file
    cost: int  # rounds of PBKDF2, or of scrypt's blocks


def _parameters(block: Block) -> _Parameters:
    """Return what RFC 5958 section 3 and RFC 8018 appendix A say how to open a key."""
    from Crypto.IO import PEM

    words, cost = [], 0
    try:
        scheme, parameters = _algorithm(_sequence(PEM.decode(block.text.decode("ascii"))[0])[0])
        words.append(scheme)
        if scheme == "PBES2":
            derivation, cipher = _sequence(parameters)
            function, parameters = _algorithm(derivation)
            words.append(function)
            _, *numbers = _sequence(parameters)
            if function == "scrypt":  # RFC 7914 section 7: cost, block size, parallelization
                cost = math.prod(int(number) for number in numbers[:3] if isinstance(number, int))
            elif function == "PBKDF2" and isinstance(numbers[0], int):
                cost = numbers[0]
                # A key length may come before the pseudorandom function; HMAC-SHA1 is the default.
                prf = _algorithm(numbers[-1])[0] if isinstance(numbers[-1], bytes) else "HMAC-SHA1"
                words[-1] = f"PBKDF2 with {prf}, {cost} iterations"
            words.append(_algorithm(cipher)[0])
    except (ValueError, IndexError, TypeError):
        pass  # what could be read is told; to open the key will fail, and say why
    return _Parameters(words, cost)


# Of PKCS#5 (RFC 8018 appendix C) and of what OpenSSL and others write beside it.
_OIDS = {
    "1.2.840.113549.1.5.13": "PBES2",
    "1.2.840.113549.1.5.12": "PBKDF2",
    "1.3.6.1.4.1.11591.4.11": "scrypt",
    "1.2.840.113549.2.7": "HMAC-SHA1",
    "1.2.840.113549.2.9": "HMAC-SHA256",
    "1.2.840.113549.2.10": "HMAC-SHA384",
    "1.2.840.113549.2.11": "HMAC-SHA512",
    "1.2.840.113549.3.7": "3DES-CBC",
    "2.16.840.1.101.3.4.1.2": "AES-128-CBC",
    "2.16.840.1.101.3.4.1.22": "AES-192-CBC",
    "2.16.840.1.101.3.4.1.42": "AES-256-CBC",
}


def _algorithm(der: object) -> tuple[str, object]:
    """Return the name and the parameters of an AlgorithmIdentifier (RFC 5280 section 4.1.1.2)."""
    from Crypto.Util.asn1 import DerObjectId

    oid, *parameters = _sequence(der)
    if not isinstance(oid, bytes):
        raise ValueError("no object identifier")
    number: str = DerObjectId().decode(oid).value
    return _OIDS.get(number, number), parameters[0] if parameters else b""


def _sequence(der: object) -> list[object]:
    from Crypto.Util.asn1 import DerSequence

    if not isinstance(der, bytes):
        raise ValueError("no sequence")
    sequence = DerSequence().decode(der)
    return [sequence[index] for index in range(len(sequence))]
