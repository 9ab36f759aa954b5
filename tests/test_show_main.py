"""show: its options, its exit status, and its messages."""

import os
import re
from pathlib import Path

from tests.conftest import Show
from tests.made import EC, LEAF, MIDDLE, OTHER, request, san, write

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

OLD = PrivateFormat.TraditionalOpenSSL
DAMAGED = "the content is damaged: part of it is missing; restore a copy"
NO_DER = "it is encrypted as a whole (RFC 1421), so its DER cannot be shown"
ALONE = (
    "the certificate of its issuer is missing, so many clients will reject it; append it (an ACME "
    "client's fullchain.pem holds both)"
)


@pytest.fixture(autouse=True)
def _files(show: Show) -> None:
    write("a.key", EC)
    write("a.csr", request(san("a.com")))
    write("a.pem", LEAF)
    write("weak.csr", request())
    write("chain.pem", MIDDLE, LEAF)
    write("other.key", OTHER)
    write("account.key", OTHER)
    write("wrong", b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    write("two", LEAF, b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    write("cut", EC.private_bytes(Encoding.DER, OLD, NoEncryption())[:-1])
    write("secret", b"x\n")
    write("another", b"y\n")
    write("old.key", EC.private_bytes(Encoding.PEM, OLD, BestAvailableEncryption(b"x")))
    write(
        "new.key",
        EC.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")),
    )


@pytest.mark.parametrize(
    ("arguments", "status", "messages"),
    [
        ("a.key a.csr a.pem", 0, [f"warning: a.pem: {ALONE}"]),
        ("weak.csr", 0, []),  # a verdict is not a fault
        ("chain.pem", 0, ["warning: chain.pem: the first certificate is a CA's; put the "
                          "server's certificate first"]),
        ("a.key wrong a.csr two", 1, [
            f"warning: two: {ALONE}", f"error: wrong: {DAMAGED}",
            f"error: two (2 of 2): {DAMAGED}"]),
        ("nothing a.key", 1, ["error: nothing: No such file or directory; give a key, a request or "
                              "a certificate"]),
        ("--bytes cut a.csr", 1, [
            "error: cut: offset 53: the file ends before this BIT STRING does"]),
        ("--bytes old.key a.csr", 1, [f"error: old.key: {NO_DER}"]),
        ("--passphrase-file secret new.key old.key", 0, []),
        ("--passphrase-file secret --account-key new.key a.key", 0, []),
        ("--passphrase-file another new.key", 1, [
            "error: new.key: this passphrase does not open the key; try another"]),
        ("new.key", 1, [
            "error: there is no terminal to ask for a passphrase; use --passphrase-file"]),
        ("--account-key a.key a.csr", 1, [
            "error: a.csr: its key is the account key (a.key), which a CA rejects; make a "
            "certificate key with make_certificate_key.py"]),
        ("--account-key other.key account.key a.csr a.key", 0, []),
    ],
)  # fmt: skip
def test_messages_and_exit_status(
    arguments: str, status: int, messages: list[str], show: Show
) -> None:
    found, out, err = show(*arguments.split())
    assert err == "".join(f"show: {message}\n" for message in messages)
    assert found == status
    headings = re.findall(r"^(\S+?)( \(\d of \d\))?: ", out, re.MULTILINE)
    if "--" not in arguments:
        good = [f for f in arguments.split() if f not in ("wrong", "nothing", "new.key")]
        assert list(dict.fromkeys(file for file, _ in headings)) == good


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("", "the following arguments are required: FILE"),
        ("--public --bytes a.key", "argument --bytes: not allowed with argument --public"),
    ],
)
def test_wrong_usage(arguments: str, told: str, show: Show) -> None:
    status, out, err = show(*arguments.split())
    assert (status, out) == (2, "")
    assert told in err


def test_pages_are_apart(show: Show) -> None:
    write("b.csr", request(san("b.com")))
    first, second = show("a.csr")[1], show("b.csr")[1]
    assert show("a.csr", "b.csr")[1] == f"{first}\n{second}"
    first, second = show("--bytes", "a.key")[1], show("--bytes", "a.csr")[1]
    assert show("--bytes", "a.key", "a.csr")[1] == f"{first}\n{second}"
    public = show("--public", "a.key")[1]
    assert public.startswith("-----BEGIN PUBLIC KEY-----\n")
    assert show("--public", "a.key", "a.csr")[1] == 2 * public


def test_the_account_key_is_found_by_its_name(show: Show) -> None:
    Path("keys").mkdir()
    account_key = os.path.join("keys", "account.key")
    write(account_key, EC)
    assert f"a.csr: its key is the account key ({account_key})" in show("a.csr", account_key)[2]


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
