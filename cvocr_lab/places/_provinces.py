"""Provinces of both eras: names, codes, plates and successors; the 12-digit personal number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final, Literal, cast

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from cvocr_lab.data import rows
from cvocr_lab.text import collapse, fold, fold_key, nfc, old_tone

Era = Literal["old", "new"]
"""`old`: the 63 provinces until 2025-06-30; `new`: the 34 since 2025-07-01."""

ProvinceKind = Literal["city", "province"]


@dataclass(frozen=True, slots=True)
class Province:
    """A province or centrally run city of one era.

    Parameters
    ----------
    name
        Name without unit word, tones in the old style: ``"Khánh Hòa"``, ``"Hồ Chí Minh"``.
    code
        Statistics code: three digits in the old era (as in the personal number), two in the new.
    era
        Era of the province.
    kind
        ``"city"`` for centrally run cities (in the new era as of 2025-07-01).
    plates
        Two-digit plate codes; a merged province keeps those of all its parts.
    id_codes
        First three digits of personal numbers registered there; several for a merged province.
    """

    name: str
    code: str
    era: Era
    kind: ProvinceKind
    plates: tuple[str, ...]
    id_codes: tuple[str, ...]


@cache
def provinces(era: Era) -> tuple[Province, ...]:
    """Return all provinces of `era`, 63 or 34, by code.

    >>> len(provinces("old")), len(provinces("new"))
    (63, 34)
    """
    table = rows("provinces.csv")
    made = []
    for code in sorted({row[f"{era}_code"] for row in table}):
        parts = [row for row in table if row[f"{era}_code"] == code]
        name, kind = parts[0][f"{era}_name"], cast("ProvinceKind", parts[0][f"{era}_kind"])
        plates = tuple(sorted(plate for row in parts for plate in row["plates"].split()))
        made.append(
            Province(name, code, era, kind, plates, tuple(row["old_code"] for row in parts))
        )
    return tuple(made)


@cache
def by_id_code(code: str) -> Province | None:
    """Return the old province for the first three digits of a personal number.

    None for codes that were never issued and for births abroad (see `is_abroad`).

    >>> by_id_code("079").name
    'Hồ Chí Minh'
    """
    return next((place for place in provinces("old") if place.code == code), None)


def is_abroad(code: str) -> bool:
    """Return whether the first three digits of a personal number mean abroad (101-295)."""
    return bool(re.fullmatch(r"[12]\d\d", code, re.ASCII)) and 101 <= int(code) <= 295


@cache
def by_plate_code(code: str, *, era: Era = "old") -> Province | None:
    """Return the province whose vehicle plates begin with `code`.

    Plates issued before the mergers stay valid.  None for unused codes and for 80, the central
    traffic police department.

    >>> by_plate_code("61").name, by_plate_code("61", era="new").name
    ('Bình Dương', 'Hồ Chí Minh')
    """
    return next((place for place in provinces(era) if code in place.plates), None)


@cache
def successor(old_name: str) -> Province:
    """Return the new province that `old_name` became part of; ValueError if it is unknown.

    >>> successor("Bình Dương").name
    'Hồ Chí Minh'
    """
    key = _key(old_name)
    for place in provinces("old"):
        if _key(place.name) == key:
            return next(new for new in provinces("new") if place.code in new.id_codes)
    raise ValueError("no province of the old era has this name")


def match_province(
    text: str, *, era: Era | None = None, exactly: bool = False
) -> tuple[Province, float] | None:
    """Find the province that a printed or misread `text` names, with a score from 0 to 1.

    A score of 1 means a name or a known variant, whatever the accents, case, blanks and unit words
    (`TP. Hồ Chí Minh`, `TPHCM`, `Thừa Thiên-Huế`, `Đăk Lăk`, `Khánh Hoà`).  Initials count only in
    upper case and if they are unique to a province (`BN`).  Returns None below 0.8, or if two
    provinces fit equally well.

    Parameters
    ----------
    text
        Only the province part of an address.
    era
        None means the 63 old names, which contain every new name but Huế, an alias there.
    exactly
        Whether only a score of 1 counts, which is faster.
    """
    era = era or "old"
    exact = collapse(nfc(text))
    initials = _NO_CAPITALS.sub("", exact) if exact.isupper() else ""
    if len(initials) <= 4 and (place := _initials(era).get(initials)):
        return place, 1.0
    key = _key(text)
    if place := _names(era).get(key):
        return place, 1.0
    if exactly or not key or key in _names("old"):  # an exact old name is not a misread new one
        return None
    names = _names(era)
    scores: dict[Province, tuple[float, float]] = {}
    for name, score, _ in _near(key, names, 0.8):
        place = names[name]
        marks = Levenshtein.normalized_similarity(_marked(text), _marked(place.name))
        scores[place] = max(scores.get(place, (0.0, 0.0)), (score, marks))
    best = max(scores, key=scores.__getitem__, default=None)
    if best is None or list(scores.values()).count(scores[best]) > 1:
        return None
    return best, scores[best][0]


_NO_CAPITALS: Final = re.compile("[^A-ZĐ]")
_FORMER: Final = {"hatay": "Hà Nội"}
"""Provinces on older papers, and what they became (Resolution 15/2008/QH12)."""


def former_province(text: str) -> Province | None:
    """Return the province that a former one became part of before 2025: Hà Nội for Hà Tây."""
    if name := _FORMER.get(_key(text)):
        return next(place for place in provinces("old") if place.name == name)
    return None


def near_provinces(text: str, least: float) -> list[tuple[Province, float]]:
    """Return the old provinces whose name has at least that similarity to `text` (0 to 1)."""
    names = _names("old")
    found: dict[Province, float] = {}
    for name, likeness, _ in _near(_key(text), names, least):
        place = names[name]
        found[place] = max(found.get(place, 0.0), likeness)
    return list(found.items())


def _near(key: str, names: dict[str, Province], least: float) -> list[tuple[str, float, int]]:
    """Return names of at least that similarity; the scorer's own cut-off is inexact."""
    found = process.extract(
        key, list(names), scorer=Levenshtein.normalized_similarity,
        score_cutoff=least - 0.01, limit=None,
    )  # fmt: skip
    return [near for near in found if near[1] >= least]


@lru_cache(1 << 14)
def _key(text: str) -> str:
    """Remove accents, case, blanks and unit words: `tphochiminh` and `Hồ Chí Minh` are the same."""
    return _UNIT.sub("", fold_key(text).replace(" ", ""))


_UNIT: Final = re.compile(r"^(thanhpho|tinh|tp)(?=.{3})")


def may_be_province(key: str) -> bool:
    """Return quickly whether folded words joined as one may name a province exactly."""
    return _UNIT.sub("", key).strip("0123456789") in _exact_keys()


@cache
def _exact_keys() -> frozenset[str]:
    return frozenset({*_names("old"), *map(_key, _initials("old")), *_FORMER})


@lru_cache(1 << 14)
def _marked(text: str) -> str:
    return re.sub(r"[\W_]+", "", old_tone(text)).lower()


@cache
def _names(era: Era) -> dict[str, Province]:
    known = {_key(place.name): place for place in provinces(era)}
    for row in rows("provinces.csv"):
        place = next(place for place in provinces(era) if row["old_code"] in place.id_codes)
        for alias in row["aliases"].split(";"):
            if alias and _key(row["old_name"]) in (_key(place.name), "thuathienhue"):
                known[_key(alias)] = place
    if era == "new":
        known["thuathienhue"] = known["hue"]
    return known


@cache
def _initials(era: Era) -> dict[str, Province]:
    """Return the initials that are unique to a province, and the customary HN."""
    made: dict[str, list[Province]] = {}
    for place in provinces(era):
        words = re.findall(r"\w+", place.name)
        if len(words) > 1:
            made.setdefault("".join(word[0] for word in words), []).append(place)
    known = {initials: places[0] for initials, places in made.items() if len(places) == 1}
    return known | {"HN": made["HN"][0]}


def districts(province: str, era: Era = "old") -> tuple[str, ...]:
    """Return names of some districts of a province, for made-up addresses; none in the new era.

    Districts were abolished on 2025-07-01.  Numbered ones keep their unit word (`Quận 1`).
    """
    if era == "new":
        return ()
    found = (row["district"] for row in rows("places_sample.csv") if row["province"] == province)
    return tuple(dict.fromkeys(found))


def wards(province: str, era: Era = "new", *, district: str | None = None) -> tuple[str, ...]:
    """Return names of some wards and communes of a province, as printed: without unit words.

    Both eras are a selection, so a ward that is not listed is no error.  Numbered wards keep their
    unit word (`Phường 7`).  `district` restricts the old era to one district.
    """
    if era == "new":
        code = next((place.code for place in provinces("new") if place.name == province), None)
        return tuple(
            row["ward"]
            for row in rows("wards_new.csv")
            if row["province_code"] == code and row["selected"]
        )
    return tuple(
        row["ward"]
        for row in rows("places_sample.csv")
        if row["province"] == province and district in (None, row["district"])
    )


CMND_HEADS: Final[Mapping[str, str]] = MappingProxyType(
    {row["old_name"]: row["cmnd_head"] for row in rows("provinces.csv") if row["cmnd_head"]}
)
"""First digits of the 9-digit number by the issuing province police, as far as they are known.

The rule has exceptions: numbers were kept or changed on moving, and provinces split and merged.
"""

_SEX: Final = {"nam": 0, "m": 0, "male": 0, "nu": 1, "f": 1, "female": 1}


def birth_year(number: str) -> int:
    """Return the birth year encoded in a 12-digit personal number.

    Digit 4 encodes century and sex, digits 5 and 6 the year (Circular 07/2016/TT-BCA, article 5).

    >>> birth_year("001099000123")
    1999
    """
    return (19 + int(number[3]) // 2) * 100 + int(number[4:6])


def check_citizen_id(
    number: str, *, birth: str | None = None, sex: str | None = None
) -> tuple[str, ...]:
    """Return the faults of a 12-digit personal number; an empty tuple if there are none.

    Structure by Circular 07/2016/TT-BCA: code of the province (or country) where the birth was
    registered, digit for century and sex, year, six arbitrary digits; there is no check digit.

    Parameters
    ----------
    number
        The number as read; blanks and dots count as faults.
    birth
        Date of birth in any form with a four-digit year; None to skip this check.
    sex
        `Nam`, `Nữ`, `M` or `F`, in any case, with or without accents; other words skip this check.

    >>> check_citizen_id("001099000123", birth="01/01/1999", sex="Nam")
    ()
    >>> check_citizen_id("003199000123", sex="Nam")
    ('province code never given', 'sex differs from digit 4')
    """
    if not re.fullmatch(r"\d{12}", number, re.ASCII):
        return ("not 12 digits",)
    problems = []
    if by_id_code(number[:3]) is None and not is_abroad(number[:3]):
        problems.append("province code never given")
    year = birth_year(number)
    if year > date.today().year:
        problems.append("birth year lies ahead")
    printed = re.search(r"(?<!\d)\d{4}(?!\d)", birth or "")
    if printed and int(printed[0]) != year:
        problems.append("birth year differs from digits 4 to 6")
    parity = _SEX.get(fold(sex or "").strip().lower())
    if parity is not None and parity != int(number[3]) % 2:
        problems.append("sex differs from digit 4")
    return tuple(problems)
