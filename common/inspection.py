"""What is in a file: a private key, a public key or a request, described and checked."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from common import describe, files, passphrase, pem
from common.certkey import MAX_RSA_BITS
from common.console import Refused


class Inspected(NamedTuple):
    """What there is to tell of one file, and what is wrong in it, if anything."""

    path: str
    is_request: bool
    lines: list[describe.Line]  # the first of them says what the file is
    public_pem: bytes
    fault: str | None


def read(path: str, passphrase_file: str | None) -> Inspected:
    """Return what is in a file. Raises Refused if it is nothing that can be told of.

    passphrase_file: where the passphrase of an encrypted key is; with None it is asked for.
    """
    data = files.read(path, "name a private key, a public key or a request")
    blocks = pem.blocks(data)
    try:
        if pem.is_csr(data):
            return _request(path, data)
        if [block.label for block in blocks] == ["PUBLIC KEY"]:
            return _public_key(path, blocks[0])
        return _private_key(path, pem.private_key(data), passphrase_file)
    except pem.NoKey as error:
        raise Refused(f"{path}: {error}") from error
    except UnsupportedAlgorithm as error:
        raise Refused(f"{path}: is of a kind that is not known here ({error})") from error
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"{path}: holds what is not known here ({type(error).__name__})") from error


def _request(path: str, data: bytes) -> Inspected:
    try:
        csr = x509.load_pem_x509_csr(data)
        lines = [(path, "certificate signing request"), *describe.csr_lines(csr)]
        fault = None if csr.is_signature_valid else "its signature is not valid; make it again"
        return Inspected(path, True, lines, describe.pem(csr.public_key()), fault)
    except (ValueError, TypeError) as error:
        raise Refused(f"{path}: is damaged, and no request can be read from it") from error


def _public_key(path: str, block: pem.Block) -> Inspected:
    try:
        public_key = load_pem_public_key(block.text)
    except ValueError as error:
        raise Refused(f"{path}: is damaged, and no key can be read from it") from error
    lines = [(path, "public key"), ("kind", describe.kind(public_key))]
    lines += [*describe.format_lines(block)[:1], *describe.key_lines(public_key)]
    return Inspected(path, False, lines, describe.pem(public_key), fault=None)


def _private_key(path: str, block: pem.Block, passphrase_file: str | None) -> Inspected:
    secret = passphrase.for_key(path, block, passphrase_file) if block.is_encrypted else None
    try:
        # The numbers are looked at below, so that a key they fail in is shown all the same.
        key = load_pem_private_key(block.text, secret, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError) as error:
        what = "is damaged, and no key can be read from it; restore a copy"
        if block.is_encrypted:
            what = "is encrypted, and this passphrase does not open it, if it can be opened here"
        raise Refused(f"{path}: {what}") from error
    public_key = key.public_key()
    fault = _fault_in_numbers(key)
    lines = [(path, "private key"), ("kind", describe.kind(public_key))]
    lines += [*describe.format_lines(block), *_file_mode(path)]
    lines.append(("numbers", "do NOT agree" if fault else "agree"))
    lines += describe.key_lines(public_key)
    return Inspected(path, False, lines, describe.pem(public_key), fault)


def _file_mode(path: str) -> list[describe.Line]:
    if os.name != "posix":
        return []
    mode = os.stat(path).st_mode
    others = ", others can read it" if mode & (stat.S_IRGRP | stat.S_IROTH) else ""
    return [("file mode", f"{stat.S_IMODE(mode):04o}{others}")]


def _fault_in_numbers(key: object) -> str | None:
    """Return what is wrong if the numbers of a key do not agree, as openssl pkey -check tells."""
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size > MAX_RSA_BITS:
        return f"{key.key_size} bits are too many to be checked; make another"
    if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        try:
            key.private_numbers().private_key()
        except ValueError:
            return "its numbers do not agree; restore a copy of the key"
    return None  # a key of another kind is one number, from which the public key follows
