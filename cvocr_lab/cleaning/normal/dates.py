"""Days, months and years as printed, in words, or misread."""

from __future__ import annotations

import re
from typing import Final

from rapidfuzz import fuzz

from cvocr_lab.cleaning.normal.cells import Cleaned, Step, Trail
from cvocr_lab.cleaning.normal.codes import DIGITISH, to_digits
from cvocr_lab.dates import NO_END, iso_date, split_date
from cvocr_lab.kinds import FieldType
from cvocr_lab.places import Era
from cvocr_lab.text import fold_key

_D: Final = f"[{DIGITISH}]"
_EDGES: Final = " \t.,;:-–—_'\"`*()[]"
_SEPARATOR: Final = r"\s*[-/.,:;_\\–—'|l ]\s*"
_PLAIN: Final = re.compile(r"([0-9]{2})[-/.]([0-9]{2})[-/.]([0-9]{4})")
_DAY: Final = re.compile(rf"({_D}{{1,2}}){_SEPARATOR}({_D}{{1,2}}){_SEPARATOR}({_D}{{4}})")
_MONTH: Final = re.compile(rf"({_D}{{1,2}}){_SEPARATOR}({_D}{{4}})")
_WORDS: Final = re.compile(r"(?:n?g?a?y )?\D*?(\w{1,2}) ?t?h\w{2,4} ?(\w{1,2}) ?n\w{1,3} ?(\w{4})")
# Digits that are read in place of a separator between two pairs of digits.
_SLASHES: Final = "17"


def date(kind: FieldType, text: str, _: Era | None) -> Cleaned:
    """Clean a date: ``yyyy-mm-dd``, or ``yyyy-mm`` or ``yyyy`` where no more is printed.

    The words for "no expiry" are a value of their own.
    """
    if plain := _PLAIN.fullmatch(text):  # most dates
        if day := iso_date(plain[3], plain[2], plain[1]):
            return Cleaned(day, (Step("iso_date", "form", text, day),), {"iso": day})
        return Cleaned(text, flag="no such day")
    trail = Trail(text)
    words = getattr(kind, "words", "")
    if words and sum(c.isdigit() for c in trail.text) < 3:
        key = fold_key(trail.text)
        score = max(fuzz.ratio(key, known) for known in NO_END) / 100
        if score >= 0.7:
            trail.then("no_end", "repair" if score < 1 else "form", words, score)
            return trail.done({"iso": words})
    trail.then("caption", "form", _CAPTION.sub("", trail.text))
    for read in (_printed, _numeric, _in_words, _month, _year, _unparted):
        if (found := read(trail.text)) is None:
            continue
        repaired, parts = found
        trail.then("look_alikes", "repair", repaired, 0.95)
        iso = _valid(parts)
        if iso is None:
            return trail.kept("no such day")
        if read is _unparted:
            trail.then("separators", "repair", iso, 0.85)
        else:
            trail.then("iso_date", "form", iso, _certainty(parts))
        # A birth date may be a year alone.
        whole = len(parts) == 3 or (len(parts) == 1 and getattr(kind, "year_only", False))
        return trail.done({"iso": iso}, "" if whole else "no whole day")
    return trail.kept("not a date")


Found = tuple[str, tuple[str, ...]]
"""Return the text with its digits corrected, and year, month and day."""

_CAPTION: Final = re.compile(r"^(?:[^\W\d_]+\s+){0,4}[^\W\d_]+\s*:\s*(?=\S)")


def _certainty(parts: tuple[str, ...]) -> float:
    """Return how certain a date is; papers print day and month with two digits each.

    If one of them has a leading zero and the other has one digit, a digit was lost.
    """
    if len(parts) < 3 or len(parts[1]) + len(parts[2]) == 4:
        return 1.0
    if any(part.startswith("0") for part in parts[1:]):
        return 0.65
    return 0.8 if len(parts[1]) + len(parts[2]) == 3 else 1.0


def _printed(text: str) -> Found | None:
    """Return the ISO form of a date that needs no repair."""
    if parts := split_date(text):
        return text, parts
    found = re.fullmatch(r"([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?", text)
    return (text, tuple(g for g in found.groups() if g)) if found else None


def _numeric(text: str) -> Found | None:
    bare = re.sub(r"^[^\W\d]{4,}\s*:?\s*", "", text).strip(_EDGES)
    tight = re.sub(r"\s+", "", bare)
    tries = (bare, bare.strip(_EDGES + "|!"), tight, tight.strip(_EDGES + "|!"))
    found = next(filter(None, map(_DAY.fullmatch, tries)), None)
    if found is None:
        return None
    day, month, year = map(to_digits, found.groups())
    return _with_digits(found), (year, month, day)


def _in_words(text: str) -> Found | None:
    found = _WORDS.search(fold_key(text))
    if found is None:
        return None
    day, month, year = (to_digits(g.translate(_SMALL_LETTERS)) for g in found.groups())
    if not (day + month + year).isdecimal():
        return None
    return text, (year, month, day)


_SMALL_LETTERS: Final = str.maketrans("oilzs", "01125")


def _month(text: str) -> Found | None:
    found = _MONTH.fullmatch(text.strip(_EDGES))
    if found is None:
        return None
    month, year = map(to_digits, found.groups())
    return _with_digits(found), (year, month)


def _year(text: str) -> Found | None:
    bare = text.strip(_EDGES)
    printed = re.sub(r"^[Nn][aăÂâAĂ][mM]\s+", "", bare)
    if not re.fullmatch(f"{_D}{{4}}", printed):
        return None
    year = to_digits(printed)
    return text.replace(printed, year), (year,)


def _unparted(text: str) -> Found | None:
    """Return the date in eight digits whose separators are missing or were read as digits."""
    digits = to_digits(re.sub(r"[\s.\-/,]", "", text))
    marks = len(re.findall(r"[.\-/,]", text.strip(_EDGES)))
    if not digits.isdecimal() or marks != {8: 0, 9: 1, 10: 0}.get(len(digits)):
        return None
    if len(digits) == 10 and digits[2] in _SLASHES and digits[5] in _SLASHES:
        digits = digits[:2] + digits[3:5] + digits[6:]
    elif len(digits) == 9:
        choices = {digits[:2] + digits[3:]} if digits[2] in _SLASHES else set()
        if digits[4] in _SLASHES:
            choices.add(digits[:4] + digits[5:])
        right = [c for c in choices if _valid((c[4:], c[2:4], c[:2]))]
        digits = right[0] if len(right) == 1 else ""
    if len(digits) != 8:
        return None
    return text, (digits[4:], digits[2:4], digits[:2])


def _with_digits(found: re.Match[str]) -> str:
    """Return the match with its digits corrected and everything between them unchanged."""
    made, last = "", found.start()
    for group in range(1, len(found.groups()) + 1):
        made += found.string[last : found.start(group)] + to_digits(found[group])
        last = found.end(group)
    return made + found.string[last : found.end()]


def _valid(parts: tuple[str, ...]) -> str | None:
    year, month, day = (*map(int, parts), 1, 1)[:3]
    return iso_date(year, month, day)[: (4, 7, 10)[len(parts) - 1]] or None
