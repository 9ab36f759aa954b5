"""What is refused or warned of here is what the CA refuses, rule by rule.

The sources: policy/pa.go, csr/csr.go, ra/ra.go and goodkey/good_key.go of Boulder, the Baseline
Requirements (BR) and RFCs. Pebble, which has some of these rules, is asked itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from common import letsencrypt, names
from tests import pebble
from tests.conftest import openssl


class Rule(NamedTuple):
    here: str  # "refused" or "warned"
    text: str
    source: str
    pebble_refuses: bool = False


LABEL = "a" * 63

RULES = [
    Rule("refused", "", "pa.go errEmptyIdentifier"),
    Rule("refused", "a_b.example.com", "pa.go errInvalidDNSCharacter", pebble_refuses=True),
    Rule("refused", "a b.example.com", "pa.go errInvalidDNSCharacter", pebble_refuses=True),
    Rule("refused", "example.com:80", "pa.go errInvalidDNSCharacter", pebble_refuses=True),
    Rule("refused", "me@example.com", "pa.go errInvalidDNSCharacter", pebble_refuses=True),
    Rule("refused", "-a.example.com", "pa.go errInvalidDNSCharacter"),
    Rule("refused", "a-.example.com", "pa.go errInvalidDNSCharacter"),
    Rule("refused", "a..example.com", "pa.go errLabelTooShort"),
    Rule("refused", f"{LABEL}a.example.com", "pa.go errLabelTooLong"),
    Rule("refused", ".".join([LABEL] * 4), "pa.go errNameTooLong", pebble_refuses=True),
    Rule("refused", "ab--c.example.com", "pa.go errInvalidRLDH"),
    Rule("refused", "xn--m.example.com", "pa.go errMalformedIDN"),
    Rule("refused", "xn--109-3veba6djs1bfxlfmx6c9g.com", "pa.go errMalformedIDN"),
    Rule("refused", "*.*.example.com", "pa.go errTooManyWildcards", pebble_refuses=True),
    Rule("refused", "a.*.example.com", "pa.go errMalformedWildcard", pebble_refuses=True),
    Rule("refused", "a*.example.com", "pa.go errMalformedWildcard", pebble_refuses=True),
    Rule("refused", "*", "pa.go errMalformedWildcard", pebble_refuses=True),
    Rule("refused", "example.163", "RFC 3696 section 2; pa.go errNonPublic"),
    Rule("refused", "DNS:192.0.2.1", "pa.go errIPAddressInDNS", pebble_refuses=True),
    Rule("refused", "fe80::1%eth0", "pa.go errIPInvalid"),
    Rule("refused", "192.0.2.0/24", "pa.go errIPInvalid", pebble_refuses=True),
    Rule("refused", "[2001:db8::1]", "pa.go errIPInvalid", pebble_refuses=True),
    Rule("warned", "localhost", "pa.go errTooFewLabels"),
    Rule("warned", "a.b.c.d.e.f.g.h.i.example.com", "pa.go errTooManyLabels"),
    Rule("warned", "example.internal", "pa.go errNonPublic"),
    Rule("warned", "co.uk", "pa.go errICANNTLD"),
    Rule("warned", "*.com", "pa.go errICANNTLDWildcard"),
    Rule("warned", "192.168.1.1", "BR section 4.2.2; iana/ip.go IsReservedAddr"),
    Rule("warned", "64.112.117.67", "https://letsencrypt.org/docs/profiles/#shortlived"),
]

SHOULD_PASS = ["example.com", "*.example.com", "xn--mnchen-3ya.example.com", "a-b.example.com"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.text)
def test_a_rule(rule: Rule) -> None:
    if rule.here == "refused":
        with pytest.raises(names.BadName):
            names.parse(rule.text)
    else:
        assert letsencrypt.name_warnings([names.parse(rule.text)])


@pytest.mark.parametrize("text", SHOULD_PASS)
def test_nothing_else_is_refused(text: str) -> None:
    assert letsencrypt.name_warnings([names.parse(text)]) == []


@pytest.mark.parametrize(
    ("text", "refused"),
    [(rule.text, True) for rule in RULES if rule.pebble_refuses]
    + [(text, False) for text in SHOULD_PASS],
)
def test_pebble_agrees(
    text: str, refused: bool, ca: pebble.Pebble, key: Path, account_key: Path, tmp_path: Path
) -> None:
    """Hand Pebble a request that OpenSSL has made without any check."""
    name = text.removeprefix("DNS:")
    subject = ["-subj", "/", "-addext", f"subjectAltName=DNS:{name}"]
    openssl("req", "-new", "-key", str(key), *subject, "-out", "certificate.csr", cwd=tmp_path)
    answer = pebble.acme_library(ca, account_key, tmp_path / "certificate.csr")
    assert (answer.returncode != 0) == refused
    if refused:
        assert "urn:ietf:params:acme:error:malformed" in answer.stderr
