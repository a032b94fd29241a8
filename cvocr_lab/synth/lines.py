"""Draw lines of text as a detector cuts them from the photo of a paper.

The steps of `draw` are: font and spacing; ink on a background pattern, with the lines above and
below; a crop that is slightly too tight, too loose or rotated; light, lens and sensor.  The
pictures are grey, because the recogniser does not use colour.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from PIL.ImageFont import FreeTypeFont

from cvocr_lab.images.crops import rectification
from cvocr_lab.synth import degrade, fonts, wording
from cvocr_lab.synth.fonts import Pool, Style
from cvocr_lab.synth.grounds import pattern_sheet

Picture = NDArray[np.uint8]
Mask = NDArray[np.float32]
Box = tuple[float, float, float, float]

_STYLES: tuple[Style, ...] = ("sans", "serif", "condensed", "mono")
_SHARES = (52, 30, 10, 8)
_BOOK_SHARES = (25, 60, 8, 7)
_PITCH = (1.02, 1.6)  # of the em, from baseline to baseline


@dataclass(frozen=True, slots=True)
class TextLine:
    """One drawn line: its text, its kind in `wording.SORTS`, and the grey crop."""

    text: str
    sort: str
    picture: Picture


def draw(
    rng: random.Random,
    *,
    pool: Pool = "train",
    sort: str | None = None,
    strength: float | None = None,
) -> TextLine:
    """Draw a random line, of this kind if `sort` is given.

    The same state of `rng` gives the same line on the same machine.  `strength` is that of the
    degradations, from 0 (a clean scan) to 1.
    """
    sort, text = wording.sample(rng, sort)
    pixels = np.random.default_rng(rng.getrandbits(64))
    style: Style
    if sort == "mrz":
        style = rng.choices(("ocrb", "mono"), (3, 1))[0]
    else:
        style = rng.choices(_STYLES, _BOOK_SHARES if sort == "prose" else _SHARES)[0]
    path = fonts.pick(rng, style, pool)
    em = round(math.exp(rng.uniform(math.log(13), math.log(46))))
    font = fonts.load(path, em)
    # Papers print Nº, which the charset has as No.
    shown = text.replace("No", "Nº") if rng.random() < 0.3 else text
    spacing = 0.0
    if rng.random() >= 0.7:
        ranges = (-0.04, 0.0), (0.0, 0.12), (0.0, 0.3)
        spacing = em * rng.choice([rng.uniform(*ems) for ems in ranges])
    ink = _set(shown, font, rng, spacing=spacing)
    canvas = _compose(ink, font, em, rng, pixels, pool)
    if strength is None:
        strength = max(0.0, rng.uniform(-0.15, 1.0)) ** 1.3
    # The degradations are made for text of 30 px height; smaller text gets weaker ones.
    picture = degrade.photograph(canvas, pixels, strength * min(1.0, max(0.15, (em - 6) / 26)))
    return TextLine(text, sort, picture)


def _set(text: str, font: FreeTypeFont, rng: random.Random, *, spacing: float) -> Mask:
    """Draw `text` on a strip with margins: coverage from 0 to 1, baseline at a fixed row."""
    em = int(font.size)
    top, height, side = _rows(em)
    width = math.ceil(font.getlength(text) + max(0.0, spacing) * len(text)) + 2 * side
    strip = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(strip)
    stroke = 0.5 if em > 24 and rng.random() < 0.04 else 0
    if spacing == 0:
        pen.text((side, top), text, 255, font, anchor="ls", stroke_width=stroke)
    else:
        x = float(side)
        for letter in text:
            pen.text((x, top), letter, 255, font, anchor="ls", stroke_width=stroke)
            x += font.getlength(letter) + spacing
    return np.asarray(np.asarray(strip) * np.float32(1 / 255), np.float32)


def _rows(em: int) -> tuple[int, int, int]:
    """Return the row of the baseline, the height of the strip and the side margin."""
    return round(1.9 * em), round(2.9 * em), round(1.2 * em)


def _compose(
    ink: Mask, font: FreeTypeFont, em: int, rng: random.Random, pixels: np.random.Generator,
    pool: Pool,
) -> Picture:  # fmt: skip
    baseline, height, side = _rows(em)
    ink, width = ink.copy(), ink.shape[1]
    box = _box(ink, font, em, baseline, side, rng)
    for direction in (-1, 1):
        if rng.random() < 0.3:
            _neighbour(ink, em, direction, rng, pool)
    paper = rng.uniform(130, 252)
    contrast = rng.uniform(45, 100) if rng.random() < 0.25 else rng.uniform(90, 235)
    dark = max(0.0, paper - contrast)
    if rng.random() < 0.03:
        paper, dark = dark, paper
    ground = _ground(height, width, paper, rng)
    if rng.random() < 0.14:
        _rules(ground, em, baseline, dark, rng)
    if rng.random() < 0.08:
        ink *= pixels.uniform(0.6, 1.0, (1, width)).astype(np.float32)  # uneven print
    canvas = ground + (np.float32(dark) - ground) * ink
    if rng.random() < 0.12:
        canvas = _stamp(canvas, em, dark, rng)
    return _cut(np.clip(canvas, 0, 255).astype(np.uint8), box, em, rng)


def _box(
    ink: Mask, font: FreeTypeFont, em: int, baseline: int, side: int, rng: random.Random
) -> Box:
    """Return a box as of a detector: between the ink and the full height of the font."""
    rows = np.flatnonzero(ink.max(axis=1) > 0.2)
    columns = np.flatnonzero(ink.max(axis=0) > 0.2)
    if not len(rows):
        return side, baseline - em, ink.shape[1] - side, baseline + 0.3 * em
    ascent, descent = font.getmetrics()
    pull = rng.random()
    full_top = baseline - min(max(ascent, 0.9 * em), 1.15 * em)
    full_bottom = baseline + min(max(descent, 0.2 * em), 0.35 * em)
    top = min(rows[0], rows[0] * (1 - pull) + full_top * pull)
    bottom = max(rows[-1] + 1, (rows[-1] + 1) * (1 - pull) + full_bottom * pull)
    tall = max(bottom - top, 0.5 * em)
    above, below = (tall * max(-0.04, rng.gauss(0.1, 0.09)) for _ in range(2))
    left, right = (tall * rng.choice((rng.uniform(0, 0.25), rng.uniform(0, 0.8))) for _ in range(2))
    return columns[0] - left, top - above, columns[-1] + 1 + right, bottom + below


def _neighbour(ink: Mask, em: int, direction: int, rng: random.Random, pool: Pool) -> None:
    """Draw a part of the line above or below into the strip; changes `ink`."""
    strip = _piece(rng.randrange(400), em, pool)
    shift = direction * round(em * rng.uniform(*_PITCH))
    start = rng.randrange(max(1, strip.shape[1] - 4 * em))
    part = strip[:, start : start + ink.shape[1]]
    at = rng.randrange(max(1, ink.shape[1] - part.shape[1] + 1))
    height = ink.shape[0]
    source = part[max(0, -shift) : height - max(0, shift)]
    target = ink[max(0, shift) : height - max(0, -shift), at : at + part.shape[1]]
    np.maximum(target, source, out=target)


@lru_cache(maxsize=800)
def _piece(seed: int, em: int, pool: Pool) -> Mask:
    rng = random.Random(seed)
    style = rng.choices(_STYLES, _SHARES)[0]
    text = wording.sample(rng, rng.choice(("address", "caption", "name", "prose")))[1]
    return _set(text, fonts.load(fonts.pick(rng, style, pool), em), rng, spacing=0.0)


def _ground(height: int, width: int, paper: float, rng: random.Random) -> Mask:
    """Draw paper of this brightness with a background pattern, a gradient and texture."""
    ground = np.full((height, width), paper, np.float32)
    if rng.random() < 0.6:
        pattern = pattern_sheet(rng.randrange(40))
        top = rng.randrange(pattern.shape[0] - height)
        reach = min(width, pattern.shape[1])
        left = rng.randrange(pattern.shape[1] - reach + 1)
        piece = pattern[top : top + height, left : left + reach]
        ground[:, :reach] += piece * (rng.choice((-1, 1)) * rng.uniform(4, 34))
    return ground


def _rules(ground: Mask, em: int, baseline: int, dark: float, rng: random.Random) -> None:
    """Draw a dotted or solid line near the baseline; changes `ground`."""
    y = baseline + round(em * rng.uniform(0.04, 0.3))
    thick = max(1, round(em * rng.uniform(0.03, 0.08)))
    level = dark + (float(ground.mean()) - dark) * rng.uniform(0, 0.6)
    if rng.random() < 0.65:
        step = max(3, round(em * rng.uniform(0.15, 0.4)))
        for x in range(rng.randrange(step), ground.shape[1], step):
            ground[y : y + thick, x : x + thick] = level
    else:
        ground[y : y + thick] = level


def _stamp(canvas: Mask, em: int, dark: float, rng: random.Random) -> Mask:
    """Draw the rings of a seal or a pen stroke across the strip."""
    height, width = canvas.shape
    layer = np.zeros((height, width), np.uint8)
    thick = max(1, round(em * rng.uniform(0.04, 0.12)))
    if rng.random() < 0.6:
        cx, cy = rng.randint(0, width), rng.randint(-2 * em, height + 2 * em)
        radius = round(em * rng.uniform(1.5, 5))
        for ring in (1.0, 0.88, 0.5)[: rng.randint(1, 3)]:
            cv2.circle(layer, (cx, cy), max(2, round(radius * ring)), 255, thick, cv2.LINE_AA)
    else:
        n = rng.randint(3, 7)
        xs = np.sort(np.asarray([rng.uniform(0, width) for _ in range(n)]))
        ys = [rng.uniform(0, height) for _ in range(n)]
        t = np.linspace(xs[0], xs[-1], 80)
        points = np.stack([t, np.interp(t, xs, ys)], axis=1).astype(np.int32)
        cv2.polylines(layer, [points], False, 255, thick, cv2.LINE_AA)
    level = dark + rng.uniform(20, 110)
    cover = layer.astype(np.float32) / 255 * rng.uniform(0.25, 0.7)
    return np.asarray(canvas + np.minimum(0, level - canvas) * cover, np.float32)


def _cut(canvas: Picture, box: Box, em: int, rng: random.Random) -> Picture:
    """Cut out the box, slightly rotated, skewed and stretched."""
    left, top, right, bottom = box
    height = bottom - top
    lean = em * 0.06
    turn = rng.gauss(0, 0.35 * em) * (0.4 if rng.random() < 0.7 else 1) * 0.25
    corners = (left, top - turn), (right, top + turn), (right, bottom + turn), (left, bottom - turn)
    quad = np.asarray(corners, np.float32)
    quad += np.asarray([[rng.gauss(0, lean), rng.gauss(0, lean * 0.7)] for _ in range(4)])
    stretch = rng.uniform(0.8, 1.2) if rng.random() < 0.5 else 1.0
    size = (max(8, round((right - left) * stretch)), max(8, round(height)))
    border = cv2.BORDER_REPLICATE
    matrix = rectification(quad.astype(float), size)
    return np.asarray(cv2.warpPerspective(canvas, matrix, size, borderMode=border), np.uint8)
