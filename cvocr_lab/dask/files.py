"""Flat Dask frames on disk: a folder with a Parquet file for each partition."""

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
from cvocr_lab.frames.pieces import arrow_schema


def to_parquet(frame: dd.DataFrame, folder: str | PathLike[str]) -> None:
    """Compute a flat Dask frame, and write each partition as one Parquet file when it is done.

    The workers write; no more than their partitions in work are in memory.  The files get their
    names together, when all are whole: till then the folder holds the table it held before.

    Parameters
    ----------
    frame
        A flat frame, as `extract` gives it.
    folder
        Where to, on a disk that the workers share; made readable by you alone.  Partitions of an
        earlier run in it are replaced.  `cvocr_lab.dask.read_parquet` reads it, and
        `pandas.read_parquet`.
    """
    target = Path(folder).resolve()
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Files that begin with a dot are no part of the table, to any reader.
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
        for left in target.glob(f"{run.name}.*"):  # of a worker that died, or a run that stopped
            left.unlink(missing_ok=True)


def read_parquet(folder: str | PathLike[str]) -> dd.DataFrame:
    """A flat Dask frame, lazily, of what `to_parquet` wrote; dtypes, quads and divisions restored.

    Raises
    ------
    ArgumentError
        There is nothing in the folder that `to_parquet` wrote.
    """
    parts = sorted(Path(folder).resolve().glob("part.*.parquet"))
    if not parts:
        raise ArgumentError(f"no part.*.parquet in {folder}")
    like = restore(pq.read_schema(parts[0]).empty_table().to_pandas())
    paths = list(map(fspath, parts))
    frame = dd.from_map(pd.read_parquet, paths, meta=like, divisions=_divisions(parts))
    return frame.map_partitions(restore, meta=like)  # last: Dask has a text dtype of its own


def _write(part: pd.DataFrame, run: str) -> str:
    """Write one partition, on a worker, and give the file's name."""
    path = f"{run}.{uuid.uuid4().hex}"  # where a worker dies, another writes a file of its own
    table = pa.Table.from_pandas(part, schema=arrow_schema(part), preserve_index=True)
    with replacing(path) as temporary:
        pq.write_table(table, temporary)
    return path


def _divisions(parts: Sequence[Path]) -> tuple[object, ...]:
    """First labels of all files, and the last label; unknown where the files are not in order."""
    unknown = (None,) * (len(parts) + 1)
    spans = []
    for part in parts:
        file = pq.ParquetFile(part)
        names = (file.schema_arrow.pandas_metadata or {}).get("index_columns", [])
        if len(names) != 1 or not file.metadata.num_rows:
            return unknown
        groups = [file.metadata.row_group(n) for n in range(file.num_row_groups)]
        columns = [g.column(n) for g in groups for n in range(g.num_columns)]
        told = [column.statistics for column in columns if column.path_in_schema == names[0]]
        if not all(one is not None and one.has_min_max for one in told):
            return unknown
        spans.append((min(one.min for one in told), max(one.max for one in told)))
    lows, highs = zip(*spans, strict=True)
    ordered = all(high < low for high, low in zip(highs[:-1], lows[1:], strict=True))
    return tuple(pd.Index([*lows, highs[-1]])) if ordered else unknown
