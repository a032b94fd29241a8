"""Read CSV files with all cells as text."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from io import StringIO
from os import PathLike
from pathlib import Path
from typing import Any, Final
from unicodedata import combining

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.text import nfc

_GUARDED: Final = re.compile(r"'+[=+\-@\t\r].", re.DOTALL)


def read_text_table(path: str | PathLike[str], **options: Any) -> pd.DataFrame:
    """Read a CSV file with all cells as text, so that ID numbers keep their leading zeros.

    The separator (comma, semicolon or tab) is taken from the first line.  The encoding is UTF-8,
    UTF-16, or cp1258, which Vietnamese versions of Excel write.

    Raises
    ------
    ArgumentError
        The file does not exist, or is no CSV file.
    """
    if not Path(path).is_file():
        raise ArgumentError(f"there is no file {path}")
    if Path(path).suffix.lower() in (".xlsx", ".xls", ".ods"):
        raise ArgumentError(
            f"{path} is a workbook: pass pd.read_excel(…, dtype={{'id': str}}) with the columns "
            "of numbers as str, or save it as CSV UTF-8"
        )
    text = _decoded(Path(path))
    head = text.partition("\n")[0]
    try:
        frame: pd.DataFrame = pd.read_csv(
            StringIO(text),
            dtype=str,
            keep_default_na=False,
            sep=max(",;\t", key=head.count),
            **options,
        )
    except ValueError as error:
        raise ArgumentError(f"{path} is not a CSV file ({type(error).__name__})") from None
    return frame


def unguarded(frame: pd.DataFrame) -> pd.DataFrame:
    """Remove the apostrophes that `write_csv` put before texts that look like formulas."""
    frame = frame.rename(columns=lambda name: _unguarded(name))
    for at in range(frame.shape[1]):
        cells = frame.iloc[:, at]
        guarded = cells.str.match(_GUARDED).fillna(False).astype(bool)
        if guarded.any():
            frame.isetitem(at, cells.where(~guarded, cells.str[1:]).array)
    return frame


def _decoded(path: Path) -> str:
    """Decode a file with the encoding of its byte order mark, or with the first that works."""
    content = path.read_bytes()
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp1258"):
        with suppress(UnicodeDecodeError):
            text = content.decode(encoding)
            # Text in another encoding, decoded as cp1258, has tone marks without a vowel.
            composed = nfc(text) if encoding == "cp1258" else text
            if "\0" not in text and not any(combining(letter) for letter in composed):
                return composed
            if encoding == "utf-8-sig" and "\0" not in text:
                return text
    raise ArgumentError(f"{path} is neither UTF-8, UTF-16 nor cp1258: save it as CSV UTF-8")


def _unguarded(name: object) -> object:
    return name[1:] if isinstance(name, str) and _GUARDED.match(name) else name
