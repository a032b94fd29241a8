"""Parses addresses with separated parts; each part is searched below the next larger one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from cvocr_lab.places._gazetteer import (
    CACHED,
    DISTRICT_WORDS,
    FORMER,
    WARD_WORDS,
    Place,
    Roll,
    explicit_unit,
    is_beside_words,
    mended,
    province_named,
    roll,
    wards_by_code,
    written,
)
from cvocr_lab.places._provinces import Era, Province, near_provinces, successor
from cvocr_lab.places._search import of_new_era
from cvocr_lab.places._words import is_house


class Address(NamedTuple):
    """An address in its parts.

    Names are those of the lists, with tones in the old style and without unit words, except for
    numbered units (``Phường 7``, ``Quận 1``); a part that is in no list is kept as printed.

    Parameters
    ----------
    house
        Everything before the ward: house, street, hamlet; "" for none.
    ward, district, province
        "" if absent; there are no districts in the new era.
    era
        Era of the units; None if the parts fit both.
    code
        Statistics code of the ward in the list of its era; "" if not found.
    ward_2025
        The ward since 2025-07-01 if the old one was not split; "" if unknown.
    score
        How well the worst part found fits its name, 0 to 1; 0 if no part was found.
    unknown
        The parts that are in no list: ``"ward"``, ``"district"``, ``"province"``; ``"era"`` for a
        unit that may be of either.
    country
        ``Việt Nam`` as printed at the end; "" for none.
    """

    house: str = ""
    ward: str = ""
    district: str = ""
    province: str = ""
    era: Era | None = None
    code: str = ""
    ward_2025: str = ""
    score: float = 0.0
    unknown: tuple[str, ...] = ()
    country: str = ""

    @property
    def province_2025(self) -> str:
        """The province since 2025-07-01; "" if the province is unknown."""
        if not self.province or "province" in self.unknown:
            return ""
        # Huế is the only new province whose name no old province had.
        since = self.era == "new" or self.province == "Huế"
        return self.province if since else successor(self.province).name

    def __str__(self) -> str:
        """Return the parts joined as on cards."""
        return ", ".join(filter(None, (self.house, self.ward, self.district, self.province)))


EDGES: Final = " \t.,;:-–—_'\"`|"


def worth(address: Address) -> float:
    """Return how many levels of the address were found, counting both eras alike."""
    unknown = address.unknown
    ward = bool(address.ward) and "ward" not in unknown
    district = bool(address.district) and "district" not in unknown
    province = bool(address.province) and "province" not in unknown
    # Two levels of the new era are as complete as three of the old.
    return ward + district + province + (ward and address.era == "new") - 0.5 * ("era" in unknown)


def of_parts(split: list[str], era: Era | None) -> Address:
    """Parse the parts; results are cached, as many addresses differ only before their units."""
    parts = tuple(filter(None, [part.strip(EDGES) for part in split]))
    at = max(0, len(parts) - (2 if era == "new" else 3))
    found = _of_units(parts[at:], era)
    if not at:
        return found
    if found.ward and not found.unknown and not found.house:
        return found._replace(house=", ".join(parts[:at]))
    return _of_all(parts, era)


@lru_cache(CACHED)
def _of_units(parts: tuple[str, ...], era: Era | None) -> Address:
    return _of_all(parts, era)


def _of_all(parts: tuple[str, ...], era: Era | None) -> Address:
    if not parts:
        return Address(unknown=("province",))
    found = province_named(parts[-1])
    small = parts[:-1]
    if era != "new" and (found is None or found[1] < 1):
        found = _province_above(parts) or found
    if found is None:
        return Address(house=", ".join(parts[:-1]), province=parts[-1], unknown=("province",))
    place, score = found
    if not small:
        return Address(province=place.name, score=score)
    choices = []
    if era != "new":
        old = _old(small, place, score)
        if old.score == 1 and old.ward and old.district and not old.unknown:
            return old
        choices.append(old)
    new = of_new_era(place.name)
    if era != "old" and new is not None:
        base = Address(province=new.name, era="new", score=score)
        choices.append(_with_ward(base, small, roll("new", new.code)))
    if not choices:
        choices.append(_old(small, place, score))
    choices.sort(key=lambda a: (-worth(a), a.era == "new", -a.score))
    first = choices[0]
    if era is None and len(choices) == 2:
        if len(small) == 1:
            return _one_unit(small[0], choices, first)
        if first.era == "new" and choices[1].district and worth(choices[1]) >= 2:
            return _either(first, choices[1], small)
    return first


def _either(new: Address, old: Address, small: tuple[str, ...]) -> Address:
    """Decide whether a unit is a current ward or a former district, by the part before it."""
    if "ward" not in old.unknown or written(small[-1]).unit in WARD_WORDS:
        return new
    if written(small[-1]).unit in DISTRICT_WORDS or written(old.ward).unit in WARD_WORDS:
        return old
    return new._replace(
        era=None, code="", ward="", house=", ".join(small), unknown=("era",), ward_2025=""
    )


def _one_unit(part: str, choices: list[Address], first: Address) -> Address:
    """Decide whether the only unit below the province is an old district or a new ward."""
    named = [c for c in choices if c.ward or c.district if not c.unknown]
    unit = written(part).unit
    if len(named) < 2:
        return named[0] if named else first
    if unit in WARD_WORDS | DISTRICT_WORDS:
        return next((c for c in named if (unit in WARD_WORDS) == (c.era == "new")), first)
    new = next(c for c in named if c.era == "new")
    return new._replace(era=None, code="", ward="", house=new.ward, unknown=("era",), ward_2025="")


def _old(small: tuple[str, ...], province: Province, score: float) -> Address:
    """Parse the parts below the province as district and ward of the old era."""
    districts = roll("old", province.code)
    base = Address(province=province.name, era="old", score=score)
    *rest, part = small
    found = _in(districts, part, "district")
    if found is None and (place := districts.by_initials(part)):
        found = place, 0.9
    if found is None:
        if part[0].isdigit():
            return base._replace(house=", ".join(small))
        if rest or not is_house(part):
            ward = rest[-1] if rest else ""
            return base._replace(house=", ".join(rest[:-1]), ward=ward, district=part,
                unknown=("ward", "district") if ward else ("district",),
            )  # fmt: skip
        return base._replace(house=part)
    district, fits = found
    base = base._replace(district=district.name, score=min(score, fits))
    if not rest:
        return base
    made = _with_ward(base, rest, roll("old", province.code, district.name))
    if "ward" in made.unknown and (other := _namesake(districts, district, province, made.ward)):
        base = base._replace(district=other.name, score=min(base.score, 0.8))
        return _with_ward(base, rest, roll("old", province.code, other.name))
    return made


def _namesake(districts: Roll, district: Place, province: Province, ward: str) -> Place | None:
    """Find the only district that differs in one word (Nam, Bắc) and has the ward."""
    words = set(district.name.split())
    near = [
        place
        for place in districts.places()
        if place.name not in FORMER.get(province.code, ())
        and len(words & set(place.name.split())) >= 2
        and 0 < len(words ^ set(place.name.split())) <= 2
        and _names_one(roll("old", province.code, place.name), ward)
    ]
    return near[0] if len(near) == 1 else None


def _with_ward(base: Address, parts: Sequence[str], wards: Roll) -> Address:
    *rest, part = parts
    found = _in(wards, part, "ward")
    if found is not None:
        made = base._replace(house=", ".join(rest), score=min(base.score, found[1]))
        return with_found(made, found[0])
    if is_house(part):
        return base._replace(house=", ".join(parts))
    return base._replace(house=", ".join(rest), ward=part, unknown=("ward",))


def with_found(base: Address, ward: Place) -> Address:
    """Return the address with a listed ward and its successor."""
    became = (ward.code,) if base.era == "new" else ward.became
    since = wards_by_code().get(became[0]) if len(became) == 1 else None
    return base._replace(ward=ward.name, code=ward.code, ward_2025=since.name if since else "")


def _in(among: Roll, part: str, level: str) -> tuple[Place, float] | None:
    """Find the unit that a part names; None if its unit word belongs to another level."""
    found = among.find(part)
    if found is None or found[0].name == part:
        return found
    unit = explicit_unit(part)
    other = DISTRICT_WORDS if level == "ward" else WARD_WORDS
    if unit in other and written(part).keys[-1] not in written(found[0].name).keys:
        return None
    return found


_LEAST_LIKE: Final = 0.6


def _province_above(parts: tuple[str, ...]) -> tuple[Province, float] | None:
    """Identify a misread province by the district before it, and the ward before that."""
    *small, last = parts
    if not small:
        return None
    near = [
        (place, likeness)
        for place, likeness in near_provinces(mended(last), _LEAST_LIKE)
        if _names_one(roll("old", place.code), small[-1]) and not is_beside_words(place, last)
    ]
    if len(near) > 1 and len(small) > 1:
        near = [
            (place, likeness)
            for place, likeness in near
            if (district := roll("old", place.code).find(small[-1]))
            and _names_one(roll("old", place.code, district[0].name), small[-2])
        ]
    return near[0] if len(near) == 1 else None


def _names_one(among: Roll, part: str) -> bool:
    found = among.find(part)
    return found is not None and found[1] == 1
