"""A function in a process of its own, which is started again when it dies.

Parent and child talk over the child's standard input and output in pickles.  The parent's
``__main__`` is never imported in the child, so that a plain script or a notebook needs no
``if __name__ == "__main__"``.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, Generic, TypeVar, cast

from cvocr_lab.errors import ArgumentError, BatchError
from cvocr_lab.workers.child import dumps, send

__all__ = ["WorkerDiedError", "WorkerProcess", "dumps", "usable_cores"]

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")

_BOOT: Final = (
    "import sys; sys.path[:] = {path!r}; from cvocr_lab.workers.child import main; main()"
)


class WorkerDiedError(Exception):
    """The process ended instead of answering; the text says how: ``SIGKILL``, ``exit status 1``."""


class WorkerProcess(Generic[Asked, Answered]):
    """Answers one question at a time, in a process of its own.

    Parameters
    ----------
    open_function
        Makes the function that answers; called once in the process, so it must pickle.

    Raises
    ------
    ArgumentError
        It does not pickle.
    """

    def __init__(self, open_function: Callable[[], Callable[[Asked], Answered]]) -> None:
        try:
            self._open = dumps(open_function)
        except Exception:
            raise ArgumentError(
                "the engine cannot be sent to worker processes: define its class in a module, "
                "or pass an engine that is open"
            ) from None
        self._starting = threading.Lock()
        self._closed = False
        self._greeted = False
        self._process = self._start()

    @property
    def pid(self) -> int:
        """The process now alive, or the last one that was."""
        return self._process.pid

    def ask(self, question: Asked) -> Answered:
        """Wait for the answer to one question; starts the process again if it had died before.

        Raises
        ------
        WorkerDiedError
            The process ended while it had the question, or `close` was called.
        BatchError
            The function cannot be opened, or raised it.
        pickle.PicklingError, TypeError, AttributeError
            The question cannot be sent.
        """
        message = dumps(question)
        with self._starting:
            if self._closed:
                raise WorkerDiedError("closed")
            if self._process.poll() is not None:
                self._bury()
                self._process = self._start()
        try:
            if not self._greeted:
                self._exchange(self._open)
                self._greeted = True
            return cast("Answered", self._exchange(message))
        except (EOFError, OSError, pickle.UnpicklingError):
            how = self._bury()
            if not self._greeted and not self._closed:
                raise BatchError(f"a worker process cannot start ({how})") from None
            raise WorkerDiedError(how) from None

    def kill(self) -> None:
        """End the process at once: what it is asked now ends in `WorkerDiedError`."""
        self._process.kill()

    def close(self, *, now: bool) -> None:
        """End the process for good; an idle one ends by itself, a busy one by force if `now`."""
        with self._starting:
            self._closed = True
        if now:
            self._process.kill()
        self._bury()

    def _start(self) -> subprocess.Popen[bytes]:
        code = _BOOT.format(path=[str(Path(p).resolve()) for p in sys.path])
        # One thread each: the processes share the cores between them.
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._greeted = False
        return subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=threads | dict(os.environ),
        )

    def _exchange(self, message: bytes) -> object:
        send(cast("BinaryIO", self._process.stdin), message)
        answer: object = pickle.load(cast("BinaryIO", self._process.stdout))
        if isinstance(answer, BatchError):
            raise answer
        return answer

    def _bury(self) -> str:
        """Close the pipes, wait for the end, and say what it was."""
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
    """Count the processor cores this process may use, container limits included."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        cores = os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cores = min(cores, max(1, round(int(quota) / int(period))))
    return cores
