"""The printed values of papers of persons and vehicles, by field, for both sides.

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

from cvocr_lab import mrz, places, qr
from cvocr_lab.data import rows
from cvocr_lab.kinds import FIELD_TYPES
from cvocr_lab.kinds._made_up import sample_address
from cvocr_lab.synth.persons import Person, between, birthday, make_person

Values = dict[str, str]
_SEX = {"Nam": "M", "Nữ": "F"}
_NO_END = "Không thời hạn"
_TITLES = (
    "CỤC TRƯỞNG CỤC CẢNH SÁT ĐKQL CƯ TRÚ VÀ DLQG VỀ DÂN CƯ",
    "CỤC TRƯỞNG CỤC CẢNH SÁT QUẢN LÝ HÀNH CHÍNH VỀ TRẬT TỰ XÃ HỘI",
)
_BIKE_CC = (49, 97, 108, 109, 110, 113, 124, 134, 149, 155)
_CAR_CC = (998, 1197, 1368, 1496, 1591, 1998, 2393, 2497, 2998)
_FIRMS = (
    "CÔNG TY TNHH {}", "CÔNG TY CP {}", "CÔNG TY CỔ PHẦN {}", "DNTN {}", "HTX VẬN TẢI {}",
    "CÔNG TY TNHH MTV {}", "CÔNG TY TNHH TM DV {}", "CHI NHÁNH CÔNG TY CP {}",
)  # fmt: skip
_FIRM_NAMES = (
    "THÀNH ĐẠT", "PHÚ QUÝ", "HOÀNG GIA", "VẬN TẢI AN BÌNH", "XÂY DỰNG TÂN TIẾN", "MINH LONG",
    "THƯƠNG MẠI ĐẠI PHÁT", "HƯNG THỊNH", "SÔNG HỒNG", "NÔNG SẢN ĐỒNG THÁP", "DU LỊCH BIỂN XANH",
)  # fmt: skip
_CITIES = {"Hà Nội", "Hồ Chí Minh", "Hải Phòng", "Đà Nẵng", "Cần Thơ"}
_COLOURS = ("Trắng", "Xanh", "Vàng")


def paper_values(
    model: str, rng: random.Random, person: Person | None = None
) -> tuple[Values, Values]:
    """Return the values of the front and of the back of a paper of this model.

    Models are the keys of `_WRITERS`, ``"motorbike"``, ``"car"`` and ``"vehicle_2024"``, a car on
    the card of 2024.  Without a person, one of a possible age is invented.
    """
    if model in {"motorbike", "car", "vehicle_2024"}:
        values = _vehicle(model, rng, person or make_person(rng, born=(1950, 2004)))
        return values, values
    write, born, first, last = _WRITERS[model]
    person = person or make_person(rng, born=born)
    grown = birthday(person.birth, 0 if model == "2024" else 14)
    issued = between(rng, max(grown, first), last)
    values = write(person, issued, rng)
    back = dict(values)
    if model in {"chip", "2024"}:
        until = _expiry(person.birth, issued)
        back |= _td1(person, until)
        if model == "chip" and until is None:
            del back["duedate"]
    return values, {name: value for name, value in back.items() if value}


def _day(value: dt.date, separator: str = "/") -> str:
    return value.strftime(f"%d{separator}%m{separator}%Y")


def _expiry(birth: dt.date, issued: dt.date) -> dt.date | None:
    """Return the next birthday of 25, 40 or 60 that is two years or more away; None after 60."""
    days = (birthday(birth, age) for age in (25, 40, 60))
    return next((day for day in days if day > birthday(issued, 2)), None)


def _identity(person: Person, issued: dt.date) -> Values:
    until = _expiry(person.birth, issued)
    return {
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


def _cmnd9(person: Person, issued: dt.date, rng: random.Random) -> Values:
    values = _identity(person, issued)
    year_only = person.birth.year < 1975 and rng.random() < 0.3
    if rng.random() < 0.06:
        values |= {name: values[name].upper() for name in ("country", "address")}
    unit = rng.choices(("", "TỈNH "), (5, 1))[0]
    if person.province in _CITIES:
        unit = rng.choice(("", "TP ", "TP.", "THÀNH PHỐ "))
    body = rng.choice(("CA", "CÔNG AN"))
    return values | {
        "id": person.old_number,
        "born": str(person.birth.year) if year_only else _day(person.birth, "-"),
        "dantoc": person.ethnic,
        "tongiao": person.religion,
        "noicap": f"{body} {unit}{person.spell(person.province).upper()}",
    }


def _cmnd12(person: Person, issued: dt.date, rng: random.Random) -> Values:
    values = _identity(person, issued)
    del values["quoctich"]
    return values | {"dantoc": person.ethnic, "noicap": _TITLES[rng.random() < 0.2]}


def _cccd(person: Person, issued: dt.date, _: random.Random) -> Values:
    return _identity(person, issued) | {"noicap": _TITLES[issued.year > 2018]}


def _chip(person: Person, issued: dt.date, rng: random.Random) -> Values:
    code = _qr(person, person.address, issued, rng)
    return _identity(person, issued) | {"noicap": _TITLES[1], "qr": code}


def _can_cuoc(person: Person, issued: dt.date, rng: random.Random) -> Values:
    merged = issued >= dt.date(2025, 7, 1)
    address = person.address_2025 if merged else person.address
    extra = rng.choice((("", "", "", ""), ("", "", ""), ("",) * 5, ()))
    return _identity(person, issued) | {
        "address": person.spell(address),
        "place_of_birth": person.spell(person.hometown),
        "noicap": "BỘ CÔNG AN",
        "qr": _qr(person, address, issued, rng, extra),
    }


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


def _passport(person: Person, issued: dt.date, rng: random.Random, *, new: bool) -> Values:
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
        return values
    return values | {"name": name, "noicap": "Cục Quản lý xuất nhập cảnh"}


_Writer = Callable[[Person, dt.date, random.Random], Values]
# The years in which holders are born, and the first and last day on which papers are issued.
_WRITERS: Mapping[str, tuple[_Writer, tuple[int, int], dt.date, dt.date]] = {
    "cmnd9": (_cmnd9, (1935, 2003), dt.date(1999, 6, 1), dt.date(2020, 12, 31)),
    "cmnd12": (_cmnd12, (1945, 1999), dt.date(2012, 9, 1), dt.date(2016, 1, 1)),
    "cccd": (_cccd, (1945, 2005), dt.date(2016, 1, 2), dt.date(2021, 2, 28)),
    "chip": (_chip, (1940, 2008), dt.date(2021, 1, 25), dt.date(2024, 6, 28)),
    "2024": (_can_cuoc, (1945, 2016), dt.date(2024, 7, 1), dt.date(2025, 12, 20)),
    "passport_new": (
        partial(_passport, new=True), (1945, 2008), dt.date(2022, 7, 1), dt.date(2025, 11, 30),
    ),
    "passport_old": (
        partial(_passport, new=False), (1945, 2005), dt.date(2012, 1, 1), dt.date(2022, 6, 30),
    ),
}  # fmt: skip


def _vehicle(model: str, rng: random.Random, owner: Person) -> dict[str, str]:
    """Return the values of both sides; sometimes an invented company is the owner."""
    bike = model == "motorbike"
    models = {
        row["brand"]: row["models"].split(";")
        for row in rows("vehicles.csv")
        if (row["kind"] == "motorbike") == bike
    }
    brand = rng.choice(list(models))
    if bike and rng.random() < 0.5:
        brand = "HONDA"
    made = rng.randint(1999, 2023)
    first_day = dt.date(2025, 1, 2) if model == "vehicle_2024" else dt.date(2010, 6, 1)
    last_day = dt.date(2025, 11, 28) if model == "vehicle_2024" else dt.date(2024, 12, 30)
    first = between(rng, max(first_day, dt.date(made, 3, 1), birthday(owner.birth, 18)), last_day)
    transferred = rng.random() < 0.3
    province = owner.province
    values = {
        "id": _filled(rng.choice(("######", "######", "#######", "##########")), rng),
        "name": owner.spell(owner.name).upper(),
        "address": owner.spell(_vehicle_address(rng, province)),
        "brand": brand,
        "model": _filled(rng.choice(models[brand]), rng),
        "engine": _engine(rng),
        "chassis": FIELD_TYPES["CHASSIS"].sample(rng),
        "color": FIELD_TYPES["COLOR"].sample(rng),
        "plate": _plate(rng, province, first, bike=bike),
        "first_issue_date": _day(first),
        "issued_at": owner.spell(_place(rng, province)),
        "last_issue_date": _day(between(rng, first, last_day) if transferred else first),
        "capacity": str(rng.choice(_BIKE_CC if bike else _CAR_CC)),
    }
    if rng.random() < (0.04 if bike else 0.2):
        values["name"] = rng.choice(_FIRMS).format(rng.choice(_FIRM_NAMES))
    if bike:
        return values
    values |= {"sit": FIELD_TYPES["SEATS"].sample(rng), "year_of_manufacture": str(made)}
    if model == "vehicle_2024":
        # The content of the code is known (plate, its colour, engine, chassis …), but not its form.
        parts = (values["plate"], rng.choice(_COLOURS), values["engine"], values["chassis"])
        return values | {"qr": "|".join(parts)}
    if rng.random() < 0.5:
        values["pay_load"] = FIELD_TYPES["PAY_LOAD"].sample(rng)
    if rng.random() < 0.6:
        values |= {"stand": FIELD_TYPES["PLACES"].sample(rng), "lie": rng.choice("0002")}
    return values


def _filled(shape: str, rng: random.Random) -> str:
    return re.sub(
        "[#@]", lambda m: rng.choice("0123456789" if m[0] == "#" else "ABCDEFGHKLMNPSTV"), shape
    )


def _engine(rng: random.Random) -> str:
    text = FIELD_TYPES["ENGINE"].sample(rng)
    return f"{text[:5]}-{text[5:]}" if rng.random() < 0.25 and len(text) > 9 else text


def _place(rng: random.Random, province: str) -> str:
    if province not in _CITIES:
        return province
    return rng.choice((province, province, f"TP {province}", f"TP. {province}"))


def _plate(rng: random.Random, province: str, first: dt.date, *, bike: bool) -> str:
    codes = next(p.plates for p in places.provinces("old") if p.name == province)
    letters = "ABCDEFGHKLMNPSTUVXYZ"
    series = rng.choice(letters)
    if bike:
        # Two letters since 2023-08-15 (Circular 24/2023/TT-BCA), before mostly letter, digit.
        series += rng.choice(letters if first >= dt.date(2023, 8, 15) else "123456789")
    number = f"{rng.randint(0, 99999):05d}" if rng.random() < 0.9 else f"{rng.randint(0, 9999):04d}"
    kind = FIELD_TYPES["PLATE_BIKE" if bike else "PLATE_CAR"]
    return kind.format(rng.choice(codes) + series + number)


def _vehicle_address(rng: random.Random, province: str) -> str:
    """Return an address as the police write it, often shortened."""
    *small, last = sample_address(rng, province=province).split(", ")
    if rng.random() < 0.5:
        units = ("P.", "X.", "TT ", "xã "), ("Q.", "H.", "TP.", "TX.", "huyện ")
        for at, words in ((-1, units[1]), (-2, units[0])):
            if len(small) >= -at + 1:
                plain = re.sub(r"^(Quận|Phường) (?=\d)", "", small[at])
                numbered = plain != small[at]
                small[at] = (words[0] if numbered else rng.choice(words)) + plain
    if last in _CITIES and rng.random() < 0.5:
        last = rng.choice(("TP ", "TP.", "TP. ")) + last
    elif rng.random() < 0.06:
        last = "".join(word[0] for word in re.findall(r"\w+", last))
    return rng.choice((", ", ", ", ", ", " - ", ",")).join([*small, last])
