"""Runs of words in an address that may name a place, and the words before them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from cvocr_lab.places._gazetteer import MAY_BE_UNIT, explicit_unit, mended
from cvocr_lab.places._words import is_house, names_street, words_of
from cvocr_lab.text import fold, fold_key

_LONGEST: Final = 6
"""Number of words in the longest name, including its unit word."""
_TWO_WORDS: Final = frozenset(
    {"thị xã", "thị trấn", "thành phố", "thi xa", "thi tran", "thanh pho"}
)
_SETTLEMENT: Final = re.compile(r"(?:khu do thi|kdt|khu tap the|ktt|khu dan cu|kdc|cu xa|lang)$")
"""Words for settlements that are named like the ward they are in."""
_ENGLISH: Final = {
    "district": "quận", "province": "tỉnh", "city": "thành phố", "ward": "phường", "town": "thị xã",
}  # fmt: skip


class Run(NamedTuple):
    """A run of words that may name a place.

    `text` is as printed, but an English unit word after it becomes a Vietnamese one before it.  It
    begins with the unit word `unit`, "" for none; it is `bounded` if it begins at a separator or
    with a unit word.
    """

    text: str
    unit: str
    bounded: bool


class Runs:
    """The words of one address, separated by `parted`, and the runs that end at any of them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = words_of(text)
        whole = mended(text)  # of the same length
        heads = [fold(whole[word.begin : word.end]).lower() for word in self.words]
        self._keys = [fold_key(head).replace(" ", "") for head in heads]
        self._units = [MAY_BE_UNIT.match(head) is not None for head in heads]
        self._closes = [head in _ENGLISH for head in heads]
        self._runs: dict[tuple[int, int], Run] = {}

    def run(self, begin: int, end: int) -> Run:
        """Return the words from `begin` to before `end`."""
        if (begin, end) not in self._runs:
            text = self.text[self.words[begin].begin : self.words[end - 1].end]
            may_be_unit = self._units[begin]
            if self._closes[end - 1]:
                name, _, last = text.rpartition(" ")
                if name and (english := _ENGLISH.get(last.lower())):
                    text, may_be_unit = f"{english} {name}", True
            unit = explicit_unit(text) if may_be_unit else ""
            bounded = self.words[begin].gap > 0 or bool(unit)
            self._runs[begin, end] = Run(text, unit, bounded)
        return self._runs[begin, end]

    def joined(self, begin: int, end: int) -> str:
        """Return the words joined and folded, with letters for the digits in them."""
        return "".join(self._keys[begin:end])

    def _splits_unit(self, begin: int) -> bool:
        """Return whether a unit word of two words would be split there: ``Thị | xã``."""
        if self.words[begin].gap or self._keys[begin] not in ("xa", "tran", "pho"):
            return False
        both = self.text[self.words[begin - 1].begin : self.words[begin].end]
        return both.lower() in _TWO_WORDS

    def may_be_bounded(self, begin: int, end: int) -> bool:
        """Return quickly whether the run may begin at a separator or contain a unit word."""
        return self.words[begin].gap > 0 or self._units[begin] or self._closes[end - 1]

    def starts(self, end: int) -> Iterator[tuple[int, float]]:
        """Yield the possible starts of a name that ends at `end`, each with its penalty."""
        cost = 0.0
        for begin in range(end - 1, max(-1, end - 1 - _LONGEST), -1):
            if not self._splits_unit(begin):
                yield begin, cost
            cost += (0.0, 0.1, 0.6, 0.0)[self.words[begin].gap]

    def names_street(self, begin: int) -> bool:
        """Return whether the words before the name make it the name of a street."""
        first = begin
        while first and self.words[first].gap == 0:
            first -= 1
        if first == begin:
            return False
        return names_street(self.text[self.words[first].begin : self.words[begin - 1].end])

    def in_settlement(self, begin: int) -> bool:
        """Return whether a word for a settlement precedes the name: ``Khu đô thị Văn Quán``."""
        return _SETTLEMENT.search(fold_key(self.text[: self.words[begin].begin])) is not None

    def after_house(self, begin: int) -> bool:
        """Return whether only a house precedes the word."""
        if not begin:
            return True
        first = max(at for at in range(begin) if self.words[at].gap > 1)
        return is_house(self.run(first, begin).text)
