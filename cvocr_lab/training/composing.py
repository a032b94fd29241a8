"""Composes flat papers into a picture, with rotation, perspective, film, shadow, glare, fingers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local.geometry import (
    Matrix,
    Points,
    homography,
    is_convex,
    rectangle,
    warp_points,
)
from cvocr_lab.kinds import TYPES
from cvocr_lab.synth import scenes
from cvocr_lab.synth.photograph import reduced, round_corners, shifted
from cvocr_lab.synth.pictures import fill
from cvocr_lab.training.paper_stock import SCALE, Flat

Picture = NDArray[np.uint8]
Chance = np.random.Generator
Box = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of a picture."""
TYPE_NAMES = (*TYPES, "")
"""Classes of the second net; the last one stands for papers of no known type."""
UNKNOWN = -1
"""Class of papers that may look like any type, which is ignored in training."""
LONGEST = 560
"""Longer side of a training picture, in pixels."""


@dataclass(frozen=True, slots=True)
class Laid:
    """A paper in a picture: its corners, clockwise from its own top left, and its class."""

    corners: Points
    type: int


def lay(
    picture: Picture, flat: Flat, cell: Box, angle: float, rng: Chance, *, scan: bool, fills: bool
) -> Laid | None:
    """Warp a paper into its cell of the picture, in place; `fills` makes it fill the cell."""
    x0, y0, x1, y1 = cell
    source = flat.picture()
    height, width = source.shape[:2]
    paper = recoloured(source, rng, most=0.8) if rng.random() < 0.6 else source
    if rng.random() < 0.3:
        paper = _framed(paper, flat.corners, rng)
    cos, sin = abs(np.cos(angle)), abs(np.sin(angle))
    sides = np.array([x1 - x0, y1 - y0])
    extent = np.array([width * cos + height * sin, width * sin + height * cos])
    room = (sides / extent).min()
    share = float(np.exp(np.log(0.3) * rng.beta(1.0, 1.7)))
    if rng.random() < (0.35 if scan else 0.12):
        share = float(rng.uniform(0.88, 1.06))
    scale = room * (float(rng.uniform(0.94, 1.0)) if fills else share)
    centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    centre = centre + np.maximum((sides - extent * scale) / 2, 0) * rng.uniform(-1, 1, 2)
    if not fills and rng.random() < 0.1:  # cut by the frame
        centre += rng.normal(0, 0.09, 2) * sides
    corners = rotated(width * scale, height * scale, centre, angle)
    if not scan:
        lean = float(rng.choice((0.0, 0.02, 0.04, 0.08, 0.13)))
        corners = _leaning(corners, centre, lean, rng)
    corners = corners + rng.normal(0, 0.002 * width * scale, (4, 2))
    if not is_convex(corners):
        return None
    matrix = homography(rectangle(width, height), corners)
    small, enlarging = shrunk(paper, scale)
    if rng.random() < 0.25:
        small = _toned(small, picture, corners)
    alpha = None
    if flat.type != "passport" and not flat.type.startswith("vehicle") and rng.random() < 0.75:
        alpha = round_corners(small, SCALE * small.shape[1] / width)
    film = _laminate(picture, corners, rng) if rng.random() < 0.15 else None
    mask = paste(picture, small, matrix @ enlarging, alpha, rng)
    shine(picture, mask, rng)
    own = warp_points(matrix, flat.corners)
    if film is not None and np.allclose(flat.corners, rectangle(width, height), atol=1):
        own = film
    label = UNKNOWN if flat.type == "card" else TYPE_NAMES.index(flat.type)
    return Laid(own, label)


def _laminate(picture: Picture, corners: Points, rng: Chance) -> Points:
    """Draw the rim of a plastic film around a paper, in place, and return its corners."""
    out = (corners - corners.mean(0)) * rng.uniform(1.02, 1.1) + corners.mean(0)
    film = np.zeros(picture.shape[:2], np.uint8)
    fill(film, out)
    share = (film.astype(np.float32) / 255 * np.float32(rng.uniform(0.15, 0.9)))[..., None]
    picture[:] = picture + (rng.uniform(170, 255) - picture) * share
    return np.asarray(out)


def _toned(paper: Picture, picture: Picture, corners: Points) -> Picture:
    """Give a paper the tone of a bright background, so that its edges are hardly visible."""
    (x0, y0), (x1, y1) = np.maximum(corners.min(0), 0).astype(int), corners.max(0).astype(int)
    ground = picture[y0:y1, x0:x1].reshape(-1, 3)
    if not len(ground) or ground.mean() < 120:
        return paper
    factor = ground.mean(0) / np.maximum(np.percentile(paper.reshape(-1, 3), 80, axis=0), 1)
    return np.asarray(np.clip(paper * factor, 0, 255), np.uint8)


def _leaning(corners: Points, centre: Points, lean: float, rng: Chance) -> Points:
    """Tilt the paper away from the camera, so that sides shorten towards one direction."""
    reach = float(np.hypot(*np.ptp(corners, axis=0)))
    angle = rng.uniform(0, 2 * np.pi)
    way = np.array([np.cos(angle), np.sin(angle)])
    depth = (corners - centre) @ way
    tilt = 1 + 2.2 * lean * (depth / reach)
    moved = corners - np.outer(depth, way) * min(0.5, 1.5 * lean)
    return np.asarray(centre + (moved - centre) / tilt[:, None])


def rotated(width: float, height: float, centre: Sequence[float] | Points, angle: float) -> Points:
    """Return the corners of a rectangle rotated about its centre, clockwise."""
    cos, sin = np.cos(angle), np.sin(angle)
    box = rectangle(width, height) - (width / 2, height / 2)
    return np.asarray(box @ np.array([[cos, sin], [-sin, cos]]) + centre)


shrunk = partial(reduced, least=0.7, spare=1.1)
"""Reduce a paper before it is warped to a scale."""


def laid_over(
    picture: Picture, paper: Picture, matrix: Matrix, mask: Picture, border: int
) -> Picture:
    """Warp a paper onto the picture where the mask shows it."""
    warped = cv2.warpPerspective(paper, matrix, picture.shape[1::-1], borderMode=border)
    opaque = (mask.astype(np.float32) / 255)[..., None]
    return np.asarray(picture + (warped.astype(np.float32) - picture) * opaque, np.uint8)


def paste(
    picture: Picture, paper: Picture, matrix: Matrix, alpha: Picture | None, rng: Chance
) -> Picture:
    """Warp a paper onto the picture, in place, with the shadow of its edge; return its mask."""
    size = picture.shape[1::-1]
    if alpha is None:
        alpha = np.full(paper.shape[:2], 255, np.uint8)
    mask = np.asarray(cv2.warpPerspective(alpha, matrix, size), np.uint8)
    if rng.random() < 0.7:
        soft = cv2.GaussianBlur(mask, (0, 0), rng.uniform(1.0, 8.0))
        soft = cv2.warpAffine(soft, shifted(rng.normal(0, 3), rng.normal(0, 3))[:2], size)
        dark = 1 - soft.astype(np.float32) / 255 * np.float32(rng.uniform(0.05, 0.6))
        picture[:] = picture * dark[..., None]
    picture[:] = laid_over(picture, paper, matrix, mask, cv2.BORDER_REPLICATE)
    return mask


def _framed(paper: Picture, corners: NDArray[np.float32], rng: Chance) -> Picture:
    out = paper.copy()
    inset = float(rng.choice((0, 0, 1, 2, 3))) * SCALE * rng.uniform(0.5, 1.2)
    (x0, y0), (x1, y1) = corners.min(0) + inset, corners.max(0) - inset
    colour = tuple(int(v) for v in rng.uniform(0, 220, 3))
    thick = int(rng.integers(1, 6))
    cv2.rectangle(out, (round(x0), round(y0)), (round(x1) - 1, round(y1) - 1), colour, thick)
    return out


def recoloured(picture: Picture, rng: Chance, *, most: float) -> Picture:
    """Change the background, ink and white balance."""
    out: NDArray[np.floating] = picture.astype(np.float32)
    if rng.random() < 0.35:
        out = 255 - (255 - out) * rng.uniform(0.35, 1.0)
    if rng.random() < 0.5:
        out = out * (1 + rng.uniform(-0.35, 0.15, 3) * most)
    if rng.random() < 0.12:
        out = np.repeat(out.mean(-1, keepdims=True), 3, -1)
    elif rng.random() < 0.15:
        out = out[..., rng.permutation(3)]
    if rng.random() < 0.2:
        out = out * rng.uniform(0.5, 1.0) + rng.uniform(-20, 40)
    return np.ascontiguousarray(np.clip(out, 0, 255), np.uint8)


def shine(picture: Picture, mask: Picture, rng: Chance) -> None:
    """Draw glare on the surface of the paper, in place."""
    if rng.random() > 0.25:
        return
    ys, xs = np.nonzero(mask[::8, ::8])
    if not len(xs):
        return
    pick = int(rng.integers(len(xs)))
    cx, cy, height, width = 8 * xs[pick], 8 * ys[pick], *picture.shape[:2]
    y, x = np.ogrid[0:height, 0:width]
    turn = rng.uniform(0, np.pi)
    u = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
    v = (y - cy) * np.cos(turn) - (x - cx) * np.sin(turn)
    long, short = rng.uniform(15, 130), rng.uniform(8, 50)
    spot = np.exp(-((u / long) ** 2) - (v / short) ** 2) * rng.uniform(40, 255)
    if rng.random() < 0.5:
        spot = spot * (mask > 0)
    picture[:] = np.clip(picture + spot[..., None], 0, 255)


def hands(picture: Picture, quads: Sequence[Points], rng: Chance) -> None:
    """Draw fingers over edges, and pens or cables across the picture, in place."""
    for corners in quads:
        for _ in range(int(rng.choice(4, p=(0.8, 0.11, 0.06, 0.03)))):
            k = int(rng.integers(4))
            a, b = corners[k], corners[(k + 1) % 4]
            edge = a + (b - a) * rng.uniform(0.05, 0.95)
            inwards = corners.mean(0) - edge
            size = float(np.hypot(*np.ptp(corners, axis=0)))
            tip = edge + inwards / (np.hypot(*inwards) or 1) * size * rng.uniform(0.0, 0.13)
            way = edge - corners.mean(0) + rng.normal(0, 0.3 * size, 2)
            root = edge + way / (np.hypot(*way) or 1) * size * 2
            scenes.finger(picture, tip, root, size * rng.uniform(0.09, 0.2), rng)
    if rng.random() < 0.05:
        start, end = rng.uniform(0, LONGEST, (2, 2)).astype(int)
        colour = tuple(int(v) for v in rng.uniform(0, 255, 3))
        cv2.line(picture, tuple(start), tuple(end), colour, int(rng.integers(3, 16)), cv2.LINE_AA)
