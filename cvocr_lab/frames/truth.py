"""`Truth`: a table of labels with our names of the fields, and the texts that it accepts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.errors import ArgumentError, unknown
from cvocr_lab.frames.columns import TEXT, as_text, format_value, is_missing, listed
from cvocr_lab.frames.records import Records
from cvocr_lab.frames.tables import Table, as_table, spelled, spellings
from cvocr_lab.kinds import TYPE_ALIASES, TYPES, field_order
from cvocr_lab.kinds._forms import Amount, Date
from cvocr_lab.text import nfc

Alternatives = Mapping[str, str | Sequence[str]]

_SEVERAL = (list, tuple, set, frozenset, np.ndarray)


class Truth(Records):
    """A table of labels, or a reviewed flat frame used as one; `chosen` are the fields to compare.

    The arguments are those of `cvocr_lab.score`; the fields of `read` are recognised in the truth
    too.  Raises ArgumentError if the truth lacks a column or has no field, or if the column of a
    field contains numbers.
    """

    def __init__(
        self,
        truth: Table,
        read: Records,
        *,
        fields: str | Sequence[str] | None = None,
        on: str | None = None,
        alternatives: Alternatives | None = None,
    ) -> None:
        table = _labels(as_table(truth, "truth"))
        self.chosen = _chosen(read, table, fields, on and nfc(on))
        table = _days_as_printed(table, _DATES & set(self.chosen))
        super().__init__(table, fields=self.chosen)
        asked = {nfc(field): columns for field, columns in (alternatives or {}).items()}
        self._further = {f: _further(table, f, asked.get(f, ())) for f in self.chosen}
        self._accepted: dict[str, list[Accepted]] = {}
        for frame in (read.frame, table):
            refuse_numbers(frame, [*self.chosen, *self.columns])
        refuse_several(read.frame, self.chosen)
        refuse_several(table, self.columns, kinds=(Mapping,))

    @property
    def columns(self) -> list[str]:
        """Columns of the table with values to compare."""
        further = (column for own in self._further.values() for column in own)
        return list(dict.fromkeys([*self.chosen, *further]))

    def accepted(self, field: str) -> list[Accepted]:
        """Return the accepted texts of a field, in order of preference.

        A cell may be a list, tuple, set or array of accepted texts; an empty text among them
        accepts that nothing was read.  Empty cells of alternative columns are ignored.
        """
        if field not in self._accepted:
            found = _spread(self.frame[field])
            for column in self._further[field]:
                for further in _spread(self.frame[column]):
                    filled = (further.texts != "").to_numpy(bool)
                    given = filled if further.given is None else filled & further.given
                    found.append(Accepted(further.texts, given))
            self._accepted[field] = found
        return self._accepted[field]


@dataclass(frozen=True, slots=True, eq=False)
class Accepted:
    """One column of accepted texts, and the rows for which it has a text; None for all."""

    texts: pd.Series
    given: npt.NDArray[np.bool_] | None = None


def _labels(truth: pd.DataFrame) -> pd.DataFrame:
    """Rename columns to our names, and drop the columns of a reading."""
    names = {str(c) for c in truth.columns}
    about = {"ocr_type": "type", "ocr_side": "side", "ocr_page": "page"}
    renamed = about if "type" not in names and "ocr_type" in names else {}
    keep = [c for c in truth.columns if c in renamed or not str(c).startswith("ocr_")]
    table = spelled(truth[keep].rename(columns=renamed))
    if "type" in table:
        table["type"] = [TYPE_ALIASES.get(name, name) for name in table["type"]]
    return table


def _chosen(
    read: Records, table: pd.DataFrame, fields: str | Sequence[str] | None, on: str | None
) -> list[str]:
    if fields is not None:
        wanted = [spellings().get(field, field) for field in listed(fields)]
        for field in wanted:
            if field not in table:
                raise unknown("column", field, table.columns, more=" (of the truth)")
        return wanted
    known = dict.fromkeys([*field_order(), *read.fields])
    chosen = [f for f in known if f in table and f != on]
    if not chosen:
        shared = [str(c) for c in table.columns if c in read.frame.columns and c != on]
        hint = f"; both have {', '.join(map(repr, shared))}: pass fields=[…]" if shared else ""
        raise ArgumentError(
            f"the truth has no column with the name of a field, such as 'id' or 'name'{hint}"
        )
    return chosen


def _further(table: pd.DataFrame, field: str, asked: str | Sequence[str]) -> list[str]:
    """Return the columns of further accepted texts: `asked`, and ``<field>_alt``."""
    own = listed(asked)
    for column in own:
        if column not in table:
            raise unknown("column of alternatives", column, table.columns)
    named = re.compile(re.escape(field) + r"_alt\d*")
    own += [c for c in table.columns if named.fullmatch(str(c))]
    return list(dict.fromkeys(own))


_SPECS: Final = [field for document_type in TYPES.values() for field in document_type.fields]
_AMOUNTS: Final = frozenset(field.name for field in _SPECS if isinstance(field.type, Amount))
_DATES: Final = frozenset(field.name for field in _SPECS if isinstance(field.type, Date))
_ISO: Final = r"(\d{4})-(\d\d)-(\d\d)(?:[ T]00:00:00)?"
_NUMERALS: Final = r"\d+\.0|\d(?:[.,]\d+)?[eE]\+\d+"
"""Numbers as written by a spreadsheet or a column of floats, but never on paper."""
_DAY_NUMBER: Final = r"[1-7]\d{4}"
"""Numbers of days in spreadsheets, for 1927 to 2119."""


def _days_as_printed(table: pd.DataFrame, fields: Iterable[str]) -> pd.DataFrame:
    """Convert dates ``yyyy-mm-dd`` to the form of the papers."""
    is_day = re.compile(_ISO).fullmatch
    for field in fields:
        texts = table[field]
        if isinstance(texts.dtype, pd.StringDtype):
            if not texts.str.contains("-", regex=False).any():  # much faster
                continue
            days = texts.str.fullmatch(_ISO).fillna(False).astype(bool)
        else:
            days = texts.map(lambda cell: isinstance(cell, str) and is_day(cell) is not None)
        if days.any():
            texts = texts.astype(object)
            printed = texts[days].str.replace(_ISO, r"\3/\2/\1", regex=True)
            table = table.assign(**{field: texts.where(~days, printed)})
    return table


def refuse_numbers(table: pd.DataFrame, fields: Iterable[str]) -> None:
    """Refuse columns of fields that contain numbers, which have lost their leading zeros.

    Amounts, such as seats or years, are allowed, since they have no leading zeros.

    Raises ArgumentError if a column contains numbers, or True and False.
    """
    for field in fields:
        if field not in table.columns:
            continue
        column = table[field]
        texts = _first_texts(column.head(100)) or _first_texts(column.dropna().head(100))
        kinds = _number_kinds(column)
        written = f"{_NUMERALS}|{_DAY_NUMBER}" if field in _DATES else _NUMERALS
        if texts and all(re.fullmatch(written, text) for text in texts):
            kinds.add(float)
        if bytes in kinds:
            raise ArgumentError(
                f"column {field!r} contains bytes: decode it, table[{field!r}].str.decode('utf-8')"
            )
        if bool in kinds:
            raise ArgumentError(
                f"column {field!r} contains True or False: use the text that is printed on the "
                "paper"
            )
        if kinds and field in _DATES:
            raise ArgumentError(
                f"column {field!r} contains numbers: read the file with dtype=str, or convert "
                f"Excel's day numbers: pd.to_datetime(table[{field!r}].astype(float), unit='D', "
                "origin='1899-12-30')"
            )
        if kinds and field not in _AMOUNTS:
            raise ArgumentError(
                f"column {field!r} contains numbers without leading zeros: read the file with "
                "cvocr_lab.read_frame or read_labels, or pd.read_csv(…, dtype=str)"
            )


def _first_texts(column: pd.Series) -> list[str]:
    return [cell for cell in column.tolist() if isinstance(cell, str) and cell]


def refuse_several(
    table: pd.DataFrame, fields: Iterable[str], *, kinds: tuple[type, ...] = (Mapping, *_SEVERAL)
) -> None:
    """Raise ArgumentError if cells of a field are lists or dicts, as in JSON, and not texts."""
    for field in fields:
        for cell in table[field] if field in table.columns and table[field].dtype == object else ():
            if isinstance(cell, kinds):
                raise ArgumentError(
                    f"column {field!r} contains a {type(cell).__name__}, not a text: extract the "
                    f"texts, such as table[{field!r}].map(lambda cell: cell['text']) or "
                    f"table[{field!r}].str[0]"
                )


def _number_kinds(values: pd.Series) -> set[type]:
    """Return which of bool, float and bytes a column contains, ignoring missing values."""
    if isinstance(values.dtype, pd.StringDtype):
        return set()
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = pd.Series(values.cat.categories)
    if values.dtype == object:
        cells = {type(cell): cell for cell in values if not isinstance(cell, str | None)}
        numbers = [c for c in cells if issubclass(c, _NUMBER)]
        if float in numbers and all(c != c for c in values if isinstance(c, float)):
            numbers.remove(float)
        found: set[type] = {bytes} if bytes in cells else set()
        return found | {bool if issubclass(c, bool | np.bool_) else float for c in numbers}
    if not pd.api.types.is_numeric_dtype(values) or values.isna().all():
        return set()
    return {bool if pd.api.types.is_bool_dtype(values) else float}


_NUMBER: Final = (int, float, Decimal, np.number, np.bool_)


def _spread(values: pd.Series) -> list[Accepted]:
    """Split cells with several texts into several columns."""
    cells = values.tolist() if values.dtype == object else []
    if not any(isinstance(cell, _SEVERAL) for cell in cells):
        return [Accepted(as_text(values))]
    single = as_text(values.map(lambda cell: "" if isinstance(cell, _SEVERAL) else cell))
    rows = [
        _texts(cell) if isinstance(cell, _SEVERAL) else [text]
        for cell, text in zip(cells, single.tolist(), strict=True)
    ]
    return [
        Accepted(
            pd.Series([text or "" for text in column], dtype=TEXT),
            np.array([text is not None for text in column]) if number else None,
        )
        for number, column in enumerate(zip_longest(*rows))
    ]


def _texts(cell: Iterable[object]) -> list[str]:
    texts = ["" if is_missing(item) else format_value(item) for item in cell]
    items = sorted(texts) if isinstance(cell, set | frozenset) else texts
    return list(dict.fromkeys(items)) or [""]
