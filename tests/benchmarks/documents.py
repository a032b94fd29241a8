"""How well the offline engine reads: fresh generated documents, per type and tier.

An outline is right if it overlaps the paper's, or the film's around a laminated card, by at least
0.9 (intersection over union), and begins at its top left corner.

Run: ``python tests/benchmarks/documents.py --count 500 --seed 900000``.  Seeds from 900000 up are
for measuring only; nothing is trained, fitted or tuned on them.  `--pool test` draws with font
families the recogniser never saw.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from other_hand import outline

if TYPE_CHECKING:
    from cvocr_lab.synth.fonts import Pool
    from cvocr_lab.synth.generate import Tier

TIERS: tuple[Tier, ...] = ("scan", "photo", "hard")


def _one(job: tuple[str, Tier, int, Pool, str]) -> dict[str, Any]:
    import numpy as np

    from cvocr_lab import images
    from cvocr_lab.engines import Request
    from cvocr_lab.errors import RowError
    from cvocr_lab.synth import generate

    type_, tier, seed, pool, reader = job
    sample = generate(type_, seed=seed, tier=tier, pool=pool)
    image = images.load(np.ascontiguousarray(sample.image))
    start = time.perf_counter()
    found: list[Any] = []
    with contextlib.suppress(RowError):
        found = list(_engine(reader).extract(Request((image,), "id_any")).documents)
    seconds = time.perf_counter() - start
    cells = []
    types, outlines = [], []
    for truth in sample.truths:
        doc = _match(truth, found)
        outlines.append(doc is not None and _is_outline(doc, truth))
        types.append((truth.type, doc.type if doc else ""))
        fields = doc.fields if doc and doc.type == truth.type else {}
        for name, text in truth.fields.items():
            value = fields.get(name)
            read, sure = (value.text, value.confidence) if value else ("", None)
            cells.append((truth.type, name, text, read, sure))
        for name in fields.keys() - truth.fields.keys():
            cells.append((truth.type, name, "", fields[name].text, fields[name].confidence))
    return {
        "type": type_, "tier": tier, "seed": seed, "types": types, "cells": cells,
        "outlines": outlines,
        "seconds": seconds, "extra": max(0, len(found) - len(sample.truths)),
    }  # fmt: skip


def _match(truth: Any, found: list[Any]) -> Any:
    """The document found nearest to the true one's middle."""
    import numpy as np

    middle = np.array(truth.corners).reshape(4, 2).mean(0)
    size = np.ptp(np.array(truth.corners).reshape(4, 2), axis=0).max()
    best, least = None, 0.5 * size
    for doc in found:
        if doc.corners is None:
            continue
        distance = float(np.hypot(*(np.array(doc.corners).reshape(4, 2).mean(0) - middle)))
        if distance < least:
            best, least = doc, distance
    return best


def _is_outline(doc: Any, truth: Any) -> bool:
    """Whether a document's corners are those of the paper or of its film."""
    found = (outline(doc.corners, quad) for quad in (truth.corners, truth.printed))
    return any(iou >= 0.9 and upright for iou, upright in found)


_ENGINES: dict[str, Any] = {}


def _engine(reader: str) -> Any:
    from cvocr_lab.engines.local import LocalEngine

    if reader not in _ENGINES:
        _ENGINES[reader] = LocalEngine(reader=reader, threads=1)
    return _ENGINES[reader]


def run(
    *, count: int, seed: int, tiers: tuple[Tier, ...] = TIERS, types: tuple[str, ...] = (),
    pool: Pool = "test", reader: str = "own", workers: int = 2,
) -> list[dict[str, Any]]:  # fmt: skip
    """Results of `count` documents spread over types and tiers."""
    from cvocr_lab.kinds import TYPES

    names = types or tuple(TYPES)
    jobs = [
        (names[i % len(names)], tiers[i // len(names) % len(tiers)], seed + i, pool, reader)
        for i in range(count)
    ]
    if workers < 2:
        return [_one(job) for job in jobs]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor:
        return list(executor.map(_one, jobs, chunksize=4))


def table(results: list[dict[str, Any]], by: str = "type") -> str:
    """Field-exact and CER by type (or field) and tier."""
    from rapidfuzz.distance import Levenshtein

    from cvocr_lab.text import comparison_key

    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0] * 8)
    for result in results:
        for (true, got), is_right in zip(result["types"], result["outlines"], strict=True):
            for group in (true, "ALL"):
                entry = sums[group, result["tier"]] if by == "type" else [0.0] * 8
                entry[0] += 1
                entry[1] += true == got
                entry[7] += is_right
        for type_, field, truth, value, _ in result["cells"]:
            a, b = comparison_key(truth), comparison_key(value)
            for group in (type_ if by == "type" else f"{type_}.{field}", "ALL"):
                entry = sums[group, result["tier"]]
                if a:
                    entry[2] += 1
                    entry[3] += a == b
                    entry[4] += Levenshtein.distance(a, b)
                    entry[5] += len(a)
                else:
                    entry[6] += 1
    tiers = [t for t in TIERS if any(key[1] == t for key in sums)]
    width = max(len(g) for g, _ in sums) + 2
    head = f"{'':{width}}" + "".join(
        f"{t + ': n':>9} type%  exact%   CER%  inv outline%" for t in tiers
    )
    rows = [head]
    for group in dict.fromkeys(g for g, _ in sums):
        row = f"{group:{width}}"
        for tier in tiers:
            n, right, cells, exact, edits, chars, invented, outlined = sums[group, tier]
            row += (
                f"{int(n):9d} {100 * right / max(n, 1):5.1f}  {100 * exact / max(cells, 1):6.1f} "
                f"{100 * edits / max(chars, 1):6.2f} {int(invented):4d} "
                f"{100 * outlined / max(n, 1):7.1f} "
            )
        rows.append(row)
    seconds = sorted(r["seconds"] for r in results)
    rows.append(
        f"seconds per picture: median {seconds[len(seconds) // 2]:.2f}, "
        f"95th percentile {seconds[int(len(seconds) * 0.95)]:.2f}"
    )
    return "\n".join(rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=900_000)
    parser.add_argument("--tiers", default=",".join(TIERS))
    parser.add_argument("--types", default="")
    parser.add_argument("--pool", default="test")
    parser.add_argument("--reader", default="own")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--by", choices=("type", "field"), default="type")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    results = run(
        count=args.count,
        seed=args.seed,
        tiers=tuple(args.tiers.split(",")),
        types=tuple(filter(None, args.types.split(","))),
        pool=args.pool,
        reader=args.reader,
        workers=args.workers,
    )
    print(table(results, args.by))
    if args.json:
        args.json.write_text(json.dumps(results, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
