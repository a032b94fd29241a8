"""`align`: find the edits between truth and value, and classify them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Hamming, Levenshtein
from rapidfuzz.process import cpdist

from cvocr_lab.scoring.texts import Ints, points
from cvocr_lab.text import comparison_key, decompose, digits_from_lookalikes, fold

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
        known = [_class(char(n >> 21), char(n & 0x1FFFFF)) for n in different.tolist()]
        numbers = np.array([LETTER_CLASSES.index(name) for name in known], dtype=np.int64)
        return numbers[where] if len(different) else np.empty(0, np.int64)


def char(number: int) -> str:
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
