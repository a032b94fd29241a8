"""The server under load: its queue, its workers, its quotas, and its end."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from fake_engine import AUTH, DEADLY, NOTHING, SLOW, V1, Fake, Forked, png

from cvocr_lab.errors import ArgumentError, BatchError
from cvocr_lab.server import Bounds, Keys, make_app, serving
from cvocr_lab.server.job import Answer, Job, open_answerer
from cvocr_lab.workers import ProcessWorker, WorkerDiedError

ANY = V1 + "get_infor_all"


def keys(**options: Any) -> Keys:
    return Keys(dict([AUTH]), **options)


def ask(host: str, picture: bytes, **headers: str) -> requests.Response:
    return requests.post(
        host + ANY, auth=AUTH, files={"image": picture}, headers=headers, timeout=60
    )


def metric(host: str, name: str) -> int:
    text = requests.get(host + "/metrics", timeout=9).text
    found = re.search(rf"^cvocr_{name} (\d+)\.0$", text, re.MULTILINE)
    assert found
    return int(found[1])


def wait_for(what: Any, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_full_queue_says_when_to_come_again() -> None:
    bounds = Bounds(queue=2)
    with serving(make_app(Fake(), keys=keys(), workers=1, bounds=bounds)) as host:
        with ThreadPoolExecutor(3) as pool:
            slow = [pool.submit(ask, host, png(SLOW, 150)) for _ in range(3)]
            wait_for(lambda: metric(host, "requests_inside") == 3)
            refused = ask(host, png())
            answers = [s.result() for s in slow]
        assert refused.status_code == 503
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.json()["errorCode"] == "3"
        assert [a.status_code for a in answers] == [200] * 3
        assert ask(host, png()).status_code == 200
        assert metric(host, "requests_inside") == 0


def test_many_clients_get_their_own_answers() -> None:
    with serving(make_app(Fake(), keys=keys(), workers=4)) as host:

        def client(number: int) -> None:
            for grey in range(5):
                told = ask(host, png(100 + number, 50, grey)).json()["data"]["name"]
                assert told == f"{100 + number} 50 {grey}"

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(client, range(16)))


def test_a_slow_picture_is_given_up_and_its_process_ended() -> None:
    bounds = Bounds(time_limit_s=1.5)
    with serving(make_app(Forked, keys=keys(), workers=1, bounds=bounds)) as host:
        start = time.monotonic()
        late = ask(host, png(SLOW, 6000))
        assert late.status_code == 504
        assert late.json()["errorCode"] == "3"
        assert ask(host, png()).status_code == 200
        assert time.monotonic() - start < 30
        assert metric(host, "worker_restarts") == 1


def test_a_thread_that_is_given_up_keeps_its_place() -> None:
    bounds = Bounds(time_limit_s=0.3)
    with serving(make_app(Fake(), keys=keys(), workers=1, bounds=bounds)) as host:
        assert ask(host, png(SLOW, 100)).status_code == 504
        start = time.monotonic()
        assert ask(host, png()).status_code == 200
        assert time.monotonic() - start > 0.3


def test_a_killed_worker_loses_no_request() -> None:
    with serving(make_app(Forked, keys=keys(), workers=2)) as host:
        children = worker_pids()
        assert len(children) == 2
        with ThreadPoolExecutor(6) as pool:
            asked = [pool.submit(ask, host, png(SLOW, 30 + i)) for i in range(12)]
            time.sleep(0.4)
            os.kill(children[0], signal.SIGKILL)
            answers = [a.result() for a in asked]
        assert [a.status_code for a in answers] == [200] * 12
        told = [a.json()["data"]["name"] for a in answers]
        assert told == [f"{SLOW} {30 + i} 90" for i in range(12)]


def test_a_picture_that_kills_its_worker_twice_is_refused() -> None:
    with serving(make_app(Forked, keys=keys(), workers=2)) as host:
        with ThreadPoolExecutor(4) as pool:
            deadly = pool.submit(ask, host, png(DEADLY))
            others = [pool.submit(ask, host, png(100 + i)) for i in range(6)]
            assert [o.result().json()["data"]["name"] for o in others] == [
                f"{100 + i} 40 90" for i in range(6)
            ]
        assert deadly.result().status_code == 502
        assert deadly.result().json()["errorCode"] == "3"
        assert ask(host, png()).status_code == 200


def worker_pids() -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                line = (folder / "cmdline").read_bytes()
                parent = re.search(r"PPid:\s+(\d+)", (folder / "status").read_text())
            except OSError:
                continue
            if b"cvocr_lab.workers" in line and parent and int(parent[1]) == os.getpid():
                found.append(int(folder.name))
    return found


def test_worker_processes_answer_die_and_close() -> None:
    worker = ProcessWorker[Job, Answer](partial(open_answerer, Forked))
    worker.open()
    assert not isinstance(worker.ask(Job("id_any", (png(),))), Exception)
    first = worker.pid
    with pytest.raises(WorkerDiedError, match="SIGKILL"):
        worker.ask(Job("id_any", (png(DEADLY),)))
    worker.open()
    assert not isinstance(worker.ask(Job("id_any", (png(),))), Exception)
    assert worker.pid != first
    assert worker.restarts == 1
    worker.close(now=True)
    with pytest.raises(WorkerDiedError, match="closed"):
        worker.ask(Job("id_any", (png(),)))


def refusing() -> Fake:
    raise ArgumentError("no such model: x.onnx")


def test_an_engine_that_cannot_be_opened_stops_the_start() -> None:
    with pytest.raises(BatchError, match=r"no such model: x\.onnx"):
        make_app(refusing, keys=keys(), workers=2)
    with pytest.raises(ArgumentError, match="define its class in a module"):
        make_app(lambda: Fake(), keys=keys())
    assert worker_pids() == []


def squares() -> Any:
    return lambda number: number * number


def test_a_closed_worker_process_says_so() -> None:
    with pytest.raises(ArgumentError):
        ProcessWorker(lambda: print)
    worker = ProcessWorker[int, int](squares)
    assert worker.ask(7) == 49
    worker.close(now=False)
    with pytest.raises(WorkerDiedError, match="closed"):
        worker.ask(7)


def test_only_answers_are_charged_and_the_quota_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "quota.sqlite"
    with serving(make_app(Fake(), keys=keys(quota=3, path=path))) as host:
        for picture in (png(), png(NOTHING), b"junk", png()):
            ask(host, picture)
    with serving(make_app(Fake(), keys=keys(quota=3, path=path))) as host:
        assert ask(host, png()).status_code == 200
        spent = ask(host, png())
        assert (spent.status_code, spent.json()["errorCode"]) == (402, "4")
        assert spent.json()["errorMessage"] == "Hết số lượng request hữu dụng"
    held = keys(quota=3, path=path)
    assert held.charged("key") == 3
    content = b"".join(f.read_bytes() for f in tmp_path.iterdir())
    assert b"secret" not in content
    assert {stat.S_IMODE(f.stat().st_mode) for f in tmp_path.iterdir()} == {0o600}


def test_a_quota_is_not_overdrawn_by_asking_at_once(tmp_path: Path) -> None:
    for path in (None, tmp_path / "quota.sqlite"):
        app = make_app(Fake(), keys=keys(quota=4, path=path), workers=8)
        with serving(app) as host, ThreadPoolExecutor(12) as pool:
            slow = [png(SLOW, 20)] * 12
            told = [a.status_code for a in pool.map(ask, [host] * 12, slow)]
        assert sorted(told) == [200] * 4 + [402] * 8


def test_each_key_has_its_own_quota() -> None:
    both = Keys({"key": "secret", "other": "word"}, quota=1)
    with serving(make_app(Fake(), keys=both)) as host:
        for auth in (AUTH, ("other", "word")):
            told = [
                requests.post(host + ANY, auth=auth, files={"image": png()}, timeout=9).status_code
                for _ in range(2)
            ]
            assert told == [200, 402]


def test_the_same_request_is_read_and_charged_once() -> None:
    held = keys(quota=2)
    with serving(make_app(Fake(), keys=held, workers=4)) as host:
        with ThreadPoolExecutor(4) as pool:
            again = {"Idempotency-Key": "abc"}
            told = list(pool.map(lambda _: ask(host, png(SLOW, 30), **again).text, range(4)))
        assert len(set(told)) == 1
        assert held.charged("key") == 1
        assert metric(host, "replayed_total") == 3
        # Another picture under the same key is another request.
        assert ask(host, png(70), **again).json()["data"]["name"].startswith("70 ")
        assert ask(host, png(80), **again).status_code == 402
        assert ask(host, png(SLOW, 30), **again).status_code == 200


def test_a_client_that_goes_away_while_waiting_is_not_read() -> None:
    held = keys()
    with serving(make_app(Fake(), keys=held, workers=1)) as host:
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(ask, host, png(SLOW, 100))
            wait_for(lambda: metric(host, "requests_inside") == 1)
            with pytest.raises(requests.exceptions.ReadTimeout):
                requests.post(host + ANY, auth=AUTH, files={"image": png()}, timeout=(5, 0.2))
            assert slow.result().status_code == 200
        wait_for(lambda: metric(host, "requests_inside") == 0)
        assert held.charged("key") == 1


def test_a_body_that_does_not_come_is_given_up() -> None:
    with serving(make_app(Fake(), keys=keys(), bounds=Bounds(body_s=0.4))) as host:
        address = host.removeprefix("http://").split(":")
        with socket.create_connection((address[0], int(address[1])), timeout=10) as sock:
            head = (
                f"POST {ANY} HTTP/1.1",
                "Host: x",
                "Content-Type: multipart/form-data; boundary=x",
                "Authorization: Basic a2V5OnNlY3JldA==",
                "Content-Length: 1000",
            )
            sock.sendall(("\r\n".join(head) + "\r\n\r\nx").encode())
            assert sock.recv(4096).startswith(b"HTTP/1.1 408 ")


SERVER = """
import sys
from fake_engine import Forked
from cvocr_lab.server import Keys, make_app, serve
serve(make_app(Forked, keys=Keys({"key": "secret"}), workers=1), port=int(sys.argv[1]))
"""


@contextmanager
def server_process() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SERVER, str(port)], env=env, stderr=subprocess.PIPE
    )
    try:
        host = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            assert process.poll() is None
            try:
                return requests.get(host + "/healthz", timeout=1).ok
            except requests.RequestException:
                return False

        wait_for(answers, 60)
        yield process, host
    finally:
        process.kill()
        process.communicate()


def test_told_to_stop_it_finishes_what_is_under_way() -> None:
    with server_process() as (process, host), ThreadPoolExecutor(1) as pool:
        slow = pool.submit(ask, host, png(SLOW, 150))
        wait_for(lambda: metric(host, "requests_inside") == 1)
        process.terminate()
        assert slow.result().status_code == 200
        assert process.wait(20) == -signal.SIGTERM
        assert process.stderr
        assert process.stderr.read() == b""
        with pytest.raises(requests.ConnectionError):
            ask(host, png())


def test_a_port_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        app = make_app(Fake(), keys=keys())
        port = sock.getsockname()[1]
        told = pytest.raises(ArgumentError, match=f"cannot listen on 127.0.0.1, port {port}")
        with told, serving(app, port=port):
            pass
