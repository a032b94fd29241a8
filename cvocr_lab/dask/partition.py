"""One partition, read on a worker: its engine, and another try where its run stopped."""

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
class Asked:
    """What each partition is read with; it travels to the workers.

    `engine` is a pickle of the caller's engine and options; the rest are those of
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


def read(part: pd.DataFrame, asked: Asked, like: pd.DataFrame) -> pd.DataFrame:
    """Read one partition into the columns and dtypes of `like`.

    Raises
    ------
    BatchError
        Its run stopped, and stopped again as often as was asked for.
    RowError
        With ``errors="raise"``: a row failed.
    """
    wait_s = _FIRST_WAIT_S
    for left in range(asked.retries, -1, -1):
        try:
            frame = _frame(part, asked)
            break
        except BatchError as error:
            error.partial = None  # values have no business in the scheduler's logs
            if not left or error.code is not None or isinstance(error, ArgumentError):
                raise
        except RowError:
            raise
        except Exception:
            if not left:
                raise
        time.sleep(wait_s)
        wait_s *= 2
    fitted = frame[list(like.columns)]  # fields of no type that was asked for are left out
    return fitted.astype({c: like[c].dtype for c in asked.columns})


def _frame(part: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    call = check_arguments(
        part,
        column=asked.columns,
        kind=asked.kind,
        engine=_opened(asked.engine),
        workers=1,
        time_limit_s=asked.time_limit_s,
        progress=False,
        errors=asked.errors,
        base=asked.base,
        pages=asked.pages,
        limits=asked.limits,
        fetch=asked.fetch,
        store=asked.store,
        retry_failed=asked.retry_failed,
        options={},
    )
    with _quiet():
        return read_all(call, fields=asked.fields)


_engines: OrderedDict[bytes, EngineSpec] = OrderedDict()
_opening = threading.Lock()


def _opened(wanted: bytes) -> EngineSpec:
    """The engine of this process; opened by the first partition that asks for it."""
    with _opening:
        if wanted not in _engines:
            engine, options = pickle.loads(wanted)
            found = engine_spec(engine, options)
            _engines[wanted] = replace(found, opened=found.opens_one_of_many())
            while len(_engines) > _ENGINES_KEPT:
                _engines.popitem(last=False)
        _engines.move_to_end(wanted)
        return _engines[wanted]


_hushing = threading.Lock()
_hushed = 0
_hush = warnings.catch_warnings()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep each partition from warning of failed rows; its threads share the one filter."""
    global _hushed, _hush
    with _hushing:
        if not _hushed:
            _hush = warnings.catch_warnings()
            _hush.__enter__()
            warnings.simplefilter("ignore", RowsFailedWarning)
        _hushed += 1
    try:
        yield
    finally:
        with _hushing:
            _hushed -= 1
            if not _hushed:
                _hush.__exit__(None, None, None)
