"""One page for a browser about all files: what is in each, which keys they hold, who signed what.

It is HTML in ASCII, without scripts and without anything from the network. Each key has a letter,
and the first six have a color, which is a class in picture.css.
"""

import base64
import hashlib
import os
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from common.show import display, grammar
from common.show.boxes import Mark, box
from common.show.chain import IssuersOf
from common.show.describe import Row
from common.show.grammar import Document
from common.show.items import Certificate, Item, Key, Request, Signed
from common.show.markup import Html, breakable, escaped, listed, table, tag
from common.show.parts import Part

ERRORS = "Errors"  # the heading of the list in red

_COLORS = 6  # the classes k1 to k6 in picture.css

# Elements that hold a public key, or its numbers in a private key.
_PUBLIC = (
    *("subjectPKInfo", "subjectPublicKeyInfo", "SubjectPublicKeyInfo", "RSAPublicKey"),
    *("modulus", "publicExponent", "publicKey"),
)


class _Label(NamedTuple):
    """What a key is called on the page, its class, and what holds it."""

    letter: str
    color: str
    private: list[str]  # the files that hold both halves
    public: list[str]  # those that hold the public half alone

    def named(self, before: str = "", *, is_full: bool = False) -> Html:
        """Return its letter in its color, and its name, in full with the first file."""
        where = self.private[0] if self.private else f"public half in {self.public[0]}"
        key = tag(f"span key {self.color}", tag("b", self.letter), f" key {self.letter}")
        return tag("span", before, key, f" ({where})" if is_full else "")


class _Keys(NamedTuple):
    """The key in an item, and the one that signed it."""

    own: _Label
    signer: _Label | None  # None if unknown, and of a key
    is_valid: bool | None  # whether the signer's key made the signature; None if it is not checked

    @property
    def frame(self) -> str:
        """The class of what is signed, and of the signature."""
        return self.signer.color if self.signer and self.is_valid else "k"

    def signed(self, before: str, after: str = "", *, is_full: bool = False) -> Html:
        """Return which key signed it; that is struck out if the signature is not valid."""
        if self.signer is None:
            return tag("span", f"{before}the key of an issuer that is not in these files{after}")
        named = self.signer.named(before, is_full=is_full)
        if self.is_valid is None:
            return tag("span", named, f"{after} (not checked: of an unknown kind)")
        if self.is_valid:
            return tag("span", named, after)
        return tag("span", tag("s", named, after), tag("strong", " The signature is not valid."))


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
    ordered = _in_order(list(rows), account_key, issuers_of)
    labels = _labels(ordered)
    keys = {item: _keys(item, labels, issuers_of) for item in ordered}
    cards = [
        _card(item.part, item.part.document, _facts(item, its, rows[item]), _marks(item, its))
        for item, its in keys.items()
    ]
    cards += [_card(part, document, (), {}) for part, document in unopened.items()]
    paths = dict.fromkeys(part.path for part in (*(item.part for item in ordered), *unopened))
    below = {heading: lines for heading, lines in lists.items() if lines}
    form, style = _beside("picture.html"), _beside("picture.css")
    return form.format(
        hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        title=escaped(listed(list(paths))),
        style=style,
        cards="\n".join(cards),
        keys=_key_table(labels.values(), keys),
        below="".join(f"{heading.lower()}, " for heading in below),
        lists="\n".join(_section(heading, lines) for heading, lines in below.items()),
        types=table(grammar.TYPES.items()),
    )


def _beside(name: str) -> str:
    """Return the text of a file beside this module."""
    with open(os.path.join(os.path.dirname(__file__), name), encoding="ascii") as file:
        return file.read()


def _in_order(items: Sequence[Item], account_key: Item | None, issuers_of: IssuersOf) -> list[Item]:
    """Return items in the order in which they come to be: keys, requests, certificates.

    The issuers of a certificate follow it. account_key, which comes first: None if unknown.
    """
    signers = {one: [ca for ca in issuers_of[one].signers if ca is not one] for one in issuers_of}
    issuing = {ca for cas in signers.values() for ca in cas}

    def rank(item: Item) -> tuple[int, bool]:
        if isinstance(item, Key):
            is_account_key = account_key and account_key.canonical_spki == item.canonical_spki
            return 0 if is_account_key else 1, False
        if isinstance(item, Certificate):
            return 4 if item.is_ca else 3, item in issuing
        return 2, False

    ordered = dict[Item, None]()
    for first in sorted(items, key=rank):
        waiting = [first]
        while waiting:
            item = waiting.pop(0)
            if item not in ordered:
                ordered[item] = None
                waiting += signers[item] if isinstance(item, Certificate) else []
    return list(ordered)


def _labels(items: Sequence[Item]) -> dict[bytes, _Label]:
    """Return the label of each public key, in the order of the items that hold it."""
    holders = dict[bytes, list[Item]]()
    for item in items:
        holders.setdefault(item.canonical_spki, []).append(item)
    return {spki: _label(n, holders[spki]) for n, spki in enumerate(holders, 1)}


def _label(number: int, holders: Sequence[Item]) -> _Label:
    letters = string.ascii_uppercase
    letter = letters[number - 1] if number <= len(letters) else f"{number}"
    private = [item.where for item in holders if _is_private(item)]
    public = [item.where for item in holders if not _is_private(item)]
    return _Label(letter, f"k{number}" if number <= _COLORS else "k", private, public)


def _keys(item: Item, labels: Mapping[bytes, _Label], issuers_of: IssuersOf) -> _Keys:
    """Return the keys of an item. A request is signed with its own."""
    own = labels[item.canonical_spki]
    if isinstance(item, Request):
        return _Keys(own, own, item.is_signature_valid)
    if isinstance(item, Certificate):
        signers, others, unchecked = issuers_of[item]
        for found, is_valid in ((signers, True), (unchecked, None), (others, False)):
            if found:
                return _Keys(own, labels[found[0].canonical_spki], is_valid)
    return _Keys(own, None, None)


def _key_table(labels: Iterable[_Label], keys: Mapping[Item, _Keys]) -> Html:
    """Return a table of the keys; those without a color are folded."""
    rows = [(label.named(), _holders(label, keys)) for label in labels]
    more = rows[_COLORS:]
    folded = tag("details more", tag("summary", f"{len(more)} more"), table(more)) if more else ""
    return Html(table(rows[:_COLORS]) + folded)


def _holders(label: _Label, keys: Mapping[Item, _Keys]) -> str:
    """Return in a line what holds a key, and what it signed."""
    signed = [item.where for item, its in keys.items() if its.signer is label and its.is_valid]
    found = {"both halves in": label.private, "public half in": label.public, "signed": signed}
    return "; ".join(f"{what} {listed(where)}" for what, where in found.items() if where)


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
        drawn += [tag("p note", order), box(document.root, marks)]
    if known := list(facts):
        heading.append(table(known))
    if document.fault:
        drawn.append(tag("p fault", f"Fault: {document.fault}"))
    return tag("article card", tag("header", *heading), *drawn)


def _facts(item: Item, keys: _Keys, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    """Yield what the top of a card says of an item: its keys, and the main facts."""
    half = "the private and public halves of " if _is_private(item) else "the public half of "
    yield "holds", keys.own.named(half, is_full=bool(keys.own.private))
    if isinstance(item, Signed):
        yield "signed with", keys.signed("", is_full=True)
    for label, value, is_bad, is_main in rows:
        if is_main:
            text = value if isinstance(value, str) else listed(value)
            yield label, tag("strong", text) if is_bad else text


def _is_private(item: Item) -> bool:
    return isinstance(item, Key) and item.is_private and item.numbers_agree is not False


def _marks(item: Item, keys: _Keys) -> dict[int, Mark]:
    """Return what is marked of an item, by offset: its key, what is signed and the signature."""
    if isinstance(item, Signed):
        signed, _, signature = item.root.children
        what = "to be signed: everything in this frame; signed with "
        how = "made with the private half of ", " over everything in the frame above"
        return {
            **_public_marks(item, keys.own),
            signed.offset: Mark(f"signed {keys.frame}", keys.signed(what)),
            signature.offset: Mark(f"signature {keys.frame}", keys.signed(*how)),
        }
    private = [one for one in item.root.all() if not one.is_public and not one.children]
    color = keys.own.color if _is_private(item) else "k"
    stripes = Mark(f"private {color}", Html())
    return {**_public_marks(item, keys.own), **{one.offset: stripes for one in private}}


def _public_marks(item: Item, own: _Label) -> dict[int, Mark]:
    """Return the marks of the public key in an item, or of its numbers in a private key."""
    marks, end = dict[int, Mark](), 0
    for element in item.root.all():
        is_inside = element.offset < end  # of one that is marked
        if element.name in _PUBLIC and element.is_public and not is_inside:
            what = f"{display.note(element)}; " if isinstance(item, Key) else "public half of "
            marks[element.offset] = Mark(f"public {own.color}", own.named(what))
            end = element.end
    return marks
