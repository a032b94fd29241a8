"""Old wards and districts by name, for addresses without the larger unit."""

from __future__ import annotations

from functools import cache

from cvocr_lab.places._gazetteer import Place, roll, written
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
def districts_named() -> dict[str, tuple[tuple[Province, Place], ...]]:
    """Return the districts of the old era by key, each with its province."""
    made: dict[str, tuple[tuple[Province, Place], ...]] = {}
    for province in provinces("old"):
        for district in roll("old", province.code).places():
            key = written(district.name).keys[0]
            made[key] = (*made.get(key, ()), (province, district))
    return made
