"""Find the printed captions, and fit a printed layout to the values that were found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from cvocr_lab.kinds import DocumentType, Layout
from cvocr_lab.locating.alignment import Piece, Stream, folded
from cvocr_lab.locating.geometry import Points, axes, box, height

_MIN_SHARE: Final = 0.8
_MIN_SHARE_SHORT: Final = 1.0
_SHORT: Final = 5


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption that was found: its fields, its letters, and its corners."""

    fields: frozenset[str]
    piece: Piece
    points: Points


def find_captions(
    stream: Stream, doc_type: DocumentType | None
) -> list[tuple[frozenset[str], Piece]]:
    """Find the captions of a type; if several wordings fit one place, the longest is used."""
    if doc_type is None:
        return []
    of_wording: dict[str, set[str]] = {}
    slots = [slot for layout in doc_type.layouts for slot in layout.slots]
    for field in doc_type.fields:
        printed = {slot.vi for slot in slots if slot.field == field.name}
        for wording in {*field.vi, *field.en, *printed, *field.leading}:
            if letters := folded(wording)[0]:
                of_wording.setdefault(letters, set()).add(field.name)
    found: list[tuple[set[str], Piece]] = []
    for letters, names in of_wording.items():
        share = _MIN_SHARE_SHORT if len(letters) < _SHORT else _MIN_SHARE
        found += [(names, piece) for piece in stream.whole(letters, min_share=share)]
    kept: list[tuple[frozenset[str], Piece]] = []
    for names, piece in sorted(found, key=lambda f: -f[1].score):
        span = piece.line, piece.begin, piece.end
        for at, (fields, other) in enumerate(kept):
            if (other.line, other.begin, other.end) == span:
                kept[at] = fields | names, other
            if other.line == piece.line and piece.begin < other.end and other.begin < piece.end:
                break
        else:
            kept.append((frozenset(names), piece))
    return kept


def owner(captions: list[Caption], piece: Piece, points: Points) -> frozenset[str]:
    """Return the fields of the caption of a place: before it on its line, left of it or above."""
    on_line = [c for c in captions if c.piece.line == piece.line]
    # A value may begin with its caption: "Ngày 05 tháng 03".
    before = [c for c in on_line if c.piece.end <= piece.begin or c.piece.begin == piece.begin]
    if before:
        return max(before, key=lambda c: c.piece.end).fields
    axis, normal = axes(points)
    size = height(points)
    left, top, right, bottom = box(points, axis, normal)
    nearest, best = frozenset[str](), 6.0
    for caption in captions:
        if caption.piece.line == piece.line:
            continue
        c_left, c_top, c_right, c_bottom = box(caption.points, axis, normal)
        down = ((top + bottom) - (c_top + c_bottom)) / 2 / size
        if abs(down) < 0.7:
            aside = (left - c_right) / size
            distance = 0.4 * abs(aside) if aside > -1 else 9.0
        elif 0.7 <= down < 3.2 and c_left < right and left < c_right + 2 * size:
            distance = down + 0.15 * abs(left - c_left) / size
        else:
            continue
        if distance < best:
            nearest, best = caption.fields, distance
    return nearest


_NEAR_MM: Final = 6.0
_MIN_FIELDS: Final = 3
_MAX_ANCHORS: Final = 14


@dataclass(frozen=True, slots=True)
class FittedLayout:
    """A layout, and the matrix ``(3, 2)`` from pixels (x, y, 1) to millimetres of the paper."""

    layout: Layout
    to_mm: Points

    def distance(self, field: str, points: Points) -> float | None:
        """Return the distance of a place from the field in the layout, in mm; None if unknown."""
        slot = _slots(self.layout).get(field)
        if slot is None:
            return None
        return float(np.hypot(*(np.append(_start(points), 1.0) @ self.to_mm - slot)))


def fit_layout(
    doc_type: DocumentType, anchors: Sequence[tuple[str, Points]]
) -> FittedLayout | None:
    """Find the layout, and its position in the picture, that agrees with most anchors.

    Anchors are fields and possible places of their values; a field may have several places.
    """
    best: FittedLayout | None = None
    most = _MIN_FIELDS - 0.5
    anchors = anchors[:_MAX_ANCHORS]
    for layout in doc_type.layouts:
        slots = _slots(layout)
        pairs = [(f, slots[f], _start(points)) for f, points in anchors if f in slots]
        for one, two in combinations(pairs, 2):
            matrix = _similarity((one[2], two[2]), (one[1], two[1]))
            if one[0] == two[0] or matrix is None:
                continue
            fitting = _fitting(matrix, pairs)
            if len(fitting) > most:
                best, most = FittedLayout(layout, _refined(matrix, fitting)), len(fitting)
    return best


_Pair = tuple[str, Points, Points]


def _fitting(matrix: Points, pairs: Sequence[_Pair]) -> list[_Pair]:
    """Return the nearest place of each field, if it is near enough."""
    nearest: dict[str, tuple[float, _Pair]] = {}
    for pair in pairs:
        distance = float(np.hypot(*(np.append(pair[2], 1.0) @ matrix - pair[1])))
        if distance < nearest.get(pair[0], (_NEAR_MM, pair))[0]:
            nearest[pair[0]] = distance, pair
    return [pair for _, pair in nearest.values()]


def _similarity(pixels: tuple[Points, Points], mm: tuple[Points, Points]) -> Points | None:
    """Return the similarity that maps two points to two others; None if they are too near."""
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
    """Return the affine matrix of all fitting places, if they are enough and not in one row."""
    if len(fitting) < 5:
        return matrix
    pixels = np.array([np.append(pair[2], 1.0) for pair in fitting])
    if np.linalg.cond(pixels / pixels.max(0)) > 1e3:
        return matrix
    return np.asarray(np.linalg.lstsq(pixels, np.array([p[1] for p in fitting]), rcond=None)[0])


def caption_scales(doc_type: DocumentType | None) -> dict[str, float]:
    """Return the size of each field's caption relative to its value, as mean of the layouts."""
    sizes: dict[str, list[float]] = {}
    for layout in () if doc_type is None else doc_type.layouts:
        for slot in layout.slots:
            sizes.setdefault(slot.field, []).append(layout.caption_size / slot.size)
    return {field: sum(found) / len(found) for field, found in sizes.items()}


def _slots(layout: Layout) -> dict[str, Points]:
    made: dict[str, Points] = {}
    for slot in layout.slots:
        made.setdefault(slot.field, np.array([slot.value_x, slot.value_y - slot.size / 3]))
        if slot.align == "center" or slot.template != "{}":
            made.pop(slot.field)  # its beginning depends on the value
    return made


def _start(points: Points) -> Points:
    """Return the middle of the left edge."""
    return np.asarray((points[0] + points[3]) / 2)
