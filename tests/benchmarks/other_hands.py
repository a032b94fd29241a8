"""How well the offline engine reads papers that another hand drew.

Run: ``python tests/benchmarks/other_hands.py FOLDER`` with pictures and a `labels.csv`; without
FOLDER it reads the small set in ``tests/papers``.  ``--wrong`` lists every value that was not read
exactly.  Intervals are bootstrapped over pictures.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
import itertools

from other_hand import Cell, cer, exact_share, read_folder

from cvocr_lab.engines.local import LocalEngine

_TIERS = ("scan", "photo", "hard", "multi")


def interval(
    cells: Sequence[Cell], figure: Callable[[Sequence[Cell]], float]
) -> tuple[float, float]:
    """The 95 % interval of a figure, by resampling pictures."""
    by_file: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_file[cell.file].append(cell)
    groups, rng = list(by_file.values()), np.random.default_rng(0)
    figures = [
        figure([c for k in rng.integers(len(groups), size=len(groups)) for c in groups[k]])
        for _ in range(400)
    ]
    low, high = np.percentile(figures, (2.5, 97.5))
    return float(low), float(high)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).parents[1] / "papers"
    parser.add_argument("folder", type=Path, nargs="?", default=default)
    parser.add_argument("--wrong", action="store_true")
    parser.add_argument("--part", default="0:1", help="START:STEP, to read a part of the pictures")
    args = parser.parse_args()
    start, step = (int(n) for n in args.part.split(":"))
    engine = LocalEngine(threads=1)
    read = read_folder(args.folder, engine, part=slice(start, None, step))
    if args.wrong:
        for cell in read.cells:
            if not cell.exact:
                print(
                    f"{cell.file} {cell.tier} {cell.kind}.{cell.field}: {cell.truth!r} | "
                    f"{cell.value!r} {cell.confidence:.2f}"
                )
        for face in read.faces:
            if face.iou < 0.9 or not face.upright or not face.type_right:
                print(f"{face.file} {face.tier} {face.kind}: type {face.type_right}, "
                      f"IoU {face.iou:.2f}, upright {face.upright}")  # fmt: skip
        print({name: count for name, count in read.empty.items() if count})
    kinds = sorted({cell.kind for cell in read.cells})
    print(f"{'':28s}" + "".join(f"{tier:>8s}: n exact%   CER%" for tier in _TIERS))
    for kind in [*kinds, ""]:
        line = f"{kind or 'all':28s}"
        for tier in _TIERS:
            cells = [c for c in read.cells if c.tier == tier and kind in ("", c.kind)]
            line += f"{len(cells):11d} {100 * exact_share(cells):6.1f} {100 * cer(cells):6.2f}"
        print(line)
    for tier in _TIERS:
        cells = [c for c in read.cells if c.tier == tier]
        faces = [f for f in read.faces if f.tier == tier]
        if not cells:
            continue
        low, high = interval(cells, exact_share)
        print(
            f"{tier}: exact {exact_share(cells):.1%} ({low:.1%} to {high:.1%}), "
            f"type right {np.mean([f.type_right for f in faces]):.1%}, IoU >= 0.9 and upright "
            f"{np.mean([f.iou >= 0.9 and f.upright for f in faces]):.1%} of {len(faces)} papers"
        )
    sure = [c for c in read.cells if c.confidence >= 0.9]
    print(f"values given 0.9 or more: {exact_share(sure):.1%} of {len(sure)} exact")
    edges = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.01)
    given = [c for c in read.cells if c.value]
    for low, high in itertools.pairwise(edges):
        some = [c for c in given if low <= c.confidence < high]
        if some:
            mean = float(np.mean([c.confidence for c in some]))
            share = exact_share(some)
            span = f"{low:.2f} to {high:.2f}"
            print(f"  {span}: n {len(some):5d}, mean {mean:.3f}, exact {share:.3f}")
    found = sum(read.empty.values())
    print(f"pictures without a paper: {len(read.empty)}, papers found there: {found}")
    each = read.cpu_s / max(read.pictures, 1)
    print(f"{each:.2f} CPU-seconds a picture, {read.pictures} pictures")


if __name__ == "__main__":
    main()
