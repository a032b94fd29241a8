"""``cvocr-lab train``: train the line recogniser."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cvocr_lab.errors import MissingPartError

if TYPE_CHECKING:
    from cvocr_lab.cli._shared import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    train = commands.add_parser("train", help="train the line recogniser")
    train.add_argument("--out", type=Path, required=True, metavar="DIR")
    train.add_argument("--minutes", type=float, required=True, metavar="N")
    train.add_argument("--from", type=Path, metavar="CKPT", dest="start", help="go on from here")
    train.add_argument("--device", default="cpu", help="cpu or cuda; default: cpu")
    train.set_defaults(run=_train)


def _train(args: argparse.Namespace) -> int:
    try:
        from cvocr_lab.training import train
    except ImportError:
        raise MissingPartError("training needs torch: pip install 'cvocr-lab[train]'") from None
    train(args.out, minutes=args.minutes, start=args.start, device=args.device)
    return 0
