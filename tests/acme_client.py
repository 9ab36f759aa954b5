"""A small ACME client (RFC 8555): the messages to a CA that lead to a certificate."""

import base64
import hashlib
import json
import time
import urllib.error
import urllib.request
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

AccountKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Names = list[x509.DNSName | x509.IPAddress]
CURVES = {  # RFC 7518 sections 3.4 and 6.2.1.1: the curve, the algorithm and its hash
    "secp256r1": ("P-256", "ES256", hashes.SHA256()),
    "secp384r1": ("P-384", "ES384", hashes.SHA384()),
}
PATIENCE = 60  # seconds for the CA to check a proof or to sign a certificate


class Problem(Exception):
    """What the CA says when it refuses (RFC 8555 section 6.7)."""


class Account:
    """An account at a CA, known by its key, which signs every message."""

    def __init__(
        self, key: AccountKey, directory_url: str, opener: urllib.request.OpenerDirector
    ) -> None:
        """Register key, or find the account that it has (section 7.3).

        opener: what reaches the CA; it decides which TLS certificate of the CA to trust.
        Raises Problem if the CA refuses the key.
        """
        self._key, self._opener = key, opener
        self._sender: dict[str, object] = {"jwk": jwk(key)}
        with opener.open(directory_url) as answer:
            self.directory = json.load(answer)
        self.url, _ = self.post(self.directory["newAccount"], {"termsOfServiceAgreed": True})
        self._sender = {"kid": self.url}
        self.thumbprint = thumbprint(key)

    def post(self, url: str, payload: object = None) -> tuple[str, bytes]:
        """Sign payload, send it (section 6.2), and return Location and body of the answer.

        Without a payload it only reads (POST-as-GET, section 6.3). Raises Problem.
        """
        with self._opener.open(self.directory["newNonce"]) as answer:
            nonce = answer.headers["Replay-Nonce"]
        header = {"alg": _algorithm(self._key), "nonce": nonce, "url": url, **self._sender}
        message = {
            "protected": encode(json.dumps(header).encode()),
            "payload": "" if payload is None else encode(json.dumps(payload).encode()),
        }
        message["signature"] = encode(_sign(self._key, ".".join(message.values()).encode()))
        kind = {"Content-Type": "application/jose+json"}
        request = urllib.request.Request(url, json.dumps(message).encode(), kind)
        try:
            with self._opener.open(request) as answer:
                return answer.headers["Location"], answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise _problem(json.load(error)) from None

    def order(self, names: Names) -> dict[str, Any]:
        """Ask for a certificate for names (section 7.4); return the order, with its URL."""
        identifiers = [
            {"type": "dns" if isinstance(name, x509.DNSName) else "ip", "value": str(name.value)}
            for name in names
        ]
        url, body = self.post(self.directory["newOrder"], {"identifiers": identifiers})
        return {"url": url, **json.loads(body)}

    def read(self, url: str) -> dict[str, Any]:
        """Return an authorization (a name, and the challenges to choose from) or an order."""
        return {"url": url, **json.loads(self.post(url)[1])}

    def prove(self, authorization: dict[str, Any], challenge: dict[str, Any]) -> None:
        """Have the CA check a name (section 7.5.1). Raises Problem if it finds no proof."""
        self.post(challenge["url"], {})
        self._wait(authorization["url"])

    def finalize(self, order: dict[str, Any], csr: x509.CertificateSigningRequest) -> str:
        """Send the request (section 7.4); return the certificate and its chain, in PEM."""
        self.post(order["finalize"], {"csr": encode(csr.public_bytes(Encoding.DER))})
        return self.post(self._wait(order["url"])["certificate"])[1].decode()

    def _wait(self, url: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = self.read(url)
            if found["status"] == "valid":
                return found
            if found["status"] == "invalid":
                parts = [found, *found.get("challenges", [])]
                raise _problem(next((part["error"] for part in parts if "error" in part), {}))
            time.sleep(0.05)
        raise Problem(f"the CA did not decide within {PATIENCE} seconds")


def names_of(csr: x509.CertificateSigningRequest) -> Names:
    """Return the domain names and IP addresses in the subjectAltName of a request."""
    try:
        found = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [name for name in found if isinstance(name, (x509.DNSName, x509.IPAddress))]


def load_key(pem: bytes) -> AccountKey:
    """Open an account key. Raises ValueError if it is not one, TypeError if it is encrypted."""
    key = load_pem_private_key(pem, None)
    if isinstance(key, rsa.RSAPrivateKey):
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        return key
    raise ValueError("neither RSA nor ECDSA on P-256 or P-384")


def jwk(key: AccountKey) -> dict[str, str]:
    """Return the public half of an account key as a JSON Web Key (RFC 7518 section 6)."""
    if isinstance(key, rsa.RSAPrivateKey):
        public = key.public_key().public_numbers()
        return {"kty": "RSA", "n": _number(public.n), "e": _number(public.e)}
    curve, _, _ = CURVES[key.curve.name]
    point = key.public_key().public_numbers()
    x, y = (_number(coordinate, key.key_size) for coordinate in (point.x, point.y))
    return {"kty": "EC", "crv": curve, "x": x, "y": y}


def thumbprint(key: AccountKey) -> str:
    """Return the SHA-256 of the public half of an account key, in base64url (RFC 7638)."""
    text = json.dumps(jwk(key), sort_keys=True, separators=(",", ":"))
    return encode(hashlib.sha256(text.encode()).digest())


def encode(data: bytes) -> str:
    """Return data in base64url without padding, as ACME requires (section 6.1)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(number: int, bits: int | None = None) -> str:
    return encode(number.to_bytes(((bits or number.bit_length()) + 7) // 8, "big"))


def _algorithm(key: AccountKey) -> str:
    return "RS256" if isinstance(key, rsa.RSAPrivateKey) else CURVES[key.curve.name][1]


def _sign(key: AccountKey, data: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    _, _, digest = CURVES[key.curve.name]
    size = (key.key_size + 7) // 8
    numbers = decode_dss_signature(key.sign(data, ec.ECDSA(digest)))
    return b"".join(number.to_bytes(size, "big") for number in numbers)


def _problem(document: dict[str, Any]) -> Problem:
    return Problem(f"the CA refuses: {document.get('detail')} ({document.get('type')})")
