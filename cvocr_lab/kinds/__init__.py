"""What the papers are: one file per document family, nouns only.

To add a family, write a module here that ends in ``KINDS = (…)``; it is found by walking.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

from cvocr_lab.errors import unknown
from cvocr_lab.kinds._fieldtypes import FIELD_TYPES, FieldError, FieldType
from cvocr_lab.kinds._spec import DocumentType, Field, Layout, Picture, Print, Slot

__all__ = [
    "FIELD_TYPES", "REQUESTS", "TYPES", "DocumentType", "Field", "FieldError", "FieldType",
    "Layout", "Picture", "Print", "RequestKind", "Slot", "caption", "captioned", "document_type",
    "field_order", "request_kind",
]  # fmt: skip


def _walk() -> dict[str, DocumentType]:
    found: dict[str, DocumentType] = {}
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            for kind in importlib.import_module(f"{__name__}.{module.name}").KINDS:
                found[kind.name] = kind
    return found


TYPES = MappingProxyType(_walk())
"""Every document type by its name."""

_ALIASES = {kind.alias: kind for kind in TYPES.values() if kind.alias}


def document_type(name: str) -> DocumentType:
    """The type of that name or of the other API version's word for it.

    Raises
    ------
    ArgumentError
        No such type.
    """
    kind = TYPES.get(name) or _ALIASES.get(name)
    if kind is None:
        raise unknown("document type", name, TYPES)
    return kind


@dataclass(frozen=True, slots=True)
class RequestKind:
    """What a user asks for.

    `families` and `side` say what the cloud endpoint of this kind returns.  The offline engine
    finds the type itself: whatever paper is in the picture comes back, whatever its family and
    side; of the two it only heeds that ``scan`` names no family.

    Parameters
    ----------
    name
        ``id_any`` …
    images
        Pictures one request takes: 1, or 2 for front and back.
    families
        Families of paper the endpoint returns; empty for ``scan``, which returns lines.
    side
        The only side the endpoint returns, or "" for either.
    """

    name: str
    images: Literal[1, 2]
    families: frozenset[str]
    side: Literal["front", "back", ""] = ""


_ID = frozenset({"id", "passport"})
_VEHICLE = frozenset({"vehicle"})

REQUESTS = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            RequestKind("id_pair", 2, _ID),
            RequestKind("id_front", 1, _ID, "front"),
            RequestKind("id_back", 1, _ID, "back"),
            RequestKind("id_any", 1, _ID),
            RequestKind("id_pdf", 1, _ID),
            RequestKind("vehicle", 1, _VEHICLE),
            RequestKind("vehicle_pair", 2, _VEHICLE),
            RequestKind("scan", 1, frozenset()),
        )
    }
)
"""Every kind of request by its name."""


def request_kind(name: str) -> RequestKind:
    """The request kind of that name.

    Raises
    ------
    ArgumentError
        No such kind.
    """
    if name not in REQUESTS:
        more = "" if name not in TYPES else " (offline, the type is found from the picture)"
        raise unknown("kind", name, REQUESTS, more=more)
    return REQUESTS[name]


@cache
def caption(field: str) -> str:
    """The caption that most papers print for a field of that name; the name where none is known.

    >>> caption("noicap"), caption("total")
    ('Nơi cấp', 'total')
    """
    printed = [f.vi[0] for kind in TYPES.values() for f in kind.fields if f.name == field and f.vi]
    return max(printed, key=printed.count, default=_UNPRINTED.get(field, field))


_UNPRINTED = {
    "mrz": "Mã MRZ", "qr": "Mã QR", "issued_at": "Nơi cấp", "last_issue_date": "Ngày cấp",
}  # fmt: skip


def captioned(field: str) -> str:
    """The caption of a field with its column name beside it, as people are shown it.

    >>> captioned("noicap"), captioned("total")
    ('Nơi cấp (noicap)', 'total')
    """
    printed = caption(field)
    return field if printed == field else f"{printed} ({field})"


def field_order(types: Iterable[str] | None = None) -> tuple[str, ...]:
    """Field names of these document types, of all for None: each once, as frames order them."""
    wanted = TYPES.keys() if types is None else set(types)
    chosen = (kind for name, kind in TYPES.items() if name in wanted)
    return tuple(dict.fromkeys(field.name for kind in chosen for field in kind.fields))
