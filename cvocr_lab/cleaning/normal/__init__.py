"""Normal forms of single values: one rule for each field type, with a record of its steps."""

from cvocr_lab.cleaning.normal.cells import Action, Cleaned, Cleaner, Part, Rule, Step
from cvocr_lab.cleaning.normal.rules import rule_of

__all__ = ["Action", "Cleaned", "Cleaner", "Part", "Rule", "Step", "rule_of"]
