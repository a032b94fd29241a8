"""What the figures of a report mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Final

DEFINITIONS: Final[Mapping[str, str]] = {
    "before comparing": "Unicode NFC, runs of blanks as one, none at the ends; nothing else. Case, "
    "accents and punctuation count. None, NaN and the empty text are absent. A truth of ### (on "
    "the card, unreadable) is left out. Where several truths are accepted, the nearest counts.",
    "correct, wrong, invented, missing, absent": "both there and equal; both there and unlike; "
    "only a value; only a truth; neither.",
    "exact": "correct / (correct + wrong + missing): share of printed values read exactly. It is "
    "the recall too: a wrong value is not found.",
    "exact case, diacritics, loose": "the same where capitals are alike; where tone and shape "
    "marks and đ fall off; where case, marks, punctuation and blanks do.",
    "same value": "the same where values are compared by their type: dates in any printed form, "
    "plates and numbers without their marks, places by their parts.",
    "other era": "values that name the place as before, or as after, the mergers of July 2025.",
    "right": "(correct + absent) / n; many absent values make it look good.",
    "coverage": "(correct + wrong) / (correct + wrong + missing).",
    "precision, F1": "correct / (correct + wrong + invented); its harmonic mean with exact.",
    "card exact": "share of cards whose every compared field is correct or rightly absent. A card "
    "is a row of the truth.",
    "CER": "edits / letters, both summed over the values whose truth is present: pooled, not a "
    "mean of rates. Edits: fewest insertions, deletions and replacements (Levenshtein). A missing "
    "value costs its length; an invented one does not enter. CER macro: mean over values of edits "
    "/ letters; short values weigh as much as long ones.",
    "WER, WER macro": "the same in words between blanks.",
    "ANLS": "mean over all cells of 1 − edits / longer length, 0 where that is below one half; "
    "capitals are alike; absent and left empty counts 1.",
    "[ … ]": "95 % interval. It goes by cards, for the values of one card are not independent: two "
    "imagined cards, one wholly right and one wholly wrong, stand beside those seen, and the "
    "variance between cards gives an effective number of cards.",
    "p": "exact McNemar test of the values on which two readers differ, corrected by Holm for the "
    "number of tests made.",
    "AUROC": "chance that a right value has more confidence than one that is not (ties half).",
    "Brier score": "mean of (confidence − 1 if right, 0 if not)².",
    "ECE": "mean distance of mean confidence and share right over bands of about equal count; "
    "“by luck alone”: what it would be here if all confidences were exactly true.",
}

_HEADINGS: Final = {
    "exact case": "exact case, diacritics, loose",
    "exact diacritics": "exact case, diacritics, loose",
    "exact loose": "exact case, diacritics, loose",
    "precision": "precision, F1",
    "F1": "precision, F1",
    "CER macro": "CER",
    "WER": "WER, WER macro",
    "WER macro": "WER, WER macro",
    **dict.fromkeys(
        ("correct", "wrong", "invented", "missing", "absent"),
        "correct, wrong, invented, missing, absent",
    ),
}


def _anchor(term: str) -> str:
    return "d-" + (re.sub(r"\W+", "-", term.lower()).strip("-") or "interval")


TERMS: Final[Mapping[str, str]] = {
    **{term: _anchor(term) for term in DEFINITIONS},
    **{heading: _anchor(term) for heading, term in _HEADINGS.items()},
}
"""Where the definition of each heading stands on the page."""


def definitions() -> str:
    """Give all definitions as a list of HTML, each with its anchor."""
    lines = (
        f'<dt id="{_anchor(term)}">{escape(term)}</dt><dd>{escape(said)}</dd>'
        for term, said in DEFINITIONS.items()
    )
    return f"<dl>{''.join(lines)}</dl>"
