"""How long the offline engine takes for a card, in CPU-seconds of one core.

Run on an idle machine: ``python tests/benchmarks/speed.py``.  It reads the photographs of
``tests/papers`` and of ``sample_data`` with one thread; with the extra `tesseract` it also times
Tesseract ``vie`` on the same cards, flattened by our engine, in the same run.  ``--workers`` times
one worker and two, of one thread each.  ``--against PYTHON`` reads every photograph also with the
version that is installed for that interpreter, in turns.
"""

from __future__ import annotations

import argparse
import csv
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
from PIL import Image

import cvocr_lab
from cvocr_lab import images
from cvocr_lab.engines import Request
from cvocr_lab.engines.local import LocalEngine, pages
from cvocr_lab.errors import NoDocumentError

ROOT = Path(__file__).parents[2]


def photographs() -> list[Path]:
    """The photographed papers at hand, one paper each."""
    hands, ours = ROOT / "tests/papers", ROOT / "sample_data"
    with (hands / "labels.csv").open(encoding="utf-8", newline="") as file:
        found = [hands / row["file"] for row in csv.DictReader(file) if row["tier"] == "photo"]
    with (ours / "labels.csv").open(encoding="utf-8", newline="") as file:
        count = Counter(row["image"] for row in csv.DictReader(file) if row["tier"] == "photo")
    found += [ours / name for name, n in count.items() if n == 1 and name.endswith(".jpg")]
    return found


@contextmanager
def counted(calls: Counter[str]) -> Iterator[None]:
    """Count how often the engine looks again while the block runs."""
    again, other = pages.look_again, pages._other_outlines

    def look_again(*args: Any) -> Any:
        calls["looked at again with contrast spread"] += 1
        return again(*args)

    def other_outlines(*args: Any) -> Any:
        for outlines in other(*args):
            calls["other outlines tried"] += 1
            yield outlines

    room = "cvocr_lab.engines.local"
    with (
        patch(f"{room}.look_again", look_again),
        patch(f"{room}.pages._other_outlines", other_outlines),
    ):
        yield


def tesseract_s(cards: list[Any]) -> float:
    """CPU-seconds Tesseract takes for the flattened cards."""
    import tesserocr

    with tesserocr.PyTessBaseAPI(lang="vie", psm=tesserocr.PSM.SPARSE_TEXT) as api:
        begun = time.process_time()
        for card in cards:
            api.SetImage(Image.fromarray(card))
            api.GetUTF8Text()
        return time.process_time() - begun


def by_workers(paths: list[Path], copies: int, rounds: int) -> None:
    """Time the pool with one worker and with two, in turns.

    Each photograph is read in several copies of different quality, as equal files are read once.
    """
    seconds = {1: 0.0, 2: 0.0}
    with TemporaryDirectory() as folder:
        for copy in range(copies):
            for number, path in enumerate(paths):
                with Image.open(path) as image:
                    image.save(Path(folder, f"{number}_{copy}.jpg"), quality=95 - copy)
        frame = pd.DataFrame({"image": sorted(path.name for path in Path(folder).iterdir())})
        for _ in range(rounds):
            for workers in seconds:
                begun = time.monotonic()
                cvocr_lab.extract(
                    frame, column="image", base=folder, workers=workers, threads=1, progress=False
                )
                seconds[workers] += time.monotonic() - begun
    print(
        f"two workers give {seconds[1] / seconds[2]:.2f} times one ({len(frame)} pictures, "
        f"{seconds[1] / rounds:.1f} and {seconds[2] / rounds:.1f} s, {rounds} rounds)"
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"largest worker: {peak:.0f} MB")


_OTHER = """
import sys, time
from cvocr_lab.engines import Request, open_engine
from cvocr_lab.errors import NoDocumentError
from cvocr_lab.images import load
engine = open_engine("local", threads=1)
for path in map(str.strip, sys.stdin):
    request = Request((load(path),), "id_any")
    begun, found = time.process_time(), 1
    try:
        engine.extract(request)
    except NoDocumentError:
        found = 0
    print(time.process_time() - begun, found, flush=True)
"""


def against(python: str, paths: list[Path]) -> None:
    """Read each photograph with this version and with another, in turns."""
    answers: list[list[list[float]]] = []
    with ExitStack() as stack:
        versions = [
            stack.enter_context(
                subprocess.Popen(
                    [interpreter, "-c", _OTHER],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd="/",
                )
            )
            for interpreter in (sys.executable, python)
        ]
        for path in [paths[0], *paths]:
            told = []
            for version in versions:
                assert version.stdin is not None
                assert version.stdout is not None
                print(path, file=version.stdin, flush=True)
                told.append([float(number) for number in version.stdout.readline().split()])
            answers.append(told)
    # The first one opens the engines.
    (ours, found), (theirs, found_by_it) = np.array(answers[1:]).sum(0)
    print(
        f"{len(paths)} photographs: {ours / len(paths):.2f} CPU-seconds each, {found:.0f} papers "
        f"found, with the other version {theirs / len(paths):.2f} and {found_by_it:.0f}: "
        f"{theirs / ours:.1f} times as many photographs a CPU-second, "
        f"{found * theirs / ours / max(found_by_it, 1):.1f} times as many papers"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", action="store_true")
    parser.add_argument("--against", metavar="PYTHON", help="interpreter of another environment")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    paths = photographs()
    if args.against:
        against(args.against, paths)
        return
    if args.workers:
        by_workers(paths, 10, args.rounds)
        return
    engine = LocalEngine(threads=1)
    loaded = [images.load(path) for path in paths]
    requests = [Request((image,), "id_any") for image in loaded]
    with suppress(NoDocumentError):
        engine.extract(requests[0])
    seconds: list[list[float]] = [[] for _ in requests]
    calls: Counter[str] = Counter()
    for number in range(args.rounds):
        for each, request in zip(seconds, requests, strict=True):
            with counted(calls if number == 0 else Counter()):
                begun = time.process_time()
                with suppress(NoDocumentError):
                    engine.extract(request)
                each.append(time.process_time() - begun)
    best = np.array([min(each) for each in seconds])
    print(
        f"{len(best)} photographs: {best.mean():.3f} CPU-seconds each (median "
        f"{np.median(best):.3f}, at most {best.max():.3f}); best of {args.rounds} rounds"
    )
    print({name: round(count / len(paths), 2) for name, count in calls.items()}, "per picture")
    cards = [
        pages._flatten(image.pages[0], outline.corners, pages._likely_size(outline))[0]
        for image in loaded
        for outline in engine._nets.outlines(image.pages[0])[:1]
    ]
    with suppress(ImportError):
        spent = tesseract_s(cards) / len(cards)
        print(
            f"Tesseract vie on {len(cards)} of the cards, flattened: {spent:.3f} CPU-seconds each"
        )


if __name__ == "__main__":
    main()
