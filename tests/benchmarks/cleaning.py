"""How much of what OCR breaks `clean` repairs, and how much it breaks itself.

    python -m tests.benchmarks.cleaning                    5,000 records, a measuring seed
    python -m tests.benchmarks.cleaning --seed 1           while tuning
    python -m tests.benchmarks.cleaning --held-out 0.1     a tenth of the wards in no list
    python -m tests.benchmarks.cleaning --speed 100000     rows per second, clean and check

Records are made up (`cvocr_lab.synth`), with addresses of all wards of both eras, and broken by
`tests.benchmarks.noise`: a third of the cells, by one or two mistakes.

*Repairable* is a cell from which the truth can be told: of all legal values of its type the truth
is the single nearest one, by this file's own reckoning and not by the cleaner's:

* letter case, spaces at the ends or doubled, specks at the ends, decomposed marks: always;
* digits: where every sign put in looks like exactly one digit; never after a lost sign;
* names and owners: where a digit or stroke stands for exactly one letter; never after a lost mark,
  letter or space, for nothing says what the name was;
* plates, chassis, engines: where exactly one legal reading is nearest, and the broken one is not
  legal itself;
* closed lists and places: where the truth is the single nearest entry (letters first, then marks)
  and at most a third of its letters are wrong; a place also needs the place above it.

Tables: per rule the broken cells, how many were repairable and repaired; of the repairable ones the
rest was *kept* (flagged) or *wrong* (made something else, unflagged); of the unrepairable ones how
many became something wrong; of the right cells how many were damaged, and flagged for nothing.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product

import pandas as pd
from rapidfuzz.distance import Levenshtein

from cvocr_lab.cleaning import check, clean
from cvocr_lab.data import rows
from cvocr_lab.kinds import TYPES, FieldType
from cvocr_lab.kinds import _fieldtypes as t
from cvocr_lab.places import _gazetteer, provinces
from cvocr_lab.synth.papers import paper_values
from cvocr_lab.synth.persons import Person, make_person
from cvocr_lab.text import fold_key, new_tone, nfc, old_tone
from tests.benchmarks import noise

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
    """A value, broken or not: where it stands, its truth, and whether it can be told."""

    rule: str
    row: int
    column: str
    truth: str
    broken: bool
    repairable: bool


@dataclass(slots=True)
class Made:
    """The records: a frame's rows, and the cells to judge."""

    frame: list[dict[str, str]] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)


# -- addresses: their parts broken one by one


@dataclass(frozen=True, slots=True)
class Unit:
    level: str
    name: str
    kind: str
    siblings: tuple[tuple[str, str], ...]  # (name, kind) of all that may stand there


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


SHORT = {
    "phường": ("P.", "P. ", "Phường ", "phường "), "xã": ("X.", "X. ", "Xã ", "xã "),
    "thị trấn": ("TT ", "TT.", "Thị trấn "), "quận": ("Q.", "Q. ", "Quận "),
    "huyện": ("H.", "H. ", "Huyện ", "huyện "), "thị xã": ("TX ", "TX. ", "tx ", "Thị xã "),
    "thành phố": ("TP ", "TP.", "TP. ", "Thành phố "), "tỉnh": ("Tỉnh ", "tỉnh "),
    "đặc khu": ("Đặc khu ",),
}  # fmt: skip


def written(rng: random.Random, unit: Unit, *, short: bool) -> str:
    """The unit as a card prints it, or as somebody types it."""
    if not short:
        return unit.name
    name = re.sub(r"^(Phường|Quận) (?=\d)", "", unit.name)
    word = rng.choice(SHORT[unit.kind])
    if name != unit.name and rng.random() < 0.3:
        word = word[0] if word[0] in "PQ" else word  # P7
    return word + name


def distances(text: str, unit: Unit) -> list[tuple[int, int, str]]:
    """How far a text is from each name that may stand there, letters first, then marks."""
    found = []
    for name, kind in unit.siblings:
        bare = re.sub(r"^(Phường|Quận) (?=\d)", "", name)
        forms = {name, f"{kind} {bare}", *(f"{short}{bare}" for short in SHORT[kind])}
        if unit.level == "province":
            forms |= {"TPHCM", "TP.HCM"} if name == "Hồ Chí Minh" else set()
        found.append((*min((_apart(text, form) for form in forms)), name))
    return sorted(found)


@cache
def _letters(text: str) -> tuple[str, str]:
    return fold_key(text).replace(" ", ""), re.sub(r"[\W_]", "", old_tone(text).lower())


def _apart(text: str, form: str) -> tuple[int, int]:
    (key, mark), (other, other_mark) = _letters(text), _letters(form)
    return Levenshtein.distance(key, other), Levenshtein.distance(mark, other_mark)


def tellable(text: str, unit: Unit) -> bool:
    near = distances(text, unit)
    best = near[0]
    if best[2] != unit.name or near[1][:2] == best[:2]:
        return False
    digits = re.sub(r"\D", "", unit.name)
    if digits and re.sub(r"\D", "", text) != digits:
        return False
    return best[0] * 3 <= len(_letters(unit.name)[0])


HOUSES = ("Tổ 5", "Thôn Đoài", "Số 12 Lê Lợi", "45/7 Trần Hưng Đạo", "Ấp Tân Lập", "Xóm 3",
          "Khu phố 2", "SN 8, Ngõ 15", "Bản Mới", "Tổ dân phố 4")  # fmt: skip


def add_address(
    rng: random.Random, made: Made, row: dict[str, str], column: str, era: str, person: Person,
    *, short: bool, house: bool,
) -> None:  # fmt: skip
    parts = units(rng, era, ward=house or rng.random() < 0.85)
    texts = []
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
            Cell(rule, len(made.frame), f"{column}_clean_{unit.level}", unit.name, broken, sound)
        )
        texts.insert(0, text)
    if house:
        texts.insert(0, rng.choice(HOUSES))
    comma = rng.choices((", ", ",", " - ", ". "), (90, 4, 4, 2))[0]
    row[column] = comma.join(texts)


# -- all other fields


def is_legal(kind: FieldType, text: str) -> bool:
    return kind.accepts(text)


def readings(text: str, pattern: str) -> set[str]:
    """All that the signs may have been, where it fits the pattern."""
    signs = [{c, *(k for k, like in noise.LOOKS_LIKE.items() if c in like)} for c in text]
    if any(c in text for c in "|!"):
        signs = [s - {"|", "!"} for s in signs]
    size = 1
    for s in signs:
        size *= len(s)
    if size > 20000:
        return set()
    return {x for x in map("".join, product(*signs)) if re.fullmatch(pattern, x)}


def code_tellable(text: str, truth: str, pattern: str) -> bool:
    """Whether the truth is the single nearest legal reading of a code."""
    tight = re.sub(r"[\s.\-_:',]", "", nfc(text))
    tight = tight.strip("|") if len(tight) > len(truth) else tight
    if re.fullmatch(pattern, tight.upper()):
        return tight.upper() == truth
    found = readings(tight, pattern) | readings(tight.upper(), pattern)
    least = [(sum(a != b for a, b in zip(x, tight.upper(), strict=True)), x) for x in found]
    near = sorted(least)
    return bool(near) and near[0][1] == truth and (len(near) == 1 or near[1][0] > near[0][0])


CAR, BIKE = r"\d\d[A-HK-NPS-VX-Z]\d{4,5}", r"\d\d[A-HK-NPS-VX-Z][A-HK-NPS-VX-Z1-9]\d{4,5}"
VIN = r"[A-HJ-NPR-Z0-9*]{2,16}\d{4}"
ENGINE = r"[A-Z0-9*]{2,13}\d{5}"
LETTER = r"[^\W\d_]"


def letters_tellable(text: str, printed: str) -> bool:
    """Whether a name can be told: only case, outer signs, and digits that look like one letter."""
    text = nfc(text).strip(" .,:-_'|")
    text = re.sub(r"\s+", " ", text).upper()
    if len(text) != len(printed):
        return False
    for read, true in zip(text, printed, strict=True):
        if read == true:
            continue
        may = {k.upper() for k, like in noise.LOOKS_LIKE.items() if read in like and k.isalpha()}
        if read.isalpha() or may - {"L", "D"} != {true}:
            return False
    return True


@cache
def entries(kind: FieldType) -> tuple[tuple[str, str], ...]:
    """(spelling, normal form) of a closed list."""
    if kind.name in ("SEX", "PASSPORT_SEX"):
        return ("Nam", "Nam"), ("Nữ", "Nữ")
    if kind.name == "NATIONALITY":
        return (("Việt Nam", "Việt Nam"),)
    if isinstance(kind, t.Choice) and kind.source.startswith("@"):
        table = rows(f"{kind.source[1:]}.csv")
        return tuple(
            (s, row["name"]) for row in table for s in (row["name"], *row["aliases"].split(";")) if s
        )
    if isinstance(kind, t.Choice):
        return tuple((v, v) for v in kind.values())
    return tuple((r["name"], r["name"]) for r in rows("authorities.csv") if "{" not in r["name"])


def list_tellable(text: str, truth: str, words: Sequence[tuple[str, str]]) -> bool:
    near = sorted((*_apart(text, spelling), word) for spelling, word in words)
    others = [n for n in near if n[2] != truth]
    best = next(n for n in near if n[2] == truth)
    if best[0] * 3 > len(_letters(truth)[0]):
        return False
    return not others or best[:2] < others[0][:2]


def add_value(
    rng: random.Random, made: Made, row: dict[str, str], name: str, kind: FieldType, printed: str,
    person: Person,
) -> None:  # fmt: skip
    truth, rule = truth_of(kind, printed, person)
    if not rule:
        row[name] = printed
        return
    text = printed
    done: list[str] = []
    if rng.random() < BROKEN:
        text, done = noise.corrupt(rng, printed)
    column = f"{name}_clean_iso" if isinstance(kind, t.Date) else f"{name}_clean"
    broken = text != printed
    made.cells.append(
        Cell(rule, len(made.frame), column, truth, broken,
             broken and can_be_told(kind, text, printed, truth, done)),
    )  # fmt: skip
    row[name] = text


CITIES = {p.name for p in provinces("old") if p.kind == "city"}


def truth_of(kind: FieldType, printed: str, person: Person) -> tuple[str, str]:
    """Normal form and name of the rule; no rule for what has no normal form."""
    if kind.name in ("AUTHORITY_CMND", "POLICE"):
        unit = "THÀNH PHỐ" if person.province in CITIES else "TỈNH"
        return f"CÔNG AN {unit} {person.province.upper()}", "police"
    if kind.name == "PROVINCE":
        names = sorted((_apart(printed, p.name), p.name) for p in provinces("old"))
        exact = [n for d, n in names if _letters(printed)[0].endswith(_letters(n)[0])]
        return (exact or [names[0][1]])[0], "province"
    if kind.name.startswith("AUTHORITY"):
        return printed, "authority"
    if kind.name == "COLOR":
        return printed, "colour"
    if isinstance(kind, t.Choice):
        truth = next(w for s, w in entries(kind) if _letters(s) == _letters(printed))
        return truth, {"ETHNIC_GROUP": "ethnic group", "RELIGION": "religion"}.get(
            kind.name, kind.name.lower().removeprefix("passport_")
        )
    if isinstance(kind, t.Date):
        return kind.parse(printed), "date"
    if isinstance(kind, t.Plate):
        return kind.parse(printed), "plate"
    if isinstance(kind, t.Name):
        return printed, "name"
    if isinstance(kind, t.Owner):
        return printed, "owner"
    if isinstance(kind, t.Amount):
        return kind.parse(printed), "amount"
    if kind.name in ("CHASSIS", "ENGINE", "PASSPORT_NUMBER", "COUNTRY_CODE"):
        return kind.parse(printed), kind.name.lower().replace("_", " ")
    if isinstance(kind, t.CitizenId) or kind.alphabet == t.DIGITS:
        return kind.parse(printed), "number"
    return "", ""


def can_be_told(
    kind: FieldType, text: str, printed: str, truth: str, done: Sequence[str]
) -> bool:
    if kind.name == "COLOR":
        words = [(w, w) for w in dict.fromkeys(re.findall(r"\w+", getattr(kind, "source", "")))]
        read, true = text.strip(" .,:-_'|").split(), truth.split()
        return len(read) == len(true) and all(
            list_tellable(r, w, words) for r, w in zip(read, true, strict=True)
        )
    if kind.name in ("AUTHORITY_CMND", "POLICE", "PROVINCE"):
        places = [(w, p.name) for p in provinces("old") for w in province_words(kind, p.name)]
        name = next(p.name for p in provinces("old") if truth.endswith((p.name, p.name.upper())))
        return list_tellable(text, name, places)
    if kind.name.startswith("AUTHORITY") or isinstance(kind, t.Choice):
        return list_tellable(text, truth, entries(kind))
    if isinstance(kind, t.Date):
        words = getattr(kind, "words", "")
        if truth == words:
            return Levenshtein.distance(_letters(text)[0], _letters(words)[0]) <= 4
        read = re.sub(r"\s+", "", nfc(text)).strip(".,:-_'")
        if re.fullmatch(r"\d{4}", truth):
            return code_tellable(read, truth, r"\d{4}")
        if "drop" in done:
            return False
        shape = re.sub(r"\d", r"\\d", re.escape(printed).replace(r"\-", "[-]"))
        return len(readings(read.strip("|") if len(read) > 10 else read, shape)) >= 1
    if isinstance(kind, t.Plate):
        pattern = CAR if re.match(r"\d\d[A-Z]-", printed) else BIKE
        tight = re.sub(r"[^\w|!]|_", "", text).strip("|")
        if not re.search(r"\w[-. ]", text.strip()):
            pattern = f"{CAR}|{BIKE}"
        return "drop" not in done and code_tellable(tight, truth, pattern)
    if isinstance(kind, t.Name | t.Owner):
        return letters_tellable(text, printed)
    if kind.name in ("CHASSIS", "ENGINE"):
        pattern = VIN if kind.name == "CHASSIS" else ENGINE
        tight = re.sub(r"[\s.\-_:',]", "", text)
        if len(tight) != len(truth):
            tight = tight.strip("|")
        if len(tight) != len(truth):
            return False
        return code_tellable(tight, truth, pattern)
    if isinstance(kind, t.Amount):
        return "drop" not in done and code_tellable(text.strip(".,:-_'| "), truth, r"\d+")
    pattern = {
        "PASSPORT_NUMBER": r"[A-Z]\d{7,8}", "COUNTRY_CODE": r"[A-Z]{3}",
    }.get(kind.name, rf"\d{{{len(truth)}}}")  # fmt: skip
    return "drop" not in done and code_tellable(text, truth, pattern)


@cache
def province_words(kind: FieldType, name: str) -> tuple[str, ...]:
    if kind.name == "PROVINCE":
        return name, f"TP {name}"
    units = ("", "TP ", "Thành phố ") if name in CITIES else ("", "Tỉnh ")
    return tuple(f"{body} {unit}{name}" for body in ("CA", "Công an") for unit in units)


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
        if isinstance(spec.type, t.Address):
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
    out = clean(pd.DataFrame(made.frame))
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
                "right": _letters(found)[1] == _letters(cell.truth)[1] and bool(found),
                "flagged": name in flags[cell.row],
                "altered": _letters(found)[1] not in _letters(made.frame[cell.row][name])[1],
            }
        )
    judged = pd.DataFrame(table)
    # A flagged address without parts stands as read: that is no damage.
    silent = ~(judged.flagged & (judged.found == ""))
    return judged.assign(damaged=~judged.broken & ~judged.right & silent)


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
        frame = pd.concat([frame] * (1 if len(frame) >= count else 1))
        for what, do in (("clean", clean), ("check", check)):
            start = time.perf_counter()
            do(frame)
            print(f"{name}: {what} {len(frame):,} rows {time.perf_counter() - start:.1f} s")


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
