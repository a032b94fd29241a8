"""`locate_values`: find the place of each value among the lines of a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from cvocr_lab.dates import split_date
from cvocr_lab.kinds import DocumentType, Field
from cvocr_lab.kinds import _forms as forms
from cvocr_lab.locating.alignment import Piece, Stream, folded
from cvocr_lab.locating.captions import (
    Caption,
    FittedLayout,
    caption_scales,
    find_captions,
    fit_layout,
    owner,
)
from cvocr_lab.locating.geometry import Points, around, axes, box, follows, part_of, points_of
from cvocr_lab.results import Line, Quad

How = Literal["located", "fuzzy", "ambiguous", "not_found"]
HOW: Final[tuple[How, ...]] = get_args(How)
"""``located``: found; ``fuzzy``: found with some other letters; ``ambiguous``: found in several
places that fit equally well; ``not_found``: not found."""

_LOCATED: Final = 0.88
_MIN_SHARE: Final = 0.6
_MIN_SHARE_SHORT: Final = 0.99
_SHORT: Final = 4
_ALIKE: Final = 0.06
_CAPTION: Final = 0.2
_FAR_MM: Final = 14.0
_NEAR_MM: Final = 8.0
_BY_LAYOUT: Final = 0.25
_LONG: Final = 6
_TOGETHER: Final = frozenset({"name", "surname", "given_name"})


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a value.

    Parameters
    ----------
    how
        See `HOW`.
    quad
        The most likely place; None if there is none.
    score
        Share of the value that was found there, 0 to 1.
    others
        Other places that fit equally well.
    """

    how: How
    quad: Quad | None = None
    score: float = 0.0
    others: tuple[Quad, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    pieces: tuple[Piece, ...]
    found: float
    score: float

    def overlaps(self, other: _Candidate) -> bool:
        return any(
            a.line == b.line
            and min(a.end, b.end) - max(a.begin, b.begin)
            > 0.3 * min(a.end - a.begin, b.end - b.begin)
            for a in self.pieces
            for b in other.pieces
        )


def locate_values(
    values: Mapping[str, str], lines: Sequence[Line], doc_type: DocumentType | None = None
) -> dict[str, Place]:
    """Find the places of the values of one side of a paper.

    Parameters
    ----------
    values
        Values by field; dates as ``dd/mm/yyyy``, ``dd-mm-yyyy`` or ``yyyy-mm-dd``.
    lines
        Lines of the picture as another engine read them, with quads.
    doc_type
        Type of the paper.  Its captions distinguish fields with equal values.  None if unknown.

    Returns
    -------
    dict
        A place for each value.

    Examples
    --------
    >>> from cvocr_lab.kinds import TYPES
    >>> quad = (0.0, 0.0, 250.0, 0.0, 250.0, 20.0, 0.0, 20.0)
    >>> line = Line("Ho va ten: NGUYEN VAN MAU", 0.9, quad)
    >>> place = locate_values({"name": "NGUYỄN VĂN MẪU"}, [line], TYPES["tcc"])["name"]
    >>> place.how, place.quad[0] > 80
    ('located', True)
    """
    lines = [line for line in lines if line.quad is not None and line.text.strip()]
    return _Finder(values, lines, doc_type).locate()


class _Finder:
    def __init__(
        self, values: Mapping[str, str], lines: Sequence[Line], doc_type: DocumentType | None
    ) -> None:
        self._values, self._lines, self._type = values, lines, doc_type
        self._taken: dict[str, _Candidate] = {}
        self._stream = Stream([line.text for line in lines])
        self._zone = frozenset(at for at, line in enumerate(lines) if _is_zone(line.text))
        self._scales = caption_scales(doc_type)
        self._with_caption: frozenset[int] = frozenset()
        self._captions = [
            Caption(fields, piece, self._points(piece))
            for fields, piece in find_captions(self._stream, doc_type)
            if piece.line not in self._zone
        ]
        self._with_caption = frozenset(c.piece.line for c in self._captions)
        self._captioned = frozenset().union(*(c.fields for c in self._captions))

    def locate(self) -> dict[str, Place]:
        values = self._values
        found = self._by_layout({n: self._candidates(n, value) for n, value in values.items()})
        # Long values first: they are easy to find, and leave fewer places for the short ones.
        for name in sorted(values, key=lambda name: -_weight(values[name], found[name])):
            free = (candidate for candidate in found[name] if not self._is_taken(candidate, name))
            if (first := next(free, None)) is not None:
                self._taken[name] = first
        return {name: self._place(name, found[name]) for name in values}

    def _by_layout(self, found: dict[str, list[_Candidate]]) -> dict[str, list[_Candidate]]:
        """Prefer places near the field of the layout, and remove those far from it."""
        if self._type is None:
            return found
        anchors = [
            (name, self._points(candidate.pieces[0]))
            for name, candidates in found.items()
            for candidate in candidates
            if candidate.found >= _LOCATED
            and len(self._values[name]) >= _LONG
            and not self._of_zone(name)
        ]
        fitted = fit_layout(self._type, anchors)
        if fitted is not None:
            found = {name: self._ranked(name, fitted, some) for name, some in found.items()}
        return found

    def _ranked(
        self, name: str, fitted: FittedLayout, candidates: Sequence[_Candidate]
    ) -> list[_Candidate]:
        made = []
        for candidate in candidates:
            distance = fitted.distance(name, self._points(candidate.pieces[0]))
            if distance is None or self._of_zone(name):
                made.append(candidate)
            elif distance < _FAR_MM or self._by_caption(name, candidate.pieces) > 0:
                near = max(0.0, 1 - distance / _NEAR_MM)
                made.append(replace(candidate, score=candidate.score + _BY_LAYOUT * near))
        return sorted(made, key=lambda c: -c.score)

    def _is_taken(self, candidate: _Candidate, name: str) -> bool:
        """Return whether the value of another field is in this place."""
        return any(
            candidate.overlaps(theirs)
            for other, theirs in self._taken.items()
            if other != name and not self._may_share(name, other)
        )

    def _may_share(self, name: str, other: str) -> bool:
        if name in _TOGETHER and other in _TOGETHER:
            return True
        if self._of_zone(name) and self._of_zone(other):
            return True
        equal = folded(self._values[name])[0] == folded(self._values[other])[0]
        return equal and not self._captioned & {name, other}

    def _place(self, name: str, found: Sequence[_Candidate]) -> Place:
        best = self._taken.get(name)
        if best is None:
            return Place("not_found")
        rivals = [
            other
            for other in found
            if other is not best
            and other.score >= best.score - _ALIKE
            and not other.overlaps(best)
            and not self._is_translation(best, other)
            and not self._is_taken(other, name)
        ]
        how: How = "ambiguous" if rivals else "located" if best.found >= _LOCATED else "fuzzy"
        others = tuple(self._quad(name, other) for other in rivals)
        return Place(how, self._quad(name, best), round(best.found, 3), others)

    def _is_translation(self, best: _Candidate, other: _Candidate) -> bool:
        """Return whether it is a translation on the same line: ``VIỆT NAM / VIETNAMESE``."""
        one, two = best.pieces[-1], other.pieces[0]
        if one.line != two.line or not one.end <= two.begin:
            return False
        origin = self._stream.origins[one.line]
        between = self._stream.texts[one.line][origin[one.end - 1] + 1 : origin[two.begin]]
        return "/" in between and len(between) < _LONG

    def _candidates(self, name: str, value: str) -> list[_Candidate]:
        field = self._field(name)
        made: list[_Candidate] = []
        for text in wordings(field, value):
            share = _MIN_SHARE if len(text) >= _SHORT else _MIN_SHARE_SHORT
            whole = [(piece,) for piece in self._stream.whole(text, min_share=share)]
            chains = self._chains(text, field) if len(text) >= 2 * _SHORT else []
            for pieces in [*whole, *chains]:
                found = sum(piece.score for piece in pieces) / len(text)
                if found >= share and self._fits(name, text, pieces):
                    made.append(_Candidate(pieces, found, found + self._by_caption(name, pieces)))
        # Of places that overlap, keep the one with the largest share; then sort by score.
        made.sort(key=lambda c: (-c.found, -c.score))
        kept: list[_Candidate] = []
        for candidate in made:
            if not any(candidate.overlaps(other) for other in kept):
                kept.append(candidate)
        return sorted(kept, key=lambda c: -c.score)[:8]

    def _chains(self, text: str, field: Field | None) -> list[tuple[Piece, ...]]:
        """Return the best sequence of parts that together have the text, in a list, if any."""
        parts = self._stream.parts(text, min_score=2.5)
        parts.sort(key=lambda p: (p.text_begin, p.text_end))
        rows = field is None or field.max_lines > 1 or field.flow == "right_below"
        points = [self._points(p) for p in parts]
        best: list[tuple[float, tuple[int, ...]]] = []
        for at, part in enumerate(parts):
            score = part.score
            chain: tuple[int, ...] = (at,)
            for before in range(at):
                ahead = part.text_begin - parts[before].text_end
                if ahead < -2 or not follows(points[before], points[at], rows=rows):
                    continue
                joined = best[before][0] + part.score - 0.3 * max(0, -ahead)
                if joined > score:
                    score, chain = joined, (*best[before][1], at)
            best.append((score, chain))
        chains = [(score, chain) for score, chain in best if len(chain) > 1]
        return [tuple(parts[at] for at in max(chains)[1])] if chains else []

    def _fits(self, name: str, text: str, pieces: Sequence[Piece]) -> bool:
        in_zone = [piece.line in self._zone for piece in pieces]
        if self._of_zone(name):
            return all(in_zone)
        return not any(in_zone) and (len(text) >= _SHORT or all(map(self._is_word, pieces)))

    def _is_word(self, piece: Piece) -> bool:
        """Return whether a piece is a whole word, or a number before its unit."""
        text, origin = self._stream.texts[piece.line], self._stream.origins[piece.line]
        first, last = origin[piece.begin], origin[piece.end - 1]
        before, after = text[first - 1 : first], text[last + 1 : last + 2]
        goes_on = after.isdigit() if text[first : last + 1].isdigit() else after.isalnum()
        return not before.isalnum() and not goes_on

    def _by_caption(self, name: str, pieces: Sequence[Piece]) -> float:
        first = pieces[0]
        fields = owner(self._captions, first, self._points(first))
        if name in fields:
            return _CAPTION
        if name in self._captioned:
            return -_CAPTION if fields else -_CAPTION / 2
        return -_CAPTION / 2 if fields else 0.0

    def _quad(self, name: str, candidate: _Candidate) -> Quad:
        if self._of_zone(name):
            return around([points_of(self._lines[at]) for at in self._zone_around(candidate)])
        return around([self._points(piece, name) for piece in candidate.pieces])

    def _zone_around(self, candidate: _Candidate) -> list[int]:
        """Return the lines of the zone that has the candidate, from top to bottom."""
        inside = [candidate.pieces[0].line]
        axis, normal = axes(points_of(self._lines[inside[0]]))
        rows = {at: box(points_of(self._lines[at]), axis, normal) for at in self._zone}
        for at in inside:  # the list grows in the loop
            left, top, right, bottom = rows[at]
            for other, (o_left, o_top, o_right, o_bottom) in rows.items():
                apart = abs(o_top + o_bottom - top - bottom) / 2
                if (
                    other not in inside
                    and apart < 2 * (bottom - top)
                    and o_left < right
                    and left < o_right
                ):
                    inside.append(other)
        return sorted(inside, key=lambda at: rows[at][1])

    def _points(self, piece: Piece, name: str = "") -> Points:
        origin = self._stream.origins[piece.line]
        begin, end = origin[piece.begin], origin[piece.end - 1] + 1
        scale = self._scales.get(name, 1.0) if piece.line in self._with_caption else 1.0
        return part_of(self._lines[piece.line], begin, end, rest=scale)

    def _field(self, name: str) -> Field | None:
        return self._type[name] if self._type and name in self._type.names else None

    def _of_zone(self, name: str) -> bool:
        field = self._field(name)
        return name == "mrz" or (field is not None and field.source == "mrz")


def _is_zone(text: str) -> bool:
    tight = text.replace(" ", "")
    return len(tight) >= 20 and tight.count("<") >= 2


def _weight(value: str, found: Sequence[_Candidate]) -> float:
    best = found[0].score if found else 0.0
    return best * min(len(value), 12)


def wordings(field: Field | None, value: str) -> list[str]:
    """Return the folded texts that the paper may print for a value, the most likely first.

    >>> wordings(None, "2019-03-05")[:2]
    ['05032019', 'ngay05thang03nam2019']
    """
    texts = [value]
    parts = split_date(value, loose=True)
    if parts and (field is None or isinstance(field.type, forms.Date)):
        year, month, day = parts[0], parts[1].zfill(2), parts[2].zfill(2)
        in_zone = field is not None and field.source == "mrz"
        texts = [year[2:] + month + day] if in_zone else _dates(day, month, year)
    found = (folded(text)[0] for text in texts)
    return [text for text in dict.fromkeys(found) if text]


def _dates(day: str, month: str, year: str) -> list[str]:
    texts = [day + month + year]
    short = str(int(day)), str(int(month))
    for d, m in ((day, month), (day, short[1]), short):
        texts.append(f"ngày {d} tháng {m} năm {year}")
        texts.append(f"ngày (date) {d} tháng {m} năm {year}")
        texts.append(f"ngày (date) {d} tháng (month) {m} năm (year) {year}")
    return texts
