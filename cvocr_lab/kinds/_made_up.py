"""Generate names, addresses and identifying marks from existing words and places."""

from __future__ import annotations

import random
from typing import Literal

from cvocr_lab import places
from cvocr_lab.data import rows
from cvocr_lab.text import collapse, nfc

_STREETS = (
    "Nguyễn Trãi", "Lê Lợi", "Trần Hưng Đạo", "Hai Bà Trưng", "Lý Thường Kiệt", "Quang Trung",
    "Cách Mạng Tháng Tám", "Điện Biên Phủ", "Phạm Văn Đồng", "Võ Thị Sáu", "Hoàng Hoa Thám",
    "Ngô Quyền", "Phan Đình Phùng", "Nguyễn Huệ", "Tôn Đức Thắng", "Xô Viết Nghệ Tĩnh",
    "Hùng Vương", "Bạch Đằng", "Đinh Tiên Hoàng", "Lạc Long Quân",
)  # fmt: skip
_HAMLETS = ("Thôn", "Xóm", "Ấp", "Tổ", "Khu", "Đội", "Bản", "Tổ dân phố", "Khu phố", "Khóm")
_HAMLET_NAMES = (
    "Đông", "Đoài", "Trung", "Thượng", "Hạ", "Tân Lập", "Bình Minh", "Phú Thịnh", "Hòa Bình",
    "Đồng Tâm", "Quyết Thắng", "Mỹ Lợi", "Xuân Phong", "An Thạnh", "Phước Hậu", "Ngọc Lâm",
)  # fmt: skip


def sample_name(rng: random.Random, sex: str) -> str:
    """Generate a name of two to six words in title case."""
    gender = "male" if sex == "Nam" else "female"

    def pick(*parts: str) -> str:
        pool = [r for r in rows("names.csv") if r["kind"] in parts]
        return rng.choices(pool, [float(r["weight"]) for r in pool])[0]["name"]

    surname = pick("surname")
    given = pick(f"given_{gender}", "given_any")
    count = rng.choices((0, 1, 2, 3), (6, 62, 27, 5))[0]
    middle = [pick(f"middle_{gender}") for _ in range(count)]
    words = [surname]
    for word in [*middle, given]:
        if not set(word.split()) & set(" ".join(words).split()):
            words.append(word)
    return " ".join(words)


def sample_address(
    rng: random.Random,
    *,
    house: bool = True,
    era: Literal["old", "new"] = "old",
    province: str = "",
) -> str:
    """Generate an address: house or hamlet, ward, district (in the old era), province.

    `province` is the name of the province; "" for any.
    """
    name = province or rng.choice(places.provinces(era)).name
    parts = []
    if era == "old":
        district = rng.choice(places.districts(name, "old"))
        ward = rng.choice(places.wards(name, "old", district=district))
        parts = [ward, district]
    else:
        parts = [rng.choice(places.wards(name, "new"))]
    if house:
        chance = rng.random()
        if chance < 0.3:
            number = f"{rng.randint(1, 599)}" + rng.choice(("", "", "", "A", "B", "/12", "/5"))
            lead = rng.choice(("", "Số ", "Số nhà "))
            first = f"{lead}{number} {rng.choice(_STREETS)}"
            if rng.random() < 0.3:
                first = f"{first}, Tổ {rng.randint(1, 60)}"
        elif chance < 0.7:
            unit = rng.choice(_HAMLETS)
            tail = str(rng.randint(1, 30)) if rng.random() < 0.5 else rng.choice(_HAMLET_NAMES)
            first = f"{unit} {tail}"
        elif chance < 0.85:
            first = rng.choice(_HAMLET_NAMES)
        else:
            first = f"Tổ {rng.randint(1, 40)}, {rng.choice(('Khu', 'Khu phố'))} {rng.randint(1, 9)}"
        parts.insert(0, first)
    return collapse(nfc(", ".join([*parts, name])))


def sample_sign(rng: random.Random) -> str:
    """Generate an identifying mark: a scar or mole, its distance and place."""
    what = rng.choice(("Sẹo chấm", "Nốt ruồi", "Sẹo", "Nốt ruồi thịt", "Sẹo thẳng", "Tàn nhang"))
    distance = rng.choice(("0,5cm", "1cm", "1,5cm", "2cm", "2,5cm", "3cm", "4cm"))
    lead = rng.choice(("c", "C", "C:", "c:", "cách"))
    where = rng.choice(("trên", "dưới", "trước", "sau", "trên sau", "dưới sau", "dưới trước"))
    mark = rng.choice(
        ("mép trái", "mép phải", "đuôi mắt trái", "đuôi mày phải", "cánh mũi trái",
         "đầu mày trái", "dái tai phải", "mắt phải", "bình tai trái", "gò má phải",
         "nhân trung", "cằm"),
    )  # fmt: skip
    gap = "" if lead in ("C:", "c:") and rng.random() < 0.5 else " "
    return f"{what} {lead}{gap or ' '}{distance} {where} {mark}"
