"""Which way the text runs: one reading direction per picture, or per group of lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local.find import Image, Quads
from cvocr_lab.results import Line

Read = Callable[[Image, Quads], Sequence[Line]]
_PROBES = 6


def _sides(quads: Quads) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return quads[:, 1] - quads[:, 0], quads[:, 2] - quads[:, 1]


def text_angle(quads: Quads) -> float:
    """Dominant direction of the lines' long sides, degrees in [-90, 90), y down.

    Long lines weigh more; lines off the dominant direction by over 20° are left out.
    """
    first, second = _sides(quads)
    lengths = np.stack([np.hypot(*first.T), np.hypot(*second.T)], 1)
    long_first = lengths[:, 0] >= lengths[:, 1]
    sides = np.where(long_first[:, None], first, second)
    long, short = lengths.max(1), np.maximum(lengths.min(1), 1)
    angles = np.degrees(np.arctan2(sides[:, 1], sides[:, 0])) % 180
    weights = long * np.clip(long / short - 1.5, 0, 6)
    if weights.sum() <= 0:
        return 0.0
    votes = np.zeros(180)
    np.add.at(votes, angles.astype(int) % 180, weights)
    wide = sum(np.roll(votes, k) for k in range(-6, 7))
    peak = float(np.argmax(wide))
    off = (angles - peak + 90) % 180 - 90
    near = np.abs(off) < 20
    angle = peak + float(np.average(off[near], weights=weights[near] + 1e-6))
    return (angle + 90) % 180 - 90


def along(quads: Quads, angle_deg: float) -> Quads:
    """The same quads, each clockwise from the corner that is top left when reading that way."""
    towards = np.array([math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))])
    ordered = np.empty_like(quads)
    for i, quad in enumerate(quads):
        edges = np.roll(quad, -1, axis=0) - quad
        x, y = quad[:, 0], quad[:, 1]
        area = float(x @ np.roll(y, -1) - y @ np.roll(x, -1))
        points = quad if area > 0 else quad[::-1]
        edges = np.roll(points, -1, axis=0) - points
        dots = edges @ towards / np.maximum(np.hypot(*edges.T), 1e-6)
        ordered[i] = np.roll(points, -int(np.argmax(dots)), axis=0)
    return ordered


def turned(quads: Quads) -> Quads:
    """Upside down: the same quads read the other way."""
    return np.roll(quads, 2, axis=1)


def reading_angle(image: Image, quads: Quads, read: Read) -> float:
    """The direction the lines read in, degrees in [-180, 180).

    The long lines are read both ways; what reads more surely wins.
    """
    angle = text_angle(quads)
    ordered = along(quads, angle)
    first, second = _sides(ordered)
    long, short = np.hypot(*first.T), np.maximum(np.hypot(*second.T), 1)
    shape = np.where((long / short > 3) & (long / short < 25), long * np.sqrt(short), 0.1 * long)
    probes = ordered[np.argsort(-shape)[:_PROBES]]
    both = read(image, np.concatenate([probes, turned(probes)]))
    upright, flipped = both[: len(probes)], both[len(probes) :]
    if sum(map(_sureness, flipped)) > sum(map(_sureness, upright)):
        angle += 180
    return (angle + 180) % 360 - 180


def _sureness(line: Line) -> float:
    # Confidence above what guessing gives, over as many characters as were read.
    return max(line.confidence - 0.3, 0) ** 2 * min(len(line.text), 30)
