"""The API's two vocabularies and ours: types and field names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache, lru_cache
from typing import Final, Literal

from cvocr_lab.errors import ArgumentError
from cvocr_lab.kinds import TYPES, DocumentType, document_type

MISSPELT: Final = {"mrz_confindence": "mrz_confidence"}

_ZONE: Final[Mapping[str, str]] = {
    "id": "document_number",
    "born": "dob",
    "sex": "gender",
    "duedate": "due_date",
    "surname": "sur_name",
}
"""What both versions call the fields that a card's machine-readable zone carries."""


def spec_of(name: str) -> DocumentType | None:
    """The type that either version's word names; None for words no family knows."""
    try:
        return document_type(name)
    except ArgumentError:
        return None


def field_name(spec: DocumentType | None, key: str) -> str | None:
    """Our name of a field; None for what is no field of the type, of no type if None."""
    return (_of_any_type() if spec is None else _of_type(spec.name)).get(key)


def api_name(spec: DocumentType | None, name: str, version: Literal["v1", "v2"]) -> str:
    """What the pages of that version call a field.

    >>> back = spec_of("matsautcc_chip")
    >>> api_name(back, "id", "v1"), api_name(spec_of("tcc"), "born", "v2")
    ('document_number', 'dob')
    """
    if spec is None or name not in spec.names:
        return name
    field = spec[name]
    if field.source == "mrz":
        return _ZONE.get(name, name)
    # v1 has no vehicles: there is only v2's word for their fields.
    if version == "v1" and spec.family != "vehicle":
        return name
    # A paper may have a field of that very name beside the one it is an alias of.
    return next((alias for alias in field.aliases if alias not in spec.names), name)


@cache
def _of_type(name: str) -> Mapping[str, str]:
    spec = TYPES[name]
    found = {key: f.name for f in spec.fields for key in reversed(f.aliases)}
    found |= {f.name: f.name for f in spec.fields}
    if spec.mrz == "TD1":
        # What a card's zone has as `id` no page calls so: it is the end of the number only.
        del found["id"]
    return found


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
