"""`plan_review`: which confidence values need no review, and the cost in errors and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, log

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.scoring.calibration import with_value
from cvocr_lab.scoring.intervals import SURE, Floats, Ints, Sums
from cvocr_lab.scoring.page import Displayed

Seconds = float | Mapping[str, float] | pd.DataFrame


@dataclass(frozen=True, slots=True)
class Answer:
    """The threshold for a maximum share of errors.

    Parameters
    ----------
    at_most
        Maximum share of wrong values after the review.
    threshold
        Values with at least this confidence are accepted; infinite if none is, NaN if there are
        too few cards.
    review_share, low, high
        Share of values that are reviewed, with its 95 % interval.
    silent
        Number of wrong values that were accepted.
    silent_most
        Upper bound of the share of wrong values that are accepted, with the confidence level.
    seconds
        Seconds of review per 1,000 cards; NaN if unknown.
    cards_needed
        Minimum number of cards for this maximum, if no wrong value is accepted.
    sentence
        The result in words.
    """

    at_most: float
    threshold: float
    review_share: float
    low: float
    high: float
    silent: int
    silent_most: float
    seconds: float
    cards_needed: int
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Plan(Displayed):
    """Silent errors and the share reviewed, for all thresholds.

    A value is accepted if its confidence is at least the threshold; the others, and those without
    a confidence, are reviewed by a person, who is assumed to correct them.  A silent error is an
    accepted value that is ``wrong`` or ``invented``.  Values that were not read (``missing``) have
    no confidence to compare, and are counted separately.

    Parameters
    ----------
    what
        The name of the field, or "value" for several fields.
    curve
        One row per threshold, strictest first: `threshold`, `reviewed`, `review_share` with
        `review_low` and `review_high`, `silent`, `silent_share` (of all values) with `low` and
        `high` (95 %, by cards), `seconds` of review.
    n, cards, wrong, missing
        Numbers of values, of their cards, of wrong or invented values, and of missing values.
    timed
        Whether the seconds of review are known; otherwise `seconds` is NaN.
    passing
        Sums over cards of the silent errors, for each row of the curve.
    """

    what: str
    curve: pd.DataFrame
    n: int
    cards: int
    wrong: int
    missing: int
    timed: bool
    passing: Sums

    def answer(self, at_most: float = 0.001, *, sure: float = SURE) -> Answer:
        """Return the lowest threshold with at most this share of silent errors.

        The upper bound is computed by cards, because all values of a bad card may be wrong at once.
        It is valid although the threshold is chosen with the same cards: thresholds are tested
        from the strictest one until the bound is exceeded (fixed sequence testing).

        Parameters
        ----------
        at_most
            Maximum share of wrong values after the review, between 0 and 1.
        sure
            Confidence level, between 0 and 1.

        Raises
        ------
        ArgumentError
            An argument is not between 0 and 1.
        """
        for name, share in (("at_most", at_most), ("sure", sure)):
            if not 0 < share < 1:
                raise ArgumentError(f"{name} must be between 0 and 1, not {share}")
        promise = f"At most 1 wrong {self.what} in {1 / at_most:,.0f}"
        needed = ceil(log(1 - sure) / log(1 - at_most))
        bounds = self.passing.at_most(sure)
        broken = np.flatnonzero(bounds > at_most)
        last = int(broken[0]) - 1 if len(broken) else len(bounds) - 1
        if last < 0:
            sentence = (
                f"{promise} cannot be promised from {self.cards:,} cards: it takes {needed:,} and "
                f"more to be {sure:.0%} sure, even if none passes wrongly. These can promise "
                f"1 in {1 / bounds[0]:,.0f} at best."
            )
            nan = float("nan")
            return Answer(at_most, nan, nan, nan, nan, 0, nan, nan, needed, sentence)
        row, most = self.curve.iloc[last], float(bounds[last])
        silent, reviewed = int(row["silent"]), int(row["reviewed"])
        low, high = float(row["review_low"]), float(row["review_high"])
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
            sentence += f" In addition, {self.missing:,} printed values were not read at all."
        return Answer(
            at_most, float(row["threshold"]), float(row["review_share"]), low, high, silent, most,
            seconds, needed, sentence,
        )  # fmt: skip

    def headline(self) -> str:
        """Return the thresholds for one and for a tenth of a percent of errors, in words."""
        sentences = [str(self.answer(share)) for share in (0.01, 0.001)]
        return f"{self.n:,} values of {self.cards:,} cards, {self.wrong:,} wrong. " + " ".join(
            sentences
        )

    def _shown(self) -> tuple[list[pd.DataFrame], str]:
        # The rows of the curve with round shares of review.
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
        return [table.set_index("threshold")], ""


_ROUND = (1.0, 0.5, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01, 0.0)


def plan_review(
    cells: pd.DataFrame, *, what: str = "value", seconds: Seconds | None = None
) -> Plan:
    """Compute the errors and the review time for all thresholds; see `Score.plan`."""
    given = with_value(cells)
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
    cards, card = np.unique(given["row"].to_numpy(), return_inverse=True)
    size = np.bincount(card)
    passing = _sums(card[order], wrong[order], size, accepted)
    low, high = passing.interval()
    review_low, review_high = _sums(card[order], np.ones(n), size, accepted).interval()
    curve = pd.DataFrame(
        {
            "threshold": np.r_[np.inf, sure[order][last]],
            "reviewed": n - accepted,
            "review_share": 1 - accepted / n,
            "review_low": 1 - review_high,
            "review_high": 1 - review_low,
            "silent": silent,
            "silent_share": silent / n,
            "low": low,
            "high": high,
            "seconds": cost.sum() - saved,
        }
    )
    missing = int(cells["outcome"].eq("missing").sum())
    timed = seconds is not None
    return Plan(what, curve, n, len(cards), int(wrong.sum()), missing, timed, passing)


def _sums(
    card: Ints, counts: npt.NDArray[np.number | np.bool_], size: Ints, accepted: Ints
) -> Sums:
    """Return sums over cards of the accepted values that count, by number of accepted values.

    `card` and `counts` are in the order in which the values are accepted; `size` is the number of
    values of each card.
    """
    some = np.flatnonzero(counts)
    before = pd.Series(card[some]).groupby(card[some]).cumcount().to_numpy()
    steps = np.zeros((3, len(card) + 1))
    steps[0, some + 1] = 1
    steps[1, some + 1] = 2 * before + 1  # the increase of the square of the card's count
    steps[2, some + 1] = size[card[some]]
    a, aa, ab = np.cumsum(steps, axis=1)[:, accepted]
    whole = np.ones(len(accepted))
    return Sums(whole * len(size), a, whole * size.sum(), aa, ab, whole * (size**2).sum())


def journal_seconds(journal: pd.DataFrame) -> dict[str, float]:
    """Return the median seconds of each field in a review journal.

    A table without one of its columns is an `ArgumentError`.
    """
    for column in ("field", "seconds"):
        if column not in journal:
            raise ArgumentError(f"the table of a journal needs the column {column!r}")
    medians = journal[journal["seconds"] > 0].groupby("field")["seconds"].median()
    return {str(field): float(seconds) for field, seconds in medians.items()}


def _costs(fields: pd.Series, seconds: Seconds | None) -> Floats:
    """Return the seconds to review each value."""
    if seconds is None:
        return np.full(len(fields), np.nan)
    if isinstance(seconds, pd.DataFrame):
        seconds = journal_seconds(seconds)
    names = fields.astype(str)
    if isinstance(seconds, Mapping):
        if missing := [field for field in names.unique() if field not in seconds]:
            raise ArgumentError(f"no seconds for the field {missing[0]!r}")
        costs = np.asarray(names.map(seconds), np.float64)
    else:
        costs = np.full(len(names), float(seconds), np.float64)
    if not (costs >= 0).all():
        raise ArgumentError("seconds of review cannot be negative")
    return costs


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
