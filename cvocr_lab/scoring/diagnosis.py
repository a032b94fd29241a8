"""What went wrong in a value as a whole, and letter by letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cvocr_lab.scoring.mistakes import LETTER_CLASSES, Edits, align
from cvocr_lab.scoring.texts import Ints

WRONG_LINE = "wrong line"


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosis:
    """The mistakes of pairs.

    Parameters
    ----------
    mistakes
        For each pair the classes of its mistakes, joined by ``;``.
    edits
        The single edits behind them.
    """

    mistakes: list[str]
    edits: Edits


def diagnose(truths: Sequence[str], values: Sequence[str], field: str, edits: Ints) -> Diagnosis:
    """Find the mistakes of pairs of keys that differ."""
    found = align(truths, values, edits)
    names = [LETTER_CLASSES[i] for i in found.classes().tolist()]
    ends = np.searchsorted(found.pair, np.arange(len(truths) + 1)).tolist()
    texts = [";".join(names[a:b]) for a, b in pairwise(ends)]
    return Diagnosis(texts, found)
