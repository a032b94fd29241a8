"""``cvocr-lab synth``: generate pictures of papers, with their truth."""

from __future__ import annotations

import argparse
from pathlib import Path

from cvocr_lab.cli._shared import Commands
from cvocr_lab.kinds import TYPES


def add(commands: Commands) -> None:
    """Add the command."""
    synth = commands.add_parser("synth", help="generate pictures of papers, with their truth")
    synth.add_argument("--type", choices=TYPES, action="append", metavar="TYPE", dest="types",
                       help=f"may be repeated; default: all of {', '.join(TYPES)}")  # fmt: skip
    synth.add_argument("--count", type=int, default=10, metavar="N", help="number of pictures")
    synth.add_argument("--seed", type=int, default=0, metavar="S")
    synth.add_argument("--tier", choices=["scan", "photo", "hard"], default="photo")
    synth.add_argument("--out", type=Path, required=True, metavar="DIR")
    synth.set_defaults(run=_synth)


def _synth(args: argparse.Namespace) -> int:
    from cvocr_lab.synth import generate_folder

    labels = generate_folder(
        args.out, types=args.types, count=args.count, seed=args.seed, tier=args.tier
    )
    print(labels)
    return 0
