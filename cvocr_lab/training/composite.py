"""Training pictures for the finders: flat papers of a stock, laid on grounds and photographed.

Everything is drawn at the size the nets see, so that a core makes some fifty pictures a second.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local import papers
from cvocr_lab.engines.local.geometry import (
    Matrix,
    Points,
    homography,
    is_convex,
    rectangle,
    warp_points,
)
from cvocr_lab.kinds import TYPES
from cvocr_lab.synth import degrade, scenes
from cvocr_lab.training.flats import SCALE, Flat

Picture = NDArray[np.uint8]
Chance = np.random.Generator
Step = tuple[degrade.Degradation, float, float]
TYPE_NAMES = (*TYPES, "")
"""Classes of the second net; the last is a paper of no known type."""
UNKNOWN = -1
"""Class of papers that may look like any type: not learnt."""
_LONGEST = 560
_PLASTIC_MM = 3.18


@dataclass(frozen=True, slots=True)
class Laid:
    """A paper in a picture: its corners, clockwise from its own top left, and its class."""

    corners: Points
    type: int


@dataclass(frozen=True, slots=True)
class Composite:
    """A picture, the papers on it, and other things of their shape that are none."""

    image: Picture
    papers: tuple[Laid, ...]
    others: tuple[Points, ...] = ()


def compose(flats: Sequence[Flat], grounds: Sequence[bytes], rng: Chance) -> Composite:
    """Put a picture together: a ground, nought to three papers, hands, light, a camera."""
    scan = rng.random() < 0.3
    copy = scan and rng.random() < 0.45
    shapes = (0.707, 0.707, 0.773) if copy else (1.0, 0.75, 1.333, 0.5625, 1.778, 0.707, 0.462, 1.5)
    ratio = float(rng.choice(shapes))
    size = (_LONGEST, round(_LONGEST * ratio)) if ratio < 1 else (round(_LONGEST / ratio), _LONGEST)
    if rng.random() < (0.85 if copy else 0.5):
        size = size[1], size[0]
    count = int(rng.choice(4, p=(0.04, 0.16, 0.7, 0.1) if copy else (0.07, 0.71, 0.18, 0.04)))
    picture = _plain(size, rng) if scan else _ground(size, flats, grounds, rng)
    inner = (0.0, 0.0, float(size[0]), float(size[1]))
    if not scan and rng.random() < 0.14:
        inner = _screen(picture, rng)
    others: list[Points] = []
    if not scan and rng.random() < 0.2:
        others += _sheet(picture, flats, rng)
    if copy and rng.random() < 0.6:
        _stamps(picture, rng)
    chosen = [f for f in (flats[int(rng.integers(len(flats)))] for _ in range(3 * count + 6))
              if f.type != "page"][:count]  # fmt: skip
    laid: list[tuple[Laid, NDArray[np.uint8]]] = []
    cells = _copy_cells(len(chosen), size, rng) if copy else _cells(len(chosen), inner, rng)
    turn = _angle(rng, scan=scan)
    if copy and rng.random() < 0.8:
        turn = float(rng.normal(0, 0.02))
    for flat, cell in zip(chosen, cells, strict=True):
        angle = turn if len(chosen) == 1 or rng.random() < 0.6 else _angle(rng, scan=scan)
        if copy:
            angle = turn + float(rng.normal(0, 0.02))
        one = _lay(picture, flat, cell, angle, rng, scan=scan, fills=copy)
        if one is not None:
            laid.append(one)
    picture = _hands(picture, [paper.corners for paper, _ in laid], rng) if not scan else picture
    return Composite(taken(picture, rng), tuple(paper for paper, _ in laid), tuple(others))


def _copy_cells(
    count: int, size: tuple[int, int], rng: Chance
) -> list[tuple[float, float, float, float]]:
    """Places of cards copied onto one sheet: under one another, or beside, with little between."""
    down = rng.random() < 0.8
    across = float(rng.uniform(0.28, 0.8)) * size[0] / (1 if down else max(count, 1))
    tall = across / 1.586
    gap = float(rng.choice((0.01, 0.04, 0.1, 0.25, 0.6))) * tall * rng.uniform(0.6, 1.4)
    step = np.array([0, tall + gap] if down else [across + gap, 0])
    whole = step * (count - 1) + (across, tall)
    start = np.maximum(np.array(size) - whole, 0) * (rng.uniform(0.1, 0.9), rng.uniform(0.02, 0.8))
    places = [start + step * k for k in range(count)]
    return [(x, y, x + across, y + tall) for x, y in places]


def _stamps(picture: Picture, rng: Chance) -> None:
    """Print a heading, a frame or a stamp somewhere on a sheet, in place."""
    height, width = picture.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        x, y = int(rng.uniform(0.05, 0.7) * width), int(rng.uniform(0.03, 0.97) * height)
        ink = tuple(int(v) for v in ((200, 40, 50), (30, 30, 30), (40, 50, 160))[rng.integers(3)])
        text = "".join(chr(int(c)) for c in rng.integers(65, 91, int(rng.integers(4, 24))))
        scale = float(rng.uniform(0.25, 0.6))
        cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, ink, 1, cv2.LINE_AA)
        if rng.random() < 0.5:
            wide = int(cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)[0][0])
            corner = (x + wide + 5, y + round(10 * scale))
            cv2.rectangle(picture, (x - 5, y - round(32 * scale)), corner, ink, 1)


def _plain(size: tuple[int, int], rng: Chance) -> Picture:
    level = float(rng.choice((255, 252, 246, 238, 225, 200, 30)))
    picture = np.full((size[1], size[0], 3), level, np.float32) + rng.normal(0, 3, 3)
    if rng.random() < 0.3:
        ramp = np.linspace(0, rng.uniform(-30, 30), size[0], dtype=np.float32)[None, :, None]
        picture = picture + ramp
    return np.clip(picture, 0, 255).astype(np.uint8)


def _ground(
    size: tuple[int, int], flats: Sequence[Flat], grounds: Sequence[bytes], rng: Chance
) -> Picture:
    kind = rng.random()
    if kind < 0.18:
        return _pattern(size, rng)
    if kind < 0.36:  # a printed page all over
        page = flats[int(rng.integers(len(flats) // 8)) * 8 + 7].picture()
        side = min(page.shape[:2])
        x, y = (int(rng.integers(0, n - side + 1)) for n in page.shape[1::-1])
        part = page[y : y + side, x : x + side]
        angle = float(rng.normal(0, 18) if rng.random() < 0.8 else rng.uniform(0, 360))
        zoom = float(np.exp(rng.uniform(np.log(0.6), np.log(3.0)))) * max(size) / side
        part = _shrunk(np.asarray(part), zoom)
        zoom, side = zoom * side / len(part), len(part)
        matrix = cv2.getRotationMatrix2D((side / 2, side / 2), angle, zoom)
        matrix[:, 2] += (np.array(size) - side) / 2
        whole = cv2.warpAffine(part, matrix, size, borderMode=cv2.BORDER_REFLECT)
        return _recoloured(np.asarray(whole, np.uint8), rng, most=0.6)
    data = np.frombuffer(grounds[int(rng.integers(len(grounds)))], np.uint8)
    ground = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    zoom = rng.uniform(1.0, 2.2)
    wide = int(min(ground.shape[1] / zoom, ground.shape[1]))
    x, y = (int(rng.integers(0, ground.shape[1] - wide + 1)) for _ in range(2))
    part = ground[y : y + wide, x : x + wide]
    if rng.random() < 0.5:
        part = part.transpose(1, 0, 2)
    picture = cv2.resize(part, size, interpolation=cv2.INTER_LINEAR)
    return _recoloured(np.asarray(picture, np.uint8), rng, most=0.6)


def _pattern(size: tuple[int, int], rng: Chance) -> Picture:
    """Ruled or squared paper, stripes, gradients, heaps of rectangles: grounds with hard edges."""
    colour = rng.uniform(0, 255, 3)
    picture = np.empty((size[1], size[0], 3), np.float32)
    picture[:] = colour
    kind = int(rng.integers(4))
    ink = tuple(float(v) for v in np.clip(colour + rng.normal(0, 70, 3), 0, 255))
    if kind <= 1:
        step, thick = int(rng.integers(8, 70)), int(rng.integers(1, 6))
        for y in range(int(rng.integers(step)), size[1], step):
            cv2.line(picture, (0, y), (size[0], y + int(rng.normal(0, 8))), ink, thick)
        if kind == 1:
            for x in range(int(rng.integers(step)), size[0], step):
                cv2.line(picture, (x, 0), (x, size[1]), ink, thick)
    elif kind == 2:
        for _ in range(int(rng.integers(3, 25))):
            middle = rng.uniform(0, 1, 2) * size
            sides = rng.uniform(0.02, 0.5, 2) * size
            shade = tuple(float(v) for v in np.clip(colour + rng.normal(0, 50, 3), 0, 255))
            box = cv2.boxPoints((middle.tolist(), sides.tolist(), rng.uniform(0, 90)))
            cv2.fillPoly(picture, [np.int32(box)], shade)
    angle = rng.uniform(0, 6.28)
    ramp = np.cos(angle) * np.linspace(-1, 1, size[0], dtype=np.float32)[None]
    ramp = ramp + np.sin(angle) * np.linspace(-1, 1, size[1], dtype=np.float32)[:, None]
    picture += (ramp * rng.uniform(0, 60))[..., None]
    picture += rng.normal(0, rng.uniform(0, 8), picture.shape[:2])[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)


def _screen(picture: Picture, rng: Chance) -> tuple[float, float, float, float]:
    """Make the picture a screen that shows it between bars; gives the box where it shows."""
    height, width = picture.shape[:2]
    dark = float(rng.choice((0, 12, 25, 245, 255)))
    top, bottom = (int(height * rng.uniform(0.05, 0.35)) for _ in range(2))
    side = int(width * rng.choice((0.0, 0.0, rng.uniform(0.02, 0.15))))
    small = cv2.resize(picture, (max(width - 2 * side, 8), max(height - top - bottom, 8)))
    picture[:] = dark
    picture[top : top + small.shape[0], side : side + small.shape[1]] = small
    ink = (255 - dark,) * 3
    for _ in range(int(rng.integers(0, 6))):
        y = int(rng.choice((rng.uniform(5, top + 5), height - rng.uniform(3, bottom + 3))))
        x = int(rng.uniform(5, width * 0.6))
        text = "".join(chr(int(c)) for c in rng.integers(65, 122, int(rng.integers(3, 20))))
        cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(0.25, 0.5), ink, 1,
                    cv2.LINE_AA)  # fmt: skip
    return side, top, side + small.shape[1], top + small.shape[0]


def _sheet(picture: Picture, flats: Sequence[Flat], rng: Chance) -> list[Points]:
    """Lay a printed page, a receipt or a bare sheet under the papers: none of them counts."""
    height, width = picture.shape[:2]
    pages = [f for f in flats[:: max(1, len(flats) // 80)] if f.type == "page"]
    page = pages[int(rng.integers(len(pages)))].picture() if pages else None
    if page is None or rng.random() < 0.3:
        page = np.full((300, 220, 3), rng.uniform(190, 255), np.uint8)
    h, w = page.shape[:2]
    if rng.random() < 0.4:
        page = page[:, : max(w // int(rng.integers(2, 4)), 20)]
        h, w = page.shape[:2]
    scale = rng.uniform(0.5, 1.6) * min(width / w, height / h)
    centre = (rng.uniform(0, width), rng.uniform(0, height))
    corners = _rotated(w * scale, h * scale, centre, rng.uniform(-0.6, 0.6))
    matrix = homography(rectangle(w, h), corners)
    small = _shrunk(page, scale)
    _paste(picture, small, matrix @ _scaling(page, small), None, rng)
    inside = (corners > 0).all() and (corners < (width, height)).all()
    return [corners] if inside else []


def _cells(
    count: int, box: tuple[float, float, float, float], rng: Chance
) -> list[tuple[float, float, float, float]]:
    """Parts of the picture, one for each paper."""
    x0, y0, x1, y1 = box
    if count <= 1:
        return [box] * count
    if rng.random() < 0.15:  # one over the other
        return [box] * count
    edges = np.linspace(0, 1, count + 1)
    tall = y1 - y0 > x1 - x0
    if tall:
        return [
            (x0, y0 + a * (y1 - y0), x1, y0 + b * (y1 - y0)) for a, b in itertools.pairwise(edges)
        ]
    return [(x0 + a * (x1 - x0), y0, x0 + b * (x1 - x0), y1) for a, b in itertools.pairwise(edges)]


def _angle(rng: Chance, *, scan: bool) -> float:
    quarter = float(rng.choice((0, 1, 2, 3), p=(0.4, 0.2, 0.2, 0.2))) * np.pi / 2
    kind = rng.random()
    if scan:
        return quarter + float(rng.normal(0, 0.02))
    if kind < 0.5:
        return quarter + float(rng.normal(0, 0.08))
    if kind < 0.75:
        return quarter + float(rng.normal(0, 0.25))
    return float(rng.uniform(-np.pi, np.pi))


def _rotated(width: float, height: float, centre: Sequence[float] | Points, angle: float) -> Points:
    cos, sin = np.cos(angle), np.sin(angle)
    box = rectangle(width, height) - (width / 2, height / 2)
    return np.asarray(box @ np.array([[cos, sin], [-sin, cos]]) + centre)


def _lay(
    picture: Picture, flat: Flat, cell: tuple[float, float, float, float], angle: float,
    rng: Chance, *, scan: bool, fills: bool = False,
) -> tuple[Laid, NDArray[np.uint8]] | None:  # fmt: skip
    """Warp a paper into its cell of the picture, in place; `fills` makes it as large as that."""
    x0, y0, x1, y1 = cell
    source = flat.picture()
    height, width = source.shape[:2]
    paper = _recoloured(source, rng, most=0.8) if rng.random() < 0.6 else source
    if rng.random() < 0.3:
        paper = _framed(paper, flat.corners, rng)
    cos, sin = abs(np.cos(angle)), abs(np.sin(angle))
    room = min((x1 - x0) / (width * cos + height * sin), (y1 - y0) / (width * sin + height * cos))
    share = float(np.exp(np.log(0.3) * rng.beta(1.0, 1.7)))
    if rng.random() < (0.35 if scan else 0.12):
        share = float(rng.uniform(0.88, 1.06))
    scale = room * (float(rng.uniform(0.94, 1.0)) if fills else share)
    slack = np.array([(x1 - x0) - (width * cos + height * sin) * scale,
                      (y1 - y0) - (width * sin + height * cos) * scale]) / 2  # fmt: skip
    centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    centre = centre + np.maximum(slack, 0) * rng.uniform(-1, 1, 2)
    if not fills and rng.random() < 0.1:  # cut by the frame
        centre += rng.normal(0, 0.09, 2) * (x1 - x0, y1 - y0)
    corners = _rotated(width * scale, height * scale, centre, angle)
    if not scan:
        lean = float(rng.choice((0.0, 0.02, 0.04, 0.08, 0.13)))
        corners = _leaning(corners, centre, lean, rng)
    corners = corners + rng.normal(0, 0.002 * width * scale, (4, 2))
    if not is_convex(corners):
        return None
    matrix = homography(rectangle(width, height), corners)
    small = _shrunk(paper, scale)
    if rng.random() < 0.15:
        small = _toned(small, picture, corners)
    rounded = None
    if flat.type != "passport" and not flat.type.startswith("vehicle") and rng.random() < 0.75:
        rounded = _round_corners(small.shape[:2], _PLASTIC_MM * SCALE * small.shape[1] / width)
    if rng.random() < 0.15:
        _laminate(picture, corners, rng)
    mask = _paste(picture, small, matrix @ _scaling(source, small), rounded, rng)
    _shine(picture, mask, rng)
    own = warp_points(matrix, flat.corners)
    label = UNKNOWN if flat.type == "card" else TYPE_NAMES.index(flat.type)
    return Laid(own, label), mask


def _laminate(picture: Picture, corners: Points, rng: Chance) -> None:
    """Lay the rim of a plastic film around a paper, in place."""
    out = (corners - corners.mean(0)) * rng.uniform(1.03, 1.16) + corners.mean(0)
    film = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(film, [np.round(out * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    share = (film.astype(np.float32) / 255 * np.float32(rng.uniform(0.15, 0.9)))[..., None]
    picture[:] = picture + (rng.uniform(170, 255) - picture) * share


def _toned(paper: Picture, picture: Picture, corners: Points) -> Picture:
    """Give a paper the tone of a bright ground under it, so that hardly an edge shows."""
    (x0, y0), (x1, y1) = np.maximum(corners.min(0), 0).astype(int), corners.max(0).astype(int)
    ground = picture[y0:y1, x0:x1].reshape(-1, 3)
    if not len(ground) or ground.mean() < 120:
        return paper
    factor = ground.mean(0) / np.maximum(np.percentile(paper.reshape(-1, 3), 80, axis=0), 1)
    return np.asarray(np.clip(paper * factor, 0, 255), np.uint8)


def _leaning(corners: Points, centre: Points, lean: float, rng: Chance) -> Points:
    """Tip the paper away from the camera: sides shorten towards one direction."""
    reach = float(np.hypot(*np.ptp(corners, axis=0)))
    way = rng.uniform(0, 2 * np.pi)
    depth = ((corners - centre) @ (np.cos(way), np.sin(way))) / reach
    tilt = 1 + 2.2 * lean * depth
    squash = np.array([np.cos(way), np.sin(way)])
    moved = corners - np.outer((corners - centre) @ squash, squash) * min(0.5, 1.5 * lean)
    return np.asarray(centre + (moved - centre) / tilt[:, None])


def _shrunk(paper: Picture, scale: float) -> Picture:
    """Average detail before a warp that samples points."""
    if scale >= 0.7:
        return paper
    size = tuple(max(8, round(side * scale * 1.1)) for side in paper.shape[1::-1])
    return np.asarray(cv2.resize(paper, size, interpolation=cv2.INTER_AREA), np.uint8)


def _scaling(before: Picture, after: Picture) -> Matrix:
    return np.diag([before.shape[1] / after.shape[1], before.shape[0] / after.shape[0], 1.0])


def _round_corners(shape: tuple[int, int], radius: float) -> Picture:
    height, width = shape
    r = max(1, round(radius))
    alpha = np.zeros((height, width), np.uint8)
    cv2.rectangle(alpha, (r, 0), (width - r, height), 255, -1)
    cv2.rectangle(alpha, (0, r), (width, height - r), 255, -1)
    for x in (r, width - 1 - r):
        for y in (r, height - 1 - r):
            cv2.circle(alpha, (x, y), r, 255, -1, cv2.LINE_AA)
    return alpha


def _paste(
    picture: Picture, paper: Picture, matrix: Matrix, alpha: Picture | None, rng: Chance
) -> Picture:
    """Warp a paper over the picture, in place, above the shadow of its edge; gives its mask."""
    height, width = picture.shape[:2]
    if alpha is None:
        alpha = np.full(paper.shape[:2], 255, np.uint8)
    warped = cv2.warpPerspective(
        paper, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    mask = cv2.warpPerspective(alpha, matrix, (width, height), flags=cv2.INTER_LINEAR)
    if rng.random() < 0.7:
        soft = cv2.GaussianBlur(mask, (0, 0), rng.uniform(1.0, 8.0))
        shift = np.array([[1, 0, rng.normal(0, 3)], [0, 1, rng.normal(0, 3)]])
        soft = cv2.warpAffine(soft, shift, (width, height))
        dark = 1 - soft.astype(np.float32) / 255 * np.float32(rng.uniform(0.05, 0.6))
        picture[:] = picture * dark[..., None]
    opaque = (mask.astype(np.float32) / 255)[..., None]
    picture[:] = picture + (warped.astype(np.float32) - picture) * opaque
    return np.asarray(mask, np.uint8)


def _framed(paper: Picture, corners: NDArray[np.float32], rng: Chance) -> Picture:
    """Draw a frame or an edge along the paper's own outline."""
    out = paper.copy()
    inset = float(rng.choice((0, 0, 1, 2, 3))) * SCALE * rng.uniform(0.5, 1.2)
    (x0, y0), (x1, y1) = corners.min(0) + inset, corners.max(0) - inset
    colour = tuple(int(v) for v in rng.uniform(0, 220, 3))
    thick = int(rng.integers(1, 6))
    cv2.rectangle(out, (round(x0), round(y0)), (round(x1) - 1, round(y1) - 1), colour, thick)
    return out


def _recoloured(picture: Picture, rng: Chance, *, most: float) -> Picture:
    """Another ground, ink and white balance than the printer's."""
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


def _shine(picture: Picture, mask: Picture, rng: Chance) -> None:
    """Glare on the paper's surface, in place."""
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


def _hands(picture: Picture, quads: Sequence[Points], rng: Chance) -> Picture:
    """Fingers over an edge, pens and cables across."""
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
        ends = rng.uniform(0, _LONGEST, (2, 2)).astype(int)
        colour = tuple(int(v) for v in rng.uniform(0, 255, 3))
        cv2.line(
            picture, tuple(ends[0]), tuple(ends[1]), colour, int(rng.integers(3, 16)), cv2.LINE_AA
        )
    return picture


_STEPS: tuple[Step, ...] = (
    (degrade.illumination, 0.35, 0.9), (degrade.shadow, 0.25, 0.9),
    (degrade.colour_cast, 0.4, 0.8), (degrade.gaussian_blur, 0.25, 0.8),
    (degrade.motion_blur, 0.12, 0.7), (degrade.noise, 0.35, 0.7), (degrade.jpeg, 0.4, 0.8),
)  # fmt: skip


def taken(
    picture: Picture, rng: Chance, steps: Sequence[Step] = _STEPS, grey: float = 0.1
) -> Picture:
    """What light, lens and sensor do.

    Parameters
    ----------
    steps
        What happens in order: the step, how often, and its greatest strength.
    grey
        Share of pictures without colour.
    """
    for step, share, most in steps:
        if rng.random() < share:
            picture = step(picture, rng, float(rng.uniform(0.05, most)))
    if rng.random() < grey:
        picture = np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    return np.ascontiguousarray(picture)


def outline_example(composite: Composite, rng: Chance) -> tuple[Picture, NDArray[np.float32]]:
    """Return a thumbnail and what `PaperNet` should say of it.

    Returns
    -------
    tuple
        ``(320, 320, 3)`` pixels; and ``(9, 80, 80)``: the share of each cell that papers cover,
        and the ways to the corners of the upper paper.
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
        cv2.fillPoly(cover, [np.round((corners - 0.5) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        part = (
            cv2.resize(cover, (cells, cells), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        )
        truth[0] = np.maximum(truth[0] * (1 - part), part)
        upper = part > 0.5
        first = np.roll(corners, -int(corners.sum(1).argmin()), axis=0)
        ways = (first / papers.CELL - 0.5)[:, :, None, None] - here
        truth[1:, upper] = ways.reshape(8, cells, cells)[:, upper] / papers.REACH
    return canvas, truth


@dataclass(frozen=True, slots=True)
class TurnExample:
    """A roughly flattened paper; its corners in the crop, which is its own first, and its class."""

    crop: Picture
    corners: NDArray[np.float32]
    turn: int
    type: int


def turn_examples(composite: Composite, rng: Chance) -> list[TurnExample]:
    """Return what `TurnNet` sees of each paper of a picture, and of things that are none."""
    made = []
    for paper in composite.papers:
        turn = int(rng.integers(4)) if rng.random() < 0.12 else int(rng.choice((0, 2)))
        corners = np.roll(paper.corners, turn, axis=0)
        # Corner k of `corners` is the paper's corner k - turn; its own first is corner `turn`.
        reach = float(np.hypot(*np.ptp(corners, axis=0)))
        worst = float(rng.choice((0.01, 0.03, 0.06, 0.1), p=(0.25, 0.3, 0.25, 0.2)))
        off = rng.normal(0, reach * rng.uniform(0.1, 1.0) * worst, (4, 2))
        swell = (corners - corners.mean(0)) * rng.normal(0, 1.2 * worst)
        rough = corners + off + swell + rng.normal(0, 0.4 * worst * reach, 2)
        if not is_convex(rough):
            continue
        crop, matrix = papers.crop(composite.image, rough)
        made.append(
            TurnExample(crop, warp_points(matrix, corners).astype(np.float32), turn, paper.type)
        )
    for quad in composite.others[:1]:
        if is_convex(quad):
            crop, _ = papers.crop(composite.image, quad)
            made.append(TurnExample(crop, np.full((4, 2), np.nan, np.float32), UNKNOWN,
                                    len(TYPE_NAMES) - 1))  # fmt: skip
    return made
