"""Rates of groups of cells, each with its 95 % interval.

`cvocr_lab.scoring.page.DEFINITIONS` defines the rates.  All of them are ratios of sums over
cells, so they can be computed from `Score.cells` with pandas.  The intervals are computed by cards,
that is, by rows of the truth; see `cvocr_lab.scoring.intervals`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.scoring.cells import OUTCOMES
from cvocr_lab.scoring.intervals import Floats, clustered, tallied
from cvocr_lab.scoring.texts import Ints

RATES: Final = (
    "exact", "exact_case", "exact_diacritics", "exact_loose", "same_value", "right", "coverage",
    "precision", "recall", "card_exact", "f1", "cer", "cer_macro", "wer", "wer_macro", "anls",
)  # fmt: skip
"""Names of all rates; the intervals are in ``<name>_low`` and ``<name>_high``."""


def rates(cells: pd.DataFrame, group: Ints, groups: int, rows: int) -> dict[str, Floats]:
    """Count the outcomes and compute the rates of each group."""
    outcome = pd.Categorical(cells["outcome"], list(OUTCOMES)).codes.astype(np.int64)
    fractions = _fractions(cells, outcome)
    present = fractions["exact"][1].astype(bool)
    counted = {"n": outcome >= 0} | {name: outcome == at for at, name in enumerate(OUTCOMES)}
    counted["other_era"] = present & (cells["verdict"] == "other era").to_numpy()
    found = {
        name: np.bincount(group[which], minlength=groups).astype(np.float64)
        for name, which in counted.items()
    }
    row = cells["row"].to_numpy(np.int64)
    card, cards = pd.factorize(group * np.int64(max(rows, 1)) + row)
    card_group = cards // max(rows, 1)
    found["cards"] = np.bincount(card_group, minlength=groups).astype(np.float64)
    # Several rates have the same parts, which are told apart by their identity.
    parts = {id(part): part for pair in fractions.values() for part in pair}
    of_card: dict[int, Floats] = {
        which: np.bincount(card, part, len(cards)).astype(np.float64, copy=False)
        for which, part in parts.items()
    }
    made = {name: (of_card[id(a)], of_card[id(b)]) for name, (a, b) in fractions.items()}
    right, every = made["right"]
    made["card_exact"] = (right == every).astype(np.float64), np.ones(len(cards))
    for name in RATES:
        above, below, of, n = tallied(*made[name], card_group, groups)
        sums = (np.bincount(of, n * part, groups) for part in (above, below))
        with np.errstate(invalid="ignore", divide="ignore"):
            found[name] = np.divide(*sums)
        limits = clustered(above, below, of, groups, n)
        found[f"{name}_low"], found[f"{name}_high"] = limits
    return found


def _fractions(
    cells: pd.DataFrame, outcome: Ints
) -> dict[str, tuple[npt.NDArray[np.number | np.bool_], npt.NDArray[np.number | np.bool_]]]:
    """Return what each cell adds to the numerator and the denominator of each rate."""
    correct, wrong, invented, missing, absent = (outcome == i for i in range(5))
    present, valued = correct | wrong | missing, correct | wrong | invented
    tier, verdict = cells["tier"], cells["verdict"]
    every = np.ones(len(cells))

    def of_present(which: pd.Series) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        return which.to_numpy(bool) & present, present

    def errors(edits: str, length: str) -> tuple[Floats, Floats, Floats]:
        wrong = np.where(present, cells[edits].to_numpy(np.float64), 0)
        size = np.where(present, cells[length].to_numpy(np.float64), 0)
        return wrong, size, wrong / np.maximum(size, 1)

    letters, words = errors("edits", "chars"), errors("word_edits", "words")
    return {
        "exact": (correct, present),
        "exact_case": of_present(tier.isin(["exact", "case"])),
        "exact_diacritics": of_present(tier.isin(["exact", "diacritics"])),
        "exact_loose": of_present(tier != "none"),
        "same_value": of_present(verdict.isin(["same", "style", "same value"])),
        "right": (correct | absent, every),
        "coverage": (correct | wrong, present),
        "precision": (correct, valued),
        "recall": (correct, present),
        "f1": (2 * correct, present.astype(np.int64) + valued),
        "cer": (letters[0], letters[1]),
        "cer_macro": (letters[2], present),
        "wer": (words[0], words[1]),
        "wer_macro": (words[2], present),
        "anls": (cells["anls"].to_numpy(np.float64), every),
    }
