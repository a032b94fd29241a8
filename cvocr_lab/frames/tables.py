"""Convert tables of values from users: DataFrames, Series and dicts, with any field spelling."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames.columns import as_text, composed, triple
from cvocr_lab.frames.text_tables import read_labels
from cvocr_lab.kinds import TYPES, field_order
from cvocr_lab.text import nfc

Table = (
    pd.DataFrame
    | pd.Series
    | Mapping[str, object]
    | Sequence[Mapping[str, object]]
    | os.PathLike[str]
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
    if isinstance(data, str | os.PathLike):
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
    if isinstance(label, os.PathLike):
        return nfc(os.fspath(label)) if isinstance(os.fspath(label), str) else label
    return tuple(map(_one, label)) if isinstance(label, tuple) else label


def _number_text(label: object) -> object:
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    return str(label) if pd.api.types.is_number(label) and label == label else label
