"""Places in Label Studio: percent of the picture's width and height.

A box is given by its top left corner as it stands, and turned about that corner, in pixels,
clockwise by ``rotation`` degrees.
Source: labelstud.io, *Export annotations, units of image annotations*;
HumanSignal/label-studio#5274 on which corner is meant.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, cast

from cvocr_lab.exchange.papers import outline_quad
from cvocr_lab.results import Quad

Json = Mapping[str, object]

_SQUARE: Final = 0.75
"""How far in pixels a corner may lie from a true rectangle's."""


def place_of(quad: Quad, size: tuple[int, int]) -> tuple[str, Json]:
    """Give a quad's shape, ``rectangle`` or ``polygon``, and its value in a region.

    Parameters
    ----------
    quad
        In pixels.
    size
        Width and height of the picture.
    """
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
    # A long line down a narrow picture is wider than it, which Label Studio takes for an error.
    if along and square and all(0 <= percent <= 100 for percent in box.values()):
        return "rectangle", {**box, "rotation": angle % 360}
    points = [[x / width * 100, y / height * 100] for x, y in corners]
    return "polygon", {"points": points, "closed": True}


def _turned(x: float, y: float, w: float, h: float, angle_deg: float) -> list[tuple[float, float]]:
    """Corners of a box turned clockwise about its top left one."""
    cos, sin = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return [
        (x, y),
        (x + w * cos, y + w * sin),
        (x + w * cos - h * sin, y + w * sin + h * cos),
        (x - h * sin, y + h * cos),
    ]


def quad_of(part: Json, value: Json) -> Quad:
    """Give the quad in pixels of a region's value; `part` says the size of the picture."""
    width, height = (float(str(part[f"original_{side}"])) for side in ("width", "height"))
    if "points" in value:
        points = cast("Sequence[Sequence[float]]", value["points"])
        return outline_quad([(float(x) * width / 100, float(y) * height / 100) for x, y in points])
    x, y, w, h = (float(str(value[key])) for key in ("x", "y", "width", "height"))
    turn = float(str(value.get("rotation") or 0))
    return outline_quad(
        _turned(x * width / 100, y * height / 100, w * width / 100, h * height / 100, turn)
    )
