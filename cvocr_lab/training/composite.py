"""Training pictures for the finders: flat papers from a stock, composed on backgrounds.

Everything is drawn at the size of the nets' inputs, so that one core makes about fifteen pictures
per second.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local import papers
from cvocr_lab.engines.local.geometry import Points, is_convex, warp_points
from cvocr_lab.synth import degrade
from cvocr_lab.synth.pictures import fill
from cvocr_lab.training.backdrops import ground, plain, screen, sheet, stamps
from cvocr_lab.training.composing import (
    LONGEST,
    TYPE_NAMES,
    UNKNOWN,
    Box,
    Chance,
    Laid,
    Picture,
    hands,
    lay,
)
from cvocr_lab.training.paper_stock import Flat

_WASHED_OUT = 0.3
"""Share of scans whose bright parts are all white."""


@dataclass(frozen=True, slots=True)
class Composite:
    """A picture, the papers on it, and the corners of a sheet below them that is not a paper."""

    image: Picture
    papers: tuple[Laid, ...]
    sheet: Points | None


def compose(flats: Sequence[Flat], grounds: Sequence[bytes], rng: Chance) -> Composite:
    """Compose a picture of a background, up to three papers, hands, light and camera effects."""
    scan = rng.random() < 0.3
    copy = scan and rng.random() < 0.45
    shapes = (0.707, 0.707, 0.773) if copy else (1.0, 0.75, 1.333, 0.5625, 1.778, 0.707, 0.462, 1.5)
    ratio = float(rng.choice(shapes))
    size = (LONGEST, round(LONGEST * ratio)) if ratio < 1 else (round(LONGEST / ratio), LONGEST)
    if rng.random() < (0.85 if copy else 0.5):
        size = size[1], size[0]
    count = int(rng.choice(4, p=(0.04, 0.16, 0.7, 0.1) if copy else (0.07, 0.71, 0.18, 0.04)))
    picture = plain(size, rng) if scan else ground(size, flats, grounds, rng)
    inner = (0.0, 0.0, float(size[0]), float(size[1]))
    if not scan and rng.random() < 0.14:
        inner = screen(picture, rng)
    below = sheet(picture, flats, rng) if not scan and rng.random() < 0.2 else None
    if copy and rng.random() < 0.6:
        stamps(picture, rng)
    some = [flats[int(rng.integers(len(flats)))] for _ in range(3 * count + 6)]
    chosen = [flat for flat in some if flat.type != "page"][:count]
    laid: list[Laid] = []
    cells = _copy_cells(len(chosen), size, rng) if copy else _cells(len(chosen), inner, rng)
    turn = _angle(rng, scan=scan)
    if copy and rng.random() < 0.8:
        turn = float(rng.normal(0, 0.02))
    for flat, cell in zip(chosen, cells, strict=True):
        angle = turn if len(chosen) == 1 or rng.random() < 0.6 else _angle(rng, scan=scan)
        if copy:
            angle = turn + float(rng.normal(0, 0.02))
        one = lay(picture, flat, cell, angle, rng, scan=scan, fills=copy)
        if one is not None:
            laid.append(one)
    if not scan:
        hands(picture, [paper.corners for paper in laid], rng)
    elif rng.random() < _WASHED_OUT:
        # Copiers and scanners make everything bright white: most edges of papers vanish.
        picture = np.asarray(np.minimum(picture * (255.0 / rng.uniform(190, 250)), 255), np.uint8)
    return Composite(taken(picture, rng), tuple(laid), below)


def _copy_cells(count: int, size: tuple[int, int], rng: Chance) -> list[Box]:
    """Return positions of cards copied onto one sheet, one below or beside the other."""
    down = rng.random() < 0.8
    across = float(rng.uniform(0.28, 0.8)) * size[0] / (1 if down else max(count, 1))
    tall = across / 1.586
    gap = float(rng.choice((0.01, 0.04, 0.1, 0.25, 0.6))) * tall * rng.uniform(0.6, 1.4)
    step = np.array([0, tall + gap] if down else [across + gap, 0])
    whole = step * (count - 1) + (across, tall)
    start = np.maximum(np.array(size) - whole, 0) * (rng.uniform(0.1, 0.9), rng.uniform(0.02, 0.8))
    places = [start + step * k for k in range(count)]
    return [(x, y, x + across, y + tall) for x, y in places]


def _cells(count: int, box: Box, rng: Chance) -> list[Box]:
    x0, y0, x1, y1 = box
    if count <= 1 or rng.random() < 0.15:  # one, or overlapping papers
        return [box] * count
    shares = itertools.pairwise(np.linspace(0, 1, count + 1))
    if y1 - y0 > x1 - x0:
        return [(x0, y0 + a * (y1 - y0), x1, y0 + b * (y1 - y0)) for a, b in shares]
    return [(x0 + a * (x1 - x0), y0, x0 + b * (x1 - x0), y1) for a, b in shares]


def _angle(rng: Chance, *, scan: bool) -> float:
    quarter = float(rng.choice((0, 1, 2, 3), p=(0.4, 0.2, 0.2, 0.2))) * np.pi / 2
    kind = rng.random()
    if not scan and kind >= 0.75:
        return float(rng.uniform(-np.pi, np.pi))
    return quarter + float(rng.normal(0, 0.02 if scan else 0.08 if kind < 0.5 else 0.25))


_STEPS: tuple[degrade.Step, ...] = (
    (degrade.illumination, 0.35, 0.9), (degrade.shadow, 0.25, 0.9),
    (degrade.colour_cast, 0.4, 0.8), (degrade.gaussian_blur, 0.25, 0.8),
    (degrade.motion_blur, 0.12, 0.7), (degrade.noise, 0.35, 0.7), (degrade.jpeg, 0.4, 0.8),
)  # fmt: skip


def taken(
    picture: Picture, rng: Chance, steps: Sequence[degrade.Step] = _STEPS, grey: float = 0.1
) -> Picture:
    """Simulate light, lens and sensor; `grey` is the share of grey pictures."""
    picture = degrade.applied(steps, picture, rng)
    if rng.random() < grey:
        picture = np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    return np.ascontiguousarray(picture)


def outline_example(composite: Composite, rng: Chance) -> tuple[Picture, NDArray[np.float32]]:
    """Return a thumbnail ``(320, 320, 3)`` and the target of `PaperNet` for it, ``(9, 80, 80)``.

    The target is the share of each cell that papers cover, and the offsets to the corners of the
    upper paper.
    """
    canvas, matrix = papers.thumbnail(composite.image)
    mirrored = rng.random() < 0.5
    if mirrored:
        canvas = np.ascontiguousarray(canvas[:, ::-1])
    cells = papers.CANVAS // papers.CELL
    truth = np.zeros((9, cells, cells), np.float32)
    here = np.stack(np.meshgrid(np.arange(cells), np.arange(cells)))
    for paper in composite.papers:
        corners = warp_points(matrix, paper.corners)
        if mirrored:
            corners = (corners * (-1, 1) + (papers.CANVAS, 0))[::-1]
        cover = np.zeros((papers.CANVAS, papers.CANVAS), np.uint8)
        fill(cover, corners - 0.5)
        part = cv2.resize(cover, (cells, cells), interpolation=cv2.INTER_AREA)
        part = part.astype(np.float32) / 255
        truth[0] = np.maximum(truth[0] * (1 - part), part)
        upper = part > 0.5
        first = np.roll(corners, -int(corners.sum(1).argmin()), axis=0)
        ways = (first / papers.CELL - 0.5)[:, :, None, None] - here
        truth[1:, upper] = ways.reshape(8, cells, cells)[:, upper] / papers.REACH
    return canvas, truth


def turn_examples(
    composite: Composite, rng: Chance
) -> list[tuple[Picture, NDArray[np.float32], tuple[int, int]]]:
    """Return inputs and targets of `TurnNet` for each paper of a picture, and for its sheet.

    Each input is a roughly flattened paper.  The targets are its corners in the crop, and the index
    of its own first corner with its class.
    """
    made = []
    for paper in composite.papers:
        turn = int(rng.integers(4)) if rng.random() < 0.12 else int(rng.choice((0, 2)))
        corners = np.roll(paper.corners, turn, axis=0)
        # Corner k of `corners` is the paper's corner k - turn; its own first is corner `turn`.
        reach = float(np.hypot(*np.ptp(corners, axis=0)))
        worst = float(rng.choice((0.01, 0.03, 0.06, 0.1, 0.16), p=(0.2, 0.25, 0.25, 0.15, 0.15)))
        off = rng.normal(0, reach * rng.uniform(0.1, 1.0) * worst, (4, 2))
        swell = (corners - corners.mean(0)) * rng.normal(0, 1.2 * worst)
        rough = corners + off + swell + rng.normal(0, 0.4 * worst * reach, 2)
        if not is_convex(rough):
            continue
        crop, matrix = papers.crop(composite.image, rough)
        here = warp_points(matrix, corners).astype(np.float32)
        made.append((crop, here, (turn, paper.type)))
    if composite.sheet is not None:
        crop, _ = papers.crop(composite.image, composite.sheet)
        nowhere = np.full((4, 2), np.nan, np.float32)
        made.append((crop, nowhere, (UNKNOWN, len(TYPE_NAMES) - 1)))
    return made
