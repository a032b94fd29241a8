"""Convert results to JSON text and back without loss, for the store."""

from __future__ import annotations

import base64
import json
from types import MappingProxyType
from typing import Any, Final, cast

from cvocr_lab import errors
from cvocr_lab.errors import CvocrError, RowError, Usage
from cvocr_lab.files import escaped
from cvocr_lab.results import Document, Extraction, FieldValue, Line, Quad, checked

_SCALARS: Final = ("type", "side", "page", "confidence", "valid", "invalid_code", "invalid_message")
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def dump(result: Extraction | CvocrError) -> str:
    """Serialise a result to JSON.  It must have passed `cvocr_lab.results.checked`.

    >>> load(dump(Extraction(engine="fake 1")))
    Extraction(documents=(), lines=(), engine='fake 1')
    """
    content: dict[str, object]
    if isinstance(result, CvocrError):
        content = {"error": type(result).__name__, "code": result.code, "message": str(result)}
    else:
        content = {
            "engine": result.engine,
            "documents": [as_json(d) for d in result.documents],
            "lines": [[x.text, x.confidence, x.quad, x.characters] for x in result.lines],
        }
    usage = result.usage if isinstance(result, Extraction | RowError) else None
    if usage is not None:
        content["usage"] = [usage.tokens_in, usage.tokens_out, usage.cost]
    text = _ENCODER.encode(content)
    # The message of an error may contain a file name that cannot be encoded in UTF-8.
    return escaped(text) if isinstance(result, CvocrError) else text


def load(text: str) -> Extraction | CvocrError:
    """Deserialise what `dump` returned; any other text is a ValueError."""
    try:
        content: dict[str, Any] = json.loads(text)
        usage = Usage(*content["usage"]) if "usage" in content else None
        if "error" in content:
            failure = _error(content["error"], content["code"], content["message"])
            if isinstance(failure, RowError):
                failure.usage = usage
            return failure
        found = Extraction(
            documents=tuple(_from_document(d) for d in content["documents"]),
            lines=tuple(Line(t, c, _quad(q), tuple(each)) for t, c, q, each in content["lines"]),
            engine=content["engine"],
            usage=usage,
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a result ({type(error).__name__})") from None
    return checked(found)


def as_json(document: Document) -> dict[str, object]:
    """Return the attributes of a document that differ from the defaults, for JSON."""
    content: dict[str, object] = {
        name: value for name in _SCALARS if (value := getattr(document, name)) not in (None, "")
    }
    content["fields"] = {n: [v.text, v.confidence, v.quad] for n, v in document.fields.items()}
    if document.warnings:
        content["warnings"] = document.warnings
    if document.corners is not None:
        content["corners"] = document.corners
    if document.thumb is not None:
        content["thumb"] = base64.b64encode(document.thumb).decode()
    if document.extra:
        content["extra"] = dict(document.extra)
    return content


def _from_document(content: dict[str, Any]) -> Document:
    thumb = content.get("thumb")
    return Document(
        **{"type": "", **{name: content[name] for name in _SCALARS if name in content}},
        fields=MappingProxyType(
            {n: FieldValue(t, c, _quad(q)) for n, (t, c, q) in content["fields"].items()}
        ),
        warnings=tuple(content.get("warnings", ())),
        corners=_quad(content.get("corners")),
        thumb=None if thumb is None else base64.b64decode(thumb),
        extra=MappingProxyType(content.get("extra", {})),
    )


def _quad(numbers: list[float] | None) -> Quad | None:
    return None if numbers is None else cast("Quad", tuple(numbers))


def _error(name: str, code: str | None, message: str) -> CvocrError:
    if not all(isinstance(part, str) for part in (name, message)):
        raise TypeError
    known = getattr(errors, name, None)
    if isinstance(known, type) and issubclass(known, CvocrError) and known.code == code:
        return known(message)
    # An engine's own class may not be importable here, but frames need its name and code.
    made = type(name, (RowError,), {"code": code})
    return cast("CvocrError", made(message))
