"""All that the scripts say on success and as help, to the last character."""

import importlib
import re

from tests.conftest import Run, pem_of, private_key

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

# What is typed, and what appears on standard error. A \ joins lines.
SAID = {
    "make_account_key.py": """
Wrote the account key to account.key: RSA private key, 4096 bits, PKCS#1 PEM, mode 0600.
The same with OpenSSL, to account-openssl.key:
  $ openssl genrsa -traditional -out account-openssl.key 4096
View and verify:
  $ openssl rsa -in account.key -text -check -noout
Extract the public key:
  $ openssl rsa -in account.key -pubout -out account.pub
Next: … make_certificate_key.py example.com
""",
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
    "make_account_key.py --bits 3072 --out -": """
Wrote the account key to standard output: RSA private key, 3072 bits, PKCS#1 PEM.
The same with OpenSSL:
  $ openssl genrsa -traditional 3072
""",
    "make_account_key2.py --bits 2048": """
Wrote the account key to account.key: RSA private key, 2048 bits, PKCS#8 PEM, mode 0600.
The same with OpenSSL, to account-openssl.key:
  $ openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out account-openssl.key
View and verify:
  $ openssl rsa -in account.key -text -check -noout
Extract the public key:
  $ openssl rsa -in account.key -pubout -out account.pub
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
    "make_certificate_key.py a.org --curve P-256 --out my.key": """
Wrote the certificate key to my.key: ECDSA private key, P-256, PKCS#8 PEM, mode 0600.
The same with OpenSSL, to my-openssl.key:
  $ openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out my-openssl.key
View and verify:
  $ openssl pkey -in my.key -text -check -noout
Extract the public key:
  $ openssl pkey -in my.key -pubout -out my.pub
Next: … make_csr.py --key my.key a.org
""",
    "make_csr.py": """
Wrote the request (CSR) to certificate.csr: PEM, signed by certificate.key, for api.neoprime.xyz, \
with the e-mail address support@neoprime.xyz.
The same with OpenSSL:
  $ openssl req -new -key certificate.key -sha256 -subj \
/emailAddress=support@neoprime.xyz/CN=api.neoprime.xyz -addext \
subjectAltName=DNS:api.neoprime.xyz -out certificate.csr
View and verify:
  $ openssl req -in certificate.csr -text -verify -noout
Next: … show certificate.csr certificate.key
""",
    "make_csr.py a.org *.b.org 192.0.2.1 2001:db8::1 --email a/b+c@d.org --out my.csr": """
make_csr.py: warning: 192.0.2.1: is in 192.0.2.0/24 (documentation; only a private CA signs it), \
so Let's Encrypt rejects it
make_csr.py: warning: 2001:db8::1: is in 2001:db8::/32 (documentation; only a private CA signs \
it), so Let's Encrypt rejects it
Wrote the request (CSR) to my.csr: PEM, signed by certificate.key, for a.org, *.b.org, 192.0.2.1 \
and 1 more, with the e-mail address a/b+c@d.org.
The same with OpenSSL:
  $ openssl req -new -key certificate.key -sha256 -subj '/emailAddress=a\\/b\\+c@d.org/CN=a.org' \
-addext 'subjectAltName=DNS:a.org,DNS:*.b.org,IP:192.0.2.1,IP:2001:db8::1' -out my.csr
View and verify:
  $ openssl req -in my.csr -text -verify -noout
Next: … show my.csr certificate.key
""",
    "make_csr.py a.org --out -": """
Wrote the request (CSR) to standard output: PEM, signed by certificate.key, for a.org.
The same with OpenSSL:
  $ openssl req -new -key certificate.key -sha256 -subj /CN=a.org -addext subjectAltName=DNS:a.org
""",
}

# What --help prints, white space aside.
HELP = {
    "make_csr.py": """
usage: make_csr.py [-h] [--email ADDRESS] [--key FILE] [--account-key FILE]
                   [--passphrase-file FILE] [--out FILE] [-q]
                   [NAME ...]

Make a certificate signing request (CSR) with pyOpenSSL, signed by the certificate key.

The request tells a certificate authority (CA) which names and which public key you want in the
certificate. Without a NAME, the constants at the top of the script describe the request.

positional arguments:
  NAME                  a domain name, a wildcard such as *.example.com, or an IP address; @FILE
                        reads names from FILE, one per line (default: the constants at the top of
                        the script)

options:
  -h, --help            show this help message and exit
  --email ADDRESS       e-mail address for the subject
  --key FILE            the certificate key (default: first NAME's key file, else certificate.key)
  --account-key FILE    the account key, which must not be --key (default: account.key)
  --passphrase-file FILE
                        open the key with the first line of FILE (default: ask for it)
  --out FILE            where to write the request, - for standard output (default:
                        certificate.csr)
  -q, --quiet           print nothing on success

exit status: 0 on success, 1 if refused or failed, 2 on wrong usage
""",
    "make_certificate_key.py": """
usage: make_certificate_key.py [-h] [--bits {2048,3072,4096} | --curve {P-256,P-384}] [--encrypt]
                               [--passphrase-file FILE] [--out FILE] [-q]
                               [DOMAIN]

Make a certificate key with PyCryptodome: an RSA or ECDSA private key, in PEM.

The certificate key signs the certificate signing request (CSR), and later proves to browsers that
your server is the one that the certificate names. Make a new key for each certificate, and never
use the account key instead.

positional arguments:
  DOMAIN                used only to name the file (default: example.com)

options:
  -h, --help            show this help message and exit
  --bits {2048,3072,4096}
                        size of the RSA modulus (default: 4096)
  --curve {P-256,P-384}
                        make an ECDSA key on this curve instead
  --encrypt             encrypt the key; asks for the passphrase twice
  --passphrase-file FILE
                        encrypt the key with the first line of FILE
  --out FILE            where to write the key, - for standard output (default: DOMAIN.key)
  -q, --quiet           print nothing on success

exit status: 0 on success, 1 if refused or failed, 2 on wrong usage
""",
}


@pytest.mark.posix(reason="modes, and a shell's quotes")
@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("command", SAID)
def test_what_is_said(
    command: str, run: Run, secret_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
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


@pytest.mark.parametrize("script", HELP)
def test_help(script: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    result = run(script, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.split() == HELP[script].split()
