"""Split an address into words, and find houses, streets, and runs that may name a place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from typing import Final, NamedTuple

from rapidfuzz import fuzz

from cvocr_lab.places._gazetteer import MAY_BE_UNIT, explicit_unit, mended, province_named
from cvocr_lab.text import fold, fold_key

# Words before the name of a street, which is therefore not that of a ward.
_BEFORE_STREET: Final = re.compile(
    r"(?:(?:so|sn|nha|ngo|ngach|hem|kiet|lo|duong|pho|toa|phong|can|\w{0,3}\d\w*) ?)+"
)
_HOUSE: Final = re.compile(
    r"(?:so|sn|to|thon|xom|ap|khu|doi|ban|buon|lang|khom|kp|kdc|ngo|ngach|hem|kiet|duong|pho|tdp|"
    r"can ho|chung cu|toa|lo|plei|bon|phum|soc|nga tu|nga ba|quoc lo|ql|tinh lo)\b|\w{0,3}\d"
)
_HAMLET: Final = re.compile(r"(?:to|thon|xom|ap|khu|kp|tdp|doi|ban|cum|khom)\b.*|kp\d+")


_SHORT_UNITS: Final = frozenset(
    {"tp", "tx", "tt", "t", "q", "p", "h", "x", "f", "phường", "quận", "huyện", "xã"}
)


class Word(NamedTuple):
    """A word of the address, from `begin` to before `end`.

    `gap` is what separates it from the word before: 0 a blank, 1 a dash, dot, slash or bracket, 2 a
    comma; 3 for the first word.
    """

    begin: int
    end: int
    gap: int


_GLUED: Final = (
    (re.compile(r"(?<=\d)(?=[PQFpqf]\.?\s?\d)"), " "),  # P8Q10
    (re.compile(r"\b(quận|quan|phường|phuong)(?=\d)", re.IGNORECASE), r"\1 "),
    (re.compile(r"\b(tp|tx|tt|[pqhxf])[.:]+\s*(?=\w)", re.IGNORECASE), r"\1. "),
    (re.compile(r"\b([pq])(?=[A-ZĐ][^\W\d_A-ZĐ])"), r"\1. "),
    (re.compile(r"\b(Tp|TP)(?=[A-ZĐ]{2,3}\b|[A-ZĐ][^\W\d_A-ZĐ])"), r"\1. "),
)


def is_house(part: str) -> bool:
    """Return whether a part begins like a house, a street or a hamlet."""
    return _HOUSE.match(fold_key(part)) is not None


def parted(text: str) -> str:
    """Insert blanks between units that were written as one word, as in ``P8Q10``."""
    for pattern, with_blank in _GLUED:
        text = pattern.sub(with_blank, text)
    return text


_LEAST_LETTERS, _ALIKE = 4, 60
"""Least length of a word to keep, and least similarity (percent) to its replacement."""


def lost_words(text: str, found: str, province: str) -> list[str]:
    """Return the words of `text` that are missing in `found`, as printed: no name may be lost.

    Unit words, words that were replaced by similar ones, and other spellings of the province do not
    count.  Of words of one to three letters only single letters count.
    """
    if text == found:
        return []
    keys = fold_key(found).split()
    if set(keys).issuperset(fold_key(text).split()):  # most addresses
        return []
    kept = Counter(keys)
    words = [(word, fold_key(word)) for word in re.findall(r"[^\W\d_]+", text)]
    mended = list((kept - Counter(key for _, key in words)).elements())
    return _lone_letters(text, kept, mended) + [
        word
        for word, key in words
        if key not in kept
        and len(word) >= _LEAST_LETTERS
        and key not in _UNIT_KEYS
        and not any(fuzz.ratio(key, other) >= _ALIKE for other in mended)
        and not ((place := province_named(word)) and place[0].name == province)
    ]


_UNIT_KEYS: Final = frozenset(
    "phuong quan huyen thanh tinh tran dac city district ward province town commune".split()  # noqa: SIM905
)
_LONE: Final = re.compile(r"(?<!\w)(?![pqhxft])[^\W\d_](?!\w)", re.IGNORECASE)


def _lone_letters(text: str, kept: Container[str], mended: Sequence[str]) -> list[str]:
    """Return single letters that are not kept, not even as a part of another word.

    Letters that may abbreviate a unit word do not count.
    """
    lost = []
    for found in _LONE.finditer(text):
        key = fold_key(found[0])
        before = fold_key(text[: found.start()]).rpartition(" ")[2]
        after = fold_key(text[found.end() :]).partition(" ")[0]
        whole = any(word in kept for word in (key, before + key, key + after))
        if not whole and not any(key in word for word in mended):
            lost.append(found[0])
    return lost


_WORD: Final = re.compile(r"[^\s,;:/_()–—|.!-]+")
_PARTING: Final = re.compile("[-–—/()_]")


def _words_of(text: str) -> list[Word]:
    """Split an address into words."""
    found: list[Word] = []
    last = 0
    for match in _WORD.finditer(text):
        between = text[last : match.start()]
        gap = 0 if between.isspace() else 2 if "," in between or ";" in between else 1
        if found and gap == 1 and not _PARTING.search(between):
            # A dot or colon after a unit word belongs to it.
            before = text[found[-1].begin : found[-1].end].lower()
            gap = 0 if before in _SHORT_UNITS else 1
        found.append(Word(match.start(), match.end(), gap if found else 3))
        last = match.end()
    return found


def _names_street(head: str) -> bool:
    """Return whether these words, such as a house number, are followed by a street's name."""
    key = fold_key(head)
    return not _HAMLET.fullmatch(key) and _BEFORE_STREET.fullmatch(key) is not None


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
        self.words = _words_of(text)
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
        return _names_street(self.text[self.words[first].begin : self.words[begin - 1].end])

    def in_settlement(self, begin: int) -> bool:
        """Return whether a word for a settlement precedes the name: ``Khu đô thị Văn Quán``."""
        return _SETTLEMENT.search(fold_key(self.text[: self.words[begin].begin])) is not None

    def after_house(self, begin: int) -> bool:
        """Return whether only a house precedes the word."""
        if not begin:
            return True
        first = max(at for at in range(begin) if self.words[at].gap > 1)
        return is_house(self.run(first, begin).text)
