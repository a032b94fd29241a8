"""Write an iterator of flat frames to one Parquet file, for tables larger than memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.files import make_private
from cvocr_lab.frames.columns import (
    READING_COLUMNS,
    as_column,
    check_no_pictures,
    column_types,
    columns_without_values,
    field_columns,
    triple,
)
from cvocr_lab.kinds import field_order

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


def write_stream(frames: Iterable[pd.DataFrame], path: Path) -> int:
    """Write flat frames to one ``.parquet`` file, each as a row group; return the number of rows.

    The result is the same as for one frame with all rows.  Until the file is complete, there are
    partial files next to it (``read.parquet.part0`` …).  They are deleted if an error occurs, and
    overwritten by the next call.

    The frames must have the same source columns and index.  Fields of types that do not occur
    get no columns.
    """
    if path.suffix.lower() != ".parquet":
        ending = path.suffix or "a name without ending"
        raise ArgumentError(f"cannot write several frames to {ending}: use .parquet")
    parts = _Parts(path)
    try:
        for frame in frames:
            parts.add(frame)
        return parts.finish()
    finally:
        parts.clear()


class _Parts:
    """Partial files; a new one is started when a frame has new columns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parts: list[Path] = []
        self._writer: pq.ParquetWriter | None = None
        self._schema: pa.Schema | None = None
        self._columns: list[str] = []
        self._types: dict[str, None] = {}
        self._like: pd.DataFrame | None = None
        self._rows = 0

    def add(self, frame: pd.DataFrame) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        kinds = column_types(frame.columns)
        check_no_pictures(frame[[c for c in frame.columns if c not in kinds]])
        self._types |= dict.fromkeys(frame["ocr_type"].dropna())
        left_out = columns_without_values(frame, self._types)
        needed = [str(c) for c in frame.columns if c not in left_out]
        if self._like is None or not set(needed) <= set(self._columns):
            self._columns = list(dict.fromkeys([*needed, *self._columns]))
            frame = _aligned(frame, self._columns)
            self._like = frame.iloc[:0]
            self._schema = arrow_schema(frame, self._schema)
            self._close()
            self._parts.append(self._path.with_name(f"{self._path.name}.part{len(self._parts)}"))
            make_private(self._parts[-1])
            self._writer = pq.ParquetWriter(self._parts[-1], self._schema)
        else:
            frame = _aligned(frame, self._columns)
        try:
            table = pa.Table.from_pandas(frame, schema=self._schema, preserve_index=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise ArgumentError(
                f"a source column or the index has values of several types: {error}"
            ) from None
        assert self._writer is not None
        self._writer.write_table(table)
        self._rows += len(frame)

    def finish(self) -> int:
        import pyarrow.parquet as pq

        self._close()
        if self._like is None:
            raise ArgumentError(f"no frame to write to {self._path}")
        columns = self._ordered()
        if len(self._parts) == 1 and columns == self._columns:
            self._parts[0].replace(self._path)
            return self._rows
        schema = arrow_schema(_aligned(self._like, columns), self._schema)
        whole = self._path.with_name(f"{self._path.name}.part{len(self._parts)}")
        parts, self._parts = self._parts, [*self._parts, whole]
        make_private(whole)
        with pq.ParquetWriter(whole, schema) as writer:
            for part in parts:
                with pq.ParquetFile(part) as file:
                    for at in range(file.num_row_groups):
                        writer.write_table(_widened(file.read_row_group(at), schema))
        whole.replace(self._path)
        return self._rows

    def clear(self) -> None:
        """Delete the partial files."""
        self._close()
        for part in self._parts:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _ordered(self) -> list[str]:
        """Return all columns in the order of `to_frame`."""
        kinds = column_types(self._columns)
        fields = field_columns(self._columns)
        known = [f for f in field_order(self._types) if f in fields]
        order = [*(c for c in self._columns if c not in kinds), "ocr_source"]
        order += [c for f in dict.fromkeys([*known, *fields]) for c in triple(f)]
        return list(dict.fromkeys([*order, *READING_COLUMNS, *self._columns]))


def _aligned(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    kinds = column_types(columns)
    absent = {
        c: as_column([None] * len(frame), kinds[c], frame.index)
        for c in columns
        if c not in frame.columns
    }
    return pd.concat([frame, pd.DataFrame(absent, index=frame.index)], axis=1)[list(columns)]


def arrow_schema(frame: pd.DataFrame, before: pa.Schema | None = None) -> pa.Schema:
    """Return the Arrow type of each column, independent of the values in these rows.

    The types in `before`, those of earlier frames, are kept.
    """
    import pyarrow as pa

    of_kind: dict[str, Any] = {
        "text": pa.string(),
        "float64": pa.float64(),
        "Int64": pa.int64(),
        "boolean": pa.bool_(),
        "quad": pa.list_(pa.float64()),
    }
    kinds = column_types(frame.columns)
    schema = pa.Schema.from_pandas(frame, preserve_index=True)
    for at, field in enumerate(schema):
        type_ = of_kind[kinds[field.name]] if field.name in kinds else field.type
        if before is not None and field.name in before.names:
            type_ = before.field(field.name).type
        elif pa.types.is_null(type_) or pa.types.is_large_string(type_):
            type_ = pa.string()
        schema = schema.set(at, pa.field(field.name, type_))
    return schema


def _widened(table: pa.Table, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    columns = [
        table[f.name] if f.name in table.column_names else pa.nulls(len(table), f.type)
        for f in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
