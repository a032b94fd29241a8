"""Extracts field values from the lines of a paper, by captions and positions.

Lines are split at the captions found in them.  The rest are *segments* of values; each is assigned
to the field whose caption or printed position fits it best.  The field's type then extracts its
value from the joined text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from cvocr_lab.engines.local import values
from cvocr_lab.engines.local.assign import assign
from cvocr_lab.engines.local.caption_segments import Segment, cut, hull
from cvocr_lab.engines.local.captions import find_captions, missed_captions, moved
from cvocr_lab.engines.local.classify import Hit, Model
from cvocr_lab.engines.local.geometry import Matrix, warp_points
from cvocr_lab.kinds import Field, FieldType, Slot
from cvocr_lab.kinds import _fieldtypes as t
from cvocr_lab.kinds import _forms as forms
from cvocr_lab.results import Line, Quad
from cvocr_lab.text import fold_key

TEXT = FieldType("TEXT")


@dataclass(frozen=True, slots=True)
class Reading:
    """A value as printed, before cross-checks, with the confidence of each character.

    `cost` says how badly its position fits the field, 0 is best; `captioned` whether the field's
    caption was found.
    """

    text: str
    quad: Quad | None
    characters: tuple[float, ...]
    cost: float
    captioned: bool

    @classmethod
    def of(cls, text: str, segments: Sequence[Segment], cost: float, *, captioned: bool) -> Self:
        """Return a reading of the text of these segments."""
        characters = tuple(c for p in segments for c in p.characters)
        return cls(text, hull(segments), characters, cost, captioned)


def parse(
    lines: Sequence[Line], hits: Sequence[Hit], model: Model, matrix: Matrix, *, skip: set[int]
) -> dict[str, Reading]:
    """Return the readings by field name from the lines of one paper and the anchors in them.

    `matrix` is the homography from millimetres on the paper to the lines' pixels; the lines of
    `skip`, such as the MRZ, are not printed values.
    """
    skip = skip | _at_the_edge(lines, model, matrix)
    segments = cut(lines, hits, model, matrix, skip)
    captions = find_captions(segments, model)
    printed = {slot.field: slot for slot in model.layout.slots}
    slots = moved(printed, captions)
    if more := missed_captions(segments, model, slots, captions):
        segments = cut(lines, [*hits, *more], model, matrix, skip)
        captions = find_captions(segments, model)
        slots = moved(printed, captions)
    loose = [p for p in segments if p.hit is None]
    fields = [f for f in model.type.fields if f.source == "print" and f.name != "mrz"]
    fields = [f for f in fields if f.name in slots or f.name in captions or f.leading]
    in_sentences = {name for name, slot in slots.items() if "{d}" in slot.template}
    plain = [f for f in fields if f.vi and f.name not in in_sentences]
    readings: dict[str, Reading] = {}
    taken = _signed(segments, model)
    uncaptioned = [p for p in segments if not p.caption or not model.type[p.caption].vi]
    for f in fields:
        found = None if f in plain else _special(f, slots.get(f.name), uncaptioned)
        if found is not None:
            text, used, cost = found
            readings[f.name] = Reading.of(text, used, cost, captioned=True)
            taken.update(map(id, used))
    rest = [p for p in loose if id(p) not in taken]
    asked = [*plain, *(Field(name, TEXT) for name in captions if name.startswith("("))]
    assigned = assign(rest, asked, captions, slots)
    for f in plain:
        mine = assigned.get(f.name, [])
        made = _assemble(f, mine, slots.get(f.name), captioned=f.name in captions)
        if made is not None:
            readings[f.name] = made
    _rescue(plain, readings, rest, assigned)
    return readings


def _at_the_edge(lines: Sequence[Line], model: Model, matrix: Matrix) -> set[int]:
    """Return low-confidence lines that reach the left or right edge: text of the background."""
    back = np.linalg.inv(matrix)
    found: set[int] = set()
    for at, line in enumerate(lines):
        if line.quad is not None and line.confidence < _CLEAR:
            x = warp_points(back, np.reshape(line.quad, (4, 2)))[:, 0]
            if x.min() < _EDGE_MM or x.max() > model.layout.size[0] - _EDGE_MM:
                found.add(at)
    return found


_SIGNER = re.compile(
    r"(?:kt|tl|tuq|tm) |(?:pho )?(?:giam doc|truong phong|cuc truong|truong cong an|doi truong)"
    r"|(?:dai|thuong|trung|thieu) (?:ta|tuong|uy)\b|director |(?:ngay )?\d{1,2} thang\b"
)
"""How the lines of a signer begin: on whose behalf, with an office, a rank or a date."""
_BESIDE_MM, _EDGE_MM = 4.0, 0.7
_CLEAR, _STRANGE = 0.9, 0.65
"""Mean confidence from which a segment is clearly read, and below which it is no part of a value
that contains a clearly read segment."""
_OTHER_SIZE = 1.4
"""Factor between the heights of segments from which they are of different print sizes."""


def _signed(segments: Sequence[Segment], model: Model) -> set[int]:
    """Return the segments of the signer's block, by identity: from the line of place and date on.

    A segment on the line of a caption never belongs to the signer.
    """
    captioned = {p.line for p in segments if p.caption and model.type[p.caption].vi}
    heads = [
        p
        for p in segments
        if p.line not in captioned
        and (_SIGNER.match(fold_key(p.text)) or values.words_date(p.text))
    ]
    found: set[int] = set()
    for p in segments:
        if p.hit is not None or p.line in captioned:
            continue
        middle = (p.x0 + p.x1) / 2
        for head in heads:
            level = p.y > head.y - 0.3 * head.height
            if level and head.x0 - _BESIDE_MM < middle < head.x1 + _BESIDE_MM:
                found.add(id(p))
    return found


def _assemble(
    f: Field, mine: Sequence[tuple[Segment, float]], slot: Slot | None, *, captioned: bool
) -> Reading | None:
    if not mine:
        return None
    rows = _rows(
        [p for p, _ in mine],
        lambda p, row: p.y - float(np.mean([q.y for q in row])) < 0.42 * p.height,
    )
    ordered = [p for row in rows for p in row]
    if not isinstance(f.type, forms.Amount):  # a single letter is a speck or a stroke
        ordered = [p for p in ordered if sum(c.isalnum() for c in p.text) > 1] or ordered
    ordered = _without_strangers(ordered)
    cost = min(c for _, c in mine)
    text = values.take(f, [p.text for p in ordered], leader=slot is not None and slot.leader)
    if not text:
        return None
    used = [p for p in ordered if values.shares(text, p.text)] or ordered
    return Reading.of(text, used, cost, captioned=captioned)


def _without_strangers(segments: list[Segment]) -> list[Segment]:
    """Drop low-confidence segments if others are clearly read: seals and background patterns.

    Print of another size, such as a caption's other language, must be clearly read to be kept.
    """
    means = [float(np.mean(s.characters)) if s.characters else 1.0 for s in segments]
    if max(means) < _CLEAR:
        return segments
    usual = max(segments, key=lambda s: len(s.text)).height
    return [
        s
        for s, mean in zip(segments, means, strict=True)
        if mean >= (_STRANGE if 1 / _OTHER_SIZE < s.height / usual < _OTHER_SIZE else _CLEAR)
    ]


_Special = tuple[str, Sequence[Segment], float]
"""Text of a value, the segments that contain it, and its cost."""


def _special(f: Field, slot: Slot | None, segments: Sequence[Segment]) -> _Special | None:
    """Read fields that are part of a sentence: dates in words and authorities."""
    if f.type is t.POLICE:
        return _police(segments)
    rows = _rows(segments, lambda p, row: p.y - row[0].y < 0.45 * max(p.height, 1))
    # A sentence is usually one line; if it was split, its row is tried as a whole.
    lines: dict[int, list[Segment]] = {}
    for segment in segments:
        lines.setdefault(segment.line, []).append(segment)
    for row in [*lines.values(), *rows]:
        text = " ".join(p.text for p in row)
        found = values.from_sentence(f, slot.template if slot else "{}", text)
        if found:
            return found, row, 0.2
    return _authority(f, rows)


def _police(segments: Sequence[Segment]) -> _Special | None:
    """Read the police authority in the header of a certificate."""
    mine = [p for p in sorted(segments, key=lambda p: p.y) if values.police_body([p.text])]
    # Lines of one block follow one another; the signer's authority is further below.
    block = mine[:1]
    for segment in mine[1:]:
        if segment.y - block[-1].y < 2.2 * max(segment.height, block[-1].height):
            block.append(segment)
    text = values.police_body([p.text for p in block])
    return (text, block, 0.2) if text else None


def _rows(
    segments: Sequence[Segment], is_on: Callable[[Segment, list[Segment]], bool]
) -> list[list[Segment]]:
    """Sort segments into rows from the top, each from the left."""
    rows: list[list[Segment]] = []
    for segment in sorted(segments, key=lambda p: p.y):
        if rows and is_on(segment, rows[-1]):
            rows[-1].append(segment)
        else:
            rows.append([segment])
    return [sorted(row, key=lambda p: p.x0) for row in rows]


def _authority(f: Field, rows: Sequence[Sequence[Segment]]) -> _Special | None:
    """Return the sequence of segments most similar to a known authority."""
    best: tuple[float, str, list[Segment]] = (0.0, "", [])
    flat = [p for row in rows for p in row]
    for i in range(len(flat)):
        group: list[Segment] = []
        for segment in flat[i:]:
            if group and (
                segment.y - group[-1].y > 2.2 * max(group[-1].height, 1.5)
                or segment.x0 > group[0].x1 + 12
                or segment.x1 < group[0].x0 - 12
            ):
                continue
            group.append(segment)
            if len(group) > f.max_lines + 1:
                break
            score, text = values.authority(f, " ".join(p.text for p in group))
            if score > best[0]:
                best = (score, text, list(group))
    score, text, found = best
    return (text, found, 1.0 - score) if score >= 0.7 else None


def _rescue(
    fields: Sequence[Field],
    readings: dict[str, Reading],
    loose: Sequence[Segment],
    assigned: Mapping[str, Sequence[tuple[Segment, float]]],
) -> None:
    """Fill fields of a distinctive form that got no segment with any free segment of that form."""
    free = [p for p in loose if not any(p is q for group in assigned.values() for q, _ in group)]
    for f in fields:
        if f.name in readings or not values.is_rare(f):
            continue
        for segment in free:
            if f.type.accepts(values.take(f, [segment.text])):
                made = _assemble(f, [(segment, 2.5)], None, captioned=False)
                if made is not None:
                    readings[f.name] = made
                    break
