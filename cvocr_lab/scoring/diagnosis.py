"""`diagnose`: classify the mistakes of a value as a whole, and letter by letter."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import Final

import numpy as np
from rapidfuzz.distance import Levenshtein

from cvocr_lab.kinds import TYPES
from cvocr_lab.scoring.mistakes import LETTER_CLASSES, Edits, align
from cvocr_lab.scoring.texts import Differing, Ints
from cvocr_lab.text import fold_key

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
    slack = max(2, len(value) // 5)
    best: tuple[int, str] | None = None
    for found in re.finditer(r"[\s,]+", truth):
        for kept, lost in (
            (truth[found.end() :], truth[: found.start()]),
            (truth[: found.start()], truth[found.end() :]),
        ):
            if len(lost) < _FEWEST_LOST - 2 or abs(len(kept) - len(value)) > slack:
                continue
            if not re.search(r"\w[\s,]+\w", lost):
                continue
            far = Levenshtein.distance(kept, value, score_cutoff=slack)
            if far <= slack and (best is None or far < best[0]):
                best = far, kept
    return best[1] if best else _pierced(truth, value)


def _pierced(truth: str, value: str) -> str | None:
    """Return the value if it is the truth without one piece in the middle."""
    size, first = len(truth) - len(value), 0
    while first < len(value) and truth[first] == value[first]:
        first += 1
    lost = truth[first : first + size]
    whole = first and value == truth[:first] + truth[first + size :]
    return value if whole and re.search(r"\w[\s,]+\w", lost) else None
