"""Papers without a layout: text, pictures and codes in random places on a random background.

Some nets must work on papers with any layout.  They are trained on these papers too, in addition
to those of `cvocr_lab.kinds`, so that they do not learn only the layouts of this package.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from cvocr_lab.kinds import TYPES
from cvocr_lab.synth import fonts, grounds, pictures, wording
from cvocr_lab.synth.draw_paper import Drawn
from cvocr_lab.synth.draw_text import Rgb, Sheet, Typeface, typeface, width_of, write

_SIZES = ((85.6, 53.98), (85.6, 53.98), (92.0, 64.0), (125.0, 88.0), (98.0, 66.0), (105.0, 74.0))
_GROUNDS = tuple({layout.ground for kind in TYPES.values() for layout in kind.layouts})
_MARGIN_MM = 2.0
_SHARES = {"portrait": 0.55, "emblem": 0.5, "qr": 0.3, "chip": 0.2, "barcode": 0.15,
           "finger": 0.2, "seal": 0.1}  # fmt: skip
# Smallest and greatest width in mm, and height over width.
_PICTURES = {
    "portrait": (18, 27, 1.3), "emblem": (9, 15, 1.0), "qr": (10, 18, 1.0), "chip": (10, 14, 0.85),
    "barcode": (40, 70, 0.14), "finger": (12, 20, 1.2), "seal": (18, 26, 1.0),
    "signature": (18, 30, 0.4),
}  # fmt: skip
_Box = tuple[float, float, float, float]


def draw_card(seed: int, *, pool: fonts.Pool, scale: float) -> Drawn:
    """Draw a card with pictures, codes and short lines in one to three columns."""
    chance = random.Random(f"card/{seed}")
    rng = np.random.default_rng(chance.getrandbits(64))
    size = chance.choice(_SIZES)
    card = _Wild(_sheet(size, scale, chance, rng), size, chance, rng, pool)
    roles = [role for role, share in _SHARES.items() if chance.random() < share]
    card.add_columns([card.add_picture(role) for role in roles])
    for role, share in (("seal", 0.35), ("signature", 0.4)):
        if chance.random() < share:
            card.add_picture(role)
    return card.drawn()


def draw_page(seed: int, *, pool: fonts.Pool, scale: float) -> Drawn:
    """Draw a part of a printed page: paragraphs, headings, one or two columns, small tables."""
    chance = random.Random(f"page/{seed}")
    rng = np.random.default_rng(chance.getrandbits(64))
    size = (chance.uniform(95, 150), chance.uniform(70, 140))
    white = chance.randint(225, 255)
    ground = np.full((round(size[1] * scale), round(size[0] * scale), 3), white, np.float32)
    sheet = Sheet(ground - rng.uniform(0, 14, 3).astype(np.float32), scale)
    page = _Wild(sheet, size, chance, rng, pool)
    face = page.face("serif", "serif", "sans", "mono")
    em = chance.uniform(2.2, 4.6)
    columns = 1 if em > 3 else chance.choice((1, 1, 2, 3))
    gutter = chance.uniform(4, 9)
    wide = (size[0] - gutter * (columns + 1)) / columns
    ink = page.ink()
    for k in range(columns):
        x, y = gutter + k * (wide + gutter), chance.uniform(1, 9) + em
        while y < size[1] - 1:
            text = page.text("title" if chance.random() < 0.06 else "prose", face, em, wide)
            indent = em * 2 if chance.random() < 0.12 else 0.0
            if chance.random() > 0.06 and text:
                page.write(text, x + indent, y, em, face, ink)
            y += em * chance.choice((1.2, 1.3, 1.4, 1.4, 1.5, 2.2))
    return page.drawn()


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


@dataclass(frozen=True, slots=True)
class _Wild:
    """State of one drawing; all measures are in mm."""

    sheet: Sheet
    size: tuple[float, float]
    chance: random.Random
    rng: np.random.Generator
    pool: fonts.Pool

    def drawn(self) -> Drawn:
        return Drawn(self.sheet.finished(), {}, {}, tuple(self.sheet.lines))

    def face(self, *styles: fonts.Style) -> Typeface:
        return typeface(self.chance, self.chance.choice(styles), self.pool)

    def ink(self) -> Rgb:
        dark = self.chance.randint(0, 90)
        black, blue = (dark, dark, dark), (dark, dark, dark + 60)
        return self.chance.choice((black, black, blue, (min(dark + 90, 200), dark // 2, dark // 2)))

    def width(self, text: str, face: Typeface, em: float, *, bold: bool = False) -> float:
        scale = self.sheet.scale
        return width_of(text, face.bold if bold else face.regular, em * scale, face) / scale

    def text(self, sort: str, face: Typeface, em: float, room: float) -> str:
        """Return a random text, without the last words if they do not fit."""
        words = wording.sample(self.chance, sort)[1].split()
        while words and self.width(" ".join(words), face, em) > room:
            words.pop()
        return " ".join(words)

    def write(
        self, text: str, x: float, y: float, em: float, face: Typeface, ink: Rgb, *,
        bold: bool = False, listed: bool = True,
    ) -> float:  # fmt: skip
        """Write a text at a position, and return its right end."""
        if not text:
            return x
        bold = bold or self.chance.random() < 0.15
        scale = self.sheet.scale
        write(
            self.sheet, text, x * scale, y * scale, face.bold if bold else face.regular, em * scale,
            face, ink=ink, rng=self.rng, wear=self.chance.choice((0.0, 0.1, 0.3, 0.5)),
            listed=listed, angle_deg=self.chance.gauss(0, 0.3),
        )  # fmt: skip
        return x + self.width(text, face, em, bold=bold)

    def add_picture(self, role: str) -> _Box:
        chance, scale = self.chance, self.sheet.scale
        low, high, ratio = _PICTURES[role]
        wide = chance.uniform(low, high)
        tall = wide * ratio * chance.uniform(0.9, 1.15)
        x, y = (
            chance.uniform(_MARGIN_MM, max(room - side - _MARGIN_MM, _MARGIN_MM + 0.1))
            for room, side in zip(self.size, (wide, tall), strict=True)
        )
        if role in {"portrait", "emblem", "chip"} and chance.random() < 0.7:
            x = chance.uniform(_MARGIN_MM, 6)
        pixels = (round(wide * scale), round(tall * scale))
        if role == "qr":
            stamp = pictures.qr(*pixels, f"{chance.getrandbits(160)}|{chance.getrandbits(80)}")
        else:
            stamp = pictures.BY_ROLE[role](*pixels, self.rng)
        self.sheet.colour(stamp, round(x * scale), round(y * scale))
        return x, y, x + wide, y + tall

    def add_columns(self, taken: list[_Box]) -> None:
        chance = self.chance
        captions = values = self.face("sans", "serif", "condensed")
        if chance.random() < 0.5:
            values = self.face("sans", "serif", "mono", "condensed")
        em = chance.uniform(1.7, 3.0)
        leading = chance.uniform(1.15, 2.3)
        ink, value_ink = self.ink(), self.ink()
        edges = sorted(chance.uniform(0.25, 0.8) for _ in range(chance.choice((0, 0, 1, 1, 2))))
        last = self.size[1] - _MARGIN_MM
        if chance.random() < 0.25:
            last = self.add_zone()
        for left, right in zip([0.0, *edges], [*edges, 1.0], strict=True):
            x0, x1 = left * self.size[0] + _MARGIN_MM, right * self.size[0] - 0.8
            y = chance.uniform(0.5, 8) + em
            while y < last:
                here = em * chance.choice((0.8, 1.0, 1.0, 1.0, 1.3, 1.6))
                spans = _free(x0, x1, y, here, taken)
                if spans and chance.random() > 0.1:
                    a, b = max(spans, key=lambda s: s[1] - s[0])
                    self.add_row(a, b, y, here, captions, values, ink, value_ink)
                y += here * leading * chance.uniform(0.95, 1.15)

    def add_row(
        self, a: float, b: float, y: float, em: float, captions: Typeface, values: Typeface,
        ink: Rgb, value_ink: Rgb,
    ) -> None:  # fmt: skip
        """Write a caption, a value, both, or a centred title; sometimes on a dotted line."""
        chance = self.chance
        form = chance.choice(("caption", "value", "both", "both", "title"))
        at = a + chance.choice((0.0, 0.0, 0.0, chance.uniform(0, max(b - a - 10, 0))))
        if form in {"caption", "both"}:
            text = self.text("caption", captions, em, b - at)
            at = self.write(text, at, y, em, captions, ink)
            at += em * chance.choice((0.25, 0.4, 1.0, 2.0, 4.0))
        if form in {"value", "both"} and b - at > 4 * em:
            sort = chance.choice(("name", "address", "address", "date", "number", "code", "random"))
            if chance.random() < 0.2:
                dots = "." * round((b - at) / em / chance.uniform(0.25, 0.5))
                drop = em * chance.uniform(0.05, 0.3)
                self.write(dots, at, y + drop, em * 0.8, captions, ink, listed=False)
            size = em * chance.choice((0.9, 1.0, 1.1, 1.25))
            text = self.text(sort, values, size, b - at)
            rise = em * chance.choice((0, 0, 0, chance.uniform(-0.35, 0.25)))
            self.write(text, at, y + rise, size, values, value_ink)
        if form == "title":
            size = em * chance.uniform(1.0, 1.5)
            text = self.text("title", captions, size, b - a)
            x = (a + b - self.width(text, captions, size, bold=True)) / 2
            red = (chance.randint(150, 215), chance.randint(15, 60), chance.randint(20, 70))
            self.write(text, x, y, size, captions, chance.choice((ink, red)), bold=True)

    def add_zone(self) -> float:
        """Write two or three lines like an MRZ, and return the y position of the first."""
        chance = self.chance
        rows = chance.choice((2, 3))
        em = self.size[0] / chance.uniform(22, 31)
        face = typeface(chance, "ocrb", self.pool)
        y = self.size[1] - chance.uniform(2, 5)
        for _ in range(rows):
            text = wording.sample(chance, "mrz")[1]
            squeeze = min(1.0, (self.size[0] - 5) / self.width(text, face, em))
            self.write(text, 2.5, y, em * squeeze, face, (25, 25, 25))
            y -= em * chance.uniform(1.3, 1.7)
        return y


def _free(
    x0: float, x1: float, y: float, em: float, taken: list[_Box]
) -> list[tuple[float, float]]:
    """Return the parts of a row without pictures that are at least five ems wide."""
    spans = [(x0, x1)]
    for left, top, right, bottom in taken:
        if top < y + 0.3 * em and y - em < bottom:
            before = [(a, min(b, left - 0.8)) for a, b in spans]
            spans = before + [(max(a, right + 0.8), b) for a, b in spans]
    return [(a, b) for a, b in spans if b - a > 5 * em]
