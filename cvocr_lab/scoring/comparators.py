"""Whether a value that is written otherwise says the same: one fixed rule per field type."""

from __future__ import annotations

from typing import Final, Literal

from cvocr_lab.kinds import FieldType
from cvocr_lab.text import old_tone

Rule = Literal["name", "text", "date", "number", "plate", "choice", "amount", "place"]

VERDICTS: Final = ("same", "style", "same value", "other era", "different")


def rule_of(kind: FieldType) -> Rule:
    """The rule by which values of a field type are compared."""
    return "text" if kind else "name"


def verdict(truth: str, value: str, rule: Rule) -> int:
    """Say which of `VERDICTS` fits two different keys, as its position."""
    if rule != "name" and old_tone(truth) == old_tone(value):
        return 1
    return 4
