"""Write an iterator of flat frames to one Parquet file, for tables larger than memory."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.files import make_private
from cvocr_lab.frames.columns import (
    READING_COLUMNS,
    aligned,
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
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts: list[Path] = []

    def new_part() -> Path:
        parts.append(path.with_name(f"{path.name}.part{len(parts)}"))
        make_private(parts[-1])
        return parts[-1]

    writer: pq.ParquetWriter | None = None
    schema: pa.Schema | None = None
    columns: list[str] = []
    types: dict[str, None] = {}
    rows = 0
    with ExitStack() as stack:
        stack.callback(_delete, parts)
        for frame in frames:
            kinds = column_types(frame.columns)
            check_no_pictures(frame[[c for c in frame.columns if c not in kinds]])
            types |= dict.fromkeys(frame["ocr_type"].dropna())
            left_out = columns_without_values(frame, types)
            needed = [str(c) for c in frame.columns if c not in left_out]
            if writer is None or not set(needed) <= set(columns):
                if writer is not None:
                    writer.close()
                columns = list(dict.fromkeys([*needed, *columns]))
                schema = arrow_schema(aligned(frame, columns), schema)
                writer = stack.enter_context(pq.ParquetWriter(new_part(), schema))
            try:
                table = pa.Table.from_pandas(
                    aligned(frame, columns), schema=schema, preserve_index=True
                )
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise ArgumentError(
                    f"a source column or the index has values of several types: {error}"
                ) from None
            writer.write_table(table)
            rows += len(frame)
        if writer is None:
            raise ArgumentError(f"no frame to write to {path}")
        writer.close()
        ordered = _ordered(columns, types)
        if len(parts) == 1 and ordered == columns:
            parts[0].replace(path)
            return rows
        schema = arrow_schema(aligned(frame.iloc[:0], ordered), schema)
        with pq.ParquetWriter(new_part(), schema) as writer:
            for part in parts[:-1]:
                with pq.ParquetFile(part) as file:
                    for at in range(file.num_row_groups):
                        tables = [schema.empty_table(), file.read_row_group(at)]
                        writer.write_table(pa.concat_tables(tables, promote_options="default"))
        parts[-1].replace(path)
        return rows


def _delete(parts: list[Path]) -> None:
    for part in parts:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _ordered(columns: list[str], types: Iterable[str]) -> list[str]:
    """Return all columns in the order of `to_frame`."""
    kinds = column_types(columns)
    fields = field_columns(columns)
    known = [f for f in field_order(types) if f in fields]
    order = [*(c for c in columns if c not in kinds), "ocr_source"]
    order += [c for f in dict.fromkeys([*known, *fields]) for c in triple(f)]
    return list(dict.fromkeys([*order, *READING_COLUMNS, *columns]))


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
