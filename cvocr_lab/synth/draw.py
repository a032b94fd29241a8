"""A paper drawn flat from its layout: ground, pictures, captions, values, and where they stand."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from cvocr_lab.kinds import DocumentType, Layout, Picture, Slot
from cvocr_lab.kinds._made_up import sample_name
from cvocr_lab.results import Quad, box_quad
from cvocr_lab.synth import fonts, grounds, pictures
from cvocr_lab.synth.drawing import Picture as Pixels
from cvocr_lab.synth.drawing import Rgb, Sheet, Typeface, join_quads, typeface, width_of, write

_RANKS = ("Thượng tá", "Đại tá", "Trung tá", "Thiếu tá", "Thiếu tướng", "Trung tướng")
_UNITS = {"pay_load": ("kg", " kg", "kg"), "capacity": ("", "", " cm3", "cm3")}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A flat paper and what stands on it, in pixels of the picture."""

    picture: Pixels
    fields: Mapping[str, str]
    line_quads: Mapping[str, tuple[Quad, ...]]
    lines: tuple[tuple[str, Quad], ...]

    @property
    def quads(self) -> dict[str, Quad]:
        """One quad per value; a hull of its lines."""
        return {name: join_quads(list(quads)) for name, quads in self.line_quads.items()}


@dataclass(slots=True)
class _Desk:
    """What one drawing needs at hand."""

    kind: DocumentType
    layout: Layout
    values: Mapping[str, str]
    chance: random.Random
    rng: np.random.Generator
    pool: fonts.Pool
    sheet: Sheet
    captions: Typeface
    typed: Typeface
    ink: Rgb
    value_ink: Rgb
    wear: float
    wobble: float
    """How far typed values sit off their place, in millimetres."""
    shift: tuple[float, float]
    caption_em: float
    value_em: float
    caption_form: str
    fields: dict[str, str] = field(default_factory=dict)
    quads: dict[str, tuple[Quad, ...]] = field(default_factory=dict)


def draw(
    kind: DocumentType,
    layout: Layout,
    values: Mapping[str, str],
    chance: random.Random,
    *,
    pool: fonts.Pool = "shipped",
    scale: float = 14.0,
) -> Drawn:
    """Draw the paper.

    Parameters
    ----------
    values
        By field name, as printed; fields the layout has no place for are left out.
    scale
        Pixels per millimetre.
    """
    rng = np.random.default_rng(chance.getrandbits(64))
    size = (round(layout.size[0] * scale), round(layout.size[1] * scale))
    sheet = Sheet(grounds.ground(size, layout.ground, rng), scale)
    desk = _desk(kind, layout, values, chance, rng, pool, sheet)
    over = {"seal", "signature"}
    for picture in layout.pictures:
        if picture.role not in over:
            _picture(desk, picture)
    _prints(desk)
    _slots(desk)
    for picture in layout.pictures:
        if picture.role in over:
            _picture(desk, picture)
    return Drawn(
        np.clip(sheet.picture, 0, 255).astype(np.uint8),
        desk.fields,
        desk.quads,
        tuple(sheet.lines),
    )


def _desk(
    kind: DocumentType,
    layout: Layout,
    values: Mapping[str, str],
    chance: random.Random,
    rng: np.random.Generator,
    pool: fonts.Pool,
    sheet: Sheet,
) -> _Desk:
    style: fonts.Style = "serif" if layout.serif else "sans"
    if chance.random() < 0.12:
        style = "sans" if layout.serif else "serif"
    captions = typeface(chance, style, pool)
    typed = captions
    overprinted = layout.serif and kind.family != "passport"
    if overprinted or chance.random() < 0.2:
        typed = typeface(chance, chance.choice(("sans", "serif", "mono", "serif")), pool)
    dark = chance.randint(5, 60)
    inks: tuple[Rgb, ...] = (
        (dark, dark, dark), (dark, dark, dark), (dark, dark, dark + 50), (dark + 30, dark, dark),
        (dark, dark + 22, dark + 12),
    )  # fmt: skip
    form = layout.caption
    if "/" in form:
        form = chance.choice((form, form, form.replace(" / ", "/"), form.replace(":", "")))
    elif chance.random() < 0.15:
        form = form.replace(":", "")
    return _Desk(
        kind=kind, layout=layout, values=values, chance=chance, rng=rng, pool=pool, sheet=sheet,
        captions=captions, typed=typed, ink=chance.choice(inks), value_ink=chance.choice(inks),
        wear=chance.choice((0.0, 0.1, 0.25, 0.5 if overprinted else 0.2)),
        wobble=chance.uniform(0.1, 0.6) if overprinted else chance.uniform(0, 0.12),
        shift=(chance.gauss(0, 0.45), chance.gauss(0, 0.3)) if overprinted else (0.0, 0.0),
        caption_em=layout.caption_size * chance.uniform(0.9, 1.1),
        value_em=chance.uniform(0.92, 1.08), caption_form=form,
    )  # fmt: skip


def _picture(desk: _Desk, picture: Picture) -> None:
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
        drawing = {
            "portrait": pictures.portrait, "emblem": pictures.emblem, "seal": pictures.seal,
            "signature": pictures.signature, "finger": pictures.finger, "chip": pictures.chip,
            "barcode": pictures.barcode,
        }.get(picture.role)  # fmt: skip
        if drawing is None:
            return
        stamp = drawing(width, height, rng)
    desk.sheet.colour(stamp, round(x * scale), round(y * scale))
    if picture.role == "signature":
        name = sample_name(chance, "Nam")
        if desk.kind.family == "vehicle" and chance.random() < 0.7:
            _centred(desk, chance.choice(_RANKS), x + picture.width / 2, y - 0.5, 2.2, bold=False)
        _centred(
            desk,
            name,
            x + picture.width / 2,
            min(y + picture.height + 2, desk.layout.size[1] - 1.2),
            2.2,
            bold=True,
        )


def _room(desk: _Desk, x: float, y: float, size: float) -> tuple[float, float]:
    """The free span, left and right, around a point on a text line."""
    left, right = 1.2, desk.layout.size[0] - 1.2
    for box in desk.layout.pictures:
        if box.role in {"seal", "signature"} or not (
            box.y < y and y - size * 0.8 < box.y + box.height
        ):
            continue
        if box.x + box.width / 2 < x:
            left = max(left, box.x + box.width + 0.6)
        else:
            right = min(right, box.x - 0.6)
    return left, right


def _put(
    desk: _Desk, text: str, x: float, y: float, size: float, face: Typeface, *, bold: bool = False,
    italic: bool = False, ink: Rgb | None = None, room: float | None = None, centre: bool = False,
    parts: tuple[tuple[int, int], ...] = (), angle_deg: float = 0.0, wear: float = 0.0,
) -> tuple[float, tuple[Quad, ...]]:  # fmt: skip
    """Write at millimetres; squeeze what is too wide for `room`.  Gives the right end, the quads."""
    scale = desk.sheet.scale
    path = face.bold if bold else face.italic if italic else face.regular
    em, stretch = size * scale, 1.0
    wide = width_of(text, path, em, face)
    if room is not None and wide > room * scale:
        stretch = max(0.74, room * scale / wide)
        em *= min(1.0, room * scale / (wide * stretch))
    span = width_of(text, path, em, face, stretch) / scale
    if centre:
        x -= span / 2
    quads = write(
        desk.sheet, text, x * scale, y * scale, path, em, face, ink=ink or desk.ink, rng=desk.rng,
        stretch=stretch, wear=wear, angle_deg=angle_deg, parts=parts,
        embolden=0.7 if bold and face.bold == face.regular else 0.0,
    )  # fmt: skip
    return x + span, quads


def _centred(desk: _Desk, text: str, x: float, y: float, size: float, *, bold: bool) -> None:
    left, right = _room(desk, x, y, size)
    room = 2 * min(x - left, right - x)
    _put(desk, text, x, y, size, desk.captions, bold=bold, room=room, centre=True)


def _prints(desk: _Desk) -> None:
    red = (desk.chance.randint(165, 215), desk.chance.randint(20, 60), desk.chance.randint(25, 70))
    for fixed in desk.layout.prints:
        ink = red if fixed.ink == "red" else desk.ink
        size = fixed.size * desk.chance.uniform(0.95, 1.05)
        left, right = _room(desk, fixed.x, fixed.y, fixed.size)
        centred = fixed.align == "center"
        room = 2 * min(fixed.x - left, right - fixed.x) if centred else right - fixed.x
        end, _ = _put(
            desk, fixed.text, fixed.x, fixed.y, size, desk.captions, bold=fixed.bold,
            italic=fixed.italic, ink=ink, room=room, centre=centred,
        )  # fmt: skip
        if re.match(r"Họ và tên (cha|mẹ)", fixed.text):
            name = sample_name(desk.chance, "Nữ" if "mẹ" in fixed.text else "Nam").upper()
            _put(
                desk,
                name,
                end + 1.2,
                fixed.y,
                size,
                desk.typed,
                ink=desk.value_ink,
                room=right - end - 1.2,
            )


def _slots(desk: _Desk) -> None:
    rows: dict[float, list[Slot]] = {}
    for slot in desk.layout.slots:
        rows.setdefault(slot.y, []).append(slot)
    for row in rows.values():
        cursor, done = 0.0, set[str]()
        for slot in sorted(row, key=lambda s: s.x):
            key = f"{slot.x} {slot.template}"
            if slot.template != "{}" and key in done:
                continue
            done.add(key)
            shared = [s.field for s in row if s.x == slot.x and s.template == slot.template]
            if any(name in desk.values for name in shared):
                cursor = _slot(desk, slot, shared, cursor, row)


def _caption(desk: _Desk, slot: Slot) -> str:
    spec = desk.kind[slot.field]
    if not spec.vi:
        return ""
    chance = desk.chance
    vi = slot.vi or spec.vi[0]
    if not slot.vi and len(spec.vi) > 1 and chance.random() < 0.12:
        vi = chance.choice(spec.vi)
    en = (
        chance.choice(spec.en)
        if spec.en and chance.random() < 0.2
        else spec.en[0]
        if spec.en
        else ""
    )
    form = desk.caption_form
    if not en:
        form = re.sub(r"\s*/\s*\{en\}|\s*\(\{en\}\)", "", form)
    return form.format(vi=vi, en=en)


def _slot(desk: _Desk, slot: Slot, shared: list[str], cursor: float, row: list[Slot]) -> float:
    """Draw caption and value; gives where the row is free again."""
    chance = desk.chance
    caption = _caption(desk, slot)
    x, y = max(slot.x, cursor + 0.8 if cursor else 0.0), slot.y
    beside = abs(slot.value_y - slot.y) < 1.0
    after = [s.x for s in row if s.x > slot.x + 0.5]
    _, edge = _room(desk, slot.x + 1, slot.value_y, slot.size)
    value_x = slot.value_x + (x - slot.x)
    end = x
    stacked = _stacks(desk, slot, beside=beside)
    if stacked:
        room = max(slot.width, 10.0)
        size = min(desk.caption_em, slot.size * 1.1)
        first, second = stacked
        end, _ = _put(desk, first, x, y, size, desk.captions, room=room * 0.6)
        _put(desk, second, x, slot.value_y, size, desk.captions, room=room)
        slot = replace(slot, value_y=slot.y, lines=1)
        value_x = end + chance.uniform(0.6, 1.2)
        limit = max(slot.x + slot.width, value_x + 8)
        return _value(desk, slot, shared, value_x, limit)
    if caption:
        room = (slot.value_x - slot.x - 0.4) if beside else min([*after, edge, x + slot.width]) - x
        size = min(desk.caption_em, slot.size * 1.1)
        end, _ = _put(desk, caption, x, y, size, desk.captions, room=max(room, 4.0))
    if beside and caption:
        close = end + chance.uniform(0.7, 1.6)
        value_x = max(close, min(value_x, close if chance.random() < 0.5 else value_x))
    limit = (
        min([edge, *after, slot.value_x + slot.width])
        if slot.align == "left"
        else slot.value_x + slot.width
    )
    if after:
        limit = min(limit, min(after) - 0.6)
    limit = max(limit, value_x + 4)
    if slot.field == "mrz":
        _mrz(desk, slot)
        return limit
    return _value(desk, slot, shared, value_x, limit)


def _stacks(desk: _Desk, slot: Slot, *, beside: bool) -> tuple[str, str] | None:
    """Both parts of a caption whose English stands below, as at the expiry of the chip card."""
    spec = desk.kind[slot.field]
    if beside or slot.field != "duedate" or desk.kind.family != "id" or not spec.en:
        return None
    if desk.chance.random() < 0.4:
        return None
    colon = ":" if desk.caption_form.endswith(":") else ""
    return f"{slot.vi or spec.vi[0]}{colon}", f"{spec.en[0]}{colon}"


def _value(desk: _Desk, slot: Slot, shared: list[str], x: float, limit: float) -> float:
    text, spans = _fill(desk, slot, shared)
    chance, layout = desk.chance, desk.layout
    face = desk.typed
    size = slot.size * desk.value_em
    wrap_x = (
        slot.wrap_x if slot.wrap_x is not None else (slot.value_x if slot.align == "center" else x)
    )
    _, edge = _room(desk, wrap_x + 2, slot.value_y + 3, slot.size)
    lines_max = max(slot.lines, 1)
    below = [s.y for s in layout.slots if s.y > slot.value_y + 0.5 and abs(s.x - slot.x) < 25]
    below += [p.y for p in layout.prints if p.y > slot.value_y + 0.5 and abs(p.x - slot.x) < 30]
    space = min([*below, layout.size[1] + 1.2]) - slot.value_y
    pitch = min(size * 1.5, max(size * 1.1, space / (lines_max if space < 20 else 1)))
    rooms = [limit - x] + [max(limit, min(edge, slot.value_x + slot.width)) - wrap_x] * (
        lines_max - 1
    )
    path = face.bold if slot.bold else face.regular
    lines, squeeze = _wrapped(desk, text, path, size, face, rooms, centre=slot.align == "center")
    ink = _red(desk) if slot.ink == "red" else desk.value_ink
    baseline = slot.value_y + desk.shift[1]
    angle = chance.gauss(0, desk.wobble * 0.5)
    found: dict[str, list[Quad]] = {name: [] for name in spans}
    at, right = 0, x
    for number, line in enumerate(lines):
        room = rooms[min(number, len(rooms) - 1)]
        line_x = (x if number == 0 else wrap_x) + (desk.shift[0] if slot.align == "left" else 0)
        y = baseline + pitch * number + chance.gauss(0, desk.wobble * 0.5)
        if slot.leader:
            _leader(desk, x if number == 0 else wrap_x, slot.value_y + pitch * number + 0.35, limit)
        inside = {
            n: (max(a - at, 0), min(b - at, len(line)))
            for n, (a, b) in spans.items()
            if a < at + len(line) and b > at
        }
        if slot.align == "center":
            line_x += room / 2
        right, quads = _put(
            desk, line, line_x, y, size * squeeze, face, bold=slot.bold, ink=ink, room=room,
            centre=slot.align == "center", parts=tuple(inside.values()), angle_deg=angle,
            wear=desk.wear,
        )  # fmt: skip
        for name, quad, span in zip(inside, quads[1:], inside.values(), strict=True):
            found[name].append(quads[0] if span == (0, len(line)) else quad)
        at += len(line) + 1
    if slot.leader:
        for number in range(len(lines), lines_max):
            _leader(desk, wrap_x, slot.value_y + pitch * number + 0.35, limit)
    for name, quads_found in found.items():
        a, b = spans[name]
        desk.fields[name] = (
            desk.values[name]
            if name in shared and slot.template != "{}" and not slot.upper
            else text[a:b]
        )
        if "{d}" in slot.template and name in {"date", "last_issue_date"}:
            desk.fields[name] = desk.values[name]
        desk.quads[name] = tuple(quads_found)
    return right


def _red(desk: _Desk) -> Rgb:
    return (desk.chance.randint(150, 215), desk.chance.randint(20, 70), desk.chance.randint(25, 80))


def _fill(desk: _Desk, slot: Slot, shared: list[str]) -> tuple[str, dict[str, tuple[int, int]]]:
    """The text of a value's line, and which characters belong to which field."""
    values, chance = desk.values, desk.chance
    value = values.get(slot.field, "")
    if slot.upper:
        value = value.upper()
    if "{d}" in slot.template:
        day = next(n for n in shared if n in {"date", "last_issue_date"})
        d, m, y = re.split(r"[-/]", values[day])
        if chance.random() < 0.15:
            m = m.lstrip("0")
        place = values.get("issued_at", "")
        text = slot.template.format(d=d, m=m, y=y, place=place)
        start = text.index(d, len(place) if "{place}" in slot.template else 0)
        spans = {day: (start, len(text))}
        if "{place}" in slot.template:
            spans["issued_at"] = (0, len(place))
        return text, spans
    template = slot.template
    if slot.field == "sex" and desk.kind.family == "passport" and chance.random() < 0.75:
        template = "{} / " + ("M" if value.upper() == "NAM" else "F")
    template += chance.choice(_UNITS.get(slot.field, ("",)))
    start = template.index("{}")
    text = template.format(value)
    spans = {slot.field: (start, start + len(value))}
    if slot.field == "name" and "surname" in values and desk.kind.family == "passport":
        cut = len(values["surname"])
        spans |= {"surname": (0, cut), "given_name": (cut + 1, len(value))}
    return text, spans


def _wrapped(
    desk: _Desk, text: str, path: object, size: float, face: Typeface, rooms: list[float], *, centre: bool
) -> tuple[list[str], float]:  # fmt: skip
    """Lines that fit, and how much smaller they must be set."""
    scale = desk.sheet.scale

    def wide(line: str, em: float) -> float:
        return width_of(line, path, em * scale, face) / scale  # type: ignore[arg-type]

    def greedy(em: float, slack: float, broken: bool) -> list[str]:
        lines, words = [""], text.split(" ")
        for number, word in enumerate(words):
            longer = f"{lines[-1]} {word}".strip()
            room = rooms[min(len(lines), len(rooms)) - 1] * slack
            early = (
                broken
                and len(lines) == 1
                and number
                and words[number - 1].endswith(",")
                and len(rooms) > 1
            )
            if lines[-1] and (early or wide(longer, em) > room):
                lines.append(word)
            else:
                lines[-1] = longer
        return lines

    early = len(rooms) > 1 and not centre and desk.chance.random() < 0.35
    if centre and len(rooms) > 1:
        title = re.match(r"(CỤC TRƯỞNG)( CỤC CẢNH SÁT.*?)( VỀ .*)", text)
        if title and len(rooms) == 3:
            return [part.strip() for part in title.groups()], 1.0
        if title:
            head, tail = text.split(" CẢNH SÁT ", 1)
            return [f"{head} CẢNH SÁT", tail], 1.0
    for squeeze in (1.0, 0.94, 0.88, 0.82):
        lines = greedy(size * squeeze, 1.12, early)
        if len(lines) <= len(rooms):
            return lines, squeeze
        early = False
    lines = greedy(size * 0.8, 1.3, False)
    while len(lines) > len(rooms):
        lines[-2:] = [" ".join(lines[-2:])]
    return lines, 0.8


def _leader(desk: _Desk, x0: float, y: float, x1: float) -> None:
    scale = desk.sheet.scale
    dot = max(2, round(0.28 * scale))
    import cv2

    mask = np.zeros((dot + 2, dot + 2), np.float32)
    cv2.circle(mask, ((dot + 2) // 2, (dot + 2) // 2), max(1, dot // 2), 1.0, -1, cv2.LINE_AA)
    step = 0.85
    for x in np.arange(x0, x1, step):
        desk.sheet.blend(mask * 0.8, round(x * scale), round(y * scale), desk.ink)


def _mrz(desk: _Desk, slot: Slot) -> None:
    lines = desk.values["mrz"].split(" ")
    chance, scale = desk.chance, desk.sheet.scale
    face = typeface(chance, "ocrb", desk.pool)
    path = face.regular
    target = slot.width * chance.uniform(0.95, 1.01)
    plain = Typeface(path, path, path)
    em = slot.size * chance.uniform(0.95, 1.1) * scale
    font = fonts.load(path, max(6, round(em)))
    spacing = max(
        0.0, (target * scale - font.getlength(lines[0])) / (len(lines[0]) * max(6, round(em)))
    )
    stretch = min(1.0, target * scale / (font.getlength(lines[0]) or 1.0))
    plain = Typeface(path, path, path, stretch=stretch, spacing=spacing)
    pitch = (5.6 if len(lines) == 2 else 4.5) * chance.uniform(0.95, 1.05)
    quads = []
    for number, line in enumerate(lines):
        quads += write(
            desk.sheet, line, slot.x * scale, (slot.y + pitch * number) * scale, path, em, plain,
            ink=desk.value_ink, rng=desk.rng, wear=desk.wear * 0.5,
        )  # fmt: skip
    desk.quads["mrz"] = tuple(quads)
    for name in [f.name for f in desk.kind.fields if f.source == "mrz"]:
        if name in desk.values:
            desk.fields[name] = desk.values[name]
    desk.fields["mrz"] = desk.values["mrz"]
