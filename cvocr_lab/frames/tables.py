"""Tables of values from users: CSV files, DataFrames, Series and dicts, with any field spelling."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from io import StringIO
from os import PathLike
from pathlib import Path
from typing import Any, Final
from unicodedata import combining

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames.columns import as_text, composed, triple
from cvocr_lab.kinds import TYPES, field_order
from cvocr_lab.text import nfc

Table = (
    pd.DataFrame
    | pd.Series
    | Mapping[str, object]
    | Sequence[Mapping[str, object]]
    | PathLike[str]
    | str
)
"""The types that `as_table` accepts."""


def as_table(data: Table, what: str) -> pd.DataFrame:
    """Convert a table of fields to a DataFrame, with the names of its columns in NFC.

    `data` is a DataFrame; a Series with the name of a field, or one paper with the fields as index;
    a dict of columns, of the fields of one paper, or of papers by label; a list of dicts; or the
    path of a CSV file, whose cells are all read as text.  `what` is the word for it in messages.

    Raises ArgumentError if it is none of these.

    >>> as_table({"a.jpg": {"id": "001"}, "b.jpg": {"id": "002"}}, "truth")["id"].tolist()
    ['001', '002']
    >>> as_table(pd.Series({"id": "001", "name": "AN"}), "truth").to_dict("records")
    [{'id': '001', 'name': 'AN'}]
    """
    return composed(_framed(data, what))


def _framed(data: Table, what: str) -> pd.DataFrame:
    if isinstance(data, str | PathLike):
        data = read_labels(data)
    if isinstance(data, pd.DataFrame):
        if data.columns.nlevels > 1:
            raise ArgumentError(
                f"the columns of the {what} have {data.columns.nlevels} levels: pass one of them, "
                "or flatten them first: table.columns = table.columns.map('_'.join)"
            )
        return data
    fields = {*field_order(), *spellings()}
    if isinstance(data, pd.Series):
        if data.name in fields:
            return data.to_frame()
        if not fields.isdisjoint(data.index):
            return pd.DataFrame([data.to_dict()])
        raise ArgumentError(
            f"the {what} is a Series without the name of a field: set one, "
            f"such as {what}.rename('name')"
        )
    if isinstance(data, Mapping):
        values = list(data.values())
        if values and all(isinstance(value, Mapping) for value in values):
            if not fields.isdisjoint(data):  # as DataFrame.to_dict gives it
                return pd.DataFrame(dict(data))
            return pd.DataFrame.from_dict(dict(data), orient="index")
        if any(isinstance(value, list | tuple | pd.Series | pd.Index) for value in values):
            return pd.DataFrame(dict(data))
        return pd.DataFrame([dict(data)])
    if isinstance(data, list) and all(isinstance(row, Mapping) for row in data):
        return pd.DataFrame(data)
    raise ArgumentError(f"the {what} is a {type(data).__name__}: pass a DataFrame")


def spelled(table: pd.DataFrame) -> pd.DataFrame:
    """Rename columns to our names of the fields; return the table itself if it has them."""
    names = {str(c) for c in table.columns}
    renamed: dict[str, str] = {}
    twice: dict[str, str] = {}
    for alias, field in spellings().items():
        if alias in names:
            (twice if field in names or field in renamed.values() else renamed)[alias] = field
    if renamed:
        pairs = [zip(triple(a), triple(f), strict=True) for a, f in renamed.items()]
        table = table.rename(columns=dict(pair for some in pairs for pair in some))
    for alias, field in twice.items():  # an older table may have a column per spelling
        empty = (as_text(table[field]) == "").to_numpy()
        filled = table[field].astype(object).mask(empty, table[alias].astype(object))
        table = table.assign(**{field: filled}).drop(columns=alias)
    return table


@cache
def spellings() -> Mapping[str, str]:
    """Map each alias that means the same field in all document types to that field."""
    meanings: dict[str, set[str]] = {}
    for document_type in TYPES.values():
        for field in document_type.fields:
            for name in (field.name, *field.aliases):
                meanings.setdefault(name, set()).add(field.name)
    return {a: next(iter(f)) for a, f in meanings.items() if len(f) == 1 and a not in f}


def comparable(one: pd.Index, other: pd.Index) -> tuple[pd.Index, pd.Index]:
    """Convert the labels of two tables so that equal labels compare equal.

    Paths become text, text is normalised to NFC, and numbers become text if the other table has
    text.
    """
    if one.dtype.kind in "iu" and other.dtype.kind in "iu":
        return one, other
    found = [_plain(map(_one, labels)) for labels in (one, other)]
    texts = [any(isinstance(label, str) for label in labels) for labels in found]
    if texts[0] != texts[1]:
        found = [_plain(map(_number_text, labels)) for labels in found]
    return found[0], found[1]


def _plain(labels: Iterable[object]) -> pd.Index:
    return pd.Index(list(labels), dtype=object, tupleize_cols=False)


def _one(label: object) -> object:
    if isinstance(label, str):
        return nfc(label)
    if isinstance(label, PathLike):
        return nfc(os.fspath(label)) if isinstance(os.fspath(label), str) else label
    return tuple(map(_one, label)) if isinstance(label, tuple) else label


def _number_text(label: object) -> object:
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    return str(label) if pd.api.types.is_number(label) and label == label else label


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
            normal = nfc(text) if encoding == "cp1258" else text
            if "\0" not in text and not any(combining(letter) for letter in normal):
                return normal
            if encoding == "utf-8-sig" and "\0" not in text:
                return text
    raise ArgumentError(f"{path} is neither UTF-8, UTF-16 nor cp1258: save it as CSV UTF-8")
