"""Which rule cleans which field type: by the name of the type, or else by its class."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from cvocr_lab.cleaning.normal import codes, dates, lists, texts
from cvocr_lab.cleaning.normal.cells import Rule
from cvocr_lab.kinds import FieldType
from cvocr_lab.kinds import _forms as forms

_LISTED: Final = ("score",)

BY_NAME: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "PASSPORT_NUMBER": Rule(codes.passport_number),
        "COUNTRY_CODE": Rule(codes.country_code),
        "CHASSIS": Rule(codes.chassis),
        "ENGINE": Rule(codes.engine),
        "COLOR": Rule(lists.colour, parts=_LISTED),
        "AUTHORITY_CMND": Rule(lists.police, parts=("province", "score")),
        "POLICE": Rule(lists.police, parts=("province", "score")),
        "AUTHORITY_CARD": Rule(lists.authority, parts=_LISTED),
        "AUTHORITY_CHIP": Rule(lists.authority, parts=_LISTED),
        "AUTHORITY_2024": Rule(lists.authority, parts=_LISTED),
        "AUTHORITY_PASSPORT": Rule(lists.authority, parts=_LISTED),
        "PROVINCE": Rule(texts.province, parts=("province_2025", "score")),
    }
)
"""Rules for single field types."""

BY_FORM: Final[Mapping[type[FieldType], Rule]] = MappingProxyType(
    {
        forms.CitizenId: Rule(codes.number),
        forms.Date: Rule(dates.date, "date", ("iso",)),
        forms.Choice: Rule(lists.listed, parts=_LISTED),
        forms.Name: Rule(texts.name),
        forms.Owner: Rule(texts.owner),
        forms.Address: Rule(texts.address, parts=texts.ADDRESS_PARTS),
        forms.Plate: Rule(codes.plate, parts=("class", "province", "province_2025")),
        forms.Amount: Rule(codes.amount, "whole"),
    }
)
"""Rules for whole classes of field types."""

_NUMBER: Final = Rule(codes.number)
_PLAIN: Final = Rule(texts.plain)


@cache
def rule_of(kind: FieldType) -> Rule:
    """Return the rule that cleans values of this type; free text if it has no rule of its own."""
    if found := BY_NAME.get(kind.name):
        return found
    for form in type(kind).__mro__:
        if found := BY_FORM.get(form):
            return found
    if isinstance(kind, forms.Pattern) and kind.alphabet == forms.DIGITS:
        return _NUMBER
    return _PLAIN
