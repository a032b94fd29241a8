"""Finds the four corners of a paper jointly from the heat maps of the second net.

A heat map often has several peaks: a frame printed on the paper, the edge of the picture, another
paper.  The corners chosen are jointly the most probable, given the usual shapes of papers (a
scanned paper is a rectangle of a known aspect ratio, a photographed one is nearly so) and how
clearly the sides between them stand out.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local.geometry import Image, Matrix, Points, side_lengths, warp_points
from cvocr_lab.engines.local.models import softmax

CELL: Final = 4
"""Pixels of the net's input per cell of a heat map."""
_MOST_PEAKS, _LEAST_CHANCE = 3, 1e-3
"""Largest number of positions considered for a corner, and least probability of each."""
_FLOOR = 1e-6
"""Added to each probability, because the net is sometimes confident of a wrong position."""
_FURTHEST = 0.25
"""How far a corner may be from the initial outline, as a share of the paper's length."""
_STEPS, _BEST = (0.06, 0.03, 0.03, 0.015, 0.015, 0.007, 0.0035), 4
"""Steps tried around the best outlines, as shares of the paper's length, and the number of outlines
kept after each."""
_HOPEFUL = 16
"""Number of outlines whose sides are compared too, which takes the most time."""
_OTHER_RATIO = 0.01
"""Probability added to each known aspect ratio, because the type may be wrong."""


_LOOKS = ((0.2, 0.02, 0.04, 2.0), (0.8, 0.06, 0.15, 8.0))
"""For scanned and for photographed papers: their share of all pictures, and the standard deviations
of their twist (a share of the length), logarithm of the aspect ratio, and angle in degrees."""


def best_corners(
    quad: Points,
    matrix: Matrix,
    heat: NDArray[np.float32],
    ratios: Mapping[float, float],
    image: Image,
) -> tuple[Points, float] | None:
    """Return the jointly most probable corners, in pixels of the picture, clockwise.

    The second result is the logarithm of their probability up to a constant.  None is returned if
    no corners form the outline of a paper.

    `quad` is the initial outline, ``(4, 2)``, in the order of the heat maps; `matrix` the
    homography from the picture, which is `smoothed`, to the net's input; `heat` the logits of each
    corner's position, ``(4, rows, columns)``; `ratios` the probabilities of the aspect ratios
    (width over height) of the known papers.
    """
    chances = softmax(heat, (1, 2))
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
    """Return the likely positions of a corner, ``(n, 2)`` pixels of the net's input, n at least 1.

    `chance` is the probability of each cell, ``(rows, columns)``.
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
    """Return the log probability of outlines ``(n, 4, 2)`` according to the heat maps."""
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
    """Return the log probability of the shapes of the outlines."""
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
    for share, twists, log_ratios, angles in _LOOKS:
        total += (
            share
            * _bell(twist, twists) / twists
            * (_bell(ratio, log_ratios) * weights).sum(1)
            * _bell(angle, angles)
        )  # fmt: skip
    return np.asarray(np.log(total))


def _bell(x: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
    """Return the density of the normal distribution, up to a constant factor."""
    return np.asarray(np.exp(-0.5 * (x / spread) ** 2) / spread)


def _are_convex(quads: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which of the outlines ``(n, 4, 2)`` are convex and clockwise."""
    sides = np.roll(quads, -1, 1) - quads
    after = np.roll(sides, -1, 1)
    turns = sides[..., 0] * after[..., 1] - sides[..., 1] * after[..., 0]
    return np.asarray((turns > 0).all(1))


def _directions() -> NDArray[np.float64]:
    """Return moves of the outline, of one corner and of one side along both axes, ``(m, 4, 2)``."""
    moves: list[NDArray[Any]] = []
    for axis in (0, 1):
        for corners in ((0, 1, 2, 3), (0,), (1,), (2,), (3,), (0, 1), (1, 2), (2, 3), (3, 0)):
            move = np.zeros((4, 2))
            move[list(corners), axis] = 1
            moves += [move, -move]
    return np.array(moves)


_DIRECTIONS = _directions()


def _moved(quads: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Return the outlines ``(n, 4, 2)``, and variants slightly shifted, turned, scaled or bent."""
    out = quads - quads.mean(1, keepdims=True)
    size = np.maximum(np.hypot(*out.transpose(2, 0, 1)).max(1), 1e-6)[:, None, None]
    turned = np.stack([-out[..., 1], out[..., 0]], -1)
    own = np.stack([turned, -turned, out, -out], 1) * (step / size)[:, None]
    shared = np.broadcast_to(step * _DIRECTIONS, (len(quads), *_DIRECTIONS.shape))
    moves = np.concatenate([own, shared], 1)
    return np.concatenate([quads, (quads[:, None] + moves).reshape(-1, 4, 2)])


_POINTS: Final = 24
"""Number of points compared along a side, away from its ends, as corners may be round."""
_ALONG: Final = 0.07 + 0.86 * (np.arange(_POINTS) + 0.5) / _POINTS
_BESIDE: Final = 0.008
"""Distance of the compared points from the side, as a share of the paper's length."""
_NOISE: Final = 4.0
"""Spread of the colour difference that every picture has, in levels of 255."""
_EVEN: Final = 0.6
"""Ratio of the difference to its spread at which a line is equally likely to be a side or not."""
_SLOPE, _LEAST, _MOST = 1.1, -1.5, 2.0
"""The log odds grow by this factor with the logarithm of that ratio, within these bounds."""
_HIDDEN: Final = 0.1
"""Share of papers whose sides cannot be seen."""


def smoothed(image: Image) -> Image:
    """Return the picture blurred, so that single pixels have no influence."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 1.0), np.uint8)


def side_odds(image: Image, quads: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    """Return the log odds that outlines ``(n, 4, 2)`` run along the sides of a paper.

    Along a true side, the colour just inside differs from the colour just outside by about the
    same amount everywhere.  Along a line across a printed page or the paper itself, it does not.
    Sides outside the picture count as neither likely nor unlikely.  The image is `smoothed`, and
    `length` the approximate length of the paper in pixels.
    """
    sides = np.roll(quads, -1, 1) - quads
    lengths = np.maximum(np.hypot(sides[..., 0], sides[..., 1]), 1e-6)[..., None]
    outwards = np.stack([sides[..., 1], -sides[..., 0]], -1) / lengths
    outwards *= max(1.5, _BESIDE * length)
    places = (quads[:, :, None] + sides[:, :, None] * _ALONG[:, None]).astype(np.float32)
    shift = outwards[:, :, None].astype(np.float32)
    outer, inner = places + shift, places - shift
    colours = [
        cv2.remap(
            image, p.reshape(len(quads), -1, 2), None, cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ).reshape(*p.shape[:3], 3).astype(np.int16)
        for p in (inner, outer)
    ]  # fmt: skip
    steps = np.sort((colours[0] - colours[1]).swapaxes(2, 3), -1)
    step = np.abs(steps[..., _POINTS // 2])
    spread = (steps[..., 3 * _POINTS // 4] - steps[..., _POINTS // 4]) / 2
    clear = (step / (1.5 * spread + _NOISE)).max(-1)
    odds = np.clip(_SLOPE * np.log((clear + 0.02) / _EVEN), _LEAST, _MOST)
    height, width = image.shape[:2]
    shown = ((outer >= 0) & (outer < (width, height))).all(-1).mean(-1)
    total = (odds * shown).sum(1)
    return np.asarray(np.logaddexp(np.log(1 - _HIDDEN) + total, np.log(_HIDDEN)))
