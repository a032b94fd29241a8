"""``cvocr-lab score``: compare a table of readings with the truth."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Final

import pandas as pd

from cvocr_lab import frames, scoring
from cvocr_lab.cli._shared import Commands, complain, table, wrapped
from cvocr_lab.errors import ArgumentError
from cvocr_lab.files import write_private

_LESS_IS_BETTER: Final = frozenset({"cer", "cer_macro", "wer", "wer_macro"})
_Requirement = tuple[str, str, float]
"""A field ("all" for all together), a rate, and its bound: at least, or at most for CER and WER."""


def add(commands: Commands) -> None:
    """Add the command."""
    score = commands.add_parser(
        "score",
        help="compare a table of readings with the truth",
        epilog="exit code 4: a rate does not reach --fail-under or the --baseline",
    )
    score.add_argument("pred", type=Path, metavar="PRED", help="table that extract wrote")
    score.add_argument("truth", type=Path, metavar="TRUTH", help="CSV with a column per field")
    score.add_argument("--on", default="image", help="column of both tables; default: image")
    score.add_argument("--by", nargs="+", default=["field"], help="group by; default: field")
    score.add_argument("--html", type=Path, metavar="FILE", help="write the report here")
    score.add_argument("--crops", action="store_true",
                       help="show crops of the wrong values in the report")  # fmt: skip
    score.add_argument("--json", type=Path, metavar="FILE",
                       help="write the rates here, of all fields and of each field")  # fmt: skip
    score.add_argument(
        "--fail-under", type=_requirement, action="append", default=[],
        metavar="[FIELD.]RATE=SHARE",
        help="e.g. exact=0.95, id.exact=0.99, cer=0.02 (CER and WER: at most); may be repeated",
    )  # fmt: skip
    score.add_argument("--baseline", type=Path, metavar="FILE",
                       help="fail if the score is worse than this frozen score")  # fmt: skip
    score.add_argument("--freeze", type=Path, metavar="FILE",
                       help="write this score (.parquet) for a later --baseline")  # fmt: skip
    score.set_defaults(run=_score)


def _requirement(text: str) -> _Requirement:
    name, _, bound = text.partition("=")
    field, _, rate = name.rpartition(".")
    if rate not in scoring.RATES:
        known = ", ".join(scoring.RATES)
        raise argparse.ArgumentTypeError(f"{text!r} has no known rate; the rates are {known}")
    try:
        share = float(bound)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(
            f"{text!r}: the share must be from 0 to 1, such as {name}=0.95"
        )
    return field or "all", rate, share


def _score(args: argparse.Namespace) -> int:
    read = _readings(args.pred)
    truth = frames.read_labels(args.truth)
    score = scoring.score(read, truth, on=args.on)
    print(wrapped(score.headline()))
    print(table(score.summary(by=args.by)))
    if args.html:
        score.to_html(args.html, crops=read if args.crops else None)
    rates = pd.concat([score.summary(by=()), score.summary(by="field")]).astype(float)
    if args.json:
        report = {"headline": score.headline(), "rates": rates.to_dict("index")}
        text = json.dumps(report, ensure_ascii=False, indent=2)
        write_private(args.json, text.replace("NaN", "null") + "\n")
    if args.freeze:
        score.freeze(args.freeze)
    failures = [found for wanted in args.fail_under if (found := _failure(rates, *wanted))]
    if failures:
        return complain("; ".join(failures), 4)
    if args.baseline:
        scoring.score(read, truth, on=args.on, baseline=args.baseline)
    return 0


def _failure(rates: pd.DataFrame, field: str, rate: str, bound: float) -> str | None:
    """Return a message if the rate is not reached, else None; a missing rate is a failure."""
    if field not in rates.index:
        known = ", ".join(rates.index)
        raise ArgumentError(f"no field {field!r} was scored; the fields are {known}")
    found, less = float(rates[rate][field]), rate in _LESS_IS_BETTER
    if found <= bound if less else found >= bound:
        return None
    name = rate if field == "all" else f"{field}.{rate}"
    limit = f"{'at most' if less else 'at least'} {bound:g}"
    return f"{name} is {found:{'.2%' if less else '.1%'}}, but must be {limit}"


def _readings(path: Path) -> pd.DataFrame:
    """Read a flat frame, or a CSV of another OCR tool with one column per field."""
    try:
        return frames.read_frame(path)
    except ArgumentError:
        if path.suffix.lower() != ".csv":
            raise
        return frames.read_labels(path)
