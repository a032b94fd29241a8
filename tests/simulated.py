"""Made-up readers whose true rates are known: what the simulations of the statistics draw from."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cvocr_lab.scoring.cells import OUTCOMES
from cvocr_lab.scoring.drift import fallen
from cvocr_lab.scoring.rates import rates
from cvocr_lab.scoring.thresholds import plan_review

FIELDS = 8
READERS = ("unread", "spread", "alike")
RATES = ("exact", "coverage", "precision", "recall", "f1", "cer")
MANY = 125_000
"""Cards that are drawn at once: a million cells."""

LENGTHS = np.array([12, 18, 10, 3, 8, 34, 52, 10])
"""Letters of a value, by field."""


def cells_of(reader: str, cards: int, rng: np.random.Generator) -> pd.DataFrame:
    """Cells of as many cards as one of the readers reads them.

    ``unread``: 3 % of the cards are not read at all, 5 % are hard (a third of the values wrong).
    ``spread``: every card has its own share of mistakes, 7 % on average.  ``alike``: 5 % of all
    values are wrong, whatever the card.
    """
    shape = (cards, FIELDS)
    wrong, missing = np.full(shape, 0.05), np.full(shape, 0.01)
    if reader == "unread":
        fate = rng.random(cards)
        wrong[:] = np.where(fate < 0.05, 0.33, 0.03)[:, None]
        missing[:] = np.where(fate > 0.97, 1.0, 0.004)[:, None]
    elif reader == "spread":
        wrong[:] = rng.beta(0.5, 7.0, cards)[:, None]
        missing[:] = rng.beta(0.3, 9.0, cards)[:, None]
    absent = rng.random(shape) < 0.08
    lost = rng.random(shape) < missing
    mistaken = rng.random(shape) < wrong
    outcome = np.select([absent & mistaken & ~lost, absent, lost, mistaken], [2, 4, 3, 1], 0)
    chars = np.where(absent, 0, np.maximum(1, rng.poisson(LENGTHS, shape)))
    slips = np.minimum(1 + rng.geometric(0.5, shape), chars)
    edits = np.select([outcome == 1, outcome == 3, outcome == 2], [slips, chars, 5], 0)
    right = np.isin(outcome, [0, 4]).astype(int)
    return pd.DataFrame(
        {
            "row": np.repeat(np.arange(cards), FIELDS),
            "outcome": pd.Categorical.from_codes(outcome.ravel(), pd.Index(OUTCOMES)),
            "tier": pd.Categorical.from_codes(right.ravel(), pd.Index(["none", "exact"])),
            "verdict": pd.Categorical.from_codes(right.ravel(), pd.Index(["different", "same"])),
            "edits": edits.ravel(),
            "chars": chars.ravel(),
            "words": 1 + chars.ravel() // 6,
            "word_edits": (edits > 0).ravel(),
            "anls": right.ravel().astype(np.float64),
        }
    )


def covered(reader: str, cards: int, runs: int, seed: int = 0) -> dict[str, float]:
    """Share of samples whose 95 % interval over all fields holds the truth, for each rate."""
    truth = _truth(reader)
    rng = np.random.default_rng(seed)
    hits = dict.fromkeys(RATES, 0)
    step = MANY // cards
    for start in range(0, runs, step):
        # Many samples are drawn and judged at once, each a group of its own.
        count = min(step, runs - start)
        cells = cells_of(reader, cards * count, rng)
        sample = rates(cells, cells["row"].to_numpy(np.int64) // cards, count, cards * count)
        for rate in RATES:
            low, high = sample[f"{rate}_low"], sample[f"{rate}_high"]
            hits[rate] += int(((low <= truth[rate]) & (truth[rate] <= high)).sum())
    return {rate: count / runs for rate, count in hits.items()}


@cache
def _truth(reader: str) -> dict[str, float]:
    """Rates of a reader over very many cards."""
    several = (cells_of(reader, MANY, np.random.default_rng(1000 + n)) for n in range(4))
    found = [rates(cells, np.zeros(len(cells), np.int64), 1, MANY) for cells in several]
    return {rate: float(np.mean([part[rate][0] for part in found])) for rate in RATES}


def _read(
    cards: npt.NDArray[np.float64], wrong: npt.NDArray[np.float64], rng: np.random.Generator
) -> pd.DataFrame:
    """Figures of one version of a reader; what is hard for one version is hard for the next."""
    shape = cards.shape
    own = rng.standard_normal(shape)
    mistaken = 0.95 * cards + np.sqrt(1 - 0.95**2) * own > stats.norm.ppf(1 - wrong)
    chars = np.broadcast_to(LENGTHS, shape)
    edits = np.where(mistaken, np.minimum(rng.geometric(0.5, shape), chars), 0)
    return pd.DataFrame(
        {
            "card": np.repeat(np.arange(shape[0]), FIELDS),
            "field": np.tile([f"f{n}" for n in range(FIELDS)], shape[0]),
            "correct": ~mistaken.ravel(),
            "edits": edits.ravel(),
            "chars": chars.ravel(),
        }
    )


def alarms(
    drop: float,
    runs: int,
    *,
    cards: int = 200,
    fields: int = 1,
    same: bool = True,
    seed: int = 0,
) -> float:
    """Share of runs in which the guard sounds for a reader that lost `drop`.

    Parameters
    ----------
    drop
        Lost share exact of some of the eight fields; 0 for a reader that is as good.
    fields
        How many of them lost it.
    same
        Whether both scores are of the same cards.
    """
    rng = np.random.default_rng(seed)
    sounded = 0
    for _ in range(runs):
        wrong = np.full(FIELDS, 0.05)
        hard = [
            0.7 * rng.standard_normal((cards, 1))
            + np.sqrt(0.51) * rng.standard_normal((cards, FIELDS))
            for _ in range(2)
        ]
        frozen = _read(hard[0], wrong, rng)
        now = _read(hard[0 if same else 1], wrong + drop * (np.arange(FIELDS) < fields), rng)
        if not same:
            now["card"] += cards
        sounded += len(fallen(frozen, now, same=same)) > 0
    return sounded / runs


def _sure(cards: int, rng: np.random.Generator) -> pd.DataFrame:
    """Cells with a confidence: 1 % of the cards wholly wrong and none the less sure of it."""
    shape = (cards, FIELDS)
    confidence = 1 - rng.beta(0.6, 12, shape)
    wrong = rng.random(shape) > confidence
    wrong |= (rng.random(cards) < 0.01)[:, None]
    return pd.DataFrame(
        {
            "row": np.repeat(np.arange(cards), FIELDS),
            "field": "id",
            "outcome": np.where(wrong, "wrong", "correct").ravel(),
            "confidence": confidence.ravel(),
        }
    )


def plans(cards: int, runs: int, *, at_most: float = 0.005, seed: int = 0) -> tuple[int, int]:
    """Count the plans that make a promise, and those of them that break it.

    Parameters
    ----------
    at_most
        The promise: share of values that pass wrongly.
    """
    rng = np.random.default_rng(seed)
    many = _sure(MANY, rng)
    order = np.argsort(-many["confidence"].to_numpy())
    falling = -many["confidence"].to_numpy()[order]
    passed = np.r_[0, np.cumsum(many["outcome"].eq("wrong").to_numpy()[order])] / len(many)
    made = broken = 0
    for _ in range(runs):
        threshold = plan_review(_sure(cards, rng)).answer(at_most).threshold
        if threshold == threshold:
            made += 1
            broken += passed[np.searchsorted(falling, -threshold, side="right")] > at_most
    return made, int(broken)
