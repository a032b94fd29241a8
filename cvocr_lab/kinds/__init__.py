"""The document types, with one file per family, and the kinds of requests.

To add a family, write a file ``<family>.toml`` here; it is found automatically.  The keys of its
tables are the parameters of the classes in `_spec`, and the type of a field is one of
`FIELD_TYPES`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal

from cvocr_lab.errors import unknown
from cvocr_lab.kinds._fieldtypes import FIELD_TYPES, tables
from cvocr_lab.kinds._forms import FieldError, FieldType
from cvocr_lab.kinds._spec import DocumentType, Field, Layout, Picture, Print, Slot

__all__ = [
    "FIELD_TYPES", "REQUESTS", "TYPES", "TYPE_ALIASES", "DocumentType", "Field", "FieldError",
    "FieldType", "Layout", "Picture", "Print", "RequestKind", "Slot", "caption", "captioned",
    "document_type", "field_order", "request_kind", "spec_of",
]  # fmt: skip


def _document_type(table: dict[str, Any]) -> DocumentType:
    fields = [Field(**row | {"type": FIELD_TYPES[row["type"]]}) for row in table["fields"]]
    layouts = []
    for layout in table["layouts"]:
        parts = {"prints": Print, "slots": Slot, "pictures": Picture}
        rows = {
            key: tuple(part(**row) for row in layout.get(key, ())) for key, part in parts.items()
        }
        layouts.append(Layout(**layout | rows))
    return DocumentType(**table | {"fields": tuple(fields), "layouts": tuple(layouts)})


def _types() -> dict[str, DocumentType]:
    files = sorted(file.name for file in resources.files(__name__).iterdir())
    families = [tables(name) for name in files if name.endswith(".toml")]
    found = [table for family in families for table in family.get("types", ())]
    return {table["name"]: _document_type(table) for table in found}


TYPES = MappingProxyType(_types())
"""All document types by name."""

TYPE_ALIASES = MappingProxyType({spec.alias: name for name, spec in TYPES.items() if spec.alias})
"""Our names of the document types by their names in the other version of the API."""


def spec_of(name: str) -> DocumentType | None:
    """Return the document type with this name in either version of the API; None if unknown."""
    return TYPES.get(TYPE_ALIASES.get(name, name))


def document_type(name: str) -> DocumentType:
    """Return the document type with this name in either version of the API.

    Raises ArgumentError if there is no such type.
    """
    spec = spec_of(name)
    if spec is None:
        raise unknown("document type", name, TYPES)
    return spec


@dataclass(frozen=True, slots=True)
class RequestKind:
    """A kind of request.

    `families` and `side` describe what the endpoint of the API returns.  The offline engine
    returns papers of any family and side, except that ``scan`` returns lines.

    Parameters
    ----------
    images
        Number of pictures: 1, or 2 for front and back.
    families
        Families of papers that the endpoint returns; empty for ``scan``, which returns lines.
    side
        The only side that the endpoint returns, or "" for both.
    """

    name: str
    images: Literal[1, 2]
    families: frozenset[str]
    side: Literal["front", "back", ""] = ""


_ID = frozenset({"id", "passport"})
_VEHICLE = frozenset({"vehicle"})

_KINDS = (
    RequestKind("id_pair", 2, _ID),
    RequestKind("id_front", 1, _ID, "front"),
    RequestKind("id_back", 1, _ID, "back"),
    RequestKind("id_any", 1, _ID),
    RequestKind("id_pdf", 1, _ID),
    RequestKind("vehicle", 1, _VEHICLE),
    RequestKind("vehicle_pair", 2, _VEHICLE),
    RequestKind("scan", 1, frozenset()),
)
REQUESTS = MappingProxyType({kind.name: kind for kind in _KINDS})
"""All kinds of requests by name."""


def request_kind(name: str) -> RequestKind:
    """Return the kind of request with this name.

    Raises ArgumentError if there is no such kind.
    """
    if name not in REQUESTS:
        more = "" if name not in TYPES else " (offline, the type is found from the picture)"
        raise unknown("kind", name, REQUESTS, more=more)
    return REQUESTS[name]


@cache
def caption(field: str) -> str:
    """Return the most common printed caption of a field; its name if there is none.

    >>> caption("noicap"), caption("total")
    ('Nơi cấp', 'total')
    """
    printed = [f.vi[0] for spec in TYPES.values() for f in spec.fields if f.name == field and f.vi]
    return max(printed, key=printed.count, default=_UNPRINTED.get(field, field))


_UNPRINTED = {
    "mrz": "Mã MRZ", "qr": "Mã QR", "issued_at": "Nơi cấp", "last_issue_date": "Ngày cấp",
}  # fmt: skip


def captioned(field: str) -> str:
    """Return the caption of a field with its name, for display.

    >>> captioned("noicap"), captioned("total")
    ('Nơi cấp (noicap)', 'total')
    """
    printed = caption(field)
    return field if printed == field else f"{printed} ({field})"


def field_order(types: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return the field names of these document types (None: all types) in the order of frames."""
    wanted = TYPES.keys() if types is None else set(types)
    chosen = (spec for name, spec in TYPES.items() if name in wanted)
    return tuple(dict.fromkeys(field.name for spec in chosen for field in spec.fields))
