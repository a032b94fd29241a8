"""The API's two vocabularies and ours: types and field names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache, lru_cache
from typing import Final

from cvocr_lab.errors import ArgumentError
from cvocr_lab.kinds import TYPES, DocumentType, document_type

MISSPELT: Final = {"mrz_confindence": "mrz_confidence"}


def spec_of(name: str) -> DocumentType | None:
    """The type that either version's word names; None for words no family knows."""
    try:
        return document_type(name)
    except ArgumentError:
        return None


def field_name(spec: DocumentType | None, key: str) -> str | None:
    """Our name of a field; None for what is no field of the type, of no type if None."""
    if spec is None:
        return _of_any_type().get(key)
    try:
        return spec[key].name
    except KeyError:
        return None


def v2_name(spec: DocumentType | None, name: str) -> str:
    """The v2 page's name of a field."""
    aliases = spec[name].aliases if spec and field_name(spec, name) == name else ()
    # A chip card's back has the MRZ's `nationality` beside what it prints.
    free = (alias for alias in aliases if field_name(spec, alias) == name)
    return next(free, name)


def only_type(
    cells: Mapping[str, object], side: str, families: Collection[str]
) -> DocumentType | None:
    """The one type that has these fields and takes this number; None where several do.

    For the sides of a pair, whose type the v1 page leaves out.
    """
    keys = frozenset(key for key in cells if key in _of_any_type())
    number = cells.get("id")
    fitting = [
        kind
        for kind in _types_with(keys, side, frozenset(families))
        if not isinstance(number, str) or kind["id"].type.accepts(number)
    ]
    return fitting[0] if keys and len(fitting) == 1 else None


@lru_cache(1024)  # a run sees the same few sets of fields again and again
def _types_with(
    keys: frozenset[str], side: str, families: frozenset[str]
) -> tuple[DocumentType, ...]:
    return tuple(
        kind
        for kind in TYPES.values()
        if side in ("", kind.side)
        and kind.family in families
        and all(field_name(kind, key) for key in keys)
    )


@cache
def _of_any_type() -> dict[str, str]:
    names: dict[str, str] = {}
    for kind in TYPES.values():
        for field in kind.fields:
            for key in (field.name, *field.aliases):
                names.setdefault(key, field.name)
    # An alias of one type may be a field of another, which then is meant.
    return names | {f.name: f.name for kind in TYPES.values() for f in kind.fields}
