"""Draw text on a paper, where it has space, and record the quad of each line.

Coordinates are pixels of the flat paper, before it is photographed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from PIL.ImageFont import FreeTypeFont

from cvocr_lab.kinds import DocumentType, Layout
from cvocr_lab.results import Quad
from cvocr_lab.synth import fonts

Rgb = tuple[int, int, int]
Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Typeface:
    """The font files that one paper uses, with a horizontal scale and extra spacing in ems."""

    regular: Path
    bold: Path
    italic: Path
    stretch: float = 1.0
    spacing: float = 0.0


def typeface(rng: random.Random, style: fonts.Style, pool: fonts.Pool) -> Typeface:
    """Choose a font family of this style, with its bold and italic files if it has them."""
    chosen = fonts.pick(rng, style, pool)
    while re.search("ital|obli", chosen.stem, re.IGNORECASE) and rng.random() < 0.85:
        chosen = fonts.pick(rng, style, pool)
    among = fonts.shipped() if pool == "shipped" else fonts.faces()
    family = next(face.family for face in among if face.path == chosen)
    cuts = sorted({f.path for f in among if f.family == family and (f.style == style)})
    cuts = cuts or [chosen]

    def cut(bold: bool, italic: bool) -> Path:
        def distance(path: Path) -> tuple[int, str]:
            stem = path.stem.lower()
            is_bold = any(w in stem for w in ("bold", "-bd", "black", "heavy"))
            is_italic = any(w in stem for w in ("italic", "oblique", "-it"))
            odd = any(w in stem for w in ("light", "thin", "black", "extra", "semi", "condensed"))
            return 4 * (is_bold != bold) + 3 * (is_italic != italic) + odd, path.stem

        return min(cuts, key=distance)

    # DejaVu is wide; the fonts of real papers are about a tenth narrower.
    wide = 0.88 if "DejaVu" in chosen.stem and "Condensed" not in chosen.stem else 1.0
    return Typeface(
        cut(False, False), cut(True, False), cut(False, True),
        stretch=wide * rng.uniform(0.92, 1.06), spacing=max(0.0, rng.gauss(0, 0.012)),
    )  # fmt: skip


@dataclass(slots=True)
class Sheet:
    """A paper being drawn: its float RGB picture is changed in place."""

    picture: NDArray[np.float32]
    scale: float
    """Pixels per millimetre."""

    lines: list[tuple[str, Quad]] = field(default_factory=list)
    """Every text drawn, with its quad."""

    def finished(self) -> Picture:
        """Return the picture as ``uint8``."""
        return np.clip(self.picture, 0, 255).astype(np.uint8)

    def blend(self, mask: NDArray[np.float32], left: int, top: int, ink: Rgb) -> None:
        """Paint `ink` through `mask` (0 to 1), whose top left corner is at `left`, `top`."""
        patch, part = self._below(mask, left, top)
        patch += (np.asarray(ink, np.float32) - patch) * part[..., None]

    def colour(self, rgba: NDArray[np.float32], left: int, top: int) -> None:
        """Paint a picture with alpha (RGB 0-255, alpha 0-1) at `left`, `top`."""
        patch, part = self._below(rgba, left, top)
        patch += (part[..., :3] - patch) * part[..., 3:]

    def _below(
        self, stamp: NDArray[np.float32], left: int, top: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the part of the paper below a stamp, and the part of the stamp on the paper."""
        height, width = self.picture.shape[:2]
        y0, x0 = max(0, top), max(0, left)
        y1 = max(y0, min(height, top + stamp.shape[0]))
        x1 = max(x0, min(width, left + stamp.shape[1]))
        return self.picture[y0:y1, x0:x1], stamp[y0 - top : y1 - top, x0 - left : x1 - left]


def _face(path: Path, size: float) -> FreeTypeFont:
    return fonts.load(path, max(6, round(size)))


def width_of(text: str, path: Path, size: float, face: Typeface, stretch: float = 1.0) -> float:
    """Return the width of the text as `write` draws it, in pixels."""
    font = _face(path, size)
    plain = float(font.getlength(text)) * (size / max(6, round(size)))
    return (plain + face.spacing * size * len(text)) * face.stretch * stretch


def write(
    sheet: Sheet, text: str, x: float, y: float, path: Path, size: float, face: Typeface, *,
    ink: Rgb, rng: np.random.Generator, stretch: float = 1.0, wear: float = 0.15,
    angle_deg: float = 0.0, embolden: float = 0.0, parts: tuple[tuple[int, int], ...] = (),
    listed: bool = True,
) -> tuple[Quad, ...]:  # fmt: skip
    """Write one line; `x` and `y` are the left end of its baseline.

    With `wear` 0 the ink is even, with 1 most of it is gone.  `embolden` thickens strokes, in
    pixels, for fonts without a bold file.  `listed` adds the line to `Sheet.lines`.

    Returns the quad of the whole line, then that of each of `parts`, which are ranges of
    characters.
    """
    font = _face(path, size)
    em = max(6, round(size))
    pad = em // 2
    # Without extra space, the text is drawn as a whole, which keeps the kerning.
    gap = face.spacing * em
    advance = int(font.getlength(text) + gap * len(text)) + 2 * pad + 4
    layer = Image.new("L", (advance, int(em * 2.0)), 0)
    pen = ImageDraw.Draw(layer)
    base = int(em * 1.35)
    if gap < 0.4:
        gap = 0.0

    def edge(at: int) -> float:
        return pad + float(font.getlength(text[:at])) + gap * at

    for at, piece in enumerate(text) if gap else [(0, text)]:
        pen.text((edge(at), base), piece, font=font, fill=255, anchor="ls")
    mask = np.asarray(layer, np.float32) / 255
    if embolden > 0.2:
        grown = cv2.dilate(mask, np.ones((1, 3), np.uint8))
        mask = mask + (grown - mask) * min(1.0, embolden)
    rows, columns = np.nonzero(mask.max(1) > 0.25)[0], np.nonzero(mask.max(0) > 0.25)[0]
    if not len(rows) or not len(columns):
        return ((0.0,) * 8,) * (1 + len(parts))
    if wear > 0:
        mask = mask * _wear(mask.shape, rng, wear)

    across, down = face.stretch * stretch * size / em, size / em
    angle = np.radians(angle_deg)
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    # Pixel (u, v) of the layer goes to x + M (u - pad, v - base).
    matrix = np.array([[across * cos, -down * sin], [across * sin, down * cos]])

    def place(u: float, v: float) -> tuple[float, float]:
        dx, dy = matrix @ (u - pad, v - base)
        return x + float(dx), y + float(dy)

    corners = np.array([place(u, v) for u in (0, mask.shape[1]) for v in (0, mask.shape[0])])
    x0, y0 = np.floor(corners.min(0)).astype(int)
    size_out = np.ceil(corners.max(0)).astype(int) - (x0, y0) + 1
    shift = np.array([x - x0, y - y0]) - matrix @ (pad, base)
    affine = np.column_stack([matrix, shift]).astype(np.float32)
    placed = cv2.warpAffine(mask, affine, tuple(map(int, size_out)))
    sheet.blend(np.asarray(placed, np.float32), int(x0), int(y0), ink)

    margin = 0.06 * em
    v0, v1 = float(rows[0]) - margin, float(rows[-1]) + 1 + margin

    def quad(u0: float, u1: float) -> Quad:
        u0, u1 = u0 - margin, u1 + margin
        return (*place(u0, v0), *place(u1, v0), *place(u1, v1), *place(u0, v1))

    whole = quad(float(columns[0]), float(columns[-1]) + 1)
    if listed:
        sheet.lines.append((text.replace("º", "o"), whole))
    return (whole, *(quad(edge(a), edge(b)) for a, b in parts))


def _wear(shape: tuple[int, ...], rng: np.random.Generator, wear: float) -> NDArray[np.float32]:
    """Return the share of ink that is left at each pixel, in blotches about a letter wide."""
    height, width = shape
    coarse = rng.random((max(2, height // 8), max(2, width // 8)), dtype=np.float32)
    blotch = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(1 - wear * (0.25 + 0.9 * blotch), 0.12, 1), np.float32)


def join_quads(quads: list[Quad]) -> Quad:
    """Return the quad around lines of the same direction."""
    if len(quads) == 1:
        return quads[0]
    points = np.array(quads, float).reshape(-1, 4, 2)
    along = (points[:, 1] - points[:, 0]).sum(0)
    along = along / (np.hypot(*along) or 1.0)
    down = np.array([-along[1], along[0]])
    flat = points.reshape(-1, 2)
    a, d = flat @ along, flat @ down
    corners = [(a.min(), d.min()), (a.max(), d.min()), (a.max(), d.max()), (a.min(), d.max())]
    return tuple(float(v) for p, q in corners for v in p * along + q * down)  # type: ignore[return-value]


class Desk:
    """State of one drawing: values, random choices, fonts, inks and the truth so far."""

    def __init__(
        self, kind: DocumentType, layout: Layout, values: Mapping[str, str], chance: random.Random,
        rng: np.random.Generator, pool: fonts.Pool, sheet: Sheet,
    ) -> None:  # fmt: skip
        self.kind, self.layout, self.values = kind, layout, values
        self.chance, self.rng, self.pool, self.sheet = chance, rng, pool, sheet
        self.fields: dict[str, str] = {}
        self.quads: dict[str, tuple[Quad, ...]] = {}
        style: fonts.Style = "serif" if layout.serif else "sans"
        if chance.random() < 0.12:
            style = "sans" if layout.serif else "serif"
        self.captions = self.typed = typeface(chance, style, pool)
        overprinted = layout.serif and kind.family != "passport"
        if overprinted or chance.random() < 0.2:
            self.typed = typeface(chance, chance.choice(("sans", "serif", "mono", "serif")), pool)
        dark = chance.randint(5, 60)
        inks: tuple[Rgb, ...] = (
            (dark, dark, dark), (dark, dark, dark), (dark, dark, dark + 50),
            (dark + 30, dark, dark), (dark, dark + 22, dark + 12),
        )  # fmt: skip
        form = layout.caption
        if "/" in form:
            form = chance.choice((form, form, form.replace(" / ", "/"), form.replace(":", "")))
        elif chance.random() < 0.15:
            form = form.replace(":", "")
        self.caption_form = form
        self.ink, self.value_ink = chance.choice(inks), chance.choice(inks)
        self.wear = chance.choice((0.0, 0.1, 0.25, 0.5 if overprinted else 0.2))
        # How far typed values are from their nominal position, in millimetres.
        self.wobble = chance.uniform(0.1, 0.6) if overprinted else chance.uniform(0, 0.12)
        self.shift = (chance.gauss(0, 0.45), chance.gauss(0, 0.3)) if overprinted else (0.0, 0.0)
        self.caption_em = layout.caption_size * chance.uniform(0.9, 1.1)
        self.value_em = chance.uniform(0.92, 1.08)


def free_span(desk: Desk, x: float, y: float, size: float) -> tuple[float, float]:
    """Return the left and right end of the free space around a point on a text line."""
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


def put(
    desk: Desk, text: str, x: float, y: float, size: float, face: Typeface, *, bold: bool = False,
    italic: bool = False, ink: Rgb | None = None, room: float | None = None, centre: bool = False,
    parts: tuple[tuple[int, int], ...] = (), angle_deg: float = 0.0, wear: float = 0.0,
) -> tuple[float, tuple[Quad, ...]]:  # fmt: skip
    """Write a text at a position in mm, compressed to fit `room`; return right end and quads."""
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


def centred(desk: Desk, text: str, x: float, y: float, size: float, *, bold: bool) -> None:
    """Write a text centred at `x`, within the free space."""
    left, right = free_span(desk, x, y, size)
    room = 2 * min(x - left, right - x)
    put(desk, text, x, y, size, desk.captions, bold=bold, room=room, centre=True)
