"""What the article left out: error checking, key options and names.

Each module has one concern, and imports only modules listed above it:

    console           messages, signals and exit status
    shell             a command that can be pasted
    atomic            giving a file its name in one step
    files             reading, and writing so that nothing is lost
    names             what a text means as a name, or why no CA may sign it
    letsencrypt       what Let's Encrypt rejects: names, keys, requests; its profiles
    pem               finding a key or a request in the text of a file
    passphrase        a passphrase, from a file or the terminal
    encryption        encrypting a private key
    jwk               the public half of a key as a JSON Web Key, and its thumbprint
    keys              opening a key, refusing a weak one, comparing it with the account key
    openssl_commands  the OpenSSL commands that do the same
    options           the command lines
    new_key           what the scripts do around making a key
    new_request       what make_csr does around making a request
    show              python -m common.show: looking at keys, requests and certificates

The scripts import this package first, so it checks here that Python is new enough and that the
libraries are installed. An old Python must be able to parse this file.
"""

import importlib.util
import os
import signal
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # where the scripts are

# Whether one of the scripts, or show, runs as a program. While Python looks for what comes after
# -m, sys.argv[0] is "-m".
_main = os.path.abspath(getattr(sys.modules["__main__"], "__file__", None) or os.devnull)
_programs = (TOP, os.path.join(TOP, "common", "show"))
_is_program = sys.argv[0] == "-m" or os.path.dirname(_main) in _programs

_libraries = ("cryptography", "Crypto", "idna", "OpenSSL", "publicsuffixlist")
_pip = {"Crypto": "pycryptodome", "OpenSSL": "pyOpenSSL"}  # where pip has another name
_missing = [_pip.get(name, name) for name in _libraries if not importlib.util.find_spec(name)]
_problem = ""
if sys.version_info < (3, 10):  # noqa: UP036
    _problem = f"Python {sys.version.split()[0]} is too old; run this with Python 3.10 or later"
elif _missing:
    _problem = f"not installed in this Python: {', '.join(_missing)}; activate the virtual "
    _problem += "environment, or: python -m pip install -r "
    _problem += f'"{os.path.join(TOP, "requirements.txt")}"'
if _problem and _is_program:
    sys.exit(f"{os.path.basename(sys.argv[0]).replace('-m', 'show')}: error: {_problem}")
if _problem:
    raise ImportError(_problem)

# Ctrl-C ends a program at once, even while it imports, as it ends any Unix tool. Where it is
# ignored, as after nohup or & in a script, it stays ignored.
if _is_program and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
