"""The prompt and the JSON schema for a model, generated from the document types."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cvocr_lab.images import InputImage
from cvocr_lab.images.crops import jpeg, shrunk
from cvocr_lab.kinds import TYPES, DocumentType, Field, request_kind

PROMPT: Final = """\
You read Vietnamese papers. Copy what is printed, letter for letter, with all Vietnamese marks. \
Join the lines of one value by a blank. Do not translate, correct, complete or guess: a value that \
is not printed, or that you cannot read, is null. Never make up a value.

Answer with JSON alone: {"documents": [...]}, one object for each side of a paper that a picture \
shows, and an empty list where no such paper is to be seen. "picture" is the number of the \
picture, from 1. The types, and their fields with the printed captions:
"""

_QUALITY: Final = 92


def types_of(kind: str) -> list[DocumentType]:
    """Return the document types that a kind of request asks for."""
    asked = request_kind(kind)
    some = [t for t in TYPES.values() if t.family in asked.families]
    return [t for t in some if asked.side in ("", t.side)]


def fields_of(paper: DocumentType) -> list[Field]:
    """Return the printed fields, which a model can read, without codes."""
    return [field for field in paper.fields if field.source == "print" or field.name == "mrz"]


def instructions(kind: str) -> str:
    """Return the instructions for a kind of request."""
    lines = []
    for paper in types_of(kind):
        lines.append(f'- type "{paper.name}" ({paper.title}):')
        for field in fields_of(paper):
            captions = " / ".join([*field.vi[:1], *field.en[:1]])
            lines.append(f'  - "{field.name}"' + (f": {captions}" if captions else ""))
    return PROMPT + "\n".join(lines)


def schema(kind: str) -> dict[str, object]:
    """Return the JSON schema of the answer: an object per paper, every field a text or null."""
    papers = []
    for paper in types_of(kind):
        properties: dict[str, object] = {
            "type": {"type": "string", "enum": [paper.name]},
            "picture": {"type": "integer"},
        }
        for field in fields_of(paper):
            properties[field.name] = {"type": ["string", "null"]}
        papers.append(_whole(properties))
    return _whole({"documents": {"type": "array", "items": {"anyOf": papers}}})


def _whole(properties: Mapping[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def pictures(images: Sequence[InputImage], max_side: int) -> Iterator[tuple[int, str]]:
    """Yield the number of each page, and the page as ``data:`` URI, no longer than `max_side`."""
    for image in images:
        for number, pixels in zip(image.numbers, image.pages, strict=True):
            content = jpeg(shrunk(pixels, max_side), quality=_QUALITY)
            yield number, f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"


def body(
    model: str, kind: str, sent: Sequence[str], options: Mapping[str, object], *, structured: bool
) -> bytes:
    """Return the body of a chat completion about the ``data:`` URIs `sent`, with `options`."""
    parts = [{"type": "image_url", "image_url": {"url": uri}} for uri in sent]
    asked: dict[str, object] = {
        "model": model,
        "messages": [
            {"role": "system", "content": instructions(kind)},
            {"role": "user", "content": parts},
        ],
        **options,
    }
    if structured:
        form = {"name": "papers", "strict": True, "schema": schema(kind)}
        asked["response_format"] = {"type": "json_schema", "json_schema": form}
    return json.dumps(asked).encode()


def version() -> str:
    """Return a fingerprint of the prompts and schemas."""
    told = [[instructions(kind), schema(kind)] for kind in ("id_any", "vehicle")]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
