"""What is told of one row: its heading, and its fields one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import cast

import pandas as pd

from cvocr_lab.frames import field_columns, restore
from cvocr_lab.frames.columns import triple
from cvocr_lab.journal.rows import source_columns
from cvocr_lab.kinds import TYPES
from cvocr_lab.results import Quad
from cvocr_lab.views.pictures import Shot


@dataclass(frozen=True, slots=True)
class Value:
    """A field of a row.

    Parameters
    ----------
    name
        Of the field.
    caption, english
        As the paper prints them; "" where it prints none.
    text
        As read; None for absent.
    confidence, quad
        None when unknown.
    format
        Name of the field's type, "" where no type says.
    """

    name: str
    caption: str = ""
    english: str = ""
    text: str | None = None
    confidence: float | None = None
    quad: Quad | None = None
    format: str = ""


@dataclass(frozen=True, slots=True)
class Face:
    """One row of a flat frame, as it is shown.

    Parameters
    ----------
    row
        Position in the frame.
    label
        Of the index.
    source
        Path or URL of the picture, "" for pictures without.
    title
        What a person calls the paper.
    shot
        Its picture.
    values
        Those its type has, in order, then others that were read.
    """

    row: int
    label: str
    source: str
    title: str
    kind: str
    side: str
    page: int
    engine: str
    error: str
    warnings: tuple[str, ...]
    shot: Shot
    values: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))


class Faces:
    """The rows of a flat frame, taken apart one at a time, so that a long frame opens at once.

    Parameters
    ----------
    frame
        A flat frame.
    column
        The source column(s); None for those that stand there beside the results.

    Raises
    ------
    ArgumentError
        It is no flat frame, or its source columns are not to be told.
    """

    def __init__(self, frame: pd.DataFrame, column: str | Sequence[str] | None = None) -> None:
        head = restore(frame.head(0))
        indexed = any(str(c).startswith("ocr_index") for c in frame.columns)
        self.frame = restore(frame) if indexed else frame.copy(deep=False)
        self.columns = source_columns(head, column)
        self.fields = field_columns(head.columns)

    def __len__(self) -> int:
        return len(self.frame)

    def face(self, row: int) -> Face:
        """Take the row at that position apart."""
        one = restore(self.frame.iloc[[row]])
        cells: dict[str, object] = {
            str(name): None if missing is True else value
            for name, value, missing in zip(
                one.columns, one.iloc[0], one.isna().iloc[0].tolist(), strict=True
            )
        }
        kind, side = str(cells["ocr_type"] or ""), str(cells["ocr_side"] or "")
        second = len(self.columns) == 2 and side == "back"
        source = self.frame[self.columns[1 if second else 0]].iloc[row]
        page = int(str(cells["ocr_page"] or 1))
        values = self._values(kind, cells)
        corners = cast("Quad | None", cells["ocr_corners"])
        quads = {v.name: v.quad for v in values.values() if v.quad is not None}
        return Face(
            row=row,
            label=str(self.frame.index[row]),
            source=str(source) if isinstance(source, str | Path) else "",
            title=TYPES[kind].title if kind in TYPES else kind,
            kind=kind,
            side=side,
            page=page,
            engine=str(cells["ocr_engine"] or ""),
            error=str(cells["ocr_error"] or ""),
            warnings=tuple(w for w in str(cells["ocr_warnings"] or "").split(";") if w),
            shot=Shot(row, source, page, kind, corners, quads),
            values=values,
        )

    def _values(self, kind: str, cells: Mapping[str, object]) -> Mapping[str, Value]:
        own = {f.name: f for f in TYPES[kind].fields} if kind in TYPES else {}
        found = {}
        for name in dict.fromkeys([*own, *self.fields]):
            text, confidence, quad = (cells.get(c) for c in triple(name))
            spec = own.get(name)
            if spec is None and text is None:
                continue
            found[name] = Value(
                name,
                caption=spec.vi[0] if spec and spec.vi else "",
                english=spec.en[0] if spec and spec.en else "",
                text=None if text is None else str(text),
                confidence=cast("float | None", confidence),
                quad=cast("Quad | None", quad),
                format=spec.type.name if spec else "",
            )
        return MappingProxyType(found)
