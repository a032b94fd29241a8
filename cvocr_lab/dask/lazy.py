"""`extract` and `score` on Dask: they build the task graph and compute nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cloudpickle
import dask
import dask.dataframe as dd
import pandas as pd

from cvocr_lab import scoring
from cvocr_lab.batch import Column
from cvocr_lab.batch.run_arguments import check_arguments, shows_run_arguments
from cvocr_lab.dask.partition import PartitionArguments, read
from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import to_frame
from cvocr_lab.kinds import field_order

if TYPE_CHECKING:
    from dask.delayed import Delayed


@shows_run_arguments("workers", "progress")
def extract(
    data: dd.DataFrame | dd.Series,
    column: Column | Sequence[Column] | None = None,
    *,
    fields: Sequence[str] | None = None,
    retries: int = 2,
    **arguments: Any,
) -> dd.DataFrame:
    """Read every picture of a Dask column, lazily, into a flat frame with the same divisions.

    The rows are the same as those of `cvocr_lab.extract`.  The pictures of one partition are read
    one after the other.  Use workers with one thread each, and partitions of a few hundred
    pictures.  The engine is opened once in each worker process and kept.

    Each `compute` reads all pictures again.  To avoid this, write the rows, `persist` them, or
    pass a `store`.

    Dask makes its workers return memory to the system at once, which costs about 6 % more time per
    picture.  To change this, call
    ``dask.config.set({"distributed.nanny.pre-spawn-environ": {"MALLOC_TRIM_THRESHOLD_": 2**28,
    "MALLOC_MMAP_THRESHOLD_": 2**25, "OMP_NUM_THREADS": 1}})`` before you create the cluster.

    Parameters
    ----------
    data
        A Dask DataFrame, or a Series of sources.
    column
        As for `cvocr_lab.extract`.
    fields
        Fields that become columns; None for the fields of every type, and for ``scan`` only
        ``text``.  Dask must know the columns before it reads, so other fields and the
        ``ocr_extra_`` columns are left out.
    retries
        How often a partition is tried again after its run stopped.  The first wait is one second,
        and each further wait is twice as long.  A wrong call, wrong credentials and a used-up
        quota are not tried again.  If a worker dies, Dask gives its partitions to other workers.
    arguments
        As for `cvocr_lab.extract`.  The workers must be able to read `base` and the paths.  An
        engine object must pickle and is sent with each partition, so prefer a name or a class.
        Options are sent too; put credentials into the environment of the workers instead.  A
        `store` must be on a local disk, and the workers that share it must run on that machine;
        a partition that is tried again reads only what is missing.

    Raises
    ------
    ArgumentError
        An argument is invalid, such as an unknown column, kind, engine or option.
    """
    if retries < 0:
        raise ArgumentError(f"retries must be 0 or more, not {retries}")
    for name in ("workers", "progress"):
        if name in arguments:
            raise ArgumentError(f"{name} cannot be set here: Dask decides it")
    # Errors are reported here rather than on a worker.
    run = check_arguments(data._meta, column, workers=1, progress=False, **arguments)
    columns = list(run.sources.columns)
    if fields is None:
        fields = ("text",) if run.template.kind == "scan" else field_order()
    template = to_frame([], run.sources.iloc[:0], fields=fields)
    pickled = cloudpickle.dumps(replace(run, sources=run.sources.iloc[:0]))
    table = data.to_frame(name=columns[0]) if isinstance(data, dd.Series) else data
    return table[columns].map_partitions(
        read,
        PartitionArguments(pickled, tuple(fields), retries),
        template,
        meta=template,
        enforce_metadata=False,  # `read` already does this
    )


def score(
    frame: dd.DataFrame,
    truth: pd.DataFrame | dd.DataFrame,
    *,
    on: str | None = None,
    fields: Sequence[str] | None = None,
) -> Delayed:
    """Score a flat Dask frame against a truth, lazily: ``.compute()`` gives the `Score`.

    A row of the truth may belong to a reading in any partition.  One worker therefore gets the
    whole flat frame (about 3 KB per row, without the pictures) and the truth.

    Parameters
    ----------
    frame
        A flat frame, as `extract` returns it.
    truth
        A pandas or Dask DataFrame.
    on, fields
        As for `cvocr_lab.score`.
    """
    return dask.delayed(scoring.score, pure=False)(frame, truth, on=on, fields=fields)
