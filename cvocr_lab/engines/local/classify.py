"""Identifies the type of a paper by the printed captions and titles among the lines read.

Every wording that a layout prints is an *anchor*.  A line may contain several; the longer of two
overlapping anchors wins, so that ``CĂN CƯỚC CÔNG DÂN`` is never also ``CĂN CƯỚC``.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, NamedTuple

import numpy as np
from rapidfuzz import fuzz, process

from cvocr_lab.kinds import TYPES, DocumentType, Field, Layout
from cvocr_lab.results import Line
from cvocr_lab.text import fold


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """One layout of one document type; `models` has one instance of each."""

    type: DocumentType
    layout: Layout


class Spot(NamedTuple):
    """A place where a layout prints an anchor; anchors of one place are alternatives.

    `field` is the field whose caption is printed there, or "" for fixed text; `expected` says that
    every paper of the model prints it.
    """

    name: str
    field: str = ""
    expected: bool = True


class Hit(NamedTuple):
    """An anchor found in a line: the line's index, the span in its text, and the folded wording.

    The score is the similarity, 0 to 1.
    """

    line: int
    start: int
    end: int
    key: str
    score: float


@lru_cache(1 << 12)
def folded(text: str) -> tuple[str, tuple[int, ...]]:
    """Return lower-case text without accents and punctuation, and the origin of each character."""
    key: list[str] = []
    origin: list[int] = []
    for i, char in enumerate(text):
        for plain in fold(char).lower():
            if plain.isalnum():
                key.append(plain)
                origin.append(i)
            elif key and key[-1] != " ":
                key.append(" ")
                origin.append(i)
    while key and key[-1] == " ":
        key.pop()
        origin.pop()
    return "".join(key), tuple(origin)


@cache
def models() -> tuple[Model, ...]:
    """Return every layout of every type."""
    return tuple(Model(t, layout) for t in TYPES.values() for layout in t.layouts)


@cache
def spots(model: Model) -> dict[str, Spot]:
    """Return the anchors of a model by folded wording."""
    layout = model.layout
    found = {folded(text.text)[0]: Spot(text.text) for text in layout.prints}
    for slot in layout.slots:
        field = model.type[slot.field]
        for wording in _wordings(field):
            found.setdefault(folded(wording)[0], Spot(f"{field.name} caption", field.name))
        for wording in field.leading:
            found.setdefault(folded(wording)[0], Spot(field.name, field.name))
    for title in layout.titles:
        found.setdefault(folded(title)[0], Spot(title))
    placed = {slot.field for slot in layout.slots}
    for field in model.type.fields:
        if field.name not in placed and field.source == "print":
            for wording in _wordings(field):
                found.setdefault(folded(wording)[0], Spot(field.name, field.name, expected=False))
    return {key: spot for key, spot in found.items() if len(key) > 1}


@cache
def captions(model: Model) -> dict[str, str]:
    """Return the field ("" for fixed text) that each anchor of a model or a related type marks.

    Related types are those of the same family, and only wordings of shared fields are added.
    """
    found = {key: spot.field for key, spot in spots(model).items()}
    mine = {field.name for field in model.type.fields if field.source == "print"}
    for kind in TYPES.values():
        if kind.family != model.type.family:
            continue
        for field in kind.fields:
            if field.name in mine and field.source == "print":
                for wording in _wordings(field):
                    key = folded(wording)[0]
                    if len(key) > 3:
                        found.setdefault(key, field.name)
    return found


def _wordings(field: Field) -> list[str]:
    return [*field.vi, *field.en, *(f"{vi} {en}" for vi in field.vi for en in field.en)]


@cache
def _anchors() -> dict[str, float]:
    """Return every anchor and its weight; long and rare anchors have the highest weights."""
    users: dict[str, int] = defaultdict(int)
    for model in models():
        for key in spots(model):
            users[key] += 1
    total = len(models())
    return {
        key: math.log(1 + total / count) * min(len(key), 24) ** 0.5 for key, count in users.items()
    }


@cache
def _all_wordings() -> tuple[str, ...]:
    wordings: list[str] = []
    for model in models():
        wordings += [p.text for p in model.layout.prints] + list(model.layout.titles)
        for field in model.type.fields:
            wordings += [*_wordings(field), *field.leading]
    return tuple(wordings)


def find_anchors(lines: Sequence[Line]) -> list[Hit]:
    """Find the anchors in the lines; the longer of two overlapping anchors wins."""
    keys = [folded(line.text) for line in lines]
    anchors = list(_anchors())
    if not lines:
        return []
    texts = [key for key, _ in keys]
    scores = process.cdist(texts, anchors, scorer=fuzz.partial_ratio, score_cutoff=60)
    hits: list[Hit] = []
    for row, (key, origin) in enumerate(keys):
        found: list[tuple[float, int, int, str, float]] = []
        for column in np.flatnonzero(scores[row]):
            anchor = anchors[column]
            hit = place(key, anchor) or end_of(key, anchor, origin, lines[row].text)
            if hit is not None:
                score, start, end = hit
                found.append((len(anchor) * score**5, start, end, anchor, score))
        found += _short_ones(key, origin, lines[row].text)
        taken: list[tuple[int, int]] = []
        for _, start, end, anchor, score in sorted(found, reverse=True):
            if any(end > a and start < b for a, b in taken):
                continue
            first, stop = origin[start], origin[end - 1] + 1
            # "Họ và tên" is a caption but "HỒ VĂN TÈO" a name; "Đức Trọng" is not "CỤC TRƯỞNG".
            printed = lines[row].text[first:stop]
            if not _is_wording(printed, anchor, score):
                continue
            # Captions may be set in capitals; text that is merely similar may be a name.
            clear = len(anchor) >= NO_VALUE and score >= CLEAR
            if clear or any(
                wording.isupper() == printed.isupper()
                or (len(wording) > NO_VALUE and not printed.isupper())
                for wording in _by_anchor()[anchor]
            ):
                taken.append((start, end))
                hits.append(Hit(row, first, stop, anchor, score))
    return hits


def _is_wording(printed: str, anchor: str, score: float) -> bool:
    """Return whether text that folds to an anchor is its wording, with its accents and unbroken.

    "Chợ Gạo, Tiền" is not "Có giá trị đến", and "Họ và tên: HÀ" not "Họ và tên cha".
    """
    if score < _SAME and re.search(r":(?!\s*[/(])", printed.rstrip(" :")):
        return False
    return score >= CLEAR or any(
        fuzz.ratio(printed.casefold(), wording.casefold()) >= _LIKE_MARKS
        for wording in _by_anchor()[anchor]
    )


NO_VALUE = 14
"""Number of letters from which a wording is too long to be a value by chance."""
_SAME, _LIKE_MARKS = 0.999, 64
"""Score from which an anchor matches letter by letter, and the similarity to its accented wording,
in percent, that text must have if it was not clearly read."""


@cache
def _by_anchor() -> dict[str, frozenset[str]]:
    """Return how each anchor is printed."""
    printed: dict[str, set[str]] = defaultdict(set)
    for wording in _all_wordings():
        printed[folded(wording)[0]].add(wording)
    return {key: frozenset(some) for key, some in printed.items()}


@cache
def caption_words() -> frozenset[str]:
    """Return every word of the captions and titles of all types, in lower case."""
    return frozenset(w for wording in _all_wordings() for w in _WORDS.findall(wording.casefold()))


_WORDS = re.compile(r"[^\W\d_]+")
_AFTER_SHORT = re.compile(r"$|[:/(.]|N[o°º]|(?:[A-Z]{2} ?)?[\dOIl]{5}|[A-Z]{2}$")
"""What may follow a caption of two or three letters; "Số 4 Ngõ 189" is an address."""


def _short_ones(
    key: str, origin: Sequence[int], text: str
) -> list[tuple[float, int, int, str, float]]:
    """Find anchors of two or three letters at the start of the line or before a colon."""
    found: list[tuple[float, int, int, str, float]] = []
    for word in re.finditer(r"\w+", key):
        if word.group() not in _short_anchors():
            continue
        printed = text[origin[word.start()] : origin[word.end() - 1] + 1]
        after = text[origin[word.end() - 1] + 1 :].lstrip()
        # "Họ" is a caption, but "HỒ" and "Hồ" are names.
        same = printed.casefold() in _short_anchors()[word.group()]
        starts = word.start() == 0 and same and _AFTER_SHORT.match(after)
        if starts or after.startswith(":"):
            found.append((len(word.group()), word.start(), word.end(), word.group(), 1.0))
    return found


@cache
def _short_anchors() -> dict[str, frozenset[str]]:
    """Return the anchors of two or three letters, and how each is printed, in lower case."""
    return {
        key: frozenset(wording.casefold().strip(" :.") for wording in some)
        for key, some in _by_anchor().items()
        if key in _anchors() and len(key) < 4
    }


_MISSING_COST = 0.3
_OTHERS = (
    "GIẤY PHÉP LÁI XE", "DRIVER'S LICENSE", "THẺ BẢO HIỂM Y TẾ", "THẺ SINH VIÊN", "THẺ HỌC SINH",
    "GIẤY KHAI SINH", "THẺ NHÂN VIÊN", "GIẤY CHỨNG NHẬN KIỂM ĐỊNH", "HÓA ĐƠN", "SỔ HỘ KHẨU",
    "GIẤY CHỨNG NHẬN KẾT HÔN", "GIẤY XÁC NHẬN", "ĐƠN XIN", "HỢP ĐỒNG",
)  # fmt: skip
"""Titles of papers that share captions with the supported types but are not supported."""


def is_other_paper(lines: Sequence[Line]) -> bool:
    """Return whether a line is the title of a paper of an unsupported type."""
    titles = [folded(title)[0] for title in _OTHERS]
    capitals = [folded(line.text)[0] for line in lines if line.text.isupper()]
    return any(
        0.8 * len(title) < len(key) < 2.2 * len(title) and fuzz.partial_ratio(title, key) >= 88
        for key in capitals
        for title in titles
    )


def score_models(
    hits: Sequence[Hit], evidence: dict[str, float] | None = None
) -> dict[Model, float]:
    """Score how well each model explains the anchors found; higher is better.

    `evidence` is extra weight by type name, e.g. for an MRZ of its format or a QR code.
    """
    weights = _anchors()
    best: dict[str, float] = {}
    for hit in hits:
        best[hit.key] = max(best.get(hit.key, 0), hit.score)
    scores = {}
    for model in models():
        score = (evidence or {}).get(model.type.name, 0.0)
        # Wordings of one spot are alternatives: count the best found, or one miss.
        for expected, others in _by_spot(model):
            shown = [key for key in (*expected, *others) if key in best]
            if shown:
                score += sum(sorted((weights[k] * best[k] ** 2 for k in shown), reverse=True)[:2])
            elif expected:
                score -= _MISSING_COST * sum(weights[k] for k in expected) / len(expected)
        scores[model] = score
    return scores


@cache
def _by_spot(model: Model) -> tuple[tuple[list[str], list[str]], ...]:
    """Return the anchors of each spot of a model: the expected ones and the others."""
    by_spot: dict[str, tuple[list[str], list[str]]] = {}
    for key, spot in spots(model).items():
        by_spot.setdefault(spot.name, ([], []))[not spot.expected].append(key)
    return tuple(by_spot.values())


CLEAR: Final = 0.9
"""Similarity from which a wording is clearly read."""


def _least(key: str) -> float:
    length = len(key)
    return 101 if length < 4 else 90 if length < 7 else 82 if length < 12 else 76


def place(key: str, anchor: str) -> tuple[float, int, int] | None:
    """Return the similarity and span of the anchor in the line, or None if it does not occur."""
    if len(anchor) < 4 or len(key) < 0.7 * len(anchor):
        return None
    if len(key) <= len(anchor):
        ratio = fuzz.ratio(key, anchor)
        alike = ratio >= _least(anchor) and _same_words(key, anchor)
        return (ratio / 100, 0, len(key)) if alike else None
    found = fuzz.partial_ratio_alignment(anchor, key, score_cutoff=70)
    if found is None:
        return None
    first, last = found.dest_start, found.dest_end
    # The window is as long as the anchor, but the caption may end at an earlier or later word.
    starts = {first, key.rfind(" ", 0, first + 1) + 1, key.find(" ", first) + 1 or first}
    ends = {last, key.find(" ", last - 1), key.rfind(" ", first, last)}
    spans = [(a, len(key) if b < 0 else b) for a in starts for b in ends]
    ratio, start, end = max(
        (fuzz.ratio(key[a:b], anchor) - 25 * _cuts_words(key, a, b), a, b)
        for a, b in spans
        if b > a and key[a] != " "
    )
    near = abs(end - start - len(anchor)) <= max(1.0, 0.15 * len(anchor))  # "Hồ Chí", "Hộ chiếu"
    alike = near and ratio >= _least(anchor) and _same_words(key[start:end], anchor)
    return (ratio / 100, start, end) if alike else None


_LEAST_END, _SHARE_END, _ALIKE_END = 8, 0.44, 90
"""Least number of letters of a caption's end that identifies it, their least share of the caption,
and their least similarity in percent."""


def end_of(
    key: str, anchor: str, origin: Sequence[int], text: str
) -> tuple[float, int, int] | None:
    """Find a caption whose beginning is hidden or cut off, so that the line begins within it.

    The line must begin within a word, or a colon must follow: a line that begins with whole words
    of a wording may be the second line of a value.  The result is as for `place`.
    """
    least = max(_LEAST_END, int(_SHARE_END * len(anchor)))
    for length in range(min(len(anchor) - 1, len(key)), least - 1, -1):
        ends = length == len(key) or key[length] == " "
        if not ends or fuzz.ratio(key[:length], anchor[-length:]) < _ALIKE_END:
            continue
        within = anchor[-length] != " " and anchor[-length - 1] != " "
        if within or text[origin[length - 1] + 1 :].lstrip().startswith(":"):
            return CLEAR, 0, length
    return None


def _cuts_words(key: str, start: int, end: int) -> bool:
    before = start > 0 and key[start - 1] != " " and key[start] != " "
    after = end < len(key) and key[end] != " " and key[end - 1] != " "
    return before or after


def _same_words(text: str, anchor: str) -> bool:
    """Return whether no word is a different word: ``nguyen van`` is not ``nguyen quan``."""
    mine, theirs = text.split(), anchor.split()
    if len(mine) != len(theirs):
        return True
    pairs = zip(mine, theirs, strict=True)
    return all(len(b) < 3 or fuzz.ratio(a, b) >= 58 for a, b in pairs)
