"""Draw a flat paper from its layout: background, pictures, captions and values."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from cvocr_lab.kinds import DocumentType, Layout, Picture, Slot
from cvocr_lab.kinds._made_up import sample_name
from cvocr_lab.results import Quad, box_quad
from cvocr_lab.synth import fonts, grounds, pictures
from cvocr_lab.synth.draw_text import (
    Desk,
    Sheet,
    Typeface,
    centred,
    free_span,
    join_quads,
    put,
    typeface,
    width_of,
    write,
)
from cvocr_lab.synth.draw_text import Picture as Pixels

_RANKS = ("Thượng tá", "Đại tá", "Trung tá", "Thiếu tá", "Thiếu tướng", "Trung tướng")
_UNITS = {"pay_load": ("kg", " kg", "kg"), "capacity": ("", "", " cm3", "cm3")}
_DAYS = {"date", "last_issue_date"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A flat paper and its truth, in pixels of the picture."""

    picture: Pixels
    fields: Mapping[str, str]
    line_quads: Mapping[str, tuple[Quad, ...]]
    lines: tuple[tuple[str, Quad], ...]

    @property
    def quads(self) -> dict[str, Quad]:
        """One quad per value, around all its lines."""
        return {name: join_quads(list(quads)) for name, quads in self.line_quads.items()}


def draw(
    kind: DocumentType, layout: Layout, values: Mapping[str, str], chance: random.Random, *,
    pool: fonts.Pool, scale: float,
) -> Drawn:  # fmt: skip
    """Draw the paper with those of the values that its layout has; `scale` is in pixels per mm."""
    rng = np.random.default_rng(chance.getrandbits(64))
    size = (round(layout.size[0] * scale), round(layout.size[1] * scale))
    sheet = Sheet(grounds.ground(size, layout.ground, rng), scale)
    desk = Desk(kind, layout, values, chance, rng, pool, sheet)
    over = [picture for picture in layout.pictures if picture.role in {"seal", "signature"}]
    for picture in layout.pictures:
        if picture not in over:
            _picture(desk, picture)
    _prints(desk)
    _slots(desk)
    for picture in over:
        _picture(desk, picture)
    return Drawn(sheet.finished(), desk.fields, desk.quads, tuple(sheet.lines))


def _picture(desk: Desk, picture: Picture) -> None:
    chance, rng, scale = desk.chance, desk.rng, desk.sheet.scale
    width, height = round(picture.width * scale), round(picture.height * scale)
    loose = {"seal": 2.5, "signature": 2.0}.get(picture.role, 0.5)
    x, y = picture.x + chance.uniform(-loose, loose), picture.y + chance.uniform(-loose, loose)
    if picture.role == "qr":
        payload = desk.values.get("qr")
        if not payload:
            return
        stamp = pictures.qr(width, height, payload)
        left, top = round(x * scale), round(y * scale)
        desk.quads["qr"] = (box_quad(left, top, left + width, top + height),)
        desk.fields["qr"] = payload
    elif picture.role == "seal" and desk.kind.side != "back" and desk.kind.family == "id":
        stamp = pictures.dry_seal(width, height, rng)
    else:
        stamp = pictures.BY_ROLE[picture.role](width, height, rng)
    desk.sheet.colour(stamp, round(x * scale), round(y * scale))
    if picture.role == "signature":
        name = sample_name(chance, "Nam")
        if desk.kind.family == "vehicle" and chance.random() < 0.7:
            centred(desk, chance.choice(_RANKS), x + picture.width / 2, y - 0.5, 2.2, bold=False)
        below = min(y + picture.height + 2, desk.layout.size[1] - 1.2)
        centred(desk, name, x + picture.width / 2, below, 2.2, bold=True)


def _prints(desk: Desk) -> None:
    red = (desk.chance.randint(165, 215), desk.chance.randint(20, 60), desk.chance.randint(25, 70))
    for fixed in desk.layout.prints:
        ink = red if fixed.ink == "red" else desk.ink
        size = fixed.size * desk.chance.uniform(0.95, 1.05)
        left, right = free_span(desk, fixed.x, fixed.y, fixed.size)
        centred = fixed.align == "center"
        room = 2 * min(fixed.x - left, right - fixed.x) if centred else right - fixed.x
        end, _ = put(
            desk, fixed.text, fixed.x, fixed.y, size, desk.captions, bold=fixed.bold,
            italic=fixed.italic, ink=ink, room=room, centre=centred,
        )  # fmt: skip
        if re.match(r"Họ và tên (cha|mẹ)", fixed.text):
            name = sample_name(desk.chance, "Nữ" if "mẹ" in fixed.text else "Nam").upper()
            x, room = end + 1.2, right - end - 1.2
            put(desk, name, x, fixed.y, size, desk.typed, ink=desk.value_ink, room=room)


def _slots(desk: Desk) -> None:
    """Draw every field that has a slot and a value, row by row from the left."""
    rows: dict[float, list[Slot]] = {}
    for slot in desk.layout.slots:
        rows.setdefault(slot.y, []).append(slot)
    for row in rows.values():
        cursor, done = 0.0, set[tuple[float, str]]()
        for slot in sorted(row, key=lambda s: s.x):
            # Fields that share a template, such as place and date, are drawn as one line.
            shared = [s.field for s in row if (s.x, s.template) == (slot.x, slot.template)]
            if (slot.x, slot.template) in done or not any(n in desk.values for n in shared):
                continue
            done.add((slot.x, slot.template))
            cursor = _slot(desk, slot, shared, cursor, [s.x for s in row if s.x > slot.x + 0.5])


def _slot(desk: Desk, slot: Slot, shared: list[str], cursor: float, after: list[float]) -> float:
    """Draw the caption and the value, and return the x position at which the row is free again.

    `after` has the x positions of the next slots of the row.
    """
    if slot.field == "mrz":
        _mrz(desk, slot)
        return cursor
    chance = desk.chance
    x = max(slot.x, cursor + 0.8 if cursor else 0.0)
    value_x = slot.value_x + (x - slot.x)
    beside = abs(slot.value_y - slot.y) < 1.0
    _, edge = free_span(desk, slot.x + 1, slot.value_y, slot.size)
    limit = slot.value_x + slot.width
    if slot.align == "left":
        limit = min([limit, edge, *(at - 0.6 for at in after)])
    size = min(desk.caption_em, slot.size * 1.1)
    if stacked := _stacked(desk, slot, beside=beside):
        first, second = stacked
        end, _ = put(desk, first, x, slot.y, size, desk.captions, room=slot.width * 0.6)
        put(desk, second, x, slot.value_y, size, desk.captions, room=slot.width)
        slot = replace(slot, value_y=slot.y, lines=1)
        value_x = end + chance.uniform(0.6, 1.2)
        limit = slot.x + slot.width
    elif caption := _caption(desk, slot):
        wide = min([*after, edge, x + slot.width]) - x
        room = slot.value_x - slot.x - 0.4 if beside else wide
        end, _ = put(desk, caption, x, slot.y, size, desk.captions, room=max(room, 4.0))
        if beside:
            close = end + chance.uniform(0.7, 1.6)
            value_x = close if chance.random() < 0.5 else max(close, value_x)
    return _value(desk, slot, shared, value_x, max(limit, value_x + 4))


def _caption(desk: Desk, slot: Slot) -> str:
    """Return the wording of the caption on this paper; "" if the field has no caption."""
    spec, chance = desk.kind[slot.field], desk.chance
    if not spec.vi:
        return ""
    vi = slot.vi or spec.vi[0]
    if not slot.vi and chance.random() < 0.12:
        vi = chance.choice(spec.vi)
    form = desk.caption_form
    if not spec.en:
        return re.sub(r"\s*/\s*\{en\}|\s*\(\{en\}\)", "", form).format(vi=vi)
    en = chance.choice(spec.en) if chance.random() < 0.2 else spec.en[0]
    return form.format(vi=vi, en=en)


def _stacked(desk: Desk, slot: Slot, *, beside: bool) -> tuple[str, str] | None:
    """Return both parts of a caption with the English below, as on chip cards (expiry date)."""
    spec = desk.kind[slot.field]
    if beside or slot.field != "duedate" or desk.kind.family != "id" or not spec.en:
        return None
    if desk.chance.random() < 0.4:
        return None
    colon = ":" if desk.caption_form.endswith(":") else ""
    return f"{slot.vi or spec.vi[0]}{colon}", f"{spec.en[0]}{colon}"


def _places(
    desk: Desk, slot: Slot, x: float, limit: float, size: float
) -> list[tuple[float, float, float]]:
    """Return the left end, the baseline and the width of each line of a value."""
    layout, count = desk.layout, max(slot.lines, 1)
    wrap_x = slot.wrap_x if slot.wrap_x is not None else x
    if slot.align == "center":
        wrap_x = slot.value_x
    _, edge = free_span(desk, wrap_x + 2, slot.value_y + 3, slot.size)
    wrap_limit = max(limit, min(edge, slot.value_x + slot.width))
    below = [s.y for s in layout.slots if s.y > slot.value_y + 0.5 and abs(s.x - slot.x) < 25]
    below += [p.y for p in layout.prints if p.y > slot.value_y + 0.5 and abs(p.x - slot.x) < 30]
    space = min([*below, layout.size[1] + 1.2]) - slot.value_y
    pitch = min(size * 1.5, max(size * 1.1, space / count))
    further = (slot.value_y + pitch * number for number in range(1, count))
    return [(x, slot.value_y, limit - x), *((wrap_x, y, wrap_limit - wrap_x) for y in further)]


def _value(desk: Desk, slot: Slot, shared: list[str], x: float, limit: float) -> float:
    text, spans = _fill(desk, slot, shared)
    chance, face = desk.chance, desk.typed
    size = slot.size * desk.value_em
    places = _places(desk, slot, x, limit, size)
    path = face.bold if slot.bold else face.regular
    centre = slot.align == "center"
    rooms = [room for _, _, room in places]
    lines, squeeze = _wrapped(desk, text, path, size, rooms, centre=centre)
    if slot.leader:
        for left, y, room in places:
            _leader(desk, left, y + 0.35, left + room)
    ink = desk.value_ink
    if slot.ink == "red":
        ink = chance.randint(150, 215), chance.randint(20, 70), chance.randint(25, 80)
    angle = chance.gauss(0, desk.wobble * 0.5)
    found: dict[str, list[Quad]] = {name: [] for name in spans}
    at, right = 0, x
    for line, (left, y, room) in zip(lines, places, strict=False):
        y = y + desk.shift[1] + chance.gauss(0, desk.wobble * 0.5)
        inside = {
            name: (max(a - at, 0), min(b - at, len(line)))
            for name, (a, b) in spans.items()
            if a < at + len(line) and b > at
        }
        right, quads = put(
            desk, line, left + (room / 2 if centre else desk.shift[0]), y, size * squeeze, face,
            bold=slot.bold, ink=ink, room=room, centre=centre, parts=tuple(inside.values()),
            angle_deg=angle, wear=desk.wear,
        )  # fmt: skip
        for (name, span), quad in zip(inside.items(), quads[1:], strict=True):
            found[name].append(quads[0] if span == (0, len(line)) else quad)
        at += len(line) + 1
    for name, (a, b) in spans.items():
        # The truth of a date in words is dd/mm/yyyy; all other values are as printed.
        worded = name in _DAYS and "{d}" in slot.template
        desk.fields[name] = desk.values[name] if worded else text[a:b]
        desk.quads[name] = tuple(found[name])
    return right


def _fill(desk: Desk, slot: Slot, shared: list[str]) -> tuple[str, dict[str, tuple[int, int]]]:
    """Return the text of a value's line, and which characters belong to which field."""
    values, chance = desk.values, desk.chance
    if "{d}" in slot.template:
        name = next(name for name in shared if name in _DAYS)
        day, month, year = re.split(r"[-/]", values[name])
        if chance.random() < 0.15:
            month = month.lstrip("0")
        place = values.get("issued_at", "") if "{place}" in slot.template else ""
        text = slot.template.format(d=day, m=month, y=year, place=place)
        spans = {name: (text.index(day, len(place)), len(text))}
        return text, spans | ({"issued_at": (0, len(place))} if place else {})
    value = values[slot.field].upper() if slot.upper else values[slot.field]
    template = slot.template
    if slot.field == "sex" and desk.kind.family == "passport" and chance.random() < 0.75:
        template = "{} / " + ("M" if value.upper() == "NAM" else "F")
    template += chance.choice(_UNITS.get(slot.field, ("",)))
    if slot.field == "name" and desk.kind.family == "vehicle" and chance.random() < 0.04:
        template += f" - {chance.randint(1950, 2004)}"  # some offices add the owner's birth year
    start = template.index("{}")
    spans = {slot.field: (start, start + len(value))}
    if slot.field == "name" and desk.kind.family == "passport":
        cut = len(values["surname"])
        spans |= {"surname": (0, cut), "given_name": (cut + 1, len(value))}
    return template.format(value), spans


def _wrapped(
    desk: Desk, text: str, path: Path, size: float, rooms: list[float], *, centre: bool
) -> tuple[list[str], float]:
    """Break the text into lines that fit, and return them with their relative font size."""
    words = text.split(" ")
    face, scale = desk.typed, desk.sheet.scale

    def greedy(em: float, slack: float, *, early: bool) -> list[str]:
        """Fill the lines; `early` breaks the first line after a comma, as on many cards."""
        lines = [""]
        for before, word in zip(["", *words], words, strict=False):
            longer = f"{lines[-1]} {word}".strip()
            room = rooms[min(len(lines), len(rooms)) - 1] * slack
            breaks = early and len(lines) == 1 and before.endswith(",")
            too_wide = width_of(longer, path, em * scale, face) > room * scale
            if lines[-1] and (breaks or too_wide):
                lines.append(word)
            else:
                lines[-1] = longer
        return lines

    if centre and len(rooms) > 1:
        title = re.match(r"(CỤC TRƯỞNG) (CỤC CẢNH SÁT.*?) (VỀ .*)", text)
        if title and len(rooms) == 3:
            return list(title.groups()), 1.0
        if title:
            head, tail = text.split(" CẢNH SÁT ", 1)
            return [f"{head} CẢNH SÁT", tail], 1.0
    early = len(rooms) > 1 and not centre and desk.chance.random() < 0.35
    for squeeze in (1.0, 0.94, 0.88, 0.82):
        lines = greedy(size * squeeze, 1.12, early=early)
        if len(lines) <= len(rooms):
            return lines, squeeze
        early = False
    lines = greedy(size * 0.8, 1.3, early=False)
    while len(lines) > len(rooms):
        lines[-2:] = [" ".join(lines[-2:])]
    return lines, 0.8


def _leader(desk: Desk, x0: float, y: float, x1: float) -> None:
    """Draw a line of dots from `x0` to `x1`."""
    scale = desk.sheet.scale
    side = max(2, round(0.28 * scale)) + 2
    dot = np.zeros((side, side), np.float32)
    cv2.circle(dot, (side // 2, side // 2), max(1, side // 2 - 1), (0.8,), -1, cv2.LINE_AA)
    for x in np.arange(x0, x1, 0.85):
        desk.sheet.blend(dot, round(x * scale), round(y * scale), desk.ink)


def _mrz(desk: Desk, slot: Slot) -> None:
    """Draw the machine readable zone, stretched or compressed to its width."""
    lines = desk.values["mrz"].split(" ")
    chance, scale = desk.chance, desk.sheet.scale
    path = typeface(chance, "ocrb", desk.pool).regular
    em = slot.size * chance.uniform(0.95, 1.1) * scale
    natural = fonts.load(path, max(6, round(em))).getlength(lines[0])
    target = slot.width * chance.uniform(0.95, 1.01) * scale
    spacing = max(0.0, (target - natural) / len(lines[0]) / max(6, round(em)))
    face = Typeface(path, path, path, stretch=min(1.0, target / natural), spacing=spacing)
    pitch = (5.6 if len(lines) == 2 else 4.5) * chance.uniform(0.95, 1.05)
    quads: list[Quad] = []
    for number, line in enumerate(lines):
        quads += write(
            desk.sheet, line, slot.x * scale, (slot.y + pitch * number) * scale, path, em, face,
            ink=desk.value_ink, rng=desk.rng, wear=desk.wear * 0.5,
        )  # fmt: skip
    carried = [f.name for f in desk.kind.fields if f.source == "mrz" and f.name in desk.values]
    desk.fields.update({name: desk.values[name] for name in [*carried, "mrz"]})
    desk.quads["mrz"] = tuple(quads)
