"""`extract`: the whole run, from the caller's column to the flat frame."""

from __future__ import annotations

import importlib
import inspect
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from os import PathLike, fspath
from typing import Literal, cast

import pandas as pd

from cvocr_lab.batch.progress import Progress
from cvocr_lab.batch.reading import Task
from cvocr_lab.batch.sources import Column, Data, source_frame
from cvocr_lab.batch.workers import InProcess, InThread, Worker, run
from cvocr_lab.engines import Engine, engine_names, open_engine
from cvocr_lab.errors import ArgumentError, BatchError, CvocrError, RowError
from cvocr_lab.frames import Reading, to_frame
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.kinds import request_kind
from cvocr_lab.workers import usable_cores

_WORTH_PROCESSES = 4
"""Fewer rows than this are read here: starting processes would take longer."""

_THREADS = 4
"""Workers for an engine that says it may be shared by threads."""


class RowsFailedWarning(UserWarning):
    """Some rows of a run have an error; the frame says which."""


class RunStoppedWarning(UserWarning):
    """A run was interrupted; the frame holds the rows finished till then."""


def extract(
    data: Data,
    *,
    column: Column | Sequence[Column] | None = None,
    kind: str = "id_any",
    engine: str | Engine | Callable[[], Engine] = "local",
    workers: int | None = None,
    progress: bool = True,
    errors: Literal["coerce", "raise"] = "coerce",
    base: str | PathLike[str] | None = None,
    pages: Sequence[int] | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    fetch: Fetch = Fetch(),  # noqa: B008 - frozen
    **options: object,
) -> pd.DataFrame:
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
        runs in threads.  A class or function without arguments that makes the engine, and that
        pickles, is called once in each worker process.
    workers
        Pictures read at a time; None for as many as the engine and the machine are good for.
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
    options
        Passed to the engine's class.

    Returns
    -------
    pandas.DataFrame
        The source column(s) and what was read, labelled by the index of `data`: one row per
        document face, in the order of `data`; see `cvocr_lab.frames`.  Equal paths are read
        once.  Interrupted (Ctrl-C), it holds the finished rows, and a `RunStoppedWarning` tells.

    Raises
    ------
    ArgumentError
        The call is wrong: no such column, kind, engine or option.
    BatchError
        No further row can be read; its `partial` is the frame of the finished rows.
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
    """
    spec = request_kind(kind)
    if errors not in ("coerce", "raise"):
        raise ArgumentError(f"errors is 'coerce' or 'raise', not {errors!r}")
    if workers is not None and workers < 1:
        raise ArgumentError(f"workers is at least 1, not {workers}")
    sources = source_frame(data, column=column, images=spec.images)
    if pages is not None and (not pages or min(pages) < 1):
        raise ArgumentError(f"pages={list(pages)!r}: give page numbers from 1")
    asked = Task(
        -1,
        (),
        kind,
        base=None if base is None else fspath(base),
        pages=None if pages is None else tuple(pages),
        limits=limits,
        fetch=fetch,
    )
    tasks, repeats = _tasks(sources, asked)
    team = _team(engine, options, workers=workers, tasks=len(tasks))

    readings: dict[int, Reading] = {}
    interrupted = False
    try:
        with (
            Progress(len(sources), show=progress) as bar,
            closing(run(tasks, team)) as finished,
        ):
            for at, reading in _with_repeats(finished, repeats):
                if errors == "raise" and isinstance(reading.result, RowError):
                    failure = reading.result
                    raise type(failure)(f"row {sources.index[at]!r}: {failure}")
                readings[at] = reading
                bar.step(failed=isinstance(reading.result, CvocrError))
    except BatchError as error:
        error.partial = _frame(readings, sources)
        raise
    except KeyboardInterrupt:
        interrupted = True
    frame = _frame(readings, sources)
    if interrupted:
        text = f"interrupted: {len(readings)} of {len(sources)} rows were read and are returned"
        warnings.warn(text, RunStoppedWarning, stacklevel=_outside())
    failed = Counter(type(r.result).__name__ for r in readings.values() if _failed(r))
    if failed:
        counts = ", ".join(f"{n} {name}" for name, n in failed.most_common())
        text = f"{failed.total()} of {len(readings)} rows failed ({counts}); see column ocr_error"
        warnings.warn(text, RowsFailedWarning, stacklevel=_outside())
    return frame


def _tasks(sources: pd.DataFrame, asked: Task) -> tuple[list[Task], dict[int, list[int]]]:
    """Make a task of each row but those whose paths stood before; say which rows repeat which."""
    first: dict[tuple[object, ...], int] = {}
    tasks, repeats = [], dict[int, list[int]]()
    for at, row in enumerate(zip(*(sources[c] for c in sources), strict=True)):
        if all(isinstance(source, str) for source in row) and first.setdefault(row, at) != at:
            repeats.setdefault(first[row], []).append(at)
        else:
            tasks.append(replace(asked, at=at, sources=tuple(row)))
    return tasks, repeats


def _with_repeats(
    finished: Iterator[tuple[Task, Reading]], repeats: dict[int, list[int]]
) -> Iterator[tuple[int, Reading]]:
    for task, reading in finished:
        yield task.at, reading
        for at in repeats.get(task.at, ()):
            yield at, replace(reading, attempts=0, seconds=0.0)


def _team(
    engine: str | Engine | Callable[[], Engine],
    options: dict[str, object],
    *,
    workers: int | None,
    tasks: int,
) -> list[Worker]:
    """Choose the workers: threads for an engine object, processes for one that can be opened."""
    maker: Callable[..., Engine]
    opener: Callable[[], Engine]
    alone: Callable[[], Engine]
    if isinstance(engine, str):
        if engine not in engine_names():
            open_engine(engine)  # raises, naming those that there are
        maker = importlib.import_module(f"cvocr_lab.engines.{engine}").ENGINE
        accepts = inspect.signature(maker).parameters
        try:
            inspect.signature(maker).bind(**options)
        except TypeError as error:
            raise ArgumentError(f"engine {engine!r}: {error}") from None
        opener = partial(open_engine, engine, **options)
        shared = getattr(maker, "parallel", "process") == "thread"
        if not shared and "threads" in accepts and "threads" not in options:
            alone = partial(open_engine, engine, threads=1, **options)
        else:
            alone = opener
    elif options:
        raise ArgumentError(f"unknown option {next(iter(options))!r}: the engine is open already")
    elif isinstance(engine, type) or not hasattr(engine, "extract"):
        # Not by `callable`: an open engine may be callable too.
        if not callable(engine):
            raise ArgumentError(f"a {type(engine).__name__} is no engine: it has no extract")
        opener = alone = engine
        shared = getattr(engine, "parallel", "process") == "thread"
    else:
        sharing = getattr(engine, "parallel", None) == "thread"
        count = workers or (_THREADS if sharing else 1)
        return [InThread(cast("Engine", engine))] * max(1, min(count, tasks))
    if shared:
        return [InThread(opener())] * max(1, min(workers or _THREADS, tasks))
    if workers is None:
        workers = 1 if tasks < _WORTH_PROCESSES else usable_cores()
    if workers == 1:
        return [InThread(opener())]
    return [InProcess(alone) for _ in range(max(1, min(workers, tasks)))]


def _frame(readings: dict[int, Reading], sources: pd.DataFrame) -> pd.DataFrame:
    order = sorted(readings)
    return to_frame([readings[at] for at in order], sources.take(order))


def _failed(reading: Reading) -> bool:
    return isinstance(reading.result, CvocrError)


def _outside() -> int:
    """Count the frames up to the caller's own line, for a warning that points there."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and str(frame.f_globals.get("__name__", "")).startswith("cvocr_lab"):
        level, frame = level + 1, frame.f_back
    return level
