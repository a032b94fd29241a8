"""`decode`: convert the JSON of the API, in all its known forms, to results."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from cvocr_lab.errors import AnswerError, CvocrError, NoDocumentError
from cvocr_lab.kinds import request_kind, spec_of
from cvocr_lab.results import Document, Extraction, FieldValue, Line, Quad, box_quad
from cvocr_lab.text import collapse, nfc
from cvocr_lab.wire.codes import NOTHING_READ, SUCCESS, code_of, error_of
from cvocr_lab.wire.names import MISSPELT, field_name, infer_type

_SIDES: Final = {"mattruoc": "front", "matsau": "back"}
_ORDER: Final = {"front": 0, "": 1, "back": 2}
_UNKNOWN: Final = math.nan


def decode(answer: object, kind: str, *, engine: str = "") -> Extraction:
    """Convert the parsed JSON of an answer to a request of this kind to an `Extraction`.

    It contains the papers, with our names of types and fields, the front of a pair first.  Keys
    that the type does not have are in `Document.extra`.  The type is "" if the answer does not
    contain it and it cannot be inferred from the fields.  Lines of scanned text have no confidence
    (NaN).

    An error code of the answer is raised as its class of error, and an answer that is not one of
    this API, or has an undocumented error code, as `AnswerError`.

    >>> data = {"id": "012345678", "id_confidence": "0.97"}
    >>> answer = {"type": "cmt", "data": data, "errorCode": 0}
    >>> decode(answer, "id_any").documents[0].fields["id"]
    FieldValue(text='012345678', confidence=0.97, quad=None)
    """
    if not isinstance(answer, Mapping):
        raise AnswerError(f"the service answered with JSON of {_what(answer)}, not with an object")
    code = _code(answer)
    if code is not None and code != SUCCESS:
        raise error_of(code)
    wanted = request_kind(kind)
    if not wanted.families:
        return Extraction(lines=_scanned_lines(answer), engine=engine)
    if code is None and not isinstance(answer.get("data"), Mapping | list):
        raise AnswerError("the service's answer has neither data nor an error code")
    found = list(_papers(answer, Document("", wanted.side), wanted.families))
    papers = [paper for paper in found if isinstance(paper, Document)]
    refusals = [refusal for refusal in found if not isinstance(refusal, Document)]
    if not papers:
        raise refusals[0][1] if refusals else error_of(NOTHING_READ)
    if refusals:
        notes = tuple(f"{side or 'other'}:error_{error.code or ''}" for side, error in refusals)
        papers = [replace(paper, warnings=notes) for paper in papers]
    if wanted.images == 2:
        # The order of v2 lists is not defined.
        papers.sort(key=lambda paper: _ORDER.get(paper.side, 1))
    return Extraction(tuple(papers), engine=engine)


_ENVELOPE: Final = frozenset(
    {"type", "valid", "invalidCode", "invalidMessage", "errorCode", "errorMessage", "error_code"}
    | {"error_message"}
)


def _papers(
    level: object, context: Document, families: frozenset[str]
) -> Iterator[Document | tuple[str, CvocrError]]:
    """Yield the papers at and below a level: a list, a pair, an envelope, or fields.

    `context` holds what the enclosing levels say about them.
    """
    if isinstance(level, list):
        for item in level:
            yield from _papers(item, context, families)
    if not isinstance(level, Mapping):
        return
    code = _code(level)
    if code is not None and code != SUCCESS:
        yield context.side, error_of(code)
        return
    type_name, valid = level.get("type"), _truth(level.get("valid"))
    number = code_of(level.get("invalidCode"))
    context = replace(
        context,
        type=type_name if isinstance(type_name, str) and type_name != "pdf" else context.type,
        valid=context.valid if valid is None else valid,
        invalid_code=int(number) if number.isdecimal() else context.invalid_code,
        invalid_message=_words(level.get("invalidMessage")) or context.invalid_message,
    )
    below = next((level[k] for k in ("info", "data") if k in level), level)
    if below is not level:
        yield from _papers(below, context, families)
    elif any(name in level for name in _SIDES):
        for name, side in _SIDES.items():
            yield from _papers(level.get(name), replace(context, side=side), families)
    else:
        cells = {str(key): value for key, value in level.items() if key not in _ENVELOPE}
        if cells or context.type:
            yield _paper(cells, context, families)


def _paper(cells: Mapping[str, object], context: Document, families: frozenset[str]) -> Document:
    spec = spec_of(context.type) if context.type else infer_type(cells, context.side, families)
    values: dict[str, str] = {}
    confidences: dict[str, float] = {}
    quads: dict[str, Quad] = {}
    extra: dict[str, str] = {}
    warnings: tuple[str, ...] = ()
    thumb = None

    def name_of(key: str) -> str | None:
        # All values of an unknown type are fields.
        return key if context.type and spec is None else field_name(spec, key)

    for raw, value in cells.items():
        key = MISSPELT.get(raw, raw)
        stem, _, part = key.rpartition("_")
        owner = name_of(stem) if part in ("confidence", "box") else None
        if not any(name_of(other) == owner for other in cells):
            owner = None  # it has no value
        if key == "image":
            thumb = _thumb(value)
            if thumb is None and value:
                warnings = ("image:unreadable",)
        elif owner and part == "confidence" and (chance := _chance(value)) is not None:
            confidences.setdefault(owner, chance)
        elif owner and part == "box" and (quad := _quad(value)):
            quads.setdefault(owner, quad)
        elif value is None or value == "":
            continue
        elif (name := name_of(key)) and name not in values and (text := _words(value)):
            values[name] = text
        else:
            extra[key] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    fields = {
        name: FieldValue(text, confidences.get(name), quads.get(name))
        for name, text in values.items()
    }
    return replace(
        context,
        type=spec.name if spec else context.type,
        side=spec.side if spec else context.side,
        fields=MappingProxyType(fields),
        warnings=warnings,
        thumb=thumb,
        extra=MappingProxyType(extra),
    )


def _scanned_lines(answer: Mapping[object, object]) -> tuple[Line, ...]:
    """Return the lines of scanned text, ``{result, time}``.

    In the documentation, ``result`` is a list of texts; in the service's own web page, it consists
    of blocks of lines of words.
    """
    if "result" not in answer:
        raise AnswerError("the service's answer to scanned text has no result")
    texts = (collapse(nfc(text)) for text in _texts(answer["result"], 0))
    lines = tuple(Line(text, _UNKNOWN) for text in texts if text)
    if not lines:
        raise NoDocumentError("the service found no text in the picture")
    return lines


def _texts(node: object, depth: int) -> Iterator[str]:
    if isinstance(node, str):
        yield from node.splitlines()
    elif isinstance(node, list):
        words = [text for item in node if (text := _word(item)) is not None]
        if depth and words and len(words) == len(node):
            yield " ".join(words)
        else:
            for item in node:
                yield from _texts(item, depth + 1)
    elif isinstance(node, Mapping):
        word = _word(node)
        if word is not None:
            yield word
        else:
            for inner in node.values():
                if isinstance(inner, list | Mapping):
                    yield from _texts(inner, depth + 1)


def _word(node: object) -> str | None:
    text = node.get("text") if isinstance(node, Mapping) else None
    return text if isinstance(text, str) else None


def _code(level: Mapping[object, object]) -> str | None:
    found = next((v for k in ("errorCode", "error_code") if (v := level.get(k)) is not None), "")
    return code_of(found) or None


def _words(value: object) -> str:
    """Return a scalar as text in one line, NFC; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return collapse(nfc(str(value)))


def _number(value: object) -> float:
    try:
        return _UNKNOWN if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return _UNKNOWN


def _chance(value: object) -> float | None:
    number = _number(value)
    return number if 0 <= number <= 1 else None


def _quad(value: object) -> Quad | None:
    edges = re.findall(r"[^\s,\[\]()]+", value) if isinstance(value, str) else value
    if not isinstance(edges, list) or len(edges) != 4:
        return None
    xmin, ymin, xmax, ymax = map(_number, edges)
    return box_quad(xmin, ymin, xmax, ymax) if math.isfinite(xmin + ymin + xmax + ymax) else None


def _truth(value: object) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).strip().lower())


def _thumb(value: object) -> bytes | None:
    if not isinstance(value, str):
        return None
    head, comma, body = value.partition(",")
    text = "".join((body if comma else head).split())
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _what(answer: object) -> str:
    if isinstance(answer, list):
        return "a list"
    return "null" if answer is None else f"a {type(answer).__name__}"
