"""Draw a flat paper from its layout: background, pictures, captions and values."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cvocr_lab.kinds import DocumentType, Layout, Picture
from cvocr_lab.kinds._made_up import sample_name
from cvocr_lab.results import Quad, box_quad
from cvocr_lab.synth import fonts, grounds, pictures
from cvocr_lab.synth.drawing import Desk, Rgb, Sheet, centred, free_span, join_quads, put, typeface
from cvocr_lab.synth.drawing import Picture as Pixels
from cvocr_lab.synth.values import draw_slots

_RANKS = ("Thượng tá", "Đại tá", "Trung tá", "Thiếu tá", "Thiếu tướng", "Trung tướng")


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
    desk = _desk(kind, layout, values, chance, rng, pool, sheet)
    over = [picture for picture in layout.pictures if picture.role in {"seal", "signature"}]
    for picture in layout.pictures:
        if picture not in over:
            _picture(desk, picture)
    _prints(desk)
    draw_slots(desk)
    for picture in over:
        _picture(desk, picture)
    return Drawn(sheet.finished(), desk.fields, desk.quads, tuple(sheet.lines))


def _desk(
    kind: DocumentType, layout: Layout, values: Mapping[str, str], chance: random.Random,
    rng: np.random.Generator, pool: fonts.Pool, sheet: Sheet,
) -> Desk:  # fmt: skip
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
    return Desk(
        kind=kind, layout=layout, values=values, chance=chance, rng=rng, pool=pool, sheet=sheet,
        captions=captions, typed=typed, ink=chance.choice(inks), value_ink=chance.choice(inks),
        wear=chance.choice((0.0, 0.1, 0.25, 0.5 if overprinted else 0.2)),
        wobble=chance.uniform(0.1, 0.6) if overprinted else chance.uniform(0, 0.12),
        shift=(chance.gauss(0, 0.45), chance.gauss(0, 0.3)) if overprinted else (0.0, 0.0),
        caption_em=layout.caption_size * chance.uniform(0.9, 1.1),
        value_em=chance.uniform(0.92, 1.08), caption_form=form,
    )  # fmt: skip


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
    elif picture.role in pictures.BY_ROLE:
        stamp = pictures.BY_ROLE[picture.role](width, height, rng)
    else:
        return
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
