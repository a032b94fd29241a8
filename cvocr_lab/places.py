"""Provinces before and since 2025-07-01, their codes, wards, and the law of the 12-digit number.

Two numberings share digits and disagree: statistics code 15 was Yên Bái before 2025-07-01 and is
Lào Cai since (Decision 19/2025/QĐ-TTg).  So every province here carries its era.  Codes of the
personal number are the old ones (Circular 07/2016/TT-BCA, Appendix 1); whether numbers given after
the mergers use only new codes is not known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final, Literal

from rapidfuzz.distance import Levenshtein

from cvocr_lab.data import rows
from cvocr_lab.text import collapse, fold, fold_key, nfc, old_tone

Era = Literal["old", "new"]
"""`old`: the 63 provinces until 2025-06-30; `new`: the 34 since 2025-07-01."""


@dataclass(frozen=True, slots=True)
class Province:
    """A province or centrally run city of one era.

    Parameters
    ----------
    name
        Without unit word, tones in the old style: ``"Khánh Hòa"``, ``"Hồ Chí Minh"``.
    code
        Statistics code: three digits in the old era (as in the personal number), two in the new.
    era
        Which of the two maps it stands on.
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
    kind: Literal["city", "province"]
    plates: tuple[str, ...]
    id_codes: tuple[str, ...]


@cache
def provinces(era: Era) -> tuple[Province, ...]:
    """All provinces of `era`, 63 or 34, by code.

    >>> len(provinces("old")), len(provinces("new"))
    (63, 34)
    """
    table = rows("provinces.csv")
    if era == "old":
        return tuple(
            Province(
                row["old_name"],
                row["old_code"],
                "old",
                _kind(row["old_kind"]),
                tuple(row["plates"].split()),
                (row["old_code"],),
            )
            for row in table
        )
    merged = []
    for code in sorted({row["new_code"] for row in table}):
        parts = [row for row in table if row["new_code"] == code]
        plates = sorted(plate for row in parts for plate in row["plates"].split())
        id_codes = tuple(row["old_code"] for row in parts)
        name, kind = parts[0]["new_name"], _kind(parts[0]["new_kind"])
        merged.append(Province(name, code, "new", kind, tuple(plates), id_codes))
    return tuple(merged)


def _kind(word: str) -> Literal["city", "province"]:
    return "city" if word == "city" else "province"


def by_id_code(code: str) -> Province | None:
    """Find the old-era province of a personal number's first three digits.

    None for codes never given and for births registered abroad (see `is_abroad`).

    >>> by_id_code("079").name
    'Hồ Chí Minh'
    """
    return next((place for place in provinces("old") if place.code == code), None)


def is_abroad(code: str) -> bool:
    """Tell whether a personal number's first three digits stand for a foreign country (101-295)."""
    return bool(re.fullmatch(r"[12]\d\d", code, re.ASCII)) and 101 <= int(code) <= 295


def by_plate_code(code: str, *, era: Era = "old") -> Province | None:
    """Find the province whose vehicle plates begin with `code`.

    Plates given before the mergers stay valid.  None for codes not in use and for 80, the central
    traffic police department.

    >>> by_plate_code("61").name, by_plate_code("61", era="new").name
    ('Bình Dương', 'Hồ Chí Minh')
    """
    return next((place for place in provinces(era) if code in place.plates), None)


def successor(old_name: str) -> Province:
    """Find the new-era province that `old_name` became part of; ValueError for no such province.

    >>> successor("Bình Dương").name
    'Hồ Chí Minh'
    """
    key = _key(old_name)
    for place in provinces("old"):
        if _key(place.name) == key:
            return next(new for new in provinces("new") if place.code in new.id_codes)
    raise ValueError("no province of the old era has this name")


def match_province(text: str, *, era: Era | None = None) -> tuple[Province, float] | None:
    """Find the province that a printed or misread `text` names, with a score from 0 to 1.

    Score 1 is a name or a known other spelling, whatever the marks, case, blanks and unit words
    (`TP. Hồ Chí Minh`, `TPHCM`, `Thừa Thiên-Huế`, `Đăk Lăk`, `Khánh Hoà`).  Initials count only in
    upper case and where they mean one province (`BN`).  None below 0.8, or when two
    provinces fit equally well.

    Parameters
    ----------
    text
        The province part of an address, nothing more.
    era
        None looks among the 63 old names, which hold every new name but Huế, an alias there.
    """
    era = era or "old"
    exact = collapse(nfc(text))
    initials = re.sub(r"[^A-ZĐ]", "", exact) if exact.isupper() else ""
    if len(initials) <= 4 and (place := _initials(era).get(initials)):
        return place, 1.0
    key = _key(text)
    if place := _names(era).get(key):
        return place, 1.0
    if not key or key in _names("old"):  # a clean old name is no misread new one
        return None
    scores: dict[Province, tuple[float, float]] = {}
    for name, place in _names(era).items():
        score = Levenshtein.normalized_similarity(key, name)
        marks = Levenshtein.normalized_similarity(_marked(text), _marked(place.name))
        scores[place] = max(scores.get(place, (0.0, 0.0)), (score, marks))
    best, second = sorted(scores, key=scores.__getitem__, reverse=True)[:2]
    if scores[best][0] < 0.8 or scores[best] == scores[second]:
        return None
    return best, scores[best][0]


def _key(text: str) -> str:
    """Remove marks, case, blanks and unit words: `tphochiminh` and `Hồ Chí Minh` are one."""
    return re.sub(r"^(thanhpho|tinh|tp)(?=.{3})", "", fold_key(text).replace(" ", ""))


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
    """List initials that mean one province only, and HN by custom."""
    made: dict[str, list[Province]] = {}
    for place in provinces(era):
        words = re.findall(r"\w+", place.name)
        if len(words) > 1:
            made.setdefault("".join(word[0] for word in words), []).append(place)
    known = {initials: places[0] for initials, places in made.items() if len(places) == 1}
    return known | {"HN": made["HN"][0]}


def districts(province: str, era: Era = "old") -> tuple[str, ...]:
    """Names of some districts of a province, for made-up addresses; none in the new era.

    Districts were abolished on 2025-07-01.  Numbered ones keep their unit word (`Quận 1`).
    """
    if era == "new":
        return ()
    found = (row["district"] for row in rows("places_sample.csv") if row["province"] == province)
    return tuple(dict.fromkeys(found))


def wards(province: str, era: Era = "new", *, district: str | None = None) -> tuple[str, ...]:
    """Names of some wards and communes of a province, as cards print them: without unit words.

    A selection in both eras, so a ward that is not listed is no error.  Numbered wards keep their
    unit word (`Phường 7`).  `district` narrows the old era.
    """
    if era == "new":
        code = next((place.code for place in provinces("new") if place.name == province), None)
        return tuple(row["ward"] for row in rows("wards_new.csv") if row["province_code"] == code)
    return tuple(
        row["ward"]
        for row in rows("places_sample.csv")
        if row["province"] == province and district in (None, row["district"])
    )


_SEX: Final = {"nam": 0, "m": 0, "male": 0, "nu": 1, "f": 1, "female": 1}


def birth_year(number: str) -> int:
    """Read the birth year out of a 12-digit personal number.

    Digit 4 holds century and sex, digits 5 and 6 the year (Circular 07/2016/TT-BCA, article 5).

    >>> birth_year("001099000123")
    1999
    """
    return (19 + int(number[3]) // 2) * 100 + int(number[4:6])


def check_citizen_id(
    number: str, *, birth: str | None = None, sex: str | None = None
) -> tuple[str, ...]:
    """Say what speaks against a 12-digit personal number; nothing when it is in order.

    Structure by Circular 07/2016/TT-BCA: code of the province (or country) where the birth was
    registered, digit of century and sex, year, six free digits; there is no check digit.

    Parameters
    ----------
    number
        The number as read; blanks and dots count as faults.
    birth
        Date of birth in any form that holds a four-digit year; None leaves it out.
    sex
        `Nam`, `Nữ`, `M` or `F`, whatever the marks and case; None or another word leaves it out.

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
