"""Evaluates a reader on drawn lines: pooled character error rate and share of exact lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from cvocr_lab.synth import wording
from cvocr_lab.synth.fonts import Pool
from cvocr_lab.training.stream import Shard, draw_shard

VALIDATION_SEED = 11_000
"""Seed of the lines that select a checkpoint (validation font families)."""

TEST_SEED = 12_000
"""Seed of the lines that are used for figures only (held-out font families)."""

Read = Callable[[Sequence[NDArray[np.uint8]]], list[str]]


@dataclass(frozen=True, slots=True)
class Figures:
    """Accuracy of reading lines.

    Parameters
    ----------
    cer
        Character error rate: edits over characters of the truth, pooled.
    exact
        Share of lines without any error.
    lines
        Number of lines.
    """

    cer: float
    exact: float
    lines: int


def drawn_set(seed: int, pool: Pool, per_sort: int) -> Shard:
    """Draw the same number of lines of every sort; the same seed returns the same set."""
    shards = [draw_shard(seed + i, per_sort, pool, sort) for i, sort in enumerate(wording.SORTS)]
    return Shard(
        [p for s in shards for p in s.pictures],
        [x for s in shards for x in s.texts],
        [x for s in shards for x in s.sorts],
    )


def evaluate(read: Read, shard: Shard) -> dict[str, Figures]:
    """Return the figures by sort of text, and ``"all"`` weighted as the sorts are in training."""
    edits: dict[str, list[int]] = defaultdict(list)
    sizes: dict[str, int] = defaultdict(int)
    for text, sort, got in zip(shard.texts, shard.sorts, read(shard.pictures), strict=True):
        edits[sort].append(Levenshtein.distance(text, got))
        sizes[sort] += len(text)
    figures = {
        sort: Figures(sum(found) / sizes[sort], found.count(0) / len(found), len(found))
        for sort, found in edits.items()
    }
    shares = {s: wording.SORTS[s][0] if s in wording.SORTS else 1.0 for s in figures}
    total = sum(shares.values())
    length = {s: sizes[s] / figures[s].lines * shares[s] for s in figures}
    figures["all"] = Figures(
        sum(figures[s].cer * length[s] for s in shares) / sum(length.values()),
        sum(figures[s].exact * shares[s] for s in shares) / total,
        sum(figures[s].lines for s in shares),
    )
    return figures
