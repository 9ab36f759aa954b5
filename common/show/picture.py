"""One page for a browser about all files: what is in each, which keys they hold, who signed what.

It is HTML in ASCII, without scripts and without anything from the network. Each key has a letter,
and the first six have a color, which is a class in picture.css.
"""

import base64
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from common.show import display, grammar, legend
from common.show.boxes import Mark, box
from common.show.chain import IssuersOf
from common.show.describe import Row
from common.show.grammar import Document
from common.show.items import Item, Key, Signed
from common.show.legend import Keys, Label
from common.show.markup import Html, breakable, escaped, listed, table, tag
from common.show.parts import Part

ERRORS = "Errors"  # the heading of the list in red

# Elements that hold a public key, or its numbers in a private key.
_PUBLIC = (
    "subjectPKInfo", "subjectPublicKeyInfo", "SubjectPublicKeyInfo", "RSAPublicKey",
    "modulus", "publicExponent", "publicKey",
)  # fmt: skip


def page(
    rows: Mapping[Item, Sequence[Row]],
    unopened: Mapping[Part, Document],
    account_key: Item | None,
    issuers_of: IssuersOf,
    lists: Mapping[str, Sequence[str]],
) -> str:
    """Return the page about items, and parts of files that could not be opened.

    rows: from describe. lists: lines below, by heading.
    """
    keys = legend.keys(list(rows), account_key, issuers_of)
    cards = [
        _card(item.part, item.part.document, _facts(item, its, rows[item]), _marks(item, its))
        for item, its in keys.items()
    ]
    cards += [_card(part, document, (), {}) for part, document in unopened.items()]
    paths = dict.fromkeys(part.path for part in (*(item.part for item in keys), *unopened))
    below = {heading: lines for heading, lines in lists.items() if lines}
    form, style = _beside("picture.html"), _beside("picture.css")
    return form.format(
        hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        title=escaped(listed(list(paths))),
        style=style,
        cards="\n".join(cards),
        keys=_key_table(keys),
        below="".join(f"{heading.lower()}, " for heading in below),
        lists="\n".join(_section(heading, lines) for heading, lines in below.items()),
        types=table(grammar.TYPES.items()),
    )


def _beside(name: str) -> str:
    """Return the text of a file beside this module."""
    with open(os.path.join(os.path.dirname(__file__), name), encoding="ascii") as file:
        return file.read()


def _key_table(keys: Mapping[Item, Keys]) -> Html:
    """Return a table of the keys; those without a color are folded."""
    labels = {its.own.letter: its.own for its in keys.values()}.values()
    rows = [(_named(label), _holders(label, keys)) for label in labels]
    more = rows[legend.COLORS :]
    folded = tag("details more", tag("summary", f"{len(more)} more"), table(more)) if more else ""
    return Html(table(rows[: legend.COLORS]) + folded)


def _holders(label: Label, keys: Mapping[Item, Keys]) -> str:
    """Return in a line what holds a key, and what it signed."""
    signed = [item.where for item, its in keys.items() if its.signer is label and its.is_valid]
    found = {"both halves in": label.private, "public half in": label.public, "signed": signed}
    return "; ".join(f"{what} {listed(where)}" for what, where in found.items() if where)


def _named(label: Label, before: str = "", *, is_full: bool = False) -> Html:
    """Return a key's letter in its color, and its name, in full with the first file."""
    where = label.private[0] if label.private else f"public half in {label.public[0]}"
    key = tag(f"span key {label.color}", tag("b", label.letter), f" key {label.letter}")
    return tag("span", before, key, f" ({where})" if is_full else "")


def _signed(keys: Keys, before: str, after: str = "", *, is_full: bool = False) -> Html:
    """Return which key signed an item; that is struck out if the signature is not valid."""
    if keys.signer is None:
        return tag("span", f"{before}the key of an issuer that is not in these files{after}")
    named = _named(keys.signer, before, is_full=is_full)
    if keys.is_valid is None:
        return tag("span", named, f"{after} (not checked: of an unknown kind)")
    if keys.is_valid:
        return tag("span", named, after)
    return tag("span", tag("s", named, after), tag("strong", " The signature is not valid."))


def _section(heading: str, lines: Iterable[str]) -> Html:
    start = "ul fault" if heading == ERRORS else "ul"
    return tag("section", tag("h2", heading), tag(start, *(tag("li", line) for line in lines)))


def _card(
    part: Part, document: Document, facts: Iterable[tuple[str, str]], marks: Mapping[int, Mark]
) -> Html:
    """Return a part of a file: its name, the main facts, and its elements."""
    heading, drawn = [tag("h2", breakable(part.where))], list[Html]()
    if document.heading:
        what, order = document.heading
        heading.append(tag("p note", what))
        drawn = [tag("p note", order), box(document.root, marks)]
    if known := list(facts):
        heading.append(table(known))
    if document.fault:
        drawn.append(tag("p fault", f"Fault: {document.fault}"))
    return tag("article card", tag("header", *heading), *drawn)


def _facts(item: Item, keys: Keys, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    """Yield what the top of a card says of an item: its keys, and the main facts."""
    half = "private and public halves" if legend.holds_private(item) else "public half"
    yield "holds", _named(keys.own, f"the {half} of ", is_full=bool(keys.own.private))
    if isinstance(item, Signed):
        yield "signed with", _signed(keys, "", is_full=True)
    for label, value, is_bad, is_main in rows:
        if is_main:
            text = value if isinstance(value, str) else listed(value)
            yield label, tag("strong", text) if is_bad else text


def _marks(item: Item, keys: Keys) -> dict[int, Mark]:
    """Return what is marked of an item, by offset: its key, what is signed and the signature."""
    if isinstance(item, Signed):
        signed, _, signature = item.root.children
        what = "to be signed: everything in this frame; signed with "
        how = "made with the private half of ", " over everything in the frame above"
        frame = keys.signer.color if keys.signer and keys.is_valid else "k"
        return {
            **_public_marks(item, keys.own),
            signed.offset: Mark(f"signed {frame}", _signed(keys, what)),
            signature.offset: Mark(f"signature {frame}", _signed(keys, *how)),
        }
    private = [one for one in item.root.all() if not one.is_public and not one.children]
    color = keys.own.color if legend.holds_private(item) else "k"
    stripes = Mark(f"private {color}", Html())
    return {**_public_marks(item, keys.own), **{one.offset: stripes for one in private}}


def _public_marks(item: Item, own: Label) -> dict[int, Mark]:
    """Return the marks of the public key in an item, or of its numbers in a private key."""
    marks, end = dict[int, Mark](), 0
    for element in item.root.all():
        is_inside = element.offset < end  # of one that is marked
        if element.name in _PUBLIC and element.is_public and not is_inside:
            what = f"{display.note(element)}; " if isinstance(item, Key) else "public half of "
            marks[element.offset] = Mark(f"public {own.color}", _named(own, what))
            end = element.end
    return marks
