"""Definitions of the figures in a report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Final

DEFINITIONS: Final[Mapping[str, str]] = {
    "before comparing": "Unicode NFC; runs of blanks become one, and blanks at the ends are "
    "removed; nothing else. Case, diacritics and punctuation count. None, NaN and the empty text "
    "are absent. A truth of ### (printed, but unreadable) is left out. If several truths are "
    "accepted, the nearest one counts.",
    "correct, wrong, invented, missing, absent": "both present and equal; both present and "
    "different; only a value; only a truth; neither.",
    "exact": "correct / (correct + wrong + missing): share of printed values read exactly. This is "
    "also the recall, since a wrong value does not count as found.",
    "exact case, exact diacritics, exact loose": "the same, ignoring case; ignoring diacritics "
    "(đ equals d); ignoring case, diacritics, punctuation and blanks.",
    "same value": "the same, with values compared by their type: dates in any printed form, "
    "plates and numbers without separators, places by their parts.",
    "other era": "values that are the name of the place before or after the mergers of July 2025.",
    "right": "(correct + absent) / n; it is misleadingly high if many values are absent.",
    "coverage": "(correct + wrong) / (correct + wrong + missing).",
    "precision, F1": "correct / (correct + wrong + invented); its harmonic mean with exact.",
    "card exact": "share of cards in which every compared field is correct or absent. A card is a "
    "row of the truth.",
    "CER, CER macro": "edits / letters, each summed over the values whose truth is present (not a "
    "mean of rates). Edits: the minimum number of insertions, deletions and replacements "
    "(Levenshtein). A missing value costs its length; an invented value is not counted. CER macro: "
    "mean over the values of edits / letters; short values count as much as long ones.",
    "WER, WER macro": "the same with words instead of letters.",
    "ANLS": "mean over all cells of 1 − edits / longer length, or 0 if that is below one half, "
    "ignoring case; cells where both are absent count 1.",
    "[ … ]": "95 % interval. It is computed by cards, because the values of one card are not "
    "independent: two additional cards, one completely right and one completely wrong, are added, "
    "and the variance between cards gives an effective number of cards.",
    "p": "exact McNemar test of the values on which two readers differ, with Holm's correction for "
    "the number of tests.",
    "AUROC": "probability that a right value has a higher confidence than another one (ties count "
    "half).",
    "Brier score": "mean of (confidence − 1 if right, 0 if not)².",
    "ECE": "mean difference between mean confidence and share right over bands of about equal "
    "size; “by luck alone”: its expected value if all confidences were exactly true.",
}


def _anchor(term: str) -> str:
    return "d-" + (re.sub(r"\W+", "-", term.lower()).strip("-") or "interval")


TERMS: Final[Mapping[str, str]] = {
    heading: _anchor(term) for term in DEFINITIONS for heading in (term, *term.split(", "))
}
"""The anchor of the definition of each heading."""


def definitions() -> str:
    """Return all definitions as an HTML list, each with its anchor."""
    lines = (
        f'<dt id="{_anchor(term)}">{escape(term)}</dt><dd>{escape(said)}</dd>'
        for term, said in DEFINITIONS.items()
    )
    return f"<dl>{''.join(lines)}</dl>"
