"""A passphrase, from a file or the terminal.

It never comes from a command line, which other users of the machine can see, or from the
environment, which each program passes on to those that it starts.
"""

import unicodedata

from common import boundaries, console, files, suggest, terminal
from common.console import UserError

MAX_LENGTH = 1023  # bytes; OpenSSL reads PEM_BUFSIZE, 1024, with a NUL at the end (openssl/pem.h)


class Source:
    """Gives the passphrases of private keys: the first line of a file for all, or each as typed."""

    def __init__(self, path: str | None = None) -> None:
        """path: the file, which is read once, because a pipe gives its content only once."""
        self.path = path
        self._last = b""

    def __call__(self, where: str) -> bytes:
        """Return the passphrase of the private key in where, in UTF-8. Raises UserError."""
        if self.path is None:
            prompt = f"Passphrase of {console.printable(where)}: "
            self._last = _checked(terminal.ask(prompt), "the passphrase")
        elif not self._last:
            self._last = _first_line(self.path)
        return self._last

    def unasked(self, where: str) -> bytes:
        """Return the same for another key, for which nobody is asked. Raises UserError."""
        if self.path is None and not self._last:
            advice = "give it with --account-key FILE"
            raise UserError("the key is encrypted", advice, where=where)
        return self._last or self(where)


def for_new_key(path: str | None) -> bytes:
    """Return the passphrase for a key to be made, in UTF-8. Raises UserError.

    path: the file whose first line it is; if None, the user is asked for it, twice.
    """
    if path is not None:
        return _first_line(path)
    first = terminal.ask("Passphrase for the new key: ")
    passphrase = _checked(first, "the passphrase")
    if terminal.ask("Repeat the passphrase: ") != first:
        raise UserError("the passphrases differ, so no key was made", "try again")
    return passphrase


def _first_line(path: str) -> bytes:
    advice = "--passphrase-file takes the file of a passphrase"
    if not files.is_there(path) and not suggest.neighbor(path):  # it may be the passphrase itself
        raise UserError("there is no such file", advice)
    data, mode = files.read_with_mode(path, advice)
    if boundaries.is_pem(data):
        raise UserError("this is PEM, not a passphrase", advice, where=path)
    files.warn_of_other_readers(path, mode)
    try:
        text = data.partition(b"\n")[0].removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        raise UserError("its first line is not UTF-8", "save it as UTF-8", where=path) from None
    return _checked(text, f"{path}: its first line")


def _checked(text: str, what: str) -> bytes:
    """Return a passphrase in UTF-8, or raise UserError if it could not be typed again."""
    if not text:
        raise UserError(f"{what} is empty", "use another")
    if any(unicodedata.category(char) == "Cc" for char in text):
        raise UserError(
            f"{what} has a control character (Esc, an arrow key, Ctrl-V?)", "use another"
        )
    if "\ufeff" in text:
        raise UserError(f"{what} has an invisible byte order mark (U+FEFF)", "remove it")
    if len(text.encode()) > MAX_LENGTH:
        raise UserError(
            f"{what} is over OpenSSL's limit of {MAX_LENGTH} bytes", "use a shorter one"
        )
    if text != text.strip():
        console.warn(f"{what} starts or ends with a space, which is part of the passphrase")
    return text.encode()
