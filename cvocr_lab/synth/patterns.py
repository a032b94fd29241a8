"""Background patterns of papers, in grey."""

from __future__ import annotations

import random
from functools import cache

import numpy as np
from numpy.typing import NDArray


@cache
def pattern_sheet(seed: int) -> NDArray[np.float32]:
    """Draw waves, rosettes, hatching or fibres: 400 x 2400, values from -1 to 1."""
    import cv2

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
                _polyline(sheet, x, y, level)
        elif kind == "rosettes":
            turn = np.linspace(0, 2 * np.pi, 300)
            for _ in range(rng.randint(6, 25)):
                cx, cy, r = rng.uniform(0, 2400), rng.uniform(0, 400), rng.uniform(30, 160)
                lobes = rng.randint(5, 24)
                for k in range(rng.randint(2, 8)):
                    radius = r * (1 - k * 0.1) * (1 + 0.25 * np.cos(lobes * turn + k * 0.4))
                    xs, ys = cx + radius * np.cos(turn), cy + radius * np.sin(turn)
                    _polyline(sheet, xs, ys, level)
        elif kind == "hatching":
            step, slope = rng.uniform(3, 12), rng.uniform(-1.5, 1.5)
            for k in range(round(6000 / step)):
                x0 = k * step - 1500
                cv2.line(
                    sheet, (round(x0), 0), (round(x0 + slope * 400), 400), level, 1, cv2.LINE_AA
                )
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


def _polyline(
    sheet: NDArray[np.uint8], x: NDArray[np.float64], y: NDArray[np.float64], level: int
) -> None:
    import cv2

    points = np.stack([x, y], axis=1) * 16
    cv2.polylines(sheet, [points.astype(np.int32)], False, level, 1, cv2.LINE_AA, 4)
