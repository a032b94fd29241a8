"""Training pictures of the line finder: parts of flattened papers and pages, and their lines."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local.geometry import Points, homography, rectangle, warp_points
from cvocr_lab.engines.local.line_finder import CORE, END, HEIGHT_UNIT, SCALE_MM
from cvocr_lab.synth import degrade
from cvocr_lab.synth.photograph import reduced, similarity
from cvocr_lab.training.backdrops import pattern, texture
from cvocr_lab.training.composing import hands, laid_over, recoloured, shine
from cvocr_lab.training.composite import taken
from cvocr_lab.training.paper_stock import SCALE, Flat

SIZE = (384, 288)
"""Width and height of an example in pixels."""
_SAME_ROW, _JOINED, _APART = 0.35, 0.45, 1.0
"""Pieces of text on one row, in shares of their height: the largest distance of their centre lines,
the gap up to which they are one line and the gap from which they are two.  In between, either is
accepted."""
_LEAST_HEIGHT = 5.0
"""Lines lower than this many pixels count neither as text nor as background."""


def text_example(
    flats: Sequence[Flat], grounds: Sequence[bytes], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return a picture ``(288, 384, 3)`` and the target of `TextNet` for it, ``(3, 144, 192)``.

    The target is the cores of the lines (0 to 1), the logarithm of their height over
    `HEIGHT_UNIT`, and which cells count (0 or 1).
    """
    flat = flats[int(rng.integers(len(flats)))]
    paper = flat.picture()
    if rng.random() < 0.6:
        paper = recoloured(paper, rng, most=0.7)
    zoom = SCALE_MM / SCALE * float(np.exp(rng.normal(0, 0.18 if flat.type != "page" else 0.3)))
    matrix = _placed(flat, zoom, rng)
    picture, counts = _ground(grounds, rng)
    source, enlarging = reduced(paper, zoom, least=0.8, spare=1.05)
    enlarged = matrix @ enlarging
    own = cv2.warpPerspective(np.full(source.shape[:2], 255, np.uint8), enlarged, SIZE)
    picture = laid_over(picture, source, enlarged, own, cv2.BORDER_CONSTANT)
    shine(picture, own, rng)
    if rng.random() < 0.08:
        corners = warp_points(matrix, flat.corners)
        hands(picture, [corners], rng)
    truth = _truth(flat.lines, matrix)
    if not counts:
        outside = cv2.resize(own, (SIZE[0] // 2, SIZE[1] // 2), interpolation=cv2.INTER_AREA) < 255
        truth[2][outside & (truth[0] < 0.05)] = 0
    if rng.random() < 0.05:  # text upside down is still text
        picture, truth = picture[::-1, ::-1], truth[:, ::-1, ::-1]
    if rng.random() < 0.35:  # taken from a distance and enlarged again
        scale = rng.uniform(0.35, 0.95)
        size = (round(SIZE[0] * scale), round(SIZE[1] * scale))
        small = cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA)
        picture = cv2.resize(small, SIZE, interpolation=cv2.INTER_LINEAR)
    picture = taken(np.ascontiguousarray(picture), rng, _STEPS, grey=0.15)
    return picture, np.ascontiguousarray(truth)


def _placed(flat: Flat, zoom: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the homography from pixels of the flat paper to those of the example."""
    first, last = flat.corners.min(0), flat.corners.max(0)
    angle = float(rng.normal(0, 0.012)) if rng.random() < 0.8 else float(rng.normal(0, 0.12))
    if rng.random() < 0.04:
        angle += np.pi / 2 * float(rng.choice((-1, 1)))
    lean = rng.normal(0, 0.01, (4, 2)) * SIZE
    # The centre of the example is on the paper, usually well inside.
    half = np.array(SIZE) / zoom / 2
    low, high = first + half * 0.8, last - half * 0.8
    inside = rng.uniform(0, 1, 2) * (high - low) + low
    middle = np.where(high > low, inside, (first + last) / 2)
    turn = similarity(zoom, angle, middle, np.array(SIZE) / 2)
    box = rectangle(*SIZE)
    return np.asarray(homography(box, box + lean) @ turn)


def _ground(grounds: Sequence[bytes], rng: np.random.Generator) -> tuple[NDArray[np.uint8], bool]:
    """Return a background, and whether it is certain to contain no text."""
    if rng.random() < 0.5:
        return pattern(SIZE, rng), True
    ground = texture(grounds, rng)
    x, y = int(rng.integers(0, 640 - SIZE[0])), int(rng.integers(0, 640 - SIZE[1]))
    return ground[y : y + SIZE[1], x : x + SIZE[0]], False


def _truth(lines: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    rows, columns = SIZE[1] // 2, SIZE[0] // 2
    truth = np.zeros((3, rows, columns), np.float32)
    truth[2] = 1
    joined, doubtful = joined_lines(lines)
    for quad in doubtful:
        _fill(truth[2], warp_points(matrix, quad), 0.0)
    for quad in joined:
        corners = warp_points(matrix, quad)
        height = _height(corners)
        if height < _LEAST_HEIGHT:
            _fill(truth[2], corners, 0.0)
            continue
        core = np.zeros((rows, columns), np.float32)
        _fill(core, shrunk_line(corners, height), 1.0)
        truth[0] = np.maximum(truth[0], core)
        truth[1][core > 0.05] = np.log(height / HEIGHT_UNIT)
        if core.max() < 0.5:
            _fill(truth[2], corners, 0.0)
    truth[2][truth[0] > 0.5] = 1
    return truth


def shrunk_line(corners: Points, height: float) -> Points:
    """Return the core of a line: its middle rows, without its ends."""
    along = corners[1] + corners[2] - corners[0] - corners[3]
    length = float(np.hypot(*along)) / 2
    along = along / max(float(np.hypot(*along)), 1e-6)
    end = along * min(END * height, 0.3 * length)
    left, right = (corners[0] + corners[3]) / 2 + end, (corners[1] + corners[2]) / 2 - end
    down = (corners[3] - corners[0] + corners[2] - corners[1]) / 4 * CORE
    return np.array([left - down, right - down, right + down, left + down])


def _fill(target: NDArray[np.float32], corners: Points, value: float) -> None:
    # Cells of two pixels, whose centres are at integers.
    points = np.round((corners / 2 - 0.5) * 16).astype(np.int32)
    cv2.fillPoly(target, [points], value, cv2.LINE_AA if value else cv2.LINE_8, 4)


def joined_lines(lines: NDArray[np.float32]) -> tuple[list[Points], list[Points]]:
    """Join pieces that are close together on one row.

    Returns quads of whole lines, and the gaps for which either answer is right.
    """
    made: list[Points] = []
    doubtful: list[Points] = []
    for quad in sorted(lines.astype(float), key=lambda q: float(q[:, 0].min())):
        for i, before in enumerate(made):
            small, tall = sorted((_height(before), _height(quad)))
            gap, drop = quad[[0, 3]].mean(0) - before[[1, 2]].mean(0)
            level = abs(drop) <= _SAME_ROW * tall
            if not level or not -0.5 * tall <= gap <= _APART * tall or tall > 1.9 * small:
                continue
            if gap <= _JOINED * tall:
                made[i] = _joined(before, quad)
                break
            doubtful.append(np.array([before[1], quad[0], quad[3], before[2]]))
        else:
            made.append(quad)
    return made, doubtful


def _joined(one: Points, other: Points) -> Points:
    both = np.stack([one, other])
    x0, x1 = both[..., 0].min(), both[..., 0].max()
    top, bottom = both[:, :2, 1].min(0), both[:, 2:, 1].max(0)
    return np.array([(x0, top[0]), (x1, top[1]), (x1, bottom[0]), (x0, bottom[1])])


def _height(quad: Points) -> float:
    return float(np.hypot(*(quad[3] + quad[2] - quad[0] - quad[1]))) / 2


_STEPS: tuple[degrade.Step, ...] = (
    (degrade.illumination, 0.3, 0.9), (degrade.shadow, 0.25, 0.9),
    (degrade.colour_cast, 0.4, 0.8), (degrade.gaussian_blur, 0.25, 0.6),
    (degrade.motion_blur, 0.15, 0.5), (degrade.noise, 0.4, 0.7), (degrade.jpeg, 0.4, 0.8),
)  # fmt: skip
