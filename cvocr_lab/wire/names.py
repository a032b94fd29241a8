"""Translate types and field names between the two versions of the API and our own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache, lru_cache
from typing import Final, Literal

from cvocr_lab.kinds import TYPES, DocumentType, Field

MISSPELT: Final = {"mrz_confindence": "mrz_confidence"}

_MRZ_NAMES: Final[Mapping[str, str]] = {
    "id": "document_number",
    "born": "dob",
    "sex": "gender",
    "duedate": "due_date",
    "surname": "sur_name",
}
"""Names of the MRZ fields of cards in both versions."""


def field_name(spec: DocumentType | None, key: str) -> str | None:
    """Return our name of a field of this type (None: of any type); None if it is not a field."""
    return (_of_any_type() if spec is None else _of_type(spec.name)).get(key)


def api_name(spec: DocumentType | None, name: str, version: Literal["v1", "v2"]) -> str:
    """Return the name of a field in this version.

    >>> from cvocr_lab.kinds import spec_of
    >>> back = spec_of("matsautcc_chip")
    >>> api_name(back, "id", "v1"), api_name(spec_of("tcc"), "born", "v2")
    ('document_number', 'dob')
    """
    if spec is None or name not in spec.names:
        return name
    field = spec[name]
    if field.source == "mrz":
        return _MRZ_NAMES.get(name, name)
    # v1 has no vehicles, so only v2 has names for their fields.
    if version == "v1" and spec.family != "vehicle":
        return name
    # A paper may have a field with the name of another field's alias.
    return next((alias for alias in field.aliases if alias not in spec.names), name)


@cache
def _of_type(name: str) -> Mapping[str, str]:
    spec = TYPES[name]
    found = _names_of(spec.fields)
    if spec.mrz == "TD1":
        # In the API, `id` is never the number in the MRZ, which is only the end of the number.
        del found["id"]
    return found


def infer_type(
    cells: Mapping[str, object], side: str, families: Collection[str]
) -> DocumentType | None:
    """Return the only type with these fields and this form of number; None if not unique.

    It is used for the sides of a pair, whose type v1 omits.
    """
    keys = frozenset(key for key in cells if key in _of_any_type())
    number = cells.get("id")
    fitting = [
        spec
        for spec in _types_with(keys, side, frozenset(families))
        if not isinstance(number, str) or spec["id"].type.accepts(number)
    ]
    return fitting[0] if keys and len(fitting) == 1 else None


@lru_cache(1024)  # a run has only a few different sets of fields
def _types_with(
    keys: frozenset[str], side: str, families: frozenset[str]
) -> tuple[DocumentType, ...]:
    return tuple(
        spec
        for spec in TYPES.values()
        if side in ("", spec.side)
        and spec.family in families
        and all(field_name(spec, key) for key in keys)
    )


@cache
def _of_any_type() -> dict[str, str]:
    return _names_of([field for spec in TYPES.values() for field in spec.fields])


def _names_of(fields: Sequence[Field]) -> dict[str, str]:
    """Map names and aliases to names; a name takes precedence, then the alias that comes first."""
    found = {alias: field.name for field in reversed(fields) for alias in field.aliases}
    return found | {field.name: field.name for field in fields}
