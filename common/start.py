"""What every program does first, before it imports anything that may be missing.

The scripts import the package common first, and that imports this, which

1. finds out which of the programs runs, if any: a program of yours may import a script,
2. has Ctrl-C end that program at once,
3. has an exception that nothing handles end it with one line, and
4. refuses an old Python, which must therefore be able to parse this file.
"""

import os
import signal
import sys

from common import TOP

# Where the programs are. Messages begin with the last part of it.
_PROGRAMS = (
    "make_account_key.py",
    "make_account_key2.py",
    "make_certificate_key.py",
    "make_csr.py",
    "common/show",
    "course/certificate",
    "course/deactivate",
)


def _start() -> None:
    name = _program().rpartition("/")[2]
    if name:
        # Python turns SIGINT into KeyboardInterrupt, which imports and libraries may catch. Where
        # the signal is ignored, as after nohup or & in a script, it stays ignored.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)

        def end(kind: object, error: BaseException, trace: object) -> None:
            from common import installation

            what = f"{type(error).__name__}: {error}"
            sys.exit(f"{name}: error: {installation.explain(error, what)}")

        sys.excepthook = end
    if sys.version_info < (3, 10):  # noqa: UP036
        from common import installation

        problem = installation.problem()
        raise SystemExit(f"{name}: error: {problem}") if name else ImportError(problem)


def _program() -> str:
    """Return which of the programs runs, or "" if it is none of them."""
    if sys.argv[:1] == ["-m"]:  # Python is still looking for the module, and imports its package
        return next((path for path in _PROGRAMS if path.replace("/", ".") == _module()), "")
    # Symbolic links may lead to the program, and others to this package.
    main = os.path.realpath(getattr(sys.modules["__main__"], "__file__", None) or os.devnull)
    for path in _PROGRAMS:
        files = (os.path.join(TOP, path + ending) for ending in ("", ".py", "/__main__.py"))
        if main in map(os.path.realpath, files):
            return path
    return ""


def _module() -> str:
    """Return the module after -m."""
    if sys.version_info < (3, 10):  # noqa: UP036 - it does not say which
        return "common.show"
    # argv and orig_argv end in the same arguments. What comes before these is "-m" in argv; in
    # orig_argv it is the module, as "common.show" or "-mcommon.show".
    argument = sys.orig_argv[-len(sys.argv)]
    return argument.partition("m")[2] if argument.startswith("-") else argument


_start()
