"""Show what is in private keys and certificate signing requests, and check it.

It is for machines without OpenSSL. Nothing that must stay private is printed. Given a request and
the keys it may be for, it tells which of them the request belongs to.
"""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from common import console, describe, files, options, passphrase, pem
from common.console import Refused


class Shown(NamedTuple):
    """What to print of one file, and what is wrong in it, if anything."""

    path: str
    what: str  # "private key", "public key" or "certificate signing request"
    lines: list[describe.Line]
    public_pem: bytes
    fault: str | None


def main() -> None:
    """Run the command line."""
    args = options.show_parser(__doc__).parse_args()
    shown = []
    for path in args.files:
        try:
            shown.append(_read(path, args.passphrase_file))
        except Refused as refusal:
            console.complain(str(refusal))
    faults = [f"{one.path}: {one.fault}" for one in shown if one.fault]
    if args.public:
        console.write_data(b"".join(one.public_pem for one in shown))
    else:
        belonging, strangers = _belonging(shown)
        faults += strangers
        pages = [_page(one) for one in shown] + belonging
        console.write_data("\n".join(pages).encode("utf-8", "backslashreplace"))
    for fault in faults:
        console.complain(fault)
    if faults or len(shown) < len(args.files):
        raise SystemExit(1)


def _page(one: Shown) -> str:
    lines = [f"{one.path}: {one.what}"]
    lines += [f"  {word:<10}  {value}" for word, value in one.lines]
    return "".join(f"{console.one_line(line)}\n" for line in lines)


def _belonging(shown: list[Shown]) -> tuple[list[str], list[str]]:
    """Return a page that tells whose key each request has, and a complaint for each with none's."""
    keys = [one for one in shown if one.what != _REQUEST]
    texts, strangers = [], []
    for request in (one for one in shown if one.what == _REQUEST and keys):
        owners = [key.path for key in keys if key.public_pem == request.public_pem]
        texts += [f"{request.path} and {owner} belong together" for owner in owners]
        if not owners:
            strangers.append(f"{request.path}: does not belong to any key given here")
    page = "".join(f"{console.one_line(text)}\n" for text in texts)
    return [page] if page else [], strangers


_REQUEST = "certificate signing request"


def _read(path: str, passphrase_file: str | None) -> Shown:
    data = files.read(path)
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


def _request(path: str, data: bytes) -> Shown:
    try:
        csr = x509.load_pem_x509_csr(data)
        lines, public_pem = describe.csr_lines(csr), describe.pem(csr.public_key())
        fault = None if csr.is_signature_valid else "its signature is not valid; make it again"
        return Shown(path, _REQUEST, lines, public_pem, fault)
    except (ValueError, TypeError) as error:
        raise Refused(f"{path}: is damaged, and no request can be read from it") from error


def _public_key(path: str, block: pem.Block) -> Shown:
    try:
        public_key = load_pem_public_key(block.text)
    except ValueError as error:
        raise Refused(f"{path}: is damaged, and no key can be read from it") from error
    lines = [("kind", describe.kind(public_key)), *describe.format_lines(block)[:1]]
    lines += describe.key_lines(public_key)
    return Shown(path, "public key", lines, describe.pem(public_key), fault=None)


def _private_key(path: str, block: pem.Block, passphrase_file: str | None) -> Shown:
    secret = passphrase.for_key(path, passphrase_file) if block.is_encrypted else None
    try:
        # The numbers are looked at below, so that a key they fail in is shown all the same.
        key = load_pem_private_key(block.text, secret, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError) as error:
        what = "is damaged, and no key can be read from it; restore a copy"
        if block.is_encrypted:
            what = "is encrypted, and this passphrase does not open it"
        raise Refused(f"{path}: {what}") from error
    public_key = key.public_key()
    fault = None if _numbers_agree(key) else "its numbers do not agree; restore a copy of the key"
    lines = [("kind", describe.kind(public_key)), *describe.format_lines(block)]
    if os.name == "posix":
        mode = os.stat(path).st_mode
        others = ", others can read it" if mode & (stat.S_IRGRP | stat.S_IROTH) else ""
        lines.append(("file mode", f"{stat.S_IMODE(mode):04o}{others}"))
    lines.append(("numbers", "do NOT agree" if fault else "agree"))
    lines += describe.key_lines(public_key)
    return Shown(path, "private key", lines, describe.pem(public_key), fault)


def _numbers_agree(key: object) -> bool:
    """Return whether the numbers of a key belong together, as openssl pkey -check tells."""
    if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        try:
            key.private_numbers().private_key()
        except ValueError:
            return False
    return True  # of the other kinds a file holds one number, from which the public key follows


if __name__ == "__main__":
    console.run(main)
