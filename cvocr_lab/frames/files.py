"""Flat frames on disk: Parquet or CSV by the file's name."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, TextIO

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.files import replacing
from cvocr_lab.frames.columns import (
    INDEX,
    READING_COLUMNS,
    check_no_pictures,
    fields_of,
    restore,
    typed,
)
from cvocr_lab.frames.parquet_stream import write_stream
from cvocr_lab.frames.text_tables import read_text_table
from cvocr_lab.frames.truth import refuse_numbers
from cvocr_lab.kinds import TYPES
from cvocr_lab.kinds._fieldtypes import Amount, Date

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r].", re.DOTALL)


def write_frame(frame: pd.DataFrame | Iterable[pd.DataFrame], path: str | Path) -> int:
    """Write a flat frame with its index to ``.parquet`` or ``.csv`` (UTF-8); return its rows.

    The file gets mode 0600: it holds people's data.  A file that was there before is replaced when
    the new one is complete.  Frames one after another, such as `cvocr_lab.extract` gives with
    `chunksize`, are written to one ``.parquet`` file, each as a row group, so that they need not
    fit in memory together.

    In CSV, texts that a spreadsheet would take for a formula (``=``,
    ``+``, ``-``, ``@`` first) get an apostrophe before them, which `read_frame` takes away.

    Raises
    ------
    ArgumentError
        The name ends otherwise, a column holds pictures, a field's column holds numbers, or there
        is no frame.
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
            raise ArgumentError(f"cannot write {other or 'a bare name'}: .parquet or .csv")
    return len(frame)


def write_csv(frame: pd.DataFrame, to: Path | TextIO) -> None:
    """Write a flat frame as CSV, its index first, with no text that a spreadsheet would run."""
    names = list(frame.index.names)
    if len(names) > 1:
        names = [at if name is None else name for at, name in enumerate(names)]
    labels = [INDEX if name is None else f"{INDEX}_{name}" for name in names]
    index = frame.index.to_frame(index=False)
    index.columns = pd.Index(labels)
    safe = pd.concat([index, frame.reset_index(drop=True)], axis=1)
    safe.columns = safe.columns.map(_guarded)
    quoting: Literal[0, 2] = csv.QUOTE_MINIMAL
    for at in range(safe.shape[1]):
        cells = safe.iloc[:, at]
        if cells.dtype.kind not in "biufM":
            safe.isetitem(at, cells.map(_guarded).array)
            if any("\r" in cell for cell in cells if isinstance(cell, str)):
                quoting = csv.QUOTE_NONNUMERIC  # else a carriage return begins a new row
    safe.to_csv(to, index=False, quoting=quoting)


def _guarded(cell: object) -> object:
    """Keep a spreadsheet from taking a text for a formula, by an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


@contextmanager
def _no_frame(path: Path, what: str) -> Iterator[None]:
    """Turn what a damaged file makes pandas and pyarrow raise into an error of ours."""
    try:
        yield
    except ArgumentError:
        raise
    except (ValueError, TypeError, ArithmeticError, LookupError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise ArgumentError(f"there is no file {path}") from None
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ArgumentError(f"{path} is no {what}, or damaged ({type(error).__name__})") from None


def read_frame(path: str | Path) -> pd.DataFrame:
    """Read a flat frame from ``.parquet`` or ``.csv``; index, dtypes and quads restored.

    Index labels of a CSV come back as numbers where all of them are written as numbers, and as
    text otherwise; Parquet keeps them as they were.  A first column without a name is taken for
    the index too, as `pandas.DataFrame.to_csv` writes it.

    Raises
    ------
    ArgumentError
        The name ends otherwise, or the file holds no flat frame.
    """
    path = Path(path)
    match path.suffix.lower():
        case ".parquet":
            with _no_frame(path, "Parquet file"):
                return _restored(pd.read_parquet(path), path)
        case ".csv":
            # As text throughout: an ID number must keep its leading zeros.
            frame = read_text_table(path, na_values=[""])
            with _no_frame(path, "flat frame"):
                return with_clean_dtypes(
                    _restored(frame.rename(columns={"Unnamed: 0": INDEX}), path)
                )
        case other:
            raise ArgumentError(f"cannot read {other or 'a bare name'}: .parquet or .csv")


def _restored(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    if not any(column in frame for column in READING_COLUMNS):  # a table of labels, say
        raise ArgumentError(f"{path} holds no flat frame, such as extract gives: no 'ocr_type'")
    return restore(frame)


_CLEAN = re.compile(r"(?:[a-z]+[0-9]?_)??(?P<field>[a-z_]+)_clean(?P<score>_score)?")


def with_clean_dtypes(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the columns of a cleaned frame that came as text their dtypes: days, amounts, scores."""
    kinds = {
        field.name: type(field.type)
        for name, kind in TYPES.items()
        for field in kind.fields
        if "ocr_type" not in frame or name in set(frame["ocr_type"].dropna())
    }
    made = {}
    for name in map(str, frame.columns):
        found = _CLEAN.fullmatch(name)
        kind = kinds.get(found["field"]) if found else None
        if found is None or kind is None:
            continue
        if found["score"]:
            made[name] = typed(frame[name], "float64", frame.index)
        elif issubclass(kind, Amount):
            made[name] = typed(frame[name], "Int64", frame.index)
        elif issubclass(kind, Date):
            made[name] = pd.to_datetime(frame[name], errors="coerce").astype("datetime64[us]")
    return frame.assign(**made)
