"""Rules across rows: duplicate numbers, persons and pictures."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Final

import numpy as np
import pandas as pd

from cvocr_lab.cleaning.rule_input import RuleInput, folded, is_day, mapped
from cvocr_lab.cleaning.rules import Issues, Texts

_SHOWN: Final = 5
"""Largest number of other rows that an issue names."""


def check_duplicates(faces: RuleInput, issues: Issues) -> None:
    """Add an issue for numbers and persons that occur on several papers (several index labels)."""
    numbers = faces.known("number", partner=False)
    for other in (faces.printed("passport"), faces.printed("old_number")):
        numbers = np.where(other != "", other, numbers)
    back = faces.of_kind(lambda kind: kind.side == "back")
    paired = back & (faces.partner >= 0)  # reported once per paper, for the front
    key = np.where(paired, "", numbers)
    check_repeated(
        faces, issues, "duplicate_number", _number_field(faces), _joined(key, faces.types)
    )
    names = mapped(_names(faces), lambda n: folded(n).replace(" ", ""))
    births = faces.known("birth")
    births = np.where(is_day(births), births, "")
    by_passport = faces.of("passport")
    of_card = np.where(by_passport, "", key)
    for values, field in ((names, "name"), (births, "born")):
        known = np.where(values != "", of_card, "")
        check_repeated(faces, issues, "number_of_two", field, known, values)
    person = np.where((names != "") & (births != "") & (key != ""), names + births, "")
    person = _joined(person, faces.types)
    check_repeated(faces, issues, "duplicate_person", _number_field(faces), person, numbers)
    for field in ("plate", "chassis"):
        values = mapped(faces.texts(field), lambda v: "".join(c for c in v.upper() if c.isalnum()))
        vehicle = np.where(faces.of("vehicle_registration_back"), values, "")
        check_repeated(faces, issues, "duplicate_number", field, vehicle)


def _joined(values: Texts, others: Texts) -> Texts:
    return np.where(values != "", values + "|" + others, "")


def _names(faces: RuleInput) -> Texts:
    names = faces.texts("name").copy()
    lone = faces.of("passport") & (names == "")
    names[lone] = faces.texts("surname")[lone] + " " + faces.texts("given_name")[lone]
    return names


def _number_field(faces: RuleInput) -> Texts:
    made = faces.field("number").copy()
    made[made == ""] = faces.field("number", "mrz")[made == ""]
    made[faces.of("passport", "cmt")] = "id"
    made[made == ""] = "id"
    return made


def _other_rows(faces: RuleInput, table: pd.DataFrame) -> list[str]:
    """Name for each row of the table the other rows with its key."""
    rows = list(zip(table["at"].tolist(), table["key"], table["label"].tolist(), strict=True))
    names: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for at, key, label in rows:
        if len(names[key]) < _SHOWN + 2:  # one picture may occur in thousands of rows
            names[key].setdefault(label, str(faces.label(at)))

    @cache
    def others(key: str, own: int | None) -> str:
        told = list(dict.fromkeys(name for label, name in names[key].items() if label != own))
        return f"rows {', '.join(told[:_SHOWN])}{' …' if len(told) > _SHOWN else ''}"

    return [others(key, label if label in names[key] else None) for _, key, label in rows]


def check_repeated(
    faces: RuleInput,
    issues: Issues,
    rule: str,
    field: str | Texts,
    key: Texts,
    values: Texts | None = None,
) -> None:
    """Add an issue where a key occurs under several labels, with different `values` if given."""
    at = np.flatnonzero(key != "")
    table = pd.DataFrame({"at": at, "key": key[at], "label": faces.labels[at]})
    table = table[table.groupby("key")["label"].transform("nunique") > 1]
    if values is not None and len(table):
        table = table.assign(value=values[table["at"]])
        table = table[table.groupby("key")["value"].transform("nunique") > 1]
    evidence: Texts = np.full(len(faces), "", dtype=object)
    evidence[table["at"]] = _other_rows(faces, table)
    issues.add(rule, field, evidence != "", evidence)
