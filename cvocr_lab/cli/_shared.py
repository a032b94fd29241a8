"""Helpers for several commands: engine options, reading and printing tables, messages."""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TextIO, TypeAlias

import pandas as pd

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

EXIT_CODES: Final = (
    "exit codes: 0 success, 1 some rows failed, 2 wrong call, 3 the run stopped, "
    "4 a score is worse than required, 130 interrupted"
)


def complain(message: object, code: int) -> int:
    """Print `message` to the error stream and return `code`."""
    print(f"cvocr-lab: {message}", file=sys.stderr)
    return code


def as_flags(text: object) -> str:
    """Replace arguments of Python by options of the command line."""
    return str(text).replace("retry_failed=True", "--retry-failed")


@contextmanager
def printed_warnings(*categories: type[Warning]) -> Iterator[list[type[Warning]]]:
    """Print warnings of these categories in one line each; yields the categories printed so far."""
    printed: list[type[Warning]] = []
    with warnings.catch_warnings():
        show_others = warnings.showwarning

        def show(
            message: Warning | str, category: type[Warning], filename: str, lineno: int,
            file: TextIO | None = None, line: str | None = None,
        ) -> None:  # fmt: skip
            if issubclass(category, categories):
                complain(as_flags(message), 1)
                printed.append(category)
            else:
                show_others(message, category, filename, lineno, file, line)

        for category in categories:
            warnings.simplefilter("always", category)
        warnings.showwarning = show
        yield printed


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--option``, which passes options to the engine."""
    parser.add_argument(
        "--option", type=_option, action="append", default=[], metavar="NAME=VALUE",
        help="option of the engine, e.g. threads=2 or base_url=https://host; may be repeated",
    )  # fmt: skip


def _option(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    if name in ("key", "secret"):
        raise argparse.ArgumentTypeError(
            f"set CVOCR_API_{name.upper()} instead: other users can see the command line"
        )
    if value.lower() in ("true", "false"):
        return name, value.lower() == "true"
    if re.fullmatch(r"-?(0|[1-9]\d*)", value):
        return name, int(value)
    if re.fullmatch(r"-?\d+\.\d+(e[-+]?\d+)?", value):
        return name, float(value)
    return name, value


_PRINTED: Final = (
    "papers", "type_right", "n", "correct", "wrong", "invented", "missing", "absent", "exact",
    "cer",
)  # fmt: skip
"""Columns of a summary that fit into a terminal."""


def wrapped(text: str) -> str:
    """Break a text into lines that fit into a terminal."""
    return textwrap.fill(text, 100)


def table(table: pd.DataFrame) -> str:
    """Format a summary for a terminal; `from_to` is the 95 % interval of `exact`, in percent."""
    shown = table[[c for c in _PRINTED if c in table]].copy()
    if "exact_low" in table and "exact" in shown:
        edges = table[["exact_low", "exact_high"]].to_numpy() * 100
        between = ["-" if low != low else f"{low:.1f}-{high:.1f}" for low, high in edges]
        shown.insert(list(shown).index("exact") + 1, "from_to", between)
    shares = {"exact": "{:.1%}", "cer": "{:.2%}", "type_right": "{:.1%}"}
    formatters = {c: f.format for c, f in shares.items() if c in shown}
    return shown.to_string(formatters=formatters, na_rep="-")
