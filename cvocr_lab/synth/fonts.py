"""Fonts with every Vietnamese letter: the ones on this machine, and matplotlib's DejaVu.

Three pools keep training honest: `HELD_OUT` families are for tests alone, `VALIDATION` families
choose the checkpoint, all others train.  What the package draws for its users comes from the pool
``"shipped"`` (DejaVu, which matplotlib carries), so it looks the same everywhere.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cvocr_lab.text import CHARSET

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

Style = Literal["sans", "serif", "mono", "condensed", "ocrb"]
Pool = Literal["shipped", "train", "valid", "test"]

HELD_OUT = (
    "Carlito", "Vollkorn", "Clear Sans", "Charis SIL", "Open Sans", "FreeSerif", "Lato", "Cousine",
    "TeX Gyre Schola", "Manrope",
)  # fmt: skip
"""Families (with their variants) that no model of ours is trained on."""

# Liberation Mono is the same drawing as Cousine, so it must not be trained on either.
VALIDATION = ("Gentium", "Inter", "Liberation Mono", "TeX Gyre Bonum", "Roboto Slab", "Cantarell")
"""Families that only choose the best checkpoint."""

_FOLDERS = (
    "/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/texmf/fonts", "~/.fonts",
    "~/.local/share/fonts", "/Library/Fonts", "/System/Library/Fonts", "C:/Windows/Fonts",
)  # fmt: skip
# Small capitals look like capitals, Carlito's upright Ậ Ệ Ộ like Ạ Ẹ Ọ; the others hold symbols.
_UNFIT = re.compile(
    r"Caps|\bSC\b|Symbola|Math|Dunhill|Quotation|Upright|Unslanted|DejaVuSansDisplay"
    r"|Carlito-(Regular|Bold)$"
)
# The real cards are set in faces like these, so they are drawn more often.
_COMMON = {
    "Arimo": 9, "Liberation Sans": 7, "Tinos": 7, "Liberation Serif": 5, "Roboto": 7,
    "TeX Gyre Heros": 5, "TeX Gyre Termes": 5, "FreeSans": 3, "Noto Sans": 5, "Noto Serif": 3,
    "DejaVu Sans": 4, "DejaVu Serif": 3, "Roboto Condensed": 3, "TeX Gyre Heros Cn": 3,
    "DejaVu Sans Mono": 3, "TeX Gyre Cursor": 2, "FreeMono": 2, "Latin Modern Roman": 2,
    "CMU Serif": 2, "Linux Libertine O": 2,
}  # fmt: skip


_LEAST_WEIGHT = 300
"""Of 100 (thin) to 900 (black): no paper is printed in hairlines."""


@dataclass(frozen=True, slots=True)
class Face:
    """One font file.

    Parameters
    ----------
    path
        The file.
    family
        The typographic family it names, e.g. ``"Noto Sans"``.
    style
        What it looks like.
    vietnamese
        Whether it has every character of the charset; else it has printable ASCII only.
    """

    path: Path
    family: str
    style: Style
    vietnamese: bool = True

    @property
    def pool(self) -> Pool:
        """Which pool the family belongs to (``"shipped"`` counts as training)."""
        if self.family.startswith(HELD_OUT):
            return "test"
        return "valid" if self.family.startswith(VALIDATION) else "train"


@cache
def faces() -> tuple[Face, ...]:
    """Every usable font file found, shipped ones first.  Reads them all once: some seconds."""
    folders = [Path(folder).expanduser() for folder in _FOLDERS]
    files = [f for d in folders if d.is_dir() for f in sorted(d.rglob("*"))]
    found = (_face(f) for f in files if f.suffix.lower() in {".ttf", ".otf"})
    return (*shipped(), *(face for face in found if face is not None))


@cache
def shipped() -> tuple[Face, ...]:
    """List the DejaVu files that matplotlib carries; its monospaced ones lack some letters."""
    import matplotlib as mpl

    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    found = (_face(f) for f in sorted(folder.glob("DejaVu*.ttf")))
    return tuple(face for face in found if face is not None)


def _face(path: Path) -> Face | None:
    from fontTools.ttLib import TTFont

    try:
        with TTFont(path, lazy=True) as font:
            has = (font.getBestCmap() or {}).keys()
            drawn = "glyf" in font or "CFF " in font or "CFF2" in font  # else it is a bitmap font
            names = font["name"]
            family = str(names.getDebugName(16) or names.getDebugName(1) or path.stem)
            fixed = bool(font["post"].isFixedPitch)
            panose = font["OS/2"].panose if "OS/2" in font else None
            serif = panose is not None and panose.bFamilyType == 2 and 2 <= panose.bSerifStyle <= 10
            narrow = "OS/2" in font and font["OS/2"].usWidthClass < 5
            hairline = "OS/2" in font and font["OS/2"].usWeightClass < _LEAST_WEIGHT
    except Exception:  # a broken font file can fail in any way; it is no use to us
        return None
    vietnamese = {ord(c) for c in CHARSET} <= has
    name = f"{family} {path.stem}"
    ocrb = "ocr" in name.lower()  # OCR-B has no Vietnamese; OCR-A serves as one more mono face
    if (
        not drawn
        or hairline
        or _UNFIT.search(name)
        or not (vietnamese or ((fixed or ocrb) and set(range(32, 127)) <= has))
    ):
        return None
    return Face(path, family, _style(name, fixed, serif, narrow), vietnamese)


def _style(name: str, fixed: bool, serif: bool, narrow: bool) -> Style:
    if re.search(r"ocr[ _-]?b", name, re.IGNORECASE):
        return "ocrb"
    if fixed or re.search(r"Mono|Typewriter|Cursor|Code|OCR", name):
        return "mono"
    if narrow or re.search(r"Cond|Cn\b|Narrow|Kaffeesatz", name):
        return "condensed"
    if serif or re.search(
        r"Serif|Roman|Termes|Pagella|Bonum|Schola|Libertine|Garamond|Gentium|Tinos|Rasa|Yrsa|Slab"
        r"|Elstob|Junicode|Doulos|Charis|Vollkorn",
        name,
    ):
        return "serif"
    return "sans"


def families(*, training: bool) -> dict[str, list[Path]]:
    """Families with every Vietnamese letter and their files.

    Parameters
    ----------
    training
        Leave out the families kept for validation and tests.
    """
    found: dict[str, list[Path]] = {}
    for face in faces():
        if face.vietnamese and (face.pool == "train" or not training):
            found.setdefault(face.family, []).append(face.path)
    return found


@cache
def _choices(style: Style | None, pool: Pool) -> dict[str, list[Path]]:
    among = shipped() if pool == "shipped" else [f for f in faces() if f.pool == pool]
    fit = [f for f in among if f.vietnamese and style in (None, f.style)]
    if style == "ocrb":  # the machine readable zone needs no Vietnamese; any mono face stands in
        fit = [f for f in among if f.style == "ocrb"] or [f for f in among if f.style == "mono"]
    found: dict[str, list[Path]] = {}
    for face in fit:
        found.setdefault(face.family, []).append(face.path)
    return found


@cache
def _weights(style: Style | None, pool: Pool) -> tuple[tuple[str, ...], tuple[float, ...]]:
    names = tuple(_choices(style, pool))
    return names, tuple(float(_COMMON.get(name, 1)) for name in names)


def pick(rng: random.Random, style: Style | None, pool: Pool) -> Path:
    """Choose a font file: a family, those of real cards more often, then one of its files.

    Parameters
    ----------
    rng
        Source of chance.
    style
        None for any.  A style the pool lacks falls back: ``ocrb`` to ``mono``, others to any.
        Files for ``ocrb`` may have ASCII alone.
    pool
        Which families may be taken.
    """
    if not _choices(style, pool):
        return pick(rng, None, pool)
    names, weights = _weights(style, pool)
    files = _choices(style, pool)[rng.choices(names, weights)[0]]
    if style == "ocrb":
        return rng.choice(files)
    # Text faces matter more than black, thin and swash cuts, of which big families have dozens.
    cut = rng.choices(_CUTS, (45, 25, 15, 15))[0]
    return rng.choice([f for f in files if re.search(cut, f.stem)] or files)


_CUTS = (r"Regular|Roman|Book|-R$|^[A-Z][a-z]+$", r"Bold$", r"Italic$|Oblique$|-I$", ".")


@lru_cache(maxsize=512)
def load(path: Path, size: int) -> FreeTypeFont:
    """Open the font at `size` pixels per em, with the fast layout engine."""
    from PIL import ImageFont

    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
