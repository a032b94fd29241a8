"""How fast bulk runs are, and whether they grow: rows a minute, resident memory.

Run: ``python tests/benchmarks/bulk.py FOLDER --count 100 --rounds 3``, or with ``--memory`` for a
long run that measures memory instead.  The pictures, half scans and half photographs, are made once
and kept in FOLDER; their seeds begin at 950000.

Compared are one worker process, two, and two of Dask, each of one thread.  A machine that does
other things meanwhile slows all of them, but never equally: so they take turns, and each round
gives its own ratios.  CPU seconds a row tell what two at a time cost each other, whoever else is
there.  "Once open" is counted from the first row of each worker; the opening of the engines is in
all other figures, the start of Dask's cluster in none but the CPU's.  Memory is read from
``/proc``: Linux only.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, Literal
from unittest.mock import patch

SEED: Final = 950_000
TIERS: Final[tuple[Literal["scan", "photo"], ...]] = ("scan", "photo")
PARTITIONS: Final = 25
"""Partitions for each worker of Dask: the last ones end at different times."""
KEEPING: Final = {
    "MALLOC_TRIM_THRESHOLD_": 2**28,
    "MALLOC_MMAP_THRESHOLD_": 2**25,
    "OMP_NUM_THREADS": 1,
}
"""Dask's workers keep their memory, as `cvocr_lab.dask.extract` advises."""

PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def pictures(folder: Path, count: int) -> list[Path]:
    """Make the pictures, or find those made before."""
    from cvocr_lab.synth import generate_folder

    found: list[Path] = []
    for at, tier in enumerate(TIERS):
        wanted = (count + 1 - at) // len(TIERS)
        place = folder / f"{tier}_{wanted}"
        if wanted and not (place / "labels.csv").exists():  # written last
            generate_folder(place, types=None, count=wanted, seed=SEED + at * count, tier=tier)
        found += sorted(place.glob("*.jpg"))
    return found


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds from the call to the frame, failed rows, and rows a minute once engines are open."""

    seconds: float
    failed: int
    open_rate: float = float("nan")


def by_pool(paths: Sequence[Path], workers: int) -> Run:
    """Read all."""
    from cvocr_lab import batch
    from cvocr_lab.batch.run import Progress

    finished: list[float] = []

    class Timing(Progress):
        def step(self, *, failed: bool) -> None:
            super().step(failed=failed)
            finished.append(time.perf_counter())

    start = time.perf_counter()
    with warnings.catch_warnings(), patch("cvocr_lab.batch.run.Progress", Timing):
        warnings.simplefilter("ignore", batch.RowsFailedWarning)
        frame = batch.extract(
            [str(path) for path in paths], workers=workers, threads=1, progress=False
        )
    seconds = time.perf_counter() - start
    opened = finished[workers - 1]
    rate = 60 * (len(finished) - workers) / (finished[-1] - opened)
    return Run(seconds, int(frame["ocr_error"].notna().sum()), rate)


def by_dask(paths: Sequence[Path], workers: int) -> Run:
    """Do the same on a cluster of this machine that is there already, its engines not open."""
    import dask
    import dask.dataframe as dd
    import pandas as pd
    from distributed import Client, LocalCluster

    import cvocr_lab.dask

    table = pd.DataFrame({"image": [str(path) for path in paths]})
    lazy = dd.from_pandas(table, npartitions=min(len(paths), PARTITIONS * workers))
    with (
        dask.config.set({"distributed.nanny.pre-spawn-environ": KEEPING}),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address=None,
            host="127.0.0.1",
            silence_logs="CRITICAL",  # closing it complains of heartbeats
        ) as cluster,
        Client(cluster) as client,
    ):
        start = time.perf_counter()
        read = cvocr_lab.dask.extract(lazy, threads=1)
        frame = client.compute(read).result()
        return Run(time.perf_counter() - start, int(frame["ocr_error"].notna().sum()))


def throughput(paths: Sequence[Path], rounds: int) -> None:
    """Compare one worker, two, and two of Dask, round by round, in turning order."""
    ways: dict[str, Callable[[], Run]] = {
        "1 worker": lambda: by_pool(paths, 1),
        "2 workers": lambda: by_pool(paths, 2),
        "2 of Dask": lambda: by_dask(paths, 2),
    }
    print(f"{'':10} {'rows':>6} {'seconds':>8} {'rows/min':>9} {'once open':>9} {'CPU s/row':>9}")
    runs: dict[str, list[Run]] = {way: [] for way in ways}
    for turn in range(rounds):
        for way in sorted(ways, reverse=turn % 2 == 1):
            before = cpu_seconds()
            run = ways[way]()
            runs[way].append(run)
            each = (cpu_seconds() - before) / len(paths)
            print(
                f"{way:10} {len(paths):6} {run.seconds:8.1f} {60 * len(paths) / run.seconds:9.1f} "
                f"{run.open_rate:9.1f} {each:9.2f}",
                flush=True,
            )
    alone, pool, of_dask = runs.values()
    print("in each round, then the median:")
    tell(
        "2 workers, of 1 worker's rate",
        [a.seconds / b.seconds for a, b in zip(alone, pool, strict=True)],
    )
    tell("… once open", [b.open_rate / a.open_rate for a, b in zip(alone, pool, strict=True)])
    tell(
        "Dask, of the pool's rate",
        [a.seconds / b.seconds for a, b in zip(pool, of_dask, strict=True)],
    )


def tell(what: str, ratios: Sequence[float]) -> None:
    """Print how much faster the other was."""
    print(f"{what}: {' '.join(f'{r:.2f}' for r in ratios)}; {median(ratios):.2f}")


def cpu_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def memory(paths: Sequence[Path], rows: int, every: int, longest: int) -> None:
    """Read `rows` copies with two workers; print the memory every so many rows."""
    print(f"\n{'rows':>6} {'parent MB':>10} {'workers MB':>24}")
    with TemporaryDirectory(dir=paths[0].parent) as place:
        copies = [Path(place) / f"{at:06d}.jpg" for at in range(rows)]
        for at, copy in enumerate(copies):
            small(paths[at % len(paths)], copy, longest)
        with sampled(every) as samples:
            run = by_pool(copies, workers=2)
    print(f"{rows} rows in {run.seconds:.0f} s, {run.failed} failed")
    if len(samples) > 1:
        _, first = samples[0]
        _, last = samples[-1]
        print(f"growth after the first {every} rows: {last - first:+.0f} MB in all processes")


def small(path: Path, copy: Path, longest: int) -> None:
    """Copy a picture, no longer than `longest` pixels; 0 leaves it as it is."""
    from PIL import Image

    if not longest:
        shutil.copy(path, copy)
        return
    with Image.open(path) as picture:
        picture.thumbnail((longest, longest))
        picture.save(copy)


@contextmanager
def sampled(every: int) -> Iterator[list[tuple[int, float]]]:
    """Print, and collect, the memory of this process and its children as a run goes on."""
    from cvocr_lab.batch.run import Progress

    samples: list[tuple[int, float]] = []

    class Sampling(Progress):
        done = 0

        def step(self, *, failed: bool) -> None:
            super().step(failed=failed)
            self.done += 1
            if self.done % every == 0:
                parent = resident(os.getpid())
                workers = [resident(pid) for pid in children()]
                samples.append((self.done, parent + sum(workers)))
                apart = " ".join(f"{mb:7.0f}" for mb in workers)
                print(f"{self.done:6} {parent:10.0f} {apart:>24}", flush=True)

    with patch("cvocr_lab.batch.run.Progress", Sampling):
        yield samples


def resident(pid: int) -> float:
    """Resident memory of a process in MB."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:  # it has ended
        return 0.0
    return pages * PAGE / 1e6


def children() -> list[int]:
    """List the processes begun by any thread of this one."""
    tasks = Path("/proc/self/task").glob("*/children")
    return sorted(int(pid) for task in tasks for pid in task.read_text().split())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures are kept")
    parser.add_argument("--count", type=int, default=100, help="pictures")
    parser.add_argument("--rounds", type=int, default=3, help="times that all are compared")
    parser.add_argument("--memory", action="store_true", help="measure memory too")
    parser.add_argument("--rows", type=int, default=2000, help="rows of the run for memory")
    parser.add_argument("--every", type=int, default=100, help="rows between samples")
    parser.add_argument(
        "--longest", type=int, default=0, help="pixels of the longer side in the run for memory"
    )
    args = parser.parse_args()
    paths = pictures(args.folder, args.count)
    if args.memory:
        memory(paths, args.rows, args.every, args.longest)
    else:
        throughput(paths, args.rounds)


if __name__ == "__main__":
    main()
