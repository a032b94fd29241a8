"""`extract` and `score` on Dask, which compute nothing, and what a worker does for a partition."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import cloudpickle
import dask
import dask.dataframe as dd
import pandas as pd

from cvocr_lab import scoring
from cvocr_lab.batch import Column, source_frame
from cvocr_lab.batch.extraction import read_all
from cvocr_lab.batch.run_arguments import RunArguments, check_arguments, shows_run_arguments
from cvocr_lab.errors import ArgumentError, BatchError, RowError
from cvocr_lab.frames import to_frame
from cvocr_lab.kinds import field_order

if TYPE_CHECKING:
    from dask.delayed import Delayed

_ENGINES_KEPT: Final = 2
_FIRST_WAIT_S: Final = 1.0


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


@dataclass(frozen=True, slots=True)
class PartitionArguments:
    """The arguments with which each partition is read; they are sent to the workers."""

    # Dask logs the arguments of calls that failed, and options may hold credentials.
    run: bytes = field(repr=False)  # pickled `RunArguments` without sources
    fields: tuple[str, ...]
    retries: int


def read(part: pd.DataFrame, arguments: PartitionArguments, template: pd.DataFrame) -> pd.DataFrame:
    """Read one partition into the columns and dtypes of `template`."""
    wait_s = _FIRST_WAIT_S
    for left in range(arguments.retries, -1, -1):
        try:
            frame = _frame(part, arguments)
            break
        except BatchError as error:
            error.partial = None  # the scheduler must not log values
            if not left or error.code is not None or isinstance(error, ArgumentError):
                raise
        except RowError:
            raise
        except Exception:
            if not left:
                raise
        time.sleep(wait_s)
        wait_s *= 2
    fitted = frame[list(template.columns)]  # leaves out fields that were not requested
    return fitted.astype({c: template[c].dtype for c in part.columns})


def _frame(part: pd.DataFrame, arguments: PartitionArguments) -> pd.DataFrame:
    with _opening:
        run = _opened_run(arguments.run)
    columns = list(run.sources.columns)
    sources = source_frame(part, column=columns, images=len(columns))
    # The warnings of each partition would only be seen in the logs of the workers.
    return read_all(replace(run, sources=sources), fields=arguments.fields, warn=False)


_opening = threading.Lock()


@lru_cache(_ENGINES_KEPT)
def _opened_run(pickled: bytes) -> RunArguments:
    """Return the arguments with an engine that this process opened when it first needed it."""
    run: RunArguments = pickle.loads(pickled)
    engine = run.engine.open(shares=True)
    return replace(run, engine=replace(run.engine, source=engine, is_open=True))
