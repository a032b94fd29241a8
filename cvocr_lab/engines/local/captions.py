"""Finds the captions of a paper, and corrects the layout's positions by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from rapidfuzz import fuzz

from cvocr_lab.engines.local.caption_segments import Segment
from cvocr_lab.engines.local.classify import Hit, Model, folded
from cvocr_lab.engines.local.classify import captions as wordings_of
from cvocr_lab.kinds import TYPES, Slot

MIDDLE = 0.35
"""Height of the middle of small letters above the baseline, as a share of the print size."""
_HALVES_MM = 8.0
"""Gap up to which two wordings on one row are halves of one caption."""
_LEAST_WORDING, _ALIKE, _ROW, _ASIDE_MM = 6, 0.62, 0.6, 8.0
"""Misread words at a caption's position are the caption if its wording has at least so many letters
and they are at least so similar to it, within so many print sizes vertically and so many
millimetres horizontally."""
_ALIKE_ABOVE = 0.72
"""Similarity required if they are above that position but below all known captions: the value
before it may have fewer lines than usual."""


class Caption:
    """Caption of a field, whose Vietnamese and English parts may be on separate rows.

    `rows` are its segments from top to bottom; parts on one row are one segment.  In millimetres,
    `x0` and `x1` are the left and right edge, `y` the middle of the lowest row, and `height` that
    of a row.
    """

    def __init__(self, *rows: Segment) -> None:
        self.rows = sorted(rows, key=lambda row: row.y)
        self.x0 = min(row.x0 for row in rows)
        self.x1 = max(row.x1 for row in rows)
        self.y = self.rows[-1].y
        self.height = max(1.5, *(row.height for row in rows))


def find_captions(segments: Sequence[Segment], model: Model) -> dict[str, Caption]:
    """Return the caption of each field, and in brackets captions of things that are no field.

    A father's name, for example, is no field of any type; its caption keeps its value away from
    other fields.
    """
    slots = {s.field: s for s in model.layout.slots}
    found: dict[str, list[Segment]] = {}
    for segment in segments:
        if segment.caption:
            found.setdefault(segment.caption, []).append(segment)
    captions: dict[str, Caption] = {}
    used: set[int] = set()
    for name, some in found.items():
        wordings = [folded(vi)[0] for vi in model.type[name].vi]
        captions[name], mine = _caption(some, slots.get(name), wordings)
        used |= mine
    keys = _nameless(model)
    for number, segment in enumerate(segments):
        # Another wording of a field elsewhere on the paper is the caption of something else.
        spare = segment.caption and model.type[segment.caption].vi and id(segment) not in used
        if spare or (segment.hit is not None and not segment.caption and segment.hit.key in keys):
            captions[f"({number})"] = Caption(segment)
    return captions


def moved(slots: Mapping[str, Slot], captions: Mapping[str, Caption]) -> dict[str, Slot]:
    """Return the slots with their heights corrected by the captions found on this paper.

    Papers of one layout differ by millimetres, and a value without a readable caption is found by
    its position alone.
    """
    both = [name for name in slots if name in captions]
    if not both:
        return dict(slots)
    there = np.array([slots[n].y - MIDDLE * slots[n].size for n in both])
    off = np.array([captions[n].rows[0].y for n in both]) - there
    order = there.argsort(kind="stable")

    def shifted(y: float) -> float:
        return y + float(np.interp(y, there[order], off[order]))

    return {
        name: replace(slot, y=shifted(slot.y), value_y=shifted(slot.value_y))
        for name, slot in slots.items()
    }


def missed_captions(
    segments: Sequence[Segment],
    model: Model,
    slots: Mapping[str, Slot],
    found: Mapping[str, Caption],
) -> list[Hit]:
    """Find captions at their positions that are too badly misread to be recognised by words.

    `slots` have the positions on this paper, see `moved`; `found` are the captions found so far.
    """
    keys: dict[str, list[str]] = {}
    for key, field in wordings_of(model).items():
        if len(key) >= _LEAST_WORDING:
            keys.setdefault(field, []).append(key)
    hits: list[Hit] = []
    lowest = max((caption.y for caption in found.values()), default=np.inf)
    for name, slot in slots.items():
        if name in found or not model.type[name].vi:
            continue
        best: Hit | None = None
        for segment in segments:
            below = segment.y - (slot.y - MIDDLE * slot.size)
            level = abs(below) < _ROW * slot.size
            above = below < 0 and segment.y > lowest + _ROW * slot.size
            if segment.hit is not None or not (level or above):
                continue
            for hit in _likely(segment, slot.x, keys.get(name, ())):
                if hit.score > max(best.score if best else 0.0, 0.0 if level else _ALIKE_ABOVE):
                    best = hit
        if best is not None:
            hits.append(best)
    return hits


def _likely(segment: Segment, x: float, keys: Sequence[str]) -> Iterator[Hit]:
    """Yield the words of a segment near `x` that resemble one of the wordings."""
    key, origin = folded(segment.text)
    width = (segment.x1 - segment.x0) / max(len(segment.text), 1)
    starts = [i for i in range(len(key)) if i == 0 or key[i - 1] == " "]
    for start in starts:
        if abs(segment.x0 + origin[start] * width - x) > _ASIDE_MM:
            continue
        for wording in keys:
            end = start + len(wording)
            stops = {key.rfind(" ", start, end), key.find(" ", end), len(key)}
            for stop in stops:
                words = key[start:stop]
                begins = fuzz.ratio(words.split(" ")[0], wording.split(" ")[0]) / 100
                ratio = fuzz.ratio(words, wording) / 100
                if min(ratio, begins) >= _ALIKE:
                    first, last = origin[start], origin[stop - 1] + 1
                    at = segment.start
                    yield Hit(segment.line, at + first, at + last, wording, ratio)


def _nameless(model: Model) -> frozenset[str]:
    """Return the captions that papers of the family print for things that are no field."""
    kinds = [kind for kind in TYPES.values() if kind.family == model.type.family]
    prints = [p.text for kind in kinds for layout in kind.layouts for p in layout.prints]
    return frozenset(folded(text)[0] for text in prints if text.endswith(":"))


def _caption(
    candidates: Sequence[Segment], slot: Slot | None, wordings: Sequence[str]
) -> tuple[Caption, set[int]]:
    """Return the candidate with the best text and position, joined with its other half.

    The halves may be side by side or one above the other.  The second result is the set of
    candidates used, by identity.
    """

    def fit(p: Segment) -> float:
        assert p.hit is not None
        off = abs(p.x0 - slot.x) * 0.5 + abs(p.y - slot.y) if slot else 0.0
        later = wordings.index(p.hit.key) if p.hit.key in wordings else 0
        return p.hit.score * len(p.hit.key) - min(0.6 * off, 12.0) - 6.0 * later

    best = max(candidates, key=fit)
    x0, x1 = best.x0, best.x1
    rows = []
    mine = {id(best)}
    for other in candidates:
        dy = other.y - best.y
        if abs(dy) < 0.6 * best.height:
            if other.x0 > x1 + _HALVES_MM or other.x1 < x0 - _HALVES_MM:
                continue
            x0, x1 = min(x0, other.x0), max(x1, other.x1)
            mine.add(id(other))
        elif abs(dy) < 1.7 * best.height and other.x0 < best.x1 and other.x1 > best.x0:
            rows.append(other)
            mine.add(id(other))
    return Caption(*rows, replace(best, x0=x0, x1=x1)), mine
