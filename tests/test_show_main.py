"""show: its options, its exit status, and its messages."""

import re

from tests.conftest import Show
from tests.made import EC, LEAF, OTHER, request, san, write

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

PEM, DER = Encoding.PEM, Encoding.DER
PKCS8, OLD = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL
DAMAGED = "the content is damaged: part of it is missing; restore a copy"
CUT = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("arguments", "status", "messages"),
    [
        ("weak.csr", 0, []),  # a verdict is not a fault
        ("a.key wrong a.csr two", 1, [
            "warning: two: the certificate of its issuer is missing, so many clients will reject "
            "it; append it (an ACME client's fullchain.pem holds both)",
            f"error: wrong: {DAMAGED}", f"error: two (2 of 2): {DAMAGED}"]),
        ("nothing a.key", 1, ["error: nothing: No such file or directory; give a key, a request or "
                              "a certificate"]),
        ("--bytes cut a.csr", 1, [
            "error: cut: offset 53: the file ends before this BIT STRING does"]),
        ("--bytes old.key a.csr", 1, [
            "error: old.key: it is encrypted as a whole (RFC 1421), so its DER cannot be shown"]),
        ("--passphrase-file secret new.key old.key", 0, []),
        ("--passphrase-file secret --account-key new.key a.key", 0, []),
        ("--passphrase-file another new.key", 1, [
            "error: new.key: this passphrase does not open the key; try another"]),
        ("new.key", 1, [
            "error: there is no terminal to ask for a passphrase; use --passphrase-file"]),
        ("--account-key other.key account.key a.csr a.key", 0, []),
    ],
)  # fmt: skip
def test_messages_and_exit_status(
    arguments: str, status: int, messages: list[str], show: Show
) -> None:
    encryption = BestAvailableEncryption(b"x")
    for path, data in {
        "a.key": EC.private_bytes(PEM, PKCS8, NoEncryption()),
        "a.csr": request(san("a.com")).public_bytes(PEM),
        "weak.csr": request().public_bytes(PEM),
        "other.key": OTHER.private_bytes(PEM, PKCS8, NoEncryption()),
        "account.key": OTHER.private_bytes(DER, PKCS8, NoEncryption()),
        "wrong": CUT,
        "two": LEAF.public_bytes(PEM) + CUT,
        "cut": EC.private_bytes(DER, OLD, NoEncryption())[:-1],
        "secret": b"x\n",
        "another": b"y\n",
        "old.key": EC.private_bytes(PEM, OLD, encryption),
        "new.key": EC.private_bytes(PEM, PKCS8, encryption),
    }.items():
        if path in arguments.split():
            write(path, data)
    found, out, err = show(*arguments.split())
    assert err == "".join(f"show: {message}\n" for message in messages)
    assert found == status
    headings = re.findall(r"^(\S+?)( \(\d of \d\))?: ", out, re.MULTILINE)
    if "--" not in arguments:
        good = [f for f in arguments.split() if f not in ("wrong", "nothing", "new.key")]
        assert list(dict.fromkeys(file for file, _ in headings)) == good


def test_wrong_usage(show: Show) -> None:
    for arguments, message in (
        ("", "the following arguments are required: FILE"),
        ("--public --bytes a.key", "argument --bytes: not allowed with argument --public"),
    ):
        status, out, err = show(*arguments.split())
        assert (status, out, message in err) == (2, "", True)


def test_pages_are_apart(show: Show) -> None:
    write("a.csr", request(san("a.com")))
    write("b.csr", request(san("b.com")))
    for option in ([], ["--bytes"]):
        first, second = show(*option, "a.csr")[1], show(*option, "b.csr")[1]
        assert show(*option, "a.csr", "b.csr", "a.csr")[1] == f"{first}\n{second}"


def test_long_rows_are_wrapped_between_names(show: Show) -> None:
    label = "x" * 32
    names = [
        f"a.{label}",
        f"b.{label}.com",  # these two just fit into 100 columns
        f"c.{label}.com",
        f"dd-dd.{label[:-3]}",  # these two just do not
        f"e.{label}.{label}.{label}.com",  # longer than a row
    ]
    write("a.csr", request(san(*names)))
    a, b, c, d, e = (f"DNS:{name}," for name in names)
    rows = [f"  {'names':<13}  {a} {b}", *(f"{'':17}{row}" for row in (c, d, e[:-1]))]
    assert len(rows[0]) == 100
    assert "\n".join(rows) in show("a.csr")[1]
