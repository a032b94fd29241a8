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

import numpy as np
from rapidfuzz import fuzz, process

from cvocr_lab.engines.local.caption_match import CLEAR, end_of, place
from cvocr_lab.kinds import TYPES, DocumentType, Field, Layout
from cvocr_lab.results import Line
from cvocr_lab.text import fold


@dataclass(frozen=True, slots=True)
class Model:
    """One layout of one document type."""

    type: DocumentType
    layout: Layout

    def __hash__(self) -> int:
        return hash((self.type.name, self.layout.name))


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a layout prints an anchor: left end and middle height in millimetres.

    Parameters
    ----------
    field
        The field whose caption it is, or "" for fixed text.
    centred
        Whether `x` is the text's centre.
    size
        Font size of the text.
    expected
        Whether every paper of the model prints it; the position of an anchor that only some
        print is unknown.
    """

    x: float
    y: float
    field: str = ""
    centred: bool = False
    size: float = 2.4
    expected: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """An anchor found in a line.

    Parameters
    ----------
    line
        Index of the line.
    start, end
        Span in the line's text.
    key
        Folded wording of the anchor.
    score
        Similarity, 0 to 1.
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
    found: dict[str, Spot] = {}
    layout = model.layout
    for text in layout.prints:
        found[folded(text.text)[0]] = Spot(
            text.x, text.y - 0.35 * text.size, "", text.align == "center", text.size
        )
    for slot in layout.slots:
        field = model.type[slot.field]
        size = layout.caption_size
        spot = Spot(slot.x, slot.y - 0.35 * size, field.name, size=size)
        for wording in _wordings(field):
            found.setdefault(folded(wording)[0], spot)
        for wording in field.leading:
            found.setdefault(folded(wording)[0], Spot(math.nan, math.nan, field.name))
    for title in layout.titles:
        found.setdefault(folded(title)[0], Spot(math.nan, math.nan))
    placed = {slot.field for slot in layout.slots}
    for field in model.type.fields:
        if field.name not in placed and field.source == "print":
            for wording in _wordings(field):
                spot = Spot(math.nan, math.nan, field.name, expected=False)
                found.setdefault(folded(wording)[0], spot)
    return {key: spot for key, spot in found.items() if len(key) > 1}


@cache
def captions(model: Model) -> dict[str, Spot]:
    """Return the anchors that mark a model's values: its own, and those of related types.

    Related types are those of the same family, and only wordings of shared fields are added.  The
    position of a wording that another type prints is unknown.
    """
    found = dict(spots(model))
    mine = {field.name for field in model.type.fields if field.source == "print"}
    for kind in TYPES.values():
        if kind.family != model.type.family:
            continue
        for field in kind.fields:
            if field.name in mine and field.source == "print":
                for wording in _wordings(field):
                    key = folded(wording)[0]
                    if len(key) > 3:
                        spot = Spot(math.nan, math.nan, field.name, expected=False)
                        found.setdefault(key, spot)
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


@cache
def _capitals() -> frozenset[str]:
    """Return the anchors that some model prints in capitals."""
    return frozenset(folded(w)[0] for w in _all_wordings() if w.isupper())


@cache
def _sentences() -> frozenset[str]:
    """Return the anchors that some model prints in small letters, and all long ones."""
    return frozenset(folded(w)[0] for w in _all_wordings() if not w.isupper() or len(w) > 14)


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
            if clear or anchor in (_capitals() if printed.isupper() else _sentences()):
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
        fuzz.ratio(printed.casefold(), wording) >= _LIKE_MARKS for wording in _by_anchor()[anchor]
    )


NO_VALUE = 14
"""Number of letters from which a wording is too long to be a value by chance."""
_SAME, _LIKE_MARKS = 0.999, 64
"""Score from which an anchor matches letter by letter, and the similarity to its accented wording,
in percent, that text must have if it was not clearly read."""


@cache
def _by_anchor() -> dict[str, frozenset[str]]:
    """Return how each anchor is printed, in lower case."""
    printed: dict[str, set[str]] = defaultdict(set)
    for wording in _all_wordings():
        printed[folded(wording)[0]].add(wording.casefold())
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
        key: frozenset(wording.strip(" :.") for wording in some)
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
    for line in lines:
        key = folded(line.text)[0]
        if line.text.isupper() and any(
            0.8 * len(t) < len(key) < 2.2 * len(t) and fuzz.partial_ratio(t, key) >= 88
            for t in titles
        ):
            return True
    return False


def score_models(
    hits: Sequence[Hit], evidence: dict[str, float] | None = None
) -> dict[Model, float]:
    """Score how well each model explains the anchors found; higher is better.

    Parameters
    ----------
    evidence
        Extra weight by type name, e.g. for an MRZ of its format or a QR code.
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
    by_spot: dict[tuple[float, float, str], tuple[list[str], list[str]]] = {}
    for key, spot in spots(model).items():
        where = (spot.x, spot.y, spot.field)
        if math.isnan(spot.x):
            where = (0.0, 0.0, spot.field or key)
        by_spot.setdefault(where, ([], []))[not spot.expected].append(key)
    return tuple(by_spot.values())
