"""`accuracy_from_review`: estimate the accuracy of all rows from the reviewed ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import as_text
from cvocr_lab.scoring.intervals import Floats, share


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ReviewedAccuracy:
    """Share of right values among all values, estimated from the reviewed ones.

    Parameters
    ----------
    table
        One row per group: `reviewed`, `audited` (the reviewed rows that were drawn at random),
        `total`, `right_of_reviewed` (which is not the accuracy), `accuracy` with `low` and `high`
        (95 %), `biased`.  If `biased`, no row was drawn at random: `accuracy` is NaN, and `low`
        and `high` are the accuracy if all others were wrong, or right; NaN without a total.
    """

    table: pd.DataFrame

    @property
    def biased(self) -> bool:
        """Whether a group was only reviewed worst first, so nothing is known about the rest."""
        return bool(self.table["biased"].any())

    def sentences(self) -> list[str]:
        """Return a sentence for each group."""
        several = len(self.table) > 1 or self.table.index.name is not None
        return [
            (f"{name}: " if several else "") + _sentence(row) for name, row in self.table.iterrows()
        ]

    def __repr__(self) -> str:
        return "\n".join(self.sentences())

    def _repr_html_(self) -> str:
        lines = "".join(f"<li>{escape(s)}</li>" for s in self.sentences())
        return f"<div><p><b>Accuracy from review</b></p><ul>{lines}</ul></div>"


def accuracy_from_review(
    reviewed: pd.DataFrame,
    *,
    total: int | Mapping[str, int] | None = None,
    by: str | None = None,
    right: str = "right",
    chance: str = "chance",
) -> ReviewedAccuracy:
    """Estimate the accuracy of all rows from a partial review.

    A review that starts with the worst values finds more mistakes than average, so its share of
    right values is not the accuracy.  Therefore, rows that were selected on purpose represent only
    themselves, and rows drawn at random represent all others, weighted by the inverse of their
    probability (Hájek's estimator).

    Parameters
    ----------
    reviewed
        One row per value (or card) reviewed.
    total
        Total number of values, reviewed or not: a number, or one per group.  None estimates it
        from the probabilities.
    by
        Column to group by, e.g. ``"field"``; None for all together.  Rows without a value in it
        are the group "".
    right
        Column with True or False (also as text, as in a CSV): whether the value that was read is
        right.  Rows without a value in it were not reviewed, and are left out.
    chance
        Column with the probability, above 0, with which the row was selected; 1 or missing for a
        row that was selected on purpose.  Without this column, all rows were.

    Raises
    ------
    ArgumentError
        A column is missing, `right` contains other values than True or False, a probability is not
        above 0 and at most 1, or the total is less than the number of reviewed values.

    Examples
    --------
    >>> worst = pd.DataFrame({"right": [False] * 60 + [True] * 40, "chance": 1.0})
    >>> audit = pd.DataFrame({"right": [True] * 49 + [False], "chance": 0.1})
    >>> accuracy_from_review(pd.concat([worst, audit]), total=600)
    88.3% right (95%: 81.7% to 89.6%) of 600, from 150 reviewed, 50 of them drawn at random
    >>> accuracy_from_review(worst, total=600).biased
    True
    """
    for column in filter(None, (right, by)):
        if column not in reviewed:
            raise ArgumentError(f"the reviewed rows have no column {column!r}")
    said = as_text(reviewed[right]).str.strip().str.lower().map(_TRUTHS).set_axis(reviewed.index)
    if (said.isna() & reviewed[right].notna() & (reviewed[right] != "")).any():
        raise ArgumentError(f"column {right!r} must contain True or False")
    reviewed = reviewed[said.notna()]
    chances = np.ones(len(reviewed))
    if chance in reviewed:
        chances = pd.to_numeric(reviewed[chance]).fillna(1.0).to_numpy(np.float64)
    if not ((chances > 0) & (chances <= 1)).all():
        raise ArgumentError(f"column {chance!r} must contain probabilities above 0 and at most 1")
    if isinstance(total, Mapping):
        names = as_text(pd.Series(list(total), dtype=object))
        total = dict(zip(names, total.values(), strict=True))
    hits = said[said.notna()].to_numpy(bool)
    groups = np.full(len(hits), "all", object)
    if by is not None:
        groups = as_text(reviewed[by]).to_numpy(object)
    rows = {
        name: _estimate(hits[at], chances[at], _total(total, name, int(at.sum())))
        for name in (["all"] if by is None else pd.unique(groups))
        for at in [groups == name]
    }
    table = pd.DataFrame.from_dict(rows, orient="index").infer_objects()
    table.index.name = by
    return ReviewedAccuracy(table)


_TRUTHS: Final = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}


def _total(total: int | Mapping[str, int] | None, name: str, reviewed: int) -> int | None:
    if isinstance(total, Mapping):
        if name not in total:
            raise ArgumentError(f"no total for {name!r}")
        total = total[name]
    if total is not None and total < reviewed:
        raise ArgumentError(f"{reviewed} rows reviewed of {total} in all: more than there are")
    return total


def _estimate(
    hits: npt.NDArray[np.bool_], chances: Floats, total: int | None
) -> dict[str, float | bool]:
    drawn = chances < 1
    chosen, found = int((~drawn).sum()), int(hits[~drawn].sum())
    weights = 1 / chances[drawn]
    rest = float(weights.sum()) if total is None else float(total - chosen)
    row: dict[str, float | bool] = {
        "reviewed": len(hits),
        "audited": int(drawn.sum()),
        "total": float("nan") if total is None and not drawn.any() else round(chosen + rest),
        "right_of_reviewed": float(hits.mean()) if len(hits) else float("nan"),
    }
    if drawn.any():
        found_share = float(np.average(hits[drawn], weights=weights))
        # Unequal weights reduce the effective sample size; a large share of the total increases it.
        worth = float(weights.sum() ** 2 / (weights**2).sum())
        unseen = max(1 - len(weights) / rest, 1e-12)
        low, high = (float(e) for e in share(found_share * worth / unseen, worth / unseen))
        low, high = max(low, hits[drawn].sum() / rest), min(high, 1 - (~hits[drawn]).sum() / rest)
        return row | {
            name: (found + rest * of_rest) / (chosen + rest)
            for name, of_rest in (("accuracy", found_share), ("low", low), ("high", high))
        } | {"biased": False}  # fmt: skip
    low, high = (np.nan, np.nan) if total is None else (found / total, (found + rest) / total)
    exact = low if low == high else np.nan
    return row | {"accuracy": exact, "low": low, "high": high, "biased": low != high}


def _sentence(row: pd.Series) -> str:
    if not row["biased"]:
        drawn = f", {row['audited']:,} of them drawn at random" if row["audited"] else ""
        return (
            f"{row['accuracy']:.1%} right (95%: {row['low']:.1%} to {row['high']:.1%}) of "
            f"{row['total']:,.0f}, from {row['reviewed']:,} reviewed{drawn}"
        )
    others = (
        "others" if row["total"] != row["total"] else f"other {row['total'] - row['reviewed']:,.0f}"
    )
    return (
        f"biased: worst first: {row['right_of_reviewed']:.1%} of the {row['reviewed']:,} reviewed "
        f"were right, which says nothing about the {others}; have some drawn at random"
    )
