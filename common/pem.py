"""The private key or the request in a file."""

import contextlib

from common import console, der, instead, limits, wrapping
from common.console import UserError
from common.labels import KEY_LABELS, REQUEST
from common.wrapping import Block

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

# What cryptography raises about a request that it does not read, also about its extensions.
ODD = (
    ValueError,
    KeyError,  # an unknown TLS feature
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


def warn_of_wrapping(where: str, block: Block) -> None:
    """Warn of what is wrong with the wrapping of a block that is whole."""
    if block.fault:
        line = f" (line {block.line})" if block.line > 1 else ""
        what, undo = block.fault
        console.warn(f"{where}{line}: {what}, so other programs may not read it; {undo}")


def private_key(path: str, data: bytes, advice: str) -> Block:
    """Return the one private key in data, which is from path; warn of its wrapping.

    Raises UserError, which says what is there instead. advice: what to do, if it does not say that.
    """
    blocks = wrapping.blocks(data)
    keys = [block for block in blocks if block.label in KEY_LABELS]
    keys = [block for block in keys if block.is_whole] or keys
    if len(keys) > 1:
        raise UserError(f"{path}: this file has {len(keys)} private keys; put each in its own file")
    if not keys or not keys[0].is_whole:
        others = [block for block in blocks if block.label.endswith("PRIVATE KEY")] or blocks
        raise instead.refusal(path, data, next(iter(keys or others), None), advice)
    if reason := limits.exceeded(keys[0]):
        raise UserError(f"{path}: {reason}; {advice}")
    warn_of_wrapping(path, keys[0])
    return keys[0]


def request(data: bytes) -> x509.CertificateSigningRequest | None:
    """Return the request in data, or None if data is not exactly one PEM request.

    Apart from white space, data must be the same as the request written again.
    """
    text = data.replace(b" NEW CERTIFICATE", b" CERTIFICATE")
    block = next((block for block in wrapping.blocks(text) if block.label == REQUEST), None)
    if block is None or b"".join(text.split()) != b"".join(block.text.split()):
        return None
    with contextlib.suppress(ValueError, IndexError):
        root, _ = der.read(block.der)
        version, content = root.children[0].children[0], bytearray(block.der)
        content[version.start : version.end] = b"\0"  # old versions of certbot wrote version 3
        return x509.load_der_x509_csr(bytes(content))
    return None
