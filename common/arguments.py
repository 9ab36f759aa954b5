"""What the values on a command line, and the constants in a script, stand for."""

from collections.abc import Sequence

from common import boundaries, files, names, suggest
from common.console import UsageError
from common.names import Identifier


def text(value: object, source: str) -> str:
    """Return a constant of a script, which readers edit. Raises UsageError unless it is text.

    source: the start of the message, such as "DOMAIN_NAME = ".
    """
    if not isinstance(value, str):
        raise UsageError(f"{source}{value!r} is not text", "write one value in quotes")
    return value


def name(value: object, source: str = "") -> Identifier:
    """Return the name that the user gave. Raises UsageError, with what was probably meant."""
    given = text(value, source)
    try:
        return names.parse(given)
    except names.InvalidName as error:
        guess = suggest.name(given)
        advice = str(guess or "")
        if source and guess and len(guess.names) > 1:  # in a constant, which holds one
            advice = "give several names on the command line instead"
        raise UsageError(f"{source}{error}", advice) from None


def key_domain(given: str | None, constant: object) -> Identifier:
    """Return the name that a certificate key is for, from a constant if none was given.

    Raises UsageError, also for the name of a key file: no public name ends in .key.
    """
    source = "DOMAIN_NAME = " if given is None else ""
    domain = name(constant if given is None else given, source)
    meant = str(domain).removesuffix(".key")
    if meant != str(domain):
        raise UsageError(f"{source}'{domain}' is the name of a key file", f"did you mean {meant}?")
    return domain


def email_address(value: object, source: str) -> str:
    """Return the e-mail address that the user gave. Raises UsageError."""
    try:
        return names.email_address(text(value, source))
    except names.InvalidName as error:
        raise UsageError(f"{source}{error}") from None


def identifiers(arguments: Sequence[str]) -> list[Identifier]:
    """Return the names on a command line, each once; @FILE stands for those in FILE.

    Raises UserError. (What argparse reads from files may be options, and is not always UTF-8.)
    """
    found = list[Identifier]()
    for argument in arguments:
        found += _listed_names(argument[1:]) if argument.startswith("@") else [name(argument)]
    return list(dict.fromkeys(found))


def _listed_names(path: str) -> list[Identifier]:
    """Return the names in a file, one per line, without blank lines and # comments.

    No message shows what is in the file: it may be a passphrase or a key, given by mistake.
    """
    found = list[Identifier]()
    for number, line in enumerate(_lines(path), 1):
        given = line.partition("#")[0].strip()
        if not given:
            continue
        try:
            found.append(names.parse(given))
        except names.InvalidName:
            guess = suggest.name(given)
            kind = f"; this is {guess.kind}" if guess and guess.kind else ""
            problem = f"this line is not a valid name{kind}"
            where = f"{path}, line {number}"
            raise UsageError(problem, "write one name per line", where=where) from None
    if not found:
        raise UsageError("there are no names in it", "write one per line", where=path)
    if not any(map(suggest.is_plain, found)):  # the file may hold a passphrase
        raise UsageError("no line has a dot", "give a single label on the command line", where=path)
    return found


def _lines(path: str) -> list[str]:
    """Return the lines of a text file in UTF-8. Raises UserError."""
    data = files.read(path, "give a file of names after the @")
    if boundaries.is_pem(data):
        raise UsageError("this is PEM, not a list of names", "give a text file", where=path)
    try:
        return data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as bad:
        raise UsageError(f"byte {bad.start} is not UTF-8", "save it as UTF-8", where=path) from None
