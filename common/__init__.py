"""What the article left out: error checking, key options and names.

Each module has one concern, and imports only modules listed above it.

Starting and talking:

    shell             a command that can be pasted
    installation      what is wrong with Python or the libraries, and the command that helps
    start             one line instead of a traceback, and Ctrl-C, from the first import on
    console           messages, signals and exit status

Names and files:

    atomic            giving a file its name in one step
    names             the name that a text stands for, or why no CA may sign it
    suggest           what was probably meant by a text that is not a name, or by a missing file
    files             reading, and writing so that nothing is lost

What a CA signs:

    letsencrypt       what Let's Encrypt rejects: names, requests; its profiles
    goodkey           why no public CA may sign a key, and why Let's Encrypt rejects one
    jwk               the JSON Web Key of a public key, and its thumbprint

What a file holds:

    der               reading DER, and BER as far as OpenSSL does
    labels            what DER holds, and the label that PEM has for it
    faults            what can be wrong with a file's wrapping, and how to put it right
    boundaries        finding BEGIN and END in text, and what is wrong between and around them
    wrapping          finding keys, requests and certificates, in PEM, DER and other forms
    key_numbers       the numbers in a private key
    limits            the most work that opening a private key may take
    pem               the private key or the request in a file, or what is there instead

Opening a private key:

    terminal          asking for a secret on the terminal
    passphrase        a passphrase, from a file or the terminal
    encryption        encrypting and decrypting a private key
    unusable          why a private key does not open, or opens but cannot be used
    keys              opening the key that signs, refusing the account key

The scripts:

    openssl_commands  the OpenSSL commands that do the same
    parser            a command line that explains each mistake in one line
    options           the command lines
    arguments         what the values on a command line stand for
    new_key           what the scripts do around making a key
    certificate_key   the file of the certificate key, or what to do if there is none
    new_request       what make_csr does around making a request
    show              python -m common.show: looking at keys, requests and certificates
"""

import os

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # where the scripts are

from common import start  # noqa: E402, F401 - before anything that may be missing
