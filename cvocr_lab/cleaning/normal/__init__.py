"""Normal forms of single values: one rule for each field type, with a record of its steps.

The rule is found by the name of the type, or else by its class.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from cvocr_lab.cleaning.normal import codes, dates, lists, texts
from cvocr_lab.cleaning.normal.cells import Action, Cleaned, Cleaner, Part, Rule, Step
from cvocr_lab.kinds import FieldType
from cvocr_lab.kinds import _forms as forms

__all__ = ["Action", "Cleaned", "Cleaner", "Part", "Rule", "Step", "rule_of"]

_AUTHORITY: Final = Rule(lists.authority, parts=("score",))
_POLICE: Final = Rule(lists.police, parts=("province", "score"))
_BY_NAME: Final[Mapping[str, Rule]] = {
    "PASSPORT_NUMBER": Rule(codes.passport_number),
    "COUNTRY_CODE": Rule(codes.country_code),
    "CHASSIS": Rule(codes.chassis),
    "ENGINE": Rule(codes.engine),
    "COLOR": Rule(lists.colour, parts=("score",)),
    "AUTHORITY_CMND": _POLICE,
    "POLICE": _POLICE,
    "AUTHORITY_CARD": _AUTHORITY,
    "AUTHORITY_CHIP": _AUTHORITY,
    "AUTHORITY_2024": _AUTHORITY,
    "AUTHORITY_PASSPORT": _AUTHORITY,
    "PROVINCE": Rule(texts.province, parts=("province_2025", "score")),
}
_BY_FORM: Final[Mapping[type[FieldType], Rule]] = {
    forms.CitizenId: Rule(codes.number),
    forms.Date: Rule(dates.date, "date", ("iso",)),
    forms.Choice: Rule(lists.listed, parts=("score",)),
    forms.Name: Rule(texts.name),
    forms.Owner: Rule(texts.owner),
    forms.Address: Rule(texts.address, parts=texts.ADDRESS_PARTS),
    forms.Plate: Rule(codes.plate, parts=("class", "province", "province_2025")),
    forms.Amount: Rule(codes.amount, "whole"),
}


@cache
def rule_of(kind: FieldType) -> Rule:
    """Return the rule that cleans values of this type; free text if it has no rule of its own."""
    found = _BY_NAME.get(kind.name) or _BY_FORM.get(type(kind))
    if found is None and isinstance(kind, forms.Pattern) and kind.alphabet == forms.DIGITS:
        return Rule(codes.number)
    return found or Rule(texts.plain)
