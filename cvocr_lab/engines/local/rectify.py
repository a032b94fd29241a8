"""Where the paper lies: registers found anchors against a model's printed places.

The result maps millimetres on the paper to pixels of the picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvocr_lab.engines.local.classify import Hit, Model, spots
from cvocr_lab.engines.local.edges import paper_corners
from cvocr_lab.engines.local.find import Image, Quads
from cvocr_lab.engines.local.marks import Mark, places
from cvocr_lab.results import Line, quad_part

Matrix = NDArray[np.floating[Any]]
"""Homography ``(3, 3)``."""

_TOLERANCE_MM = 5.0
_MOST_TURN = math.radians(30)
_SCALE_SLACK = math.log(1.6)
_MARK_WEIGHT = 5.0
_BOX_PER_EM = 1.4
"""Height of a found line over the em of its letters."""


@dataclass(frozen=True, slots=True)
class Registration:
    """How a model lies in a picture.

    Parameters
    ----------
    matrix
        From millimetres on the paper to pixels.
    hits
        The anchors that agree with it.
    scale
        Pixels per millimetre at the paper's middle.
    """

    model: Model
    matrix: Matrix
    hits: tuple[Hit, ...]
    scale: float

    def corners(self) -> NDArray[np.float64]:
        """The paper's corners in the picture, clockwise from its top left, ``(4, 2)``."""
        width, height = self.model.layout.size
        return warp_points(
            self.matrix, np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
        )


def warp_points(matrix: Matrix, points: ArrayLike) -> NDArray[np.float64]:
    """Points ``(n, 2)`` through a homography."""
    flat = np.asarray(points, float).reshape(-1, 2)
    out = np.column_stack([flat, np.ones(len(flat))]) @ matrix.T
    depth = out[:, 2:3]
    # Points at the horizon go far away, not to infinity.
    return out[:, :2] / np.where(np.abs(depth) < 1e-9, 1e-9, depth)


def quads_array(lines: Sequence[Line]) -> Quads:
    """Quads of lines as ``(n, 4, 2)``."""
    return np.array([line.quad for line in lines], np.float32).reshape(-1, 4, 2)


def span_quad(line: Line, start: int, end: int) -> NDArray[np.float64]:
    """The part of a line's quad that characters `start` to `end` take, ``(4, 2)``."""
    assert line.quad is not None
    count = max(len(line.text), 1)
    part = quad_part(line.quad, start / count, max(end, start + 0.5) / count)
    return np.array(part, float).reshape(4, 2)


def _pairs(
    lines: Sequence[Line], hits: Sequence[Hit], model: Model
) -> tuple[
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    list[Hit | None],
]:
    """Places on paper, in the picture, weights, scales by letter height, and the hits' own."""
    mine = spots(model)
    source, target, weights, heights = [], [], [], []
    used: list[Hit | None] = []
    for hit in hits:
        spot = mine.get(hit.key)
        if spot is None or math.isnan(spot.x):
            continue
        quad = span_quad(lines[hit.line], hit.start, hit.end)
        left, right = (quad[0] + quad[3]) / 2, (quad[1] + quad[2]) / 2
        source.append((spot.x, spot.y))
        target.append((left + right) / 2 if spot.centred else left)
        weights.append(hit.score**2 * min(len(hit.key), 16) ** 0.5)
        heights.append(float(np.hypot(*(quad[3] - quad[0]))) / (_BOX_PER_EM * spot.size))
        used.append(hit)
    return (
        np.array(source, float).reshape(-1, 2),
        np.array(target, float).reshape(-1, 2),
        np.array(weights, float),
        np.array(heights, float),
        used,
    )


def register(
    lines: Sequence[Line],
    hits: Sequence[Hit],
    model: Model,
    *,
    angle_deg: float,
    marks: Sequence[Mark] = (),
) -> Registration | None:
    """The placement most anchors and marks agree on; None when under two points do.

    Parameters
    ----------
    angle_deg
        Reading direction of the lines.
    """
    source, target, weights, heights, used = _pairs(lines, hits, model)
    mine = places(model)
    for mark in marks:
        if mark.role in mine:
            points, size = mine[mark.role]
            count = len(points)
            source = np.vstack([source, points])
            target = np.vstack([target, mark.points])
            weights = np.append(weights, np.full(count, _MARK_WEIGHT / count))
            heights = np.append(heights, np.full(count, mark.size / size))
            used += [None] * count
    if len(used) < 2:
        return None
    # Letters tell the scale roughly; it keeps two chance hits from making a giant of a card.
    rough = float(np.median(heights))
    s = source[:, 0] + 1j * source[:, 1]
    p = target[:, 0] + 1j * target[:, 1]
    i, j = np.triu_indices(len(s), 1)
    gap = s[j] - s[i]
    far = np.abs(gap) > 6
    if not far.any():
        return None
    i, j, gap = i[far], j[far], gap[far]
    turn = (p[j] - p[i]) / gap
    shift = p[i] - turn * s[i]
    off = np.angle(turn * np.exp(-1j * math.radians(angle_deg)))
    size = np.log(np.maximum(np.abs(turn), 1e-9) / rough)
    sane = (np.abs(off) < _MOST_TURN) & (np.abs(size) < _SCALE_SLACK)
    if not sane.any():
        return None
    turn, shift = turn[sane], shift[sane]
    distance = np.abs(turn[:, None] * s[None] + shift[:, None] - p[None]) / np.abs(turn)[:, None]
    votes = (np.clip(1 - (distance / _TOLERANCE_MM) ** 2, 0, 1) * weights).sum(1)
    best = int(np.argmax(votes * _coverage(lines, target, model, turn, shift)))
    inside = distance[best] < _TOLERANCE_MM
    if inside.sum() < 2:
        return None
    a, b = turn[best], shift[best]
    matrix = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag], [0, 0, 1]])
    matrix = _refine(matrix, source[inside], target[inside], weights[inside])
    hits_in = tuple(hit for hit, keep in zip(used, inside, strict=True) if keep and hit)
    return _sane(Registration(model, matrix, hits_in, _scale(model, matrix)))


def _coverage(
    lines: Sequence[Line],
    anchors: NDArray[np.float64],
    model: Model,
    turn: NDArray[np.complex128],
    shift: NDArray[np.complex128],
) -> NDArray[np.float64]:
    """For each placement a factor that grows with the text near the anchors it takes in.

    Anchors of one column alone leave the scale open; the text beside them does not.
    """
    quads = quads_array(lines).astype(float)
    centre = quads.mean(1)
    low, high = anchors.min(0), anchors.max(0)
    reach = 0.5 * float((high - low).max())
    near = ((centre > low - reach) & (centre < high + reach)).all(1)
    if not near.any():
        return np.ones(len(turn))
    length = np.hypot(*(quads[near, 1] - quads[near, 0]).T)
    points = centre[near] @ np.array([1, 1j])
    paper = (points[None] - shift[:, None]) / turn[:, None]
    width, height = model.layout.size
    x, y = paper.real / width, paper.imag / height
    on_it = (x > -0.03) & (x < 1.03) & (y > -0.05) & (y < 1.05)
    return np.asarray(0.4 + 0.6 * (on_it * length).sum(1) / length.sum(), np.float64)


def place_by_edges(
    image: Image, lines: Sequence[Line], model: Model, *, angle_deg: float
) -> Registration:
    """The placement by the paper's outline; without one, the page as it is.

    For papers of which too few captions can be read to place them.
    """
    width, height = model.layout.size
    corners = paper_corners(image, model.layout.size, angle_deg=angle_deg)
    if corners is not None:
        paper = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        matrix = cv2.getPerspectiveTransform(paper, corners.astype(np.float32))
        placed = _sane(Registration(model, matrix, (), _scale(model, matrix)))
        if placed is not None:
            return placed
    quads = quads_array(lines)
    tall = float(np.median(np.hypot(*(quads[:, 3] - quads[:, 0]).T)))
    scale = tall / (_BOX_PER_EM * model.layout.caption_size)
    turn = math.radians(angle_deg)
    u = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    points = quads.reshape(-1, 2)
    shift = (points.min(0) + points.max(0)) / 2 - u @ (np.array([width, height]) / 2)
    matrix = np.vstack([np.column_stack([u, shift]), [0, 0, 1]])
    return Registration(model, matrix, (), scale)


def _scale(model: Model, matrix: Matrix) -> float:
    centre = np.array(model.layout.size) / 2
    corner = warp_points(matrix, centre + np.array([[0, 0], [1, 0], [0, 1]]))
    return float(np.hypot(*(corner[1:] - corner[0]).T).mean())


def _sane(placed: Registration) -> Registration | None:
    """The registration, or None when it folds or flings the paper away."""
    corners = placed.corners()
    if not np.isfinite(corners).all() or np.linalg.cond(placed.matrix) > 1e9:
        return None
    if not cv2.isContourConvex(corners.astype(np.float32)):
        return None
    width, height = placed.model.layout.size
    area = cv2.contourArea(corners.astype(np.float32)) / (width * height)
    return placed if 0.3 < area / placed.scale**2 < 3 else None


def _refine(
    matrix: Matrix,
    source: NDArray[np.float64],
    target: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> Matrix:
    """Least squares around a similarity: stiff where anchors are few, freer where they are many."""
    if len(source) < 3:
        return matrix
    scale = float(np.hypot(*matrix[:2, 0]))
    centre = source.mean(0)
    # Ghost points of the similarity at the paper's corners hold what anchors do not pin down.
    ghosts = centre + np.array([[-30, -20], [30, -20], [30, 20], [-30, 20]], float)
    held = warp_points(matrix, ghosts)
    stiffness = 8.0 / len(source)
    src = np.vstack([source, ghosts])
    dst = np.vstack([target, held])
    w = np.sqrt(np.concatenate([weights / weights.mean(), np.full(4, stiffness)]))
    design = np.column_stack([src, np.ones(len(src))]) * w[:, None]
    solved, *_ = np.linalg.lstsq(design, dst * w[:, None], rcond=None)
    affine = np.vstack([solved.T, [0, 0, 1]])
    spread = np.ptp(source, axis=0)
    if len(source) < 8 or spread.min() < 20:
        return affine
    found, _ = cv2.findHomography(source, target, cv2.RANSAC, 2.0 * scale)
    if found is None:
        return affine
    before = np.hypot(*(warp_points(affine, source) - target).T)
    after = np.hypot(*(warp_points(found, source) - target).T)
    ghost_shift = np.hypot(*(warp_points(found, ghosts) - warp_points(affine, ghosts)).T)
    sane = ghost_shift.max() < 8 * scale and np.median(after) < 0.7 * np.median(before)
    return np.asarray(found) if sane else affine


def flatten(
    image: Image, registration: Registration, *, around: ArrayLike, scale: float
) -> tuple[Image, Matrix]:
    """The paper seen straight from above, and the matrix from the picture to it.

    Parameters
    ----------
    around
        Points of the picture, ``(n, 2)``, that must stay in view beside the paper itself.
    scale
        Pixels per millimetre of the result.
    """
    back = np.linalg.inv(registration.matrix)
    width, height = registration.model.layout.size
    margin = 0.06 * width
    view = np.vstack(
        [
            warp_points(back, around),
            np.array([[-margin, -margin], [width + margin, height + margin]]),
        ]
    )
    low = np.maximum(view.min(0), [-0.5 * width, -0.5 * height])
    high = np.minimum(view.max(0), [1.5 * width, 1.5 * height])
    place = np.array([[scale, 0, -low[0] * scale], [0, scale, -low[1] * scale], [0, 0, 1]])
    matrix = place @ back
    size = np.ceil((high - low) * scale).astype(int)
    flat = cv2.warpPerspective(
        image, matrix, (int(size[0]), int(size[1])), flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return flat, matrix
