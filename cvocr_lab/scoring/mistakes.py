"""`diagnose`: classify the mistakes of a value as a whole, and letter by letter."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz.distance import Hamming, Levenshtein, Prefix
from rapidfuzz.process import cpdist, extractOne

from cvocr_lab.frames import TEXT
from cvocr_lab.kinds import TYPES
from cvocr_lab.scoring.texts import Differing, Ints, Key, points
from cvocr_lab.text import comparison_key, decompose, digits_from_lookalikes, fold, fold_key

LETTER_CLASSES: Final = (
    "tone", "shape", "tone+shape", "case", "lookalike", "letter", "digit", "punctuation", "space",
    "insertion", "deletion",
)  # fmt: skip
"""Classes of one edit.

``tone``, ``shape``, ``tone+shape``
    The same base letter with another tone mark, another shape (breve, circumflex, horn, the stroke
    of đ), or both, ignoring case.
``case``
    The same letter in the other case.
``lookalike``
    Two characters that look like the same digit (0 O Q D, 1 I l i, 2 Z, 5 S, 6 G, 8 B), ignoring
    diacritics.
``digit``, ``letter``
    Another digit instead of a digit; any other letter or digit instead of a letter or digit.
``punctuation``
    A punctuation mark that was replaced, inserted or deleted, or that replaces a character.
``space``
    A blank that was inserted or deleted, or that replaces or is replaced by a character.
``insertion``, ``deletion``
    A letter or digit that only the value has, or only the truth.
"""

PLACEMENT: Final = "placement"
LABEL: Final = "label text"
DROPPED: Final = "dropped line"
WRONG_LINE: Final = "wrong line"

VALUE_CLASSES: Final = (PLACEMENT, LABEL, DROPPED, WRONG_LINE)
"""Classes of mistakes of a value as a whole, which suppress letter-level mistakes.

``placement``
    Only the placement of tone marks differs: hoà for hòa.
``label text``
    The value begins or ends with the caption of its field, or with a caption of two or more words.
``dropped line``
    Two or more words are missing at the start, at the end, or in one piece in the middle of a
    value that may have several lines (residence, origin, signs).
``wrong line``
    The value is equal to the truth of another field in the same row (four or more characters).
"""

MISTAKES: Final = (*LETTER_CLASSES, *VALUE_CLASSES)
"""All classes in the column `mistakes`."""


@dataclass(frozen=True, slots=True, eq=False)
class Edits:
    """The edits between pairs of texts, pair by pair and from left to right.

    `pair` is the pair of each edit; `truth` and `value` are the two characters as code points, 0 if
    there is none.
    """

    pair: npt.NDArray[np.int64]
    truth: npt.NDArray[np.uint32]
    value: npt.NDArray[np.uint32]

    def classes(self) -> npt.NDArray[np.int64]:
        """Return the class of each edit as position in `LETTER_CLASSES`."""
        both = self.truth.astype(np.int64) << 21 | self.value
        different, where = np.unique(both, return_inverse=True)
        known = [_class(_char(n >> 21), _char(n & 0x1FFFFF)) for n in different.tolist()]
        numbers = np.array([LETTER_CLASSES.index(name) for name in known], dtype=np.int64)
        return numbers[where] if len(different) else np.empty(0, np.int64)


def _char(number: int) -> str:
    """Return the character of a code point; "" for 0."""
    return chr(number) if number else ""


@cache
def _class(truth: str, value: str) -> str:
    if truth.isspace() or value.isspace():
        return "space"
    if not truth or not value:
        other = truth or value
        if not other.isalnum():
            return "punctuation"
        return "deletion" if truth else "insertion"
    (base_t, shape_t, tone_t), (base_v, shape_v, tone_v) = decompose(truth), decompose(value)
    if base_t.casefold() == base_v.casefold():
        if shape_t != shape_v:
            return "shape" if tone_t == tone_v else "tone+shape"
        return "case" if tone_t == tone_v else "tone"
    digits = {digits_from_lookalikes(fold(c)) for c in (truth, value)}
    if len(digits) == 1 and digits.pop().isdigit():
        return "lookalike"
    if not (truth.isalnum() and value.isalnum()):
        return "punctuation"
    return "digit" if truth.isdigit() and value.isdigit() else "letter"


def distances(truths: Sequence[Sequence[Hashable]], values: Sequence[Sequence[Hashable]]) -> Ints:
    """Return the Levenshtein distance of each pair; uses all cores if there are many."""
    workers = -1 if len(truths) > 10_000 else 1
    found: Ints = cpdist(
        truths, values, scorer=Levenshtein.distance, dtype=np.int64, workers=workers
    )
    return found


def align(truths: Sequence[str], values: Sequence[str], distances: Ints) -> Edits:
    """Find a minimum number of edits that change each truth into its value.

    If replacements alone are a minimum, they are preferred to insertions and deletions.
    """
    size, other = (np.fromiter(map(len, texts), np.int64) for texts in (truths, values))
    replaced = cpdist(truths, values, scorer=Hamming.distance, dtype=np.int64)
    in_place = ((size == other) & (replaced == distances)).tolist()
    pairs: list[int] = []
    ours: list[str] = []
    theirs: list[str] = []
    for pair, (truth, value) in enumerate(zip(truths, values, strict=True)):
        scorer = Hamming if in_place[pair] else Levenshtein
        for kind, i, j in scorer.editops(truth, value).as_list():
            pairs.append(pair)
            ours.append("\0" if kind == "insert" else truth[i])
            theirs.append("\0" if kind == "delete" else value[j])
    return Edits(np.array(pairs, np.int64), points("".join(ours)), points("".join(theirs)))


def confused_letters(cells: pd.DataFrame, make_key: Key) -> pd.DataFrame:
    """List the confused letters, except those that are part of a mistake of the whole value.

    The columns are `place` (position in `cells`), `truth_char` and `value_char` ("" if there is
    none), and `class`.
    """
    found = []
    cells = cells.reset_index(drop=True)
    wrong = cells[(cells["outcome"] == "wrong") & (cells["mistakes"] != WRONG_LINE)]
    for field, some in wrong.groupby("field", observed=True):
        group = some.groupby(["truth", "value"], sort=False, observed=True).ngroup().to_numpy()
        first = np.unique(group, return_index=True)[1]
        truths, values = (
            list(map(make_key, some[side].take(first).tolist())) for side in ("truth", "value")
        )
        pairs = Differing.of(truths, values)
        _, edits = diagnose(pairs, str(field), distances(truths, values))
        each = pd.DataFrame(
            {
                "group": edits.pair,
                "truth_char": list(map(_char, edits.truth.tolist())),
                "value_char": list(map(_char, edits.value.tolist())),
                "class": np.array(LETTER_CLASSES, object)[edits.classes()],
            }
        )
        places = pd.DataFrame({"group": group, "place": some.index})
        found.append(places.merge(each, on="group").drop(columns="group"))
    if not found:
        empty = pd.Series(dtype=TEXT)
        return pd.DataFrame({"truth_char": empty, "value_char": empty, "class": empty}).assign(
            place=pd.Series(dtype="int64")
        )
    return pd.concat(found, ignore_index=True)


Edit = tuple[str, str, str]
"""``equal``, ``replace``, ``insert`` or ``delete``; the letters printed; the letters read."""


def edits(truth: str, value: str) -> list[Edit]:
    """Return the edit operations between two texts.

    >>> edits("TRẦN ÂN", "TRẦN AN")
    [('equal', 'TRẦN ', 'TRẦN '), ('replace', 'Â', 'A'), ('equal', 'N', 'N')]
    """
    above, below = comparison_key(truth), comparison_key(value)
    return [
        (step.tag, above[step.src_start : step.src_end], below[step.dest_start : step.dest_end])
        for step in Levenshtein.opcodes(above, below)
    ]


def diagnose(pairs: Differing, field: str, distances: Ints) -> tuple[list[str], Edits]:
    """Return the classes of the mistakes of pairs of different keys, and their edits.

    The classes of a pair are joined by ``;``: those of the value as a whole, then one per edit from
    left to right.
    """
    truths, values, left = list(pairs.truths), list(pairs.values), distances.copy()
    whole: dict[int, list[str]] = {}
    for at in sorted(pairs.placed_otherwise(distances)):
        whole[at] = [PLACEMENT]
        values[at] = truths[at]
    captions = tuple(map("".join, _captions(field)))
    for at in pairs.framed(captions, distances):
        if (bare := _without_labels(truths[at], values[at], field)) is not None:
            whole.setdefault(at, []).append(LABEL)
            values[at] = bare or truths[at]
    if field in _wrapping():
        sizes = np.fromiter((len(t) - len(v) for t, v in zip(truths, values, strict=True)), int)
        for at in np.flatnonzero(sizes >= _FEWEST_LOST).tolist():
            if (kept := _kept(truths[at], values[at])) is not None:
                whole.setdefault(at, []).append(DROPPED)
                truths[at] = kept
    for at in whole:
        left[at] = Levenshtein.distance(truths[at], values[at])
    edits = align(truths, values, left)
    names = [LETTER_CLASSES[i] for i in edits.classes().tolist()]
    ends = np.searchsorted(edits.pair, np.arange(len(truths) + 1)).tolist()
    texts = [";".join(names[a:b]) for a, b in pairwise(ends)]
    for at, classes in whole.items():
        texts[at] = ";".join([*classes, *filter(None, [texts[at]])])
    return texts, edits


Caption = tuple[str, ...]


@cache
def _captions(field: str) -> tuple[Caption, ...]:
    """Return the captions that may precede or follow a value, as folded words, longest first."""
    found = set()
    for kind in TYPES.values():
        for entry in kind.fields:
            for caption in (*entry.vi, *entry.en):
                words = tuple(fold_key(caption).split())
                if words and (entry.name == field or len(words) > 1):
                    found.add(words)
    return tuple(sorted(found, key=lambda words: (-len(words), words)))


_WORD: Final = re.compile(r"[^\W_]+")


def _without_labels(truth: str, value: str, field: str) -> str | None:
    """Return the value without captions before and after it; None if there are none.

    Removing a caption must save as many edits as it has letters; otherwise it is part of the value.
    """
    spans = [found.span() for found in _WORD.finditer(value)]
    words = tuple(fold_key(value[a:b]) for a, b in spans)
    first, last, letters = 0, len(words), 0
    while first < last:
        for caption in _captions(field):
            size = len(caption)
            if words[first : first + size] == caption:
                first += size
            elif size > 1 and words[last - size : last] == caption and last - size >= first:
                last -= size
            else:
                continue
            letters += sum(map(len, caption))
            break
        else:
            break
    if not letters:
        return None
    if first >= last:
        return ""
    end = spans[last - 1][1] if last < len(words) else len(value)
    bare = value[spans[first][0] : end]
    saved = Levenshtein.distance(truth, value) - Levenshtein.distance(truth, bare)
    return bare if saved >= letters else None


@cache
def _wrapping() -> frozenset[str]:
    """Return the fields that have more than one line on some paper."""
    return frozenset(
        entry.name
        for kind in TYPES.values()
        for entry in kind.fields
        if entry.max_lines > 1 or any(s.lines > 1 for p in kind.layouts for s in p.slots
                                      if s.field == entry.name)
    )  # fmt: skip


_FEWEST_LOST: Final = 6
"""Minimum number of characters of a dropped line."""


def _kept(truth: str, value: str) -> str | None:
    """Return the part of the truth that was read, if the rest is missing in one piece."""
    left: list[str] = []
    for gap in re.finditer(r"[\s,]+", truth):
        before, after = truth[: gap.start()], truth[gap.end() :]
        for kept, lost in ((after, before), (before, after)):
            if len(lost) >= _FEWEST_LOST - 2 and re.search(r"\w[\s,]+\w", lost):
                left.append(kept)
    slack = max(2, len(value) // 5)
    best = extractOne(value, left, scorer=Levenshtein.distance, score_cutoff=slack)
    return best[0] if best else _pierced(truth, value)


def _pierced(truth: str, value: str) -> str | None:
    """Return the value if it is the truth without one piece in the middle."""
    size, first = len(truth) - len(value), Prefix.similarity(truth, value)
    lost = truth[first : first + size]
    whole = first and value == truth[:first] + truth[first + size :]
    return value if whole and re.search(r"\w[\s,]+\w", lost) else None
