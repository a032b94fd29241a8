"""Find the papers of a picture: their four corners, their orientation, and a guess of the type.

Two small nets share the work.  The first marks on a thumbnail which pixels belong to a paper, and
predicts for each of them the four corners of that paper.  The second sees each paper roughly
flattened and predicts its exact corners, which of them is the paper's own top left, and the
probability of each document type.  The thumbnail has a margin, so that corners outside the picture
are found too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local.geometry import (
    Image,
    Matrix,
    Points,
    clockwise,
    fit_quad,
    homography,
    is_convex,
    overlap,
    rectangle,
    side_lengths,
)

CANVAS: Final = 320
"""Side of the square thumbnail, in pixels."""
INNER: Final = 264
"""Longer side of the picture on the thumbnail; the rest is margin."""
CELL: Final = 4
"""Pixels of the thumbnail per cell of the first net's output."""
REACH: Final = 10.0
"""Number of cells per unit of the predicted offsets to a paper's corners."""
CROP: Final = (224, 144)
"""Width and height of the second net's input."""
MARGIN: Final = 0.12
"""Margin around the paper in that input, as a share of the paper's width and height."""
GREY: Final = 127
"""Value of pixels outside the picture."""
_MOST_PAPERS = 8
_SURE = 0.5
_LEAST_CELLS = 14
_SPUR = 11
"""Parts of a mask thinner than this, in pixels of the canvas, do not belong to a paper."""
_ALIKE = 0.7
"""Overlap with the quadrilateral predicted by the cells above which the quadrilateral fitted to the
mask, which is more exact, is used instead."""
_CLEAN, _AT_ODDS = 0.89, 0.06
"""Overlap of the mask with its fitted quadrilateral above which that is used although the cells
disagree, i.e. their corners differ by more than the second number times the paper's length."""
_ONE_PAPER = 0.135
"""Spread of the centres predicted by cells, over the square root of their number, below which they
belong to one paper: one paper's cells spread by 0.11 at most, two papers' by at least 0.16."""


def thumbnail(image: Image) -> tuple[Image, Matrix]:
    """Return the picture on a square canvas, and the homography from picture to canvas."""
    height, width = image.shape[:2]
    scale = INNER / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.full((CANVAS, CANVAS, 3), GREY, np.uint8)
    x, y = (CANVAS - size[0]) // 2, (CANVAS - size[1]) // 2
    canvas[y : y + size[1], x : x + size[0]] = cv2.resize(image, size, interpolation=method)
    matrix = np.array([[size[0] / width, 0, x], [0, size[1] / height, y], [0, 0, 1]], float)
    return canvas, matrix


def crop(image: Image, quad: Points) -> tuple[Image, Matrix]:
    """Return a paper roughly flattened, and the homography from picture to crop."""
    width, height = CROP[0] / (1 + 2 * MARGIN), CROP[1] / (1 + 2 * MARGIN)
    inside = rectangle(width, height) + np.array([MARGIN * width, MARGIN * height])
    matrix = homography(quad, inside)
    flat = cv2.warpPerspective(
        image, matrix, CROP, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT,
        borderValue=(GREY, GREY, GREY),
    )  # fmt: skip
    return np.asarray(flat, np.uint8), matrix


def long_side_first(quad: Points) -> Points:
    """Rotate the order of the corners so that the first side is a long one running rightwards."""
    across, down = side_lengths(quad)
    turned = quad if across >= down else np.roll(quad, -1, axis=0)
    first = turned[1] - turned[0]
    return turned if first[0] >= 0 else np.roll(turned, -2, axis=0)


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A paper found in a picture.

    `corners` are ``(4, 2)`` pixels of the picture, clockwise from the paper's own top left; they
    may be outside the picture.  `upright` is the probability that the first one is its top left,
    `types` has that of each document type by name (``""`` for unknown types), and `score` is the
    logarithm of the probability of the corners, up to a constant.
    """

    corners: Points
    upright: float
    types: dict[str, float]
    score: float = 0.0


def instances(answer: NDArray[np.float32]) -> list[Points]:
    """Return the quadrilaterals on the canvas in the first net's output, the largest first.

    `answer` is ``(9, 80, 80)``: logits of the mask, and offsets to the corners of a pixel's paper.
    """
    chance = 1 / (1 + np.exp(-answer[0]))
    rows, columns = chance.shape
    here = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1)
    corners = answer[1:].transpose(1, 2, 0).reshape(rows, columns, 4, 2) * REACH + here[:, :, None]
    middles = corners.mean(2)
    _, blobs = cv2.connectedComponents((chance > _SURE).astype(np.uint8), connectivity=4)
    found: list[Points] = []
    for blob in range(1, int(blobs.max()) + 1):
        cells = blobs == blob
        if cells.sum() < _LEAST_CELLS:
            continue
        for mine in _parted(cells, middles, chance):
            agreed, spread = _agreed(corners[mine])
            quad = (agreed + 0.5) * CELL
            fit = _fitted(mine, blobs, chance)
            # For a paper standing on a corner, the cells disagree about the first corner.
            if fit is not None and (
                overlap(fit, quad) > _ALIKE or (spread > _AT_ODDS and _share(fit, mine) > _CLEAN)
            ):
                quad = fit
            if is_convex(quad):
                found.append(quad)
    found.sort(key=lambda quad: -float(cv2.contourArea(quad.astype(np.float32))))
    return found[:_MOST_PAPERS]


def _share(quad: Points, mine: NDArray[np.bool_]) -> float:
    """Return the overlap of a quadrilateral on the canvas with the cells of a mask."""
    filled = np.zeros(mine.shape, np.uint8)
    cv2.fillConvexPoly(filled, np.round((quad / CELL - 0.5) * 16).astype(np.int32), 1, shift=4)
    inside = filled > 0
    return float((inside & mine).sum() / max((inside | mine).sum(), 1))


def _parted(
    cells: NDArray[np.bool_], middles: NDArray[np.float64], chance: NDArray[np.float32]
) -> list[NDArray[np.bool_]]:
    """Split connected cells into papers by the centres of the papers that they predict."""
    parts: list[NDArray[np.bool_]] = []
    rest = cells
    size = float(np.sqrt(cells.sum()))
    while rest.sum() >= _LEAST_CELLS:
        said = middles[rest]
        spread = float(np.hypot(*said.std(0)))
        if spread < _ONE_PAPER * float(np.sqrt(rest.sum())):
            parts.append(rest)
            break
        votes = np.zeros(chance.shape, np.float32)
        at = np.clip(np.rint(said).astype(int), 0, np.array(votes.shape[::-1]) - 1)
        np.add.at(votes, (at[:, 1], at[:, 0]), chance[rest])
        votes = cv2.GaussianBlur(votes, (0, 0), max(1.5, 0.06 * size))
        peak = np.array(np.unravel_index(int(votes.argmax()), votes.shape))[::-1]
        off = np.hypot(*(middles - peak).transpose(2, 0, 1))
        mine = rest & (off < max(4.0, 0.3 * float(np.sqrt((off[rest] < 4).sum()))))
        if mine.sum() < _LEAST_CELLS:
            break
        parts.append(mine)
        rest = rest & ~mine
    return parts


def _agreed(quads: NDArray[np.float64]) -> tuple[Points, float]:
    """Return the corners ``(4, 2)`` that the cells of one paper, ``(n, 4, 2)``, agree on.

    The second result is the typical difference of a cell's corners from them, as a share of the
    paper's length.

    Cells may start at different corners; each is turned to match the cell with the median centre.
    """
    middles = quads.mean(1)
    typical = quads[np.hypot(*(middles - np.median(middles, axis=0)).T).argmin()]
    turned = np.stack([np.roll(quads, k, axis=1) for k in range(4)])
    nearest = np.abs(turned - typical).sum((2, 3)).argmin(0)
    alike = turned[nearest, np.arange(len(quads))]
    agreed = np.median(alike, axis=0)
    off = np.hypot(*(alike - agreed).transpose(2, 0, 1)).max(1)
    return clockwise(agreed), float(np.median(off)) / max(side_lengths(agreed))


def _fitted(
    mine: NDArray[np.bool_], blobs: NDArray[np.int32], chance: NDArray[np.float32]
) -> Points | None:
    """Fit a quadrilateral on the canvas to the cells of one paper."""
    # Cells just below the threshold locate the paper's edge with subcell precision.
    near = cv2.dilate(mine.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    soft = np.where(mine | (near & (blobs == 0)), chance, 0.0).astype(np.float32)
    big = cv2.resize(soft, (CANVAS, CANVAS), interpolation=cv2.INTER_LINEAR)
    whole = (big > _SURE).astype(np.uint8)
    # Thin spurs, such as a line of text or another edge, would displace the corners.
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_SPUR, _SPUR))
    bare = cv2.morphologyEx(whole, cv2.MORPH_OPEN, disc)
    quad = fit_quad(bare if bare.any() else whole)
    return None if quad is None else quad + 0.5  # to the centre of the pixel
