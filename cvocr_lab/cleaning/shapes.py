"""Which columns hold fields and of which types, and which columns cleaning gives them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal

import numpy as np
import pandas as pd

from cvocr_lab.cleaning.normal import Rule, rule_of
from cvocr_lab.errors import ArgumentError, unknown
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


_KNOWN: Final = frozenset(
    name
    for kind in TYPES.values()
    for field in kind.fields
    for name in (field.name, *field.aliases)
)


def fields_of(frame: pd.DataFrame, wanted: Sequence[str] | None) -> dict[str, tuple[str, str]]:
    """Find the columns to clean: name -> prefix of a wide frame and field."""
    names = list(map(str, frame.columns))
    prefixes = [c.removesuffix("ocr_type") for c in names if c.endswith("_ocr_type")]
    found = {}
    for name in names:
        for prefix in ("", *prefixes):
            if name.startswith(prefix) and name.removeprefix(prefix) in _KNOWN:
                found[name] = prefix, name.removeprefix(prefix)
    if wanted is None:
        return found
    if missing := [name for name in wanted if name not in found]:
        raise unknown("field", missing[0], found)
    return {name: found[name] for name in wanted}


Codes = np.ndarray[tuple[int], np.dtype[np.int64]]
"""For each row a position in some list."""


def types_of(frame: pd.DataFrame, prefix: str) -> tuple[Codes, list[str]]:
    """Return the index of each row's document type in a list, -1 for an unknown type."""
    name = next((c for c in (f"{prefix}ocr_type", f"{prefix}type") if c in frame.columns), None)
    if name is None:
        return np.full(len(frame), -1, dtype=np.int64), []
    codes, types = pd.factorize(frame[name])
    return codes.astype(np.int64), [str(t) for t in types]
