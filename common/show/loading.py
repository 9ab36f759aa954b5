"""Loading keys with OpenSSL and cryptography, which do not read the same ones.

A key that a function cannot read is None. Where cryptography is stricter than OpenSSL, pyOpenSSL
reads the key, as it does in make_csr.
"""

import contextlib
import functools
from typing import cast

from common import der, keys, wrapping
from common.unusable import ERRORS
from common.wrapping import Block

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_private_key
from OpenSSL import crypto


def openssl_key(block: Block, secret: bytes) -> crypto.PKey | None:
    """Return a private key as OpenSSL reads it. secret: its passphrase, or b""."""
    with contextlib.suppress(*ERRORS):
        return crypto.load_privatekey(crypto.FILETYPE_PEM, block.text, secret)
    return None


def private_key(block: Block, secret: bytes, pkey: crypto.PKey) -> PrivateKeyTypes | None:
    """Return a private key as cryptography reads it. pkey: from openssl_key.

    Whether its numbers agree is not checked.
    """
    with contextlib.suppress(*ERRORS):
        return load_pem_private_key(block.text, secret or None, unsafe_skip_rsa_key_validation=True)
    with contextlib.suppress(*ERRORS):
        return keys.checked_key(pkey)
    return None


@functools.lru_cache  # secrecy, numbers and items each ask for the same one
def public_key(spki: bytes) -> PublicKeyTypes | None:
    """Return a public key as cryptography reads it. spki: a SubjectPublicKeyInfo in DER."""
    with contextlib.suppress(*ERRORS):
        return load_der_public_key(spki)
    with contextlib.suppress(*ERRORS):
        pkey = crypto.load_publickey(crypto.FILETYPE_ASN1, spki)
        return cast(PublicKeyTypes, pkey.to_cryptography_key())
    return None


def as_spki(label: str, content: bytes) -> bytes:
    """Return a public key in DER as the SubjectPublicKeyInfo that OpenSSL writes.

    label: of its PEM. Content is returned unchanged if OpenSSL does not read it, or if the result
    would be too large for der.read.
    """
    with contextlib.suppress(*ERRORS):
        pkey = crypto.load_publickey(crypto.FILETYPE_PEM, wrapping.pem_of(label, content))
        spki = crypto.dump_publickey(crypto.FILETYPE_ASN1, pkey)
        return spki if len(spki) <= der.MAX_SIZE else content
    return content
