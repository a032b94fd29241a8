"""Assigns each segment to a field: by its caption, or by where the layout prints the value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cvocr_lab.engines.local import values
from cvocr_lab.engines.local.caption_segments import Segment
from cvocr_lab.engines.local.captions import MIDDLE, Caption
from cvocr_lab.kinds import Field, Slot
from cvocr_lab.kinds import _forms as forms

_Costed = tuple[Segment, float]
Assigned = dict[str, list[_Costed]]
"""The segments of each field and their costs."""

TOO_FAR = 3.0
"""Cost above which a segment is not assigned to the field."""
_SAME_LEFT_MM, _CONTINUED = 3.0, 1.5
"""How far apart the rows of a value may begin, and the cost of a row assigned for that alone."""
_NO_VALUE = 1.5
"""Misfit above which a segment cannot be a value of a field."""
_HEADING_MM = 15.0
"""How far to the left of its heading a text below it may begin."""
_FAR_BETTER, _BLANK = 1.5, 0.7
"""By how much less a segment must cost in the field of the segment it touches than in its own, and
the gap, in segment heights, below which two segments touch."""
_NEAR_MM = 15.0
"""Gap after a caption from which a segment on the same row is unlikely to be its value."""


def assign(
    loose: Sequence[Segment],
    fields: Sequence[Field],
    captions: Mapping[str, Caption],
    slots: Mapping[str, Slot],
) -> Assigned:
    """Assign each segment to the field that it fits best; return them with their costs.

    For fields whose values are words of a closed list, segments on other rows than the best one go
    to their next best field.
    """
    by_name = {f.name: f for f in fields}
    assigned: Assigned = {}
    left: dict[int, set[str]] = {id(segment): set() for segment in loose}
    waiting = list(loose)
    while waiting:
        for segment in waiting:
            best, least = "", TOO_FAR
            for f in fields:
                if f.name in left[id(segment)]:
                    continue
                cost = _cost(segment, f, captions, slots.get(f.name), by_name)
                cost += values.misfit(f, segment.text)
                if cost < least:
                    best, least = f.name, cost
            if best:
                assigned.setdefault(best, []).append((segment, least))
        waiting = []
        for f in fields:
            if f.name in assigned and isinstance(f.type, forms.Choice):
                mine, others = _one_row(assigned[f.name])
                assigned[f.name] = mine
                waiting += others
                for segment in others:
                    left[id(segment)].add(f.name)
    _join(assigned, loose, by_name)
    _continue(assigned, loose, fields)
    return assigned


def _join(assigned: Assigned, loose: Sequence[Segment], fields: Mapping[str, Field]) -> None:
    """Move segments to the field of the segment they touch on their row, if that fits far better.

    A value may be found in several parts, of which only the first is near its caption.
    """
    given = {id(p): (name, cost) for name, some in assigned.items() for p, cost in some}
    for segment in loose:
        mine, own = given.get(id(segment), ("", TOO_FAR))
        for other in loose:
            name, cost = given.get(id(other), ("", TOO_FAR))
            if name in ("", mine) or cost > own - _FAR_BETTER or not _touch(segment, other):
                continue
            if values.misfit(fields[name], segment.text) > _NO_VALUE:
                continue
            if mine:
                assigned[mine] = [item for item in assigned[mine] if item[0] is not segment]
            assigned[name].append((segment, cost))
            break


def _touch(one: Segment, other: Segment) -> bool:
    """Return whether two segments are on one row with at most a blank between them."""
    height = min(one.height, other.height)
    gap = max(one.x0 - other.x1, other.x0 - one.x1)
    return abs(one.y - other.y) < 0.35 * height and gap < _BLANK * height


def _continue(assigned: Assigned, loose: Sequence[Segment], fields: Sequence[Field]) -> None:
    """Assign free segments to the field whose value they continue in the next row, left-aligned."""
    given = {id(segment) for some in assigned.values() for segment, _ in some}
    for segment in sorted(loose, key=lambda p: p.y):
        if id(segment) in given:
            continue
        for f in fields:
            above = [p for p, _ in assigned.get(f.name, ())]
            if not above or not isinstance(f.type, forms.Address | forms.Sign):
                continue
            last = max(above, key=lambda p: p.y)
            step = (segment.y - last.y) / max(segment.height, last.height)
            begins = abs(segment.x0 - min(p.x0 for p in above)) < _SAME_LEFT_MM
            if 0.6 < step < 1.6 and begins and segment.x1 <= max(p.x1 for p in above):
                assigned[f.name].append((segment, _CONTINUED))
                break


def _one_row(segments: list[_Costed]) -> tuple[list[_Costed], list[Segment]]:
    """Split segments into those on the row of the cheapest one and the others.

    A word of a closed list does not continue on the next line.
    """
    best = min(segments, key=lambda item: item[1])[0]
    mine = [item for item in segments if abs(item[0].y - best.y) < 0.6 * best.height]
    return mine, [segment for segment, _ in segments if not any(segment is p for p, _ in mine)]


def _cost(
    segment: Segment, f: Field, captions: Mapping[str, Caption], slot: Slot | None,
    fields: Mapping[str, Field],
) -> float:  # fmt: skip
    costs = [TOO_FAR + 1]
    caption = captions.get(f.name)
    if caption is not None:
        costs.append(_caption_cost(segment, f, caption, captions, slot, fields))
    if slot is not None:
        pitch = 1.35 * slot.size
        rows = (segment.y - (slot.value_y - MIDDLE * slot.size)) / pitch
        row = min(max(round(rows), 0), max(slot.lines, f.max_lines) - 1)
        left = slot.value_x if row == 0 or slot.wrap_x is None else slot.wrap_x
        dx = max(left - 2 - segment.x0, segment.x0 - (left + slot.width), 0)
        dy = abs(rows - row) * pitch
        # A position is weaker evidence than a caption: other models print captions elsewhere.
        base = 1.6 if caption is not None else 0.9
        costs.append(base + 0.35 * dy + 0.08 * dx + 0.1 * row)
    return min(costs)


def _before(caption: Segment, segment: Segment) -> bool:
    """Return whether a caption is to the left of a segment, allowing for inexact line ends."""
    return (caption.x0 + caption.x1) / 2 < segment.x0


def _caption_cost(
    segment: Segment,
    f: Field,
    caption: Caption,
    captions: Mapping[str, Caption],
    slot: Slot | None,
    fields: Mapping[str, Field],
) -> float:
    height = caption.height
    named = [(name, row) for name, c in captions.items() if c is not caption for row in c.rows]
    others = [row for _, row in named]
    for row in caption.rows:
        on_row = abs(segment.y - row.y) < 0.65 * max(height, segment.height)
        if on_row and segment.x0 > row.x1 - 2:
            between = any(
                abs(c.y - row.y) < 0.65 * height and row.x1 - 1 <= c.x0 and _before(c, segment)
                for c in others
            )
            below = 0.3 if f.flow == "below" else 0.0
            gap = segment.x0 - row.x1
            far = 0.015 * gap + 0.12 * max(gap - _NEAR_MM, 0)
            return TOO_FAR + 1 if between else below + far
    rows = (segment.y - caption.y) / (1.35 * height)
    if not 0.4 < rows < f.max_lines + (f.flow != "right") + 0.9:
        return TOO_FAR + 1
    wrap = slot.wrap_x if slot and slot.wrap_x is not None else caption.x0
    # A heading is centred above its text.
    left = min(caption.x0, wrap) - (_HEADING_MM if isinstance(f.type, forms.Sign) else 4)
    over = min(segment.x1, caption.x1) - max(segment.x0, caption.x0)
    centred = f.flow == "below" and over > 4  # a heading centred above its value
    if not centred and (segment.x1 < left or segment.x0 < left - 3):
        return TOO_FAR + 1
    for name, c in named:
        if c.x0 > segment.x1:
            continue
        lower = c.y > caption.y + 0.45 * height
        if (
            lower
            and c.y < segment.y - 0.45 * height
            and c.x0 < segment.x1
            and c.x1 > caption.x0 - 2
        ):
            return TOO_FAR + 1  # another caption is between them
        beside = abs(c.y - segment.y) < 0.6 * height and left < c.x1 and _before(c, segment)
        owner = fields.get(name)
        # The end of an address on the line of a date is no date.
        may_be = owner is None or values.misfit(owner, segment.text) < _NO_VALUE
        if lower and beside and may_be:
            return TOO_FAR + 1  # the segment is on another caption's line
        upper_right = abs(c.y - caption.y) < 0.6 * height and c.x0 > caption.x1
        if upper_right and segment.x0 > c.x0 - 3:
            return TOO_FAR + 1  # it is below the next column
    flow = 0.9 if f.flow == "right" else 0.1
    return flow + 0.2 * rows + 0.02 * abs(segment.x0 - caption.x0)
