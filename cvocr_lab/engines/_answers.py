"""Answers as text and back, nothing lost: what `CachedEngine` keeps on disk."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, cast

from cvocr_lab.errors import FormatTypeError, ImageError, NoDocumentError, RowError
from cvocr_lab.results import Document, Extraction, FieldValue, Line, Quad

KEPT_ERRORS: Final[Mapping[str, type[RowError]]] = MappingProxyType(
    {kind.__name__: kind for kind in (NoDocumentError, ImageError, FormatTypeError)}
)
"""Errors that are the picture's own, so that asking again would give them again."""


def dump(answer: Extraction | RowError) -> str:
    """One answer as JSON text.

    >>> load(dump(Extraction(engine="fake 1")))
    Extraction(documents=(), lines=(), engine='fake 1')
    """
    if isinstance(answer, RowError):
        content: dict[str, object] = {"error": type(answer).__name__, "message": str(answer)}
    else:
        content = {
            "engine": answer.engine,
            "documents": [_document(d) for d in answer.documents],
            "lines": [[x.text, x.confidence, x.quad, x.characters] for x in answer.lines],
        }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def load(text: str) -> Extraction | RowError:
    """The answer that `dump` wrote.

    Raises
    ------
    ValueError
        It did not.
    """
    try:
        content: dict[str, Any] = json.loads(text)
        if "error" in content:
            return KEPT_ERRORS[content["error"]](content["message"])
        return Extraction(
            documents=tuple(_from_document(d) for d in content["documents"]),
            lines=tuple(
                Line(text, confidence, _quad(quad), tuple(characters))
                for text, confidence, quad, characters in content["lines"]
            ),
            engine=content["engine"],
        )
    except (KeyError, TypeError) as error:
        raise ValueError("not an answer of this version") from error


def _document(document: Document) -> dict[str, object]:
    thumb = document.thumb
    return {
        "type": document.type,
        "side": document.side,
        "fields": {n: [v.text, v.confidence, v.quad] for n, v in document.fields.items()},
        "page": document.page,
        "confidence": document.confidence,
        "valid": document.valid,
        "invalid_code": document.invalid_code,
        "invalid_message": document.invalid_message,
        "warnings": document.warnings,
        "corners": document.corners,
        "thumb": None if thumb is None else base64.b64encode(thumb).decode(),
        "extra": dict(document.extra),
    }


def _from_document(content: dict[str, Any]) -> Document:
    thumb = content["thumb"]
    plain = {name: content[name] for name in _PLAIN}
    return Document(
        **plain,
        fields=MappingProxyType(
            {
                name: FieldValue(text, confidence, _quad(quad))
                for name, (text, confidence, quad) in content["fields"].items()
            }
        ),
        warnings=tuple(content["warnings"]),
        corners=_quad(content["corners"]),
        thumb=None if thumb is None else base64.b64decode(thumb),
        extra=MappingProxyType(content["extra"]),
    )


_PLAIN: Final = (
    "type", "side", "page", "confidence", "valid", "invalid_code", "invalid_message",
)  # fmt: skip


def _quad(numbers: list[float] | None) -> Quad | None:
    return None if numbers is None else cast("Quad", tuple(numbers))
