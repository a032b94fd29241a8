"""Turn the caller's column, list or frame into one frame of sources."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError, unknown
from cvocr_lab.files import escaped
from cvocr_lab.frames import check_source_columns

Column: TypeAlias = str | int
Data: TypeAlias = "pd.Series | pd.DataFrame | Sequence[object] | str | Path | bytes"


def source_frame(
    data: Data, *, column: Column | Sequence[Column] | None = None, images: int = 1
) -> pd.DataFrame:
    """Select the source columns of `data`, with its index.

    `images`, 1 or 2, is the number of pictures per request.  `data` is a frame, a series, a
    sequence of sources (of pairs if `images` is 2), or one source.  `column` names the column(s)
    of a frame, or those to make of a list; None means ``"image"``, or ``"front"`` and ``"back"``
    for pairs.  A series keeps its name.

    Columns that are missing or duplicated, are too many or too few for the request, or have the
    name of a result column are an `ArgumentError`.
    """
    columns: tuple[Column, ...]
    if column is not None:
        columns = (column,) if isinstance(column, str | int) else tuple(column)
    elif isinstance(data, pd.Series) and data.name is not None:
        columns = (data.name,)  # type: ignore[assignment]
    else:
        columns = ("image",) if images == 1 else ("front", "back")
    if len(columns) != images or len(set(columns)) != images:
        wanted = "one column" if images == 1 else "two columns, front and back"
        raise ArgumentError(f"this kind takes {wanted}, not {', '.join(map(repr, columns))}")
    check_source_columns(columns)
    if isinstance(data, pd.DataFrame):
        for name in columns:
            times = int((data.columns == name).sum())
            if not times:
                raise unknown("column", name, data.columns, more="; pass the right one as column=…")
            if times > 1:
                raise ArgumentError(f"the frame has several columns {name!r}: rename them")
        frame = data[list(columns)].copy()
    elif isinstance(data, pd.Series):
        frame = data.to_frame(name=columns[0])
    else:
        frame = _listed(data, columns)
    for name in columns:
        if frame[name].dtype == object and any(isinstance(v, Path | str) for v in frame[name]):
            # As text, which Parquet can store, with bytes that are not UTF-8 escaped.
            values = [escaped(str(v)) if isinstance(v, Path | str) else v for v in frame[name]]
            frame[name] = _column(values).set_axis(frame.index)
    return frame


def _listed(
    data: Sequence[object] | str | Path | bytes, columns: tuple[Column, ...]
) -> pd.DataFrame:
    single = isinstance(data, str | Path | bytes) or not isinstance(data, Sequence)
    rows: list[object] = [data] if single else list(data)  # type: ignore[arg-type]
    if len(columns) == 1:
        return pd.DataFrame({columns[0]: _column(rows)})
    pairs = [row for row in rows if isinstance(row, tuple | list) and len(row) == len(columns)]
    if len(pairs) < len(rows):
        raise ArgumentError("a list for this kind must hold pairs: (front, back)")
    return pd.DataFrame(
        {name: _column([pair[at] for pair in pairs]) for at, name in enumerate(columns)}
    )


def _column(values: list[object]) -> pd.Series:
    values = [escaped(value) if isinstance(value, str) else value for value in values]
    if all(isinstance(value, str) for value in values):
        return pd.Series(values, dtype=None if values else object)
    cells = np.empty(len(values), dtype=object)
    for at, value in enumerate(values):
        cells[at] = value  # one by one, so that an array stays one cell
    return pd.Series(cells)
