"""What a bulk run costs beside reading: milliseconds a row, and the memory of a long run.

Run: ``python tests/benchmarks/bookkeeping.py`` for 100,000 rows through `extract` with a store, or
with ``--stream`` for 1,000,000 rows in chunks into a Parquet file.  The engine does
nothing and gives ten fields; the pictures are bytes of one pixel each, all different, loaded and
hashed like any others.  Time is the process's own, loading included; peak memory is all of it, the
interpreter, pandas and the column of sources too.
"""

from __future__ import annotations

import argparse
import resource
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import pandas as pd

from cvocr_lab import batch, frames
from cvocr_lab.engines import Request
from cvocr_lab.images import Limits
from cvocr_lab.results import Document, Extraction, FieldValue

FIELDS = ("id", "name", "born", "sex", "country", "address", "quoctich", "dantoc", "duedate", "qr")
QUAD = (10.0, 20.0, 110.5, 20.0, 110.5, 40.0, 10.0, 40.0)
ANSWER = Extraction(
    (
        Document(
            "tcc_chip",
            "front",
            MappingProxyType({name: FieldValue("NGUYỄN VĂN AN", 0.9876, QUAD) for name in FIELDS}),
            confidence=0.99,
            corners=QUAD,
        ),
    ),
    engine="nothing 1",
)


class Nothing:
    """Reads nothing."""

    name = "nothing 1"

    def extract(self, _: Request) -> Extraction:
        return ANSWER


def picture(number: int) -> bytes:
    """Make a BMP of one pixel, whose colour is the number."""
    return struct.pack(
        "<2sIHHIIiiHHIIiiIII",
        b"BM", 58, 0, 0, 54, 40, 1, 1, 1, 24, 0, 4, 2835, 2835, 0, 0, number,
    )  # fmt: skip


def whole(rows: int, folder: Path) -> None:
    """Measure `extract`, then the same call again, which finds all in the store."""
    sources = [picture(n) for n in range(rows)]
    for what in ("read", "from the store"):
        start, begun = time.process_time(), time.perf_counter()
        frame = batch.extract(
            sources, engine=Nothing(), store=folder / "run.sqlite", limits=Limits(min_side=1)
        )
        seconds, passed = time.process_time() - start, time.perf_counter() - begun
        assert len(frame) == rows
        assert frame["ocr_error"].isna().all()
        print(
            f"{rows} rows, {what}: {1e3 * seconds / rows:.3f} ms a row ({passed:.0f} s on the wall)"
        )


def stream(rows: int, folder: Path, every: int) -> None:
    """Measure `extract(chunksize=…)` into a file; print the peak memory as it goes."""
    sources = pd.Series([picture(n) for n in range(rows)], name="image")
    print(f"{0:9} rows: peak {peak_mb():5.0f} MB")

    def chunks() -> Iterator[pd.DataFrame]:
        done = 0
        pieces = batch.extract(
            sources, chunksize=1_000, engine=Nothing(), store=folder / "run.sqlite",
            limits=Limits(min_side=1),
        )  # fmt: skip
        for frame in pieces:
            done += len(frame)
            if done % every == 0:
                print(f"{done:9} rows: peak {peak_mb():5.0f} MB", flush=True)
            yield frame.drop(columns="image")  # a file holds no pictures

    start = time.process_time()
    written = frames.write_frame(chunks(), folder / "read.parquet")
    seconds = time.process_time() - start
    assert written == rows
    size = (folder / "read.parquet").stat().st_size / 1e6
    print(f"{rows} rows: {1e3 * seconds / rows:.3f} ms a row, file of {size:.0f} MB")


def peak_mb() -> float:
    """Peak resident memory of this process."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stream", action="store_true", help="measure a stream instead")
    parser.add_argument("--rows", type=int, help="rows; 100,000, or 1,000,000 of a stream")
    parser.add_argument("--every", type=int, default=100_000, help="rows between two prints")
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        if args.stream:
            stream(args.rows or 1_000_000, Path(folder), args.every)
        else:
            whole(args.rows or 100_000, Path(folder))


if __name__ == "__main__":
    main()
