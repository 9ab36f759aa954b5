#!/usr/bin/env python3
"""Make a certificate signing request (CSR) with pyOpenSSL, signed by the certificate key.

The request tells a certificate authority (CA) which names and which public key you want in the
certificate. Without a NAME, the constants at the top of the script describe the request.
"""

from collections.abc import Sequence

from common import console, keys, names, new_request, options

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from OpenSSL import crypto

KEY_FILE = "certificate.key"
CSR_FILE = "certificate.csr"

DOMAIN_NAME = "api.neoprime.xyz"
EMAIL_ADDRESS = "support@neoprime.xyz"


def create_csr(
    pkey: crypto.PKey,
    domain_name: str | names.Identifier,
    email_address: str | None,
    more_names: Sequence[str | names.Identifier] = (),
) -> x509.CertificateSigningRequest:
    """Return a certificate signing request for the names, signed with pkey, an RSA or EC key.

    domain_name, more_names: in any form that names.parse accepts.
    email_address: for the subject, or None.
    Raises names.InvalidName for an invalid name or address, keys.UnusableKey for a key of over
    8192 bits or whose numbers do not agree (both are ValueErrors), cryptography's
    UnsupportedAlgorithm for an unknown curve, and TypeError for what is not a name or such a key.
    """
    if isinstance(more_names, (str, bytes)):
        raise TypeError("more_names is a sequence of names, not one string")
    identifiers = names.parse_all([domain_name, *more_names])

    # The subject: the e-mail address, then one domain name as the common name (CN).
    subject = []
    if email_address:
        email = names.email_address(email_address)
        subject.append(x509.NameAttribute(NameOID.EMAIL_ADDRESS, email))
    common_name = names.common_name(identifiers)
    if common_name:
        subject.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    cert = x509.CertificateSigningRequestBuilder(x509.Name(subject))

    # The subject alternative name (SAN): all names. Browsers look for a name only here.
    san_list = [
        x509.DNSName(name) if isinstance(name, names.DomainName) else x509.IPAddress(name)
        for name in identifiers
    ]
    cert = cert.add_extension(x509.SubjectAlternativeName(san_list), critical=False)

    # The public key, which signing adds, and a signature over everything.
    key = keys.checked_key(pkey)
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        raise TypeError("pkey is neither an RSA nor an EC private key")
    return cert.sign(key, hashes.SHA256())


@console.program("make_csr.py")
def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    args = options.csr_parser(__doc__, KEY_FILE, CSR_FILE).parse(argv)
    plan = new_request.prepare(args, DOMAIN_NAME, EMAIL_ADDRESS, KEY_FILE, CSR_FILE)

    # Load the certificate key. A weak key is refused, and so is the account key.
    with keys.reading(plan.key, args.passphrase_of) as (key_material, passphrase):
        pkey = crypto.load_privatekey(crypto.FILETYPE_PEM, key_material, passphrase)
        keys.check(plan.key, pkey, args.passphrase_of, args.account_key)

        # Create the CSR. Here the numbers of the key are checked too.
        csr = create_csr(pkey, plan.names[0], plan.email, plan.names[1:])

    # Write the CSR in PEM, and say what was done.
    new_request.write(csr.public_bytes(Encoding.PEM), pkey, plan, args.quiet)


if __name__ == "__main__":
    console.run(main)
