"""`read_labels`: read a CSV file with all cells as text."""

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

_OTHER: Final = {
    (".xlsx", ".xls", ".ods"): "pd.read_excel(…, dtype={'id': str}), with all columns of numbers "
    "as str, or save it as CSV UTF-8",
    (".json",): "json.loads(Path(…).read_text())",
    (".jsonl", ".ndjson"): "[json.loads(line) for line in Path(…).read_text().splitlines()]",
    (".parquet",): "pd.read_parquet(…)",
    (".pkl", ".pickle"): "pd.read_pickle(…)",
}
"""How to read files of other formats as a table."""


def read_labels(path: str | PathLike[str], **options: Any) -> pd.DataFrame:
    """Read a table of labels from CSV with all cells as text, so that numbers keep leading zeros.

    The separator (comma, semicolon, tab or bar) is taken from the first line.  The encoding is
    UTF-8, UTF-16, or cp1258, which Vietnamese versions of Excel write.  Names of columns are
    returned in NFC.  A word such as ``NA`` stays a word; an empty cell is the empty string, which
    means absent.  The apostrophes that `write_csv` puts before texts that look like formulas are
    removed.

    Parameters
    ----------
    path
        The file, such as ``sample_data/labels.csv``.
    options
        Passed to `pandas.read_csv`.

    Raises
    ------
    ArgumentError
        The file does not exist, or is not a CSV file.
    """
    if not Path(path).is_file():
        raise ArgumentError(f"there is no file {path}")
    for endings, advice in _OTHER.items():
        if Path(path).suffix.lower() in endings:
            raise ArgumentError(f"{path} is not a CSV file: pass {advice}")
    text = re.sub(r"\Asep=.\r?\n", "", _decoded(Path(path)))  # a line for Excel only
    head = text.partition("\n")[0]
    try:
        frame: pd.DataFrame = pd.read_csv(
            StringIO(text),
            dtype=str,
            keep_default_na=False,
            sep=max(",;\t|", key=head.count),
            **options,
        )
    except ValueError as error:
        raise ArgumentError(f"{path} is not a CSV file ({type(error).__name__})") from None
    frame = frame.rename(columns=lambda name: nfc(name[1:] if _GUARDED.match(name) else name))
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
