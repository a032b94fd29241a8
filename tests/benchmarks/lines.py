"""CER, exact lines and milliseconds per line of the recogniser on fonts it never saw.

    python tests/benchmarks/lines.py [--model FILE] [--tesseract] [--papers 60] [--per-sort 150]

Two sets, both drawn with the held-out families of `cvocr_lab.synth.fonts` from seeds of their own:
lines drawn alone, by sort of text, and lines cut from photographed papers, by tier.  Then machine
readable zones, before and after repair by check digits: in OCR-B (which no test family has, so the
font was seen in training) and in the held-out Cousine.  Lines of papers are also told by what they
hold (the class of the field's type).  Time is processor time of one thread.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from paper_lines import CutLine, cut_lines, loosen
from rapidfuzz.distance import Levenshtein

from cvocr_lab import mrz
from cvocr_lab.engines.local.line_reader import open_reader
from cvocr_lab.engines.local.recogniser import crop_line
from cvocr_lab.kinds import document_type
from cvocr_lab.synth import TIERS, generate
from cvocr_lab.synth.fonts import Pool
from cvocr_lab.training import TEST_SEED, evaluate
from cvocr_lab.training.stream import Shard, drawn_set


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--tesseract", action="store_true", help="read the same crops with it too")
    parser.add_argument("--papers", type=int, default=60, help="papers per tier")
    parser.add_argument("--per-sort", type=int, default=150, help="drawn lines per sort of text")
    args = parser.parse_args()
    by_tier, by_class = paper_lines(args.papers)
    sets = {
        "drawn lines": drawn_set(TEST_SEED, "test", args.per_sort),
        "paper lines by tier": by_tier,
        "paper lines by class and tier": by_class,
    }
    for reader in ("own", "tesseract") if args.tesseract else ("own",):
        for name, shard in sets.items():
            report(f"{reader}, {name}", reader, shard, args.model if reader == "own" else None)
        zones(reader, args.model if reader == "own" else None, args.papers // 2)


def paper_lines(count: int) -> tuple[Shard, Shard]:
    """Lines of `count` papers per tier, told by tier and by class and tier."""
    tiers, classes = Shard([], [], []), Shard([], [], [])
    for at, tier in enumerate(TIERS):
        rng = random.Random(TEST_SEED + at)
        for _ in range(count):
            sample = generate(None, seed=rng.getrandbits(40), tier=tier, pool="test")
            for line in cut_lines(sample, rng):
                for shard, sort in ((tiers, tier), (classes, f"{class_of(line)}, {tier}")):
                    shard.pictures.append(line.picture)
                    shard.texts.append(line.text)
                    shard.sorts.append(sort)
    return tiers, classes


def class_of(line: CutLine) -> str:
    """What sort of value a line is: the class of its field's type."""
    if not line.field:
        return "caption"
    return type(document_type(line.type)[line.field].type).__name__.lower()


def report(title: str, reader: str, shard: Shard, model: Path | None) -> None:
    opened = open_reader(reader, model=model)
    opened.read(shard.pictures[:1])
    kept: list[str] = []

    def read(pictures: Sequence[NDArray[np.uint8]]) -> list[str]:
        kept.extend(line.text for line in opened.read(pictures))
        return kept

    begun = time.process_time()
    figures = evaluate(read, shard)
    spent = (time.process_time() - begun) / len(shard.texts)
    rows = [f"\n{title}: {1000 * spent:.2f} ms per line", "| | CER % | exact % | lines |"]
    rows += ["|---|---|---|---|"]
    for sort, f in figures.items():
        rows.append(f"| {sort} | {100 * f.cer:.2f} | {100 * f.exact:.1f} | {f.lines} |")
    rows.append("confused: " + ", ".join(f"{c}x {pair}" for pair, c in confusions(shard, kept)))
    sys.stdout.write("\n".join(rows) + "\n")


ZONES = ("matsautcc_chip", "chip_id_card_2024_back", "passport")


def zones(reader: str, model: Path | None, papers: int) -> None:
    """MRZ lines exact as read and after repair, by font and tier."""
    opened = open_reader(reader, model=model)
    rows = [
        f"\n{reader}, MRZ lines exact %",
        "| | as read | repaired | lines |",
        "|---|---|---|---|",
    ]
    pools: tuple[tuple[str, Pool], ...] = (("OCR-B", "train"), ("Cousine", "test"))
    for (font, pool), tier in product(pools, TIERS):
        raw = right = total = 0
        rng = random.Random(TEST_SEED)
        for number in range(papers):
            kind = document_type(ZONES[number % len(ZONES)]).name
            sample = generate(kind, seed=TEST_SEED * 1000 + number, tier=tier, pool=pool)
            for truth in sample.truths:
                lines = [(t, q) for t, q in truth.lines if len(t) in (30, 44) and "<" in t]
                read = [r.text for r in opened.read(
                    [crop_line(sample.image, loosen(q, rng)) for _, q in lines]
                )]  # fmt: skip
                if len(lines) not in (2, 3):
                    continue
                total += len(lines)
                raw += sum(t == r for (t, _), r in zip(lines, read, strict=True))
                mended = mrz.repair(read)
                right += sum(t == r for (t, _), r in zip(lines, mended))  # noqa: B905
        rows.append(
            f"| {font}, {tier} | {100 * raw / total:.1f} | {100 * right / total:.1f} | {total} |"
        )
    sys.stdout.write("\n".join(rows) + "\n")


def confusions(shard: Shard, read: Sequence[str]) -> list[tuple[str, int]]:
    """The commonest mistakes, truth first; ``·`` is nothing."""
    found: Counter[str] = Counter()
    for truth, got in zip(shard.texts, read, strict=True):
        for step in Levenshtein.editops(truth, got):
            a = "·" if step.tag == "insert" else truth[step.src_pos]
            b = "·" if step.tag == "delete" else got[step.dest_pos]
            found[f"{a!r}→{b!r}"] += 1
    return found.most_common(25)


if __name__ == "__main__":
    main()
