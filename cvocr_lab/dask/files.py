"""Flat Dask frames on disk: a folder with one Parquet file per partition."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path

import dask
import dask.dataframe as dd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cvocr_lab.errors import ArgumentError
from cvocr_lab.files import replacing
from cvocr_lab.frames import restore
from cvocr_lab.frames.parquet_stream import arrow_schema


def to_parquet(frame: dd.DataFrame, folder: str | PathLike[str]) -> None:
    """Compute a flat Dask frame and write each finished partition as one Parquet file.

    The workers write the files, so only the partitions in work are in memory.  The files get
    their final names when all of them are complete.  Until then the folder keeps its old table.

    Parameters
    ----------
    frame
        A flat frame, as `extract` returns it.
    folder
        The target folder, on a disk that the workers share.  A new folder is readable only by its
        owner.  Partitions of an earlier run in it are replaced.  Both
        `cvocr_lab.dask.read_parquet` and `pandas.read_parquet` can read it.
    """
    target = Path(folder).resolve()
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    # All readers ignore files whose names begin with a dot.
    run = target / f".{uuid.uuid4().hex}"
    write = dask.delayed(_write, pure=False)
    try:
        parts = dask.compute(*(write(part, fspath(run)) for part in frame.to_delayed()))
        for old in target.glob("part.*.parquet"):
            old.unlink()
        digits = len(str(len(parts) - 1))
        for at, part in enumerate(parts):
            Path(part).rename(target / f"part.{at:0{digits}}.parquet")
    finally:
        for left in target.glob(f"{run.name}.*"):  # a worker died, or the run stopped
            left.unlink(missing_ok=True)


def read_parquet(folder: str | PathLike[str]) -> dd.DataFrame:
    """Read what `to_parquet` wrote into a flat Dask frame, lazily.

    Dtypes, quads and divisions are restored.

    Raises
    ------
    ArgumentError
        The folder has no files that `to_parquet` wrote.
    """
    parts = sorted(Path(folder).resolve().glob("part.*.parquet"))
    if not parts:
        raise ArgumentError(f"no part.*.parquet in {folder}")
    template = restore(pq.read_schema(parts[0]).empty_table().to_pandas())
    paths = list(map(fspath, parts))
    frame = dd.from_map(pd.read_parquet, paths, meta=template, divisions=_divisions(parts))
    # Restored last, because Dask changes texts into a dtype of its own.
    return frame.map_partitions(restore, meta=template)


def _write(part: pd.DataFrame, run: str) -> str:
    """Write one partition on a worker and return the name of the file."""
    path = f"{run}.{uuid.uuid4().hex}"  # a second worker, after the first died, has its own file
    table = pa.Table.from_pandas(part, schema=arrow_schema(part), preserve_index=True)
    with replacing(path) as temporary:
        pq.write_table(table, temporary)
    return path


def _divisions(parts: Sequence[Path]) -> tuple[object, ...]:
    """Return the first label of each file and the last label; all None if they are not sorted."""
    unknown = (None,) * (len(parts) + 1)
    spans = []
    for part in parts:
        file = pq.ParquetFile(part)
        names = (file.schema_arrow.pandas_metadata or {}).get("index_columns", [])
        if len(names) != 1 or not file.metadata.num_rows:
            return unknown
        groups = [file.metadata.row_group(n) for n in range(file.num_row_groups)]
        columns = [g.column(n) for g in groups for n in range(g.num_columns)]
        ranges = [column.statistics for column in columns if column.path_in_schema == names[0]]
        if not all(one is not None and one.has_min_max for one in ranges):
            return unknown
        spans.append((min(one.min for one in ranges), max(one.max for one in ranges)))
    lows, highs = zip(*spans, strict=True)
    ordered = all(high < low for high, low in zip(highs[:-1], lows[1:], strict=True))
    return tuple(pd.Index([*lows, highs[-1]])) if ordered else unknown
