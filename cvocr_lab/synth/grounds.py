"""Printed backgrounds of papers: mixed colours, guilloche lines, rosettes, rays and grain."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.synth.draw_text import Rgb

Picture = NDArray[np.float32]


def ground(size: tuple[int, int], colours: tuple[Rgb, ...], rng: np.random.Generator) -> Picture:
    """Draw the background of a paper in a mixture of the colours.

    They vary a little each time, as print and age do.  `size` is width and height in pixels.
    """
    width, height = size
    tint = rng.normal(0, 6, 3) + rng.normal(0, 5)
    palette = np.array(colours, np.float32) + tint + rng.normal(0, 5, (len(colours), 3))
    palette = np.clip(palette, 60, 254)
    weights = rng.random((3, 4, len(palette))).astype(np.float32) ** 2
    weights /= weights.sum(-1, keepdims=True)
    coarse = (weights @ palette).astype(np.float32)
    picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    contrast = rng.uniform(0.04, 0.22)
    scale = width / 86
    for _ in range(int(rng.integers(2, 5))):
        draw = (_waves, _rosette, _rays, _waves, _rosette)[int(rng.integers(0, 5))]
        layer = np.zeros((height, width), np.uint8)
        draw(layer, scale, rng)
        dark = palette[int(rng.integers(len(palette)))] * rng.uniform(0.35, 0.8)
        mask = (layer.astype(np.float32) / 255 * contrast * rng.uniform(0.6, 1.8))[..., None]
        picture += (dark.astype(np.float32) - picture) * np.minimum(mask, 0.5)
    grain = rng.normal(0, rng.uniform(0.5, 2.5), (height // 2, width // 2)).astype(np.float32)
    picture += cv2.resize(grain, (width, height))[..., None]
    return np.asarray(np.clip(picture, 0, 255), np.float32)


def _polyline(
    layer: NDArray[np.uint8], x: NDArray[np.float64], y: NDArray[np.float64], level: int = 255,
    whole: Callable[[NDArray[np.float64]], NDArray[np.float64]] = np.round,
) -> None:  # fmt: skip
    """Draw a line through points; `whole` makes sixteenths of a pixel whole numbers."""
    points = whole(np.stack([x, y], 1) * 16).astype(np.int32)
    cv2.polylines(layer, [points], False, level, 1, cv2.LINE_AA, 4)


def _waves(layer: NDArray[np.uint8], scale: float, rng: np.random.Generator) -> None:
    height, width = layer.shape
    t = np.linspace(-0.05, 1.05, 160)
    turn = rng.random() < 0.3
    pitch, lift = rng.uniform(0.7, 1.8) * scale, rng.uniform(1, 5) * scale
    waves, slow, drift = rng.uniform(3, 16), rng.uniform(0.5, 2.5), rng.uniform(-0.05, 0.05)
    phase = rng.uniform(0, 6.28)
    span, across = (height, width) if turn else (width, height)
    for k, base in enumerate(np.arange(-lift, across + lift, pitch)):
        swell = lift * np.sin(waves * t * 6.28 + phase + drift * k)
        along, off = t * span, base + swell * np.sin(slow * t * 6.28 + 0.11 * k)
        _polyline(layer, off if turn else along, along if turn else off)


def _rosette(layer: NDArray[np.uint8], scale: float, rng: np.random.Generator) -> None:
    height, width = layer.shape
    t = np.linspace(0, 2 * np.pi, 361)
    cx, cy = rng.uniform(0.1, 0.9) * width, rng.uniform(0.2, 0.8) * height
    petals, radius = int(rng.integers(5, 19)), rng.uniform(8, 30) * scale
    inner = rng.uniform(0.2, 0.6)
    for k in range(int(rng.integers(6, 18))):
        petal = inner + (1 - inner) * np.cos(petals * t / 2 + 0.13 * k) ** 2
        r = radius * petal * (1 - 0.045 * k)
        _polyline(layer, cx + r * np.cos(t), cy + r * np.sin(t))


def _rays(layer: NDArray[np.uint8], scale: float, rng: np.random.Generator) -> None:
    """Draw rings and rays as on a bronze drum."""
    height, width = layer.shape
    t = np.linspace(0, 2 * np.pi, 181)
    cx, cy = rng.uniform(0.3, 0.7) * width, rng.uniform(0.3, 0.7) * height
    radius, points = rng.uniform(14, 26) * scale, int(rng.choice((10, 12, 14, 16)))
    star = radius * 0.35 * (0.45 + 0.55 * np.abs(((t * points / (2 * np.pi)) % 1) * 2 - 1))
    _polyline(layer, cx + star * np.cos(t), cy + star * np.sin(t))
    for ring in np.linspace(0.4, 1, int(rng.integers(6, 14))):
        _polyline(layer, cx + radius * ring * np.cos(t), cy + radius * ring * np.sin(t))
        if rng.random() < 0.5:
            count = int(rng.integers(24, 90))
            for a in np.linspace(0, 2 * np.pi, count, endpoint=False):
                r = np.array([ring - 0.05, ring]) * radius
                _polyline(layer, cx + r * np.cos(a), cy + r * np.sin(a))


@cache
def pattern_sheet(seed: int) -> NDArray[np.float32]:
    """Draw waves, rosettes, hatching or fibres: 400 x 2400, values from -1 to 1."""
    rng = random.Random(seed)
    sheet = np.zeros((400, 2400), np.uint8)
    x = np.linspace(0, 2400, 600)
    for _ in range(rng.randint(1, 3)):
        kind = rng.choice(("waves", "rosettes", "hatching", "fibres", "clouds"))
        level = rng.randint(110, 255)
        if kind == "waves":
            step, high = rng.uniform(4, 16), rng.uniform(4, 60)
            period, drift = rng.uniform(40, 500), rng.uniform(0, 0.05)
            for k in range(round(520 / step)):
                y = k * step - 60 + high * np.sin(2 * np.pi * x / period + k * drift)
                _polyline(sheet, x, y, level, np.trunc)
        elif kind == "rosettes":
            turn = np.linspace(0, 2 * np.pi, 300)
            for _ in range(rng.randint(6, 25)):
                cx, cy, r = rng.uniform(0, 2400), rng.uniform(0, 400), rng.uniform(30, 160)
                lobes = rng.randint(5, 24)
                for k in range(rng.randint(2, 8)):
                    radius = r * (1 - k * 0.1) * (1 + 0.25 * np.cos(lobes * turn + k * 0.4))
                    xs, ys = cx + radius * np.cos(turn), cy + radius * np.sin(turn)
                    _polyline(sheet, xs, ys, level, np.trunc)
        elif kind == "hatching":
            step, slope = rng.uniform(3, 12), rng.uniform(-1.5, 1.5)
            for k in range(round(6000 / step)):
                x0 = k * step - 1500
                ends = (round(x0), 0), (round(x0 + slope * 400), 400)
                cv2.line(sheet, *ends, level, 1, cv2.LINE_AA)
        elif kind == "fibres":
            for _ in range(500):
                x0, y0 = rng.randint(0, 2400), rng.randint(0, 400)
                end = (x0 + rng.randint(-20, 20), y0 + rng.randint(-20, 20))
                cv2.line(sheet, (x0, y0), end, level, 1, cv2.LINE_AA)
        else:
            cloud = np.random.default_rng(seed).random((10, 60), np.float32) * level
            cloud = cv2.resize(cloud, (2400, 400), interpolation=cv2.INTER_CUBIC)
            sheet = np.maximum(sheet, np.clip(cloud, 0, 255).astype(np.uint8))
    return np.asarray((sheet - sheet.mean()) / 255, np.float32)
