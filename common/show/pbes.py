"""How a private key is encrypted: RFC 8018 (PKCS#5), scrypt of RFC 7914, or the older RFC 1421."""

import math

from common.show import elements

MAX_COST = 10_000_000  # to try a passphrase on more takes longer than anyone waits

# RFC 8018 appendix C, RFC 7914 section 7, and what OpenSSL and GnuTLS write beside them.
_NAMES = {
    "1.2.840.113549.1.5.13": "PBES2",
    "1.2.840.113549.1.5.12": "PBKDF2",
    "1.3.6.1.4.1.11591.4.11": "scrypt",
    "1.2.840.113549.2.7": "HMAC-SHA1",
    "1.2.840.113549.2.8": "HMAC-SHA224",
    "1.2.840.113549.2.9": "HMAC-SHA256",
    "1.2.840.113549.2.10": "HMAC-SHA384",
    "1.2.840.113549.2.11": "HMAC-SHA512",
    "1.2.840.113549.3.7": "3DES-CBC",
    "2.16.840.1.101.3.4.1.2": "AES-128-CBC",
    "2.16.840.1.101.3.4.1.22": "AES-192-CBC",
    "2.16.840.1.101.3.4.1.42": "AES-256-CBC",
    "1.2.840.113549.1.5.3": "PBES1 (MD5, DES)",
    "1.2.840.113549.1.12.1.3": "PKCS#12 PBE (SHA-1, 3DES)",
}


def parameters(der: bytes) -> tuple[str, int]:
    """Return how an EncryptedPrivateKeyInfo (RFC 5958 section 3) is encrypted, and the cost.

    The cost of trying a passphrase is in rounds of PBKDF2, or in blocks of scrypt.
    """
    words, cost = list[str](), 0
    try:
        scheme, parameters = _algorithm(elements.children(der)[0])
        words.append(scheme)
        if scheme == "PBES2":
            derivation, cipher = elements.children(parameters)
            function, parameters = _algorithm(derivation)
            _, *more = elements.children(parameters)  # after the salt
            integers = [elements.content(one) for one in more if one[0] == elements.INTEGER]
            numbers = [int.from_bytes(content, "big") for content in integers]
            if function == "PBKDF2":
                cost = numbers[0]
                # HMAC-SHA1 is the default (RFC 8018 appendix A.2).
                prf = _algorithm(more[-1])[0] if more[-1][0] == elements.SEQUENCE else "HMAC-SHA1"
                function += f" with {prf}, {cost} iterations"
            else:  # scrypt: cost, block size, parallelization
                cost = math.prod(numbers[:3])
            words += [function, _algorithm(cipher)[0]]
    except (ValueError, IndexError):
        pass  # what could be read is told; opening the key fails, and says so
    return ", ".join(words) or "unknown", cost


def _algorithm(element: bytes) -> tuple[str, bytes]:
    """Return the name and the parameters of an AlgorithmIdentifier (RFC 5280 section 4.1.1.2)."""
    identifier, *rest = elements.children(element)
    number = elements.oid(identifier)
    return _NAMES.get(number, number), rest[0] if rest else b""
