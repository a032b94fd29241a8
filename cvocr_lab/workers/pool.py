"""The pool of workers that bulk runs and the server share."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, Generic, TypeAlias, TypeVar

from cvocr_lab.errors import TimeLimitError
from cvocr_lab.workers.process import ProcessWorker, WorkerDiedError

Question = TypeVar("Question")
Answer = TypeVar("Answer")

_WATCH_S = 0.1
"""Seconds between two checks of the time limit."""


class ThreadWorker(Generic[Question, Answer]):
    """Answer one question at a time by calling a function in the calling thread.

    Other threads may call the function at the same time.
    """

    can_be_killed: Final = False
    """Whether `kill` interrupts the current question."""

    def __init__(self, function: Callable[[Question], Answer]) -> None:
        self.ask = function

    def open(self) -> None:
        """Get ready to answer; a thread always is."""

    def kill(self) -> None:
        """Interrupt the current question, if possible."""

    def close(self, *, now: bool) -> None:
        """Release all resources; `now` interrupts the current question."""


Worker: TypeAlias = ThreadWorker[Question, Answer] | ProcessWorker[Question, Answer]


@dataclass(eq=False, slots=True)
class _Slot(Generic[Question, Answer]):
    """One worker and the thread that calls it."""

    worker: Worker[Question, Answer]
    lock: threading.Lock = field(default_factory=threading.Lock)
    future: Future[Answer] | None = None
    """The current question; None if there is none or it was abandoned."""

    since: float = 0.0
    is_left: bool = False
    """Whether another thread has replaced this one."""


class Pool(Generic[Question, Answer]):
    """Pass questions to workers, first come first served.

    The questions are those given to `submit`, or those that `take` returns: each with its future,
    and None after the last.  `take` is called in the threads of the workers.

    `limit_s` is how many seconds one question may take, not counting its wait for a worker.  A
    worker process that takes longer is killed and restarted.  Threads cannot be killed: with
    `leave_threads`, a thread that takes longer is abandoned and another one started, else the pool
    waits for it.
    """

    def __init__(
        self, workers: Sequence[Worker[Question, Answer]], *, limit_s: float | None = None,
        leave_threads: bool = False,
        take: Callable[[], tuple[Question, Future[Answer]] | None] | None = None,
    ) -> None:  # fmt: skip
        self.workers = tuple(workers)
        self._limit_s = limit_s
        self._leave_threads = leave_threads
        self._waiting: queue.SimpleQueue[tuple[Question, Future[Answer]] | None] = (
            queue.SimpleQueue()
        )
        self._take = take or self._waiting.get
        self._closed = threading.Event()
        self._slots: list[_Slot[Question, Answer]] = [_Slot(worker) for worker in self.workers]
        for slot in self._slots:
            self._start(slot)
        if limit_s is not None:
            threading.Thread(target=self._watch, args=(limit_s,), daemon=True).start()

    @property
    def restarts(self) -> int:
        """How often a worker process was restarted."""
        return sum(getattr(worker, "restarts", 0) for worker in self.workers)

    def submit(self, question: Question) -> Future[Answer]:
        """Queue a question.

        The future raises what the worker raises, `cvocr_lab.errors.TimeLimitError` after the time
        limit, and `WorkerDiedError` if the worker process died.  Callbacks run in the worker's
        thread, before it takes the next question.
        """
        future: Future[Answer] = Future()
        if self._closed.is_set():
            future.set_exception(WorkerDiedError("closed"))
        else:
            self._waiting.put((question, future))
        return future

    def stop(self) -> None:
        """Start no further question; waiting ones raise `WorkerDiedError`."""
        self._closed.set()
        with contextlib.suppress(queue.Empty):
            while (item := self._waiting.get_nowait()) is not None:
                if item[1].set_running_or_notify_cancel():
                    item[1].set_exception(WorkerDiedError("closed"))
        for _ in self._slots:
            self._waiting.put(None)

    def close(self, *, now: bool = True) -> None:
        """Stop, and close the workers; `now` interrupts the current questions."""
        self.stop()
        for worker in self.workers:
            worker.close(now=now)

    def _start(self, slot: _Slot[Question, Answer]) -> None:
        threading.Thread(target=self._serve, args=(slot,), daemon=True).start()

    def _serve(self, slot: _Slot[Question, Answer]) -> None:
        while (item := self._take()) is not None:
            question, future = item
            if not future.set_running_or_notify_cancel():
                continue
            failure: BaseException | None = None
            in_time = True
            try:
                slot.worker.open()  # not counted towards the question's time limit
                with slot.lock:
                    slot.future, slot.since = future, monotonic()
                try:
                    answer = slot.worker.ask(question)
                finally:
                    with slot.lock:
                        in_time, slot.future = slot.future is not None, None
            except BaseException as error:
                failure = error
            if in_time and failure is not None:
                future.set_exception(failure)
            elif in_time:
                future.set_result(answer)
            del question, item, future, failure
            if slot.is_left:
                return

    def _watch(self, limit_s: float) -> None:
        while not self._closed.wait(min(_WATCH_S, limit_s / 4)):
            for at, slot in enumerate(self._slots):
                with slot.lock:
                    future = slot.future
                    if future is None or monotonic() - slot.since < limit_s:
                        continue
                    slot.future = None
                    slot.is_left = self._leave_threads and not slot.worker.can_be_killed
                if slot.is_left:
                    self._slots[at] = _Slot(slot.worker)
                    self._start(self._slots[at])
                else:
                    slot.worker.kill()
                future.set_exception(TimeLimitError(f"reading took longer than {limit_s:g} s"))
