"""The cloud engine in a bulk run, against our own server with an engine that takes 50 ms.

    python tests/benchmarks/cloud.py --bare          # speed beside plain requests, and memory
    python tests/benchmarks/cloud.py --faults        # every row's end, and nothing read twice

The server runs in a process of its own and reads each picture by sleeping; its answer is the
picture's digest, so that a mix-up shows.  Ideal are ``workers / latency`` pictures a second.  Times
of the two processes are told beside it: on a machine with less than a free core for each, they are
what holds the run up.  With ``--faults`` a tenth of the calls goes wrong on purpose.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import requests
from PIL import Image

import cvocr_lab
from cvocr_lab.engines import Request
from cvocr_lab.results import Document, Extraction, FieldValue
from cvocr_lab.server import Keys, make_app, parse_faults, serve

AUTH = ("key", "secret")
FAULTS = "drop=0.02,lose=0.02,429=0.02,500=0.015,503=0.015,garbage=0.01,seed=1"


class Sleeper:
    """Answers with the picture's digest after a while, and notes what it was asked."""

    name = "sleeper"
    parallel = "thread"

    def __init__(self, latency_s: float, noted: Path) -> None:
        self._latency_s = latency_s
        self._noted = os.open(noted, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def extract(self, request: Request) -> Extraction:
        time.sleep(self._latency_s)
        digest = request.images[0].sha256
        os.write(self._noted, f"{digest}\n".encode())
        return Extraction((Document("cmt", "front", {"id": FieldValue(digest, 0.5)}),))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--latency", type=float, default=0.05, metavar="S")
    parser.add_argument("--transport", choices=("file", "base64"))
    parser.add_argument("--faults", nargs="?", const=FAULTS)
    parser.add_argument("--bare", action="store_true", help="ask by plain requests first")
    parser.add_argument("--serve", nargs=2, metavar=("PORT", "NOTED"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        app = make_app(
            Sleeper(args.latency, Path(args.serve[1])),
            keys=Keys(dict([AUTH])),
            workers=args.workers,
            faults=parse_faults(args.faults) if args.faults else None,
        )
        # Else the signal would end the process where the server has ended.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        serve(app, port=int(args.serve[0]))
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), args)


def measure(folder: Path, args: argparse.Namespace) -> None:
    paths = [folder / f"{at}.jpg" for at in range(args.images)]
    rng = np.random.default_rng(1)
    for path in paths:
        Image.fromarray(rng.integers(0, 255, (40, 60), np.uint8)).save(path)
    truth = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    port, noted = 18099, folder / "noted.txt"
    command = [sys.executable, __file__, "--serve", str(port), str(noted)]
    command += ["--workers", str(args.workers), "--latency", str(args.latency)]
    command += ["--faults", args.faults] if args.faults else []
    host = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(command)
    try:
        wait_for(host)
        if args.bare:
            print(f"plain requests: {bare(host, paths, args.workers):.0f} pictures/s")
        memory = Memory()
        idle, before, start = cpu_s(server.pid), cpu_s(os.getpid()), time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", cvocr_lab.batch.RowsFailedWarning)
            read = pd.DataFrame({"image": [str(p) for p in paths]}).cvocr.extract(
                engine="cloud", key=AUTH[0], secret=AUTH[1], base_url=host, retries=8,
                transport=args.transport, workers=args.workers, progress=False,
            )  # fmt: skip
        took = time.perf_counter() - start
        spent, served = cpu_s(os.getpid()) - before, cpu_s(server.pid) - idle
        memory.stop()
        counted = requests.get(host + "/metrics", timeout=9).text
    finally:
        server.terminate()
        server.wait(60)
    ideal = args.workers / args.latency
    rate = len(paths) / took
    print(f"{rate:.0f} of {ideal:.0f} pictures/s: {rate / ideal:.1%} of the ideal")
    each = 1000 / len(paths)
    print(f"CPU a picture: {spent * each:.2f} ms here, {served * each:.2f} ms in the server")
    print(f"memory: {memory.told()}")
    right = (read["id"].fillna("") == pd.Series(truth)).to_numpy()
    failed = read["ocr_error"].notna().to_numpy()
    print(f"rows: {right.sum()} right, {failed.sum()} failed, {(~right & ~failed).sum()} wrong")
    for message, count in Counter(read.loc[failed, "ocr_error"]).most_common():
        print(f"  {count} x {message}")
    times = Counter(Counter(noted.read_text().split()).values())
    once = 1 + args.bare
    print(f"read once {times[once]}, more often {times.total() - times[once]}")
    print(f"attempts: {dict(sorted(Counter(read['ocr_attempts'].tolist()).items()))}")
    print("\n".join(re.findall(r"^cvocr_(?:faults|replayed)_total.*", counted, re.MULTILINE)))
    assert not (~right & ~failed).any()
    assert set(times) <= {once}


def bare(host: str, paths: list[Path], workers: int) -> float:
    """Pictures a second that a program of a few lines gets."""
    sessions = threading.local()

    def ask(path: Path) -> None:
        if not hasattr(sessions, "its"):
            sessions.its = requests.Session()
        url = host + "/backend/api/v1/request/ocr/cmt/get_infor_all"
        with path.open("rb") as file:
            sessions.its.post(url, auth=AUTH, files={"image": file}, timeout=60).json()

    start = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(ask, paths))
    return len(paths) / (time.perf_counter() - start)


class Memory:
    """Samples of this process's resident memory, taken in a thread beside."""

    def __init__(self) -> None:
        self._samples: list[float] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()

    def _sample(self) -> None:
        page = resource.getpagesize()
        while not self._ended.wait(0.2):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self._samples.append(pages * page / 2**20)

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def told(self) -> str:
        tenths = [self._samples[len(self._samples) * at // 10] for at in (1, 3, 5, 7, 9)]
        shown = " ".join(f"{mib:.0f}" for mib in tenths)
        return f"{shown} MiB at 10, 30, 50, 70, 90 % of the run"


def wait_for(host: str) -> None:
    for _ in range(300):
        try:
            requests.get(host + "/healthz", timeout=2)
            return
        except requests.RequestException:
            time.sleep(0.2)
    raise SystemExit("the server did not start")


def cpu_s(pid: int) -> float:
    """Seconds of processor a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
