"""Differences between wrong values and the truth, letter by letter."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import Final

from rapidfuzz.distance import Levenshtein

from cvocr_lab.text import comparison_key

_GAP: Final = "·"
_BLANK: Final = "␣"


def aligned(truth: str, value: str, *, width: int = 60) -> str:
    """Return HTML with the printed text above the text that was read, and differences marked.

    Corresponding letters are in one column; a dot stands for a letter that one side
    lacks.  Everything is escaped.  Texts of more than `width` letters are continued in another pair
    of lines.
    """
    above, below = comparison_key(truth), comparison_key(value)
    columns: list[tuple[str, str, bool]] = []
    for step in Levenshtein.opcodes(above, below):
        pairs = zip_longest(
            above[step.src_start : step.src_end],
            below[step.dest_start : step.dest_end],
            fillvalue="",
        )
        columns += [(t, v, step.tag != "equal") for t, v in pairs]
    return "".join(
        f'<div class="lines"><div><i>printed</i><code>{_line(part, 0)}</code></div>'
        f"<div><i>read</i><code>{_line(part, 1)}</code></div></div>"
        for part in (columns[at : at + width] for at in range(0, len(columns), width))
    )


def _line(columns: Sequence[tuple[str, str, bool]], side: int) -> str:
    parts = []
    for differs, run in groupby(columns, key=itemgetter(2)):
        shown = [str(column[side]) for column in run]
        if differs:
            shown = [{"": _GAP, " ": _BLANK}.get(letter, letter) for letter in shown]
        text = escape("".join(shown))
        parts.append(f"<mark>{text}</mark>" if differs else text)
    return "".join(parts)
