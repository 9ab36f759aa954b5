"""Encrypting a private key: PKCS#8 with PBES2, PBKDF2 and AES-256 (RFC 8018), by PyCryptodome.

cryptography can do the same, but fixes PBKDF2 at 2048 iterations.
"""

# What the OWASP Password Storage Cheat Sheet (2026) asks for with PBKDF2-HMAC-SHA512. An attacker
# spends them on each guess; you spend them when you open the key.
ITERATIONS = 220_000
SALT_SIZE = 16  # bytes; NIST SP 800-132 section 5.1

_RSA_ENCRYPTION = "1.2.840.113549.1.1.1"  # RFC 8017 appendix A.1


def encrypted(key: bytes, passphrase: bytes) -> bytes:
    """Return a private key in PEM, PKCS#1 or PKCS#8, as encrypted PKCS#8 in PEM."""
    from Crypto.IO import PEM, PKCS8  # make_account_key2 does not need these for a plain key
    from Crypto.Util.asn1 import DerNull, DerObject

    der, label, _ = PEM.decode(key.decode("ascii"))
    algorithm, private_key, parameters = _RSA_ENCRYPTION, der, None
    if label != "RSA PRIVATE KEY":
        algorithm, private_key, parameters = PKCS8.unwrap(der)
    wrapped = PKCS8.wrap(
        private_key,
        algorithm,
        passphrase=passphrase,
        protection="PBKDF2WithHMAC-SHA512AndAES256-CBC",
        prot_params={"iteration_count": ITERATIONS, "salt_size": SALT_SIZE},
        # The curve of an EC key; an RSA key has NULL there (RFC 8017 appendix A.1).
        key_params=DerObject().decode(parameters) if parameters else DerNull(),
    )
    return PEM.encode(wrapped, "ENCRYPTED PRIVATE KEY").encode("ascii") + b"\n"
