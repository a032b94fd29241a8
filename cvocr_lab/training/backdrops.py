"""Draws the backgrounds of training pictures: textures, printed pages, screens and sheets."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from cvocr_lab.engines.local.geometry import Points, homography, rectangle
from cvocr_lab.training.composing import Box, Chance, Picture, paste, recoloured, rotated, shrunk
from cvocr_lab.training.paper_stock import Flat, decoded


def plain(size: tuple[int, int], rng: Chance) -> Picture:
    """Draw the glass or the lid of a scanner."""
    level = float(rng.choice((255, 252, 246, 238, 225, 200, 30)))
    picture = np.full((size[1], size[0], 3), level, np.float32) + rng.normal(0, 3, 3)
    if rng.random() < 0.3:
        ramp = np.linspace(0, rng.uniform(-30, 30), size[0], dtype=np.float32)[None, :, None]
        picture = picture + ramp
    return np.clip(picture, 0, 255).astype(np.uint8)


def ground(
    size: tuple[int, int], flats: Sequence[Flat], grounds: Sequence[bytes], rng: Chance
) -> Picture:
    """Draw the background of a photographed paper: a texture, a pattern or a printed page."""
    kind = rng.random()
    if kind < 0.18:
        return pattern(size, rng)
    if kind < 0.36:  # a printed page that fills the picture
        page = flats[int(rng.integers(len(flats) // 8)) * 8 + 7].picture()
        side = min(page.shape[:2])
        x, y = (int(rng.integers(0, n - side + 1)) for n in page.shape[1::-1])
        part = page[y : y + side, x : x + side]
        angle = float(rng.normal(0, 18) if rng.random() < 0.8 else rng.uniform(0, 360))
        zoom = float(np.exp(rng.uniform(np.log(0.6), np.log(3.0)))) * max(size) / side
        part, _ = shrunk(part, zoom)
        zoom, side = zoom * side / len(part), len(part)
        matrix = cv2.getRotationMatrix2D((side / 2, side / 2), angle, zoom)
        matrix[:, 2] += (np.array(size) - side) / 2
        whole = cv2.warpAffine(part, matrix, size, borderMode=cv2.BORDER_REFLECT)
        return recoloured(np.asarray(whole, np.uint8), rng, most=0.6)
    ground = texture(grounds, rng)
    zoom = rng.uniform(1.0, 2.2)
    wide = int(min(ground.shape[1] / zoom, ground.shape[1]))
    x, y = (int(rng.integers(0, ground.shape[1] - wide + 1)) for _ in range(2))
    part = ground[y : y + wide, x : x + wide]
    if rng.random() < 0.5:
        part = part.transpose(1, 0, 2)
    picture = cv2.resize(part, size, interpolation=cv2.INTER_LINEAR)
    return recoloured(np.asarray(picture, np.uint8), rng, most=0.6)


def texture(grounds: Sequence[bytes], rng: Chance) -> Picture:
    """Decode a random one of the backgrounds."""
    return decoded(grounds[int(rng.integers(len(grounds)))])


def pattern(size: tuple[int, int], rng: Chance) -> Picture:
    """Draw a background with hard edges: ruled or squared paper, stripes, gradients, rectangles."""
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


def screen(picture: Picture, rng: Chance) -> Box:
    """Turn the picture into a screen that shows it between bars; return the box of that part."""
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


def sheet(picture: Picture, flats: Sequence[Flat], rng: Chance) -> Points | None:
    """Draw a printed page, a receipt or a blank sheet under the papers; none is a target.

    Returns its corners if they are all in the picture.
    """
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
    corners = rotated(w * scale, h * scale, centre, rng.uniform(-0.6, 0.6))
    matrix = homography(rectangle(w, h), corners)
    small, enlarging = shrunk(page, scale)
    paste(picture, small, matrix @ enlarging, None, rng)
    inside = (corners > 0).all() and (corners < (width, height)).all()
    return corners if inside else None


def stamps(picture: Picture, rng: Chance) -> None:
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
