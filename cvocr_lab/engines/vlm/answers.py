"""Parse and check the answers of a model."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from cvocr_lab.engines.vlm.prompt import fields_of
from cvocr_lab.errors import AnswerError, NoDocumentError, RefusalError, Usage
from cvocr_lab.kinds import spec_of
from cvocr_lab.results import Document, Extraction, FieldValue
from cvocr_lab.text import collapse, nfc

_FENCE: Final = re.compile(r"\s*```(?:json)?\s*\n?(.*?)```\s*", re.DOTALL)
_NOTHING: Final = frozenset({"", "null", "none", "n/a", "-"})
_REFUSED: Final = re.compile(
    r"\W*(i['’]?m sorry|sorry|i can(?:no|['’])t|i(?: a|['’])m (?:unable|not able)"
    r"|xin lỗi|tôi không thể)",
    re.I,
)
_LONGEST: Final = 600
"""Maximum length of a value in characters."""

_MOST: Final = 40
"""Maximum number of papers in one answer."""


Prices = tuple[float | None, float | None]
"""The prices of a million tokens in and out; None if unknown."""


def read(answer: bytes, pages: Sequence[int], engine: str, prices: Prices) -> Extraction:
    """Parse the body of an answer; `pages` has the page number of each picture that was sent."""
    found = _json(answer, "the server's answer")
    used = _usage(found, prices)
    try:
        documents = tuple(_document(paper, pages) for paper in _papers(_content(found)))
        if not documents:
            raise NoDocumentError("the model found no document in the picture")
    except (RefusalError, AnswerError, NoDocumentError) as error:
        error.usage = used
        raise
    return Extraction(documents, engine=engine, usage=used)


def _usage(answer: object, prices: Prices) -> Usage | None:
    """Return the tokens of an answer, and the cost by the prices, or else by the answer."""
    reported = answer.get("usage") if isinstance(answer, Mapping) else None
    if not isinstance(reported, Mapping):
        return None
    numbers = [reported.get(name) for name in ("prompt_tokens", "completion_tokens")]
    counts = [n if type(n) is int and 0 <= n < 2**53 else None for n in numbers]
    price_in, price_out = prices
    if price_in is not None and price_out is not None:
        paid = ((counts[0] or 0) * price_in + (counts[1] or 0) * price_out) / 1e6
        return Usage(counts[0], counts[1], paid)
    cost = reported.get("cost")
    known = isinstance(cost, int | float) and not isinstance(cost, bool) and 0 <= cost < 1e9
    return Usage(counts[0], counts[1], float(str(cost)) if known else None)


def _content(answer: object) -> str:
    choices = answer.get("choices") if isinstance(answer, Mapping) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        raise AnswerError("the server's answer is not a chat completion: check base_url")
    if message.get("refusal") or choice.get("finish_reason") == "content_filter":
        raise RefusalError("the model refused to read the picture")
    content = message.get("content")
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, Mapping)]
        content = "".join(text for text in texts if isinstance(text, str))
    if not isinstance(content, str) or not content.strip():
        raise AnswerError("the model's answer is empty")
    if choice.get("finish_reason") == "length":
        raise AnswerError("the model's answer was cut off: pass a larger max_tokens")
    return content


def _papers(content: str) -> list[object]:
    fenced = _FENCE.fullmatch(content)
    try:
        found = _json(fenced[1] if fenced else content, "the model's answer")
    except AnswerError:
        if _REFUSED.match(content):
            raise RefusalError("the model refused to read the picture") from None
        raise
    papers = found.get("documents") if isinstance(found, Mapping) else None
    if not isinstance(papers, list):
        raise AnswerError("the model's answer has no list of documents")
    if len(papers) > _MOST:
        raise AnswerError(f"the model's answer has more than {_MOST} documents")
    return papers


def _document(paper: object, pages: Sequence[int]) -> Document:
    if not isinstance(paper, Mapping):
        raise AnswerError("a document in the model's answer is not an object")
    name = paper.get("type")
    spec = spec_of(name) if isinstance(name, str) else None
    if spec is None:
        raise AnswerError("a document in the model's answer has an unknown type")
    picture = paper.get("picture", 1)
    if type(picture) is not int or not 1 <= picture <= len(pages):
        raise AnswerError("a document in the model's answer has a wrong picture number")
    known = {spelling: f.name for f in fields_of(spec) for spelling in (*f.aliases, f.name)}
    values = {known[key]: _value(known[key], text) for key, text in paper.items() if key in known}
    strange = [key for key in paper if key not in known and key not in ("type", "picture", "side")]
    return Document(
        spec.name,
        spec.side,
        MappingProxyType({name: FieldValue(text) for name, text in values.items() if text}),
        page=pages[picture - 1],
        warnings=("answer:unknown_fields",) if strange else (),
    )


def _value(field: str, value: object) -> str:
    """Return the text of a value; "" if it means that nothing is printed."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise AnswerError(f"field {field!r} of the model's answer is not text")
    text = collapse(nfc("".join(c if c.isprintable() else " " for c in value)))
    if len(text) > _LONGEST:
        raise AnswerError(f"field {field!r} of the model's answer has {len(text):,} characters")
    return "" if text.casefold() in _NOTHING else text


def _json(text: str | bytes, what: str) -> object:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        raise AnswerError(f"{what} is not JSON") from None
    return found
