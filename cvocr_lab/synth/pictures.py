"""Pictures on a paper.  Each function returns RGB with alpha (RGB 0-255, alpha 0-1).

None of them copies a real picture: the emblem is a star in a wreath, the seal has invented words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
import segno
from numpy.typing import ArrayLike, NDArray

Stamp = NDArray[np.float32]


def _stamp(colour: ArrayLike, alpha: NDArray[np.floating]) -> Stamp:
    stamp = np.empty((*alpha.shape, 4), np.float32)
    stamp[..., :3] = colour
    stamp[..., 3] = alpha
    return stamp


def fill(mask: NDArray[np.uint8], points: NDArray[np.float64]) -> None:
    """Fill a polygon of the mask with 255, with smooth edges."""
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)


def _star(outer: float, inner: float) -> NDArray[np.float64]:
    angle = -np.pi / 2 + np.arange(10) * np.pi / 5
    points = np.tile([outer, inner], 5) * (np.cos(angle), np.sin(angle))
    return np.asarray(points.T)


def portrait(width: int, height: int, rng: np.random.Generator) -> Stamp:
    """Draw a head and shoulders, which show no real person."""
    backs = [[235, 238, 240], [120, 160, 205], [205, 220, 232], [225, 225, 225], [90, 130, 190]]
    back = rng.choice(np.array(backs))
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = back + rng.normal(0, 6, 3)
    tone = np.array([224, 184, 152]) * rng.uniform(0.72, 1.08)
    hair = np.array([38, 32, 30]) * rng.uniform(0.6, 1.6)
    cloth = rng.uniform(20, 235, 3)

    def lay(points: NDArray[np.float64], colour: NDArray[np.float64]) -> None:
        mask = np.zeros((height, width), np.uint8)
        fill(mask, points * (width, height))
        alpha = (mask.astype(np.float32) / 255)[..., None]
        picture[:] += (colour.astype(np.float32) - picture) * alpha

    def oval(
        cx: float, cy: float, rx: float, ry: float, lo: float = 0, hi: float = 6.284
    ) -> NDArray[np.float64]:
        t = np.linspace(lo, hi, 60)
        return np.stack([cx + rx * np.cos(t), cy + ry * np.sin(t)], 1)

    cx = 0.5 + rng.normal(0, 0.015)
    if rng.random() < 0.5:
        lay(oval(cx, 0.46, 0.33, 0.36), hair)
    lay(np.concatenate([oval(cx, 1.02, 0.47, 0.24, np.pi, 2 * np.pi), [[1, 1.1], [0, 1.1]]]), cloth)
    neck = [[cx - 0.12, 0.6], [cx + 0.12, 0.6], [cx + 0.15, 0.84], [cx, 0.93], [cx - 0.15, 0.84]]
    lay(np.array(neck), tone * 0.9)
    lay(oval(cx, 0.36, 0.26, 0.23), hair)
    lay(oval(cx, 0.46, 0.225, 0.24), tone)
    lay(oval(cx, 0.31, 0.235, 0.12, np.pi, 2 * np.pi), hair)
    for side in (-1, 1):
        lay(oval(cx + side * 0.09, 0.44, 0.035, 0.011), hair)
        lay(oval(cx + side * 0.09, 0.41, 0.05, 0.007), hair)
    lay(oval(cx, 0.53, 0.028, 0.012), tone * 0.8)
    lay(oval(cx, 0.59, 0.065, 0.013), np.array([170, 92, 88]) * rng.uniform(0.8, 1.1))
    picture = cv2.GaussianBlur(picture, (0, 0), max(0.8, width * 0.006))
    shade = 1 + 0.12 * rng.uniform(-1, 1) * np.linspace(-1, 1, width, dtype=np.float32)
    picture *= shade[None, :, None]
    if rng.random() < 0.25:
        picture[:] = picture.mean(-1, keepdims=True)
    picture += rng.normal(0, 3, picture.shape[:2]).astype(np.float32)[..., None]
    return np.dstack([np.clip(picture, 0, 255), np.ones((height, width), np.float32)])


def emblem(width: int, height: int, rng: np.random.Generator) -> Stamp:
    """Draw a star in a wreath of grain, on a disc."""
    size = np.array([width, height])
    red = np.array([205, 40, 40]) * rng.uniform(0.8, 1.1)
    gold = np.array([228, 190, 60]) * rng.uniform(0.85, 1.08)
    mask = np.zeros((height, width), np.uint8)
    t = np.linspace(0, 2 * np.pi, 72)
    fill(mask, (0.5 + 0.36 * np.stack([np.cos(t), np.sin(t)], 1)) * size)
    stamp = _stamp(red, mask / 255)
    bright = np.zeros((height, width), np.uint8)
    fill(bright, (_star(0.17, 0.07) + np.array([0.5, 0.45])) * size)
    for k in np.linspace(0.15, 0.95, 13):
        for side in (-1, 1):
            a = np.pi / 2 + side * k * 2.6
            centre = 0.5 + 0.43 * np.array([np.cos(a), np.sin(a)])
            leaf = np.stack([0.055 * np.cos(t), 0.022 * np.sin(t)], 1)
            turn = a + 0.9 * side
            spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
            fill(bright, (centre + leaf @ spin.T) * size)
    alpha = (bright.astype(np.float32) / 255)[..., None]
    stamp[..., :3] += (gold.astype(np.float32) - stamp[..., :3]) * alpha
    stamp[..., 3] = np.maximum(stamp[..., 3], alpha[..., 0]) * rng.uniform(0.8, 1)
    if rng.random() < 0.15:
        stamp[..., :3] = stamp[..., :3].mean(-1, keepdims=True) * 0.6
    return stamp


def seal(width: int, height: int, rng: np.random.Generator) -> Stamp:
    """Draw a round red seal with rings, a star and letters, worn and rotated."""
    side = max(width, height)
    mask = np.zeros((side, side), np.uint8)
    centre, radius = side / 2, side * 0.47
    for ring, thick in ((1.0, 0.045), (0.93, 0.015), (0.6, 0.015)):
        stroke = max(1, round(side * thick * 0.6))
        cv2.circle(mask, (int(centre),) * 2, int(radius * ring), 255, stroke, cv2.LINE_AA)
    text = "CNG TY MU VT * BAN IN TH * "  # this font has only ASCII
    for k in range(26):
        a = k / 26 * 2 * np.pi + rng.uniform(-0.02, 0.02)
        at = (centre + radius * 0.76 * np.cos(a), centre + radius * 0.76 * np.sin(a))
        glyph = np.zeros((side // 6, side // 6), np.uint8)
        cv2.putText(glyph, text[k], (2, side // 8), cv2.FONT_HERSHEY_SIMPLEX, side / 260, 255,
                    max(1, side // 120), cv2.LINE_AA)  # fmt: skip
        spin = cv2.getRotationMatrix2D((side / 12, side / 12), -np.degrees(a) - 90, 1)
        glyph = cv2.warpAffine(glyph, spin, glyph.shape[::-1])
        x, y = int(at[0] - side / 12), int(at[1] - side / 12)
        if x >= 0 and y >= 0 and y + glyph.shape[0] <= side and x + glyph.shape[1] <= side:
            view = mask[y : y + glyph.shape[0], x : x + glyph.shape[1]]
            np.maximum(view, glyph, out=view)
    fill(mask, centre + _star(0.4, 0.17) * radius)
    spin = cv2.getRotationMatrix2D((centre, centre), rng.uniform(-40, 40), 1)
    mask = cv2.warpAffine(mask, spin, (side, side))
    colour = np.array([200, 40, 50]) * rng.uniform(0.75, 1.12)
    wear = cv2.resize(rng.random((max(3, side // 10),) * 2, dtype=np.float32), (side, side))
    left = np.clip(wear * 1.6, 0.1, 1)
    return _stamp(colour, mask.astype(np.float32) / 255 * left * rng.uniform(0.35, 0.85))


def dry_seal(width: int, height: int, rng: np.random.Generator) -> Stamp:
    """Draw an embossed seal without ink: only light and shadow."""
    red = seal(width, height, rng)
    edge = cv2.GaussianBlur(red[..., 3], (0, 0), 1.0)
    slope = edge - np.roll(edge, (2, 2), (0, 1))
    stamp = _stamp(255, np.clip(np.abs(slope) * 0.7, 0, 0.5))
    stamp[slope < 0, :3] = 60
    return stamp


def signature(width: int, height: int, rng: np.random.Generator) -> Stamp:
    """Draw a pen stroke with loops."""
    mask = np.zeros((height, width), np.uint8)
    count = int(rng.integers(6, 12))
    x = np.cumsum(rng.uniform(-0.05, 0.3, count))
    x = (x - x.min()) / max(1e-3, float(np.ptp(x))) * 0.86 + 0.07
    y = np.clip(0.5 + rng.normal(0, 0.26, count), 0.06, 0.94)
    knots = np.arange(count)
    t = np.linspace(0, count - 1, 40 * count)
    # Averaging a path of straight lines makes it smooth; loops appear where it turns back.
    kernel = np.hanning(41) / np.hanning(41).sum()
    path = [
        np.convolve(np.pad(np.interp(t, knots, v), 20, "edge"), kernel, "valid") for v in (x, y)
    ]
    points = np.round(np.stack(path, 1) * (width, height) * 16).astype(np.int32)
    thick = max(1, round(height * rng.uniform(0.015, 0.04)))
    cv2.polylines(mask, [points], False, 255, thick, cv2.LINE_AA, 4)
    ink = ((25, 30, 120), (20, 20, 30), (15, 40, 150))[int(rng.integers(3))]
    return _stamp(ink, mask.astype(np.float32) / 255 * rng.uniform(0.7, 0.95))


def finger(width: int, height: int, rng: np.random.Generator) -> Stamp:
    """Draw the ridges of a fingerprint, which is of no real person."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    u, v = (x / width - 0.5), (y / height - 0.55)
    swirl = cv2.resize(
        rng.normal(0, 1, (5, 4)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    radius = np.hypot(u * 1.1 * width, v * height * 0.9) / (width * 0.0225) + swirl * 1.3
    ridge = np.clip(
        np.sin(radius * 1.7 + np.arctan2(v, u) * rng.choice((-1, 0, 1, 2))) * 2.2 + 0.4, 0, 1
    )
    inside = np.clip((1 - (np.hypot(u / 0.46, v / 0.5))) * 6, 0, 1)
    blot = cv2.resize(
        rng.random((7, 6), dtype=np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    ink = ((40, 36, 40), (120, 30, 40), (30, 34, 70))[int(rng.integers(3))]
    return _stamp(ink, ridge * inside * np.clip(0.35 + blot, 0.15, 1) * rng.uniform(0.45, 0.9))


def chip(width: int, height: int, rng: np.random.Generator) -> Stamp:
    """Draw the contacts of a chip."""
    gold = np.array([214, 180, 110]) * rng.uniform(0.85, 1.1)
    if rng.random() < 0.3:
        gold = np.array([198, 200, 202]) * rng.uniform(0.9, 1.1)
    stamp = _stamp(gold, np.pad(np.ones((height - 2, width - 2)), 1))
    thick = max(1, width // 40)
    lines = np.zeros((height, width), np.uint8)
    for f in (0.33, 0.67):
        cv2.line(lines, (0, int(height * f)), (width, int(height * f)), 255, thick)
    first, last = (int(width * 0.3), int(height * 0.2)), (int(width * 0.7), int(height * 0.8))
    cv2.rectangle(lines, first, last, 255, thick)
    cv2.line(lines, (width // 2, 0), (width // 2, int(height * 0.2)), 255, thick)
    alpha = (lines.astype(np.float32) / 255 * 0.7)[..., None]
    stamp[..., :3] += (90 - stamp[..., :3]) * alpha
    stamp[..., :3] *= np.linspace(0.9, 1.1, width, dtype=np.float32)[None, :, None]
    return stamp


def barcode(width: int, height: int, rng: np.random.Generator) -> Stamp:
    """Draw stacked bars without content, because the content of real ones is not known."""
    rows, columns = int(rng.integers(8, 16)), 17 * int(rng.integers(6, 10))
    bits = rng.random((rows, columns)) < 0.48
    bits[:, :8], bits[:, 8], bits[:, -1] = True, False, True
    bits[:, 9::17] = True
    bars = cv2.resize(bits.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return _stamp((250 - 225 * bars)[..., None], np.ones_like(bars))


BY_ROLE: Mapping[str, Callable[[int, int, np.random.Generator], Stamp]] = {
    f.__name__: f for f in (portrait, emblem, seal, signature, finger, chip, barcode)
}
"""The functions that draw pictures without content, by their role in a layout."""


def qr(width: int, height: int, payload: str) -> Stamp:
    """Draw the QR code of the text, with its white border."""
    code = segno.make(
        payload, error="m" if len(payload) < 220 else "l", micro=False, encoding="utf-8"
    )
    bits = np.array([list(row) for row in code.matrix], np.uint8)
    quiet = np.pad(bits, 2)
    big = cv2.resize(quiet.astype(np.float32), (width, height), interpolation=cv2.INTER_NEAREST)
    return _stamp((248 - 226 * big)[..., None], np.ones_like(big))
