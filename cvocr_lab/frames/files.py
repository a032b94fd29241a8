"""Read and write flat frames as Parquet or CSV files."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal, TextIO

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.files import replacing
from cvocr_lab.frames.columns import (
    INDEX,
    READING_COLUMNS,
    as_column,
    check_no_pictures,
    fields_of,
    restore,
)
from cvocr_lab.frames.parquet_stream import write_stream
from cvocr_lab.frames.tables import read_labels
from cvocr_lab.frames.truth import refuse_numbers
from cvocr_lab.kinds import TYPES
from cvocr_lab.kinds._forms import Amount, Date

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r].", re.DOTALL)


def write_frame(frame: pd.DataFrame | Iterable[pd.DataFrame], path: str | Path) -> int:
    """Write a flat frame with its index to ``.parquet`` or ``.csv`` (UTF-8).

    The file is created with mode 0600, since it contains personal data.  An existing file is
    replaced when the new one is complete.  An iterator of frames, such as the result of
    `cvocr_lab.extract` with `chunksize`, is written to one ``.parquet`` file with a row group per
    frame, so the frames need not fit in memory together.

    In CSV, texts that a spreadsheet would interpret as a formula (starting with ``=``, ``+``,
    ``-`` or ``@``) are prefixed with an apostrophe, which `read_frame` removes.

    Returns
    -------
    int
        The number of rows.

    Raises
    ------
    ArgumentError
        The file name has another ending, a column contains pictures, the column of a field
        contains numbers, or there is no frame.
    """
    path = Path(path)
    if not isinstance(frame, pd.DataFrame):
        return write_stream(frame, path)
    check_no_pictures(frame)
    refuse_numbers(frame, fields_of(frame))
    match path.suffix.lower():
        case ".parquet":
            with replacing(path) as temporary:
                frame.to_parquet(temporary)
        case ".csv":
            with replacing(path) as temporary:
                write_csv(frame, temporary)
        case other:
            raise ArgumentError(f"cannot write {other or 'without ending'}: use .parquet or .csv")
    return len(frame)


def write_csv(frame: pd.DataFrame, to: Path | TextIO) -> None:
    """Write a flat frame as CSV, starting with its index, and with formulas escaped."""
    safe = with_index_columns(frame)
    safe.columns = safe.columns.map(_guarded)
    quoting: Literal[0, 2] = csv.QUOTE_MINIMAL
    for at in range(safe.shape[1]):
        cells = safe.iloc[:, at]
        if cells.dtype.kind not in "biufM":
            safe.isetitem(at, cells.map(_guarded).array)
            if any("\r" in cell for cell in cells if isinstance(cell, str)):
                quoting = csv.QUOTE_NONNUMERIC  # otherwise a carriage return starts a new row
    safe.to_csv(to, index=False, quoting=quoting)


def with_index_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with its index as the first column(s), as in a CSV file."""
    names = list(frame.index.names)
    if len(names) > 1:
        names = [at if name is None else name for at, name in enumerate(names)]
    labels = [INDEX if name is None else f"{INDEX}_{name}" for name in names]
    return frame.rename_axis(index=labels).reset_index(allow_duplicates=True)


def _guarded(cell: object) -> object:
    """Prefix a text that a spreadsheet would interpret as a formula with an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def read_frame(path: str | Path) -> pd.DataFrame:
    """Read a flat frame from ``.parquet`` or ``.csv`` with its index, dtypes and quads.

    Index labels of a CSV file become numbers if all of them are numbers, else text.  A first
    column without a name, as written by `pandas.DataFrame.to_csv`, is used as the index too.

    Raises
    ------
    ArgumentError
        The file name has another ending, or the file contains no flat frame.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in (".parquet", ".csv"):
        raise ArgumentError(f"cannot read {ending or 'without ending'}: use .parquet or .csv")
    try:
        if ending == ".parquet":
            frame = pd.read_parquet(path)
        else:  # as text, so that ID numbers keep their leading zeros
            frame = read_labels(path, na_values=[""]).rename(columns={"Unnamed: 0": INDEX})
        if not any(column in frame for column in READING_COLUMNS):  # e.g. a table of labels
            message = f"{path} is not a flat frame from extract: it has no column 'ocr_type'"
            raise ArgumentError(message)
        return restore(frame) if ending == ".parquet" else with_clean_dtypes(restore(frame))
    except ArgumentError:
        raise
    except FileNotFoundError:
        raise ArgumentError(f"there is no file {path}") from None
    except (ValueError, TypeError, ArithmeticError, LookupError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        what = "Parquet file" if ending == ".parquet" else "flat frame"
        message = f"{path} is not a {what}, or is damaged ({type(error).__name__})"
        raise ArgumentError(message) from None


_CLEAN = re.compile(r"(?:[a-z]+[0-9]?_)??(?P<field>[a-z_]+)_clean(?P<score>_score)?")


def with_clean_dtypes(frame: pd.DataFrame) -> pd.DataFrame:
    """Restore the dtypes of the columns of a cleaned frame: dates, amounts and scores."""
    field_types = {
        field.name: type(field.type)
        for name, document_type in TYPES.items()
        for field in document_type.fields
        if "ocr_type" not in frame or name in set(frame["ocr_type"].dropna())
    }
    made = {}
    for name in map(str, frame.columns):
        found = _CLEAN.fullmatch(name)
        field_type = field_types.get(found["field"]) if found else None
        if found is None or field_type is None:
            continue
        if found["score"]:
            made[name] = as_column(frame[name], "float64", frame.index)
        elif issubclass(field_type, Amount):
            made[name] = as_column(frame[name], "Int64", frame.index)
        elif issubclass(field_type, Date):
            made[name] = pd.to_datetime(frame[name], errors="coerce").astype("datetime64[us]")
    return frame.assign(**made)
