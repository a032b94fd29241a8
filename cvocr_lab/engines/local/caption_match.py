"""Finds where a printed wording occurs in a line that was read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rapidfuzz import fuzz

CLEAR: Final = 0.9
"""Similarity from which a wording is clearly read."""


def _least(key: str) -> float:
    length = len(key)
    return 101 if length < 4 else 90 if length < 7 else 82 if length < 12 else 76


def place(key: str, anchor: str) -> tuple[float, int, int] | None:
    """Return the similarity and span of the anchor in the line, or None if it does not occur."""
    if len(anchor) < 4 or len(key) < 0.7 * len(anchor):
        return None
    if len(key) <= len(anchor):
        ratio = fuzz.ratio(key, anchor)
        alike = ratio >= _least(anchor) and _same_words(key, anchor)
        return (ratio / 100, 0, len(key)) if alike else None
    found = fuzz.partial_ratio_alignment(anchor, key, score_cutoff=70)
    if found is None:
        return None
    first, last = found.dest_start, found.dest_end
    # The window is as long as the anchor, but the caption may end at an earlier or later word.
    starts = {first, key.rfind(" ", 0, first + 1) + 1, key.find(" ", first) + 1 or first}
    ends = {last, key.find(" ", last - 1), key.rfind(" ", first, last)}
    spans = [(a, len(key) if b < 0 else b) for a in starts for b in ends]
    ratio, start, end = max(
        (fuzz.ratio(key[a:b], anchor) - 25 * _cuts_words(key, a, b), a, b)
        for a, b in spans
        if b > a and key[a] != " "
    )
    near = abs(end - start - len(anchor)) <= max(1.0, 0.15 * len(anchor))  # "Hồ Chí", "Hộ chiếu"
    alike = near and ratio >= _least(anchor) and _same_words(key[start:end], anchor)
    return (ratio / 100, start, end) if alike else None


_LEAST_END, _SHARE_END, _ALIKE_END = 8, 0.44, 90
"""Least number of letters of a caption's end that identifies it, their least share of the caption,
and their least similarity in percent."""


def end_of(
    key: str, anchor: str, origin: Sequence[int], text: str
) -> tuple[float, int, int] | None:
    """Find a caption whose beginning is hidden or cut off, so that the line begins within it.

    The line must begin within a word, or a colon must follow: a line that begins with whole words
    of a wording may be the second line of a value.  The result is as for `place`.
    """
    least = max(_LEAST_END, int(_SHARE_END * len(anchor)))
    for length in range(min(len(anchor) - 1, len(key)), least - 1, -1):
        ends = length == len(key) or key[length] == " "
        if not ends or fuzz.ratio(key[:length], anchor[-length:]) < _ALIKE_END:
            continue
        within = anchor[-length] != " " and anchor[-length - 1] != " "
        if within or text[origin[length - 1] + 1 :].lstrip().startswith(":"):
            return CLEAR, 0, length
    return None


def _cuts_words(key: str, start: int, end: int) -> bool:
    before = start > 0 and key[start - 1] != " " and key[start] != " "
    after = end < len(key) and key[end] != " " and key[end - 1] != " "
    return before or after


def _same_words(text: str, anchor: str) -> bool:
    """Return whether no word is a different word: ``nguyen van`` is not ``nguyen quan``."""
    mine, theirs = text.split(), anchor.split()
    if len(mine) != len(theirs):
        return True
    pairs = zip(mine, theirs, strict=True)
    return all(len(b) < 3 or fuzz.ratio(a, b) >= 58 for a, b in pairs)
