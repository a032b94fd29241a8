"""Papers without a layout: text, pictures and codes in random places on a random background.

Some nets must work on papers with any layout.  They are trained on these papers too, in addition
to those of `cvocr_lab.kinds`, so that they do not learn only the layouts of this package.
"""

from __future__ import annotations

import random

import numpy as np

from cvocr_lab.kinds import TYPES
from cvocr_lab.synth import fonts, grounds, pictures, wording
from cvocr_lab.synth.draw import Drawn
from cvocr_lab.synth.drawing import Rgb, Sheet, Typeface, typeface, width_of, write

_SIZES = ((85.6, 53.98), (85.6, 53.98), (92.0, 64.0), (125.0, 88.0), (98.0, 66.0), (105.0, 74.0))
_GROUNDS = tuple({layout.ground for kind in TYPES.values() for layout in kind.layouts})
_MARGIN_MM = 2.0


def draw_card(seed: int, *, pool: fonts.Pool, scale: float = 8.0) -> Drawn:
    """Draw a card with pictures, codes and short lines in one to three columns."""
    chance = random.Random(f"card/{seed}")
    rng = np.random.default_rng(chance.getrandbits(64))
    size = chance.choice(_SIZES)
    sheet = _sheet(size, scale, chance, rng)
    taken = [_picture(sheet, role, size, chance, rng) for role in _roles(chance)]
    _columns(sheet, size, taken, chance, rng, pool)
    for role, count in (("seal", 0.35), ("signature", 0.4)):
        if chance.random() < count:
            _picture(sheet, role, size, chance, rng)
    return _drawn(sheet)


def draw_page(seed: int, *, pool: fonts.Pool, scale: float = 8.0) -> Drawn:
    """Draw a part of a printed page: paragraphs, headings, one or two columns, small tables."""
    chance = random.Random(f"page/{seed}")
    rng = np.random.default_rng(chance.getrandbits(64))
    size = (chance.uniform(95, 150), chance.uniform(70, 140))
    white = chance.randint(225, 255)
    ground = np.full((round(size[1] * scale), round(size[0] * scale), 3), white, np.float32)
    sheet = Sheet(ground - rng.uniform(0, 14, 3).astype(np.float32), scale)
    face = typeface(chance, chance.choice(("serif", "serif", "sans", "mono")), pool)
    em = chance.uniform(2.2, 4.6)
    columns = 1 if em > 3 else chance.choice((1, 1, 2, 3))
    gutter = chance.uniform(4, 9)
    wide = (size[0] - gutter * (columns + 1)) / columns
    ink = _ink(chance)
    for k in range(columns):
        x, y = gutter + k * (wide + gutter), chance.uniform(1, 9) + em
        while y < size[1] - 1:
            sort = "title" if chance.random() < 0.06 else "prose"
            text = _fitted(wording.sample(chance, sort)[1], face, em, wide, scale)
            indent = em * 2 if chance.random() < 0.12 else 0.0
            if chance.random() > 0.06 and text:
                _write(sheet, text, x + indent, y, em, face, chance, rng, ink)
            y += em * chance.choice((1.2, 1.3, 1.4, 1.4, 1.5, 2.2))
    return _drawn(sheet)


def _sheet(
    size: tuple[float, float], scale: float, chance: random.Random, rng: np.random.Generator
) -> Sheet:
    pixels = (round(size[0] * scale), round(size[1] * scale))
    colours = chance.choice(_GROUNDS)
    if chance.random() < 0.4:
        shades = rng.integers(150, 256, (chance.randint(1, 4), 3)).tolist()
        colours = tuple((red, green, blue) for red, green, blue in shades)
    if chance.random() < 0.25:
        plain = np.full((pixels[1], pixels[0], 3), rng.uniform(190, 255, 3), np.float32)
        return Sheet(plain, scale)
    return Sheet(grounds.ground(pixels, colours, rng), scale)


def _roles(chance: random.Random) -> list[str]:
    shares = {"portrait": 0.55, "emblem": 0.5, "qr": 0.3, "chip": 0.2, "barcode": 0.15,
              "finger": 0.2, "seal": 0.1}  # fmt: skip
    return [role for role, share in shares.items() if chance.random() < share]


_SIZE_MM = {
    "portrait": (18, 27, 1.3), "emblem": (9, 15, 1.0), "qr": (10, 18, 1.0), "chip": (10, 14, 0.85),
    "barcode": (40, 70, 0.14), "finger": (12, 20, 1.2), "seal": (18, 26, 1.0),
    "signature": (18, 30, 0.4),
}  # fmt: skip
_Box = tuple[float, float, float, float]


def _picture(
    sheet: Sheet,
    role: str,
    size: tuple[float, float],
    chance: random.Random,
    rng: np.random.Generator,
) -> _Box:
    low, high, ratio = _SIZE_MM[role]
    wide = chance.uniform(low, high)
    tall = wide * ratio * chance.uniform(0.9, 1.15)
    x = chance.uniform(_MARGIN_MM, max(size[0] - wide - _MARGIN_MM, _MARGIN_MM + 0.1))
    y = chance.uniform(_MARGIN_MM, max(size[1] - tall - _MARGIN_MM, _MARGIN_MM + 0.1))
    if role in {"portrait", "emblem", "chip"} and chance.random() < 0.7:
        x = chance.uniform(_MARGIN_MM, 6)
    pixels = (round(wide * sheet.scale), round(tall * sheet.scale))
    if role == "qr":
        stamp = pictures.qr(*pixels, f"{chance.getrandbits(160)}|{chance.getrandbits(80)}")
    else:
        stamp = getattr(pictures, role)(*pixels, rng)
    sheet.colour(stamp, round(x * sheet.scale), round(y * sheet.scale))
    return x, y, x + wide, y + tall


def _columns(
    sheet: Sheet,
    size: tuple[float, float],
    taken: list[_Box],
    chance: random.Random,
    rng: np.random.Generator,
    pool: fonts.Pool,
) -> None:
    captions = typeface(chance, chance.choice(("sans", "serif", "condensed")), pool)
    values = captions
    if chance.random() < 0.5:
        values = typeface(chance, chance.choice(("sans", "serif", "mono", "condensed")), pool)
    em = chance.uniform(1.7, 3.0)
    leading = chance.uniform(1.15, 2.3)
    ink, value_ink = _ink(chance), _ink(chance)
    bounds = [
        0.0,
        *sorted(chance.uniform(0.25, 0.8) for _ in range(chance.choice((0, 0, 1, 1, 2)))),
    ]
    last = size[1] - _MARGIN_MM
    if chance.random() < 0.25:
        last = _zone(sheet, size, chance, rng, pool)
    for left, right in zip(bounds, [*bounds[1:], 1.0], strict=True):
        x0, x1 = left * size[0] + _MARGIN_MM, right * size[0] - 0.8
        y = chance.uniform(0.5, 8) + em
        while y < last:
            here = em * chance.choice((0.8, 1.0, 1.0, 1.0, 1.3, 1.6))
            spans = _free(x0, x1, y, here, taken)
            if spans and chance.random() > 0.1:
                a, b = max(spans, key=lambda s: s[1] - s[0])
                _row(sheet, a, b, y, here, captions, values, chance, rng, ink, value_ink)
            y += here * leading * chance.uniform(0.95, 1.15)


def _row(
    sheet: Sheet, a: float, b: float, y: float, em: float, captions: Typeface, values: Typeface,
    chance: random.Random, rng: np.random.Generator, ink: Rgb, value_ink: Rgb,
) -> None:  # fmt: skip
    """Write one row: a caption, a value, both, or a centred title; sometimes on a dotted line."""
    form = chance.choice(("caption", "value", "both", "both", "title"))
    at = a + chance.choice((0.0, 0.0, 0.0, chance.uniform(0, max(b - a - 10, 0))))
    if form in {"caption", "both"}:
        text = _fitted(wording.sample(chance, "caption")[1], captions, em, b - at, sheet.scale)
        at = _write(sheet, text, at, y, em, captions, chance, rng, ink)
        at += em * chance.choice((0.25, 0.4, 1.0, 2.0, 4.0))
    if form in {"value", "both"} and b - at > 4 * em:
        sort = chance.choice(("name", "address", "address", "date", "number", "code", "random"))
        if chance.random() < 0.2:
            dots = "." * round((b - at) / em / chance.uniform(0.25, 0.5))
            drop = em * chance.uniform(0.05, 0.3)
            _write(sheet, dots, at, y + drop, em * 0.8, captions, chance, rng, ink, listed=False)
        size = em * chance.choice((0.9, 1.0, 1.1, 1.25))
        text = _fitted(wording.sample(chance, sort)[1], values, size, b - at, sheet.scale)
        rise = em * chance.choice((0, 0, 0, chance.uniform(-0.35, 0.25)))
        _write(sheet, text, at, y + rise, size, values, chance, rng, value_ink)
    if form == "title":
        size = em * chance.uniform(1.0, 1.5)
        text = _fitted(wording.sample(chance, "title")[1], captions, size, b - a, sheet.scale)
        wide = width_of(text, captions.bold, size * sheet.scale, captions) / sheet.scale
        red = (chance.randint(150, 215), chance.randint(15, 60), chance.randint(20, 70))
        _write(
            sheet, text, (a + b - wide) / 2, y, size, captions, chance, rng,
            chance.choice((ink, red)), bold=True,
        )  # fmt: skip


def _zone(
    sheet: Sheet,
    size: tuple[float, float],
    chance: random.Random,
    rng: np.random.Generator,
    pool: fonts.Pool,
) -> float:
    """Write two or three lines like an MRZ, and return the y position of the first."""
    rows = chance.choice((2, 3))
    em = size[0] / chance.uniform(22, 31)
    face = typeface(chance, "ocrb", pool)
    y = size[1] - chance.uniform(2, 5)
    for _ in range(rows):
        text = wording.sample(chance, "mrz")[1]
        wide = width_of(text, face.regular, em * sheet.scale, face) / sheet.scale
        room = size[0] - 5
        _write(sheet, text, 2.5, y, em * min(1.0, room / wide), face, chance, rng, (25, 25, 25))
        y -= em * chance.uniform(1.3, 1.7)
    return y


def _free(
    x0: float, x1: float, y: float, em: float, taken: list[_Box]
) -> list[tuple[float, float]]:
    """Return the parts of a row without pictures that are at least five ems wide."""
    spans = [(x0, x1)]
    for left, top, right, bottom in taken:
        if top < y + 0.3 * em and y - em < bottom:
            spans = [
                part
                for a, b in spans
                for part in ((a, min(b, left - 0.8)), (max(a, right + 0.8), b))
            ]
    return [(a, b) for a, b in spans if b - a > 5 * em]


def _fitted(text: str, face: Typeface, em: float, room: float, scale: float) -> str:
    """Remove the last words of a text until it fits."""
    words = text.split()
    while words and width_of(" ".join(words), face.regular, em * scale, face) > room * scale:
        words.pop()
    return " ".join(words)


def _write(
    sheet: Sheet, text: str, x: float, y: float, em: float, face: Typeface, chance: random.Random,
    rng: np.random.Generator, ink: Rgb, *, bold: bool = False, listed: bool = True,
) -> float:  # fmt: skip
    """Write a text at a position in mm, and return its right end."""
    if not text:
        return x
    path = face.bold if bold or chance.random() < 0.15 else face.regular
    scale = sheet.scale
    write(
        sheet, text, x * scale, y * scale, path, em * scale, face, ink=ink, rng=rng,
        wear=chance.choice((0.0, 0.1, 0.3, 0.5)), listed=listed,
        angle_deg=chance.gauss(0, 0.3),
    )  # fmt: skip
    return x + width_of(text, path, em * scale, face) / scale


def _ink(chance: random.Random) -> Rgb:
    dark = chance.randint(0, 90)
    return chance.choice(((dark, dark, dark), (dark, dark, dark), (dark, dark, dark + 60),
                          (min(dark + 90, 200), dark // 2, dark // 2)))  # fmt: skip


def _drawn(sheet: Sheet) -> Drawn:
    return Drawn(np.clip(sheet.picture, 0, 255).astype(np.uint8), {}, {}, tuple(sheet.lines))
