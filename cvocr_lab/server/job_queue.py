"""A bounded queue in front of the pool of workers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import Final, TypeAlias

from cvocr_lab.engines._spec import EngineSpec
from cvocr_lab.errors import BatchError, RowError
from cvocr_lab.server.job import Answer, Job, answer, open_answerer
from cvocr_lab.workers import Pool, ProcessWorker, ThreadWorker, WorkerDiedError

JobPool: TypeAlias = "Pool[Job, Answer]"

_THREADS: Final = 8
"""Number of threads for an engine that can be shared."""

_LONGEST_WAIT_S: Final = 60


class BusyError(Exception):
    """The queue is full; the client should retry after `retry_after_s` seconds."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("the queue is full")
        self.retry_after_s = retry_after_s


class ClientGoneError(Exception):
    """The client has disconnected."""


def open_pool(engine: EngineSpec, *, workers: int | None, limit_s: float) -> JobPool:
    """Create and open the workers: threads if the engine can be shared, else processes."""
    count = engine.workers(workers, shared=_THREADS)
    if engine.is_open or engine.shared:
        thread = ThreadWorker(partial(answer, engine.open()))
        return Pool([thread] * count, limit_s=limit_s)
    opens = partial(engine.open, shares=count > 1)
    processes = [ProcessWorker(partial(open_answerer, opens)) for _ in range(count)]
    try:
        with ThreadPoolExecutor(count) as threads:
            list(threads.map(ProcessWorker.open, processes))
    except BaseException:
        for process in processes:
            process.close(now=True)
        raise
    return Pool(processes, limit_s=limit_s)


class Queue:
    """Let a bounded number of requests wait for the workers."""

    def __init__(self, pool: JobPool, *, waiting: int) -> None:
        self.pool, self.waiting, self.inside = pool, waiting, 0
        self._free = asyncio.Semaphore(len(pool.workers))
        self._mean_s = 1.0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Occupy a place until the request is answered; a full queue raises `BusyError`."""
        workers = len(self.pool.workers)
        if self.inside >= self.waiting + workers:
            wait = math.ceil(self._mean_s * self.inside / workers)
            raise BusyError(min(max(wait, 1), _LONGEST_WAIT_S))
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1

    async def read(self, job: Job, gone: Callable[[], Awaitable[None]]) -> Answer:
        """Wait for a free worker and for its answer; `gone` waits until the client disconnects.

        A `TimeLimitError` is raised if the worker took too long, and a `ClientGoneError` if the
        client has disconnected before anything was read.
        """
        if self._free.locked():
            await self._wait(gone)
        else:
            await self._free.acquire()
        start = perf_counter()
        try:
            try:
                return await asyncio.wrap_future(self.pool.submit(job))
            except WorkerDiedError:  # the picture may not be the cause
                return await asyncio.wrap_future(self.pool.submit(job))
        except WorkerDiedError as how:
            return RowError(f"the worker process died twice while reading it ({how})")
        except BatchError as error:
            return error
        finally:
            self._free.release()
            self._mean_s += 0.1 * (perf_counter() - start - self._mean_s)

    async def _wait(self, gone: Callable[[], Awaitable[None]]) -> None:
        """Wait for a free worker while the client is connected."""
        free = asyncio.ensure_future(self._free.acquire())
        leaving = asyncio.ensure_future(gone())
        try:
            await asyncio.wait({free, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                raise ClientGoneError
        except BaseException:
            if free.done() and not free.cancelled():
                self._free.release()
            free.cancel()
            raise
        finally:
            leaving.cancel()
