"""Worker processes: orphans, forks, exits; and what is refused at the server's door."""

import os
import signal
import subprocess
import sys
import time
import tracemalloc
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cvocr_lab.errors import ArgumentError, ImageError
from cvocr_lab.server import request_parsing
from cvocr_lab.wire import ENDPOINTS
from cvocr_lab.workers import Pool, ProcessWorker, ThreadWorker, WorkerDiedError

BASE64 = next(e for e in ENDPOINTS if e.transport == "base64" and len(e.images) == 1)
NAME = BASE64.images[0].encode()

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


PARENT = """
import sys, time
from test_hostile_processes import busy
from cvocr_lab.workers import ProcessWorker
from threading import Thread
worker = ProcessWorker(busy)
worker.open()
Thread(target=worker.ask, args=(60,), daemon=True).start()
print(worker.pid, flush=True)
time.sleep(60)
"""


def busy() -> Any:
    return spin


def spin(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def test_no_worker_outlives_its_parent() -> None:
    env = dict(os.environ, PYTHONPATH=os.pathsep.join([str(Path(__file__).parent), *sys.path]))
    command = [sys.executable, "-c", PARENT]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, env=env)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert is_alive(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait(10)
    parent.stdout.close()
    end = time.monotonic() + 5  # one second, on a machine that is not busy
    while is_alive(pid):
        assert time.monotonic() < end
        time.sleep(0.02)


def forking() -> Any:
    return fork_and_die


def fork_and_die(question: int) -> int:
    """Leave a child behind that outlives this process, and die."""
    if question:
        return question
    if os.fork() == 0:
        time.sleep(120)
        os._exit(0)
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def test_a_worker_that_forked_and_died_does_not_hold_the_run() -> None:
    worker = ProcessWorker[int, int](forking)
    pool = Pool([worker])
    start = time.monotonic()
    with pytest.raises(WorkerDiedError, match="SIGKILL"):
        pool.submit(0).result(60)
    assert pool.submit(7).result(60) == 7
    assert time.monotonic() - start < 110
    pool.close()


def leaving() -> Any:
    raise SystemExit(3)


def test_an_engine_that_exits_when_opened_is_told() -> None:
    from cvocr_lab.errors import BatchError

    worker = ProcessWorker[int, int](leaving)
    with pytest.raises(BatchError, match="SystemExit"):
        worker.open()
    worker.close(now=True)


class Sleepers:
    """Counts how many sleep at a time."""

    now: ClassVar[int] = 0

    def sleep(self, seconds: float) -> float:
        time.sleep(seconds)
        return seconds


@pytest.mark.parametrize("leave", [True, False])
def test_the_pool_gives_up_on_a_thread(leave: bool) -> None:
    from cvocr_lab.errors import TimeLimitError

    pool = Pool([ThreadWorker(Sleepers().sleep)], limit_s=0.3, leave_threads=leave)
    start = time.monotonic()
    late, next_one = pool.submit(1.5), pool.submit(0.0)
    with pytest.raises(TimeLimitError):
        late.result(5)
    assert next_one.result(5) == 0.0
    assert (time.monotonic() - start < 1.4) == leave
    pool.close()


def test_the_pool_kills_a_process_that_takes_too_long() -> None:
    from cvocr_lab.errors import TimeLimitError

    pool = Pool([ProcessWorker[float, None](busy)], limit_s=0.5)
    with pytest.raises(TimeLimitError):
        pool.submit(60).result(60)
    assert pool.submit(0).result(60) is None
    assert pool.restarts == 1
    pool.close()
    with pytest.raises(WorkerDiedError, match="closed"):
        pool.submit(0).result(1)


# Bodies that would cost much more than they hold


def parsed(body: bytes, most: int = 32 * 2**20) -> tuple[bytes, ...]:
    return request_parsing.pictures(body, "application/json", BASE64, most)


def text_body(text: bytes) -> bytes:
    return b'{"%s": "%s"}' % (NAME, text)


HUGE = [
    b"[" + b"[]," * 2**21 + b"[]]",
    b'{"x":' + b"[]," * 2**21 + b"[]}",
    b"{" + b'"a":1,' * 2**20 + b'"b":1}',
    b'{"x":' + b"[" * 2**22,
    b'{"%s":"' % NAME + b'\\"' * 2**21 + b'"}',
    b'{"%s":' % NAME + b"1" * 2**22 + b"}",
    b'{"' + b"n" * 2**22 + b'":"AAAA"}',
    b" " * 2**22,
    b'{"%s":"AAAA"' % NAME + b" " * 2**22,
    b'{"%s":"' % NAME + b"\\u0041" * 2**20 + b"\\x",
]


@pytest.mark.parametrize("body", HUGE, ids=range(len(HUGE)))
def test_a_body_of_another_shape_costs_little(body: bytes) -> None:
    tracemalloc.start()
    start = time.monotonic()
    with pytest.raises(ImageError):
        parsed(body)
    taken = time.monotonic() - start
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken < 3
    assert peak < 3 * len(body) + 2**20


def test_blanks_in_base64_cost_no_more_than_the_text() -> None:
    body = text_body(b"A A A A\\r\\n" * 2**20)
    tracemalloc.start()
    (found,) = parsed(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == bytes(3 * 2**20)
    assert peak < 6 * len(body)
    with pytest.raises(ImageError, match="larger than 1000 bytes"):
        parsed(body, most=1000)


@pytest.mark.parametrize(
    "text",
    [
        b"QUJD" * 2**15,
        b"QUJD\\n" * 2**15,
        b"QU\\u004aD" * 2**15,
        b"data:x;base64," + b"QUJD" * 2**15,
    ],
)
def test_large_bodies_come_in_every_spelling(text: bytes) -> None:
    assert parsed(text_body(text)) == (b"ABC" * 2**15,)
    extra = b'{"n": 1, "b": true, "s": "x", "%s": "%s" }' % (NAME, text)
    assert parsed(b"\xef\xbb\xbf \n" + extra) == (b"ABC" * 2**15,)


def test_an_engine_that_does_not_pickle_is_told() -> None:
    with pytest.raises(ArgumentError, match="define its class in a module"):
        ProcessWorker(lambda: partial(print))
