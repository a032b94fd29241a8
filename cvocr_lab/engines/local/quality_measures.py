"""Measures the quality of a paper's picture: colour, stripes of a screen, sharpness, glare.

All measures refer to millimetres on the paper, so that the thresholds in `assess` hold for every
resolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local.geometry import (
    Image,
    Matrix,
    Points,
    quads_array,
    side_lengths,
    warp_points,
)
from cvocr_lab.engines.local.pages import Paper
from cvocr_lab.kinds import Layout, Slot
from cvocr_lab.results import Line

Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]

_SCALE: Final = 4.0
"""Pixels per millimetre of the reduced picture of the paper."""


@dataclass(frozen=True, slots=True)
class QualityMeasures:
    """Quality measures of one paper in one picture.

    Parameters
    ----------
    colour
        Distance of the most colourful part of the paper from its median colour, in Lab units.
    stripes
        How far the strongest regular fine pattern exceeds the median frequency, in nepers.
    gap_mm
        Distance from the picture's edge to the paper's nearest corner; negative outside.
    steepness
        Change of brightness at the edges of letters, as a share of their contrast per millimetre;
        None if too few lines have enough contrast.
    glare, cover
        For each field the share of the beginning of its value that is overexposed, and of the part
        of its value that a finger covers most.
    """

    colour: float
    stripes: float
    gap_mm: float
    steepness: float | None
    glare: dict[str, float]
    cover: dict[str, float]


def measure(image: Image, paper: Paper) -> QualityMeasures:
    """Measure the quality of the picture of a paper, apart from its text."""
    layout = paper.model.layout
    to_image = np.linalg.inv(paper.to_flat) @ paper.matrix
    small, shown = _small(paper.flat, image, layout, to_image)
    return QualityMeasures(
        colour=_colour(small, shown),
        stripes=_stripes(image, layout, to_image),
        gap_mm=_gap(image, paper.outline.corners, layout),
        steepness=_steepness(paper.flat, paper.lines, paper.scale),
        glare=_share(_glare(small), layout, starts=True),
        cover=_share(_finger(small, shown, layout), layout),
    )


def _small(flat: Image, image: Image, layout: Layout, matrix: Matrix) -> tuple[Image, Mask]:
    """Return the flattened paper reduced, and a mask of the part inside the picture."""
    size = (round(layout.size[0] * _SCALE), round(layout.size[1] * _SCALE))
    seen = cv2.warpPerspective(
        np.ones(image.shape[:2], np.uint8), matrix @ np.diag([1 / _SCALE, 1 / _SCALE, 1.0]), size,
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
    )  # fmt: skip
    return np.asarray(cv2.resize(flat, size, interpolation=cv2.INTER_AREA), np.uint8), seen > 0


def _colour(paper: Image, shown: Mask) -> float:
    if not shown.any():
        return float("inf")
    lab = cv2.cvtColor(cv2.GaussianBlur(paper, (0, 0), 2.0), cv2.COLOR_RGB2LAB)
    a, b = (lab[..., c][shown].astype(np.float32) for c in (1, 2))
    return float(np.percentile(np.hypot(a - np.median(a), b - np.median(b)), 99.5))


_PATCH: Final = 256
_PLACES: Final = ((0.25, 0.3), (0.5, 0.5), (0.75, 0.7), (0.3, 0.75), (0.7, 0.25))
"""Centres of the patches, as shares of the paper's width and height."""


def _stripes(image: Image, layout: Layout, matrix: Matrix) -> float:
    """Return the height of the strongest peak common to the spectra of several patches.

    The stripes of a screen have the same frequency all over the picture; printed patterns do not.
    """
    height, width = image.shape[:2]
    if min(height, width) < _PATCH:
        return 0.0
    window, use = _window()
    middles = warp_points(matrix, np.array(_PLACES) * layout.size)
    common = np.zeros(use.shape, np.float32)
    for x, y in middles:
        left = int(np.clip(x - _PATCH / 2, 0, width - _PATCH))
        top = int(np.clip(y - _PATCH / 2, 0, height - _PATCH))
        patch = image[top : top + _PATCH, left : left + _PATCH]
        grey = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY).astype(np.float32)
        grey -= cv2.GaussianBlur(grey, (0, 0), 4)
        level = np.log(np.abs(np.fft.rfft2(grey * window)) + 1.0).astype(np.float32)
        level -= cv2.blur(level, (21, 21))
        # Perspective shifts the frequency a little from patch to patch.
        common += cv2.dilate(level, np.ones((5, 5), np.uint8))
    levels = common[use]
    return float(levels.max() - np.median(levels)) / len(middles)


@cache
def _window() -> tuple[Grey, Mask]:
    """Return the patch's window, and a mask of fine frequencies without those of JPEG blocks."""
    bell = np.hanning(_PATCH).astype(np.float32)
    x, y = np.meshgrid(np.fft.rfftfreq(_PATCH), np.fft.fftfreq(_PATCH))
    blocks = (np.abs(x * 8 - np.round(x * 8)) < 0.13) & (np.abs(y * 8 - np.round(y * 8)) < 0.13)
    return np.outer(bell, bell), (np.hypot(x, y) > 0.12) & ~blocks


def _gap(image: Image, corners: Points, layout: Layout) -> float:
    """Return the distance from the edge to the nearest corner in millimetres, negative outside."""
    size = np.array(image.shape[1::-1])
    pixels = min(float(corners.min()), float((size - corners).min()))
    return pixels * max(layout.size) / max(side_lengths(corners))


_FEWEST_LINES: Final = 3
_EACH_ROW: Final = 3
"""Every third row of a line is measured."""


def _steepness(flat: Image, lines: Sequence[Line], scale: float) -> float | None:
    grey = cv2.cvtColor(flat, cv2.COLOR_RGB2GRAY).astype(np.float32)
    found = []
    for corners in quads_array([line for line in lines if line.quad]):
        low = np.maximum(corners.min(0), 0).astype(int)
        high = corners.max(0).astype(int) + 1
        box = grey[low[1] : high[1], low[0] : high[0]]
        if min(box.shape) < 8:
            continue
        box = box[::_EACH_ROW]
        dark, light = np.percentile(box, (3, 90))
        if light - dark < 40:
            continue
        change = np.abs(box[:, 2:] - box[:, :-2]) / 2
        found.append(float(np.percentile(change, 98)) / float(light - dark) * scale)
    return float(np.median(found)) if len(found) >= _FEWEST_LINES else None


_WINDOW_MM: Final = 14.0
_MOST_FILLED: Final = 0.7
"""Share of a slot's width that values usually fill."""


def _windows(slot: Slot) -> list[tuple[float, float, float, float]]:
    """Return parts of a slot, the first one first: left, top, right, bottom in millimetres."""
    wide = min(slot.width, _WINDOW_MM)
    top, bottom = slot.value_y - 0.8 * slot.size, slot.value_y + 0.2 * slot.size
    if slot.align == "center":
        lefts = [slot.value_x + (slot.width - wide) / 2]
    else:
        last = max(_MOST_FILLED * slot.width - wide, 0.0)
        lefts = [slot.value_x + x for x in np.arange(0, last + 1e-6, wide / 2).tolist()]
    return [(left, top, left + wide, bottom) for left in lefts]


def _share(mask: Mask, layout: Layout, *, starts: bool = False) -> dict[str, float]:
    """Return how much of each field's most hidden part, or of its beginning, the mask covers."""
    shares: dict[str, float] = {}
    for slot in layout.slots:
        for window in _windows(slot)[: 1 if starts else None]:
            left, top, right, bottom = (round(v * _SCALE) for v in window)
            box = mask[max(top, 0) : bottom + 1, max(left, 0) : right + 1]
            if box.size:
                shares[slot.field] = max(shares.get(slot.field, 0.0), float(box.mean()))
    return shares


def _glare(paper: Image) -> Mask:
    """Return a mask of overexposed areas larger than specks; empty if the paper itself is white."""
    least = paper.min(2)
    if np.median(least) > 235:
        return np.zeros(least.shape, bool)
    burnt = (least >= 248).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(burnt, cv2.MORPH_OPEN, _disc(1.5)) > 0)


_SKIN_RED, _SKIN_YELLOW = (0.05, 0.17), (0.02, 0.13)
"""Red minus green, and green minus blue, over total brightness: any shade of skin, in any light."""
_REDDER: Final = 0.028
"""How much redder than the paper a finger must be."""
_FINGER_MM: Final = 6.0
"""Least width of a finger."""
_LEAST_FINGER: Final = 0.7 * (_FINGER_MM * _SCALE) ** 2


def _finger(paper: Image, shown: Mask, layout: Layout) -> Mask:
    """Return a mask of large, skin-coloured areas that reach in from the edge of the paper."""
    tone = cv2.GaussianBlur(paper, (0, 0), 0.25 * _SCALE).astype(np.float32)
    light = tone.sum(2) + 1
    red = (tone[..., 0] - tone[..., 1]) / light
    yellow = (tone[..., 1] - tone[..., 2]) / light
    ground = float(np.median(red[shown])) if shown.any() else 0.0
    skin = shown & (light > 3 * 45) & (red - ground > _REDDER)
    for share, (low, high) in ((red, _SKIN_RED), (yellow, _SKIN_YELLOW)):
        skin &= (share > low) & (share < high)
    border = np.ones(skin.shape, np.uint8)
    rim = round(1.5 * _SCALE)
    border[rim:-rim, rim:-rim] = 0
    border[~shown] = 1
    for picture in layout.pictures:
        if picture.role in ("portrait", "emblem", "chip"):
            x0, y0 = round((picture.x - 2) * _SCALE), round((picture.y - 2) * _SCALE)
            x1 = round((picture.x + picture.width + 2) * _SCALE)
            y1 = round((picture.y + picture.height + 2) * _SCALE)
            skin[max(y0, 0) : y1, max(x0, 0) : x1] = False
            border[max(y0 - rim, 0) : y1 + rim, max(x0 - rim, 0) : x1 + rim] = 1
    solid = cv2.morphologyEx(skin.astype(np.uint8), cv2.MORPH_CLOSE, _disc(1.0))
    if solid.sum() < _LEAST_FINGER:
        return np.zeros(skin.shape, bool)
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, _disc(_FINGER_MM))
    _, parts = cv2.connectedComponents(solid)
    return np.isin(parts, np.setdiff1d(np.unique(parts[border > 0]), [0]))


def _disc(across_mm: float) -> NDArray[np.uint8]:
    size = 2 * round(across_mm * _SCALE / 2) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
