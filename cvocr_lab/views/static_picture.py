"""`show`: draw a row as one static picture, which needs no widgets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import Record, Records, Table
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.images.crops import Pixels, Points, corners_of, grown, shrunk
from cvocr_lab.views.live_page import HIDDEN
from cvocr_lab.views.pictures import Pictures
from cvocr_lab.views.truth_overlay import Judgement, TruthOverlay

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

_WIDTH: Final = 900
_SIDE: Final = 560
_PAD: Final = 16
_MARGIN: Final = 0.08
"""Margin shown around the paper, as a share of its shorter side."""

# The background is transparent.  All colours have a contrast of at least 4 to 1 with both white
# and dark notebooks.
_INK, _SOFT, _PLATE = (122, 122, 122), (122, 122, 122), (255, 255, 255)
_OF_OUTCOME: Final = {
    "correct": (0, 134, 100),
    "wrong": (212, 84, 10),
    "missing": (158, 110, 0),
    "invented": (176, 88, 178),
}
_OF_CONFIDENCE: Final = ((0.95, (34, 122, 190)), (0.8, (158, 110, 0)), (0.0, (212, 84, 10)))


def show(
    frame: pd.DataFrame,
    row: int = 0,
    *,
    whole: bool = False,
    truth: Table | None = None,
    mask: bool = False,
    on: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    fetch: Fetch = Fetch(),  # noqa: B008 - frozen
) -> Image.Image:
    """Draw one row: the photo with numbered quads, and the values beside it.

    The photo is cropped to the paper, with a margin, if its corners are known.  The background is
    transparent, for light and dark notebooks.  No widgets are needed.  Unlike `view`, a saved
    notebook contains the picture.

    Parameters
    ----------
    frame
        A flat frame.
    row
        Position of the row, from 0; negative positions count from the end.
    whole
        Whether to show the whole photo.
    truth, mask, on, limits, fetch
        See `cvocr_lab.view`.

    Raises
    ------
    ArgumentError
        `frame` is not a flat frame, or has no such row.
    RowError
        The row's picture cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> name = {"name": "TRẦN ÂN", "name_quad": "10 10 90 10 90 30 10 30"}
    >>> frame = pd.DataFrame([name | {"image": np.zeros((60, 100, 3), np.uint8)}])
    >>> show(frame).size
    (692, 109)
    """
    records = Records(frame)
    if not -len(records) <= row < len(records):
        raise ArgumentError(f"there is no row {row}: the frame has {len(records)} rows")
    record = records.record(row % len(records))
    pixels = Pictures(limits=limits, fetch=fetch, mask=mask).pixels(record)
    overlay = None if truth is None else TruthOverlay(records, truth, on=on)
    judgements = overlay.of(record.row) if overlay else {}
    return drawn(pixels, record, judgements, mask=mask, whole=whole)


def drawn(
    pixels: Pixels,
    record: Record,
    judgements: Mapping[str, Judgement],
    *,
    mask: bool,
    whole: bool = False,
) -> Image.Image:
    """Draw the photo with numbered quads, and the values beside it."""
    from PIL import Image, ImageDraw

    left, top, right, bottom = _part(pixels, None if whole else corners_of(record.corners), record)
    pixels = pixels[top:bottom, left:right]
    small = shrunk(pixels, _WIDTH)
    height, width = small.shape[:2]
    scale = width / pixels.shape[1]
    lines = _lines(record, judgements, mask)
    high = max(height, sum(tall for *_, tall in lines)) + 2 * _PAD
    sheet = Image.new("RGBA", (width + _SIDE + 2 * _PAD, high), (*_PLATE, 0))
    sheet.paste(Image.fromarray(small), (_PAD, _PAD))
    draw = ImageDraw.Draw(sheet)
    for number, (name, quad) in enumerate(record.quads.items(), 1):
        colour = _colour(record, name, judgements)
        points = [
            ((x - left) * scale + _PAD, (y - top) * scale + _PAD)
            for x, y in zip(quad[::2], quad[1::2], strict=True)
        ]
        draw.polygon(points, outline=colour, width=2)
        _number(draw, points[0], number, colour)
    y = _PAD
    for text, size, colour, bold, tall in lines:
        draw.text((width + 2 * _PAD, y), text, font=_font(size, bold=bold), fill=colour)
        y += tall
    return sheet


def _part(pixels: Pixels, corners: Points | None, record: Record) -> list[int]:
    """Return the edges of the part of the page with the paper and all quads, or of the page."""
    page = [0, 0, pixels.shape[1], pixels.shape[0]]
    if corners is None:
        return page
    quads = [np.reshape(quad, (4, 2)) for quad in record.quads.values()]
    points = np.concatenate([grown(corners, _MARGIN), *quads]).clip(0, page[2:])
    edges = np.concatenate([np.floor(points.min(axis=0)), np.ceil(points.max(axis=0))])
    left, top, right, bottom = (int(edge) for edge in edges)
    return [left, top, right, bottom] if left < right and top < bottom else page


_Line = tuple[str, int, tuple[int, int, int], bool, int]


def _lines(record: Record, judgements: Mapping[str, Judgement], mask: bool) -> list[_Line]:
    heading = record.title or ("failed" if record.error else "no type")
    lines: list[_Line] = [(heading, 17, _INK, True, 30)]
    if record.error:
        lines.append(("This row failed." if mask else record.error, 13, _SOFT, False, 24))
    numbers = {name: at for at, name in enumerate(record.quads, 1)}
    for name, value in record.cells.items():
        judgement = judgements.get(name)
        if value.text is None and (judgement is None or judgement.outcome == "absent"):
            continue
        percent = "" if value.confidence is None else f" · {int(value.confidence * 100 + 1e-7)}%"
        known_as = f"{value.caption} ({name})" if value.caption else name
        about = f"{numbers.get(name, '–')}  {known_as}{percent}"
        colour = _colour(record, name, judgements)
        outcome = f" · {judgement.outcome}" if judgement and judgement.outcome else ""
        lines.append((about + outcome, 12, colour, False, 19))
        text = "(nothing read)" if value.text is None else HIDDEN if mask else value.text
        lines += [(part, 15, _INK, False, 21) for part in _wrapped(text)]
        if judgement and judgement.outcome in ("wrong", "missing", "invented") and not mask:
            truth = f"label: {judgement.truth or '(none)'}"
            lines += [(part, 13, _SOFT, False, 19) for part in _wrapped(truth)]
        lines.append(("", 8, _INK, False, 7))
    return lines


def _wrapped(text: str, width: int = 56) -> list[str]:
    return [part for line in text.splitlines() for part in wrap(line, width)] or [""]


def _colour(record: Record, name: str, judgements: Mapping[str, Judgement]) -> tuple[int, int, int]:
    if judgements:
        judgement = judgements.get(name)
        return _OF_OUTCOME.get(judgement.outcome if judgement else "", _SOFT)
    value = record.cells.get(name)
    confidence = value.confidence if value else None
    if confidence is None:
        return _SOFT
    return next(colour for lowest, colour in _OF_CONFIDENCE if confidence >= lowest)


def _number(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], number: int, colour: tuple[int, int, int]
) -> None:
    x, y = at
    font = _font(11, bold=True)
    left, top, right, bottom = draw.textbbox((x, y - 14), str(number), font=font)
    draw.rectangle((left - 3, top - 2, right + 3, bottom + 2), fill=colour)
    draw.text((x, y - 14), str(number), font=font, fill=_PLATE)


def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Load DejaVu Sans, which comes with matplotlib and has every Vietnamese letter."""
    from matplotlib import get_data_path
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(get_data_path()) / "fonts" / "ttf" / name, size)
