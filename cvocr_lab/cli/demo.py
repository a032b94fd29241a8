"""``cvocr-lab demo``: read the sample pictures and print the score."""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cvocr_lab import batch, scoring
from cvocr_lab.cli._shared import Commands, add_option, table, wrapped

_SAMPLE: Final = Path(__file__).parents[2] / "sample_data" / "labels.csv"


def add(commands: Commands) -> None:
    """Add the command."""
    demo = commands.add_parser("demo", help="read the sample pictures and print the score")
    demo.add_argument("--workers", type=int, metavar="N", help="number of pictures read at once")
    add_option(demo)
    demo.set_defaults(run=_demo)


def _demo(args: argparse.Namespace) -> int:
    sample = _SAMPLE
    with TemporaryDirectory() as folder:
        if not sample.exists():
            from cvocr_lab.synth import generate_folder

            print("There is no sample_data beside the package: generating a few pictures first.")
            sample = generate_folder(Path(folder), types=None, count=24, seed=2026, tier="photo")
        truth = scoring.read_labels(sample)
        images = truth["image"].drop_duplicates()
        print(f"Reading {len(images)} pictures of {sample.parent.name} offline")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", batch.RowsFailedWarning)
            frame = batch.extract(
                images, base=sample.parent, workers=args.workers, **dict(args.option)
            )
    score = scoring.score(frame, truth, on="image")
    by_type = score.summary(by="type")
    rows = score.rows[score.rows["type"] != ""]
    right = (rows["type"] == rows["ocr_type"]).groupby(rows["type"]).agg(["size", "mean"])
    by_type.insert(0, "papers", right["size"])
    by_type.insert(1, "type_right", right["mean"])
    print("\nBy type of paper\n" + table(by_type.drop(columns=["n", "absent"])))
    print("\nBy tier\n" + table(score.summary(by="tier")))
    print("\nBy field\n" + table(score.summary()))
    print("\n" + wrapped(score.headline()))
    for error, count in rows["ocr_error"].value_counts().head(3).items():
        print(f"{count} times {error}")
    seconds = frame["ocr_seconds"].groupby(frame["image"]).first()
    print(
        "wrong: read but differs; missing: printed, not read; invented: read, not printed;\n"
        "absent: neither; exact = correct / (correct + wrong + missing); cer is pooled over\n"
        "printed values; card_exact: papers with every field exact"
    )
    print(f"{seconds.mean():.2f} s per picture and worker, median {seconds.median():.2f} s")
    return 0
