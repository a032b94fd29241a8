"""`extract` and `score` on Dask: what is to be done, before anything is."""

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
from cvocr_lab.dask.partition import Asked, read
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
    """Read every picture of a Dask column, lazily, into a flat frame of the same divisions.

    The rows are those of `cvocr_lab.extract`.  A partition is read one picture after the other;
    have as many partitions in work as workers: workers of one thread each, and partitions of
    some hundred pictures.  The engine is opened once in each worker process and kept.

    Each `compute` reads anew; write the rows, `persist` them, or give a `store`.

    Dask has its workers give memory back to the system at once, which costs each picture about 6 %
    more time; before the cluster is made,
    ``dask.config.set({"distributed.nanny.pre-spawn-environ": {"MALLOC_TRIM_THRESHOLD_": 2**28,
    "MALLOC_MMAP_THRESHOLD_": 2**25, "OMP_NUM_THREADS": 1}})`` has them keep it.

    Parameters
    ----------
    data
        A Dask DataFrame, or a Series of sources.
    column, kind, engine, time_limit_s, errors, base, pages, limits, fetch, options
        As for `cvocr_lab.extract`.  `base` and the paths are those that the workers see.  An
        engine object must pickle, and travels with each partition; prefer a name or a class.
        Options travel too: leave credentials to the workers' environment.
    fields
        Fields to give columns; None for those of every type, for ``scan`` only ``text``.  Dask
        must know the columns beforehand: fields beyond these, and ``ocr_extra_`` columns, are
        left out.
    retries
        How often a partition is tried again after its run stopped: with a second's wait first,
        then twice as long each time.  A wrong call, wrong credentials and an exhausted quota are
        not tried again.  A worker that dies is Dask's business: its partitions go to others.
    store, retry_failed
        As for `cvocr_lab.extract`, on a disk of the workers' own machine that they share.  A
        partition that is read again then reads only what is missing.

    Raises
    ------
    ArgumentError
        The call is wrong: no such column, kind, engine or option.
    """
    request = request_kind(kind)
    if retries < 0:
        raise ArgumentError(f"retries is a number from 0, not {retries}")
    if time_limit_s is not None and not time_limit_s > 0:
        raise ArgumentError(f"time_limit_s={time_limit_s!r}: give more than 0, or None")
    if errors not in ("coerce", "raise"):
        raise ArgumentError(f"errors is 'coerce' or 'raise', not {errors!r}")
    if retry_failed and store is None:
        raise ArgumentError("retry_failed says what to do with a store: give store=… too")
    engine_spec(engine, options)  # complains here rather than on a worker
    sources = batch.source_frame(data._meta, column=column, images=request.images)
    if fields is None:
        fields = ("text",) if kind == "scan" else field_order()
    asked = Asked(
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
    like = to_frame([], sources.iloc[:0], fields=asked.fields)
    table = data.to_frame(name=asked.columns[0]) if isinstance(data, dd.Series) else data
    return table[list(asked.columns)].map_partitions(
        read,
        asked,
        like,
        meta=like,
        enforce_metadata=False,  # `read` does, and looking costs as much again
    )


def score(
    frame: dd.DataFrame,
    truth: pd.DataFrame | dd.DataFrame,
    *,
    on: str | None = None,
    fields: Sequence[str] | None = None,
) -> Delayed:
    """Judge a flat Dask frame by a truth, lazily: ``.compute()`` gives the `Score`.

    Readings are found for rows of the truth wherever they stand, so one worker sees the whole
    flat frame (about 3 KB a row) and the truth; the pictures are not in them.

    Parameters
    ----------
    frame
        A flat frame, as `extract` gives it.
    truth
        Of pandas or of Dask.
    on, fields
        As for `cvocr_lab.score`.
    """
    return dask.delayed(_score, pure=False)(frame, truth, on=on, fields=fields)


def _score(
    frame: pd.DataFrame, truth: pd.DataFrame, *, on: str | None, fields: Sequence[str] | None
) -> scoring.Score:
    return scoring.score(frame, truth, on=on, fields=fields)
