"""Whether a paired difference is more than luck, and how many cards would tell."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from statistics import NormalDist

import numpy as np

from cvocr_lab.scoring.intervals import Floats


def mcnemar(fixed: int, broke: int) -> float:
    """Exact two-sided p of McNemar's test: how likely a fair coin splits as unevenly.

    Parameters
    ----------
    fixed, broke
        Pairs in which only the second reader is right, and only the first.

    Examples
    --------
    >>> round(mcnemar(9, 1), 4)
    0.0215
    """
    from scipy import stats

    return float(stats.binomtest(fixed, fixed + broke).pvalue) if fixed + broke else 1.0


def holm(chances: Sequence[float]) -> Floats:
    """Holm's correction: the p values of tests made together.

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
    """How many cards tell two readers apart by McNemar's test.

    Connor's formula for paired shares (Biometrics 43, 1987), with the continuity correction that
    fits the exact test.

    Parameters
    ----------
    difference
        Between the two shares right, above 0 and at most 1.
    differing
        Share of cards on which exactly one of the readers is right; raised to `difference`, below
        which it cannot lie.
    power
        Chance of telling, 0 to 1.
    alpha
        Chance of telling what is not there, 0 to 1.

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
