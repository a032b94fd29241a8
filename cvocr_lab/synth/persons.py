"""Invented persons, with values that are the same on all their papers.

Number, sex, birth and province agree (Circular 07/2016/TT-BCA); all other values are random.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from cvocr_lab import places
from cvocr_lab.kinds import FIELD_TYPES
from cvocr_lab.kinds._forms import CitizenId
from cvocr_lab.kinds._made_up import sample_address, sample_name
from cvocr_lab.text import new_tone, nfc

# Given names of some peoples have characters that Kinh names do not have.
_RARE_NAMES = ("H'{}", "Y {}", "K'{}")


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person, with values as they are printed; the name is in title case."""

    name: str
    sex: str
    birth: dt.date
    number: str
    old_number: str  # of the former card, with 9 digits
    hometown: str  # three levels, the smallest first
    address: str  # begins with house or hamlet
    address_2025: str  # two levels, as written since 2025-07-01
    birth_place: str
    province: str  # before 2025-07-01
    ethnic: str
    religion: str
    sign: str
    new_tones: bool = False  # hoà, thuỷ instead of hòa, thủy

    def spell(self, text: str) -> str:
        """Return the text with the tone marks where this person's papers have them."""
        return new_tone(text) if self.new_tones else text


def make_person(rng: random.Random, *, born: tuple[int, int] = (1945, 2006)) -> Person:
    """Invent a person born in these years (both included)."""
    sex = rng.choice(("Nam", "Nữ"))
    start = dt.date(born[0], 1, 1).toordinal()
    birth = dt.date.fromordinal(rng.randint(start, dt.date(born[1], 12, 31).toordinal()))
    birth_place = rng.choice(places.provinces("old"))
    moved = rng.random() < 0.3
    home = rng.choice(places.provinces("old")) if moved else birth_place
    origin = rng.choice(places.provinces("old")) if rng.random() < 0.1 else birth_place
    number_type = FIELD_TYPES["CITIZEN_ID"]
    assert isinstance(number_type, CitizenId)
    name = sample_name(rng, sex)
    ethnic = FIELD_TYPES["ETHNIC_GROUP"].sample(rng)
    if ethnic not in {"Kinh", "Hoa"} and rng.random() < 0.15:
        first, _, last = name.rpartition(" ")
        name = f"{first} {rng.choice(_RARE_NAMES).format(last)}"
    head = places.CMND_HEADS.get(home.name, str(rng.randint(10, 38)))
    return Person(
        name=nfc(name),
        sex=sex,
        birth=birth,
        number=number_type.sample_for(rng, birth.year, sex, birth_place.code),
        old_number=head + "".join(rng.choice("0123456789") for _ in range(9 - len(head))),
        hometown=sample_address(rng, house=rng.random() < 0.08, province=origin.name),
        address=sample_address(rng, province=home.name),
        address_2025=sample_address(rng, era="new", province=places.successor(home.name).name),
        birth_place=birth_place.name,
        province=home.name,
        ethnic=ethnic,
        religion=FIELD_TYPES["RELIGION"].sample(rng),
        sign=FIELD_TYPES["SIGN"].sample(rng),
        new_tones=rng.random() < 0.25,
    )


def birthday(birth: dt.date, age: int) -> dt.date:
    """Return the day of this birthday; 28 February for leap days."""
    try:
        return birth.replace(year=birth.year + age)
    except ValueError:
        return birth.replace(year=birth.year + age, day=28)


def between(rng: random.Random, first: dt.date, last: dt.date) -> dt.date:
    """Return a random day from `first` to `last`, both included; `first` if `last` is earlier."""
    return dt.date.fromordinal(rng.randint(first.toordinal(), max(first, last).toordinal()))
