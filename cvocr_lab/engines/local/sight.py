"""What a picture shows of a paper beside its text: colour, screen stripes, edges, sharpness.

Everything is measured in the paper's own millimetres, so that thresholds hold for every
resolution; `assess` judges by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local.find import Image
from cvocr_lab.engines.local.rectify import Matrix, quads_array, warp_points
from cvocr_lab.kinds import Layout, Slot
from cvocr_lab.results import Line

Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]

_SCALE: Final = 4.0
"""Pixels per millimetre of the small picture of the paper."""
_AROUND_MM: Final = 9.0
"""What is looked at beside the paper, to find its edges."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Measures of one paper in one picture.

    Parameters
    ----------
    colour
        How far the most colourful part of the paper is from its middle colour, in Lab units.
    stripes
        How far the strongest regular fine pattern stands out of its surroundings, in nepers.
    gap_mm
        From the picture's edge to the paper's nearest corner; negative beyond the edge.
    steepness
        Change of brightness at the edges of letters, as a share of their contrast per millimetre;
        None where no line shows enough contrast.
    glare, cover
        Per field the share of the start of its value that is burnt out, or hidden by a finger.
    """

    colour: float
    stripes: float
    gap_mm: float
    steepness: float | None
    glare: dict[str, float]
    cover: dict[str, float]


def measure(
    image: Image,
    layout: Layout,
    matrix: Matrix,
    *,
    flat: Image,
    lines: Sequence[Line],
    flat_scale: float,
) -> Sight:
    """Measure a paper.

    Parameters
    ----------
    matrix
        From millimetres on the paper to pixels of `image`.
    flat, lines, flat_scale
        The paper from straight above, the lines found on it, and its pixels per millimetre.
    """
    small, seen = _small(image, layout, matrix)
    pad = round(_AROUND_MM * _SCALE)
    inner = (slice(pad, -pad), slice(pad, -pad))
    paper, shown = small[inner], seen[inner]
    return Sight(
        colour=_colour(paper, shown),
        stripes=_stripes(image, layout, matrix),
        gap_mm=_gap(image, layout, matrix, small, seen),
        steepness=_steepness(flat, lines, flat_scale),
        glare=_share(_glare(paper), layout),
        cover=_share(_finger(paper, shown, layout), layout),
    )


def _small(image: Image, layout: Layout, matrix: Matrix) -> tuple[Image, Mask]:
    """The paper and what is around it, upright and small, and what of that is in the picture."""
    width, height = layout.size
    size = (
        round((width + 2 * _AROUND_MM) * _SCALE),
        round((height + 2 * _AROUND_MM) * _SCALE),
    )
    step = np.array([[1 / _SCALE, 0, -_AROUND_MM], [0, 1 / _SCALE, -_AROUND_MM], [0, 0, 1]])
    there = matrix @ step
    corners = warp_points(there, np.array([[0, 0], [size[0], 0], size, [0, size[1]]]))
    low = np.clip(np.floor(corners.min(0)), 0, np.array(image.shape[1::-1]) - 2).astype(int)
    high = np.clip(np.ceil(corners.max(0)), low + 2, image.shape[1::-1]).astype(int)
    source = image[low[1] : high[1], low[0] : high[0]]
    there = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1.0]]) @ there
    shrink = float(np.hypot(*(corners[1] - corners[0]))) / size[0]
    if shrink > 1.5:  # the warp samples points; detail must be averaged first
        across, down = (max(2, round(side / shrink)) for side in (high - low).tolist())
        there = np.diag([across / source.shape[1], down / source.shape[0], 1.0]) @ there
        source = np.asarray(cv2.resize(source, (across, down), interpolation=cv2.INTER_AREA))
    back = cv2.WARP_INVERSE_MAP
    small = cv2.warpPerspective(
        source, there, size, flags=cv2.INTER_LINEAR | back, borderMode=cv2.BORDER_REPLICATE
    )
    seen = cv2.warpPerspective(
        np.full(source.shape[:2], 255, np.uint8), there, size, flags=cv2.INTER_NEAREST | back
    )
    return np.asarray(small, np.uint8), seen > 0


def _colour(paper: Image, shown: Mask) -> float:
    if not shown.any():
        return float("inf")
    lab = cv2.cvtColor(cv2.GaussianBlur(paper, (0, 0), 2.0), cv2.COLOR_RGB2LAB)
    a, b = (lab[..., c][shown].astype(np.float32) for c in (1, 2))
    return float(np.percentile(np.hypot(a - np.median(a), b - np.median(b)), 97))


_PATCH: Final = 256
_PLACES: Final = ((0.25, 0.3), (0.5, 0.5), (0.75, 0.7), (0.3, 0.75), (0.7, 0.25))
"""Middles of the patches, as shares of the paper's sides."""


def _stripes(image: Image, layout: Layout, matrix: Matrix) -> float:
    """The strongest peak that the spectra of several patches have in common.

    A screen's stripes have one frequency all over the picture; what is printed has not.
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
        # A camera held askew shifts the frequency a little from patch to patch.
        common += cv2.dilate(level, np.ones((3, 3), np.uint8))
    return float(np.where(use, common, 0).max()) / len(middles)


@cache
def _window() -> tuple[Grey, Mask]:
    """The patch's window, and the frequencies that count: fine, and none of JPEG's own blocks."""
    bell = np.hanning(_PATCH).astype(np.float32)
    x, y = np.meshgrid(np.fft.rfftfreq(_PATCH), np.fft.fftfreq(_PATCH))
    blocks = (np.abs(x * 8 - np.round(x * 8)) < 0.13) & (np.abs(y * 8 - np.round(y * 8)) < 0.13)
    return np.outer(bell, bell), (np.hypot(x, y) > 0.12) & ~blocks


def _gap(image: Image, layout: Layout, matrix: Matrix, small: Image, seen: Mask) -> float:
    corners = _corners(layout, small, seen)
    points = warp_points(matrix, corners)
    height, width = image.shape[:2]
    size = np.array([[width, height]])
    pixels = min(float(points.min()), float((size - points).min()))
    across = warp_points(matrix, np.array([[0, 0], [layout.size[0], 0]]))
    return pixels / max(float(np.hypot(*(across[1] - across[0]))) / layout.size[0], 1e-6)


_LEAST_EDGE: Final = 14.0
"""Grey levels by which a paper's edge differs from what is around it."""
_MOST_LEAN: Final = 0.12
"""Slope to which an edge may lean against where the captions say it is."""


def _corners(layout: Layout, small: Image, seen: Mask) -> NDArray[np.float64]:
    """The paper's corners in millimetres, by its edges where they show, else as registered."""
    width, height = layout.size
    smooth = cv2.GaussianBlur(small, (0, 0), 0.3 * _SCALE).astype(np.float32)
    ends = []
    for turns in range(4):
        # Turned so that the side in question is the left one: left, top, right, bottom.
        long = (height, width)[turns % 2]
        low, high = _edge(np.rot90(smooth, turns), np.rot90(seen, turns), long)
        a, b = 0.25 * long, 0.75 * long
        ends.append(
            (
                ((low, a), (high, b)),
                ((width - a, low), (width - b, high)),
                ((width - low, height - a), (width - high, height - b)),
                ((a, height - low), (b, height - high)),
            )[turns]
        )
    left, top, right, bottom = (np.cross((*p, 1.0), (*q, 1.0)) for p, q in ends)
    pairs = ((left, top), (top, right), (right, bottom), (bottom, left))
    return np.array([(x / w, y / w) for x, y, w in (np.cross(*pair) for pair in pairs)])


_MOST_ALONE: Final = 3.0
"""How far off an edge may be, in millimetres, of which but one half shows."""


def _edge(view: Grey, seen: Mask, long: float) -> tuple[float, float]:
    """How far inside the left edge lies, a quarter and three quarters down, in millimetres."""
    low, high = (_offset(view, seen, long, at) for at in (0.25, 0.75))
    if low is None or high is None:
        one = low if high is None else high
        return (0.0, 0.0) if one is None or abs(one) > _MOST_ALONE else (one, one)
    if abs(high - low) > _MOST_LEAN * long / 2:
        return 0.0, 0.0
    return low, high


def _offset(view: Grey, seen: Mask, long: float, at: float) -> float | None:
    pad, step = round(_AROUND_MM * _SCALE), round(0.4 * _SCALE)
    middle, half = pad + at * long * _SCALE, 0.22 * long * _SCALE
    rows = slice(round(middle - half), round(middle + half))
    columns = slice(0, 2 * pad)
    band, shown = view[rows, columns], seen[rows, columns]
    change = np.abs(band[:, 2 * step :] - band[:, : -2 * step]).max(2)
    known = shown[:, 2 * step :] & shown[:, : -2 * step]
    enough = known.mean(0) > 0.6
    if not enough.any():
        return None
    change[~known] = np.nan
    level = np.zeros(change.shape[1])
    level[enough] = np.nanmedian(change[:, enough], axis=0)
    place = (np.arange(level.size) + step - pad) / _SCALE
    best = int(np.argmax(level / (1 + (place / 6) ** 2)))
    if level[best] < max(_LEAST_EDGE, 2 * float(np.median(level[enough]))):
        return None
    return float(place[best])


_FEWEST_LINES: Final = 3


def _steepness(flat: Image, lines: Sequence[Line], scale: float) -> float | None:
    grey = cv2.cvtColor(flat, cv2.COLOR_RGB2GRAY).astype(np.float32)
    found = []
    for corners in quads_array([line for line in lines if line.quad]):
        low = np.maximum(corners.min(0), 0).astype(int)
        high = corners.max(0).astype(int) + 1
        box = grey[low[1] : high[1], low[0] : high[0]]
        if min(box.shape) < 8:
            continue
        dark, light = np.percentile(box, (3, 90))
        if light - dark < 40:
            continue
        change = np.abs(box[:, 2:] - box[:, :-2]) / 2
        found.append(float(np.percentile(change, 98)) / float(light - dark) * scale)
    return float(np.median(found)) if len(found) >= _FEWEST_LINES else None


def _boxes(slot: Slot) -> tuple[float, float, float, float]:
    """Where the value begins, in millimetres: left, top, right, bottom."""
    wide = min(slot.width, 14.0)
    left = slot.value_x + (slot.width - wide) / 2 * (slot.align == "center")
    return left, slot.value_y - 0.8 * slot.size, left + wide, slot.value_y + 0.2 * slot.size


def _share(mask: Mask, layout: Layout) -> dict[str, float]:
    shares = {}
    for slot in layout.slots:
        left, top, right, bottom = (round(v * _SCALE) for v in _boxes(slot))
        box = mask[max(top, 0) : bottom + 1, max(left, 0) : right + 1]
        if box.size:
            shares[slot.field] = float(box.mean())
    return shares


def _glare(paper: Image) -> Mask:
    """Burnt out, and more than specks; nothing where the paper itself is."""
    least = paper.min(2)
    if np.median(least) > 235:
        return np.zeros(least.shape, bool)
    burnt = (least >= 248).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(burnt, cv2.MORPH_OPEN, _disc(1.5)) > 0)


def _finger(paper: Image, shown: Mask, layout: Layout) -> Mask:
    """Large, of the colour of skin, and reaching in from the paper's edge."""
    tone = cv2.cvtColor(paper, cv2.COLOR_RGB2YCrCb).astype(np.int16)
    level, red, blue = tone[..., 0], tone[..., 1], tone[..., 2]
    ground = float(np.median(red[shown])) if shown.any() else 128.0
    skin = (red > 133) & (red < 182) & (blue > 80) & (blue < 128) & (level > 50) & (level < 250)
    skin &= shown & (red - ground > 9)
    for picture in layout.pictures:
        if picture.role in ("portrait", "emblem", "seal", "chip"):
            x0, y0 = round((picture.x - 2) * _SCALE), round((picture.y - 2) * _SCALE)
            x1 = round((picture.x + picture.width + 2) * _SCALE)
            y1 = round((picture.y + picture.height + 2) * _SCALE)
            skin[max(y0, 0) : y1, max(x0, 0) : x1] = False
    solid = cv2.morphologyEx(skin.astype(np.uint8), cv2.MORPH_CLOSE, _disc(1.0))
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, _disc(6.0))
    return np.asarray(solid > 0)


def _disc(across_mm: float) -> NDArray[np.uint8]:
    size = 2 * round(across_mm * _SCALE / 2) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
