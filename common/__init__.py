"""What the article left out: error checking, key options and names.

Each module has one concern, and imports only modules listed above it:

    repair            the command that sets up the project, or makes its libraries work again
    installation      what is wrong with Python or the libraries
    console           messages, signals and exit status
    shell             a command that can be pasted
    atomic            giving a file its name in one step
    files             reading, and writing so that nothing is lost
    names             the name that a text stands for, or why no CA may sign it
    suggest           what was probably meant instead
    letsencrypt       what Let's Encrypt rejects: names, requests; its profiles
    goodkey           why no public CA may sign a key, and why Let's Encrypt rejects one
    jwk               the JSON Web Key of a public key, and its thumbprint
    der               reading DER, and BER as far as OpenSSL does
    kinds             what DER holds, and the label that PEM has for it
    faults            what can be wrong with a file's wrapping, and how to put it right
    wrapping          finding PEM and DER in a file, and what is wrong with the wrapping
    effort            how much work it is to open a private key
    pem               the private key or the request in a file, or what is there instead
    terminal          asking for a secret on the terminal
    passphrase        a passphrase, from a file or the terminal
    encryption        encrypting a private key
    keys              opening the key that signs, refusing the account key
    openssl_commands  the OpenSSL commands that do the same
    options           the command lines
    new_key           what the scripts do around making a key
    new_request       what make_csr does around making a request
    show              python -m common.show: looking at keys, requests and certificates

The scripts import this package first: from here on, a failure to import a library is one line, and
Ctrl-C ends the program. A program of yours that imports a script is left alone. An old Python must
be able to parse this file.
"""

import os
import signal
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # where the scripts are

# The programs: scripts, and modules for `python -m`.
_PROGRAMS = (
    *("make_account_key.py", "make_account_key2.py", "make_certificate_key.py", "make_csr.py"),
    *("common.show", "course.certificate", "course.deactivate"),
)


def _program() -> str:
    """Return which of the programs runs, or "" if it is none of them."""
    if sys.argv[:1] == ["-m"]:  # Python is looking for the module
        if sys.version_info < (3, 10):  # noqa: UP036 - it does not say which
            return "common.show"
        argument = sys.orig_argv[-len(sys.argv)]  # "common.show", or "-mcommon.show"
        return next(filter(argument.endswith, _PROGRAMS), "")
    # Symbolic links may lead to the script, and others to this package.
    path = os.path.realpath(getattr(sys.modules["__main__"], "__file__", None) or os.devnull)
    for program in _PROGRAMS:
        parts = [program] if program.endswith(".py") else program.split(".")
        there = os.path.join(os.path.realpath(TOP), *parts)
        if path in (there, f"{there}.py", os.path.join(there, "__main__.py")):
            return program
    return ""


def _end(kind: type, error: BaseException, trace: object) -> None:
    """End the program after an exception that nothing has handled, without a traceback."""
    if issubclass(kind, KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)
        return
    from common import installation

    sys.exit(f"{_name}: error: {installation.problem() or installation.failure(error)}")


_running = _program()
_name = _running if _running.endswith(".py") else _running.rpartition(".")[2]  # in messages
if _name:
    sys.excepthook = _end

if sys.version_info < (3, 10):  # noqa: UP036
    from common import installation

    if _name:
        sys.exit(f"{_name}: error: {installation.problem()}")
    raise ImportError(installation.problem())

# Ctrl-C ends a program at once, even while it imports, as it ends any Unix tool. Where it is
# ignored, as after nohup or & in a script, it stays ignored.
if _name and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
