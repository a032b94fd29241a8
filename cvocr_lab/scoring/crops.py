"""Where on the picture a value was read, as a small picture of its own."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.errors import ArgumentError, RowError
from cvocr_lab.frames import field_columns
from cvocr_lab.images import InputImage, load

_ROWS: Final = 64
"""Height of a crop in pixels at most; a line of print is readable at half of it."""

_MARGIN: Final = 0.25
"""Grow by this share of the line's height, so that marks above and below are seen."""


def crops(
    cells: pd.DataFrame, rows: pd.DataFrame, frame: pd.DataFrame, base: str | PathLike[str] | None
) -> Iterator[str | None]:
    """Cut out each cell's value as a ``data:`` URI; None where its place is not known.

    Parameters
    ----------
    cells, rows
        Of a `Score`, the cells wanted.
    frame
        The flat frame that was scored.
    base
        Folder that relative paths of its source column start from.

    Raises
    ------
    ArgumentError
        The frame has no column of pictures.
    """
    column = _source(frame)
    known = rows[column].tolist() if column in rows else rows.index.tolist()
    keys = frame[column].tolist() if column in rows else frame.index.tolist()
    at: dict[object, list[int]] = {}
    for place, key in enumerate(keys):
        at.setdefault(_hashable(key), []).append(place)
    last: tuple[object, InputImage | None] = (None, None)
    for row, field, value in zip(
        cells["row"], cells["field"].astype(str), cells["value"], strict=True
    ):
        found = [
            place
            for place in at.get(_hashable(known[row]), ())
            if _column(frame, f"{field}_quad", place) is not None
            and str(_column(frame, field, place)) == str(value)
        ]
        if not found:
            yield None
            continue
        source = frame[column].iloc[found[0]]
        if last[1] is None or last[0] is not source:
            last = (source, _loaded(source, base))
        image, page = last[1], _column(frame, "ocr_page", found[0])
        quad = np.asarray(_column(frame, f"{field}_quad", found[0]), np.float64)
        yield _uri(image, page, quad) if image is not None else None


def _source(frame: pd.DataFrame) -> str:
    fields = {c for f in field_columns(frame.columns) for c in (f, f"{f}_confidence", f"{f}_quad")}
    for column in frame.columns:
        if column not in fields and not str(column).startswith("ocr_"):
            return str(column)
    raise ArgumentError("the frame has no column of pictures to cut crops from")


def _column(frame: pd.DataFrame, name: str, place: int) -> object:
    if name not in frame:
        return None
    value = frame[name].iloc[place]
    return None if value is pd.NA else value


def _hashable(key: object) -> object:
    try:
        hash(key)
    except TypeError:
        return id(key)
    return key


def _loaded(source: object, base: str | PathLike[str] | None) -> InputImage | None:
    try:
        return load(source, base=Path(base) if base is not None else None)
    except RowError:
        return None  # a report tells of values; the reading has told of the picture


def _uri(image: InputImage, page: object, quad: npt.NDArray[np.float64]) -> str | None:
    import cv2

    wanted = int(str(page)) if page is not None and page == page else image.numbers[0]
    if wanted not in image.numbers or quad.shape != (8,) or not np.isfinite(quad).all():
        return None
    pixels = image.pages[image.numbers.index(wanted)]
    corners = quad.reshape(4, 2).copy()
    across, down = corners[1] - corners[0], corners[3] - corners[0]
    wide, tall = float(np.hypot(*across)), float(np.hypot(*down))
    if min(wide, tall) < 1:
        return None
    grow = _MARGIN * min(wide, tall)
    right, below = across / wide * grow, down / tall * grow
    corners += [-right - below, right - below, right + below, below - right]
    wide, tall = wide + 2 * grow, tall + 2 * grow
    scale = min(1.0, 3 * _ROWS / tall)
    size = max(1, round(wide * scale)), max(1, round(tall * scale))
    target = np.asarray([[0, 0], [size[0], 0], size, [0, size[1]]], np.float32)
    turn = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    crop = cv2.warpPerspective(
        pixels, turn, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    done, coded = cv2.imencode(
        ".jpg", np.ascontiguousarray(crop[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 85]
    )
    if not done:
        return None
    return f"data:image/jpeg;base64,{base64.b64encode(coded.tobytes()).decode()}"
