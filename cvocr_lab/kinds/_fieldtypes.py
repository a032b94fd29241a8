"""All field types, read from ``field_types.toml``; each is also an attribute of this module."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

from cvocr_lab.kinds import _forms as forms


def tables(name: str) -> Any:
    """Return the contents of a TOML file of this folder, with tuples for lists."""
    return _tuples(tomllib.loads(resources.files(__package__).joinpath(name).read_text("utf-8")))


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


FIELD_TYPES: dict[str, forms.FieldType] = {
    name: getattr(forms, table.pop("form"))(name, **table)
    for name, table in tables("field_types.toml").items()
}
"""All field types by name."""


EXPIRY_DATE: forms.Date
AUTHORITY_PASSPORT: forms.Wording


def __getattr__(name: str) -> forms.FieldType:
    if name in FIELD_TYPES:
        return FIELD_TYPES[name]
    raise AttributeError(f"there is no field type {name!r}")
