"""Read one partition on a worker: open its engine, and try again if the run stops."""

from __future__ import annotations

import pickle
import threading
import time
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import pandas as pd

from cvocr_lab.batch import Column, RowsFailedWarning
from cvocr_lab.batch.extraction import read_all
from cvocr_lab.batch.run_arguments import check_arguments
from cvocr_lab.engines._spec import EngineSpec, engine_spec
from cvocr_lab.errors import ArgumentError, BatchError, RowError
from cvocr_lab.images import Fetch, Limits

_ENGINES_KEPT: Final = 2
_FIRST_WAIT_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class PartitionArguments:
    """The arguments with which each partition is read; they are sent to the workers.

    `engine` is a pickle of the caller's engine and options.  The others are the arguments of
    `cvocr_lab.dask.extract`.
    """

    # Dask logs the arguments of calls that failed, and options may hold credentials.
    engine: bytes = field(repr=False)
    columns: tuple[Column, ...]
    kind: str
    fields: tuple[str, ...]
    time_limit_s: float | None
    errors: Literal["coerce", "raise"]
    base: str | None
    pages: tuple[int, ...] | None
    limits: Limits
    fetch: Fetch
    store: str | None
    retry_failed: bool
    retries: int


def read(part: pd.DataFrame, arguments: PartitionArguments, template: pd.DataFrame) -> pd.DataFrame:
    """Read one partition into the columns and dtypes of `template`.

    Raises
    ------
    BatchError
        The run stopped, also in the last retry.
    RowError
        With ``errors="raise"``: a row failed.
    """
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
    return fitted.astype({c: template[c].dtype for c in arguments.columns})


def _frame(part: pd.DataFrame, arguments: PartitionArguments) -> pd.DataFrame:
    call = check_arguments(
        part,
        column=arguments.columns,
        kind=arguments.kind,
        engine=_open_engine(arguments.engine),
        workers=1,
        time_limit_s=arguments.time_limit_s,
        progress=False,
        errors=arguments.errors,
        base=arguments.base,
        pages=arguments.pages,
        limits=arguments.limits,
        fetch=arguments.fetch,
        store=arguments.store,
        retry_failed=arguments.retry_failed,
        options={},
    )
    with _no_row_warnings():
        return read_all(call, fields=arguments.fields)


_engines: OrderedDict[bytes, EngineSpec] = OrderedDict()
_engines_lock = threading.Lock()


def _open_engine(pickled: bytes) -> EngineSpec:
    """Return the engine of this process.  The first partition that needs it opens it."""
    with _engines_lock:
        if pickled not in _engines:
            engine, options = pickle.loads(pickled)
            found = engine_spec(engine, options)
            _engines[pickled] = replace(found, opened=found.opens_one_of_many())
            while len(_engines) > _ENGINES_KEPT:
                _engines.popitem(last=False)
        _engines.move_to_end(pickled)
        return _engines[pickled]


_filter_lock = threading.Lock()
_filter_users = 0
_filter = warnings.catch_warnings()


@contextmanager
def _no_row_warnings() -> Iterator[None]:
    """Ignore the warning about failed rows in each partition.

    The warning filters belong to the process, so all threads share one change of them.
    """
    global _filter_users, _filter
    with _filter_lock:
        if not _filter_users:
            _filter = warnings.catch_warnings()
            _filter.__enter__()
            warnings.simplefilter("ignore", RowsFailedWarning)
        _filter_users += 1
    try:
        yield
    finally:
        with _filter_lock:
            _filter_users -= 1
            if not _filter_users:
                _filter.__exit__(None, None, None)
