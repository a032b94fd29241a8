"""``cvocr-lab score``: a table that was read, judged by a true one."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cvocr_lab import frames, scoring
from cvocr_lab.cli._shared import complain, labels, table, wrapped
from cvocr_lab.errors import ArgumentError
from cvocr_lab.files import write_private

if TYPE_CHECKING:
    import pandas as pd

    from cvocr_lab.cli._shared import Commands

_LESS_IS_BETTER: Final = frozenset({"cer", "cer_macro", "wer", "wer_macro"})


@dataclass(frozen=True, slots=True)
class Demand:
    """What a rate must reach: at least, or for CER and WER at most."""

    field: str | None
    rate: str
    bound: float

    def unmet(self, rates: dict[str, dict[str, float]]) -> str | None:
        """Say what is not reached; None when all is well.  What cannot be measured is not."""
        if self.field is not None and self.field not in rates:
            raise ArgumentError(f"no field {self.field!r} was scored; there are {', '.join(rates)}")
        found = rates[self.field or "all"][self.rate]
        less = self.rate in _LESS_IS_BETTER
        if found <= self.bound if less else found >= self.bound:
            return None
        name = self.rate if self.field is None else f"{self.field}.{self.rate}"
        digits = ".2%" if less else ".1%"
        asked = f"asked for {'at most' if less else 'at least'} {self.bound:g}"
        return f"{name} is {found:{digits}}, {asked}"


def add(commands: Commands) -> None:
    """Add the command."""
    score = commands.add_parser(
        "score",
        help="judge a table that was read by a true one",
        epilog="exit code 4: a demand of --fail-under or the --baseline is not met",
    )
    score.add_argument("pred", type=Path, metavar="PRED", help="what extract wrote")
    score.add_argument("truth", type=Path, metavar="TRUTH", help="CSV, a column per field")
    score.add_argument("--on", default="image", help="column both have; default: image")
    score.add_argument("--by", nargs="+", default=["field"], help="group by; default: field")
    score.add_argument("--html", type=Path, metavar="FILE", help="write the report here")
    score.add_argument("--crops", action="store_true",
                       help="put pictures of the wrong values into the report")  # fmt: skip
    score.add_argument("--json", type=Path, metavar="FILE",
                       help="write the rates of all and of each field here")  # fmt: skip
    score.add_argument(
        "--fail-under", type=_demand, action="append", default=[], metavar="[FIELD.]RATE=SHARE",
        help="e.g. exact=0.95, id.exact=0.99, cer=0.02 (CER and WER: at most); may be repeated",
    )  # fmt: skip
    score.add_argument("--baseline", type=Path, metavar="FILE",
                       help="be no worse than this frozen score")  # fmt: skip
    score.add_argument("--freeze", type=Path, metavar="FILE",
                       help="keep this score (.parquet) for a later --baseline")  # fmt: skip
    score.set_defaults(run=_score)


def _demand(text: str) -> Demand:
    name, _, bound = text.partition("=")
    field, _, rate = name.rpartition(".")
    if rate not in scoring.RATES:
        known = ", ".join(scoring.RATES)
        raise argparse.ArgumentTypeError(f"{text!r} names no rate; there are {known}")
    try:
        share = float(bound)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r}: give a share from 0 to 1, such as {name}=0.95")
    return Demand(field or None, rate, share)


def _score(args: argparse.Namespace) -> int:
    read = _readings(args.pred)
    truth = labels(args.truth)
    score = scoring.score(read, truth, on=args.on)
    print(wrapped(score.headline()))
    print(table(score.summary(by=args.by)))
    if args.html:
        score.to_html(args.html, crops=read if args.crops else None)
    rates = _rates(score)
    if args.json:
        text = json.dumps(
            {"headline": score.headline(), "rates": rates}, ensure_ascii=False, indent=2
        )
        write_private(args.json, text.replace("NaN", "null") + "\n")
    if args.freeze:
        score.freeze(args.freeze)
    unmet = [said for demand in args.fail_under if (said := demand.unmet(rates))]
    if unmet:
        return complain("; ".join(unmet), 4)
    if args.baseline:
        scoring.score(read, truth, on=args.on, baseline=args.baseline)
    return 0


def _readings(path: Path) -> pd.DataFrame:
    """Read a flat frame, or a CSV of any other reader with a column for each field."""
    try:
        return frames.read_frame(path)
    except ArgumentError:
        if path.suffix.lower() != ".csv":
            raise
        return labels(path)
    except ValueError as error:
        raise ArgumentError(f"{path} is no table ({type(error).__name__})") from None


def _rates(score: scoring.Score) -> dict[str, dict[str, float]]:
    """Counts and rates of all cells together and of each field."""
    return {
        str(name): {str(column): float(value) for column, value in row.items()}
        for summary in (score.summary(by=()), score.summary(by="field"))
        for name, row in summary.iterrows()
    }
