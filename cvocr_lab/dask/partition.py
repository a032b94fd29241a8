"""Read one partition on a worker: open its engine, and try again if the run stops."""

from __future__ import annotations

import pickle
import threading
import time
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

import pandas as pd

from cvocr_lab.batch import source_frame
from cvocr_lab.batch.extraction import read_all
from cvocr_lab.batch.run_arguments import RunArguments
from cvocr_lab.errors import ArgumentError, BatchError, RowError

_ENGINES_KEPT: Final = 2
_FIRST_WAIT_S: Final = 1.0


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
