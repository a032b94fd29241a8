"""Geometry of lines: quads of letters in a line, quads around pieces, distances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from cvocr_lab.images.crops import quad_around
from cvocr_lab.results import Line, Quad, as_quad, quad_part
from cvocr_lab.text import letter_shares

Points = npt.NDArray[np.float64]

_PADDING: Final = 0.13
"""Margin on each side of a line that was found, as a share of its height."""


def points_of(line: Line) -> Points:
    """Return the corners without the margin, ``(4, 2)``, clockwise from the text's top left."""
    assert line.quad is not None
    corners = np.array(line.quad, float).reshape(4, 2)
    along, down = corners[1] - corners[0], corners[3] - corners[0]
    width, height = float(np.hypot(*along)), float(np.hypot(*down))
    if width <= 0 or height <= 0:
        return corners
    margin = _PADDING * height
    x = along / width * min(margin, width / 4)
    y = down / height * margin
    return np.asarray(corners + np.array([x + y, y - x, -x - y, x - y]))


def part_of(line: Line, begin: int, end: int, *, rest: float = 1.0) -> Points:
    """Return the corners of the characters from `begin` to `end` (not included).

    `rest` is the size of the other letters of the line relative to these; captions are often
    smaller.
    """
    length = len(line.text)
    shares = letter_shares(line.text, min(begin, length), min(end, length), before=rest, after=rest)
    whole = cast(Quad, tuple(points_of(line).ravel().tolist()))  # not rounded, as `as_quad` would
    return np.array(quad_part(whole, *shares)).reshape(4, 2)


def around(pieces: Sequence[Points]) -> Quad:
    """Return the quad around several pieces, in the direction of the first."""
    if len(pieces) == 1:
        return as_quad(pieces[0])
    top_left, top_right, bottom_right, bottom_left = pieces[0]
    along = top_right - top_left + bottom_right - bottom_left
    return quad_around(np.concatenate(pieces), along)


def axes(piece: Points) -> tuple[Points, Points]:
    """Return the unit vectors along and down a piece."""
    axis = piece[1] - piece[0] + piece[2] - piece[3]
    axis = axis / max(float(np.hypot(*axis)), 1e-9)
    return axis, np.array([-axis[1], axis[0]])


def box(piece: Points, axis: Points, normal: Points) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a piece along these axes."""
    u, v = piece @ axis, piece @ normal
    return float(u.min()), float(v.min()), float(u.max()), float(v.max())


def height(piece: Points) -> float:
    """Return the height of a piece."""
    return float(np.hypot(*(piece[3] - piece[0])) + np.hypot(*(piece[2] - piece[1]))) / 2


def follows(before: Points, after: Points, *, rows: bool) -> bool:
    """Return whether a text may continue in the other piece: right of it, or in the next row."""
    axis, normal = axes(before)
    other, _ = axes(after)
    if axis @ other < 0.96:  # the directions differ by more than 16 degrees
        return False
    size = max(height(before), height(after))
    left, top, right, bottom = box(before, axis, normal)
    next_left, next_top, _, next_bottom = box(after, axis, normal)
    down = (next_top + next_bottom - top - bottom) / 2
    if abs(down) < 0.6 * size:
        return -0.5 * size < next_left - right < 12 * size
    below = 0.5 * size <= down < 2.4 * size
    return rows and below and left - 40 * size < next_left < right
