"""What the tutorial left out: error checking, key options and names.

Each module has one concern, and imports only modules that stand above it here:

    console           messages, signals and exit status
    shell             a command that can be pasted
    atomic            giving a file its name in one step
    files             reading, and writing so that nothing is lost
    names             what a text means as a name, or why no CA may sign it
    letsencrypt       what Let's Encrypt rejects: names, keys, requests; its profiles
    pem               finding a key or a request in the text of a file
    passphrase        a passphrase, from a file or the terminal
    encryption        encrypting a private key
    keys              opening a key, refusing a weak one, comparing it with the account key
    openssl_commands  the OpenSSL commands that do the same
    options           the command lines
    new_key           what surrounds the making of a key
    new_request       what surrounds the making of a request
    show              python -m common.show: looking at keys, requests and certificates

The scripts import this package before anything else, so what they need is checked here, in words
that an old Python can read.
"""

import importlib.util
import os
import signal
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # where the scripts are

# Whether one of the scripts, or show, runs as a program and is not imported. While
# `python -m common.show` looks for show, nothing but sys.argv tells.
_main = os.path.abspath(getattr(sys.modules["__main__"], "__file__", None) or os.devnull)
_IS_PROGRAM = sys.argv[0] == "-m" or (
    os.path.dirname(_main) in (TOP, os.path.join(TOP, "common", "show"))
)


def _problem() -> str:
    """Return what is missing here and what to do about it, or nothing."""
    if sys.version_info < (3, 10):  # noqa: UP036
        return f"Python {sys.version.split()[0]} is too old; run this with Python 3.10 or later"
    libraries = ("cryptography", "Crypto", "idna", "OpenSSL", "publicsuffixlist")
    missing = [name for name in libraries if importlib.util.find_spec(name) is None]
    advice = "activate the virtual environment, or: python -m pip install -r"
    requirements = os.path.join(TOP, "requirements.txt")
    return f'{", ".join(missing)} is missing; {advice} "{requirements}"' if missing else ""


if _problem():
    if _IS_PROGRAM:
        sys.exit(f"{os.path.basename(sys.argv[0]).replace('-m', 'show')}: error: {_problem()}")
    raise ImportError(_problem())

# Ctrl-C ends a program at once, even while it imports, as it ends any Unix tool. Where it is
# ignored, as after nohup or & in a script, it stays ignored.
if _IS_PROGRAM and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
