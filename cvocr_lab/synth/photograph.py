"""Put flat papers into the picture of a scanner or a phone, and record their positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvocr_lab.synth import degrade, scenes

Picture = NDArray[np.uint8]
Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
A4_MM = (210.0, 297.0)


def warped(matrix: Matrix, points: ArrayLike) -> NDArray[np.float64]:
    """Map points ``(n, 2)`` through a homography."""
    flat = np.reshape(points, (-1, 2))
    mapped = np.column_stack([flat, np.ones(len(flat))]) @ matrix.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:])


@dataclass(frozen=True, slots=True)
class Paper:
    """A flat drawing of a paper; `scale` is in pixels per millimetre."""

    picture: Picture
    scale: float
    has_round_corners: bool

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height."""
        height, width = self.picture.shape[:2]
        return width / self.scale, height / self.scale


def photograph(
    papers: Sequence[Paper], tier: str, rng: np.random.Generator
) -> tuple[Picture, list[Matrix]]:
    """Take one RGB picture of all papers; also return the homography from each paper to it."""
    hard = tier == "hard"
    picture, matrices = _scan(papers, rng) if tier == "scan" else _shot(papers, rng, hard=hard)
    upright = {"scan": 0.5, "photo": 0.4, "hard": 0.4}[tier]
    turns = 0 if rng.random() < upright else int(rng.integers(1, 4))
    for _ in range(turns):
        turn = np.array([[0, -1, picture.shape[0] - 1], [1, 0, 0], [0, 0, 1]], float)
        matrices = [turn @ matrix for matrix in matrices]
        picture = np.rot90(picture, -1)
    return _finish(np.ascontiguousarray(picture), tier, rng), matrices


def _scan(papers: Sequence[Paper], rng: np.random.Generator) -> tuple[Picture, list[Matrix]]:
    levels = (255, 250, 244, 236, 225, 205, 30)
    level = float(rng.choice(levels, p=(0.3, 0.2, 0.15, 0.1, 0.1, 0.1, 0.05)))
    wide = max(p.size_mm[0] for p in papers)
    tall = sum(p.size_mm[1] for p in papers)
    whole_page = len(papers) > 1 or rng.random() < 0.15
    if whole_page:
        density = float(rng.uniform(6.5, 9.5))
        size_mm = A4_MM
        level = max(level, 225.0)
    else:
        density = float(rng.uniform(6.5, 12.0))
        edge = (0.0, 1.0, 4.0, 12.0, 30.0)[int(rng.choice(5, p=(0.15, 0.25, 0.25, 0.2, 0.15)))]
        size_mm = (wide + 2 * edge, tall + 2 * edge)
    width, height = round(size_mm[0] * density), round(size_mm[1] * density)
    picture = np.full((height, width, 3), level, np.uint8)
    matrices = []
    y = 0.0
    for paper in papers:
        paper_w, paper_h = paper.size_mm
        free_x, free_y = size_mm[0] - paper_w, (size_mm[1] - tall) / len(papers)
        x = free_x * rng.uniform(0.3, 0.7) if whole_page else free_x / 2
        y += free_y * (rng.uniform(0.2, 0.5) if whole_page else 0.5)
        angle = np.radians(rng.normal(0, 1.2))
        matrix = _similar(paper, density, (x + paper_w / 2, y + paper_h / 2), float(angle))
        y += paper_h + free_y * 0.5
        _lay(picture, paper, matrix, rng, lift=float(rng.uniform(0, 0.5)))
        matrices.append(matrix)
    return picture, matrices


def _similar(paper: Paper, density: float, centre_mm: tuple[float, float], angle: float) -> Matrix:
    """Return the matrix from the paper to the picture of a camera above it."""
    height, width = paper.picture.shape[:2]
    centre = np.array(centre_mm) * density
    return similarity(density / paper.scale, angle, (width / 2, height / 2), centre)


def similarity(ratio: float, angle: float, middle: ArrayLike, to: ArrayLike) -> Matrix:
    """Return the matrix that scales, rotates and moves a point to another."""
    cos, sin = np.cos(angle) * ratio, np.sin(angle) * ratio
    matrix = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]])
    matrix[:2, 2] = np.asarray(to) - matrix[:2, :2] @ np.asarray(middle)
    return matrix


def _shot(
    papers: Sequence[Paper], rng: np.random.Generator, *, hard: bool
) -> tuple[Picture, list[Matrix]]:
    width = int(rng.uniform(900, 2100) if not hard else rng.uniform(800, 1700))
    ratio = float(rng.choice((3 / 4, 4 / 3, 9 / 16, 16 / 9, 1.0), p=(0.4, 0.25, 0.15, 0.1, 0.1)))
    height = int(np.clip(width * ratio, 600, 2000))
    picture = scenes.scene(width, height, rng)
    share = float(rng.uniform(0.45, 0.93) if not hard else rng.uniform(0.4, 0.9))
    matrices = []
    spread = np.radians(9 if hard else 5)
    any_turn = rng.random() < (0.15 if not hard else 0.3)
    common = rng.uniform(-np.pi, np.pi) if any_turn else rng.normal(0, spread)
    tilt = np.radians(20 if not hard else 32)
    lean = rng.uniform(-tilt, tilt, 2) * rng.random(2) ** 0.5
    lowest = 7.4 if not hard else 5.3
    for paper, (centre, cell) in zip(papers, _cells(len(papers), width, height), strict=True):
        angle = float(common + rng.normal(0, np.radians(1 if len(papers) == 1 else 6)))
        w, h = paper.size_mm
        cos, sin = abs(np.cos(angle)), abs(np.sin(angle))
        extent = np.array([w * cos + h * sin, w * sin + h * cos])
        most = float((cell / extent).min()) * 0.97
        density = float(np.clip(most * share, min(lowest, most), 15.0))
        clipped = hard and rng.random() < 0.12
        reach = 1.25 if clipped else 0.9
        slack = np.maximum((cell - extent * density) / 2, 0)
        middle = centre + slack * rng.uniform(-reach, reach, 2)
        if clipped:
            middle += rng.choice((-1, 1), 2) * extent * density * rng.uniform(0, 0.03, 2)
        matrix = _lean(paper, density, middle, angle, lean, width)
        if not clipped:
            matrix = _inside(matrix, paper, centre - cell / 2, centre + cell / 2)
        _lay(picture, paper, matrix, rng, lift=float(rng.uniform(0.2, 1.5)))
        _shine(picture, matrix, paper, rng, hard=hard)
        matrices.append(matrix)
    if len(papers) == 1:
        for _ in range(int(rng.choice(3, p=(0.82, 0.14, 0.04)))):
            _hold(picture, matrices[0], papers[0], rng, hard=hard)
    return picture, matrices


def _cells(count: int, width: int, height: int) -> list[tuple[Vector, Vector]]:
    """Return the middle and the size of the part of the picture that each paper gets."""
    cell = np.array([width, height]) / ((1, count) if height >= width else (count, 1))
    numbers = np.arange(count) + 0.5
    places = np.full((count, 2), 0.5)
    places[:, int(height >= width)] = numbers
    return [(cell * place, cell) for place in places]


def _lean(
    paper: Paper, density: float, middle: Vector, angle: float, lean: Vector, width: int
) -> Matrix:
    """Return the matrix from the paper to the picture of a camera at an angle."""
    flat = _similar(paper, density, (middle[0] / density, middle[1] / density), angle)
    a, b = lean
    tilt_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    tilt_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    turn = tilt_x @ tilt_y
    focal = 1.25 * width
    # The plane is rotated in space about its middle, at the distance `focal` from the camera.
    camera = np.diag([focal, focal, 1.0])
    plane = np.column_stack([turn[:, 0], turn[:, 1], [0, 0, focal]])
    return np.asarray(shifted(*middle) @ camera @ plane @ shifted(*-middle) @ flat)


def _corners(matrix: Matrix, paper: Paper) -> NDArray[np.float64]:
    height, width = paper.picture.shape[:2]
    return warped(matrix, [(0, 0), (width, 0), (width, height), (0, height)])


def _inside(matrix: Matrix, paper: Paper, first: Vector, last: Vector) -> Matrix:
    """Scale down and move so that all corners are between two points."""
    for _ in range(3):
        corners = _corners(matrix, paper)
        low, high = corners.min(0), corners.max(0)
        ratio = min(1.0, float(((last - first) / (high - low)).min()) * 0.985)
        middle = (low + high) / 2
        half = (high - low) / 2 * ratio
        target = np.clip(middle, first + half + 2, last - half - 2)
        matrix = similarity(ratio, 0.0, middle, target) @ matrix
    return matrix


def _lay(
    picture: Picture, paper: Paper, matrix: Matrix, rng: np.random.Generator, *, lift: float
) -> None:
    """Warp the paper into the picture, in place, over the shadow of its edge; `lift` in mm."""
    height, width = picture.shape[:2]
    corners = _corners(matrix, paper)
    ratio = float(np.hypot(*(corners[1] - corners[0]))) / paper.picture.shape[1]
    source, enlarging = reduced(paper.picture, ratio, least=0.75, spare=1.15)
    alpha = np.full(source.shape[:2], 255, np.uint8)
    if paper.has_round_corners:
        alpha = round_corners(source, paper.scale * source.shape[1] / paper.picture.shape[1])
    pixel_mm = ratio * paper.scale
    sigma = max(0.6, lift * pixel_mm)
    cast = rng.normal(0, lift * pixel_mm * 0.8, 2)
    reach = 3 * sigma + np.abs(cast).max() + 2
    x0, y0 = np.maximum(np.floor(corners.min(0) - reach), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(corners.max(0) + reach), (width, height)).astype(int)
    out = (int(x1 - x0), int(y1 - y0))
    there = shifted(-x0, -y0) @ matrix @ enlarging
    placed = cv2.warpPerspective(source, there, out, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpPerspective(alpha, there, out)
    view = picture[y0:y1, x0:x1]
    soft = cv2.warpAffine(cv2.GaussianBlur(mask, (0, 0), sigma), shifted(*cast)[:2], out)
    dark = soft.astype(np.float32) / 255 * float(rng.uniform(0.15, 0.5))
    opaque = (mask.astype(np.float32) / 255)[..., None]
    below = view * (1 - dark[..., None])
    view[:] = (below + (placed - below) * opaque).astype(np.uint8)


def shifted(x: float, y: float) -> Matrix:
    """Return the matrix of a translation."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def reduced(
    picture: Picture, ratio: float, *, least: float, spare: float
) -> tuple[Picture, Matrix]:
    """Reduce a picture before a warp, which samples single points, by a ratio less than `least`.

    The size is `spare` times the needed one.  Also returns the matrix back to the original pixels.
    """
    if ratio >= least:
        return picture, np.eye(3)
    height, width = picture.shape[:2]
    size = max(8, round(width * ratio * spare)), max(8, round(height * ratio * spare))
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    return small, np.diag([width / size[0], height / size[1], 1.0])


def round_corners(paper: Picture, scale: float) -> Picture:
    """Return a mask of a plastic card: round corners of 3.18 mm (ISO/IEC 7810)."""
    height, width = paper.shape[:2]
    radius = max(1, round(3.18 * scale))
    alpha = np.zeros((height, width), np.uint8)
    cv2.rectangle(alpha, (radius, 0), (width - radius, height), 255, -1)
    cv2.rectangle(alpha, (0, radius), (width, height - radius), 255, -1)
    for x in (radius, width - 1 - radius):
        for y in (radius, height - 1 - radius):
            cv2.circle(alpha, (x, y), radius, 255, -1, cv2.LINE_AA)
    return alpha


def _shine(
    picture: Picture, matrix: Matrix, paper: Paper, rng: np.random.Generator, *, hard: bool
) -> None:
    """Add a reflection on the paper, in place."""
    if rng.random() > (0.22 if not hard else 0.4):
        return
    corners = _corners(matrix, paper)
    width = float(np.ptp(corners[:, 0]))
    cx, cy = rng.uniform(corners.min(0), corners.max(0))
    strength = rng.uniform(25, 90) if not hard else rng.uniform(80, 230)
    turn = rng.uniform(0, np.pi)
    low = np.maximum(corners.min(0) - width / 3, 0).astype(int)
    high = np.minimum(corners.max(0) + width / 3, picture.shape[1::-1]).astype(int)
    view = picture[low[1] : high[1], low[0] : high[0]]
    if view.size == 0:
        return
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    u = (x - cx) * np.float32(np.cos(turn)) + (y - cy) * np.float32(np.sin(turn))
    v = (y - cy) * np.float32(np.cos(turn)) - (x - cx) * np.float32(np.sin(turn))
    long, short = rng.uniform(0.08, 0.3) * width, rng.uniform(0.04, 0.12) * width
    spot = np.exp(-((u / long) ** 2) - (v / short) ** 2) * np.float32(strength)
    view[:] = np.clip(view + spot[..., None], 0, 255).astype(np.uint8)


def _hold(
    picture: Picture, matrix: Matrix, paper: Paper, rng: np.random.Generator, *, hard: bool
) -> None:
    """Add a finger over the margin of the paper, in place."""
    w, h = paper.size_mm
    side = int(rng.integers(4))
    depth = rng.uniform(1.5, 4.0) if not hard else rng.uniform(2.0, 8.0)
    at = rng.uniform(0.15, 0.85)
    tip, out = (
        ((at * w, depth), (0, -1)), ((w - depth, at * h), (1, 0)),
        ((at * w, h - depth), (0, 1)), ((depth, at * h), (-1, 0)),
    )[side]  # fmt: skip
    skew = rng.normal(0, 0.35, 2)
    near = np.array(tip) + (np.array(out) + skew) * 10
    flat = warped(matrix, np.array([tip, near]) * paper.scale)
    away = flat[1] - flat[0]
    pixel_mm = float(np.hypot(*away)) / float(np.hypot(*(near - np.array(tip))))
    # The hand is always outside the picture.
    root = flat[0] + away / np.hypot(*away) * sum(picture.shape[:2])
    scenes.finger(picture, flat[0], root, rng.uniform(13, 18) * pixel_mm, rng)


# Effects on the finished picture, in this order.
_FINISH: dict[str, tuple[degrade.Step, ...]] = {
    "scan": (
        (degrade.gaussian_blur, 0.5, 0.25), (degrade.colour_cast, 0.4, 0.3),
        (degrade.noise, 0.4, 0.25), (degrade.jpeg, 0.8, 0.25),
    ),
    "photo": (
        (degrade.illumination, 0.6, 0.5), (degrade.shadow, 0.3, 0.5),
        (degrade.colour_cast, 0.6, 0.5), (degrade.gaussian_blur, 0.35, 0.35),
        (degrade.defocus_blur, 0.15, 0.35), (degrade.motion_blur, 0.15, 0.3),
        (degrade.noise, 0.5, 0.4), (degrade.jpeg, 0.85, 0.5),
    ),
    "hard": (
        (degrade.illumination, 0.7, 0.9), (degrade.shadow, 0.5, 0.9),
        (degrade.colour_cast, 0.7, 0.8), (degrade.gaussian_blur, 0.2, 0.75),
        (degrade.defocus_blur, 0.2, 0.75), (degrade.motion_blur, 0.2, 0.75),
        (degrade.low_resolution, 0.2, 0.75), (degrade.noise, 0.7, 0.7),
        (degrade.jpeg, 0.9, 0.85),
    ),
}  # fmt: skip


def _finish(picture: Picture, tier: str, rng: np.random.Generator) -> Picture:
    if tier == "scan" and rng.random() < 0.12:  # a photocopy
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        grey = np.clip((grey - 128) * rng.uniform(1.0, 1.5) + rng.uniform(120, 150), 0, 255)
        picture = np.repeat(grey.astype(np.uint8)[..., None], 3, 2)
    return degrade.applied(_FINISH[tier], picture, rng)
