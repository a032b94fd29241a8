"""``cvocr-lab train``: train a net of the offline engine, or fine-tune the recogniser."""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

from cvocr_lab import batch, frames
from cvocr_lab.cli._shared import Commands
from cvocr_lab.errors import ArgumentError, MissingPartError


def add(commands: Commands) -> None:
    """Add the command."""
    train = commands.add_parser(
        "train",
        help="train one of the offline engine's nets, or fine-tune the recogniser on your labels",
        epilog="To use the model: cvocr-lab extract … --option model=DIR/lines.onnx",
    )
    train.add_argument(
        "--net", choices=("lines", "papers", "turns", "text"), default="lines",
        help="lines: the recogniser (default); papers: finds papers in a picture; turns: finds "
        "their corners and orientation; text: finds lines of text on a paper",
    )  # fmt: skip
    train.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of NET.onnx")
    train.add_argument("--minutes", type=float, required=True, metavar="N")
    train.add_argument(
        "--labels", type=Path, metavar="CSV",
        help="fine-tune: reviewed labels, one column per field; paths of pictures are relative to "
        "the CSV",
    )  # fmt: skip
    train.add_argument("--column", default="image", metavar="NAME", help="default: image")
    train.add_argument(
        "--from", type=Path, metavar="FILE", dest="start",
        help="continue from this best.pt or lines.onnx; default of fine-tuning: the shipped model",
    )  # fmt: skip
    train.add_argument("--device", default="cpu", help="cpu or cuda; default: cpu")
    train.set_defaults(run=_train)


def _train(args: argparse.Namespace) -> int:
    try:
        from cvocr_lab import training
    except ImportError:
        raise MissingPartError("training needs torch: pip install 'cvocr-lab[train]'") from None
    if args.labels is not None:
        if args.net != "lines":
            raise ArgumentError("--labels fine-tunes the recogniser: remove --net")
        return _finetune(args)
    if args.net != "lines":
        if args.start is not None:
            raise ArgumentError(
                "--from needs --net lines; the other nets continue from the folder --out"
            )
        training.train_finder(args.net, args.out, args.minutes, args.device)
        return 0
    training.train(args.out, minutes=args.minutes, start=args.start, device=args.device)
    return 0


def _finetune(args: argparse.Namespace) -> int:
    from cvocr_lab import training

    truth = frames.read_labels(args.labels)
    if args.column not in truth:
        raise ArgumentError(f"{args.labels} has no column {args.column!r}")
    args.out.mkdir(parents=True, exist_ok=True)
    options = {} if args.start is None else {"model": args.start}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", batch.RowsFailedWarning)
        frame = batch.extract(
            truth.drop_duplicates(args.column),
            column=args.column, base=args.labels.parent, **options,
        )  # fmt: skip
    print(f"{frame['ocr_error'].isna().sum()} papers found; training for {args.minutes:g} minutes")
    done = training.finetune(
        frame, truth, args.out / "lines.onnx", on=args.column, minutes=args.minutes,
        start=args.start,
    )  # fmt: skip
    before, after = done.before, done.after
    print(
        f"{after.lines} lines held out: CER {before.cer:.2%} before, {after.cer:.2%} after; "
        f"exact {before.exact:.1%} before, {after.exact:.1%} after"
    )
    if done.model is None:
        print("the model did not get better: no model was written")
        return 1
    print(done.model)
    return 0
