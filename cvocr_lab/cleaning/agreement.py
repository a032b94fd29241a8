"""Rules for values that a paper states twice: in print, QR code, MRZ, on the front and the back."""

from __future__ import annotations

import re
from typing import Final, Literal

import numpy as np
from rapidfuzz import fuzz

from cvocr_lab import mrz
from cvocr_lab.cleaning.rule_input import RuleInput, Source, folded, is_day, mapped, where
from cvocr_lab.cleaning.rules import Issues, Mask, Texts
from cvocr_lab.kinds import TYPES
from cvocr_lab.proofs import Fact
from cvocr_lab.text import comparison_key, old_tone

_LEAST_ADDRESS: Final = 50.0
"""Token set ratio of the folded words (0 to 100) below which two addresses count as different."""


def check_agreement(faces: RuleInput, issues: Issues) -> None:
    """Add an issue wherever print, codes and sides differ."""
    _warnings(faces, issues)
    _zone(faces, issues)
    _qr(faces, issues)
    _codes(faces, issues)
    zone = _zone_names(faces)
    _compare_names(faces, issues, "mrz_name", "name", faces.texts("name"), *zone)
    _compare_names(faces, issues, "mrz_name", "given_name", _joined_names(faces), *zone)
    _sides(faces, issues, *zone)


def _warnings(faces: RuleInput, issues: Issues) -> None:
    """Report what the engine warned of; the values themselves may no longer show it."""
    warnings = faces.texts("ocr_warnings")
    for source in ("qr", "mrz"):
        there = faces.warned_of(f"{source}:of_another")
        issues.add("code_of_another", source, there, warnings)
    found = re.compile(r"(\w+):from_(?:qr|mrz)")
    corrected = mapped(warnings, lambda text: tuple(found.findall(text)))
    for field in sorted({name for names in set(corrected) for name in names}):
        there = np.array([field in names for names in corrected], bool)
        issues.add("corrected", field, there, faces.texts(field))


def _zone(faces: RuleInput, issues: Issues) -> None:
    text = faces.texts("mrz")
    issues.add("mrz_check", "mrz", (text != "") & ~faces.zone_holds, text)
    short, whole = faces.texts("id"), faces.printed("number", "mrz")
    both = _td1(faces) & (short != "") & where(whole, lambda n: len(n) == 12)
    tail = mapped(whole, lambda n: n[3:])
    issues.add("mrz_number", "id", both & (short != tail), short, whole)


def _td1(faces: RuleInput) -> Mask:
    """Return which rows have the three-line MRZ of a card."""
    return faces.of_kind(lambda kind: kind.mrz == "TD1")


def _unequal(a: Texts, b: Texts) -> Mask:
    return np.asarray((a != "") & (b != "") & (a != b), bool)


def _full(days: Texts, fact: Fact) -> Texts:
    """Keep only what a code can state: whole days, no bare years, no "no expiry"."""
    if fact not in ("birth", "issued", "expiry"):
        return days
    return np.where(is_day(days), days, "")


def _qr(faces: RuleInput, issues: Issues) -> None:
    text = faces.texts("qr")
    vehicle = faces.of_kind(lambda kind: kind.family == "vehicle")
    unread = np.array([code is None for code in faces.codes], bool)
    issues.add("qr_form", "qr", (text != "") & unread & ~vehicle, text)
    facts: tuple[Fact, ...] = ("number", "birth", "sex", "issued")
    for fact in facts:
        printed, code = _full(faces.printed(fact), fact), faces.proven(fact, "qr")
        issues.add("qr_print", faces.field(fact), _unequal(printed, code), printed, code)
    name, code = faces.printed("name"), faces.proven("name", "qr")
    far = np.zeros(len(faces), bool)
    near = np.zeros(len(faces), bool)
    for at in np.flatnonzero((name != "") & (code != "")):
        if name[at].upper() != code[at] and _spelt(name[at]) != _spelt(code[at]):
            (near if folded(name[at]) == folded(code[at]) else far)[at] = True
    for rule, there in (("qr_print", far), ("qr_marks", near)):
        issues.add(rule, "name", there, name, code)
    _address(faces, issues)


def _spelt(name: str) -> str:
    return old_tone(comparison_key(name)).upper()


def _address(faces: RuleInput, issues: Issues) -> None:
    printed = faces.texts("address")
    told = np.full(len(faces), "", dtype=object)
    told[:] = [code.address if code is not None else "" for code in faces.codes]
    bad = np.zeros(len(faces), bool)
    for at in np.flatnonzero((printed != "") & (told != "") & (printed != told)):
        likeness = fuzz.token_set_ratio(folded(printed[at]), folded(told[at]))
        bad[at] = likeness < _LEAST_ADDRESS
    issues.add("qr_address", "address", bad, printed, told)


def _codes(faces: RuleInput, issues: Issues) -> None:
    """Compare the MRZ with the print, with its own fields, and with the QR code."""
    facts: tuple[Fact, ...] = ("passport", "number", "birth", "sex", "expiry")
    for fact in facts:
        zone = faces.proven(fact, "mrz")
        sources: tuple[Source, ...] = ("print", "mrz")
        for source in sources:
            printed = _full(faces.printed(fact, source), fact)
            issues.add(
                "mrz_print", faces.field(fact, source), _unequal(printed, zone), printed, zone
            )
        code = faces.proven(fact, "qr")
        issues.add("qr_mrz", "mrz", _unequal(code, zone), code, zone)


def _zone_names(faces: RuleInput) -> tuple[Texts, Mask]:
    """Return the names as in the MRZ, words joined by ``<``, and which of them may be cut off."""
    names = np.full(len(faces), "", dtype=object)
    cut = np.zeros(len(faces), bool)
    for at, zone in enumerate(faces.zones):
        if zone is None:
            continue
        names[at] = "<".join(f"{zone.surname} {zone.given_names}".split())
        width = 30 if zone.format == "TD1" else mrz.WIDTHS[zone.format] - 5
        # One place for the second filler between surname and given names.
        cut[at] = len(names[at]) + 1 >= width
    surname, given = faces.texts("surname"), faces.texts("given_name")
    for row in np.flatnonzero(_td1(faces) & (names == "") & (surname != "") & (given != "")):
        names[row] = mrz.transliterate(f"{surname[row]} {given[row]}")
        cut[row] = len(names[row]) + 1 >= 30
    return names, cut


def _joined_names(faces: RuleInput) -> Texts:
    """Join surname and given names of passports."""
    surname, given = faces.texts("surname"), faces.texts("given_name")
    both = faces.of("passport") & (surname != "") & (given != "")
    return np.where(both, surname + " " + given, "")


def _compare_names(
    faces: RuleInput, issues: Issues, rule: str, field: str, printed: Texts, zone: Texts, cut: Mask
) -> None:
    bad = np.zeros(len(faces), bool)
    for at in np.flatnonzero((printed != "") & (zone != "")):
        # Most names need no more than their marks taken off.
        if folded(printed[at]).replace(" ", "").upper() != zone[at].replace("<", ""):
            bad[at] = not mrz.name_agrees(printed[at], zone[at], cut=bool(cut[at]))
    issues.add(rule, field, bad, printed, zone)


def _sides(faces: RuleInput, issues: Issues, zone_names: Texts, cut: Mask) -> None:
    """Compare each back with its front; issues are reported for the back."""
    back = faces.of_kind(lambda kind: kind.side == "back") & (faces.partner >= 0)
    if not back.any():
        return
    there = faces.partner
    front_types = np.where(back, faces.types[there], "")
    odd = back & np.array(
        [b in TYPES and TYPES[b].other != f for f, b in zip(front_types, faces.types, strict=True)],
        bool,
    )
    issues.add("front_back_type", faces.type_column, odd, front_types, faces.types)
    facts: tuple[Fact, ...] = ("number", "birth", "sex", "expiry", "issued")
    warned = faces.warned_of("sides:differ")
    for fact in facts:
        mine = _full(faces.known(fact, partner=False), fact)
        other = np.where(back, mine[there], "")
        differ = back & _unequal(mine, other)
        if fact == "number":
            unseen = back & warned & ~differ
            warnings = faces.texts("ocr_warnings")
            issues.add("front_back", "ocr_warnings", unseen, warnings, form="{}")
        issues.add("front_back", _first_field(faces, fact), differ, other, mine)
    names = np.where(faces.texts("name") == "", _joined_names(faces), faces.texts("name"))
    front_names = np.where(back, names[there], "")
    _compare_names(faces, issues, "front_back_name", "given_name", front_names, zone_names, cut)
    registered = back & faces.of("vehicle_registration_back")
    for field in ("plate", "name"):
        values = faces.texts(field)
        mine = mapped(values, lambda value: folded(value).replace(" ", ""))
        differ = registered & _unequal(mine, np.where(back, mine[there], ""))
        issues.add("front_back", field, differ, values[there], values)


def _first_field(faces: RuleInput, fact: Fact) -> Texts:
    made = faces.field(fact).copy()
    made[made == ""] = faces.field(fact, "mrz")[made == ""]
    code: Literal["mrz", "qr"]
    for code in ("mrz", "qr"):
        made[(made == "") & (faces.proven(fact, code) != "")] = code
    return made
