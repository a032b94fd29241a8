"""Names, owners, addresses and free text."""

from __future__ import annotations

import re
from functools import cache
from string import ascii_uppercase
from typing import Final

from cvocr_lab.cleaning.normal.cells import Cleaned, Trail, trimmed
from cvocr_lab.data import rows
from cvocr_lab.kinds import FieldType
from cvocr_lab.places import Address, Era, match_province, parse_address, successor
from cvocr_lab.text import LETTERS, fold_key, is_syllable, nfc, old_tone

_EDGES: Final = ' \t.,;:-–—_"`|*/\\()[]~=+'
_CAPITALS: Final = "".join(c for c in LETTERS + ascii_uppercase if c.isupper())
_PLAIN_NAME: Final = re.compile(f"[{_CAPITALS}]+(?: [{_CAPITALS}]+)*")
_APOSTROPHES: Final = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'"})
_LETTERS: Final = str.maketrans("05864", "OSBGA")


def plain(_kind: FieldType, text: str, _: Era | None) -> Cleaned:
    """Clean free text: only characters and spaces are normalised."""
    return Trail(text).done()


def name(kind: FieldType, text: str, _: Era | None) -> Cleaned:
    """Clean a person's name: upper case, with letters in place of misread digits."""
    if _PLAIN_NAME.fullmatch(text):
        return Cleaned(text)
    trail = Trail(text)
    trail.then("edges", "repair", trimmed(trail.text.translate(_APOSTROPHES), _EDGES))
    # A combining mark behind a digit joins the letter that replaces the digit.
    trail.then("look_alikes", "repair", nfc(" ".join(map(_as_letters, trail.text.split()))), 0.9)
    trail.then("case", "form", trail.text.upper())
    return trail.done() if kind.accepts(trail.text) else trail.kept(f"not a {kind.name}")


def owner(_kind: FieldType, text: str, _: Era | None) -> Cleaned:
    """Clean a person or a firm.

    A birth year after a person is no part of the name.  A firm may have digits in its name and a
    year at its end: digits become letters only in words that can be nothing else.
    """
    trail = Trail(text)
    trail.then("edges", "repair", trimmed(trail.text.translate(_APOSTROPHES), _OWNER_EDGES))
    bare = _BIRTH_YEAR.sub("", trail.text)
    person = _is_person(bare)
    if person:
        trail.then("birth_year", "form", bare)
    mend = _as_letters if person else _as_word
    trail.then("look_alikes", "repair", nfc(" ".join(map(mend, trail.text.split()))), 0.9)
    trail.then("case", "form", trail.text.upper())
    return trail.done() if trail.text else trail.kept("empty")


_OWNER_EDGES: Final = ' \t.,;:-–—_"`|()[]'
_BIRTH_YEAR: Final = re.compile(r"\s*[-–]\s*(?:19[2-9]|20[01])[0-9]$")
_FIRM_WORDS: Final = re.compile(
    r"cong|ty|cty|tnhh|mtv|cp|co|phan|dntn|doanh|nghiep|htx|hop|tac|xa|tap|doan|ngan|hang|truong"
    r"|benh|vien|ubnd|uy|ban|chi|nhanh|van|phong|cua|xi|tong|ho|kinh|trung|tam|tm|dv|xnk|sx|vt"
)
_FIRM: Final = re.compile(
    r"\b(?:cong ty|cty|tnhh|mtv|co phan|dntn|doanh nghiep|htx|hop tac xa|tap doan|ngan hang|truong"
    r" (?:thpt|thcs|tieu hoc|mam non|dai hoc|cao dang)|benh vien|ubnd|uy ban|chi nhanh|van phong"
    r"|cua hang|co so|xi nghiep|ho kinh doanh|trung tam|ban quan ly|nha hang|khach san|van tai"
    r"|thuong mai|dich vu|ltd|jsc|company|group|taxi)\b"
)


def _is_person(text: str) -> bool:
    """Tell whether an owner is a person: a surname first, then syllables, no word of a firm."""
    words = [_as_letters(word) for word in text.split()]
    if not 2 <= len(words) <= 7 or _FIRM.search(fold_key(" ".join(words))):
        return False
    read = re.findall(r"[^\W_]*\d[^\W_]*", text)
    return fold_key(words[0]) in _surnames() and all(is_syllable(_as_letters(w)) for w in read)


@cache
def _surnames() -> frozenset[str]:
    return frozenset(
        fold_key(row["name"]).split()[0] for row in rows("names.csv") if row["kind"] == "surname"
    )


def _as_word(word: str) -> str:
    """Replace digits in a word of a firm by letters unless it may be a name of letters and digits.

    ``C0NG`` and ``8ẢO`` are words misread; ``A1``, ``5S`` and ``B52`` are names.
    """
    letters = sum(c.isalpha() for c in word)
    if letters == len(word) or letters < 2 or len(word) - letters > 1:
        return word
    made = _as_letters(word)
    known = _FIRM_WORDS.fullmatch(fold_key(made)) is not None
    marked = any(c in LETTERS and not c.isascii() for c in word)
    return made if known or (is_syllable(made) and (letters > 2 or marked)) else word


_LIKE_LETTERS: Final = re.compile("[0-9|!l]")


def _as_letters(word: str) -> str:
    """Replace misread digits of a word by letters; a 1 is an L only at its beginning."""
    number = 2 * sum(c.isdigit() for c in word) > len(word)
    if number or not _LIKE_LETTERS.search(word) or not any(c.isalpha() for c in word):
        return word
    upper = sum(c.isupper() for c in word) > sum(c.islower() for c in word if c != "l")
    head, tail = word[:1], word[1:]
    tail = re.sub("[1|!l]", "I", tail) if upper else re.sub("[1|!]", "i", tail)
    head = "L" if head in "1|!" and tail else head
    return (head + tail).translate(_LETTERS)


def address(kind: FieldType, text: str, era: Era | None) -> Cleaned:
    """Clean an address: units by the lists of their era, house and street as printed."""
    trail = Trail(text)
    # A residence has the names of the day of issue; an origin may keep older ones.
    hint = era if era == "old" or getattr(kind, "house", True) else None
    found = parse_address(trail.text, era=hint)
    if "province" in found.unknown:
        return trail.kept("no province found")
    if found.country:
        trail.then("country", "form", trail.text.rpartition(found.country)[0].rstrip(" ,;.-–—(["))
    flag = f"not in the lists: {', '.join(found.unknown)}" if found.unknown else ""
    parts = {part: getattr(found, part) or "" for part in ADDRESS_PARTS}
    parts["score"] = round(found.score, 4)
    made = str(found)
    if made != trail.text and str(again := parse_address(made, era=hint)) != made:
        # Cleaned once more, the text would change again: without its unit words or commas it may
        # be another place.
        if _places(again) != _places(found):
            return trail.done(parts, "; ".join(filter(None, (flag, "several places fit"))))
        made = str(again)
    if found.score == 1 or _plain_form(trail.text) == _plain_form(made):
        trail.then("places", "form", made)
    else:
        trail.then("places", "repair", made, found.score)
    return trail.done(parts, flag)


def _places(address: Address) -> tuple[str, ...]:
    return address.ward, address.district, address.province


_BETWEEN_WORDS: Final = re.compile(r"[\W_]+")


def _plain_form(text: str) -> str:
    return _BETWEEN_WORDS.sub("", old_tone(text).lower())


ADDRESS_PARTS: Final = (
    "house", "ward", "district", "province", "era", "ward_2025", "province_2025", "score",
    "country",
)  # fmt: skip


_POLICE: Final = re.compile(r"^(?:giám đốc\s+)?(?:ca|công an)\s+", re.IGNORECASE)


def province(_kind: FieldType, text: str, _: Era | None) -> Cleaned:
    """Clean a province, or take it from the name of its police."""
    trail = Trail(text)
    trail.then("spaces", "form", trail.text.strip(_EDGES))
    trail.then("police", "form", _POLICE.sub("", trail.text))
    found = match_province(trail.text)
    if found is None:
        return trail.kept("no province found")
    place, score = found
    same = fold_key(place.name) in fold_key(trail.text)
    trail.then("places", "form" if same and score == 1 else "repair", place.name, score)
    return trail.done({"province_2025": successor(place.name).name, "score": round(score, 4)})
