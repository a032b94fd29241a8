"""Whether the truth of a broken value can be told from what was read.

By this file's own reckoning and not by the cleaner's: of all legal values of the type the truth is
the single nearest one.

* letter case, spaces at the ends or doubled, specks at the ends, decomposed marks: always;
* digits: where every sign put in looks like exactly one digit; never after a lost sign;
* names and owners: where a digit or stroke stands for exactly one letter; never after a lost mark,
  letter or space, for nothing says what the name was;
* plates, chassis, engines: where exactly one legal reading is nearest, and the broken one is not
  legal itself;
* closed lists and places: where the truth is the single nearest entry (letters first, then marks)
  and at most a third of its letters are wrong; a place also needs the place above it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import noise
from rapidfuzz.distance import Levenshtein

from cvocr_lab.data import rows
from cvocr_lab.kinds import FieldType
from cvocr_lab.kinds import _forms as forms
from cvocr_lab.places import provinces
from cvocr_lab.synth.persons import Person
from cvocr_lab.text import fold_key, nfc, old_tone


@dataclass(frozen=True, slots=True)
class Unit:
    level: str
    name: str
    kind: str
    siblings: tuple[tuple[str, str], ...]  # (name, kind) of all that may stand there


SHORT = {
    "phường": ("P.", "P. ", "Phường ", "phường "), "xã": ("X.", "X. ", "Xã ", "xã "),
    "thị trấn": ("TT ", "TT.", "Thị trấn "), "quận": ("Q.", "Q. ", "Quận "),
    "huyện": ("H.", "H. ", "Huyện ", "huyện "), "thị xã": ("TX ", "TX. ", "tx ", "Thị xã "),
    "thành phố": ("TP ", "TP.", "TP. ", "Thành phố "), "tỉnh": ("Tỉnh ", "tỉnh "),
    "đặc khu": ("Đặc khu ",),
}  # fmt: skip


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
def letters(text: str) -> tuple[str, str]:
    return fold_key(text).replace(" ", ""), re.sub(r"[\W_]", "", old_tone(text).lower())


def _apart(text: str, form: str) -> tuple[int, int]:
    (key, mark), (other, other_mark) = letters(text), letters(form)
    return Levenshtein.distance(key, other), Levenshtein.distance(mark, other_mark)


def tellable(text: str, unit: Unit) -> bool:
    near = distances(text, unit)
    best = near[0]
    if best[2] != unit.name or near[1][:2] == best[:2]:
        return False
    digits = re.sub(r"\D", "", unit.name)
    if digits and re.sub(r"\D", "", text) != digits:
        return False
    return best[0] * 3 <= len(letters(unit.name)[0])


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
    """Spellings and normal forms of a closed list."""
    if kind.name in ("SEX", "PASSPORT_SEX"):
        return ("Nam", "Nam"), ("Nữ", "Nữ")
    if kind.name == "NATIONALITY":
        return (("Việt Nam", "Việt Nam"),)
    if isinstance(kind, forms.Choice) and kind.source.startswith("@"):
        table = rows(f"{kind.source[1:]}.csv")
        return tuple(
            (s, row["name"])
            for row in table
            for s in (row["name"], *row["aliases"].split(";"))
            if s
        )
    if isinstance(kind, forms.Choice):
        return tuple((v, v) for v in kind.values())
    return tuple((r["name"], r["name"]) for r in rows("authorities.csv") if "{" not in r["name"])


def list_tellable(text: str, truth: str, words: Sequence[tuple[str, str]]) -> bool:
    near = sorted((*_apart(text, spelling), word) for spelling, word in words)
    others = [n for n in near if n[2] != truth]
    best = next(n for n in near if n[2] == truth)
    if best[0] * 3 > len(letters(truth)[0]):
        return False
    return not others or best[:2] < others[0][:2]


CITIES = {p.name for p in provinces("old") if p.kind == "city"}


def truth_of(kind: FieldType, printed: str, person: Person) -> tuple[str, str]:
    """Normal form and name of the rule; no rule for what has no normal form."""
    if kind.name in ("AUTHORITY_CMND", "POLICE"):
        unit = "THÀNH PHỐ" if person.province in CITIES else "TỈNH"
        return f"CÔNG AN {unit} {person.province.upper()}", "police"
    if kind.name == "PROVINCE":
        names = sorted((_apart(printed, p.name), p.name) for p in provinces("old"))
        exact = [n for d, n in names if letters(printed)[0].endswith(letters(n)[0])]
        return (exact or [names[0][1]])[0], "province"
    if kind.name.startswith("AUTHORITY"):
        return printed, "authority"
    if kind.name == "COLOR":
        return printed, "colour"
    if isinstance(kind, forms.Choice):
        truth = next(w for s, w in entries(kind) if letters(s) == letters(printed))
        return truth, {"ETHNIC_GROUP": "ethnic group", "RELIGION": "religion"}.get(
            kind.name, kind.name.lower().removeprefix("passport_")
        )
    if isinstance(kind, forms.Date):
        return kind.parse(printed), "date"
    if isinstance(kind, forms.Plate):
        return kind.parse(printed), "plate"
    if isinstance(kind, forms.Name):
        return printed, "name"
    if isinstance(kind, forms.Owner):
        return printed, "owner"
    if isinstance(kind, forms.Amount):
        return kind.parse(printed), "amount"
    if kind.name in ("CHASSIS", "ENGINE", "PASSPORT_NUMBER", "COUNTRY_CODE"):
        return kind.parse(printed), kind.name.lower().replace("_", " ")
    if isinstance(kind, forms.CitizenId) or kind.alphabet == forms.DIGITS:
        return kind.parse(printed), "number"
    return "", ""


def can_be_told(kind: FieldType, text: str, printed: str, truth: str, done: Sequence[str]) -> bool:
    if "glued" in done:
        return True
    if isinstance(kind, forms.Owner) and any(c.isdigit() for c in printed):
        return letters(text)[1] == letters(printed)[1]  # a firm's digits may be letters as well
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
    if kind.name.startswith("AUTHORITY") or isinstance(kind, forms.Choice):
        return list_tellable(text, truth, entries(kind))
    if isinstance(kind, forms.Date):
        no_end = str(getattr(kind, "words", ""))
        if truth == no_end:
            return Levenshtein.distance(letters(text)[0], letters(no_end)[0]) <= 4
        tight = re.sub(r"\s+", "", nfc(text)).strip(".,:-_'")
        if re.fullmatch(r"\d{4}", truth):
            return code_tellable(tight, truth, r"\d{4}")
        if "drop" in done:
            return False
        shape = re.sub(r"\d", r"\\d", re.escape(printed).replace(r"\-", "[-]"))
        return len(readings(tight.strip("|") if len(tight) > 10 else tight, shape)) >= 1
    if isinstance(kind, forms.Plate):
        pattern = CAR if re.match(r"\d\d[A-Z]-", printed) else BIKE
        tight = re.sub(r"[^\w|!]|_", "", text).strip("|")
        if not re.search(r"\w[-. ]", text.strip()):
            pattern = f"{CAR}|{BIKE}"
        return "drop" not in done and code_tellable(tight, truth, pattern)
    if isinstance(kind, forms.Name | forms.Owner):
        return letters_tellable(text, printed)
    if kind.name in ("CHASSIS", "ENGINE"):
        pattern = VIN if kind.name == "CHASSIS" else ENGINE
        tight = re.sub(r"[\s.\-_:',]", "", text)
        if len(tight) != len(truth):
            tight = tight.strip("|")
        if len(tight) != len(truth):
            return False
        return code_tellable(tight, truth, pattern)
    if isinstance(kind, forms.Amount):
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
