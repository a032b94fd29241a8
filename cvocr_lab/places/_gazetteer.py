"""Districts and wards of both eras by name, and the search for misread names in a short list.

A name is searched only among the units of the place above it: dozens of wards are called Tân Lập,
but at most one in each district.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final, NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from cvocr_lab.data import rows
from cvocr_lab.places._provinces import Era, Province, former_province, match_province
from cvocr_lab.text import digits_from_lookalikes, fold, fold_key, nfc, old_tone

CACHED: Final = 1 << 17
_CACHED_OF_ROLL: Final = 1 << 12

_UNITS: Final = {
    "tinh": "tinh", "thanh pho": "thanhpho", "tp": "thanhpho", "t p": "thanhpho",
    "quan": "quan", "q": "quan", "huyen": "huyen", "h": "huyen", "f": "phuong",
    "thi xa": "thixa", "tx": "thixa", "t x": "thixa", "phuong": "phuong", "p": "phuong",
    "xa": "xa", "x": "xa", "thi tran": "thitran", "tt": "thitran", "t t": "thitran",
    "dac khu": "dackhu",
}  # fmt: skip
"""Unit words and their abbreviations, without accents."""

_MARKED_UNITS: Final = {
    "tỉnh": "tinh", "thành phố": "thanhpho", "quận": "quan", "huyện": "huyen", "thị xã": "thixa",
    "phường": "phuong", "xã": "xa", "thị trấn": "thitran", "đặc khu": "dackhu",
}  # fmt: skip
DISTRICT_WORDS: Final = frozenset({"quan", "huyen", "thixa", "thanhpho"})
WARD_WORDS: Final = frozenset({"phuong", "xa", "thitran", "dackhu"})
_ROMAN: Final = {
    word: str(at)
    for at, word in enumerate("i ii iii iv v vi vii viii ix x xi xii".split(), start=1)  # noqa: SIM905
}
FORMER: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "079": {"Quận 2": ("Thủ Đức",), "Quận 9": ("Thủ Đức",)},
    "001": {"Từ Liêm": ("Nam Từ Liêm", "Bắc Từ Liêm")},
}
"""Districts on older papers, by province, and the districts of 2025 that they became (Resolutions
132/NQ-CP of 2013 and 1111/NQ-UBTVQH14 of 2020)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A district or ward.

    The `name` is as printed on cards, with tones in the old style and without a unit word, except
    for numbered units (``Phường 7``); `kind` is the unit word in small letters.  Wards have a
    statistics `code`, and `became` are the codes of the wards they became part of on 2025-07-01.
    """

    name: str
    kind: str
    code: str = ""
    became: tuple[str, ...] = ()


class Written(NamedTuple):
    """A part of an address, prepared for look-ups.

    `unit` is the unit word it begins with, folded and spelled out; "" for none.  `keys` are the
    possible names, with and without the unit word, folded and without blanks; `marked` are the same
    in lower case with accents.
    """

    unit: str
    keys: tuple[str, ...]
    marked: tuple[str, ...]


_MIXED: Final = re.compile(r"\b(?![PQFpqf]\.?[\dOolI]+\b)(?=\w*[^\W\d_])(?=\w*\d)\w+")
_TO_LETTERS: Final = str.maketrans("01245689", "oizasgbg")
_DIGIT: Final = re.compile(r"\d")
_NO_DIGITS: Final = re.compile(r"\D")
_WORDS: Final = re.compile(r"[^\W_]+")


def mended(part: str) -> str:
    """Replace digits in words by the letters they resemble; words of digits mostly stay.

    >>> mended("L0ng Hồ, 8ình Khương, P7, Quận 1O")
    'Long Hồ, bình Khương, P7, Quận 1O'
    """
    return _MIXED.sub(_with_letters, part) if _DIGIT.search(part) else part


def _with_letters(word: re.Match[str]) -> str:
    text = word[0]
    before = fold_key(word.string[: word.start()]).rpartition(" ")[2]
    if before in _NUMBERED and digits_from_lookalikes(text).isdecimal():
        return text
    return text.translate(_TO_LETTERS)


_TIGHT: Final = re.compile(r"([pqf])(\d+)")
_NUMBERED: Final = frozenset({"p", "q", "phuong", "quan"})


@lru_cache(CACHED)
def written(part: str) -> Written:
    """Prepare a part of an address for look-ups."""
    part = mended(part)
    words = fold_key(part).split()
    marked = _WORDS.findall(old_tone(part).lower())
    if len(marked) != len(words):
        marked = words
    if words and words[-1] in _ROMAN and len(words) > 1:
        words = [*words[:-1], _ROMAN[words[-1]]]
        marked = [*marked[:-1], words[-1]]
    unit, rest = "", 0
    for length in (2, 1):
        if len(words) > length and (found := _UNITS.get(" ".join(words[:length]))):
            unit, rest = found, length
            break
    if not unit and words and (tight := _TIGHT.fullmatch(words[0])):
        unit, rest = _UNITS[tight[1]], 0
        words, marked = [tight[2], *words[1:]], [tight[2], *marked[1:]]
    if not unit:
        return Written("", ("".join(words),), ("".join(marked),))
    name, name_marked = "".join(words[rest:]), "".join(marked[rest:])
    if any(c.isdigit() for c in name):
        number = digits_from_lookalikes(name)
        name = name_marked = f"{unit}{int(number)}" if number.isdecimal() else name
    whole, whole_marked = "".join(words), "".join(marked)
    return Written(unit, (name, whole), (name_marked, whole_marked))


MAY_BE_UNIT: Final = re.compile(
    "|".join(sorted({word.split()[0] + r"\b" for word in _UNITS})) + r"|[pqf]\d"
)


@lru_cache(CACHED)
def explicit_unit(part: str) -> str:
    """Return the unit word that a part begins with, folded; "" if it may be a name, as ``Quán``.

    >>> explicit_unit("Phường Hoàn Kiếm"), explicit_unit("Q. 1"), explicit_unit("Quán Thánh")
    ('phuong', 'quan', '')
    """
    first = _WORDS.search(part)
    if first is None or not MAY_BE_UNIT.match(fold(first[0]).lower()):
        return ""
    marked = " ".join(_WORDS.findall(old_tone(part).lower()))
    for word, unit in _MARKED_UNITS.items():
        if marked.startswith(f"{word} "):
            return unit
    head, _, name = marked.partition(" ")
    if tight := _TIGHT.fullmatch(head):
        return _UNITS[tight[1]]
    if name and head.isascii() and (len(head) <= 2 or marked.isascii()):
        return written(part).unit
    return ""


@lru_cache(CACHED)
def province_named(part: str, *, exactly: bool = False) -> tuple[Province, float] | None:
    """Find the province that a part names, or a former one's successor; see `match_province`."""
    found = match_province(mended(part), exactly=exactly)
    if found is not None:
        return found if found[1] == 1 or not is_beside_words(found[0], part) else None
    became = former_province(part)
    return None if became is None else (became, 0.9)


def is_beside_words(province: Province, part: str) -> bool:
    """Return whether a part is the name of the province and further words: ``Bình Định (cũ)``.

    That is no misread name, and the further words would be lost.  A single letter may be a speck.
    """
    name = f" {fold_key(province.name)} "
    before, found, behind = f" {fold_key(part)} ".partition(name)
    if not found:
        return False
    return len(behind) > 2 or (len(before) > 2 and not _is_unit(before.split()))


@dataclass(slots=True)
class Roll:
    """The units in one larger unit, searchable by name."""

    by_mark: dict[str, Place] = field(default_factory=dict)
    by_key: dict[str, list[Place]] = field(default_factory=dict)
    _found: dict[str, tuple[Place, float] | None] = field(default_factory=dict)

    def add(self, place: Place) -> None:
        """Add a place under its name, with and without its unit word."""
        key, mark = _bare(place.name)
        kind, kind_mark = _bare(place.kind)
        spellings = [(key, mark), (kind + key, kind_mark + mark)]
        *head, last = fold_key(place.name).split()
        if last in _ROMAN:
            spellings.append(("".join(head) + _ROMAN[last],) * 2)
            spellings.append((kind + "".join(head) + _ROMAN[last],) * 2)
        for k, m in spellings:
            if self.by_mark.setdefault(m, place) is not place and m == mark:
                self.by_mark[m] = Place(place.name, "")  # a town and a commune of one name
            if _DIGIT.search(k):  # numbered: its unit word may be abbreviated
                self.by_mark.setdefault(k, place)
            known = self.by_key.setdefault(k, [])
            if all(p.name != place.name for p in known):
                known.append(place)

    def find(self, part: str) -> tuple[Place, float] | None:
        """Find the place a part names, even if misread, and how well it fits, 0 to 1.

        Return None if no name is similar, or two are equally similar.  Results are cached, because
        parts of addresses recur.
        """
        if part not in self._found:
            if len(self._found) > _CACHED_OF_ROLL:
                self._found.clear()
            self._found[part] = self._look_for(part)
        return self._found[part]

    def _look_for(self, part: str) -> tuple[Place, float] | None:
        what = written(part)
        for mark in what.marked:
            if place := self.by_mark.get(mark):
                return place, 1.0
        for key, mark in zip(what.keys, what.marked, strict=True):
            if places := self.by_key.get(key):
                return _nearest(mark, places)
        return self._misread(part, what)

    def by_initials(self, part: str) -> Place | None:
        """Find the one place with these initials, written in capitals: ``ĐĐ`` for Đống Đa."""
        if not part.isupper() or len(part) < 2 or fold_key(part) in _UNITS:
            return None
        found = [p for p in self.places() if "".join(w[0] for w in p.name.split()) == part]
        return found[0] if len(found) == 1 else None

    def _holds_name(self, part: str) -> bool:
        """Return whether a part consists of a listed name and further words."""
        words = fold_key(part).split()
        for begin in range(len(words)):
            name = ""
            for end, word in enumerate(words[begin:], begin + 1):
                name += word
                if len(name) < 4 or name not in self.by_key:
                    continue
                before, after = words[:begin], words[end:]
                if len("".join(after)) > 1 or (before and not _is_unit(before)):
                    return True
        return False

    def _misread(self, part: str, what: Written) -> tuple[Place, float] | None:
        """Find the nearest name."""
        near = [
            (key, mark, name, int(distance))
            for key, mark in zip(what.keys, what.marked, strict=True)
            if (most := slack(len(key)))
            for name, distance, _ in process.extract(
                key, self.by_key.keys(), scorer=OSA.distance, score_cutoff=most, limit=6
            )
        ]
        # Names of other places are no misreads, nor are extra words, which would be lost.
        if (
            not near
            or what.marked[0] in _every_name()
            or province_named(what.keys[0], exactly=True)
            or self._holds_name(part)
        ):
            return None
        unit = fold_key(part).partition(" ")[0] not in _name_words()  # it may be misread
        found = [
            (distance, OSA.normalized_similarity(mark, _bare(p.name)[1]), p)
            for key, mark, name, distance in near
            if _NO_DIGITS.sub("", name) == _NO_DIGITS.sub("", key)
            for p in self.by_key[name]
            if (unit and distance < 3) or name == _bare(p.name)[0]
        ]
        if not found:
            return None
        found.sort(key=lambda f: (f[0], -f[1]))
        distance, likeness, best = found[0]
        others = [f for f in found if f[2].name != best.name]
        if others and (others[0][0], -others[0][1]) <= (distance, 0.05 - likeness):
            return None
        return best, max(likeness, 1 - distance / max(len(what.keys[0]), 1))

    def places(self) -> Iterable[Place]:
        """Return the places of the roll without duplicates."""
        return {(p.name, p.kind): p for places in self.by_key.values() for p in places}.values()


def _is_unit(words: list[str]) -> bool:
    """Return whether the words are a unit word, or a long one with one misread letter.

    Words that occur in names, such as Thượng or Bình, do not count.
    """
    text = "".join(words)
    return " ".join(words) in _UNITS or any(
        text not in _name_words() and OSA.distance(text, unit, score_cutoff=1) <= 1
        for unit in set(_UNITS.values())
        if unit != "xa"
    )


def slack(length: int) -> int:
    """Return how many letters may be wrong in a name of that length."""
    return 0 if length < 4 else 1 if length < 7 else 2 if length < 12 else 3


def _nearest(mark: str, places: list[Place]) -> tuple[Place, float] | None:
    """Choose among names that differ only in their accents."""
    scored = sorted(
        ((OSA.normalized_similarity(mark, _bare(p.name)[1]), p) for p in places),
        key=lambda s: s[0], reverse=True,
    )  # fmt: skip
    alike = [place for score, place in scored if score == scored[0][0]]
    if len(alike) > 1:  # prefer the current one of two spellings
        alike = [p for p in alike if p.became] or [p for p in alike if not p.code][:1]
    return (alike[0], 0.9 + 0.1 * scored[0][0]) if len(alike) == 1 else None


@lru_cache(CACHED)
def _bare(name: str) -> tuple[str, str]:
    """Return the key and the accented form of a name; numbered names keep their unit word."""
    return (fold_key(name).replace(" ", ""), "".join(_WORDS.findall(old_tone(name).lower())))


@cache
def roll(era: Era, province: str, district: str = "") -> Roll:
    """Return the roll of a province, given by its code: its districts, or its wards if it is new.

    With the name of a `district` of the old era, it is the roll of the wards of this district.
    """
    made = Roll()
    for place in _units(era).get((province, fold_key(district)), ()):
        made.add(place)
    return made


@cache
def _units(era: Era) -> dict[tuple[str, str], list[Place]]:
    units: dict[tuple[str, str], list[Place]] = {}
    if era == "new":
        for row in rows("wards_new.csv"):
            place = Place(old_tone(row["ward"]), row["kind"], row["code"])
            units.setdefault((row["province_code"], ""), []).append(place)
        return units
    seen: set[tuple[str, str, str]] = set()
    # Names that went out of use by 2025 come last: the current one of two spellings wins.
    for row in sorted(rows("wards_old.csv"), key=lambda row: row["until"]):
        province, district = row["province_code"], old_tone(row["district"])
        if (province, district, row["district_kind"]) not in seen:
            seen.add((province, district, row["district_kind"]))
            place = Place(district, row["district_kind"])
            units.setdefault((province, ""), []).append(place)
        if row["ward"]:
            became = tuple(row["new_codes"].split())
            place = Place(old_tone(row["ward"]), row["kind"], row["code"], became)
            units.setdefault((province, fold_key(district)), []).append(place)
    for province, former in FORMER.items():
        for name, became_districts in former.items():
            units[province, ""].append(Place(name, "quận" if name[-1].isdigit() else "huyện"))
            wards = (units[province, fold_key(district)] for district in became_districts)
            units[province, fold_key(name)] = [ward for found in wards for ward in found]
    return units


@cache
def _all_names() -> frozenset[str]:
    eras: tuple[Era, ...] = ("old", "new")
    return frozenset(p.name for era in eras for found in _units(era).values() for p in found)


@cache
def _every_name() -> frozenset[str]:
    """Return all listed names with their accents."""
    return frozenset(_bare(nfc(name))[1] for name in _all_names())


@cache
def _name_words() -> frozenset[str]:
    """Return the words of all names, folded."""
    return frozenset(fold_key(" ".join(_all_names())).split())


@cache
def wards_by_code() -> dict[str, Place]:
    """Return the wards since 2025-07-01 by their statistics codes."""
    return {place.code: place for places in _units("new").values() for place in places}
