"""``cvocr-lab score``: a table that was read, judged by a true one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cvocr_lab import frames, scoring
from cvocr_lab.cli._shared import labels, table
from cvocr_lab.errors import ArgumentError

if TYPE_CHECKING:
    from cvocr_lab.cli._shared import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    score = commands.add_parser("score", help="judge a table that was read by a true one")
    score.add_argument("pred", type=Path, metavar="PRED", help="what extract wrote")
    score.add_argument("truth", type=Path, metavar="TRUTH", help="CSV, a column per field")
    score.add_argument("--on", default="image", help="column both have; default: image")
    score.add_argument("--by", nargs="+", default=["field"], help="group by; default: field")
    score.set_defaults(run=_score)


def _score(args: argparse.Namespace) -> int:
    try:
        read = frames.read_frame(args.pred)
    except ArgumentError:
        raise
    except ValueError as error:
        raise ArgumentError(f"{args.pred} is no table ({type(error).__name__})") from None
    score = scoring.score(read, labels(args.truth), on=args.on)
    print(score.headline())
    print(table(score.summary(by=args.by)))
    return 0
