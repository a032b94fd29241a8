"""Excel workbooks: values as text, never as formulas; crops of the pictures on request."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from datetime import date
from io import BytesIO
from os import PathLike
from types import ModuleType
from typing import Any, Final

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError, MissingPartError, RowError, refuse_ending
from cvocr_lab.exchange.papers import bare_name
from cvocr_lab.files import replacing
from cvocr_lab.frames import TEXT, Records, restore
from cvocr_lab.frames.columns import INDEX, column_types, field_columns, fields_of
from cvocr_lab.frames.files import with_clean_dtypes
from cvocr_lab.frames.truth import refuse_numbers
from cvocr_lab.images import load
from cvocr_lab.images.crops import Pixels, value_crop

_SHEET: Final = "cvocr"
_LONGEST: Final = 32_767
"""Characters that a cell can hold, by Excel's specification."""

_MOST_ROWS: Final = 1_048_575
_MOST_CELLS: Final = 50_000_000
_CROP_HEIGHT: Final = 40
_WIDEST: Final = 60

_ILLEGAL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0d\x0e-\x1f\ufffe\uffff]")
_ESCAPE_LIKE: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPE: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")


def to_excel(
    frame: pd.DataFrame,
    path: str | PathLike[str],
    *,
    crops: bool | Sequence[str] = False,
    folders: bool = True,
    quads: bool = False,
) -> None:
    """Write a flat frame as an Excel workbook.

    Every text is a text cell, so numbers keep their zeros and nothing is taken for a formula,
    whatever it begins with.

    Parameters
    ----------
    frame
        A flat frame.
    path
        The file, ``.xlsx``; it holds people's data and is readable by you alone.
    crops
        Whether to set beside each value the piece of the picture it was read from: True for all
        fields, or the fields' names.  The workbook then holds people's pictures too.
    folders
        Whether paths keep their folders; False writes the bare names of the files.
    quads
        Whether to write where the values stand, eight numbers in a cell.

    Raises
    ------
    MissingPartError
        openpyxl is not installed.
    ArgumentError
        `frame` is no flat frame, or too much for a sheet; or `path` does not end in ``.xlsx``.
    """
    more = ": for CSV or Parquet say cvocr_lab.write_frame(frame, path)"
    refuse_ending(path, ".xlsx", ".xlsm", more=more)
    openpyxl = _openpyxl()
    refuse_numbers(frame, fields_of(frame))
    given = list(frame.columns)
    frame = restore(frame)
    wanted = _cropped_fields(frame, crops)
    records = Records(frame)
    table = _table(frame if folders else _without_folders(frame, records))
    if len(table) > _MOST_ROWS:
        raise ArgumentError(f"{len(table)} rows; an Excel sheet holds {_MOST_ROWS}")
    labels = [c for c in table.columns if c not in frame.columns]
    new = [c for c in frame.columns if c not in given and frame[c].notna().any()]
    names: list[str] = []
    for name in [*labels, *(c for c in given if c in table), *new]:
        names.append(name)
        if name in wanted:
            names.append(f"{name}_crop")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = _SHEET
    kinds = column_types(frame.columns)
    names = [name for name in names if quads or kinds.get(name) != "quad"]
    for at, name in enumerate(names, 1):
        _put(sheet.cell(1, at), name)
        sheet.cell(1, at).font = openpyxl.styles.Font(bold=True)
        cells = table[name].tolist() if name in table else []
        number = kinds.get(name) in ("float64", "Int64")
        for row, value in enumerate(cells, 2):
            try:
                _put(sheet.cell(row, at), value, number=number)
            except ValueError:
                raise ArgumentError(
                    f"row {frame.index[row - 2]!r}: {name!r} is longer than a cell can be"
                ) from None
        longest = max((len(str(v)) for v in cells[:1000] if not _missing(v)), default=0)
        width = min(_WIDEST, max(longest, len(name)) + 2)
        sheet.column_dimensions[openpyxl.utils.get_column_letter(at)].width = width
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = sheet.dimensions
    if wanted:
        _put_crops(openpyxl, sheet, records, wanted, names)
    with replacing(path) as temporary:
        book.save(temporary)


def from_excel(path: str | PathLike[str]) -> pd.DataFrame:
    """Read a workbook that `to_excel` wrote, perhaps changed by hand, into a flat frame.

    Numbers typed into text columns come as they are written, dates as dd/mm/yyyy.

    Raises
    ------
    MissingPartError
        openpyxl is not installed.
    ArgumentError
        It holds no flat frame, or a cell holds a formula.
    """
    openpyxl = _openpyxl()
    try:
        book = openpyxl.load_workbook(path, read_only=True)
    except OSError:
        raise
    except Exception as error:
        raise ArgumentError(f"{path} is no Excel workbook ({type(error).__name__})") from None
    try:
        sheet = book[_SHEET] if _SHEET in book.sheetnames else book.worksheets[0]
        names, cells = _cells(path, sheet)
    except ArgumentError:
        raise
    except Exception as error:
        raise ArgumentError(f"{path} is no Excel workbook ({type(error).__name__})") from None
    finally:
        book.close()
    if not any(names):
        raise ArgumentError(f"{path} holds no flat frame")
    table = pd.DataFrame(cells, columns=pd.Index(names), dtype=object).astype(TEXT)
    table = table.loc[:, [n for n in names if n]]
    crops = [c for c in table.columns if c.endswith("_crop") and c.removesuffix("_crop") in table]
    return with_clean_dtypes(restore(table.drop(columns=crops)))


def _cells(path: object, sheet: Any) -> tuple[list[str | None], list[list[str | None]]]:
    """Read the header and the rows under it that hold anything.

    A sheet may claim any size: one cell in its last corner would make 17 billion of it.
    """
    names: list[str | None] = []
    for row in sheet.iter_rows(max_row=1):
        names = [_text(path, cell) for cell in row]
    while names and not names[-1]:
        names.pop()
    rows: list[list[str | None]] = []
    for row in sheet.iter_rows(min_row=2, max_col=max(1, len(names))):
        if any(cell.value is not None for cell in row):
            texts = [_text(path, cell) for cell in row]
            rows.append(texts + [None] * (len(names) - len(texts)))
            if len(rows) * len(names) > _MOST_CELLS:
                raise ArgumentError(f"{path} holds more than {_MOST_CELLS} cells: split it")
    return names, rows


def _openpyxl() -> ModuleType:
    try:
        module = importlib.import_module("openpyxl")
        for part in ("styles", "utils", "drawing.image"):
            importlib.import_module(f"openpyxl.{part}")
    except ImportError:
        raise MissingPartError("Excel needs openpyxl: pip install 'cvocr-lab[excel]'") from None
    return module


def _cropped_fields(frame: pd.DataFrame, crops: bool | Sequence[str]) -> list[str]:
    fields = field_columns(frame.columns)
    if isinstance(crops, bool):
        return [f for f in fields if frame[f"{f}_quad"].notna().any()] if crops else []
    for name in crops:
        if name not in fields:
            raise ArgumentError(f"the frame has no field {name!r} to crop")
    return list(crops)


def _table(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with its index as the first column(s), as in its CSV."""
    names = list(frame.index.names)
    if len(names) > 1:
        names = [at if name is None else name for at, name in enumerate(names)]
    labels = [INDEX if name is None else f"{INDEX}_{name}" for name in names]
    return frame.rename_axis(index=labels).reset_index()


def _put(cell: object, value: object, *, number: bool = False) -> None:
    """Write a value with its own type; text always stays text."""
    if _missing(value):
        return
    if number and isinstance(value, int | float | np.number):
        cell.value = float(value)  # type: ignore[attr-defined]
        return
    if isinstance(value, tuple):
        value = ",".join(f"{v:g}" if float(f"{v:g}") == v else repr(v) for v in value)
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        value = f"{value:%Y-%m-%d}"
    text = _ESCAPE_LIKE.sub("_x005F_", str(value))
    text = _ILLEGAL.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    if len(text) > _LONGEST:
        raise ValueError("longer than a cell")
    cell.value = text  # type: ignore[attr-defined]
    cell.data_type = "s"  # type: ignore[attr-defined]
    cell.number_format = "@"  # type: ignore[attr-defined]


def _text(path: object, cell: object) -> str | None:
    value, kind = cell.value, getattr(cell, "data_type", "n")  # type: ignore[attr-defined]
    if value is None:
        return None
    if kind == "f":
        place = cell.coordinate  # type: ignore[attr-defined]
        raise ArgumentError(f"{path}: cell {place} holds a formula; put its value there")
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value)
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


def _missing(value: object) -> bool:
    return value is None or value is pd.NA or value != value


def _without_folders(frame: pd.DataFrame, records: Records) -> pd.DataFrame:
    columns = {"ocr_source", *records.source_columns} & set(frame.columns)
    bare = {
        name: [bare_name(v) if isinstance(v, str) else v for v in frame[name]] for name in columns
    }
    return frame.assign(**bare)


def _put_crops(
    openpyxl: ModuleType,
    sheet: object,
    records: Records,
    fields: Sequence[str],
    names: Sequence[str],
) -> None:
    widest = dict.fromkeys(fields, 12.0)
    letter = openpyxl.utils.get_column_letter
    shown: tuple[object, ...] = ()
    pages: dict[int, Pixels] = {}
    for record in records:
        quads = {f: c.quad for f in fields if (c := record.cells.get(f)) and c.quad}
        if not quads:
            continue
        if not shown or shown[0] is not record.source:
            shown, pages = (record.source,), _pages(record.source)
        pixels = pages.get(record.page)
        if pixels is None:
            continue
        row = record.row + 2
        sheet.row_dimensions[row].height = _CROP_HEIGHT * 0.75 + 3  # type: ignore[attr-defined]
        for field, quad in quads.items():
            # Twice as fine as shown, so that it is still sharp at 200 %.
            crop = value_crop(pixels, quad, margin=0, width=16 * _WIDEST, height=2 * _CROP_HEIGHT)
            if crop is None:
                continue
            image = openpyxl.drawing.image.Image(BytesIO(crop))
            shown_width = max(1, round(image.width * _CROP_HEIGHT / image.height))
            image.width, image.height = shown_width, _CROP_HEIGHT
            place = f"{letter(names.index(f'{field}_crop') + 1)}{row}"
            sheet.add_image(image, place)  # type: ignore[attr-defined]
            widest[field] = max(widest[field], shown_width / 7)
    for field, width in widest.items():
        place = letter(names.index(f"{field}_crop") + 1)
        sheet.column_dimensions[place].width = width  # type: ignore[attr-defined]


def _pages(source: object) -> dict[int, Pixels]:
    """Return the pages of a picture by number; empty if it can no longer be read."""
    try:
        picture = load(source)
    except RowError:
        return {}
    return dict(zip(picture.numbers, picture.pages, strict=True))
