"""Flat papers taken by a scanner or a phone, and where every point of them went."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvocr_lab.results import Quad

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a flat paper went: a 3 by 3 homography from its pixels to the picture's."""

    matrix: NDArray[np.float64]

    def quad(self, quad: Quad) -> Quad:
        """The quad in the picture."""
        points = np.column_stack([np.reshape(quad, (4, 2)), np.ones(4)]) @ self.matrix.T
        flat = points[:, :2] / points[:, 2:]
        return tuple(float(round(v, 2)) for v in flat.ravel())  # type: ignore[return-value]


def photograph(
    papers: list[Picture], tier: str, chance: random.Random
) -> tuple[Picture, list[Placed]]:
    """Take the papers."""
    import cv2

    rng = np.random.default_rng(chance.getrandbits(64))
    paper = papers[0]
    height, width = paper.shape[:2]
    pad = 40
    angle = rng.uniform(-2, 2)
    spin = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    spin[:, 2] += pad
    out = cv2.warpAffine(paper, spin, (width + 2 * pad, height + 2 * pad), borderValue=(240, 240, 240))
    matrix = np.vstack([spin, [0, 0, 1]])
    return np.asarray(out, np.uint8), [Placed(matrix)] * len(papers)
