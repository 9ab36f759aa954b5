"""The keys of all files: the letter of each, who holds it, and what it signed."""

import string
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from common.show.chain import IssuersOf
from common.show.items import Certificate, Item, Key, Request

COLORS = 6  # the classes k1 to k6 in picture.css


class Label(NamedTuple):
    """What a key is called on the page, its class, and what holds it."""

    letter: str
    color: str
    private: list[str]  # the files that hold both halves
    public: list[str]  # those that hold the public half alone


class Keys(NamedTuple):
    """The key in an item, and the one that signed it."""

    own: Label
    signer: Label | None  # None if unknown, and of a key
    is_valid: bool | None  # whether the signer's key made the signature; None if it is not checked


def keys(
    items: Sequence[Item], account_key: Item | None, issuers_of: IssuersOf
) -> dict[Item, Keys]:
    """Return the keys of each item, in the order of the page. account_key: None if unknown."""
    ordered = _in_order(items, account_key, issuers_of)
    holders = dict[bytes, list[Item]]()  # by public key
    for item in ordered:
        holders.setdefault(item.canonical_spki, []).append(item)
    labels = {spki: _label(n, holders[spki]) for n, spki in enumerate(holders, 1)}
    return {item: _keys(item, labels, issuers_of) for item in ordered}


def holds_private(item: Item) -> bool:
    """Return whether an item holds the private half of its key."""
    return isinstance(item, Key) and item.is_private and item.numbers_agree is not False


def _in_order(items: Sequence[Item], account_key: Item | None, issuers_of: IssuersOf) -> list[Item]:
    """Return items in the order in which they come to be: keys, requests, certificates.

    The issuers of a certificate follow it. account_key, which comes first: None if unknown.
    """
    issuing = {ca for issuers in issuers_of.values() for ca in issuers.signers}

    def rank(item: Item) -> tuple[int, bool, bool, bool]:
        kind = (Key, Request, Certificate).index(type(item))
        is_other = account_key is None or account_key.canonical_spki != item.canonical_spki
        is_ca = isinstance(item, Certificate) and item.is_ca
        return kind, is_other, is_ca, item in issuing

    ordered = dict[Item, None]()
    for first in sorted(items, key=rank):
        its_chain = [first]
        for item in its_chain:  # which grows
            if item not in ordered:
                ordered[item] = None
                its_chain += issuers_of[item].signers if isinstance(item, Certificate) else []
    return list(ordered)


def _label(number: int, holders: Sequence[Item]) -> Label:
    letter = string.ascii_uppercase[number - 1 : number] or f"{number}"
    private = [item.where for item in holders if holds_private(item)]
    public = [item.where for item in holders if not holds_private(item)]
    return Label(letter, f"k{number}" if number <= COLORS else "k", private, public)


def _keys(item: Item, labels: Mapping[bytes, Label], issuers_of: IssuersOf) -> Keys:
    """Return the keys of an item. A request is signed with its own."""
    own = labels[item.canonical_spki]
    if isinstance(item, Request):
        return Keys(own, own, item.is_signature_valid)
    if isinstance(item, Certificate):
        signers, others, unchecked = issuers_of[item]
        for found, is_valid in ((signers, True), (unchecked, None), (others, False)):
            if found:
                return Keys(own, labels[found[0].canonical_spki], is_valid)
    return Keys(own, None, None)
