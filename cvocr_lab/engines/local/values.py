"""Extracts values of a field's type from text, and rates how well text fits the type."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rapidfuzz import fuzz

from cvocr_lab.engines.local.classify import folded
from cvocr_lab.kinds import Field
from cvocr_lab.kinds import _fieldtypes as t
from cvocr_lab.kinds import _forms as forms
from cvocr_lab.places import match_province
from cvocr_lab.text import (
    collapse,
    digits_from_lookalikes,
    fold_key,
    letters_from_lookalikes,
    nfc,
    old_tone,
)

_EDGES = " \t:;.,/|\\-–—_·•…'\"“”=*~`"
_DOTS = re.compile(r"(?:[.·•…_]\s*){3,}|\s[.·•_]{2,}(?=\s|$)")
_DIGITISH = "0-9OoQDIl|ZzSsBbGg"
_DATE = re.compile(
    rf"(?<![{_DIGITISH}])([{_DIGITISH}]{{1,2}})\s*([-/.,])\s*([{_DIGITISH}]{{1,2}})\s*[-/.,]\s*([{_DIGITISH}]{{4}})"
)
_WORD_DATE = re.compile(
    r"n?gay\D{0,12}? (\w{1,2}) \D{0,3}hang ?(\w{1,2}) \D{0,2}am ?(\w{4})"
    r"|n?gay\D{0,12}(\d{1,2})\D{1,30}?(\d{1,2})\D{1,30}?(\d{4})"
)


def take(field: Field, texts: Sequence[str], *, leader: bool = False) -> str:
    """Return the field's value in the texts assigned to it, as printed; "" if there is none.

    `leader` says that it is printed on a dotted leader, whose dots are not part of it.
    """
    if leader and isinstance(field.type, forms.Address):
        texts = [_LAST_UNIT.sub(".", line) for line in texts[:-1]] + [*texts[-1:]]
    text = _DOTS.sub(" ", nfc(" ".join(texts)))
    if leader:
        text = _DOT.sub(_kept_dot, text)
    text = collapse(text).strip(_EDGES)
    kind = field.type
    if not text:
        return ""
    if isinstance(kind, forms.Date):
        return _date(kind, text)
    if isinstance(kind, forms.CitizenId):
        return _digits(text, (12,))
    if isinstance(kind, forms.Plate):
        return _plate(text)
    if isinstance(kind, forms.Amount):
        found = re.search(r"\d{1,3}(?:[. ,]\d{3})+(?!\d)|\d+(?:[.,]\d+)?", _mended(text))
        if found is None:
            return ""
        whole = re.fullmatch(r"\d{1,3}(?:[. ,]\d{3})+|\d+", found.group())
        return re.sub(r"\D", "", found.group()) if whole else found.group()
    if isinstance(kind, forms.Owner):
        return re.sub(r"\s*[-–]\s*(19|20)\d\d$", "", text)  # a birth year is not part of the name
    if isinstance(kind, forms.Name):
        return _name(text)
    if isinstance(kind, forms.Address):
        return _address(_UNIT.sub(".", text) if leader else text)
    if isinstance(kind, forms.Choice):
        return _choice(kind, text)
    if isinstance(kind, forms.Pattern):
        return _pattern(kind, text)
    if kind is t.AUTHORITY_PASSPORT:
        known = kind.shape
        if 80 <= fuzz.ratio(fold_key(text), fold_key(known)) < 100:
            return known
    return text


_DOT = re.compile(r"([^\W\d_]*)([.·]+)(?=(\d?))")
_ABBREVIATIONS = frozenset((
    "TP", "TX", "TT", "KP", "KV", "TDP", "TL", "QL", "ĐT", "CT", "CTY", "DNTN", "CO", "LTD",
    "TNHH", "BV", "ĐH", "THPT", "UB", "ST",
))  # fmt: skip

# The dot of a unit's abbreviation is hard to distinguish from the dots of the leader.
_UNIT = re.compile(r"(?:(?<=^[PQHXT])|(?<=, [PQHXT]))(?= [^\W\d_a-z])")
_LAST_UNIT = re.compile(r"(?<=\bTP|\bTX|\bTT)$|(?<=\b[PQHX])$")


def _kept_dot(found: re.Match[str]) -> str:
    """Keep a dot between digits or after an abbreviation; any other dot is the leader's."""
    word, dots, digit = found.groups()
    before = found.string[found.start() - 1 : found.start()] if not word else ""
    inside = before.isdigit() and bool(digit)
    short = len(word) == 1 or word.upper() in _ABBREVIATIONS
    return word + ("." if len(dots) == 1 and (inside or short) else " ")


def _date(kind: forms.Date, text: str) -> str:
    found = _DATE.search(text)
    if found:
        day, separator, month, year = found.groups()
        parts = [digits_from_lookalikes(p).zfill(2) for p in (day, month, year)]
        return ("-" if separator == "-" else "/").join(parts)
    words = words_date(text)
    if words:
        return words
    if kind.words and fuzz.partial_ratio(fold_key(kind.words), fold_key(text)) >= 75:
        return kind.words
    digits = re.sub(r"\D", "", _mended(text))
    if kind.year_only and re.fullmatch(r"(19|20)\d\d", digits):
        return digits
    if len(digits) == 10:  # both separators read as a digit
        digits = digits[:2] + digits[3:5] + digits[6:]
    elif len(digits) == 9:  # one of them read as a digit
        digits = digits[:2] + digits[3:] if digits[2] in "17" else digits[:4] + digits[5:]
    if len(digits) == 8:
        made = kind.separator.join((digits[:2], digits[2:4], digits[4:]))
        if kind.accepts(made):
            return made
    return ""


_SMALL_LOOKALIKES = str.maketrans("oilzsbg", "0112589")


def words_date(text: str) -> str:
    """Return ``dd/mm/yyyy`` for ``Ngày 05 tháng 3 năm 2019``, or "" if there is no such date.

    Between the words even ``oI`` must be digits, and is converted to them.
    """
    found = _WORD_DATE.search(fold_key(text))
    if found is None:
        return ""
    parts = [p.translate(_SMALL_LOOKALIKES) for p in found.groups() if p is not None]
    if not all(p.isdigit() for p in parts):
        return ""
    day, month, year = parts
    return f"{int(day):02d}/{int(month):02d}/{year}"


def _digits(text: str, lengths: Sequence[int]) -> str:
    runs = re.findall(r"\d+", re.sub(r"(?<=[\d])[ .](?=[\d])", "", _mended(text)))
    for length in lengths:
        exact = [r for r in runs if len(r) == length]
        if exact:
            return str(exact[0])
    longest: str = max(runs, key=len, default="")
    return longest if len(longest) >= 6 else ""


def _pattern(kind: forms.Pattern, text: str) -> str:
    if kind.alphabet == forms.DIGITS:
        lengths = [int(n) for n in re.findall(r"\\d\{(\d+)\}", kind.pattern)]
        return _digits(text, lengths or range(12, 5, -1))
    if kind is t.COUNTRY_CODE:
        words = [letters_from_lookalikes(w) for w in re.findall(r"\b[A-Z0-9]{3}\b", text.upper())]
        return next((w for w in words if w == "VNM"), words[0] if words else "")
    if kind is t.CERTIFICATE_ID:
        # Assumed form: a series of one to three letters, except the "N" of "Nº", or digits.
        series = r"(?:(?<![A-Z])([A-Z]{2,3}|[A-MO-Z])(\s?)|(?<![A-Z\d])(\d{2,3})(\s)|(\d)\s)?"
        for candidate in (text, _mended(text)):
            found = re.search(series + r"(?<!\d)(\d{5,12})(?!\d)", candidate)
            if found:
                return "".join(part or "" for part in found.groups())
        return ""
    if kind is t.PASSPORT_NUMBER:
        found = re.search(rf"([A-Z0-9])\s?([{_DIGITISH}]{{7,8}})(?![0-9])", text)
        if not found:
            return ""
        return letters_from_lookalikes(found[1]) + digits_from_lookalikes(found[2])
    word = max(re.split(r"\s{1,}", text), key=len)
    return text if kind.accepts(text) else word


_PLATE = re.compile(r"(\d{2})\s*-?\s*([A-ZĐ]{1,2}\d?)\s*[-–. ]?\s*(\d{3})\s*[.,]?\s*(\d{1,2})")


def _plate(text: str) -> str:
    upper = nfc(text).upper()
    for candidate in (upper, _plate_repair(upper)):
        found = _PLATE.search(candidate)
        if found:
            return collapse(found.group()).rstrip(".-")
    return text if re.search(r"\d{4}", text) or t.PLATE_CAR.accepts(text) else ""


def _plate_repair(text: str) -> str:
    """Correct letters to digits where a plate has digits: at the start and at the end."""
    tight = re.sub(r"\s+", "", text)
    if len(tight) < 7:
        return text
    return digits_from_lookalikes(tight[:2]) + tight[2:4] + digits_from_lookalikes(tight[4:])


_ONE_LETTER = re.compile(r"[^\W\d_]['’]")
"""A word of a name that is a single letter with an apostrophe, as in "H' LOAN"."""


def _name(text: str) -> str:
    words = [w if _ONE_LETTER.fullmatch(w) else w.strip(_EDGES) for w in text.split()]
    kept = [w for w in words if sum(c.isalpha() or c == "'" for c in w) > len(w) / 2]
    upper = [w for w in kept if w == w.upper()]
    if len(upper) >= 2:
        kept = upper
    return letters_from_lookalikes(" ".join(kept)).upper() if kept else ""


def _address(text: str) -> str:
    text = collapse(re.sub(r"\s+,", ",", text))
    text = re.sub(r",(?:\s*,)+", ",", text)
    return text.strip(_EDGES)


def _choice(kind: forms.Choice, text: str) -> str:
    first = re.split(r"\s*/\s*", text)[0] or text
    if kind in (t.SEX, t.PASSPORT_SEX):
        words = re.sub(r"viet ?nam\w*", " ", fold_key(text)).split()
        if not words:
            return ""
        for value in kind.values():
            if fold_key(value) in words:
                return value
        best = max(kind.values(), key=lambda v: fuzz.ratio(fold_key(v), fold_key(first)))
        return best if fuzz.ratio(fold_key(best), fold_key(first)) >= 50 else ""
    if kind is t.NATIONALITY:
        near = fuzz.partial_ratio("viet nam", fold_key(first)) >= 70
        plain = "VIỆT NAM" if first == first.upper() else "Việt Nam"
        return plain if near else first
    key = fold_key(first)
    best = max(kind.spellings(), key=lambda v: (fuzz.ratio(fold_key(v), key), v == first))
    score = fuzz.ratio(fold_key(best), key)
    near = kind in (t.ETHNIC_GROUP, t.RELIGION) and score >= 75
    if (score == 100 and len(best) == len(first)) or near:
        return best.upper() if len(first) > 1 and first == first.upper() else best
    return first


def shares(value: str, text: str) -> bool:
    """Return whether a segment's text occurs in the value."""
    value_key, key = fold_key(value).replace(" ", ""), fold_key(text).replace(" ", "")
    return bool(key) and fuzz.partial_ratio(key, value_key) >= 60


def is_rare(field: Field) -> bool:
    """Return whether the type's form is so distinctive that any match is likely the field."""
    return isinstance(field.type, forms.CitizenId | forms.Plate) or field.type in (
        t.CMND_ID,
        t.PASSPORT_NUMBER,
        t.CERTIFICATE_ID,
    )


_CODE = re.compile(r"(?=.*\d)(?=.*[A-Z])[A-Z\d]{9,}")
"""An engine or chassis number."""


def misfit(field: Field, text: str) -> float:
    """Return how badly the text fits the field's type: below 0 good, above 1 hardly possible."""
    kind = field.type
    digits = sum(c.isdigit() for c in text)
    letters = sum(c.isalpha() for c in text)
    if isinstance(kind, forms.Date):
        value = take(field, [text])
        if value and kind.accepts(value):
            return -0.5
        return 0.3 if digits >= 2 and letters <= digits else 2.0
    if isinstance(kind, forms.CitizenId | forms.Plate | forms.Amount) or (
        isinstance(kind, forms.Pattern) and kind is not t.COUNTRY_CODE
    ):
        value = take(field, [text])
        if value and kind.accepts(value):
            return -0.4
        if kind is t.CERTIFICATE_ID and re.fullmatch(r"[A-Z]{2,3}", text):
            return 0.0  # a series, separated from its number
        return 0.5 if digits >= 3 else 1.8
    if isinstance(kind, forms.Choice) and kind in (t.SEX, t.PASSPORT_SEX, t.NATIONALITY):
        known = {value.upper() for value in kind.values()}
        return -0.3 if take(field, [text]).upper() in known else 1.5
    if _CODE.fullmatch(text):
        return 2.0
    if isinstance(kind, forms.Name | forms.Owner):
        upper = sum(c.isupper() for c in text)
        if isinstance(kind, forms.Name) and digits > 1:
            return 2.0
        return 0.8 * (digits > letters) + (0.6 if letters and upper < 0.6 * letters else -0.2)
    if isinstance(kind, forms.Address):
        return 1.2 if digits > letters else (-0.2 if "," in text else 0.0)
    return 0.0


def from_sentence(field: Field, template: str, text: str) -> str:
    """Return the field's value in a sentence like the template; "" if there is none."""
    if "{d}" not in template:
        return ""
    value = words_date(text)
    if not value:
        return ""
    if isinstance(field.type, forms.Date):
        return value if field.type.accepts(value) else ""
    place = re.split(r"[,.]?\s*[nN]g[àaáảãạ]y", nfc(text))[0].strip(_EDGES)
    return place if len(place) >= 2 else ""


def _mended(text: str) -> str:
    """Correct look-alike letters to digits in words that consist mostly of digits."""

    def mend(word: re.Match[str]) -> str:
        found = word.group()
        mostly = 2 * sum(c.isdigit() for c in found) >= len(found)
        return digits_from_lookalikes(found) if mostly else found

    return re.sub(r"\w+", mend, text)


_POLICE = re.compile(r"(CA|\w?ÔNG AN)\s+(?:\w{1,2}NH\s+|TP[.\s]\s*|THÀNH PHỐ\s+)?", re.IGNORECASE)


def authority(field: Field, text: str) -> tuple[float, str]:
    """Return the similarity to the nearest known authority, 0 to 1, and its wording."""
    key = fold_key(text)
    if field.type is t.AUTHORITY_CMND or (
        field.type is t.AUTHORITY_CARD and re.search("giam ?doc", key)
    ):
        return _provincial_police(text)
    if not isinstance(field.type, forms.Wording) or len(key) < 8:
        return 0.0, ""
    best, most = "", 0.0
    for choice in field.type.shape.split("|"):
        if "{" in choice:
            lead = fold_key(choice.split("{")[0])
            if lead and key.startswith(f"{lead} "):
                return 0.75, text
            continue
        score = fuzz.ratio(fold_key(choice), key) / 100
        if score > most:
            best, most = choice, score
    return most, best


_SPECK = re.compile(r"^\w ")
"""A single letter before a line: a speck, or a part of the emblem."""
_POLICE_BODY = re.compile(r"(?:bo |cong an|ca |phong |cuc |doi |tram )")


def police_body(lines: Sequence[str]) -> str:
    """Join the lines of a header that name a police authority, without a preceding ministry."""
    whole = [_SPECK.sub("", collapse(line)) for line in lines]
    mine = [line.strip(_EDGES) for line in whole if _POLICE_BODY.match(fold_key(line))]
    if len(mine) > 1 and fold_key(mine[0]) == "bo cong an":
        mine = mine[1:]
    return " ".join(mine)


def _provincial_police(text: str) -> tuple[float, str]:
    """Return the text after the signer's title on a CMND, with the province's name corrected."""
    key, origin = folded(text)
    found = re.search(r"giam ?doc (?!(?:pho )?giam ?doc)(?=....)", key)
    if not found:
        return 0.0, ""
    rest = text[origin[found.end()] :].strip(_EDGES)
    police = _POLICE.match(rest)
    if police is None:
        return 0.8, rest
    match = match_province(rest[police.end() :])
    if match is None:
        return 0.8, rest
    read, known = rest[police.end() :], match[0].name
    # The printed position of the tone mark, "HOÀ" or "HÒA", is kept.
    name = read if old_tone(read).upper() == old_tone(known).upper() else known
    body = "CA" if police[1].upper() == "CA" else "CÔNG AN"
    return 1.0, f"{body}{police.group()[len(police[1]) :].upper()}{name.upper()}"
