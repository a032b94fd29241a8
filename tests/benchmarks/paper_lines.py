"""Lines cropped from pictures of made-up papers, with boxes as loose as a detector's."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local.recogniser import crop_line, to_height
from cvocr_lab.results import Quad
from cvocr_lab.synth.generate import Sample
from cvocr_lab.text import CHARSET

_KNOWN = frozenset(CHARSET)


@dataclass(frozen=True, slots=True)
class CutLine:
    """A grey line of `HEIGHT` rows cropped from a paper.

    `field` is the field whose value it is or is part of; "" for captions.
    """

    picture: NDArray[np.uint8]
    text: str
    type: str
    field: str


def cut_lines(sample: Sample, rng: random.Random) -> Iterator[CutLine]:
    """Crop every line of every paper of a picture."""
    for truth in sample.truths:
        field_at = {quad: field for field, quads in truth.line_quads.items() for quad in quads}
        for text, quad in truth.lines:
            text = " ".join(text.split())
            if text and set(text) <= _KNOWN:
                crop = to_height(crop_line(sample.image, loosen(quad, rng)))
                yield CutLine(crop, text, truth.type, field_at.get(quad, ""))


def loosen(quad: Quad, rng: random.Random) -> Quad:
    """Move the sides of a box as detectors do: outwards by about a tenth of the height."""
    corners = np.asarray(quad, np.float64).reshape(4, 2)
    along, down = corners[1] - corners[0], corners[3] - corners[0]
    tall = max(float(np.hypot(*down)), 1.0)
    along, down = along / max(float(np.hypot(*along)), 1e-6), down / tall
    up, under = (tall * min(0.35, max(-0.05, rng.gauss(0.11, 0.08))) for _ in range(2))
    left, right = (tall * max(-0.04, rng.gauss(0.15, 0.15)) for _ in range(2))
    moves = (-left, -up), (right, -up), (right, under), (-left, under)
    grown = corners + np.asarray([across * along + lower * down for across, lower in moves])
    shaken = grown + np.asarray([[0, rng.gauss(0, 0.02 * tall)] for _ in range(4)])
    return tuple(map(float, shaken.ravel()))  # type: ignore[return-value]
