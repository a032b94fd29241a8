"""Compare distinct pairs of truth and value: distances, tiers, verdicts and mistakes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from cvocr_lab.scoring.comparators import Rule, verdicts
from cvocr_lab.scoring.diagnosis import diagnose
from cvocr_lab.scoring.texts import Differing, Ints, measure


def distances(truths: Sequence[Sequence[Hashable]], values: Sequence[Sequence[Hashable]]) -> Ints:
    """Return the Levenshtein distance of each pair; uses all cores if there are many."""
    workers = -1 if len(truths) > 10_000 else 1
    found: Ints = cpdist(
        truths, values, scorer=Levenshtein.distance, dtype=np.int64, workers=workers
    )
    return found


def differences(
    truths: Sequence[str], values: Sequence[str], field: str, rules: Sequence[Rule]
) -> tuple[dict[str, npt.NDArray[np.number]], list[str]]:
    """Return columns of `Score.cells` for pairs of different keys, and the classes of mistakes.

    `rules` has the rule of each pair's field type.
    """
    edits = distances(truths, values)
    pairs = Differing.of(truths, values)
    found: dict[str, npt.NDArray[np.number]] = {
        "edits": edits,
        "word_edits": word_distances(truths, values, edits),
        "anls": anls(truths, values),
        "tier": pairs.tiers,
        "verdict": verdicts(pairs, rules, edits),
    }
    return found, diagnose(pairs, field, edits)[0]


def word_distances(truths: Sequence[str], values: Sequence[str], edits: Ints) -> Ints:
    """Return the Levenshtein distance of each pair in words; no pair is equal."""
    found = np.ones(len(truths), np.int64)
    ours, theirs = measure(truths)[1], measure(values)[1]
    # A single edit that does not change the number of blanks is one word.
    at = np.flatnonzero((ours != theirs) | ((edits > 1) & (ours > 0))).tolist()
    for start in range(0, len(at), _STEP):
        some = at[start : start + _STEP]
        found[some] = distances(
            *([texts[i].split(" ") for i in some] for texts in (truths, values))
        )
    return found


_STEP: Final = 50_000
"""Number of pairs whose words are in memory together."""


def anls(truths: Sequence[str], values: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return the ANLS of each pair: 1 - edits / longer length, in lower case, 0 if below 0.5.

    At exactly 0.5, the published formula (ST-VQA, DocVQA) gives 0; like its successor ANLS*, this
    function returns 0.5.
    """
    found: npt.NDArray[np.float64] = cpdist(
        truths, values, scorer=Levenshtein.normalized_similarity, processor=str.lower,
        score_cutoff=0.5, dtype=np.float64,
    )  # fmt: skip
    return found
