"""Read many rows at a time with a pool of threads or processes."""

from __future__ import annotations

import pickle
import queue
import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from cvocr_lab.batch.reading import Task, read
from cvocr_lab.engines import Engine
from cvocr_lab.engines._spec import EngineSpec
from cvocr_lab.errors import BatchError, CvocrError, ImageError, RowError
from cvocr_lab.frames import Reading
from cvocr_lab.workers import Pool, ProcessWorker, ThreadWorker, WorkerDiedError, dumps

ReaderPool: TypeAlias = "Pool[Task, Reading]"

WORTH_PROCESSES: Final = 4
"""Fewer rows than this are read in this process, since starting others would take longer."""

_READY: Final = 2
"""Rows per worker that are being read or waiting to be; each may hold its picture."""

_UNDER_WAY: Final = 5
"""Rows per worker that are waiting, being read, or finished but not yet consumed."""


class Row(NamedTuple):
    """The position of a row and its reading."""

    at: int
    reading: Reading


def open_pool(
    engine: EngineSpec, *, workers: int | None, tasks: int, limit_s: float | None
) -> ReaderPool:
    """Create the workers of a run: threads if the engine can be shared, else processes."""
    wanted = worker_count(engine, workers, tasks)
    count = max(1, min(wanted, tasks))
    if engine.is_open or engine.shared or wanted == 1:
        thread = ThreadWorker(partial(read, engine.open()))
        return Pool([thread] * count, limit_s=limit_s, leave_threads=True)
    reader = partial(_open_reader, partial(engine.open, shares=True))
    return Pool([ProcessWorker(reader) for _ in range(count)], limit_s=limit_s)


def worker_count(engine: EngineSpec, wanted: int | None, tasks: int) -> int:
    """Return the number of workers for a run of this many rows."""
    few = wanted is None and not engine.shared and tasks < WORTH_PROCESSES
    return 1 if few else engine.workers(wanted)


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
    pool: ReaderPool,
    keep: Callable[[Task, Reading], None] = lambda _task, _reading: None,
) -> Generator[Row]:
    """Read tasks in any order, a few ahead of the consumer; rows with a reading are passed on.

    When the caller stops iterating, or an exception ends the run, no further row is started and
    busy workers are abandoned; the pool is closed.  `keep` is called in the worker's thread, before
    the worker takes the next row.  A BatchError is raised after all finished rows were yielded.
    """
    count = len(pool.workers)
    ready = threading.Semaphore(_READY * count)
    room = threading.Semaphore(_UNDER_WAY * count)
    done: queue.SimpleQueue[Row | BaseException | None] = queue.SimpleQueue()
    stopped = threading.Event()

    def feed() -> None:
        try:
            for item in items:
                room.acquire()
                if stopped.is_set():
                    return
                if isinstance(item, Row):
                    done.put(item)
                    continue
                ready.acquire()
                if stopped.is_set():
                    return
                # A process loads the file itself, which is faster than sending its content.
                sent = replace(item, pictures=()) if pool.workers[0].can_be_killed else item
                pool.submit(sent).add_done_callback(partial(finish, item))
                del item, sent
        except BaseException as error:
            done.put(error)
        for _ in range(_READY * count):  # wait for the rows that are being read
            ready.acquire()
        done.put(None)

    def finish(task: Task, future: Future[Reading]) -> None:
        try:
            reading = _outcome(future)
            # A row that was abandoned at the end of the run is not a failure of its picture.
            if not (stopped.is_set() and isinstance(reading.result, CvocrError)):
                keep(task, reading)
                done.put(Row(task.at, reading))
        except BaseException as error:
            pool.stop()  # before this worker takes the next row
            if not (stopped.is_set() or isinstance(error, WorkerDiedError)):
                done.put(error)
        ready.release()

    threading.Thread(target=feed, daemon=True).start()
    ended_well = False
    failure: BaseException | None = None
    is_over = False
    try:
        while not ((is_over or failure) and done.empty()):
            try:
                given = done.get(timeout=0.2)  # a bare get cannot be interrupted on Windows
            except queue.Empty:
                continue
            if given is None:
                is_over = True
            elif isinstance(given, BaseException):
                failure = failure or given
            else:
                yield given
                room.release()
        if failure:
            raise failure
        ended_well = True
    finally:
        stopped.set()
        room.release()
        ready.release(_READY * count)
        pool.close(now=not ended_well)


def _outcome(future: Future[Reading]) -> Reading:
    """Return the reading of a row; the death of its worker is a row error, unless it was closed."""
    try:
        return future.result()
    except RowError as late:  # the time limit
        return Reading(late)
    except BatchError:
        raise
    except WorkerDiedError as how:
        if str(how) == "closed":
            raise
        died = f"the worker process died while reading it ({how}): out of memory, or a crash"
        return Reading(RowError(died))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        kind = type(error).__name__
        return Reading(ImageError(f"the source cannot be sent to a worker process ({kind})"))
