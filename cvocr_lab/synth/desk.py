"""`Desk`, the state of one drawing, and functions that fit text into its space."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from cvocr_lab.kinds import DocumentType, Layout
from cvocr_lab.results import Quad
from cvocr_lab.synth import fonts
from cvocr_lab.synth.drawing import Rgb, Sheet, Typeface, width_of, write


@dataclass(slots=True)
class Desk:
    """State of one drawing: values, random choices, fonts, inks and the truth so far."""

    kind: DocumentType
    layout: Layout
    values: Mapping[str, str]
    chance: random.Random
    rng: np.random.Generator
    pool: fonts.Pool
    sheet: Sheet
    captions: Typeface
    typed: Typeface
    ink: Rgb
    value_ink: Rgb
    wear: float
    wobble: float
    """How far typed values are from their nominal position, in millimetres."""
    shift: tuple[float, float]
    caption_em: float
    value_em: float
    caption_form: str
    fields: dict[str, str] = field(default_factory=dict)
    quads: dict[str, tuple[Quad, ...]] = field(default_factory=dict)


def free_span(desk: Desk, x: float, y: float, size: float) -> tuple[float, float]:
    """Return the left and right end of the free space around a point on a text line."""
    left, right = 1.2, desk.layout.size[0] - 1.2
    for box in desk.layout.pictures:
        if box.role in {"seal", "signature"} or not (
            box.y < y and y - size * 0.8 < box.y + box.height
        ):
            continue
        if box.x + box.width / 2 < x:
            left = max(left, box.x + box.width + 0.6)
        else:
            right = min(right, box.x - 0.6)
    return left, right


def put(
    desk: Desk, text: str, x: float, y: float, size: float, face: Typeface, *, bold: bool = False,
    italic: bool = False, ink: Rgb | None = None, room: float | None = None, centre: bool = False,
    parts: tuple[tuple[int, int], ...] = (), angle_deg: float = 0.0, wear: float = 0.0,
) -> tuple[float, tuple[Quad, ...]]:  # fmt: skip
    """Write a text at a position in mm, compressed to fit `room`; return right end and quads."""
    scale = desk.sheet.scale
    path = face.bold if bold else face.italic if italic else face.regular
    em, stretch = size * scale, 1.0
    wide = width_of(text, path, em, face)
    if room is not None and wide > room * scale:
        stretch = max(0.74, room * scale / wide)
        em *= min(1.0, room * scale / (wide * stretch))
    span = width_of(text, path, em, face, stretch) / scale
    if centre:
        x -= span / 2
    quads = write(
        desk.sheet, text, x * scale, y * scale, path, em, face, ink=ink or desk.ink, rng=desk.rng,
        stretch=stretch, wear=wear, angle_deg=angle_deg, parts=parts,
        embolden=0.7 if bold and face.bold == face.regular else 0.0,
    )  # fmt: skip
    return x + span, quads


def centred(desk: Desk, text: str, x: float, y: float, size: float, *, bold: bool) -> None:
    """Write a text centred at `x`, within the free space."""
    left, right = free_span(desk, x, y, size)
    room = 2 * min(x - left, right - x)
    put(desk, text, x, y, size, desk.captions, bold=bold, room=room, centre=True)
