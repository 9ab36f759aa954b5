"""show: what Let's Encrypt would say, and what belongs together."""

import re
from ipaddress import ip_address

from tests.conftest import ROOT, Show
from tests.made import (
    EC,
    LEAF,
    MIDDLE,
    OTHER,
    ROOT_CA,
    RSA,
    SHA256,
    certificate,
    openssl,
    request,
    san,
    write,
)

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, padding

ALL = "accepts it (classic, tlsserver, shortlived)"
VERDICTS = (
    (request(san("a.com", "A.com"), cn="A.COM"), ALL),
    (request(cn="a.com"), ALL),
    (request(san(*(f"{n}.a.com" for n in range(26)))), "accepts it (classic)"),
    (request(san(x509.IPAddress(ip_address("::ffff:8.8.8.8")))), "accepts it (shortlived)"),
    (request(), "rejects it: it asks for no name"),
    (request(san()), "rejects it: it asks for no name"),
    (request(san("a.com"), cn="My Server"), "rejects it: 'my server' contains ' '"),
    (request(cn="fe80::1%eth0"), "rejects it: its CN is an IP address"),
    (request(san("a.com.")), "rejects it: 'a.com.' has an empty label"),
    (request(san(*(f"{n}.a.com" for n in range(101)))), "rejects it: 101 names: are more"),
    (request(san("a.local")), "rejects it: a.local: does not end in a public suffix"),
    (request(san(x509.RFC822Name("a@b.c"))), "rejects it: it has an e-mail address among"),
    (request(san(x509.UniformResourceIdentifier("urn:a"))), "rejects it: it has a URI among"),
    (
        request(san("a.com"), x509.TLSFeature([x509.TLSFeatureType.status_request])),
        "rejects it: it asks for must-staple",
    ),
    (
        request(san("a.com"), key=ed25519.Ed25519PrivateKey.generate(), algorithm=None),
        "rejects it: its key is neither an RSA nor an EC key, so no CA may sign it; its signature",
    ),
    (
        request(san("a.com"), key=RSA, rsa_padding=padding.PSS(padding.MGF1(SHA256), 32)),
        "rejects it: its signature is RSA-PSS",
    ),
)


class TestVerdicts:
    def test_requests(self, show: Show) -> None:
        for csr, verdict in VERDICTS:
            write("a.csr", csr)
            status, out, err = show("a.csr")
            assert (status, err) == (0, "")
            assert f"  Let's Encrypt  {verdict}" in out

    def test_requests_by_openssl(self, show: Show) -> None:
        write("a.key", EC)
        for option, told in (
            ("-param_enc explicit", "its key is "),
            ("-conv_form compressed", "its key is encoded unusually"),
            ("-conv_form uncompressed", "its signature is ECDSA with SHA-1"),
        ):
            openssl(f"ec -in a.key {option} -out b.key")
            sha1 = "-sha1" if "SHA-1" in told else ""
            openssl(f"req -new -key b.key {sha1} -subj /CN=a.com -out a.csr")
            status, out, _ = show("a.csr")
            assert (status, f"rejects it: {told}" in out) == (0, True)
            assert ("ECDSA with SHA-1, which no CA accepts\n" in out) == bool(sha1)

    def test_extensions_that_cannot_be_read(self, show: Show) -> None:
        """Boulder looks at the names and must-staple alone; cryptography reads all or nothing."""
        odd = ROOT / "tests" / "data" / "odd" / "unknown-tls-feature.csr"
        status, out, err = show(str(odd))
        assert (status, "its extensions cannot be read" in err) == (1, True)
        assert f"  Let's Encrypt  {ALL}\n" in out


class TestTogether:
    @pytest.fixture(autouse=True)
    def _files(self, show: Show) -> None:
        write("a.key", EC)
        write("other.key", OTHER)
        write("a.csr", request(san("example.com", "mail.example.com")))
        write("chain.pem", LEAF, MIDDLE, ROOT_CA)

    def test_all_of_one_course(self, show: Show) -> None:
        status, out, err = show("other.key", "a.key", "a.csr", "chain.pem")
        assert (status, err) == (0, "")
        assert out.partition("together:\n")[2] == (
            "  a.csr and a.key belong together\n"
            "  chain.pem (1 of 3) and a.key belong together\n"
            "  chain.pem (3 of 3) and other.key belong together\n"
            "  chain.pem (1 of 3) and a.csr have the same key, but other names: "
            "mail.example.com asked for but missing; www.example.com not asked for but added\n"
            "  chain.pem (1 of 3) is issued by chain.pem (2 of 3)\n"
            "  chain.pem (2 of 3) is issued by chain.pem (3 of 3)\n"
        )

    @pytest.mark.parametrize("file", ["a.csr", "chain.pem"])
    def test_a_key_that_does_not_fit(self, file: str, show: Show) -> None:
        status, _, err = show("other.key", file)
        assert (status, len(err.splitlines())) == (1, 1)
        assert re.search(
            r": none of the keys given fits; the SHA-256 of its public key is [0-9a-f]{16}…, "
            r"other.key has [0-9a-f]{16}…\n",
            err,
        )

    def test_the_wrong_order(self, show: Show) -> None:
        for chain, warning in (
            ([MIDDLE, LEAF], "begins with a CA's certificate; put that of the server first"),
            ([LEAF, ROOT_CA, MIDDLE], "is in the wrong order; put each certificate before its"),
            ([MIDDLE, ROOT_CA], "is a CA's certificate, and none of the keys given fits it"),
        ):
            write("chain.pem", *chain)
            status, _, err = show("a.key", "chain.pem")
            assert (status, warning in err) == (0, True)

    def test_key_and_certificate_in_one_file(self, show: Show) -> None:
        write("haproxy.pem", LEAF, MIDDLE, EC)
        status, out, _ = show("haproxy.pem")
        assert (status, "(1 of 3) and haproxy.pem (3 of 3) belong together\n" in out) == (0, True)

    @pytest.mark.parametrize("option", [["account.key"], ["--account-key", "account.key"]])
    def test_the_account_key(self, option: list[str], show: Show) -> None:
        write("account.key", EC)
        status, out, err = show("a.csr", "a.key", "chain.pem", *option)
        assert (status, "rejects it: its key is the account key\n" in out) == (1, True)
        held = "holds the account key (account.key)"
        assert f"show: warning: a.key: {held}" in err
        assert f"show: error: a.csr: {held}, which a CA rejects" in err
        assert f"show: error: chain.pem (1 of 3): {held}" in err

    def test_a_certificate_of_another_key_than_the_request(self, show: Show) -> None:
        write("a.csr", request(san("example.com"), key=OTHER))
        assert "chain.pem (1 of 3) and a.csr have different keys, " in show("a.csr", "chain.pem")[1]

    def test_a_forged_certificate(self, show: Show) -> None:
        write("chain.pem", certificate("example.com", signer=EC), MIDDLE)
        status, _, err = show("chain.pem")
        assert (status, "as its issuer, whose key did not sign it" in err) == (1, True)
