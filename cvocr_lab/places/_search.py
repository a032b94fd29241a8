"""Finds the units of an address among its words if commas do not separate them properly.

The words are read from the right: a province, a district below it, a ward below that.  A unit
begins at a separator, at a unit word or beside another unit; elsewhere only exact names count.  The
best reading is the one that identifies the most units.  Words that belong to no unit form the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from typing import Final, Literal, NamedTuple

from cvocr_lab.places._gazetteer import (
    DISTRICT_WORDS,
    FORMER,
    WARD_WORDS,
    Place,
    Roll,
    province_named,
    roll,
    written,
)
from cvocr_lab.places._provinces import Era, Province, may_be_province, provinces
from cvocr_lab.places._words import Runs, Word
from cvocr_lab.text import fold_key

Level = Literal["province", "district", "ward"]

_ENDS: Final = 4
"""Number of separators, from the right, that are tried as the end of the units."""
_SURE: Final = 5.0
"""Value of a reading that finds three levels almost certainly."""
_ALL_PLACED: Final = 3.4
"""Value of a reading of at least two levels that leaves no word out."""
_UNITS: Final = {
    "province": frozenset({"tinh", "thanhpho"}),
    "district": DISTRICT_WORDS,
    "ward": WARD_WORDS,
}


class Span(NamedTuple):
    """Words from `begin` to before `end` that name a place.

    `score` says how well they fit the name, 0 to 1; `value` is that of this interpretation.
    """

    begin: int
    end: int
    place: Place | Province
    score: float
    value: float


class Reading(NamedTuple):
    """A reading of an address: its units and the words that belong to them."""

    value: float = 0.0
    score: float = 1.0
    era: Era = "old"
    province: Province | None = None
    district: Place | None = None
    ward: Place | None = None
    begin: int = 0
    taken: frozenset[int] = frozenset()

    def with_unit(self, level: Level, span: Span) -> Reading:
        """Return the reading with one more unit."""
        return self._replace(
            value=self.value + span.value,
            score=min(self.score, span.score),
            begin=span.begin,
            taken=self.taken.union(range(span.begin, span.end)),
            **{level: span.place},  # type: ignore[arg-type]
        )


class Search(Runs):
    """All readings of one address, given as text with its words separated by `parted`."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._ending: dict[tuple[int, bool], list[Span]] = {}

    def best(self, era: Era | None, *, at_end: bool = False) -> Reading | None:
        """Return the reading with the highest value, or None if no unit is found.

        `at_end` says that the units are known to be at the end of the text.
        """
        found: list[Reading] = []
        for end in self._ends()[: 1 if at_end else None]:
            for readings in self._readings(end, era):
                found += [reading for reading in readings if reading.value > 0]
                if any(reading.ward and reading.value >= _SURE for reading in found):
                    return max(found, key=_preference)
            # A reading that certainly uses all words cannot be improved by omitting some.
            if any(len(r.taken) == len(self.words) and r.value >= _ALL_PLACED for r in found):
                break
        return max(found, key=_preference, default=None)

    def rest(self, reading: Reading) -> list[str]:
        """Return the runs of words that belong to no unit."""
        runs: list[list[Word]] = []
        before = -2
        for at, word in enumerate(self.words):
            if at in reading.taken:
                continue
            if at != before + 1:
                runs.append([])
            runs[-1].append(word)
            before = at
        return [self.text[run[0].begin : run[-1].end] for run in runs]

    def _readings(self, end: int, era: Era | None) -> Iterator[Iterable[Reading]]:
        """Yield the readings that end at `end`, the most common kinds first."""
        bases = []
        last = any(span.score == 1 for span in self._provinces(len(self.words)))
        for span in self._provinces(end):
            if last and span.score < 1:  # "Thanh Hối, Tân Lạc Hòa Bình" is not in Thanh Hóa
                continue
            base = Reading().with_unit("province", span)
            bases.append(base._replace(value=base.value - self._skipped(span.end)))
        if era != "new":
            yield chain.from_iterable(map(self._below_old, bases))
            yield chain.from_iterable(map(self._ward_alone, bases))
        again = [again for base in bases for again in self._again(base)]
        if era != "new":
            yield chain.from_iterable(map(self._below_old, again))
            yield chain.from_iterable(map(self._ward_alone, again))
        if era != "old":
            yield from map(self._below_new, bases + again)
        if era != "new":
            yield self._without_province(end)

    def _skipped(self, end: int) -> float:
        """Return the penalty for words after the last unit."""
        count = len(self.words)
        if end == count:
            return 0.0
        unit = any(self.run(at, count).unit for at in range(end, count))
        return 0.3 + 0.4 * sum(w.gap > 0 for w in self.words[end + 1 :]) + unit

    def _ends(self) -> list[int]:
        """Return the possible ends of the last unit: the end of the text, or a separator."""
        count = len(self.words)
        before = [at for at in range(count - 1, 0, -1) if self.words[at].gap > 0]
        numbers = []
        for at in range(count - 1, 0, -1):
            key = self.joined(at, count)
            if key and not key.isdigit():
                break
            numbers += [at] if key else []
        if count > 1 and before[:1] != [count - 1] and self._names_province(count - 1):
            before.insert(0, count - 1)  # "Hà Nội cũ"
        return list(dict.fromkeys([count, *numbers, *before]))[: _ENDS + 1]

    def _names_province(self, end: int) -> bool:
        return any(span.score == 1 for span in self._provinces(end, exactly=True))

    def _provinces(self, end: int, *, exactly: bool = False) -> list[Span]:
        key = end, exactly
        if key not in self._ending:
            self._ending[key] = list(self._provinces_before(end, exactly=exactly))
        return self._ending[key]

    def _provinces_before(self, end: int, *, exactly: bool) -> Iterator[Span]:
        for begin, cost in self.starts(end):
            if not self.may_be_bounded(begin, end) and not may_be_province(self.joined(begin, end)):
                continue
            text, unit, bounded = self.run(begin, end)
            if unit and unit not in _UNITS["province"]:
                continue
            found = province_named(text, exactly=exactly or not bounded)
            if found is None or (found[1] < 1 and not bounded):
                continue
            place, score = found
            short = len(self.joined(begin, end)) < 3
            if not bounded and (short and not text.isupper()):
                continue
            # "TP Bắc Giang" is the town, unless there is no other unit.
            wrong = unit == "thanhpho" and place.kind != "city"
            value = 2 * score - cost - 0.3 * (not bounded) - 1.5 * wrong + 0.3 * (unit == "tinh")
            yield Span(begin, end, place, score, value)

    def _again(self, base: Reading) -> Iterator[Reading]:
        """Yield readings of a repeated province: ``Ho Chi Minh City, Ho Chi Minh``."""
        if not base.begin or not self.words[base.begin].gap:
            return
        for span in self._provinces(base.begin, exactly=True):
            if span.place == base.province and span.score == 1:
                taken = base.taken | set(range(span.begin, span.end))
                yield base._replace(begin=span.begin, taken=taken, value=base.value + 0.05)

    def _places(self, among: Roll, end: int, level: Level) -> Iterator[Span]:
        """Yield the names of the roll that end at `end`."""
        for begin, cost in self.starts(end):
            if not self.may_be_bounded(begin, end) and self.joined(begin, end) not in among.by_key:
                continue
            text, unit, bounded = self.run(begin, end)
            keys = written(text).keys
            if not bounded and not any(key in among.by_key for key in keys):
                continue
            if not bounded and len(keys[-1]) < 4 and level == "ward":
                continue
            found = among.find(text)
            if found is None or (found[1] < 0.9 and not bounded):
                continue
            place, score = found
            if unit and unit not in _UNITS[level] and keys[-1] not in written(place.name).keys:
                continue
            if not bounded and self.names_street(begin):
                continue
            kind = fold_key(place.kind).replace(" ", "")
            value = (
                2 * score
                - cost
                - 0.5 * (not bounded)
                + 0.3 * (unit == kind)
                - 0.2 * (bool(unit) and unit != kind)
            )
            yield Span(begin, end, place, score, value)

    def _below_old(self, base: Reading) -> Iterator[Reading]:
        assert base.province is not None
        code = base.province.code
        yield base
        if not base.begin and base.taken and max(base.taken) + 1 == len(self.words):
            return
        ends = [base.begin] if base.begin else []
        after = max(base.taken) + 1
        ends += [end for end in (len(self.words),) if end > after]  # Hanoi, quận Thanh Xuân
        for end in ends:
            for span in self._places(roll("old", code), end, "district"):
                if span.begin >= after and span.value < 2:
                    continue
                if span.begin < after and span.end > base.begin:
                    continue
                with_district = base.with_unit("district", span)
                begin = min(base.begin, span.begin)
                yield from self._wards(
                    with_district._replace(begin=begin), roll("old", code, span.place.name)
                )

    def _wards(self, base: Reading, among: Roll) -> Iterator[Reading]:
        yield base
        if base.begin:
            for span in self._places(among, base.begin, "ward"):
                yield base.with_unit("ward", span)

    def doubtful(self, reading: Reading) -> bool:
        """Return whether a street before the units has the name of a ward, which may be meant."""
        assert reading.province is not None
        if reading.era == "old" and reading.district is None:
            return False
        name = reading.district.name if reading.district else ""
        among = roll(reading.era, reading.province.code, name)
        for begin, _ in self.starts(reading.begin):
            if self.run(begin, reading.begin).bounded:
                return False
            if self.joined(begin, reading.begin) in among.by_key and self.names_street(begin):
                return True
        return False

    def _ward_alone(self, base: Reading) -> Iterator[Reading]:
        """Yield wards directly before the province; a unique name determines the district."""
        assert base.province is not None
        named = wards_named(base.province.code)
        for begin, cost in self.starts(base.begin):
            text, unit, bounded = self.run(begin, base.begin)
            what = written(text)
            found = named.get(what.keys[0], [])
            if not found or (unit and unit not in WARD_WORDS):
                continue
            settled = not bounded and self.in_settlement(begin)
            if not (bounded or settled):
                continue
            marked = [f for f in found if written(f[1].name).marked[0] == what.marked[0]]
            found = marked if marked or settled else found
            if len(found) != 1 or _numbered(text) or not self.after_house(begin):
                continue
            district, ward = found[0]
            span = Span(begin, base.begin, ward, 0.9, 1.6 - cost)
            yield base.with_unit("ward", span)._replace(district=district)

    def _below_new(self, base: Reading) -> Iterator[Reading]:
        assert base.province is not None
        if (new := of_new_era(base.province.name)) is not None:
            base = base._replace(province=new, era="new")
            yield from self._wards(base, roll("new", new.code))

    def _without_province(self, end: int) -> Iterator[Reading]:
        """Yield districts whose name, or ward, determines the province."""
        if any(word.gap > 1 for word in self.words[end:]):
            return  # text after a comma may be a misread province
        named = districts_named()
        cost = self._skipped(end)
        for begin, crossing in self.starts(end):
            if not (self.may_be_bounded(begin, end) or self.joined(begin, end) in named):
                continue
            text, unit, bounded = self.run(begin, end)
            what = written(text)
            places = named.get(what.keys[0], [])
            if len(what.keys[0]) < 5 or not places:
                continue
            if unit and unit not in DISTRICT_WORDS:
                continue
            if not bounded and self.names_street(begin):
                continue
            kinds = [p for p in places if fold_key(p[1].kind).replace(" ", "") == unit]
            readings = []
            for province, district in kinds or places:
                span = Span(begin, end, district, 0.9, 1.5 - cost - crossing)
                base = Reading(province=province).with_unit("district", span)
                of_it = self._wards(base, roll("old", province.code, district.name))
                readings.append(max(of_it, key=lambda r: r.value))
            best = max(r.value for r in readings)
            told = [r for r in readings if r.value == best]
            if len(told) == 1:
                yield told[0]


def _preference(reading: Reading) -> tuple[float, int, bool, float]:
    return reading.value, len(reading.taken), reading.era == "old", reading.score


def _numbered(text: str) -> bool:
    return any(c.isdigit() for c in written(text).keys[0])


@cache
def of_new_era(name: str) -> Province | None:
    """Return the new province of the same name; Huế for Thừa Thiên Huế."""
    name = "Huế" if name == "Thừa Thiên Huế" else name
    return next((place for place in provinces("new") if place.name == name), None)


@cache
def wards_named(province: str) -> dict[str, list[tuple[Place, Place]]]:
    """Return the wards of an old province by key, each with its district."""
    made: dict[str, list[tuple[Place, Place]]] = {}
    for district in roll("old", province).places():
        for ward in roll("old", province, district.name).places():
            made.setdefault(written(ward.name).keys[0], []).append((district, ward))
    return made


@cache
def wards_of_all() -> dict[str, list[tuple[Province, Place, Place]]]:
    """Return the wards of the old era by key, each with its province and district."""
    made: dict[str, list[tuple[Province, Place, Place]]] = {}
    for province in provinces("old"):
        former = FORMER.get(province.code, {})
        for key, found in wards_named(province.code).items():
            own = [(province, *pair) for pair in found if pair[0].name not in former]
            made.setdefault(key, []).extend(own)
    return made


@cache
def districts_named() -> dict[str, list[tuple[Province, Place]]]:
    """Return the districts of the old era by key, each with its province."""
    made: dict[str, list[tuple[Province, Place]]] = {}
    for province in provinces("old"):
        for district in roll("old", province.code).places():
            made.setdefault(written(district.name).keys[0], []).append((province, district))
    return made
