"""Parse addresses of both eras: two to four units, from small to large."""

from __future__ import annotations

import re
from typing import Final

from cvocr_lab.places._gazetteer import DISTRICT_WORDS, FORMER, roll, written
from cvocr_lab.places._parts import EDGES, Address, of_parts, with_found, worth
from cvocr_lab.places._provinces import Era, provinces
from cvocr_lab.places._search import Reading, Search, districts_named, wards_of_all
from cvocr_lab.places._words import is_house, lost_words, parted
from cvocr_lab.text import collapse, nfc

_DASH: Final = re.compile("[-–—]")
_JOINED: Final = re.compile(r"\b(r[ịi]a|thi[êe]n)\s*[-–—]\s*(v[ũu]ng|hu[ếe])\b", re.IGNORECASE)
_COMMAS: Final = re.compile(r"\s*[,;]\s*")
_DASHES: Final = re.compile(r"\s+[-–—]\s+|\s*[,;]\s*|(?<=\w{3})[-–—](?=\w{2})")
# A dot instead of a comma; after one or two letters it abbreviates a unit word.
_DOTS: Final = re.compile(r"(?<=\w{3})\s?\.[.\s]*(?=\w)|\s*[,;]\s*")


def parse_address(text: str, *, era: Era | None = None) -> Address:
    """Parse an address of any era, with abbreviations and misread letters.

    Each part is searched in the list of the place above it.  Parts that are in no list are kept as
    printed and named in `Address.unknown`; nothing is ever made up.

    Parameters
    ----------
    text
        Units from small to large, separated by commas (or dashes or dots; a comma may be missing).
    era
        Era of the address if it is known from elsewhere; None to determine it from the parts.

    Examples
    --------
    >>> found = parse_address("Tổ 5, P. Phúc Xá, Q.Ba Đinh, TP Hà Nội")
    >>> str(found), found.era, found.ward_2025
    ('Tổ 5, Phúc Xá, Ba Đình, Hà Nội', 'old', 'Hồng Hà')
    >>> found = parse_address("12 Lê Lợi, Phường Thủ Dầu Một, TP. Hồ Chí Minh")
    >>> found.era, found.district, found.ward
    ('new', '', 'Thủ Dầu Một')
    """
    text = collapse(nfc(text))
    if _DASH.search(text):
        text = _JOINED.sub(r"\1 \2", text)
    country = ""
    if text.rstrip(".)]")[-3:].lower().endswith(("nam", "vn", "v.n")) and (
        at_end := _COUNTRY.search(text)
    ):
        text, country = text[: at_end.start()], at_end[1]
    parts = [part.strip() for part in text.replace(";", ",").split(",")]
    best = of_parts(parts, era)
    for marks in (_DASHES, _DOTS):
        if worth(best) >= 3:
            break
        if (others := marks.split(text)) == parts:
            continue
        other = of_parts(others, era)
        if worth(other) > worth(best):
            best = other
    split = best
    # Without a date, a current ward may be a district whose ward lost its comma.
    undated = era is None and best.era == "new" and bool(best.house)
    whole = _is_whole(best)
    if undated or not whole:
        search = Search(parted(text))
        found = search.best(era, at_end=whole)
        if found is not None:
            other = _of_reading(search, found)
            best = max(best, other, key=_rank)
            if not best.ward and "ward" not in best.unknown and search.doubtful(found):
                best = best._replace(unknown=(*best.unknown, "ward"))
    # If all parts match their names exactly, no word is missing.
    exact = best is split and best.score == 1
    if not exact and (words := lost_words(text, str(best), best.province)):
        best = best._replace(house=" ".join([*words, best.house]).strip())
    best = _of_2025(best)
    if not country:
        return best
    if era != "new" and "province" in best.unknown:
        best = _told_by_ward(best)
    return best._replace(country=country)


def _told_by_ward(address: Address) -> Address:
    """Identify the last part, before the country, as a ward whose name is unique in the country."""
    what = written(address.province)
    wards = wards_of_all().get(what.keys[0], ())
    if len(wards) != 1 or what.keys[0] in districts_named() or what.unit in DISTRICT_WORDS:
        return address
    province, district, ward = wards[0]
    if written(ward.name).marked[0] != what.marked[0]:
        return address
    base = Address(address.house, "", district.name, province.name, "old", score=0.8)
    return with_found(base, ward)


def _rank(address: Address) -> tuple[float, int, bool, float]:
    three = bool(address.ward and address.district)
    return worth(address), -len(address.unknown), three, address.score


_FORMER_NAMES: Final = frozenset(name for former in FORMER.values() for name in former)


def _of_2025(address: Address) -> Address:
    """Replace a district that was renamed or split before 2025 by its successor."""
    if address.district not in _FORMER_NAMES:
        return address
    code = next((p.code for p in provinces("old") if p.name == address.province), "")
    became = FORMER.get(code, {}).get(address.district, ())
    if len(became) > 1:
        became = tuple(
            name
            for name in became
            if any(ward.name == address.ward for ward in roll("old", code, name).places())
        )
    if len(became) != 1:
        return address
    return address._replace(district=became[0], score=min(address.score, 0.9))


_COUNTRY: Final = re.compile(
    r"(?<=[\w)])[^\w(]*?[\s,;–—([-]+((?:việt\s?nam|viet\s?nam|v\.?n)\.?)[])]*$", re.IGNORECASE
)


def _is_whole(address: Address) -> bool:
    """Return whether every part was found and the house can contain no further unit."""
    if address.unknown or not address.province:
        return False
    placed = bool(address.ward and (address.district or address.era == "new"))
    return placed or not address.house


def _of_reading(search: Search, reading: Reading) -> Address:
    """Return the address of a search result."""
    assert reading.province is not None
    runs = (part for run in search.rest(reading) for part in _COMMAS.split(run))
    rest = [part for part in (part.strip(EDGES) for part in runs) if part]
    made = Address(
        house=", ".join(rest),
        district=reading.district.name if reading.district else "",
        province=reading.province.name,
        era=reading.era if reading.district or reading.ward else None,
        score=reading.score,
    )
    if reading.ward is not None:
        return with_found(made, reading.ward)
    *small, last = rest or [""]
    behind = max(reading.taken) + 1 < len(search.words)
    if not last or is_house(last) or behind:
        return made
    level = "ward" if reading.district or reading.era == "new" else "district"
    house = ", ".join(small)
    if level == "ward":
        return made._replace(house=house, ward=last, unknown=("ward",))
    return made._replace(house=house, district=last, unknown=("district",))
