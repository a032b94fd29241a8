"""Run a function in a separate process, which is restarted when it dies."""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, Generic, TypeVar, cast

from cvocr_lab.errors import ArgumentError, BatchError
from cvocr_lab.workers.child import LENGTH, dumps, send

Question = TypeVar("Question")
Answer = TypeVar("Answer")

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
