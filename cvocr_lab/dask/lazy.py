"""`extract` and `score` on Dask: they build the task graph and compute nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING, Literal

import cloudpickle
import dask
import dask.dataframe as dd
import pandas as pd

from cvocr_lab import batch, scoring
from cvocr_lab.batch import Column
from cvocr_lab.batch.run_arguments import TIME_LIMIT_S
from cvocr_lab.dask.partition import PartitionArguments, read
from cvocr_lab.engines import Engine
from cvocr_lab.engines._spec import engine_spec
from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import to_frame
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.kinds import field_order, request_kind

if TYPE_CHECKING:
    from dask.delayed import Delayed


def extract(
    data: dd.DataFrame | dd.Series,
    *,
    column: Column | Sequence[Column] | None = None,
    kind: str = "id_any",
    engine: str | Engine | Callable[..., object] = "local",
    fields: Sequence[str] | None = None,
    retries: int = 2,
    time_limit_s: float | None = TIME_LIMIT_S,
    errors: Literal["coerce", "raise"] = "coerce",
    base: str | PathLike[str] | None = None,
    pages: Sequence[int] | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    fetch: Fetch = Fetch(),  # noqa: B008 - frozen
    store: str | PathLike[str] | None = None,
    retry_failed: bool = False,
    **options: object,
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
    column, kind, engine, time_limit_s, errors, base, pages, limits, fetch, options
        As for `cvocr_lab.extract`.  The workers must be able to read `base` and the paths.  An
        engine object must pickle and is sent with each partition, so prefer a name or a class.
        Options are sent too; put credentials into the environment of the workers instead.
    fields
        Fields that become columns; None for the fields of every type, and for ``scan`` only
        ``text``.  Dask must know the columns before it reads, so other fields and the
        ``ocr_extra_`` columns are left out.
    retries
        How often a partition is tried again after its run stopped.  The first wait is one second,
        and each further wait is twice as long.  A wrong call, wrong credentials and a used-up
        quota are not tried again.  If a worker dies, Dask gives its partitions to other workers.
    store, retry_failed
        As for `cvocr_lab.extract`.  The file must be on a local disk, and the workers that share
        it must run on that machine.  A partition that is tried again reads only what is missing.

    Raises
    ------
    ArgumentError
        An argument is invalid, such as an unknown column, kind, engine or option.
    """
    request = request_kind(kind)
    if retries < 0:
        raise ArgumentError(f"retries must be 0 or more, not {retries}")
    if time_limit_s is not None and not time_limit_s > 0:
        raise ArgumentError(f"time_limit_s must be more than 0, or None, not {time_limit_s!r}")
    if errors not in ("coerce", "raise"):
        raise ArgumentError(f"errors must be 'coerce' or 'raise', not {errors!r}")
    if retry_failed and store is None:
        raise ArgumentError("retry_failed needs a store: pass store=… too")
    engine_spec(engine, options)  # report errors here rather than on a worker
    sources = batch.source_frame(data._meta, column=column, images=request.images)
    if fields is None:
        fields = ("text",) if kind == "scan" else field_order()
    arguments = PartitionArguments(
        engine=cloudpickle.dumps((engine, options)),
        columns=tuple(sources.columns),
        kind=kind,
        fields=tuple(fields),
        time_limit_s=time_limit_s,
        errors=errors,
        base=None if base is None else fspath(base),
        pages=None if pages is None else tuple(pages),
        limits=limits,
        fetch=fetch,
        store=None if store is None else fspath(store),
        retry_failed=retry_failed,
        retries=retries,
    )
    template = to_frame([], sources.iloc[:0], fields=arguments.fields)
    table = data.to_frame(name=arguments.columns[0]) if isinstance(data, dd.Series) else data
    return table[list(arguments.columns)].map_partitions(
        read,
        arguments,
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
    return dask.delayed(_score, pure=False)(frame, truth, on=on, fields=fields)


def _score(
    frame: pd.DataFrame, truth: pd.DataFrame, *, on: str | None, fields: Sequence[str] | None
) -> scoring.Score:
    return scoring.score(frame, truth, on=on, fields=fields)
