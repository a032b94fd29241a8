"""Wards and districts for generated addresses."""

from __future__ import annotations

from cvocr_lab.data import rows
from cvocr_lab.places._provinces import Era, provinces


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
