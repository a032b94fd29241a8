"""`extract`: the whole run, from the caller's column to the flat frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from os import PathLike
from typing import Any, Literal, overload

import pandas as pd

from cvocr_lab.batch.rows import Count, finished_rows
from cvocr_lab.batch.run_spec import TIME_LIMIT_S, RunSpec, run_spec
from cvocr_lab.batch.sources import Column, Data
from cvocr_lab.batch.stream import chunks
from cvocr_lab.engines import Engine
from cvocr_lab.errors import ArgumentError, BatchError
from cvocr_lab.frames import Reading, to_frame
from cvocr_lab.images import Fetch, Limits


@overload
def extract(
    data: Data,
    column: Column | Sequence[Column] | None = None,
    *,
    chunksize: None = None,
    **options: Any,
) -> pd.DataFrame: ...


@overload
def extract(
    data: Data,
    column: Column | Sequence[Column] | None = None,
    *,
    chunksize: int,
    **options: Any,
) -> Iterator[pd.DataFrame]: ...


def extract(
    data: Data,
    column: Column | Sequence[Column] | None = None,
    *,
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
    chunksize: int | None = None,
    **options: object,
) -> pd.DataFrame | Iterator[pd.DataFrame]:
    """Read every picture of a column into one flat frame.

    Parameters
    ----------
    data
        A frame, a series, a list of sources, or one source.  A source is a path, a URL, bytes, a
        PIL image or an array; see `cvocr_lab.images.load`.
    column
        Where the sources stand in a frame; two columns, front and back, for the pair kinds.
        None for ``"image"``, and ``("front", "back")``.
    kind
        What to ask for: a name of `cvocr_lab.kinds.REQUESTS`.
    engine
        ``"local"``, another engine's name, or an object with `name` and `extract`; an object
        runs in threads.  A function that takes a picture (PIL) and gives a dict of fields, or a
        list of them, is an engine too: see `cvocr_lab.engines.FunctionEngine`.  A class or
        function without arguments that makes the engine, and that pickles, is called once in each
        worker process.
    workers
        Pictures read at a time; None for as many as the engine and the machine are good for.
    time_limit_s
        Seconds that one row may take, loading included; None for no limit.  A row that takes
        longer fails with `TimeLimitError`, and the run goes on.
    progress
        Whether to show a progress bar.
    errors
        ``"coerce"`` makes a failed row a row with its error in ``ocr_error``; ``"raise"`` stops
        at the first.
    base
        Folder that relative paths start from; None for the current one.
    pages
        Numbers of the wanted pages of PDFs, from 1; None for all.
    limits, fetch
        What is too large to load, and how URLs are fetched; private addresses are refused unless
        ``fetch=Fetch(allow_private=True)``.
    store
        File (SQLite, made with mode 0600) that keeps each reading before the progress bar moves.
        The same call goes on where a run ended, however it ended: what was read is neither read
        nor paid for again, by whatever name the picture goes.  A picture counts as the same by
        its bytes (a URL by its text), and only for the same kind, engine (name and version),
        options and pages.  Use one store for as many runs as you like, also at a time.
    retry_failed
        Whether to read again what failed in an earlier run; else it stays failed.
    chunksize
        Number of rows of `data` per frame, for columns of millions: the result is then an iterator
        of frames, and the memory needed does not grow with the run.  Reading goes on while the
        caller works with a frame, a few frames ahead at most.  Without a store, a picture is
        recognised as equal only among the last 1,000.
    options
        Passed to the engine's class.

    Returns
    -------
    pandas.DataFrame
        The source column(s) and what was read, labelled by the index of `data`: one row per
        document face, in the order of `data`; see `cvocr_lab.frames`.  Equal pictures are read
        once.  Interrupted (Ctrl-C), it holds the finished rows, and a `RunStoppedWarning` tells.

    Raises
    ------
    ArgumentError
        The call is wrong: no such column, kind, engine or option.
    BatchError
        No further row can be read; its `partial` is the frame of the finished rows; with
        `chunksize`, of those that no frame has held yet.
    RowError
        With ``errors="raise"``: a row failed.

    Examples
    --------
    >>> import numpy as np
    >>> class Stamp:
    ...     name = "stamp"
    ...
    ...     def extract(self, request):
    ...         return Extraction((Document("tcc_chip", "front", {"id": FieldValue("001")}),))
    >>> from cvocr_lab.results import Document, Extraction, FieldValue
    >>> picture = np.zeros((200, 320, 3), dtype=np.uint8)
    >>> frame = extract([picture, picture], engine=Stamp(), progress=False)
    >>> frame[["id", "ocr_type"]].to_dict("records")[1]
    {'id': '001', 'ocr_type': 'tcc_chip'}
    >>> def size(picture):
    ...     return {"name": f"{picture.width} × {picture.height}"}
    >>> extract(picture, engine=size, progress=False)["name"].tolist()
    ['320 × 200']
    >>> frames = extract([picture] * 5, engine=size, chunksize=2, progress=False)
    >>> [len(frame) for frame in frames]
    [2, 2, 1]
    """
    if chunksize is not None and chunksize < 1:
        raise ArgumentError(f"chunksize is at least 1 row, not {chunksize}")
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
    return read_all(spec) if chunksize is None else chunks(spec, chunksize)


def read_all(spec: RunSpec, *, fields: Sequence[str] | None = None) -> pd.DataFrame:
    """Do what `extract` does, after the call was checked.

    Parameters
    ----------
    call
        What was asked for.
    fields
        As for `cvocr_lab.frames.to_frame`.
    """
    readings: dict[int, Reading] = {}
    count = Count(len(spec.sources), kept=spec.store is not None and not spec.retry_failed)
    interrupted = False
    try:
        with closing(finished_rows(spec)) as rows:
            for row in rows:
                readings[row.at] = row.reading
                count.add(row)
    except BatchError as error:
        error.partial = _frame(readings, spec, fields)
        raise
    except KeyboardInterrupt:
        interrupted = True
    frame = _frame(readings, spec, fields)
    count.warn(interrupted=interrupted)
    return frame


def _frame(
    readings: dict[int, Reading], spec: RunSpec, fields: Sequence[str] | None
) -> pd.DataFrame:
    order = sorted(readings)
    found = [readings[at] for at in order]
    return to_frame(found, spec.sources.take(order), fields=fields, base=spec.asked.base)
