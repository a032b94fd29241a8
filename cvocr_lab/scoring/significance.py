"""Significance of paired differences, and the number of cards that is needed."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from statistics import NormalDist

import numpy as np

from cvocr_lab.scoring.intervals import Floats


def mcnemar(fixed: int, broke: int) -> float:
    """Return the two-sided p value of McNemar's exact test.

    Parameters
    ----------
    fixed, broke
        Number of pairs in which only the second, or only the first, reader is right.

    Examples
    --------
    >>> round(mcnemar(9, 1), 4)
    0.0215
    """
    from scipy import stats

    return float(stats.binomtest(fixed, fixed + broke).pvalue) if fixed + broke else 1.0


def holm(chances: Sequence[float]) -> Floats:
    """Return p values with Holm's correction for multiple tests.

    Examples
    --------
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
    for the exact test.

    Parameters
    ----------
    difference
        Difference between the shares of right values, above 0 and at most 1.
    differing
        Share of cards on which exactly one of the readers is right; at least `difference`.
    power
        Probability of detecting the difference, 0 to 1.
    alpha
        Significance level, 0 to 1.

    Examples
    --------
    >>> cards_needed(0.04, 0.10)
    538
    """
    gap, spread = abs(difference), max(differing, abs(difference))
    normal = NormalDist()
    luck, miss = normal.inv_cdf(1 - alpha / 2), normal.inv_cdf(power)
    plain = (luck * sqrt(spread) + miss * sqrt(max(spread - gap**2, 0.0))) ** 2 / gap**2
    corrected = plain / 4 * (1 + sqrt(1 + 4 / (plain * gap))) ** 2
    return ceil(corrected)
