"""The four corners of a paper, chosen together from the second net's heat maps.

A heat map often has several peaks: a frame printed on the paper, the edge of the picture, another
paper.  The corners are those that are most probable together, given how papers look (a scanned
paper is a rectangle of a known shape, a photographed one is nearly one) and how clearly the sides
between them stand out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local.edges import side_odds
from cvocr_lab.engines.local.geometry import Image, Matrix, Points, side_lengths, warp_points

CELL: Final = 4
"""Pixels of what the net sees per cell of a heat map."""
_MOST_PEAKS, _LEAST_CHANCE = 3, 1e-3
"""Places considered for a corner, and the least probability of one."""
_FLOOR = 1e-6
"""Added to each probability, as the net is sometimes sure of a wrong place."""
_FURTHEST = 0.25
"""How far a corner may lie from the outline before, as a share of the paper's length."""
_STEPS, _BEST = (0.06, 0.03, 0.03, 0.015, 0.015, 0.007, 0.0035), 4
"""Moves tried around the best outlines, as shares of the paper's length, and how many are kept."""
_HOPEFUL = 16
"""How many of the outlines tried are compared by their sides too, which takes longest."""
_OTHER_RATIO = 0.01
"""Probability added to each known ratio of sides: the type may be wrong."""


@dataclass(frozen=True, slots=True)
class _Look:
    """How the papers of one sort of picture vary: standard deviations, and the sort's share.

    The twist is a share of the length, the ratio of sides a logarithm, the angle in degrees.
    """

    share: float
    twist: float
    ratio: float
    angle: float


_LOOKS = (_Look(0.2, 0.02, 0.04, 2.0), _Look(0.8, 0.06, 0.15, 8.0))
"""Scanned and photographed papers."""


def best_corners(
    quad: Points,
    matrix: Matrix,
    heat: NDArray[np.float32],
    ratios: Mapping[float, float],
    image: Image,
) -> tuple[Points, float] | None:
    """Return the corners that are most probable together, in pixels of the picture.

    Parameters
    ----------
    quad
        The outline before, ``(4, 2)``, in the order of the heat maps.
    matrix
        From pixels of the picture to those the net saw.
    heat
        Logits of each corner's place, ``(4, rows, columns)``.
    ratios
        Width over height of the known papers, and the probability of each.
    image
        The picture as `edges.smoothed` returns it.

    Returns
    -------
    tuple or None
        The corners, clockwise, and the logarithm of their probability up to a constant; None
        where no corners make a paper.
    """
    powers = np.exp(heat - heat.max((1, 2), keepdims=True))
    chances = powers / powers.sum((1, 2), keepdims=True)
    back = np.linalg.inv(matrix)
    length = max(side_lengths(quad))

    def score(quads: NDArray[np.float64]) -> NDArray[np.float64]:
        total = _seen(quads, matrix, chances) + _expected(quads, ratios)
        off = np.hypot(*(quads - quad).transpose(2, 0, 1)).max(1)
        total[~_are_convex(quads) | (off > _FURTHEST * length)] = -np.inf
        hopeful = np.isfinite(total)
        hopeful[np.argsort(-total)[_HOPEFUL:]] = False
        total[~hopeful] = -np.inf
        if hopeful.any():
            total[hopeful] += side_odds(image, quads[hopeful], length)
        return total

    places = [warp_points(back, peaks(chance)) for chance in chances]
    quads = np.array(list(product(*places)))
    for step in (0.0, *_STEPS):
        if step:
            quads = _moved(quads, step * length)
        scores = score(quads)
        order = np.argsort(-scores)[:_BEST]
        quads, scores = quads[order], scores[order]
    return (quads[0], float(scores[0])) if np.isfinite(scores[0]) else None


def peaks(chance: NDArray[np.float32]) -> Points:
    """Return the likely places of a corner, ``(n, 2)`` pixels of what the net saw, n at least 1.

    Parameters
    ----------
    chance
        Probability of each cell, ``(rows, columns)``.
    """
    places: list[tuple[float, float]] = []
    left = chance.copy()
    for _ in range(_MOST_PEAKS):
        row, column = map(int, np.unravel_index(int(left.argmax()), left.shape))
        y0, x0 = max(row - 2, 0), max(column - 2, 0)
        window = left[y0 : y0 + 5, x0 : x0 + 5]
        total = float(window.sum())
        if places and total < _LEAST_CHANCE:
            break
        rows, columns = np.mgrid[y0 : y0 + window.shape[0], x0 : x0 + window.shape[1]]
        places.append(
            (float((window * columns).sum()) / total, float((window * rows).sum()) / total)
        )
        left[max(row - 3, 0) : row + 4, max(column - 3, 0) : column + 4] = 0
    return (np.array(places) + 0.5) * CELL


def _seen(
    quads: NDArray[np.float64], matrix: Matrix, chances: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Logarithm of what the heat maps say of each of the outlines ``(n, 4, 2)``."""
    cells = (warp_points(matrix, quads).reshape(quads.shape) / CELL - 0.5).astype(np.float32)
    total = np.zeros(len(quads))
    for k, chance in enumerate(chances):
        there = cv2.remap(
            chance, cells[:, k, :1], cells[:, k, 1:], cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT, borderValue=0,
        )  # fmt: skip
        total += np.log(there[:, 0] + _FLOOR)
    return total


def _expected(quads: NDArray[np.float64], ratios: Mapping[float, float]) -> NDArray[np.float64]:
    """Logarithm of how common outlines of such a form are."""
    sides = np.roll(quads, -1, 1) - quads
    lengths = np.hypot(sides[..., 0], sides[..., 1])
    across, down = (np.maximum(lengths[:, k] + lengths[:, k + 2], 1e-6) / 2 for k in (0, 1))
    slip = quads[:, 0] - quads[:, 1] + quads[:, 2] - quads[:, 3]
    twist = np.hypot(*slip.T) / np.maximum(across, down)
    one, other = sides[:, 0] - sides[:, 2], sides[:, 1] - sides[:, 3]
    product_of_lengths = np.maximum(np.hypot(*one.T) * np.hypot(*other.T), 1e-6)
    cosine = np.clip((one * other).sum(1) / product_of_lengths, -1, 1)
    angle = np.degrees(np.arcsin(cosine))
    known = np.log(np.array(list(ratios)))
    weights = np.array(list(ratios.values())) + _OTHER_RATIO
    ratio = np.log(across / down)[:, None] - known
    total = np.full(len(quads), 1e-30)
    for look in _LOOKS:
        total += (
            look.share
            * _bell(twist, look.twist) / look.twist
            * (_bell(ratio, look.ratio) * weights).sum(1)
            * _bell(angle, look.angle)
        )  # fmt: skip
    return np.asarray(np.log(total))


def _bell(x: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
    """The normal distribution's density, up to a constant factor."""
    return np.asarray(np.exp(-0.5 * (x / spread) ** 2) / spread)


def _are_convex(quads: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of the outlines ``(n, 4, 2)`` are convex and clockwise."""
    sides = np.roll(quads, -1, 1) - quads
    after = np.roll(sides, -1, 1)
    turns = sides[..., 0] * after[..., 1] - sides[..., 1] * after[..., 0]
    return np.asarray((turns > 0).all(1))


def _directions() -> NDArray[np.float64]:
    """Moves of the whole outline, of one corner and of one side, along both axes: ``(m, 4, 2)``."""
    moves: list[NDArray[Any]] = []
    for axis in (0, 1):
        for corners in ((0, 1, 2, 3), (0,), (1,), (2,), (3,), (0, 1), (1, 2), (2, 3), (3, 0)):
            move = np.zeros((4, 2))
            move[list(corners), axis] = 1
            moves += [move, -move]
    return np.array(moves)


_DIRECTIONS = _directions()


def _moved(quads: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """The outlines ``(n, 4, 2)``, and each of them shifted, turned, scaled or bent a little."""
    out = quads - quads.mean(1, keepdims=True)
    size = np.maximum(np.hypot(*out.transpose(2, 0, 1)).max(1), 1e-6)[:, None, None]
    turned = np.stack([-out[..., 1], out[..., 0]], -1)
    own = np.stack([turned, -turned, out, -out], 1) * (step / size)[:, None]
    shared = np.broadcast_to(step * _DIRECTIONS, (len(quads), *_DIRECTIONS.shape))
    moves = np.concatenate([own, shared], 1)
    return np.concatenate([quads, (quads[:, None] + moves).reshape(-1, 4, 2)])
