"""Readings as plain JSON text and back: what a store keeps of them.

Numbers come back as the very same numbers.  Thumbnails are left out: frames do not hold them.
"""

from __future__ import annotations

import json
import math
from types import MappingProxyType
from typing import Any, Final, cast

from cvocr_lab import errors
from cvocr_lab.errors import CvocrError, RowError
from cvocr_lab.results import Document, Extraction, FieldValue, Line, Quad

_SCALARS: Final = ("type", "side", "page", "confidence", "valid", "invalid_code", "invalid_message")


def dump(result: Extraction | CvocrError) -> str:
    """Write one result.

    >>> load(dump(Extraction(engine="fake 1"))).engine
    'fake 1'
    """
    content: dict[str, object]
    if isinstance(result, CvocrError):
        content = {"error": type(result).__name__, "code": result.code, "message": str(result)}
    else:
        content = {
            "engine": result.engine,
            "documents": [_document(d) for d in result.documents],
            "lines": [[x.text, x.confidence, x.quad, x.characters] for x in result.lines],
        }
    try:
        return _JSON.encode(content)
    except ValueError:  # NaN and infinity are no JSON
        return _JSON.encode(_finite(content))


def load(text: str) -> Extraction | CvocrError:
    """Read what `dump` wrote."""
    content: dict[str, Any] = json.loads(text)
    if "error" in content:
        return _error(content["error"], content["code"], content["message"])
    return Extraction(
        documents=tuple(_from_document(d) for d in content["documents"]),
        lines=tuple(Line(t, c, _quad(q), tuple(each)) for t, c, q, each in content["lines"]),
        engine=content["engine"],
    )


def _plain(value: object) -> object:
    """Turn what an engine from outside may have left: arrays, and numbers of theirs."""
    unpack = getattr(value, "tolist", None)
    return unpack() if callable(unpack) else str(value)


_JSON: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain
)


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {name: _finite(v) for name, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if hasattr(value, "tolist"):
        return _finite(_plain(value))
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _document(document: Document) -> dict[str, object]:
    """Name only what is there: most of a document's facts are their defaults."""
    content: dict[str, object] = {
        name: value for name in _SCALARS if (value := getattr(document, name)) not in (None, "")
    }
    content["fields"] = {n: [v.text, v.confidence, v.quad] for n, v in document.fields.items()}
    if document.warnings:
        content["warnings"] = document.warnings
    if document.corners is not None:
        content["corners"] = document.corners
    if document.extra:
        content["extra"] = dict(document.extra)
    return content


def _from_document(content: dict[str, Any]) -> Document:
    return Document(
        **{"type": "", **{name: content[name] for name in _SCALARS if name in content}},
        fields=MappingProxyType(
            {n: FieldValue(t, c, _quad(q)) for n, (t, c, q) in content["fields"].items()}
        ),
        warnings=tuple(content.get("warnings", ())),
        corners=_quad(content.get("corners")),
        extra=MappingProxyType(content.get("extra", {})),
    )


def _quad(numbers: list[float] | None) -> Quad | None:
    return None if numbers is None else cast("Quad", tuple(numbers))


def _error(name: str, code: str | None, message: str) -> CvocrError:
    known = getattr(errors, name, None)
    if isinstance(known, type) and issubclass(known, CvocrError) and known.code == code:
        return known(message)
    # An engine's own class may not be there now; its name and code stand in the frame.
    made = type(name, (RowError,), {"code": code})
    return cast("CvocrError", made(message))
