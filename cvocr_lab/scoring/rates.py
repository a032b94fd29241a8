"""Rates of groups of cells, each with its interval.

All are sums over cells divided by sums over cells, so that each can be had from `Score.cells`
with plain pandas.  P are the cells whose truth is present (``correct wrong missing``), V those
with a value (``correct wrong invented``).

=================== =============================================================================
`exact`             correct / P; also the recall: a wrong value is a miss, for it is not the value
`exact_case`        tier ``exact`` or ``case`` / P
`exact_diacritics`  tier ``exact`` or ``diacritics`` / P
`exact_loose`       tier other than ``none`` / P
`same_value`        verdict ``same``, ``style`` or ``same value`` / P
`right`             (correct + absent) / n: what is absent and left empty counts; beware of fields
                    that are mostly absent
`coverage`          (correct + wrong) / P: something was read where something is
`precision`         correct / V
`recall`            correct / P
`f1`                2 correct / (P + V), the harmonic mean of the two (Donut's: a wrong value is
                    both a false positive and a false negative)
`card_exact`        rows of the truth whose every cell in the group is correct or absent / rows
`cer`               edits / chars, over P: pooled (micro)
`cer_macro`         mean over P of edits / chars of one cell
`wer`, `wer_macro`  the same of `word_edits` / `words`; words are parted by blanks
`anls`              mean of `anls` over all cells, absent ones included, as ANLS* has it
=================== =============================================================================

A missing value costs its full length; a value where nothing is printed enters no CER or WER.
Intervals cover 95 %: Wilson's for shares, which takes cells as independent; for `f1`, CER, WER and
ANLS the percentile bootstrap over cards (rows of the truth, 2,000 resamples), and beyond 5,000
cards the linearised interval that it comes to there.  NaN where there is nothing to divide by.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.scoring.cells import OUTCOMES
from cvocr_lab.scoring.intervals import RESAMPLES, SURE, Floats, wilson
from cvocr_lab.scoring.texts import Ints

_SHARES: Final = (
    "exact", "exact_case", "exact_diacritics", "exact_loose", "same_value", "right", "coverage",
    "precision", "recall", "card_exact",
)  # fmt: skip
_POOLED: Final = ("f1", "cer", "cer_macro", "wer", "wer_macro", "anls")

RATES: Final = (*_SHARES, *_POOLED)
"""Names of all rates; each has its interval in ``<name>_low`` and ``<name>_high``."""

_MOST_RESAMPLED: Final = 5_000


def rates(cells: pd.DataFrame, group: Ints, groups: int, rows: int) -> dict[str, Floats]:
    """Count outcomes and work out every rate of every group.

    Parameters
    ----------
    cells
        As in `Score.cells`.
    group
        For each cell the number of its group.
    groups, rows
        How many groups there are, and rows of the truth.
    """

    def count(which: npt.NDArray[np.bool_]) -> Floats:
        return np.bincount(group[which], minlength=groups).astype(np.float64)

    outcome = _codes(cells, "outcome", OUTCOMES)
    found: dict[str, Floats] = {"n": count(outcome >= 0)}
    for number, name in enumerate(OUTCOMES):
        found[name] = count(outcome == number)
    correct, wrong, invented, missing, absent = (outcome == i for i in range(5))
    present = correct | wrong | missing
    tier, verdict = cells["tier"].astype(object), cells["verdict"].astype(object)
    found["other_era"] = count(present & (verdict == "other era").to_numpy())

    row = cells["row"].to_numpy(np.int64)
    cards, card = np.unique(group * np.int64(max(rows, 1)) + row, return_inverse=True)
    spoilt = np.bincount(card, weights=~(correct | absent), minlength=len(cards)) > 0
    card_group = cards // max(rows, 1)
    found["cards"] = np.bincount(card_group, minlength=groups).astype(np.float64)

    everything, valued = np.ones(len(cells), bool), correct | wrong | invented
    same = verdict.isin(["same", "style", "same value"]).to_numpy()
    parts: dict[str, tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]] = {
        "exact": (correct, present),
        "exact_case": (tier.isin(["exact", "case"]).to_numpy(), present),
        "exact_diacritics": (tier.isin(["exact", "diacritics"]).to_numpy(), present),
        "exact_loose": ((tier != "none").to_numpy(), present),
        "same_value": (same, present),
        "right": (correct | absent, everything),
        "coverage": (correct | wrong, present),
        "precision": (correct, valued),
        "recall": (correct, present),
    }
    for name in _SHARES:
        if name == "card_exact":
            hits = np.bincount(card_group[~spoilt], minlength=groups).astype(np.float64)
            of = found["cards"]
        else:
            hit, among = parts[name]
            hits, of = count(hit & among), count(among)
        with np.errstate(invalid="ignore", divide="ignore"):
            found[name] = hits / of
        found[f"{name}_low"], found[f"{name}_high"] = wilson(hits, of)

    fractions = _fractions(cells, correct, present, valued)
    sums = [
        np.column_stack([np.bincount(card, w, len(cards)).astype(np.float64) for w in pair])
        for pair in fractions.values()
    ]
    low, high = _intervals(sums, card_group, cards % max(rows, 1), groups)
    for at, (name, (above, below)) in enumerate(fractions.items()):
        over = np.bincount(group, weights=below, minlength=groups)
        with np.errstate(invalid="ignore", divide="ignore"):
            found[name] = np.bincount(group, weights=above, minlength=groups) / over
        found[f"{name}_low"], found[f"{name}_high"] = low[at], high[at]
    return found


def _codes(cells: pd.DataFrame, column: str, names: tuple[str, ...]) -> Ints:
    return pd.Categorical(cells[column], categories=list(names)).codes.astype(np.int64)


def _fractions(
    cells: pd.DataFrame,
    correct: npt.NDArray[np.bool_],
    present: npt.NDArray[np.bool_],
    valued: npt.NDArray[np.bool_],
) -> dict[str, tuple[Floats, Floats]]:
    """What each pooled rate sums above and below its line, cell by cell."""
    one = present.astype(np.float64)

    def errors(edits: str, length: str) -> tuple[Floats, Floats, Floats]:
        wrong = np.where(present, cells[edits].to_numpy(np.float64), 0)
        size = np.where(present, cells[length].to_numpy(np.float64), 0)
        return wrong, size, wrong / np.maximum(size, 1)

    letters, words = errors("edits", "chars"), errors("word_edits", "words")
    return {
        "f1": (2.0 * correct, one + valued),
        "cer": (letters[0], letters[1]),
        "cer_macro": (letters[2], one),
        "wer": (words[0], words[1]),
        "wer_macro": (words[2], one),
        "anls": (cells["anls"].to_numpy(np.float64), np.ones(len(cells))),
    }


def _intervals(
    sums: list[Floats], group: Ints, row: Ints, groups: int
) -> tuple[list[Floats], list[Floats]]:
    """Intervals of ratios of sums, for each of `sums` and each group.

    Parameters
    ----------
    sums
        Above and below the line, for each card of each group.
    group, row
        Of each of those cards.
    """
    drawn, card = np.unique(row, return_inverse=True)
    if len(drawn) > _MOST_RESAMPLED:
        return _linearised(sums, group, groups)
    table = np.zeros((len(drawn), groups, len(sums), 2))
    for at, pair in enumerate(sums):
        table[card, group, at] = pair
    flat = table.reshape(len(drawn), -1)
    draws = np.random.default_rng(0)
    ratios = np.empty((RESAMPLES, groups, len(sums)))
    step = max(1, 1_000_000 // max(len(drawn), 1))
    for start in range(0, RESAMPLES if len(drawn) else 0, step):
        size = min(step, RESAMPLES - start)
        times = draws.multinomial(len(drawn), np.full(len(drawn), 1 / len(drawn)), size=size)
        totals = (times.astype(np.float64) @ flat).reshape(size, groups, len(sums), 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios[start : start + size] = totals[..., 0] / totals[..., 1]
    low, high = np.full((len(sums), groups), np.nan), np.full((len(sums), groups), np.nan)
    for at in range(len(sums)):
        for number in range(groups if len(drawn) else 0):
            some = ratios[:, number, at]
            some = some[np.isfinite(some)]
            if len(some):
                ends = np.quantile(some, [(1 - SURE) / 2, (1 + SURE) / 2])
                low[at, number], high[at, number] = ends
    return list(low), list(high)


def _linearised(sums: list[Floats], group: Ints, groups: int) -> tuple[list[Floats], list[Floats]]:
    lows, highs = [], []
    for pair in sums:
        above, below = (np.bincount(group, weights=w, minlength=groups) for w in pair.T)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = above / below
            rest = pair[:, 0] - ratio[group] * pair[:, 1]
            half = 1.96 * np.sqrt(np.bincount(group, weights=rest**2, minlength=groups)) / below
        lows.append(np.maximum(ratio - half, 0.0))
        highs.append(ratio + half)
    return lows, highs
