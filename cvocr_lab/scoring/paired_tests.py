"""Put the cells of readers side by side, and test the differences of two readers per field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, sqrt
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.scoring.intervals import Floats, paired
from cvocr_lab.scoring.words import CARD

ALPHA: Final = 0.05
POWER: Final = 0.8
_FIGURES: Final = [
    "n", "exact_a", "exact_b", "difference", "low", "high", "fixed", "broke", "both_wrong", "p",
    "cer_a", "cer_b", "cer_difference", "cer_low", "cer_high",
]  # fmt: skip

Bools = npt.NDArray[np.bool_]


def beside(sides: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Put the cells of several readers side by side, as in `Readers.cells`.

    A cell that only some readers have is one without a truth, for which the others gave no value.
    """
    key, own = ["row", "field"], ["value", "edits", "chars", "outcome"]
    every = list(sides.values())
    order = dict.fromkeys(field for cells in every for field in pd.unique(cells["field"]))
    known = [field for cells in every for field in cells["field"].cat.categories]
    names = pd.CategoricalDtype(sorted(order, key=known.index))
    plain = {
        name: cells.assign(
            field=cells["field"].astype(names), outcome=cells["outcome"].astype(object)
        )
        for name, cells in sides.items()
    }
    shared = pd.concat([s[[*key, "truth"]] for s in plain.values()]).drop_duplicates(key)
    shared = shared.sort_values(key, kind="stable")
    labels = shared.index
    for name, side in plain.items():
        renamed = side[[*key, *own]].rename(columns={c: f"{c}_{name}" for c in own})
        shared = shared.merge(renamed, on=key, how="left")
        shared[f"value_{name}"] = shared[f"value_{name}"].fillna("")
        shared[f"outcome_{name}"] = shared[f"outcome_{name}"].fillna("absent")
        for count in (f"edits_{name}", f"chars_{name}"):
            shared[count] = shared[count].fillna(0).astype("int64")
    return shared.set_axis(labels, axis=0)


def differences(cells: pd.DataFrame, a: str, b: str) -> pd.DataFrame:
    """Return the difference between two readers per field, its interval and its p value.

    `a` and `b` are their names in `cells`.  The columns are those of `Comparison.fields` except for
    those of `judged`; the row ``card_exact`` is for whole cards.
    """
    rows = {}
    for field, of_field in cells[cells[f"chars_{a}"] > 0].groupby("field", observed=True):
        right = (of_field[f"outcome_{name}"].eq("correct").to_numpy() for name in (a, b))
        edits, chars = of_field[[f"edits_{a}", f"edits_{b}"]], of_field[f"chars_{a}"]
        cer_a, cer_b = edits.sum() / chars.sum()
        low, high = paired(edits.iloc[:, 1] - edits.iloc[:, 0], chars)
        rows[field] = _row(*right) | {
            "cer_a": cer_a, "cer_b": cer_b, "cer_difference": cer_b - cer_a,
            "cer_low": low, "cer_high": high,
        }  # fmt: skip
    fine = cells[[f"outcome_{a}", f"outcome_{b}"]].isin(["correct", "absent"])
    whole = fine.groupby(cells["row"].to_numpy()).all()
    if len(whole):
        rows[CARD] = _row(*(whole[column].to_numpy() for column in whole))
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=_FIGURES)
    counts = ["n", "fixed", "broke", "both_wrong"]
    return table.astype(dict.fromkeys(counts, "int64")).rename_axis("field")


def judged(table: pd.DataFrame, *, detect: float) -> pd.DataFrame:
    """Add the p values with Holm's correction, the verdicts, and the number of cards needed.

    Whole cards are a separate family of tests.  Rows without a p value have no verdict.  An
    `ArgumentError` is raised if `detect` is not between 0 and 1.
    """
    if not 0 < detect < 1:
        raise ArgumentError(f"detect must be between 0 and 1, not {detect}")
    cards = np.asarray(table.index.get_level_values("field") == CARD)
    tested = table["p"].notna().to_numpy()
    corrected = np.full(len(table), np.nan)
    verdicts: list[tuple[str | None, int | None]] = [(None, None)] * len(table)
    for which in (tested & ~cards, tested & cards):
        at = np.flatnonzero(which).tolist()
        corrected[at] = holm(table["p"].iloc[at].tolist())
        for i in at:
            verdicts[i] = _verdict(table.iloc[i], corrected[i], detect, len(at))
    made = table.assign(
        verdict=pd.Series([word for word, _ in verdicts], table.index, dtype=object),
        enough=pd.array([count for _, count in verdicts], dtype="Int64"),
    )
    made.insert(list(made).index("p") + 1, "p_holm", corrected)
    return made


def _row(a: Bools, b: Bools) -> dict[str, float]:
    gain = b.astype(np.float64) - a
    fixed, broke = int((gain > 0).sum()), int((gain < 0).sum())
    low, high = paired(gain, np.ones(len(gain)))
    return {
        "n": len(a),
        "exact_a": float(a.mean()),
        "exact_b": float(b.mean()),
        "difference": float(gain.mean()),
        "low": low,
        "high": high,
        "fixed": fixed,
        "broke": broke,
        "both_wrong": int((~a & ~b).sum()),
        "p": mcnemar(fixed, broke),
    }


def _verdict(row: pd.Series, p: float, detect: float, tests: int) -> tuple[str, int | None]:
    """Return the verdict on a row, and the number of cards that would decide an open one."""
    if p < ALPHA:
        return ("better" if row["fixed"] > row["broke"] else "worse"), None
    differing = (row["fixed"] + row["broke"]) / row["n"]
    enough = cards_needed(
        max(abs(row["difference"]), detect), differing, power=POWER, alpha=ALPHA / tests
    )
    # Alike only if the whole interval is too small to matter, and there were enough cards.
    if row["n"] >= enough and -detect < row["low"] and row["high"] < detect:
        return "alike", None
    return "open", max(enough, int(row["n"]) + 1)


def mcnemar(fixed: int, broke: int) -> float:
    """Return the two-sided p value of McNemar's exact test.

    `fixed` and `broke` are the numbers of pairs in which only the second, or only the first, reader
    is right.

    >>> round(mcnemar(9, 1), 4)
    0.0215
    """
    from scipy import stats

    return float(stats.binomtest(fixed, fixed + broke).pvalue) if fixed + broke else 1.0


def holm(chances: Sequence[float]) -> Floats:
    """Return p values with Holm's correction for multiple tests.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(chances, np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def cards_needed(
    difference: float, differing: float, *, power: float = 0.8, alpha: float = 0.05
) -> int:
    """Return the number of cards with which McNemar's test distinguishes two readers.

    It uses Connor's formula for paired shares (Biometrics 43, 1987), with the continuity correction
    for the exact test.  `difference` is that of the shares of right values, above 0 and at most 1;
    `differing` is the share of cards on which exactly one of the readers is right; `power` is the
    probability of detecting the difference, and `alpha` the significance level.

    >>> cards_needed(0.04, 0.10)
    538
    """
    gap, spread = abs(difference), max(differing, abs(difference))
    normal = NormalDist()
    luck, miss = normal.inv_cdf(1 - alpha / 2), normal.inv_cdf(power)
    plain = (luck * sqrt(spread) + miss * sqrt(max(spread - gap**2, 0.0))) ** 2 / gap**2
    corrected = plain / 4 * (1 + sqrt(1 + 4 / (plain * gap))) ** 2
    return ceil(corrected)
