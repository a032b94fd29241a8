"""Excel workbooks with values as text, and optionally with crops of the pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from io import BytesIO
from os import PathLike
from typing import Any, Final

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError, MissingPartError, refuse_ending
from cvocr_lab.exchange.papers import bare_name
from cvocr_lab.files import replacing
from cvocr_lab.frames import TEXT, Records, restore
from cvocr_lab.frames.columns import (
    column_types,
    field_columns,
    fields_of,
    format_value,
    is_missing,
)
from cvocr_lab.frames.files import with_clean_dtypes, with_index_columns
from cvocr_lab.frames.truth import refuse_numbers
from cvocr_lab.images.crops import ValueCrops

_SHEET: Final = "cvocr"
_LONGEST: Final = 32_767
"""Maximum number of characters in a cell, by Excel's specification."""

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

    Texts are written as text cells, so numbers keep their leading zeros and no text is interpreted
    as a formula.

    Parameters
    ----------
    frame
        A flat frame.
    path
        The file, ``.xlsx``, created with mode 0600, since it contains personal data.
    crops
        Whether to add the crop of each value from the picture: True for all fields, or the names
        of the fields.
    folders
        Whether to write paths with their folders; False writes only the file names.
    quads
        Whether to write the quads of the values, with eight numbers in a cell.

    Raises
    ------
    MissingPartError
        openpyxl is not installed.
    ArgumentError
        `frame` is not a flat frame or too large for a sheet, or `path` does not end in ``.xlsx``.
    """
    more = ": for CSV or Parquet use cvocr_lab.write_frame(frame, path)"
    refuse_ending(path, ".xlsx", ".xlsm", more=more)
    openpyxl = _openpyxl()
    refuse_numbers(frame, fields_of(frame))
    given = list(frame.columns)
    frame = restore(frame)
    wanted = _cropped_fields(frame, crops)
    records = Records(frame)
    paths = () if folders else {"ocr_source", *records.source_columns} & set(frame.columns)
    bare = {c: [bare_name(v) if isinstance(v, str) else v for v in frame[c]] for c in paths}
    table = with_index_columns(frame.assign(**bare))
    if len(table) > _MOST_ROWS:
        raise ArgumentError(f"an Excel sheet can hold {_MOST_ROWS} rows, not {len(table)}")
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
                    f"row {frame.index[row - 2]!r}: {name!r} is too long for a cell"
                ) from None
        longest = max((len(str(v)) for v in cells[:1000] if not is_missing(v)), default=0)
        width = min(_WIDEST, max(longest, len(name)) + 2)
        sheet.column_dimensions[openpyxl.utils.get_column_letter(at)].width = width
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = sheet.dimensions
    if wanted:
        _put_crops(openpyxl, sheet, records, wanted, names)
    with replacing(path) as temporary:
        book.save(temporary)


def from_excel(path: str | PathLike[str]) -> pd.DataFrame:
    """Read a workbook from `to_excel`, possibly edited by hand, into a flat frame.

    Numbers that were typed into text columns become text, and dates become dd/mm/yyyy.

    Raises
    ------
    MissingPartError
        openpyxl is not installed.
    ArgumentError
        The workbook contains no flat frame, or a cell contains a formula.
    """
    openpyxl = _openpyxl()
    try:
        book = openpyxl.load_workbook(path, read_only=True)
        with closing(book):
            sheet = book[_SHEET] if _SHEET in book.sheetnames else book.worksheets[0]
            names, cells = _cells(path, sheet)
    except (ArgumentError, OSError):
        raise
    except Exception as error:
        raise ArgumentError(f"{path} is not an Excel workbook ({type(error).__name__})") from None
    if not any(names):
        raise ArgumentError(f"{path} contains no flat frame")
    table = pd.DataFrame(cells, columns=pd.Index(names), dtype=object).astype(TEXT)
    table = table.loc[:, [n for n in names if n]]
    crops = [c for c in table.columns if c.endswith("_crop") and c.removesuffix("_crop") in table]
    return with_clean_dtypes(restore(table.drop(columns=crops)))


def _cells(path: object, sheet: Any) -> tuple[list[str | None], list[list[str | None]]]:
    """Read the header, and the rows that are not empty.

    The declared size of a sheet is ignored: a single cell in its last corner would make it 17
    billion cells.
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
                raise ArgumentError(f"{path} contains more than {_MOST_CELLS} cells: split it")
    return names, rows


def _openpyxl() -> Any:
    try:
        import openpyxl.drawing.image
    except ImportError:
        raise MissingPartError("Excel needs openpyxl: pip install 'cvocr-lab[excel]'") from None
    return openpyxl


def _cropped_fields(frame: pd.DataFrame, crops: bool | Sequence[str]) -> list[str]:
    fields = field_columns(frame.columns)
    if isinstance(crops, bool):
        return [f for f in fields if frame[f"{f}_quad"].notna().any()] if crops else []
    for name in crops:
        if name not in fields:
            raise ArgumentError(f"the frame has no field {name!r} to crop")
    return list(crops)


def _put(cell: Any, value: object, *, number: bool = False) -> None:
    """Write a value with its own type; text always stays text."""
    if is_missing(value):
        return
    if number and isinstance(value, int | float | np.number):
        cell.value = float(value)
        return
    if isinstance(value, tuple):
        value = ",".join(f"{v:g}" if float(f"{v:g}") == v else repr(v) for v in value)
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        value = f"{value:%Y-%m-%d}"
    text = _ESCAPE_LIKE.sub("_x005F_", str(value))
    text = _ILLEGAL.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    if len(text) > _LONGEST:
        raise ValueError("longer than a cell")
    cell.value = text
    cell.data_type = "s"
    cell.number_format = "@"


def _text(path: object, cell: Any) -> str | None:
    if cell.value is None:
        return None
    if getattr(cell, "data_type", "n") == "f":
        place = cell.coordinate
        raise ArgumentError(f"{path}: cell {place} contains a formula: replace it by its value")
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), format_value(cell.value))


def _put_crops(
    openpyxl: Any, sheet: Any, records: Records, fields: Sequence[str], names: Sequence[str]
) -> None:
    widest = dict.fromkeys(fields, 12.0)
    letter = openpyxl.utils.get_column_letter
    # Twice the displayed resolution, so that crops are still sharp at 200 %.
    crops = ValueCrops(margin=0, width=16 * _WIDEST, height=2 * _CROP_HEIGHT)
    for record in records:
        for field in fields:
            cell = record.cells.get(field)
            crop = cell and cell.quad and crops.crop(record.source, record.page, cell.quad)
            if not crop:
                continue
            row = record.row + 2
            sheet.row_dimensions[row].height = _CROP_HEIGHT * 0.75 + 3
            image = openpyxl.drawing.image.Image(BytesIO(crop))
            width = max(1, round(image.width * _CROP_HEIGHT / image.height))
            image.width, image.height = width, _CROP_HEIGHT
            sheet.add_image(image, f"{letter(names.index(f'{field}_crop') + 1)}{row}")
            widest[field] = max(widest[field], width / 7)
    for field, width in widest.items():
        sheet.column_dimensions[letter(names.index(f"{field}_crop") + 1)].width = width
