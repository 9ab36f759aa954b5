"""Why no public CA may sign a key, and why Let's Encrypt rejects one.

Each reason is what can be said of a key, such as "has 1024 bits". The file of Boulder with these
rules has the same name: goodkey/good_key.go in https://github.com/letsencrypt/boulder.
"""

import functools
import math

from cryptography.hazmat.primitives.asymmetric import ec, rsa

# The curves of a key that a CA may sign (Baseline Requirements 6.1.5): SEC 2's name, and NIST's.
CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
RSA_PSS_TYPE = 912  # EVP_PKEY_RSA_PSS, openssl/evp.h
IS_PSS = "is an RSA-PSS key, so no public CA may sign it"  # Baseline Requirements 7.1.3.1.1
ODD_RSA = "has an exponent or a modulus that no public CA may sign, such as an even exponent"
MIN_RSA_BITS = 2048  # Baseline Requirements 6.1.5
MAX_RSA_BITS = 8192  # checking the numbers of a larger key takes from ten seconds to hours

# What Let's Encrypt accepts: LetsEncryptCPS and goodKeyRSA, goodkey/good_key.go.
ACCEPTED_RSA_BITS = (2048, 3072, 4096)
ACCEPTED_RSA_EXPONENT = 65537
ACCEPTED_CURVES = ("P-256", "P-384")

# goodkey/good_key.go; the Baseline Requirements ask for 100 rounds (6.1.1.3).
FERMAT_ROUNDS = 110
SMALL_SCALARS = 255  # checkSmallPrivateScalar, goodkey/good_key.go
_SMALL_PRIMES = math.factorial(751)  # primes below 752 divide it; Baseline Requirements 6.1.6
# The fingerprint of ROCA (CVE-2017-15361): modulo each of these primes, the modulus is a power of
# 65537. One in 2**28 sound keys has it too. https://crocs.fi.muni.cz/public/papers/rsa_ccs17
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


def weakness(public_key: object) -> str | None:
    """Return why no public CA may sign a key (Baseline Requirements 6.1.1.3, 6.1.5, 6.1.6)."""
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        curve = kind(public_key)
        if curve not in CURVES.values():
            return f"is on the curve {curve}, so no public CA may sign it"
        is_small = public_key.public_numbers().x in _small_points(type(public_key.curve))
        return "can be broken: its private number is easy to guess" if is_small else None
    if not isinstance(public_key, rsa.RSAPublicKey):
        return "is neither an RSA nor an EC key, so no public CA may sign it"
    bits, numbers = public_key.key_size, public_key.public_numbers()
    n, e = numbers.n, numbers.e
    if bits < MIN_RSA_BITS:
        return f"has {bits} bits, but no public CA may sign a key with fewer than {MIN_RSA_BITS}"
    if bits % 8:
        return f"has {bits} bits, which is not a whole number of bytes, so no public CA may sign it"
    if e < 3 or e % 2 == 0:
        return "has a public exponent that is even or below 3, so no public CA may sign it"
    if bits > MAX_RSA_BITS:  # the rest takes long, and Let's Encrypt rejects the size anyway
        return None
    if math.gcd(n, _SMALL_PRIMES) > 1:
        return "can be broken: its modulus has a small factor"
    if all(n % p in {pow(65537, k, p) for k in range(p)} for p in _ROCA_PRIMES):
        return "can be broken: it comes from a faulty chip or library (ROCA, CVE-2017-15361)"
    if _has_close_primes(n):
        return "can be broken: its primes are close to each other (Fermat's method)"
    return None


def oversize(bits: int) -> str | None:
    """Return why a key of this size is not checked, or None."""
    if bits > MAX_RSA_BITS:
        return f"has {bits} bits, and keys over {MAX_RSA_BITS} bits take too long to check"
    return None


def rejected(public_key: object) -> str | None:
    """Return why Let's Encrypt rejects a public key that another public CA may sign, or None."""
    if not isinstance(public_key, rsa.RSAPublicKey):
        name, curves = kind(public_key), " or ".join(ACCEPTED_CURVES)
        return None if name in ACCEPTED_CURVES else f"is on {name}, not {curves}"
    if public_key.key_size not in ACCEPTED_RSA_BITS:
        *sizes, last = ACCEPTED_RSA_BITS
        return f"has {public_key.key_size} bits, not {', '.join(map(str, sizes))} or {last}"
    if public_key.public_numbers().e != ACCEPTED_RSA_EXPONENT:
        return f"has a public exponent other than {ACCEPTED_RSA_EXPONENT}"
    return None


def kind(public_key: object) -> str:
    """Return "RSA" or the like, or the curve of an EC key by its NIST name, such as "P-256"."""
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return CURVES.get(public_key.curve.name, public_key.curve.name)
    return type(public_key).__name__.removesuffix("PublicKey")


@functools.cache
def _small_points(curve: type[ec.EllipticCurve]) -> set[int]:
    """Return the x coordinates of the points whose private number, or its negative, is small."""
    keys = (ec.derive_private_key(number, curve()) for number in range(1, SMALL_SCALARS + 1))
    return {key.public_key().public_numbers().x for key in keys}


def _has_close_primes(n: int) -> bool:
    """Return whether Fermat's method factors n: n = a² - b² for an a just above the root of n."""
    root = math.isqrt(n)
    differences = (a * a - n for a in range(root, root + FERMAT_ROUNDS + 1))
    return any(d >= 0 and math.isqrt(d) ** 2 == d for d in differences)
