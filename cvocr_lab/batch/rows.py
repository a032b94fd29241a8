"""Every row of a run with its reading, in the order in which they finish."""

from __future__ import annotations

import threading
import warnings
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain

from cvocr_lab.batch.dedup import Dedup
from cvocr_lab.batch.parallel import WORTH_PROCESSES, Row, open_pool, run, worker_count
from cvocr_lab.batch.progress import Progress
from cvocr_lab.batch.reading import Task
from cvocr_lab.batch.run_spec import RunSpec
from cvocr_lab.errors import CvocrError, RowError, outside


class RowsFailedWarning(UserWarning):
    """Some rows of a run have an error; the frame says which."""


class RunStoppedWarning(UserWarning):
    """A run was interrupted; the frame holds the rows finished till then."""


class Window:
    """How far a run may be ahead of its first row that is not finished.

    One picture that takes minutes must not make the readings after it pile up in memory.

    Parameters
    ----------
    rows
        The distance.
    """

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self._first = 0
        self._moved = threading.Condition()
        self._closed = False

    def move(self, first: int) -> None:
        """Set the first row that is not finished."""
        with self._moved:
            self._first = first
            self._moved.notify_all()

    def close(self) -> None:
        """Hold back no row any more."""
        with self._moved:
            self._closed = True
            self._moved.notify_all()

    def held(self, items: Iterator[Task | Row]) -> Iterator[Task | Row]:
        """Give the items, each once it is inside the window."""
        for item in items:
            with self._moved:
                while item.at >= self._first + self.rows and not self._closed:
                    self._moved.wait()
            yield item


@dataclass(slots=True)
class Count:
    """What a run came to, reported once at its end.

    Parameters
    ----------
    total
        Rows asked for.
    done
        Rows finished.
    failures
        Failed rows by the names of their errors.
    kept
        Whether failed rows stay failed in a store.
    """

    total: int
    kept: bool
    done: int = 0
    failures: Counter[str] = field(default_factory=Counter)

    def add(self, row: Row) -> None:
        """Count one row."""
        self.done += 1
        if isinstance(row.reading.result, CvocrError):
            self.failures[type(row.reading.result).__name__] += 1

    def warn(self, *, interrupted: bool) -> None:
        """Warn the caller, at most once of each kind."""
        if interrupted:
            text = f"interrupted: {self.done} of {self.total} rows were read and are returned"
            warnings.warn(text, RunStoppedWarning, stacklevel=outside())
        if self.failures:
            counts = ", ".join(f"{n} {name}" for name, n in self.failures.most_common())
            text = (
                f"{self.failures.total()} of {self.done} rows failed ({counts}); "
                "see column ocr_error"
            )
            if self.kept:
                text += "; retry_failed=True reads them again"
            warnings.warn(text, RowsFailedWarning, stacklevel=outside())


def finished_rows(
    spec: RunSpec, *, remember: int | None = None, window: Window | None = None
) -> Generator[Row]:
    """Read the rows of a run, in any order; rows that were read before need no engine.

    The engine is opened when a first row needs it.  With ``errors="raise"``, the first failed row
    is raised.

    Raises
    ------
    BatchError
        No further row can be read.
    RowError
        A row failed, with ``errors="raise"``.
    """
    with (
        spec.dedup(remember=remember) as dedup,
        Progress(len(spec.sources), show=spec.progress) as bar,
        closing(_rows(spec, dedup, window)) as rows,
    ):
        for row in rows:
            failure = row.reading.result
            if spec.raises and isinstance(failure, RowError):
                raise _of_row(spec.sources.index[row.at], failure)
            yield row
            bar.step(failed=isinstance(failure, CvocrError))


def _rows(spec: RunSpec, dedup: Dedup, window: Window | None) -> Generator[Row]:
    items = dedup.items()
    tasks: list[Task] = []
    enough = max(WORTH_PROCESSES, worker_count(spec.engine, spec.workers, len(spec.sources)))
    for item in items:
        if isinstance(item, Row):
            yield item
        else:
            tasks.append(item)
        if tasks and (
            len(tasks) == enough or (window and item.at - tasks[0].at >= window.rows // 2)
        ):
            break
    if not tasks:
        return
    pool = open_pool(spec.engine, workers=spec.workers, tasks=len(tasks), limit_s=spec.time_limit_s)
    del item
    # Released one by one: they may hold their pictures.
    first = (tasks.pop() for _ in range(len(tasks)))
    tasks.reverse()
    rest = chain(first, window.held(items) if window else items)
    try:
        with closing(run(rest, pool, dedup.keep)) as rows:
            for row in rows:
                yield from dedup.answered(row)
    finally:
        if window:
            window.close()


def _of_row(label: object, failure: RowError) -> RowError:
    told = f"row {label!r}: {failure}"
    try:
        return type(failure)(told)
    except TypeError:  # an engine's own class, made otherwise
        return RowError(told)
