"""Addresses by parts: abbreviations, unit words left out, and the mergers of 2025-07-01.

Cards leave unit words out (``Ví Dụ, Mẫu, Hà Nội``), their QR codes print them, registrations
shorten them (``P.7, Q.1, TP.HCM``); a comma before the province may be lost; case differs.  None
of that changes the place.  A mark, a letter or a digit more or less does: a misread name is no
other spelling.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, Literal

from cvocr_lab.data import rows
from cvocr_lab.places import match_province, provinces, successor
from cvocr_lab.scoring.texts import FOLD
from cvocr_lab.text import fold, old_tone

_SHORT: Final = {
    "tp": "thành phố", "tx": "thị xã", "tt": "thị trấn", "q": "quận", "p": "phường", "h": "huyện",
    "x": "xã", "kp": "khu phố", "kdc": "khu dân cư", "ca": "công an",
}  # fmt: skip
# One letter shortens a unit only with a dot or before a number: P.7, Q1.
_SHORTENED: Final = re.compile(
    r"\b(?:(tp)(?=hcm\b)|t\.(p)\b\.?|(tp|tx|tt|kp|kdc|ca)(?![^\W_])\.?|([qphx])\.|([qp])(?=\d))\s*",
    re.IGNORECASE,
)
_UNITS: Final = frozenset(
    {"thành phố", "thị xã", "thị trấn", "quận", "phường", "huyện", "xã", "tỉnh"}
)
"""Unit words that may be left out; hamlets, groups and the like are part of the name."""

_SPELLINGS: Final = {"đăk lăk": "đắk lắk", "đắc lắk": "đắk lắk", "đăk nông": "đắk nông"}
"""Provinces that official papers write in several ways, beside the aliases of the gazetteer."""

_LONGEST: Final = 4
"""Words in the longest name of a province: Bà Rịa Vũng Tàu."""


@dataclass(frozen=True, slots=True)
class _Place:
    """An address: its words with the unit before each, and its province."""

    words: tuple[tuple[str, str], ...]
    province: str


def place_verdict(truth: str, value: str) -> Literal["same value", "other era", "different"]:
    """Say whether two addresses are the same, part by part, or but for the mergers of 2025-07-01.

    ``other era``: one ends in a province of before, the other in the one it became part of; what
    stands before is the same, or lacks the district, which was abolished.

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
    # The longer words tell in a moment of most addresses that they are different.  Words of the
    # province, the last four, may differ; of other eras those of a district, four more, too.
    long, other = _long_words(truth), _long_words(value)
    if not _may_agree(long, other, _LONGEST + 4):
        return "different"
    ours, theirs = _place(truth), _place(value)
    if ours.province == theirs.province:
        return "same value" if _alike(ours.words, theirs.words) else "different"
    return "other era" if _merged(ours, theirs) or _merged(theirs, ours) else "different"


def _merged(old: _Place, new: _Place) -> bool:
    """Tell whether the first is the second before the mergers."""
    if not old.province or _since(old.province) != new.province:
        return False
    # The district is one to four words, the last before the province.
    left_out = len(old.words) - len(new.words)
    if left_out == 0 or (0 < left_out <= 4 and new.words):
        return _alike(old.words[: len(new.words)], new.words)
    return False


def _may_agree(ours: list[str], theirs: list[str], but: int) -> bool:
    """Tell whether all words, `but` the last ones, are among those of the other."""
    return set(ours[:-but]) <= set(theirs) and set(theirs[:-but]) <= set(ours)


def _long_words(text: str) -> list[str]:
    """Words of three letters and more without their marks, but no unit words."""
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
        # Phường 7 is no Quận 7, and a bare 7 neither; before a name the unit may be left out.
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
        if size:  # one that ends the words belongs to the province, and nobody minds it
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
    """Full name, lower case, of the province that `text` is a right spelling of, or ""."""
    if found := _spelled().get(text.lower()):
        return found
    # Initials, in capitals only: BN; names without their marks would be found as well.
    if 2 <= len(text) <= 4 and text.isalpha() and text.isupper() and text.lower() not in _SHORT:
        place = match_province(text)
        return place[0].name.lower() if place and place[1] == 1 else ""
    return ""


@cache
def _spelled() -> dict[str, str]:
    """Every right spelling of a province, of either era."""
    official = [place.name for place in (*provinces("old"), *provinces("new"))]
    known = {_flat(name): name.lower() for name in official}
    for row in rows("provinces.csv"):
        for alias in filter(None, row["aliases"].split(";")):
            known.setdefault(_flat(alias), row["old_name"].lower())
    return known | _SPELLINGS


def _flat(name: str) -> str:
    return " ".join(re.findall(r"\w+", old_tone(name).lower()))


@cache
def _since(province: str) -> str:
    """The province of today, lower case, that one of before belongs to."""
    for place in provinces("old"):
        if place.name.lower() == province:
            return successor(place.name).name.lower()
    return ""
