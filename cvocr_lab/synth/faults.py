"""Faults that make a picture or a paper invalid, applied to generated samples and their truth.

`FAULTS` change the picture.  `FORGERIES` change the values of the paper, for
`cvocr_lab.synth.generate`.  They are used to measure how well the offline engine finds invalid
pictures.  The seed decides everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.synth import degrade, scenes
from cvocr_lab.synth.generate import Sample
from cvocr_lab.synth.papers import Values
from cvocr_lab.synth.photograph import shifted

_CARD_MM: Final = 85.6
_LEAST_STRIPES: Final = 0.03  # of the light; weaker stripes cannot be seen in the picture


def _corners(sample: Sample) -> NDArray[np.float64]:
    return np.array(sample.truths[0].corners, float).reshape(4, 2)


def pixels_per_mm(sample: Sample) -> float:
    """Return the scale of the first paper: a card is 85.6 mm wide, a passport page 125 mm."""
    corners = _corners(sample)
    width = 125.0 if sample.truths[0].type == "passport" else _CARD_MM
    return float(np.hypot(*(corners[1] - corners[0]))) / width


def recaptured(sample: Sample, rng: np.random.Generator) -> Sample:
    """Show the picture on a screen and take it from there, with colour stripes and moiré.

    The stripes are waves, weakened by the lens and the pixels of the sensor; the moiré then comes
    from the sampling itself.
    """
    height, width = sample.image.shape[:2]
    pitch, left = 0.0, 0.0
    while 1.65 * left < _LEAST_STRIPES:
        pitch = rng.uniform(1.25, 3.2)  # camera pixels per screen pixel
        sigma = rng.uniform(0.35, 0.6)
        left = np.sinc(1 / pitch) * np.exp(-2 * (np.pi * sigma / pitch) ** 2)
    angle = np.radians(rng.normal(0, 3))
    lean = rng.normal(0, 0.03, 2) / np.array([width, height])
    centre = np.array([width / 2, height / 2])
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [lean[0], lean[1], 1.0]])
    there = shifted(*-centre)
    matrix = np.linalg.inv(there) @ turn @ there
    small = cv2.resize(
        sample.image, (round(width / pitch), round(height / pitch)), interpolation=cv2.INTER_AREA
    )
    shown = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    taken = cv2.warpPerspective(shown, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    back = np.linalg.inv(matrix)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    depth = back[2, 0] * x + back[2, 1] * y + back[2, 2]
    u = (back[0, 0] * x + back[0, 1] * y + back[0, 2]) / depth / pitch
    v = (back[1, 0] * x + back[1, 1] * y + back[1, 2]) / depth / pitch
    stripes, rows = 1.65 * left, rng.uniform(0.3, 0.6) * left
    light = np.empty((height, width, 3), np.float32)
    for c in range(3):
        light[..., c] = 1 + stripes * np.cos(2 * np.pi * (u - c / 3))
    light *= (1 + rows * np.cos(2 * np.pi * v))[..., None]
    black = rng.uniform(4, 22)
    cast = rng.normal(1, 0.04, 3) * np.array([0.97, 1.0, 1.05])
    out = (black + taken.astype(np.float32) * (1 - black / 255) * cast) * light
    image = np.clip(out, 0, 255).astype(np.uint8)
    image = degrade.noise(image, rng, float(rng.uniform(0.02, 0.2)))
    image = degrade.jpeg(image, rng, float(rng.uniform(0.05, 0.35)))
    return sample.moved(image, matrix)


def photocopied(sample: Sample, rng: np.random.Generator) -> Sample:
    """Turn the paper into a grey copy; its surroundings keep their colours."""
    grey = cv2.cvtColor(sample.image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey = np.clip((grey - 128) * rng.uniform(1.0, 1.7) + rng.uniform(125, 160), 0, 255)
    grey = np.clip(grey + rng.normal(0, rng.uniform(1, 6), grey.shape), 0, 255)
    tone = np.array([1.0, 1.0, 1.0]) + rng.normal(0, 0.02, 3)
    copy = np.clip(grey[..., None] * tone, 0, 255)
    mask = np.zeros(grey.shape, np.float32)
    corners = _corners(sample)
    # The sheet of the copy is larger than the paper.
    sheet = corners.mean(0) + (corners - corners.mean(0)) * rng.uniform(1.05, 1.6)
    cv2.fillConvexPoly(mask, np.round(sheet).astype(np.int32), (1.0,), cv2.LINE_AA)
    image = sample.image + (copy - sample.image) * mask[..., None]
    image = degrade.jpeg(image.astype(np.uint8), rng, float(rng.uniform(0.05, 0.4)))
    return replace(sample, image=image)


def _cut_at(sample: Sample, rng: np.random.Generator, inside_mm: float) -> Sample:
    """Cut one side of the picture so that the nearest corner is this far inside."""
    corners, height, width = _corners(sample), *sample.image.shape[:2]
    gap = inside_mm * pixels_per_mm(sample)
    (left, top), (right, bottom) = corners.min(0) - gap, corners.max(0) + gap
    side = int(rng.integers(4))
    x0 = round(max(0.0, left)) if side == 0 else 0
    x1 = round(min(float(width), right)) if side == 1 else width
    y0 = round(max(0.0, top)) if side == 2 else 0
    y1 = round(min(float(height), bottom)) if side == 3 else height
    image = np.ascontiguousarray(sample.image[y0:y1, x0:x1])
    return sample.moved(image, shifted(-x0, -y0))


def clipped(sample: Sample, rng: np.random.Generator) -> Sample:
    """Cut off one or two corners of the paper, by 4 to 9 mm."""
    return _cut_at(sample, rng, -float(rng.uniform(4.0, 9.0)))


def crowded(sample: Sample, rng: np.random.Generator) -> Sample:
    """Cut the picture so that a corner is at most 0.4 mm from its edge."""
    return _cut_at(sample, rng, float(rng.uniform(0.0, 0.4)))


def blurred(sample: Sample, rng: np.random.Generator) -> Sample:
    """Blur the picture so that small print cannot be read."""
    reach = pixels_per_mm(sample) * rng.uniform(0.26, 0.4)
    if rng.random() < 0.5:
        image = cv2.GaussianBlur(sample.image, (0, 0), reach)
    else:
        size = 2 * int(np.ceil(1.9 * reach)) + 1
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)).astype(np.float32)
        image = cv2.filter2D(sample.image, -1, disc / disc.sum())
    image = degrade.noise(np.asarray(image, np.uint8), rng, float(rng.uniform(0.02, 0.15)))
    return replace(sample, image=degrade.jpeg(image, rng, float(rng.uniform(0.05, 0.3))))


def _some_field(sample: Sample, rng: np.random.Generator) -> NDArray[np.float64]:
    names = sorted(n for n in sample.truths[0].quads if n not in ("qr", "mrz", "dauvet"))
    name = names[int(rng.integers(len(names)))]
    return np.array(sample.truths[0].quads[name], float).reshape(4, 2)


def glared(sample: Sample, rng: np.random.Generator) -> Sample:
    """Add the reflection of a lamp that hides most of a field."""
    quad = _some_field(sample, rng)
    height, width = sample.image.shape[:2]
    middle = quad.mean(0)
    along = quad[1] - quad[0]
    turn = np.arctan2(along[1], along[0]) + rng.normal(0, 0.15)
    long = max(float(np.hypot(*along)) * 0.75, 6 * pixels_per_mm(sample))
    short = max(float(np.hypot(*(quad[3] - quad[0]))) * 1.3, 3 * pixels_per_mm(sample))
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    u = (x - middle[0]) * np.cos(turn) + (y - middle[1]) * np.sin(turn)
    v = (y - middle[1]) * np.cos(turn) - (x - middle[0]) * np.sin(turn)
    spot = np.exp(-np.maximum((u / long) ** 2 + (v / short) ** 2 - 0.6, 0) * 2.5)
    image = sample.image + (spot * rng.uniform(240, 400))[..., None]
    return replace(sample, image=np.clip(image, 0, 255).astype(np.uint8))


def covered(sample: Sample, rng: np.random.Generator) -> Sample:
    """Cover the middle of a field with a finger, at least 16 mm wide."""
    quad = _some_field(sample, rng)
    image = sample.image.copy()
    scale = pixels_per_mm(sample)
    middle = quad.mean(0)
    away = middle - _corners(sample).mean(0)
    if np.hypot(*away) < scale:
        away = np.array([0.0, 1.0])
    away = away / np.hypot(*away)
    tip = middle - away * 9 * scale
    root = middle + away * sum(image.shape[:2])
    scenes.finger(image, tip, root, float(rng.uniform(16, 19)) * scale, rng)
    return replace(sample, image=image)


Fault = Callable[[Sample, np.random.Generator], Sample]

FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {f.__name__: f for f in (recaptured, photocopied, clipped, crowded, blurred, glared, covered)}
)
"""All faults of pictures, by name."""


def spoil(sample: Sample, fault: str, *, seed: int) -> Sample:
    """Return the sample with this fault.

    >>> from cvocr_lab.synth import generate
    >>> spoil(generate("tcc_chip", seed=1), "photocopied", seed=1).image.ndim
    3
    """
    return FAULTS[fault](sample, np.random.default_rng([seed, sorted(FAULTS).index(fault)]))


def _other(text: str, at: int) -> str:
    """Change the first digit at or after position `at`."""
    place = next(i for i in range(at, len(text)) if text[i].isdigit())
    return text[:place] + str((int(text[place]) + 3) % 10) + text[place + 1 :]


def ill_numbered(values: Values) -> Values:
    """Remove the last digit of the number; the codes keep it.

    Two digits are removed from a letter and 8 digits, because 7 digits would be valid.
    """
    number = values["id"]
    long = len(number) == 9 and number[0].isalpha()
    return {**values, "id": number[: -2 if long else -1]}


def ill_zoned(values: Values) -> Values:
    """Change one digit of the birth date in the MRZ."""
    birth = 31 if values["mrz"].startswith("I") else 58
    return {**values, "mrz": _other(values["mrz"], birth)}


def altered(values: Values) -> Values:
    """Print a birth date with another month and decade than the codes have."""
    return {**values, "born": _other(_other(values["born"], 4), 8)}


FORGERIES: Final[Mapping[str, Callable[[Values], Values]]] = MappingProxyType(
    {"number": ill_numbered, "zone": ill_zoned, "print": altered}
)
"""All faults of papers, by name."""
