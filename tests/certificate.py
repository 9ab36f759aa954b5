"""Get a certificate from a CA on this machine, for the files that `make walkthrough` has made.

usage: python -m tests.certificate DIRECTORY
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import pebble


def main(directory: Path) -> int:
    """Go from account key and request to certificate, telling each step; return the status."""
    absent = pebble.missing()
    if absent:
        print(
            f"{' and '.join(absent)} not found. On Debian and Ubuntu: sudo apt-get install pebble\n"
            "Elsewhere, with Go: go install github.com/letsencrypt/pebble/v2/cmd/...@latest",
            file=sys.stderr,
        )
        return 1
    account_key, csr = directory / "account.key", directory / "certificate.csr"
    chain, root = directory / "certificate.pem", directory / "pebble-root.pem"
    with tempfile.TemporaryDirectory() as temporary, pebble.running(Path(temporary)) as server:
        print(f"1. Pebble runs, Let's Encrypt's test server, at {server.directory_url}\n")
        print(f"2. acme-tiny shows Pebble the account key {account_key} and the request {csr}.")
        print("   Pebble asks each name for proof, and signs:\n")
        issued = pebble.acme_tiny(server, account_key, csr)
        print(issued.stderr)
        if issued.returncode != 0:
            return 1
        chain.write_text(issued.stdout)
        root.write_bytes(pebble.root_certificate(server))
        for line in server.log.read_text().splitlines():
            if "Issued certificate" in line:
                print(f"   Pebble's log: {line}\n")
    print(f"3. The certificate is in {chain}, with the chain that leads to the root {root}:\n")
    _show("openssl", "verify", "-CAfile", root, "-untrusted", chain, chain)
    _show("openssl", "x509", "-in", chain, "-noout", "-ext", "subjectAltName", "-enddate")
    print("4. A web server takes it together with the certificate key. Browsers do not trust it,")
    print("   for its root is Pebble's; from Let's Encrypt the same two files get one they trust.")
    return 0


def _show(*command: str | Path) -> None:
    words = [str(word) for word in command]
    print(f"$ {shlex.join(words)}", flush=True)
    subprocess.run(words, check=True)
    print(flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
