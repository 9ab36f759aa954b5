"""What every program does first, before it imports anything that may be missing.

The scripts import the package common first, and that imports this. Programs in a package, which may
be run with -m, call begin themselves. An old Python must be able to parse this file.
"""

import os
import signal
import sys

from common import TOP

_SCRIPTS = ("make_account_key.py", "make_account_key2.py", "make_certificate_key.py", "make_csr.py")


def begin(name: str) -> None:
    """Have Ctrl-C end the program called name at once, and an unhandled exception with one line.

    Refuse an old Python.
    """
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

        raise SystemExit(f"{name}: error: {installation.problem()}")


def _script() -> str:
    """Return which of the scripts runs, or "": a program of yours may import one of them."""
    # Symbolic links may lead to the script, and others to this package.
    main = os.path.realpath(getattr(sys.modules["__main__"], "__file__", None) or os.devnull)
    name = os.path.basename(main)
    return name if name in _SCRIPTS and main == os.path.realpath(os.path.join(TOP, name)) else ""


if _script():
    begin(_script())
