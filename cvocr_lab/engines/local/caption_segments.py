"""Splits lines at their captions into the segments that values are assembled from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from cvocr_lab.engines.local.classify import (
    NO_VALUE,
    Hit,
    Model,
    caption_words,
    captions,
    folded,
)
from cvocr_lab.engines.local.geometry import Matrix, slope, span_quad, warp_points
from cvocr_lab.images.crops import quad_around
from cvocr_lab.results import Line, Quad, as_quad, quad_part
from cvocr_lab.text import letter_shares

_OPEN = " )\t:;.,/|\\–—_·•…'\"“”=*~`"
_CLOSE = " (\t/|\\_·•…'\"“”=*~`"
"""Characters removed around a value; commas and colons at its end are kept, because the next line
continues it."""
_OUTSIDE, _OUTSIDE_ALONE = 0.03, 0.2
"""How far beyond the edge of the paper its text may appear, as a share of its width or height: if
other text surrounds the paper, and if none does."""
_BUSY = 0.35
"""Ratio of lines off the paper to lines on it above which they belong to another page."""
_LONG_MM = 12.0
"""Length from which a line shows the slope of the print."""
_LEAST_SURE, _LEAST_SURE_SHORT = 0.5, 0.8
"""Mean character confidence below which a segment is a seal, a signature or a pattern.  The higher
threshold is for segments of up to `_SHORT` letters, which specks are easily misread as."""
_SHORT = 3


@dataclass(slots=True)
class Segment:
    """Part of a line: a caption or a possible value; its bounding box is in millimetres."""

    line: int
    start: int
    text: str
    quad: NDArray[np.float64]
    x0: float
    x1: float
    y: float
    height: float
    characters: tuple[float, ...] = ()
    hit: Hit | None = None
    caption: str = ""


def cut(
    lines: Sequence[Line], hits: Sequence[Hit], model: Model, matrix: Matrix, skip: set[int]
) -> list[Segment]:
    """Split the lines into segments, without lines of `skip` and text outside the paper."""
    mine = captions(model)
    by_line: dict[int, list[Hit]] = {}
    for hit in hits:
        # Captions of other models count if they are too long to be a value by chance.
        if hit.key in mine or len(hit.key) >= NO_VALUE:
            by_line.setdefault(hit.line, []).append(hit)
    back = np.linalg.inv(matrix)
    segments: list[Segment] = []
    size = np.array(model.layout.size)
    width, height = model.layout.size
    boxes = [warp_points(back, np.array(line.quad).reshape(4, 2)) for line in lines]
    centres = [box.mean(0) for box in boxes]
    inside = [bool(((c > 0) & (c < size)).all()) for c in centres]
    fall = _slope([box for box, on_it in zip(boxes, inside, strict=True) if on_it])
    busy = len(lines) - sum(inside) > _BUSY * sum(inside)
    slack = _OUTSIDE if busy else _OUTSIDE_ALONE
    sizes = [slot.size for slot in model.layout.slots]
    ratio = model.layout.caption_size / (sum(sizes) / len(sizes)) if sizes else 1.0

    def add(index: int, start: int, end: int, hit: Hit | None, *, captioned: bool = False,
            english: bool = False) -> None:  # fmt: skip
        line = lines[index]
        if hit is None:
            start, end = _trimmed(line.text, start, end, captioned=captioned, english=english)
            if start == end:
                return
        quad = span_quad(line, start, end)
        box = warp_points(back, quad)
        tall = float(np.hypot(*(box[3] - box[0])) + np.hypot(*(box[2] - box[1]))) / 2
        x0, x1 = float(min(box[0, 0], box[3, 0])), float(max(box[1, 0], box[2, 0]))
        y = float(box[:, 1].mean() - fall * (box[:, 0].mean() - width / 2))
        if not (-slack * width < (x0 + x1) / 2 < (1 + slack) * width):
            return
        if not (-slack * height < y < (1 + slack) * height):
            return
        characters = line.characters[start:end]
        short = end - start <= _SHORT and not captioned
        least = _LEAST_SURE_SHORT if short else _LEAST_SURE
        if hit is None and characters and float(np.mean(characters)) < least:
            return
        printed = _printed(line, start, end, ratio if captioned else 1.0)
        caption = mine.get(hit.key, "") if hit else ""
        segments.append(Segment(
            index, start, line.text[start:end], printed, x0, x1, y, tall, characters, hit, caption
        ))  # fmt: skip

    for index, line in enumerate(lines):
        if index in skip:
            continue
        at, bare = 0, False
        for hit in sorted(by_line.get(index, []), key=lambda h: h.start):
            start, end = _with_rest(line.text, at, hit, is_caption=bool(mine.get(hit.key)))
            add(index, at, start, None, captioned=at > 0, english=bare)
            end = max(end, _with_english(line.text, hit, model))
            add(index, hit.start, end, hit)
            at, bare = end, end == hit.end and _is_vietnamese(hit, model)
        add(index, at, len(line.text), None, captioned=at > 0, english=bare)
    return segments


def _printed(line: Line, start: int, end: int, caption: float) -> NDArray[np.float64]:
    """Return the part of a line's quad covered by a span of characters, ``(4, 2)``.

    Letters differ in width, and a caption before a value is set smaller by the ratio `caption`.
    """
    assert line.quad is not None
    part = quad_part(line.quad, *letter_shares(line.text, start, end, before=caption))
    return np.array(part, float).reshape(4, 2)


def _with_rest(text: str, at: int, hit: Hit, *, is_caption: bool) -> tuple[int, int]:
    """Return where a caption or title begins and ends in its line, including misread parts.

    Caption words before it, at the beginning of the line, belong to it, and those up to its colon;
    after a title also those to the end of the line.
    """
    start, end = hit.start, hit.end
    if at == 0 and is_caption and _only_captions(text[:start]):
        start = 0
    after = text[end:].split(":")[0] if is_caption else text[end:]
    if (not is_caption or end + len(after) < len(text)) and _only_captions(after):
        end += len(after)
    return start, end


def _only_captions(text: str) -> bool:
    words = re.findall(r"\w+", text.casefold())
    return bool(words) and all(word in caption_words() for word in words)


def _with_english(text: str, hit: Hit, model: Model) -> int:
    """Return where a Vietnamese caption ends including its English half, however badly misread."""
    if not _is_vietnamese(hit, model):
        return hit.end
    field = model.type[captions(model)[hit.key]]
    after = text[hit.end :]
    best, end = _ALIKE, hit.end
    for stop in re.finditer(r"[:)]|(?<=\w)\s|$", after):
        key = folded(after[: stop.start()])[0]
        for english in field.en:
            ratio = fuzz.ratio(key, folded(english)[0])
            if len(key) > 2 and ratio > best:
                best, end = int(ratio), hit.end + stop.start()
    return end


def _is_vietnamese(hit: Hit, model: Model) -> bool:
    """Return whether the English half of a caption may follow this hit."""
    name = captions(model).get(hit.key)
    if not name:
        return False
    field = model.type[name]
    return bool(field.en) and hit.key in {folded(vi)[0] for vi in field.vi}


_ENGLISH = re.compile(r"[^\d:]{2,26}:\s*")
_REST_OF_CAPTION = re.compile(r"\s*[(/][^():/\d]{2,30}[:)]\s*:?")
_ALIKE = 58
"""Similarity, in percent, above which misread letters after a caption are its English half."""


def _trimmed(text: str, start: int, end: int, *, captioned: bool, english: bool) -> tuple[int, int]:
    """Return the span without characters that surround a value; empty if nothing is left.

    After a caption its other language may follow, too badly misread to be found as a caption.
    """
    if english:
        rest = _ENGLISH.match(text, start, end)
        start = rest.end() if rest else start
    if captioned:
        rest = _REST_OF_CAPTION.match(text, start, end)
        start = rest.end() if rest else start
    kept = text[start:end].lstrip(_OPEN)
    start = end - len(kept)
    kept = kept.rstrip(_CLOSE)
    return (start, start + len(kept)) if any(c.isalnum() for c in kept) else (start, start)


def _slope(boxes: Sequence[NDArray[np.float64]]) -> float:
    """Return the remaining slope of the lines, which is removed before rows are distinguished."""
    long = [box for box in boxes if box[1, 0] + box[2, 0] - box[0, 0] - box[3, 0] > 2 * _LONG_MM]
    return slope(np.array(long))


def hull(segments: Sequence[Segment]) -> Quad:
    """Return one quad around the segments, aligned with the direction of the first."""
    first = segments[0].quad
    if len(segments) == 1:
        return as_quad(first)
    return quad_around(np.concatenate([p.quad for p in segments]), first[1] - first[0])
