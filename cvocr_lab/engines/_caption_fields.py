"""`fields_in`: find fields by their captions in the plain text of an OCR program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from cvocr_lab.kinds import TYPES
from cvocr_lab.text import fold_key

_NUMBER: Final = re.compile(r"(?<!\d)(?:\d{12}|\d{9})(?!\d)")
_AROUND: Final = " .:;,/|-–—'\"“”"

Caption = tuple[str, ...]


def fields_in(text: str) -> dict[str, str]:
    r"""Find the fields of one paper in lines of text.

    A value follows its caption on the same line, or else is on the next line.  The type of paper
    is the one with the most captions in the text.  This simple rule is meant for comparing OCR
    programs that return only text; it does not use coordinates.

    Parameters
    ----------
    text
        Lines from top to bottom.

    Returns
    -------
    dict
        `type`, and the text of each field that was found; empty if no caption was found.

    Examples
    --------
    >>> fields_in("Số / No.: 001090000001\nHọ và tên / Full name:\nTRẦN AN\nGiới tính / Sex: Nam")
    {'type': 'tcc_chip', 'id': '001090000001', 'name': 'TRẦN AN', 'sex': 'Nam'}
    """
    lines = [line.split() for line in text.splitlines() if line.strip()]
    found = {name: dict(_values(lines, name)) for name in TYPES}
    best = max(found, key=lambda name: (len(found[name]), name == "tcc_chip"))
    values = {field: value for field, value in found[best].items() if value}
    number = _NUMBER.search(values.get("id", "")) or _NUMBER.search(text)
    values.pop("id", None)  # without a number it is useless
    if "id" in TYPES[best].names and number:
        values["id"] = number[0]
    order = [field for field in TYPES[best].names if field in values]
    if not order:
        return {}
    return {"type": best, **{field: values[field] for field in order}}


def _values(lines: list[list[str]], type_name: str) -> Iterator[tuple[str, str]]:
    """Yield the field of each caption and the text after it."""
    marked = [
        _captions_in([fold_key(w).strip(_AROUND) for w in words], type_name) for words in lines
    ]
    for at, (words, places) in enumerate(zip(lines, marked, strict=True)):
        for number, (field, _, end) in enumerate(places):
            behind = places[number + 1][1] if number + 1 < len(places) else len(words)
            value = " ".join(words[end:behind]).strip(_AROUND)
            twin = number + 1 < len(places) and places[number + 1][0] == field
            if not value and not twin and at + 1 < len(lines) and not marked[at + 1]:
                value = " ".join(lines[at + 1]).strip(_AROUND)
            if value or not twin:
                yield field, value


def _captions_in(words: list[str], type_name: str) -> list[tuple[str, int, int]]:
    """Return the field, first word and end of each caption in a line."""
    places: list[tuple[str, int, int]] = []
    at = 0
    while at < len(words):
        for caption, field in _captions(type_name):
            if tuple(words[at : at + len(caption)]) == caption:
                places.append((field, at, at + len(caption)))
                at += len(caption) - 1
                break
        at += 1
    return places


@cache
def _captions(type_name: str) -> tuple[tuple[Caption, str], ...]:
    """Return the captions of a type in folded words, the longest first."""
    found: dict[Caption, str] = {}
    for field in TYPES[type_name].fields:
        for caption in (*field.vi, *field.en):
            words = (word.strip(_AROUND) for word in fold_key(caption).split())
            found.setdefault(tuple(word for word in words if word), field.name)
    return tuple(sorted(found.items(), key=lambda item: -len(item[0])))
