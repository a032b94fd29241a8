"""What the truth accepts for a field: one text a row, or several."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import TEXT
from cvocr_lab.scoring.texts import as_text

Alternatives = Mapping[str, str | Sequence[str]]

_SEVERAL = (list, tuple, set, frozenset, np.ndarray)


@dataclass(frozen=True, slots=True, eq=False)
class Accepted:
    """One column of accepted texts.

    Parameters
    ----------
    texts
        One for each row of the truth.
    given
        Rows for which this column says anything; None for all.
    """

    texts: pd.Series
    given: npt.NDArray[np.bool_] | None = None


def accepted(truth: pd.DataFrame, field: str, columns: Sequence[str]) -> list[Accepted]:
    """List what `truth` accepts for `field`, first choice first.

    A cell that is a list, tuple, set or array holds several texts (an empty one among them accepts
    that nothing was read); an empty cell of the further `columns` says nothing.
    """
    found = _spread(truth[field])
    for column in columns:
        for further in _spread(truth[column]):
            said = (further.texts != "").to_numpy(bool)
            given = said if further.given is None else said & further.given
            found.append(Accepted(further.texts, given))
    return found


def _spread(values: pd.Series) -> list[Accepted]:
    """Set cells that hold several texts side by side."""
    cells = values.tolist() if values.dtype == object else []
    wide = {at: _texts(cell) for at, cell in enumerate(cells) if isinstance(cell, _SEVERAL)}
    if not wide:
        return [Accepted(as_text(values))]
    count = max(1, *(len(texts) for texts in wide.values()))
    single = values.reset_index(drop=True)
    first = single.where(~single.index.isin(list(wide)), "")
    columns = [as_text(first).tolist(), *([""] * len(values) for _ in range(count - 1))]
    given = [np.zeros(len(values), bool) for _ in range(count)]
    for at, texts in wide.items():
        for column, said, text in zip(columns, given, texts, strict=False):
            column[at], said[at] = text, True
    series = [pd.Series(column, dtype=TEXT) for column in columns]
    return [
        Accepted(texts, said if number else None)
        for number, (texts, said) in enumerate(zip(series, given, strict=True))
    ]


def _texts(cell: Iterable[object]) -> list[str]:
    texts = [_text(item) for item in cell]
    items = sorted(texts) if isinstance(cell, set | frozenset) else texts
    return list(dict.fromkeys(items)) or [""]


def _text(item: object) -> str:
    return "" if item is None or item is pd.NA or item != item else str(item)


def further_columns(
    truth: pd.DataFrame, fields: Sequence[str], alternatives: Alternatives | None
) -> dict[str, list[str]]:
    """Find each field's columns of further accepted texts: those asked for, and ``<field>_alt``.

    Raises
    ------
    ArgumentError
        A column that was asked for is not there.
    """
    found: dict[str, list[str]] = {}
    for field in fields:
        asked = (alternatives or {}).get(field, ())
        own = [asked] if isinstance(asked, str) else list(asked)
        for column in own:
            if column not in truth:
                raise ArgumentError(f"the truth has no column {column!r} of alternatives")
        named = re.compile(re.escape(field) + r"_alt\d*")
        own += [c for c in truth.columns if named.fullmatch(str(c))]
        found[field] = list(dict.fromkeys(own))
    return found
