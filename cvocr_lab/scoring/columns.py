"""What a truth is made of: its columns by the names of the spec, and which of them to compare."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import field_columns
from cvocr_lab.kinds import TYPES, field_order


def as_truth(truth: pd.DataFrame) -> pd.DataFrame:
    """Give the truth the spec's names: v2 spellings, a reviewed flat frame's type and side."""
    names = {str(c) for c in truth.columns}
    rename = {
        alias: field for alias, field in _aliases().items() if alias in names and field not in names
    }
    if "type" not in names and "ocr_type" in names:
        rename |= {"ocr_type": "type", "ocr_side": "side", "ocr_page": "page"}
    keep = [c for c in truth.columns if c in rename or not str(c).startswith("ocr_")]
    truth = truth[keep].rename(columns=rename)
    if "type" in truth:
        names_of = {t.alias: t.name for t in TYPES.values() if t.alias}
        truth["type"] = [names_of.get(t, t) for t in truth["type"]]
    return truth


def _aliases() -> dict[str, str]:
    """Map each other spelling that means one field in every type to that field."""
    meanings: dict[str, set[str]] = {}
    for kind in TYPES.values():
        for field in kind.fields:
            for name in (field.name, *field.aliases):
                meanings.setdefault(name, set()).add(field.name)
    return {a: next(iter(f)) for a, f in meanings.items() if len(f) == 1 and a not in f}


def chosen_fields(
    frame: pd.DataFrame, truth: pd.DataFrame, fields: Sequence[str] | None, on: str | None
) -> list[str]:
    """Choose the fields to compare: those asked for, or all that the truth has.

    Raises
    ------
    ArgumentError
        The truth lacks one, or has none at all.
    """
    if fields is not None:
        for field in fields:
            if field not in truth:
                raise ArgumentError(f"the truth has no column {field!r}")
        return list(fields)
    known = list(dict.fromkeys([*field_order(), *field_columns(frame.columns)]))
    chosen = [f for f in known if f in truth and f != on]
    if not chosen:
        raise ArgumentError("the truth has no column named like a field, such as 'id' or 'name'")
    return chosen


def refuse_numbers(table: pd.DataFrame, fields: Sequence[str]) -> None:
    """Text that a reader made numbers of has lost its leading zeros; no score of it is true."""
    for field in fields:
        if field in table.columns and pd.api.types.is_numeric_dtype(table[field]):
            if table[field].isna().all():
                continue
            raise ArgumentError(
                f"column {field!r} holds numbers, so leading zeros are gone: read the file with "
                "cvocr_lab.read_frame or read_labels, or pd.read_csv(…, dtype=str)"
            )
