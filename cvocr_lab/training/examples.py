"""Turns training pictures into inputs and targets of the nets that find papers."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local import papers
from cvocr_lab.engines.local.geometry import is_convex, warp_points
from cvocr_lab.synth.pictures import fill
from cvocr_lab.training.composite import Composite
from cvocr_lab.training.laying import TYPE_NAMES, UNKNOWN, Chance, Picture


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


@dataclass(frozen=True, slots=True)
class TurnExample:
    """A roughly flattened paper, its corners in the crop, the index of its first one, its class."""

    crop: Picture
    corners: NDArray[np.float32]
    turn: int
    type: int


def turn_examples(composite: Composite, rng: Chance) -> list[TurnExample]:
    """Return the inputs of `TurnNet` for each paper of a picture, and for objects that are none."""
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
        made.append(TurnExample(crop, here, turn, paper.type))
    for quad in composite.others[:1]:
        if is_convex(quad):
            crop, _ = papers.crop(composite.image, quad)
            nowhere = np.full((4, 2), np.nan, np.float32)
            made.append(TurnExample(crop, nowhere, UNKNOWN, len(TYPE_NAMES) - 1))
    return made
