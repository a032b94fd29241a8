"""Split an address into words, and recognise houses and streets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Sequence
from typing import Final, NamedTuple

from rapidfuzz import fuzz

from cvocr_lab.places._gazetteer import province_named
from cvocr_lab.text import fold_key

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


def words_of(text: str) -> list[Word]:
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


def names_street(head: str) -> bool:
    """Return whether these words, such as a house number, are followed by a street's name."""
    key = fold_key(head)
    return not _HAMLET.fullmatch(key) and _BEFORE_STREET.fullmatch(key) is not None
