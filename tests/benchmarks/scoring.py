"""A million cells scored, with classes of mistakes, beside a loop over ``jiwer``.

Run from the repository root, with the extra ``test`` installed:

    python tests/benchmarks/scoring.py [ROWS] [WRONG]

makes up ROWS cards (100,000) of ten fields with a share WRONG (0.1) of the values misread in one to
three letters, and prints seconds of wall and processor time, the best of three runs, for

* ``score``: outcomes, edits, tiers, verdicts and classes of mistakes of every cell;
* a loop that calls ``jiwer.cer`` and ``jiwer.wer`` once per cell, as an `apply` over rows would: on
  20,000 cells drawn at random, three times between the runs of ``score``; its time for all is in
  proportion.  It makes no classes of mistakes and puts no text in NFC;
* the summary with its intervals, the confusions by field, and the score of 100 rows.

Memory is the most that ``score`` holds beside the two frames, which Linux counts.
The last line says whether what was asked is reached: 10 s, 20 times, 4 times the frames' own.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import jiwer
import numpy as np
import pandas as pd
import pyarrow as pa

from cvocr_lab.frames import READING_COLUMNS
from cvocr_lab.kinds import TYPES
from cvocr_lab.scoring import score

FIELDS = (
    "id",
    "name",
    "born",
    "sex",
    "quoctich",
    "country",
    "address",
    "duedate",
    "date",
    "noicap",
)
LETTERS = "aăâeêioôơuưyáàạéèẹíìịóòọúùụđnmhtcABDOIS0158 ,.-"


def misread(text: str, draw: random.Random) -> str:
    """Replace, drop or add one to three letters."""
    letters = list(text)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        at = draw.randrange(len(letters)) if letters else 0
        way = draw.random()
        if way < 0.7 and letters:
            letters[at] = draw.choice(LETTERS)
        elif way < 0.85 and len(letters) > 1:
            del letters[at]
        else:
            letters.insert(at, draw.choice(LETTERS))
    return "".join(letters)


def made_up(rows: int, wrong: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A flat frame and its truth; values are drawn from 20,000 of each field, numbers are not."""
    draw = random.Random(6)
    spec = {f.name: f.type for t in TYPES.values() if t.family == "id" for f in t.fields}
    truth, frame = {}, {}
    for field in FIELDS:
        some = [spec[field].format(spec[field].sample(draw)) for _ in range(min(rows, 20_000))]
        texts = [draw.choice(some) for _ in range(rows)]
        if field == "id":
            texts = [f"{draw.randrange(10**12):012d}" for _ in range(rows)]
        truth[field] = texts
        frame[field] = [misread(t, draw) if draw.random() < wrong else t for t in texts]
    read = pd.DataFrame(frame, dtype="str")
    for field in FIELDS:
        read[f"{field}_confidence"] = np.random.default_rng(6).random(rows)
        read[f"{field}_quad"] = None
    for column in READING_COLUMNS:
        read[column] = "tcc_chip" if column == "ocr_type" else None
    return read, pd.DataFrame(truth, dtype="str")


def held(what: str) -> int:
    """Memory this process holds (``VmRSS``), or the most it held (``VmHWM``), in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) * 1024


def memory(frame: pd.DataFrame, truth: pd.DataFrame) -> float:
    """Most memory that scoring takes beside the frames, as a multiple of their own; on Linux."""
    own = sum(int(t.memory_usage(deep=True).sum()) for t in (frame, truth))
    # What making the frames has left free would be taken first, and not be seen.
    gc.collect()
    pa.default_memory_pool().release_unused()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = held("VmRSS")
    score(frame, truth)
    extra = held("VmHWM") - before
    print(f"memory: frames {own / 1e6:.0f} MB, at most {extra / 1e6:.0f} MB beside them")
    return extra / own


def timed(what: Callable[[], object]) -> tuple[float, float]:
    """Seconds of wall and of processor time, of all threads."""
    wall, busy = time.perf_counter(), time.process_time()
    what()
    return time.perf_counter() - wall, time.process_time() - busy


def best(runs: list[tuple[float, float]]) -> tuple[float, float]:
    """Least wall and least processor time."""
    return min(wall for wall, _ in runs), min(busy for _, busy in runs)


def main() -> int:
    """Make up, score, print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("rows", nargs="?", type=int, default=100_000)
    arguments.add_argument("wrong", nargs="?", type=float, default=0.1)
    asked = arguments.parse_args()
    frame, truth = made_up(asked.rows, asked.wrong)
    score(frame.head(100), truth.head(100)).summary()
    share = memory(frame, truth)

    judged = score(frame, truth)
    cells = len(judged.cells)
    some = judged.cells.sample(20_000, random_state=6)
    pairs = list(zip(some["truth"].tolist(), some["value"].tolist(), strict=True))

    def loop() -> None:
        for own, read in pairs:
            jiwer.cer(own, read)
            jiwer.wer(own, read)

    ours_runs, loop_runs = [], []
    for _ in range(3):
        ours_runs.append(timed(lambda: score(frame, truth)))
        loop_runs.append(timed(loop))
    ours, used = best(ours_runs)
    loop_s, loop_used = (seconds * cells / len(pairs) for seconds in best(loop_runs))
    wrong = int((judged.cells["outcome"] == "wrong").sum())
    print(f"score of {cells:,} cells, {wrong:,} wrong: {ours:.2f} s, processor {used:.2f} s")
    print(f"jiwer.cer and jiwer.wer per row: {loop_s:.0f} s, processor {loop_used:.0f} s")
    for what, call in (
        ("summary with intervals", judged.summary),
        ("confusions by field", lambda: judged.confusions("field")),
        ("score of 100 rows", lambda: score(frame.head(100), truth.head(100))),
    ):
        wall, busy = best([timed(call) for _ in range(3)])
        print(f"{what}: {wall:.3f} s, processor {busy:.3f} s")
    ratio = loop_used / used
    fine = ours <= 10 and ratio >= 20 and share <= 4
    print(
        f"{'reached' if fine else 'NOT REACHED'}: {ours:.2f} s of 10 s; {loop_s / ours:.0f} times "
        f"the loop by the clock, {ratio:.0f} times by processor time; memory {share:.1f} times"
    )
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
