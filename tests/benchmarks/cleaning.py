"""How much of what OCR breaks `clean` repairs, and how much it breaks itself.

    python tests/benchmarks/cleaning.py                    5,000 records, a measuring seed
    python tests/benchmarks/cleaning.py --seed 1           while tuning
    python tests/benchmarks/cleaning.py --held-out 0.1     a tenth of the wards in no list
    python tests/benchmarks/cleaning.py --speed 100000     rows per second, clean and check

Records are made up (`cvocr_lab.synth`), with addresses of all wards of both eras, and broken by
`noise`: a third of the cells, by one or two mistakes.

*Repairable* is a cell from which the truth can be told, as `tellable` reckons.

Tables: per rule the broken cells, how many were repairable and repaired; of the repairable ones the
rest was *kept* (flagged) or *wrong* (made something else, unflagged); of the unrepairable ones how
many became something wrong; of the right cells how many were damaged, and flagged for nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

import noise
import pandas as pd
from tellable import SHORT, Unit, can_be_told, letters, tellable, truth_of

from cvocr_lab.cleaning import check, clean
from cvocr_lab.data import rows
from cvocr_lab.kinds import TYPES, FieldType
from cvocr_lab.kinds import _forms as forms
from cvocr_lab.places import _gazetteer, provinces
from cvocr_lab.synth.papers import paper_values
from cvocr_lab.synth.persons import Person, make_person
from cvocr_lab.text import new_tone, old_tone

MODELS = {
    "cmnd9": ("cmt", "matsaucmt"),
    "cmnd12": ("tcc", "matsautcc"),
    "cccd": ("tcc", "matsautcc"),
    "chip": ("tcc_chip", "matsautcc_chip"),
    "2024": ("chip_id_card_2024_front", "chip_id_card_2024_back"),
    "passport_new": ("passport",),
    "passport_old": ("passport",),
    "motorbike": ("vehicle_registration_back",),
    "car": ("vehicle_registration_back",),
}
BROKEN = 1 / 3
LEVELS = ("ward", "district", "province")


@dataclass(slots=True)
class Cell:
    """A value, broken or not: where it stands, as read, its truth, and whether it can be told."""

    rule: str
    row: int
    column: str
    read: str
    truth: str
    broken: bool
    repairable: bool


@dataclass(slots=True)
class Made:
    """The records: a frame's rows, and the cells to judge."""

    frame: list[dict[str, str]] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)


# -- addresses: their parts broken one by one


@cache
def old_units() -> dict[str, dict[tuple[str, str], list[tuple[str, str]]]]:
    made: dict[str, dict[tuple[str, str], list[tuple[str, str]]]] = {}
    for row in rows("wards_old.csv"):
        if row["ward"]:
            district = (old_tone(row["district"]), row["district_kind"])
            wards = made.setdefault(row["province_code"], {}).setdefault(district, [])
            wards.append((old_tone(row["ward"]), row["kind"]))
    return made


@cache
def new_units() -> dict[str, list[tuple[str, str]]]:
    made: dict[str, list[tuple[str, str]]] = {}
    for row in rows("wards_new.csv"):
        made.setdefault(row["province_code"], []).append((old_tone(row["ward"]), row["kind"]))
    return made


def units(rng: random.Random, era: str, *, ward: bool = True) -> list[Unit]:
    """Places, small to large."""
    if era == "new":
        place = rng.choice(provinces("new"))
        wards = new_units()[place.code]
        name, kind = rng.choice(wards)
        return [Unit("ward", name, kind, tuple(wards)), _province(place.name, "new")]
    place = rng.choice(provinces("old"))
    districts = old_units()[place.code]
    district = rng.choice(list(districts))
    found = [Unit("district", *district, tuple(districts)), _province(place.name, "old")]
    if ward:
        name, kind = rng.choice(districts[district])
        found.insert(0, Unit("ward", name, kind, tuple(districts[district])))
    return found


def _province(name: str, era: str) -> Unit:
    places = provinces("new" if era == "new" else "old")
    kind = {p.name: "thành phố" if p.kind == "city" else "tỉnh" for p in places}
    return Unit("province", name, kind[name], tuple(kind.items()))


def written(rng: random.Random, unit: Unit, *, short: bool) -> str:
    """The unit as a card prints it, or as somebody types it."""
    if not short:
        return unit.name
    name = re.sub(r"^(Phường|Quận) (?=\d)", "", unit.name)
    word = rng.choice(SHORT[unit.kind])
    if name != unit.name and rng.random() < 0.3:
        word = word[0] if word[0] in "PQ" else word  # P7
    return word + name


GLUED = {"PAY_LOAD": ("kg", "Kg", " kg"), "CAPACITY": ("cm3", "cc", "cm³")}
HOUSES = ("Tổ 5", "Thôn Đoài", "Số 12 Lê Lợi", "45/7 Trần Hưng Đạo", "Ấp Tân Lập", "Xóm 3",
          "Khu phố 2", "SN 8, Ngõ 15", "Bản Mới", "Tổ dân phố 4")  # fmt: skip


def add_address(
    rng: random.Random, made: Made, row: dict[str, str], column: str, era: str, person: Person,
    *, short: bool, house: bool,
) -> None:  # fmt: skip
    parts = units(rng, era, ward=house or rng.random() < 0.85)
    texts: list[str] = []
    sound = True
    for unit in reversed(parts):
        text = written(rng, unit, short=short and rng.random() < 0.7)
        text = new_tone(text) if person.new_tones else text
        broken = False
        if rng.random() < BROKEN / 2:
            read, _ = noise.corrupt(rng, text)
            broken, text = read != text, read
        sound = sound and (not broken or tellable(text, unit))
        rule = f"address: {unit.level}"
        made.cells.append(
            Cell(
                rule,
                len(made.frame),
                f"{column}_clean_{unit.level}",
                text,
                unit.name,
                broken,
                sound,
            )
        )
        texts.insert(0, text)
    cells = made.cells[-len(parts) :][::-1]
    if house:
        texts.insert(0, rng.choice(HOUSES))
    comma = rng.choices((", ", ",", " - ", ". "), (90, 4, 4, 2))[0]
    kind = rng.random()
    if kind < 0.1 and comma == ", " and len(texts) > 1:
        row[column] = lose_comma(rng, texts, cells, house=house)
    elif kind < 0.15 and comma == ", ":
        row[column] = add_comma(rng, texts, cells, house=house)
    else:
        row[column] = comma.join(texts)
    if rng.random() < 0.1:
        row[column] += rng.choice(noise.COUNTRIES)


def lose_comma(rng: random.Random, texts: list[str], cells: list[Cell], *, house: bool) -> str:
    """The address without one comma; whether it can be told is whether both its parts can.

    Nothing tells a ward after a street's number from the street, nor a name of a few letters.
    """
    at = rng.randrange(1, len(texts))
    beside = cells[max(0, at - 1 - house) : at + 1 - house]
    sure = all(len(letters(cell.truth)[0]) > 3 and cell.read == cell.truth for cell in cells)
    if house and at == 1:
        sure = sure and texts[0] in noise.HAMLETS
    for cell in beside:
        cell.broken, cell.repairable = True, sure
    return ", ".join(texts[:at]) + " " + ", ".join(texts[at:])


def add_comma(rng: random.Random, texts: list[str], cells: list[Cell], *, house: bool) -> str:
    """The address with a comma within a part; told where all parts are as printed."""
    at = rng.randrange(int(house), len(texts))
    words = texts[at].split(" ")
    if len(words) < 2:
        return ", ".join(texts)
    cut = rng.randrange(1, len(words))
    cell = cells[at - house]
    cell.broken = True
    # Each half of such a name may be a name of its own.
    cell.repairable = all(c.read == c.truth for c in cells) and len(words) > 2
    texts[at] = " ".join(words[:cut]) + ", " + " ".join(words[cut:])
    return ", ".join(texts)


def add_value(
    rng: random.Random, made: Made, row: dict[str, str], name: str, kind: FieldType, printed: str,
    person: Person,
) -> None:  # fmt: skip
    if isinstance(kind, forms.Owner) and rng.random() < 0.25:
        printed = rng.choice(noise.FIRMS)
    truth, rule = truth_of(kind, printed, person)
    if not rule:
        row[name] = printed
        return
    text = printed
    done: list[str] = []
    units = GLUED.get(kind.name)
    if units and rng.random() < 0.3:
        text, done = noise.glued(rng, truth, units), ["glued"]
    elif rng.random() < BROKEN:
        text, done = noise.corrupt(rng, printed)
    column = f"{name}_clean_iso" if isinstance(kind, forms.Date) else f"{name}_clean"
    broken = text != printed
    made.cells.append(
        Cell(rule, len(made.frame), column, text, truth, broken,
             broken and can_be_told(kind, text, printed, truth, done)),
    )  # fmt: skip
    row[name] = text


def records(count: int, seed: int) -> Made:
    """Made-up records, both sides each, a third of their cells broken."""
    rng = random.Random(seed)
    made = Made()
    models = list(MODELS)
    for number in range(count):
        model = models[number % len(models)]
        person = make_person(rng, born=(1950, 2003))
        sides = paper_values(model, rng, person)
        for side, type_ in zip(sides, MODELS[model], strict=False):
            add_face(rng, made, type_, model, side, person)
    return made


def add_face(
    rng: random.Random, made: Made, type_: str, model: str, values: dict[str, str], person: Person
) -> None:
    row = {"ocr_type": type_}
    merged = model == "2024" and values["date"][6:] + values["date"][3:5] >= "202507"
    for spec in TYPES[type_].fields:
        printed = values.get(spec.name)
        if printed is None or spec.source != "print" or spec.name in ("mrz", "qr"):
            continue
        if isinstance(spec.type, forms.Address):
            new = merged and spec.name == "address"
            add_address(
                rng, made, row, spec.name, "new" if new else "old", person,
                short=model in ("motorbike", "car"), house=spec.name == "address",
            )  # fmt: skip
        else:
            add_value(rng, made, row, spec.name, spec.type, printed, person)
    made.frame.append(row)


# -- figures


def judged(made: Made) -> pd.DataFrame:
    """What became of each cell."""
    out = clean(pd.DataFrame(made.frame), parts=True)
    columns = {
        c: ["" if pd.isna(v) else str(v) for v in out[c].astype(object)]
        for c in {cell.column for cell in made.cells}
        if c in out
    }
    flags = [set(str(f or "").split(";")) for f in out["clean_flags"]]
    table = []
    for cell in made.cells:
        found = columns[cell.column][cell.row] if cell.column in columns else ""
        name = cell.column.split("_clean")[0]
        table.append(
            {
                "rule": cell.rule,
                "row": cell.row,
                "column": name,
                "raw": made.frame[cell.row][name],
                "found": found,
                "truth": cell.truth,
                "broken": cell.broken,
                "repairable": cell.broken and cell.repairable,
                "right": letters(found)[1] == letters(cell.truth)[1] and bool(found),
                "flagged": name in flags[cell.row],
                "as read": letters(found)[1] in ("", letters(cell.read)[1]),
                "altered": letters(found)[1] not in letters(made.frame[cell.row][name])[1],
            }
        )
    judged = pd.DataFrame(table)
    # What is flagged and stands as read is no damage.
    told = judged.flagged & judged["as read"]
    return judged.assign(damaged=~judged.broken & ~judged.right & ~told)


def summary(cells: pd.DataFrame) -> pd.DataFrame:
    """One row per rule, and one for all."""
    lines = {}
    for rule, group in [*cells.groupby("rule"), ("all", cells)]:
        can = group[group.repairable]
        lost = group[group.broken & ~group.repairable]
        sound = group[~group.broken]
        lines[rule] = {
            "cells": len(group),
            "broken": int(group.broken.sum()),
            "repairable": len(can),
            "repaired %": 100 * can.right.mean(),
            "kept": int((~can.right & can.flagged).sum()),
            "wrong": int((~can.right & ~can.flagged).sum()),
            "unrepairable": len(lost),
            "of these right": int(lost.right.sum()),
            "of these flagged": int((lost.flagged & ~lost.right).sum()),
            "of these made wrong": int((lost.altered & ~lost.right & ~lost.flagged).sum()),
            "right cells": len(sound),
            "damaged": int(sound.damaged.sum()),
            "damaged %": 100 * sound.damaged.mean(),
            "flagged": int((sound.flagged & ~sound.damaged).sum()),
        }
    return pd.DataFrame(lines).T


def hold_out(share: float, seed: int) -> None:
    """Take that share of the wards out of the lists that `clean` looks in."""
    rng = random.Random(seed)
    for era in ("old", "new"):
        for (_, district), found in _gazetteer._units(era).items():
            if era == "new" or district:
                found[:] = [place for place in found if rng.random() >= share]


def speed(count: int, seed: int) -> None:
    """Tell how long it takes to clean and check that many rows."""
    made = records(count * 9 // 14 + 9, seed).frame[:count]
    for name, frame in (
        ("one row per face, all types", pd.DataFrame(made)),
        ("chip fronts only", pd.DataFrame([r for r in made if r["ocr_type"] == "tcc_chip"])),
    ):
        for what, do in (("clean", clean), ("check", check)):
            wall, cpu = time.perf_counter(), sum(os.times()[:4])  # worker processes included
            do(frame)
            wall, cpu = time.perf_counter() - wall, sum(os.times()[:4]) - cpu
            print(f"{name}: {what} {len(frame):,} rows {wall:.1f} s, {cpu:.1f} s of CPU")


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--records", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=noise.MEASURING[0])
    parser.add_argument("--held-out", type=float, default=0.0)
    parser.add_argument("--speed", type=int, default=0)
    parser.add_argument("--show", default="", help="a rule whose misses are printed")
    options = parser.parse_args(None if arguments is None else list(arguments))
    pd.set_option("display.width", 220, "display.max_columns", 30, "display.max_colwidth", 60)
    pd.set_option("display.max_rows", 200)
    if options.speed:
        speed(options.speed, options.seed)
        return
    if options.held_out:
        hold_out(options.held_out, options.seed)
    cells = judged(records(options.records, options.seed))
    print(summary(cells).round(2).to_string())
    if options.show:
        wanted = cells[cells.rule.str.startswith(options.show) | (options.show == "all")]
        print(wanted[wanted.repairable & ~wanted.right].head(60).to_string())
        print(wanted[wanted.damaged].head(60).to_string())


if __name__ == "__main__":
    main()
