"""Worker threads, worker processes that are restarted when they die, and the pool of them."""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import BinaryIO, Final, Generic, Protocol, TypeAlias, TypeVar, cast

from cvocr_lab.errors import ArgumentError, BatchError, TimeLimitError
from cvocr_lab.workers.child import LENGTH, dumps, send

Question = TypeVar("Question")
Answer = TypeVar("Answer")
Received = TypeVar("Received", contravariant=True)

_BOOT: Final = (
    "import sys; sys.path[:] = {path!r}; from cvocr_lab.workers.child import main; main({parent})"
)
_POLL_S: Final = 0.25
"""Seconds between checks of a silent process: its children may keep its pipe open."""


class WorkerDiedError(Exception):
    """The process ended instead of answering; the message is, for example, ``SIGKILL``."""


class ProcessWorker(Generic[Question, Answer]):
    """Answer one question at a time in a separate process.

    `open_function` is called once in the process, and returns the function that answers.

    Raises ArgumentError if `open_function` cannot be pickled.
    """

    can_be_killed: Final = True

    def __init__(self, open_function: Callable[[], Callable[[Question], Answer]]) -> None:
        try:
            self._open = dumps(open_function)
        except Exception:
            raise ArgumentError(
                "the engine cannot be sent to worker processes: define its class in a module, "
                "or pass an engine object"
            ) from None
        self.restarts = 0
        self._starting = threading.Lock()
        self._closed = False
        self._is_open = False
        self._process = self._start()

    @property
    def pid(self) -> int:
        """The id of the current or the latest process."""
        return self._process.pid

    def open(self) -> None:
        """Restart the process if it died, and open the function in it if necessary.

        Raises WorkerDiedError if `close` was called, and BatchError if the process cannot start or
        the function cannot be opened.
        """
        with self._starting:
            if self._closed:
                raise WorkerDiedError("closed")
            if self._process.poll() is not None:
                self._end()
                self._process = self._start()
                self.restarts += 1
        if self._is_open:
            return
        try:
            self._exchange(self._open)
        except (EOFError, OSError, pickle.UnpicklingError):
            how = self._end()
            if self._closed:
                raise WorkerDiedError("closed") from None
            raise BatchError(f"a worker process cannot start ({how})") from None
        self._is_open = True

    def ask(self, question: Question) -> Answer:
        """Return the answer to one question; open the process first if necessary.

        Raises WorkerDiedError if the process died while answering, or `close` was called, and
        BatchError if the function cannot be opened, or raised this error.
        """
        message = dumps(question)
        self.open()
        try:
            return cast("Answer", self._exchange(message))
        except (EOFError, OSError, pickle.UnpicklingError):
            raise WorkerDiedError(self._end()) from None

    def kill(self) -> None:
        """End the process at once: the current question raises `WorkerDiedError`."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_POLL_S)  # so that `open` finds that it has ended

    def close(self, *, now: bool) -> None:
        """End the process for good: when it has answered, or at once if `now`."""
        with self._starting:
            self._closed = True
        if now:
            self._process.kill()
        self._end()

    def _start(self) -> subprocess.Popen[bytes]:
        path = [str(Path(p).resolve()) for p in sys.path]
        code = _BOOT.format(path=path, parent=os.getpid())
        # One thread each, since the processes share the cores.
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._is_open = False
        return subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=threads | dict(os.environ),
        )

    def _exchange(self, message: bytes) -> object:
        send(cast("BinaryIO", self._process.stdin), message)
        size = LENGTH.unpack(self._received(LENGTH.size))[0]
        answer: object = pickle.loads(self._received(size))
        if isinstance(answer, BatchError):
            raise answer
        return answer

    def _received(self, size: int) -> bytes:
        """Read this many bytes; EOFError if the process ended before it wrote them."""
        pipe = cast("BinaryIO", self._process.stdout)
        found = bytearray()
        while len(found) < size:
            if sys.platform != "win32":
                poll = select.poll()
                poll.register(pipe, select.POLLIN)
                while not poll.poll(_POLL_S * 1000):
                    if self._process.poll() is not None and not poll.poll(0):
                        raise EOFError
            piece = os.read(pipe.fileno(), min(size - len(found), 1 << 20))
            if not piece:
                raise EOFError
            found += piece
        return bytes(found)

    def _end(self) -> str:
        """Close the pipes, wait for the process to end, and describe its exit status."""
        requests, replies = cast("list[BinaryIO]", [self._process.stdin, self._process.stdout])
        with contextlib.suppress(OSError):
            requests.close()
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        replies.close()
        names = {-s.value: s.name for s in signal.Signals}
        return names.get(code, f"exit status {code}")


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


class Pending(Protocol[Received]):
    """What receives the answer to a question: a `Future`, or an object with these methods."""

    def set_running_or_notify_cancel(self) -> bool:
        """Return whether the question should still be asked."""
        ...

    def set_result(self, result: Received, /) -> None:
        """Receive the answer."""
        ...

    def set_exception(self, exception: BaseException, /) -> None:
        """Receive the error that was raised instead."""
        ...


Worker: TypeAlias = ThreadWorker[Question, Answer] | ProcessWorker[Question, Answer]


@dataclass(eq=False, slots=True)
class _Slot(Generic[Question, Answer]):
    """One worker and the thread that calls it."""

    worker: Worker[Question, Answer]
    lock: threading.Lock = field(default_factory=threading.Lock)
    pending: Pending[Answer] | None = None
    """The current question; None if there is none or it was abandoned."""

    since: float = 0.0
    is_left: bool = False
    """Whether another thread has replaced this one."""


class Pool(Generic[Question, Answer]):
    """Pass questions to workers, first come first served.

    The questions are those given to `submit`, or those that `take` returns: each with what receives
    its answer, and None after the last.  `take` is called in the threads of the workers; it must
    return None soon after `close` was called.

    `limit_s` is how many seconds one question may take, not counting its wait for a worker.  A
    worker process that takes longer is killed and restarted.  Threads cannot be killed: with
    `leave_threads`, a thread that takes longer is abandoned and another one started, else the pool
    waits for it.
    """

    def __init__(
        self, workers: Sequence[Worker[Question, Answer]], *, limit_s: float | None = None,
        leave_threads: bool = False,
        take: Callable[[], tuple[Question, Pending[Answer]] | None] | None = None,
    ) -> None:  # fmt: skip
        self.workers = tuple(workers)
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

    def close(self, *, now: bool = True) -> None:
        """Close the workers; `now` interrupts the current questions.

        No further question is started; waiting ones raise `WorkerDiedError`.
        """
        self._closed.set()
        with contextlib.suppress(queue.Empty):
            while (item := self._waiting.get_nowait()) is not None:
                if item[1].set_running_or_notify_cancel():
                    item[1].set_exception(WorkerDiedError("closed"))
        for _ in self._slots:
            self._waiting.put(None)
        for worker in self.workers:
            worker.close(now=now)

    def _start(self, slot: _Slot[Question, Answer]) -> None:
        threading.Thread(target=self._serve, args=(slot,), daemon=True).start()

    def _serve(self, slot: _Slot[Question, Answer]) -> None:
        while (item := self._take()) is not None:
            question, pending = item
            if not pending.set_running_or_notify_cancel():
                continue
            failure: BaseException | None = None
            in_time = True
            try:
                slot.worker.open()  # not counted towards the question's time limit
                with slot.lock:
                    slot.pending, slot.since = pending, monotonic()
                try:
                    answer = slot.worker.ask(question)
                finally:
                    with slot.lock:
                        in_time, slot.pending = slot.pending is not None, None
            except BaseException as error:
                failure = error
            if in_time and failure is not None:
                pending.set_exception(failure)
            elif in_time:
                pending.set_result(answer)
            del question, item, pending, failure
            if slot.is_left:
                return

    def _watch(self, limit_s: float) -> None:
        while not self._closed.wait(min(_WATCH_S, limit_s / 4)):
            for at, slot in enumerate(self._slots):
                with slot.lock:
                    pending = slot.pending
                    if pending is None or monotonic() - slot.since < limit_s:
                        continue
                    slot.pending = None
                    slot.worker.kill()  # before it takes the next question
                    slot.is_left = self._leave_threads and not slot.worker.can_be_killed
                pending.set_exception(TimeLimitError(f"reading took longer than {limit_s:g} s"))
                if slot.is_left:
                    self._slots[at] = _Slot(slot.worker)
                    try:
                        self._start(self._slots[at])
                    except RuntimeError:  # no other thread can start: this one goes on
                        self._slots[at], slot.is_left = slot, False


def usable_cores() -> int:
    """Return the number of cores that this process may use, considering container limits."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        cores = os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cores = min(cores, max(1, round(int(quota) / int(period))))
    return cores
