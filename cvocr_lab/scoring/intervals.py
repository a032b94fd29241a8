"""Intervals: Wilson for shares, bootstrap over cards for everything pooled."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SURE: Final = 0.95
"""How often an interval covers the truth, unless asked otherwise."""

RESAMPLES: Final = 2000


def wilson(
    hits: npt.ArrayLike, trials: npt.ArrayLike, *, sure: float = SURE
) -> tuple[Floats, Floats]:
    """Wilson's score interval of a share.

    Parameters
    ----------
    hits, trials
        Counts (or effective counts), of one shape.
    sure
        Coverage, 0 to 1.

    Returns
    -------
    low, high
        NaN where there were no trials.

    Examples
    --------
    >>> low, high = wilson(9, 10)
    >>> f"{low:.3f} {high:.3f}"
    '0.596 0.982'
    """
    k, n = np.asarray(hits, np.float64), np.asarray(trials, np.float64)
    z = NormalDist().inv_cdf((1 + sure) / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = k / n
        middle = share + z**2 / (2 * n)
        half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
        scale = 1 + z**2 / n
        low, high = (middle - half) / scale, (middle + half) / scale
    # Rounding must not put the interval beside a share of 0 or 1.
    some = n > 0
    return np.where(some & (k <= 0), 0.0, low), np.where(some & (k >= n), 1.0, high)


def bootstrap(
    sums: npt.ArrayLike,
    rate: Callable[[Floats], Floats],
    *,
    sure: float = SURE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile interval of a pooled rate, resampling cards.

    Parameters
    ----------
    sums
        One row per card: what `rate` is made of, e.g. edits and characters.
    rate
        Gets the totals of every resample, (resamples, columns), and gives one rate for each.
    sure
        Coverage, 0 to 1.
    resamples
        How many times as many cards are drawn with replacement.
    seed
        Equal seeds give equal intervals.

    Returns
    -------
    low, high
        NaN where there are no cards or no resample has a rate.

    Examples
    --------
    >>> edits_chars = [[0, 10]] * 90 + [[5, 10]] * 10
    >>> low, high = bootstrap(edits_chars, lambda t: t[:, 0] / t[:, 1])
    >>> low < 0.05 < high
    True
    """
    table = np.asarray(sums, np.float64)
    if len(table) == 0:
        return float("nan"), float("nan")
    # Cards alike are drawn as one kind: exactly the same bootstrap, without a draw per card.
    kinds, counts = np.unique(table, axis=0, return_counts=True)
    draws = np.random.default_rng(seed)
    totals = np.empty((resamples, table.shape[1]))
    step = max(1, 4_000_000 // len(kinds))
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn = draws.multinomial(len(table), counts / len(table), size=size)
        totals[start : start + size] = drawn @ kinds
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = rate(totals)
    rates = rates[np.isfinite(rates)]
    if len(rates) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(rates, [(1 - sure) / 2, (1 + sure) / 2])
    return float(low), float(high)
