"""Decode the lines of scanned text at any level of nesting."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

from cvocr_lab.errors import AnswerError, NoDocumentError
from cvocr_lab.results import Line
from cvocr_lab.text import collapse, nfc

_UNKNOWN: Final = math.nan


def decode_lines(answer: Mapping[object, object]) -> tuple[Line, ...]:
    """Return the lines of ``{result, time}``.

    In the documentation, ``result`` is a list of texts; in the service's own web page, it consists
    of blocks of lines of words.

    Raises
    ------
    NoDocumentError
        There is no text.
    AnswerError
        There is no ``result``.
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
