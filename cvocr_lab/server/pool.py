"""Who reads: workers behind a queue of bounded length."""

from __future__ import annotations

import asyncio
import contextlib
import math
import pickle
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Protocol, TypeVar

from cvocr_lab.engines import Engine
from cvocr_lab.errors import BatchError, ImageError, RowError
from cvocr_lab.server.work import Answer, Job, answer, open_answerer
from cvocr_lab.workers import WorkerDiedError, WorkerProcess

T = TypeVar("T")

_LONGEST_WAIT_S = 60


class BusyError(Exception):
    """The queue is full; `retry_after_s` says when to come again."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("the queue is full")
        self.retry_after_s = retry_after_s


class GoneError(Exception):
    """Nobody waits for the answer any more."""


class TimeLimitError(Exception):
    """A request took longer to read than is allowed."""


class Worker(Protocol):
    """Reads one job at a time, in the thread that asks."""

    def open(self) -> None:
        """Get ready, if it is not.

        Raises
        ------
        BatchError
            The engine cannot be opened.
        """
        ...

    def read(self, job: Job) -> Answer:
        """Read one job.

        Raises
        ------
        WorkerDiedError
            It died doing so.
        """
        ...

    def kill(self) -> None:
        """Give up the job that is being read, if that can be done."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


@dataclass(frozen=True, slots=True)
class ThreadWorker:
    """Reads by an engine that other threads may share."""

    engine: Engine

    def open(self) -> None:
        """Do nothing: it is open."""

    def read(self, job: Job) -> Answer:
        """Read one job."""
        return answer(self.engine, job)

    def kill(self) -> None:
        """Do nothing: a thread cannot be ended; the worker stays busy until it is done."""

    def close(self) -> None:
        """Do nothing: the engine is the caller's."""


@dataclass(slots=True)
class ProcessWorker:
    """Reads in a process of its own."""

    open_engine: Callable[[], Engine]
    restarts: int = 0
    _process: WorkerProcess[Job | None, Answer | None] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._process = WorkerProcess(partial(open_answerer, self.open_engine))

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def open(self) -> None:
        """Open the engine in the process, again if it died."""
        self._process.ask(None)

    def read(self, job: Job) -> Answer:
        """Read one job."""
        try:
            found = self._process.ask(job)
        except WorkerDiedError:
            self.restarts += 1
            raise
        except BatchError as error:
            return error
        except (pickle.PicklingError, TypeError, AttributeError):
            return ImageError("the picture cannot be sent to a worker process")
        assert found is not None
        return found

    def kill(self) -> None:
        """End the process; it is opened again before the next job."""
        self._process.kill()

    def close(self) -> None:
        """End the process for good."""
        self._process.close(now=True)


class Pool:
    """Gives jobs to workers, first come first served.

    Parameters
    ----------
    workers
        Who reads.
    queue
        Requests that may wait beside those being read.
    time_limit_s
        Seconds a worker may take for one job.
    """

    def __init__(self, workers: Sequence[Worker], *, queue: int, time_limit_s: float) -> None:
        self.workers = tuple(workers)
        self.queue = queue
        self.inside = 0
        self._time_limit_s = time_limit_s
        self._free: asyncio.Queue[Worker] = asyncio.Queue()
        for worker in self.workers:
            self._free.put_nowait(worker)
        self._threads = ThreadPoolExecutor(len(workers), "cvocr-worker")
        self._mean_s = 1.0
        self._coming: set[asyncio.Task[None]] = set()

    @property
    def restarts(self) -> int:
        """Worker processes that died and were started again."""
        return sum(getattr(worker, "restarts", 0) for worker in self.workers)

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place in the queue, held until the request is answered.

        Raises
        ------
        BusyError
            There is none.
        """
        if self.inside >= self.queue + len(self.workers):
            wait = math.ceil(self._mean_s * self.inside / len(self.workers))
            raise BusyError(min(max(wait, 1), _LONGEST_WAIT_S))
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1

    async def read(self, job: Job, gone: Callable[[], Awaitable[bool]]) -> Answer:
        """Wait for a free worker and for its answer.

        Parameters
        ----------
        job
            What to read.
        gone
            Tells whether nobody waits for the answer any more.

        Raises
        ------
        TimeLimitError
            The worker took too long.
        GoneError
            Nobody waits any more; nothing was read.
        """
        has_to_wait = self._free.empty()
        worker = await self._free.get()
        try:
            if has_to_wait and await gone():
                raise GoneError
        except BaseException:
            self._free.put_nowait(worker)
            raise
        start = perf_counter()
        reading = self._in_thread(worker.read, job)
        try:
            try:
                return await self._in_time(reading)
            except WorkerDiedError:
                await self._in_thread(worker.open)
                reading = self._in_thread(worker.read, job)
                return await self._in_time(reading)
        except WorkerDiedError as how:
            return RowError(f"the worker process died twice reading it ({how})")
        except BatchError as error:
            return error
        except TimeLimitError:
            worker.kill()
            raise
        finally:
            self._mean_s += 0.1 * (perf_counter() - start - self._mean_s)
            if reading.done() and not reading.cancelled() and not reading.exception():
                self._free.put_nowait(worker)
            else:
                coming = asyncio.get_running_loop().create_task(self._bring_back(worker, reading))
                self._coming.add(coming)
                coming.add_done_callback(self._coming.discard)

    async def _in_time(self, reading: asyncio.Future[Answer]) -> Answer:
        await asyncio.wait({reading}, timeout=self._time_limit_s)
        if not reading.done():
            raise TimeLimitError
        return reading.result()

    async def _bring_back(self, worker: Worker, reading: asyncio.Future[Answer]) -> None:
        """Make a worker free: when it has really let go, and has its engine open.

        Opened here, so that the time it takes is no job's.
        """
        try:
            await reading
        except Exception:
            with contextlib.suppress(Exception):  # the next job meets it again
                await self._in_thread(worker.open)
        self._free.put_nowait(worker)

    def _in_thread(self, work: Callable[..., T], *arguments: object) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def close(self) -> None:
        """End every worker."""
        for worker in self.workers:
            worker.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
