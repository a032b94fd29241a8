"""Wear of a paper before it is photographed: lamination, folds, scratches, an open passport."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.results import Quad, box_quad
from cvocr_lab.synth import fonts, grounds
from cvocr_lab.synth.draw_text import Picture, Sheet, Typeface, write


@dataclass(frozen=True, slots=True)
class Handled:
    """The paper and its surroundings, in pixels.

    `inset` is the top left corner of the drawing in the picture, and `outline` the paper's corners
    in pixels of the drawing.  Film cannot be taken off, so the outline of a laminated card is that
    of its film.
    """

    picture: Picture
    inset: tuple[int, int]
    outline: Quad


def unhandled(picture: Picture) -> Handled:
    """Return a paper without anything around it."""
    return Handled(picture, (0, 0), box_quad(0, 0, *picture.shape[1::-1]))


def handle(picture: Picture, family: str, model: str, rng: np.random.Generator) -> Handled:
    """Add folds and scratches, and the lamination or the other page of a passport."""
    soft = model == "cmnd9" or family == "vehicle"
    if rng.random() < (0.45 if soft else 0.15):
        picture = _folded(picture, rng, many=soft)
    if rng.random() < 0.3:
        picture = _scratched(picture, rng)
    if model == "cmnd9" and rng.random() < 0.6:
        return _laminated(picture, rng)
    if family == "passport" and rng.random() < 0.5:
        return _opened(picture, rng)
    return unhandled(picture)


def _folded(picture: Picture, rng: np.random.Generator, *, many: bool) -> Picture:
    """Add folds: a bright and a dark line side by side."""
    height, width = picture.shape[:2]
    shade = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(1, 4 if many else 2))):
        across = rng.random() < 0.5
        a, b = rng.uniform(0.1, 0.9), rng.normal(0, 0.04)
        x0, y0, x1, y1 = 0.0, (a - b) * height, width, (a + b) * height
        if not across:
            x0, y0, x1, y1 = (a - b) * width, 0.0, (a + b) * width, height
        thick = max(1, round(width * rng.uniform(0.001, 0.003)))
        light = float(rng.uniform(10, 45))
        cv2.line(shade, (round(x0), round(y0)), (round(x1), round(y1)), light, thick, cv2.LINE_AA)
        dark = (round(x0 + thick), round(y0 + thick)), (round(x1 + thick), round(y1 + thick))
        cv2.line(shade, *dark, -light * 0.7, thick, cv2.LINE_AA)
    shade = cv2.GaussianBlur(shade, (0, 0), max(0.6, width * 0.0007))
    return np.asarray(np.clip(picture + shade[..., None], 0, 255), np.uint8)


def _scratched(picture: Picture, rng: np.random.Generator) -> Picture:
    height, width = picture.shape[:2]
    shade = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(2, 25))):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        dx, dy = rng.normal(0, width * 0.06, 2)
        level = float(rng.choice((-1, 1)) * rng.uniform(5, 40))
        cv2.line(shade, (round(x), round(y)), (round(x + dx), round(y + dy)), level, 1, cv2.LINE_AA)
    return np.asarray(np.clip(picture + shade[..., None], 0, 255), np.uint8)


def _laminated(picture: Picture, rng: np.random.Generator) -> Handled:
    """Add plastic film around the paper."""
    height, width = picture.shape[:2]
    rim = rng.uniform(0.015, 0.05, 4) * width
    left, top, right, bottom = (int(v) for v in rim)
    film = rng.uniform(190, 240) + rng.normal(0, 4, 3)
    out = np.empty((height + top + bottom, width + left + right, 3), np.float32)
    out[:] = film
    out += rng.normal(0, 2.5, out.shape[:2]).astype(np.float32)[..., None]
    out[top : top + height, left : left + width] = picture
    out[: max(1, top // 8)] *= 0.85
    out[:, -max(1, right // 8) :] *= 0.85
    haze = rng.uniform(0, 0.14)
    out += (255 - out) * np.float32(haze)
    outline = box_quad(-left, -top, width + right, height + bottom)
    return Handled(np.clip(out, 0, 255).astype(np.uint8), (left, top), outline)


def _opened(picture: Picture, rng: np.random.Generator) -> Handled:
    """Add the page above the data page of an open passport."""
    height, width = picture.shape[:2]
    tall = int(height * rng.uniform(0.15, 0.75))
    colours: tuple[tuple[int, int, int], ...] = ((228, 226, 206), (214, 226, 216), (226, 216, 212))
    page = grounds.ground((width, tall), colours, rng)
    scale = width / 125
    sheet = Sheet(page, scale)
    _note(sheet, tall, rng)
    out = np.concatenate([np.clip(sheet.picture, 0, 255), picture.astype(np.float32)])
    rows = np.abs(np.arange(len(out), dtype=np.float32) - tall) / scale
    fold: NDArray[np.float32] = 1 - np.float32(rng.uniform(0.2, 0.5)) * np.exp(-rows / 2.5)
    out *= fold[:, None, None]
    return Handled(np.clip(out, 0, 255).astype(np.uint8), (0, tall), unhandled(picture).outline)


def _note(sheet: Sheet, tall: int, rng: np.random.Generator) -> None:
    """Write some lines of text on the other page."""
    note = "trang này dành cho ghi chú của cơ quan có thẩm quyền"
    path = fonts.shipped()[0].path
    face = Typeface(path, path, path)
    size = 3.0 * sheet.scale
    y = tall - sheet.scale * rng.uniform(8, 30)
    for part in ("this page is reserved", note, "GHI CHÚ / NOTES"):
        if y > size:
            write(sheet, part, 14 * sheet.scale, y, path, size, face, ink=(70, 70, 90), rng=rng,
                  listed=False)  # fmt: skip
        y -= size * 1.8
