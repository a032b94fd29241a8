"""Whether two different texts have the same meaning: one fixed rule per field type.

No rule changes an outcome: a cell is right only if its text is right.  The verdict of the rule is
an additional column, for users who clean the values in a later step.

========== =============================== ====================================================
rule       field types                     same meaning
========== =============================== ====================================================
``date``   all dates                       the same day in any printed form: ``01/02/2020``,
                                           ``1-2-2020``, ``2020-02-01``, ``01022020``, in words
``plate``  plates                          the same A-Z, Đ and digits, ignoring case
``number`` numbers of papers, chassis,     the same without blanks, dots and dashes, ignoring
           engines                         case
``amount`` seats, loads, years             the same whole number, ignoring unit and zeros
``choice`` sex, nationality, ethnic group, the same ignoring diacritics, case, blanks, hyphens and
           religion, brand, colour         apostrophes
``place``  addresses, provinces, police    the same parts, see below
``text``   signs, models, wordings, codes  the same except for the placement of tone marks
``name``   names of persons, owners        never
========== =============================== ====================================================

Cards omit the unit words of addresses (``Ví Dụ, Mẫu, Hà Nội``), their QR codes contain them, and
registrations abbreviate them (``P.7, Q.1, TP.HCM``); a comma before the province may be missing,
and case differs.  None of this changes the place.  Another letter, digit or diacritic does: a
misread name is not another spelling.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from cvocr_lab.data import rows
from cvocr_lab.dates import NO_END, is_no_end, parse_date
from cvocr_lab.kinds import FieldType
from cvocr_lab.places import match_province, provinces, successor
from cvocr_lab.scoring.texts import FOLD, TIERS, Differing, Ints
from cvocr_lab.text import fold, fold_key, old_tone

Rule = Literal["name", "text", "date", "number", "plate", "choice", "amount", "place"]

VERDICTS: Final = ("same", "style", "same value", "other era", "different")
"""Results of the rules.

``same``: equal as written.  ``style``: equal except for the placement of tone marks (hoà, hòa).
``same value``: another text with the same meaning.  ``other era``: the name of a place before or
after the mergers of 2025-07-01; neither right nor wrong.  ``different``: everything else, also if
one of the two is absent.
"""

_NAMED: Final[Mapping[str, Rule]] = {
    "PROVINCE": "place", "POLICE": "place", "AUTHORITY_CMND": "place", "COUNTRY_CODE": "text",
}  # fmt: skip
_FORMS: Final[Mapping[str, Rule]] = {
    "Name": "name", "Owner": "name", "Date": "date", "CitizenId": "number", "Pattern": "number",
    "Plate": "plate", "Choice": "choice", "Amount": "amount", "Address": "place",
}  # fmt: skip


def rule_of(kind: FieldType) -> Rule:
    """Return the rule for a field type.

    >>> from cvocr_lab.kinds import FIELD_TYPES
    >>> rule_of(FIELD_TYPES["BIRTH_DATE"]), rule_of(FIELD_TYPES["NAME"])
    ('date', 'name')
    """
    return _NAMED.get(kind.name) or _FORMS.get(type(kind).__name__, "text")


def verdicts(pairs: Differing, rules: Sequence[Rule], distances: Ints) -> npt.NDArray[np.int8]:
    """Return the verdict on each pair, as position in `VERDICTS`.

    >>> pairs = Differing.of(
    ...     ["01/02/2020", "Thuận An, Bình Dương"],
    ...     ["Ngày 01 tháng 02 năm 2020", "Thuận An, Hồ Chí Minh"],
    ... )
    >>> [VERDICTS[at] for at in verdicts(pairs, ["date", "place"], np.array([23, 9]))]
    ['same value', 'other era']
    """
    found = np.full(len(rules), VERDICTS.index("different"), np.int8)
    placed = pairs.placed_otherwise(distances)
    # Omitting the shortest abbreviation (a letter, its dot and a blank) takes three edits.
    few = (distances < 3).tolist()
    apart = (pairs.tiers == TIERS.index("none")).tolist()
    for at, (rule, truth, value) in enumerate(zip(rules, pairs.truths, pairs.values, strict=True)):
        # Equal numbers, plates and choices are equal loosely too.
        if rule == "name" or (apart[at] and (rule not in _WORDY or (few[at] and rule == "place"))):
            continue
        if at in placed:
            found[at] = VERDICTS.index("style")
        elif rule == "place":
            found[at] = VERDICTS.index(place_verdict(truth, value))
        elif normal := _NORMAL.get(rule):
            meant = normal(truth)
            if meant and meant == normal(value):
                found[at] = VERDICTS.index("same value")
    return found


_WORDY: Final = ("date", "place", "amount")


@lru_cache(maxsize=1 << 16)
def _date(text: str) -> str:
    return NO_END[0] if is_no_end(text) else parse_date(text, loose=True)


def _number(text: str) -> str:
    return re.sub(r"[\s.\-–]", "", text).upper()


def _plate(text: str) -> str:
    return re.sub(r"[^0-9A-ZĐ]", "", text.upper())


def _choice(text: str) -> str:
    return fold_key(text.replace("'", "").replace("’", "")).replace(" ", "")


def _amount(text: str) -> str:
    found = re.fullmatch(r"(\d{1,3}(?:[., ]\d{3})+|\d+) ?[a-zA-Zµ³0-9]{0,3}", text)
    digits = re.sub(r"\D", "", found[1]) if found else ""
    return str(int(digits)) if digits else ""


_NORMAL: Final[Mapping[Rule, Callable[[str], str]]] = {
    "date": _date, "number": _number, "plate": _plate, "choice": _choice, "amount": _amount,
}  # fmt: skip


_SHORT: Final = {
    "tp": "thành phố", "tx": "thị xã", "tt": "thị trấn", "q": "quận", "p": "phường", "h": "huyện",
    "x": "xã", "kp": "khu phố", "kdc": "khu dân cư", "ca": "công an",
}  # fmt: skip
# A single letter is an abbreviation only with a dot or before a number: P.7, Q1.
_SHORTENED: Final = re.compile(
    r"\b(?:(tp)(?=hcm\b)|t\.(p)\b\.?|(tp|tx|tt|kp|kdc|ca)(?![^\W_])\.?|([qphx])\.|([qp])(?=\d))\s*",
    re.IGNORECASE,
)
_UNITS: Final = frozenset(
    {"thành phố", "thị xã", "thị trấn", "quận", "phường", "huyện", "xã", "tỉnh"}
)
"""Unit words that may be omitted; words for hamlets and groups are part of the name."""

_SPELLINGS: Final = {"đăk lăk": "đắk lắk", "đắc lắk": "đắk lắk", "đăk nông": "đắk nông"}
"""Other official spellings of provinces, in addition to the aliases of the gazetteer."""

_LONGEST: Final = 4
"""Number of words in the longest name of a province: Bà Rịa Vũng Tàu."""


class _Place(NamedTuple):
    """An address: its words, each with the unit before it, and its province."""

    words: tuple[tuple[str, str], ...]
    province: str


def place_verdict(truth: str, value: str) -> Literal["same value", "other era", "different"]:
    """Return whether two addresses are the same, or the same except for the mergers of 2025-07-01.

    ``other era``: one address ends in a former province, and the other in the province that it
    became part of; the parts before are the same, or lack the district, which was abolished.

    >>> place_verdict("P.7, Q.3, TP.HCM", "Phường 7, Quận 3, Thành phố Hồ Chí Minh")
    'same value'
    >>> place_verdict("Phường 7, Quận 3, Hồ Chí Minh", "Quận 7, Phường 3, Hồ Chí Minh")
    'different'
    >>> place_verdict("Bắc Sơn, Lạng Sơn", "Bac Son, Lang Son")
    'different'
    >>> place_verdict("Dĩ An, Bình Dương", "Dĩ An, Hồ Chí Minh")
    'other era'
    >>> place_verdict("Số 2, Tân Phú, Tân Uyên, Bình Dương", "Số 2, Tân Phú, TP. Hồ Chí Minh")
    'other era'
    >>> place_verdict("Dĩ An, Bình Dương", "Dĩ An, Tây Ninh")
    'different'
    """
    # Comparing the longer words is fast, and sufficient for most addresses.  The words of the
    # province (the last four) may differ, and in other eras those of the district (four more).
    long, other = _long_words(truth), _long_words(value)
    but = _LONGEST + 4
    if not (set(long[:-but]) <= set(other) and set(other[:-but]) <= set(long)):
        return "different"
    ours, theirs = _place(truth), _place(value)
    if ours.province == theirs.province:
        return "same value" if _alike(ours.words, theirs.words) else "different"
    return "other era" if _merged(ours, theirs) or _merged(theirs, ours) else "different"


def _merged(old: _Place, new: _Place) -> bool:
    """Return whether the first address is the second one before the mergers."""
    if not old.province or _successors().get(old.province) != new.province:
        return False
    # The district has one to four words, which are the last before the province.
    left_out = len(old.words) - len(new.words)
    if left_out == 0 or (0 < left_out <= 4 and new.words):
        return _alike(old.words[: len(new.words)], new.words)
    return False


def _long_words(text: str) -> list[str]:
    """Return the words of three or more letters without diacritics, except unit words."""
    folded = text.lower().translate(FOLD)
    return [word for word in _LONG_WORD.findall(folded) if word not in _UNIT_WORDS]


_LONG_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_UNIT_WORDS: Final = frozenset(fold(" ".join((*_SHORT.values(), *_UNITS))).split())


def _alike(ours: tuple[tuple[str, str], ...], theirs: tuple[tuple[str, str], ...]) -> bool:
    if len(ours) != len(theirs):
        return False
    for (unit, word), (other_unit, other) in zip(ours, theirs, strict=True):
        if word != other:
            return False
        # Phường 7 is neither Quận 7 nor 7 alone; before a name, the unit may be omitted.
        if unit != other_unit and (word[:1].isdigit() or (unit and other_unit)):
            return False
    return True


@lru_cache(maxsize=1 << 15)
def _place(text: str) -> _Place:
    text = old_tone(text)
    names = re.findall(r"[^\s,;.()–-]+", _SHORTENED.sub(_written_out, text))
    province = ""
    for count in range(min(_LONGEST, len(names)), 0, -1):
        if province := _province(" ".join(names[-count:])):
            del names[-count:]
            break
    words: list[tuple[str, str]] = []
    unit = ""
    rest = [name.lower() for name in names]
    while rest:
        size = 2 if " ".join(rest[:2]) in _UNITS else int(rest[0] in _UNITS)
        if size:  # a last unit word belongs to the province and is ignored
            unit = " ".join(rest[:size])
        else:
            words.append((unit, rest[0]))
            unit = ""
        rest = rest[size or 1 :]
    return _Place(tuple(words), province)


def _written_out(found: re.Match[str]) -> str:
    short = next(group for group in found.groups() if group).lower()
    return f" {_SHORT['tp' if found[2] else short]} "


def _province(text: str) -> str:
    """Return the full name of the province that `text` spells, in lower case; "" for none."""
    if found := _spelled().get(text.lower()):
        return found
    # Only initials in capitals (BN): names without diacritics would be found as well.
    if 2 <= len(text) <= 4 and text.isalpha() and text.isupper() and text.lower() not in _SHORT:
        place = match_province(text)
        return place[0].name.lower() if place and place[1] == 1 else ""
    return ""


@cache
def _spelled() -> dict[str, str]:
    """Map all spellings of provinces of both eras to their full names."""
    official = [place.name for place in (*provinces("old"), *provinces("new"))]
    known = {_flat(name): name.lower() for name in official}
    for row in rows("provinces.csv"):
        for alias in filter(None, row["aliases"].split(";")):
            known.setdefault(_flat(alias), row["old_name"].lower())
    return known | _SPELLINGS


def _flat(name: str) -> str:
    return " ".join(re.findall(r"\w+", old_tone(name).lower()))


@cache
def _successors() -> dict[str, str]:
    """Map former provinces, in lower case, to the present ones that they belong to."""
    return {old.name.lower(): successor(old.name).name.lower() for old in provinces("old")}
