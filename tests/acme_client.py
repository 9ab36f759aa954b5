"""A small ACME client around the acme library, for what acme-tiny leaves out.

It answers DNS-01 challenges for domain names, wildcards included, and HTTP-01 for IP addresses,
and takes EC account keys.

usage: python -m tests.acme_client ACCOUNT-KEY CSR DIRECTORY-URL DNS-URL CHALLENGE-DIR
"""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path

from acme import challenges, client, errors, messages
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from josepy import jwa, jwk


def issue(
    account_key: bytes, csr: bytes, directory_url: str, dns_url: str, challenge_dir: Path
) -> str:
    """Return the certificate for csr and its chain, in PEM."""
    account, algorithm = _account(account_key)
    net = client.ClientNetwork(account, alg=algorithm)
    acme = client.ClientV2(client.ClientV2.get_directory(directory_url, net), net)
    try:
        acme.new_account(messages.NewRegistration.from_data(terms_of_service_agreed=True))
    except errors.ConflictError as known:  # an earlier run has made the account
        registration = messages.RegistrationResource(
            body=messages.Registration(), uri=known.location
        )
        acme.query_registration(registration)
    order = acme.new_order(csr)
    for authorization in order.authorizations:
        # What earlier orders have left there would not fit into an answer for ever.
        _tell_dns(dns_url, "clear-txt", host=_host(authorization))
    for authorization in order.authorizations:
        identifier = authorization.body.identifier
        wanted = challenges.HTTP01 if identifier.typ == messages.IDENTIFIER_IP else challenges.DNS01
        (challenge,) = (
            body for body in authorization.body.challenges if isinstance(body.chall, wanted)
        )
        response, validation = challenge.chall.response_and_validation(account)
        if wanted is challenges.DNS01:
            _tell_dns(dns_url, "set-txt", host=_host(authorization), value=validation)
        else:
            (challenge_dir / challenge.chall.encode("token")).write_text(validation)
        acme.answer_challenge(challenge, response)
    chain: str = acme.poll_and_finalize(order).fullchain_pem
    return chain


def _account(pem: bytes) -> tuple[jwk.JWK, jwa.JWASignature]:
    key = load_pem_private_key(pem, None)
    if isinstance(key, rsa.RSAPrivateKey):
        return jwk.JWKRSA(key=key), jwa.RS256
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return jwk.JWKEC(key=key), {256: jwa.ES256, 384: jwa.ES384}[key.key_size]


def _host(authorization: messages.AuthorizationResource) -> str:
    return f"_acme-challenge.{authorization.body.identifier.value}."  # RFC 8555 section 8.4


def _tell_dns(dns_url: str, command: str, **content: str) -> None:
    urllib.request.urlopen(f"{dns_url}/{command}", json.dumps(content).encode()).close()


if __name__ == "__main__":
    account_file, csr_file, directory, dns, challenge_directory = sys.argv[1:]
    sys.stdout.write(
        issue(
            Path(account_file).read_bytes(),
            Path(csr_file).read_bytes(),
            directory,
            dns,
            Path(challenge_directory),
        )
    )
