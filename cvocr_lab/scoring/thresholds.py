"""From which confidence on values may pass unread, and what that costs in errors and in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log, log1p

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.scoring.calibration import with_confidence
from cvocr_lab.scoring.intervals import SURE, Floats, wilson

Seconds = float | Mapping[str, float] | pd.DataFrame


@dataclass(frozen=True, slots=True)
class Answer:
    """What to let through.

    Parameters
    ----------
    at_most
        Share of values that may be wrong after the review.
    threshold
        Values of at least this confidence pass unread; infinite where none may, NaN where the
        rows are too few to promise anything.
    review_share, low, high
        Share of values that a person reads, with its 95 % interval.
    silent
        Wrong values seen to pass.
    silent_most
        Share of values that pass wrongly at most, as sure as asked.
    seconds
        Of review per 1,000 cards; NaN when unknown.
    sentence
        All this in words.
    """

    at_most: float
    threshold: float
    review_share: float
    low: float
    high: float
    silent: int
    silent_most: float
    seconds: float
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Plan:
    """Silent errors against share reviewed, for every threshold.

    A value passes unread when its confidence is at least the threshold; the others, and those
    without a confidence, are read by a person, who is taken to mend them.  A silent error is a
    value that passes and is ``wrong`` or ``invented``.  Values that were not read at all
    (``missing``) are seen to be empty and no threshold finds them: they are counted apart.

    Parameters
    ----------
    what
        The field, or "value" for several.
    curve
        One row per threshold, strictest first: `threshold`, `reviewed`, `review_share`, `silent`,
        `silent_share` (of all values) with `low` and `high` (Wilson, 95 %), `seconds` of review.
    n, cards, wrong, missing
        Values, cards they stand on, wrong or invented values, printed values not read.
    timed
        Whether seconds per field were given; `seconds` is NaN otherwise.
    spread
        Design effect: how many times more the errors vary from card to card than if values were
        independent; at least 1.  So many times more values are needed.
    """

    what: str
    curve: pd.DataFrame
    n: int
    cards: int
    wrong: int
    missing: int
    timed: bool
    spread: float

    def answer(self, at_most: float = 0.001, *, sure: float = SURE) -> Answer:
        """Choose the loosest threshold that keeps a promise.

        The promise holds although the threshold is chosen on the same rows: thresholds are tried
        from the strictest on until the exact binomial bound is passed (fixed sequence testing).

        Parameters
        ----------
        at_most
            Share of values that may be wrong after the review, between 0 and 1.
        sure
            How sure the promise must be, between 0 and 1.

        Raises
        ------
        ArgumentError
            One of the two lies outside.
        """
        for name, share in (("at_most", at_most), ("sure", sure)):
            if not 0 < share < 1:
                raise ArgumentError(f"{name} is a share between 0 and 1, not {share}")
        promise = f"At most 1 wrong {self.what} in {_count(1 / at_most)}"
        effective = floor(self.n / self.spread)
        needed = ceil(log(1 - sure) / log(1 - at_most))
        if effective < needed:
            return self._refusal(at_most, sure, promise, ceil(needed * self.spread))
        allowed = floor(_errors_allowed(effective, at_most, sure) * self.spread)
        row = self.curve[self.curve["silent"] <= allowed].iloc[-1]
        silent, reviewed = int(row["silent"]), int(row["reviewed"])
        most = _most(min(ceil(silent / self.spread), effective), effective, sure)
        low, high = (float(edge) for edge in wilson(reviewed, self.n))
        seconds = float(row["seconds"]) / self.cards * 1000
        if reviewed == 0:
            passing = "all may pass unread"
        elif reviewed == self.n:
            passing = "none may pass unread"
        else:
            passing = (
                f"let values of confidence {row['threshold']:.4g} and more pass and review "
                f"{row['review_share']:.1%} of them ({low:.1%} to {high:.1%})"
            )
        sentence = (
            f"{promise}: {passing}; of {self.n:,} values seen {silent:,} would have passed "
            f"wrongly, {sure:.0%} sure no more than {most * 1000:.2g} in 1,000."
        )
        if self.timed:
            sentence += f" That is {_duration(seconds)} of review per 1,000 cards."
        if self.missing:
            sentence += f" Besides, {self.missing:,} printed values were not read at all."
        return Answer(
            at_most, float(row["threshold"]), float(row["review_share"]), low, high, silent, most,
            seconds, sentence,
        )  # fmt: skip

    def _refusal(self, at_most: float, sure: float, promise: str, needed: int) -> Answer:
        effective = max(1, floor(self.n / self.spread))
        best = 1 - (1 - sure) ** (1 / effective)
        sentence = (
            f"{promise} cannot be promised from {self.n:,} values: it takes {needed:,} and more "
            f"to be {sure:.0%} sure, even if none passes wrongly. These can promise "
            f"1 in {_count(floor(1 / best))} at best."
        )
        nan = float("nan")
        return Answer(at_most, nan, nan, nan, nan, 0, nan, nan, sentence)

    def __repr__(self) -> str:
        return f"Plan: {self._headline()}\n{self._excerpt().to_string(index=False)}"

    def _repr_html_(self) -> str:
        table = self._excerpt().to_html(index=False, escape=True)
        return f"<div><p><b>Plan</b>: {escape(self._headline())}</p>{table}</div>"

    def _headline(self) -> str:
        sentences = [str(self.answer(share)) for share in (0.01, 0.001)]
        return f"{self.n:,} values of {self.cards:,} cards, {self.wrong:,} wrong. " + " ".join(
            sentences
        )

    def _excerpt(self) -> pd.DataFrame:
        """Lay out the curve at round shares of review."""
        shares = self.curve["review_share"].to_numpy()
        at = [int(np.flatnonzero(shares <= s)[0]) for s in _ROUND if (shares <= s).any()]
        rows = self.curve.iloc[sorted(set(at))]
        table = pd.DataFrame(
            {
                "threshold": rows["threshold"].map("{:.3f}".format),
                "reviewed": rows["review_share"].map("{:.1%}".format),
                "silent errors": rows["silent"],
                "in 1,000 values": [
                    f"{s * 1000:.2f} [{low * 1000:.2f}, {high * 1000:.2f}]"
                    for s, low, high in rows[["silent_share", "low", "high"]].to_numpy()
                ],
            }
        )
        if self.timed:
            per = rows["seconds"] / self.cards * 1000
            table["review per 1,000 cards"] = per.map(_duration)
        return table


_ROUND = (1.0, 0.5, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01, 0.0)


def plan_review(
    cells: pd.DataFrame, *, what: str = "value", seconds: Seconds | None = None
) -> Plan:
    """Lay out what every threshold costs.

    Parameters
    ----------
    cells
        Of a `Score`; of one field, or of several to be accepted by one threshold.
    what
        What to call a value.
    seconds
        To review a value: one number, a number per field, or a review journal as a frame with
        `field` and `seconds` (the median per field counts).

    Raises
    ------
    ArgumentError
        No value has a confidence; or seconds lack a field, a column, or are negative.
    """
    with_confidence(cells)
    given = cells[cells["outcome"].isin(["correct", "wrong", "invented"])]
    sure = given["confidence"].fillna(-np.inf).to_numpy(np.float64)
    wrong = given["outcome"].ne("correct").to_numpy()
    cost = _costs(given["field"], seconds)
    order = np.argsort(-sure, kind="stable")
    last = np.flatnonzero(np.r_[np.diff(sure[order]) != 0, True])
    last = last[np.isfinite(sure[order][last])]
    accepted = np.r_[0, last + 1]
    silent = np.r_[0, np.cumsum(wrong[order])[last]]
    saved = np.r_[0.0, np.cumsum(cost[order])[last]]
    n = len(given)
    low, high = wilson(silent, np.full(len(silent), n))
    curve = pd.DataFrame(
        {
            "threshold": np.r_[np.inf, sure[order][last]],
            "reviewed": n - accepted,
            "review_share": 1 - accepted / n,
            "silent": silent,
            "silent_share": silent / n,
            "low": low,
            "high": high,
            "seconds": cost.sum() - saved,
        }
    )
    rows = given["row"].to_numpy()
    return Plan(
        what,
        curve,
        n,
        len(np.unique(rows)),
        int(wrong.sum()),
        int(cells["outcome"].eq("missing").sum()),
        seconds is not None,
        _spread(wrong, rows),
    )


def _costs(fields: pd.Series, seconds: Seconds | None) -> Floats:
    """Seconds that each value takes to review."""
    if seconds is None:
        return np.full(len(fields), np.nan)
    if isinstance(seconds, pd.DataFrame):
        for column in ("field", "seconds"):
            if column not in seconds:
                raise ArgumentError(f"a review journal needs the column {column!r}")
        timed = seconds[seconds["seconds"] > 0]
        seconds = {str(f): float(s) for f, s in timed.groupby("field")["seconds"].median().items()}
    names = fields.astype(str)
    if isinstance(seconds, Mapping):
        for field in names.unique():
            if field not in seconds:
                raise ArgumentError(f"no seconds for the field {field!r}")
        costs = np.asarray([float(seconds[name]) for name in names], np.float64)
    else:
        costs = np.full(len(names), float(seconds), np.float64)
    if not (costs >= 0).all():
        raise ArgumentError("seconds of review cannot be negative")
    return costs


def _spread(wrong: npt.NDArray[np.bool_], rows: npt.NDArray[np.int64]) -> float:
    """Variance of the share wrong between cards, over that of independent values."""
    cards, card = np.unique(rows, return_inverse=True)
    share = float(wrong.mean())
    if len(cards) < 2 or share in (0, 1):
        return 1.0
    gaps = np.bincount(card, wrong - share)
    seen = len(cards) / (len(cards) - 1) * float((gaps**2).sum())
    return max(1.0, seen / (len(wrong) * share * (1 - share)))


def _log_chances(errors: int, n: int, share: float) -> Floats:
    """Logarithms of the binomial chances of 0 … `errors` among `n`."""
    k = np.arange(1, errors + 1)
    combinations = np.r_[0.0, np.cumsum(np.log(n - k + 1) - np.log(k))]
    return np.asarray(
        combinations + np.r_[0, k] * log(share) + (n - np.r_[0, k]) * log1p(-share), np.float64
    )


def _errors_allowed(n: int, share: float, sure: float) -> int:
    """Most errors among `n` that still promise at most this share; needs 0 to be allowed."""
    below = np.cumsum(np.exp(_log_chances(ceil(n * share), n, share)))
    return int(np.flatnonzero(below <= 1 - sure)[-1])


def _most(errors: int, n: int, sure: float) -> float:
    """Clopper and Pearson's upper bound of a share."""
    if errors >= n:
        return 1.0
    low, high = errors / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if np.exp(_log_chances(errors, n, middle)).sum() > 1 - sure:
            low = middle
        else:
            high = middle
    return high


def _count(number: float) -> str:
    return f"{round(number):,}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
