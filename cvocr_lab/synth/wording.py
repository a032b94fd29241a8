"""Texts of lines: invented texts of all kinds that papers have, and prose.

A recogniser that is trained only on lists of words learns these lists.  Therefore each kind of
text also has random syllables, so that all Vietnamese letters are frequent in both cases.
"""

from __future__ import annotations

import random
import string
from bisect import bisect
from collections.abc import Callable
from functools import cache
from typing import Final

from cvocr_lab import kinds, mrz
from cvocr_lab.data import rows
from cvocr_lab.kinds import _fieldtypes as t
from cvocr_lab.kinds import _forms as forms
from cvocr_lab.kinds._made_up import sample_address, sample_name
from cvocr_lab.text import (
    CHARSET,
    LETTERS,
    Tone,
    compose,
    decompose,
    new_tone,
    nfc,
    old_tone,
    plain,
)

WORDS: Final = {row["list"]: tuple(row["words"].split()) for row in rows("words.csv")}
"""Frequent Vietnamese and English words, and the rhymes of Vietnamese syllables."""

_ONSETS: Final = ("", *WORDS["onsets"])
_STOPPED: Final = WORDS["stopped rhymes"]
_TONES: Final[tuple[Tone, ...]] = ("level", "grave", "acute", "hook", "tilde", "dot")
_SEPARATORS: Final = (": ", ":", " ", " : ", ". ", ":  ")


def syllable(rng: random.Random) -> str:
    """Build one Vietnamese syllable in lower case; its spelling is valid, but it may be no word."""
    rhymes = rng.choices((WORDS["open rhymes"], WORDS["nasal rhymes"], _STOPPED), (4, 4, 2.5))[0]
    rhyme = rng.choice(rhymes)
    tone = rng.choice(_TONES if rhymes is not _STOPPED else ("acute", "dot"))
    at = _toned(rhyme)
    base, shape, _ = decompose(rhyme[at])
    word = rng.choice(_ONSETS) + rhyme[:at] + compose(base, shape, tone) + rhyme[at + 1 :]
    return rng.choice((old_tone, new_tone))(nfc(word))


@cache
def _toned(rhyme: str) -> int:
    """Return the index of the letter that has the tone mark."""
    vowels = [i for i, c in enumerate(rhyme) if c in LETTERS and decompose(c)[0] in "aeiouy"]
    shaped = [i for i in vowels if decompose(rhyme[i])[1] != "plain"]
    if shaped:
        return shaped[-1]
    closed = vowels[-1] < len(rhyme) - 1
    return vowels[-1] if closed or len(vowels) == 1 else vowels[-2]


def _syllables(rng: random.Random, low: int, high: int) -> str:
    return " ".join(syllable(rng) for _ in range(rng.randint(low, high)))


def _name(rng: random.Random) -> str:
    if rng.random() < 0.55:
        text = sample_name(rng, rng.choice(("Nam", "Nữ")))
    else:
        text = _syllables(rng, 2, 4).title()
    if rng.random() < 0.03:
        text = text.replace(" ", rng.choice((" H'", " Y ", "-")), 1)
    return text.upper() if rng.random() < 0.8 else text


def _place(rng: random.Random) -> str:
    return _syllables(rng, 1, 3).title()


def _line_of(text: str, rng: random.Random) -> str:
    """Return one of two lines into which a text is wrapped on the card."""
    words = text.split(" ")
    cut = rng.randint(1, max(1, len(words) - 1))
    return " ".join(words[:cut] if rng.random() < 0.5 else words[cut:]) or text


def _address(rng: random.Random) -> str:
    text = sample_address(rng, house=rng.random() < 0.6, era=rng.choice(("old", "old", "new")))
    parts = text.split(", ")
    for i, part in enumerate(parts):
        if rng.random() < 0.3:
            parts[i] = _place(rng)
        if rng.random() < 0.25:
            parts[i] = rng.choice(_UNITS) + parts[i]
        if rng.random() < 0.04:
            parts[i] = f"{rng.choice(_NUMBERED)}{rng.randint(1, 40)}"
        if rng.random() < 0.03:
            parts[i] += f" ({part[:1]}{rng.randint(1, 99)})"
    comma = rng.choices((", ", ",", " - ", ". ", " "), (80, 5, 8, 4, 3))[0]
    text = comma.join(parts)
    if rng.random() < 0.55:
        text = _line_of(text, rng)
    return text.upper() if rng.random() < 0.1 else text


_UNITS = (
    "Xã ", "Phường ", "Thị trấn ", "Huyện ", "Quận ", "Thành phố ", "Tỉnh ", "TP. ", "TP ", "TX. ",
    "TT ", "T.P ", "P. ", "P.", "Q. ", "Q.", "H. ", "X. ", "TDP ", "KP ", "Thôn ", "Ấp ", "Xóm ",
    "Bản ", "Làng ", "Buôn ", "Khu ", "Số nhà ", "Đường ", "Đ. ", "Ngõ ", "Ngách ", "Hẻm ",
)  # fmt: skip
_NUMBERED = ("P.", "Q.", "Phường ", "Quận ", "Tổ ", "KP ", "Khu phố ", "Ấp ", "Đội ", "Xóm ")


def _date(rng: random.Random) -> str:
    d, m, y = rng.randint(1, 31), rng.randint(1, 12), rng.randint(1930, 2060)
    day, month = (f"{d:02d}", f"{m:02d}") if rng.random() < 0.8 else (str(d), str(m))
    form = rng.random()
    if form < 0.55:
        return rng.choice(("/", "/", "/", "-", ".")).join((day, month, str(y)))
    if form < 0.62:
        return str(y)
    if form < 0.66:
        return rng.choice(("Không thời hạn", "KHÔNG THỜI HẠN", "Vô thời hạn"))
    words = f"Ngày {day} tháng {month} năm {y}"
    if form < 0.8:
        return words if rng.random() < 0.8 else words.lower()
    if form < 0.86:
        return f"{day} {rng.choice(_MONTHS)} {y}"
    province = rng.choice(rows("provinces.csv"))["old_name"]
    place = _place(rng) if rng.random() < 0.3 else province
    english = " (date)" if rng.random() < 0.3 else ""
    return f"{place}, ngày{english} {day} tháng {month} năm {y}"


_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


def _number(rng: random.Random) -> str:
    form = rng.random()
    if form < 0.8:
        numbers = (t.CITIZEN_ID, t.CMND_ID, t.PASSPORT_NUMBER, t.CERTIFICATE_ID)
        text = numbers[bisect((0.4, 0.6, 0.7), form)].sample(rng)
    else:
        text = "".join(rng.choice(forms.DIGITS) for _ in range(rng.randint(1, 14)))
    if rng.random() < 0.12:
        step = rng.choice((3, 4))
        text = " ".join(text[i : i + step] for i in range(0, len(text), step))
    unit = rng.choice(("kg", " kg", " cm3", "cm3", "cc", " kW", " người", "%", " Kg"))
    if form > 0.9 and rng.random() < 0.6:
        return text[:5] + unit
    if rng.random() < 0.12:
        return rng.choice(("Số: ", "Số ", "SỐ ", "Số / No.: ", "Số/No.: ", "No: ", "No. ")) + text
    return text


def _code(rng: random.Random) -> str:
    form = rng.random()
    if form < 0.45:
        plate = rng.choice((t.PLATE_CAR, t.PLATE_BIKE))
        return plate.format(plate.sample(rng))
    if form < 0.55:
        number = rng.randint(11, 99)
        letter, digit = rng.choice("ABCDEFGHKLMNPSTUVXYZ"), rng.choice(forms.DIGITS)
        return f"{number}{letter}{digit}"
    if form < 0.85:
        text = rng.choice((t.CHASSIS, t.ENGINE)).sample(rng)
        if rng.random() < 0.4:
            text = "".join(rng.choices(forms.UPPER + forms.DIGITS * 2, k=rng.randint(6, 17)))
        if rng.random() < 0.2:
            text = text[:5] + rng.choice("-* ") + text[5:]
        return text
    wordings: tuple[forms.FieldType, ...] = (t.BRAND, t.MODEL, t.COLOR)
    text = rng.choice(wordings).sample(rng)
    return text.upper() if rng.random() < 0.3 else text


@cache
def _captions() -> tuple[tuple[str, str], ...]:
    found = {
        (vi, en)
        for kind in kinds.TYPES.values()
        for field in kind.fields
        for vi in field.vi
        for en in (*field.en, "")
    }
    return tuple(sorted(found))


@cache
def _prints() -> tuple[str, ...]:
    found = {
        text
        for kind in kinds.TYPES.values()
        for layout in kind.layouts
        for text in (*layout.titles, *(p.text for p in layout.prints))
    }
    return tuple(sorted(nfc(text) for text in found if set(text) <= set(CHARSET)))


def _caption(rng: random.Random) -> str:
    vi, en = rng.choice(_captions())
    form = rng.random()
    if rng.random() < 0.12:
        vi = _syllables(rng, 1, 4).capitalize()
    if en and form < 0.45:
        text = vi + rng.choice((" / ", "/", " /", "/ ")) + en
    elif en and form < 0.6:
        text = f"{vi} ({en})"
    elif en and form < 0.7:
        text = en
    else:
        text = vi
    if rng.random() < 0.04:
        text = text.upper()
    if rng.random() < 0.3:
        return text + rng.choice(("", ":", ":", " :"))
    if rng.random() < 0.3:
        return f"{text}: Nam Quốc tịch / Nationality: Việt Nam" if "/" in text else f"{text}:"
    value = rng.choice((_name, _date, _number, _code, _value, _value, _place, _address))(rng)
    return text + rng.choice(_SEPARATORS) + value


def _listed(rng: random.Random, table: str) -> str:
    row = rng.choice(rows(table))
    return rng.choice((row["name"], *(a for a in row["aliases"].split(";") if a)))


def _value(rng: random.Random) -> str:
    """Return one of the short printed values."""
    form = rng.random()
    if form < 0.3:
        return rng.choice(("Nam", "Nữ", "Việt Nam", "NAM", "NỮ", "VIỆT NAM", "Nam / M", "Nữ / F",
                           "VIETNAMESE", "VNM", "P", "M", "F", "N", "Nam/ Male"))  # fmt: skip
    if form < 0.5:
        return _listed(rng, "ethnic_groups.csv")
    if form < 0.65:
        return _listed(rng, "religions.csv")
    return t.SIGN.sample(rng)


_HEADS = (
    "CÔNG AN TỈNH ", "CÔNG AN TP ", "CÔNG AN HUYỆN ", "GIÁM ĐỐC CA ", "TRƯỞNG CÔNG AN ",
    "PHÓ GIÁM ĐỐC ", "PHÒNG CẢNH SÁT ", "SỞ ", "UBND ",
)  # fmt: skip


def _title(rng: random.Random) -> str:
    form = rng.random()
    if form < 0.35:
        return rng.choice(_prints())
    if form < 0.6:
        name = _listed(rng, "authorities.csv")
        province = rng.choice(rows("provinces.csv"))["old_name"].upper()
        text = name.replace("{province}", province)
        return _line_of(text, rng) if rng.random() < 0.5 else text
    if form < 0.7:
        head = rng.choice(_HEADS)
        return head + _syllables(rng, 1, 3).upper()
    if form < 0.85:
        return _value(rng)
    rank = rng.choice(("Đại tá ", "Thượng tá ", "Trung tá ", "Thiếu tướng ", "Trung tướng ", ""))
    return rank + sample_name(rng, "Nam")


def _mrz(rng: random.Random) -> str:
    """Return one line of an invented TD1 or TD3 zone with right check digits."""
    number = t.CITIZEN_ID.sample(rng)
    plain = mrz.transliterate(sample_name(rng, "Nam") if rng.random() < 0.6 else _name(rng))
    surname, _, given = plain.replace("<", " ").replace("'", "").replace("-", " ").partition(" ")
    foreign = rng.random() < 0.1
    issuer = "".join(rng.choices(forms.UPPER, k=3)) if foreign else "VNM"
    td3 = rng.random() < 0.4
    made = mrz.Mrz(
        format="TD3" if td3 else "TD1",
        document_code="P" if td3 else "ID",
        issuer=issuer,
        number=t.PASSPORT_NUMBER.sample(rng) if td3 else number[3:],
        birth=_yymmdd(rng),
        sex=rng.choice("MF"),
        expiry=_yymmdd(rng),
        nationality=issuer,
        surname=surname or "VU",
        given_names=given,
        person_number="" if td3 and rng.random() < 0.3 else number,
    )
    lines = mrz.format(made)
    if rng.random() < 0.1:  # any characters of the zone, so that no position is taken for granted
        return "".join(rng.choices(forms.UPPER + forms.DIGITS + "<", k=len(lines[0])))
    return rng.choice(lines)


def _yymmdd(rng: random.Random) -> str:
    return f"{rng.randint(0, 99):02d}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"


_MARKS = ("", ",", ".", ";", ":", "!", "?", " -", " –", " —", "...", "/", "°")
_MARK_SHARES = (80, 8, 5, 1, 1.5, 0.7, 0.8, 1, 1, 0.3, 0.8, 0.7, 0.2)


def _prose(rng: random.Random) -> str:
    words: list[str] = []
    opened = ""
    for _ in range(rng.randint(2, 12) if rng.random() < 0.6 else rng.randint(12, 26)):
        form = rng.random()
        if form < 0.5:
            word = rng.choice(WORDS["common"])
        elif form < 0.86:
            word = syllable(rng)
        elif form < 0.93:
            word = rng.choice(WORDS["english"]) if rng.random() < 0.5 else _latin(rng)
        else:
            word = str(rng.randint(0, 10 ** rng.randint(1, 6)))
        if rng.random() < 0.12 or not words:
            word = word.capitalize()
        if not opened and rng.random() < 0.04:
            opened = rng.choice(("()", "“”", "“”", '""', "''", "‘’", "[]", "{}"))
            word = opened[0] + word
        elif opened and rng.random() < 0.4:
            word, opened = word + opened[1], ""
        words.append(word + rng.choices(_MARKS, _MARK_SHARES)[0])
    text = " ".join(words)
    return text.upper() if rng.random() < 0.08 else text


def _latin(rng: random.Random) -> str:
    return "".join(rng.choice("bcdfghjklmnpqrstvwxz") + rng.choice("aeiouy") for _ in range(3))


def _random(rng: random.Random) -> str:
    pool = rng.choice((
        LETTERS, CHARSET, CHARSET, string.ascii_letters + string.digits + string.punctuation
    ))  # fmt: skip
    text = "".join(rng.choice(pool) for _ in range(rng.randint(1, 16)))
    return " ".join(text.split()) or rng.choice(LETTERS)


SORTS: Final[dict[str, tuple[float, Callable[[random.Random], str]]]] = {
    "name": (14, _name),
    "address": (18, _address),
    "date": (8, _date),
    "number": (10, _number),
    "caption": (16, _caption),
    "code": (7, _code),
    "mrz": (8, _mrz),
    "title": (7, _title),
    "prose": (18, _prose),
    "random": (6, _random),
}
"""Kinds of text: the relative frequency of each, and the function that makes it."""

_NAMES: Final = tuple(SORTS)
_SHARES: Final = tuple(share for share, _ in SORTS.values())


def sample(rng: random.Random, sort: str | None = None) -> tuple[str, str]:
    """Return the kind of a random line and its text (NFC, with the letters of `CHARSET`).

    Lines of papers have at most 62 characters, those of books 110.

    Examples
    --------
    >>> sort, text = sample(random.Random(4), "mrz")
    >>> sort, len(text) in (30, 44)
    ('mrz', True)
    """
    name = sort or rng.choices(_NAMES, _SHARES)[0]
    while True:
        text = nfc(SORTS[name][1](rng)).translate(_TYPED)
        longest = 110
        if name not in _PRINTED:
            text, longest = plain(text), 62
        text = " ".join("".join(c for c in text if c in _KNOWN).split())[:longest].strip()
        if text:
            return name, text


_KNOWN: Final = frozenset(CHARSET)
_PRINTED: Final = ("prose", "random")
_TYPED: Final = str.maketrans({"º": "o", "…": "..."})
