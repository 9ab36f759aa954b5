"""show: what Let's Encrypt would say, and what belongs together."""

import random
import re
import time
from ipaddress import ip_address
from pathlib import Path

from common import der
from common.show import grammar
from common.show.grammar import Name
from tests import conftest
from tests.conftest import Show
from tests.made import (
    CA,
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
    tlv,
    write,
)

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)

ALL = "accepts it (classic, tlsserver, shortlived)"
VERDICTS = (
    (request(san("a.com", "A.com"), cn="A.COM"), ALL),
    (request(san("a.com"), key=RSA, algorithm=hashes.SHA384()), ALL),
    (request(san("a.com"), algorithm=hashes.SHA512()), ALL),
    (request(san(*(f"{n}.a.com" for n in range(26)))), "accepts it (classic)"),
    (request(san(x509.IPAddress(ip_address("::ffff:8.8.8.8")))), "accepts it (shortlived)"),
    (request(), "rejects it: it asks for no name"),
    (
        request(san("a.com"), cn="My Server"),
        "rejects it: 'my server' contains ' '; a name has only letters, digits, hyphens and dots "
        "(RFC 5890)",
    ),
    (request(cn="fe80::1%eth0"), "rejects it: its CN is an IP address; it asks for no name"),
    (request(cn="\u0130\u212a.com"), ALL),  # to Go's strings.ToLower, ik.com
    (
        request(san(x509.RFC822Name("a@b.c"), x509.UniformResourceIdentifier("urn:a"), "a.com")),
        "rejects it: it has an e-mail address among its names; it has a URI among its names",
    ),
    (
        request(san("a.com"), x509.TLSFeature([x509.TLSFeatureType.status_request]), critical=True),
        "rejects it: it asks for must-staple",
    ),
    (
        request(san("a.com"), key=ed25519.Ed25519PrivateKey.generate(), algorithm=None),
        "rejects it: its key is neither an RSA nor an EC key, so no public CA may sign it; its "
        "signature is Ed25519",
    ),
    (
        request(san("a.com"), key=RSA, rsa_padding=padding.PSS(padding.MGF1(SHA256), 32)),
        "rejects it: its signature is RSA-PSS",
    ),
)
USAGE = x509.KeyUsage(True, *[False] * 8)
UNUSUAL = (
    "is encoded unusually (an EC point that is not uncompressed, a curve without its name, or "
    "RSA without NULL)"
)


def verdict(show: Show, path: str) -> str:
    return show(path)[1].partition("  Let's Encrypt  ")[2].partition("\n")[0]


class TestVerdicts:
    def test_of_requests_are_those_of_boulder(self, show: Show) -> None:
        for csr, expected in VERDICTS:
            write("a.csr", csr)
            status, out, err = show("a.csr")
            assert (status, err) == (0, "")
            assert out.partition("  Let's Encrypt  ")[2] == f"{expected}\n"

    def test_of_requests_with_an_odd_key_or_signature(self, show: Show) -> None:
        write("a.key", EC)
        for option, told in (
            ("-param_enc explicit", f"its key {UNUSUAL}"),
            ("-conv_form compressed", f"its key {UNUSUAL}"),
            ("-conv_form uncompressed", "its signature is ECDSA with SHA-1"),
        ):
            openssl(f"ec -in a.key {option} -out b.key")
            sha1 = "-sha1" if "SHA-1" in told else ""
            openssl(f"req -new -key b.key {sha1} -subj /CN=a.com -out a.csr")
            status, out, _ = show("a.csr")
            assert (status, out.partition("  Let's Encrypt  ")[2]) == (0, f"rejects it: {told}\n")
            assert ("valid, but no public CA accepts this algorithm\n" in out) == bool(sha1)

    def test_of_keys_in_each_encoding(self, show: Show) -> None:
        accepted = "accepts it, for an account or a certificate"
        copied = f"{accepted}, but not in a request by openssl req, which copies its encoding"
        write("a.key", EC)
        openssl("ec -in a.key -pubout -conv_form compressed -out compressed.pub")
        openssl("ec -in a.key -conv_form compressed -out compressed.key")
        openssl("ec -in a.key -pubout -param_enc explicit -out explicit.pub")
        openssl("ec -in a.key -param_enc explicit -out explicit.key")
        openssl("genpkey -algorithm RSA-PSS -out pss.key")
        openssl("pkey -in pss.key -pubout -out pss.pub")
        spki = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        write("no-null.pub", b"\x30\x82\x01\x20\x30\x0b" + spki[6:17] + spki[19:])
        secret = BestAvailableEncryption(b"x")
        write("encrypted.key", EC.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret))
        write("secret", b"x\n")
        pss = "rejects it: it is an RSA-PSS key, so no public CA may sign it"
        for path, told in (
            ("a.key", accepted),
            ("compressed.pub", f"rejects it: it {UNUSUAL}"),
            ("compressed.key", copied),
            ("explicit.pub", f"rejects it: it {UNUSUAL}"),
            ("explicit.key", copied),
            ("pss.key", pss),
            ("pss.pub", pss),
            ("no-null.pub", accepted),  # OpenSSL adds it
        ):
            assert (path, verdict(show, path)) == (path, told)
        assert (
            f"  Let's Encrypt  {accepted}\n"
            in show("encrypted.key", "--passphrase-file", "secret")[1]
        )

    def test_an_extension_that_is_said_not_to_be_critical(self, show: Show) -> None:
        data = request(san("a.com"), USAGE, critical=True).public_bytes(Encoding.DER)
        write("a.csr", data.replace(b"\x01\x01\xff", b"\x01\x01\0"))
        assert "  extensions     key usage: digitalSignature\n" in show("a.csr")[1]

    @pytest.mark.parametrize(("old", "new", "fault"), [
        ("0101ff", "010101", "the critical field of an extension is neither TRUE nor FALSE"),
        ("0603551d0f", "0603551d11", "it has the extension subject alternative name twice"),
        ("0409300782", "0509300782", "its extensionRequest does not hold one list of extensions"),
        ("8205612e", "8705612e", "it has an IP address of 5 bytes"),
        ("0409300782", "0409050782", "its subject alternative name is not a list of names"),

    ])  # fmt: skip
    def test_damaged_extensions(self, old: str, new: str, fault: str, show: Show) -> None:
        """What Go's x509.ParseCertificateRequest refuses is shown all the same."""
        data = request(san("a.com"), USAGE, critical=True).public_bytes(Encoding.DER)
        assert bytes.fromhex(old) in data
        write("a.csr", data.replace(bytes.fromhex(old), bytes.fromhex(new)))
        status, out, err = show("a.csr")
        assert (status, f"rejects it: its signature is not valid; {fault}" in out) == (1, True)
        assert f"show: error: a.csr: {fault}; programs may refuse it\n" in err


TBS, ALGORITHM, _ = der.read(ROOT_CA.public_bytes(Encoding.DER))[0].children
VERSION_1 = tlv(0x30, *(field.encoded for field in TBS.children[1:7]))  # without its extensions
SIGNATURE = tlv(3, b"\0", OTHER.sign(VERSION_1, ec.ECDSA(SHA256)))
OLD_ROOT = tlv(0x30, VERSION_1, ALGORITHM.encoded, SIGNATURE)
FORGED = request(san("a.com")).public_bytes(Encoding.DER).replace(b"a.com", b"b.com")
# The first 16 digits of the SHA-256 of the public keys.
EC_SHA, OTHER_SHA = "8db9dec1066bedf5", "b654f522a17924c7"
SAME = "belong together: the same key and names"
OTHER_NAMES = "have the same key, but different names:"
IP = x509.IPAddress(ip_address("1.2.3.4"))


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
            "  chain.pem (1 of 3) and a.csr have the same key, but different names: "
            "mail.example.com requested but missing; www.example.com added but not requested\n"
            "  chain.pem (1 of 3) is issued by chain.pem (2 of 3)\n"
            "  chain.pem (2 of 3) is issued by chain.pem (3 of 3)\n"
        )

    @pytest.mark.parametrize(
        ("csr", "told"),
        [
            (request(san("www.example.com"), cn="EXAMPLE.com"), SAME),
            (request(san("www.example.com", "example.com"), cn="My Server"), SAME),
            (
                request(san("www.example.com", "example.com", "x.com"), cn="y.com"),
                f"{OTHER_NAMES} x.com, y.com requested but missing",
            ),
            (request(), f"{OTHER_NAMES} example.com, www.example.com added but not requested"),
            (
                request(san("example.com"), key=OTHER),
                f"have different keys, {EC_SHA}… and {OTHER_SHA}…",
            ),
        ],
    )
    def test_a_certificate_and_its_request(
        self, csr: x509.CertificateSigningRequest, told: str, show: Show
    ) -> None:
        write("a.csr", csr)
        write("a.pem", LEAF)
        status, out, _ = show("a.csr", "a.pem")
        assert status == 0
        assert out.partition("together:\n")[2] == f"  a.pem and a.csr {told}\n"

    def test_only_requests_of_the_same_key_are_compared(self, show: Show) -> None:
        write("other.csr", request(san("example.com"), key=OTHER))
        out = show("a.csr", "other.csr", "chain.pem")[1]
        assert "chain.pem (1 of 3) and a.csr" in out
        assert "and other.csr" not in out

    def test_a_key_that_does_not_fit(self, show: Show) -> None:
        for n in range(2, 6):
            write(f"{n}.key", ec.derive_private_key(n, ec.SECP256R1()))
        status, _, err = show("2.key", "3.key", "4.key", "5.key", "a.csr")
        assert (status, err) == (
            1,
            f"show: error: a.csr: no given key fits: its public key has SHA-256 {EC_SHA}…; that "
            "of 2.key has dc0ce633dbcc913d…, that of 3.key has 2b985badf1bac829…, "
            "that of 4.key has 3eab3fba5026b61d…\n",
        )

    def test_a_forged_request(self, show: Show) -> None:
        write("a.csr", FORGED)
        write("a.pem", LEAF)
        status, out, err = show("a.csr", "a.key", "a.pem")
        assert status == 1
        what = "have the same key, but the signature of the request is not valid"
        assert out.partition("together:\n")[2] == (
            f"  a.csr and a.key {what}\n"
            "  a.pem and a.key belong together\n"
            f"  a.pem and a.csr {what}\n"
        )
        assert "show: error: a.csr: its signature is not valid; make the request again\n" in err

    @pytest.mark.parametrize("files", [
        ["a.key", "chain.pem"],
        ["ca.pem"],
        ["a.key", "leaf.pem", "ca.pem"],  # the issuer is in another file
        ["old-root.pem", "a.key", "chain.pem"],
        ["ca.key", "ca.pem"],
    ])  # fmt: skip
    def test_nothing_to_warn_of(self, files: list[str], show: Show) -> None:
        write("leaf.pem", LEAF)
        write("ca.pem", MIDDLE, ROOT_CA)
        write("ca.key", CA)
        write("old-root.pem", OLD_ROOT)
        assert show(*files)[::2] == (0, "")

    def test_key_and_certificate_in_one_file(self, show: Show) -> None:
        parameters = b"-----BEGIN EC PARAMETERS-----\n-----END EC PARAMETERS-----\n"
        write("haproxy.pem", b"0 s:CN = example.com\n", LEAF, MIDDLE, parameters, EC)
        status, out, _ = show("haproxy.pem")
        assert (status, "(1 of 3) and haproxy.pem (3 of 3) belong together\n" in out) == (0, True)

    @pytest.mark.parametrize("option", [["account.key"], ["--account-key", "account.key"]])
    def test_the_account_key(self, option: list[str], show: Show) -> None:
        write("account.key", EC)
        status, out, err = show("a.csr", "a.key", "chain.pem", *option)
        assert (status, "rejects it: its key is the account key\n" in out) == (1, True)
        assert "does not belong" not in out
        assert err == "".join(
            f"show: error: {where}: its key is the account key (account.key), which a CA rejects; "
            "make a certificate key with make_certificate_key.py\n"
            for where in ("a.csr", "chain.pem (1 of 3)")
        )

    def test_the_account_key_instead_of_the_certificate_key(self, show: Show) -> None:
        write("account.key", RSA)
        told = (
            "  account.key is the account key, which does not belong to a request or a "
            "certificate; give the certificate key too\n"
        )
        for files, is_told in (
            (["a.csr"], True),
            (["chain.pem"], True),
            (["a.csr", "a.key"], False),
            ([], False),
        ):
            status, out, err = show("account.key", *files)
            assert (status, err, told in out) == (0, "", is_told), files
            assert ("the account key" in out) == is_told

    def test_copies_of_the_account_key(self, show: Show) -> None:
        write("account.key", EC)
        write("account.pub", EC.public_key())
        write("account.der", EC, encoding=Encoding.DER)
        status, out, err = show("account.key", "account.pub", "account.der")
        assert (status, err) == (0, "")
        told = "  account.key, account.pub and account.der hold the same key\n"
        assert out.partition("together:\n")[2] == told

    def test_an_issuer_of_the_same_name(self, show: Show) -> None:
        write("chain.pem", certificate("example.com", signer=EC), MIDDLE)
        status, out, err = show("chain.pem")
        assert (status, "together" in out) == (1, False)
        assert err.splitlines()[-1] == (
            "show: error: chain.pem (1 of 2): chain.pem (2 of 2) has the name of its issuer, but "
            "did not sign it; look for another certificate of that name"
        )


STAGING = "(STAGING) Pseudo Plum E5"
STAGED = certificate("example.com", issuer=STAGING, signer=OTHER)
OF_STAGING = certificate(STAGING, OTHER, issuer="Root")
ALONE = (
    "chain.pem: the certificate of its issuer is missing, so many clients will reject it; append "
    "it (an ACME client's fullchain.pem holds both)"
)
ORDER = "chain.pem: the certificates are in the wrong order; put each one before its issuer's"
TWICE = "chain.pem ({} of 3): the same certificate is there twice; remove one of them"

# A file with certificates, what is said of it, and who met it: PROJECT#NUMBER of a bug report.
CHAINS = {
    "certbot#941, ansible#18996, acme.sh#3192, acme-tiny#24": ([LEAF], [ALONE]),
    "lecm#62, agnosticd#8132": (
        [LEAF, ROOT_CA],
        ["chain.pem (2 of 2): it did not issue any certificate before it; remove or replace it"],
    ),
    "dehydrated#501": ([LEAF, LEAF, MIDDLE], [TWICE.format(2)]),
    "opnsense#2666, LEClient#24": (
        [STAGED, OF_STAGING],
        ["chain.pem: this is from Let's Encrypt's staging environment, which no browser trusts; "
         "get a certificate from the production environment"],
    ),
    "RFC 8446 section 4.4.2": ([LEAF, ROOT_CA, MIDDLE], [ORDER]),
    "RFC 8446 section 4.4.2, the first one": (
        [MIDDLE, LEAF],
        ["chain.pem: the first certificate is a CA's; put the server's certificate first"],
    ),
    "a CA's for a server's": (
        [MIDDLE, ROOT_CA],
        [
            "chain.pem: this is a CA's certificate, and no given key fits it; "
            "give the server's certificate"
        ],
    ),
    "as it should be": ([LEAF, MIDDLE], []),
    "with the root, which is superfluous": ([LEAF, MIDDLE, ROOT_CA], []),
}  # fmt: skip


@pytest.mark.parametrize("source", CHAINS)
def test_a_chain(source: str, show: Show) -> None:
    certificates, told = CHAINS[source]
    write("a.key", EC)
    write("chain.pem", *certificates)
    status, _, err = show("a.key", "chain.pem")
    assert (status, err) == (0, "".join(f"show: warning: {line}\n" for line in told))


@pytest.mark.parametrize(
    ("subject", "names", "told"),
    [
        # dehydrated#1003, lego#1341: some clients need a CN, or need it among the names
        ("/CN=example.com", "www.example.com",
         "DNS:www.example.com, and the CN example.com, which is not in the SAN"),
        # certbot#1796: a SAN as it is given to other programs, in the subject
        ("/CN=example.com/subjectAltName=DNS:example.com", "",
         "none: the subjectAltName in the subject is only text, which programs ignore"),
    ],
)  # fmt: skip
def test_what_clients_make_of_the_names(
    subject: str, names: str, told: str, show: Show, tmp_path: Path
) -> None:
    write("a.key", EC)
    Path("config").write_text("oid_section=o\n[o]\nsubjectAltName=2.5.29.17\n[req]\nprompt=no\n"
                              "distinguished_name=d\n[d]\n")  # fmt: skip
    more = ["-addext", f"subjectAltName=DNS:{names}"] if names else []
    conftest.openssl("req", "-new", "-key", "a.key", "-subj", subject, *more, "-out", "a.csr",
                     cwd=tmp_path)  # fmt: skip
    assert f"  names          {told}\n" in show("a.csr")[1]


def test_many_certificates(show: Show) -> None:
    """Each could have issued each other: the work and the output are bounded."""
    cas = [certificate("CA", CA, issuer="CA", days=90 + n) for n in range(200)]
    write("cas.pem", *cas)
    started = time.process_time()
    status, out, _ = show("cas.pem")
    assert status == 0
    assert time.process_time() - started < 2
    assert len(out.partition("together:\n")[2]) < 20_000


def test_words_decide_nothing(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.csr", *(csr for csr, _ in VERDICTS), FORGED)
    write("a.pem", LEAF, MIDDLE, ROOT_CA)
    write("a.key", EC)
    files = ("a.csr", "a.pem", "a.key")
    status, out, _ = show(*files)
    chance = random.Random(20)
    for oid, known in list(grammar.OIDS.items()):
        other = Name(*("".join(chance.sample(text, len(text))) for text in known))
        monkeypatch.setitem(grammar.OIDS, oid, other)
    changed, changed_out, _ = show(*files)
    assert changed == status
    verdicts = re.compile(r"^  Let's Encrypt  (\w+ it).*|^.* (?:, (?:not )?valid)", re.MULTILINE)
    assert len(verdicts.findall(out)) > len(VERDICTS)
    assert verdicts.findall(changed_out) == verdicts.findall(out)
    assert changed_out.partition("together:")[2] == out.partition("together:")[2]
