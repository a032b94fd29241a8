"""Tables of texts in CSV files."""

from __future__ import annotations

import re
from os import PathLike
from pathlib import Path
from typing import Any, Final

import pandas as pd

from cvocr_lab.errors import ArgumentError

Table = pd.DataFrame | str | PathLike[str]
"""A table, or the path of its CSV file."""

_GUARDED: Final = re.compile(r"'+[=+\-@\t\r].", re.DOTALL)


def table_of(table: Table) -> pd.DataFrame:
    """Give a table as it is, or as its CSV file has it: every cell as text.

    Raises
    ------
    ArgumentError
        There is no such file, or it is no CSV in UTF-8.
    """
    return table if isinstance(table, pd.DataFrame) else unguarded(read_text_table(table))


def read_text_table(path: str | PathLike[str], **options: Any) -> pd.DataFrame:
    """Read a CSV file with every cell as text: an ID number must keep its leading zeros.

    Raises
    ------
    ArgumentError
        It is not there, or no CSV in UTF-8.
    """
    if not Path(path).is_file():
        raise ArgumentError(f"there is no file {path}")
    try:
        frame: pd.DataFrame = pd.read_csv(
            path, dtype=str, keep_default_na=False, encoding="utf-8-sig", **options
        )
    except ValueError as error:
        raise ArgumentError(
            f"{path} is no CSV in UTF-8 ({type(error).__name__}): save it as CSV UTF-8"
        ) from None
    return frame


def unguarded(frame: pd.DataFrame) -> pd.DataFrame:
    """Take away the apostrophes that `write_csv` put before texts that look like formulas."""
    frame = frame.rename(columns=lambda name: _unguarded(name))
    for at in range(frame.shape[1]):
        cells = frame.iloc[:, at]
        guarded = cells.str.match(_GUARDED).fillna(False).astype(bool)
        if guarded.any():
            frame.isetitem(at, cells.where(~guarded, cells.str[1:]).array)
    return frame


def _unguarded(name: object) -> object:
    return name[1:] if isinstance(name, str) and _GUARDED.match(name) else name
