"""Generate names, addresses and identifying marks from existing words and places."""

from __future__ import annotations

import random
from typing import Literal

from cvocr_lab import places
from cvocr_lab.data import rows
from cvocr_lab.text import collapse, nfc

_LISTS = {row["list"]: row["entries"].split(";") for row in rows("made_up.csv")}


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
        chance, names = rng.random(), _LISTS["hamlet_names"]
        if chance < 0.3:
            number = f"{rng.randint(1, 599)}" + rng.choice(("", "", "", "A", "B", "/12", "/5"))
            lead = rng.choice(("", "Số ", "Số nhà "))
            first = f"{lead}{number} {rng.choice(_LISTS['streets'])}"
            if rng.random() < 0.3:
                first = f"{first}, Tổ {rng.randint(1, 60)}"
        elif chance < 0.7:
            unit = rng.choice(_LISTS["hamlets"])
            tail = str(rng.randint(1, 30)) if rng.random() < 0.5 else rng.choice(names)
            first = f"{unit} {tail}"
        elif chance < 0.85:
            first = rng.choice(names)
        else:
            first = f"Tổ {rng.randint(1, 40)}, {rng.choice(('Khu', 'Khu phố'))} {rng.randint(1, 9)}"
        parts.insert(0, first)
    return collapse(nfc(", ".join([*parts, name])))


def sample_sign(rng: random.Random) -> str:
    """Generate an identifying mark: a scar or mole, its distance and place."""
    parts = ("signs", "distances", "leads", "positions", "marks")
    what, distance, lead, where, mark = (rng.choice(_LISTS[part]) for part in parts)
    gap = "" if lead in ("C:", "c:") and rng.random() < 0.5 else " "
    return f"{what} {lead}{gap or ' '}{distance} {where} {mark}"
