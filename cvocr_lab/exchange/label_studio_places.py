"""Convert quads to the regions of Label Studio, in percent of the picture's size, and back.

A box is given by its top left corner and its size, and rotated about this corner, in pixels,
clockwise by ``rotation`` degrees.
Source: labelstud.io, *Export annotations, units of image annotations*;
HumanSignal/label-studio#5274 about the corner.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, cast

from cvocr_lab.exchange.papers import outline_quad
from cvocr_lab.results import Quad

Json = Mapping[str, object]

_SQUARE: Final = 0.75
"""Largest distance in pixels of a corner from that of a true rectangle."""


def place_of(quad: Quad, size: tuple[int, int]) -> tuple[str, Json]:
    """Return ``rectangle`` or ``polygon`` for a quad in pixels, and its value in a region."""
    width, height = size
    corners = list(zip(quad[::2], quad[1::2], strict=True))
    (x1, y1), (x2, y2), _, (x4, y4) = corners
    along, down = math.hypot(x2 - x1, y2 - y1), math.hypot(x4 - x1, y4 - y1)
    angle = math.degrees(math.atan2(y2 - y1, x2 - x1))
    true = _turned(x1, y1, along, down, angle)
    box = {
        "x": x1 / width * 100,
        "y": y1 / height * 100,
        "width": along / width * 100,
        "height": down / height * 100,
    }
    square = max(math.dist(a, b) for a, b in zip(corners, true, strict=True)) <= _SQUARE
    # Label Studio rejects boxes that are wider than the picture, such as a long vertical line.
    if along and square and all(0 <= percent <= 100 for percent in box.values()):
        return "rectangle", {**box, "rotation": angle % 360}
    points = [[x / width * 100, y / height * 100] for x, y in corners]
    return "polygon", {"points": points, "closed": True}


def _turned(x: float, y: float, w: float, h: float, angle_deg: float) -> list[tuple[float, float]]:
    """Return the corners of a box that is rotated clockwise about its top left corner."""
    cos, sin = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return [
        (x, y),
        (x + w * cos, y + w * sin),
        (x + w * cos - h * sin, y + w * sin + h * cos),
        (x - h * sin, y + h * cos),
    ]


def quad_of(part: Json, value: Json) -> Quad:
    """Return the quad of a region's value in pixels; `part` holds the size of the picture."""
    width, height = (float(str(part[f"original_{side}"])) for side in ("width", "height"))
    if "points" in value:
        points = cast("Sequence[Sequence[float]]", value["points"])
        return outline_quad([(float(x) * width / 100, float(y) * height / 100) for x, y in points])
    x, y, w, h = (float(str(value[key])) for key in ("x", "y", "width", "height"))
    turn = float(str(value.get("rotation") or 0))
    return outline_quad(
        _turned(x * width / 100, y * height / 100, w * width / 100, h * height / 100, turn)
    )
