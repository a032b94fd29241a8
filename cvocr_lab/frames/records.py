"""`Records`: uniform access to the rows of a frame: source, page, side, type, fields, cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.errors import ArgumentError, unknown
from cvocr_lab.frames.columns import (
    TEXT,
    as_text,
    fields_of,
    is_missing,
    listed,
    parse_quad,
    restore_index,
    triple,
)
from cvocr_lab.frames.sources import SOURCE, column_or_level, source_columns
from cvocr_lab.kinds import TYPE_ALIASES, TYPES, Field
from cvocr_lab.results import Quad

Texts = npt.NDArray[np.object_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cell:
    """The value of one field of a row; None for what is absent or unknown.

    `spec` is the field in the row's document type; None if the type has no such field.
    """

    field: str
    text: str | None = None
    confidence: float | None = None
    quad: Quad | None = None
    spec: Field | None = None

    @property
    def caption(self) -> str:
        """The printed caption of the field; "" if the paper prints none."""
        return self.spec.vi[0] if self.spec and self.spec.vi else ""

    @property
    def english(self) -> str:
        """The English caption of the field; "" if the paper prints none."""
        return self.spec.en[0] if self.spec and self.spec.en else ""

    @property
    def form(self) -> str:
        """Name of the field type; "" if the document type has no such field."""
        return self.spec.type.name if self.spec else ""


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one face of a paper, or a failure; absent texts are "".

    `row` is its position in the frame, and `label` its index label; `source` is the path or URL of
    the picture of the face, or the picture itself; `cells` has the fields of the type, in order,
    followed by other fields that were read.
    """

    row: int
    label: object
    source: object
    type: str
    side: str
    page: int
    engine: str
    error: str
    warnings: tuple[str, ...]
    corners: Quad | None
    cells: Mapping[str, Cell]

    @property
    def title(self) -> str:
        """The name of the document type for people."""
        return TYPES[self.type].title if self.type in TYPES else self.type

    @property
    def quads(self) -> dict[str, Quad]:
        """The quads of the values by field."""
        return {name: cell.quad for name, cell in self.cells.items() if cell.quad is not None}

    @property
    def name(self) -> str:
        """Path or URL of the picture; "" for pictures in memory."""
        return str(self.source) if isinstance(self.source, str | Path) else ""


class Records:
    """Access to the rows of a flat frame, or of a table of labels, by column and by row.

    Everything is computed when it is first needed, so long frames open at once.  All arrays have
    one entry per row; absent texts are "".  Columns may be missing if they are not needed.
    `fields` are further columns to treat as fields.

    Raises ArgumentError if the frame has neither a type nor a field, or has two columns with the
    same name.

    >>> read = pd.DataFrame({"image": ["a.jpg"], "ocr_type": ["tcc_chip"], "id": ["001"]})
    >>> record = Records(read).record(0)
    >>> record.source, record.side, record.cells["id"].text, record.cells["sex"].text
    ('a.jpg', 'front', '001', None)
    """

    def __init__(self, frame: pd.DataFrame, *, fields: Iterable[str] = ()) -> None:
        self.frame = restore_index(frame)
        own = [field for field in fields if field in self.frame.columns]
        self.fields = list(dict.fromkeys([*fields_of(self.frame), *own]))
        if not self.fields and {"ocr_type", "type", "ocr_error"}.isdisjoint(self.frame.columns):
            raise ArgumentError(
                "this is not a flat frame from extract: it has no column 'ocr_type' and none with "
                "the name of a field"
            )
        self._texts: dict[str, pd.Series] = {}

    def __len__(self) -> int:
        return len(self.frame)

    def labels(self, on: str | None = None) -> pd.Index:
        """Return the labels by which rows are paired: the index, or the column or level `on`.

        Raises ArgumentError if there is no such column.
        """
        if on is None:
            return self.frame.index.to_flat_index()
        (on,) = listed(on)
        if on not in self.frame.columns and on not in self.frame.index.names:
            raise unknown("column", on, self.frame.columns, more=" (to match rows by)")
        return pd.Index(column_or_level(self.frame, on))

    # --- about the rows

    def _about(self, *names: str) -> pd.Series:
        """Return the first of these columns that exists, as text."""
        for name in names:
            if name in self.frame.columns:
                return as_text(self.frame[name])
        return pd.Series([""] * len(self), dtype=TEXT)

    def _numbers(self, default: float, *names: str) -> npt.NDArray[np.float64]:
        for name in names:
            if name in self.frame.columns:
                column = pd.to_numeric(self.frame[name], errors="coerce")
                found = column.to_numpy(np.float64, na_value=np.nan)
                return np.where(np.isnan(found), default, found)
        return np.full(len(self), default)

    @cached_property
    def types(self) -> Texts:
        """Document types, with aliases replaced by our names."""
        names = self._about("ocr_type", "type")
        if set(TYPE_ALIASES).isdisjoint(names.unique()):
            return names.to_numpy(object)
        return names.map(lambda name: TYPE_ALIASES.get(name, name)).to_numpy(object)

    @cached_property
    def sides(self) -> Texts:
        """Sides; those of the document types if there is no such column."""
        if {"ocr_side", "side"}.isdisjoint(self.frame.columns):
            side_of = {name: document_type.side for name, document_type in TYPES.items()}
            return np.array([side_of.get(name, "") for name in self.types], dtype=object)
        return self._about("ocr_side", "side").to_numpy(object)

    @cached_property
    def pages(self) -> Ints:
        """Pages, from 1."""
        return self._numbers(1, "ocr_page", "page").astype(np.int64)

    @cached_property
    def engines(self) -> Texts:
        """Names and versions of the engines."""
        return self._about("ocr_engine").to_numpy(object)

    @cached_property
    def errors(self) -> Texts:
        """Errors of failed rows."""
        return self._about("ocr_error").to_numpy(object)

    @cached_property
    def failed(self) -> npt.NDArray[np.bool_]:
        """Which rows failed."""
        return np.asarray(self.errors != "", bool)

    @cached_property
    def copies(self) -> npt.NDArray[np.bool_]:
        """Which rows were copied from an equal source of the same run."""
        return np.asarray(self._numbers(1, "ocr_attempts") == 0, bool)

    # --- where the pictures are

    @cached_property
    def source_columns(self) -> list[str]:
        """Columns or index levels with the sources of the pictures; see `source_columns`."""
        return source_columns(self.frame)

    @cached_property
    def _taken(self) -> list[Sequence[object]]:
        return [column_or_level(self.frame, c) for c in self.source_columns]

    @cached_property
    def _opened(self) -> list[str]:
        return self._about(SOURCE).tolist()

    def source(self, row: int) -> object:
        """Return the path or URL of a row's picture, or the picture itself.

        Raises ArgumentError if the frame does not contain it.
        """
        if self._opened[row]:
            return self._opened[row]
        if not self._taken:
            raise ArgumentError(
                "the frame does not contain its pictures or their paths: it has no column "
                "'ocr_source', 'image', or 'front' and 'back'"
            )
        second = len(self._taken) == 2 and self.sides[row] == "back"
        return self._taken[1 if second else 0][row]

    @property
    def sources(self) -> list[object]:
        """Path or URL of every row's picture, or the picture itself."""
        return [self.source(row) for row in range(len(self))]

    def pictures(self, row: int) -> tuple[object, ...]:
        """Return all pictures of the row's input; both pictures of a pair.

        Raises ArgumentError if the frame does not contain them.
        """
        own = self.source(row)
        cells = tuple(taken[row] for taken in self._taken)
        if len(cells) < 2 or not isinstance(own, str):
            return (own,) if len(cells) < 2 else cells
        for cell in map(str, cells):
            if own.endswith(cell):  # the base folder is the same for both pictures
                return tuple(own[: len(own) - len(cell)] + str(other) for other in cells)
        return cells

    def origin(self, row: int) -> str:
        """Return the name of the row's input: its source columns, or else its path or URL.

        Two columns are joined by a line break.  The name of pictures in memory is "".
        """
        cells = [taken[row] for taken in self._taken]
        if cells and all(isinstance(cell, str | Path) for cell in cells):
            return "\n".join(map(str, cells))
        return self._opened[row]

    # --- inputs

    @cached_property
    def inputs(self) -> Ints:
        """Number of each row's input, in order of appearance.

        Faces of one input have the same label, source and time.  A failed row is one input.
        """
        keys = [
            pd.factorize(self.frame.index.to_flat_index(), use_na_sentinel=False)[0],
            self.engines,
            self._numbers(1, "ocr_attempts"),
            self._numbers(-1, "ocr_seconds"),
            *(_codes(values) for values in self._taken),
        ]
        table = pd.DataFrame(dict(enumerate(keys)))
        mixed = table.groupby(list(table), sort=False).ngroup().to_numpy(np.int64, copy=True)
        lone = np.flatnonzero(self.failed)
        mixed[lone] = len(self) + np.arange(len(lone))
        return pd.factorize(mixed)[0].astype(np.int64)

    @cached_property
    def firsts(self) -> Ints:
        """Position of the first row of each input."""
        return np.unique(self.inputs, return_index=True)[1].astype(np.int64)

    @cached_property
    def nths(self) -> Ints:
        """Number of each row among the faces with the same input, side and page, from 1."""
        faces = pd.DataFrame({"input": self.inputs, "side": self.sides, "page": self.pages})
        counted = faces.groupby(["input", "side", "page"], sort=False).cumcount()
        return np.asarray(counted + 1, np.int64)

    # --- values

    def texts(self, field: str) -> pd.Series:
        """Return the values of a field with a new index."""
        if field not in self._texts:
            self._texts[field] = self._about(field)
        return self._texts[field]

    def confidences(self, field: str) -> npt.NDArray[np.float64]:
        """Return the confidences of a field; NaN if unknown."""
        return self._numbers(np.nan, triple(field)[1])

    def cell(self, row: int, field: str) -> Cell:
        """Return the value of one field in one row."""
        return _cell(field, self._row(row), expected(self.types[row]).get(field))

    def record(self, row: int) -> Record:
        """Return one row with all its values."""
        values = self._row(row)
        own = expected(self.types[row])
        cells = {}
        for name in dict.fromkeys([*own, *self.fields]):
            cell = _cell(name, values, own.get(name))
            if cell.spec is not None or cell.text is not None:
                cells[name] = cell
        warnings = str(_present(values.get("ocr_warnings")) or "")
        return Record(
            row=row,
            label=self.frame.index[row],
            source=self.source(row),
            type=str(self.types[row]),
            side=str(self.sides[row]),
            page=int(self.pages[row]),
            engine=str(self.engines[row]),
            error=str(self.errors[row]),
            warnings=tuple(code for code in warnings.split(";") if code),
            corners=cast("Quad | None", parse_quad(_present(values.get("ocr_corners")))),
            cells=MappingProxyType(cells),
        )

    def __iter__(self) -> Iterator[Record]:
        return map(self.record, range(len(self)))

    def _row(self, row: int) -> dict[object, object]:
        return dict(zip(self.frame.columns, self.frame.iloc[row].tolist(), strict=True))


@cache
def expected(type_name: str) -> Mapping[str, Field]:
    """Return the fields of a document type; empty for an unknown type."""
    document_type = TYPES.get(type_name)
    return {} if document_type is None else {field.name: field for field in document_type.fields}


def _cell(field: str, values: Mapping[object, object], spec: Field | None) -> Cell:
    text, confidence, quad = (_present(values.get(c)) for c in triple(field))
    return Cell(
        field,
        None if text is None else str(text),
        None if confidence is None else float(str(confidence)),
        cast("Quad | None", parse_quad(quad)),
        spec,
    )


def _present(value: object) -> object:
    return None if is_missing(value) else value


def _codes(values: Sequence[object]) -> npt.NDArray[np.int64]:
    """Return equal numbers for equal cells: texts by value, pictures by identity."""
    plain = [
        value if isinstance(value, str | bytes | int | float | None) else
        str(value) if isinstance(value, Path) else
        id(value)
        for value in values
    ]  # fmt: skip
    codes = pd.factorize(np.array([*plain, None], dtype=object)[:-1], use_na_sentinel=False)[0]
    return codes.astype(np.int64)
