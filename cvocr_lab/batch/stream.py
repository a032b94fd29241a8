"""`extract_iter`: a run whose results come piece by piece, for columns of millions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from os import PathLike
from typing import Final, Literal

import pandas as pd

from cvocr_lab.batch.rows import Count, Window, finished_rows
from cvocr_lab.batch.run_spec import TIME_LIMIT_S, RunSpec, run_spec
from cvocr_lab.batch.sources import Column, Data
from cvocr_lab.engines import Engine
from cvocr_lab.errors import ArgumentError, BatchError
from cvocr_lab.frames import Reading, to_frame
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.kinds import field_order

_AHEAD: Final = 4
"""Chunks that may wait for a row that takes long …"""

_FAR: Final = 1_000
"""… and rows that always may, so that small chunks hold no worker back."""

_REMEMBERED: Final = 1_000
"""Readings kept for equal pictures to come, where there is no store."""


def extract_iter(
    data: Data,
    column: Column | Sequence[Column] | None = None,
    *,
    chunk: int = 1_000,
    kind: str = "id_any",
    engine: str | Engine | Callable[..., object] = "local",
    workers: int | None = None,
    time_limit_s: float | None = TIME_LIMIT_S,
    progress: bool = True,
    errors: Literal["coerce", "raise"] = "coerce",
    base: str | PathLike[str] | None = None,
    pages: Sequence[int] | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    fetch: Fetch = Fetch(),  # noqa: B008 - frozen
    store: str | PathLike[str] | None = None,
    retry_failed: bool = False,
    **options: object,
) -> Iterator[pd.DataFrame]:
    """Read every picture of a column; give flat frames of some rows each, as they are ready.

    The memory that it takes does not grow with the run.  Workers go on reading while the caller
    has a frame in hand, a few frames ahead at most.

    Parameters
    ----------
    chunk
        Rows of `data` to a frame.
    data, column, kind, engine, workers, time_limit_s, progress, errors, base, pages, limits, \
fetch, store, retry_failed, options
        As for `extract`.  Without a store, a picture is known again only among the last 1,000.

    Yields
    ------
    pandas.DataFrame
        What `extract` would give for the next rows, in their order.  All frames have the same
        columns: those of every field there is; only a field that no spec knows adds its own.
        No rows give one frame without rows.
        Interrupted (Ctrl-C), the last frame holds what is finished of the rows still to come,
        and a `RunStoppedWarning` tells.

    Raises
    ------
    ArgumentError
        The call is wrong: no such column, kind, engine or option; told before the first frame.
    BatchError
        No further row can be read; its `partial` is the frame of the finished rows that no frame
        has held yet.
    RowError
        With ``errors="raise"``: a row failed.

    Examples
    --------
    >>> import numpy as np
    >>> from cvocr_lab.results import Document, Extraction, FieldValue
    >>> class Stamp:
    ...     name = "stamp 1"
    ...
    ...     def extract(self, request):
    ...         return Extraction((Document("tcc_chip", "front", {"id": FieldValue("001")}),))
    >>> pictures = [np.full((20, 30, 3), n, dtype=np.uint8) for n in range(5)]
    >>> frames = extract_iter(pictures, chunk=2, engine=Stamp(), progress=False)
    >>> [len(frame) for frame in frames]
    [2, 2, 1]
    """
    spec = run_spec(
        data,
        column=column,
        kind=kind,
        engine=engine,
        workers=workers,
        time_limit_s=time_limit_s,
        progress=progress,
        errors=errors,
        base=base,
        pages=pages,
        limits=limits,
        fetch=fetch,
        store=store,
        retry_failed=retry_failed,
        options=options,
    )
    if chunk < 1:
        raise ArgumentError(f"chunk is at least 1 row, not {chunk}")
    return _chunks(spec, chunk)


def _chunks(spec: RunSpec, size: int) -> Iterator[pd.DataFrame]:
    fields = ("text",) if spec.asked.kind == "scan" else field_order()
    count = Count(len(spec.sources), kept=spec.store is not None and not spec.retry_failed)
    ready: dict[int, Reading] = {}
    begin = first = 0  # of the next frame; of the rows that are not finished
    window = Window(max(_AHEAD * size, _FAR))
    interrupted = False
    try:
        with closing(finished_rows(spec, remember=_REMEMBERED, window=window)) as rows:
            for row in rows:
                ready[row.at] = row.reading
                count.add(row)
                while first in ready:
                    first += 1
                window.move(first)
                while begin + size <= first:
                    yield _frame(ready, range(begin, begin + size), spec, fields)
                    begin += size
    except BatchError as error:
        error.partial = _frame(ready, sorted(ready), spec, fields)
        raise
    except KeyboardInterrupt:
        interrupted = True
    if ready or spec.sources.empty:
        yield _frame(ready, sorted(ready), spec, fields)
    count.warn(interrupted=interrupted)


def _frame(
    ready: dict[int, Reading], order: Sequence[int], spec: RunSpec, fields: Sequence[str]
) -> pd.DataFrame:
    """Make the frame of these rows and let go of their readings."""
    found = [ready.pop(at) for at in order]
    sources = spec.sources.take(list(order))
    return to_frame(found, sources, fields=fields, base=spec.asked.base)
