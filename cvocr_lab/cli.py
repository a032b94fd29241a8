"""The command ``cvocr-lab``: parse, call, print.

Exit codes: 0 all well; 1 some rows failed (the others are written); 2 the call is wrong; 3 the run
stopped and what was finished is written; 130 interrupted, likewise.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
import warnings
from collections.abc import Sequence
from glob import glob
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pandas as pd

from cvocr_lab import batch, frames, scoring
from cvocr_lab.errors import ArgumentError, BatchError, CvocrError, MissingPartError
from cvocr_lab.kinds import REQUESTS, TYPES

_PICTURES: Final = frozenset(
    f".{ending}"
    for ending in (
        *("jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff"),
        *("heic", "heif", "avif", "jp2", "pdf"),
    )
)
_SAMPLE: Final = Path(__file__).parent.parent / "sample_data" / "labels.csv"
_EXIT_CODES: Final = (
    "exit codes: 0 all well, 1 some rows failed, 2 wrong call, 3 the run stopped, 130 interrupted"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code.

    Parameters
    ----------
    argv
        Arguments without the program's name; None for those of the process.
    """
    args = _parser().parse_args(argv)
    try:
        code: int = args.run(args)
    except ArgumentError as error:
        return _complain(error, 2)
    except CvocrError as error:
        return _complain(error, 3)
    except OSError as error:
        return _complain(error, 2)
    except KeyboardInterrupt:
        return _complain("interrupted", 130)
    return code


def _complain(message: object, code: int) -> int:
    print(f"cvocr-lab: {message}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cvocr-lab",
        description="OCR of Vietnamese identity papers and vehicle registrations, offline.",
        epilog=_EXIT_CODES,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="read the sample pictures and show how well")
    demo.add_argument("--workers", type=int, metavar="N", help="pictures read at a time")
    _add_option(demo)
    demo.set_defaults(run=_demo)

    extract = commands.add_parser("extract", help="read pictures into a table", epilog=_EXIT_CODES)
    extract.add_argument(
        "files", nargs="+", metavar="FILE",
        help="pictures, PDFs, folders, globs or URLs; or one CSV with a column of them",
    )  # fmt: skip
    extract.add_argument("--kind", choices=REQUESTS, default="id_any", help="default: id_any")
    extract.add_argument("--engine", default="local", metavar="NAME", help="default: local")
    extract.add_argument(
        "--out", type=Path, metavar="FILE", help=".csv or .parquet; else CSV is printed"
    )
    extract.add_argument(
        "--column", nargs="+", metavar="NAME",
        help="column(s) of the CSV; default: image, or front back for pairs",
    )  # fmt: skip
    extract.add_argument("--workers", type=int, metavar="N", help="pictures read at a time")
    extract.add_argument("--quiet", action="store_true", help="no progress bar")
    _add_option(extract)
    extract.set_defaults(run=_extract)

    score = commands.add_parser("score", help="judge a table that was read by a true one")
    score.add_argument("pred", type=Path, metavar="PRED", help="what extract wrote")
    score.add_argument("truth", type=Path, metavar="TRUTH", help="CSV, a column per field")
    score.add_argument("--on", default="image", help="column both have; default: image")
    score.add_argument("--by", nargs="+", default=["field"], help="group by; default: field")
    score.set_defaults(run=_score)

    synth = commands.add_parser("synth", help="make up pictures of papers, with their truth")
    synth.add_argument("--type", choices=TYPES, action="append", metavar="TYPE", dest="types",
                       help=f"may be repeated; default: all of {', '.join(TYPES)}")  # fmt: skip
    synth.add_argument("--count", type=int, default=10, metavar="N", help="pictures in all")
    synth.add_argument("--seed", type=int, default=0, metavar="S")
    synth.add_argument("--tier", choices=["scan", "photo", "hard"], default="photo")
    synth.add_argument("--out", type=Path, required=True, metavar="DIR")
    synth.set_defaults(run=_synth)

    train = commands.add_parser("train", help="train the line recogniser")
    train.add_argument("--out", type=Path, required=True, metavar="DIR")
    train.add_argument("--minutes", type=float, required=True, metavar="N")
    train.add_argument("--from", type=Path, metavar="CKPT", dest="start", help="go on from here")
    train.add_argument("--device", default="cpu", help="cpu or cuda; default: cpu")
    train.set_defaults(run=_train)
    return parser


def _add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--option", type=_option, action="append", default=[], metavar="NAME=VALUE",
        help="passed to the engine, e.g. threads=2 or reader=tesseract; may be repeated",
    )  # fmt: skip


def _option(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    if value.lower() in ("true", "false"):
        return name, value.lower() == "true"
    if re.fullmatch(r"-?(0|[1-9]\d*)", value):
        return name, int(value)
    if re.fullmatch(r"-?\d+\.\d+(e[-+]?\d+)?", value):
        return name, float(value)
    return name, value


def _extract(args: argparse.Namespace) -> int:
    if args.out is not None:
        _check_out(args.out)
    sources, base = _sources(args.files)
    interrupted = False
    noted: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as noted:
            warnings.simplefilter("always", batch.RowsFailedWarning)
            warnings.simplefilter("always", batch.RunStoppedWarning)
            frame = batch.extract(
                sources,
                column=args.column,
                kind=args.kind,
                engine=args.engine,
                workers=args.workers,
                progress=not args.quiet,
                base=base,
                **dict(args.option),
            )
    except BatchError as error:
        if error.partial is not None and len(error.partial):
            _write(error.partial, args.out)
        raise
    finally:
        for warning in noted:
            if issubclass(warning.category, (batch.RowsFailedWarning, batch.RunStoppedWarning)):
                _complain(warning.message, 1)
            else:
                warnings.warn_explicit(
                    warning.message, warning.category, warning.filename, warning.lineno
                )
            interrupted |= issubclass(warning.category, batch.RunStoppedWarning)
    _write(frame, args.out)
    if interrupted:
        return 130
    return 1 if frame["ocr_error"].notna().any() else 0


def _check_out(out: Path) -> None:
    """Refuse a file that cannot be written, before hours of reading."""
    if out.suffix.lower() not in (".csv", ".parquet"):
        raise ArgumentError(f"--out ends in .csv or .parquet, not {out.suffix!r}")
    if not out.parent.is_dir():
        raise ArgumentError(f"--out {out}: there is no folder {out.parent}; make it first")
    if out.is_dir() or not os.access(out if out.exists() else out.parent, os.W_OK):
        raise ArgumentError(f"--out {out} cannot be written")
    if out.suffix.lower() == ".parquet":
        try:
            importlib.import_module("pyarrow")
        except ImportError:
            raise MissingPartError(
                ".parquet needs pyarrow: pip install pyarrow, or write .csv"
            ) from None


def _sources(files: Sequence[str]) -> tuple[pd.DataFrame, Path | None]:
    """Make a frame of what was named on the command line, and the folder its paths start from."""
    tables = [f for f in files if f.lower().endswith(".csv")]
    if tables:
        if len(files) > 1:
            raise ArgumentError("a CSV stands alone: one table, or pictures")
        return _labels(Path(files[0])), Path(files[0]).parent
    found: list[str] = []
    for name in files:
        path = Path(name)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in _PICTURES)
            if not inside:
                raise ArgumentError(f"no pictures in folder {name}")
            found += [str(p) for p in inside]
        elif "://" not in name and not path.exists() and any(c in name for c in "*?["):
            matched = sorted(glob(name, recursive=True))  # noqa: PTH207 - absolute patterns too
            if not matched:
                raise ArgumentError(f"nothing matches {name}")
            found += matched
        else:
            found.append(name)  # a file that is not there becomes a row that says so
    return pd.DataFrame({"image": found}), None


def _labels(path: Path) -> pd.DataFrame:
    try:
        return scoring.read_labels(path)
    except ValueError as error:
        raise ArgumentError(f"{path} is no table ({type(error).__name__})") from None


def _write(frame: pd.DataFrame, out: Path | None) -> None:
    if out is None:
        frames.write_csv(frame, sys.stdout)
    else:
        frames.write_frame(frame, out)


def _score(args: argparse.Namespace) -> int:
    try:
        read = frames.read_frame(args.pred)
    except ArgumentError:
        raise
    except ValueError as error:
        raise ArgumentError(f"{args.pred} is no table ({type(error).__name__})") from None
    score = scoring.score(read, _labels(args.truth), on=args.on)
    print(score.headline())
    print(_table(score.summary(by=args.by)))
    return 0


def _demo(args: argparse.Namespace) -> int:
    sample = _SAMPLE
    with TemporaryDirectory() as folder:
        if not sample.exists():
            from cvocr_lab.synth import generate_folder

            print("No sample_data beside the package: making up a few pictures first.")
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
    print("\nBy type of paper\n" + _table(by_type.drop(columns=["n", "absent"])))
    print("\nBy tier\n" + _table(score.summary(by="tier")))
    print("\nBy field\n" + _table(score.summary()))
    print("\n" + score.headline())
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


def _table(table: pd.DataFrame) -> str:
    shares = {"exact": "{:.1%}", "cer": "{:.2%}", "type_right": "{:.1%}"}
    formatters = {c: f.format for c, f in shares.items() if c in table}
    return table.to_string(formatters=formatters, na_rep="-")


def _synth(args: argparse.Namespace) -> int:
    from cvocr_lab.synth import generate_folder

    labels = generate_folder(
        args.out, types=args.types, count=args.count, seed=args.seed, tier=args.tier
    )
    print(labels)
    return 0


def _train(args: argparse.Namespace) -> int:
    try:
        from cvocr_lab.training import train
    except ImportError:
        raise MissingPartError("training needs torch: pip install 'cvocr-lab[train]'") from None
    train(args.out, minutes=args.minutes, start=args.start, device=args.device)
    return 0


if __name__ == "__main__":
    sys.exit(main())
