"""Run the rows of a call through the workers, and yield each when it is finished."""

from __future__ import annotations

import sys
import threading
import warnings
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final, NoReturn, Self

from cvocr_lab.batch.already_read import Dedup, deduplicated
from cvocr_lab.batch.parallel import (
    WORTH_PROCESSES,
    Row,
    Task,
    open_workers,
    read_tasks,
    worker_count,
)  # fmt: skip
from cvocr_lab.batch.run_arguments import RunArguments
from cvocr_lab.errors import CvocrError, RowError, caller_stacklevel

if TYPE_CHECKING:
    from tqdm import tqdm

_LOG_S: Final = 10.0
"""Seconds between two updates when the output is a log file and not a terminal."""


class RowsFailedWarning(UserWarning):
    """Some rows of a run have an error; see the column ``ocr_error``."""


class RunStoppedWarning(UserWarning):
    """A run was interrupted; the frame holds the rows that were finished."""


class Window:
    """Limit how many rows a run may be ahead of its first unfinished row.

    Without a limit, the readings after one slow picture would accumulate in memory.
    """

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self._first = 0
        self._moved = threading.Condition()

    def move(self, first: int) -> None:
        """Set the first unfinished row."""
        with self._moved:
            self._first = first
            self._moved.notify_all()

    def delayed(self, items: Iterator[Task | Row]) -> Iterator[Task | Row]:
        """Yield the items, each as soon as it is inside the window."""
        for item in items:
            with self._moved:
                while item.at >= self._first + self.rows:
                    self._moved.wait()
            yield item


class Progress:
    """Show the finished and failed rows of a run, their rate, and the time remaining."""

    def __init__(self, total: int, *, show: bool) -> None:
        self._failed = 0
        self._bar = _bar(total, show=show)

    def step(self, *, failed: bool) -> None:
        """Count one finished row."""
        if failed:
            self._failed += 1
            self._bar.set_postfix_str(f"failed={self._failed}", refresh=False)
        self._bar.update()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()


def _bar(total: int, *, show: bool) -> tqdm[NoReturn]:
    with warnings.catch_warnings():
        # Without ipywidgets, tqdm warns and falls back to text, which is good enough.
        warnings.simplefilter("ignore")
        from tqdm import tqdm
        from tqdm.auto import tqdm as fitting

        if show and any(c.__module__ == "tqdm.notebook" for c in fitting.__mro__):
            with suppress(Exception):  # a widget that cannot be shown must not end the run
                return fitting(total=total, unit="row")
        every = 0.1 if sys.stderr is not None and sys.stderr.isatty() else _LOG_S
        return tqdm(total=total, unit="row", disable=not show, mininterval=every)


@dataclass(slots=True)
class RowCounts:
    """Count the finished and the failed rows of a run."""

    total: int
    kept: bool
    """Whether failed rows are kept in a store and stay failed."""

    done: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    """Number of failed rows by the name of their error."""

    def add(self, row: Row) -> None:
        """Count one row."""
        self.done += 1
        if isinstance(row.reading.result, CvocrError):
            self.failures[type(row.reading.result).__name__] += 1

    def warn(self, *, interrupted: bool) -> None:
        """Warn the caller of an interruption and of failed rows."""
        if interrupted:
            text = f"interrupted: returning the {self.done} of {self.total} rows that were read"
            warnings.warn(text, RunStoppedWarning, stacklevel=caller_stacklevel())
        if self.failures:
            counts = ", ".join(f"{n} {name}" for name, n in self.failures.most_common())
            text = (
                f"{self.failures.total()} of {self.done} rows failed ({counts}); "
                "see column ocr_error"
            )
            if self.kept:
                text += "; retry_failed=True reads them again"
            warnings.warn(text, RowsFailedWarning, stacklevel=caller_stacklevel())


def finished_rows(
    arguments: RunArguments, *, remember: int | None = None, window: Window | None = None
) -> Generator[Row]:
    """Read the rows of a run, and yield them in the order in which they finish.

    The engine is opened when the first row needs it: rows that have been read before do not.
    """
    with (
        deduplicated(arguments, remember=remember) as dedup,
        Progress(len(arguments.sources), show=arguments.progress) as bar,
        closing(_rows_as_finished(arguments, dedup, window)) as rows,
    ):
        for row in rows:
            failure = row.reading.result
            if arguments.raises and isinstance(failure, RowError):
                raise _of_row(arguments.sources.index[row.at], failure)
            yield row
            bar.step(failed=isinstance(failure, CvocrError))


def _rows_as_finished(
    arguments: RunArguments, dedup: Dedup, window: Window | None
) -> Generator[Row]:
    items, count = dedup.items(), len(arguments.sources)
    tasks: list[Task] = []
    enough = max(WORTH_PROCESSES, worker_count(arguments.engine, arguments.workers, count))
    for item in items:
        if isinstance(item, Row):
            yield item
        else:
            tasks.append(item)
        half = window is not None and tasks and item.at - tasks[0].at >= window.rows // 2
        if half or len(tasks) == enough:
            break
    if not tasks:
        return
    workers = open_workers(arguments.engine, workers=arguments.workers, tasks=len(tasks))
    del item
    # Tasks may hold their pictures, so each is released as soon as it is passed on.
    first = (tasks.pop() for _ in range(len(tasks)))
    tasks.reverse()
    rest = chain(first, window.delayed(items) if window else items)
    try:
        limit_s = arguments.time_limit_s
        with closing(read_tasks(rest, workers, limit_s=limit_s, keep=dedup.keep)) as rows:
            for row in rows:
                yield from dedup.with_repeats(row)
    finally:
        if window:
            window.move(count)  # nothing waits any more


def _of_row(label: object, failure: RowError) -> RowError:
    told = f"row {label!r}: {failure}"
    try:
        return type(failure)(told)
    except TypeError:  # an engine's own class, with other arguments
        return RowError(told)
