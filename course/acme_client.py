"""A small ACME client (RFC 8555): the messages to a CA that lead to a certificate."""

import contextlib
import http.client
import json
import time
import urllib.error
import urllib.request
from typing import Any, NoReturn
from urllib.request import OpenerDirector

from common import jwk
from common.console import UserError

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

AccountKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Name = x509.DNSName | x509.IPAddress
PATIENCE = 60  # seconds for the CA to answer, to check a proof or to sign a certificate
EC_ALGORITHMS: dict[str, tuple[str, hashes.HashAlgorithm]] = {  # RFC 7518 section 3.4
    "secp256r1": ("ES256", hashes.SHA256()),
    "secp384r1": ("ES384", hashes.SHA384()),
}


class Problem(UserError):
    """Why the CA did not do what it was asked, or why it could not be reached."""


class Answer(dict[str, Any]):
    """A JSON object, or headers. Asking for a member that is missing raises Problem."""

    def __missing__(self, name: str) -> NoReturn:
        raise Problem(f"the answer from the CA does not contain {name}")


class Refusal(Problem):
    """What the CA says when it refuses; kind is the reason, for programs (section 6.7)."""

    def __init__(self, document: Answer) -> None:
        self.kind = str(document.get("type", "unknown")).removeprefix("urn:ietf:params:acme:error:")
        reason = document.get("detail", "it does not say why")
        super().__init__(f"the CA refuses: {reason} ({self.kind})"[:1000])


class NoAccount(Problem):
    """The CA does not have an account with this key."""


class InactiveAccount(Problem):
    """The account of this key was deactivated by its owner or revoked by the CA."""


class Account:
    """An account at a CA, known by its key, which signs every message. Methods raise Problem."""

    def __init__(
        self, key: AccountKey, directory_url: str, opener: OpenerDirector, must_exist: bool = False
    ) -> None:
        """Find the account of key, or register one unless it must exist (section 7.3).

        opener: what reaches the CA; it decides which TLS certificate of the CA to trust.
        Raises NoAccount and InactiveAccount.
        """
        self._key, self._opener = key, opener
        self._sender: dict[str, object] = {"jwk": jwk.members(key.public_key())}
        self.thumbprint = jwk.thumbprint(key.public_key())
        _, body = _fetch(opener, directory_url)
        self._directory = _parse(directory_url, body)
        if "newNonce" not in self._directory:
            raise Problem("this is not the directory of an ACME server", where=directory_url)
        wish = {"onlyReturnExisting" if must_exist else "termsOfServiceAgreed": True}
        try:
            headers, body = self._post(self._directory["newAccount"], wish)
        except Refusal as refusal:
            if refusal.kind == "accountDoesNotExist":
                raise NoAccount(str(refusal)) from None
            # To a new account, Boulder and Pebble say this for no other reason (NewAccount,
            # wfe2/wfe.go). RFC 8555 has it for all that an inactive account sends: section 7.3.6.
            if refusal.kind == "unauthorized":
                raise InactiveAccount(str(refusal)) from None
            raise
        self.url = headers["Location"]
        status = _parse(self.url, body)["status"]
        if status in ("deactivated", "revoked"):  # section 7.1.2
            raise InactiveAccount(f"the CA says that the account is {status}")
        self._sender = {"kid": self.url}

    def order(self, names: list[Name]) -> Answer:
        """Ask for a certificate for names (section 7.4); return the order, with its URL."""
        identifiers = [
            {"type": "dns" if isinstance(name, x509.DNSName) else "ip", "value": str(name.value)}
            for name in names
        ]
        headers, body = self._post(self._directory["newOrder"], {"identifiers": identifiers})
        url = headers["Location"]
        return Answer(_parse(url, body), url=url)

    def read(self, url: str) -> Answer:
        """Return an authorization (a name, and the challenges to choose from) or an order."""
        return Answer(_parse(url, self._post(url)[1]), url=url)

    def prove(self, authorization: Answer, challenge: Answer) -> None:
        """Have the CA check a name (section 7.5.1)."""
        self._post(challenge["url"], {})
        self._wait(authorization["url"])

    def finalize(self, order: Answer, csr: x509.CertificateSigningRequest) -> bytes:
        """Send the request (section 7.4); return the certificate and its chain, in PEM."""
        der = csr.public_bytes(Encoding.DER)
        self._post(order["finalize"], {"csr": jwk.base64url(der)})
        return self._post(self._wait(order["url"])["certificate"])[1]

    def deactivate(self) -> None:
        """Have the CA refuse this key from now on (section 7.3.6)."""
        _, body = self._post(self.url, {"status": "deactivated"})
        if _parse(self.url, body).get("status") != "deactivated":
            raise Problem("the CA does not say that it deactivated the account")

    def _post(self, url: str, payload: object = None, tries: int = 5) -> tuple[Answer, bytes]:
        """Sign payload, send it (section 6.2), and return headers and body of the answer.

        Without a payload it only reads (POST-as-GET, section 6.3).
        """
        headers, _ = _fetch(self._opener, self._directory["newNonce"])
        algorithm, _ = _algorithm(self._key)
        header = {"alg": algorithm, "nonce": headers["Replay-Nonce"], "url": url, **self._sender}
        message = {
            "protected": jwk.base64url(json.dumps(header).encode()),
            "payload": "" if payload is None else jwk.base64url(json.dumps(payload).encode()),
        }
        signature = _sign(self._key, f"{message['protected']}.{message['payload']}".encode())
        message["signature"] = jwk.base64url(signature)
        try:
            headers, body = _fetch(self._opener, url, json.dumps(message).encode())
        except Refusal as refusal:
            if refusal.kind != "badNonce" or tries == 1:
                raise
            return self._post(url, payload, tries - 1)  # as section 6.5 asks
        return headers, body

    def _wait(self, url: str) -> Answer:
        """Return an authorization or an order, once the CA has found it valid."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = self.read(url)
            if found["status"] == "valid":
                return found
            if found["status"] == "invalid":
                parts = [found, *found.get("challenges", [])]
                raise Refusal(next((part["error"] for part in parts if "error" in part), Answer()))
            time.sleep(0.05)
        raise Problem(f"the CA did not decide within {PATIENCE} seconds")


def _fetch(opener: OpenerDirector, url: str, data: bytes | None = None) -> tuple[Answer, bytes]:
    """Return the headers and body of an answer. Raises Problem, also if url is not an address."""
    if not str(url).startswith("https://"):  # section 6.1; the CA may have sent anything
        raise Problem("this is not an https:// address, which ACME requires", where=url)
    headers = {"User-Agent": "acme-keys (Python urllib)"}  # section 6.1
    if data is not None:
        headers["Content-Type"] = "application/jose+json"  # section 6.2
    try:
        with _answer(opener, urllib.request.Request(url, data, headers)) as answer:
            body = answer.read()
    except (OSError, ValueError, http.client.HTTPException) as error:  # ValueError: no such address
        reason = getattr(error, "reason", error)  # of a URLError
        words = getattr(reason, "verify_message", None) or getattr(reason, "strerror", None)
        raise Problem(words or reason, where=url) from error
    if answer.status >= 300:
        raise Refusal(_parse(url, body))
    if answer.url != url:  # where the address that was signed is not valid (section 6.4)
        raise Problem(f"the CA redirects this address to {answer.url}", where=url)
    return Answer((name.title(), value) for name, value in answer.headers.items()), body


def _answer(opener: OpenerDirector, request: urllib.request.Request) -> Any:
    try:
        return opener.open(request, timeout=PATIENCE)
    except urllib.error.HTTPError as refusal:  # which says why in its body
        return refusal


def _parse(url: str, body: bytes) -> Answer:
    """Return the JSON object in an answer. Raises Problem."""
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(body, object_hook=Answer)
        if isinstance(found, Answer):
            return found
    raise Problem("the answer is not that of an ACME server", where=url)


def _algorithm(key: AccountKey) -> tuple[str, hashes.HashAlgorithm]:
    """Return the name of the algorithm with which a key signs, and its hash."""
    if isinstance(key, rsa.RSAPrivateKey):
        return "RS256", hashes.SHA256()
    return EC_ALGORITHMS[key.curve.name]


def _sign(key: AccountKey, data: bytes) -> bytes:
    _, digest = _algorithm(key)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), digest)
    size = key.key_size // 8
    numbers = decode_dss_signature(key.sign(data, ec.ECDSA(digest)))
    return b"".join(number.to_bytes(size, "big") for number in numbers)
