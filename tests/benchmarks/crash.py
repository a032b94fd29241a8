"""A bulk run killed at random moments, and taken up each time: is anything lost, or paid twice?

Run: ``python tests/benchmarks/crash.py``: 2,000 rows, two worker processes, ten kills (SIGKILL, of
the run alone and of its workers too), 5 % of the rows equal to others.  It ends with an error if
the last frame differs from that of a run never killed, or if the engine was called more often than
once for each picture and worker and kill.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

sys.path.insert(0, str(Path(__file__).parent.parent))

from crashing import WORKERS, survive


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    start = time.perf_counter()
    with TemporaryDirectory() as folder:
        end = survive(Path(folder), rows=args.rows, kills=args.kills, seed=args.seed)
    pd.testing.assert_frame_equal(end.frame, end.expected)
    calls, twice = end.calls.total(), sum(n > 1 for n in end.calls.values())
    allowed = end.pictures + WORKERS * end.kills
    print(
        f"{args.rows} rows, {end.pictures} different pictures, {end.kills} kills while running: "
        f"{calls} calls ({allowed} allowed), {twice} pictures asked twice, the frame is equal "
        f"({time.perf_counter() - start:.0f} s)"
    )
    assert calls <= allowed
    assert len(end.calls) == end.pictures


if __name__ == "__main__":
    main()
