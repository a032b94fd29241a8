"""Convert readings to a flat frame, and its rows to documents."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from types import MappingProxyType
from typing import Any, Final, cast

import pandas as pd

from cvocr_lab.errors import ArgumentError, CvocrError, NoDocumentError
from cvocr_lab.frames.columns import (
    EXTRA,
    READING_COLUMNS,
    as_column,
    column_types,
    field_columns,
    restore,
    triple,
)
from cvocr_lab.frames.sources import SOURCE, source_path, usual_columns
from cvocr_lab.kinds import field_order
from cvocr_lab.results import Document, Extraction, FieldValue, Quad

_ATTRIBUTES: Final = {column: column.removeprefix("ocr_") for column in READING_COLUMNS[1:9]}
"""Attributes of documents by column, from ``ocr_type`` to ``ocr_invalid_message``."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The result for one input, or the error.

    `engine` is used if the result does not contain the engine's name.  `attempts` is the number of
    requests; 0 if the result was copied from an equal source of the same run.  `seconds` includes
    the time for loading; NaN if unknown.
    """

    result: Extraction | CvocrError
    engine: str = ""
    attempts: int = 1
    seconds: float = float("nan")


def to_frame(
    readings: Iterable[Reading],
    sources: pd.DataFrame,
    *,
    fields: Sequence[str] | None = None,
    base: str | PathLike[str] | None = None,
) -> pd.DataFrame:
    """Build the flat frame of `readings`, one per row of `sources`.

    `sources` has the source column(s), one or front and back, and the index of the result.
    `fields` get columns; None for the fields of all types that occur.  Other fields that occur are
    added after them.  `ocr_source` is a path of the sources joined with `base`.

    Raises ArgumentError if a source column has the name of a result column.

    >>> paper = Document("tcc_chip", "front", {"id": FieldValue("001090000001")})
    >>> sources = pd.DataFrame({"image": ["a.jpg"]})
    >>> frame = to_frame([Reading(Extraction((paper,)))], sources)
    >>> frame[["image", "id", "ocr_type"]].to_dict("records")
    [{'image': 'a.jpg', 'id': '001090000001', 'ocr_type': 'tcc_chip'}]
    """
    readings = list(readings)
    if len(readings) != len(sources):
        raise ValueError(f"{len(readings)} readings for {len(sources)} sources")
    rows = [
        (at, reading, face)
        for at, reading in enumerate(readings)
        for face in _faces(reading.result)
    ]
    faces = [face if isinstance(face, Document) else None for _, _, face in rows]
    met = {f.type for f in faces if f}
    names = [
        *(field_order(met) if fields is None else fields),
        *(name for f in faces if f for name in f.fields),
    ]
    held = list(sources.columns)
    held = usual_columns(held) or (held if len(held) <= 2 else [])
    pictures = [sources[c].tolist() for c in held]
    columns: dict[str, list[object]] = {
        SOURCE: [_opened(pictures, at, face, base) for at, _, face in rows]
    }
    for name in dict.fromkeys(names):
        values = [f.fields.get(name) if f else None for f in faces]
        text, confidence, quad = triple(name)
        columns[text] = [v.text if v else None for v in values]
        columns[confidence] = [v.confidence if v else None for v in values]
        columns[quad] = [v.quad if v else None for v in values]
    for column, attribute in _ATTRIBUTES.items():
        columns[column] = [getattr(f, attribute) if f else None for f in faces]
    columns |= {
        "ocr_warnings": [";".join(f.warnings) if f else None for f in faces],
        "ocr_engine": [getattr(r.result, "engine", "") or r.engine for _, r, _ in rows],
        "ocr_error_code": [f.code if isinstance(f, CvocrError) else None for _, _, f in rows],
        "ocr_error": [
            f"{type(f).__name__}: {f}" if isinstance(f, CvocrError) else None for _, _, f in rows
        ],
        "ocr_attempts": [r.attempts for _, r, _ in rows],
        "ocr_seconds": [r.seconds for _, r, _ in rows],
    }
    used = [  # on the first face of an input
        getattr(r.result, "usage", None) if n == 0 or rows[n - 1][0] != at else None
        for n, (at, r, _) in enumerate(rows)
    ]
    if any(used):
        for name in ("tokens_in", "tokens_out", "cost"):
            columns[f"ocr_{name}"] = [getattr(usage, name, None) for usage in used]
    for key in dict.fromkeys(key for f in faces if f for key in f.extra):
        columns[EXTRA + key] = [f.extra.get(key) if f else None for f in faces]

    left = sources.take([at for at, _, _ in rows])
    if clash := set(columns) & set(left.columns):
        raise ArgumentError(f"source columns have the name of result columns: {sorted(clash)}")
    kinds = column_types(columns)
    right = {c: as_column(values, kinds[c], left.index) for c, values in columns.items()}
    return pd.concat([left, pd.DataFrame(right, index=left.index)], axis=1)


def documents_of(frame: pd.DataFrame) -> list[Document]:
    """Return the document in each row of a flat frame; it is empty in a failed row."""
    frame = restore(frame)
    names = field_columns(frame.columns)
    cells = frame[list(column_types(frame.columns))].astype(object)
    rows = cells.where(cells.notna(), None).to_dict("records")
    return [_document(row, names) for row in rows]


def _opened(
    pictures: Sequence[Sequence[object]],
    at: int,
    face: Document | CvocrError,
    base: str | PathLike[str] | None,
) -> str | None:
    """Return the path or URL of the picture of a face."""
    if not pictures:
        return None
    second = len(pictures) == 2 and isinstance(face, Document) and face.side == "back"
    return source_path(pictures[1 if second else 0][at], base)


def _faces(result: Extraction | CvocrError) -> tuple[Document | CvocrError, ...]:
    if isinstance(result, CvocrError):
        return (result,)
    if result.documents:
        return result.documents
    if not result.lines:
        return (NoDocumentError("no document and no text in the picture"),)
    text = FieldValue(
        "\n".join(line.text for line in result.lines),
        confidence=sum(line.confidence for line in result.lines) / len(result.lines),
    )
    return (Document("scan", fields=MappingProxyType({"text": text})),)


def _document(row: Mapping[Hashable, object], names: Sequence[str]) -> Document:
    fields = {}
    for name in names:
        text, confidence, quad = (row[c] for c in triple(name))
        if text is not None:
            fields[name] = FieldValue(
                str(text), cast("float | None", confidence), cast("Quad | None", quad)
            )
    known = {name: row[column] for column, name in _ATTRIBUTES.items() if row[column] is not None}
    warnings = str(row["ocr_warnings"] or "")
    cells = {str(column): str(cell) for column, cell in row.items() if cell}
    extra = {c.removeprefix(EXTRA): cell for c, cell in cells.items() if c.startswith(EXTRA)}
    return Document(
        **cast("Any", {"type": "", **known}),
        fields=MappingProxyType(fields),
        warnings=tuple(warnings.split(";")) if warnings else (),
        extra=MappingProxyType(extra),
    )
