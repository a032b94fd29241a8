"""Who reads: this thread, other threads, or processes that may die."""

from __future__ import annotations

import pickle
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, NamedTuple, Protocol

from cvocr_lab.batch.reading import Task, read
from cvocr_lab.engines import Engine
from cvocr_lab.errors import CvocrError, ImageError, RowError
from cvocr_lab.frames import Reading
from cvocr_lab.workers import WorkerDiedError, WorkerProcess, dumps

_UNDER_WAY: Final = 5
"""Rows for each worker that are read, ready to be read, or not yet taken by the consumer."""


class Row(NamedTuple):
    """A row by its position, and what came of it."""

    at: int
    reading: Reading


class Worker(Protocol):
    """Reads one task at a time."""

    def read(self, task: Task) -> Reading:
        """Read one row.

        Raises
        ------
        BatchError
            No row can be read.
        """
        ...

    def close(self, *, now: bool) -> None:
        """Let go of everything; `now` gives up what is being read."""
        ...


@dataclass(frozen=True, slots=True)
class InThread:
    """Reads in the thread that asks, by an engine that other threads may share."""

    engine: Engine

    def read(self, task: Task) -> Reading:
        """Read one row."""
        return read(self.engine, task)

    def close(self, *, now: bool) -> None:
        """Do nothing: the engine is the caller's, and threads cannot be ended."""


class InProcess:
    """Reads in a process of its own, which is started again when it dies.

    Parameters
    ----------
    open_engine
        Makes the engine; called in the process, so it must pickle.

    Raises
    ------
    ArgumentError
        It does not pickle.
    """

    def __init__(self, open_engine: Callable[[], Engine]) -> None:
        self._process = WorkerProcess[Task, Reading](partial(_open_reader, open_engine))

    def read(self, task: Task) -> Reading:
        """Read one row; one that kills the process is a row error.

        Raises
        ------
        BatchError
            No row can be read, or the engine cannot be opened.
        """
        try:
            # A file is read again there sooner than it is sent.
            return self._process.ask(replace(task, pictures=()))
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            kind = type(error).__name__
            return Reading(ImageError(f"the source cannot be sent to a worker process ({kind})"))
        except WorkerDiedError as how:
            if str(how) == "closed":
                return Reading(RowError("the run has ended"))
            died = RowError(f"the worker process died reading it ({how}): no memory, or a crash")
            return Reading(died)

    def close(self, *, now: bool) -> None:
        """End the process; an idle one ends by itself, a busy one by force if `now`."""
        self._process.close(now=now)


def _open_reader(open_engine: Callable[[], Engine]) -> Callable[[Task], Reading]:
    return partial(_read, open_engine())


def _read(engine: Engine, task: Task) -> Reading:
    """A reading that pickles; what an engine made of its own classes may not."""
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


def run(
    items: Iterable[Task | Row],
    workers: Sequence[Worker],
    keep: Callable[[Task, Reading], None] = lambda _task, _reading: None,
) -> Generator[Row]:
    """Read tasks in any order, taking few ahead of the workers; pass rows on.

    A single `InThread` reads in the calling thread.  When the caller stops iterating, or an
    exception ends the run, nothing more is begun and busy workers are given up.

    Parameters
    ----------
    items
        Tasks, and rows that need none.
    workers
        Who reads.
    keep
        Called with each reading by the thread that read it, before that thread goes on; so there
        is never more than one reading of each worker that is not kept.

    Raises
    ------
    BatchError
        No further row can be read; every finished one was given before.
    """
    if len(workers) == 1 and isinstance(workers[0], InThread):
        for item in items:
            yield item if isinstance(item, Row) else _row(item, workers[0].read(item), keep)
        return
    # A task is ready when a worker is free: looking up the next row would keep it waiting.  Each
    # worker wants one ready, which may hold its picture; and no more are under way than there is
    # room for, so that readings do not pile up before a slow consumer.
    wanted: queue.SimpleQueue[bool] = queue.SimpleQueue()
    room: queue.SimpleQueue[bool] = queue.SimpleQueue()
    todo: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
    done: queue.SimpleQueue[Row | BaseException | None] = queue.SimpleQueue()
    stopped = threading.Event()

    def feed() -> None:
        try:
            for item in items:
                if not room.get() or stopped.is_set():
                    break
                if isinstance(item, Row):
                    done.put(item)
                elif wanted.get():
                    todo.put(item)
                else:
                    break
        except BaseException as error:
            done.put(error)
        for _ in workers:
            todo.put(None)

    def work(worker: Worker) -> None:
        try:
            while (task := todo.get()) is not None and not stopped.is_set():
                wanted.put(True)
                reading = worker.read(task)
                if stopped.is_set() and isinstance(reading.result, CvocrError):
                    break  # it was given up, which says nothing of the row
                done.put(_row(task, reading, keep))
        except BaseException as error:
            done.put(error)
        done.put(None)

    for _ in workers:
        wanted.put(True)
        for _ in range(_UNDER_WAY):
            room.put(True)
    threads = [threading.Thread(target=work, args=(w,), daemon=True) for w in workers]
    threads.append(threading.Thread(target=feed, daemon=True))
    ended_well = False
    try:
        for thread in threads:
            thread.start()
        busy = len(workers)
        failure: BaseException | None = None
        while (busy or not done.empty()) and not (failure and done.empty()):
            try:
                given = done.get(timeout=0.2)  # a bare get cannot be interrupted on Windows
            except queue.Empty:
                continue
            if given is None:
                busy -= 1
            elif isinstance(given, BaseException):
                failure = failure or given
            else:
                yield given
                room.put(True)
        if failure:
            raise failure
        ended_well = True
    finally:
        stopped.set()
        room.put(False)
        wanted.put(False)
        for worker in workers:
            todo.put(None)
            worker.close(now=not ended_well)


def _row(task: Task, reading: Reading, keep: Callable[[Task, Reading], None]) -> Row:
    keep(task, reading)
    return Row(task.at, reading)
