"""Which field types a column may hold, and which columns cleaning gives it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from cvocr_lab.cleaning.normal import Rule, rule_of
from cvocr_lab.errors import ArgumentError
from cvocr_lab.kinds import FIELD_TYPES, TYPES, FieldType, document_type


@lru_cache(None)
def kinds_of(type_: str, field: str) -> tuple[FieldType, ...]:
    """Return the possible types of a field: exactly one if the document type is known."""
    known = TYPES.get(type_)
    if known is None and type_:
        try:
            known = document_type(type_)
        except ArgumentError:
            known = None
    if known is None:
        return _possible(field)
    try:
        return (known[field].type,)
    except KeyError:
        return (FIELD_TYPES["MODEL"],)  # not on this paper: free text


@lru_cache(None)
def _possible(field: str) -> tuple[FieldType, ...]:
    found = []
    for kind in TYPES.values():
        try:
            found.append(kind[field].type)
        except KeyError:
            continue
    return tuple(dict.fromkeys(found))


def shape_of(field: str, types: Sequence[str]) -> Rule:
    """Return the rule that describes the clean columns of a field for these document types."""
    kinds = dict.fromkeys(kind for type_ in types for kind in kinds_of(type_, field))
    rules = [rule_of(kind) for kind in kinds if kind.name != "MODEL" or len(kinds) == 1]
    dtypes: list[Literal["text", "date", "whole"]] = [rule.dtype for rule in rules]
    dtype = dtypes[0] if len(set(dtypes)) == 1 else "text"
    parts = dict.fromkeys(part for rule in rules for part in rule.parts)
    return Rule(rules[0].clean, dtype, tuple(parts))
