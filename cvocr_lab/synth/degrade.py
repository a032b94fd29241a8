"""Effects of cameras, scanners and light on a picture.

Each function takes an RGB or grey ``uint8`` picture, a random generator and a strength from 0 (not
visible) to 1 (text of 30 px height is hardly legible), and returns a new picture of the same shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Degradation = Callable[[Picture, np.random.Generator, float], Picture]
Step = tuple[Degradation, float, float]
"""An effect, its probability and its greatest strength."""


def gaussian_blur(rgb: Picture, rng: np.random.Generator, strength: float) -> Picture:
    """Blur with a sigma of up to 2.2 px."""
    sigma = 0.25 + 1.95 * strength * rng.uniform(0.6, 1.0)
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), sigma), np.uint8)


def motion_blur(rgb: Picture, rng: np.random.Generator, strength: float) -> Picture:
    """Blur along a straight line of up to 9 px in any direction."""
    length = 1.0 + 8.0 * strength * rng.uniform(0.5, 1.0)
    kernel = _path(round(length * 2) / 2, int(rng.integers(0, 12)) * 15)
    return np.asarray(cv2.filter2D(rgb, -1, kernel), np.uint8)


@lru_cache(maxsize=512)
def _path(length: float, angle_deg: int) -> NDArray[np.float32]:
    size = 2 * math.ceil(length / 2) + 1
    kernel = np.zeros((size, size), np.float32)
    half = length / 2
    dx, dy = half * math.cos(math.radians(angle_deg)), half * math.sin(math.radians(angle_deg))
    centre = size / 2 - 0.5
    ends = [(round(16 * (centre + s * dx)), round(16 * (centre + s * dy))) for s in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], (1.0,), 1, cv2.LINE_AA, 4)
    return np.asarray(kernel / max(float(kernel.sum()), 1e-6), np.float32)


def defocus_blur(rgb: Picture, rng: np.random.Generator, strength: float) -> Picture:
    """Blur with a disc of up to 3 px radius."""
    radius = 0.4 + 2.6 * strength * rng.uniform(0.5, 1.0)
    return np.asarray(cv2.filter2D(rgb, -1, _disc(round(radius * 4) / 4)), np.uint8)


@lru_cache(maxsize=64)
def _disc(radius: float) -> NDArray[np.float32]:
    reach = math.ceil(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    return np.asarray(disc / disc.sum(), np.float32)


def noise(rgb: Picture, rng: np.random.Generator, strength: float) -> Picture:
    """Add sensor noise with a sigma of up to 26 levels; it is often coarser than a pixel."""
    sigma = 26.0 * strength * rng.uniform(0.5, 1.0)
    height, width, *channels = rgb.shape
    coarse = rng.random() < 0.4
    if channels and rng.random() < 0.5:
        channels = [1]  # the same noise in all channels
    size = (math.ceil(height / 2), math.ceil(width / 2)) if coarse else (height, width)
    grain = rng.standard_normal((*size, *channels), dtype=np.float32) * np.float32(sigma)
    if coarse:
        grain = cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR)
    return _clip(rgb.astype(np.float32) + grain.reshape(height, width, *channels))


def jpeg(rgb: Picture, rng: np.random.Generator, strength: float) -> Picture:
    """Compress as JPEG with a quality from 92 to 12."""
    quality = round(92 - 80 * strength * rng.uniform(0.7, 1.0))
    _, data = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, quality])
    flag = cv2.IMREAD_GRAYSCALE if rgb.ndim == 2 else cv2.IMREAD_COLOR
    return np.asarray(cv2.imdecode(data, flag), np.uint8)


def low_resolution(rgb: Picture, rng: np.random.Generator, strength: float) -> Picture:
    """Scale down to as little as 30 % and back, as if taken from far away."""
    height, width = rgb.shape[:2]
    scale = 1.0 - 0.7 * strength * rng.uniform(0.7, 1.0)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    down = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)[int(rng.integers(3))]
    up = (cv2.INTER_LINEAR, cv2.INTER_CUBIC)[int(rng.integers(2))]
    small = cv2.resize(rgb, size, interpolation=down)
    return np.asarray(cv2.resize(small, (width, height), interpolation=up), np.uint8)


def illumination(rgb: Picture, rng: np.random.Generator, strength: float) -> Picture:
    """Reduce the light gradually across the picture, to as little as 35 % at one end."""
    ramp = _ramp(rgb.shape, rng)
    return _scale(rgb, 1.0 - 0.65 * strength * rng.uniform(0.4, 1.0) * ramp)


def shadow(rgb: Picture, rng: np.random.Generator, strength: float) -> Picture:
    """Add a shadow with a straight edge, down to 40 % of the light."""
    edge = rng.uniform(0.2, 0.8)
    softness = rng.uniform(0.01, 0.15)
    shade = 1 / (1 + np.exp(-(_ramp(rgb.shape, rng) - edge) / softness))
    return _scale(rgb, 1.0 - 0.6 * strength * rng.uniform(0.5, 1.0) * shade.astype(np.float32))


def glare(rgb: Picture, rng: np.random.Generator, strength: float) -> Picture:
    """Add a bright spot, like the reflection of a lamp."""
    height, width = rgb.shape[:2]
    long = max(height, width)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    cx, cy = rng.uniform(0, width), rng.uniform(0, height)
    rx, ry = (long * rng.uniform(0.05, 0.3) for _ in range(2))
    spot = np.exp(-(((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2))
    light = np.minimum(1, spot * rng.uniform(0.8, 1.6)) * strength * rng.uniform(0.6, 1.0)
    if rgb.ndim == 3:
        light = light[..., None]
    return _clip(rgb + (255.0 - rgb) * light)


def colour_cast(rgb: Picture, rng: np.random.Generator, strength: float) -> Picture:
    """Change the contrast, the brightness and, in colour pictures, the white balance."""
    gain = 1 + strength * rng.uniform(-0.35, 0.2, rgb.shape[2] if rgb.ndim == 3 else 1)
    level = strength * rng.uniform(-30, 40)
    return _clip((rgb.astype(np.float32) - 128) * gain.astype(np.float32) + 128 + level)


CAMERA: tuple[Degradation, ...] = (gaussian_blur, motion_blur, defocus_blur, low_resolution)
"""Effects that remove detail."""

LIGHT: tuple[Degradation, ...] = (illumination, shadow, glare, colour_cast)
"""Effects that change the brightness or the colours."""

SENSOR: tuple[Degradation, ...] = (noise, jpeg)
"""Effects of the sensor and the file, in this order."""


def applied(steps: Sequence[Step], rgb: Picture, rng: np.random.Generator) -> Picture:
    """Apply the effects in order, each with its probability and a random strength."""
    for effect, chance, greatest in steps:
        if rng.random() < chance:
            rgb = effect(rgb, rng, float(rng.uniform(0.05, greatest)))
    return rgb


def photograph(rgb: Picture, rng: np.random.Generator, strength: float) -> Picture:
    """Apply random effects of light, lens and sensor, in this order, with up to this strength."""
    for stage, chance in ((LIGHT, 0.25), (CAMERA, 0.35), (SENSOR, 0.5)):
        for effect in stage:
            if rng.random() < chance:
                rgb = effect(rgb, rng, float(strength * rng.uniform(0.2, 1.0)))
    return rgb


def _ramp(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    height, width = shape[:2]
    angle = rng.uniform(0, 2 * math.pi)
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :]
    slope = x * math.cos(angle) + y * math.sin(angle)
    return np.asarray(slope / (abs(math.cos(angle)) + abs(math.sin(angle))) + 0.5, np.float32)


def _scale(rgb: Picture, factor: NDArray[np.float32]) -> Picture:
    return _clip(rgb * (factor[..., None] if rgb.ndim == 3 else factor))


def _clip(values: NDArray[np.floating]) -> Picture:
    return np.asarray(np.clip(values, 0, 255), np.uint8)
