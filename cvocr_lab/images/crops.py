"""Cut rectified crops of papers and values out of pictures, and load pictures in a reduced size."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cvocr_lab.errors import RowError
from cvocr_lab.images import Fetch, Limits, fetched, load
from cvocr_lab.images._decode import check_size, quiet_pillow, translated, upright
from cvocr_lab.images._formats import format_of, is_cut_off
from cvocr_lab.results import Quad, as_quad

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]

_QUALITY: Final = 84


def corners_of(quad: Sequence[float] | None) -> Points | None:
    """Return a quad as four points; None if it has no area."""
    if quad is None or len(quad) != 8:
        return None
    points = np.asarray(quad, np.float64).reshape(4, 2)
    if not np.isfinite(points).all():
        return None
    return points if min(side_lengths(points)) >= 1 else None


def side_lengths(points: Points) -> tuple[float, float]:
    """Return the lengths of the top and the left side."""
    return float(np.hypot(*(points[1] - points[0]))), float(np.hypot(*(points[3] - points[0])))


def grown(points: Points, margin: float) -> Points:
    """Move each side outwards by this share of the shorter side."""
    across, down = points[1] - points[0], points[3] - points[0]
    wide, tall = side_lengths(points)
    grow = margin * min(wide, tall)
    right, below = across / wide * grow, down / tall * grow
    moves = [-right - below, right - below, right + below, below - right]
    return np.asarray(points + np.stack(moves), np.float64)


def quad_around(points: Points, along: Points) -> Quad:
    """Return the smallest quad around points whose first side has the direction `along`."""
    axis = along / max(float(np.hypot(*along)), 1e-6)
    normal = np.array([-axis[1], axis[0]])
    u, v = points @ axis, points @ normal
    box = [(u.min(), v.min()), (u.max(), v.min()), (u.max(), v.max()), (u.min(), v.max())]
    return as_quad([a * axis + b * normal for a, b in box])


def fitting_size(points: Points, *, width: int, height: int) -> tuple[int, int]:
    """Return the size of the crop between four corners, no larger than `width` by `height`."""
    sides = [np.hypot(*(points[(at + 1) % 4] - points[at])) for at in range(4)]
    wide, tall = (sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2
    scale = min(1.0, width / wide, height / tall)
    return max(1, round(wide * scale)), max(1, round(tall * scale))


def rectification(points: Points, size: tuple[int, int]) -> Points:
    """Return the perspective transform from four corners to a rectangle of this size."""
    import cv2

    target = np.asarray([[0, 0], [size[0], 0], size, [0, size[1]]], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(points.astype(np.float32), target), np.float64)


def cut(pixels: Pixels, points: Points, *, width: int, height: int) -> Pixels:
    """Cut out and rectify the part between four corners, no larger than `width` by `height`."""
    return rectified(pixels, points, fitting_size(points, width=width, height=height))


def rectified(pixels: Pixels, points: Points, size: tuple[int, int]) -> Pixels:
    """Cut out the part between four corners as a rectangle of this size."""
    import cv2

    transform = rectification(points, size)
    longest = max(side_lengths(points)[0], 1.0)
    if longest > 2 * size[0]:  # a resize averages pixels, which the transform would skip
        half = max(size[0] / longest, 0.05)
        pixels = cv2.resize(pixels, None, fx=half, fy=half, interpolation=cv2.INTER_AREA)
        transform = transform @ np.diag([1 / half, 1 / half, 1.0])
    border = cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpPerspective(pixels, transform, size, borderMode=border), np.uint8)


class ValueCrops:
    """Cut out the values of fields as JPEG files; the last picture is kept for the next value.

    `margin` is a share of the height of the line, for the marks above and below; `width` and
    `height` are the maximum size in pixels.
    """

    def __init__(self, *, margin: float, width: int, height: int) -> None:
        self._margin, self._width, self._height = margin, width, height
        self._source: object = None
        self._pages: dict[int, Pixels] = {}

    def crop(self, source: object, page: int, quad: Sequence[float] | None) -> bytes | None:
        """Cut out a value; None if its place is unknown or the picture cannot be read."""
        corners = corners_of(quad)
        if corners is None:
            return None
        if self._source is None or self._source is not source:
            self._source, self._pages = source, _pages(source)
        if page not in self._pages:
            return None
        points = grown(corners, self._margin)
        return jpeg(cut(self._pages[page], points, width=self._width, height=self._height))


def _pages(source: object) -> dict[int, Pixels]:
    try:
        picture = load(source)
    except RowError:
        return {}
    return dict(zip(picture.numbers, picture.pages, strict=True))


def shrunk(pixels: Pixels, edge: int) -> Pixels:
    """Resize a picture so that its longer side has at most `edge` pixels."""
    import cv2

    height, width = pixels.shape[:2]
    scale = edge / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def jpeg(pixels: Pixels, *, quality: int = _QUALITY) -> bytes:
    """Encode RGB pixels as a JPEG file."""
    import cv2

    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    done, coded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done, "eight-bit RGB can always be encoded"
    return bytes(coded.tobytes())


def load_small(
    source: object,
    edge: int,
    *,
    page: int = 1,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    fetch: Fetch = Fetch(),  # noqa: B008 - frozen
) -> tuple[Pixels, float]:
    """Load a picture, upright and with a longer side of at most `edge` pixels, and its scale.

    JPEG files are decoded at an eighth, a quarter or a half of their size if that is large enough,
    which takes a tenth of the time.
    """
    if page == 1:
        image = fetched(load(source, limits=limits, fetch=fetch, decode=False))
        data = image.data or b""
        if not image.pages and format_of(data) == "JPEG" and not is_cut_off(data, "JPEG"):
            with quiet_pillow(), translated(image.name, "JPEG"):
                from PIL import Image

                with Image.open(io.BytesIO(data), formats=["JPEG"]) as picture:
                    check_size(picture.size, image.name, limits)
                    longest = max(picture.size)
                    picture.draft("RGB", (edge, edge))
                    pixels = shrunk(upright(picture, image.name, limits), edge)
                    return pixels, max(pixels.shape[:2]) / longest
    pixels = load(source, pages=(page,), limits=limits, fetch=fetch).pixels
    made = shrunk(pixels, edge)
    return made, made.shape[1] / pixels.shape[1]
