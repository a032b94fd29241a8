"""Quadrilaterals and homographies of papers and lines, used by the engine and by training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvocr_lab.results import Line, quad_part

Item = TypeVar("Item")
Image = NDArray[np.uint8]
Matrix = NDArray[np.floating[Any]]
"""Homography, ``(3, 3)``."""
Points = NDArray[np.float64]
"""Shape ``(n, 2)``; a quadrilateral has four points, clockwise (y points down)."""
Quads = NDArray[np.float32]
"""Shape ``(n, 4, 2)``."""


def warp_points(matrix: Matrix, points: ArrayLike) -> Points:
    """Map points ``(n, 2)`` through a homography."""
    flat = np.asarray(points, float).reshape(-1, 2)
    out = np.column_stack([flat, np.ones(len(flat))]) @ matrix.T
    depth = out[:, 2:3]
    # Points on the horizon are mapped far away instead of to infinity.
    return np.asarray(out[:, :2] / np.where(np.abs(depth) < 1e-9, 1e-9, depth))


def homography(source: ArrayLike, target: ArrayLike) -> Matrix:
    """Return the matrix that maps four points to four points."""
    return np.asarray(
        cv2.getPerspectiveTransform(
            np.asarray(source, np.float32).reshape(4, 2),
            np.asarray(target, np.float32).reshape(4, 2),
        )
    )


def rectangle(width: float, height: float, margin: float = 0.0) -> Points:
    """Return the corners of a rectangle, each moved outwards by `margin`."""
    x0, y0, x1, y1 = -margin, -margin, width + margin, height + margin
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], float)


def side_lengths(quad: Points) -> tuple[float, float]:
    """Return the mean length of the first and third, and of the second and fourth sides."""
    sides = np.hypot(*(np.roll(quad, -1, axis=0) - quad).T)
    return float(sides[0] + sides[2]) / 2, float(sides[1] + sides[3]) / 2


def fit_quad(mask: NDArray[np.uint8]) -> Points | None:
    """Fit a quadrilateral, clockwise, to the largest blob of a mask; None if it is degenerate.

    The convex hull is reduced to the four sides that add the least area.  Each side is then fitted
    to the outline's points along its middle, so that round corners have no influence.
    """
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return None
    outline = max(outlines, key=cv2.contourArea)
    hull = cv2.convexHull(outline)
    if len(hull) < 4:
        return None
    # For an input of floats the function returns floats.
    rough = cv2.approxPolyN(hull.astype(np.float32), 4).reshape(-1, 2).astype(float)
    lines = [
        _side(outline.reshape(-1, 2).astype(float), a, b)
        for a, b in zip(rough, np.roll(rough, -1, axis=0), strict=True)
    ]
    corners = [_crossing(lines[k - 1], lines[k]) for k in range(4)]
    quad = np.array([r if c is None else c for c, r in zip(corners, rough, strict=True)])
    reach = 0.15 * float(np.hypot(*np.ptp(rough, axis=0)))
    if np.hypot(*(quad - rough).T).max() > reach or not is_convex(quad):
        quad = rough
    return clockwise(quad)


def around(image: Image, corners: Points, margin: float = 0.0) -> tuple[Image, NDArray[np.intp]]:
    """Return the part of an image around points, and the position of its top left corner.

    `margin` pixels are added on each side, within the image.
    """
    low = np.maximum(corners.min(0) - margin, 0).astype(int)
    high = np.maximum(corners.max(0) + margin, 0).astype(int)
    return np.ascontiguousarray(image[low[1] : high[1], low[0] : high[0]]), low


def is_convex(quad: Points) -> bool:
    """Return whether four points form a convex quadrilateral in this order."""
    return bool(cv2.isContourConvex(np.asarray(quad, np.float32)))


def twist(quad: Points) -> float:
    """Return how far a quadrilateral is from a parallelogram, as a share of its longer sides."""
    a, b, c, d = quad
    return float(np.hypot(*(a - b + c - d))) / max(*side_lengths(quad), 1e-6)


def slope(quads: Quads | NDArray[np.float64]) -> float:
    """Return the median slope of lines ``(n, 4, 2)``, positive if they fall to the right."""
    if not len(quads):
        return 0.0
    runs = (quads[:, 1] + quads[:, 2] - quads[:, 0] - quads[:, 3]) / 2
    return float(np.median(runs[:, 1] / np.maximum(runs[:, 0], 1.0)))


def overlap(one: Points, other: Points) -> float:
    """Return the intersection of two convex quadrilaterals over their union."""
    common, first, second = _areas(one, other)
    return common / max(first + second - common, 1e-6)


def apart(items: Iterable[Item], corners: Callable[[Item], Points], most: float) -> list[Item]:
    """Return the items that overlap no earlier one by more than `most` of the smaller of the two.

    `corners` returns the quadrilateral of an item.
    """
    kept: list[Item] = []
    for item in items:
        areas = (_areas(corners(item), corners(other)) for other in kept)
        if all(common / max(min(sizes), 1e-6) <= most for common, *sizes in areas):
            kept.append(item)
    return kept


def _areas(one: Points, other: Points) -> tuple[float, float, float]:
    """Return the area of the intersection of two convex quadrilaterals, and the area of each."""
    a, b = (cv2.convexHull(np.asarray(quad, np.float32)) for quad in (one, other))
    common, _ = cv2.intersectConvexConvex(a, b)
    return float(common), cv2.contourArea(a), cv2.contourArea(b)


def clockwise(quad: Points) -> Points:
    """Return the points in clockwise order, y pointing down."""
    x, y = quad[:, 0], quad[:, 1]
    return quad if x @ np.roll(y, -1) - y @ np.roll(x, -1) > 0 else quad[::-1]


def _side(outline: Points, a: Points, b: Points) -> tuple[Points, Points]:
    """Fit a line to the outline's points along the middle of a side: a point and a direction."""
    along = b - a
    length = float(np.hypot(*along)) or 1.0
    along = along / length
    u = (outline - a) @ along
    off = (outline - a) @ np.array([-along[1], along[0]])
    near = (u > 0.12 * length) & (u < 0.88 * length) & (np.abs(off) < max(0.04 * length, 2.5))
    if near.sum() < 8:
        return a, along
    vx, vy, x, y = cv2.fitLine(
        outline[near].astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01
    ).ravel()
    return np.array([x, y], float), np.array([vx, vy], float)


def _crossing(first: tuple[Points, Points], second: tuple[Points, Points]) -> Points | None:
    """Return the intersection of two lines, or None if they are nearly parallel."""
    (p, d), (q, e) = first, second
    cross = d[0] * e[1] - d[1] * e[0]
    if abs(cross) < 1e-3 * float(np.hypot(*d) * np.hypot(*e)):
        return None
    gap = q - p
    return np.asarray(p + d * (gap[0] * e[1] - gap[1] * e[0]) / cross)


def quads_array(lines: Sequence[Line]) -> Quads:
    """Return the quads of lines as ``(n, 4, 2)``."""
    return np.array([line.quad for line in lines], np.float32).reshape(-1, 4, 2)


def span_quad(line: Line, start: int, end: int) -> Points:
    """Return the part of a line's quad covered by the characters `start` to `end`, ``(4, 2)``."""
    assert line.quad is not None
    count = max(len(line.text), 1)
    part = quad_part(line.quad, start / count, max(end, start + 0.5) / count)
    return np.array(part, float).reshape(4, 2)
