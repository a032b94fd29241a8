"""Fonts with all Vietnamese letters: those of this machine, and DejaVu, which matplotlib has.

Fonts are split into three pools: `HELD_OUT` families are used only for tests, `VALIDATION` families
only to choose the checkpoint, and all others for training.  Users of the package get pictures from
the pool ``"shipped"`` (DejaVu), which are the same on every machine.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import matplotlib as mpl
from fontTools.ttLib import TTFont
from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

from cvocr_lab.text import CHARSET

Style = Literal["sans", "serif", "mono", "condensed", "ocrb"]
Pool = Literal["shipped", "train", "valid", "test"]

HELD_OUT = (
    "Carlito", "Vollkorn", "Clear Sans", "Charis SIL", "Open Sans", "FreeSerif", "Lato", "Cousine",
    "TeX Gyre Schola", "Manrope",
)  # fmt: skip
"""Families (with their variants) on which no model is trained."""

# Liberation Mono has the same shapes as Cousine, so it must not be used for training either.
VALIDATION = ("Gentium", "Inter", "Liberation Mono", "TeX Gyre Bonum", "Roboto Slab", "Cantarell")
"""Families that are used only to choose the best checkpoint."""

_FOLDERS = (
    "/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/texmf/fonts", "~/.fonts",
    "~/.local/share/fonts", "/Library/Fonts", "/System/Library/Fonts", "C:/Windows/Fonts",
)  # fmt: skip
# Small capitals look like capitals, and Carlito's upright Ậ Ệ Ộ look like Ạ Ẹ Ọ; the others have
# symbols.
_UNFIT = re.compile(
    r"Caps|\bSC\b|Symbola|Math|Dunhill|Quotation|Upright|Unslanted|DejaVuSansDisplay"
    r"|Carlito-(Regular|Bold)$"
)
# Real cards use fonts like these, so they are chosen more often.
_COMMON = {
    "Arimo": 9, "Liberation Sans": 7, "Tinos": 7, "Liberation Serif": 5, "Roboto": 7,
    "TeX Gyre Heros": 5, "TeX Gyre Termes": 5, "FreeSans": 3, "Noto Sans": 5, "Noto Serif": 3,
    "DejaVu Sans": 4, "DejaVu Serif": 3, "Roboto Condensed": 3, "TeX Gyre Heros Cn": 3,
    "DejaVu Sans Mono": 3, "TeX Gyre Cursor": 2, "FreeMono": 2, "Latin Modern Roman": 2,
    "CMU Serif": 2, "Linux Libertine O": 2,
}  # fmt: skip


_MIN_WEIGHT = 300
"""Weights go from 100 (thin) to 900 (black); no paper is printed in very thin letters."""


@dataclass(frozen=True, slots=True)
class Face:
    """One font file."""

    path: Path
    family: str
    style: Style
    vietnamese: bool
    """Whether it has all characters of `CHARSET`; if not, it has only ASCII."""

    @property
    def pool(self) -> Pool:
        """The pool of the family; shipped fonts belong to ``"train"``."""
        if self.family.startswith(HELD_OUT):
            return "test"
        return "valid" if self.family.startswith(VALIDATION) else "train"


@cache
def faces() -> tuple[Face, ...]:
    """List all usable font files, the shipped ones first; takes some seconds the first time."""
    folders = [Path(folder).expanduser() for folder in _FOLDERS]
    files = [f for d in folders if d.is_dir() for f in sorted(d.rglob("*"))]
    found = (_face(f) for f in files if f.suffix.lower() in {".ttf", ".otf"})
    return (*shipped(), *(face for face in found if face is not None))


@cache
def shipped() -> tuple[Face, ...]:
    """List the DejaVu files of matplotlib; the monospaced ones do not have all letters."""
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    found = (_face(f) for f in sorted(folder.glob("DejaVu*.ttf")))
    return tuple(face for face in found if face is not None)


def _face(path: Path) -> Face | None:
    try:
        with TTFont(path, lazy=True) as font:
            has = (font.getBestCmap() or {}).keys()
            drawn = "glyf" in font or "CFF " in font or "CFF2" in font  # else it is a bitmap font
            names = font["name"]
            family = str(names.getDebugName(16) or names.getDebugName(1) or path.stem)
            fixed = bool(font["post"].isFixedPitch)
            serif = narrow = hairline = False
            if about := font.get("OS/2"):
                serif = about.panose.bFamilyType == 2 and 2 <= about.panose.bSerifStyle <= 10
                narrow = about.usWidthClass < 5
                hairline = about.usWeightClass < _MIN_WEIGHT
    except Exception:  # a broken font file can raise any error
        return None
    vietnamese = {ord(c) for c in CHARSET} <= has
    name = f"{family} {path.stem}"
    ocrb = "ocr" in name.lower()  # OCR-B has no Vietnamese; OCR-A is used as a monospaced font
    complete = vietnamese or ((fixed or ocrb) and set(range(32, 127)) <= has)
    if not drawn or hairline or not complete or _UNFIT.search(name):
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


@cache
def _families(style: Style | None, pool: Pool) -> dict[str, list[Path]]:
    among = shipped() if pool == "shipped" else [f for f in faces() if f.pool == pool]
    fit = [f for f in among if f.vietnamese and style in (None, f.style)]
    if style == "ocrb":  # the MRZ needs no Vietnamese letters; any monospaced font can replace it
        fit = [f for f in among if f.style == "ocrb"] or [f for f in among if f.style == "mono"]
    found: dict[str, list[Path]] = {}
    for face in fit:
        found.setdefault(face.family, []).append(face.path)
    return found


def pick(rng: random.Random, style: Style | None, pool: Pool) -> Path:
    """Choose a font family at random, and one of its files.

    Fonts like those of real cards are chosen more often.

    If the pool does not have the style, ``ocrb`` becomes ``mono`` and other styles become any
    style.  Files for ``ocrb`` may have only ASCII.
    """
    families = _families(style, pool)
    if not families:
        return pick(rng, None, pool)
    weights = [float(_COMMON.get(name, 1)) for name in families]
    files = families[rng.choices(list(families), weights)[0]]
    if style == "ocrb":
        return rng.choice(files)
    # Regular files are more important than the many black and thin ones of large families.
    cut = rng.choices(_CUTS, (45, 25, 15, 15))[0]
    return rng.choice([f for f in files if re.search(cut, f.stem)] or files)


_CUTS = (r"Regular|Roman|Book|-R$|^[A-Z][a-z]+$", r"Bold$", r"Italic$|Oblique$|-I$", ".")


@lru_cache(maxsize=512)
def load(path: Path, size: int) -> FreeTypeFont:
    """Open the font at `size` pixels per em, with the fast layout engine."""
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
