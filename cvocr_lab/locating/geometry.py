"""Where parts of lines stand: quads of letters within a line, around several pieces, apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from cvocr_lab.results import Line, Quad, as_quad, quad_part
from cvocr_lab.text import letter_shares

Points = npt.NDArray[np.float64]

_PADDING: Final = 0.13
"""Share of a found line's height that is margin, on each side; lines are found for reading."""


def points_of(line: Line) -> Points:
    """The line's corners without their margin, ``(4, 2)``, clockwise from its text's top left."""
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
    """The corners of the characters from `begin` to before `end`.

    Parameters
    ----------
    rest
        How large the line's other letters are, these being 1: captions are set smaller.
    """
    length = len(line.text)
    shares = letter_shares(line.text, min(begin, length), min(end, length), before=rest, after=rest)
    whole = cast(Quad, tuple(points_of(line).ravel().tolist()))  # not rounded, as `as_quad` would
    return np.array(quad_part(whole, *shares)).reshape(4, 2)


def around(pieces: Sequence[Points]) -> Quad:
    """The quad around several pieces, turned as the first is."""
    if len(pieces) == 1:
        return as_quad(pieces[0])
    axis, normal = axes(pieces[0])
    points = np.concatenate(pieces)
    u, v = points @ axis, points @ normal
    corners = [(u.min(), v.min()), (u.max(), v.min()), (u.max(), v.max()), (u.min(), v.max())]
    return as_quad([axis * a + normal * b for a, b in corners])


def axes(piece: Points) -> tuple[Points, Points]:
    """Unit vectors along and down a piece."""
    axis = piece[1] - piece[0] + piece[2] - piece[3]
    axis = axis / max(float(np.hypot(*axis)), 1e-9)
    return axis, np.array([-axis[1], axis[0]])


def box(piece: Points, axis: Points, normal: Points) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a piece along these axes."""
    u, v = piece @ axis, piece @ normal
    return float(u.min()), float(v.min()), float(u.max()), float(v.max())


def height(piece: Points) -> float:
    """Height of a piece."""
    return float(np.hypot(*(piece[3] - piece[0])) + np.hypot(*(piece[2] - piece[1]))) / 2


def follows(before: Points, after: Points, *, rows: bool) -> bool:
    """Whether a text may go on from one piece to the other: to its right, or on the row below.

    Parameters
    ----------
    rows
        Whether it may go on below.
    """
    axis, normal = axes(before)
    other, _ = axes(after)
    if axis @ other < 0.96:  # another way of reading: 16 degrees
        return False
    size = max(height(before), height(after))
    left, top, right, bottom = box(before, axis, normal)
    next_left, next_top, _, next_bottom = box(after, axis, normal)
    down = (next_top + next_bottom - top - bottom) / 2
    if abs(down) < 0.6 * size:
        return -0.5 * size < next_left - right < 12 * size
    below = 0.5 * size <= down < 2.4 * size
    return rows and below and left - 40 * size < next_left < right
