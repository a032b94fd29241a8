"""Old wards and districts by name, for addresses without larger units."""

from __future__ import annotations

from functools import cache

from cvocr_lab.places._gazetteer import FORMER, Place, roll, written
from cvocr_lab.places._provinces import Province, provinces


@cache
def wards_named(province: str) -> dict[str, tuple[tuple[Place, Place], ...]]:
    """Return the wards of an old province by key, each with its district."""
    made: dict[str, tuple[tuple[Place, Place], ...]] = {}
    for district in roll("old", province).places():
        for ward in roll("old", province, district.name).places():
            key = written(ward.name).keys[0]
            made[key] = (*made.get(key, ()), (district, ward))
    return made


@cache
def wards_of_all() -> dict[str, tuple[tuple[Province, Place, Place], ...]]:
    """Return the wards of the old era by key, each with its province and district."""
    made: dict[str, tuple[tuple[Province, Place, Place], ...]] = {}
    for province in provinces("old"):
        former = FORMER.get(province.code, {})
        for key, found in wards_named(province.code).items():
            own = tuple((province, *pair) for pair in found if pair[0].name not in former)
            made[key] = made.get(key, ()) + own
    return made


@cache
def districts_named() -> dict[str, tuple[tuple[Province, Place], ...]]:
    """Return the districts of the old era by key, each with its province."""
    made: dict[str, tuple[tuple[Province, Place], ...]] = {}
    for province in provinces("old"):
        for district in roll("old", province.code).places():
            key = written(district.name).keys[0]
            made[key] = (*made.get(key, ()), (province, district))
    return made
