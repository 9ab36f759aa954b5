"""All that the scripts say on success, to the last character."""

import importlib
import re

from tests.conftest import Patch, Run, pem_of, private_key

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

# What is typed, and what appears on standard error. A \ joins lines.
SAID = {
    "make_account_key.py --curve P-384 --passphrase-file secret": """
Wrote the account key to account.key: ECDSA private key, P-384, PKCS#8 PEM, encrypted, mode 0600.
The same with OpenSSL, to account-openssl.key:
  $ openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 | openssl pkcs8 -topk8 -v2 \
aes-256-cbc -v2prf hmacWithSHA512 -iter 220000 -out account-openssl.key
View and verify:
  $ openssl pkey -in account.key -text -check -noout
Extract the public key:
  $ openssl pkey -in account.key -pubout -out account.pub
Next: … make_certificate_key.py example.com
""",
    "make_account_key2.py --passphrase-file secret --out -": """
Wrote the account key to standard output: RSA private key, 4096 bits, PKCS#8 PEM, encrypted.
The same with OpenSSL:
  $ openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 | openssl pkcs8 -topk8 -v2 \
aes-256-cbc -v2prf hmacWithSHA512 -iter 220000
""",
    "make_certificate_key.py": """
Wrote the certificate key to example.com.key: RSA private key, 4096 bits, PKCS#1 PEM, mode 0600.
The same with OpenSSL, to example.com-openssl.key:
  $ openssl genrsa -traditional -out example.com-openssl.key 4096
View and verify:
  $ openssl rsa -in example.com.key -text -check -noout
Extract the public key:
  $ openssl rsa -in example.com.key -pubout -out example.com.pub
Next: … make_csr.py example.com
""",
    "make_csr.py a.org *.b.org 192.0.2.1 2001:db8::1 --email a/b+c@d.org --out my.csr": """
make_csr.py: warning: 192.0.2.1 is in 192.0.2.0/24 (documentation), so only a private CA signs it
make_csr.py: warning: 2001:db8::1 is in 2001:db8::/32 (documentation), so only a private CA signs it
Wrote the request (CSR) to my.csr: PEM, signed by certificate.key, for a.org, *.b.org, 192.0.2.1 \
and 1 more, with the e-mail address a/b+c@d.org.
The same with OpenSSL:
  $ openssl req -new -key certificate.key -sha256 -subj '/emailAddress=a\\/b\\+c@d.org/CN=a.org' \
-addext 'subjectAltName=DNS:a.org,DNS:*.b.org,IP:192.0.2.1,IP:2001:db8::1' -out my.csr
View and verify:
  $ openssl req -in my.csr -text -verify -noout
Next: … show my.csr certificate.key
""",
}


@pytest.mark.posix(reason="modes, and a shell's quotes")
@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("command", SAID)
def test_what_is_said(command: str, run: Run, secret_file: str, monkeypatch: Patch) -> None:
    script, *arguments = command.split()
    if script != "make_csr.py":  # any key will do

        def create_key(bits: int, curve: str | None) -> bytes:
            is_pkcs8 = curve or script == "make_account_key2.py"
            form = PrivateFormat.PKCS8 if is_pkcs8 else PrivateFormat.TraditionalOpenSSL
            return pem_of(private_key(curve or 2048), form=form)

        module = importlib.import_module(script.removesuffix(".py"))
        monkeypatch.setattr(module, "create_key", create_key)
    result = run(script, *arguments)
    assert result.returncode == 0, result.stderr
    said = re.sub(r"Next: .*?(make_\w+\.py|show) ", r"Next: … \1 ", result.stderr)
    assert said == SAID[command].removeprefix("\n")
    assert ("BEGIN " in result.stdout) == (arguments[-2:] == ["--out", "-"])


@pytest.mark.parametrize("name", ["make_certificate_key.DOMAIN_NAME", "make_csr.KEY_FILE"])
def test_help_has_the_constants_as_they_are(name: str, run: Run, monkeypatch: Patch) -> None:
    """Readers edit them."""
    monkeypatch.setattr(name, "100%.org")
    assert " 100%.org)" in " ".join(run(name.partition(".")[0], "--help").stdout.split())
