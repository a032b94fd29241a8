"""Find printed captions among the lines, and the caption that belongs to a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cvocr_lab.kinds import DocumentType
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
