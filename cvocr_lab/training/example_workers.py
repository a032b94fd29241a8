"""Worker processes that draw shards of training examples on disk while a net is trained."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvocr_lab.training.composite import compose, outline_example, turn_examples
from cvocr_lab.training.paper_stock import stock
from cvocr_lab.training.stream import FIRST_SEED, draw_shard, write_arrays
from cvocr_lab.training.text_examples import text_example

_KEPT = {"lines": 100, "papers": 60, "text": 60}
"""Shards kept in a folder, by the kind of examples."""

_LINES, _PICTURES = 1000, 64
"""Lines or pictures in a shard."""

_CODE = "import sys; from cvocr_lab.training.example_workers import feed; feed(*sys.argv[1:])"


@contextmanager
def feeding(folder: Path, sort: str, workers: int) -> Iterator[Path]:
    """Run processes that draw examples while the block runs; return the folder of their shards."""
    begun = time.time_ns() // 10**9 % 10**6 * 10
    seeds = [FIRST_SEED + 10_000_000 * k + begun for k in range(workers)]
    arguments = [sys.executable, "-c", _CODE, str(folder), sort]
    running = [subprocess.Popen([*arguments, str(seed)]) for seed in seeds]
    try:
        yield folder / sort
    finally:
        for process in running:
            process.terminate()
            process.wait()


def feed(folder: str, sort: str, first_seed: str) -> None:
    """Write shards while the parent process lives, replacing the oldest.

    Once there are enough, the process rests after each one, because examples are used several
    times.
    """
    if hasattr(os, "nice"):
        os.nice(5)
    shards = Path(folder, sort)
    shards.mkdir(parents=True, exist_ok=True)
    seed, parent = int(first_seed), os.getppid()
    while os.getppid() == parent:
        begun = time.monotonic()
        if sort == "lines":
            arrays = draw_shard(seed, _LINES).arrays()
        else:
            arrays = draw_finder_shard(Path(folder, "flats"), sort, seed)
        write_arrays(arrays, shards / f"drawn-{seed}.npz")
        seed += 1
        drawn = sorted(shards.glob("drawn-*.npz"), key=lambda p: p.stat().st_mtime)
        for old in drawn[: -_KEPT[sort]]:
            old.unlink(missing_ok=True)
        if len(drawn) > _KEPT[sort]:
            time.sleep(time.monotonic() - begun)


def draw_finder_shard(flats_in: Path, sort: str, seed: int) -> dict[str, NDArray[Any]]:
    """Compose training pictures of papers or of text from a stock of flat papers."""
    flats, grounds = stock(flats_in)
    rng = np.random.default_rng(seed)
    if sort == "text":
        made = [text_example(flats, grounds, rng) for _ in range(_PICTURES)]
    else:
        composites = [compose(flats, grounds, rng) for _ in range(_PICTURES)]
        made = [outline_example(composite, rng) for composite in composites]
    shard: dict[str, NDArray[Any]] = {
        "pictures": np.stack([picture for picture, _ in made]),
        "truth": np.stack([truth for _, truth in made]).astype(np.float16),
    }
    if sort == "papers":
        turns = [example for composite in composites for example in turn_examples(composite, rng)]
        crops, corners, classes = zip(*turns, strict=True)
        shard["crops"] = np.stack(crops)
        shard["corners"] = np.stack(corners)
        shard["turns"] = np.array(classes, np.int64)
    return shard
