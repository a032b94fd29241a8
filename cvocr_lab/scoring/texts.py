"""Process columns of text by their distinct texts."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import eq
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.frames import TEXT
from cvocr_lab.text import LETTERS, comparison_key, fold, old_tone

Ints = npt.NDArray[np.int64]
Key = Callable[[str], str]

# What `comparison_key` may change in a text in NFC.
_UNCLEAN: Final = re.compile(
    "^\\s|\\s$|\\s\\s|[^\\S ]|"
    "[\u00d0\u0189\u00f0\u0256\u00ad\u200b-\u200d\u2060\ufeff\u0300-\u036f]"
)


def key(text: str) -> str:
    """Return `comparison_key`, quickly if it does not change the text."""
    if unicodedata.is_normalized("NFC", text) and not _UNCLEAN.search(text):
        return text
    return comparison_key(text)


def key_for(tone_style: Literal["unify"] | None) -> Key:
    """Return `key`, or the key with all tone marks in the old style."""
    return (lambda text: old_tone(key(text))) if tone_style == "unify" else key


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Several columns of text, encoded as positions in one list of distinct texts.

    `texts` are the distinct texts as written, and `keys` those by which they are compared; several
    texts may have the same key, whose position is `key_of`.  `columns` has, for each column, the
    position of the text in every row.
    """

    texts: pd.Series
    keys: list[str]
    key_of: Ints
    columns: tuple[Ints, ...]


def code(columns: Sequence[pd.Series], make_key: Key) -> Coded:
    """Encode the distinct texts of `columns`, and their keys."""
    codes, found = pd.factorize(pd.concat(columns, ignore_index=True))
    keys: list[str] = found.tolist()
    key_of = np.arange(len(keys))
    changing = _perhaps_unclean(keys) if make_key is key else range(len(keys))
    changed = {at: new for at in changing if (new := make_key(keys[at])) != keys[at]}
    if changed:
        sought = set(changed.values())
        numbers = {text: number for number, text in enumerate(keys) if text in sought}
        for at, new in changed.items():
            if new not in numbers:
                numbers[new] = len(keys)
                keys.append(new)
            key_of[at] = numbers[new]
    ends = np.cumsum([len(c) for c in columns])[:-1]
    parts = np.split(codes.astype(np.int64, copy=False), ends)
    return Coded(pd.Series(found, dtype=TEXT), keys, key_of, tuple(parts))


def _perhaps_unclean(texts: list[str]) -> Sequence[int]:
    """Return the positions of texts that `key` may change, by one scan of all texts."""
    joined = "\n".join(["", *texts, ""])
    if joined.count("\n") != len(texts) + 1:
        return range(len(texts))
    marks = points(joined)
    blank, end = marks == 32, marks == 10
    wide = blank[1:-1] & (blank[:-2] | end[:-2] | end[2:])
    dirty = np.flatnonzero(wide | ~_clean().take(marks[1:-1], mode="clip")) + 1
    found: list[int] = np.unique(np.searchsorted(np.flatnonzero(end), dirty) - 1).tolist()
    return found


@cache
def _clean() -> npt.NDArray[np.bool_]:
    """Return for each code point whether its texts are in NFC; the last is for all others."""
    found = np.zeros(0x2000, np.bool_)
    found[[ord(c) for c in f"\n {string.ascii_letters}{string.digits}{string.punctuation}"]] = True
    found[[ord(c) for c in LETTERS]] = True
    return found


def points(text: str) -> npt.NDArray[np.uint32]:
    """Return the code points of `text`."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def translated(text: str, table: dict[int, str]) -> str:
    """Return `text.translate(table)`, much faster for long texts.

    The table must have an entry for every character.
    """
    if len(text) < _LONG:
        return text.translate(table)
    marks = points(text)
    there: list[int] = np.flatnonzero(np.bincount(marks)).tolist()
    become = {point: table[point] for point in there}
    if there[0] == 0 or max(map(len, become.values())) > 1:
        return text.translate(table)
    to = np.zeros(there[-1] + 1, np.uint32)
    to[there] = [ord(new) if new else 0 for new in become.values()]
    found = to[marks]
    if "" in become.values():
        found = found[found != 0]
    return found.astype("<u4", copy=False).tobytes().decode("utf-32-le", "surrogatepass")


_LONG: Final = 2_000


class _Fold(dict[int, str]):
    def __missing__(self, point: int) -> str:
        return self.setdefault(point, fold(chr(point)) if point > 127 else chr(point))


class _Loose(dict[int, str]):
    def __missing__(self, point: int) -> str:
        return self.setdefault(point, "\n" if point == 10 else loose_text(chr(point)))


def loose_text(text: str) -> str:
    """Return the letters and digits of a text without diacritics and case."""
    return "".join(c for c in fold(text.casefold()).casefold() if c.isalnum())


FOLD: Final = _Fold()
"""For `str.translate`: removes diacritics."""
_LOOSE: Final = _Loose()

TIERS: Final = ("exact", "case", "diacritics", "loose", "none")
"""The strictest way in which truth and value are equal.

``exact``: equal comparison keys.  ``case``: equal ignoring case.  ``diacritics``: equal ignoring
diacritics (đ equals d), but not case.  ``loose``: equal letters and digits, ignoring diacritics,
case, blanks and punctuation.  ``none``: different in all these ways.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Differing:
    """Pairs of keys that are neither empty nor equal, and have no line breaks.

    `loose_values` are the letters and digits of the values without diacritics and case; `tiers` is
    the tier of each pair, as position in `TIERS`.
    """

    truths: Sequence[str]
    values: Sequence[str]
    loose_values: list[str]
    tiers: npt.NDArray[np.int8]

    @classmethod
    def of(cls, truths: Sequence[str], values: Sequence[str]) -> Differing:
        """Fold the pairs and find their tiers."""
        loose = [translated("\n".join(t), _LOOSE).split("\n") for t in (truths, values)]
        tiers = np.full(len(truths), TIERS.index("none"), np.int8)
        # Pairs that are equal in a stricter way are equal loosely, or have no letters.
        alike = np.fromiter(map(eq, *loose), np.bool_, len(truths))
        for at in np.flatnonzero(alike).tolist():
            truth, value = truths[at], values[at]
            if truth.casefold() == value.casefold():
                tiers[at] = TIERS.index("case")
            elif truth.translate(FOLD) == value.translate(FOLD) != "":
                tiers[at] = TIERS.index("diacritics")
            elif loose[0][at]:
                tiers[at] = TIERS.index("loose")
        return cls(truths, values, loose[1], tiers)

    def placed_otherwise(self, distances: Ints) -> set[int]:
        """Return the pairs that differ only in the placement of tone marks."""
        # Moving a tone mark changes two letters, and only in their diacritics.
        marks = (self.tiers == TIERS.index("diacritics")) & (distances > 1)
        return {
            at
            for at in np.flatnonzero(marks).tolist()
            if old_tone(self.truths[at]) == old_tone(self.values[at])
        }

    def framed(self, loose: tuple[str, ...], distances: Ints) -> list[int]:
        """Return the pairs whose value begins or ends with one of these loose texts."""
        # Such a text adds as many letters as it has.
        some = np.flatnonzero(distances >= min(map(len, loose), default=0)).tolist()
        values = self.loose_values
        return [at for at in some if values[at].startswith(loose) or values[at].endswith(loose)]
