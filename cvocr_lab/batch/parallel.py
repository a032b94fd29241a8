"""Read rows, many at a time, with a pool of threads or processes."""

from __future__ import annotations

import pickle
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter, sleep
from typing import Final, NamedTuple

from cvocr_lab import images
from cvocr_lab.engines import Engine, Request, ask
from cvocr_lab.engines._spec import EngineSpec
from cvocr_lab.errors import CvocrError, ImageError, NoDocumentError, RowError
from cvocr_lab.frames import Reading
from cvocr_lab.images import Fetch, InputImage, Limits
from cvocr_lab.results import Extraction
from cvocr_lab.workers import Pool, ProcessWorker, ThreadWorker, Worker, WorkerDiedError, dumps

WORTH_PROCESSES: Final = 4
"""Fewer rows than this are read in this process, since starting others would take longer."""

_AHEAD: Final = 40
"""Rows that are being read, or finished but not yet consumed; with many workers, more."""

_PER_WORKER: Final = 5
"""The same for each worker."""

_GATHERED: Final = 500
"""`_AHEAD` while finished rows gather, which only fast rows reach."""

_GATHER_S: Final = 0.05
"""Seconds in which finished rows gather: to wake a thread for each costs more than a fast row."""

_WAIT_S: Final = 0.005
"""Seconds between two looks whether the caller has consumed rows."""

_GATHER_AFTER: Final = 100
"""Rows after which they gather, so that short runs do not wait."""


class Row(NamedTuple):
    """The position of a row and its reading."""

    at: int
    reading: Reading


class Task(NamedTuple):
    """The work for one row: its position in the run, its source or its two, and how to load them.

    `pictures` holds for each source the undecoded picture if it was loaded already, else None; it
    is empty if the sources are loaded in another process.
    """

    at: int
    sources: tuple[object, ...]
    kind: str
    base: str | None
    pages: tuple[int, ...] | None
    limits: Limits
    fetch: Fetch
    pictures: tuple[InputImage | None, ...] = ()


@dataclass(slots=True)
class _PendingRow:
    """A task that was given to a worker; receives its reading (`cvocr_lab.workers.Pending`)."""

    task: Task
    finish: Callable[[Task, Reading | BaseException], None]

    def set_running_or_notify_cancel(self) -> bool:
        return True

    def set_result(self, reading: Reading) -> None:
        self.finish(self.task, reading)

    def set_exception(self, error: BaseException) -> None:
        self.finish(self.task, error)


def open_workers(
    engine: EngineSpec, *, workers: int | None, tasks: int
) -> list[Worker[Task, Reading]]:
    """Create the workers of a run: threads if the engine can be shared, else processes."""
    wanted = worker_count(engine, workers, tasks)
    count = max(1, min(wanted, tasks))
    if engine.is_open or engine.shared or wanted == 1:
        return [ThreadWorker(partial(read, engine.open()))] * count
    reader = partial(_open_reader, partial(engine.open, shares=True))
    return [ProcessWorker(reader) for _ in range(count)]


def worker_count(engine: EngineSpec, wanted: int | None, tasks: int) -> int:
    """Return the number of workers for a run of this many rows."""
    few = wanted is None and not engine.shared and tasks < WORTH_PROCESSES
    return 1 if few else engine.workers(wanted)


def read(engine: Engine, task: Task) -> Reading:
    """Read one row."""
    start = perf_counter()
    result: Extraction | RowError
    try:
        result = _extraction(engine, task)
    except RowError as error:
        result = error
        # A traceback keeps the picture in memory, and a cause may contain values of the paper.
        result.__traceback__ = result.__cause__ = result.__context__ = None
    return Reading(result, engine.name, result.attempts, perf_counter() - start)


def _extraction(engine: Engine, task: Task) -> Extraction:
    pictures = tuple(_picture(engine, task, at) for at in range(len(task.sources)))
    result = ask(engine, Request(pictures, task.kind))
    if not result.documents and task.kind != "scan":
        raise NoDocumentError("no document in the picture")
    return result


def _picture(engine: Engine, task: Task, at: int) -> InputImage:
    held = task.pictures[at] if task.pictures else None
    source = task.sources[at] if held is None else held
    decode = not getattr(engine, "undecoded", False)
    try:
        return images.load(
            source, base=task.base, pages=task.pages, limits=task.limits, fetch=task.fetch,
            decode=decode,
        )  # fmt: skip
    except RowError as error:
        if len(task.sources) == 1:
            raise
        raise type(error)(f"{('front', 'back')[at]}: {error}") from None


def _open_reader(open_engine: Callable[[], Engine]) -> Callable[[Task], Reading]:
    return partial(_read, open_engine())


def _read(engine: Engine, task: Task) -> Reading:
    """Read one row in a worker process, and return a reading that can be pickled."""
    reading = read(engine, task)
    try:
        message = dumps(reading)
        if isinstance(reading.result, CvocrError):
            pickle.loads(message)
    except Exception:
        failure = reading.result
        if not isinstance(failure, CvocrError):
            failure = RowError("the engine's answer cannot be sent from its process")
        return replace(reading, result=RowError(f"{type(failure).__name__}: {failure}"))
    return reading


def read_tasks(
    items: Iterable[Task | Row],
    workers: Sequence[Worker[Task, Reading]],
    *,
    limit_s: float | None,
    keep: Callable[[Task, Reading], None],
) -> Generator[Row]:
    """Read tasks in any order, ahead of the consumer; rows with a reading are passed on.

    Each worker takes the next item when it is free.  `keep` is called in its thread before that.
    When the caller stops iterating, or an exception ends the run, no further row is started and
    busy workers are abandoned; the workers are closed.  A BatchError is raised after all finished
    rows were yielded.
    """
    rest = iter(items)
    most_ahead = max(_AHEAD, _PER_WORKER * len(workers))
    taking = threading.Lock()
    done: queue.SimpleQueue[Row | BaseException | None] = queue.SimpleQueue()
    stopped = threading.Event()
    started = yielded = 0
    is_gathering = False
    by_process = workers[0].can_be_killed

    def take() -> tuple[Task, _PendingRow] | None:
        """Return the next task; None, also in `done`, if there is no other."""
        nonlocal started
        with taking:
            try:
                while not stopped.is_set():
                    most = max(most_ahead, _GATHERED) if is_gathering else most_ahead
                    if started - yielded >= most:
                        sleep(_WAIT_S)  # the caller is slower
                        continue
                    item = next(rest)
                    started += 1
                    if not isinstance(item, Row):
                        # A process loads the file itself; sending its content would take longer.
                        sent = item._replace(pictures=()) if by_process else item
                        return sent, _PendingRow(item, finish)
                    done.put(item)
            except StopIteration:
                done.put(None)
            except BaseException as error:
                done.put(error)
            return None

    def finish(task: Task, outcome: Reading | BaseException) -> None:
        try:
            reading = _as_reading(outcome) if isinstance(outcome, BaseException) else outcome
            # A row that was abandoned at the end of the run is not a failure of its picture.
            if not (stopped.is_set() and isinstance(reading.result, CvocrError)):
                try:
                    keep(task, reading)
                finally:  # a full disk does not lose it
                    done.put(Row(task.at, reading))
        except BaseException as error:
            if not (stopped.is_set() or isinstance(error, WorkerDiedError)):
                done.put(error)
            stopped.set()  # before this worker takes the next row

    pool: Pool[Task, Reading] | None = None
    ended_well = False
    failure: BaseException | None = None
    is_over = False
    try:
        # Ctrl-C, or a thread that cannot start, may interrupt this too.
        pool = Pool(workers, limit_s=limit_s, leave_threads=True, take=take)
        while not ((failure or (is_over and yielded == started)) and done.empty()):
            try:
                if yielded >= _GATHER_AFTER and done.empty():
                    is_gathering = True
                    sleep(_GATHER_S)
                    is_gathering = False
                given = done.get(timeout=0.2)  # a bare get cannot be interrupted on Windows
            except queue.Empty:
                continue
            except KeyboardInterrupt as interrupt:
                stopped.set()
                given = interrupt  # the rows that are finished come first
            if given is None:
                is_over = True
            elif isinstance(given, BaseException):
                failure = failure or given
            else:
                yielded += 1
                yield given
        if failure:
            raise failure
        ended_well = True
    finally:
        stopped.set()
        if pool is not None:
            pool.close(now=not ended_well)
        else:
            for worker in workers:
                worker.close(now=True)


def _as_reading(failure: BaseException) -> Reading:
    """Return the reading of a row that has none; raise the failure if it ends the run."""
    match failure:
        case RowError():  # the time limit
            return Reading(failure)
        case WorkerDiedError() if str(failure) != "closed":
            died = f"the worker process died while reading it ({failure})"
            return Reading(RowError(f"{died}: out of memory, or a crash"))
        case pickle.PicklingError() | TypeError() | AttributeError():
            kind = type(failure).__name__
            return Reading(ImageError(f"the source cannot be sent to a worker process ({kind})"))
        case _:
            raise failure
