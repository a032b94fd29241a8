"""From lines to field values, by captions and geometry.

Lines are cut at the captions found in them.  What is left are *pieces* of values; each goes to
the field whose caption, or printed place, it fits best; then the field's type takes its value
out of the joined text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cvocr_lab.engines.local import values
from cvocr_lab.engines.local.classify import Hit, Model, folded
from cvocr_lab.engines.local.pieces import Piece, cut, hull
from cvocr_lab.engines.local.rectify import Matrix
from cvocr_lab.kinds import Field, FieldType, Slot
from cvocr_lab.results import Line, Quad

TEXT = FieldType("TEXT")


@dataclass(frozen=True, slots=True)
class Reading:
    """A value as parsed, before cross-checks.

    Parameters
    ----------
    text
        As printed.
    quad
        In pixels of the picture the lines came from.
    characters
        Confidence of each character that was read, 0 to 1.
    cost
        How ill its place fits the field, 0 best.
    captioned
        Whether the field's caption was found.
    """

    text: str
    quad: Quad | None
    characters: tuple[float, ...]
    cost: float
    captioned: bool
    lines: tuple[int, ...] = field(default=())


def parse(
    lines: Sequence[Line], hits: Sequence[Hit], model: Model, matrix: Matrix, *, skip: set[int]
) -> dict[str, Reading]:
    """Readings by field name.

    Parameters
    ----------
    lines, hits
        Lines of one paper and the anchors found in them.
    matrix
        From millimetres on the paper to the lines' pixels.
    skip
        Lines that are no print: the MRZ, lines of other papers.
    """
    pieces = cut(lines, hits, model, matrix, skip)
    captions = _captions(pieces, model)
    loose = [p for p in pieces if p.hit is None]
    slots = {s.field: s for s in model.layout.slots}
    fields = [f for f in model.type.fields if f.source == "print" and f.name != "mrz"]
    fields = [f for f in fields if f.name in slots or f.name in captions]
    readings: dict[str, Reading] = {}
    plain = [f for f in fields if f.vi and not _templated(slots.get(f.name))]
    special = [f for f in fields if f not in plain]
    taken: set[int] = set()
    uncaptioned = [p for p in pieces if not p.caption or not model.type[p.caption].vi]
    for f in special:
        made = _special(f, slots.get(f.name), uncaptioned, taken)
        if made is not None:
            readings[f.name] = made
    rest = [p for i, p in enumerate(loose) if id(p) not in taken]
    others = _other_captions(pieces, model)
    asked = [*plain, *(Field(name, TEXT) for name in others)]
    assigned = _assign(rest, asked, captions | others, slots)
    for f in plain:
        mine = assigned.get(f.name, [])
        made = _assemble(f, mine, slots.get(f.name), captioned=f.name in captions)
        if made is not None:
            readings[f.name] = made
    _rescue(plain, readings, rest, assigned)
    return readings


def _templated(slot: Slot | None) -> bool:
    return slot is not None and "{d}" in slot.template


def _captions(pieces: Sequence[Piece], model: Model) -> dict[str, Piece]:
    """The caption of each field; the Vietnamese and the English part joined into one box."""
    slots = {s.field: s for s in model.layout.slots}
    found: dict[str, list[Piece]] = {}
    for piece in pieces:
        if piece.caption:
            found.setdefault(piece.caption, []).append(piece)
    captions: dict[str, Piece] = {}
    for name, candidates in found.items():
        slot = slots.get(name)

        def fit(p: Piece, slot: Slot | None = slot) -> float:
            hit = p.hit
            assert hit is not None
            off = abs(p.x0 - slot.x) * 0.5 + abs(p.y - slot.y) if slot else 0.0
            return hit.score * len(hit.key) - 0.6 * off

        best = max(candidates, key=fit)
        x0, x1, y = best.x0, best.x1, best.y
        for other in candidates:
            near = abs(other.y - y) < 0.6 * best.height or 0 < other.y - y < 1.7 * best.height
            if other is not best and near:
                same_row = abs(other.y - y) < 0.6 * best.height
                x0 = min(x0, other.x0)
                x1 = max(x1, other.x1) if same_row else x1
                if not same_row:
                    y = other.y
        captions[name] = Piece(
            best.line, best.start, best.end, best.text, best.quad, x0, x1, y, best.height,
            best.characters, best.hit, name,
        )  # fmt: skip
    return captions


def _other_captions(pieces: Sequence[Piece], model: Model) -> dict[str, Piece]:
    """Captions of what is no field of the type, such as a father's name: they keep their values."""
    keys = {folded(p.text)[0] for p in model.layout.prints if p.text.endswith(":")}
    found = [p for p in pieces if p.hit is not None and p.hit.key in keys]
    return {f"({number})": piece for number, piece in enumerate(found)}


_TOO_FAR = 3.0


def _assign(
    loose: Sequence[Piece],
    fields: Sequence[Field],
    captions: Mapping[str, Piece],
    slots: Mapping[str, Slot],
) -> dict[str, list[tuple[Piece, float]]]:
    """Each piece to the field it fits best."""
    assigned: dict[str, list[tuple[Piece, float]]] = {}
    for piece in loose:
        best, least = "", _TOO_FAR
        for f in fields:
            cost = _cost(piece, f, captions, slots.get(f.name))
            cost += values.misfit(f, piece.text)
            if cost < least:
                best, least = f.name, cost
        if best:
            assigned.setdefault(best, []).append((piece, least))
    return assigned


def _cost(piece: Piece, f: Field, captions: Mapping[str, Piece], slot: Slot | None) -> float:
    costs = [_TOO_FAR + 1]
    caption = captions.get(f.name)
    if caption is not None:
        costs.append(_caption_cost(piece, f, caption, captions, slot))
    if slot is not None:
        pitch = 1.35 * slot.size
        rows = (piece.y - (slot.value_y - 0.35 * slot.size)) / pitch
        row = min(max(round(rows), 0), max(slot.lines, f.max_lines) - 1)
        left = slot.value_x if row == 0 or slot.wrap_x is None else slot.wrap_x
        dx = max(left - 2 - piece.x0, piece.x0 - (left + slot.width), 0)
        dy = abs(rows - row) * pitch
        # A place alone says less than a caption does: captions of other models move.
        base = 1.6 if caption is not None else 0.9
        costs.append(base + 0.35 * dy + 0.08 * dx + 0.1 * row)
    return min(costs)


def _caption_cost(
    piece: Piece, f: Field, caption: Piece, captions: Mapping[str, Piece], slot: Slot | None
) -> float:
    height = max(caption.height, 1.5)
    dy = piece.y - caption.y
    if abs(dy) < 0.65 * max(height, piece.height) and piece.x0 > caption.x1 - 2:
        between = any(
            c is not caption
            and abs(c.y - caption.y) < 0.65 * height
            and caption.x1 - 1 <= c.x0 < piece.x0 + 1
            for c in captions.values()
        )
        below = 0.3 if f.flow == "below" else 0.0
        return _TOO_FAR + 1 if between else below + 0.015 * (piece.x0 - caption.x1)
    rows = dy / (1.35 * height)
    if not 0.4 < rows < f.max_lines + (f.flow != "right") + 0.9:
        return _TOO_FAR + 1
    wrap = slot.wrap_x if slot and slot.wrap_x is not None else caption.x0
    left = min(caption.x0, wrap) - 4
    if piece.x1 < left or piece.x0 < left - 3:
        return _TOO_FAR + 1
    for c in captions.values():
        if c is caption or c.x0 > piece.x1:
            continue
        lower = c.y > caption.y + 0.45 * height
        if lower and c.y < piece.y - 0.45 * height and c.x0 < piece.x1 and c.x1 > caption.x0 - 2:
            return _TOO_FAR + 1  # another caption stands between
        beside = abs(c.y - piece.y) < 0.6 * height and c.x1 < piece.x0 + 2
        if lower and beside:
            return _TOO_FAR + 1  # the piece stands on another caption's line
        upper_right = abs(c.y - caption.y) < 0.6 * height and c.x0 > caption.x1
        if upper_right and piece.x0 > c.x0 - 3:
            return _TOO_FAR + 1  # it stands under the next column
    flow = 0.9 if f.flow == "right" else 0.1
    return flow + 0.2 * rows + 0.02 * abs(piece.x0 - caption.x0)


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """In reading order: rows from the top, each from the left."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: p.y):
        if rows and piece.y - np.mean([p.y for p in rows[-1]]) < 0.42 * piece.height:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [p for row in rows for p in sorted(row, key=lambda p: p.x0)]


def _assemble(
    f: Field, mine: Sequence[tuple[Piece, float]], slot: Slot | None, *, captioned: bool
) -> Reading | None:
    if not mine:
        return None
    ordered = _joined([p for p, _ in mine])
    cost = min(c for _, c in mine)
    text = values.take(f, [p.text for p in ordered], leader=slot is not None and slot.leader)
    if not text:
        return None
    used = [p for p in ordered if values.shares(text, p.text)] or ordered
    return Reading(text, hull(used), _sure(used), cost, captioned, tuple(p.line for p in used))


def _sure(pieces: Sequence[Piece]) -> tuple[float, ...]:
    return tuple(c for p in pieces for c in p.characters)


def _special(
    f: Field, slot: Slot | None, pieces: Sequence[Piece], taken: set[int]
) -> Reading | None:
    """Fields that stand in a sentence of their own: dates in words, authorities."""
    rows = _rows(pieces)
    # A sentence is one line mostly; only one that was cut takes its row together.
    lines: dict[int, list[Piece]] = {}
    for piece in pieces:
        lines.setdefault(piece.line, []).append(piece)
    for row in [*lines.values(), *rows]:
        text = " ".join(p.text for p in row)
        found = values.from_sentence(f, slot.template if slot else "{}", text)
        if found:
            taken.update(id(p) for p in row)
            return Reading(found, hull(row), _sure(row), 0.2, True, tuple(p.line for p in row))
    return _authority(f, rows, taken)


def _rows(pieces: Sequence[Piece]) -> list[list[Piece]]:
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: p.y):
        if rows and piece.y - rows[-1][0].y < 0.45 * max(piece.height, 1):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [sorted(row, key=lambda p: p.x0) for row in rows]


def _authority(f: Field, rows: Sequence[Sequence[Piece]], taken: set[int]) -> Reading | None:
    """The run of rows most like a known authority."""
    best: tuple[float, str, list[Piece]] = (0.0, "", [])
    flat = [p for row in rows for p in row]
    for i in range(len(flat)):
        group: list[Piece] = []
        for piece in flat[i:]:
            if group and (
                piece.y - group[-1].y > 2.2 * max(group[-1].height, 1.5)
                or piece.x0 > group[0].x1 + 12
                or piece.x1 < group[0].x0 - 12
            ):
                continue
            group.append(piece)
            if len(group) > f.max_lines + 1:
                break
            score, text = values.authority(f, " ".join(p.text for p in group))
            if score > best[0]:
                best = (score, text, list(group))
    if best[0] < 0.7:
        return None
    taken.update(id(p) for p in best[2])
    lines = tuple(p.line for p in best[2])
    return Reading(best[1], hull(best[2]), _sure(best[2]), 1.0 - best[0], True, lines)


def _rescue(
    fields: Sequence[Field],
    readings: dict[str, Reading],
    loose: Sequence[Piece],
    assigned: Mapping[str, Sequence[tuple[Piece, float]]],
) -> None:
    """Fields of strict form that found no piece: any free piece of that form."""
    free = [p for p in loose if not any(p is q for group in assigned.values() for q, _ in group)]
    for f in fields:
        if f.name in readings or not values.is_rare(f):
            continue
        for piece in free:
            if f.type.accepts(values.take(f, [piece.text])):
                made = _assemble(f, [(piece, 2.5)], None, captioned=False)
                if made is not None:
                    readings[f.name] = made
                    break
