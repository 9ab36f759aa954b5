"""What every program does first, before it imports anything that may be missing.

The scripts import the package common first, and that imports this, which

1. finds out which of the programs runs, if any: a program of yours may import a script,
2. has an exception that nothing handles end that program with one line,
3. refuses an old Python, which must therefore be able to parse this file, and
4. has Ctrl-C end that program at once.
"""

import os
import signal
import sys

from common import TOP

# The programs: the name in messages, the file and the module for `python -m`.
_PROGRAMS = (
    ("make_account_key.py", "make_account_key.py", None),
    ("make_account_key2.py", "make_account_key2.py", None),
    ("make_certificate_key.py", "make_certificate_key.py", None),
    ("make_csr.py", "make_csr.py", None),
    ("show", "common/show/__main__.py", "common.show"),
    ("certificate", "course/certificate.py", "course.certificate"),
    ("deactivate", "course/deactivate.py", "course.deactivate"),
)


def _program() -> str:
    """Return the name of the program that runs, or "" if it is none of them."""
    if sys.argv[:1] == ["-m"]:  # Python is still looking for the module, and imports its package
        if sys.version_info < (3, 10):  # noqa: UP036 - it does not say which
            return "show"
        # argv and orig_argv end in the same arguments. What comes before these is "-m" in argv; in
        # orig_argv it is the module, as "common.show" or "-mcommon.show".
        argument = sys.orig_argv[-len(sys.argv)]
        return next(
            (name for name, _, module in _PROGRAMS if module and argument.endswith(module)), ""
        )
    # Symbolic links may lead to the program, and others to this package.
    main = os.path.realpath(getattr(sys.modules["__main__"], "__file__", None) or os.devnull)
    for name, file, _ in _PROGRAMS:
        if os.path.realpath(os.path.join(TOP, file)) == main:
            return name
    return ""


def _end(kind: type, error: BaseException, trace: object) -> None:
    """End the program after an exception that nothing has handled, without a traceback."""
    if issubclass(kind, KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)
        return
    from common import installation

    sys.exit(f"{_name}: error: {installation.problem() or installation.failure(error)}")


def _refuse_old_python() -> None:
    """Raise SystemExit or, in a program of yours, ImportError if Python is too old."""
    if sys.version_info < (3, 10):  # noqa: UP036
        from common import installation

        if _name:
            sys.exit(f"{_name}: error: {installation.problem()}")
        raise ImportError(installation.problem())


_name = _program()
if _name:
    sys.excepthook = _end
_refuse_old_python()
# Python turns SIGINT into KeyboardInterrupt, which imports and libraries may catch. Where the
# signal is ignored, as after nohup or & in a script, it stays ignored.
if _name and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
