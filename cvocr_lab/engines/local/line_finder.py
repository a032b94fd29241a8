"""Find the lines of text on a flattened paper, or on a page."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local.geometry import Quads

SCALE_MM: Final = 7.5
"""Pixels per millimetre at which lines are searched on a paper."""
CORE: Final = 0.5
"""Height of a line's core as a share of the line's height."""
END: Final = 0.25
"""Part of the line that the core omits at each end, in line heights."""
HEIGHT_UNIT: Final = 16.0
"""The net outputs the logarithm of a line's height divided by this many pixels."""
STRIDE: Final = 2
"""Pixels per cell of the net's output."""
MULTIPLE: Final = 32
"""The sides of the net's input must be multiples of this number of pixels."""
_LEVELS = (0.4, 0.55, 0.7, 0.85)
"""Probability thresholds for cells of a core: the first for all, the higher ones to separate lines
that touch."""
_LEAST_SURE = 0.5
_TOO_THICK = 0.75
"""Thickness of a core over its line's height above which it covers several lines (see `CORE`)."""
_MOST_LINES = 600


def quads_of(answer: NDArray[np.float32]) -> Quads:
    """Return the lines in the net's output, ``(n, 4, 2)`` in pixels of its picture.

    The long sides run rightwards, or downwards for upright lines.  `answer` is
    ``(2, rows, columns)``: logits of the cores, and the logarithm of the heights.
    """
    chance = 1 / (1 + np.exp(-answer[0]))
    found: list[NDArray[np.float64]] = []
    _add_lines(found, chance, answer[1], (0, 0), 0)
    found.sort(key=lambda quad: (float(quad[0, 1]), float(quad[0, 0])))
    return np.array(found[:_MOST_LINES], np.float32).reshape(-1, 4, 2)


def _add_lines(
    found: list[NDArray[np.float64]],
    chance: NDArray[np.float32],
    heights: NDArray[np.float32],
    corner: tuple[int, int],
    step: int,
) -> None:
    """Add the lines of a part of the output; split blobs too thick for one line."""
    mask = (chance > _LEVELS[step]).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    for k in range(1, min(count, 4 * _MOST_LINES)):
        x, y, w, h, area = stats[k]
        if area < 4:
            continue
        box = (slice(y, y + h), slice(x, x + w))
        mine = labels[box] == k
        sure = chance[box][mine]
        if sure.max() < _LEAST_SURE or sure.mean() < _LEAST_SURE:
            continue
        tall = HEIGHT_UNIT * float(
            np.exp(np.clip(np.average(heights[box][mine], weights=sure), -2, 2.5))
        )
        there = (corner[0] + x, corner[1] + y)
        if step + 1 < len(_LEVELS) and _thickness(mine) * STRIDE > _TOO_THICK * tall:
            part = np.where(_unbridged(mine, tall), chance[box], 0.0).astype(np.float32)
            _add_lines(found, part, heights[box], there, step + 1)
            continue
        rows, columns = np.nonzero(mine)
        found.append(_line(columns + there[0], rows + there[1], sure, tall))


def _unbridged(mine: NDArray[np.bool_], tall: float) -> NDArray[np.bool_]:
    """Return a blob without narrow bridges between lines, such as an accent under a letter."""
    long = max(3, round(tall / STRIDE))
    size = (1, long) if mine.shape[1] >= mine.shape[0] else (long, 1)
    opened = cv2.morphologyEx(mine.astype(np.uint8), cv2.MORPH_OPEN, np.ones(size, np.uint8))
    return np.asarray(opened > 0) if opened.any() else mine


def _thickness(mine: NDArray[np.bool_]) -> float:
    rows, columns = np.nonzero(mine)
    length = float(np.hypot(np.ptp(rows), np.ptp(columns))) + 1
    return len(rows) / length


def _line(
    x: NDArray[np.intp], y: NDArray[np.intp], weights: NDArray[np.float32], tall: float
) -> NDArray[np.float64]:
    """Return the quad of a line from the cells of its core."""
    points = (np.stack([x, y], 1) + 0.5) * STRIDE
    middle = np.average(points, axis=0, weights=weights)
    (a, b), (_, c) = np.cov(points.T, aweights=weights) if len(points) > 2 else np.eye(2)
    angle = 0.5 * np.arctan2(2 * b, a - c)
    spread = np.sqrt(max(a, c)) / max(np.sqrt(min(a, c)), 0.5)
    if spread < 1.5:  # too short to have a direction
        angle = 0.0
    along = np.array([np.cos(angle), np.sin(angle)])
    if along[0] < -1e-6:
        along = -along
    down = np.array([-along[1], along[0]])
    u = (points - middle) @ along
    half = STRIDE / 2
    end = END * tall
    left, right = u.min() - half - end, u.max() + half + end
    up = down * tall / 2
    return np.array(
        [
            middle + left * along - up,
            middle + right * along - up,
            middle + right * along + up,
            middle + left * along + up,
        ]
    )
