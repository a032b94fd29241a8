"""Find the lines of a zone among all lines that were read from a picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import Final

from cvocr_lab.text import digits_from_lookalikes, fold

_SIGNS: Final = str.maketrans({"«": "<<", "≪": "<<", "|": "I", "!": "I"})


def clean(line: str) -> str:
    """Remove spaces and accents, and write capitals; any other character becomes a filler."""
    return re.sub("[^A-Z0-9<]", "<", fold("".join(line.split()).translate(_SIGNS)).upper())


def find(lines: Sequence[str]) -> tuple[str, ...] | None:
    """Find the lines of one zone among all lines of a picture; None if there is no zone.

    The line with the dates is found by its digits; the other lines are next to it.  The name line
    of a card may be missing.  `lines` are their texts from top to bottom.  They are returned
    without spaces, but otherwise as they were read: pass them to `repair`.

    >>> find(["CĂN CƯỚC", "IDVNM0990001232001099000123<<3", "9901018M3901016VNM<<<<<<<<<<<8",
    ...       "NGUYEN<<VAN<MAU<<<<<<"])[2]
    'NGUYEN<<VAN<MAU<<<<<<'
    """
    rows = ["".join(line.split()) for line in lines]
    cleaned = [clean(line) for line in rows]
    for at in reversed(range(1, len(rows))):
        before = next((i for i in reversed(range(at)) if _is_first(cleaned[i])), None)
        if before is None:
            continue
        if has_dates(cleaned[at], 13, 21):
            return rows[before], rows[at]
        if has_dates(cleaned[at], 0, 8):
            names = (rows[i] for i in range(at + 1, len(rows)) if _is_name(cleaned[i]))
            return rows[before], rows[at], *islice(names, 1)
    return None


def has_dates(line: str, birth: int, expiry: int) -> bool:
    """Return whether both dates and their check digits are there; two characters may be misread."""
    read = line[birth : birth + 7] + line[expiry : expiry + 7]
    if len(line) < (24 if birth == 0 else 32) or len(read) < 14:
        return False
    # A name may consist of letters that look like digits, so some real digits are required.
    meant = digits_from_lookalikes(read)
    return len(re.findall("[0-9]", read)) >= 4 and len(re.findall("[0-9<]", meant)) >= 12


def _is_first(line: str) -> bool:
    likely = line.count("<") >= 2 or len(re.findall(r"\d", line)) >= 15
    return len(line) >= 24 and likely and line[0] in "IACPL1T<DV"


def _is_name(line: str) -> bool:
    return len(line) >= 6 and "<" in line and len(re.findall("[0-9]", line)) <= len(line) // 4
