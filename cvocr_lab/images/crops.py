"""The one place that cuts pieces out of pictures: a quad, upright and level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]

_QUALITY: Final = 84


def corners_of(quad: Sequence[float] | None) -> Points | None:
    """Corners as four points; None for a quad that encloses nothing."""
    if quad is None or len(quad) != 8:
        return None
    points = np.asarray(quad, np.float64).reshape(4, 2)
    if not np.isfinite(points).all():
        return None
    wide, tall = np.hypot(*(points[1] - points[0])), np.hypot(*(points[3] - points[0]))
    return points if min(wide, tall) >= 1 else None


def grown(points: Points, margin: float) -> Points:
    """Move each side outwards by that share of the shorter side."""
    across, down = points[1] - points[0], points[3] - points[0]
    wide, tall = float(np.hypot(*across)), float(np.hypot(*down))
    grow = margin * min(wide, tall)
    right, below = across / wide * grow, down / tall * grow
    moves = [-right - below, right - below, right + below, below - right]
    return np.asarray(points + np.stack(moves), np.float64)


def level(points: Points, *, width: int, height: int) -> tuple[Points, tuple[int, int]]:
    """Give the transform that levels four corners, and the size of the piece in pixels.

    The piece is as large as the corners are apart, but no larger than `width` and `height`.
    """
    import cv2

    sides = [np.hypot(*(points[(at + 1) % 4] - points[at])) for at in range(4)]
    wide, tall = (sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2
    scale = min(1.0, width / wide, height / tall)
    size = max(1, round(wide * scale)), max(1, round(tall * scale))
    target = np.asarray([[0, 0], [size[0], 0], size, [0, size[1]]], np.float32)
    transform = cv2.getPerspectiveTransform(points.astype(np.float32), target)
    return np.asarray(transform, np.float64), size


def cut(pixels: Pixels, points: Points, *, width: int, height: int) -> Pixels:
    """Cut out what stands between four corners, level and no larger than `width` by `height`."""
    import cv2

    transform, size = level(points, width=width, height=height)
    longest = max(np.hypot(*(points[1] - points[0])), 1.0)
    if longest > 2 * size[0]:  # a transform skips pixels where a resize averages them
        half = max(size[0] / longest, 0.05)
        pixels = cv2.resize(pixels, None, fx=half, fy=half, interpolation=cv2.INTER_AREA)
        transform = transform @ np.diag([1 / half, 1 / half, 1.0])
    border = cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpPerspective(pixels, transform, size, borderMode=border), np.uint8)


def value_crop(
    pixels: Pixels, quad: Sequence[float] | None, *, margin: float, width: int, height: int
) -> bytes | None:
    """Cut out a value with some margin around it, as a JPEG file; None where its place is unknown.

    Parameters
    ----------
    margin
        Share of the line's height that is shown around it, for the marks above and below.
    width, height
        Size in pixels that it must not exceed.
    """
    corners = corners_of(quad)
    if corners is None:
        return None
    return jpeg(cut(pixels, grown(corners, margin), width=width, height=height))


def shrunk(pixels: Pixels, edge: int) -> Pixels:
    """A picture whose longer side is at most `edge` pixels."""
    import cv2

    height, width = pixels.shape[:2]
    scale = edge / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def jpeg(pixels: Pixels) -> bytes:
    """Encode RGB pixels as a JPEG file."""
    import cv2

    bgr = np.ascontiguousarray(pixels[..., ::-1])
    done, coded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done, "eight-bit RGB can always be encoded"
    return bytes(coded.tobytes())
