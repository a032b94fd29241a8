"""Clean and check values: normal forms, consistency rules, and labels taken from codes."""

from cvocr_lab.cleaning.checking import check
from cvocr_lab.cleaning.clean import THRESHOLD, changes, clean, refreshed
from cvocr_lab.cleaning.from_codes import labels_from_codes
from cvocr_lab.cleaning.rules import RULES, Rule
from cvocr_lab.cleaning.suggest import suggested, suggestions

__all__ = [
    "RULES", "THRESHOLD", "Rule", "changes", "check", "clean", "labels_from_codes", "refreshed",
    "suggested", "suggestions",
]  # fmt: skip
