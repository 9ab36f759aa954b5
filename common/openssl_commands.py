"""The commands of OpenSSL 3.0 and later that do what the scripts do."""

from collections.abc import Sequence

from common import files, names, shell
from common.console import Command
from common.encryption import ITERATIONS
from common.names import DomainName, Identifier

# What encryption.encrypted does.
_PROTECTION = ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512", "-iter", str(ITERATIONS)]


def for_key(
    path: str, bits: int, curve: str | None, is_pkcs1: bool, is_encrypted: bool
) -> list[Command]:
    """Return the commands that make such a key, view and verify it, and extract its public key.

    path: the file of the key, or "-" for standard output.
    bits: size of the RSA modulus. curve: of an ECDSA key, or None. is_pkcs1: whether the key is in
    PKCS#1; otherwise it is in PKCS#8.
    """
    # Pasting a command destroys nothing: these names are free, and no message suggests them for a
    # key.
    other = files.free_name(path, "-openssl")
    public = files.free_name(f"{path.removesuffix('.key')}.pub", "-openssl")
    out = [] if path == "-" else ["-out", shell.file(other)]
    if is_encrypted:
        make = shell.command("openssl", *_generation(bits, curve, is_pkcs1, []))
        encrypt = shell.command("openssl", "pkcs8", "-topk8", *_PROTECTION, *out)
        make = f"{make} | {encrypt}" if encrypt else None
    else:
        make = shell.command("openssl", *_generation(bits, curve, is_pkcs1, out))
    key = ["openssl", "pkey" if curve else "rsa", "-in", shell.file(path)]
    return [
        (f"The same with OpenSSL{', to ' + other if out else ''}", make),
        ("View and verify", shell.command(*key, "-text", "-check", "-noout")),
        ("Extract the public key", shell.command(*key, "-pubout", "-out", shell.file(public))),
    ]


def _generation(bits: int, curve: str | None, is_pkcs1: bool, out: list[str]) -> list[str]:
    if is_pkcs1:  # since OpenSSL 3.0, genrsa writes PKCS#8 unless it is given -traditional
        return ["genrsa", "-traditional", *out, str(bits)]
    option = f"ec_paramgen_curve:{curve}" if curve else f"rsa_keygen_bits:{bits}"
    return ["genpkey", "-algorithm", "EC" if curve else "RSA", "-pkeyopt", option, *out]


def for_request(
    key: str | None, identifiers: Sequence[Identifier], email_address: str | None, out: str
) -> list[Command]:
    """Return the commands that make the same request, and that view and verify it.

    key: its file, or None if OpenSSL would make a different request with it.
    """
    make = None
    if key is not None:
        attributes = [("emailAddress", email_address), ("CN", names.common_name(identifiers))]
        alternative_names = ",".join(
            f"{'DNS' if isinstance(name, DomainName) else 'IP'}:{name}" for name in identifiers
        )
        words = ["openssl", "req", "-new", "-key", shell.file(key), "-sha256"]
        words += ["-subj", _subject(attributes), "-addext", f"subjectAltName={alternative_names}"]
        if out != "-":
            words += ["-out", shell.file(out)]
        make = shell.command(*words)
    view = shell.command("openssl", "req", "-in", shell.file(out), "-text", "-verify", "-noout")
    return [("The same with OpenSSL", make), ("View and verify", view)]


def _subject(attributes: Sequence[tuple[str, str | None]]) -> str:
    r"""Return the value of -subj: /name=value…, with a \ before each / + and \ of a value."""
    escaped = str.maketrans({"\\": r"\\", "/": r"\/", "+": r"\+"})
    parts = (f"/{name}={value.translate(escaped)}" for name, value in attributes if value)
    return "".join(parts) or "/"
