"""Determines the reading direction of each group of lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local.geometry import Image, Quads, clockwise
from cvocr_lab.results import Line

Read = Callable[[Image, Quads], Sequence[Line]]
_PROBES = 6
_SAME_DEG = 14


def _sides(quads: Quads) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return quads[:, 1] - quads[:, 0], quads[:, 2] - quads[:, 1]


def directions(quads: Quads, *, most: int = 3) -> list[tuple[float, NDArray[np.intp]]]:
    """Group lines by the direction of their long sides, the group with most text first.

    Each group has an angle in degrees in [-90, 90), y down, and the indices of its lines.  Lines
    too short to have a direction join their nearest neighbour.
    """
    first, second = _sides(quads)
    lengths = np.stack([np.hypot(*first.T), np.hypot(*second.T)], 1)
    sides = np.where((lengths[:, 0] >= lengths[:, 1])[:, None], first, second)
    long, short = lengths.max(1), np.maximum(lengths.min(1), 1)
    angles = np.degrees(np.arctan2(sides[:, 1], sides[:, 0])) % 180
    weights = long * np.clip(long / short - 1.5, 0, 6)
    if weights.sum() <= 0:
        return [(0.0, np.arange(len(quads)))]
    free = weights > 0
    groups: list[tuple[float, NDArray[np.intp]]] = []
    while free.any() and len(groups) < most:
        votes = np.zeros(180)
        np.add.at(votes, angles[free].astype(int) % 180, weights[free])
        peak = float(np.argmax(sum(np.roll(votes, k) for k in range(-6, 7))))
        off = (angles - peak + 90) % 180 - 90
        mine = free & (np.abs(off) < _SAME_DEG)
        # A card on a printed page has only a small share of the lines.
        if groups and mine.sum() < max(4, 0.05 * len(quads)):
            break
        angle = peak + float(np.average(off[mine], weights=weights[mine])) if mine.any() else peak
        groups.append(((angle + 90) % 180 - 90, np.flatnonzero(mine)))
        free &= ~mine
    centres = quads.mean(1)
    settled = np.concatenate([members for _, members in groups])
    owner = np.concatenate([np.full(len(m), g) for g, (_, m) in enumerate(groups)])
    rest = np.setdiff1d(np.arange(len(quads)), settled)
    if len(rest) and len(settled):
        gaps = np.hypot(*(centres[rest][:, None] - centres[settled][None]).transpose(2, 0, 1))
        nearest = owner[np.argmin(gaps, 1)]
        groups = [
            (angle, np.sort(np.concatenate([members, rest[nearest == g]])))
            for g, (angle, members) in enumerate(groups)
        ]
    return groups


def along(quads: Quads, angle_deg: float) -> Quads:
    """Return the quads clockwise from the corner that is top left in the reading direction."""
    towards = np.array([math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))])
    ordered = np.empty_like(quads)
    for i, quad in enumerate(quads):
        points = clockwise(quad)
        edges = np.roll(points, -1, axis=0) - points
        dots = edges @ towards / np.maximum(np.hypot(*edges.T), 1e-6)
        ordered[i] = np.roll(points, -int(np.argmax(dots)), axis=0)
    return ordered


def turned(quads: Quads) -> Quads:
    """Return the same quads turned upside down."""
    return np.roll(quads, 2, axis=1)


def reading_angle(image: Image, quads: Quads, angle_deg: float, read: Read) -> float:
    """Return the reading direction of the lines, degrees in [-180, 180).

    The long lines are read in both directions along `angle_deg`; the one with higher confidence
    wins.
    """
    ordered = along(quads, angle_deg)
    first, second = _sides(ordered)
    long, short = np.hypot(*first.T), np.maximum(np.hypot(*second.T), 1)
    shape = np.where((long / short > 3) & (long / short < 25), long * np.sqrt(short), 0.1 * long)
    probes = ordered[np.argsort(-shape)[:_PROBES]]
    upright, flipped = read(image, probes), read(image, turned(probes))
    if sum(map(sureness, flipped)) > sum(map(sureness, upright)):
        angle_deg += 180
    return (angle_deg + 180) % 360 - 180


def sureness(line: Line) -> float:
    """Return a score of confidence above the level of guesses, which grows with length."""
    return max(line.confidence - 0.3, 0) ** 2 * min(len(line.text), 30)
