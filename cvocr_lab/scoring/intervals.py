"""Intervals that are computed by cards, because the cells of a card are not independent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SURE: Final = 0.95
"""Coverage of intervals."""

EXTREME: Final = 1.0
"""Weight of each of the two additional cards, one completely right and one completely wrong.

With 1, the coverage is 93 to 98 % from 30 cards on, for different kinds of cards
(`tests/benchmarks/intervals.py`); with 1/2, it is up to 99 % for 30 cards.
"""


def clustered(
    above: npt.ArrayLike,
    below: npt.ArrayLike,
    group: npt.ArrayLike | None = None,
    groups: int = 1,
    cards: npt.ArrayLike | None = None,
) -> tuple[Floats, Floats]:
    """Return the intervals of ratios of sums over cards.

    Two additional cards of average size, one completely right and one completely wrong, are added,
    so that a few cards without a mistake are not taken as proof.  The variance of the ratio between
    cards gives an effective number of cards, which is reduced for few cards by the quantiles of
    Student's t (Korn and Graubard), and the interval is that of the beta distribution with this
    number.  For one cell per card, it is the Bayesian interval of a share with a uniform prior.

    `above` and `below` are what each card adds to the numerator and to the denominator, e.g. its
    edits and letters; `group` is the group of each card, from 0, and `cards` the number of equal
    cards, see `tallied`.  There is one interval for each group, NaN if the denominator is 0.

    >>> low, high = clustered([10] * 30, [10] * 30)
    >>> f"{low[0]:.3f} {high[0]:.3f}"
    '0.884 1.000'
    """
    a, b = np.asarray(above, np.float64), np.asarray(below, np.float64)
    at = np.zeros(len(b), np.int64) if group is None else np.asarray(group, np.int64)
    n = np.ones(len(b)) if cards is None else np.asarray(cards, np.float64)
    some = b > 0
    a, b, at, n = a[some], b[some], at[some], n[some]
    top = np.ones(groups)
    np.maximum.at(top, at, a / b)  # there may be more insertions than printed letters
    a = a / top[at]
    weights = (n, n * a, n * b, n * a * a, n * a * b, n * b * b)
    sums = Sums(*(np.bincount(at, w, groups).astype(np.float64) for w in weights))
    low, high = sums.interval()
    return low * top, high * top


def tallied(
    above: Floats, below: Floats, group: Ints, groups: int
) -> tuple[Floats, Floats, Ints, Floats]:
    """Count the equal cards of each group, since sums over a million cards take long.

    Return the three arguments for each kind of card, and the number of its cards.  If they are not
    whole numbers, or are as various as the cards, the cards themselves are returned.

    >>> above, below, group, cards = tallied(np.ones(9), np.full(9, 2.0), np.zeros(9, int), 1)
    >>> above.tolist(), below.tolist(), group.tolist(), cards.tolist()
    ([1.0], [2.0], [0], [9.0])
    """
    numbers = above.astype(np.int64), below.astype(np.int64)
    kinds = (groups, *(int(part.max(initial=0)) + 1 for part in numbers))
    whole = all(map(np.array_equal, numbers, (above, below)))
    if not whole or math.prod(kinds) > len(group):
        return above, below, group, np.ones(len(group))
    counts = np.bincount(np.ravel_multi_index((group, *numbers), kinds))
    there = np.flatnonzero(counts)
    of, a, b = np.unravel_index(there, kinds)
    return a.astype(np.float64), b.astype(np.float64), of, counts[there].astype(np.float64)


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over cards, from which the interval of a ratio is computed; one entry per ratio.

    `cards` is the number of cards, `a` the numerator and `b` the denominator, then follow the sums
    of squares and products.  No card adds more to the numerator than to the denominator.
    """

    cards: Floats
    a: Floats
    b: Floats
    aa: Floats
    ab: Floats
    bb: Floats

    def interval(self) -> tuple[Floats, Floats]:
        """Return the interval described in `clustered`."""
        from scipy import stats

        tails = np.array([(1 - SURE) / 2, (1 + SURE) / 2])
        with np.errstate(invalid="ignore", divide="ignore"):
            seen = self.a / self.b
        mean, worth = self._effective(EXTREME, EXTREME)
        # Estimating the variance from few cards reduces their effective number.
        spread = stats.t.ppf(tails[1], np.maximum(self.cards, 1))
        worth = worth * (stats.norm.ppf(tails[1]) / spread) ** 2
        low, high = (stats.beta.ppf(tail, mean * worth, (1 - mean) * worth) for tail in tails)
        # The limits lie between 0 and 1, and the interval contains the observed ratio.
        low = np.where(seen <= 0, 0.0, np.minimum(low, seen))
        high = np.where(seen >= 1, 1.0, np.maximum(high, seen))
        known = ~np.isnan(seen)
        return np.where(known, low, np.nan), np.where(known, high, np.nan)

    def at_most(self, sure: float) -> Floats:
        """Return the upper bound of the ratio with confidence level `sure`; 1 without cards.

        One additional card that is completely wrong is added.  For one cell per card, it is the
        Clopper–Pearson bound.

        >>> cards = np.array([59.0])
        >>> sums = Sums(cards, 0 * cards, 8 * cards, 0 * cards, 0 * cards, 64 * cards)
        >>> round(float(sums.at_most(0.95)[0]), 4)
        0.0495
        """
        from scipy import stats

        mean, worth = self._effective(0.0, 1.0)
        bound = stats.beta.ppf(sure, mean * worth, (1 - mean) * worth)
        return np.where(self.b > 0, bound, 1.0)

    def _effective(self, right: float, wrong: float) -> tuple[Floats, Floats]:
        """Return the ratio with weighted additional cards, and the effective number of cards."""
        with np.errstate(invalid="ignore", divide="ignore"):
            size = self.b / self.cards
            all_b = self.b + (right + wrong) * size
            mean = (self.a + wrong * size) / all_b
            gaps = self.aa - 2 * mean * self.ab + mean**2 * self.bb
            gaps += right * (mean * size) ** 2 + wrong * ((1 - mean) * size) ** 2
            return mean, mean * (1 - mean) * all_b**2 / gaps


def paired(gain: npt.ArrayLike, size: npt.ArrayLike) -> tuple[float, float]:
    """Return the 95 % interval of a difference between two readers of the same cards.

    `gain` and `size` are what each card adds to the difference, and to its denominator; the
    interval is NaN if the denominator is 0.  Two cards are added, in each of which one reader is
    completely right and the other completely wrong, as proposed by Bonett and Price; the quantile
    is that of Student's t.

    >>> low, high = paired([0] * 99, [1] * 99)
    >>> f"{low:.3f} {high:.3f}"
    '-0.028 0.028'
    """
    from scipy import stats

    d, b = np.asarray(gain, np.float64), np.asarray(size, np.float64)
    d, b = d[b > 0], b[b > 0]
    if not len(b):
        return float("nan"), float("nan")
    whole = b.mean()
    total = b.sum() + 2 * EXTREME * whole
    seen, middle = d.sum() / b.sum(), d.sum() / total
    gaps = ((d - middle * b) ** 2).sum()
    gaps += EXTREME * whole**2 * ((1 - middle) ** 2 + (1 + middle) ** 2)
    half = stats.t.ppf((1 + SURE) / 2, len(b)) * np.sqrt(gaps) / total
    # The difference lies between -1 and 1.
    return float(min(max(middle - half, -1.0), seen)), float(max(min(middle + half, 1.0), seen))


def share(hits: npt.ArrayLike, trials: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return the interval of a share of independent trials, by the same rule as `clustered`.

    >>> low, high = share(9, 10)
    >>> f"{low:.3f} {high:.3f}"
    '0.551 0.985'
    """
    k, n = np.asarray(hits, np.float64), np.asarray(trials, np.float64)
    return Sums(n, k, n, k, k, n).interval()
