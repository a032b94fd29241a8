"""Numbers, plates, chassis and engine numbers: look-alike characters are corrected by position."""

from __future__ import annotations

import re
from typing import Final

from cvocr_lab.cleaning.normal.cells import Cleaned, Part, Trail
from cvocr_lab.kinds import FieldType
from cvocr_lab.kinds._forms import PLATE_LETTERS
from cvocr_lab.places import Era, by_plate_code
from cvocr_lab.text import digits_from_lookalikes

_EDGES: Final = " \t.,;:-–—_'\"`|*/\\()[]"
_SMALL: Final = str.maketrans("bgqA", "6994")
DIGITISH: Final = "0-9OoQDIl|!iZzSsGBbgqA"
"""Character class of digits and the characters that look like one."""


def to_digits(text: str) -> str:
    """Replace characters that look like a digit by that digit."""
    return digits_from_lookalikes(text.translate(_SMALL))


def number(kind: FieldType, text: str, _: Era | None) -> Cleaned:
    """Clean a number that consists of digits only."""
    if text.isascii() and text.isdigit() and kind.accepts(text):
        return Cleaned(text)
    trail = Trail(text)
    bare = _SPECKS_IN_NUMBER.sub("", trail.text)
    whole = kind.accepts(to_digits(bare))  # then a stroke at an end is a 1, otherwise a speck
    trail.then("separators", "form", bare if whole else bare.strip("|!"))
    trail.then("look_alikes", "repair", to_digits(trail.text), 0.95)
    return trail.done() if kind.accepts(trail.text) else trail.kept(f"not a {kind.name}")


_SPECKS_IN_NUMBER: Final = re.compile(r"[\s.,\-–—_:'\"`*/\\()\[\]]")


def passport_number(kind: FieldType, text: str, _: Era | None) -> Cleaned:
    """Clean a passport number: one letter and seven or eight digits."""
    trail = _tight(text)
    head, tail = trail.text[:1], trail.text[1:]
    trail.then("look_alikes", "repair", _LETTER.get(head, head) + to_digits(tail), 0.95)
    return trail.done() if kind.accepts(trail.text) else trail.kept(f"not a {kind.name}")


_LETTER: Final = {"8": "B", "6": "G", "5": "S", "2": "Z"}


def country_code(kind: FieldType, text: str, _: Era | None) -> Cleaned:
    """Clean a country code of three letters."""
    trail = _tight(text)
    letters = trail.text.translate(str.maketrans("01|56824", "OIISGBZA"))
    trail.then("look_alikes", "repair", letters, 0.95)
    return trail.done() if kind.accepts(trail.text) else trail.kept(f"not a {kind.name}")


_NEVER_IN_VIN: Final = str.maketrans("IOQ|!", "10011")


def chassis(kind: FieldType, text: str, _: Era | None) -> Cleaned:
    """Clean a chassis number: I, O and Q never occur, the last four are digits (ISO 3779).

    Papers may print fewer than 17 characters.
    """
    trail = _tight(text)
    trail.then("vin_alphabet", "repair", trail.text.translate(_NEVER_IN_VIN), 0.95)
    if len(trail.text) >= 10:
        # The codes RL to RR belong to Vietnamese makers; R1 is not assigned.
        trail.then("vin_alphabet", "repair", re.sub("^R1", "RL", trail.text), 0.9)
        head, tail = trail.text[:-4], trail.text[-4:]
        trail.then("look_alikes", "repair", head + _mostly_digits(tail, 2), 0.9)
    return trail.done() if _is_code(kind, trail.text) else trail.kept(f"not a {kind.name}")


def engine(kind: FieldType, text: str, _: Era | None) -> Cleaned:
    """Clean an engine number: it ends in a serial number of at least five digits."""
    trail = _tight(text)
    if len(trail.text) >= 8:
        head, tail = trail.text[:-5], trail.text[-5:]
        trail.then("look_alikes", "repair", head + _mostly_digits(tail, 3), 0.9)
    return trail.done() if _is_code(kind, trail.text) else trail.kept(f"not a {kind.name}")


def amount(kind: FieldType, text: str, _: Era | None) -> Cleaned:
    """Clean a whole number: the unit and the thousands separators are removed."""
    trail = Trail(text)
    bare = trail.text.strip(" \t.,;:-–—_'\"`*/\\()[]")
    found = _NUMBER_AND_UNIT.fullmatch(bare)
    digits = re.sub(r"\s+", "", found[1].strip(_EDGES) or found[1]) if found else ""
    if not any(c.isdigit() for c in digits) and len(digits) > 2:
        return trail.kept("not a number")
    if not re.fullmatch(r".{1,3}([.,]).{3}(?:\1.{3})*|[^.,]+", digits):
        return trail.kept("not a whole number")
    trail.then("unit", "form", re.sub(r"[.,]", "", digits))
    trail.then("look_alikes", "repair", to_digits(trail.text), 0.95)
    whole = trail.text.isascii() and trail.text.isdigit()
    if not whole or not kind.accepts(trail.text) or len(trail.text) > 9:
        return trail.kept("not a number")
    trail.then("leading_zeros", "form", str(int(trail.text)))
    return trail.done()


# A unit starts with a letter that looks like no digit; its own letters may be misread.
_NUMBER_AND_UNIT: Final = re.compile(
    rf"([{DIGITISH}][{DIGITISH}., ]*)"
    rf"(?:(?!tấn|tan\b|t\b)(?![{DIGITISH}])[^\W\d_](?:\w{{0,3}}|\D{{0,20}}[23]?))?",
    re.IGNORECASE,
)


def _tight(text: str) -> Trail:
    trail = Trail(text)
    trail.then("separators", "form", _BETWEEN.sub("", trail.text.strip(_EDGES)))
    trail.then("look_alikes", "repair", _small_digits(trail.text), 0.9)
    trail.then("case", "form", trail.text.upper())
    return trail


_BETWEEN: Final = re.compile(r"[\s.,\-–—_:]")
_SMALL_DIGITS: Final = str.maketrans("lbgqsz|!", "16995211")


def _small_digits(text: str) -> str:
    """Replace small letters that look like digits, since papers print codes in capitals.

    If other letters are small too, or none is a capital, the case was lost and nothing is replaced.
    """
    if text.isupper():  # most codes
        return text.translate(_SMALL_DIGITS)
    small = {c for c in text if c.islower()}
    if small - set("lbgqsz") or not any(c.isupper() for c in text):
        return re.sub(r"[|!]", "1", text)
    return text.translate(_SMALL_DIGITS)


def _mostly_digits(text: str, least: int) -> str:
    return to_digits(text) if sum(c.isdigit() for c in text) >= least else text


def _is_code(kind: FieldType, text: str) -> bool:
    return kind.accepts(text) and any(c.isdigit() for c in text)


_SPECIAL: Final = (
    "LD", "DA", "KT", "RM", "MK", "TĐ", "HC", "MĐ", "LB", "CT", "LA", "KL", "CD", "NG", "QT", "NN",
    "CV",
)  # fmt: skip
_TO_PLATE_LETTER: Final = {"0": "D", "O": "D", "Q": "D", "8": "B", "5": "S", "2": "Z", "6": "G",
                           "4": "A"}  # fmt: skip
_FOREIGN: Final = re.compile(r"(\d\d)(\d{3})(NG|QT|NN|CV)(\d{2,3})")


_SPECKS: Final = re.compile(r"^[|!](?=\d\d-?[A-ZĐ])|(?<=\.\d\d)[|!]$")


def plate(kind: FieldType, text: str, _: Era | None) -> Cleaned:
    """Clean a number plate: two digits of the province, a series, four or five digits.

    The canonical form has no separators.  If they are lost and the fourth character is a letter
    that may be a digit, a car cannot be distinguished from a motorbike, and the text is kept.
    """
    trail = Trail(text)
    # A stroke at an end is a speck where the plate is whole without it.
    trail.then("edges", "repair", _SPECKS.sub("", trail.text.strip(_EDGES.replace("|", ""))))
    groups = [g for g in re.split(r"[^0-9A-Za-zĐđ|!]+", trail.text) if g]
    cuts = {sum(map(len, groups[: i + 1])) for i in range(len(groups) - 1)}
    trail.then("separators", "form", "".join(groups))
    trail.then("look_alikes", "repair", _small_digits(trail.text), 0.9)
    trail.then("case", "form", trail.text.upper())
    whole = trail.text
    # A dot stands before the last two of five digits, so one after three of four lost a digit.
    short = len(groups) > 1 and len(groups[-1]) == 1 and len(groups[-2]) <= 3
    if short and not kind.accepts(trail.raw):
        return trail.kept("a digit of the plate is missing")
    if len(groups) > 1 and len(groups[-1]) > 5 and groups[-1].isdigit():
        return trail.kept("the plate has too many digits")
    if found := _FOREIGN.fullmatch(to_digits(whole[:5]) + whole[5:]):
        trail.then("look_alikes", "repair", found[0], 0.95)
        return trail.done(_about(found[1], "foreign"))
    readings: dict[str, set[str]] = {}
    for length in (1, 2, 3):
        if (made := _read_as(whole, length)) is not None:
            readings.setdefault(made, set()).add("car" if length == 1 else "motorbike")
            if length + 2 in cuts:
                readings = {made: {_class(made, length)}}
                break
    if len(readings) > 1:
        # Letters that look like no digit are letters.
        readings = {m: c for m, c in readings.items() if m == whole} or readings
    if len(readings) != 1:
        return trail.kept("not a plate" if not readings else "letter or digit in the plate")
    made, classes = readings.popitem()
    if made[:2] != whole[:2] and not _may_be_code(whole[:2], made[:2]):
        return trail.kept("not a plate")
    trail.then("look_alikes", "repair", made, 0.9)
    if not kind.accepts(made):
        return trail.kept("not a plate")
    return trail.done(_about(made[:2], classes.pop() if len(classes) == 1 else ""))


def _read_as(whole: str, length: int) -> str | None:
    """Return the corrected plate with a series of that length, or None if it cannot be one."""
    digits = len(whole) - 2 - length
    if digits not in (4, 5) or (length == 3 and digits == 4):
        return None
    head, series, tail = to_digits(whole[:2]), whole[2 : 2 + length], to_digits(whole[2 + length :])
    if not (head + tail).isdecimal():
        return None
    first = _TO_PLATE_LETTER.get(series[0], series[0])
    if length == 1:
        return head + first + tail if first in PLATE_LETTERS + "R" else None
    if series[:2] in _SPECIAL:
        fits = length == 2 or series[2] in "123456789"
        return head + series + tail if fits else None
    if length == 3 or first not in PLATE_LETTERS:
        return None
    second = {"O": "D", "Q": "D", "0": "D", "I": "1", "|": "1", "!": "1"}.get(series[1], series[1])
    return head + first + second + tail if second in PLATE_LETTERS + "123456789" else None


def _may_be_code(read: str, code: str) -> bool:
    """Return whether a misread province code is plausible: it must contain a digit."""
    return any(c.isdigit() for c in read) and (code == "80" or by_plate_code(code) is not None)


def _class(made: str, length: int) -> str:
    if made[2:4] in _SPECIAL:
        return "electric" if made[2:4] == "MĐ" else "special"
    return "car" if length == 1 else "motorbike"


def _about(code: str, kind: str) -> dict[str, Part]:
    old, new = by_plate_code(code), by_plate_code(code, era="new")
    return {
        "class": kind,
        "province": old.name if old else "",
        "province_2025": new.name if new else "",
    }
