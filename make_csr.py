#!/usr/bin/env python3
"""Make a certificate signing request (CSR) with pyOpenSSL, signed by the certificate key.

The request asks a certificate authority for a certificate: these names, for the holder of this
key. With no NAME it is the request of the article, for api.neoprime.xyz and its e-mail address;
with names, the e-mail address is left out unless given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from common import certkey, console, csrscript, names, options

if TYPE_CHECKING:
    from cryptography import x509
    from OpenSSL import crypto

KEY_FILE = "certificate.key"
CSR_FILE = "certificate.csr"
ACCOUNT_KEY_FILE = "account.key"

DOMAIN_NAME = "api.neoprime.xyz"
EMAIL_ADDRESS = "support@neoprime.xyz"


def create_csr(
    pkey: crypto.PKey,
    domain_name: str,
    email_address: str | None,
    further_names: Sequence[str] = (),
) -> x509.CertificateSigningRequest:
    """Return a certificate signing request for the names, signed with pkey, an RSA or EC key.

    domain_name, further_names: domain names or IP addresses, in any form that names.parse takes.
    email_address: for the subject, or None.
    Raises names.BadName for what is no name or address, ValueError if the key is no good.
    """
    # Not above: --help need not wait for it.
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    identifiers = names.parse_all([domain_name, *further_names])
    subject = []
    if email_address:
        subject.append(
            x509.NameAttribute(NameOID.EMAIL_ADDRESS, names.email_address(email_address))
        )
    if common_name := names.common_name(identifiers):
        subject.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    san_list = [x509.DNSName(n) if isinstance(n, str) else x509.IPAddress(n) for n in identifiers]
    key, digest = certkey.for_signing(pkey)
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name(subject))
        .add_extension(x509.SubjectAlternativeName(san_list), critical=False)
        .sign(key, digest)
    )


def load_key(file: certkey.KeyFile, passphrase: bytes) -> crypto.PKey:
    """Return the private key in a file, opened with its passphrase. Raises console.Refused."""
    from OpenSSL import crypto

    with certkey.errors_about(file):
        return crypto.load_privatekey(crypto.FILETYPE_PEM, file.block.text, passphrase)


def main() -> None:
    """Run the command line."""
    args = options.csr_parser(__doc__, KEY_FILE, ACCOUNT_KEY_FILE, CSR_FILE).parse_args()
    if not args.names:
        args.names = [DOMAIN_NAME]
        args.email = EMAIL_ADDRESS if args.email is None else args.email
    requested = csrscript.check(args)

    file = certkey.read(args.key)
    passphrase = certkey.passphrase_of(file, args.passphrase_file)
    pkey = load_key(file, passphrase)
    certkey.check(file, pkey)
    certkey.check_not_account_key(file, pkey, args.account_key, load_key, passphrase)

    with certkey.errors_about(file):
        csr = create_csr(pkey, requested[0], args.email, requested[1:])
    csrscript.write(csr, requested, args)


if __name__ == "__main__":
    console.run(main)
