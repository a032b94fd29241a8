"""The command ``cvocr-lab``.

Each module of this package is one command; its function `add` adds the parser.  When a run stops or
is interrupted, the finished rows are in ``out.partial.csv``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from cvocr_lab.cli import demo, export, extract, score, serve, synth, train
from cvocr_lab.cli._shared import EXIT_CODES, complain
from cvocr_lab.errors import ArgumentError, CvocrError, DriftError

_COMMANDS = (demo, extract, export, score, serve, synth, train)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    argv
        Arguments without the name of the program; None for the arguments of the process.
    """
    args = _parser().parse_args(argv)
    try:
        code: int = args.run(args)
    except (ArgumentError, OSError) as error:
        return complain(error, 2)
    except DriftError as error:
        return complain(error, 4)
    except CvocrError as error:
        return complain(error, 3)
    except KeyboardInterrupt:
        return complain("interrupted", 130)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cvocr-lab",
        description="OCR of Vietnamese identity papers and vehicle registrations, offline.",
        epilog=EXIT_CODES,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add(commands)
    return parser
