"""Backgrounds (wood, cloth, printed pages, tiles, keys, stone, plain colour) and fingers."""

from __future__ import annotations

import random
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cvocr_lab.data import rows
from cvocr_lab.synth import fonts

Picture = NDArray[np.uint8]
Field = NDArray[np.float32]


def scene(width: int, height: int, rng: np.random.Generator) -> Picture:
    """Draw a background of this size in pixels."""
    draw = _SCENES[int(rng.choice(len(_SCENES), p=_SHARES))]
    if draw is _page:
        return _page(width, height, rng)
    # Textures are soft, so half the resolution is enough.
    half = draw((width + 1) // 2, (height + 1) // 2, rng)
    grain = rng.normal(0, rng.uniform(0, 4), half.shape[:2]).astype(np.float32)
    half = np.clip(half + grain[..., None], 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(half, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _clouds(width: int, height: int, rng: np.random.Generator, octaves: tuple[int, ...]) -> Field:
    """Return smooth noise with mean 0, from about -1 to 1."""
    total = np.zeros((height, width), np.float32)
    for octave in octaves:
        coarse = rng.normal(0, 1, (octave + 2, octave + 2)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) / len(octaves)
    return total


def _paint(shade: Field, colour: NDArray[np.float64], span: float) -> Field:
    return (colour.astype(np.float32) + shade[..., None] * np.float32(span)).astype(np.float32)


def _plain(width: int, height: int, rng: np.random.Generator) -> Field:
    colour = rng.uniform(15, 245, 3) if rng.random() < 0.4 else np.full(3, rng.uniform(20, 248))
    return _paint(_clouds(width, height, rng, (2, 4)), colour, rng.uniform(2, 12))


def _wood(width: int, height: int, rng: np.random.Generator) -> Field:
    tones = ((150, 104, 62), (196, 154, 108), (96, 62, 40), (214, 184, 142), (122, 84, 58))
    colour = np.array(tones[int(rng.integers(len(tones)))]) * rng.uniform(0.8, 1.15)
    fine = rng.normal(0, 1, (height, max(4, width // 60))).astype(np.float32)
    fibre = cv2.resize(fine, (width, height), interpolation=cv2.INTER_LINEAR)
    rings = np.linspace(0, rng.uniform(10, 40), height, dtype=np.float32)[:, None]
    rings = np.sin((rings + 2.2 * _clouds(width, height, rng, (2, 4))) * 2)
    shade = 0.5 * fibre + rings.astype(np.float32)
    if rng.random() < 0.5:
        boards = int(rng.integers(2, 6))
        for edge in np.linspace(0, height, boards + 1)[1:-1].astype(int):
            shade[edge : edge + 2] -= 4
    picture = _paint(shade, colour, rng.uniform(6, 14))
    if rng.random() >= 0.6:  # upright boards
        picture = cv2.resize(picture.transpose(1, 0, 2), (width, height))
    return picture


def _cloth(width: int, height: int, rng: np.random.Generator) -> Field:
    colour = rng.uniform(25, 235, 3)
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    period = rng.uniform(2.2, 7)
    weave = np.sin(x * 6.28 / period)[None, :] * np.sin(y * 6.28 / period)[:, None]
    shade = weave.astype(np.float32) * 0.6 + 1.6 * _clouds(width, height, rng, (3, 5))
    picture = _paint(shade, colour, rng.uniform(6, 16))
    if rng.random() < 0.35:
        other, step = rng.uniform(25, 235, 3).astype(np.float32), rng.uniform(20, 90)
        band = (np.sin(x * 6.28 / step) > 0.2)[None, :, None]
        check = (np.sin(y * 6.28 / step) > 0.2)[:, None, None] if rng.random() < 0.6 else band
        picture = np.where(band, picture * 0.6 + other * 0.4, picture)
        picture = np.where(check, picture * 0.7 + other * 0.3, picture)
    return picture.astype(np.float32)


def _tiles(width: int, height: int, rng: np.random.Generator) -> Field:
    picture = _paint(_clouds(width, height, rng, (3, 7, 15)), rng.uniform(110, 240, 3), 8)
    side = int(rng.uniform(0.12, 0.5) * width)
    x0, y0 = int(rng.integers(side)), int(rng.integers(side))
    line = tuple(float(v) for v in rng.uniform(50, 230, 3))
    for x in range(-x0, width + side, side):
        cv2.line(picture, (x, 0), (x + int(rng.normal(0, 2)), height), line, max(1, side // 60))
    for y in range(-y0, height + side, side):
        cv2.line(picture, (0, y), (width, y), line, max(1, side // 60))
    return picture


def _keys(width: int, height: int, rng: np.random.Generator) -> Field:
    body = rng.uniform(10, 90) if rng.random() < 0.7 else rng.uniform(170, 230)
    picture = _paint(_clouds(width, height, rng, (2,)), np.full(3, body), 5)
    letters = np.zeros((height, width), np.uint8)
    side = int(rng.uniform(0.07, 0.13) * width)
    for row, y in enumerate(range(-side // 2, height, side)):
        for x in range(-side + (row * side) // 3 % side, width, side):
            level = float(body + rng.normal(12, 2))
            cv2.rectangle(picture, (x + 2, y + 2), (x + side - 3, y + side - 3), (level,) * 3, -1)
            letter = chr(int(rng.integers(65, 91)))
            cv2.putText(letters, letter, (x + side // 4, y + side // 2), cv2.FONT_HERSHEY_SIMPLEX,
                        side / 75, 255, 1, cv2.LINE_AA)  # fmt: skip
    ink = 230.0 if body < 120 else 40.0
    cover = (letters / 255.0)[..., None]
    return (picture * (1 - cover) + ink * cover).astype(picture.dtype)


def _stone(width: int, height: int, rng: np.random.Generator) -> Field:
    shade = _clouds(width, height, rng, (3, 8, 20, 50))
    veins = np.exp(-np.abs(_clouds(width, height, rng, (3, 6))) * 18)
    colour = np.array([1, 0.98, 0.95]) * rng.uniform(60, 235)
    return _paint(shade * 1.5 - veins * rng.uniform(-2, 2), colour, rng.uniform(8, 22))


def _page(width: int, height: int, rng: np.random.Generator) -> Picture:
    """Draw a printed page of random words."""
    paper = tuple(int(v) for v in np.clip(rng.normal(238, 8) + rng.normal(0, 4, 3), 0, 255))
    page = Image.new("RGB", (width, height), paper)
    pen = ImageDraw.Draw(page)
    words = [row["name"] for row in rows("names.csv")]
    size = int(rng.uniform(0.012, 0.028) * width) + 6
    shipped = [face for face in fonts.shipped() if face.vietnamese]
    font = fonts.load(shipped[int(rng.integers(len(shipped)))].path, size)
    ink = (int(rng.integers(20, 110)),) * 3
    y = int(rng.uniform(-1, 3) * size)
    margin = int(rng.uniform(0, 0.1) * width)
    chance = random.Random(int(rng.integers(2**31)))
    while y < height:
        if chance.random() > 0.1:
            length = chance.choice((1.0, 1.0, 1.0, 0.6))
            line = ""
            while font.getlength(line) < (width - 2 * margin) * length:
                word = chance.choice(words)
                line += word.lower() if chance.random() < 0.8 else word
                line += chance.choice((" ", " ", " ", ", ", ". "))
            pen.text((margin, y), line, font=font, fill=ink)
        y += int(size * 1.5)
    return np.array(page, np.uint8)


_SCENES: tuple[Callable[[int, int, np.random.Generator], NDArray[np.float32] | Picture], ...] = (
    _plain, _wood, _cloth, _tiles, _keys, _stone, _page,
)  # fmt: skip
_SHARES = (0.22, 0.24, 0.16, 0.08, 0.06, 0.1, 0.14)


def finger(picture: Picture, tip: NDArray[np.float64], root: NDArray[np.float64], thick: float,
           rng: np.random.Generator) -> None:  # fmt: skip
    """Draw a finger into the picture, in place, from `root` (outside) to `tip`, in pixels."""
    height, width = picture.shape[:2]
    radius = thick / 2
    both = np.stack([tip, root])
    x0, y0 = np.maximum(np.floor(both.min(0) - 2 * thick), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(both.max(0) + 2 * thick), (width, height)).astype(int)
    if x1 - x0 < 4 or y1 - y0 < 4:
        return
    y, x = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    x, y = x - tip[0], y - tip[1]
    reach = float(np.hypot(*(root - tip)))
    along = (root - tip) / (reach or 1)
    forward = x * along[0] + y * along[1]
    t = np.clip(forward, radius, reach)
    off = np.hypot(x - t * along[0], y - t * along[1])
    side = x * -along[1] + y * along[0]
    wide = radius * (0.92 + 0.12 * np.clip(t / (thick * 2), 0, 1))
    inside = np.clip((wide - off) / max(1.0, thick * 0.02) + 0.5, 0, 1)
    shade = np.clip(1.08 - 0.42 * (off / wide) ** 3 - 0.1 * side / radius, 0.4, 1.15)
    shade = shade * (1 + 0.05 * np.sin(t / thick * 9) * np.exp(-(((t / thick) - 1.4) ** 2) * 6))
    skin = np.array([222, 176, 146]) * rng.uniform(0.6, 1.06)
    colour = skin.astype(np.float32) * shade[..., None]
    patch = picture[y0:y1, x0:x1].astype(np.float32)
    cast = cv2.GaussianBlur(inside, (0, 0), thick * 0.12)
    cast = np.roll(cast, (int(thick * 0.1), int(thick * 0.08)), (0, 1))
    patch *= 1 - 0.35 * cast[..., None]
    nail = np.hypot((forward - radius * 0.75) / (radius * 0.55), side / (radius * 0.5))
    if rng.random() < 0.6:
        pale = np.clip((1 - nail) * 6, 0, 1)[..., None]
        pink = np.array([238, 200, 186], np.float32) * min(1.05, float(skin[0]) / 210)
        colour += (pink - colour) * pale * 0.7
    patch += (colour - patch) * inside[..., None]
    picture[y0:y1, x0:x1] = np.clip(patch, 0, 255).astype(np.uint8)
