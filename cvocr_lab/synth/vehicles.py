"""Invented vehicles, and the printed values of their registration certificates."""

from __future__ import annotations

import datetime as dt
import random
import re

from cvocr_lab import places
from cvocr_lab.data import rows
from cvocr_lab.kinds import FIELD_TYPES
from cvocr_lab.kinds._made_up import sample_address
from cvocr_lab.synth.persons import Person, between, birthday

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


def vehicle_values(model: str, rng: random.Random, owner: Person) -> dict[str, str]:
    """Return the values of all fields of both sides of a registration certificate.

    The model ``"vehicle_2024"`` is a car on the card of 2024.  Sometimes an invented company is
    used instead of the owner.
    """
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
        "first_issue_date": first.strftime("%d/%m/%Y"),
        "issued_at": owner.spell(_place(rng, province)),
        "last_issue_date": (between(rng, first, last_day) if transferred else first).strftime(
            "%d/%m/%Y"
        ),
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
