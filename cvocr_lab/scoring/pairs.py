"""Different pairs of truth and value: how far apart, in which way, and whether it matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from cvocr_lab.scoring.comparators import Rule, verdicts
from cvocr_lab.scoring.diagnosis import diagnose
from cvocr_lab.scoring.texts import Differing, Ints, as_letters, measure


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """What is known of pairs of keys that differ, each pair once; columns as in `Score.cells`."""

    edits: Ints
    word_edits: Ints
    anls: npt.NDArray[np.float64]
    tier: npt.NDArray[np.int8]
    verdict: npt.NDArray[np.int8]
    mistakes: list[str]


def distances(truths: Sequence[str], values: Sequence[str]) -> Ints:
    """Levenshtein distance of each pair; on every core where there are many."""
    workers = -1 if len(truths) > 10_000 else 1
    found: Ints = cpdist(
        truths, values, scorer=Levenshtein.distance, dtype=np.int64, workers=workers
    )
    return found


def differences(
    truths: Sequence[str], values: Sequence[str], field: str, rules: Sequence[Rule]
) -> Differences:
    """Look at pairs of keys of one field, none empty, none equal.

    Parameters
    ----------
    rules
        By which rule each pair's field type compares.
    """
    edits = distances(truths, values)
    pairs = Differing.of(truths, values)
    return Differences(
        edits=edits,
        word_edits=word_distances(truths, values, edits),
        anls=anls(truths, values),
        tier=pairs.tiers,
        verdict=verdicts(pairs, rules, edits),
        mistakes=diagnose(pairs, field, edits).mistakes,
    )


def word_distances(truths: Sequence[str], values: Sequence[str], edits: Ints) -> Ints:
    """Levenshtein distance of each pair in words, which blanks part; no pair is equal.

    Parameters
    ----------
    edits
        The distance in characters.
    """
    found = np.ones(len(truths), np.int64)
    ours, theirs = measure(truths)[1], measure(values)[1]
    # One edit that leaves the blanks alone is one word.
    at = np.flatnonzero((ours != theirs) | ((edits > 1) & (ours > 0))).tolist()
    for start in range(0, len(at), _STEP):
        some = at[start : start + _STEP]
        found[some] = distances(*as_letters([truths[i] for i in some], [values[i] for i in some]))
    return found


_STEP: Final = 50_000
"""Pairs looked at together: their words must not be more than there are characters."""


def anls(truths: Sequence[str], values: Sequence[str]) -> npt.NDArray[np.float64]:
    """Similarity of each pair as ANLS has it: 1 - edits / longer length, lower-cased, 0 below 0.5.

    At exactly 0.5 the published formula (ST-VQA, DocVQA) gives 0 and its successor ANLS* keeps
    0.5, and so do we.
    """
    ours, theirs = ("\n".join(texts).lower().split("\n") for texts in (truths, values))
    longer = np.maximum(measure(ours)[0], measure(theirs)[0])
    alike = 1 - distances(ours, theirs) / longer
    return np.where(alike < 0.5, 0.0, alike)
