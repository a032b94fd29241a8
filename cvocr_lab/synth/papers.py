"""The printed values of a person's papers, by field, for both sides.

Rules: cards are issued at the age of 14 or later (2024 card: also younger) and expire on the
birthdays 25, 40 and 60.  MRZ and QR code agree with and differ from the print as on real papers.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

from cvocr_lab import mrz, qr
from cvocr_lab.kinds import FIELD_TYPES
from cvocr_lab.synth.persons import Person, between, birthday, make_person
from cvocr_lab.synth.vehicles import vehicle_values

Values = dict[str, str]
_SEX = {"Nam": "M", "Nữ": "F"}
_NO_END = "Không thời hạn"
_TITLES = (
    "CỤC TRƯỞNG CỤC CẢNH SÁT ĐKQL CƯ TRÚ VÀ DLQG VỀ DÂN CƯ",
    "CỤC TRƯỞNG CỤC CẢNH SÁT QUẢN LÝ HÀNH CHÍNH VỀ TRẬT TỰ XÃ HỘI",
)


def paper_values(
    model: str, rng: random.Random, person: Person | None = None
) -> tuple[Values, Values]:
    """Return the values of the front and of the back of a paper of this model.

    Models are the keys of `_WRITERS`, ``"motorbike"``, ``"car"`` and ``"vehicle_2024"``.  Without a
    person, one of a possible age is invented.
    """
    if model in {"motorbike", "car", "vehicle_2024"}:
        values = vehicle_values(model, rng, person or make_person(rng, born=(1950, 2004)))
        return values, values
    write, born = _WRITERS[model]
    values, zone = write(person or make_person(rng, born=born), rng)
    return values, {name: value for name, value in (values | zone).items() if value}


def _day(value: dt.date, separator: str = "/") -> str:
    return value.strftime(f"%d{separator}%m{separator}%Y")


def _expiry(birth: dt.date, issued: dt.date) -> dt.date | None:
    """Return the next birthday of 25, 40 or 60 that is two years or more away; None after 60."""
    for age in (25, 40, 60):
        day = birthday(birth, age)
        if day > birthday(issued, 2):
            return day
    return None


def _issue_day(person: Person, rng: random.Random, first: dt.date, last: dt.date) -> dt.date:
    """Return a random day in the period in which the person is 14 or older."""
    return between(rng, max(birthday(person.birth, 14), first), last)


def _identity(person: Person, issued: dt.date) -> tuple[Values, dt.date | None]:
    until = _expiry(person.birth, issued)
    values = {
        "id": person.number,
        "name": person.spell(person.name).upper(),
        "born": _day(person.birth),
        "sex": person.sex,
        "quoctich": "Việt Nam",
        "country": person.spell(person.hometown),
        "address": person.spell(person.address),
        "date": _day(issued),
        "duedate": _day(until) if until else _NO_END,
        "dauvet": person.sign,
    }
    return values, until


def _cmnd9(person: Person, rng: random.Random) -> tuple[Values, Values]:
    issued = _issue_day(person, rng, dt.date(1999, 6, 1), dt.date(2020, 12, 31))
    values, _ = _identity(person, issued)
    year_only = person.birth.year < 1975 and rng.random() < 0.3
    if rng.random() < 0.06:
        values |= {name: values[name].upper() for name in ("country", "address")}
    unit = rng.choices(("", "TỈNH "), (5, 1))[0]
    if person.province in {"Hà Nội", "Hồ Chí Minh", "Hải Phòng", "Đà Nẵng", "Cần Thơ"}:
        unit = rng.choice(("", "TP ", "TP.", "THÀNH PHỐ "))
    body = rng.choice(("CA", "CÔNG AN"))
    return values | {
        "id": person.old_number,
        "born": str(person.birth.year) if year_only else _day(person.birth, "-"),
        "dantoc": person.ethnic,
        "tongiao": person.religion,
        "noicap": f"{body} {unit}{person.spell(person.province).upper()}",
    }, {}


def _cmnd12(person: Person, rng: random.Random) -> tuple[Values, Values]:
    issued = _issue_day(person, rng, dt.date(2012, 9, 1), dt.date(2016, 1, 1))
    values, _ = _identity(person, issued)
    del values["quoctich"]
    return values | {"dantoc": person.ethnic, "noicap": _TITLES[rng.random() < 0.2]}, {}


def _cccd(person: Person, rng: random.Random) -> tuple[Values, Values]:
    issued = _issue_day(person, rng, dt.date(2016, 1, 2), dt.date(2021, 2, 28))
    values, _ = _identity(person, issued)
    return values | {"noicap": _TITLES[issued.year > 2018]}, {}


def _chip(person: Person, rng: random.Random) -> tuple[Values, Values]:
    issued = _issue_day(person, rng, dt.date(2021, 1, 25), dt.date(2024, 6, 28))
    values, until = _identity(person, issued)
    return values | {"noicap": _TITLES[1], "qr": _qr(person, person.address, issued, rng)}, _td1(
        person, until
    ) | {"duedate": _day(until) if until else ""}


def _can_cuoc(person: Person, rng: random.Random) -> tuple[Values, Values]:
    issued = between(rng, dt.date(2024, 7, 1), dt.date(2025, 12, 20))
    values, until = _identity(person, issued)
    merged = issued >= dt.date(2025, 7, 1)
    address = person.address_2025 if merged else person.address
    extra = rng.choice((("", "", "", ""), ("", "", ""), ("",) * 5, ()))
    return values | {
        "address": person.spell(address),
        "place_of_birth": person.spell(person.hometown),
        "noicap": "BỘ CÔNG AN",
        "qr": _qr(person, address, issued, rng, extra),
    }, _td1(person, until)


def _td1(person: Person, until: dt.date | None) -> Values:
    # What real cards without an expiry date have here is not known, so fillers are used.
    made = _zone(person, "TD1", person.number[3:], person.number, until)
    lines = mrz.format(made)
    read = mrz.parse(lines)
    return {
        "id": person.number[3:],
        "person_number": person.number,
        "born": _day(person.birth),
        "sex": _SEX[person.sex],
        "country": "VNM",
        "nationality": "VNM",
        "surname": read.surname,
        "given_name": read.given_names,
        "mrz": " ".join(lines),
    }


def _zone(
    person: Person,
    form: Literal["TD1", "TD3"],
    number: str,
    person_number: str,
    until: dt.date | None,
) -> mrz.Mrz:
    surname, _, given = person.name.partition(" ")
    return mrz.Mrz(
        format=form,
        document_code="P" if form == "TD3" else "ID",
        issuer="VNM",
        number=number,
        person_number=person_number,
        birth=person.birth.strftime("%y%m%d"),
        sex=_SEX[person.sex],
        expiry=until.strftime("%y%m%d") if until else "<<<<<<",
        nationality="VNM",
        surname=mrz.transliterate(surname).replace("<", " "),
        given_names=mrz.transliterate(given).replace("<", " "),
    )


def _qr(
    person: Person, address: str, issued: dt.date, rng: random.Random, extra: tuple[str, ...] = ()
) -> str:
    *small, province = person.spell(address).split(", ")
    if rng.random() < 0.3:
        units = ("Xã ", "Phường ", "Thị trấn "), ("Huyện ", "Quận ", "Thị xã ")
        for at, words in zip((-2, -1), units, strict=True):
            if len(small) >= -at and not re.match(r"(Quận|Phường|Xã|Tổ|Số)\b", small[at]):
                small[at] = rng.choice(words) + small[at]
    tail = " " if rng.random() < 0.1 else ", "
    return qr.format(
        qr.IdQr(
            number=person.number,
            old_number=person.old_number if rng.random() < 0.65 else "",
            name=person.spell(person.name),
            birth=person.birth.isoformat(),
            sex=person.sex,
            address=", ".join(small) + tail + province,
            issued=issued.isoformat(),
            extra=extra,
        )
    )


def _passport(person: Person, rng: random.Random, *, new: bool) -> tuple[Values, Values]:
    if new:
        issued = _issue_day(person, rng, dt.date(2022, 7, 1), dt.date(2025, 11, 30))
    else:
        issued = _issue_day(person, rng, dt.date(2012, 1, 1), dt.date(2022, 6, 30))
    until = birthday(issued, 10)
    number = FIELD_TYPES["PASSPORT_NUMBER"].sample(rng)
    if not new:
        number = rng.choice("BCN") + "".join(rng.choice("0123456789") for _ in range(7))
    nine = not new and rng.random() < 0.6
    personal = person.old_number if nine else person.number
    zone = _zone(person, "TD3", number, personal, until)
    name = person.spell(person.name).upper()
    place = person.spell(person.birth_place)
    values = {
        "id": number,
        "surname": name.split()[0],
        "given_name": " ".join(name.split()[1:]),
        "sex": person.sex.upper(),
        "born": _day(person.birth),
        "place_of_birth": place.upper() if rng.random() < 0.6 else place,
        "country": "VNM",
        "nationality": "VIỆT NAM",
        "person_number": personal,
        "date": _day(issued),
        "duedate": _day(until),
        "mrz": " ".join(mrz.format(zone)),
    }
    if new:
        # Passports of July to December 2022 have no place of birth (Circular 68/2022/TT-BCA).
        if issued.year == 2022:
            del values["place_of_birth"]
        return values, {}
    return values | {"name": name, "noicap": "Cục Quản lý xuất nhập cảnh"}, {}


_WRITERS: Mapping[
    str, tuple[Callable[[Person, random.Random], tuple[Values, Values]], tuple[int, int]]
] = {
    "cmnd9": (_cmnd9, (1935, 2003)),
    "cmnd12": (_cmnd12, (1945, 1999)),
    "cccd": (_cccd, (1945, 2005)),
    "chip": (_chip, (1940, 2008)),
    "2024": (_can_cuoc, (1945, 2016)),
    "passport_new": (partial(_passport, new=True), (1945, 2008)),
    "passport_old": (partial(_passport, new=False), (1945, 2005)),
}
