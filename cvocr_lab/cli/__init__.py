"""The command ``cvocr-lab``: parse, call, print.

Each module here is one command: `add` puts its parser on the command line.

Exit codes: 0 all well; 1 some rows failed (the others are written); 2 the call is wrong; 3 the run
stopped and what was finished is written beside, as ``out.partial.csv``; 130 interrupted, likewise.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from cvocr_lab.cli import demo, export, extract, score, serve, synth, train
from cvocr_lab.cli._shared import EXIT_CODES, complain
from cvocr_lab.errors import ArgumentError, CvocrError, DriftError

_COMMANDS = (demo, extract, export, score, serve, synth, train)


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
        return complain(error, 2)
    except DriftError as error:
        return complain(error, 4)
    except CvocrError as error:
        return complain(error, 3)
    except OSError as error:
        return complain(error, 2)
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
