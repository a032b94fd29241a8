"""Different pairs of truth and value: how far apart, in which way, and whether it matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from cvocr_lab.scoring.comparators import Rule, verdicts
from cvocr_lab.scoring.diagnosis import diagnose
from cvocr_lab.scoring.texts import Differing, Ints, word_marks


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
    known: dict[str, str] = {}
    return Differences(
        edits=edits,
        word_edits=distances(word_marks(truths, known), word_marks(values, known)),
        anls=anls(truths, values),
        tier=pairs.tiers,
        verdict=verdicts(pairs, rules),
        mistakes=diagnose(pairs, field, edits).mistakes,
    )


def anls(truths: Sequence[str], values: Sequence[str]) -> npt.NDArray[np.float64]:
    """Similarity of each pair as ANLS has it: 1 - edits / longer length, lower-cased, 0 below 0.5.

    At exactly 0.5 the published formula (ST-VQA, DocVQA) gives 0 and its successor ANLS* keeps
    0.5, and so do we.
    """
    ours, theirs = ([t.lower() for t in texts] for texts in (truths, values))
    longer = np.fromiter((max(len(a), len(b)) for a, b in zip(ours, theirs, strict=True)), float)
    alike = 1 - distances(ours, theirs) / longer
    return np.where(alike < 0.5, 0.0, alike)
