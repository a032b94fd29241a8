"""Where on the picture each value was read, as a small picture of its own."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Final

import pandas as pd

from cvocr_lab.errors import RowError
from cvocr_lab.frames import Records
from cvocr_lab.images import InputImage, load
from cvocr_lab.images.crops import value_crop

_WIDTH: Final = 1600
_HEIGHT: Final = 192
"""Of a crop at most, in pixels; a line of print is readable at a sixth of the height."""

_MARGIN: Final = 0.25


def crops(cells: pd.DataFrame, frame: pd.DataFrame) -> Iterator[str | None]:
    """Cut out each cell's value as a ``data:`` URI; None where its place is not known.

    Parameters
    ----------
    cells
        Of a `Score`, the cells wanted.
    frame
        The flat frame that was scored.

    Raises
    ------
    ArgumentError
        `frame` does not say where its pictures are.
    """
    records = Records(frame)
    shown: tuple[object, InputImage | None] = (None, None)
    for at, field in zip(cells["reading"].tolist(), cells["field"].astype(str), strict=True):
        quad = records.cell(at, field).quad if at >= 0 else None
        if quad is None:
            yield None
            continue
        source = records.source(at)
        if shown[1] is None or shown[0] is not source:
            shown = source, _loaded(source)
        image, page = shown[1], int(records.pages[at])
        if image is None or page not in image.numbers:
            yield None
            continue
        pixels = image.pages[image.numbers.index(page)]
        crop = value_crop(pixels, quad, margin=_MARGIN, width=_WIDTH, height=_HEIGHT)
        yield None if crop is None else f"data:image/jpeg;base64,{base64.b64encode(crop).decode()}"


def _loaded(source: object) -> InputImage | None:
    try:
        return load(source)
    except RowError:
        return None  # a report is about values; the frame says what is wrong with the picture
