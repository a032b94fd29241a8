"""A million cells scored, with classes of mistakes, beside a loop over ``jiwer``.

Run from the repository root, with the extra ``test`` installed:

    python tests/benchmarks/scoring.py [ROWS] [WRONG] [--memory]

makes up ROWS cards (100,000) of ten fields with a share WRONG (0.1) of the values misread in one to
three letters, scores them, works out the summary, and prints wall and processor seconds.  The loop
calls ``jiwer.cer`` and ``jiwer.wer`` once per cell, as an `apply` over rows would, on the first
20,000 cells; its time for all is in proportion.  ``--memory`` measures the peak instead of time.
"""

from __future__ import annotations

import argparse
import random
import resource
import time

import jiwer
import numpy as np
import pandas as pd

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


def peak() -> int:
    """Most memory this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Make up, score, print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("rows", nargs="?", type=int, default=100_000)
    arguments.add_argument("wrong", nargs="?", type=float, default=0.1)
    arguments.add_argument("--memory", action="store_true")
    asked = arguments.parse_args()
    frame, truth = made_up(asked.rows, asked.wrong)
    score(frame.head(100), truth.head(100)).summary()
    cells = asked.rows * len(FIELDS)
    if asked.memory:
        own = sum(int(t.memory_usage(deep=True).sum()) for t in (frame, truth))
        before = peak()
        score(frame, truth)
        extra = peak() - before
        print(f"{cells} cells: frames {own / 1e6:.0f} MB, at most {extra / 1e6:.0f} MB beside them")
        return
    wall, busy = time.perf_counter(), time.process_time()
    judged = score(frame, truth)
    ours, used = time.perf_counter() - wall, time.process_time() - busy
    wrong = int((judged.cells["outcome"] == "wrong").sum())
    print(f"score of {cells} cells, {wrong} wrong: {ours:.2f} s, processor {used:.2f} s")
    wall = time.perf_counter()
    judged.summary()
    print(f"summary with intervals: {time.perf_counter() - wall:.2f} s")
    wall = time.perf_counter()
    judged.confusions("field")
    print(f"confusions by field: {time.perf_counter() - wall:.2f} s")
    some = judged.cells.head(20_000)
    pairs = list(zip(some["truth"], some["value"], strict=True))
    wall, busy = time.perf_counter(), time.process_time()
    for ours_, theirs in pairs:
        jiwer.cer(ours_, theirs)
        jiwer.wer(ours_, theirs)
    loop = (time.perf_counter() - wall) * cells / len(pairs)
    loop_used = (time.process_time() - busy) * cells / len(pairs)
    print(
        f"jiwer.cer and .wer row by row: {loop:.0f} s, processor {loop_used:.0f} s; ratio "
        f"{loop / ours:.0f}, of processor time {loop_used / used:.0f}"
    )


if __name__ == "__main__":
    main()
