"""Columns of text as numbers: every different text is looked at once."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.frames import TEXT
from cvocr_lab.text import LETTERS, comparison_key, fold, old_tone

Ints = npt.NDArray[np.int64]
Key = Callable[[str], str]

# What `comparison_key` may change in a text that is NFC already.
_UNCLEAN: Final = re.compile(
    "^\\s|\\s$|\\s\\s|[^\\S ]|"
    "[\u00d0\u0189\u00f0\u0256\u00ad\u200b-\u200d\u2060\ufeff\u0300-\u036f]"
)


def key(text: str) -> str:
    """Give `comparison_key`, quickly where nothing is to be done."""
    if unicodedata.is_normalized("NFC", text) and not _UNCLEAN.search(text):
        return text
    return comparison_key(text)


def tone_key(text: str) -> str:
    """Give the comparison key with all tones placed in the old style."""
    return old_tone(key(text))


def as_text(values: pd.Series) -> pd.Series:
    """`values` as text under a fresh index, "" for what is missing."""
    values = values.reset_index(drop=True)
    if values.dtype == TEXT and values.dtype != np.dtype(object):
        return values.fillna("")
    values = values.astype(object)
    return values.where(values.notna(), "").map(str).astype(TEXT)


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Several columns of text over one list of different texts.

    Parameters
    ----------
    texts
        The different texts as written.
    keys
        What they are compared by; texts may share one.
    key_of
        For each text the position of its key in `keys`.
    columns
        For each column, the position of its text in every row.
    """

    texts: pd.Series
    keys: list[str]
    key_of: Ints
    columns: tuple[Ints, ...]


def code(columns: Sequence[pd.Series], make_key: Key) -> Coded:
    """Number the different texts of `columns`, and the different keys among them."""
    codes, found = pd.factorize(pd.concat(columns, ignore_index=True))
    keys: list[str] = found.tolist()
    key_of = np.arange(len(keys))
    changing = _perhaps_unclean(keys) if make_key is key else range(len(keys))
    if len(changing):
        numbers = {text: number for number, text in enumerate(keys)}
        for at in changing:
            if (new := make_key(keys[at])) != keys[at]:
                if new not in numbers:
                    numbers[new] = len(keys)
                    keys.append(new)
                key_of[at] = numbers[new]
    ends = np.cumsum([len(c) for c in columns])[:-1]
    parts = np.split(codes.astype(np.int64, copy=False), ends)
    return Coded(pd.Series(found, dtype=TEXT), keys, key_of, tuple(parts))


def _perhaps_unclean(texts: list[str]) -> Sequence[int]:
    """Find the texts that `key` may change, at the cost of one look at them all."""
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
    """Tell of code points whether a text of them alone is NFC; the last speaks for all beyond."""
    found = np.zeros(0x2000, np.bool_)
    found[[ord(c) for c in f"\n {string.ascii_letters}{string.digits}{string.punctuation}"]] = True
    found[[ord(c) for c in LETTERS]] = True
    return found


def points(text: str) -> npt.NDArray[np.uint32]:
    """Code points of `text`."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


class _Fold(dict[int, str]):
    def __missing__(self, point: int) -> str:
        return self.setdefault(point, fold(chr(point)) if point > 127 else chr(point))


class _Loose(dict[int, str]):
    def __missing__(self, point: int) -> str:
        plain = "".join(c for c in fold(chr(point).casefold()).casefold() if c.isalnum())
        return self.setdefault(point, "\n" if point == 10 else plain)


FOLD: Final = _Fold()
"""For `str.translate`: letters without their marks."""
_LOOSE: Final = _Loose()

TIERS: Final = ("exact", "case", "diacritics", "loose", "none")
"""The strictest way in which truth and value are equal.

``exact``: by their comparison keys.  ``case``: when both are case-folded.  ``diacritics``: when
both lose their marks and đ is d, case kept.  ``loose``: by letters and digits alone, without
marks, case, blanks and punctuation.  ``none``: in no way.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Differing:
    """Pairs of keys, none empty, none equal.

    Parameters
    ----------
    truths, values
        Without line breaks, as keys are.
    loose_truths, loose_values
        Their letters and digits alone, without marks and case.
    tiers
        By which of `TIERS` each pair is equal, as its position.
    """

    truths: Sequence[str]
    values: Sequence[str]
    loose_truths: list[str]
    loose_values: list[str]
    tiers: npt.NDArray[np.int8]

    @classmethod
    def of(cls, truths: Sequence[str], values: Sequence[str]) -> Differing:
        """Fold the pairs and find their tiers."""
        ours, theirs = "\n".join(truths), "\n".join(values)
        loose = [text.translate(_LOOSE).split("\n") for text in (ours, theirs)]
        tiers = np.full(len(truths), TIERS.index("none"), np.int8)
        for name, (left, right) in (
            ("loose", loose),
            ("diacritics", (t.translate(FOLD).split("\n") for t in (ours, theirs))),
            ("case", (t.casefold().split("\n") for t in (ours, theirs))),
        ):
            equal = (a == b != "" for a, b in zip(left, right, strict=True))
            tiers[np.fromiter(equal, np.bool_, len(truths))] = TIERS.index(name)
        return cls(truths, values, loose[0], loose[1], tiers)

    def placed_otherwise(self, distances: Ints) -> set[int]:
        """Find the pairs that differ in nothing but where tones are placed."""
        # A tone that moves changes two letters, and no letter but by its marks.
        marks = (self.tiers == TIERS.index("diacritics")) & (distances > 1)
        return {
            at
            for at in np.flatnonzero(marks).tolist()
            if old_tone(self.truths[at]) == old_tone(self.values[at])
        }

    def framed(self, loose: tuple[str, ...]) -> list[int]:
        """Find the pairs whose value begins or ends with one of these loose texts."""
        return [
            at
            for at, value in enumerate(self.loose_values)
            if value.startswith(loose) or value.endswith(loose)
        ]


class Words(dict[str, str]):
    """One character for each word, so that words can be compared as characters."""

    def __missing__(self, word: str) -> str:
        # Not among the surrogates, which are no characters.
        number = len(self) + 1
        return self.setdefault(word, chr(number if number < 0xD800 else number + 0x800))

    def write(self, text: str) -> str:
        """`text` with a character for each of its words."""
        return "".join(map(self.__getitem__, text.split(" ")))
