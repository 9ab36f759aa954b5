"""The OpenSSL commands that do what a script did: the article shows every step twice."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from typing import NamedTuple

from common import console
from common.encryption import ITERATIONS
from common.names import Identifier, common_name

PKCS1, PKCS8 = "PKCS#1", "PKCS#8"

MAX_ARGUMENT = 100_000  # bytes; Linux takes no argument of 128 KiB (MAX_ARG_STRLEN)

# What encryption.encrypted does.
_PROTECTION = ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512", "-iter", str(ITERATIONS)]


class Twin(NamedTuple):
    """A command for a POSIX shell, and what it is for."""

    purpose: str
    command: str


def say(twins: Sequence[Twin]) -> None:
    """Print each command on a line of its own, ready to be copied, under what it is for."""
    for purpose, command in twins:
        console.say(f"{purpose[0].upper()}{purpose[1:]}:")
        console.say(f"  $ {command}")


def key_twins(
    path: str, bits: int, curve: str | None, key_format: str, encrypted: bool
) -> list[Twin]:
    """Return the commands that make such a key, view and verify it, extract its public key.

    path: the file of the key, or "-": then there is no file to view.
    bits: size of the modulus, if curve is None; else the key is an ECDSA key on that curve.
    key_format: PKCS1 or PKCS8.
    """
    out = [] if path == "-" else ["-out", path]
    if encrypted:
        make = _shell(_generate(bits, curve, key_format, []))
        command = f"{make} | {_shell(['pkcs8', '-topk8', *_PROTECTION, *out])}"
    else:
        command = _shell(_generate(bits, curve, key_format, out))
    if path == "-":
        return [Twin("the same with OpenSSL", command)]
    tool = "pkey" if curve else "rsa"
    public = os.path.splitext(path)[0] + ".pub"
    if public.lower() == path.lower() or os.path.exists(public):  # never over a key
        public = f"{path}.pub"
    return [
        Twin(f"the same with OpenSSL, which replaces {path} without asking", command),
        Twin("view and verify", _shell([tool, "-in", path, "-text", "-check", "-noout"])),
        Twin("extract the public key", _shell([tool, "-in", path, "-pubout", "-out", public])),
    ]


def _generate(bits: int, curve: str | None, key_format: str, out: list[str]) -> list[str]:
    if curve:
        return ["genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", *out]
    if key_format == PKCS8:
        return ["genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}", *out]
    # genrsa writes PKCS#8 since OpenSSL 3.0, unless told to stay traditional.
    return ["genrsa", "-traditional", *out, str(bits)]


def csr_twins(
    key: str,
    identifiers: Sequence[Identifier],
    email_address: str | None,
    digest: str,
    out: str,
) -> list[Twin]:
    """Return the commands that make the same request, and that view and verify it.

    digest: name of the hash in the signature, such as "sha256".
    """
    subject = [("emailAddress", email_address), ("CN", common_name(identifiers))]
    alternative_names = ",".join(map(_general_name, identifiers))
    make = ["req", "-new", "-key", key, f"-{digest}"]
    make += ["-subj", _distinguished_name([(name, value) for name, value in subject if value])]
    make += ["-addext", f"subjectAltName={alternative_names}"]
    view = Twin("view and verify", _shell(["req", "-in", out, "-text", "-verify", "-noout"]))
    if len(alternative_names) > MAX_ARGUMENT:
        return [] if out == "-" else [view]
    if out == "-":
        return [Twin("the same with OpenSSL", _shell(make))]
    return [Twin("the same with OpenSSL", _shell([*make, "-out", out])), view]


def _general_name(identifier: Identifier) -> str:
    return f"{'DNS' if isinstance(identifier, str) else 'IP'}:{identifier}"


def _distinguished_name(attributes: Sequence[tuple[str, str]]) -> str:
    r"""Return the value of -subj: /name=value…, with a \ before each / + and \ of a value."""
    escaped = str.maketrans({char: f"\\{char}" for char in "\\/+"})
    return "".join(f"/{name}={value.translate(escaped)}" for name, value in attributes) or "/"


def _shell(arguments: Sequence[str]) -> str:
    return " ".join(["openssl", *map(_quoted, arguments)])


def _quoted(argument: str) -> str:
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    if argument.isprintable() and argument.encode(encoding, "ignore").decode(encoding) == argument:
        return shlex.quote(argument)
    # A file name with a line break, say, or one that the terminal cannot show: printf spells it.
    octets = "".join(f"\\{byte:03o}" for byte in os.fsencode(argument))
    return f'"$(printf {shlex.quote(octets)})"'
