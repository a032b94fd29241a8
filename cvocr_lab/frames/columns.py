"""Names and dtypes of the columns of a flat frame."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd

from cvocr_lab.dates import printed_date
from cvocr_lab.errors import ArgumentError
from cvocr_lab.kinds import field_order
from cvocr_lab.text import nfc

ColumnType = Literal["text", "float64", "Int64", "boolean", "quad"]

TEXT: Final = pd.Series([""]).dtype
"""The dtype of text columns: ``str`` from pandas 3 on, object before."""

EXTRA: Final = "ocr_extra_"
INDEX: Final = "ocr_index"
"""Column of the index in a CSV file; ``ocr_index_<name>`` for an index with a name."""

_READING: Final[Mapping[str, ColumnType]] = {
    "ocr_source": "text",
    "ocr_type": "text",
    "ocr_confidence": "float64",
    "ocr_side": "text",
    "ocr_page": "Int64",
    "ocr_corners": "quad",
    "ocr_valid": "boolean",
    "ocr_invalid_code": "Int64",
    "ocr_invalid_message": "text",
    "ocr_warnings": "text",
    "ocr_engine": "text",
    "ocr_error_code": "text",
    "ocr_error": "text",
    "ocr_attempts": "Int64",
    "ocr_seconds": "float64",
}
READING_COLUMNS: Final = tuple(_READING)
"""The ``ocr_`` columns of every flat frame, in order; the first comes before the fields."""

REVIEWED_COLUMN: Final = "ocr_reviewed"
"""States of a row's fields in reviewed frames: ``"id:confirmed;name:corrected"``."""

TAGS_COLUMN: Final = "ocr_tags"
"""Tags of a row in reviewed frames: ``"blurred;to ask"``."""

LOCATED_COLUMN: Final = "ocr_located"
"""How the places of a row's values were found by `locate`: ``"id:located;name:fuzzy"``."""

USAGE_COLUMNS: Final[Mapping[str, ColumnType]] = {
    "ocr_tokens_in": "Int64",
    "ocr_tokens_out": "Int64",
    "ocr_cost": "float64",
}
"""Tokens and cost of a reading, for engines that count them; on the first face of an input."""

UNREADABLE: Final = "###"
"""The label of a value that is on the paper but cannot be read."""

CLEANED: Final = re.compile(r"(.+)_clean(?:_.+)?|clean_flags")
"""Columns that cleaning adds: group 1 is the field."""

INPUT_COLUMNS: Final = READING_COLUMNS[-5:]
"""Columns about the whole input and not about one document in it, from ``ocr_engine`` on."""


def triple(field: str) -> tuple[str, str, str]:
    """Return the three columns of a field: text, confidence, quad."""
    return field, f"{field}_confidence", f"{field}_quad"


def field_columns(columns: Iterable[object]) -> list[str]:
    """Return the fields among these columns: those with a confidence and a quad column."""
    names = {c: None for c in columns if isinstance(c, str)}
    return [
        name
        for name in names
        if not name.startswith("ocr_") and all(c in names for c in triple(name))
    ]


def columns_without_values(frame: pd.DataFrame, types: Iterable[str]) -> set[str]:
    """Return the columns of fields that have no value, and do not belong to these types."""
    known = field_order(types)
    empty = (f for f in field_columns(frame.columns) if f not in known and frame[f].isna().all())
    return {column for field in empty for column in triple(field)}


def fields_of(frame: pd.DataFrame) -> list[str]:
    """Return the fields of a frame, even if some of their columns have been dropped.

    A field is a column with a confidence or a quad column, or one with the name of a field of the
    document types in the frame (of any type, if the frame has no known types).
    """
    columns = [str(c) for c in frame.columns]
    about = next((c for c in ("ocr_type", "type") if c in columns), None)
    of_types = () if about is None else field_order(frame[about].dropna().unique())
    known = {*(of_types or field_order()), "text"}
    there = set(columns)
    return [
        c
        for c in columns
        if not c.startswith("ocr_") and (c in known or not there.isdisjoint(triple(c)[1:]))
    ]


def column_types(columns: Iterable[object]) -> dict[str, ColumnType]:
    """Return the type of each result column among `columns`; source columns are left out."""
    names = [c for c in columns if isinstance(c, str)]
    known: dict[str, ColumnType] = {**_READING, **USAGE_COLUMNS}
    known |= dict.fromkeys((REVIEWED_COLUMN, LOCATED_COLUMN, TAGS_COLUMN), "text")
    for field in field_columns(names):
        known |= zip(triple(field), ("text", "float64", "quad"), strict=True)
    known |= {name: "text" for name in names if name.startswith(EXTRA)}
    return {name: known[name] for name in names if name in known}


def check_source_columns(columns: Iterable[object]) -> None:
    """Raise ArgumentError if a column has the name of a field, or starts with ``ocr_``."""
    taken = {c for name in [*field_order(), "text"] for c in triple(name)}
    for column in columns:
        if column in taken or str(column).startswith("ocr_"):
            raise ArgumentError(
                f"the source column {column!r} has the name of a result column; "
                f"rename it first: df.rename(columns={{{column!r}: 'image'}})"
            )


def as_column(values: Iterable[object], kind: ColumnType, index: pd.Index) -> pd.Series:
    """Build a column of this type from values in memory or from a file."""
    values = list(values)
    types = set(map(type, values)) - {type(None)}
    # Most columns have no values, or values of the right type.
    if kind == "text" and types == {str}:
        values = [value or None for value in values]
    elif types and not (kind == "float64" and types == {float}):
        values = [None if is_missing(v) else _CONVERT[kind](v) for v in values]
    dtype = {"quad": object, "text": TEXT}.get(kind, kind)
    return pd.Series(values, index=index, dtype=dtype)


def restore(frame: pd.DataFrame) -> pd.DataFrame:
    """Restore the columns, dtypes and index of a flat frame.

    A file or a merge may have changed dtypes, and columns may have been dropped; they are added
    again without values.  Columns ``ocr_index`` become the index.

    Raises ArgumentError if `frame` is not a flat frame, or has two columns of one name.
    """
    frame = restore_index(frame)
    fields = set(fields_of(frame))
    names = [n for c in frame.columns for n in (triple(c) if c in fields else (c,))]
    kinds = column_types(["ocr_source", *names, *READING_COLUMNS])
    others = [c for c in frame.columns if c not in kinds]
    has_names = any(name is not None for name in frame.index.names)  # as for an index of paths
    if set(_READING).isdisjoint(names) and not (fields and (others or has_names)):
        raise ArgumentError("this is not a flat frame from extract: it has no column 'ocr_type'")
    there = {c: restore_column(frame[c], kind) for c, kind in kinds.items() if c in frame}
    frame = frame.assign(**there)
    return frame if there.keys() == kinds.keys() else aligned(frame, [*others, *kinds])


def aligned(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return these columns of a flat frame; those that it lacks have no values."""
    kinds = column_types(columns)
    nothing = [None] * len(frame)
    absent = {c: as_column(nothing, kinds[c], frame.index) for c in columns if c not in frame}
    return pd.concat([frame, pd.DataFrame(absent, index=frame.index)], axis=1)[list(columns)]


def as_text(values: pd.Series) -> pd.Series:
    """Convert `values` to text with a new index; missing values become "".

    Dates are written in the form of the papers, ``dd/mm/yyyy``.
    """
    values = values.reset_index(drop=True)
    if values.dtype == TEXT and values.dtype != object:
        return values.fillna("")
    if pd.api.types.is_integer_dtype(values.dtype) and not values.hasnans:  # such as an index
        return values.astype(TEXT)
    texts = values.astype(object)
    if pd.api.types.infer_dtype(texts) != "string":
        texts = texts.map(format_value, na_action="ignore")
    return texts.where(texts.notna(), "").astype(TEXT)


def format_value(value: object) -> str:
    """Format one value as text; dates in the form of the papers."""
    if isinstance(value, pd.Period):
        value = value.to_timestamp()
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, date):  # includes datetime and pandas.Timestamp
        return printed_date(value.isoformat()[:10])
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def restore_column(column: pd.Series, kind: ColumnType) -> pd.Series:
    """Restore the dtype that a column had when the frame was created."""
    # Most columns are unchanged, and converting a long frame value by value takes seconds.
    if str(column.dtype) == kind:
        return column
    if kind == "text" and isinstance(TEXT, pd.StringDtype) and column.dtype == TEXT:
        return column.mask(column == "")
    return as_column(column, kind, column.index)


def restore_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn the columns ``ocr_index`` of a CSV file into the index again; names are in NFC.

    Raises ArgumentError if two columns have the same name.
    """
    frame = composed(frame)
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ArgumentError(f"the frame has two columns {twice!r}: rename or drop one of them")
    columns = [c for c in frame.columns if c == INDEX or str(c).startswith(f"{INDEX}_")]
    if not columns:
        return frame
    levels = [_labels(frame[c].tolist()) for c in columns]
    names = [str(c).removeprefix(INDEX).removeprefix("_") or None for c in columns]
    if len(levels) == 1:
        index = levels[0].rename(names[0])
    else:
        index = pd.MultiIndex.from_arrays(levels, names=names)
    return frame.drop(columns=columns).set_axis(index, axis=0)


def composed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the names of columns and index levels in NFC."""

    def all_nfc(names: Iterable[object]) -> list[object]:
        return [nfc(name) if isinstance(name, str) else name for name in names]

    columns, levels = all_nfc(frame.columns), all_nfc(frame.index.names)
    if columns != list(frame.columns):
        frame = frame.set_axis(columns, axis=1)
    if levels != list(frame.index.names):
        frame = frame.set_axis(frame.index.set_names(levels), axis=0)
    return frame


def listed(names: str | Iterable[str]) -> list[str]:
    """Return one name, or several, as a list in NFC; raise ArgumentError if one is not a text."""
    several = [names] if isinstance(names, str) or not isinstance(names, Iterable) else list(names)
    for name in several:
        if not isinstance(name, str):
            raise ArgumentError(f"a column is named by a text, not by {name!r}")
    return [nfc(name) for name in several]


def _labels(values: list[str]) -> pd.Index:
    """Convert index labels from a CSV file: to numbers if all are numbers, else to text."""
    if not values:
        return pd.Index(values, dtype="int64")
    for number in (int, float):
        # Only if they are written in the usual way: 007 is text.
        with suppress(ValueError):
            numbers = [number(str(v)) for v in values]
            if all(str(n) == str(v) for n, v in zip(numbers, values, strict=True)):
                return pd.Index(numbers)
    return pd.Index(values)


def is_missing(value: object) -> bool:
    """Return whether a cell is absent: None, NaN, NA, NaT or ""."""
    if isinstance(value, str):
        return not value
    is_nan = isinstance(value, float) and value != value
    return is_nan or value is None or value is pd.NA or value is pd.NaT


def parse_quad(value: object) -> tuple[float, ...] | None:
    """Return eight floats from a tuple, a list, an array (Parquet) or text (CSV)."""
    if value is None or (type(value) is tuple and set(map(type, value)) == {float}):
        return value
    if isinstance(value, str):
        parts: Iterable[object] = re.split(r"[,\s]+", value.strip("()[] \n"))
        return tuple(float(str(p)) for p in parts) if value else None
    if isinstance(value, Iterable):
        return tuple(float(v) for v in value)
    return None


_CONVERT: Final[Mapping[ColumnType, Callable[[object], object]]] = {
    "text": str,
    "float64": lambda value: float(str(value)),
    "Int64": lambda value: float(str(value)),
    "boolean": lambda value: str(value).lower() in ("true", "1", "1.0"),
    "quad": parse_quad,
}


def check_no_pictures(frame: pd.DataFrame) -> None:
    """Raise ArgumentError if a column contains pictures, which cannot be written."""
    for column in frame.columns:
        if frame[column].dtype == object and any(map(_is_picture, frame[column])):
            raise ArgumentError(
                f"column {str(column)!r} contains pictures, not paths: drop it before writing"
            )


def _is_picture(cell: object) -> bool:
    return not isinstance(cell, str | float | int | list | tuple | Path | None) and (
        isinstance(cell, bytes | bytearray | memoryview) or hasattr(cell, "size")
    )
