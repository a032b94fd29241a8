"""The printed model under the values found: where each field of it should stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from cvocr_lab.kinds import DocumentType, Layout
from cvocr_lab.locating.geometry import Points

_NEAR_MM: Final = 6.0
_FEWEST: Final = 3
_MOST_ANCHORS: Final = 14


@dataclass(frozen=True, slots=True)
class Model:
    """A layout laid over the picture.

    Parameters
    ----------
    layout
        The printed model.
    to_mm
        From pixels of the picture, with a 1 after x and y, to millimetres of the paper, ``(3, 2)``.
    """

    layout: Layout
    to_mm: Points

    def distance(self, field: str, points: Points) -> float | None:
        """How far a place is from where the model has the field, in mm; None if it has it not."""
        there = _slots(self.layout).get(field)
        if there is None:
            return None
        return float(np.hypot(*(np.append(_start(points), 1.0) @ self.to_mm - there)))


def fit_model(kind: DocumentType, anchors: Sequence[tuple[str, Points]]) -> Model | None:
    """Lay the model of a type that most of the anchors agree with over the picture.

    Parameters
    ----------
    anchors
        Fields, and places where their values may stand; several for one field are allowed.
    """
    best: Model | None = None
    most = _FEWEST - 0.5
    anchors = anchors[:_MOST_ANCHORS]
    for layout in kind.layouts:
        slots = _slots(layout)
        pairs = [(f, slots[f], _start(points)) for f, points in anchors if f in slots]
        for one, two in combinations(pairs, 2):
            matrix = _similarity((one[2], two[2]), (one[1], two[1]))
            if one[0] == two[0] or matrix is None:
                continue
            fitting = _fitting(matrix, pairs)
            if len(fitting) > most:
                best, most = Model(layout, _refined(matrix, fitting)), len(fitting)
    return best


_Pair = tuple[str, Points, Points]


def _fitting(matrix: Points, pairs: Sequence[_Pair]) -> list[_Pair]:
    """For each field the nearest place, where it is near enough."""
    nearest: dict[str, tuple[float, _Pair]] = {}
    for pair in pairs:
        distance = float(np.hypot(*(np.append(pair[2], 1.0) @ matrix - pair[1])))
        if distance < nearest.get(pair[0], (_NEAR_MM, pair))[0]:
            nearest[pair[0]] = distance, pair
    return [pair for _, pair in nearest.values()]


def _similarity(pixels: tuple[Points, Points], mm: tuple[Points, Points]) -> Points | None:
    """The turn, scale and shift that take two points to two others; None for points too near."""
    a, b = complex(*pixels[0]), complex(*pixels[1])
    p, q = complex(*mm[0]), complex(*mm[1])
    if abs(b - a) < 1 or abs(q - p) < 8:
        return None
    factor = (q - p) / (b - a)
    shift = p - factor * a
    return np.array(
        [[factor.real, factor.imag], [-factor.imag, factor.real], [shift.real, shift.imag]]
    )


def _refined(matrix: Points, fitting: Sequence[_Pair]) -> Points:
    """An affine matrix by all that fit, where they are enough and not in one row."""
    if len(fitting) < 5:
        return matrix
    pixels = np.array([np.append(pair[2], 1.0) for pair in fitting])
    if np.linalg.cond(pixels / pixels.max(0)) > 1e3:
        return matrix
    return np.asarray(np.linalg.lstsq(pixels, np.array([p[1] for p in fitting]), rcond=None)[0])


def caption_scales(kind: DocumentType | None) -> dict[str, float]:
    """How large a field's caption is set, its value being 1; the mean of the type's models."""
    sizes: dict[str, list[float]] = {}
    for layout in () if kind is None else kind.layouts:
        for slot in layout.slots:
            sizes.setdefault(slot.field, []).append(layout.caption_size / slot.size)
    return {field: sum(found) / len(found) for field, found in sizes.items()}


def _slots(layout: Layout) -> dict[str, Points]:
    made: dict[str, Points] = {}
    for slot in layout.slots:
        made.setdefault(slot.field, np.array([slot.value_x, slot.value_y - slot.size / 3]))
        if slot.align == "center" or slot.template != "{}":
            made.pop(slot.field)  # its beginning depends on what it says
    return made


def _start(points: Points) -> Points:
    """The middle of the left edge."""
    return np.asarray((points[0] + points[3]) / 2)
