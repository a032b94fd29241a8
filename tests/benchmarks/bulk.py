"""How fast bulk runs are, and whether they grow: rows a minute, resident memory.

Run: ``python tests/benchmarks/bulk.py FOLDER --count 100``, or with ``--memory`` for a long run
that measures memory instead.  The pictures, half scans and half photographs, are made once and
kept in FOLDER; their seeds begin at 950000.  Both runs have one thread in each worker, so that
their ratio tells what a second worker adds.  Memory is read from ``/proc``: Linux only.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal
from unittest.mock import patch

SEED: Final = 950_000
TIERS: Final[tuple[Literal["scan", "photo"], ...]] = ("scan", "photo")
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


def read(paths: Sequence[Path], workers: int) -> tuple[float, int]:
    """Read all and give the seconds it took and how many rows failed."""
    from cvocr_lab import batch

    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", batch.RowsFailedWarning)
        frame = batch.extract(
            [str(path) for path in paths], workers=workers, threads=1, progress=False
        )
    return time.perf_counter() - start, int(frame["ocr_error"].notna().sum())


def throughput(paths: Sequence[Path]) -> None:
    """Compare one worker with two."""
    print(f"{'workers':>7} {'rows':>6} {'seconds':>8} {'rows/min':>9} {'failed':>7} {'ratio':>6}")
    alone = 0.0
    for workers in (1, 2):
        seconds, failed = read(paths, workers)
        alone = alone or seconds
        print(
            f"{workers:7} {len(paths):6} {seconds:8.1f} {60 * len(paths) / seconds:9.1f} "
            f"{failed:7} {alone / seconds:6.2f}",
            flush=True,
        )


def memory(paths: Sequence[Path], rows: int, every: int, longest: int) -> None:
    """Read `rows` copies with two workers; print the memory every so many rows."""
    print(f"\n{'rows':>6} {'parent MB':>10} {'workers MB':>24}")
    with TemporaryDirectory(dir=paths[0].parent) as place:
        copies = [Path(place) / f"{at:06d}.jpg" for at in range(rows)]
        for at, copy in enumerate(copies):
            small(paths[at % len(paths)], copy, longest)
        with sampled(every) as samples:
            seconds, failed = read(copies, workers=2)
    print(f"{rows} rows in {seconds:.0f} s, {failed} failed")
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
    from cvocr_lab.batch.progress import Progress

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

    with patch("cvocr_lab.batch.rows.Progress", Sampling):
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
        throughput(paths)


if __name__ == "__main__":
    main()
