"""What every program does first: from here on, a failure is one line, and Ctrl-C ends the program.

The scripts import the package common before anything that may be missing, and that imports this. A
program of yours that imports a script is left alone. An old Python must be able to parse this file.
"""

import os
import signal
import sys

from common import TOP

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
