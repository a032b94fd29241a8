"""The server under load, as a user would run it.

    python tests/benchmarks/server.py --clients 32 --seconds 60 --workers 2 --kill

starts ``cvocr-lab serve`` with the offline engine in a process of its own, asks for each picture
once, and then lets clients ask for them at random: every answer must be the one that was given
before.  ``--kill`` ends a worker process by SIGKILL every ten seconds.  A refused client (503)
comes again when it is told to.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import requests

SAMPLES = Path(__file__).parents[2] / "sample_data"
AUTH = ("key", "secret")
PATH = "/backend/api/v1/request/ocr/cmt/get_infor_all"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--queue", type=int, default=24)
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("--kill", action="store_true")
    args = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    command = [
        sys.executable, "-c", "from cvocr_lab.cli import main; main()", "serve", "--port",
        str(port), "--key", ":".join(AUTH), "--workers", str(args.workers), "--queue",
        str(args.queue), "--quiet",
    ]  # fmt: skip
    server = subprocess.Popen(command)
    try:
        run(f"http://127.0.0.1:{port}", server.pid, args)
    finally:
        server.terminate()
        server.wait(60)


def run(host: str, server: int, args: argparse.Namespace) -> None:
    while True:
        try:
            requests.get(host + "/healthz", timeout=2)
            break
        except requests.ConnectionError:
            time.sleep(0.2)
    paths = [p for p in sorted(SAMPLES.glob("*_scan.jpg")) if "vehicle" not in p.name]
    pictures = [p.read_bytes() for p in paths[: args.pictures]]
    truth, alone = [], []
    for picture in pictures:
        start = time.perf_counter()
        truth.append(ask(host, picture).json())
        alone.append(time.perf_counter() - start)
    assert all(answer["errorCode"] == "0" for answer in truth)
    print(f"alone: {statistics.mean(alone):.2f} s a picture")
    end = time.monotonic() + args.seconds
    statuses: Counter[str] = Counter()
    seconds: list[float] = []

    def client(seed: int) -> None:
        rng = random.Random(seed)
        while time.monotonic() < end:
            at = rng.randrange(len(pictures))
            start = time.perf_counter()
            try:
                response = ask(host, pictures[at])
            except requests.RequestException as error:
                statuses[type(error).__name__] += 1
                continue
            if response.status_code == 503:
                statuses["503"] += 1
                time.sleep(min(float(response.headers["Retry-After"]), 5) * rng.uniform(0.5, 1))
                continue
            seconds.append(time.perf_counter() - start)
            right = response.status_code == 200 and response.json() == truth[at]
            statuses["right" if right else f"wrong ({response.status_code})"] += 1

    threads = [threading.Thread(target=client, args=(seed,)) for seed in range(args.clients)]
    for thread in threads:
        thread.start()
    kills = 0
    while args.kill and time.monotonic() + 10 < end:
        time.sleep(10)
        os.kill(random.choice(workers_of(server)), signal.SIGKILL)
        kills += 1
    for thread in threads:
        thread.join()
    seconds.sort()
    share = statistics.quantiles(seconds, n=20)
    print(f"{args.clients} clients, {args.workers} workers, queue {args.queue}: {dict(statuses)}")
    print(f"latency: median {share[9]:.1f} s, p95 {share[18]:.1f} s, most {seconds[-1]:.1f} s")
    print(f"{len(seconds) / args.seconds:.2f} pictures/s; {kills} workers killed")
    counted = requests.get(host + "/metrics", timeout=9).text
    print("restarts:", re.findall(r"worker_restarts (\d+)", counted))


def ask(host: str, picture: bytes) -> requests.Response:
    return requests.post(host + PATH, auth=AUTH, files={"image": picture}, timeout=300)


def workers_of(server: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                parent = re.search(r"PPid:\s+(\d+)", (folder / "status").read_text())
                line = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if parent and int(parent[1]) == server and b"cvocr_lab.workers" in line:
                found.append(int(folder.name))
    return found


if __name__ == "__main__":
    main()
