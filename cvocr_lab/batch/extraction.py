"""`extract`, which reads a column of pictures into a flat frame, and `read_store`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from os import PathLike
from typing import Any, Final, overload

import pandas as pd

from cvocr_lab.batch.run import RowCounts, Window, finished_rows
from cvocr_lab.batch.run_arguments import (
    Column,
    Data,
    RunArguments,
    check_arguments,
    shows_run_arguments,
)  # fmt: skip
from cvocr_lab.errors import ArgumentError, BatchError
from cvocr_lab.frames import Reading, to_frame
from cvocr_lab.kinds import field_order
from cvocr_lab.store import Store

_AHEAD: Final = 4
"""Chunks that may be read ahead of a slow row."""

_FAR: Final = 1_000
"""Rows that may always be read ahead, so that no worker is idle when chunks are small."""

_REMEMBERED: Final = 1_000
"""Readings kept to recognise equal pictures when a run is chunked and has no store."""


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
    data: Data, column: Column | Sequence[Column] | None = None, *, chunksize: int, **options: Any
) -> Iterator[pd.DataFrame]: ...


@shows_run_arguments()
def extract(
    data: Data,
    column: Column | Sequence[Column] | None = None,
    *,
    chunksize: int | None = None,
    **arguments: Any,
) -> pd.DataFrame | Iterator[pd.DataFrame]:
    """Read every picture of a column into one flat frame.

    Parameters
    ----------
    data
        A frame, a series, a list of sources, or one source.  A source is a path, a URL, bytes, a
        PIL image or an array; see `cvocr_lab.images.load`.
    column
        Column of `data` that holds the sources; two columns, front and back, for the pair kinds.
        None means ``"image"``, or ``("front", "back")``.
    kind
        What to ask for: a name of `cvocr_lab.kinds.REQUESTS`.
    engine
        ``"local"``, another engine's name, or an object with `name` and `extract`; an object
        runs in threads.  A function that takes a picture (PIL) and returns a dict of fields, or a
        list of them, is an engine too: see `cvocr_lab.engines.FunctionEngine`.  A class or
        function without arguments that creates the engine, and that can be pickled, is called
        once in each worker process.
    workers
        Number of pictures to read at a time; None chooses a number that suits the engine and the
        machine.
    time_limit_s
        Seconds that one row may take, including loading; None for no limit.  A row that takes
        longer fails with `TimeLimitError`, and the run continues.
    progress
        Whether to show a progress bar.
    errors
        ``"coerce"`` keeps a failed row, with its error in ``ocr_error``; ``"raise"`` stops at the
        first failed row.
    base
        Folder that relative paths start from; None for the current one.
    pages
        Page numbers of PDFs to read, from 1; None for all.
    limits, fetch
        What is too large to load, and how URLs are fetched.  Private addresses are refused unless
        ``fetch=Fetch(allow_private=True)``.
    store
        SQLite file that keeps each reading; created with mode 0600.  If a run ends early for any
        reason, the same call resumes it: a picture that has been read is neither read nor paid
        for again, even under another name.  Pictures are compared by their bytes (URLs by their
        text), and readings are reused only for the same kind, engine (name and version), options
        and pages.  Any number of runs may use one store, also at the same time.
    retry_failed
        Whether to read again the rows that failed in an earlier run; otherwise they stay failed.
    chunksize
        Number of rows of `data` per frame, for columns of millions of rows.  The result is then
        an iterator of frames, and the memory needed does not grow with the run.  Reading
        continues while the caller works with a frame, 40 rows ahead, or 5 per worker (up to 500
        with an engine that reads a thousand rows a second).  Without a store, equal pictures are
        recognised only among the last 1,000.
    options
        Passed to the engine's class.

    Returns
    -------
    pandas.DataFrame
        The source column(s) and what was read, labelled by the index of `data`: one row per
        document face, in the order of `data`; see `cvocr_lab.frames`.  Equal pictures are read
        once.  If the run is interrupted (Ctrl-C), the frame holds the finished rows and a
        `RunStoppedWarning` is issued.

    Raises
    ------
    ArgumentError
        The column, kind, engine or an option does not exist.
    BatchError
        No further row can be read.  Its attribute `partial` is the frame of the finished rows;
        with `chunksize`, of those that have not been returned yet.
    RowError
        A row failed, and `errors` is ``"raise"``.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.zeros((200, 320, 3), dtype=np.uint8)
    >>> def size(picture):
    ...     return {"name": f"{picture.width} × {picture.height}"}
    >>> extract(picture, engine=size, progress=False)["name"].tolist()
    ['320 × 200']
    >>> frames = extract([picture] * 5, engine=size, chunksize=2, progress=False)
    >>> [len(frame) for frame in frames]
    [2, 2, 1]
    """
    if chunksize is not None and chunksize < 1:
        raise ArgumentError(f"chunksize must be at least 1, not {chunksize}")
    run = check_arguments(data, column, **arguments)
    if chunksize is None:
        return read_all(run)
    fields = ("text",) if run.template.kind == "scan" else field_order()
    return _frames(run, fields, size=chunksize, remember=_REMEMBERED)


def read_all(
    run: RunArguments, *, fields: Sequence[str] | None = None, warn: bool = True
) -> pd.DataFrame:
    """Read all rows of a checked call into one frame; `warn` reports failed rows."""
    (frame,) = _frames(run, fields, warn=warn)
    return frame


def _frames(
    run: RunArguments,
    fields: Sequence[str] | None,
    *,
    size: int | None = None,
    remember: int | None = None,
    warn: bool = True,
) -> Iterator[pd.DataFrame]:
    """Yield frames of `size` rows; without a size, one frame of all rows."""
    count = RowCounts(len(run.sources), kept=run.store is not None and not run.retry_failed)
    window = None if size is None else Window(max(_AHEAD * size, _FAR))
    ready: dict[int, Reading] = {}
    begin = 0  # first row of the next frame
    first = 0  # first unfinished row

    def frame(rows: Sequence[int]) -> pd.DataFrame:
        """Build the frame of these rows, and release their readings."""
        found, sources = [ready[at] for at in rows], run.sources.take(rows)
        made = to_frame(found, sources, fields=fields, base=run.template.base)
        for at in rows:  # not before, since Ctrl-C may interrupt this
            del ready[at]
        return made

    interrupted = False
    try:
        with closing(finished_rows(run, remember=remember, window=window)) as rows:
            for row in rows:
                ready[row.at] = row.reading
                count.add(row)
                if size is None or window is None:
                    continue
                while first in ready:
                    first += 1
                window.move(first)
                while begin + size <= first:
                    yield frame(range(begin, begin + size))
                    begin += size
    except BatchError as error:
        error.partial = frame(sorted(ready))
        raise
    except KeyboardInterrupt:
        interrupted = True
    if ready or size is None or run.sources.empty:
        yield frame(sorted(ready))
    if warn:
        count.warn(interrupted=interrupted)


def read_store(
    path: str | PathLike[str], *, kind: str | None = None, engine: str | None = None
) -> pd.DataFrame:
    """Return the readings in a store as a flat frame, also while a run writes to it.

    No engine is asked.  To complete a run that ended early, and to get its frame with the order
    and index of its sources, repeat the same call of `extract` instead.

    Parameters
    ----------
    path
        The file that was passed to `extract` as ``store``.
    kind
        Only readings of this kind; required if the store holds single pictures and pairs.
    engine
        Only readings of this engine: name and version, such as ``"local 1"``.

    Returns
    -------
    pandas.DataFrame
        A flat frame with each picture once, oldest first.  The column ``image``, or ``front`` and
        ``back``, holds the name under which the picture was read.

    Raises
    ------
    ArgumentError
        The store does not exist, or it holds single pictures and pairs, and `kind` is None.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from cvocr_lab.batch import extract
    >>> def read(picture):
    ...     return {"id": "001"}
    >>> picture = np.zeros((200, 320, 3), dtype=np.uint8)
    >>> with TemporaryDirectory() as folder:
    ...     store = f"{folder}/run.sqlite"
    ...     _ = extract([picture, picture], engine=read, store=store, progress=False)
    ...     read_store(store)[["image", "id"]].to_dict("records")
    [{'image': 'ndarray', 'id': '001'}]
    """
    readings: list[Reading] = []
    names: list[tuple[str, ...]] = []
    with (
        Store(path, make=False) as store,
        closing(store.readings(kind=kind, engine=engine)) as kept,
    ):
        for each in kept:
            readings.append(each.reading)
            names.append(each.names)
    lengths = {len(name) for name in names}
    if len(lengths) > 1:
        raise ArgumentError(f"{path} holds single pictures and pairs: pass kind=…")
    columns = ["front", "back"] if lengths == {2} else ["image"]
    return to_frame(readings, pd.DataFrame(names, columns=columns))
